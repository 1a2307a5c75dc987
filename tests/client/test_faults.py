"""The daemon is killed, stopped or replaced in the middle of a session: the agent's work goes on."""

import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.client import project, views
from tests.client.model import Agent, ModelServer, read
from tests.client.runner import Runner, is_running

pytestmark = pytest.mark.client


@contextmanager
def rubbish(path: Path) -> Iterator[None]:
    """A listener under the daemon's name that answers everything with the same nonsense."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def talk() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                    connection.recv(10)
                    connection.sendall(b'{"hookSpecificOutput": 7}\n' * 50)
                    connection.close()
                except OSError:
                    return

        threading.Thread(target=talk, daemon=True).start()
        yield
        listener.shutdown(socket.SHUT_RDWR)


def test_session_outlives_its_daemon(runner: Runner) -> None:
    """A dead, stopped or babbling daemon stops the client, spoils what it shows, or is never replaced."""
    shown: dict[str, views.Shown] = {}
    wrong: list[str] = []

    def look(step: str) -> Agent:
        """A read of a file that was not read before: what came of the others must not matter."""
        path = runner.project / f"part_{len(shown)}.py"
        path.write_text(project.module(step, "settle"))
        reply = yield read(path)
        shown[step] = views.parse(reply.text)
        wrong.extend(views.what_is_wrong(shown[step], path.read_text()))

    def recovers(step: str) -> Agent:
        """Reads until there is a view again; a new daemon needs a moment to load."""
        for attempt in range(20):
            yield from look(f"{step} {attempt}")
            if shown[f"{step} {attempt}"].is_view:
                return
            time.sleep(0.3)
        raise AssertionError(f"no view after the daemon was {step}")

    def work() -> Agent:
        yield from recovers("started")
        os.kill(runner.daemon(), signal.SIGKILL)
        yield from look("just killed")
        yield from recovers("killed")
        stopped = runner.daemon()
        os.kill(stopped, signal.SIGSTOP)
        try:
            yield from look("just stopped")
            yield from recovers("stopped")
        finally:
            os.kill(stopped, signal.SIGCONT)
        with rubbish(runner.daemon_folder / "socket"):
            yield from look("replaced")
        yield from recovers("replaced")
        assert gone(stopped), "a daemon that lost its name stays"
        yield "Done."

    session = runner.run("Read every part.", ModelServer(work())).check(faults=True)
    assert wrong == []
    with closing(sqlite3.connect(runner.project / ".claude-patterns" / "trimtab.db")) as ledger:
        assert ledger.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert session.wall_s < 30


def gone(process: int) -> bool:
    ends = time.monotonic() + 5
    while is_running(process) and time.monotonic() < ends:
        time.sleep(0.1)
    return not is_running(process)
