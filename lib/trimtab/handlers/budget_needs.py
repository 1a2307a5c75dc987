"""What tasks and agents will likely need, in a budget's measure, learned from the usage book in idle moments.

A task is told as it begins, and while it runs by how far it is.

Nothing is read while there is no budget. Until all that is learned from was read once, and with too few tasks or runs
of the user's, there is no forecast.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from trimtab.budget import forecast
from trimtab.budget.forecast import Forecast, Learned, Start, Step
from trimtab.budget.terms import Measure
from trimtab.errors import StoreError
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.budget_sharing import Past
from trimtab.prices import Book
from trimtab.records import Request, prompt_tokens
from trimtab.usage import needs
from trimtab.usage.needs import Amount, Needs, Task

STEP_S = 0.1  # of an idle moment: no event waits longer (but for one long session's rows: 5 ms for 1,000 responses)
REST_S = 5.0  # chosen: between two looks for what is new
MOST_BEGUN = 64  # sessions
LEAST_BOUNDARIES = 2
Key = tuple[Measure, str, bool]  # the model "" where it does not matter; whether it is of what is still to come


class Begun(NamedTuple):
    """The task that a session is at: when its prompt came and of how many characters, what was in the context.

    `model` answered before, `before` is the task before it.
    """

    at: float
    characters: int
    context: int
    model: str
    before: Task | None


class Reached(NamedTuple):
    """How far it is: responses since, what they came to, the newest prompt in tokens."""

    requests: int
    spent: Amount
    context: int


class BudgetNeeds:
    """One thread at a time. `step` raises StoreError; where the book can't be read otherwise nothing is told."""

    def __init__(self, source: Bookkeeping, clock: Callable[[], float]) -> None:
        self._source, self._clock = source, clock
        self._book = Book()
        self._needs = Needs(self._book)
        self._learned: dict[Key, Learned | None] = {}
        self._rests_until = float("-inf")
        self._begun: OrderedDict[str, Begun] = OrderedDict()  # by session
        self._boundaries: dict[str, int] = {}
        self._reached: dict[str, Reached] = {}

    def step(self, book: Book) -> bool:
        """Reads a little of what is new; whether that was all. Other prices begin anew."""
        if book is not self._book:
            self._book, self._needs, self._rests_until = book, Needs(book), float("-inf")
            self._learned.clear()
        if time.monotonic() < self._rests_until:
            return True
        if self._needs.refresh(self._source.store(), STEP_S):
            wanted = list(self._learned)
            self._learned.clear()
            for key in wanted if self._needs.is_complete else ():  # so that no event has to: 3 to 24 ms each
                self._of(key, self._clock())
        if not self._needs.is_behind:
            self._rests_until = time.monotonic() + REST_S
        return not self._needs.is_behind

    def begin(self, session: str, characters: int) -> None:
        """A task begins with a prompt of so many characters."""
        self.forget(session)
        with suppress(StoreError):  # the purse tells that the book can't be read
            self._begun[session] = self._place(session, characters)
        while len(self._begun) > MOST_BEGUN:
            self.forget(next(iter(self._begun)))

    def forget(self, session: str) -> None:
        """Nothing more is to be told of the session's task."""
        for known in (self._begun, self._boundaries, self._reached):
            known.pop(session, None)

    def goes_on(self, session: str) -> bool:
        """The task's next request is about to be sent; whether it is looked at, as after 2, 4, 8 and so on of them."""
        begun = self._begun.get(session)
        if begun is None:
            return False
        count = self._boundaries[session] = self._boundaries.get(session, 0) + 1
        if count < LEAST_BOUNDARIES or not forecast.is_kept(count):
            return False
        with suppress(StoreError):
            total, requests, context = Amount(), 0, begun.context
            for request in self._source.requests(session, since=begun.at, until=float("inf")):
                total, requests = total.plus(request, self._book), requests + 1
                context = context if request.agent else prompt_tokens(request) or context
            self._reached[session] = Reached(requests, total, context)
            return requests > 0
        return False

    def at_start(self, measure: Measure, session: str) -> Forecast | None:
        """The need of the task that the session has begun."""
        begun = self._begun.get(session)
        if begun is None or not self._is_known(measure):
            return None
        learned = self._of(key_of(measure, begun, False), self._clock())
        return forecast.at_start(learned, self._start(begun, measure)) if learned is not None else None

    def under_way(self, measure: Measure, session: str) -> Forecast | None:
        """The whole need of the task, by how far it was when `goes_on` last looked."""
        begun, reached = self._begun.get(session), self._reached.get(session)
        if begun is None or reached is None or not self._is_known(measure):
            return None
        spent = needs.figure(reached.spent, measure)
        learned = self._of(key_of(measure, begun, True), self._clock()) if spent > 0 else None
        if learned is None:
            return None
        step = Step(reached.requests, spent, reached.context)
        return forecast.under_way(learned, self._start(begun, measure), step)

    def of_agent(self, measure: Measure, agent_type: str) -> Forecast | None:
        """The need of a new agent of a type."""
        if not self._is_known(measure):
            return None
        return forecast.of_agent(needs.agent_runs(self._needs.runs(self._clock()), measure), agent_type)

    def past(self) -> Past:
        """What was used and done, as far as it was read."""
        return Past(self._needs.uses(), self._needs.tasks(self._clock()))

    def _is_known(self, measure: Measure) -> bool:
        return self._needs.is_complete and measure is not Measure.CONTEXT

    def _of(self, key: Key, now: float) -> Learned | None:
        """What the past teaches, in USD as if all had been done with one model; learned anew after news."""
        if key not in self._learned:
            measure, model, is_rest = key
            tasks = self._needs.tasks(now)[-forecast.MOST_PAST :]
            learn = forecast.learned_steps if is_rest else forecast.learned
            self._learned[key] = learn(needs.past(tasks, measure, model, now, self._book))
        return self._learned[key]

    def _start(self, begun: Begun, measure: Measure) -> Start:
        before = 0.0
        if begun.before is not None:
            rate = needs.scale(begun.before.model, measure, begun.model, begun.at, self._book)
            before = needs.figure(begun.before.need, measure) * rate
        return Start(begun.characters, begun.before is None, begun.context, before)

    def _place(self, session: str, characters: int) -> Begun:
        """By the book as it is; a new session's model is that of the task that began last."""
        now, before = self._clock(), self._needs.newest(session)
        last = self._source.last(session, "", 1)
        if last:
            return Begun(now, characters, self._context(last[0]), last[0].model, before)
        known = self._needs.tasks(now)
        return Begun(now, characters, 0, known[-1].model if known else "", before)

    def _context(self, last: Request) -> int:
        """The prompt that the session's last response was to; 0 where it was compacted since."""
        since = self._source.arrivals(last.session, since=last.at, until=float("inf"))
        return 0 if any(a.what == "summary" and not a.agent for a in since) else prompt_tokens(last)


def key_of(measure: Measure, begun: Begun, is_rest: bool) -> Key:
    return measure, begun.model if measure is Measure.USD else "", is_rest
