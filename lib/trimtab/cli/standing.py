"""What is used of each budget by now, for commands: by the rules of the daemon's decisions, without deciding."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from trimtab import paths
from trimtab.budget.terms import Account
from trimtab.cli import book as books
from trimtab.errors import StoreError
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.budget_books import LOADING
from trimtab.handlers.budget_idle import Shares
from trimtab.handlers.budget_needs import BudgetNeeds
from trimtab.handlers.budget_outlook import Outlook
from trimtab.handlers.purse import Purse
from trimtab.store.budgets import BudgetStore

Found = TypeVar("Found")
LOADING_S = 60.0  # chosen: for a long history; a month takes about a second


@contextmanager
def opened(environment: Mapping[str, str] = os.environ) -> Iterator[Purse]:
    """A purse that has added up the usage book. StoreError where the ledger can't be read."""
    book = Bookkeeping(environment, lambda fault: print(f"trimtab: {fault}", file=sys.stderr))
    purse = Purse(environment, time.time, book, lambda doubt: None)  # noqa: ARG005 - whoever opens it tells them
    try:
        ends = time.monotonic() + LOADING_S
        while not purse.step() and time.monotonic() < ends:
            pass
        yield purse
    finally:
        purse.close()
        book.close()


def accounts(store: BudgetStore, environment: Mapping[str, str] = os.environ) -> list[Account]:
    """All accounts that are current, after what is new in the transcripts was read. Raises StoreError."""
    return asked(environment, lambda purse: purse.accounts(None)) if store.budgets() else []


def ahead(store: BudgetStore, environment: Mapping[str, str] = os.environ) -> tuple[list[Account], Outlook]:
    """As `accounts`, with what they will come to and how they are shared out. Raises StoreError."""
    return asked(environment, outlook) if store.budgets() else ([], Outlook())


def outlook(purse: Purse) -> tuple[list[Account], Outlook]:
    """The accounts and what they come to, when all that is learned from was read (a second at most)."""
    found = purse.accounts(None)
    shares = Shares(purse, BudgetNeeds(purse.books.source, time.time), time.time)
    shares.load()
    return found, shares.outlook(found)


def asked(environment: Mapping[str, str], ask: Callable[[Purse], Found]) -> Found:
    """What a purse says that has read what is new; its doubts are told."""
    with books.opened(environment):
        pass
    with opened(environment) as purse:
        is_done, found = purse.step(), ask(purse)
        for doubt in purse.doubts():
            if doubt != LOADING or not is_done:
                print(f"trimtab: {doubt}", file=sys.stderr)
        return found


def current(environment: Mapping[str, str] = os.environ) -> tuple[list[Account], Outlook]:
    """As `ahead`; none where no budget was ever set, or its ledger can't be read (that is told)."""
    path = paths.user_folder(environment) / paths.USER_LEDGER
    if not path.is_file():
        return [], Outlook()
    try:
        with BudgetStore.open(path, readonly=True) as store:
            return ahead(store, environment)
    except StoreError as exc:
        print(f"trimtab: budgets are left out: {exc}", file=sys.stderr)
        return [], Outlook()
