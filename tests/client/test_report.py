"""`/token-report` in the real client: the answer reaches the user and no request reaches the model."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.client import project, views
from tests.client.model import Agent, ModelServer, answer, read, serve
from tests.client.runner import KEY, PLUGIN, Runner, fresh, variables

pytestmark = pytest.mark.client

ESCAPES = re.compile(r"\x1b\[[0-9;?<>=]*[A-Za-z~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]|\r")


@pytest.fixture(scope="module")
def used(client: Path) -> Iterator[Runner]:
    """A home and a project with one session behind them: one large read, shown as a view."""
    with fresh(client) as runner:
        project.fill(runner.project)

        def work() -> Agent:
            reply = yield read(runner.project / "settle.py")
            assert views.parse(reply.text).is_view
            yield "Done."

        runner.run("Read settle.py.", ModelServer(work())).check()
        yield runner


@pytest.mark.parametrize("typed", ["/token-report", "/trimtab:token-report", "/token-report all"])
def test_report_makes_no_request(used: Runner, typed: str) -> None:
    """The command goes to the model, as a prompt or by its file's text, or its answer is not shown to the user."""
    session = used.run(typed, ModelServer(answer("I was asked.")), arguments=["--continue"]).check()
    assert session.requests == []
    report = "\n".join(session.notices())
    assert "settle.py" in report
    assert "saved" in report.lower()
    assert len(report.splitlines()) <= 30
    assert max(map(len, report.splitlines())) <= 80


@pytest.mark.parametrize("typed", ["/token-report week by day", "/token-report today by tool", "/token-report by file"])
def test_usage_by_something_makes_no_request(used: Runner, typed: str) -> None:
    """The report is empty, too wide for the client, or the model is asked."""
    session = used.run(typed, ModelServer(answer("I was asked.")), arguments=["--continue"]).check()
    assert session.requests == []
    report = "\n".join(session.notices())
    assert "this project" in report
    assert {"day": "20", "tool": "Read", "file": "settle.py"}[typed.rpartition(" ")[2]] in report
    assert max(map(len, report.splitlines())) <= 80


def test_report_of_nothing_says_what_to_do(runner: Runner) -> None:
    """In a project without a ledger the command fails, or prints a table of zeros."""
    session = runner.run("/token-report", ModelServer(answer("I was asked."))).check()
    assert session.requests == []
    report = "\n".join(session.notices())
    assert "Traceback" not in report
    assert "nothing" in report.lower()


def test_report_in_the_terminal(used: Runner) -> None:
    """What works in -p is not accepted, or is not visible, where people type it."""
    model = ModelServer(answer("I was asked."))
    with serve(model) as url:
        screen = Terminal(used, url)
        try:
            assert screen.shows("bypasspermissionson", 20), screen.text[-2000:]
            screen.type("/token-report")
            assert screen.shows("(token-report)", 10), screen.text[-2000:]
            screen.type(" all")
            screen.type("\r")
            assert screen.shows("settle.py", 15), screen.text[-2000:]
        finally:
            screen.close()
    assert model.requests == []


class Terminal:
    """The interactive client on a pseudo terminal; what it drew, without escape sequences and blanks."""

    def __init__(self, runner: Runner, url: str) -> None:
        answered = {
            "hasCompletedOnboarding": True, "theme": "dark", "bypassPermissionsModeAccepted": True,
            "projects": {str(runner.project): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}},
            "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        }  # fmt: skip
        (runner.home / ".claude.json").write_text(json.dumps(answered))
        (runner.home / ".claude" / "settings.json").write_text('{"skipDangerousModePermissionPrompt": true}')
        command = [str(runner.client), "--permission-mode", "bypassPermissions", "--plugin-dir", str(PLUGIN)]
        environment = {**variables(runner.home, url, **runner.more), "TERM": "xterm-256color"}
        self.text = ""
        self.end, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
        self.process = subprocess.Popen(
            command,
            cwd=runner.project,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def type(self, keys: str) -> None:
        os.write(self.end, keys.encode())
        time.sleep(0.3)  # the client takes keys that arrive together for a paste

    def shows(self, text: str, seconds: float) -> bool:
        """Whether `text` (without blanks) is drawn within `seconds`."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and text not in self.text:
            if select.select([self.end], [], [], 0.1)[0]:
                try:
                    drawn = os.read(self.end, 65536).decode(errors="replace")
                except OSError:
                    break
                self.text += re.sub(r"\s", "", ESCAPES.sub("", drawn))
        return text in self.text

    def close(self) -> None:
        self.process.terminate()
        self.shows("\0", 2)
        self.process.kill()
        self.process.wait()
        os.close(self.end)
