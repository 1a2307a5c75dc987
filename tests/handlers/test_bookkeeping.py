"""The usage book is kept up to date between events, and nothing that is wrong with it reaches an event."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client, stamp

from trimtab.handlers import bookkeeping
from trimtab.store.usage import UsageStore


def book(client: Client) -> Path:
    return client.home / ".claude-patterns" / "usage.db"


def faults(client: Client) -> list[str]:
    log = client.home / ".claude-patterns" / "daemon" / "log.jsonl"
    if not log.exists():
        return []
    found = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [fault["fault"] for fault in found if fault["where"] == "usage"]


def outputs(client: Client) -> list[tuple[str, str, int]]:
    with UsageStore.open(book(client), readonly=True) as store:
        return [(r.session, r.agent, r.output_tokens) for r in store.requests()]


def test_usage_is_up_to_date_after_an_event_and_a_tick(client: Client) -> None:
    """Two responses of 50 tokens, one of a subagent; what the client writes after the last hook comes too."""
    client.read("/p/a.py", source(1))
    client.read("/p/b.py", source(2), agent="a1")
    client.desk.between()
    assert sorted(outputs(client)) == [("s1", "", 50), ("s1", "a1", 50)]
    total = {"type": "cost-state", "sessionId": "s1", "totalCostUSD": 0.25, "timestamp": stamp(client.now)}
    client.write(total)
    client.desk.between()
    with UsageStore.open(book(client), readonly=True) as store:
        assert [(t.session, t.usd) for t in store.session_totals()] == [("s1", 0.25)]
    assert faults(client) == []


def test_a_tick_reads_a_little_and_goes_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ticks it takes, the whole of the transcript is read."""
    monkeypatch.setattr(bookkeeping, "STEP_BYTES", 1)
    monkeypatch.setattr("trimtab.transcript.scan.BLOCK_BYTES", 400)
    for number in range(12):
        client.ran("ls", f"{number}")
    client.send("Stop")
    client.desk.between()
    assert 0 < len(outputs(client)) < 12
    for _ in range(40):
        client.desk.between()
    assert len(outputs(client)) == 12


def test_a_session_without_events_is_not_looked_at(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.ran("ls", "a")
    client.send("Stop")
    for _ in range(bookkeeping.TICKS):
        client.desk.between()
    monkeypatch.setattr(bookkeeping, "sync_session", None)  # calling it would be told
    client.desk.between()
    assert len(outputs(client)) == 1
    assert faults(client) == []


def test_a_damaged_book_is_told_once_and_costs_no_event(client: Client) -> None:
    book(client).parent.mkdir(parents=True)
    (book(client).parent / "daemon").mkdir()
    book(client).write_bytes(b"no database" * 500)
    for number in range(3):
        client.read(f"/p/{number}.py", source(number))
        client.desk.between()
        client.desk._book._rests_until = 0.0
    (fault,) = faults(client)
    assert "usage sync" in fault
    assert [load.counted for load in client.loads()] == [True] * 3
    assert book(client).read_bytes() == b"no database" * 500


def test_a_sync_that_is_writing_is_waited_for(client: Client) -> None:
    client.ran("ls", "a")
    client.send("Stop")
    client.desk.between()
    with closing(sqlite3.connect(book(client), isolation_level=None)) as other:
        other.execute("begin immediate")
        client.ran("ls", "b")
        client.send("Stop")
        client.desk.between()
        other.execute("rollback")
    assert len(outputs(client)) == 1
    client.desk.between()
    assert len(outputs(client)) == 2
    assert faults(client) == []


def test_a_book_that_is_deleted_is_begun_anew(client: Client) -> None:
    client.ran("ls", "a")
    client.send("Stop")
    client.desk.between()
    for path in book(client).parent.glob("usage.db*"):
        path.unlink()
    client.desk.between()
    assert len(outputs(client)) == 1


def test_after_a_fault_is_over_an_event_that_asks_is_served(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.desk._book, "_rests_until", time.monotonic() - 1)
    client.ran("ls", "a")
    client.send("Stop")
    client.desk.book()
    assert len(outputs(client)) == 1


def test_what_came_or_changed_since_a_row_is_found(client: Client) -> None:
    """A response that grows has a new number, also the one that came last."""
    client.ran("ls", "a")
    client.send("Stop")
    client.desk.between()
    book_of = client.desk._book
    ((first, at),) = book_of.changed(0, 9)
    assert (at, book_of.newest(), book_of.changed(first, 9)) == (client.now, first, [])
    usage = {"input_tokens": 5, "cache_read_input_tokens": 50_000, "output_tokens": 90}
    message = {"id": "m1", "role": "assistant", "model": "claude-opus-5-5", "content": [], "usage": usage}
    client.write({"type": "assistant", "requestId": "r1", "message": message})
    client.desk.between()
    assert [each[2] for each in outputs(client)] == [90]
    assert [when for _, when in book_of.changed(first, 9)] == [client.now]
