"""Messages that come as turns, or are sent to an agent that runs, get into the ledger from the transcript."""

import json

import pytest
from tests.handlers.client import Client
from tests.handlers.test_deliveries import REPORT, escaped, launched, told
from tests.messages.test_deliveries import FRAME, SENT

from trimtab import tokens
from trimtab.errors import BusyError
from trimtab.records import Message
from trimtab.store import Store


def mail(client: Client) -> list[tuple[str, str, Message | None, bool]]:
    """By message: whose context it came into, its kind, who wrote it to whom, whether it was shown whole."""
    client.send("Stop")
    return [(one.agent, one.kind, one.message, one.raw_tokens == one.shown_tokens) for one in client.loads()]


def notice(client: Client, report: str, **kind: str) -> None:
    client.prompt(FRAME.replace("toolu_1", launched(client, **kind)).format(escaped(report)))


def test_a_notice_is_recorded_without_the_second_layer(client: Client) -> None:
    """The reports of background agents, the client's usual ones, are missing from what agents wrote."""
    tokens.load()
    notice(client, "`a.py:3` is wrong.", kind="gap-hunter")
    assert mail(client) == [("", "report", Message("gap-hunter", "", "high"), True)]
    (load,) = client.loads()
    assert (load.raw_tokens, load.counted) == (tokens.count("`a.py:3` is wrong."), True)
    assert load.path == "`a.py:3` is wrong."


def test_a_view_is_one_message_and_stays_what_it_was(client: Client) -> None:
    """The view in the transcript counts as a second report, or the whole one takes its place."""
    told(client, REPORT, launched(client))
    before = [one._replace(honoured=True) for one in client.loads()]
    assert [one[3] for one in mail(client)] == [False]
    client.desk.close()
    client.desk = client.new_desk()  # it reads the transcript again
    client.prompt("Go on.")
    assert [one[3] for one in mail(client)] == [False]
    assert [(one.tool_use_id, one.shown_tokens) for one in client.loads()] == [
        (one.tool_use_id, one.shown_tokens) for one in before
    ]


def test_the_same_notice_again_is_no_second_message(client: Client) -> None:
    """A new daemon reads the transcript from its beginning; so does one that was told of it amid a turn."""
    notice(client, "Done.")
    assert len(mail(client)) == 1
    client.desk.close()
    client.desk = client.new_desk()
    client.prompt("Go on.")
    assert len(mail(client)) == 1


def test_the_users_groups_weigh_a_notice(client: Client) -> None:
    folder = client.project / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text("[groups]\nauditor = 4\n", encoding="utf-8")
    client.prompt("Begin.")
    client.send("Stop")
    notice(client, "It is done.", kind="auditor")
    assert mail(client) == [("", "report", Message("auditor", "", "normal"), True)]


def test_what_an_agent_sends_comes_from_it(client: Client) -> None:
    launched(client, "a1", "Plan")
    client.prompt(SENT.format("I began."))
    assert mail(client) == [("", "report", Message("Plan", "", "normal"), True)]


@pytest.mark.parametrize(("to", "is_error", "count"), [("a1", False, 1), ("main", False, 0), ("a1", True, 0)])
def test_what_is_sent_to_an_agent_that_runs(client: Client, to: str, is_error: bool, count: int) -> None:
    """It counts in the sender's context, one to main counts twice, or one that was not sent counts."""
    launched(client, "a1", "Plan")
    call = client.called("SendMessage", {"to": to, "summary": "more", "message": "Priority: high\nLook at b.py too."})
    block = {"type": "tool_result", "tool_use_id": call, "content": "Queued.", "is_error": is_error}
    client.write({"type": "user", "message": {"role": "user", "content": [block]}})
    assert mail(client) == [("a1", "message", Message("", "Plan", "high"), True)] * count


def test_what_an_agent_sends_to_another_is_one_message(client: Client) -> None:
    """The sender's transcript and the receiver's tell of it: it counts twice."""
    folder = client.transcript.with_suffix("") / "subagents"
    launched(client, "a1", "Explore")
    launched(client, "a2", "Plan")
    said = "Look at b.py too."
    call = client.called("SendMessage", {"to": "a2", "summary": "more", "message": said}, folder / "agent-a1.jsonl")
    client.result(call, "Queued.", folder / "agent-a1.jsonl")
    turn = {"role": "user", "content": SENT.format(said)}
    client.write({"type": "user", "message": turn}, folder / "agent-a2.jsonl")
    client.read("/p/a.py", "x = 1\n" * 3, agent="a1", kind="Explore")
    client.read("/p/a.py", "x = 1\n" * 3, agent="a2", kind="Plan")
    found = [(agent, message.sender, message.receiver) for agent, _, message, _ in mail(client) if message]
    assert found == [("a2", "Explore", "Plan")]


def test_an_agents_own_agents_notice_is_to_it(client: Client) -> None:
    """A nested agent's report is put down as one to the main conversation."""
    launched(client, "a1", "general-purpose")
    launched(client, "a2", "Explore")
    where = client.transcript.with_suffix("") / "subagents" / "agent-a1.jsonl"
    text = FRAME.replace("<task-id>a1", "<task-id>a2").format("Done.")
    client.write({"type": "user", "message": {"role": "user", "content": text}}, where)
    client.read("/p/a.py", "x = 1\n" * 3, agent="a1", kind="general-purpose")
    found = [one for one in mail(client) if one[1] == "report"]
    assert found == [("a1", "report", Message("Explore", "general-purpose", "low"), True)]


def test_a_name_that_is_no_id_leads_nowhere(client: Client) -> None:
    """Who sends may be called anything: a path in it is looked into."""
    outside = client.transcript.parent / "agent-x.meta.json"
    outside.write_text(json.dumps({"agentType": "Plan"}), encoding="utf-8")
    client.prompt(SENT.replace("a1", "../../x").format("I began."))
    assert mail(client) == [("", "report", Message("subagent", "", "low"), True)]


def test_a_ledger_that_is_busy_is_told_later(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the transcript told while the ledger could not be written is lost."""
    notice(client, "Done.")
    with monkeypatch.context() as busy:

        def refuse(store: Store, *more: object, **named: object) -> None:
            raise BusyError("locked")

        busy.setattr(Store, "add_news", refuse)
        with pytest.raises(BusyError):
            client.send("Stop")
    assert len(mail(client)) == 1
