"""The user is told once in a session what brings back what is asked for; the model is told nothing."""

from pathlib import Path

from tests.handlers.client import Client

from trimtab import local_settings
from trimtab.local_settings import Place
from trimtab.prompt.bill import Cost
from trimtab.prompt.slim import Change, Proposal

TOOL = Proposal("tool", "WebSearch", Change(("permissions", "deny"), "WebSearch", True), 220, Cost(0.0, None), "l")
SKILL = Proposal("skill", "dataviz", Change(("skillOverrides", "dataviz"), "off", False), 330, Cost(0.0, None), "l")


def place(client: Client) -> Place:
    data, user = client.project / ".claude-patterns", client.home / ".claude-patterns"
    for folder in (data, user):
        folder.mkdir(parents=True, exist_ok=True)
    return Place(client.project, data, user)


def said(reply: dict[str, object] | None) -> str:
    """What the user is told; fails where the model would be told anything."""
    assert set(reply or {}) <= {"systemMessage"}
    return str((reply or {}).get("systemMessage", ""))


def batch(client: Client, *tools: str) -> str:
    calls = [{"tool_name": tool, "tool_input": {}, "tool_use_id": "t1", "tool_response": "<e>"} for tool in tools]
    return said(client.send("PostToolBatch", tool_calls=calls))


def test_each_is_told_once_in_a_session(client: Client) -> None:
    local_settings.apply(place(client), [TOOL, SKILL], client.now)
    assert "trimtab slim undo skill:dataviz" in said(client.send("UserPromptSubmit", prompt="Use the dataviz skill"))
    assert said(client.send("UserPromptSubmit", prompt="Use the dataviz skill")) == ""
    assert "the model asked for the tool WebSearch" in batch(client, "Read", "WebSearch", "WebSearch")
    assert batch(client, "WebSearch") == ""
    client.desk.close()
    client.desk = client.new_desk()  # a new daemon
    assert batch(client, "WebSearch") == ""
    client.session = "s2"
    assert "trimtab slim undo tool:WebSearch" in batch(client, "WebSearch")


def test_a_finished_agents_notice_is_no_prompt(client: Client) -> None:
    local_settings.apply(place(client), [TOOL], client.now)
    assert said(client.send("UserPromptSubmit", prompt="<task-notification>Used WebSearch</task-notification>")) == ""


def test_nothing_is_said_where_nothing_is_switched_off(client: Client) -> None:
    assert said(client.send("UserPromptSubmit", prompt="Use the dataviz skill")) == ""
    assert batch(client, "WebSearch") == ""
    local_settings.apply(place(client), [TOOL, SKILL], client.now)
    local_settings.undo(place(client), [TOOL.id], False)
    assert batch(client, "WebSearch") == ""
    assert "dataviz" in said(client.send("UserPromptSubmit", prompt="Use the dataviz skill"))


def test_what_was_taken_out_by_hand_is_not_off(client: Client) -> None:
    """The user put it back in an editor, and is told at each use that it is off."""
    local_settings.apply(place(client), [TOOL, SKILL], client.now)
    place(client).file.write_text('{"skillOverrides": {"dataviz": "off"}}')
    assert batch(client, "WebSearch") == ""
    assert "dataviz" in said(client.send("UserPromptSubmit", prompt="Use the dataviz skill"))


def test_a_session_that_began_before_has_it_still(client: Client) -> None:
    """A call that worked is told of as one of what is switched off; a later session's is not told of."""
    client.prompt("Begin.")
    client.now += 60
    local_settings.apply(place(client), [TOOL, SKILL], client.now)
    assert batch(client, "WebSearch") == ""
    assert said(client.send("UserPromptSubmit", prompt="Use the dataviz skill")) == ""
    client.now += 60
    local_settings.undo(place(client), [SKILL.id], False)
    client.session, client.transcript = "s2", client.transcript.with_name("s2.jsonl")
    client.prompt("Begin again.")
    assert "trimtab slim undo tool:WebSearch" in batch(client, "WebSearch")


def test_one_item_back_does_not_make_the_others_newer(client: Client) -> None:
    """Sessions from between the two are taken for older than what is off."""
    local_settings.apply(place(client), [TOOL, SKILL], client.now)
    client.now += 60
    client.prompt("Begin.")
    local_settings.undo(place(client), [SKILL.id], False)
    assert "trimtab slim undo tool:WebSearch" in batch(client, "WebSearch")


def test_a_damaged_record_stops_nothing(client: Client, tmp_path: Path) -> None:
    local_settings.apply(place(client), [TOOL], client.now)
    (place(client).data / local_settings.RECORD).write_text("{")
    (client.home / ".claude-patterns" / "daemon").mkdir()
    assert batch(client, "WebSearch") == ""
    assert said(client.send("UserPromptSubmit", prompt="Use WebSearch")) == ""
    log = (tmp_path / "home" / ".claude-patterns" / "daemon" / "log.jsonl").read_text()
    assert ["slim.json" in line for line in log.splitlines()] == [True]


def test_odd_batches_stop_nothing(client: Client) -> None:
    local_settings.apply(place(client), [TOOL], client.now)
    odd: tuple[object, ...] = (None, [], ["x"], [{}], [{"tool_name": 7, "tool_input": "x"}])
    for calls in odd:
        assert said(client.send("PostToolBatch", tool_calls=calls)) == ""
