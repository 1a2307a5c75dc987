"""What is proposed of an audit: nothing that was used, the fewest settings, and never what only seems to save."""

from collections.abc import Sequence

import pytest
from tests.prompt.audits import AUDIT, FOUND, NEVER, line

from trimtab.prompt import slim, slim_report
from trimtab.prompt.audit import Line
from trimtab.prompt.slim import Change, Facts, Installed, Origin, Plan

NOTHING = Facts({}, {}, True, None)


def plan(lines: Sequence[Line], facts: Facts = NOTHING) -> Plan:
    return slim.propose(AUDIT._replace(lines=tuple(lines)), facts)


def changes(found: Plan) -> dict[str, Change]:
    return {one.id: one.change for one in found.proposals}


def test_an_unused_tool_is_denied_and_a_used_one_is_not() -> None:
    found = plan(
        [line("tool", "Workflow", 1_400, "the client", NEVER, 2.8), line("tool", "LSP", 90, "the client", FOUND)]
    )
    assert changes(found) == {"tool:Workflow": Change(("permissions", "deny"), "Workflow", True)}
    (one,) = found.proposals
    assert (one.tokens, one.cost.usd) == (1_400, 2.8)
    assert "workflows" in one.loses


@pytest.mark.parametrize("name", ["Bash", "Read", "Edit", "Write", "ToolSearch", "Skill", "ExitPlanMode"])
def test_what_only_seems_to_save_is_kept(name: str) -> None:
    """Without ToolSearch a request grows by 7,700 tokens, without Skill by 2,000 (both measured)."""
    assert plan([line("tool", name, 400, "the client", NEVER)]).proposals == ()


def test_what_is_kept_against_appearances_is_said() -> None:
    found = plan([line("tool", "ToolSearch", 353, "the client", NEVER), line("tool", "Read", 500, "the client", NEVER)])
    assert [(one.name, one.tokens) for one in found.kept] == [("ToolSearch", 353)]
    assert "7,700 tokens more" in found.kept[0].why


def test_a_tool_that_a_used_skill_calls_for_is_kept() -> None:
    tool = line("tool", "ReportFindings", 628, "the client", NEVER)
    found = plan([tool, line("skill", "code-review", 200, "the client", FOUND)])
    assert found.proposals == ()
    assert [one.why for one in found.kept] == ["/code-review, which was used, calls for it"]
    assert list(changes(plan([tool, line("skill", "code-review", 200, "the client", NEVER)]))) == [
        "tool:ReportFindings", "skill:code-review"
    ]  # fmt: skip


def test_without_agents_their_tool_goes_with_all_of_its_listing() -> None:
    lines = [
        line("tool", "Agent", 1_193, "the client", NEVER),
        line("agent", "Explore", 110, "the client", NEVER),
        line("agent", "checker", 40, "the project's", NEVER),
    ]
    found = plan(lines)
    assert changes(found) == {"tool:Agent": Change(("permissions", "deny"), "Agent", True)}
    assert found.tokens == 1_343


def test_where_agents_are_used_the_others_go_but_the_one_that_needs_no_name() -> None:
    lines = [
        line("tool", "Agent", 1_193, "the client", FOUND),
        line("agent", "Explore", 110, "the client", NEVER),
        line("agent", "general-purpose", 61, "the client", NEVER),
        line("agent", "checker", 40, "the project's", FOUND),
    ]
    found = plan(lines)
    assert changes(found) == {"agent:Explore": Change(("permissions", "deny"), "Agent(Explore)", True)}
    assert [one.name for one in found.kept] == ["general-purpose"]


def test_a_skill_stays_for_the_user_to_type() -> None:
    found = plan([line("skill", "dataviz", 330, "the client", NEVER), line("skill", "deploy", 40, "yours", FOUND)])
    assert changes(found) == {"skill:dataviz": Change(("skillOverrides", "dataviz"), "user-invocable-only", False)}


def server(name: str, tokens: int, late: bool, used: bool = False) -> Line:
    tool = f"mcp__{name}__find"
    return line("mcp tool", tool, tokens, name, FOUND if used else NEVER, server=name, late=late)


def test_servers_are_switched_off_where_they_are_set_up() -> None:
    lines = [
        server("tickets", 300, False),
        line("mcp instructions", "tickets", 200, "tickets", NEVER, server="tickets"),
        server("my_mail", 30, True),
        server("cloud", 25, True),
        line("mcp instructions", "the cloud", 50, "cloud", NEVER, server="cloud"),
        server("nowhere", 40, True),
        server("stock", 35, True, used=True),
    ]
    origins = {"tickets": Origin("tickets", True), "my_mail": Origin("my mail", False)}
    assert changes(plan(lines, NOTHING._replace(servers=origins))) == {
        "mcp:tickets": Change(("disabledMcpjsonServers",), "tickets", True),
        "mcp:the cloud": Change(("deniedMcpServers",), {"serverName": "the cloud"}, True),
        "mcp:nowhere": Change(("permissions", "deny"), "mcp__nowhere", True),
        "mcp:my mail": Change(("deniedMcpServers",), {"serverName": "my mail"}, True),
    }


def test_a_server_that_is_used_for_resources_or_prompts_stays() -> None:
    """It has tools that nobody calls, and is switched off with what is used of it; or nobody knows whose were read."""
    hold = server("plugin_boat_hold", 40, True)
    hold = hold._replace(part=hold.part._replace(plugin="boat"))
    lines = [server("docs", 30, True), server("mail", 30, True), hold]
    facts = NOTHING._replace(plugins={"boat": Installed("boat@market", "")})
    assert list(changes(plan(lines, facts._replace(reached={"docs", "plugin_boat_hold"})))) == ["mcp:mail"]
    assert plan(lines, facts._replace(reached={""})).proposals == ()
    assert set(changes(plan(lines, facts))) == {"mcp:docs", "mcp:mail", "plugin:boat@market"}


def test_of_a_used_server_only_schemas_that_are_sent_go() -> None:
    lines = [
        line("mcp tool", "mcp__shop__find", 300, "shop", FOUND, server="shop"),
        line("mcp tool", "mcp__shop__close", 280, "shop", NEVER, server="shop"),
        line("mcp tool", "mcp__shop__open", 25, "shop", NEVER, server="shop", late=True),
    ]
    assert changes(plan(lines)) == {"tool:mcp__shop__close": Change(("permissions", "deny"), "mcp__shop__close", True)}


def test_an_unused_plugin_is_one_setting() -> None:
    lines = [
        line("skill", "boat:sail", 40, "plugin boat", NEVER, plugin="boat"),
        line("agent", "boat:mate", 30, "plugin boat", NEVER, plugin="boat"),
        line("mcp tool", "mcp__plugin_boat_hold__t", 9, "plugin boat", NEVER, plugin="boat", server="plugin_boat_hold"),
    ]
    facts = NOTHING._replace(plugins={"boat": Installed("boat@market", "")})
    found = plan(lines, facts)
    assert changes(found) == {"plugin:boat@market": Change(("enabledPlugins", "boat@market"), False, False)}
    assert (found.tokens, found.proposals[0].loses) == (79, "none of its 1 skill, 1 agent, 1 MCP server")


def test_a_plugin_that_must_stay_loses_what_can_go_alone() -> None:
    lines = [
        line("skill", "boat:sail", 40, "plugin boat", NEVER, plugin="boat"),
        line("agent", "boat:mate", 30, "plugin boat", NEVER, plugin="boat"),
    ]
    found = plan(lines, NOTHING._replace(plugins={"boat": Installed("boat@market", "it has hooks")}))
    assert list(changes(found)) == ["agent:boat:mate"]
    assert found.kept[0].name == "boat:sail"
    assert "it has hooks" in found.kept[0].why


def test_notes_and_commits_go_where_there_are_none() -> None:
    lines = [
        line("system", "auto memory", 700, "the client"),
        line("system", "Types of memory", 300, "the client"),
        line("attribution", "commits and pull requests", 134, "the client"),
    ]
    found = plan(lines, Facts({}, {}, False, 0))
    assert changes(found) == {
        "notes": Change(("autoMemoryEnabled",), False, False),
        "git": Change(("includeGitInstructions",), False, False),
    }
    assert [(one.tokens, one.is_least) for one in found.proposals] == [(1_000, False), (134, True)]
    for facts in (Facts({}, {}, True, 1), Facts({}, {}, True, None)):
        assert plan(lines, facts).proposals == ()


@pytest.mark.parametrize("had", [0, 4])
def test_what_is_newer_than_most_sessions_is_not_proposed(had: int) -> None:
    """A server that was set up this morning is switched off as never used in twelve sessions without it."""
    lines = [
        line("tool", "Workflow", 1_400, "the client", NEVER),
        line("tool", "ReportFindings", 628, "the client", NEVER)._replace(had=12),
        line("skill", "code-review", 200, "the client", NEVER),
        server("tickets", 300, True),
        line("agent", "Explore", 110, "the client", NEVER),
        line("system", "auto memory", 700, "the client"),
        line("attribution", "commits and pull requests", 134, "the client"),
    ]
    facts = Facts({}, {}, False, 0)
    new = [one._replace(had=one.had if one.part.name == "ReportFindings" else had) for one in lines]
    assert plan(new, facts).proposals == ()  # the new skill may call for it
    assert len(plan([one._replace(had=5) for one in lines], facts).proposals) == len(lines)


def test_a_new_part_keeps_what_it_needs() -> None:
    """Plugin, server or the agents' tool go, and with them the part that came yesterday."""
    lines = [
        line("skill", "boat:sail", 40, "plugin boat", NEVER, plugin="boat"),
        line("skill", "boat:row", 40, "plugin boat", NEVER, plugin="boat")._replace(had=1),
        server("tickets", 300, True),
        server("tickets", 300, True)._replace(had=1),
        line("tool", "Agent", 1_193, "the client", NEVER),
        line("agent", "checker", 40, "yours", NEVER)._replace(had=1),
    ]
    facts = NOTHING._replace(plugins={"boat": Installed("boat@market", "")})
    assert plan(lines, facts).proposals == ()


def test_in_few_sessions_what_all_began_with_is_proposed() -> None:
    """There the report warns; what only one of two began with is newer all the same."""
    tool = line("tool", "Workflow", 1_400, "the client", NEVER)
    audit = AUDIT._replace(sessions=2, lines=(tool._replace(had=2),))
    assert len(slim.propose(audit, NOTHING).proposals) == 1
    assert slim.propose(audit._replace(lines=(tool._replace(had=1),)), NOTHING).proposals == ()


def test_small_gains_are_left_alone() -> None:
    assert plan([line("skill", "init", 19, "the client", NEVER)]).proposals == ()
    assert len(plan([line("skill", "init", 20, "the client", NEVER)]).proposals) == 1


def test_without_a_history_nothing_is_proposed() -> None:
    empty = AUDIT._replace(requests=0, sessions=0)
    assert slim.propose(empty, NOTHING) == Plan((), ())
    assert "No request of this project" in slim_report.proposed(Plan((), ()), empty)[0]


def test_they_are_picked_by_name() -> None:
    lines = [
        line("skill", "run", 80, "the client", NEVER),
        line("agent", "run", 60, "yours", NEVER),
        line("tool", "Workflow", 1_400, "the client", NEVER),
        line("tool", "Agent", 10, "the client", FOUND),
    ]
    found = plan(lines).proposals
    assert [one.id for one in slim.chosen(found, ["Workflow", "agent:run"])[0]] == ["tool:Workflow", "agent:run"]
    assert slim.chosen(found, ["run", "nothing"]) == ([], ["run", "nothing"])
    assert len(slim.chosen(found, ["all"])[0]) == 3


def test_the_report_says_gain_cost_and_what_stops() -> None:
    lines = [line("tool", "Workflow", 1_400, "the client", NEVER, 2.8), line("tool", "Bash", 600, "the client", FOUND)]
    out = slim_report.proposed(plan(lines), AUDIT._replace(lines=tuple(lines)))
    row = next(text for text in out if "Workflow" in text)
    assert row.split()[:4] == ["1", "Workflow", "1,400", "$0.700"]  # of four weeks
    assert any("Together 1,400 of 2,000 tokens of a first request (70.0%)" in text for text in out)
    assert max(map(len, out)) <= 80


def test_a_gain_that_did_not_come_is_said() -> None:
    assert "undo" not in " ".join(slim_report.measured(10_000, 8_100, 2_000, False))
    assert "undo" in " ".join(slim_report.measured(10_000, 12_000, 2_000, False))
