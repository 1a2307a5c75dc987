"""The usage book kept up to date while the daemon has nothing else to do: the transcripts of the sessions it serves.

A session is looked at for some ticks after each of its events, because the client writes its last lines when the hooks
are over. Each tick reads a little, so that an event that comes meanwhile waits a few milliseconds at most; a long
history is read in many ticks, or by `trimtab usage sync`. A fault is told once, and tried again after a while.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

from trimtab import paths
from trimtab.errors import BusyError
from trimtab.records import Arrival, Request, SessionTotal
from trimtab.store.base import file_id
from trimtab.store.usage import UsageStore
from trimtab.usage.sync import sync_session

STEP_BYTES = 1 << 19  # of a tick: about 4 ms (measured on a busy 2-core x86_64 Linux machine, 2026-11)
LOCKED_MS = 5  # how long a tick waits for a sync that is writing; the next tick tries again
TICKS = 5  # that a session is looked at after an event, chosen: the client writes its last lines within a second
MOST_SESSIONS = 64
RETRY_S = 300.0  # after a fault that will not go away by itself


class Bookkeeping:
    """Reads transcripts into the usage book. Not for several threads at once; never raises."""

    def __init__(self, environment: Mapping[str, str], note: Callable[[str], None]) -> None:
        self._environment, self._note = environment, note
        self._store: UsageStore | None = None
        self._sessions: OrderedDict[Path, int] = OrderedDict()  # by main transcript, the ticks that it is looked at
        self._told: set[str] = set()
        self._rests_until = 0.0

    def heard(self, transcript: Path | None) -> None:
        """An event of the session with this transcript has come."""
        if transcript is not None:
            self._sessions[transcript] = TICKS
            self._sessions.move_to_end(transcript)
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)

    def tick(self) -> None:
        """Read a little of one session that may have something new."""
        if not self._sessions or time.monotonic() < self._rests_until:
            return
        transcript, ticks = self._sessions.popitem(last=False)
        try:
            complete = self.read(transcript)
        except Exception as exc:  # noqa: BLE001 - what else waits for the tick must not wait for this; it is told
            self._rests_until = time.monotonic() + RETRY_S
            self._tell(f"{type(exc).__name__}: {exc}")
            complete = False
        if not complete:
            ticks += 1
        if ticks > 1:
            self._sessions[transcript] = ticks - 1

    def catch_up(self, most_s: float) -> None:
        """Read what the sessions have, for so many seconds at most."""
        ends = time.monotonic() + most_s
        while self._sessions and self._rests_until <= time.monotonic() < ends:
            self.tick()

    def read(self, transcript: Path) -> bool:
        """Reads a little of a session; whether all of it is in the book by now. Raises StoreError."""
        try:
            return sync_session(self._opened(), transcript, STEP_BYTES).is_complete
        except BusyError:
            return False

    # The book as it is; all raise StoreError

    def store(self) -> UsageStore:
        """The open book, for what reads much of it; not for later, another file may take its place."""
        return self._opened()

    def requests(self, session: str | None = None, *, since: float, until: float) -> list[Request]:
        """Responses by time."""
        return self._opened().requests(session, since=since, until=until)

    def arrivals(self, session: str | None = None, *, since: float, until: float) -> list[Arrival]:
        """What came into contexts, by time."""
        return self._opened().arrivals(session, since=since, until=until)

    def unlisted(self) -> list[Request]:
        return self._opened().unlisted()

    def places(self) -> list[tuple[str, str, str, str]]:
        return self._opened().places()

    def transcript(self, session: str) -> Path | None:
        """The main transcript of a session, of those that were read."""
        found = self._opened().transcript(session)
        return Path(found) if found else None

    def session_totals(self) -> list[SessionTotal]:
        return self._opened().session_totals()

    def newest(self) -> int:
        return self._opened().newest()

    def changed(self, after: int, most: int) -> list[tuple[int, float]]:
        return self._opened().changed(after, most)

    def after(self, number: int, most: int, since: float = 0.0) -> list[tuple[int, Request]]:
        return self._opened().after(number, most, since)

    def before(self, number: int, most: int, since: float = 0.0) -> list[tuple[int, Request]]:
        return self._opened().before(number, most, since)

    def last(self, session: str, agent: str, most: int) -> list[Request]:
        return self._opened().last(session, agent, most)

    def firsts(self, most: int) -> list[Request]:
        return self._opened().firsts(most)

    def file(self) -> tuple[int, int] | None:
        """What tells this file from one that takes its place."""
        return file_id(self._opened().path)

    def totals_state(self) -> tuple[int, float, float]:
        return self._opened().totals_state()

    def _opened(self) -> UsageStore:
        if self._store is not None and not self._store.is_current():
            self.close()
        if self._store is None:
            paths.ensure_user_folder(self._environment)
            self._store = UsageStore.open(paths.usage_path(self._environment), busy_ms=LOCKED_MS)
        return self._store

    def _tell(self, fault: str) -> None:
        self.close()
        if fault not in self._told:
            self._told.add(fault)
            self._note(fault)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
