"""The file of experiments: round trips, what stays as it was first said, and faults in words."""

from pathlib import Path

import pytest

from trimtab.errors import DamagedError, StoreError
from trimtab.records import Assignment, Experiment, Outcome
from trimtab.store.experiments import MOST_SEED, ExperimentStore


@pytest.fixture
def store(tmp_path: Path) -> ExperimentStore:
    return ExperimentStore.open(tmp_path / "experiment.db")


def given(session: str, **fields: object) -> Assignment:
    base = Assignment(0, 1, session, True, 0.5, 10.0, "/p", "/t.jsonl", "adaptive")
    return base._replace(**fields)  # type: ignore[arg-type]


def test_an_experiment_round_trips(store: ExperimentStore) -> None:
    begun = store.begin(MOST_SEED, 0.3, "prompt", 0.1, 5.0)
    assert begun == Experiment(1, MOST_SEED, 0.3, "prompt", 0.1, 5.0)
    assert store.running() == begun
    store.end(1, 9.0, "ended by hand")
    store.end(1, 99.0, "again")
    assert store.running() is None
    assert store.experiments() == [begun._replace(ended_at=9.0, why="ended by hand")]


def test_one_at_a_time(store: ExperimentStore) -> None:
    store.begin(1, 0.5, "session", 0.05, 5.0)
    with pytest.raises(StoreError, match="experiment 1 runs already"):
        store.begin(2, 0.5, "session", 0.05, 6.0)
    store.end(1, 7.0, "")
    assert store.begin(2, 0.5, "session", 0.05, 8.0).id == 2


def test_an_assignment_round_trips_and_the_first_stays(store: ExperimentStore) -> None:
    store.begin(1, 0.5, "session", 0.05, 5.0)
    first = store.assign(given("a"))
    assert first == given("a", number=1)
    assert store.assign(given("a", is_off=False, at=99.0)) == first
    store.assign(given("b", is_off=False, at=1.0))  # the clock went back
    store.touch("a", 20.0)
    store.touch("a", 30.0)
    store.note_by_hand("b", "why")
    store.note_by_hand("b", "another")
    assert store.assignments(1) == [
        given("a", number=1, touched_at=20.0),
        given("b", number=2, is_off=False, at=1.0, by_hand="why"),
    ]
    assert store.assignment("c") is None
    assert store.assignments(2) == []


def test_an_outcome_round_trips_and_the_first_stays(store: ExperimentStore) -> None:
    store.begin(1, 0.5, "session", 0.05, 5.0)
    store.assign(given("a"))
    found = Outcome("a", None, 5.5, 3, 2, 1, 0)
    store.add_outcomes([found])
    store.add_outcomes([found._replace(units=9.0)])
    store.add_outcomes([])
    assert store.outcomes(1) == {"a": found}
    assert store.outcomes(2) == {}


def test_an_outcome_needs_an_assignment(store: ExperimentStore) -> None:
    with pytest.raises(StoreError):
        store.add_outcomes([Outcome("nobody", 1.0, 1.0, 1, 1, 1, 1)])


def test_a_half_surrogate_is_no_fault(store: ExperimentStore) -> None:
    store.begin(1, 0.5, "session", 0.05, 5.0)
    assert store.assign(given("a", project="/\ud800")).project == "/?"


def test_a_missing_and_a_damaged_file_say_so(tmp_path: Path) -> None:
    path = tmp_path / "experiment.db"
    with pytest.raises(StoreError, match="trimtab experiment on"):
        ExperimentStore.open(path, readonly=True)
    path.write_bytes(b"not a database, but long enough to be one" * 100)
    with pytest.raises(DamagedError, match="move it away"):
        ExperimentStore.open(path)
