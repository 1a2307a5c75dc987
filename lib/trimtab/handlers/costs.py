"""What the user has spent lately by the usage book, kept up to date for little, also where the book learns of it late.

Sums are of quarters of an hour. A quarter in which a response came or changed is read anew; a first sync may bring
months of them, which takes several calls. What the client counted beyond its responses (`UsageStore.unlisted`) is asked
for where a session's total is new, now and then: that takes longer.
"""

import time
from collections.abc import Sequence
from typing import Protocol

from trimtab.monitor.forecast import Use
from trimtab.prices import Book, Own
from trimtab.records import Request

BUCKET_S = 900.0  # costs are kept by the quarter of an hour: all zones' days begin with one
MOST_DAYS, DAY_S = 85, 86_400.0  # what the forecast uses, and today
PAGE = 4_000  # rows that are looked at in one query: about 4 ms
TOTALS_S = 600.0  # chosen: between two questions for what responses don't tell


class Spending(Protocol):
    """What is asked of the usage book; all raise StoreError."""

    def requests(self, *, since: float, until: float) -> list[Request]: ...
    def unlisted(self) -> list[Request]: ...
    def newest(self) -> int: ...
    def changed(self, after: int, most: int) -> list[tuple[int, float]]: ...
    def totals_state(self) -> tuple[int, float, float]: ...


class Costs:
    """The costs of the last MOST_DAYS. One thread at a time."""

    def __init__(self, source: Spending) -> None:
        self._source = source
        self._begin(())

    def _begin(self, own: tuple[Own, ...]) -> None:
        self._own, self._book = own, Book(own)
        self._seen = 0  # the last row that was looked at
        self._sums: dict[float, float] = {}  # USD by the quarter's begin
        self._stale: set[float] = set()
        self._beyond: Sequence[Request] = ()
        self._totals: tuple[int, float, float] | None = None
        self._asked = float("-inf")
        self.is_complete = False

    def catch_up(self, own: tuple[Own, ...], now: float, most_s: float) -> bool:
        """Takes in what is new, for about so many seconds; whether that was all. Other prices begin anew."""
        if own != self._own or self._source.newest() < self._seen:  # a new book's rows count from 1
            self._begin(own)
        ends = time.monotonic() + most_s
        oldest = now - MOST_DAYS * DAY_S
        self._sums = {at: usd for at, usd in self._sums.items() if at >= oldest}
        self.is_complete = self._look(oldest, ends) and self._add_up(ends)
        if self.is_complete and abs(now - self._asked) >= TOTALS_S:
            self._asked = now
            state = self._source.totals_state()
            if state != self._totals:
                self._totals = state
                self._beyond = [request for request in self._source.unlisted() if request.at >= oldest]
        return self.is_complete

    def uses(self) -> list[Use]:
        """USD and when."""
        beyond = [Use(request.at, self._book.usd(request) or 0.0) for request in self._beyond]
        return [*(Use(at, usd) for at, usd in self._sums.items()), *beyond]

    def _look(self, oldest: float, ends: float) -> bool:
        """Finds the quarters that are to be read."""
        while True:
            rows = self._source.changed(self._seen, PAGE)
            for _, at in rows:
                bucket = at - at % BUCKET_S
                if at >= oldest:
                    self._stale |= {bucket, *({bucket + BUCKET_S} & self._sums.keys())}  # times may have become earlier
            self._seen = rows[-1][0] if rows else self._seen
            if len(rows) < PAGE:
                return True
            if time.monotonic() >= ends:
                return False

    def _add_up(self, ends: float) -> bool:
        for bucket in sorted(self._stale, reverse=True):
            found = self._source.requests(since=bucket, until=bucket + BUCKET_S)
            self._sums[bucket] = sum(self._book.usd(request) or 0.0 for request in found)
            self._stale.discard(bucket)
            if time.monotonic() >= ends:
                break
        return not self._stale
