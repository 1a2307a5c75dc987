"""Who asks for what is switched off: told where it is meant, and not for words that only look like it."""

import pytest

from trimtab.prompt import asked
from trimtab.prompt.bill import Cost
from trimtab.prompt.slim import Change, Proposal

ITEMS = tuple(
    Proposal(kind, name, Change(("x",), 1, False), 100, Cost(0.0, None), "")
    for kind, name in (
        ("tool", "WebSearch"), ("skill", "run"), ("skill", "code-review"), ("agent", "Plan"), ("mcp", "tickets"),
        ("plugin", "boat@market"), ("notes", ""), ("git", ""), ("tool", "Agent"),
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Use WebSearch to find it", ["tool:WebSearch"]),
        ("run the code-review on this", ["skill:code-review"]),
        ("Use the run skill", ["skill:run"]),
        ("ask the skill `run`", ["skill:run"]),
        ("let @agent-Plan do it, and @Plan again", ["agent:Plan"]),
        ("a Plan agent, please", ["agent:Plan"]),
        ("look into the tickets server", ["mcp:tickets"]),
        ("use the MCP server tickets", ["mcp:tickets"]),
        ("/boat:sail home", ["plugin:boat@market"]),
        ("remember that we use tabs", ["notes"]),
        ("run the tests and plan the tickets for the boat", []),
        ("/run it", []),
        ("/code-review", []),
        ("see src/code-review.md and WebSearchResults", []),
        ("commit it", []),
        ("I remember something", []),
        ("Fix the run command in the Makefile", []),
        ("Make the tool run in the agent run loop", []),
        ("How does the plan tool work?", []),
        ("Which skill plan is best?", []),
        ("remember to run the tests", []),
        ("", []),
    ],
)
def test_what_a_prompt_asks_for(prompt: str, expected: list[str]) -> None:
    assert [item.id for item in asked.in_prompt(prompt, ITEMS)] == expected


@pytest.mark.parametrize(
    ("tool", "given", "expected"),
    [
        ("WebSearch", {"query": "x"}, ["tool:WebSearch"]),
        ("ToolSearch", {"query": "select:WebSearch,Monitor"}, ["tool:WebSearch"]),
        ("ToolSearch", {"query": "tickets find"}, ["mcp:tickets"]),
        ("mcp__tickets__find", {}, ["mcp:tickets"]),
        ("mcp__tickets2__find", {}, []),
        ("mcp__plugin_boat_hold__count", {}, ["plugin:boat@market"]),
        ("Skill", {"skill": "run"}, ["skill:run"]),
        ("Skill", {"skill": "/run"}, ["skill:run"]),
        ("Skill", {"skill": "boat:sail"}, ["plugin:boat@market"]),
        ("Agent", {"subagent_type": "Plan"}, ["agent:Plan", "tool:Agent"]),
        ("Task", {"subagent_type": "boat:mate"}, ["plugin:boat@market", "tool:Agent"]),
        ("Bash", {"command": "cd x && git commit -m 'y'"}, ["git"]),
        ("Bash", {"command": "git log; echo commit"}, []),
        ("Bash", {"command": 7}, []),
        ("Read", {"file_path": "WebSearch"}, []),
    ],
)
def test_what_a_call_asks_for(tool: str, given: dict[str, object], expected: list[str]) -> None:
    assert [item.id for item in asked.by_call(tool, given, ITEMS)] == expected


def test_the_sentence_names_the_command() -> None:
    assert asked.sentence(ITEMS[4], "you") == (
        "you asked for the MCP server tickets; it is switched off in this project (100 tokens less in each request)."
        " Back in the next session: `trimtab slim undo mcp:tickets`"
    )
    for item in ITEMS:
        said = asked.sentence(item, "the model")
        assert f"`trimtab slim undo {item.id}`" in said
        assert len(said) <= 240
