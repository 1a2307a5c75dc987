"""An experiment in the handlers: who is assigned, what an off session is shown, what is recorded, how it ends."""

import json
import shutil
from pathlib import Path

import pytest
from tests import texts
from tests.daemon.harness import source
from tests.handlers.client import Client, is_view
from tests.handlers.test_failed_command import failed

from trimtab import tiers
from trimtab.handlers import bookkeeping, trial
from trimtab.monitor import experiment as arithmetic
from trimtab.records import Assignment, Outcome, Tier
from trimtab.store.experiments import ExperimentStore

DAY = 86_400.0
ON, OFF = (next(f"s{i}" for i in range(99) if arithmetic.is_off(7, f"s{i}", 0.5) is is_off) for is_off in (False, True))


def file_of(client: Client) -> Path:
    (client.home / ".claude-patterns").mkdir(parents=True, exist_ok=True)
    return client.home / ".claude-patterns" / "experiment.db"


def begin(client: Client, share: float = 0.5, seed: int = 7) -> None:
    with ExperimentStore.open(file_of(client)) as store:
        store.begin(seed, share, "session", 0.05, client.now)


def assignments(client: Client) -> list[Assignment]:
    with ExperimentStore.open(file_of(client), readonly=True) as store:
        return store.assignments(1)


def in_session(client: Client, session: str) -> None:
    client.session = session
    client.transcript = client.transcript.with_name(f"{session}.jsonl")


def test_without_an_experiment_there_is_no_file_and_all_is_as_ever(client: Client) -> None:
    assert is_view(client.read("/p/a.py", source(1)))
    assert not (client.home / ".claude-patterns" / "experiment.db").exists()


def test_an_off_session_is_shown_everything_whole_and_recorded(client: Client) -> None:
    begin(client)
    in_session(client, OFF)
    assert client.read("/p/a.py", source(1)) == tiers.numbered(source(1), 1)
    (load,) = client.loads()
    assert (load.tier, load.folds) == (Tier.COMPLETE, ())
    assert load.shown_tokens == load.raw_tokens > 1_000
    assert load.reason.startswith("experiment: shown whole; would be essential, about ")
    (given,) = assignments(client)
    assert (given.session, given.is_off, given.share, given.project) == (OFF, True, 0.5, str(client.project))
    assert (given.transcript_path, given.level) == (str(client.transcript), "adaptive")
    assert given.touched_at == client.now


def test_an_on_session_is_trimmed_and_recorded(client: Client) -> None:
    begin(client)
    in_session(client, ON)
    assert is_view(client.read("/p/a.py", source(1)))
    (given,) = assignments(client)
    assert (given.is_off, given.touched_at, given.by_hand) == (False, client.now, "")


@pytest.mark.parametrize("is_off", [True, False])
def test_a_failed_command_belongs_to_its_sessions_arm(client: Client, is_off: bool) -> None:
    """Where it stays as it is, the ledger has what it would have been; both arms are touched by it."""
    begin(client, seed=next(seed for seed in range(99) if arithmetic.is_off(seed, "s1", 0.5) is is_off))
    view = failed(client, "pytest -v", texts.text_of("pytest -v", 100_000))
    assert (view is None) == is_off
    (load,) = client.loads()
    assert load.reason.startswith("experiment: shown whole; would be ") == is_off
    assert [given.touched_at for given in assignments(client)] == [client.now]


def test_subagents_follow_their_session(client: Client) -> None:
    begin(client)
    in_session(client, OFF)
    assert not is_view(client.read("/p/a.py", source(1), agent="a1"))
    in_session(client, ON)
    assert is_view(client.read("/p/a.py", source(1), agent="a2"))
    assert [given.session for given in assignments(client)] == [OFF, ON]


def test_the_model_is_told_nothing(client: Client) -> None:
    begin(client)
    in_session(client, OFF)
    assert client.send("SessionStart", source="startup") is None
    client.read("/p/a.py", source(1))
    with client.ledger() as store:
        assert store.additions() == []


def test_a_session_with_nothing_to_fold_is_assigned_and_untouched(client: Client) -> None:
    begin(client)
    in_session(client, OFF)
    client.read("/p/a.py", "x = 1\n" * 20)
    assert [given.touched_at for given in assignments(client)] == [None]


@pytest.mark.parametrize("source_of", ["resume", "compact"])
def test_what_is_continued_is_not_assigned(client: Client, source_of: str) -> None:
    begin(client)
    in_session(client, OFF)
    client.send("SessionStart", source=source_of)
    assert is_view(client.read("/p/a.py", source(1)))
    assert assignments(client) == []


def test_a_session_from_before_the_experiment_is_not_assigned_nor_by_a_new_daemon(client: Client) -> None:
    in_session(client, OFF)
    client.send("SessionStart", source="startup")
    begin(client)
    assert is_view(client.read("/p/a.py", source(1)))
    client.desk.close()
    client.desk = client.new_desk()
    assert is_view(client.read("/p/b.py", source(2)))
    assert assignments(client) == []


def test_a_session_whose_ledger_is_deleted_is_not_new(client: Client) -> None:
    in_session(client, OFF)
    client.read("/p/a.py", source(1))
    begin(client)
    shutil.rmtree(client.project / ".claude-patterns")
    assert is_view(client.read("/p/b.py", source(2)))
    assert assignments(client) == []


def test_a_new_daemon_goes_on_with_the_arm(client: Client) -> None:
    begin(client)
    in_session(client, OFF)
    assert not is_view(client.read("/p/a.py", source(1)))
    client.desk.close()
    client.desk = client.new_desk()
    assert not is_view(client.read("/p/b.py", source(2)))
    assert len(assignments(client)) == 1


def test_a_changed_share_is_for_sessions_to_come(client: Client) -> None:
    begin(client)
    in_session(client, OFF)
    client.send("SessionStart", source="startup")
    with ExperimentStore.open(file_of(client)) as store:
        store.set_share(1, 0.06)  # OFF's fraction is over it: it would be on now
    assert arithmetic.fraction(7, OFF) > 0.06
    assert not is_view(client.read("/p/a.py", source(1)))
    in_session(client, "another")
    client.send("SessionStart", source="startup")
    assert [(given.session, given.share) for given in assignments(client)] == [(OFF, 0.5), ("another", 0.06)]


def test_when_it_is_off_an_off_session_is_trimmed_again_at_once(client: Client) -> None:
    begin(client)
    in_session(client, OFF)
    assert not is_view(client.read("/p/a.py", source(1)))
    with ExperimentStore.open(file_of(client)) as store:
        store.end(1, client.now, "ended by hand")
    assert is_view(client.read("/p/b.py", source(2)))


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ('mode = "monitoring_only"\n', "trimming was switched off by hand"),
        ('level = "aggressive"\n', "its level was changed by hand"),
    ],
)
def test_a_session_that_the_user_changes_is_noted(client: Client, setting: str, why: str) -> None:
    begin(client)
    in_session(client, ON)
    client.read("/p/a.py", source(1))
    (client.project / ".claude-patterns" / "config.toml").write_text(setting, encoding="utf-8")
    client.read("/p/b.py", source(2))
    assert [given.by_hand for given in assignments(client)] == [why]


def test_a_session_that_is_switched_off_on_the_way_has_its_outcome(client: Client) -> None:
    """It was trimmed until then; one that was switched before is as any other."""
    begin(client)
    in_session(client, ON)
    client.read("/p/a.py", source(1))
    in_session(client, "before")
    client.send("SessionStart", source="startup")
    client.environment["TRIMTAB_MODE"] = "monitoring_only"
    client.read("/p/b.py", source(2))
    in_session(client, ON)
    client.read("/p/c.py", source(3))
    client.now += 2 * DAY
    for _ in range(3):
        client.desk.between()
    with ExperimentStore.open(file_of(client), readonly=True) as store:
        assert set(store.outcomes(1)) == {ON}
        experiment = store.running()
        assert experiment is not None
        found = trial.study(store, experiment, client.now)
    assert (found.by_hand, found.left_out) == (1, (("trimming was switched off by hand", 1),))


def test_where_nothing_is_trimmed_nothing_is_assigned(client: Client) -> None:
    begin(client)
    client.environment["TRIMTAB_MODE"] = "monitoring_only"
    in_session(client, OFF)
    client.read("/p/a.py", source(1))
    assert assignments(client) == []


def test_a_damaged_file_of_experiments_disturbs_nothing(client: Client) -> None:
    file_of(client).write_bytes(b"not a database, but long enough to be one" * 100)
    (client.home / ".claude-patterns" / "daemon").mkdir()
    for seed in range(3):
        assert is_view(client.read(f"/p/{seed}.py", source(seed)))
    client.desk.between()
    log = (client.home / ".claude-patterns" / "daemon" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    (fault,) = [json.loads(line)["fault"] for line in log]
    assert "experiment.db" in fault
    assert "damaged" in fault


def test_what_a_session_did_is_read_from_its_transcripts(client: Client) -> None:
    """Main: two reads (m1, m2), an edit (m3); subagent: one read (m4). A day later all of it is the outcome."""
    begin(client)
    in_session(client, ON)
    client.send("SessionStart", source="startup")
    client.prompt("Please make it faster")
    client.read("/p/a.py", source(1))
    client.read("/p/b.py", source(2))
    client.result(client.called("Edit", {"file_path": "/p/a.py"}), "done")
    client.read("/p/c.py", source(3), agent="a1")
    client.ran("pytest -q", "9 passed")
    client.now += DAY - 1
    client.desk.between()
    with ExperimentStore.open(file_of(client), readonly=True) as store:
        assert store.outcomes(1) == {}
    client.now += 601
    client.desk.between()
    with ExperimentStore.open(file_of(client), readonly=True) as store:
        found = store.outcomes(1)[ON]
    # Five responses of 5 input, 50,000 read and 50 output tokens at $4, $0.20 and $20 a million: $0.01102 each;
    # in units of $4 a million 5 + 2,500 + 250 = 2,755.
    assert found == Outcome(ON, pytest.approx(0.0551), pytest.approx(13_775.0), 5, 1, 1, 1)  # type: ignore[arg-type]


def test_outcomes_come_one_at_a_time_between_events(client: Client) -> None:
    begin(client)
    for i in range(3):
        in_session(client, f"x{i}")
        client.read("/p/a.py", source(1))
    client.now += 2 * DAY
    counts = []
    for _ in range(4):
        client.desk.between()
        with ExperimentStore.open(file_of(client), readonly=True) as store:
            counts.append(len(store.outcomes(1)))
    assert counts == [1, 2, 3, 3]


def decided(client: Client, sessions: int = 300) -> None:
    """Sessions in the file whose answer is clear: half the cost with trimming."""
    begin(client)
    with ExperimentStore.open(file_of(client)) as store:
        for i in range(sessions):
            session = f"old {i}"
            is_off = arithmetic.is_off(7, session, 0.5)
            at = client.now - 9 * DAY + i
            store.assign(Assignment(0, 1, session, is_off, 0.5, at, "/p", "", "adaptive"))
            store.touch(session, at + 1)
            store.add_outcomes([Outcome(session, (2.0 if is_off else 1.0) + 0.01 * (i % 5), 5.0, 9, 2, 1, 1)])


def test_it_ends_by_itself_when_the_answer_is_clear(client: Client) -> None:
    decided(client)
    in_session(client, OFF)
    assert not is_view(client.read("/p/a.py", source(1)))
    client.desk.between()
    with ExperimentStore.open(file_of(client), readonly=True) as store:
        (found,) = store.experiments()
    assert found.ended_at == client.now
    assert found.why.startswith("it pays: with trimming a session costs 49 % less (")
    assert is_view(client.read("/p/b.py", source(2)))


def test_it_goes_on_while_the_answer_is_open(client: Client) -> None:
    decided(client, sessions=20)
    client.read("/p/a.py", source(1))
    client.desk.between()
    with ExperimentStore.open(file_of(client), readonly=True) as store:
        assert store.running() is not None


def test_a_clock_that_goes_back_leaves_sessions_running(client: Client) -> None:
    begin(client)
    in_session(client, ON)
    client.read("/p/a.py", source(1))
    client.now -= 30 * DAY
    client.desk.between()
    with ExperimentStore.open(file_of(client), readonly=True) as store:
        experiment = store.running()
        assert experiment is not None
        assert dict(trial.study(store, experiment, client.now).left_out) == {"still in its first 24 hours": 1}


def test_an_outcome_waits_until_the_book_has_read_the_session(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long transcript is read in as many ticks as it takes; no part of it is taken for the whole."""
    monkeypatch.setattr(bookkeeping, "STEP_BYTES", 1)
    monkeypatch.setattr("trimtab.transcript.scan.BLOCK_BYTES", 400)
    begin(client)
    in_session(client, ON)
    client.read("/p/a.py", source(1))
    for number in range(12):
        client.ran("ls", f"{number}")
    client.now += 2 * DAY
    ticks = 0
    found: dict[str, Outcome] = {}
    while not found and ticks < 200:
        client.desk.between()
        ticks += 1
        with ExperimentStore.open(file_of(client), readonly=True) as store:
            found = store.outcomes(1)
    assert ticks > 5
    assert found[ON].requests == 13


def test_outcomes_are_at_the_users_own_prices(client: Client) -> None:
    """$1 a million of each class but output, which is $2: 5 + 50,000 + 2 * 50 of them in each unit."""
    begin(client)
    config = "[[prices]]\nmodel = 'claude-opus-5-5'\ninput = 1\nread = 1\noutput = 2\n"
    (client.home / ".claude-patterns" / "config.toml").write_text(config, encoding="utf-8")
    in_session(client, ON)
    client.read("/p/a.py", source(1))
    client.now += 2 * DAY
    client.desk.between()
    with ExperimentStore.open(file_of(client), readonly=True) as store:
        found = store.outcomes(1)[ON]
    assert found.usd == pytest.approx(0.050105)
    assert found.units == pytest.approx(50_105.0)
