"""Which parts of Trimtab work: answers as the daemon gives them, and the faults that hooks write into the log."""

import json
from collections import Counter, deque
from pathlib import Path

from trimtab import faults
from trimtab.monitor.alerts import Component

MOST_ANSWERS = 10_000  # kept between two records
MOST_LOG_BYTES = 1 << 18  # read at a time: what a log of faults gains in a minute is far less
LEDGER, BACKGROUND, MONITOR = "the ledger", "the work between events", "the monitor"


class Health:
    """Collects answers' times, faults, and since when a component has only failed."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the daemon's. Faults from before are not counted."""
        self._log = folder / faults.LOG
        self._read = size(self._log)
        self._answers_ms: deque[float] = deque(maxlen=MOST_ANSWERS)
        self._faults: Counter[str] = Counter()
        self._failing: dict[str, Component] = {}
        self._healthy: set[str] = set()

    def answered(self, elapsed_ms: float) -> None:
        self._answers_ms.append(elapsed_ms)

    def worked(self, name: str) -> None:
        """A component did what it is for."""
        self._failing.pop(name, None)
        self._healthy.add(name)

    def failed(self, name: str, at: float) -> None:
        """A component did not."""
        self._healthy.discard(name)
        new = Component(name, at, 0, at)
        if name.startswith((BACKGROUND, MONITOR)):
            new = new._replace(effect="metrics and alerts may be missing meanwhile")
        known = self._failing.get(name, new)
        self._failing[name] = known._replace(failures=known.failures + 1, last_failure=max(at, known.last_failure))

    def read_log(self) -> None:
        """Takes in what was written to the log of faults since the last time. Never raises."""
        end = size(self._log)
        if end < self._read:  # the log was moved aside: this is a new one
            self._read = 0
        try:
            with self._log.open("rb") as file:
                file.seek(self._read)
                text = file.read(MOST_LOG_BYTES)
        except OSError:
            return
        whole, mark, _ = text.rpartition(b"\n")
        self._read += len(whole) + len(mark)
        for line in whole.split(b"\n"):
            self._line(line)

    def _line(self, line: bytes) -> None:
        try:
            fault: object = json.loads(line)
        except ValueError:
            return
        if not isinstance(fault, dict) or not isinstance(fault.get("at"), (int, float)):
            return
        where, event = str(fault.get("where")), str(fault.get("event"))
        self._faults[where] += 1
        if where == "hook":
            self.failed(hook(event), fault["at"])
        elif (where, event) == ("daemon", "between"):
            self.failed(BACKGROUND, fault["at"])

    def components(self) -> tuple[list[Component], list[str]]:
        """Those that fail, and those that work."""
        return list(self._failing.values()), sorted(self._healthy)

    def take(self) -> tuple[list[float], dict[str, int]]:
        """The answers' times and the faults by part since the last call."""
        taken = list(self._answers_ms), dict(self._faults)
        self._answers_ms.clear()
        self._faults.clear()
        return taken


def hook(event: str) -> str:
    """The component that answers an event."""
    return f"the {event} hook"


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
