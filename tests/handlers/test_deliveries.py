"""Reports that come as turns, as the second layer's module asks about them: what is shown, kept, recorded and held."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.handlers.client import Client
from tests.messages.test_deliveries import FRAME, SENT

from trimtab import tiers
from trimtab.handlers.deliveries import UNFINISHED
from trimtab.messages import deliveries
from trimtab.records import Message, Tier

GOLD = Path(__file__).parents[1] / "gold" / "messages"
REPORT = (GOLD / "27-log-analysis.md").read_text("utf-8")
PLAIN = "\n".join(f"The station number {name} hands the frame on to the next one in line." for name in "abcdefghijkl")
OWN = {"kind": "local_agent"}
OTHERS = [
    {**OWN, "id": "a1", "status": "completed"},
    *({**OWN, "id": one, "status": "running"} for one in ("a2", "a3")),
]


def escaped(report: str) -> str:
    return report.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def launched(client: Client, agent: str = "a1", kind: str = "Plan", prompt: str = "Say why.") -> str:
    """The main conversation has started an agent in the background; the call's id."""
    call = client.called("Agent", {"description": "Look", "prompt": prompt, "subagent_type": kind})
    client.result(call, f"Async agent launched successfully.\nagentId: {agent}")
    beside = client.transcript.with_suffix("") / "subagents" / f"agent-{agent}.meta.json"
    beside.parent.mkdir(parents=True, exist_ok=True)
    beside.write_text(json.dumps({"agentType": kind, "toolUseId": call}), "utf-8")
    return call


def told(client: Client, report: str, call: str, **more: object) -> str:
    """What the model is shown of the report: the notice goes through the module and into the transcript."""
    text = FRAME.replace("toolu_1", call).format(escaped(report))
    reply = client.send("ModMessage", text=text, **more)
    shown = str(reply["text"]) if reply else text
    client.prompt(shown)
    found = deliveries.read(shown)
    assert found is not None
    assert found.with_report("") == text.replace(escaped(report), "")  # the frame is as it was
    return found.report


def kept(view: str) -> Path:
    return Path(view.split("\n")[-1].removeprefix("... whole output: "))


def test_a_background_report_is_shown_as_a_foreground_one(client: Client) -> None:
    client.prompt("Why were jobs late?")
    seen = told(client, REPORT, launched(client))
    assert "The database failed over at 02:07:41" in seen
    assert "worker/db.py:27" in seen
    assert len(seen) < 0.5 * len(REPORT)
    assert kept(seen).read_text("utf-8").split() == REPORT.split()


def test_the_ledger_has_it_from_its_author_and_knows_that_it_was_shown(client: Client) -> None:
    call = launched(client)
    told(client, REPORT, call)
    client.prompt("Go on.")
    client.send("Stop")
    (load,) = client.loads()
    assert (load.kind, load.tool, load.agent) == ("report", "Agent", "")
    assert load.message == Message("Plan", "", "high")
    assert load.raw_tokens > 2 * load.shown_tokens
    assert load.honoured is True


def test_a_view_that_the_client_did_not_take_counts_as_refused(client: Client) -> None:
    text = FRAME.replace("toolu_1", launched(client)).format(escaped(REPORT))
    assert client.send("ModMessage", text=text)
    client.prompt(text)
    client.send("Stop")
    assert [load.honoured for load in client.loads()] == [False]


def test_one_that_came_amid_a_turn_is_known_to_be_shown(client: Client) -> None:
    """Such a turn is an attachment in the transcript, whose first copy is the whole notice."""
    text = FRAME.replace("toolu_1", launched(client)).format(escaped(REPORT))
    reply = client.send("ModMessage", text=text)
    assert reply
    rendered = [{"content": "<system-reminder>\nother\n</system-reminder>"}, {"content": reply["text"]}]
    client.write({"type": "attachment", "attachment": {"type": "queued_command", "prompt": text}, "rendered": rendered})
    client.send("Stop")
    assert [load.honoured for load in client.loads()] == [True]


def test_reading_the_kept_file_is_a_recovery(client: Client) -> None:
    seen = told(client, REPORT, launched(client))
    match = tiers.FOLD.search(seen)
    assert match is not None
    lines = kept(seen).read_text("utf-8")
    client.read(str(kept(seen)), lines, offset=int(match[1]), limit=3)
    client.send("Stop")
    with client.ledger() as store:
        (recovery,) = store.recoveries()
    assert recovery.load.startswith("a1:")
    assert recovery.lines == 3


def test_a_new_daemon_knows_the_views_of_notices_too(client: Client) -> None:
    seen = told(client, REPORT, launched(client))
    client.send("Stop")
    client.desk = client.new_desk()
    match = tiers.FOLD.search(seen)
    assert match is not None
    client.read(str(kept(seen)), kept(seen).read_text("utf-8"), offset=int(match[1]), limit=3)
    client.send("Stop")
    with client.ledger() as store:
        assert [recovery.lines for recovery in store.recoveries()] == [3]


def test_what_an_earlier_notice_said_is_not_shown_again(client: Client) -> None:
    """The answer to a call that starts an agent is no report: eight of them would push out what was told."""
    finding = "The reader never closes `Handle` when the writer at `lib/io/pipe.py:88` has failed."
    told(client, f"# One\n\n{finding}\n", launched(client))
    for number in range(9):
        launched(client, f"b{number}")
    body = f"# Two\n\n{PLAIN}\n{PLAIN}\n{finding}\n{PLAIN}\n{PLAIN}\n\nNothing else is wrong.\n"
    seen = told(client, body, launched(client, "a1"))
    assert finding not in seen
    assert "Nothing else is wrong." in seen


def test_of_several_at_once_the_second_does_not_repeat_the_first(client: Client) -> None:
    """They come before the transcript has any; and one report counts as two of the eight that are remembered."""
    finding = "The reader never closes `Handle` when the writer at `lib/io/pipe.py:88` has failed."
    body = f"{PLAIN}\n{PLAIN}\n{finding}\n{PLAIN}\n{PLAIN}\n"
    first, second = (FRAME.replace("a1", name) for name in ("b1", "b2"))
    one = client.send("ModMessage", text=first.format(f"# One\n\n{finding}\n"))
    assert one is None
    for number in range(7):
        client.send("ModMessage", text=FRAME.replace("a1", f"c{number}").format(f"Number {number} is done."))
        client.prompt(FRAME.replace("a1", f"c{number}").format(f"Number {number} is done."))
    two = client.send("ModMessage", text=second.format(f"# Two\n\n{body}\n\nNothing else is wrong.\n"))
    assert two is not None
    assert finding not in str(two["text"])
    assert "Nothing else is wrong." in str(two["text"])


def test_an_agent_may_notify_twice(client: Client) -> None:
    """The second report takes the place of the first in the ledger, or in the kept file."""
    call = launched(client)
    first, second = told(client, REPORT, call), told(client, f"{REPORT}\n\nAnd `a.py:7` is wrong.\n", call)
    assert kept(first) != kept(second)
    assert len(client.loads()) == 2


def test_the_same_words_again_take_no_saving_back(client: Client) -> None:
    """They come whole, as they were asked for again, and take the place of the view in the ledger."""
    call = launched(client)
    told(client, REPORT, call)
    client.send("Stop")
    (before,) = client.loads()
    assert told(client, REPORT, call) == REPORT
    client.send("Stop")
    assert client.loads() == [before]
    assert (before.honoured, before.tier is Tier.COMPLETE) == (True, False)
    client.desk.close()
    client.desk = client.new_desk()  # it reads both in the transcript
    client.send("Stop")
    assert client.loads() == [before]


@pytest.mark.parametrize("text", ["What is a <task-notification>?", FRAME.format("Done."), SENT.format("Short.")])
def test_the_rest_stays_as_it_is(client: Client, text: str) -> None:
    client.prompt("Go on.")
    assert client.send("ModMessage", text=text) is None


def test_the_words_of_a_failed_run_stay_as_they_are(client: Client) -> None:
    text = FRAME.replace("completed", "failed").format(escaped(REPORT))
    assert client.send("ModMessage", text=text) is None
    (load,) = client.loads()
    assert (load.tier, load.reason, load.raw_tokens) == (Tier.COMPLETE, UNFINISHED, load.shown_tokens)


def test_a_long_message_on_the_way_is_a_view_too(client: Client) -> None:
    launched(client)
    text = SENT.format(REPORT)
    reply = client.send("ModMessage", text=text)
    assert reply
    found = deliveries.read(str(reply["text"]))
    assert found is not None
    assert found.with_report("") == SENT.format("")
    assert "worker/db.py:27" in found.report
    assert kept(found.report).read_text("utf-8").split() == REPORT.split()


def test_what_an_agent_hears_of_its_own_child_is_of_the_group_that_reads_it(client: Client) -> None:
    launched(client, "p1", "Explore")
    text = FRAME.format(escaped(REPORT))
    assert client.send("ModMessage", text=text, agent_id="p1")
    (load,) = client.loads()
    assert (load.agent, load.message) == ("p1", Message("subagent", "Explore", "high"))


@pytest.mark.parametrize(("whose", "is_view"), [("p1", True), ("", False)], ids=["its own agent", "another agent"])
def test_an_agent_is_shown_only_its_own_agents_messages_as_views(client: Client, whose: str, is_view: bool) -> None:
    """What another sends it says what to do: it is folded as if it were a report."""
    folder = client.transcript.with_suffix("") / "subagents"
    launched(client, "p1", "Explore")
    started: dict[str, object] = {"description": "Look", "prompt": "Say why.", "subagent_type": "Plan"}
    call = client.called("Agent", started, folder / f"agent-{whose}.jsonl" if whose else None)
    (folder / "agent-a1.meta.json").write_text(json.dumps({"agentType": "Plan", "toolUseId": call}), "utf-8")
    reply = client.send("ModMessage", text=SENT.format(REPORT), agent_id="p1")
    assert (reply is not None) is is_view


def hold(client: Client, report: str = "It is done.", **more: Any) -> dict[str, object] | None:
    given = {"text": FRAME.format(escaped(report)), "agents": OTHERS, "is_idle": True, **more}
    return client.send("ModNotice", **given)


@pytest.fixture
def holding(client: Client) -> Client:
    folder = client.project / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text("hold_notices = true\n", "utf-8")
    return client


def test_a_report_that_is_not_pressing_waits_for_the_others(holding: Client) -> None:
    reply = hold(holding, "Two tests fail: `a.py:3`.")
    assert reply is not None
    assert "2 agents that still run" in str(reply["hold"])
    with holding.ledger() as store:
        assert [added.event for added in store.additions()] == ["ModNotice"]  # the model reads the reason


@pytest.mark.parametrize(
    "more",
    [
        {"report": "**Blocked.** The registry is down."},
        {"report": "Priority: high\n\nIt is done."},
        {"agents": [{**OWN, "id": "a1", "status": "running"}, {**OWN, "id": "a2", "status": "completed"}]},
        {"agents": [{**OWN, "id": "a2", "status": "running", "parentId": "a3"}]},
        {"agents": [{"kind": "in_process_teammate", "id": "a2", "status": "running"}]},
        {"agents": []},
        {"agents": "none"},
        {"is_idle": False},
        {"agent_id": "p1"},
        {"text": "Say hello."},
        {"text": SENT.format("It is done.")},
        {"text": FRAME.replace("completed", "failed").format("It is done.")},
    ],
    ids=[
        "it is blocked", "its sender says so", "nobody else runs", "an agent's agent", "a teammate", "no agents",
        "no list", "amid a turn", "for an agent", "a prompt", "a message: no end of a run", "a run that failed",
    ],
)  # fmt: skip
def test_all_else_is_answered_at_once(holding: Client, more: dict[str, Any]) -> None:
    """A notice waits for something that may never come."""
    assert hold(holding, **more) is None


def test_nothing_waits_unless_the_user_wants_it(client: Client) -> None:
    assert hold(client) is None


def test_nothing_waits_where_only_watching(client: Client) -> None:
    folder = client.project / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text('hold_notices = true\nmode = "monitoring_only"\n', "utf-8")
    assert hold(client) is None
    client.prompt("Go on.")
    assert told(client, REPORT, launched(client)) == REPORT
