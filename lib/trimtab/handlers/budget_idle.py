"""What is done for budgets in idle moments beside the tallies: what was needed is learned, shares are written down."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from trimtab.budget.allocation import Allocation
from trimtab.budget.terms import Account
from trimtab.errors import BusyError
from trimtab.handlers.budget_needs import BudgetNeeds
from trimtab.handlers.budget_outlook import Outlook, by_period
from trimtab.handlers.budget_sharing import Shared, has_children, known_of, shared_out
from trimtab.handlers.purse import Purse

SHARE_S = 60.0  # chosen: between two plans; nothing is decided by what is written


class Shares:
    """How the budgets are shared out. One thread at a time; every method may raise StoreError."""

    def __init__(self, purse: Purse, needs: BudgetNeeds, clock: Callable[[], float]) -> None:
        self._purse, self._needs, self._clock = purse, needs, clock
        self._ledger = purse.books.ledger
        self._rests_until = float("-inf")

    def step(self) -> None:
        """A little of what can wait; nothing without a budget."""
        if not self._purse.is_on() or not self._needs.step(self._purse.books.tallies.book):
            return
        if time.monotonic() >= self._rests_until:
            self._rests_until = time.monotonic() + SHARE_S
            with suppress(BusyError):  # somebody decides just now: the next plan is written
                self.write()

    def outlook(self, accounts: Sequence[Account]) -> Outlook:
        """What the accounts, as `Purse.accounts` has just told them, come to by what is known of the past by now."""
        past, now = self._needs.past(), self._clock()
        return Outlook(
            by_period(accounts, past.uses, now), shared_out(known_of(self._purse.books), accounts, past, now)
        )

    def load(self) -> None:
        """Learns from all of the past, which may take a second."""
        while not self._needs.step(self._purse.books.tallies.book):
            pass

    def write(self) -> None:
        """Writes the plans that have changed into the ledger; what is over is closed."""
        plans: dict[int, list[Allocation]] = {}
        for shared in self._shared():
            plans.setdefault(shared.account.budget.id, []).extend(shared.rows)
        known: dict[int, list[Allocation]] = {}
        for row in self._ledger.decide(lambda store: store.allocations()):
            known.setdefault(row.constraint_id, []).append(row)
        for parent in {**known, **plans}:
            rows = plans.get(parent, [])
            if sorted(rows, key=key_of) != sorted(known.get(parent, []), key=key_of):
                self._write(parent, rows)

    def _shared(self) -> list[Shared]:
        if not has_children(self._purse.books.budgets()):
            return []
        accounts = self._purse.accounts(None)
        return shared_out(known_of(self._purse.books), accounts, self._needs.past(), self._clock())

    def _write(self, parent: int, rows: list[Allocation]) -> None:
        self._ledger.decide(lambda store: store.allocate(parent, rows, self._clock()))


def key_of(row: Allocation) -> tuple[str, str]:
    return row.period, row.child
