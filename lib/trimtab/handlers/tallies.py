"""What was used of budgets, kept up to date from the usage book: also late, changed, and with a book that was replaced.

A response belongs to the prompt that was the session's last when it came; one of an agent to the prompt that was it
when the agent's first response came. It belongs to the named run that the session was of at its time. A response of
a book that is gone stays counted while this lives: its key is the same in the new one, so it counts once.
"""

import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

from trimtab.budget.expect import MOST_FIRSTS, Habits, habits_of
from trimtab.budget.scopes import MAIN
from trimtab.budget.tally import Conversation, Tally
from trimtab.budget.terms import Charge
from trimtab.prices import Book, Own
from trimtab.records import UNLISTED, Request, SessionTotal
from trimtab.store.budgets import Times
from trimtab.store.usage import LATE_S
from trimtab.usage.charging import charge_of

PAGE = 500  # rows between two looks at the clock: 12 ms (measured on a 2-core x86_64 Linux machine, 2026-11)
RECENT_S = 7200.0  # for what came since a reservation, which is an hour old at most
HABITS_S = 600.0  # chosen: between two looks at what the user's requests are like
FIRSTS, RECENT = 100, 2_000  # conversations and responses that habits are learned from, chosen
MOST_WHOLE = 256  # sessions that are known from their beginning
OWN_REQUESTS = 32  # of a conversation, that its next one is expected by


class Source(Protocol):
    """What is asked of the usage book; all raise StoreError."""

    def after(self, number: int, most: int, since: float = 0.0) -> list[tuple[int, Request]]: ...
    def before(self, number: int, most: int, since: float = 0.0) -> list[tuple[int, Request]]: ...
    def newest(self) -> int: ...
    def places(self) -> list[tuple[str, str, str, str]]: ...
    def last(self, session: str, agent: str, most: int) -> list[Request]: ...
    def firsts(self, most: int) -> list[Request]: ...
    def requests(self, session: str | None = None, *, since: float, until: float) -> list[Request]: ...
    def unlisted(self) -> list[Request]: ...
    def session_totals(self) -> list[SessionTotal]: ...
    def totals_state(self) -> tuple[int, float, float]: ...
    def file(self) -> tuple[int, int] | None: ...


class Tallies:
    """One thread at a time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.tally = Tally()
        self.is_complete = False  # whether all of the book was looked at
        self.is_replaced = False  # whether the book was another one at some time
        self.unpriced: set[str] = set()  # models
        self._own: tuple[Own, ...] = ()
        self.book = Book()
        self._seen = self._past = 0  # rows: all after the first, and those before the second, were not looked at
        self._since = float("inf")
        self._file: tuple[int, int] | None = None
        self._prompts: Times = {}
        self._tasks: Times = {}
        self._began: dict[Conversation, float] = {}  # when an agent's first response came
        self._last: dict[str, float] = {}  # by session
        self._stale: set[str] = set()  # sessions whose responses may belong elsewhere
        self._projects: dict[str, str] = {}
        self._types: dict[Conversation, str] = {}
        self._told: dict[Conversation, str] = {}  # of agents that the book knows no type of
        self._whole: OrderedDict[str, None] = OrderedDict()
        self._beyond: dict[str, Charge] = {}
        self._totals: tuple[int, float, float] | None = None
        self._beyond_at: dict[str, float] = {}  # by session, when the client told its total
        self._total_at: dict[str, float] = {}
        self._habits, self._habits_at, self._habits_newest = Habits(), float("-inf"), 0

    # Reading

    def catch_up(self, oldest: float, own: tuple[Own, ...], ends: float) -> bool:
        """Takes in what is new, then what was before, until the monotonic clock says `ends`; whether that was all.

        `oldest` is from when on responses matter. Other prices, or another book, are taken in from the beginning; what
        was known stays until then. Raises StoreError.
        """
        file, newest = self._source.file(), self._source.newest()
        is_other = file != self._file or newest < self._seen
        if is_other or own != self._own or oldest < self._since:
            self.is_replaced |= is_other and self._file is not None
            if own != self._own:
                self._own, self.book = own, Book(own)
            self._file, self._totals, self._since = file, None, min(oldest, self._since)
            self._seen, self._past, self.is_complete = newest, newest + 1, False
            self._whole.clear()
        is_new = True
        while is_new:
            rows = self._source.after(self._seen, PAGE)
            self._take(rows)
            self._seen = rows[-1][0] if rows else self._seen
            is_new = len(rows) == PAGE
            if is_new and time.monotonic() >= ends:
                return False
        while not self.is_complete:
            rows = self._source.before(self._past, PAGE, self._since)
            self._take(rows)
            self._past = rows[-1][0] if rows else 0
            self.is_complete = len(rows) < PAGE
            if time.monotonic() >= ends:
                break
        return self.is_complete

    def _take(self, rows: Sequence[tuple[int, Request]]) -> None:
        for _, request in rows:
            self._count(request)
        self._place_anew()

    def whole(self, session: str) -> None:
        """Takes in all of a session, also from before `oldest`. Raises StoreError."""
        if session not in self._whole:
            self._whole[session] = None
            for request in self._source.requests(session, since=float("-inf"), until=float("inf")):
                self._count(request)
            self._place_anew()
            self._totals = None
        self._whole.move_to_end(session)
        while len(self._whole) > MOST_WHOLE:
            self._whole.popitem(last=False)

    def look_beyond(self, wants_times: bool = False) -> None:
        """Takes in what the client counted beyond its responses, if that may have changed. Raises StoreError.

        With `wants_times` also when it did so, for `total_at`; it takes nearly as long again. Such a sum has a key of
        its own and is replaced, or dropped, as a whole: it never adds to an older one.
        """
        state = self._source.totals_state()
        if wants_times:
            self._total_at = {total.session: total.at for total in self._source.session_totals()}
        if state == self._totals:
            return
        found = {charge.key: charge for charge in map(self._charge, self._source.unlisted())}
        for key in self._beyond.keys() - found.keys():
            self.tally.drop(key)
        for charge in found.values():
            if charge.at >= self._since or charge.session in self._whole:
                self.tally.put(charge)
        self._beyond, self._totals = found, state
        self._beyond_at = {charge.session: charge.at for charge in found.values()}

    def total_at(self, session: str) -> float:
        """When the client told its total of a session, as of the last look; before all times where it has not."""
        return self._total_at.get(session, float("-inf"))

    def look_at_places(self) -> None:
        """Takes in what was learned of sessions and agents without another response of theirs. Raises StoreError."""
        for session, agent, kind, project in self._source.places():
            if session in self._projects and self._projects[session] != project:
                self._projects[session] = project
                self._stale.add(session)
            if (session, agent) in self._types and self._types[session, agent] != kind:
                self._types[session, agent] = kind
                self._stale.add(session)
        self._place_anew()

    def forget(self, oldest: float, now: float) -> None:
        """Drops what does not matter any more."""
        self._since = max(oldest, self._since) if self._since < float("inf") else self._since
        self.tally.forget(self._since, now - RECENT_S, self._whole)

    def habits(self, now: float) -> Habits:
        """What the user's requests are like: looked at now and then, and while little is known after all that is new.

        Raises StoreError.
        """
        newest = self._source.newest()
        is_more = len(self._habits.firsts) < MOST_FIRSTS and newest != self._habits_newest
        if is_more or abs(now - self._habits_at) >= HABITS_S:
            recent = self._source.after(newest - RECENT, RECENT)
            self._habits = habits_of(self._source.firsts(FIRSTS), [request for _, request in recent])
            self._habits_at, self._habits_newest = now, newest
        return self._habits

    def own(self, session: str, agent: str) -> list[Request]:
        """The last responses of a conversation. Raises StoreError."""
        return self._source.last(session, agent, OWN_REQUESTS)

    # Places

    def place(self, prompts: Times, tasks: Times) -> None:
        """What is known of prompts and named runs by now; what came before counts where it belongs by that."""
        if prompts is not self._prompts or tasks is not self._tasks:  # of 20,000 prompts a look takes 10 ms (measured)
            self._stale |= changed(self._prompts, prompts, self._last) | changed(self._tasks, tasks, self._last)
            self._prompts, self._tasks = prompts, tasks
        self._place_anew()

    def prompt_of(self, session: str, agent: str, at: float) -> str:
        """The prompt that a request at this time is for; "" where none is known."""
        return at_time(self._prompts.get(session, ()), self._began.get((session, agent), at) if agent else at)

    def task_of(self, session: str, at: float) -> str:
        return at_time(self._tasks.get(session, ()), at)

    def project_of(self, session: str) -> str:
        """The folder that the session ran in by the book; "" where that is not known."""
        return self._projects.get(session, "")

    def type_of(self, session: str, agent: str, told: str) -> str:
        """What an agent is by the book; where that is not known what it is told to be, which then holds here too."""
        if not self._types.get((session, agent)) and self._told.get((session, agent), "") != told:
            self._told[session, agent] = told
            self._stale.add(session)
            self._place_anew()
        return self._kind(session, agent)

    def _kind(self, session: str, agent: str) -> str:
        return self._types.get((session, agent)) or self._told.get((session, agent), "")

    def _count(self, request: Request) -> None:
        session, agent = request[:2]
        last = self._last.get(session)
        self._last[session] = request.at if last is None else max(last, request.at)
        began = self._began.get((session, agent))
        if agent and (began is None or request.at < began):
            self._began[session, agent] = request.at
        is_moved = self._projects.get(session, request.project) != request.project
        is_moved |= self._types.get((session, agent), request.agent_type) != request.agent_type
        is_moved |= began is not None and request.at < began and session in self._prompts
        self._projects[session], self._types[session, agent] = request.project, request.agent_type
        charge = self._charge(request)
        if charge.at >= self._since or session in self._whole or charge.key in self.tally:
            self.tally.put(charge)
        if request.at <= self._beyond_at.get(session, float("-inf")) + LATE_S:
            self._totals = None  # a response that was a part of the client's sum alone until now
        if is_moved:
            self._stale.add(session)

    def _charge(self, request: Request) -> Charge:
        session, agent, at = request.session, request.agent, request.at
        charge = charge_of(request, self.book, self.prompt_of(session, agent, at), self.task_of(session, at))
        if not charge.is_priced:
            self.unpriced.add(request.model)
        if request.agent == UNLISTED:  # the main conversation's: it is compacted, it is given a title
            return charge._replace(agent_type=MAIN)
        return charge if request.agent_type or not agent else charge._replace(agent_type=self._kind(session, agent))

    def _place_anew(self) -> None:
        """Counts the responses of sessions of which more is known now where they belong."""
        stale, self._stale = self._stale, set()
        for charge in self.tally.charges(stale) if stale else ():
            session = charge.session
            made = charge._replace(
                project=self._projects.get(session, charge.project),
                prompt=self.prompt_of(session, charge.agent, charge.at),
                task=self.task_of(session, charge.at),
            )
            kind = self._kind(session, charge.agent)
            self.tally.put(made._replace(agent_type=kind) if charge.agent and kind else made)


def at_time(times: Sequence[tuple[float, str]], at: float) -> str:
    """What held at a time; "" before the first."""
    number = bisect_right(times, at, key=lambda entry: entry[0])
    return times[number - 1][1] if number else ""


def changed(before: Times, now: Times, last: Mapping[str, float]) -> set[str]:
    """The sessions where what came by now (`last` is when) may belong elsewhere."""
    found = set()
    for session in before.keys() | now.keys():
        old, new = before.get(session, ()), now.get(session, ())
        if session not in last:
            continue
        others = set(old) ^ set(new)
        if others and min(others)[0] <= last[session]:
            found.add(session)
    return found
