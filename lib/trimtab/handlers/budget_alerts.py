"""Budgets that get tight, as findings of the monitor: raised where a request shows it, cleared when it is gone."""

from collections.abc import Callable, Iterable

from trimtab.budget import sentences
from trimtab.budget.terms import Account, Mode, Span, State
from trimtab.budget.words import say
from trimtab.monitor import alerts
from trimtab.monitor.alerts import BudgetUse, Finding, Period
from trimtab.records import Alert

Place = tuple[int, str]  # a budget and what of it is told of apart


class BudgetAlerts:
    """Which accounts were found tight. `accounts` are all that are current; StoreError where they can't be known."""

    def __init__(self, accounts: Callable[[], list[Account]]) -> None:
        self._accounts = accounts
        self._found: dict[Place, tuple[float, Account]] = {}  # the greatest share
        self._stopped: dict[tuple[int, str], int] = {}  # accounts that stop before their limit: it

    def news(self, accounts: Iterable[Account], share: float) -> list[Finding]:
        """Findings of accounts that have passed `share`, or the limit, since they were last looked at.

        A request that fits shows that an account stops no longer.
        """
        tight = []
        for account in accounts:
            self._stopped.pop((account.budget.id, account.key), None)
            place = place_of(account)
            known = self._found[place][0] if place in self._found else 0.0
            if account.share >= share and (known < share or account.share >= 1.0 > known):
                tight.append(account)
                self._found[place] = (account.share, account)
        return self._findings(tight, share)

    def stop(self, account: Account, share: float) -> list[Finding]:
        """Findings of an account that has stopped something, perhaps some time before its limit."""
        self._stopped[account.budget.id, account.key] = account.budget.limit
        place = place_of(account)
        self._found[place] = (max(1.0, account.share), account)
        return self._findings([account], share)

    def all(self, share: float, standing: Iterable[Alert] = ()) -> list[Finding]:
        """Findings of all accounts; of one that is no longer there that it is not tight any more.

        So of `standing` alerts of a budget that is over, paused, or has another limit now.
        """
        current: dict[Place, Account] = {}
        for account in sorted(self._accounts(), key=self._share):
            current[place_of(account)] = account
        gone = [account._replace(used=0) for place, (_, account) in self._found.items() if place not in current]
        self._found = {key: (self._share(a), a) for key, a in current.items() if self._share(a) >= share}
        kept = {(a.budget.id, a.key) for a in current.values() if self._is_stopping(a)}
        self._stopped = {key: limit for key, limit in self._stopped.items() if key in kept}
        found = self._findings([*current.values(), *gone], share)
        return [*found, *alerts.dropped(standing, alerts.BUDGET, {one.cause for one in found})]

    def _is_stopping(self, account: Account) -> bool:
        return self._stopped.get((account.budget.id, account.key)) == account.budget.limit

    def _share(self, account: Account) -> float:
        return max(1.0, account.share) if self._is_stopping(account) else account.share

    def _findings(self, accounts: Iterable[Account], share: float) -> list[Finding]:
        active = [account for account in accounts if account.budget.state is State.ACTIVE]
        return alerts.budget_findings([use_of(a, self._is_stopping(a)) for a in active], share)


def place_of(account: Account) -> Place:
    """Where an account is told of: agents that have one each are told of once a session."""
    budget, key = account.budget, account.key
    return budget.id, key.partition("/")[0] if budget.period.span is Span.RUN else key


def use_of(account: Account, is_stopping: bool) -> BudgetUse:
    budget = account.budget
    is_full = account.share >= 1.0
    said = sentences.nearly(account)
    if is_stopping or (is_full and budget.mode is Mode.STOP):
        said = sentences.stops_now(account)
    elif is_full:
        said = sentences.over(account)
    used = max(account.used, budget.limit) if is_stopping else account.used
    period = Period(place_of(account)[1] or f"budget {budget.id}", account.ends_at)
    return BudgetUse(say(budget), used, budget.limit, period, said)
