"""One ledger's alerts: raised and cleared as findings say, told once to the user, given to the user's command."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from trimtab.errors import StoreError
from trimtab.handlers import alert_command
from trimtab.monitor.alerts import Finding, state_of, step
from trimtab.store import Store

LONGEST_LINE = 240  # characters of an alert in a session, chosen


class Notices:
    """The alerts of a project's ledger, or of the user's. `store_of` opens it; `name` is the project's folder or ""."""

    def __init__(self, name: str, store_of: Callable[[], Store], note: Callable[[str], None]) -> None:
        self._name, self._store_of, self._note = name, store_of, note
        self._unwritten: dict[tuple[str, str], Finding] = {}  # what the ledger could not take yet
        self._untold: dict[int, str] = {}  # by the alert's number
        self._told: dict[int, float] = {}  # when, of those that the ledger does not say it of yet
        self._looked: Store | None = None  # whose numbers these are

    def update(self, findings: Iterable[Finding], now: float, command: str, is_said: bool = False) -> None:
        """Writes what the findings change into the ledger. Raises StoreError; then the next call writes it.

        With `is_said` the user is told of these otherwise.

        Some findings come once only, such as an unusual rate: they must outlive a ledger that is busy.
        """
        given: dict[tuple[str, str], Finding] = {}
        for one in findings:
            if one.is_on is not None:
                given.setdefault((one.cause, one.period), one)
        self._unwritten.update(given)
        store = self._store_of()
        changes = step([alert for alert in store.alerts() if alert.cause], self._unwritten.values(), now)
        if changes.cleared:
            store.clear(changes.cleared, now)
        for one in changes.raised:
            number = store.add_alert(one.level, one.message, one.source, now, one.cause, one.period, one.ends_at)
            if number and command:
                about = {"id": number, "project": self._name, "triggered_at": now, **finding_fields(one)}
                alert_command.run(command, about, self._note)
        self._unwritten.clear()
        if is_said:
            self._forget_others(store)
            said = (alert for alert in store.alerts(standing=True) if (alert.cause, alert.period) in given)
            self._told.update({alert.id: now for alert in said if alert.told_at is None})
        self.look_up(now)

    def look_up(self, now: float) -> None:
        """Finds what nobody was told of yet, also what an earlier daemon raised. Raises StoreError."""
        store = self._store_of()
        found = {alert.id: alert for alert in store.alerts(standing=True) if alert.cause and alert.told_at is None}
        self._forget_others(store)
        self._untold = {
            number: line(alert.message)
            for number, alert in found.items()
            if state_of(alert, now) == "stands" and number not in self._told
        }

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
                store = self._store_of()
                self._forget_others(store)
                store.mark_told(self._told)
                self._told.clear()

    def _forget_others(self, store: Store) -> None:
        """The ledger may be a new one, where the same numbers are of other alerts."""
        if store is not self._looked:
            self._untold, self._told, self._looked = {}, {}, store


def finding_fields(finding: Finding) -> dict[str, object]:
    return {"level": finding.level, "cause": finding.cause, "source": finding.source, "message": finding.message}


def line(message: str) -> str:
    """One line for a session."""
    plain = "".join(sign if sign.isprintable() else " " for sign in f"Trimtab: {message}")
    return plain if len(plain) <= LONGEST_LINE else plain[: LONGEST_LINE - 1] + "…"
