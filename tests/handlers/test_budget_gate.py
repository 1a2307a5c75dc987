"""Budgets in the events: what stops, what is said to whom, and that whoever set none hears nothing.

A response of `client.called` reads 50,000 tokens from the cache, has 5 more and writes 50: with the prices of its
model (a read 0.05, an answer 5 of an input token) that is 5 + 2,500 + 250 = 2,755 billed tokens.
"""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.handlers.client import Client

from trimtab.budget.words import Place, read, say
from trimtab.daemon import client as daemon_client
from trimtab.daemon import server
from trimtab.errors import StoreError
from trimtab.handlers import status_line
from trimtab.handlers.budget_books import Books
from trimtab.store import Store
from trimtab.store.budgets import Author, BudgetStore

EACH = 2_755
MOST = 40  # requests
Json = dict[str, object]


def budget(client: Client, text: str) -> int:
    """Sets a budget as a command would; its number."""
    folder = client.home / ".claude-patterns"
    folder.mkdir(parents=True, exist_ok=True)
    with BudgetStore.open(folder / "user.db") as store:
        place = Place(str(client.project), client.session, "", "", "cli")
        return store.add(read(text, place), Author("test", "cli", client.now), say).id


def prompt(client: Client, text: str = "Do it.", number: int = 1) -> Json | None:
    reply = client.send("UserPromptSubmit", prompt=text, prompt_id=f"p{number}")
    client.prompt(text)
    return reply


def step(client: Client, agent: str = "") -> Json | None:
    """A request answered with a call, the call done: what the client is told before the next request."""
    client.now += 5
    where = subagent(client, agent) if agent else None
    call = client.called("Read", {"file_path": "/a"}, where)
    client.result(call, "text", where)
    client.now += 1
    calls = [{"tool_name": "Read", "tool_input": {}, "tool_use_id": call, "tool_response": "text"}]
    return client.send("PostToolBatch", prompt_id="p1", tool_calls=calls, **of(agent))


def subagent(client: Client, agent: str) -> Path:
    return client.transcript.with_suffix("") / "subagents" / f"agent-{agent}.jsonl"


def begin(client: Client, agent: str) -> None:
    """What the client writes of a new agent, beside its transcript."""
    meta = subagent(client, agent).with_suffix(".meta.json")
    meta.parent.mkdir(parents=True, exist_ok=True)
    meta.write_text(json.dumps({"agentType": "Explore"}))


def of(agent: str) -> Json:
    return {"agent_id": agent, "agent_type": "Explore"} if agent else {}


def before_tool(client: Client, tool: str, **given: object) -> Json | None:
    client.calls += 1
    call = f"t{client.calls}"
    return client.send("PreToolUse", prompt_id="p1", tool_name=tool, tool_use_id=call, tool_input=given)


def output(reply: Json | None) -> Json:
    assert reply is not None
    found = reply["hookSpecificOutput"]
    assert isinstance(found, dict)
    return found


def steps_until_stopped(client: Client, most: int = 40, agent: str = "") -> tuple[int, Json]:
    """How many requests were sent, and how it was stopped."""
    for number in range(1, most):
        reply = step(client, agent)
        if reply is not None and reply.get("continue") is False:
            return number, reply
    raise AssertionError(f"not stopped in {most} requests")


def test_without_a_budget_nothing_is_said(client: Client) -> None:
    assert prompt(client) is None
    assert step(client) is None
    assert before_tool(client, "Agent", subagent_type="Explore") is None
    assert not (client.home / ".claude-patterns" / "budgets").exists()


def test_a_turn_stops_before_the_request_that_does_not_fit(client: Client) -> None:
    """It stops far too early, one request too late, or says nothing of how to go on."""
    number = budget(client, "80k per session")
    assert prompt(client) is None
    sent, reply = steps_until_stopped(client)
    assert EACH * sent <= 80_000 < EACH * (sent + 3)  # what the next one may add is not known exactly
    reason = str(reply["stopReason"])
    assert "80k per session" in reason.replace("a session", "per session") or "80k" in reason
    assert f"/token-budget raise {number} 100k" in reason
    assert f"/token-budget pause {number}" in reason

    refused = prompt(client, "Go on.", 2)
    assert refused is not None
    assert refused["decision"] == "block"
    assert f"/token-budget raise {number}" in str(refused["reason"])


@pytest.mark.parametrize("words", ["1000 tokens per session", "$0.001 a day", "output 10 tokens", "context 20k"])
def test_the_raise_that_is_proposed_lets_the_work_go_on(client: Client, words: str) -> None:
    """The user pastes the command that the refusal names, and is refused again."""
    prompt(client)
    client.called("Read", {"file_path": "/a"})  # so that there is a prompt, of 50k
    client.now += 5
    number = budget(client, words)
    refused = prompt(client, number=2)
    assert refused is not None
    assert refused["decision"] == "block"
    (proposed,) = re.findall(rf"/token-budget (raise {number} [^,]+?), or", str(refused["reason"]))
    told = client.send("UserPromptExpansion", command_name="token-budget", command_args=proposed)
    assert f"Budget {number} is raised" in str(told)
    again = prompt(client, number=3)
    assert "decision" not in (again or {})


def test_a_stop_before_the_limit_says_why_and_is_said_once(client: Client) -> None:
    """90 % of a budget stop a turn as "used up"; an alert beside it says that it stops at 100 %; or none is raised."""
    budget(client, "12k per session")
    prompt(client)
    sent, reply = steps_until_stopped(client)
    assert EACH * sent < 12_000
    assert "used up" not in str(reply["stopReason"])
    assert "the next would take about" in str(reply["stopReason"])
    assert "systemMessage" not in reply
    with Store.open(client.home / ".claude-patterns" / "user.db") as store:
        messages = [alert.message for alert in store.alerts(standing=True)]
    assert any("stops now" in message for message in messages)


def test_our_own_commands_and_notices_of_agents_are_not_refused(client: Client) -> None:
    """The command that would raise the budget is refused by it, or the report of an agent is lost."""
    budget(client, "1000 tokens per session")
    assert prompt(client) is not None
    for text in ("/token-budget raise 10k", "/trimtab:token-budget show", "/token-report"):
        assert prompt(client, text) is None
    again = prompt(client, "Do it./token-budget raise 10k")  # the client gave "Do it." back, and the user typed on
    assert again is not None
    assert "stand alone" in str(again["reason"])
    kept = prompt(client, "<task-notification>\n<task-id>a1</task-id>")
    assert kept is not None
    assert kept["continue"] is False  # stays in the conversation, and nothing is sent; a block would lose it
    assert "decision" not in kept


@pytest.mark.parametrize(("tool", "given"), [("Read", {}), ("Bash", {"command": "ls"}), ("Edit", {"new_string": "a"})])
def test_no_tool_runs_where_a_budget_is_used_up_meanwhile(client: Client, tool: str, given: Json) -> None:
    """Another session has used it up, or it was set in the middle of a turn."""
    prompt(client)
    step(client)
    budget(client, "1000 tokens per session")
    reply = before_tool(client, tool, **given)
    assert reply is not None
    assert reply["continue"] is False
    assert output(reply)["permissionDecision"] == "deny"
    (proposed,) = re.findall(r"/token-budget (raise [^,]+?), or", str(reply["stopReason"]))
    client.send("UserPromptExpansion", command_name="token-budget", command_args=proposed)
    assert "decision" not in (prompt(client, "Go on.", 2) or {})


@pytest.mark.parametrize("more", ["", "budget_enforcement = false", 'mode = "monitoring_only"'])
def test_what_only_tells_stops_nothing(client: Client, more: str) -> None:
    folder = client.home / ".claude-patterns"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(more)
    budget(client, "1000 tokens per session" + ("" if more else ", warn only"))
    assert not (prompt(client) or {}).get("decision")
    for _ in range(3):
        reply = step(client) or {}
        assert "continue" not in reply
        assert "hookSpecificOutput" not in reply  # the model hears nothing of what does not concern it
    assert before_tool(client, "Read") is None


def test_user_and_model_are_told_once_when_it_gets_tight(client: Client) -> None:
    budget(client, "60k per session")
    prompt(client)
    told: list[str] = []
    said: list[str] = []
    for _ in range(MOST):
        reply = step(client) or {}
        if reply.get("continue") is False:
            break
        if "systemMessage" in reply:
            told.append(str(reply["systemMessage"]))
        if "hookSpecificOutput" in reply:
            said.append(str(output(reply)["additionalContext"]))
    assert len(told) == 1
    assert "60k" in told[0]
    assert "/token-budget raise" in told[0]
    (line,) = said
    assert "left" in line
    assert len(line) < 100
    with client.ledger() as store:
        assert len(store.additions()) == 1


def test_an_agent_over_its_budget_ends_alone_and_its_findings_are_handed_back(client: Client) -> None:
    """The main conversation stops too, or what the agent had found is lost."""
    budget(client, "60k per Explore agent")
    prompt(client)
    assert before_tool(client, "Agent", subagent_type="Explore", prompt="Look.") is None
    client.send("SubagentStart", prompt_id="p1", **of("a1"))
    begin(client, "a1")
    found = {"role": "assistant", "content": [{"type": "text", "text": "lib/a.py:7 is the cause."}]}
    client.write({"type": "assistant", "message": found}, subagent(client, "a1"))
    said = []
    for _ in range(MOST):
        reply = step(client, "a1") or {}
        if reply.get("continue") is False:
            break
        said += [str(output(reply)["additionalContext"])] if "hookSpecificOutput" in reply else []
    assert any("call no more tools" in line for line in said)  # with its last request it can still report
    assert "continue" not in (step(client) or {})
    response = {"status": "completed", "agentId": "a1", "content": [{"type": "text", "text": "Looking."}]}
    common = {"tool_name": "Agent", "tool_use_id": "t9", "tool_input": {"description": "Look."}}
    handed = client.send("PostToolUse", prompt_id="p1", tool_response=response, **common)
    changed = output(handed)["updatedToolOutput"]
    assert isinstance(changed, dict)
    assert "lib/a.py:7 is the cause." in str(changed["content"])
    assert "ended the Explore agent" in str(changed["content"])
    assert changed["status"] == "completed"


def test_what_an_ended_agent_found_comes_with_the_next_prompt_where_its_notice_was_kept(client: Client) -> None:
    """The notice says only the agent's last words; the rest, and that a budget ended it, never reaches the model."""
    budget(client, "60k per session")
    prompt(client)
    client.send("SubagentStart", prompt_id="p1", **of("a1"))
    begin(client, "a1")
    found = {"role": "assistant", "content": [{"type": "text", "text": "lib/a.py:7 is the cause."}]}
    client.write({"type": "assistant", "message": found}, subagent(client, "a1"))
    steps_until_stopped(client, agent="a1")
    budget(client, "1000 tokens a day")
    kept = prompt(client, "<task-notification>\n<task-id>a1</task-id>", 2)
    assert kept is not None
    assert kept["continue"] is False
    client.send("UserPromptExpansion", command_name="token-budget", command_args="pause all")
    going_on = str(output(prompt(client, "Go on.", 3))["additionalContext"])
    assert "ended the Explore agent" in going_on
    assert "lib/a.py:7 is the cause." in going_on
    assert "lib/a.py:7" not in str(prompt(client, "Go on.", 4))


def test_a_budget_in_a_file_that_is_not_understood_is_told_to_its_user_once(client: Client) -> None:
    """The user relies on a limit that is not there."""
    folder = client.home / ".claude-patterns"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('budgets = ["4 apples a day"]')
    told = str((client.send("SessionStart", source="startup") or {}).get("systemMessage"))
    assert "is not taken: 4 of what?" in told
    assert prompt(client) is None


def test_an_agent_that_does_not_fit_is_not_started(client: Client) -> None:
    budget(client, "1000 tokens per Explore agent")
    prompt(client)
    reply = before_tool(client, "Agent", subagent_type="Explore", prompt="Look.")
    assert output(reply)["permissionDecision"] == "deny"
    assert "too little for one more Explore agent" in str(output(reply)["permissionDecisionReason"])
    assert "continue" not in (reply or {})
    assert before_tool(client, "Agent", subagent_type="Plan", prompt="Plan.") is None


def test_a_cheaper_model_where_the_user_allows_it(client: Client) -> None:
    """It is taken before a budget is tight, without leave, or the rest of the call is lost."""
    number = budget(client, "400k per session")
    prompt(client)
    given = {"subagent_type": "Explore", "prompt": "Look.", "model": "opus"}
    for _ in range(200):
        if (step(client) or {}).get("systemMessage"):
            break
    assert before_tool(client, "Agent", **given) is None
    (client.home / ".claude-patterns" / "config.toml").write_text('budget_agent_model = "haiku"\n')
    assert output(before_tool(client, "Agent", **given))["updatedInput"] == {**given, "model": "haiku"}
    with BudgetStore.open(client.home / ".claude-patterns" / "user.db") as store:
        author = Author("test", "cli", client.now)
        store.change(number, "raise", lambda old: old._replace(limit=10_000_000), author, say)
    assert before_tool(client, "Agent", **given) is None


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({}, {"model": "sonnet", "effort": "medium"}),
        ({"model": "opus", "effort": "max"}, {"model": "sonnet", "effort": "medium"}),
        ({"model": "haiku", "effort": "low"}, None),
        ({"model": "haiku", "effort": "high"}, {"model": "haiku", "effort": "medium"}),
        ({"model": "sonnet", "effort": "medium"}, None),
        ({"model": "a-model-of-its-own"}, {"model": "sonnet", "effort": "medium"}),
    ],
)
def test_what_is_cheaper_already_stays(client: Client, asked: dict[str, str], given: dict[str, str] | None) -> None:
    """An agent that was to run on haiku is made dearer because a budget is tight."""
    config = 'budget_agent_model = "sonnet"\nbudget_agent_effort = "medium"\nalert_budget_share = 0.001\n'
    budget(client, "400k per session")
    (client.home / ".claude-patterns" / "config.toml").write_text(config)
    prompt(client)
    step(client)
    reply = before_tool(client, "Agent", subagent_type="Explore", prompt="Look.", **asked)
    changed = output(reply)["updatedInput"] if reply else None
    assert changed == (given and {"subagent_type": "Explore", "prompt": "Look.", **given})


@pytest.mark.parametrize("event", ["Stop", "SessionEnd"])
def test_a_turn_that_is_over_keeps_nothing_back(client: Client, event: str) -> None:
    """At a session's end what is under way was aborted: nothing of it is taken for spent."""
    budget(client, "1M tokens")
    prompt(client)
    if event == "Stop":
        step(client)
        client.now += 5
        client.called("Read", {"file_path": "/b"})
        client.now += 1
    client.send(event, prompt_id="p1")
    (account,) = client.desk.purse.accounts(None)
    assert (account.used, account.reserved) == (2 * EACH if event == "Stop" else 0, 0)


def test_the_status_line_has_the_tightest_budget(client: Client) -> None:
    def line() -> str:
        event = {"session_id": client.session, "transcript_path": str(client.transcript), "cwd": str(client.project)}
        given = {**client.environment, "EVENT": "StatusLine"}
        return client.desk.answer(json.dumps(event).encode(), given).decode()

    prompt(client)
    step(client)
    assert "budget" not in line()
    number = budget(client, "5510 tokens per session")
    budget(client, "1M a day")
    for _ in range(3):
        client.desk.between()  # the usage book is read
    assert line().endswith(f" · 50% of budget {number}")


def test_a_status_line_waits_for_no_budget(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hook gives the daemon up after 0.3 s, so a history that is still added up would never come to its end."""
    budget(client, "1M a day")
    step(client)
    given, waited = {**client.environment, "EVENT": "StatusLine"}, []
    event = {"session_id": "s1", "transcript_path": str(client.transcript), "cwd": str(client.project)}

    def catch_up(books: Books, sessions: list[str], most_s: float) -> bool:
        waited.append(most_s)
        raise StoreError("the ledger is busy")

    monkeypatch.setattr(Books, "catch_up", catch_up)
    assert client.desk.answer(json.dumps(event).encode(), given)
    assert waited == [status_line.GLANCE_S]
    assert (1 - server.PATIENCE) * daemon_client.DEADLINES_S["StatusLine"] > status_line.GLANCE_S


def test_a_conversation_is_not_summed_up_where_nothing_is_left(client: Client) -> None:
    number = budget(client, "60k per session")
    prompt(client)
    step(client)
    assert client.send("PreCompact", trigger="auto", prompt_id="p1") is None
    steps_until_stopped(client)
    refused = client.send("PreCompact", trigger="auto", prompt_id="p1")
    assert refused is not None
    assert refused["decision"] == "block"
    assert f"/token-budget raise {number}" in str(refused["reason"])


def test_a_budget_of_the_prompts_size_lets_it_be_made_smaller(client: Client) -> None:
    budget(client, "context 40k")
    prompt(client)
    step(client)
    assert (prompt(client, "Go on.", 2) or {})["decision"] == "block"
    assert client.send("PreCompact", trigger="auto", prompt_id="p2") is None


def test_budgets_that_can_not_be_read_are_told_of(client: Client) -> None:
    """A row of a newer version: the user would believe that it holds."""
    budget(client, "1M a day")
    with closing(sqlite3.connect(client.home / ".claude-patterns" / "user.db", isolation_level=None)) as db:
        db.execute("update budget_constraints set measure = 'requests'")
    said = str((prompt(client) or {}).get("systemMessage"))
    assert "none is in force" in said
    assert "trimtab budget remove 1" in said
    assert prompt(client) is None


# What has no say in it


@pytest.mark.parametrize("text", ["budget_enforcement = false", 'mode = "monitoring_only"'])
def test_a_projects_file_lifts_no_budget(client: Client, text: str) -> None:
    """A repository ships a file that switches off the budgets of whoever opens it, or a model writes one."""
    budget(client, "1000 tokens per session")
    folder = client.project / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text(text)
    assert (prompt(client) or {}).get("decision") == "block"
    assert (before_tool(client, "Agent", subagent_type="Explore") or {}).get("hookSpecificOutput")


def test_a_projects_file_makes_no_agents_model_dearer(client: Client) -> None:
    budget(client, "400k per session")
    (client.project / ".claude-patterns").mkdir()
    (client.project / ".claude-patterns" / "config.toml").write_text('budget_agent_model = "opus"\n')
    prompt(client)
    for _ in range(200):
        if (step(client) or {}).get("systemMessage"):
            break
    assert before_tool(client, "Agent", subagent_type="Explore", prompt="Look.") is None


def spoil(client: Client) -> None:
    """The project has a file where our folder is to be, so that nothing can be recorded of it."""
    (client.project / ".claude-patterns").write_text("in the way")


def test_budgets_hold_where_the_project_has_no_ledger(client: Client) -> None:
    """A project that can't be written to, or a damaged ledger, lifts all budgets there."""
    spoil(client)
    number = budget(client, "80k per session")
    prompt(client)
    sent, reply = steps_until_stopped(client)
    assert f"/token-budget raise {number}" in str(reply["stopReason"])
    assert EACH * sent <= 80_000
    assert (prompt(client, "Go on.", 2) or {}).get("decision") == "block"
    denied = output(before_tool(client, "Agent", subagent_type="Explore"))
    assert denied["permissionDecision"] == "deny"


def test_a_turn_that_is_over_is_settled_where_the_project_has_no_ledger(client: Client) -> None:
    spoil(client)
    budget(client, "1M tokens")
    prompt(client)
    client.now += 5
    client.called("Read", {"file_path": "/b"})
    client.now += 1
    with pytest.raises(StoreError):
        client.send("Stop", prompt_id="p1")
    with BudgetStore.open(client.home / ".claude-patterns" / "user.db") as store:
        assert store.reservations() == []


def test_the_order_that_raises_a_budget_works_where_the_project_has_no_ledger(client: Client) -> None:
    """The command goes on to the model, beyond the limit."""
    spoil(client)
    number = budget(client, "1000 tokens per session")
    said = client.send("UserPromptExpansion", command_name="token-budget", command_args=f"raise {number} 10k")
    assert said is not None
    assert "10k" in str(said["reason"])


def test_a_damaged_usage_book_keeps_nothing_else_from_being_done(client: Client) -> None:
    """While a budget is set, loads keep their estimates, and no alert is raised any more: not even of this."""
    budget(client, "1M a day")
    prompt(client)
    for end in ("", "-wal", "-shm"):
        (client.home / ".claude-patterns" / f"usage.db{end}").unlink(missing_ok=True)
    (client.home / ".claude-patterns" / "usage.db").write_bytes(b"no database" * 1000)
    assert "usage book" in str((step(client) or {}).get("systemMessage"))
    client.read(str(client.project / "a.py"), "x = 1\n" * 200)
    assert not client.loads()[0].counted
    client.desk.between()
    assert client.loads()[0].counted


def test_a_project_that_is_reached_by_a_link_is_the_same(client: Client, tmp_path: Path) -> None:
    """A first request, of which the book knows no project yet, counts in no budget of it."""
    budget(client, "1000 tokens a day")
    link = tmp_path / "link"
    link.symlink_to(client.project)
    client.environment = {"CLAUDE_PROJECT_DIR": str(link)}
    assert (prompt(client) or {}).get("decision") == "block"
