"""What sessions called, by the book and by what users typed; and whose a listed skill is, by the files."""

from pathlib import Path

from tests.usage.written import AT, CWD, Home, Line, answer, called, result, usage, user

from trimtab.prompt.used import Called
from trimtab.usage import calls, sources
from trimtab.usage.account import Scope

SPENT = usage(10, 100, 1000, 40)


def found(home: Home, scope: Scope) -> list[Called]:
    home.sync()
    with home.store() as store:
        return sorted(calls.called(store, scope, [home.projects]))


def ran(second: int) -> Line:
    """A subagent's response."""
    return answer(second, f"m{second}", SPENT, isSidechain=True, agentId="a1", attributionAgent="Plan")


def test_tools_skills_and_agents(home: Home) -> None:
    """A call is missed, or a skill's is one of a tool alone."""
    content = [called("Skill", "t1", skill="shop:lint"), called("mcp__tickets__find", "t2", id="1")]
    home.write(
        "s1", answer(1, "m1", SPENT, content=content), user(2, [result("t1", "ok"), result("t2", "no", is_error=True)])
    )
    home.write("s1/a1", *(ran(second) for second in (3, 4)))
    assert found(home, Scope(CWD)) == [
        Called("agent", "Plan", "s1", AT + 3),
        Called("skill", "shop:lint", "s1", AT + 2),
        Called("tool", "Skill", "s1", AT + 2),
        Called("tool", "mcp__tickets__find", "s1", AT + 2),
    ]


def test_what_the_user_typed(home: Home) -> None:
    """A skill that the user starts looks unused, or one that a file quotes looks used."""
    typed = "<command-message>deploy</command-message>\n<command-name>/deploy</command-name>"
    home.write(
        "s1",
        answer(1, "m1", SPENT, content=[called("Read", "t1", file_path="/x")]),
        user(2, typed),
        user(3, [{"type": "text", "text": typed.replace("deploy", "shop:tidy")}]),
        user(4, [result("t1", typed.replace("deploy", "quoted"))]),
        user(5, "Why is <command-name>/asked</command-name> there?"),
        b'{"type":"user","message":"<command-name>/x</command-name>"}\n<command-name>/y</command-name>\n',
    )
    skills = [call for call in found(home, Scope(CWD)) if call.kind == "skill"]
    assert skills == [Called("skill", "deploy", "s1", AT + 2), Called("skill", "shop:tidy", "s1", AT + 3)]


def test_resources_and_prompts_of_servers(home: Home) -> None:
    """A server that is used only by its resources or prompts looks never used."""
    content = [
        called("ReadMcpResourceTool", "t1", server="my docs", uri="docs://a"),
        called("ListMcpResourcesTool", "t2"),
        called("ListMcpResourcesTool", "t3", server="mail"),
    ]
    home.write(
        "s1",
        answer(1, "m1", SPENT, content=content),
        user(2, [result(f"t{n}", "ok") for n in (1, 2, 3)]),
        user(4, "<command-name>/mcp__tickets__triage</command-name>"),
    )
    servers = [call for call in found(home, Scope(CWD)) if call.kind == "mcp instructions"]
    assert servers == [
        Called("mcp instructions", "", "s1", AT + 2),
        Called("mcp instructions", "mail", "s1", AT + 2),
        Called("mcp instructions", "my_docs", "s1", AT + 2),
        Called("mcp instructions", "tickets", "s1", AT + 4),
    ]


def test_of_the_project_and_the_time(home: Home) -> None:
    """Another project's calls, or those of another month, count."""
    typed = "<command-name>/deploy</command-name>"
    home.write("s1", answer(1, "m1", SPENT), user(2, typed), user(50, typed), answer(51, "m2", SPENT))
    other = answer(1, "m3", SPENT, session="s2", cwd="/other"), user(2, typed, session="s2", cwd="/other")
    home.write("s2", *other, folder="-other")
    assert found(home, Scope(CWD, None, AT + 40, AT + 60)) == [Called("skill", "deploy", "s1", AT + 50)]


def test_whose_a_skill_is(tmp_path: Path) -> None:
    """The user's own skill is taken for the client's, or the project's for the user's."""
    client, project = tmp_path / "client", tmp_path / "project"
    texts = {
        client / "skills" / "invoice" / "SKILL.md": "---\nname: bill\n---\n",
        client / "commands" / "ship.md": "Ship.",
        client / "agents" / "checker.md": "---\nname: 'strict checker'\n---\nname: not this\n",
        project / ".claude" / "commands" / "ship.md": "Ship it here.",
    }
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert sources.owners(project, client) == {
        ("skill", "invoice"): "yours",
        ("skill", "bill"): "yours",
        ("agent", "checker"): "yours",
        ("agent", "strict checker"): "yours",
        ("skill", "ship"): "the project's",
    }
    assert sources.owners(tmp_path / "none", tmp_path / "none") == {}
