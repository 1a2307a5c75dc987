"""The experiment as the events meet it: assigns new sessions, says which are shown everything whole, ends by itself.

Nothing here may disturb an event: where the file of experiments can't be used, the fault is noted once and the session
is as it was. Without an experiment the cost is one look for the file for each session.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from trimtab import paths, settings
from trimtab.errors import StoreError
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.events import Event, text
from trimtab.monitor import experiment as arithmetic
from trimtab.monitor.experiment import Study
from trimtab.prices import Book
from trimtab.records import Arrival, Assignment, Experiment, IntegrationMode, Outcome, Request
from trimtab.settings import Settings
from trimtab.store.experiments import ExperimentStore
from trimtab.store.usage import UsageStore
from trimtab.usage.sync import sync_session

LOCKED_MS = 300  # how long an event waits for another process that writes
LOOK_S = 600.0  # chosen: between two looks at the result
CONTINUED = ("resume", "compact")  # sources of a SessionStart that begins nothing new
WHOLE = "experiment: shown whole"


class Told(Protocol):
    """The usage book, as far as outcomes need it; both raise StoreError."""

    def requests(self, session: str, *, since: float, until: float) -> list[Request]: ...
    def arrivals(self, session: str, *, since: float, until: float) -> list[Arrival]: ...


def units(request: Request, book: Book) -> float:
    """A response's price in prices of one uncached input token of its model."""
    short, hour = (book.relative(request.model, lasts_hour, request.at) for lasts_hour in (False, True))
    writes = short.write * request.write_5m_tokens + hour.write * request.write_1h_tokens
    return request.input_tokens + writes + short.read * request.read_tokens + short.output * request.output_tokens


def outcome(given: Assignment, told: Told, environment: Mapping[str, str]) -> Outcome:
    """What a session did, its subagents included, at the prices that are set for its project. Raises StoreError."""
    chosen, _ = settings.load(paths.config_files(Path(given.project), environment), environment)
    book, until = Book(chosen.prices), given.at + arithmetic.WINDOW_S
    requests = told.requests(given.session, since=given.at, until=until)
    arrivals = told.arrivals(given.session, since=given.at, until=until)
    return arithmetic.outcome(given, requests, arrivals, book.usd, lambda request: units(request, book))


def is_pending(experiment: Experiment, given: Assignment, now: float) -> bool:
    """Whether a session's outcome can be worked out and will count."""
    ends = now if experiment.ended_at is None else min(now, experiment.ended_at)
    return given.touched_at is not None and arithmetic.is_over(given, ends)


def pending(store: ExperimentStore, experiment: Experiment, now: float) -> list[Assignment]:
    """The sessions that are over and have no outcome yet. Raises StoreError."""
    known = store.outcomes(experiment.id)
    over = [given for given in store.assignments(experiment.id) if is_pending(experiment, given, now)]
    return [given for given in over if given.session not in known]


def collect(
    store: ExperimentStore, experiment: Experiment, now: float, book: UsageStore, environment: Mapping[str, str]
) -> None:
    """Records the outcomes of all sessions that are over, when the book has read all of each. Raises StoreError."""
    for given in pending(store, experiment, now):
        synced = sync_session(book, transcript_of(given))
        while synced.size_bytes and not synced.is_complete:
            synced = sync_session(book, transcript_of(given))
        if synced.is_complete:  # else it is being written to: next time
            store.add_outcomes([outcome(given, book, environment)])


def transcript_of(given: Assignment) -> Path:
    return Path(given.transcript_path or "/nowhere")


def study(store: ExperimentStore, experiment: Experiment, now: float) -> Study:
    """What the experiment says now. Raises StoreError."""
    return arithmetic.study(experiment, store.assignments(experiment.id), store.outcomes(experiment.id), now)


def settle(store: ExperimentStore, experiment: Experiment, now: float) -> Study:
    """What it says now; where that is clear, the experiment is over. Raises StoreError."""
    found = study(store, experiment, now)
    if experiment.ended_at is not None or found.verdict == arithmetic.OPEN:
        return found
    why = arithmetic.conclusion(found)
    store.end(experiment.id, now, why)
    return found._replace(experiment=experiment._replace(ended_at=now, why=why))


class Trial:
    """What the desk asks about sessions. One thread at a time; `complain` takes a fault's text."""

    def __init__(
        self,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        complain: Callable[[str], None],
        book: Bookkeeping,
    ) -> None:
        self._environment, self._clock, self._complain, self._book = environment, clock, complain, book
        self._path = paths.user_folder(environment) / paths.EXPERIMENT
        self._opened: ExperimentStore | None = None
        self._known: dict[str, Assignment | None] = {}
        self._looked: float | None = None

    def begin(self, event: Event, settings: Settings, is_new: bool) -> None:
        """A session's first event here; where it is new altogether and an experiment runs, it gets an arm."""
        if event.session in self._known:  # its ledger was begun anew
            return
        try:
            self._known[event.session] = self._assigned(event, settings, is_new)
        except StoreError as exc:
            self._fail(exc)

    def is_off(self, session: str) -> bool:
        """Whether the session is shown everything whole now."""
        given = self._known.get(session)
        if given is None or not given.is_off:
            return False
        try:
            store = self._store()
            running = store.running() if store else None
        except StoreError as exc:  # it was in this arm so far
            self._fail(exc)
            return True
        return running is not None and running.id == given.experiment

    def watch(self, session: str, settings: Settings) -> None:
        """There is something to fold. Notes the first time, and whether the user has changed what is compared."""
        given = self._known.get(session)
        if given is None or given.by_hand:
            return
        what = ""
        if settings.mode is IntegrationMode.MONITORING_ONLY:
            what = "trimming was switched off by hand"
        elif settings.level.value != given.level:
            what = "its level was changed by hand"
        if not what and given.touched_at is not None:
            return
        try:
            store = self._store()
            if store is None:
                return
            if what:
                store.note_by_hand(session, what)
            else:
                store.touch(session, self._clock())
            self._known[session] = store.assignment(session)
        except StoreError as exc:
            self._fail(exc)

    def between(self) -> None:
        """Now and then: works out what one session did, or whether the experiment is over.

        What the usage book has not read of the session is read first, a little in each call.
        """
        now = self._clock()
        if self._looked is not None and abs(now - self._looked) < LOOK_S:
            return
        try:
            store = self._store()
            running = store.running() if store else None
            if store is None or running is None:
                self._looked = now
                return
            given = next(iter(pending(store, running, now)), None)
            if given is None:
                self._looked = now
                settle(store, running, now)
            elif self._book.read(transcript_of(given)):
                store.add_outcomes([outcome(given, self._book, self._environment)])
        except StoreError as exc:
            self._looked = now
            self._fail(exc)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _assigned(self, event: Event, settings: Settings, is_new: bool) -> Assignment | None:
        store = self._store()
        if store is None:
            return None
        found = store.assignment(event.session)
        running = store.running()
        watching = settings.mode is IntegrationMode.MONITORING_ONLY
        if found or running is None or not is_new or watching or text(event.data, "source") in CONTINUED:
            return found
        is_off = arithmetic.is_off(running.seed, event.session, running.share)
        return store.assign(
            Assignment(
                number=0,
                experiment=running.id,
                session=event.session,
                is_off=is_off,
                share=running.share,
                at=self._clock(),
                project=str(event.project),
                transcript_path=str(event.transcript or ""),
                level=settings.level.value,
            )
        )

    def _store(self) -> ExperimentStore | None:
        if self._opened is not None and not self._opened.is_current():
            self._opened.close()
            self._opened = None
        if self._opened is None and self._path.is_file():
            self._opened = ExperimentStore.open(self._path, busy_ms=LOCKED_MS)
        return self._opened

    def _fail(self, exc: StoreError) -> None:
        self._complain(str(exc))
