"""Budgets as the page has them."""

from datetime import date, timezone

from trimtab.budget.terms import EVERYTHING, Account, Budget, Level, Measure, Period, Span
from trimtab.cli.page.sources import budget_of
from trimtab.monitor.forecast import Forecast

NOON = 1_796_040_000.0  # 2026-11-30T12:00Z


def test_a_forecast_is_in_the_unit_of_its_budget() -> None:
    """$31 are forecast of a month's $40, of which $12 are used; without a forecast none is shown."""
    budget = Budget(1, Level.GLOBAL, EVERYTHING, Measure.USD, 40_000_000, Period(Span.MONTH, 0.0, "UTC"))
    account = Account(budget, "2026-11", 12_000_000, began_at=NOON - 29.5 * 86_400, ends_at=NOON + 43_200)
    told = Forecast("month", date(2026, 11, 30), 12e6, 25e6, 31e6, 40e6, 20, 14)
    row = budget_of(account, told, timezone.utc)
    assert (row.unit, row.limit, row.used, row.forecast) == ("USD", 40.0, 12.0, 31.0)
    assert budget_of(account, None, timezone.utc).forecast is None
