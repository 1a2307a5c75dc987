"""The plugin trimtab-agents: its files agree with the table of groups, and listing them stays cheap."""

import re
from pathlib import Path

import pytest

from trimtab import groups, tokens
from trimtab.records import Tier

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "trimtab-agents" / "agents").glob("*.md"))
LISTING_TOKENS = 350  # chosen; every request of a session that has the plugin carries the listing
READERS = {"Read", "Grep", "Glob"}
KEYS = {"name", "description", "tools", "model", "effort", "omitClaudeMd"}  # of the client's schema (2.1.328)
OURS = {"group", "tier", "of", "budget-share", "reply", "words"}  # which the client leaves alone


def front(path: Path) -> dict[str, str]:
    head = path.read_text(encoding="utf-8").split("---\n")[1]
    return dict(line.split(": ", 1) for line in head.splitlines())


def tools(path: Path) -> set[str]:
    return set(front(path)["tools"].split(", "))


def test_all_four_groups_have_agents_and_the_table_knows_each() -> None:
    clients_own = {"Explore", "Plan", *groups.FOR_ANYTHING}
    assert {path.stem for path in FILES} == set(groups.AGENTS) - clients_own
    assert {front(path)["group"] for path in FILES} == set(groups.GROUPS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_agents_file_says_what_the_table_says(path: Path) -> None:
    """A key is misspelt, so the client passes over it; or file and table name different groups, tiers or contracts."""
    given = front(path)
    group = groups.GROUPS[given["group"]]
    assert set(given) <= KEYS | OURS
    assert given["name"] == path.stem
    assert given["group"] == groups.AGENTS[path.stem]
    assert (given["tier"], given.get("of", "")) == (group.tier, group.of)
    assert float(given["budget-share"]) == group.budget_share
    assert (given["reply"], int(given["words"])) == (group.reply, group.words)
    assert given["model"] == "inherit"
    assert given["tier"] in [tier.value for tier in Tier]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_only_executing_agents_have_tools_that_change_files(path: Path) -> None:
    """A reviewer that can edit, a scout with a shell."""
    group = front(path)["group"]
    allowed = {"1": READERS, "2": READERS, "3": {"Read", "Edit", "Write", "Bash"}, "4": {"Read", "Bash"}}
    assert tools(path) <= allowed[group]
    assert ("Read-only." in front(path)["description"]) == (tools(path) <= READERS)


def test_the_listing_is_short() -> None:
    """As the client writes it (bench/agents.py: 289 tokens at the wire)."""
    tokens.load()
    lines = [f"- trimtab-agents:{p.stem}: {front(p)['description']} (Tools: {front(p)['tools']})" for p in FILES]
    counted = tokens.count("\n".join(lines))
    assert counted is not None
    assert 200 < counted <= LISTING_TOKENS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_body_says_how_and_what_to_return(path: Path) -> None:
    body = path.read_text(encoding="utf-8").split("---\n", 2)[2]
    assert re.search(r"^Return: ", body, re.M)
    assert re.search(r"^1\. ", body, re.M)
    assert max(map(len, body.splitlines())) <= 120


def test_what_the_documentation_lists_is_there() -> None:
    documented = re.findall(r"^\| ([a-z]+-[a-z]+) \|", (ROOT / "docs/agents.md").read_text(encoding="utf-8"), re.M)
    assert sorted(documented) == [path.stem for path in FILES]


def test_the_output_style_is_short_and_keeps_the_clients_instructions() -> None:
    """Every request of who chose it carries it; without the key the client leaves out how it works on code."""
    tokens.load()
    path = ROOT / "output-styles" / "to-the-point.md"
    assert front(path)["keep-coding-instructions"] == "true"
    counted = tokens.count(path.read_text(encoding="utf-8").split("---\n", 2)[2])
    assert counted is not None
    assert counted < 100
