"""The guard in the handlers: a kind whose folds are fetched too often is shown whole, tried rarely, and comes back."""

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client, is_view

from trimtab import policy, tiers
from trimtab.handlers import recovery_guard
from trimtab.monitor import guard
from trimtab.prices import Own, Price
from trimtab.records import Fold, Load, Metric, OptimizationLevel, Prices, Recovery, Request, Tier
from trimtab.settings import Settings
from trimtab.store import Store

DAY = 86_400.0
KIND = "python"


def fill(client: Client, fetched: int, views: int = 60, before: float = DAY, first: int = 0) -> None:
    """`views` views of 2,000 saved tokens in five sessions, of which the first `fetched` were fetched twice each."""
    client.send("SessionStart", source="startup")
    with Store.open(client.project / ".claude-patterns" / "trimtab.db") as store:
        for i in range(first, first + views):
            at = client.now - before + i
            name, folds = f"old{i}", (Fold(3, 90, ()),)
            store.add_load(
                Load(f"o{i % 5}", "", name, at, "Read", "/p/old.py", KIND, Tier.STANDARD, "", 3_000, 1_000, True, folds,
                     True)
            )  # fmt: skip
            if i - first < fetched:
                for call in ("f", "g"):
                    store.add_news(recoveries=[Recovery(name, f"{call}{i}", at + 60, "Read", 9, 500)])


def whole_ids(client: Client) -> None:
    """From here on the client's calls have ids that are not among those that are tried."""
    while guard.is_trial(f"t{client.calls + 1}"):
        client.calls += 1


def test_a_kind_that_is_fetched_too_often_is_shown_whole(client: Client) -> None:
    fill(client, fetched=60)
    client.desk.between()
    whole_ids(client)
    assert client.read("/p/a.py", source(1)) == tiers.numbered(source(1), 1)
    load = client.loads()[-1]
    assert load.tier is Tier.COMPLETE
    assert load.reason.startswith("this kind's folds are fetched too often; would be essential, about ")
    with client.ledger() as store:
        (metric,) = store.metrics("guard")
    assert (metric.value, dict(metric.tags)) == (1.0, {"tool": "Read", "kind": KIND})
    assert metric.context.startswith("120 recoveries in 120000 folded tokens of 60 views, break-even ")


@pytest.mark.parametrize(("fetched", "views"), [(2, 60), (15, 15)], ids=["few of many", "little evidence"])
def test_a_kind_that_is_not_is_folded(client: Client, fetched: int, views: int) -> None:
    fill(client, fetched, views)
    client.desk.between()
    whole_ids(client)
    assert is_view(client.read("/p/a.py", source(1)))
    with client.ledger() as store:
        assert store.metrics("guard") == []


def test_other_kinds_and_tools_are_folded_as_ever(client: Client) -> None:
    fill(client, fetched=60)
    client.desk.between()
    whole_ids(client)
    assert is_view(client.read("/p/notes.md", "\n".join(f"## Part {i}\n\n{'words and ' * 40}\n" for i in range(60))))


def test_one_load_in_twenty_is_tried(client: Client) -> None:
    fill(client, fetched=60)
    client.desk.between()
    tried = [is_view(client.read(f"/p/{seed}.py", source(seed))) for seed in range(45)]
    assert tried == [guard.is_trial(f"t{i + 1}") for i in range(45)]
    assert 1 <= sum(tried) <= 5


def test_it_may_be_switched_off(client: Client) -> None:
    fill(client, fetched=60)
    client.desk.between()
    client.environment["TRIMTAB_RECOVERY_GUARD"] = "off"
    whole_ids(client)
    assert is_view(client.read("/p/a.py", source(1)))


def test_a_new_daemon_knows_what_was_decided(client: Client) -> None:
    fill(client, fetched=60)
    client.desk.between()
    client.desk.close()
    client.desk = client.new_desk()
    whole_ids(client)
    assert not is_view(client.read("/p/a.py", source(1)))


def test_it_looks_once_an_hour(client: Client) -> None:
    fill(client, fetched=0, views=1)
    client.desk.between()
    fill(client, fetched=60, first=100)
    client.now += 3_599
    client.desk.between()
    with client.ledger() as store:
        assert store.metrics("guard") == []
    client.now += 2
    client.desk.between()
    with client.ledger() as store:
        assert len(store.metrics("guard")) == 1


def test_a_kind_that_becomes_good_comes_back(client: Client) -> None:
    fill(client, fetched=60)
    client.desk.between()
    client.now += 9 * DAY
    fill(client, fetched=0, views=12, first=100)
    client.desk.between()
    whole_ids(client)
    assert is_view(client.read("/p/a.py", source(1)))
    with client.ledger() as store:
        assert [metric.value for metric in store.metrics("guard")] == [1.0, 0.0]
        assert recovery_guard.paused(store) == frozenset()


def test_what_was_decided_outlives_old_metrics(client: Client) -> None:
    """However few days metrics are kept for: it is no measurement, and what was tried since then still counts."""
    fill(client, fetched=60)
    client.desk.between()
    paused_at = client.now
    for day in range(3):
        client.now += 2 * DAY
        with Store.open(client.project / ".claude-patterns" / "trimtab.db") as store:
            store.add_metrics([Metric(client.now, "requests", 1.0, "usage")], client.now - DAY)
        fill(client, fetched=0, views=2, before=600.0, first=100 * (day + 1))
        client.desk.between()
    with client.ledger() as store:
        assert [(metric.timestamp, metric.value) for metric in store.metrics("guard")] == [(paused_at, 1.0)]
        assert len(store.metrics("requests")) == 1
        (row,) = recovery_guard.rows(store, Settings(), client.now)
        assert (row.since, row.state, row.views) == (paused_at, guard.PAUSED, 6)


def test_what_came_back_is_not_judged_by_what_was_before(client: Client) -> None:
    """The fetches that paused it are three weeks old, and the metrics of then are deleted."""
    fill(client, fetched=60)
    client.desk.between()
    client.now += 9 * DAY
    fill(client, fetched=0, views=12, first=100)
    client.desk.between()
    client.now += 9 * DAY
    with Store.open(client.project / ".claude-patterns" / "trimtab.db") as store:
        store.add_metrics([Metric(client.now, "requests", 1.0, "usage")], client.now - DAY)
    client.desk.between()
    with client.ledger() as store:
        assert recovery_guard.paused(store) == frozenset()


def test_the_break_even_is_the_cost_formulas(client: Client) -> None:
    """Prompts of 50,000, opus-5-5 (write 1.25, read 0.05, output 5), six sessions of 40 requests: 20 more to come.

    A token that stays: f (1.25 + 0.05 · 20) = 2.25 f; a miss: 0.05 · 50,000 + 5 · 120 + 700 · 2.25 f.
    """
    fill(client, fetched=6)
    with Store.open(client.project / ".claude-patterns" / "trimtab.db") as store:
        for session in range(6):
            for i in range(40):
                at = client.now - DAY + i
                name = f"m{session}.{i}"
                store.add_news([Request(f"o{session}", "", name, at, "claude-opus-5-5", 0, 1, 0, 49_999, 9)])
        factor = store.factor_of("claude-opus-5-5", "Read").value
        (row,) = recovery_guard.rows(store, Settings(), client.now)
        here = recovery_guard.typical(store.requests(), store.session_lengths(), Settings())
    assert here.prices == Prices(1.25, pytest.approx(0.05), 5.0)  # type: ignore[arg-type]
    assert (here.prompt_tokens, here.requests_to_come, here.level) == (50_000, 20.0, OptimizationLevel.ADAPTIVE)
    token = 2.25 * factor
    assert row.break_even == pytest.approx(1_000 * token / (2_500 + 600 + 700 * token))
    assert policy.RECOVERED_TOKENS == 700
    assert (row.recoveries, row.folded_tokens) == (12, 120_000)


def test_in_words() -> None:
    assert guard.line([]) == ""
    assert guard.line({("Read", KIND), ("Bash", "log")}) == (
        "Shown whole again, for their folds were fetched too often: Bash log, Read python (one load in 20 is tried)."
    )


def test_the_break_even_is_at_the_users_own_prices() -> None:
    """Reading costs as much as sending anew, output twice as much."""
    own = Settings(prices=(Own("mine", Price(1.0, 1.0, 1.0, 1.0, 2.0)),))
    request = Request("s", "", "m", 5.0, "mine", 1_000, 0, 0, 1_000, 1_000)
    assert recovery_guard.typical([request], [10], own).prices == Prices(1.0, 1.0, 2.0)
