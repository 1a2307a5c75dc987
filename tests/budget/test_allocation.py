"""A budget's money is shared out exactly, minimums are kept, and what nobody uses flows back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.budget import allocation
from trimtab.budget.allocation import ELSE, Allocation, Child, check, children_of, closed, likely, plan, rests, room
from trimtab.budget.terms import Account, Budget, Level, Measure, Period, Scope, Span, State
from trimtab.errors import BudgetError

MONTH = Period(Span.MONTH)


def budget(number: int, limit: int, level: Level = Level.PROJECT, **more: Any) -> Budget:
    return Budget(number, level, Scope(), Measure.BILLED, limit, MONTH)._replace(**more)


def parent(limit: int, used: int = 0, reserved: int = 0) -> Account:
    return Account(budget(1, limit, Level.GLOBAL), "2026-11", used, reserved)


def parts(rows: tuple[Allocation, ...]) -> dict[str, int]:
    return {row.child: row.allocated for row in rows}


def test_minimums_come_first_then_needs_then_everything_else() -> None:
    """850 of 1000 are left: 100 were used by a, 50 by none of them. b lacks 200 of its minimum, a needs 300."""
    children = [Child("a", used=100, need=300), Child("b", minimum=200)]
    rows = plan(parent(1000, used=150), children, {"a": 0.5})
    assert rows == (
        Allocation(1, "a", "2026-11", 400, 100, 300, "active", 0.5),
        Allocation(1, "b", "2026-11", 200, 0, 200, "active", None),
        Allocation(1, ELSE, "2026-11", 400, 50, 350, "active", None),
    )


def test_needs_that_do_not_fit_are_met_by_need_times_priority() -> None:
    """90 for needs of 60 and 60, the second of twice the priority: 30 and 60."""
    assert parts(plan(parent(90), [Child("a", need=60), Child("b", need=60, priority=2.0)])) == {
        "a": 30,
        "b": 60,
        ELSE: 0,
    }


def test_what_one_does_not_need_goes_to_the_others() -> None:
    """Of 100 by priority 9 to 1 the first would get 90 and needs 20: the second gets 80 of its 200."""
    children = [Child("a", need=20, priority=90.0), Child("b", need=200)]
    assert parts(plan(parent(100), children)) == {"a": 20, "b": 80, ELSE: 0}


def test_own_limit_bounds_a_part() -> None:
    assert parts(plan(parent(100, used=10), [Child("a", used=10, need=80, limit=30)])) == {"a": 30, ELSE: 70}


def test_single_units_go_by_largest_remainder_then_priority_then_order() -> None:
    """10 by 1 : 1 : 1 are 3 each; the one that is left goes to the first. 11 by 2 : 1 : 1 are 5.5, 2.75, 2.75."""
    assert parts(plan(parent(10), [Child(name, need=50) for name in "abc"])) == {"a": 4, "b": 3, "c": 3, ELSE: 0}
    children = [Child("a", need=100), Child("b", need=50), Child("c", need=50)]
    assert parts(plan(parent(11), children)) == {"a": 5, "b": 3, "c": 3, ELSE: 0}


def test_overspent_parent_has_nothing_left_and_stays_whole() -> None:
    """120 used of 100, by 90 and 30: 75 and 25."""
    rows = plan(parent(100, used=120), [Child("a", used=90, minimum=95, need=40)])
    assert parts(rows) == {"a": 75, ELSE: 25}
    assert [(row.available, row.status) for row in rows] == [(0, "exhausted"), (0, "exhausted")]


def test_minimums_that_no_longer_fit_are_short_by_the_same() -> None:
    """30 are left, and 40, 20 and 5 lacking: the two are short by 15. Of 31 the greater priority has one more."""
    children = [Child("a", minimum=40), Child("b", minimum=20, priority=2.0), Child("c", minimum=5)]
    assert parts(plan(parent(100, used=70), children)) == {"a": 25, "b": 5, "c": 0, ELSE: 70}
    assert parts(plan(parent(100, used=69), children)) == {"a": 25, "b": 6, "c": 0, ELSE: 69}
    assert [room(parent(100, used=69), children, name) for name in ("a", "b", "c", ELSE)] == [25, 6, 0, 0]
    twins = [Child("a", minimum=2), Child("b", minimum=2)]
    assert parts(plan(parent(100, used=99), twins)) == {"a": 1, "b": 0, ELSE: 99}


def test_room_leaves_others_minimums() -> None:
    children = [Child("a", used=10, minimum=30), Child("b", minimum=50, limit=60), Child("c", used=5, minimum=5)]
    account = parent(100, used=15, reserved=5)
    assert [room(account, children, name) for name in ("a", "b", "c", ELSE)] == [30, 60, 10, 10]


def test_a_child_without_a_need_may_go_on_while_there_is_something() -> None:
    """Its part is used up, which is no reason to call it exhausted; by its own limit it is."""
    rows = plan(parent(100, used=20), [Child("a", used=20), Child("b", need=50)])
    assert [(row.available, row.status) for row in rows] == [(0, "active"), (50, "active"), (30, "active")]
    assert plan(parent(100, used=20), [Child("a", used=20, limit=20)])[0].status == "exhausted"


def test_what_is_over_keeps_what_was_used() -> None:
    rows = closed(plan(parent(100, used=20), [Child("a", used=20, need=50)]))
    assert [(row.child, row.allocated, row.used, row.available, row.status) for row in rows] == [
        ("a", 20, 20, 0, "closed"),
        (ELSE, 0, 0, 0, "closed"),
    ]


def test_children_are_the_next_below_of_the_same_measure() -> None:
    everything = budget(1, 1000, Level.GLOBAL)
    project = budget(2, 500, scope=Scope(project="/a"))
    its_agent = budget(3, 100, Level.AGENT, scope=Scope(project="/a", agent_type="Explore"))
    agent = budget(4, 100, Level.AGENT, scope=Scope(agent_type="Plan"), priority=3.0)
    twin = budget(5, 50, scope=Scope(project="/a"), minimum=20)
    money = budget(6, 9, scope=Scope(project="/b"), measure=Measure.USD)
    gone = budget(7, 9, scope=Scope(project="/c"), state=State.CLOSED)
    known = [everything, project, its_agent, agent, twin, money, gone]
    assert children_of(everything, known) == [agent, twin]  # the twin has a minimum to keep
    assert children_of(project, known) == [its_agent]
    assert children_of(agent, known) == []


def test_minimums_over_the_limit_are_refused_with_what_to_do() -> None:
    children = [budget(2, 900, minimum=700), budget(0, 900, minimum=400_000)]
    check(budget(1, 400_700, Level.GLOBAL), children)
    with pytest.raises(
        BudgetError, match=r"700 \(budget 2\) and 400k \(the new one\), comes to 401k: more than budget 1"
    ):
        check(budget(1, 400_000, Level.GLOBAL), children)
    with pytest.raises(BudgetError, match=r"Keep 700 less or raise budget 1$"):
        check(budget(1, 400_000, Level.GLOBAL), children)


def test_need_is_what_three_of_four_past_periods_needed_from_here_on() -> None:
    """Days of 100 s. After 40 s of each 30, 0 and 7 came; what is exactly at a day's end is of the next."""
    days = [(0.0, 100.0), (100.0, 200.0), (200.0, 300.0)]
    uses = [(39.0, 5), (40.0, 10), (99.0, 20), (100.0, 3), (260.0, 7), (300.0, 99)]
    assert rests(uses, days, 40.0) == [30, 0, 7]
    assert rests(uses, [(-100.0, 0.0), *days], 40.0) == [30, 0, 7]  # nothing was recorded before the first use
    assert likely([30, 0, 7]) == 30
    assert [likely([1, 2, 3, 4]), likely([9, 9])] == [3, 0]


def test_past_periods_are_the_newest_and_end_before_this_one() -> None:
    def since_of(at: float) -> float:
        return at // 100 * 100

    found = allocation.periods_before(since_of, 1_250.0)
    assert (found[0], found[-1], len(found)) == ((1100.0, 1200.0), (0.0, 100.0), 12)


amounts = st.integers(0, 10**12)
some_children = st.lists(
    st.builds(
        Child,
        st.just(""),
        amounts,
        amounts,
        amounts,
        st.sampled_from([0.0, 0.1, 1.0, 1.0, 2.5, 1e6]),
        st.one_of(st.none(), amounts),
    ),
    max_size=6,
).map(lambda found: [child._replace(name=str(n)) for n, child in enumerate(found)])


@given(st.integers(1, 10**12), amounts, amounts, some_children)
def test_parts_add_up_to_the_limit_whatever_is_asked(
    limit: int, used: int, reserved: int, children: list[Child]
) -> None:
    account = parent(limit, used, reserved)
    rows = plan(account, children)
    assert sum(row.allocated for row in rows) == limit
    assert all(row.allocated >= 0 and row.available >= 0 for row in rows)
    assert rows == plan(account, children)
    total = max(used + reserved, sum(child.used for child in children))
    if limit - total >= sum(child.lacks for child in children):
        for row, child in zip(rows[:-1], children, strict=True):
            assert row.allocated >= max(child.used, child.minimum)


class Books:
    """A parent and children whose money is spent as `room` allows; what an invariant needs is looked at each time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.elsewhere = 0
        self.children: dict[str, Child] = {}
        self.made = 0

    @property
    def account(self) -> Account:
        return parent(self.limit, self.elsewhere + sum(child.used for child in self.children.values()))

    def rows(self) -> dict[str, Allocation]:
        return {row.child: row for row in plan(self.account, list(self.children.values()))}

    def add(self, minimum: int, need: int, priority: float) -> None:
        wanted = [budget(2, self.limit, minimum=child.minimum) for child in self.children.values()]
        wanted.append(budget(0, self.limit, minimum=minimum))
        if sum(one.minimum for one in wanted) > self.limit:
            with pytest.raises(BudgetError):
                check(self.account.budget, wanted)
            return
        check(self.account.budget, wanted)
        self.made += 1
        self.children[str(self.made)] = Child(str(self.made), 0, need, minimum, priority)

    def spend(self, name: str, share: float) -> None:
        before = self.rows()
        others = {n: c for n, c in self.children.items() if n != name}
        amount = int(room(self.account, list(self.children.values()), name) * share)
        if name == ELSE:
            self.elsewhere += amount
        else:
            self.children[name] = self.children[name]._replace(used=self.children[name].used + amount)
        after = self.rows()
        for other, child in others.items():  # no one takes what is kept for another
            assert min(after[other].available, child.lacks) >= min(before[other].available, child.lacks)

    def remove(self, name: str) -> None:
        """What it had and did not use is the others'."""
        before = self.rows()
        gone = self.children.pop(name)
        self.elsewhere += gone.used
        after = self.rows()
        assert sum(row.available for row in after.values()) == sum(row.available for row in before.values())

    def end(self) -> None:
        """A new period: nothing is used yet."""
        self.elsewhere = 0
        self.children = {name: child._replace(used=0) for name, child in self.children.items()}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 500), st.integers(0, 900), st.sampled_from([0.5, 1.0, 3.0])),
        st.tuples(st.just("spend"), st.integers(0, 5), st.floats(0, 1)),
        st.tuples(st.just("remove"), st.integers(0, 5)),
        st.tuples(st.just("end")),
        st.tuples(st.just("raise"), st.integers(0, 300)),
        st.tuples(st.just("need"), st.integers(0, 5), st.integers(0, 900)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 1000), steps)
def test_any_history_keeps_the_three_promises(limit: int, history: list[tuple[object, ...]]) -> None:
    """Never more than the parent; no minimum taken by another; what is not used comes back."""
    books = Books(limit)
    for what, *given_ in history:
        names = [*books.children, ELSE]
        name = names[int(str(given_[0])) % len(names)] if given_ and what in ("spend", "remove", "need") else ELSE
        if what == "add":
            books.add(int(str(given_[0])), int(str(given_[1])), float(str(given_[2])))
        elif what == "spend":
            books.spend(name, float(str(given_[1])))
        elif what == "remove" and name != ELSE:
            books.remove(name)
        elif what == "end":
            books.end()
        elif what == "raise":
            books.limit += int(str(given_[0]))
        elif what == "need" and name != ELSE:
            books.children[name] = books.children[name]._replace(need=int(str(given_[1])))
        rows = books.rows()
        assert sum(row.allocated for row in rows.values()) == books.limit
        assert sum(row.used for row in rows.values()) == books.account.used <= books.limit
        assert all(row.allocated == row.used + row.available for row in rows.values())
