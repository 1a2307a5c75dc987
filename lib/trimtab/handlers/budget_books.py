"""All that a decision about budgets goes by, at a moment: the budgets, what was used of them, prices, the time.

What can't be known is not guessed: it is told the user once, as a sentence, and what was known before goes on.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from glob import escape
from pathlib import Path

from trimtab import paths, settings
from trimtab.budget.expect import Habits
from trimtab.budget.gate import Current
from trimtab.budget.periods import OF_EACH, window
from trimtab.budget.scopes import with_members
from trimtab.budget.tally import Conversation
from trimtab.budget.terms import Budget, Measure, Span
from trimtab.budget.words import say
from trimtab.errors import BudgetError, BusyError, StoreError
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.budget_ledger import BudgetLedger
from trimtab.handlers.tallies import RECENT_S, Tallies
from trimtab.records import Request
from trimtab.store.budgets import Sum

READ_S = 0.25  # for the asking session's transcripts, about 25 MB; chosen
LOAD_S = 0.25  # of an event, for the tallies; chosen
LOCKED_S = 0.02  # while others wait for the ledger: what has come since
STEP_S = 0.25  # in an idle moment, one a second; chosen: no event waits longer
BEYOND_S = 600.0  # chosen, as `costs`: between two looks at what the client counted beyond its responses (0.5 s)
PLACES_S = 30.0  # chosen: between two looks at where sessions ran and what agents are (2 ms for 3,000 of them)
SUMS_S = 10.0  # chosen: between two times that what was used is written down
FORGET_S = 3600.0  # chosen: between two looks at what does not matter any more
LOADING = "budgets are still being added up from your history; until that is done a limit may be passed"
MISSING = 3  # chosen: so many in a row are no delay
LIVE_S = 5 * 3600.0  # a session's account is current for so long after its last response: the client's window
JUMP_S = 3600.0  # of a clock, which the user is told; chosen


def steady_s() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps where the system has such a one."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Books:
    """One thread at a time. Methods raise StoreError where the ledger can't be used and nothing is known of it."""

    def __init__(
        self,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        book: Bookkeeping,
        note: Callable[[str], None],
        steady: Callable[[], float],
    ) -> None:
        self._config = paths.user_folder(environment) / paths.CONFIG
        self.source = book
        self._clock, self._note, self._steady = clock, note, steady
        self.ledger = BudgetLedger(environment, self.doubt)
        self.tallies = Tallies(book)
        self.transcripts: dict[str, Path | None] = {}  # by session
        self._said: set[str] = set()
        self.missing: dict[Conversation, int] = {}  # responses in a row that must have come and were not there
        self._doubts: list[str] = []
        self._clocks: tuple[float, float] | None = None
        self._user: tuple[tuple[int, int] | None, settings.Settings] | None = None
        self._beyond_at = self._forgot_at = self._places_at = self._kept_at = float("-inf")
        self._added_up: set[int] = set()  # budgets
        self._kept: list[Sum] = []

    def catch_up(self, sessions: Collection[str], most_s: float) -> bool:
        """Brings the tallies up to date, for about so long at most; whether they are. What can't be read is told.

        Of these sessions all is taken in where a budget is of each session, prompt or run.
        """
        now, tallies = self.now(), self.tallies
        currents = self.currents(now)
        tallies.tally.follow((current.budget, current.window.since) for current in currents)
        tallies.place(self.ledger.prompts, self.ledger.tasks)
        if self._forgot_at == float("-inf"):
            self._forgot_at = now
            tallies.forget(self._oldest(now), now)
        try:
            done = tallies.catch_up(self._oldest(now), self._users().prices, time.monotonic() + most_s)
            if any(current.budget.period.span in OF_EACH for current in currents):
                for each in sessions:
                    tallies.whole(each)
        except StoreError as exc:
            self.doubt(f"the usage book can't be read, budgets go by what was known before: {exc}")
            return False
        if done:
            self._added_up, tallies.tally.least = {current.budget.id for current in currents}, {}
        elif not self._lean_on_sums(currents) and sessions:
            self.doubt(LOADING)
        if tallies.is_replaced:
            self.doubt("the usage book was replaced: what it had stays counted until Trimtab is started anew")
        if tallies.unpriced and any(current.budget.measure is Measure.USD for current in currents):
            names = ", ".join(sorted(tallies.unpriced))
            self.doubt(
                f"no price is known of {names}: budgets in USD count it by the dearest price that is known; write its"
                f" own as [[prices]] in {self._config}"
            )
        return done

    def _lean_on_sums(self, currents: Sequence[Current]) -> bool:
        """While budgets are added up, what a daemon before wrote down is the least; whether it did of all of them."""
        open_ones = [c for c in currents if c.budget.id not in self._added_up and has_sum(c.budget)]
        written = {each.budget: each for each in self.ledger.decide(lambda store: store.sums())} if open_ones else {}
        known = [c for c in open_ones if c.budget.id in written and is_of(written[c.budget.id], c)]
        self.tallies.tally.least = {c.budget.id: written[c.budget.id].used for c in known}
        return len(known) == len(open_ones)

    def _keep_sums(self, now: float) -> None:
        """Writes down what was used, for the daemon that comes after this one."""
        self._kept_at = now
        tally, summed = self.tallies.tally, [c for c in self.currents(now) if has_sum(c.budget)]
        sums = [Sum(c.budget.id, tally.used(c.budget, ""), c.window.until) for c in summed]
        if sums != self._kept:
            with suppress(BusyError):  # somebody decides just now: the next time
                self.ledger.decide(lambda store: store.keep_sums(sums))
                self._kept = sums

    def budgets(self) -> list[Budget]:
        """All, with who is in a group by the user's own file as it is now; a project's could loosen a budget."""
        return with_members(self.ledger.budgets, self._users().groups)

    def currents(self, now: float) -> list[Current]:
        found = []
        for budget in self.budgets():
            try:
                found.append(Current(budget, window(budget.period, now, budget.made_at)))
            except BudgetError as exc:
                self.doubt(f"the budget {say(budget)!r} is not in force: {exc}")
        return found

    def _oldest(self, now: float) -> float:
        spans = [(c.budget.period.span in OF_EACH, c.window.since) for c in self.currents(now)]
        return min([now, *(now - LIVE_S if is_of_each else since for is_of_each, since in spans)]) - RECENT_S

    def step(self) -> bool:
        """A little of what can wait: the history, and what the client counted beyond it; whether that was all."""
        now = self.now()
        if not self.catch_up((), STEP_S):
            return False
        self.tallies.habits(now)  # so that no event has to
        if abs(now - self._kept_at) >= SUMS_S:
            self._keep_sums(now)
        if abs(now - self._places_at) >= PLACES_S:
            self._places_at = now
            self.tallies.look_at_places()
        if abs(now - self._beyond_at) >= BEYOND_S:
            self._beyond_at = now
            self.tallies.look_beyond(any(r.is_assumed for r in self.ledger.reservations))
        if abs(now - self._forgot_at) >= FORGET_S:
            self._forgot_at = now
            self.tallies.forget(self._oldest(now), now)
        return True

    def doubts(self) -> list[str]:
        """The sentences for the user since the last call."""
        found, self._doubts = self._doubts, []
        return found

    def read_session(self, session: str, ends: float | None = None) -> bool:
        """Reads a session's transcripts into the usage book; whether all that there is was read.

        For READ_S at most, or until the monotonic clock says `ends`. Of a session that this daemon did not hear of they
        are where the book says, or beside those of another.
        """
        ends = time.monotonic() + READ_S if ends is None else ends
        try:
            path = self.transcripts.get(session) or self.source.transcript(session) or self._beside(session)
            if path is None:
                return True
            while not (done := self.source.read(path)) and time.monotonic() < ends:
                pass
        except StoreError as exc:
            self.doubt(f"the usage book can't be written, budgets go by what was known before: {exc}")
            return False
        return done

    def _beside(self, session: str) -> Path | None:
        """The session's main transcript in the client's folder, as far as that is known from another session's."""
        for projects in {path.parent.parent for path in self.transcripts.values() if path is not None}:
            found = list(projects.glob(f"*/{escape(session)}.jsonl"))
            if found:
                return found[0]
        return None

    def doubt_missing(self, conversation: Conversation, transcript: Path | None, is_read: bool) -> None:
        """A response that must have come is not in the book: on a busy machine it may come a moment later."""
        session = conversation[0]
        self.missing[conversation] = self.missing.get(conversation, 0) + 1
        if not is_read:
            self.doubt(
                f"session {session} has more history than can be read within {READ_S} s: what its last"
                " requests were expected to use counts as spent until it is read; `trimtab usage sync` reads it at once"
            )
        elif self.missing[conversation] >= MISSING:
            self.doubt(
                f"the client writes no usage of session {session} where it can be read ({transcript}): what its"
                " requests were expected to use counts as spent until their usage is there"
            )

    def history(self, session: str, agent: str, now: float) -> tuple[list[Request], Habits]:
        """The conversation's last responses, and what the user's are like; none where the book can't be read."""
        try:
            return self.tallies.own(session, agent), self.tallies.habits(now)
        except StoreError as exc:
            self.doubt(f"the usage book can't be read, budgets go by what was known before: {exc}")
            return [], Habits()

    def _users(self) -> settings.Settings:
        """What the user's own file says, read again when it has changed."""
        try:
            found = self._config.stat()
            seen = (found.st_mtime_ns, found.st_size)
        except OSError:
            seen = None
        if self._user is None or self._user[0] != seen:
            self._user = (seen, settings.load([self._config], {})[0])
        return self._user[1]

    def now(self) -> float:
        """The time; a jump of the clock is told."""
        now, steady = self._clock(), self._steady()
        if self._clocks is not None:
            jump = (now - self._clocks[0]) - (steady - self._clocks[1])
            if abs(jump) >= JUMP_S:
                where = "forward" if jump > 0 else "back"
                self.doubt(
                    f"the clock was set {where} by {abs(jump) / 3600:.1f} hours: budgets of days, weeks, months and"
                    " windows go by the new time, and count what is stamped later too"
                )
        self._clocks = (now, steady)
        return now

    def doubt(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._doubts.append(text)
            self._note(text)


def has_sum(budget: Budget) -> bool:
    """Whether it has one account, of which a sum is kept."""
    return budget.period.span not in OF_EACH and budget.measure is not Measure.CONTEXT


def is_of(written: Sum, current: Current) -> bool:
    """Whether what was written down is a part of what is used now: a window that rolls has lost some of it since."""
    is_same_period = written.until == current.window.until and current.budget.period.span is not Span.ROLLING
    return is_same_period and written.used > 0
