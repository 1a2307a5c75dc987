"""`/token-report` is answered without a request to the model."""

import time

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client

from trimtab.handlers import usage_words
from trimtab.monitor import periods
from trimtab.prices import Book
from trimtab.usage import account as accounts


def test_the_report_answers_without_the_model(client: Client) -> None:
    client.read("/p/long_name_of_a_file.py", source(1))
    reply = client.send("UserPromptExpansion", command_name="trimtab:token-report", command_args="")
    assert reply is not None
    assert reply["decision"] == "block"
    assert "long_name_of_a_file.py" in str(reply["reason"])
    assert reply["hookSpecificOutput"] == {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True}


def asked(client: Client, arguments: str, session: str = "s1") -> str:
    more = {"command_name": "token-report", "command_args": arguments, "session_id": session}
    reply = client.send("UserPromptExpansion", **more)
    assert reply is not None
    assert sorted(reply) == ["decision", "hookSpecificOutput", "reason"]
    return str(reply["reason"])


@pytest.mark.parametrize(
    ("arguments", "heading"),
    [
        ("", "1 load in 1 session"),
        ("all", "2 loads in 2 sessions"),
        ("--all", "2 loads in 2 sessions"),
        ("1", "1 load in 1 session"),
        ("--hours 3", "2 loads in 2 sessions"),
        ("all 1", "1 load in 1 session"),
    ],
)
def test_the_reports_arguments(client: Client, arguments: str, heading: str) -> None:
    """Two sessions, two hours apart: this one, the sessions of some hours, or all of them."""
    client.read("/p/a.py", source(1))
    client.now += 7200
    client.session = "s2"
    client.read("/p/b.py", source(2))
    assert f"Trimtab: {heading}" in asked(client, arguments, "s2")


@pytest.mark.parametrize(
    "arguments", ["tomorrow", "-3", "1.5", "²", "9" * 5000, "'unclosed", "--hours x", "by", "by price"]
)
def test_a_wrong_argument_says_what_is_allowed(client: Client, arguments: str) -> None:
    """An error here would send the command on to the model."""
    assert "takes nothing (this session), `all`, a number of hours, or a time and `by`" in asked(client, arguments)


@pytest.mark.parametrize("by", accounts.BY)
def test_the_usage_by_something(client: Client, by: str) -> None:
    """Of this project's sessions in the last days, from the transcripts; fits the client's 80 columns."""
    client.transcript = client.home / ".claude" / "projects" / "-p" / "s1.jsonl"
    client.now = time.time() - 60
    client.prompt("Why?")
    client.read(str(client.project / "a.py"), source(1))
    client.ran("git log", "abc " * 500)
    client.ran("true", "")
    client.now += 60
    text = asked(client, f"week by {by}").splitlines()
    assert text[1] == "this project, last 7 days"
    assert text[2].startswith(by.capitalize())
    assert len(text) > 3
    assert all(len(line) <= 80 for line in text)


@pytest.mark.parametrize(
    ("words", "whose"), [("week by messages", "this project"), ("by messages all", "all projects")]
)
def test_the_messages_between_agents(client: Client, words: str, whose: str) -> None:
    """They are looked for in the usage book, which has none, or the table is wider than the client's 80 columns."""
    assert f"No messages between agents are recorded for {whose}, last 7 days." in asked(client, words)
    given = {"prompt": "Look.", "subagent_type": "Explore"}
    response = {"status": "completed", "agentId": "a1", "content": [{"type": "text", "text": "`a.py:3` is wrong."}]}
    call = client.called("Agent", {**given})
    client.send("PostToolUse", tool_name="Agent", tool_use_id=call, tool_input=given, tool_response=response)
    text = asked(client, words).splitlines()
    assert text[1] == f"{whose}, last 7 days"
    assert text[2].split() == ["Messages", "sent", "before", "after", "fetched", "added", "net", "saved"]
    assert [line.split("  ")[0] for line in text[3:6]] == ["1 Strategic → main", "main → 1 Strategic", "all"]
    assert all(len(line) <= 80 for line in text)


def test_words_in_capitals_are_the_same(client: Client) -> None:
    """`ALL` is all projects too, not all time."""
    words = usage_words.understood(["Week", "By", "File", "ALL"], client.now)
    assert words == usage_words.understood(["week", "by", "file", "all"], client.now)
    assert words.is_all


def test_the_usage_of_a_time_with_nothing_in_it(client: Client) -> None:
    client.ran("true", "")
    assert "No usage is recorded for all projects, 2001-01-01." in asked(client, "2001-01-01 by day all")


def test_with_nothing_recorded_it_says_what_to_do(client: Client) -> None:
    assert "nothing is recorded here yet" in asked(client, "")


def test_other_commands_are_not_ours(client: Client) -> None:
    assert client.send("UserPromptExpansion", command_name="review", command_args="") is None


def test_usage_without_commands_and_of_another_project(client: Client) -> None:
    """The first has usage and no commands; of a folder in which nothing ran the project nearby is named."""
    client.transcript = client.home / ".claude" / "projects" / "-p" / "s1.jsonl"
    client.now = time.time() - 60
    client.prompt("Why?")
    client.read(str(client.project / "a.py"), source(1))
    client.now += 60
    assert "There are no commands in the usage of this project, last 7 days." in asked(client, "week by command")
    period = periods.period("week", client.now)
    words = usage_words.Words("day", period, False)
    book = client.home / ".claude-patterns" / "usage.db"
    text = usage_words.answer(words, book, str(client.project / "src"), Book(), client.now)
    assert text == ["No usage is recorded for this project, last 7 days.", f"Recorded nearby: {client.project}."]
