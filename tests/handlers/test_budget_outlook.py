"""What a period will come to, by the budget's own past and what its account has."""

import pytest

from trimtab.budget.terms import EVERYTHING, Account, Budget, Charge, Level, Measure, Period, Scope, Span
from trimtab.handlers.budget_outlook import by_period, of_period

NOON = 1_796_040_000.0  # 2026-11-30T12:00Z, a Monday
DAY_S = 86_400.0


def account(used: int, scope: Scope = EVERYTHING, span: Span = Span.DAY, measure: Measure = Measure.OUTPUT) -> Account:
    budget = Budget(1, Level.GLOBAL, scope, measure, 1_000, Period(span, 0.0, "UTC"))
    return Account(budget, "2026-11-30", used, began_at=NOON - DAY_S / 2)


def use(days: int, hours: float, output: int, project: str = "/a") -> Charge:
    return Charge("", "s", "", "main", project, NOON - days * DAY_S + hours * 3600, 0, output, 0, 0)


def days(count: int, project: str = "/a") -> list[Charge]:
    """Of each day before 100 in the morning and 300 in the afternoon, today the morning's."""
    found = [use(day, hours, output, project) for day in range(count, 0, -1) for hours, output in ((-3, 100), (4, 300))]
    return [*found, use(0, -3, 100, project)]


def test_the_rest_of_a_day_is_added_to_what_its_account_has() -> None:
    """Every afternoon 300 came, so 300 will; the account has 130, of which the history knows 100."""
    found = of_period(account(130), days(14), NOON)
    assert found is not None
    assert found.so_far == 130
    assert found.middle == pytest.approx(430)
    assert found.low is not None
    assert 130 < found.low <= 431


def test_only_its_own_past_counts() -> None:
    """The other project's days are no history of this one."""
    other = days(14, "/b")
    assert of_period(account(0, Scope(project="/a")), other, NOON) is None
    both = of_period(account(100, Scope(project="/a")), [*other, *days(14)], NOON)
    assert both is not None
    assert both.middle == pytest.approx(400)


def test_nothing_is_told_of_little_history_other_periods_and_prompts() -> None:
    assert of_period(account(1), days(3), NOON) is None
    assert of_period(account(1, span=Span.SESSION), days(14), NOON) is None
    assert of_period(account(1, measure=Measure.CONTEXT), days(14), NOON) is None
    assert list(by_period([account(1, span=Span.MONTH), account(1)], days(13), NOON)) == [(1, "2026-11-30")]


def test_two_looks_say_the_same() -> None:
    assert of_period(account(130), days(14), NOON) == of_period(account(130), days(14), NOON)
