"""What tasks and agents will likely need, in a budget's measure, learned from the usage book in idle moments.

Nothing is read while there is no budget. Until all that is learned from was read once, and with too few tasks or runs
of the user's, there is no forecast.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from trimtab.budget import forecast
from trimtab.budget.forecast import Forecast, Learned, Start
from trimtab.budget.terms import Measure
from trimtab.errors import StoreError
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.budget_sharing import Past
from trimtab.prices import Book
from trimtab.records import Request, prompt_tokens
from trimtab.usage import needs
from trimtab.usage.needs import Needs, Task

STEP_S = 0.1  # of an idle moment: no event waits longer (but for one long session's rows: 5 ms for 1,000 responses)
REST_S = 5.0  # chosen: between two looks for what is new


class Place(NamedTuple):
    """Where a prompt is given: what the conversation has of context, which model answers, and the task before."""

    context: int
    model: str
    before: Task | None


class BudgetNeeds:
    """One thread at a time. `step` raises StoreError."""

    def __init__(self, source: Bookkeeping, clock: Callable[[], float]) -> None:
        self._source, self._clock = source, clock
        self._book: Book | None = None
        self._needs = Needs(Book())
        self._learned: dict[tuple[Measure, str], Learned | None] = {}
        self._rests_until = float("-inf")

    def step(self, book: Book) -> bool:
        """Reads a little of what is new; whether that was all. Other prices begin anew."""
        if book is not self._book:
            self._book, self._needs, self._rests_until = book, Needs(book), float("-inf")
            self._learned.clear()
        if time.monotonic() < self._rests_until:
            return True
        if self._needs.refresh(self._source.store(), STEP_S):
            self._learned.clear()
        if not self._needs.is_behind:
            self._rests_until = time.monotonic() + REST_S
        return not self._needs.is_behind

    def at_start(self, measure: Measure, session: str, characters: int) -> Forecast | None:
        """The need of the task that begins with a prompt of so many characters."""
        if not self._is_known(measure):
            return None
        try:
            now, place = self._clock(), self._place(session)
        except StoreError:  # the purse tells that the book can't be read
            return None
        learned = self._of(measure, place.model, now)
        if learned is None:
            return None
        before = 0.0
        if place.before is not None:
            rate = needs.scale(place.before.model, measure, place.model, now, self._prices)
            before = needs.figure(place.before.need, measure) * rate
        return forecast.at_start(learned, Start(characters, place.before is None, place.context, before))

    def of_agent(self, measure: Measure, agent_type: str) -> Forecast | None:
        """The need of a new agent of a type."""
        if not self._is_known(measure):
            return None
        return forecast.of_agent(needs.agent_runs(self._needs.runs(self._clock()), measure), agent_type)

    def past(self) -> Past:
        """What was used and done, as far as it was read."""
        return Past(self._needs.uses(), self._needs.tasks(self._clock()))

    @property
    def _prices(self) -> Book:
        return self._book or Book()

    def _is_known(self, measure: Measure) -> bool:
        return self._needs.is_complete and measure is not Measure.CONTEXT

    def _of(self, measure: Measure, model: str, now: float) -> Learned | None:
        """What the past teaches, in USD as if all had been done with `model`; learned anew after news (3 ms)."""
        key = (measure, model if measure is Measure.USD else "")
        if key not in self._learned:
            tasks = self._needs.tasks(now)[-forecast.MOST_PAST :]
            self._learned[key] = forecast.learned(needs.past(tasks, measure, model, now, self._prices))
        return self._learned[key]

    def _place(self, session: str) -> Place:
        """By the book as it is; a new session's model is that of the task that began last."""
        before = self._needs.newest(session)
        last = self._source.last(session, "", 1)
        if last:
            return Place(self._context(last[0]), last[0].model, before)
        known = self._needs.tasks(self._clock())
        return Place(0, known[-1].model if known else "", before)

    def _context(self, last: Request) -> int:
        """The prompt that the session's last response was to; 0 where it was compacted since."""
        since = self._source.arrivals(last.session, since=last.at, until=float("inf"))
        return 0 if any(a.what == "summary" and not a.agent for a in since) else prompt_tokens(last)
