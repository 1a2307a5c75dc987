"""What the daemon knows of sessions for the second layer, whose module knows less of them than the hooks do."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from trimtab.handlers.events import Event
from trimtab.records import Layered

ASKED = "Mod"  # how the names of the module's events begin
MOST_SESSIONS = 64


class Known(NamedTuple):
    """Of a session, what its hooks said last: our variables, the transcript, the project."""

    environment: Mapping[str, str]
    transcript: Path | None
    project: Path


class Layer:
    """By session, what hooks said of it, and what the module was told of a new one but may not have heard."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._promised: OrderedDict[str, Layered] = OrderedDict()
        self.decided: dict[str, float] = {}  # by session, the pause in which what to fold was last decided
        # By session, folds with what they save, of which the module has not said yet that it sends them.
        self.pending: dict[str, tuple[dict[str, str], int]] = {}

    def known(self, event: Event) -> Event:
        """The event; a module's with what hooks of its session have said: it has no variables, and no transcript."""
        if event.name.startswith(ASKED):
            found = self._known.get(event.session)
            if found is None:
                return event
            return event._replace(environment=found.environment, transcript=found.transcript, project=found.project)
        if event.transcript is not None and not event.agent:
            self._known[event.session] = Known(event.environment, event.transcript, event.project)
            self._known.move_to_end(event.session)
            while len(self._known) > MOST_SESSIONS:
                self._known.popitem(last=False)
        return event

    def promise(self, begun: Layered) -> None:
        """The module is being told what the layer does in a session."""
        self._promised[begun.session] = begun
        while len(self._promised) > MOST_SESSIONS:
            self._promised.popitem(last=False)

    def promised(self, session: str) -> Layered | None:
        """What the module was told of a session, once."""
        return self._promised.pop(session, None)
