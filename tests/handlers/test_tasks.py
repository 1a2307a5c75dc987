"""Messages between agents in the ledger: who wrote to whom, how much the client would have sent, and what was shown."""

import pytest
from tests.handlers.client import Client

from trimtab import tokens
from trimtab.errors import BusyError
from trimtab.records import Load, Message
from trimtab.store import Store

PLAIN = "\n".join(
    f"The station number {name} takes the frame and hands it on to the next in line." for name in "abcdefgh"
)
LONG = f"# Flow\n\n{PLAIN}\n{PLAIN}\n{PLAIN}\n{PLAIN}\n\n**Verdict:** two of them are wrong.\n"
ASKED = "Look at the flow and say which stations are wrong."


def ran(client: Client, report: str = LONG, asked: str = ASKED, kind: str = "Explore", **more: object) -> None:
    """An agent was asked and has reported."""
    given: dict[str, object] = {"description": "Look", "prompt": asked}
    given |= {"subagent_type": kind} if kind else {}
    call = client.called("Agent", given)
    response = {
        "status": "completed",
        "prompt": asked,
        "agentId": f"a{call}",
        "content": [{"type": "text", "text": report}],
    }
    common = {"tool_name": "Agent", "tool_use_id": call, "tool_input": given, "duration_ms": 90_000}
    client.send("PostToolUse", **common, **{"tool_response": response, **more})


def messages(client: Client) -> list[tuple[str, str, Message | None]]:
    """By load: whose context it came into, its kind, who wrote it to whom."""
    return [(load.agent, load.kind, load.message) for load in client.loads()]


def only(client: Client, kind: str) -> Load:
    (load,) = (load for load in client.loads() if load.kind == kind)
    return load


def test_a_task_and_its_report_go_between_main_and_the_agent(client: Client) -> None:
    """A direction is turned around, or a task counts in the context of who wrote it."""
    ran(client)
    assert messages(client) == [
        ("at1", "task", Message("", "Explore", "normal")),
        ("", "report", Message("Explore", "", "high")),
    ]
    assert only(client, "task").at == client.now - 90  # when the agent began


def test_sizes_are_the_clients_and_what_was_shown(client: Client) -> None:
    """A task counts as shortened, or a report's view is taken for the whole."""
    tokens.load()
    ran(client)
    for _ in range(3):
        client.desk.between()
    task, report = only(client, "task"), only(client, "report")
    assert (task.raw_tokens, task.shown_tokens, task.counted) == (tokens.count(ASKED), tokens.count(ASKED), True)
    assert report.raw_tokens == tokens.count(LONG)
    assert 0 < report.shown_tokens < report.raw_tokens


def test_an_agents_own_agent_reports_to_it(client: Client) -> None:
    """A nested agent's report is put down as one to the main conversation."""
    ran(client, kind="trimtab-agents:gap-hunter", agent_id="a0", agent_type="Plan")
    assert messages(client) == [
        ("at1", "task", Message("Plan", "trimtab-agents:gap-hunter", "normal")),
        ("a0", "report", Message("trimtab-agents:gap-hunter", "Plan", "high")),
    ]


def test_a_call_that_names_no_type_starts_the_clients_usual_agent(client: Client) -> None:
    ran(client, kind="")
    assert [message and message.receiver for _, kind, message in messages(client) if kind == "task"] == [
        "general-purpose"
    ]


@pytest.mark.parametrize(
    ("report", "kind", "priority"),
    [
        ("Blocked: no access to the queue.", "Explore", "critical"),
        ("Priority: low\n\nThe build failed.", "Explore", "low"),
        ("The build failed in `a.py:3`.", "Explore", "high"),
        ("It is done.", "gap-hunter", "normal"),
        ("It is done.", "Explore", "low"),
    ],
)
def test_a_small_report_has_its_priority_too(client: Client, report: str, kind: str, priority: str) -> None:
    """What is not worth a view is not weighed, so a failure told in a line counts as unimportant."""
    ran(client, report, kind=kind)
    found = only(client, "report").message
    assert found is not None
    assert found.priority == priority


def test_the_users_own_groups_weigh_a_report(client: Client) -> None:
    """The table of the user's agents is left out where a report is weighed: what a checker says counts for more."""
    folder = client.project / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text('[groups]\n"security-auditor" = 4\n')
    for report in ("It is done.", LONG.replace("wrong", "odd")):
        ran(client, report, kind="security-auditor")
    found = [load.message and load.message.priority for load in client.loads() if load.kind == "report"]
    assert found == ["normal", "normal"]


def test_the_sender_may_say_how_pressing_a_task_is(client: Client) -> None:
    ran(client, asked=f"Priority: critical\n{ASKED}")
    assert only(client, "task").message == Message("", "Explore", "critical")


def test_an_agent_that_runs_on_was_asked_all_the_same(client: Client) -> None:
    """Agents in the background are the client's usual ones: their tasks would be missing."""
    launched = {"status": "async_launched", "agentId": "b1", "prompt": ASKED}
    ran(client, tool_response=launched)
    assert messages(client) == [("b1", "task", Message("", "Explore", "normal"))]
    with client.ledger() as store:
        assert store.task_of("s1", "b1") == Message("", "Explore", "normal")


def test_a_call_that_started_no_agent_is_no_message(client: Client) -> None:
    ran(client, tool_response={"status": "failed"})
    assert not (client.project / ".claude-patterns" / "trimtab.db").is_file() or client.loads() == []


def test_what_a_budget_hands_back_of_an_agent_is_ours(client: Client) -> None:
    """Text that the client would not have sent counts as if it had, so it costs nothing in the report."""
    tokens.load()
    client.desk.end_agent("s1", "at1", "Its budget is used up.")
    where = client.transcript.with_suffix("") / "subagents" / "agent-at1.jsonl"
    said = {"id": "x1", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "a.py:3 is wrong."}]}
    client.write({"type": "assistant", "requestId": "q1", "message": said}, where)
    ran(client, "")
    for _ in range(3):
        client.desk.between()
    report = only(client, "report")
    text = "Its budget is used up. What it had written until then:\n\na.py:3 is wrong."
    assert (report.raw_tokens, report.shown_tokens) == (0, tokens.count(text))
    assert report.honoured
    assert report.message == Message("Explore", "", "critical")


def test_a_ledger_that_cant_be_written_keeps_no_report_back(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an ended agent found is lost because the ledger is locked."""
    client.desk.end_agent("s1", "at1", "Its budget is used up.")
    monkeypatch.setattr(Store, "add_load", refuse)
    given: dict[str, object] = {"description": "Look", "prompt": ASKED}
    response = {"status": "completed", "prompt": ASKED, "agentId": "at1", "content": [{"type": "text", "text": "x"}]}
    reply = client.send("PostToolUse", tool_name="Agent", tool_use_id="t1", tool_input=given, tool_response=response)
    assert "Its budget is used up." in str(reply)


def refuse(store: Store, load: Load) -> None:
    raise BusyError("locked")
