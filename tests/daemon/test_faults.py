"""Whatever state the daemon is in, the hook ends with 0 and prints a whole reply or nothing; the ledger stays sound."""

import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from tests.daemon.harness import Home, a_home, daemons, resident_kb, source, wait_for

from trimtab import tiers
from trimtab.daemon import client

DEADLINE_S = client.DEADLINES_S["PostToolUse"]


def is_view(text: str) -> bool:
    return tiers.FOLD.search(text) is not None


def test_a_large_file_is_shown_as_a_view(home: Home) -> None:
    home.start()
    done = home.hook()
    assert done.exit_code == 0
    assert is_view(done.view)
    assert home.is_sound()
    assert home.loads() == {"toolu_2"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[1]", b'"x"', b"{}", b"\xff\xfe\x00", b'{"hook_event_name": 3}', b"[" * 100_000],
    ids=["empty", "cut", "null", "list", "string", "bare", "bytes", "types", "deep"],
)
def test_a_malformed_event_has_no_opinion_and_is_logged(home: Home, body: bytes) -> None:
    home.start()
    done = home.hook(body)
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b"")
    assert home.faults()
    assert is_view(home.hook().view)  # and the daemon goes on


def test_an_event_of_50_mb_harms_nobody(home: Home) -> None:
    pid = home.start()
    home.hook()
    before = resident_kb(pid)
    done = home.hook(home.event(text="x" * 50_000_000))
    assert (done.exit_code, done.stderr) == (0, b"")
    assert is_view(home.hook().view)
    assert wait_for(lambda: resident_kb(pid) < 2.5 * before, 5)  # given back, but for what the allocator keeps
    assert home.is_sound()


def test_an_event_over_the_limit_is_refused(home: Home) -> None:
    home.start()
    done = home.hook(b" " * (65 << 20))
    assert (done.exit_code, done.stdout) == (0, b"")
    assert is_view(home.hook().view)


def test_a_stopped_daemon_costs_one_deadline_and_is_replaced(home: Home) -> None:
    first = home.start()
    os.utime(home.folder / "socket", (0, 0))  # it has been there for long: one that loads may take its time
    os.kill(first, signal.SIGSTOP)
    done = home.hook()
    assert (done.exit_code, done.stdout) == (0, b"")
    assert done.elapsed_s < DEADLINE_S + 2
    quick = home.hook()  # nobody listens: no opinion at once, and another daemon starts
    assert (quick.exit_code, quick.stdout) == (0, b"")
    assert quick.elapsed_s < 1
    assert wait_for(lambda: is_view(home.hook().view))
    os.kill(first, signal.SIGCONT)
    assert wait_for(lambda: first not in daemons(home.folder))  # it sees that its address is taken
    assert is_view(home.hook().view)
    assert home.is_sound()


def test_a_daemon_killed_while_it_answers(home: Home) -> None:
    """The ledger's lock holds the answer up for 300 ms; the daemon dies in that time."""
    pid = home.start()
    home.hook()
    with closing(sqlite3.connect(home.ledger(), isolation_level=None)) as db:
        db.execute("begin immediate")
        threading.Timer(0.15, os.kill, (pid, signal.SIGKILL)).start()
        done = home.hook()
        db.execute("rollback")
    assert (done.exit_code, done.stdout) == (0, b"")
    assert home.is_sound()
    assert wait_for(lambda: is_view(home.hook().view))


def test_a_locked_ledger_means_no_opinion_in_time(home: Home) -> None:
    home.start()
    home.hook()
    with closing(sqlite3.connect(home.ledger(), isolation_level=None)) as db:
        db.execute("begin exclusive")
        done = home.hook()
        db.execute("rollback")
    assert (done.exit_code, done.stdout) == (0, b"")
    assert done.elapsed_s < DEADLINE_S
    assert any("ledger" in fault for fault in home.faults())
    assert is_view(home.hook().view)


def test_a_hook_that_leaves_half_way_is_no_fault_of_ours(home: Home) -> None:
    """The client ends its asynchronous hooks when it leaves."""
    home.start()
    for said in (b"", b"TT1 0000", b"TT1 00000000 00000010\n{"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(home.folder / "socket"))
            connection.sendall(said)
    assert is_view(home.hook().view)
    assert home.faults() == []


def listen_instead(home: Home, answer: bytes | None) -> socket.socket:
    """Somebody else at the daemon's address, who says `answer`, or nothing at all."""
    home.folder.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(home.folder / "socket"))
    listener.listen()
    os.utime(home.folder / "socket", (0, 0))  # it has been there for long: one that loads may take its time

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 20)
                if answer is not None:
                    connection.sendall(answer)
                while answer is None and connection.recv(1 << 20):
                    pass  # until the hook gives up

    threading.Thread(target=serve, daemon=True).start()
    return listener


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"TT1 000000zz\n",
        b"TT1 00000010\n{",
        b"TT1 ffffffff\n",
        os.urandom(5000),
    ],
    ids=["nothing", "line", "http", "digits", "broken off", "huge", "noise"],
)
def test_rubbish_at_the_address(home: Home, answer: bytes) -> None:
    with listen_instead(home, answer):
        done = home.hook()
        assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b"")
        assert wait_for(lambda: is_view(home.hook().view))


def test_a_listener_that_never_answers(home: Home) -> None:
    with listen_instead(home, None):
        done = home.hook()
        assert (done.exit_code, done.stdout) == (0, b"")
        assert DEADLINE_S * 0.9 < done.elapsed_s < DEADLINE_S + 2
        assert wait_for(lambda: is_view(home.hook().view))


def test_a_corrupt_ledger_is_left_alone(home: Home) -> None:
    folder = home.ledger().parent
    folder.mkdir(parents=True)
    home.ledger().write_bytes(b"this is no database" * 500)
    home.start()
    done = home.hook()
    assert (done.exit_code, done.stdout) == (0, b"")
    assert home.ledger().read_bytes() == b"this is no database" * 500
    assert any("trimtab.db" in fault for fault in home.faults())
    home.ledger().unlink()  # so that what is left is sound


def test_a_ledger_that_is_deleted_is_begun_anew(home: Home) -> None:
    home.start()
    assert is_view(home.hook().view)
    shutil.rmtree(home.ledger().parent)
    assert is_view(home.hook().view)
    assert len(home.loads()) == 1
    assert home.is_sound()


def fill(file: Path) -> None:
    """Write until nothing more goes onto the disk."""
    with file.open("wb", buffering=0) as handle, suppress(OSError):
        while handle.write(b"x" * 4096):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_full_disk_means_no_opinion(home: Home) -> None:
    folder = home.ledger().parent
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"can't mount a small file system: {mounted.stderr.decode()!r}")
    try:
        home.start()
        views = [home.hook() for _ in range(3)]
        fill(folder / "filler")
        full = [home.hook() for _ in range(12)]
        assert all(done.exit_code == 0 for done in views + full)
        assert any(done.stdout == b"" for done in full)
        (folder / "filler").unlink()
        assert wait_for(lambda: is_view(home.hook().view))
        assert home.is_sound()
    finally:
        home.stop()
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_sixteen_events_at_once(home: Home) -> None:
    pid = home.start()
    home.hook()
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda _: home.hook(), range(16)))
    assert all((d.exit_code, d.stderr) == (0, b"") for d in done)
    assert all(d.stdout == b"" or is_view(d.view) for d in done)
    assert daemons(home.folder) == [pid]
    assert home.is_sound()


@pytest.mark.slow
def test_two_thousand_events_in_a_row_take_no_more_memory(home: Home) -> None:
    """Straight to the daemon; the first 600 fill its bounded memories."""
    pid = home.start()
    header = {name: value for name, value in home.variables.items() if name.startswith(("TRIMTAB_", "CLAUDE_"))}
    sizes = []
    texts = [source(seed) for seed in range(40)]
    for i in range(2000):
        assert client.ask(str(home.folder), header, home.event(text=texts[i % 40] + f"# {i}\n"), 10.0)
        if i in (599, 1999):
            time.sleep(2.5)  # what can wait is done
            sizes.append(resident_kb(pid))
    assert sizes[1] < 1.1 * sizes[0], sizes
    assert sizes[1] < 120 * 1024, sizes
    assert len(home.loads()) == 2000
    assert home.is_sound()


@pytest.mark.slow
def test_killed_fifty_times_at_any_moment() -> None:
    """Whatever got an answer is in the ledger: at most the event in flight is lost.

    The moment is drawn within about the time that the last event took, after none to three answers: a machine may be
    as slow as it likes.
    """
    chance = random.Random(7)
    with a_home() as home:
        header = {name: value for name, value in home.variables.items() if name.startswith(("TRIMTAB_", "CLAUDE_"))}
        answered: set[str] = set()
        took_s = 0.05

        def is_answered() -> bool:
            nonlocal took_s
            began = time.monotonic()
            body = home.event()
            with suppress(OSError):
                if client.ask(str(home.folder), header, body, 60.0):
                    answered.add(f"toolu_{home.calls}")
                    took_s = time.monotonic() - began
                    return True
            return False

        for _ in range(50):
            pid = home.start()
            assert all(is_answered() for _ in range(chance.randrange(4))), "a daemon that lives answers"
            threading.Timer(chance.uniform(0.0, 2 * took_s), os.kill, (pid, signal.SIGKILL)).start()
            while is_answered():
                pass
            assert wait_for(lambda gone=pid: gone not in daemons(home.folder))
        assert home.is_sound()
        assert answered <= home.loads()


def test_a_log_that_can_not_be_written_changes_nothing(home: Home, tmp_path: Path) -> None:
    home.folder.mkdir(parents=True)
    (home.folder / "log.jsonl").symlink_to(tmp_path / "nowhere" / "log")
    home.start()
    assert home.hook(b"{").exit_code == 0
    assert is_view(home.hook().view)
