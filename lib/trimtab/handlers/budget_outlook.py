"""What budgets come to: what will be used by a period's end, and how each is shared out."""

import random
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from trimtab.budget.periods import CALENDAR, zone_of
from trimtab.budget.scopes import applies
from trimtab.budget.tally import amount
from trimtab.budget.terms import Account, Charge, Measure
from trimtab.handlers.budget_sharing import Shared
from trimtab.monitor import forecast
from trimtab.monitor.forecast import Forecast, Use

Which = tuple[int, str]  # a budget's number and its account's key


class Outlook(NamedTuple):
    """`periods` are by account, of those that have a forecast; `shared` is each account that is shared out."""

    periods: Mapping[Which, Forecast] = MappingProxyType({})
    shared: Sequence[Shared] = ()


def which(account: Account) -> Which:
    return account.budget.id, account.key


def by_period(accounts: Iterable[Account], uses: Sequence[Charge], now: float) -> dict[Which, Forecast]:
    """The forecasts of those accounts that have one; `uses` as `usage.needs` tells them."""
    told = ((which(account), of_period(account, uses, now)) for account in accounts)
    return {key: found for key, found in told if found is not None}


def of_period(account: Account, uses: Iterable[Charge], now: float) -> Forecast | None:
    """What will be used by the end of a day, week or month, in the budget's unit; its three figures are known.

    None of other periods, of a prompt's size, and with too little history of its own. What was used so far is the
    account's: the history may not have all of it.
    """
    budget, period = account.budget, account.budget.period
    if period.span not in CALENDAR or budget.measure is Measure.CONTEXT:
        return None
    zone = zone_of(period.zone)
    own = [Use(use.at, float(amount(budget.measure, use))) for use in uses if applies(budget, use)]
    days = forecast.days_of(own, now, zone)
    chance = random.Random(f"{budget.id} {account.key}")  # so that two looks at one moment say the same
    found = forecast.forecast(period.span.value, days, now, zone, chance)
    if found.low is None or found.middle is None or found.high is None:
        return None
    more = account.used - found.so_far
    return found._replace(
        so_far=float(account.used), low=found.low + more, middle=found.middle + more, high=found.high + more
    )
