"""The request loop in process, with a stand-in for the handlers: it answers in time or has no opinion, and goes on."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.daemon.harness import short_folder, wait_for

from trimtab.daemon import client, server, wire

ROOT = str(Path(__file__).resolve().parents[2])


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "TICK_S", 0.05)


class Echo:
    """Answers with the event itself; `slow` and `broken` events are what they say."""

    def __init__(self) -> None:
        self.closed = False
        self.ticks = 0

    def answer(self, event: bytes, environment: Mapping[str, str]) -> bytes:
        if event == b"slow":
            time.sleep(0.6)
        if event == b"broken":
            raise RuntimeError("a bug of ours")
        return event

    def warm(self) -> None:
        return

    def between(self) -> None:
        self.ticks += 1
        raise RuntimeError("a bug in what can wait")

    def close(self) -> None:
        self.closed = True


class Running:
    """A server in a thread, with its folder and answers."""

    def __init__(self, folder: Path, make: Callable[[], server.Answers], idle_s: float) -> None:
        here = Path.cwd()
        address = server.listen(folder)
        os.chdir(here)
        assert address is not None
        self.folder = folder
        self.server = server.Server(address, make, idle_s)
        self.thread = threading.Thread(target=self.server.serve, daemon=True)
        self.thread.start()

    def ask(self, event: bytes, deadline_s: float = 5.0, **header: str) -> bytes | None:
        here = Path.cwd()
        try:
            return client.ask(str(self.folder), {"ROOT": ROOT, **header}, event, deadline_s)
        finally:
            os.chdir(here)

    def log(self) -> str:
        file = self.folder / "log.jsonl"
        return file.read_text(encoding="utf-8") if file.exists() else ""


@contextmanager
def running(make: Callable[[], server.Answers] = Echo, idle_s: float = 60.0) -> Iterator[Running]:
    with short_folder() as folder:
        made = Running(folder, make, idle_s)
        try:
            yield made
        finally:
            made.server.leaving = True
            made.thread.join(10)


def test_an_event_is_answered() -> None:
    with running() as daemon:
        assert daemon.ask(b"hello") == b"hello"


def test_a_bug_in_a_handler_is_no_opinion_and_is_logged() -> None:
    with running() as daemon:
        assert daemon.ask(b"broken") == b""
        assert daemon.ask(b"hello") == b"hello"
        assert "RuntimeError: a bug of ours (test_server.py:" in daemon.log()


def test_a_bug_in_what_can_wait_does_not_end_it() -> None:
    echo = Echo()
    with running(lambda: echo) as daemon:
        assert daemon.ask(b"hello") == b"hello"
        assert wait_for(lambda: echo.ticks)
        assert daemon.ask(b"hello") == b"hello"
    assert echo.closed


def slow_to_load() -> Echo:
    time.sleep(0.9)
    return Echo()


def test_a_daemon_that_still_loads_is_not_given_up() -> None:
    """A check before an edit waits a second; past it the hook would dismiss a daemon that is almost ready."""
    with running(slow_to_load) as daemon:
        assert daemon.ask(b"hello", client.DEADLINES_S["PreToolUse"]) == b""
        assert (daemon.folder / "socket").exists()
        assert daemon.ask(b"hello", client.DEADLINES_S["SessionStart"]) == b"hello"


@pytest.mark.parametrize(("age_s", "stays"), [(0.0, True), (60.0, False)])
def test_only_a_daemon_that_has_just_started_may_let_a_deadline_pass(tmp_path: Path, age_s: float, stays: bool) -> None:
    """What it loads can hold every thread of it up; given up, the next one would load in its place."""
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(tmp_path)
        listener.bind("socket")
        listener.listen()
        os.utime("socket", (time.time() - age_s,) * 2)
        with pytest.raises(OSError, match="no answer within"):
            client.ask(str(tmp_path), {}, b"hello", 0.1)
    assert (tmp_path / "socket").exists() == stays


def test_a_status_line_that_comes_late_costs_no_daemon(tmp_path: Path) -> None:
    """Drawn every second on a busy machine, it would end one daemon after the other, with all that they remember."""
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(tmp_path)
        listener.bind("socket")
        listener.listen()
        os.utime("socket", (0, 0))
        with pytest.raises(OSError, match="no answer within"):
            client.ask(str(tmp_path), {"EVENT": "StatusLine"}, b"hello", 0.1)
    assert (tmp_path / "socket").exists()


def test_an_event_whose_turn_does_not_come_has_no_opinion() -> None:
    """One slow event must not cost the daemon its address."""
    with running() as daemon:
        slow = threading.Thread(target=daemon.ask, args=(b"slow",))
        daemon.ask(b"hello")
        slow.start()
        time.sleep(0.1)
        started = time.monotonic()
        assert daemon.ask(b"hello", 0.5) == b""
        assert time.monotonic() - started < 0.45
        slow.join()
        assert daemon.ask(b"hello", 0.5) == b"hello"
        assert "turn did not come" in daemon.log()


def broken_from_the_start() -> Echo:
    raise ImportError("no such grammar")


def test_handlers_that_can_not_be_loaded_end_it() -> None:
    """No daemon is better than one that never answers; the log says why."""
    with running(broken_from_the_start) as daemon:
        daemon.thread.join(5)
        assert not daemon.thread.is_alive()
        assert not (daemon.folder / "socket").exists()
        assert "ImportError: no such grammar" in daemon.log()


def test_a_second_daemon_finds_the_place_taken() -> None:
    with running() as daemon:
        assert server.listen(daemon.folder) is None
        assert daemon.ask(b"hello") == b"hello"


def test_events_under_way_are_answered_before_it_leaves() -> None:
    with running() as daemon:
        answers: list[bytes | None] = []
        slow = threading.Thread(target=lambda: answers.append(daemon.ask(b"slow")))
        slow.start()
        time.sleep(0.2)
        daemon.server.leaving = True
        slow.join()
        assert answers == [b"slow"]


def test_a_secret_that_is_no_ascii_is_refused_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_TCP", "1")
    with running() as daemon:
        assert daemon.ask(b"hello") == b"hello"
        port = daemon.folder / "port"
        number, secret = port.read_text(encoding="utf-8").split()
        port.write_text(f"{number} {'é' * len(secret)}", encoding="utf-8")
        with pytest.raises(OSError, match="no answer"):
            daemon.ask(b"hello", 2.0)
        assert wait_for(lambda: "without this daemon's secret" in daemon.log())


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12.0), ("0.5", 0.5), ("", 7.0), ("soon", 7.0), ("0", 7.0), ("-1", 7.0), ("nan", 7.0), ("inf", 7.0)],
)
def test_seconds_that_make_no_sense_are_the_default(text: str, number: float) -> None:
    assert server.seconds(text, 7.0) == number


def test_versions_are_compared_by_number() -> None:
    """As text 0.10 would be older than 0.9."""
    assert server.version_numbers("0.10.0") > server.version_numbers("0.9.12")


def test_what_is_raised_is_described_with_its_place() -> None:
    with pytest.raises(wire.WireError) as caught:
        wire.number(b"zz")
    assert server.describe(caught.value).startswith("WireError: not a size: b'zz' (wire.py:")
