"""Rows over parts: sums, shares and names."""

import pytest
from tests.monitor.parts import part

from trimtab.monitor import grouping
from trimtab.monitor.grouping import BY, family_of, rows

PARTS = [
    part("standing", tokens=1000, read_tokens=3000, units=600.0, usd=None),
    part("result", tool="Read", target="/p/a.go", tokens=400, write_5m_tokens=400, read_tokens=800, units=200.0),
    part("result", tool="Read", target="/p/b.md", tokens=100, write_5m_tokens=100, units=100.0, is_measured=True),
    part("result", tool="Bash", target="git diff", tokens=50, units=60.0, agent="x", agent_type="Explore"),
    part("answer", tokens=30, units=40.0, output_tokens=30, usd=0.5),
]


def test_a_row_by_hand() -> None:
    read = rows(PARTS, BY["tool"])[0]
    assert (read.name, read.parts, read.tokens, read.prompt_tokens) == ("Read", 2, 500, 1300)
    assert (read.times, read.units, read.share) == pytest.approx((2.6, 300.0, 0.3))
    assert (read.usd, read.measured_share) == pytest.approx((0.2, 0.2))


def test_all_parts_are_in_their_rows() -> None:
    """Shares of the rows of all parts are 1; the standing prompt has no known price."""
    found = rows(PARTS, BY["part"])
    assert [row.name for row in found] == ["standing", "Read", "Bash", "answer"]
    assert sum(row.share for row in found) == pytest.approx(1)
    assert found[0].usd is None
    assert (found[3].output_tokens, found[3].usd) == (30, 0.5)


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("kind", ["go", "markdown", "output"]),
        ("file", ["/p/a.go", "/p/b.md"]),
        ("command", ["git"]),
        ("agent", ["main", "Explore"]),
        ("session", ["s"]),
        ("project", ["/p"]),
        ("model", ["claude-opus-4-5"]),
        ("day", ["1970-01-01"]),
        ("standing", ["/p"]),
    ],
)
def test_names(by: str, names: list[str]) -> None:
    assert [row.name for row in rows(PARTS, BY[by])] == names


def test_groups_of_agents() -> None:
    found = rows(PARTS, grouping.by_group({"Explore": "1 Strategic Analysis"}))
    assert {row.name: row.tokens for row in found} == {"no group": 1530, "1 Strategic Analysis": 50}


def test_standing_texts_of_known_size_have_rows() -> None:
    """200 of the 1,000 tokens are a memory file's: a fifth of 3,000 read tokens and of 600 units."""
    known = {"s": {"CLAUDE.md": 200.0}}
    file, rest = sorted(grouping.standing_rows(PARTS, lambda one: known[one.session]), key=lambda row: row.tokens)
    assert (file.name, file.tokens, file.prompt_tokens) == ("CLAUDE.md", 200, 600)
    assert (file.units, file.share, rest.units) == pytest.approx((120, 0.12, 480))
    assert (rest.name, rest.tokens) == ("system, tools, rest", 800)


def test_known_texts_are_never_more_than_the_standing_prompt() -> None:
    [file] = grouping.standing_rows(PARTS, lambda one: {"CLAUDE.md": 5000.0})
    assert (file.tokens, file.units) == (1000, 600.0)


def test_no_parts_no_rows() -> None:
    assert rows([], BY["part"]) == ()


@pytest.mark.parametrize(
    ("command", "family"),
    [
        ("cd a && go test ./... 2>&1 | tail -5", "tests"),
        ("go build ./...", "builds"),
        ("npm run test:unit", "tests"),
        ("npm install", "packages"),
        ("npx vitest run", "tests"),
        ("uv run pytest -q", "tests"),
        ("git add . && git commit -m 'npm test'", "git"),
        ("gh pr view 3", "gh"),
        ("rtk git diff", "git"),
        ("grep -rn x . | head", "search"),
        ("cat a | grep b", "files"),
        ("sudo docker ps", "containers"),
        ("./run-me", "other"),
        ("", "not a command"),
    ],
)
def test_command_families(command: str, family: str) -> None:
    assert family_of(command) == family
