"""An audit as text and as JSON: what a user reads adds up, fits, and says what is not known."""

import json
import re

import pytest
from tests.prompt.audits import AUDIT, LINES, NOW, SENT, line

from trimtab.prompt import audit
from trimtab.prompt.bill import Cost
from trimtab.prompt.parts import Part
from trimtab.prompt.report import Screen, report

SCREEN = Screen(home="/home/sam", project="/home/sam/shop", now=NOW)


def text(found: audit.Audit = AUDIT, screen: Screen = SCREEN) -> str:
    return "\n".join(report(found, screen))


def row(name: str, told: str) -> list[str]:
    """The row of a name, by its cells."""
    (found,) = [line for line in told.splitlines() if re.match(rf" *{re.escape(name)} {{2,}}", line)]
    return re.split(r" {2,}", found.strip())


def test_the_largest_first() -> None:
    """Groups, or parts in a group, are in the order of the request."""
    told = text()
    groups = [line.split("  ")[0] for line in told.splitlines() if re.match(r"[A-Z][^:]*  +[\d,]+ +\$", line)]
    assert groups[:4] == ["Tools", "Skills", "System prompt", "MCP servers"]
    assert told.index("Workflow") < told.index("Bash")


def test_rows_have_tokens_cost_and_use() -> None:
    """A cost is another part's, or what is not known is called never used."""
    told = text()
    assert row("Workflow", told) == ["Workflow", "1,400", "$3.00", "never in 12"]
    assert row("Bash", told) == ["Bash", "900", "$2.00", "61x, 3 d ago"]
    assert row("9 more", told) == ["9 more", "108", "$0.0900", "never in 12"]
    assert row("Build", told) == ["Build", "120", "$0.300", "not known"]
    assert row("Harness", told) == ["Harness", "500", "$1.00"]
    assert row("SessionStart", told)[-1] == "not known"
    assert row("checker", told)[-1] == "1x, 9 d ago"


def test_owners() -> None:
    """A plugin's skill is under the client's, a server's tools are one row each, a path is not the project's."""
    told = text()
    assert row("plugin shop", told)[1] == "40"
    assert row("tickets (2 tools, by name only)", told) == [
        "tickets (2 tools, by name only)", "309", "$0.720", "2x, 1 d ago",
    ]  # fmt: skip
    assert row("CLAUDE.md", told)[1] == "120"
    assert row("~/.claude/CLAUDE.md", told)[1] == "60"
    assert "find" not in told
    assert row("find (name only)", text(screen=SCREEN._replace(wants_all=True)))[1] == "4"


def test_sums() -> None:
    """Rows and their sum differ: by hand, all but the frame."""
    tokens = 900 + 1_400 + 9 * 12 + 500 + 309 + 520 + 25 + 180 + 33 + 30 + 150 + 13 + 3
    assert row("All", text())[1] == f"{tokens:,}"
    assert row("Tools", text())[1] == "2,408"
    groups = [
        row(title, text())[1] for title, _ in audit.GROUPS if re.search(rf"^{re.escape(title)}  ", text(), re.MULTILINE)
    ]
    assert sum(int(figure.replace(",", "")) for figure in groups) == tokens


def test_what_is_said_of_it() -> None:
    """An estimate is called a count, or what was never used is not summed: 1,400 + 108 + 5 + 40 + 480."""
    told = " ".join(text().split())
    assert "about 4,171 tokens of claude-opus-5-5 (an estimate; recorded" in told
    assert "3 sessions began with 4,000 to 5,000 tokens of this model (median 4,500), billed" in told
    assert "7% below that median" in told
    assert "1,204 requests of 12 sessions" in told
    assert (
        "Never used in 12 sessions: 2,033 tokens of each request, $4.30. The largest: Workflow 1,400, dataviz 480"
        in told
    )
    assert "carried what each session began with: $13.41" in told
    assert "Of 5 the client wrote down what that was; the other 7 are taken to have begun with this." in told
    assert "$1.50 for what sessions began with that this one has not" in told
    assert "$3.00 that first prompts of sessions of which it is not known held beyond this request" in told
    assert "$0.800 for the first prompts of 3 subagents" in told


def test_a_session_s_own_request() -> None:
    """A billed size is called an estimate, or an estimate that bills corrected is compared with them again."""
    own = " ".join(text(AUDIT._replace(sent=SENT._replace(session="3282c524-e012", billed=4_171), known=12)).split())
    assert own.startswith("Session 3282c524 of 2026-11-24")
    assert "began with 4,171 tokens of claude-opus-5-5, billed; how they divide is an estimate." in own
    assert "Of each the client wrote down what that was." in own
    assert "below" not in own
    told = " ".join(text(AUDIT._replace(sent=SENT._replace(checked=4, is_terminal=False), known=0)).split())
    assert "(an estimate, set by 4 sessions that were billed; recorded" in told
    assert "by claude -p" in told
    assert "taken that all of them began with this" in told


def test_never_is_of_the_sessions_that_had_it() -> None:
    """A server of yesterday was never used in all sessions of the month."""
    new = AUDIT._replace(lines=(AUDIT.lines[1]._replace(had=1),))
    assert row("Workflow", text(new))[-1] == "never in 1"
    unseen = AUDIT._replace(lines=(AUDIT.lines[1]._replace(had=0),))
    assert row("Workflow", text(unseen))[-1] == "new"
    assert "Never used" not in text(unseen)


def test_without_a_history() -> None:
    """A new project's parts are called never used, or cost nothing."""
    nothing = Cost(0, None)
    bare = AUDIT._replace(requests=0, sessions=0, known=0, firsts=(), gone=nothing, rest=nothing, agent_runs=0)
    told = text(bare)
    assert "is not known" in told
    assert "never" not in told
    assert "$" not in told
    assert row("Workflow", told) == ["Workflow", "1,400"]


@pytest.mark.parametrize("width", [60, 80])
def test_it_fits(width: int) -> None:
    """A long name, a path, or a sign that a terminal obeys breaks the table."""
    path = "/home/sam/" + "deep/" * 40 + "CLAUDE.md"
    odd = line("memory", "A heading \x1b[31m" + "of many words " * 9, 800, path, path=path)
    told = report(AUDIT._replace(lines=(*LINES, odd)), SCREEN._replace(width=width, wants_all=True))
    assert [line for line in told if len(line) > width] == []
    assert "\x1b" not in "".join(told)


def test_servers_that_were_still_starting() -> None:
    """A slow server looks as if it cost nothing."""
    late = line("mcp connecting", "slow", 5, "slow", server="slow")
    told = " ".join(text(AUDIT._replace(lines=(*LINES, late))).split())
    assert "Still starting, and so without tools in this request: slow; --wait gives" in told
    assert "slow (0 tools, still starting)" in told


def test_it_can_be_kept() -> None:
    """What is kept is not what was found, or another file's is taken for one."""
    data = json.loads(json.dumps(audit.as_document(AUDIT)))
    assert audit.of_document(data) == AUDIT
    assert data["tokens"] == 4_171
    others: tuple[object, ...] = (
        None,
        [],
        {},
        {"format": 2},
        {**data, "lines": [{"kind": 1}]},
        {**data, "rest": None},
        {**data, "had": 1, "gone": 1},
    )
    for other in others:
        assert audit.of_document(other) is None


def test_owner_of_what_nobody_says() -> None:
    """A hook's text is the client's, or a skill that is in no folder the user's."""
    owners = {("skill", "deploy"): "the project's"}

    def owner(kind: str, name: str) -> str:
        return audit.owner_of(Part(kind, name, "", "", "", 1, 1, False), owners)

    assert [owner("skill", "deploy"), owner("skill", "dataviz"), owner("hook", "x"), owner("tool", "Bash")] == [
        "the project's", "the client", "", "the client",
    ]  # fmt: skip
