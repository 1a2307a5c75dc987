"""Whether a request fits: what is used, reserved and kept for others counts; pauses and warnings stop nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.budget import allocation, gate
from trimtab.budget.gate import Current
from trimtab.budget.periods import window
from trimtab.budget.tally import Tally
from trimtab.budget.terms import (
    EVERYTHING,
    Budget,
    Charge,
    Level,
    Measure,
    Mode,
    Period,
    Reservation,
    Scope,
    Span,
    State,
)

NOW = 1_000_000.0
EXPLORE = Scope(agent_type="Explore")


def limit(number: int, most: int, scope: Scope = EVERYTHING, span: Span = Span.ONCE, **fields: object) -> Budget:
    made = Budget(number, Level.GLOBAL, scope, Measure.OUTPUT, most, Period(span))
    return made._replace(**fields)  # type: ignore[arg-type]  # whatever a test narrows


def charge(output: int, agent: str = "", kind: str = "main", at: float = NOW, **fields: object) -> Charge:
    made = Charge(f"s/{agent}", "s", agent, kind, "/p", at, 0, output, 100, 0, "q")
    return made._replace(**fields)  # type: ignore[arg-type]


def tally_of(budgets: list[Budget], *charges: Charge) -> tuple[Tally, list[Current]]:
    currents = [Current(b, window(b.period, NOW, b.made_at)) for b in budgets]
    tally = Tally()
    tally.follow((c.budget, c.window.since) for c in currents)
    for number, each in enumerate(charges):
        tally.put(each._replace(key=f"m{number}"))
    return tally, currents


def refused(budgets: list[Budget], asked: Charge, *spent: Charge, held: tuple[Reservation, ...] = ()) -> int:
    """The number of the budget that refuses, 0 where none does."""
    tally, currents = tally_of(budgets, *spent)
    accounts = gate.accounts_of(tally, currents, [gate.held(tally, r) for r in held], asked)
    found = gate.refusing(accounts, asked, NOW)
    return 0 if found is None else found.budget.id


def test_a_limit_is_reached_exactly() -> None:
    """60 are spent and 30 reserved of 100: 10 more fit, 11 do not."""
    other = Reservation(charge(30, "a", "Plan"))
    assert refused([limit(1, 100)], charge(10), charge(60), held=(other,)) == 0
    assert refused([limit(1, 100)], charge(11), charge(60), held=(other,)) == 1


def test_what_came_of_a_reservation_is_spent_and_not_reserved_too() -> None:
    """25 of the 30 came: 60 + 25 + 5 leave 10; where more came than was reserved, nothing is left of it."""
    other = Reservation(charge(30, "a", "Plan", at=NOW - 10))
    came = charge(25, "a", "Plan", at=NOW - 5)
    assert refused([limit(1, 100)], charge(10), charge(60), came, held=(other,)) == 0
    assert refused([limit(1, 100)], charge(11), charge(60), came, held=(other,)) == 1
    assert refused([limit(1, 100)], charge(5), charge(60), came._replace(output=35), held=(other,)) == 0
    earlier = came._replace(at=NOW - 11)  # of a request before
    assert refused([limit(1, 100)], charge(1), charge(60), earlier, held=(other,)) == 1


def test_all_that_apply_must_take_it_and_the_one_that_lacks_most_is_named() -> None:
    budgets = [limit(1, 1000), limit(2, 10), limit(3, 50), limit(4, 1, EXPLORE)]
    assert refused(budgets, charge(60)) == 2  # lacks 50 of 10; the third 10 of 50
    assert refused(budgets[2:], charge(50)) == 0
    assert refused(budgets, charge(50, "a", "explore")) == 4


@pytest.mark.parametrize(
    ("fields", "is_stopping"),
    [
        ({}, True),
        ({"mode": Mode.WARN}, False),
        ({"state": State.PAUSED}, False),
        ({"state": State.PAUSED, "paused_until": NOW + 1}, False),
        ({"state": State.PAUSED, "paused_until": NOW}, True),
        ({"state": State.CLOSED}, False),
    ],
)
def test_what_stops(fields: dict[str, object], is_stopping: bool) -> None:
    budget = limit(1, 5)._replace(**fields)  # type: ignore[arg-type]  # of its own
    assert refused([budget], charge(6)) == int(is_stopping)


def test_a_minimum_is_kept_for_whom_it_is_for() -> None:
    """40 of 100 are Explore agents': others have 60; of the 40, 15 are used and 5 reserved, so 20 are kept."""
    budgets = [limit(1, 100), limit(2, 80, EXPLORE, minimum=40)]
    assert refused(budgets, charge(60)) == 0
    assert refused(budgets, charge(61)) == 1
    assert refused(budgets, charge(80, "a", "Explore")) == 0
    spent, held = charge(15, "a", "Explore"), Reservation(charge(5, "b", "Explore"))
    assert refused(budgets, charge(60), spent, held=(held,)) == 0
    assert refused(budgets, charge(61), spent, held=(held,)) == 1
    used_up = charge(50, "a", "Explore")
    assert refused(budgets, charge(50), used_up) == 0


def test_a_minimum_of_each_run_is_kept_once() -> None:
    budgets = [limit(1, 100), limit(2, 80, EXPLORE, Span.RUN, minimum=40)]
    assert refused(budgets, charge(61)) == 1
    running = Reservation(charge(30, "a", "Explore"))
    assert refused(budgets, charge(60), held=(running,)) == 0
    assert refused(budgets, charge(61), held=(running,)) == 1


def test_the_size_of_a_context_is_the_expected_prompt_s() -> None:
    budget = limit(1, 100, measure=Measure.CONTEXT)
    assert refused([budget], charge(0), charge(0), charge(0)) == 0
    assert refused([budget], charge(0, context=101)) == 1
    tally, currents = tally_of([budget], charge(0, context=70), charge(0, "a", at=NOW + 1, context=90))
    (account,) = gate.accounts_of(tally, currents, [], charge(0))
    assert account.used == 70
    assert gate.account(tally, currents[0], [], "").used == 90  # of the newest conversation
    later = currents[0]._replace(window=currents[0].window._replace(since=NOW + 9))
    assert gate.account(tally, later, [], "").used == 90  # a request is refused by it, whenever the budget was set


def test_each_account_has_its_key_and_its_window() -> None:
    budgets = [limit(1, 9, span=Span.RUN), limit(2, 9, span=Span.PROMPT), limit(3, 9, span=Span.DAY)]
    budgets[2] = budgets[2]._replace(period=Period(Span.DAY, 0.0, "UTC"))
    tally, currents = tally_of(budgets)
    accounts = gate.accounts_of(tally, currents, [], charge(1, "a", "Plan"))
    assert [(a.key, a.began_at, a.ends_at) for a in accounts] == [
        ("s/a", 0.0, None),
        ("s/q", 0.0, None),
        ("1970-01-12", 950_400.0, 1_036_800.0),
    ]
    assert [a.budget.id for a in gate.accounts_of(tally, currents, [], charge(1, prompt=""))] == [1, 3]


def test_what_is_assumed_counts_as_spent_in_its_own_window() -> None:
    day = limit(1, 100)._replace(period=Period(Span.DAY, 0.0, "UTC"))
    tally, currents = tally_of([day])

    def used(at: float) -> tuple[int, int]:
        hold = gate.held(tally, Reservation(charge(30, at=at), 0, True))
        account = gate.account(tally, currents[0], [hold], "")
        return account.used, account.reserved

    assert used(NOW) == (30, 0)
    assert used(950_399.0) == (0, 0)
    tally.put(charge(7, at=NOW + 1))
    assert used(NOW) == (7, 0)


def test_assumed_ones_of_an_hour_are_one() -> None:
    first = gate.assumed(Reservation(charge(30), 7), [])
    assert (first.charge.key, first.charge.output, first.is_assumed) == ("s/#277", 30, True)
    more = gate.assumed(Reservation(charge(12, at=NOW + 9), 7), [first])
    assert (more.charge.key, more.charge.output, more.charge.at) == ("s/#277", 42, NOW + 9)


@pytest.mark.parametrize(
    ("age_s", "is_alive", "is_over"),
    [
        (3600.0, True, False),
        (3601.0, True, True),
        (900.0, None, False),
        (901.0, None, True),
        (1.0, False, True),
    ],
)
def test_when_a_reservation_ends_by_itself(age_s: float, is_alive: bool | None, is_over: bool) -> None:
    held = Reservation(charge(30, at=NOW - age_s), 7)
    assert gate.is_over(Tally(), held, NOW, is_alive, float("-inf")) is is_over


def test_one_that_was_answered_ends_some_seconds_later() -> None:
    held = Reservation(charge(30, at=NOW - 60), 7)
    for age_s, is_over in ((9.0, False), (10.0, True), (60.0, False)):
        tally, _ = tally_of([], charge(5, at=NOW - age_s))
        assert gate.is_over(tally, held, NOW, True, float("-inf")) is is_over


def test_one_that_is_assumed_ends_by_a_later_response_or_the_client_s_total() -> None:
    held = Reservation(charge(30, at=NOW - 7200), 7, True)
    assert not gate.is_over(Tally(), held, NOW, True, NOW - 7200)
    assert gate.is_over(Tally(), held, NOW, False, NOW - 7200)  # the client is gone: nothing comes any more
    assert gate.is_over(Tally(), held, NOW, True, NOW - 7199)
    tally, _ = tally_of([], charge(5, at=NOW - 7199))
    assert gate.is_over(tally, held, NOW, True, float("-inf"))


def test_minimums_within_a_child_are_kept_from_all_others_and_not_twice() -> None:
    """Of 100 the project's 30 are kept, in which 20 are its Explore agents'; in the project itself only these 20."""
    project = limit(2, 90, Scope(project="/p"), minimum=30)
    budgets = [limit(1, 100), project, limit(3, 80, Scope(project="/p", agent_type="Explore"), minimum=20)]
    assert refused(budgets, charge(70, project="/elsewhere")) == 0
    assert refused(budgets, charge(71, project="/elsewhere")) == 1
    assert refused(budgets, charge(70)) == 0  # 90 less 20
    assert refused(budgets, charge(71)) == 2
    without = [budgets[0], project._replace(minimum=0, limit=1_000), budgets[2]]
    assert refused(without, charge(81, project="/elsewhere")) == 1  # a grandchild's is kept too
    assert refused(without, charge(81)) == 1


def test_minimums_that_do_not_fit_are_short_by_the_same() -> None:
    """30 of 100 are left, and Explore lacks 40, Plan 20: both are short by 15, so 25 and 5 are kept."""
    plan = Scope(agent_type="Plan")
    budgets = [limit(1, 100), limit(2, 80, EXPLORE, minimum=40), limit(3, 80, plan, minimum=20)]
    used = charge(70)
    assert refused(budgets, charge(1), used) == 1
    assert refused(budgets, charge(25, "a", "Explore"), used) == 0
    assert refused(budgets, charge(26, "a", "Explore"), used) == 1
    assert refused(budgets, charge(5, "a", "Plan"), used) == 0
    assert refused(budgets, charge(6, "a", "Plan"), used) == 1


SCOPES = [
    Scope(project="/p"),
    EXPLORE,
    Scope(project="/p", agent_type="Explore"),
    Scope(project="/p/a"),
    Scope(agent_type="Plan"),
]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 24), min_size=5, max_size=5),
    st.lists(st.tuples(st.sampled_from(["main", "Explore", "Plan"]), st.sampled_from(["/p", "/p/a", "/q"]),
                       st.integers(1, 40)), max_size=25),
)  # fmt: skip
def test_nobody_uses_up_what_is_kept_for_another(minimums: list[int], asked: list[tuple[str, str, int]]) -> None:
    """Whatever is asked for: what is left of each budget holds all minimums that are not used yet, of whomever.

    All of them fit: five times 24 are 120.
    """
    budgets = [limit(1, 120)]
    for number, (scope, minimum) in enumerate(zip(SCOPES, minimums, strict=True), 2):
        budgets.append(limit(number, 100, scope, minimum=minimum))
    for each in budgets:
        allocation.check_all(budgets, each.id)
    spent: list[Charge] = []
    for kind, project, output in asked:
        request = charge(output, "" if kind == "main" else "a", kind, project=project)
        if refused(budgets, request, *spent) == 0:
            spent.append(request)
        tally, currents = tally_of(budgets, *spent)
        lacks = [gate.lacking(tally, current, []) for current in currents]
        for current in currents:
            left = gate.account(tally, current, [], "").left
            assert left >= sum(each.minimum for each in allocation.keepers(current.budget, lacks))
