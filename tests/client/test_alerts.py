"""Alerts in the real client: the user is told, once, and no request to the model holds a word of it."""

import json
import time

import pytest
from tests.client import project
from tests.client.model import Agent, ModelServer, answer, bash, read
from tests.client.runner import Runner, Session

from trimtab.store import Store

pytestmark = pytest.mark.client


def in_requests(session: Session, text: str) -> bool:
    return any(text in json.dumps(request.body) for request in session.requests)


def told(session: Session) -> list[str]:
    return [notice for notice in session.notices() if "Trimtab: " in notice]


def test_an_alert_that_nobody_was_told_of_is_told_once(runner: Runner) -> None:
    """The message is not shown, is shown at every session start, or reaches the model."""
    ledger = runner.project / ".claude-patterns" / "trimtab.db"
    ledger.parent.mkdir()
    with Store.open(ledger) as store:
        store.add_alert("warning", "the teapot is empty", "test", time.time(), "teapot", "today")
    first = runner.run("Say something.", ModelServer(answer("Something."))).check()
    again = runner.run("Say something.", ModelServer(answer("Something."))).check()
    assert told(first) == ["Trimtab: the teapot is empty"]
    assert told(again) == []
    assert not in_requests(first, "teapot")
    assert not in_requests(again, "teapot")


def test_an_agent_that_goes_in_circles_is_told_of_in_the_session(runner: Runner) -> None:
    """An alert comes only after the session, or the model is told too."""
    project.fill(runner.project)
    user = runner.home / ".claude-patterns"
    user.mkdir()
    (user / "config.toml").write_text("monitoring_interval = 1\nalert_repeats = 3\n")

    def work() -> Agent:
        for _ in range(3):
            yield read(runner.project / "rates.py")
        yield bash("sleep 6")
        yield read(runner.project / "rates.py")
        yield "Done."

    session = runner.run("Go.", ModelServer(work())).check()
    (line,) = told(session)
    assert "came 3 times" in line
    assert "rates.py" in line
    assert not in_requests(session, "in circles")
