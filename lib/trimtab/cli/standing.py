"""What is used of each budget by now, for commands: by the rules of the daemon's decisions, without deciding."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from trimtab import paths
from trimtab.budget.terms import Account
from trimtab.cli import book as books
from trimtab.errors import StoreError
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.budget_books import LOADING
from trimtab.handlers.purse import Purse
from trimtab.store.budgets import BudgetStore

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
    if not store.budgets():
        return []
    with books.opened(environment):
        pass
    with opened(environment) as purse:
        is_done, found = purse.step(), purse.accounts(None)
        for doubt in purse.doubts():
            if doubt != LOADING or not is_done:
                print(f"trimtab: {doubt}", file=sys.stderr)
        return found


def current(environment: Mapping[str, str] = os.environ) -> list[Account]:
    """All accounts that are current; none where no budget was ever set, or its ledger can't be read (that is told)."""
    path = paths.user_folder(environment) / paths.USER_LEDGER
    if not path.is_file():
        return []
    try:
        with BudgetStore.open(path, readonly=True) as store:
            return accounts(store, environment)
    except StoreError as exc:
        print(f"trimtab: budgets are left out: {exc}", file=sys.stderr)
        return []
