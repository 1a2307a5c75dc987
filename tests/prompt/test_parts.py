"""A first request cut into parts: each named, nothing lost, the sum is the body."""

import json
from typing import Any

import pytest
from tests.prompt import bodies

from trimtab.prompt import texts
from trimtab.prompt.parts import Part, parts

HEADS = (
    "# MCP Server Instructions\n",
    "The following skills are available x\n",
    "Codebase and user instructions are shown below.",
)


def words(text: str) -> int:
    return len(text.split())


def named(body: dict[str, Any], kind: str) -> list[tuple[str, str, str, str, bool]]:
    found = [part for part in parts(body, words) if part.kind == kind]
    return [(part.name, part.plugin, part.server, part.path, part.is_deferred) for part in found]


@pytest.fixture(params=["newer", "older"])
def body(request: pytest.FixtureRequest) -> dict[str, Any]:
    made: dict[str, Any] = getattr(bodies, request.param)()
    return made


def test_tools_by_name_server_and_plugin(body: dict[str, Any]) -> None:
    """A deferred tool is taken for one whose schema is sent, or is not known by its server."""
    assert named(body, "tool") == [
        ("Bash", "", "", "", False),
        ("DeferredToolPlaceholder", "", "", "", True),
        ("CronCreate", "", "", "", True),
    ]
    assert named(body, "mcp tool") == [
        ("mcp__tickets__find", "", "tickets", "", False),
        ("mcp__plugin_shop_stock__count", "shop", "plugin_shop_stock", "", True),
    ]


def test_listings_by_plugin(body: dict[str, Any]) -> None:
    """A listing is one lump, or an entry's second line begins another one."""
    assert named(body, "skill") == [
        ("deploy", "", "", "", False),
        ("shop:lint", "shop", "", "", False),
        ("bare", "", "", "", False),
    ]
    assert named(body, "agent") == [("Plan", "", "", "", False), ("shop:scout", "shop", "", "", False)]
    assert named(body, "mcp instructions") == [
        ("plugin:shop:stock", "shop", "plugin_shop_stock", "", False),
        ("my tickets", "", "my_tickets", "", False),
    ]


def test_servers_that_were_still_starting(body: dict[str, Any]) -> None:
    """A server whose tools come later is not told of, and looks as if it cost nothing."""
    assert named(body, "mcp connecting") == [("slow:one", "", "slow_one", "", False)]


def test_memory_files_by_section(body: dict[str, Any]) -> None:
    """A section is of another file, or a comment in a code block is taken for a heading."""
    assert [(name, path) for name, _, _, path, _ in named(body, "memory")] == [
        ("Me", "/home/sam/.claude/CLAUDE.md"),
        ("Taste", "/home/sam/.claude/CLAUDE.md"),
        ("", "/shop/CLAUDE.md"),
        ("Build", "/shop/CLAUDE.md"),
        ("", "/shop/docs/rules.md"),
    ]


def test_what_hooks_styles_and_the_client_say(body: dict[str, Any]) -> None:
    """A hook's second paragraph is nobody's, or a text of the client's is not recognised."""
    assert [name for name, *_ in named(body, "hook")] == ["SessionStart", "SessionStart 2", "UserPromptSubmit"]
    assert [name for name, *_ in named(body, "output style")] == ["Terse", "Terse, its reminder"]
    assert [name for name, *_ in named(body, "prompt")] == ["prompt"]
    assert [name for name, *_ in named(body, "system")] == [
        "You are a Claude agent.",
        "You are an interactive agent.",
        "Harness",
        "Memory",
    ]
    assert named(body, "other") == []


def test_the_sum_is_the_body(body: dict[str, Any]) -> None:
    """A text is lost or counted twice."""
    found = parts(body, words)
    assert sum(part.characters for part in found) == len(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
    assert [part.kind for part in found if part.characters <= 0] == []


def test_tokens_are_those_of_the_texts() -> None:
    """A part is weighed with another's text: of the newer body by hand, in words."""
    sizes = {(part.kind, part.name): part.tokens for part in parts(bodies.newer(), words)}
    assert sizes["mcp instructions", "plugin:shop:stock"] == 4
    assert sizes["skill", "deploy"] == 6
    assert sizes["memory", "Taste"] == 4
    assert sizes["tool", "DeferredToolPlaceholder"] == 0  # the model is not shown it
    assert sizes["frame", "parameters"] == 0


def test_a_text_of_an_unknown_kind_stays() -> None:
    """What a newer client adds is lost, or taken for the user's prompt."""
    body = bodies.body([{"role": "system", "content": "A text that nobody has seen before now."}])
    assert [(part.kind, part.name) for part in parts(body, words)][-2] == ("other", "A text that nobody has ...")


@pytest.mark.parametrize("body", [{}, {"tools": 1, "system": None, "messages": [1, {"content": 2}]}, {"system": "S"}])
def test_any_body(body: dict[str, Any]) -> None:
    """A body of another shape is an error."""
    found = parts(body, words)
    assert sum(part.characters for part in found) == len(json.dumps(body, separators=(",", ":")))


@pytest.mark.parametrize("text", ["", "\n\n", "# a\n```\n# b\n", "- x: y\n\n# Environment\n", "Contents of /x (y):\n"])
def test_cuts_are_the_text(text: str) -> None:
    """A cut drops a character."""
    for head in ("", *HEADS):
        assert "".join(cut.text for cut in texts.cuts(head + text, is_users=False)) == head + text


def test_longest_plugin_that_fits() -> None:
    """The server of plugin shop_x is given to plugin shop."""
    body = {"tools": [{"name": "mcp__plugin_shop_x_stock__count"}]}
    assert parts(body, words, ["shop", "shop_x"])[0] == Part(
        "mcp tool", "mcp__plugin_shop_x_stock__count", "shop_x", "plugin_shop_x_stock", "", 1, 42, False
    )
