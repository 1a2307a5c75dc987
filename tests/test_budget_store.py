"""Budgets in the user's ledger: round trips, changes on record, what is adopted, and one decision at a time."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.handlers.spending import ME, NOON, budget, words

from trimtab import paths
from trimtab.budget.terms import Budget, Charge, Level, Measure, Mode, Period, Reservation, Scope, Span, State
from trimtab.errors import BudgetError, BusyError, StoreError
from trimtab.store.budgets import Author, BudgetStore, Known

FULL = Budget(
    0,
    Level.AGENT,
    Scope("/p é", "t", "s", "q", "2", "Explore", "a1"),
    Measure.USD,
    2**53,
    Period(Span.WEEK, 0.0, "UTC"),
    Mode.WARN,
    State.PAUSED,
    2.5,
    10,
    "option",
    7.0,
    99.5,
)
SPENT = Charge("s/a", "s", "a", "Explore", "/p", NOON, 5, 6, 7, 8, "q", "t", False)


@pytest.fixture
def store(tmp_path: Path) -> BudgetStore:
    return BudgetStore.open(tmp_path / "user.db")


def test_a_budget_round_trips(store: BudgetStore) -> None:
    made = store.add(FULL, ME, words)
    assert made == FULL._replace(id=1)
    assert store.budgets() == [made]
    assert store.budget(1) == made
    assert store.budget(2) is None


def test_who_is_in_a_group_is_not_stored(store: BudgetStore) -> None:
    """The settings say it anew each time: what is stored would go on counting an agent that is not in it any more."""
    scope = Scope(group="4")
    store.add(FULL._replace(scope=scope._replace(members=(("reviewer", "4"),))), ME, words)
    assert [each.scope for each in store.budgets()] == [scope]


def test_a_budget_is_made_when_its_author_says(store: BudgetStore) -> None:
    assert store.add(FULL._replace(made_at=0.0), ME, words).made_at == NOON


def test_every_change_is_on_record(store: BudgetStore) -> None:
    store.add(budget(10), ME, words)
    you = Author("you", "/token-budget", NOON + 5)
    assert store.change(1, "raise", lambda b: b._replace(limit=20), you, words).limit == 20
    store.change(1, "raise", lambda b: b, you, words)  # changes nothing
    store.change(1, "remove", lambda b: b._replace(state=State.CLOSED), you, words)
    assert [change[2:] for change in store.changes(1)] == [
        (NOON, "me", "cli", "set", "", "10 output"),
        (NOON + 5, "you", "/token-budget", "raise", "10 output", "20 output"),
        (NOON + 5, "you", "/token-budget", "remove", "20 output", "20 output"),
    ]
    assert store.budgets() == []
    assert [b.state for b in store.budgets(with_closed=True)] == [State.CLOSED]
    assert store.changes(2) == []


def test_what_is_not_there_can_t_be_changed(store: BudgetStore) -> None:
    with pytest.raises(BudgetError, match="no budget 3"):
        store.change(3, "raise", lambda b: b, ME, words)


def test_a_budget_that_was_removed_meanwhile_stays_removed(store: BudgetStore) -> None:
    """Who resumes, or raises, what another has just removed has it in force again."""
    number = store.add(budget(10), ME, words).id
    store.change(number, "remove", lambda b: b._replace(state=State.CLOSED), ME, words)
    with pytest.raises(BudgetError, match="no budget 1"):
        store.change(number, "resume", lambda b: b._replace(state=State.ACTIVE), ME, words)
    assert store.budgets() == []


def test_several_are_changed_together_or_not_at_all(store: BudgetStore) -> None:
    """`pause all` pauses the first, and fails at one that was removed meanwhile."""
    for limit in (10, 20):
        store.add(budget(limit), ME, words)
    store.change(2, "remove", lambda b: b._replace(state=State.CLOSED), ME, words)
    with pytest.raises(BudgetError, match="no budget 2"):
        store.change_all([1, 2], "pause", lambda b: b._replace(state=State.PAUSED), ME, words)
    assert [each.state for each in store.budgets()] == [State.ACTIVE]
    assert [change.what for change in store.changes()] == ["set", "set", "remove"]


def test_the_flag_follows_the_budgets(store: BudgetStore) -> None:
    flag = store.path.with_name(paths.budgets_flag({"HOME": "/h"}).name)
    store.add(budget(10), ME, words)
    assert flag.exists()
    flag.unlink()
    assert store.flag()
    assert flag.exists()
    store.change(1, "remove", lambda b: b._replace(state=State.CLOSED), ME, words)
    assert not flag.exists()
    assert not store.flag()


def test_a_file_s_budgets_replace_its_own_only(store: BudgetStore) -> None:
    mine = store.add(budget(10), ME, words)
    place = Author("me", "/c.toml", NOON)
    day, month = budget(20, span=Span.DAY), budget(30, span=Span.MONTH)
    assert store.adopt("/c.toml", [day, month], place, words)
    assert not store.adopt("/c.toml", [month, day], place, words)  # in another order: the same
    assert store.adopt("/c.toml", [day._replace(limit=25)], place, words)
    assert [(b.limit, b.origin) for b in store.budgets()] == [(10, mine.origin), (25, "/c.toml")]
    assert [(c.budget, c.what, c.before, c.after) for c in store.changes()][1:] == [
        (2, "set", "", "20 output"),
        (3, "set", "", "30 output"),
        (2, "set", "20 output", "25 output"),
        (3, "remove", "30 output", ""),
    ]


def test_what_the_user_raised_or_paused_stays_until_the_file_changes(store: BudgetStore) -> None:
    place = Author("me", "/c.toml", NOON)
    store.adopt("/c.toml", [budget(20)], place, words)
    store.change(1, "raise", lambda b: b._replace(limit=50, state=State.PAUSED), ME, words)
    assert not store.adopt("/c.toml", [budget(20)], place, words)
    assert store.budgets()[0].limit == 50
    store.adopt("/c.toml", [budget(21)], place, words)
    assert (store.budgets()[0].limit, store.budgets()[0].state) == (21, State.PAUSED)


def test_one_that_was_removed_by_hand_comes_again_only_as_another(store: BudgetStore) -> None:
    """Known by its history: the file still has it, and it is set anew; it is not the closed one that opens again."""
    place = Author("me", "/c.toml", NOON)
    store.adopt("/c.toml", [budget(20)], place, words)
    store.adopt("/c.toml", [], place, words)
    store.adopt("/c.toml", [budget(20)], place, words)
    assert [b.id for b in store.budgets()] == [2]


def test_reservations_round_trip_and_one_key_has_one(store: BudgetStore) -> None:
    with store.turn() as turn:
        turn.reserve(Reservation(SPENT, 7))
        turn.reserve(Reservation(SPENT._replace(key="s/b", at=1.0, is_priced=True), 0, True))
        turn.reserve(Reservation(SPENT._replace(billed=50), 7))
        assert [r.charge.key for r in turn.reservations()] == ["s/b", "s/a"]
    assert store.reservations() == [
        Reservation(SPENT._replace(key="s/b", at=1.0, is_priced=True), 0, True),
        Reservation(SPENT._replace(billed=50), 7),
    ]
    with store.turn() as turn:
        turn.release(["s/a", "unknown"])
    assert [r.charge.key for r in store.reservations()] == ["s/b"]


def test_a_decision_that_fails_leaves_nothing(store: BudgetStore) -> None:
    def decide() -> None:
        with store.turn() as turn:
            turn.reserve(Reservation(SPENT, 7))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decide()
    assert store.reservations() == []


def test_another_decision_is_waited_for_and_then_it_is_said(tmp_path: Path, store: BudgetStore) -> None:
    with BudgetStore.open(store.path, busy_ms=20) as other:
        with store.turn(), pytest.raises(BusyError, match="another program is writing"), other.turn():
            pass
        with other.turn() as turn:
            turn.reserve(Reservation(SPENT, 7))
    assert len(store.reservations()) == 1


def test_what_was_said_is_said_again_after_a_change_or_a_window(store: BudgetStore) -> None:
    store.add(budget(10), ME, words)
    assert store.tell(1, "", "user", "most", 100.0)
    assert not store.tell(1, "", "user", "most", 150.0)
    assert store.tell(1, "", "user", "all", 150.0)
    assert store.tell(1, "2026-11-30", "user", "most", 150.0)
    assert not store.tell(1, "", "user", "most", 200.0, since=100.0)
    assert store.tell(1, "", "user", "most", 201.0, since=101.0)
    store.change(1, "raise", lambda b: b._replace(limit=20), ME, words)
    assert store.tell(1, "", "user", "most", 202.0)


def test_prompts_and_named_runs(store: BudgetStore) -> None:
    with store.turn() as turn:
        turn.add_prompt("s", "q", 5.0)
        turn.add_prompt("s", "q", 9.0)
        turn.add_prompt("s", "p", 4.0)
    store.join_task("s", "t", 3.0)
    store.join_task("s", "", 8.0)
    assert store.prompts() == {"s": [(4.0, "p"), (5.0, "q")]}
    assert store.tasks() == {"s": [(3.0, "t"), (8.0, "")]}
    before = store.prompts_state()
    with store.turn() as turn:
        turn.add_prompt("other", "late", 41 * 86_400.0)
    assert store.prompts() == {"other": [(41 * 86_400.0, "late")]}  # also of sessions that never come again
    assert store.prompts_state() != before


def test_another_connection_s_change_is_noticed(store: BudgetStore) -> None:
    before = store.version()
    assert store.version() == before
    with BudgetStore.open(store.path) as other:
        other.add(budget(10), ME, words)
    assert store.version() != before


def test_what_is_known_is_restored_into_an_empty_ledger_only(tmp_path: Path, store: BudgetStore) -> None:
    known = Known(
        [budget(10, id=4), budget(20, id=9)], [Reservation(SPENT, 7)], {"s": [(1.0, "q")]}, {"s": [(2.0, "t")]}
    )
    assert store.restore(known)
    assert not store.restore(Known([budget(99, id=1)]))
    assert store.budgets() == known.budgets
    assert (store.reservations(), store.prompts(), store.tasks()) == (known.reservations, known.prompts, known.tasks)
    with BudgetStore.apart(tmp_path / "nowhere.db", known) as apart:
        assert apart.budgets() == known.budgets
    assert not (tmp_path / "nowhere.db").exists()


def test_words_of_another_version_are_an_error_that_names_the_budget(store: BudgetStore) -> None:
    store.add(budget(10), ME, words)
    with closing(sqlite3.connect(store.path)) as db, db:
        db.execute("update budget_constraints set span = 'fortnight'")
    with pytest.raises(StoreError, match="budget 1 can't be read"):
        store.budgets()
    with closing(sqlite3.connect(store.path)) as db, db:
        db.execute("update budget_constraints set span = 'day', selection = ?", [json.dumps({"team": "x"})])
    with pytest.raises(StoreError, match="budget 1 can't be read"):
        store.budgets()


def test_a_missing_ledger_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no budget was set yet"):
        BudgetStore.open(tmp_path / "none.db", readonly=True)
