"""Orders about budgets: which budget is meant, what is changed and recorded, and what a refusal says to do."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from trimtab.budget.allocation import check_all
from trimtab.budget.periods import window
from trimtab.budget.terms import Account, Budget, Measure, Period, Scope, Span, State
from trimtab.budget.words import Place, read, say
from trimtab.errors import BudgetError, BusyError, StoreError
from trimtab.handlers import budgeting
from trimtab.handlers.budgeting import Counter
from trimtab.store.budgets import Author, BudgetStore

NOON = 1_796_040_000.0  # 2026-11-30T12:00Z
PLACE = Place("/home/me/shop", "S1", origin="/token-budget")


class Desk:
    """A counter over a real store; what is used of a budget is set by hand."""

    def __init__(self, store: BudgetStore) -> None:
        self.store, self.now, self.place = store, NOON, PLACE
        self.used: dict[int, int] = {}

    def accounts(self) -> list[Account]:
        found = []
        for budget in self.store.budgets():
            where = window(budget.period, self.now, budget.made_at)
            found.append(Account(budget, where.key, self.used.get(budget.id, 0), 0, 0, where.since, where.until))
        return found

    @property
    def counter(self) -> Counter:
        return Counter(self.store, self.place, Author("me", self.place.origin, self.now), self.accounts)

    def set(self, *texts: str) -> list[str]:
        return [budgeting.set_budget(self.counter, text) for text in texts]

    def budget(self, number: int) -> Budget:
        found = self.store.budget(number)
        assert found is not None
        return found

    def changes(self) -> list[tuple[str, int, str, str]]:
        return [(change.what, change.budget, change.before, change.after) for change in self.store.changes()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with BudgetStore.open(tmp_path / "user.db") as store:
        yield Desk(store)


# Setting


def test_setting_says_in_full_what_was_understood(desk: Desk) -> None:
    told = desk.set("400k", "$20/day", "60k per explore agent warn only", "context 120k")
    assert told[0].startswith("Budget 1 is set: 400k in all for this session. It counts from when it was set")
    assert "one that the model writes about five. At the limit nothing more is sent" in told[0]
    assert "`/token-budget raise 1 AMOUNT` goes on" in told[0]
    assert told[1].startswith(
        "Budget 2 is set: $20 a day for this project. It begins anew at midnight, and counts all of"
    )
    assert "weighted" not in told[1]
    assert told[2].startswith(
        "Budget 3 is set: 60k for each Explore agent in this project, warn only. Each agent has one"
    )
    assert told[2].endswith("It only tells you; nothing is stopped.")
    assert told[3].startswith("Budget 4 is set: 120k context for this session. A prompt that is longer is not sent.")
    assert desk.budget(1).made_at == NOON
    assert desk.changes()[1] == ("set", 2, "", "$20 a day for project /home/me/shop")


def test_nobody_else_sets_one_while_it_is_decided(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who set the same budget at once get two of them, and the larger one's limit says nothing."""

    def meanwhile(budgets: Sequence[Budget], number: int) -> None:
        with BudgetStore.open(desk.store.path, busy_ms=1) as other, pytest.raises(BusyError):
            other.add(read("$20/day", PLACE), Author("you", "cli", NOON), say)
        check_all(budgets, number)

    monkeypatch.setattr("trimtab.handlers.budgeting.check_all", meanwhile)
    desk.set("$20/day", "$25/day")
    assert [(each.id, each.limit) for each in desk.store.budgets()] == [(1, 25_000_000)]


def test_a_refusal_leaves_the_budgets_as_they_were(desk: Desk) -> None:
    """What is refused while it is decided keeps the ledger locked, or is half done."""
    desk.set("$20/day")
    with pytest.raises(BudgetError):
        desk.set("$10/day at least $11")
    assert [each.limit for each in desk.store.budgets()] == [20_000_000]
    assert [change[0] for change in desk.changes()] == ["set"]
    desk.set("$21/day")


def test_a_minimum_of_an_own_agent_must_fit_into_its_groups_budget(desk: Desk) -> None:
    desk.set("$10 a day for group 4 agents")
    counter = desk.counter._replace(members=(("security-auditor", "4"),))
    with pytest.raises(BudgetError, match=r"\$11"):
        budgeting.set_budget(counter, "$20 a day for security-auditor agents, at least $11")
    desk.set("$20 a day for security-auditor agents, at least $11")  # of no group where nobody names it


def test_setting_says_what_is_used_already(desk: Desk) -> None:
    desk.used[1] = 4_200_000
    assert desk.set("$20/day")[0].endswith("By now $4.20 of it (21%) are used.")


def test_the_same_scope_measure_and_period_is_changed_not_doubled(desk: Desk) -> None:
    desk.set("$20/day", "$5/week", "1M/day")
    budgeting.pause_budget(desk.counter, "1")
    told = desk.set("$30 a day, warn only")[0]
    assert told.startswith(
        "Budget 1 counted the same, so it is changed: $30 a day for this project, warn only"
        " (it was $20 a day for this project)."
    )
    assert [(each.id, each.limit, each.state) for each in desk.store.budgets()] == [
        (1, 30_000_000, State.ACTIVE), (2, 5_000_000, State.ACTIVE), (3, 1_000_000, State.ACTIVE)
    ]  # fmt: skip
    assert desk.set("$30 a day, warn only")[0].startswith("Budget 1 is that already")
    assert len(desk.changes()) == 5


def test_a_budget_of_a_file_is_left_and_named(desk: Desk) -> None:
    desk.store.add(read("$10/day", PLACE._replace(origin="/u/config.toml")), Author("me", "/u/config.toml", NOON), str)
    told = desk.set("$20/day")[0]
    assert told.startswith("Budget 2 is set")
    assert "But budget 1 of /u/config.toml counts the same, and the smaller limit stops first." in told


# Which one is meant


@pytest.mark.parametrize(
    ("which", "number"),
    [
        ("2", 2),
        ("#2", 2),
        ("budget 2", 2),
        ("$5/week", 2),
        ("$6 a week", 2),  # its limit is not what tells it from others
        ("week", 2),
        ("Explore", 3),
        ("a day for this project", 1),
    ],
)
def test_a_budget_is_named_by_number_or_words(desk: Desk, which: str, number: int) -> None:
    desk.set("$20/day", "$5/week", "60k per Explore agent")
    assert budgeting.named(desk.counter, which, "pause").id == number


@pytest.mark.parametrize(
    ("which", "complaint"),
    [
        ("9", "no budget is '9'; there is 1: \\$20 a day for this project; 2: .* Name one by its number, as in"),
        ("project", "more than one budget is 'project'; there is 1: .*; 2: "),
        ("", "which budget\\? 1: \\$20 a day for this project; 2: .*`/token-budget pause NUMBER`"),
    ],
)
def test_an_unclear_name_lists_those_that_it_may_be(desk: Desk, which: str, complaint: str) -> None:
    desk.set("$20/day", "$5/week")
    with pytest.raises(BudgetError, match=complaint):
        budgeting.named(desk.counter, which, "pause")


def test_without_a_budget_it_says_how_to_set_one(desk: Desk) -> None:
    with pytest.raises(BudgetError, match="there is no budget yet: `/token-budget set \\$20 a day` sets one"):
        budgeting.raise_budget(desk.counter, "+$5")
    desk.place = PLACE._replace(origin="cli")
    with pytest.raises(BudgetError, match="`trimtab budget set '\\$20 a day'` sets one"):  # a shell wants the quotes
        budgeting.pause_budget(desk.counter, "")


# Raising


@pytest.mark.parametrize(
    ("text", "number", "limit"),
    [
        ("1 $30", 1, 30_000_000),
        ("1 +$5", 1, 25_000_000),
        ("#1 by 500 cents", 1, 25_000_000),
        ("budget 1 to $21.50", 1, 21_500_000),
        ("$20 a day by $1", 1, 21_000_000),
        ("2 100k more", 2, 500_000),
        ("2 1M", 2, 1_000_000),
        ("session 450,000", 2, 450_000),
    ],
)
def test_raising(desk: Desk, text: str, number: int, limit: int) -> None:
    desk.set("$20/day", "400k per session")
    told = budgeting.raise_budget(desk.counter, text)
    assert told.startswith(f"Budget {number} is raised from ")
    assert desk.budget(number).limit == limit
    assert desk.changes()[-1][:2] == ("raise", number)


def test_raising_the_one_that_stops_needs_no_name(desk: Desk) -> None:
    desk.set("$20/day", "$5/week", "$1 for task x warn only")
    desk.used = {2: 5_100_000, 3: 2_000_000}  # the third only tells
    told = budgeting.raise_budget(desk.counter, "+$0.05")
    assert told == (
        "Budget 2 is raised from $5: $5.05 a week for this project. That is not enough yet: $5.10 are used."
    )
    assert (
        budgeting.raise_budget(desk.counter, "+$5") == "Budget 2 is raised from $5.05: $10.05 a week for this project."
    )
    desk.used = {1: 20_000_000, 2: 11_000_000}
    with pytest.raises(BudgetError, match=r"which budget\? 1: .*; 2: [^;]*\. Name one .*raise NUMBER \+\$5"):
        budgeting.raise_budget(desk.counter, "+$5")


def test_two_who_add_at_once_both_add(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two sums is lost where the limit was read before the other was written."""
    desk.set("400k")
    found = budgeting.named

    def late(counter: Counter, text: str, what: str) -> Budget:
        budget = found(counter, text, what)
        monkeypatch.undo()
        budgeting.raise_budget(desk.counter, "1 by 50k")
        return budget

    monkeypatch.setattr(budgeting, "named", late)
    assert "Budget 1 is raised from 450k: 550k" in budgeting.raise_budget(desk.counter, "1 by 100k")
    assert desk.budget(1).limit == 550_000


def test_raising_a_files_budget_and_a_paused_one(desk: Desk) -> None:
    desk.store.add(read("$10/day", PLACE._replace(origin="/u/config.toml")), Author("me", "/u/config.toml", NOON), str)
    budgeting.pause_budget(desk.counter, "1")
    told = budgeting.raise_budget(desk.counter, "$12")
    assert "A change in /u/config.toml counts again. It is paused: `/token-budget resume 1`" in told


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1", "is not more than the \\$20"),  # the only amount in it is 1
        ("1 $20", "is not more than the \\$20 of"),
        ("1 5h", "names no amount: write `/token-budget raise 3 \\$30`"),
        ("", "names no amount"),
        ("lots", "names no amount"),
        ("1 400k", "is counted in dollars"),
    ],
)
def test_raising_that_is_refused(desk: Desk, text: str, complaint: str) -> None:
    desk.set("$20/day")
    with pytest.raises(BudgetError, match=complaint):
        budgeting.raise_budget(desk.counter, text)
    assert len(desk.changes()) == 1


# Pausing, removing


def test_pausing_for_a_while_and_for_good(desk: Desk) -> None:
    desk.set("$20/day", "$5/week")
    assert budgeting.pause_budget(desk.counter, "1 for 2h").startswith("Budget 1 is paused for 2 hours: it counts on")
    assert (desk.budget(1).state, desk.budget(1).paused_until) == (State.PAUSED, NOON + 7200)
    assert budgeting.resume_budget(desk.counter, "") == "Budget 1 is in force again."  # the only one that is paused
    told = budgeting.pause_budget(desk.counter, "all")
    assert told == "Budgets 1 and 2 are paused until you resume them: they count on, and stop nothing."
    assert budgeting.resume_budget(desk.counter, "all") == "Budgets 1 and 2 are in force again."
    assert [each.state for each in desk.store.budgets()] == [State.ACTIVE, State.ACTIVE]
    paused = "$20 a day for project /home/me/shop, paused"
    assert ("pause", 1, "$20 a day for project /home/me/shop", paused) in desk.changes()
    with pytest.raises(BudgetError, match="budget 1 is not paused"):
        budgeting.resume_budget(desk.counter, "1")
    with pytest.raises(BudgetError, match="there is no budget to resume"):
        budgeting.resume_budget(desk.counter, "all")
    with pytest.raises(BudgetError, match="no length for it"):
        budgeting.pause_budget(desk.counter, "1 for 5s")


def test_removing_keeps_the_history(desk: Desk) -> None:
    desk.set("$20/day", "$5/week")
    assert budgeting.remove_budget(desk.counter, "week") == "Budget 2 is removed."
    assert [each.id for each in desk.store.budgets()] == [1]
    assert desk.changes()[-1] == ("remove", 2, "$5 a week for project /home/me/shop", "")
    assert [change.what for change in budgeting.history(desk.counter, "2")] == ["set", "remove"]
    assert len(budgeting.history(desk.counter, "")) == 3
    with pytest.raises(BudgetError, match="there is no budget 7: `/token-budget history` lists"):
        budgeting.history(desk.counter, "7")


def test_a_budget_that_can_not_be_read_is_removed_by_its_number(desk: Desk) -> None:
    """A newer Trimtab wrote it: none of the others is in force until it is gone, and nothing could make it go."""
    desk.set("400k", "$20/day")
    desk.store._db.execute("update budget_constraints set measure = 'requests' where id = 1")
    with pytest.raises(StoreError, match="trimtab budget remove 1"):
        budgeting.remove_budget(desk.counter, "2")
    assert "removed" in budgeting.remove_budget(desk.counter, "1")
    assert [budget.id for budget in desk.store.budgets()] == [2]
    assert desk.changes()[-1][:2] == ("remove", 1)


def test_a_files_budget_is_removed_in_the_file(desk: Desk) -> None:
    desk.store.add(read("$10/day", PLACE._replace(origin="/u/config.toml")), Author("me", "/u/config.toml", NOON), str)
    with pytest.raises(BudgetError, match=r"is set in /u/config\.toml: take it out there; `/token-budget pause 1`"):
        budgeting.remove_budget(desk.counter, "1")


# Who may


def test_what_a_model_can_run_loosens_no_budget(desk: Desk) -> None:
    """An agent that is stopped could else go on by an order of its own."""
    desk.set("$20/day at least $2", "$5/week")
    models = desk.counter._replace(is_users=False)
    for order, text in (
        (budgeting.raise_budget, "1 +$5"),
        (budgeting.pause_budget, "all"),
        (budgeting.remove_budget, "1"),
        (budgeting.set_budget, "$21/day"),
        (budgeting.set_budget, "$20/day at least $2 warn only"),
        (budgeting.set_budget, "$20/day"),  # others might use what is kept for it
    ):
        with pytest.raises(
            BudgetError, match=r"a model can run this command, so it does not loosen .* write `/token-bud"
        ):
            order(models, text)
    assert len(desk.changes()) == 2
    assert "changed" in budgeting.set_budget(models, "$19/day at least $2")  # what restricts is done
    assert "Budget 3 is set" in budgeting.set_budget(models, "$1 per prompt")
    budgeting.join_task(models, "auth")
    desk.place = desk.place._replace(task="auth")
    with pytest.raises(BudgetError, match="task none` yourself"):
        budgeting.join_task(desk.counter._replace(is_users=False), "none")


# Tasks


def test_a_session_joins_a_task(desk: Desk) -> None:
    told = budgeting.join_task(desk.counter, "auth")
    assert told == (
        "This session is of the task auth from now on. `/token-budget set $15 for task auth` sets it a budget."
    )
    desk.place = budgeting.place_of("", "S1", "/token-budget", desk.store)
    assert desk.place.task == "auth"
    desk.set("this task may use 400k tokens")
    assert desk.budget(1).scope == Scope(task="auth")
    assert "Budget 1: 400k in all for task auth." in budgeting.join_task(desk.counter, '"auth"')
    assert budgeting.join_task(desk.counter, "") == "This session is of the task auth."
    desk.now += 60
    assert budgeting.join_task(desk.counter, "none") == "This session is of no task from now on."
    assert budgeting.place_of("", "S1", "cli", desk.store).task == ""
    desk.place = Place("/home/me/shop")
    with pytest.raises(BudgetError, match="start the client with TRIMTAB_TASK=NAME"):
        budgeting.join_task(desk.counter, "auth")


def test_a_session_joins_the_task_of_the_variable_once(desk: Desk) -> None:
    given = {"TRIMTAB_TASK": " auth "}
    assert budgeting.join_by_variable(desk.store, "S1", given, NOON)
    assert not budgeting.join_by_variable(desk.store, "S1", given, NOON + 60)  # a resumed session
    assert desk.store.tasks() == {"S1": [(NOON, "auth")]}
    assert not budgeting.join_by_variable(desk.store, "S2", {}, NOON)


def test_what_is_used_may_be_unknown(desk: Desk) -> None:
    """An order is carried out though the usage book can't be read."""

    def broken() -> list[Account]:
        raise StoreError("can't read the usage book")

    counter = desk.counter._replace(accounts=broken)
    assert budgeting.set_budget(counter, "$20/day").startswith("Budget 1 is set")
    assert budgeting.raise_budget(counter, "+$5") == "Budget 1 is raised from $20: $25 a day for this project."


def test_every_order_that_an_answer_names_can_be_given(desk: Desk) -> None:
    """An order in a refusal that is refused itself would lead nowhere."""
    told = desk.set("$20/day", "400k")
    for number in re.findall(r"`/token-budget raise (\d) AMOUNT`", " ".join(told)):
        assert budgeting.raise_budget(desk.counter, f"{number} 1M" if number == "2" else f"{number} $30")
    assert desk.budget(1).measure is Measure.USD
    assert desk.budget(2).period == Period(Span.ONCE)


def test_minimums_that_do_not_fit_are_refused_as_they_are_set(desk: Desk) -> None:
    """Of a day's $20 the project keeps $15 at least; agents in it want $6 more beside the $9 that they are to keep."""
    desk.set("$20 a day for all my work", "$18 a day, at least $15")
    before = [desk.budget(1), desk.budget(2)]
    with pytest.raises(
        BudgetError,
        match=r"\$6\.00 \(the new one\) and \$15\.00 \(budget 2\), comes to \$21\.00: more than budget 1 has",
    ):
        desk.set("$10 a day for project /home/me/other, at least $6")
    with pytest.raises(BudgetError, match=r"more than budget 1 has, \$14\.00"):
        desk.set("$14 a day for all my work")
    with pytest.raises(BudgetError, match="more than budget 2 has"):
        desk.set("$19 a day for Explore agents in this project, at least $19")
    assert desk.store.budgets() == before
    desk.set(
        "$10 a day for Explore agents in this project, at least $9", "$5 a day for project /home/me/other, at least $5"
    )
    assert len(desk.store.budgets()) == 4  # the agents' $9 are of the project's $15
