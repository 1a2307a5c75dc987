"""What `/token-report week by file` asks for, and its answer from the usage book, without a request to the model."""

import os
import textwrap
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from trimtab import groups
from trimtab.errors import StoreError, TrimtabError
from trimtab.monitor import grouping, pairs, pairs_report, parts_report, periods, spend, spend_report
from trimtab.monitor.periods import Period
from trimtab.monitor.report import WIDTH
from trimtab.monitor.summary import payers
from trimtab.prices import Book
from trimtab.store import Store
from trimtab.store.usage import UsageStore
from trimtab.usage import account as accounts
from trimtab.usage.account import BY, PARTS, Scope

MOST_REQUESTS = 6_000  # whose contexts are taken apart while the user waits: about 1.5 s
MOST_ROWS = 15
LOCKED_MS = 300  # how long an event waits for a sync that is writing
USUAL = "week"
ALL_BY = (*BY, pairs.BY)
TAKES = (
    "takes nothing (this session), `all`, a number of hours, or a time and `by` something:"
    f" a time is {periods.EXAMPLES}; by is {', '.join(ALL_BY)}; `all` after it means all projects"
)


class Words(NamedTuple):
    """What was asked for; `by` "" is the project's own ledger."""

    by: str
    period: Period | None
    is_all: bool


def understood(words: list[str], now: float) -> Words:
    """What the words ask for. Raises TrimtabError for a word that asks nothing."""
    by, period, is_all = "", None, False
    rest = iter(word.lower().removeprefix("--") for word in words if word != "--hours")
    for word in rest:
        if word == "by":
            by = next(rest, "")
            if by not in ALL_BY:
                raise TrimtabError(f"by {by!r}")
        elif word == "all":
            is_all = True
        elif word.isdecimal() and word.isascii() and len(word) < 8:
            period = periods.period(f"{int(word)}h", now)
        else:
            period = periods.period(word, now)
    return Words(by, period, is_all)


def answer(
    asked: Words, book_file: Path, project: str, prices: Book, now: float, own: groups.Members = ()
) -> list[str]:
    """The table's lines, or a sentence why there is none. `own` are the user's groups of agents."""
    period = asked.period or periods.period(USUAL, now)
    scope = Scope(None if asked.is_all else os.path.realpath(project), None, period.since, period.until)
    whose = f"{'all projects' if asked.is_all else 'this project'}, {period.name}"
    try:
        with UsageStore.open(book_file, readonly=True, busy_ms=LOCKED_MS) as store:
            account = accounts.account(store, scope, now)
            if not account.requests:
                around = accounts.nearest(store, scope.project) if scope.project else []
                return [f"No usage is recorded for {whose}.", *spend_report.nearest(around)]
            if asked.by in PARTS:
                if len(account.requests) > MOST_REQUESTS:
                    count = f"{len(account.requests):,} requests"
                    return [f"That takes long for {count}; in a terminal: trimtab report --by {asked.by}"]
                _, ledger = accounts.contexts(store, accounts.active(store, scope), prices, scope)
                found = grouping.grouped(ledger.parts, grouping.BY[asked.by], scope.holds)
                found = parts_report.within(found, scope.project)
                if not found.rows:
                    return [parts_report.nothing(asked.by, whose)]
                remarks = [spend_report.unpriced(account.requests, prices.usd)]
                return [whose, *parts_report.table(found, asked.by, MOST_ROWS), *filter(None, remarks)]
    except StoreError as exc:
        return [str(exc)]
    total = spend.add("all", account.requests, prices.usd)
    before = spend.add("before", account.before, prices.usd) if account.before else None
    rows = spend.spend(account.requests, asked.by, prices.usd, own=own)
    table = spend_report.table(rows, total, asked.by, MOST_ROWS)
    remarks = [spend_report.trend(total, before, period.name), spend_report.unpriced(account.requests, prices.usd)]
    return [whose, *table, *filter(None, remarks)]


def mailed(asked: Words, ledgers: Iterable[Path], prices: Book, now: float, own: groups.Members) -> list[str]:
    """The messages between agents that the ledgers have, as lines, or a sentence why there are none."""
    period = asked.period or periods.period(USUAL, now)
    whose = f"{'all projects' if asked.is_all else 'this project'}, {period.name}"
    try:
        found = [one for ledger in ledgers if ledger.is_file() for one in sent(ledger, period, prices)]
    except StoreError as exc:
        return [str(exc)]
    if not found:
        return [pairs_report.nothing(whose)]
    told = [line for table in pairs_report.tables(found, own) for line in (*table, "")]
    return [whose, *told, *(line for text in pairs_report.remarks(found) for line in textwrap.wrap(text, WIDTH))]


def sent(ledger: Path, period: Period, prices: Book) -> list[pairs.Sent]:
    """The messages of a period in a ledger. Raises StoreError."""
    since, until = period.since, period.until
    with Store.open(ledger, readonly=True, busy_ms=LOCKED_MS) as store:
        return pairs.sent(
            store.loads(None, since, until, with_folds=False),
            store.recoveries(None, since, until),
            store.additions(None, since, until),
            payers(store.requests(None, since, until), prices.relative),
            cache(store.factor_of),
            prices.input_usd,
        )
