"""What past agents would have cost with other models; figures by hand."""

import pytest

from trimtab import groups, prices
from trimtab.monitor import agent_models
from trimtab.monitor.agent_models import AS_IT_WAS, NO_GROUP, NO_PRICE, OWN, Estimate
from trimtab.records import Arrival, Request

OPUS, HAIKU, OLD = "claude-opus-5-5", "claude-haiku-5-5", "claude-opus-4-5"
TABLE = groups.GROUPS


def request(agent: str, kind: str, model: str = OPUS, at: float = 10.0, session: str = "s") -> Request:
    return Request(
        session, agent, f"{session}{agent}{at}", at, model, 1_000, 2_000, 0, 30_000, 400, "/p", kind if agent else ""
    )


def task(agent: str, characters: int, at: float = 5.0, session: str = "s") -> Arrival:
    return Arrival(session, agent, "", at, "prompt", "", "", characters)


def estimated(requests: list[Request], arrivals: list[Arrival]) -> Estimate:
    runs = agent_models.runs(requests, arrivals)
    return agent_models.estimate(runs, TABLE, (), prices.usd, prices.newest)


def test_a_run_costs_the_same_tokens_at_the_other_models_price() -> None:
    main = request("", "", at=1.0)
    found = estimated([main, request("a", "Explore"), request("a", "Explore", at=11.0)], [task("a", 200)])
    (row,) = found.rows
    assert row[:5] == ("1 Strategic Analysis", "small", "haiku low", 1, 2)
    assert row.usd == pytest.approx(2 * (1_000 * 4 + 2_000 * 5 + 30_000 * 0.2 + 400 * 20) / 1e6)
    assert row.would_usd == pytest.approx(2 * (1_000 * 0.1 + 2_000 * 0.125 + 30_000 * 0.01 + 400 * 0.5) / 1e6)
    assert found.saved_usd == pytest.approx(row.usd - row.would_usd)
    assert found.left == {}


def test_another_tokenizer_makes_other_counts_of_the_same_text() -> None:
    """What an older model's 1.175 tokens for one of o200k are, are 1.599 of a newer one's."""
    found = estimated([request("", "", OLD, 1.0), request("a", "Explore", OLD)], [task("a", 200)])
    rate = 1.599 / 1.175
    counts = [round(rate * count) for count in (1_000, 2_000, 30_000, 400)]
    assert counts == [1361, 2722, 40826, 544]
    assert found.rows[0].would_usd == pytest.approx((1361 * 0.1 + 2722 * 0.125 + 40826 * 0.01 + 544 * 0.5) / 1e6)


def test_sizes_are_apart_and_runs_of_one_size_are_one_row() -> None:
    requests = [request("", "", at=1.0), *(request(agent, "Explore") for agent in "abc")]
    found = estimated(requests, [task("a", 999), task("b", 1_000), task("c", 10), task("a", 5_000, at=9.0)])
    assert [(row.size, row.choice, row.runs) for row in found.rows] == [
        ("large", "sonnet low", 1),
        ("small", "haiku low", 2),  # a message that came later is no task
    ]


def test_what_stays_as_it_was_is_counted_by_why() -> None:
    requests = [
        request("", "", at=1.0),
        request("a", "Explore", HAIKU),
        request("b", "general-purpose"),
        request("c", "Plan"),
        request("", "", "claude-none-1", 1.0, "t"),
        request("d", "Explore", "claude-none-1", session="t"),
        request("", "", "claude-opus-none-1", 1.0, "v"),
        request("g", "Explore", "claude-opus-none-1", session="v"),
        request("", "", HAIKU, 1.0, "u"),
        request("e", "Explore", HAIKU, session="u"),
        request("f", "Explore"),  # of no task that is known: what the client does by itself
    ]
    arrivals = [task(agent, 10) for agent in "abc"]
    arrivals += [task(agent, 10, session=session) for agent, session in ("dt", "eu", "gv")]
    found = estimated(requests, arrivals)
    assert found == Estimate((), {OWN: 1, NO_GROUP: 1, AS_IT_WAS: 3, NO_PRICE: 1})
    assert found.saved_usd == 0


def test_the_conversations_model_is_the_one_that_it_had_then() -> None:
    """A conversation that went on with another model later makes its earlier agents look as if they had chosen."""
    later = request("", "", HAIKU, 99.0)
    found = estimated([request("", "", at=1.0), later, request("a", "Explore")], [task("a", 10)])
    assert [row.runs for row in found.rows] == [1]
