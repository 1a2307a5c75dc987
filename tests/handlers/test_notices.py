"""One ledger's alerts: none is lost with a busy ledger or told after its end, none of another ledger is marked."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from trimtab.errors import BusyError
from trimtab.handlers.notices import Notices
from trimtab.monitor.alerts import Finding
from trimtab.store import Store

NOW = 1_800_000_000.0
Open = Callable[[], Store]


def finding(cause: str = "c", is_on: bool | None = True, ends_at: float | None = None) -> Finding:
    return Finding(cause, "p", is_on, "warning", "test", f"about {cause}", ends_at)


class Ledger:
    """A ledger that may be deleted and begun anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = self.opened()

    def opened(self) -> Store:
        return Store.open(self.path, busy_ms=1)

    def again(self) -> None:
        self.store.close()
        self.path.unlink()
        self.store = self.opened()

    def notices(self) -> Notices:
        """As a new daemon has them."""
        return Notices("", lambda: self.store, lambda _: None)

    def told_at(self) -> list[float | None]:
        return [alert.told_at for alert in self.store.alerts()]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "user.db")
    yield made
    made.store.close()


def test_what_a_busy_ledger_did_not_take_is_raised_later(ledger: Ledger) -> None:
    """An unusual rate is found once: whoever drops it with the error never tells of it."""
    notices = ledger.notices()
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(BusyError):
            notices.update([finding()], NOW, "")
        other.execute("rollback")
    notices.update([], NOW + 60, "")
    assert [(alert.cause, alert.cleared_at) for alert in ledger.store.alerts()] == [("c", None)]
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(BusyError):
            notices.update([finding(is_on=False)], NOW + 120, "")
        other.execute("rollback")
    notices.update([finding(is_on=None)], NOW + 180, "")
    assert [alert.cleared_at for alert in ledger.store.alerts()] == [NOW + 180]


def test_nobody_is_told_of_what_is_over(ledger: Ledger) -> None:
    """Yesterday's alert, which the daemon of yesterday told nobody of: "the last hour" was another one."""
    ledger.store.add_alert("warning", "the cache is cold", "usage", NOW - 9_000, "cache_hit_rate", "yesterday", NOW - 1)
    ledger.store.add_alert("warning", "the month is dear", "spend", NOW - 9_000, "month_usd", "month", NOW + 1)
    notices = ledger.notices()
    notices.look_up(NOW)
    assert notices.tell(NOW) == ["Trimtab: the month is dear"]


def test_nobody_is_told_of_what_was_seen_or_told_elsewhere(ledger: Ledger) -> None:
    """`trimtab alerts --ack` before an event came; another daemon told of it while both were there."""
    notices = ledger.notices()
    notices.update([finding("a"), finding("b"), finding("c")], NOW, "")
    ledger.store.acknowledge(1)
    ledger.store.mark_told({2: NOW + 1})
    notices.update([], NOW + 60, "")
    assert notices.tell(NOW + 61) == ["Trimtab: about c"]
    notices.update([], NOW + 120, "")
    assert notices.tell(NOW + 121) == []


def test_what_another_daemon_raised_meanwhile_is_told(ledger: Ledger) -> None:
    """The old daemon raises it and leaves, when the new one has looked already."""
    new, old = ledger.notices(), ledger.notices()
    new.look_up(NOW)
    old.update([finding()], NOW, "")
    new.update([], NOW + 60, "")
    assert new.tell(NOW + 61) == ["Trimtab: about c"]


def test_an_alert_of_a_deleted_ledger_marks_none_of_the_new_one(ledger: Ledger) -> None:
    """Both are number 1."""
    notices = ledger.notices()
    notices.update([finding("old")], NOW, "")
    assert notices.tell(NOW) == ["Trimtab: about old"]
    ledger.again()
    ledger.store.add_alert("warning", "about new", "test", NOW + 60, "new", "p")
    notices.note_told()
    assert ledger.told_at() == [None]
    notices.update([], NOW + 60, "")
    assert notices.tell(NOW + 61) == ["Trimtab: about new"]
    notices.note_told()
    assert ledger.told_at() == [NOW + 61]


def test_what_the_user_is_told_otherwise_is_not_told_again(ledger: Ledger) -> None:
    """A stop that says why it stopped, beside an alert that says the same; one that came before it, too."""
    notices = ledger.notices()
    notices.update([finding("a")], NOW, "")
    notices.update([finding("a"), finding("b")], NOW, "", is_said=True)
    assert notices.tell(NOW) == []
    notices.note_told()
    assert ledger.notices().tell(NOW) == []
    assert [alert.told_at for alert in ledger.store.alerts()] == [NOW, NOW]
    notices.update([finding("c")], NOW, "")
    assert notices.tell(NOW) == ["Trimtab: about c"]
