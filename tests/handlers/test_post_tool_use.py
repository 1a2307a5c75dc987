"""What a Read is answered: what is left alone, and the view's shape."""

import json
from typing import Any

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client, is_view, shown

from trimtab import policy, tiers
from trimtab.handlers import budget_gate
from trimtab.records import Tier
from trimtab.relevance import Need


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\n" * 20, "small"),
        (source(1) + "\0", "not clean text"),
        (source(1) + "\ufffd", "not clean text"),
        (source(1) + "\n... Read offset=3 limit=7: a\n", "look like our folds"),
    ],
    ids=["small", "nul", "damaged", "our folds"],
)
def test_what_is_left_alone(client: Client, text: str, reason: str) -> None:
    assert client.read("/p/a.py", text) == tiers.numbered(text, 1)
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


def test_files_of_ours_are_left_alone(client: Client) -> None:
    assert not is_view(client.read(str(client.project / ".claude-patterns" / "notes.py"), source(1)))


@pytest.mark.parametrize(("level", "lowest"), [("minimal", Tier.COMPREHENSIVE)])
def test_a_level_has_a_lowest_tier(client: Client, level: str, lowest: Tier) -> None:
    client.environment["TRIMTAB_LEVEL"] = level
    for seed in range(6):
        client.read(f"/p/{seed}.py", source(seed))
    order = list(Tier)
    loads = client.loads()
    assert len(loads) == 6
    assert all(order.index(load.tier) >= order.index(lowest) for load in loads)


def test_without_such_a_level_the_same_files_go_below_it(client: Client) -> None:
    """Else the test above could not fail."""
    for seed in range(6):
        client.read(f"/p/{seed}.py", source(seed))
    assert {load.tier for load in client.loads()} == {Tier.ESSENTIAL}


def test_watching_records_and_changes_nothing(client: Client) -> None:
    (client.project / ".claude-patterns").mkdir()
    (client.project / ".claude-patterns" / "config.toml").write_text('mode = "monitoring_only"\n', encoding="utf-8")
    assert not is_view(client.read("/p/a.py", source(1)))
    (load,) = client.loads()
    assert load.tier is Tier.COMPLETE
    assert "only watching; would be" in load.reason


def test_a_relative_path_is_relative_to_the_clients_folder(client: Client) -> None:
    client.read("a.py", source(1))
    assert client.loads()[0].path == str(client.project / "a.py")


def test_a_targeted_read_is_one_with_either_number(client: Client) -> None:
    text = source(1)
    assert not is_view(client.read("/p/a.py", text, offset=1))
    assert not is_view(client.read("/p/b.py", text, limit=2000))
    assert [load.reason for load in client.loads()] == ["a targeted read"] * 2


def test_other_tools_results_are_left_alone(client: Client) -> None:
    file = {"filePath": "/p/a.py", "content": source(1), "numLines": 1, "startLine": 1, "totalLines": 1}
    common = {"tool_use_id": "t1", "tool_input": {"file_path": "/p/a.py"}}
    reply = client.send("PostToolUse", tool_name="Write", tool_response={"type": "text", "file": file}, **common)
    assert reply is None
    assert list(client.project.iterdir()) == []  # and nothing was opened for it


def test_a_text_that_no_file_can_hold_is_shown_as_valid_json(client: Client) -> None:
    """Half a surrogate pair, which JSON can hold and UTF-8 can't."""
    text = source(1).replace("intermediate", "inter\ud800mediate", 1)
    common = {"tool_name": "Read", "tool_use_id": "t1", "tool_input": {"file_path": "/p/a.py"}}
    file = {"filePath": "/p/a.py", "content": text, "numLines": 1, "startLine": 1, "totalLines": 1}
    reply = client.send("PostToolUse", tool_response={"type": "text", "file": file}, **common)
    assert reply is None or json.dumps(reply).encode()


def test_what_a_view_shows_is_what_the_prompt_speaks_of(client: Client) -> None:
    """The evidence of the transcript reaches the choice of lines."""
    text = source(1)
    target = 1 + next(i for i, line in enumerate(text.split("\n")) if "def step_1_13" in line)
    client.prompt("Why does step_1_13 return one too many?")
    seen = client.read("/p/a.py", text)
    assert is_view(seen)
    assert f"\n{target}\tdef step_1_13(value: int) -> int:" in seen
    assert f"\n{target + 5}\t" in seen  # its body too
    assert seen.count("\tdef step_") < 20  # and not everything


def test_a_part_of_a_file_that_starts_later_keeps_its_numbers(client: Client) -> None:
    """The client cuts long files by itself: startLine says where."""
    text = source(1)
    common = {"tool_name": "Read", "tool_use_id": "t1", "tool_input": {"file_path": "/p/a.py"}}
    file = {"filePath": "/p/a.py", "content": text, "numLines": 400, "startLine": 1001, "totalLines": 1400}
    reply = client.send("PostToolUse", tool_response={"type": "text", "file": file}, **common)
    assert reply is not None
    (load,) = client.loads()
    lines = text.split("\n")
    for fold in load.folds:
        assert 1001 <= fold.first <= fold.last <= 1000 + len(lines)
    seen = json.dumps(reply)
    number = 1001 + next(i for i, line in enumerate(lines) if "def step_1_7(" in line)
    assert f"{number}\\tdef step_1_7(" in seen or any(f.first <= number <= f.last for f in load.folds)


def read_page(client: Client, lines: int, **more: object) -> str:
    """What is shown of the first page of a file of `lines` lines, which the client has read by itself."""
    text = source(1)
    page = {"filePath": "/p/a.py", "content": text, "numLines": len(text.split("\n")), "startLine": 1}
    call = client.called("Read", {"file_path": "/p/a.py"})
    reply = client.send(
        "PostToolUse",
        tool_name="Read",
        tool_use_id=call,
        tool_input={"file_path": "/p/a.py"},
        tool_response={"type": "text", "file": page | {"totalLines": lines} | more},
    )
    assert reply is not None
    seen = shown(reply)
    client.result(call, seen)
    return seen.removeprefix('<cell id="view">').removesuffix('</cell id="view">')


def test_a_view_of_a_files_first_page_ends_with_a_fold_for_the_rest(client: Client) -> None:
    """The page has 401 lines (20 functions of 20, and the empty one at the end); else the agent takes it for all."""
    view = read_page(client, 1400, truncatedByTokenCap=True).split("\n")
    assert view[-1] == "... Read offset=402 limit=999: the rest of the file"
    lines = source(1).split("\n")
    assert len(lines) == 401
    at = 1  # with the folds of the view itself, every line of the page is there once
    for row in view[:-1]:
        fold = tiers.FOLD_LINE.fullmatch(row)
        assert row == f"{at}\t{lines[at - 1]}" or (fold and int(fold[1]) == at)
        at += int(fold[2]) if fold else 1
    assert at == 402


def test_one_line_may_be_left(client: Client) -> None:
    last = read_page(client, 402, truncatedByTokenCap=True).split("\n")[-1]
    assert last == "... Read offset=402 limit=1: the rest of the file"


@pytest.mark.parametrize(
    ("lines", "more"),
    [(1400, {}), (1400, {"truncatedByTokenCap": False}), (401, {"truncatedByTokenCap": True})],
    ids=["not cut", "said to be not cut", "nothing left"],
)
def test_no_other_view_speaks_of_a_rest(client: Client, lines: int, more: dict[str, object]) -> None:
    assert "the rest of the file" not in read_page(client, lines, **more)


def test_a_read_of_the_next_page_is_no_recovery(client: Client) -> None:
    """The client did not show it before either: nothing that a view hid was asked for."""
    read_page(client, 1400, truncatedByTokenCap=True)
    client.read("/p/a.py", source(1) + "x = 1\n" * 999, offset=402, limit=999)
    client.send("Stop")
    with client.ledger() as store:
        assert store.recoveries() == []
    assert all(fold.last <= 401 for fold in client.loads()[0].folds)


@pytest.mark.parametrize(
    ("prompt", "is_whole"),
    [
        ("Please show me the whole file", True),
        ("I need the complete test output of it", True),
        ("Make it read the file without a full copy", False),
        ("This will reset the whole file, won't it?", False),
    ],
)
def test_a_prompt_may_ask_for_the_whole(client: Client, prompt: str, is_whole: bool) -> None:
    client.prompt(prompt)
    assert is_view(client.read("/p/a.py", source(1))) != is_whole


def test_how_tight_a_budget_is_reaches_the_policy(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """As budgets say for the event; 1.0 without any."""
    seen = []
    choose = policy.choose

    def noted(whole: tiers.Plan, need: Need, start: int, now: policy.Circumstances, *more: Any) -> policy.Choice:
        seen.append(now.pressure)
        return choose(whole, need, start, now, *more)

    monkeypatch.setattr(policy, "choose", noted)
    client.read("/p/a.py", source(1))
    monkeypatch.setattr(budget_gate, "price_of_tokens", lambda event, desk: 2.0 if event.tool == "Read" else 3.0)
    client.read("/p/b.py", source(2))
    assert seen == [1.0, 2.0]


DIFF = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n" + "".join(
    f"@@ -{20 * n},6 +{20 * n},7 @@ def f{n}():\n" + "".join(f" context {n}.{i}\n" for i in range(6)) + f"+added {n}\n"
    for n in range(1, 160)
)


def diffed(client: Client, kind: str) -> bool:
    """Whether a new subagent of the kind is shown a view of a large diff."""
    agent = f"d{client.calls}"
    path = client.transcript.with_suffix("") / "subagents" / f"agent-{agent}.jsonl"
    call = client.called("Bash", {"command": "git diff"}, path)
    response = {"stdout": DIFF, "stderr": "", "interrupted": False, "isImage": False, "noOutputExpected": False}
    common = {"tool_name": "Bash", "tool_use_id": call, "tool_input": {"command": "git diff"}}
    return client.send("PostToolUse", **common, tool_response=response, agent_id=agent, agent_type=kind) is not None


def test_a_validating_agent_sees_diffs_whole(client: Client) -> None:
    """A reviewer judges a change by part of it; or all agents pay for that, or those that may not."""
    assert not diffed(client, "trimtab-agents:change-reviewer")
    assert "Validation" in client.loads()[-1].reason
    assert diffed(client, "trimtab-agents:context-scout")
    assert diffed(client, "general-purpose")
    (client.project / ".claude-patterns" / "config.toml").write_text("[groups]\nauditor = 4\n", encoding="utf-8")
    assert not diffed(client, "auditor")
    text = "group_tiers = false\n[groups]\nauditor = 4\n"
    (client.project / ".claude-patterns" / "config.toml").write_text(text, encoding="utf-8")
    assert diffed(client, "auditor")


@pytest.mark.parametrize(
    ("text", "tiers"),
    [
        ("", {Tier.ESSENTIAL}),
        ('[groups.1]\ntier = "comprehensive"\n', {Tier.COMPREHENSIVE, Tier.COMPLETE}),
        ('[groups.1]\ntier = "comprehensive"\nof = "diff"\n', {Tier.COMPREHENSIVE, Tier.COMPLETE}),
        ('[groups.1]\ntier = "complete"\n', {Tier.COMPLETE}),
        ('[groups.1]\ntier = "comprehensive"\nof = "python"\n', {Tier.ESSENTIAL}),
        ('[groups.1]\ntier = "comprehensive"\nof = "named"\n', {Tier.ESSENTIAL}),
        ('[groups.2]\ntier = "comprehensive"\n', {Tier.ESSENTIAL}),
    ],
)
def test_the_user_sets_the_least_tier_of_a_group(client: Client, text: str, tiers: set[Tier]) -> None:
    """The tier of the table is not that of the views, or holds for other groups and other loads."""
    (client.project / ".claude-patterns").mkdir()
    (client.project / ".claude-patterns" / "config.toml").write_text(text, encoding="utf-8")
    diffed(client, "trimtab-agents:context-scout")
    assert client.loads()[-1].tier in tiers


def test_what_a_miss_counts_for_a_group_reaches_the_policy(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own weight is lost, or a group's holds for the main conversation."""
    seen = []
    choose = policy.choose

    def noted(whole: tiers.Plan, need: Need, start: int, now: policy.Circumstances, *more: Any) -> policy.Choice:
        seen.append(now.objectives.recall)
        return choose(whole, need, start, now, *more)

    monkeypatch.setattr(policy, "choose", noted)
    (client.project / ".claude-patterns").mkdir()
    config = client.project / ".claude-patterns" / "config.toml"
    text = 'recall_weight = 2\n[groups.1]\ncare = 3\n[groups.4]\ntier = "essential"\ncare = 4\n'
    config.write_text(text, encoding="utf-8")
    client.read("/p/a.py", source(1))
    diffed(client, "context-scout")
    diffed(client, "Plan")
    diffed(client, "gap-hunter")
    client.read("/p/b.py", source(2), agent="c1", kind="gap-hunter")  # no diff, which is what the group's care is of
    assert seen == [2.0, 6.0, 2.0, 8.0, 2.0]


def read_as(client: Client, kind: str, task: str) -> str:
    """What a new subagent of the kind is shown of a large file after it was given the task."""
    client.calls += 1
    agent = f"b{client.calls}"
    path = client.transcript.with_suffix("") / "subagents" / f"agent-{agent}.jsonl"
    client.write({"type": "user", "message": {"role": "user", "content": task}}, path)
    return client.read("/p/module.py", source(1), agent=agent, kind=kind)


def test_the_users_executing_agents_see_the_file_whole_that_their_task_names(client: Client) -> None:
    """What the user wants of a group is not done, or every file that an agent looks at is sent whole."""
    task = "Change how rounding is done in module.py."
    assert is_view(read_as(client, "trimtab-agents:change-maker", task))  # by default that does not pay
    (client.project / ".claude-patterns").mkdir(exist_ok=True)
    text = '[groups.3]\ntier = "complete"\n'
    (client.project / ".claude-patterns" / "config.toml").write_text(text, encoding="utf-8")
    assert not is_view(read_as(client, "trimtab-agents:change-maker", task))
    assert "Execution" in client.loads()[-1].reason
    assert is_view(read_as(client, "trimtab-agents:change-maker", "Change how rounding is done."))
    assert is_view(read_as(client, "general-purpose", task))
    assert is_view(read_as(client, "trimtab-agents:change-reviewer", task))
