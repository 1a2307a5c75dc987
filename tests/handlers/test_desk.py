"""The handlers in process: what each event is answered, and what the ledger says afterwards."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon.harness import source

from trimtab import tiers
from trimtab.errors import EventError
from trimtab.handlers.desk import Desk
from trimtab.handlers.table import HANDLERS
from trimtab.records import Load, Tier
from trimtab.store import Store

MODEL = "claude-opus-5-5"


class Client:
    """Speaks to a Desk as the client's hooks would, and writes the transcript as the client does."""

    def __init__(self, folder: Path) -> None:
        self.home, self.project = folder / "home", folder / "project"
        self.project.mkdir()
        self.desk = Desk(time.time, self.home, HANDLERS)
        self.environment = {"CLAUDE_PROJECT_DIR": str(self.project)}
        self.transcript = folder / "s1.jsonl"
        self.calls = 0
        self.responses = 0

    def write(self, record: dict[str, object], path: Path | None = None) -> None:
        where = path or self.transcript
        where.parent.mkdir(parents=True, exist_ok=True)
        with where.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def prompt(self, text: str) -> None:
        self.write({"type": "user", "message": {"role": "user", "content": text}})

    def called(self, name: str, arguments: dict[str, object], path: Path | None = None) -> str:
        """The model calls a tool; the call's id."""
        self.calls += 1
        self.responses += 1
        call = {"type": "tool_use", "id": f"t{self.calls}", "name": name, "input": arguments}
        usage = {"input_tokens": 5, "cache_read_input_tokens": 50_000, "output_tokens": 50}
        message = {"id": f"m{self.responses}", "role": "assistant", "model": MODEL, "content": [call], "usage": usage}
        self.write({"type": "assistant", "requestId": f"r{self.responses}", "message": message}, path)
        return f"t{self.calls}"

    def result(self, call: str, text: str, path: Path | None = None) -> None:
        block = {"type": "tool_result", "tool_use_id": call, "content": text}
        self.write({"type": "user", "message": {"role": "user", "content": [block]}}, path)

    def send(self, name: str, **more: object) -> dict[str, object] | None:
        event = {
            "session_id": "s1",
            "transcript_path": str(self.transcript),
            "cwd": str(self.project),
            "hook_event_name": name,
        }
        answer = self.desk.answer(json.dumps(event | more).encode(), self.environment)
        return json.loads(answer) if answer else None

    def read(self, path: str, text: str, agent: str = "", **arguments: object) -> str:
        """A Read as the client does it, the call and its result in the transcript; what the model sees."""
        where = self.transcript.with_suffix("") / "subagents" / f"agent-{agent}.jsonl" if agent else None
        lines = text.split("\n")
        first = int(str(arguments.get("offset", 1)))
        part = lines[first - 1 :][: int(str(arguments["limit"]))] if "limit" in arguments else lines[first - 1 :]
        call = self.called("Read", {"file_path": path, **arguments}, where)
        file = {
            "filePath": path,
            "content": "\n".join(part),
            "numLines": len(part),
            "startLine": first,
            "totalLines": len(lines),
        }
        more = {"agent_id": agent, "agent_type": "Explore"} if agent else {}
        reply = self.send(
            "PostToolUse",
            tool_name="Read",
            tool_use_id=call,
            tool_input={"file_path": path, **arguments},
            tool_response={"type": "text", "file": file},
            **more,
        )
        seen = shown(reply) if reply else tiers.numbered("\n".join(part), first)
        self.result(call, seen, where)
        return seen

    def ledger(self) -> Store:
        return Store.open(self.project / ".claude-patterns" / "trimtab.db", readonly=True)

    def loads(self) -> list[Load]:
        with self.ledger() as store:
            return store.loads()


def shown(reply: dict[str, object]) -> str:
    """What the model sees of a replaced Read; fails unless the reply has the client's shape."""
    assert list(reply) == ["hookSpecificOutput"]
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    assert output["hookEventName"] == "PostToolUse"
    assert output["updatedToolOutput"]["type"] == "notebook"
    (cell,) = output["updatedToolOutput"]["file"]["cells"]
    assert (cell["cellType"], cell["language"]) == ("code", "python")  # any other adds a tag
    return f'<cell id="{cell["cell_id"]}">{cell["source"]}</cell id="{cell["cell_id"]}">'


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path)
    yield made
    made.desk.close()


def is_view(text: str) -> bool:
    return tiers.FOLD.search(text) is not None


def first_fold(text: str) -> tuple[int, int]:
    found = tiers.FOLD.search(text)
    assert found is not None
    return int(found[1]), int(found[2])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\n" * 20, "small"),
        (source(1) + "\0", "not clean text"),
        (source(1) + "\ufffd", "not clean text"),
        (source(1) + "\n... 3-9 (7 lines) a: Read offset=3 limit=7\n", "look like our folds"),
    ],
    ids=["small", "nul", "damaged", "our folds"],
)
def test_what_is_left_alone(client: Client, text: str, reason: str) -> None:
    assert not is_view(client.read("/p/a.py", text)) or "folds" in reason
    (load,) = client.loads()
    assert load.tier is Tier.COMPLETE
    assert load.raw_tokens == load.shown_tokens
    assert reason in load.reason


@pytest.mark.parametrize(
    "response",
    [
        {"type": "image", "file": {"base64": "aGk="}},
        {"type": "notebook", "file": {"filePath": "/p/a.ipynb", "cells": []}},
        {"type": "pdf", "file": {"filePath": "/p/a.pdf"}},
        {"type": "text", "file": {"filePath": "/p/a.py", "content": 7}},
        {"type": "text", "file": []},
        "text",
        None,
        [],
    ],
    ids=["image", "notebook", "pdf", "number", "list", "string", "none", "empty"],
)
def test_what_is_no_text_has_no_opinion(client: Client, response: object) -> None:
    reply = client.send("PostToolUse", tool_name="Read", tool_use_id="t1", tool_input={}, tool_response=response)
    assert reply is None


def test_a_targeted_read_is_shown_in_full(client: Client) -> None:
    text = source(1)
    assert client.read("/p/a.py", text, offset=50, limit=200) == tiers.numbered("\n".join(text.split("\n")[49:249]), 50)
    assert [load.reason for load in client.loads()] == ["a targeted read"]


def test_a_view_shows_true_numbers_and_verbatim_lines(client: Client) -> None:
    text = source(1)
    lines = text.split("\n")
    seen = client.read("/p/a.py", text).removeprefix('<cell id="view">').removesuffix('</cell id="view">')
    numbered = [line.split("\t", 1) for line in seen.split("\n") if not tiers.FOLD_LINE.match(line)]
    assert numbered
    assert all(lines[int(number) - 1] == shown_line for number, shown_line in numbered)


def test_an_unchanged_file_that_is_asked_for_again_is_shown_whole(client: Client) -> None:
    assert is_view(client.read("/p/a.py", source(1)))
    assert not is_view(client.read("/p/a.py", source(1)))
    assert is_view(client.read("/p/a.py", source(1) + "changed = 1\n"))
    assert is_view(client.read("/p/b.py", source(1)))


def test_two_fetches_of_folded_lines_show_the_file_whole_until_it_is_edited(client: Client) -> None:
    path, text = "/p/a.py", source(1)
    for _ in range(2):
        first, last = first_fold(client.read(path, text + f"# {_}\n"))
        client.read(path, text, offset=first, limit=last - first + 1)
    assert not is_view(client.read(path, text + "# more\n"))
    edit = client.called("Edit", {"file_path": path, "old_string": "# more", "new_string": "# less"})
    client.result(edit, "The file has been updated.")
    assert is_view(client.read(path, text + "# less\n"))


def test_each_fetch_is_one_recovery_of_the_view_that_folded_it(client: Client) -> None:
    path, text = str(client.project / "a.py"), source(1)
    first, last = first_fold(client.read(path, text))
    client.read(path, text, offset=first, limit=last - first + 1)
    call = client.called("Bash", {"command": f"sed -n '{first},{last}p' a.py"})
    client.result(call, "\n".join(text.split("\n")[first - 1 : last]))
    call = client.called("Bash", {"command": "git status"})
    client.result(call, "nothing to commit")
    for _ in range(2):
        client.send("Stop")
    with client.ledger() as store:
        found = store.recoveries()
    assert [(r.load, r.tool_use_id, r.tool) for r in found] == [("t1", "t2", "Read"), ("t1", "t3", "Bash")]
    assert found[0].lines == last - first + 1


def test_a_view_counts_only_where_the_transcript_shows_it(client: Client) -> None:
    client.read("/p/a.py", source(1))
    call = client.called("Read", {"file_path": "/p/b.py"})
    file = {"filePath": "/p/b.py", "content": source(2), "numLines": 1, "startLine": 1, "totalLines": 1}
    response = {"type": "text", "file": file}
    arguments = {"file_path": "/p/b.py"}
    client.send("PostToolUse", tool_name="Read", tool_use_id=call, tool_input=arguments, tool_response=response)
    client.result(call, tiers.numbered(source(2), 1))  # the client did not take the view
    client.send("Stop")
    assert [load.honoured for load in client.loads()] == [True, False]


def test_a_subagent_has_a_transcript_and_a_memory_of_its_own(client: Client) -> None:
    assert is_view(client.read("/p/a.py", source(1)))
    assert is_view(client.read("/p/a.py", source(1), agent="a7"))
    assert not is_view(client.read("/p/a.py", source(1), agent="a7"))
    client.send("Stop")
    assert [(load.agent, load.honoured) for load in client.loads()] == [("", True), ("a7", True), ("a7", None)]


def test_a_new_daemon_knows_what_the_old_one_knew(client: Client) -> None:
    path, text = "/p/a.py", source(1)
    first, last = first_fold(client.read(path, text))
    client.desk.close()
    client.desk = Desk(time.time, client.home, HANDLERS)
    client.read(path, text, offset=first, limit=last - first + 1)
    client.send("Stop")
    with client.ledger() as store:
        assert [r.load for r in store.recoveries()] == ["t1"]
        assert len(store.requests()) == 2


def test_what_was_read_before_a_view_is_no_recovery_of_it(client: Client) -> None:
    """A new daemon reads the whole transcript; the views it knows of from the ledger were not there from the start."""
    path, text = "/p/a.py", source(1)
    client.read(path, text, offset=100, limit=150)
    client.read(path, text)
    client.desk.close()
    client.desk = Desk(time.time, client.home, HANDLERS)
    client.send("Stop")
    with client.ledger() as store:
        assert store.recoveries() == []


def test_files_of_ours_are_left_alone(client: Client) -> None:
    assert not is_view(client.read(str(client.project / ".claude-patterns" / "notes.py"), source(1)))


@pytest.mark.parametrize(("level", "lowest"), [("standard", Tier.STANDARD), ("minimal", Tier.COMPREHENSIVE)])
def test_a_level_has_a_lowest_tier(client: Client, level: str, lowest: Tier) -> None:
    client.environment["TRIMTAB_LEVEL"] = level
    for seed in range(6):
        client.read(f"/p/{seed}.py", source(seed))
    order = list(Tier)
    assert all(order.index(load.tier) >= order.index(lowest) for load in client.loads())


def test_watching_records_and_changes_nothing(client: Client) -> None:
    (client.project / ".claude-patterns").mkdir()
    (client.project / ".claude-patterns" / "config.toml").write_text('mode = "monitoring_only"\n', encoding="utf-8")
    assert not is_view(client.read("/p/a.py", source(1)))
    (load,) = client.loads()
    assert load.tier is Tier.COMPLETE
    assert "only watching; would be" in load.reason


def test_settings_are_read_again_when_they_change(client: Client) -> None:
    config = client.project / ".claude-patterns" / "config.toml"
    assert is_view(client.read("/p/a.py", source(1)))
    config.write_text('mode = "monitoring_only"\n', encoding="utf-8")
    assert not is_view(client.read("/p/b.py", source(2)))


def test_a_wrong_setting_is_logged_once_and_the_default_is_used(client: Client) -> None:
    client.environment["TRIMTAB_LEVEL"] = "fast"
    (client.home / ".claude-patterns" / "daemon").mkdir(parents=True)
    for seed in range(3):
        assert is_view(client.read(f"/p/{seed}.py", source(seed)))
    log = (client.home / ".claude-patterns" / "daemon" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    (fault,) = [json.loads(line)["fault"] for line in log]
    assert "TRIMTAB_LEVEL" in fault
    assert "fast" in fault
    assert "adaptive, aggressive, standard, minimal" in fault


def test_a_relative_path_is_relative_to_the_clients_folder(client: Client) -> None:
    client.read("a.py", source(1))
    assert client.loads()[0].path == str(client.project / "a.py")


FOLD_LINE = "... 10-20 (11 lines) run: Read offset=10 limit=11"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Write", {"content": f"a\n{FOLD_LINE}\nb"}),
        ("Edit", {"old_string": "a", "new_string": FOLD_LINE}),
        (
            "MultiEdit",
            {"edits": [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": FOLD_LINE}]},
        ),
        ("NotebookEdit", {"new_source": f"x\n{FOLD_LINE}"}),
    ],
)
def test_a_fold_line_does_not_get_into_a_file(client: Client, tool: str, arguments: dict[str, object]) -> None:
    reply = client.send("PreToolUse", tool_name=tool, tool_input={"file_path": "/p/a.py", **arguments})
    assert reply is not None
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    assert output["permissionDecision"] == "deny"
    assert "offset=10 limit=11" in output["permissionDecisionReason"]
    with client.ledger() as store:
        (added,) = store.additions()
    assert added.tokens > 20


def test_a_file_that_has_such_a_line_may_be_edited(client: Client) -> None:
    (client.project / "notes.md").write_text(f"# folds\n{FOLD_LINE}\n", encoding="utf-8")
    edit = {"file_path": "notes.md", "old_string": "# folds", "new_string": f"# Folds\n{FOLD_LINE}"}
    assert client.send("PreToolUse", tool_name="Edit", tool_input=edit) is None


def test_the_report_answers_without_the_model(client: Client) -> None:
    client.read("/p/long_name_of_a_file.py", source(1))
    reply = client.send("UserPromptExpansion", command_name="trimtab:token-report", command_args="")
    assert reply is not None
    assert reply["decision"] == "block"
    assert "long_name_of_a_file.py" in str(reply["reason"])
    assert reply["hookSpecificOutput"] == {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True}


@pytest.mark.parametrize("arguments", ["all", "--all", "24", "--hours 24", "'unclosed"])
def test_the_reports_arguments(client: Client, arguments: str) -> None:
    reply = client.send("UserPromptExpansion", command_name="token-report", command_args=arguments)
    assert reply is not None
    assert ("nothing" in str(reply["reason"])) == True  # noqa: E712  (nothing recorded, or what it takes)


def test_other_commands_are_not_ours(client: Client) -> None:
    assert client.send("UserPromptExpansion", command_name="review", command_args="") is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"hook_event_name": "Stop"}', b'{"hook_event_name": "Stop", "session_id": "s"}']
)
def test_what_is_no_event_says_so_without_quoting_it(client: Client, body: bytes) -> None:
    with pytest.raises(EventError) as caught:
        client.desk.answer(body, {})
    assert "secret" not in str(caught.value)


def test_counts_take_the_place_of_estimates(client: Client) -> None:
    client.read("/p/a.py", source(1))
    assert [load.counted for load in client.loads()] == [False]
    client.desk.between()
    (load,) = client.loads()
    assert load.counted
    assert load.shown_tokens < 0.9 * load.raw_tokens


def test_a_project_that_can_not_be_written_is_an_error_of_ours(client: Client) -> None:
    (client.project / ".claude-patterns").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(Exception, match="claude-patterns"):
        client.read("/p/a.py", source(1))
    assert os.listdir(client.project) == [".claude-patterns"]
