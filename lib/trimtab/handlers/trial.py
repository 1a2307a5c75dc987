"""The experiment as the events meet it: assigns new sessions, says which are shown everything whole, ends by itself.

Nothing here may disturb an event: where the file of experiments can't be used, the fault is noted once and the session
is as it was. Without an experiment the cost is one look for the file for each session.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from trimtab import paths, prices, transcript
from trimtab.errors import StoreError
from trimtab.handlers.events import Event, text
from trimtab.monitor import experiment as arithmetic
from trimtab.monitor.experiment import Study
from trimtab.records import Arrival, Assignment, Experiment, IntegrationMode, Request
from trimtab.relevance import text_of
from trimtab.settings import Settings
from trimtab.store.experiments import ExperimentStore

LOCKED_MS = 300  # how long an event waits for another process that writes
LOOK_S = 600.0  # chosen: between two looks at the result
CONTINUED = ("resume", "compact")  # sources of a SessionStart that begins nothing new
WHOLE = "experiment: shown whole"
EVERYTHING = 1 << 62  # bytes of a transcript's end that are read

Told = Callable[[Assignment], tuple[Sequence[Request], Sequence[Arrival]]]


def transcripts(given: Assignment) -> tuple[list[Request], list[Arrival]]:
    """What a session and its subagents asked and got, read from their transcripts; empty where those are gone."""
    path = Path(given.transcript_path or "/nowhere")
    requests: list[Request] = []
    arrivals: list[Arrival] = []
    for agent, file in {"": path, **paths.subagent_transcripts(path)}.items():
        calls: dict[str, transcript.Call] = {}
        for entry in transcript.Reader(file, given.session, agent, tail_bytes=EVERYTHING).read():
            if isinstance(entry, transcript.Usage):
                requests.append(entry.request)
            elif isinstance(entry, transcript.Call):
                calls[entry.id] = entry
            elif isinstance(entry, transcript.Prompt):
                arrivals.append(Arrival(given.session, agent, "", entry.at, "prompt", "", "", len(entry.text)))
            elif isinstance(entry, transcript.Result):
                call = calls.get(entry.id)
                tool, target = (call.name, text_of(call.input, "command")) if call else ("", "")
                size = len(entry.text)
                arrival = Arrival(
                    given.session, agent, entry.id, entry.at, "result", tool, target, size, entry.is_error
                )
                arrivals.append(arrival)
    return requests, arrivals


def units(request: Request, book: prices.Book = prices.LISTED) -> float:
    """A response's price in prices of one uncached input token of its model."""
    short, hour = (book.relative(request.model, is_hour, request.at) for is_hour in (False, True))
    writes = short.write * request.write_5m_tokens + hour.write * request.write_1h_tokens
    return request.input_tokens + writes + short.read * request.read_tokens + short.output * request.output_tokens


def is_pending(experiment: Experiment, given: Assignment, now: float) -> bool:
    """Whether a session's outcome can be worked out and will count."""
    ends = now if experiment.ended_at is None else min(now, experiment.ended_at)
    return given.touched_at is not None and not given.excluded and arithmetic.is_over(given, ends)


def collect(
    store: ExperimentStore,
    experiment: Experiment,
    now: float,
    most: int,
    told: Told = transcripts,
    book: prices.Book = prices.LISTED,
) -> int:
    """Records the outcomes of at most `most` sessions that are over; how many there were. Raises StoreError."""
    known = store.outcomes(experiment.id)
    over = [
        given
        for given in store.assignments(experiment.id)
        if given.session not in known and is_pending(experiment, given, now)
    ]
    store.add_outcomes(
        arithmetic.outcome(given, *told(given), book.usd, lambda request: units(request, book)) for given in over[:most]
    )
    return len(over[:most])


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
        self, path: Path, clock: Callable[[], float], complain: Callable[[str], None], told: Told = transcripts
    ) -> None:
        """`told` says what a session asked and got: the daemon asks the usage book, which reads no whole transcript."""
        self._path, self._clock, self._complain, self._told = path, clock, complain, told
        self._book = prices.LISTED
        self._opened: ExperimentStore | None = None
        self._known: dict[str, Assignment | None] = {}
        self._looked: float | None = None

    def begin(self, event: Event, settings: Settings, is_new: bool) -> None:
        """A session's first event here; where it is new altogether and an experiment runs, it gets an arm."""
        self._book = prices.Book(settings.prices)
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
        if given is None or given.excluded:
            return
        why = ""
        if settings.mode is IntegrationMode.MONITORING_ONLY:
            why = "trimming was switched off by hand"
        elif settings.level.value != given.level:
            why = "its level was changed by hand"
        if not why and given.touched_at is not None:
            return
        try:
            store = self._store()
            if store is None:
                return
            if why:
                store.exclude(session, why)
            else:
                store.touch(session, self._clock())
            self._known[session] = store.assignment(session)
        except StoreError as exc:
            self._fail(exc)

    def between(self) -> None:
        """Now and then: works out what one session did, or whether the experiment is over."""
        now = self._clock()
        if self._looked is not None and abs(now - self._looked) < LOOK_S:
            return
        try:
            store = self._store()
            running = store.running() if store else None
            if store is None or running is None or not collect(store, running, now, 1, self._told, self._book):
                self._looked = now
                if store is not None and running is not None:
                    settle(store, running, now)
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
