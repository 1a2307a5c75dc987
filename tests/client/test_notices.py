"""What comes to a conversation as a turn of its own in the real client: notices of background agents, their messages.

The first part holds what the client does with a hook's answers (docs/messages.md), the second what Trimtab makes of it.
"""

import json
import re
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import pytest
from tests.client import project
from tests.client.model import Agent, Body, Call, ModelServer, Turn, answer, bash, cached_parts, delegate, text_of
from tests.client.runner import PLUGIN, Runner, Session

from trimtab import tiers
from trimtab.messages import deliveries
from trimtab.messages.deliveries import Delivery
from trimtab.records import Load, Message
from trimtab.store import Store

pytestmark = pytest.mark.client

REPORT = (Path(__file__).parents[1] / "gold" / "messages" / "27-log-analysis.md").read_text("utf-8")
BOTH = (PLUGIN, PLUGIN / "trimtab-mods")
STARTED: Turn = delegate("Say why jobs were late.", "Plan", in_background=True)
DONE = "It is done.\n"
FRAME = re.compile(r"(?=\[SYSTEM NOTIFICATION - NOT USER INPUT\])")
PROBE = """
import json, sys
if json.load(sys.stdin)["prompt"].startswith("<task-notification>"):
    print(json.dumps(ANSWER))
"""
CONTEXT = {"hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": "OUR VIEW"}}
Script = Callable[[], Agent]


def idle() -> Agent:
    """The notice comes when the conversation has nothing to do."""
    yield STARTED
    yield "I wait."
    yield "I know why."


def amid() -> Agent:
    """The notice comes while a command runs."""
    yield STARTED
    yield bash("sleep 5")
    yield "I know why."


def agents(*reports: str, apart_s: int = 4) -> Script:
    """Agents that finish one after the other."""
    numbers = count()

    def sub() -> Agent:
        number = next(numbers)
        yield bash(f"sleep {1 + apart_s * number}")
        yield reports[number]

    return sub


def turns(body: Body) -> list[str]:
    """The texts of a request that are no results of tools."""
    found = []
    for message in body["messages"]:
        content = message["content"]
        for block in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            if block["type"] == "text":
                found.append(text_of([block]))
    return found


def delivered(session: Session) -> list[Delivery]:
    """The reports that the last request of the main conversation has; the client puts several into one text."""
    parts = [part for text in turns(session.bodies()[-1]) for part in FRAME.split(text)]
    return [one for one in map(deliveries.read, parts) if one is not None]


def probe(folder: Path, given: object) -> Path:
    """A plugin that answers each notice with `given`."""
    (folder / ".claude-plugin").mkdir(parents=True)
    (folder / ".claude-plugin" / "plugin.json").write_text('{"name": "probe"}')
    (folder / "hook.py").write_text(PROBE.replace("ANSWER", repr(given)))
    hook = {"type": "command", "command": "python3", "args": [str(folder / "hook.py")], "timeout": 10}
    (folder / "hooks").mkdir()
    (folder / "hooks" / "hooks.json").write_text(json.dumps({"hooks": {"UserPromptSubmit": [{"hooks": [hook]}]}}))
    return folder


@pytest.mark.parametrize("script", [idle, amid])
@pytest.mark.parametrize(
    ("given", "is_kept", "is_told"),
    [(CONTEXT, True, True), ({**CONTEXT, "decision": "block", "reason": "x"}, False, False)],
    ids=["context", "block"],
)
def test_a_hook_can_add_to_a_notice_or_drop_it_and_not_change_it(
    runner: Runner, tmp_path: Path, script: Script, given: object, is_kept: bool, is_told: bool
) -> None:
    """If the client one day takes a text with `block`, or in the notice's place, views need no second layer."""
    plugins = [probe(tmp_path / "probe", given)]
    session = runner.run("Why?", ModelServer(script(), agents(DONE)), plugins=plugins).check()
    assert [one.report for one in delivered(session)] == [DONE] * is_kept
    assert any("OUR VIEW" in text for text in turns(session.bodies()[-1])) == is_told
    assert len(session.bodies()) == (2 if script is idle and not is_kept else 3)  # dropped: the model never hears of it


def test_what_is_stopped_stays_in_the_conversation(runner: Runner, tmp_path: Path) -> None:
    """What `hold_notices` stands on: the notice costs no request, and the next one has it."""

    def main() -> Agent:
        yield [*delegate("One.", in_background=True), *delegate("Two.", in_background=True)]
        yield "I wait."
        yield "I am not asked this."

    plugins = [probe(tmp_path / "probe", {"continue": False, "stopReason": "later"})]
    session = runner.run("Go.", ModelServer(main(), agents(DONE, "Later.\n")), plugins=plugins).check()
    assert len(session.bodies()) == 2
    kept = (runner.home / ".claude" / "projects").rglob("*.jsonl")
    assert any(f"<result>{DONE.strip()}" in path.read_text("utf-8") for path in kept)


def test_what_waits_already_comes_in_one_request(runner: Runner) -> None:
    def main() -> Agent:
        yield [*delegate("One.", in_background=True), *delegate("Two.", in_background=True)]
        yield bash("sleep 6")
        yield "I have both."

    session = runner.run("Go.", ModelServer(main(), agents("First.\n", "Second.\n", apart_s=1)), plugins=()).check()
    assert len(session.bodies()) == 3
    assert [one.report for one in delivered(session)] == ["First.\n", "Second.\n"]


# What Trimtab makes of it


def reports(runner: Runner) -> list[Load]:
    with Store.open(runner.project / ".claude-patterns" / "trimtab.db", readonly=True) as store:
        return [load for load in store.loads() if load.kind == "report"]


def kept(view: str) -> str:
    """The kept report that the view's last line names."""
    return Path(view.split("\n")[-1].removeprefix("... whole output: ")).read_text("utf-8")


@pytest.fixture
def filled(runner: Runner) -> Runner:
    project.fill(runner.project)
    return runner


@pytest.mark.parametrize("script", [idle, amid])
def test_a_background_report_arrives_as_a_view_in_the_clients_frame(filled: Runner, script: Script) -> None:
    """The client takes no view of it (any more), takes a part of its frame with it, or sends it otherwise later."""
    session = filled.run("Why were jobs late?", ModelServer(script(), agents(REPORT)), plugins=BOTH).check()
    (found,) = delivered(session)
    assert "The database failed over at 02:07:41" in found.report
    assert "worker/db.py:27" in found.report
    assert len(found.report) < 0.5 * len(REPORT)
    assert " ".join(kept(found.report).split()) == " ".join(REPORT.split())
    assert found.before.startswith("[SYSTEM NOTIFICATION - NOT USER INPUT]")
    assert found.before.count("<status>completed</status>") == 1
    assert found.after.startswith("</result>\n<usage>")
    bodies = [cached_parts(body) for body in session.bodies()]
    assert all(after[: len(before)] == before for before, after in pairwise(bodies))
    (load,) = reports(filled)
    assert load.message == Message("Plan", "", "high")
    assert load.shown_tokens < 0.5 * load.raw_tokens


def test_a_resumed_session_sends_the_view_again(filled: Runner) -> None:
    """The transcript has the notice otherwise than it was sent, and the cache is lost with the session's end."""
    before = filled.run("Why?", ModelServer(idle(), agents(REPORT)), plugins=BOTH).check()
    (view,) = delivered(before)
    after = filled.run("Go on.", ModelServer(answer("Yes.")), plugins=BOTH, arguments=["--continue"]).check()
    sent, again = cached_parts(before.bodies()[-1]), cached_parts(after.bodies()[0])
    assert tiers.FOLD.search(view.report)
    assert again[: len(sent)] == sent


@pytest.mark.parametrize("plugins", [(PLUGIN,), BOTH[1:]], ids=["no second layer", "no daemon"])
def test_without_the_layer_or_the_daemon_the_notice_is_whole(filled: Runner, plugins: tuple[Path, ...]) -> None:
    session = filled.run("Why?", ModelServer(idle(), agents(REPORT)), plugins=plugins).check(faults=True)
    assert [" ".join(one.report.split()) for one in delivered(session)] == [" ".join(REPORT.split())]


def test_a_message_of_an_agent_is_a_view_and_one_to_it_goes_as_written(filled: Runner) -> None:
    heard = []

    def sub() -> Agent:
        yield [Call("ToolSearch", {"query": "select:SendMessage"})]
        yield [Call("SendMessage", {"to": "main", "summary": "found", "message": REPORT})]
        heard.append((yield bash("sleep 4")))
        yield DONE

    def main() -> Agent:
        reply = yield STARTED
        to = reply.text.split("agentId: ")[1].split()[0]
        yield [Call("ToolSearch", {"query": "select:SendMessage"})]
        yield [Call("SendMessage", {"to": to, "summary": "more", "message": f"Look at refunds too.\n\n{REPORT}"})]
        yield bash("sleep 3")
        yield "I wait."
        yield "I know why."

    session = filled.run("Why?", ModelServer(main(), sub), plugins=BOTH).check()
    sent, report = delivered(session)
    assert not sent.is_escaped
    assert "worker/db.py:27" in sent.report
    assert len(sent.report) < 0.5 * len(REPORT)
    assert " ".join(kept(sent.report).split()) == " ".join(REPORT.split())
    assert report.report == DONE
    told = "\n".join(text for body in session.bodies("sub")[-1:] for text in turns(body))
    assert f"Look at refunds too.\n\n{REPORT}" in told
    assert not tiers.FOLD.search(told)


@pytest.mark.parametrize(
    ("second", "requests"),
    [(DONE, 3), ("May the table be dropped?\n", 4)],
    ids=["nothing is pressing", "the second is pressing"],
)
def test_held_notices_are_answered_together_and_pressing_ones_at_once(
    filled: Runner, second: str, requests: int
) -> None:
    """One is lost, answered twice, or a question waits."""
    (filled.project / ".claude-patterns").mkdir()
    (filled.project / ".claude-patterns" / "config.toml").write_text("hold_notices = true\n", "utf-8")

    def main() -> Agent:
        yield [call for name in ("One.", "Two.", "Three.") for call in delegate(name, "Explore", in_background=True)]
        for number in range(3):
            yield f"Turn {number}."

    script = ModelServer(main(), agents(DONE, second, DONE))
    session = filled.run("Go.", script, plugins=BOTH).check()
    assert [one.report for one in delivered(session)] == [DONE, second, DONE]
    assert len(session.bodies()) == requests
