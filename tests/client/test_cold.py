"""A cold cache in the real client: who is told, when, and that no request is added or held for ever.

The clock can't be turned on, so a transcript's times are set back, as if the session had been left alone for so long.
"""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.client import project
from tests.client.model import Agent, ModelServer, bash, edit, read, text_of
from tests.client.runner import Runner, Session, stopping

pytestmark = pytest.mark.client
LOW = "cold_cache_tokens = 10000\n"


def work(runner: Runner) -> Agent:
    yield read(runner.project / "settle.py")
    yield read(runner.project / "refund.py")
    yield "Done."


def left_alone(runner: Runner, for_s: float, settings: str = LOW) -> str:
    """A session that read two modules and was left alone for so many seconds; its id."""
    project.fill(runner.project)
    folder = runner.home / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text(settings)
    runner.run("Look at the modules.", ModelServer(work(runner))).check()
    with stopping(runner):
        pass  # a daemon leaves in a long pause
    (transcript,) = (runner.home / ".claude" / "projects").glob("*/*.jsonl")
    set_back(transcript, for_s)
    return transcript.stem


def set_back(transcript: Path, by_s: float) -> None:
    def earlier(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[1] + "+00:00") - timedelta(seconds=by_s)
        return f'"timestamp":"{at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}"'

    text = transcript.read_text(encoding="utf-8")
    transcript.write_text(re.sub(r'"timestamp":"([^"]+)Z"', earlier, text), encoding="utf-8")


def resumed(runner: Runner, session: str) -> Session:
    def go_on() -> Agent:
        yield "It settles orders."

    return runner.run("What does it do?", ModelServer(go_on()), arguments=("--resume", session)).check()


def told(session: Session) -> list[str]:
    return [notice for notice in session.notices() if "prompt cache" in notice]


def written(session: Session) -> int:
    (used,) = (event["usage"] for event in session.events() if event["type"] == "result")
    return int(used["cache_creation_input_tokens"])


def test_a_cold_session_is_told_of_once_and_sends_what_it_would_have_sent(runner: Runner) -> None:
    """The user is not told, is told of another amount, is told twice, or a request or a word is added."""
    session = left_alone(runner, 4_000)
    first = resumed(runner, session)
    (line,) = told(first)
    assert "Idle for 67 minutes, and the prompt cache lives 5 minutes" in line
    said = re.search(r"about (\d+)k tokens anew", line)
    assert said is not None
    assert abs(int(said[1]) - written(first) / 1_000) <= 1
    assert len(first.requests) == 1
    assert "prompt cache" not in json.dumps(first.requests[0].body["messages"])
    assert told(resumed(runner, session)) == []


def test_a_warm_session_is_not_told_of(runner: Runner) -> None:
    """A false alarm after two minutes."""
    assert told(resumed(runner, left_alone(runner, 120))) == []


def test_a_small_session_is_not_told_of(runner: Runner) -> None:
    """An alarm about what costs next to nothing: by default under 50,000 tokens."""
    assert told(resumed(runner, left_alone(runner, 4_000, settings=""))) == []


def test_with_nobody_at_a_terminal_no_prompt_is_held_back(runner: Runner) -> None:
    """A script that resumes a session gets no answer."""
    session = resumed(runner, left_alone(runner, 4_000, settings=LOW + 'cold_cache = "ask"\n'))
    assert len(told(session)) == 1
    assert "It settles orders." in session.stdout


def test_after_a_compaction_the_model_is_told_what_was_in_work(runner: Runner) -> None:
    """What the client forgets is not told, or in more than 600 tokens."""
    project.fill(runner.project)
    settle = runner.project / "settle.py"

    def before() -> Agent:
        yield read(settle, 100, 30)
        yield edit(settle, "log = logging.getLogger(__name__)", "log = logging.getLogger('settle')")
        yield bash("cd /nowhere && make test")
        yield "Done."

    def after() -> Agent:
        yield "<summary>We looked at a module.</summary>"
        yield "It settles orders."

    runner.run("Look at the module.", ModelServer(before())).check()
    (transcript,) = (runner.home / ".claude" / "projects").glob("*/*.jsonl")
    compacted = ModelServer(after())
    runner.run("/compact", compacted, arguments=("--resume", transcript.stem)).check()
    session = runner.run("Go on.", compacted, arguments=("--resume", transcript.stem)).check()
    sent = text_of([{"text": text_of(message["content"])} for message in session.requests[-1].body["messages"]])
    said = sent[sent.index("Trimtab, from before the summary:") :].split("\n\n")[0]
    assert "- settle.py: edited, lines 6, 100-129" in said
    assert "Fails: `cd /nowhere && make test`" in said
    assert len(said) < 600
