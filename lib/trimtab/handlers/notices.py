"""One ledger's alerts: raised and cleared as findings say, told once to the user, given to the user's command."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from trimtab.errors import StoreError
from trimtab.handlers import alert_command
from trimtab.monitor.alerts import Finding, step
from trimtab.records import Alert
from trimtab.store import Store

LONGEST_LINE = 240  # characters of an alert in a session, chosen


class Notices:
    """The alerts of a project's ledger, or of the user's. `store_of` opens it; `name` is the project's folder or ""."""

    def __init__(self, name: str, store_of: Callable[[], Store], note: Callable[[str], None]) -> None:
        self._name, self._store_of, self._note = name, store_of, note
        self._untold: dict[int, str] | None = None  # by the alert's number; None: not looked up yet
        self._told: dict[int, float] = {}  # when, of those that the ledger does not say it of yet

    def update(self, findings: Iterable[Finding], now: float, command: str) -> None:
        """Writes what the findings change into the ledger. Raises StoreError."""
        store = self._store_of()
        known = [alert for alert in store.alerts() if alert.cause]
        untold = self._known_untold(known)
        changes = step(known, findings, now)
        if changes.cleared:
            store.clear(changes.cleared, now)
        for number in changes.cleared:
            untold.pop(number, None)
        for one in changes.raised:
            number = store.add_alert(one.level, one.message, one.source, now, one.cause, one.period, one.ends_at)
            if not number:
                continue
            untold[number] = line(one.message)
            if command:
                given = {"id": number, "project": self._name, "triggered_at": now, **finding_fields(one)}
                alert_command.run(command, given, self._note)

    def look_up(self) -> None:
        """Finds what an earlier daemon raised and nobody was told of. Raises StoreError."""
        self._known_untold(self._store_of().alerts(standing=True))

    def tell(self, now: float) -> list[str]:
        """Lines for the user that were not told yet, each once. Never raises, and waits for no file: an event waits.

        `note_told` writes down that they were told. A daemon that is killed before leaves it to the next, which tells
        them a second time: better than not at all.
        """
        if not self._untold:
            return []
        told, self._untold = self._untold, {}
        self._told.update(dict.fromkeys(told, now))
        return list(told.values())

    def note_told(self) -> None:
        """Writes down what was told; where the ledger can't be written to now, the next call does. Never raises."""
        if self._told:
            with suppress(StoreError):
                self._store_of().mark_told(self._told)
                self._told.clear()

    def _known_untold(self, known: Iterable[Alert]) -> dict[int, str]:
        """At first those that an earlier daemon raised and nobody was told of."""
        if self._untold is None:
            self._untold = {
                alert.id: line(alert.message)
                for alert in known
                if alert.cause and alert.told_at is None and alert.cleared_at is None and not alert.acknowledged
            }
        return self._untold


def finding_fields(finding: Finding) -> dict[str, object]:
    return {"level": finding.level, "cause": finding.cause, "source": finding.source, "message": finding.message}


def line(message: str) -> str:
    """One line for a session."""
    plain = "".join(sign if sign.isprintable() else " " for sign in f"Trimtab: {message}")
    return plain if len(plain) <= LONGEST_LINE else plain[: LONGEST_LINE - 1] + "…"
