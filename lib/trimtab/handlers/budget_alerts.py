"""Budgets that get tight, as findings of the monitor: raised at once where a request shows it, cleared as it is gone."""

from collections.abc import Callable, Iterable

from trimtab.budget import sentences
from trimtab.budget.terms import Account, Mode, State
from trimtab.budget.words import say
from trimtab.monitor import alerts
from trimtab.monitor.alerts import BudgetUse, Finding, Period


class BudgetAlerts:
    """Which accounts were found tight. `accounts` are all that are current; StoreError where they can't be known."""

    def __init__(self, accounts: Callable[[], list[Account]]) -> None:
        self._accounts = accounts
        self._found: dict[tuple[int, str], tuple[float, Account]] = {}  # by budget and period: the greatest share

    def news(self, accounts: Iterable[Account], share: float) -> list[Finding]:
        """Findings of accounts that have passed `share`, or the limit, since they were last looked at."""
        tight = []
        for account in accounts:
            key = (account.budget.id, account.key)
            known = self._found[key][0] if key in self._found else 0.0
            if account.share >= share and (known < share or account.share >= 1.0 > known):
                tight.append(account)
                self._found[key] = (account.share, account)
        return findings(tight, share)

    def all(self, share: float) -> list[Finding]:
        """Findings of all accounts; of one that is no longer there that it is not tight any more."""
        current = {(account.budget.id, account.key): account for account in self._accounts()}
        gone = [account._replace(used=0) for key, (_, account) in self._found.items() if key not in current]
        self._found = {key: (a.share, a) for key, a in current.items() if a.share >= share}
        return findings([*current.values(), *gone], share)


def findings(accounts: Iterable[Account], share: float) -> list[Finding]:
    return alerts.budget_findings([use_of(a) for a in accounts if a.budget.state is State.ACTIVE], share)


def use_of(account: Account) -> BudgetUse:
    budget = account.budget
    said = sentences.over(account) if budget.mode is Mode.WARN and account.share >= 1.0 else sentences.nearly(account)
    period = Period(account.key or f"budget {budget.id}", account.ends_at)
    return BudgetUse(say(budget), account.used, budget.limit, period, said)
