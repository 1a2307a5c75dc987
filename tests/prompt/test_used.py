"""Whether parts were used: by calls of tools, skills and agents, by hand."""

from trimtab.prompt.parts import Part
from trimtab.prompt.used import UNKNOWN, Called, Use, uses


def part(kind: str, name: str, plugin: str = "", server: str = "") -> Part:
    return Part(kind, name, plugin, server, "", 10, 40, False)


CALLED = [
    Called("tool", "Bash", "s1", 100.0),
    Called("tool", "Bash", "s2", 300.0),
    Called("tool", "Bash", "s2", 200.0),
    Called("tool", "Task", "s1", 150.0),
    Called("tool", "mcp__tickets__find", "s1", 120.0),
    Called("skill", "lint", "s2", 210.0),
    Called("agent", "Plan", "s1", 160.0),
]


def test_by_name() -> None:
    """Calls are counted for another part, or the older name of the agents' tool is not known."""
    found = uses([part("tool", "Bash"), part("tool", "Agent"), part("tool", "Edit"), part("agent", "Plan")], CALLED)
    assert list(found.values()) == [
        Use(3, 2, 300.0, True),
        Use(1, 1, 150.0, True),
        Use(0, 0, None, True),
        Use(1, 1, 160.0, True),
    ]


def test_a_servers_instructions_are_used_with_its_tools() -> None:
    """The instructions of a server that is used look unused."""
    ours, others = part("mcp instructions", "tickets", server="tickets"), part("mcp instructions", "x", server="x")
    found = uses([ours, others, part("mcp tool", "mcp__tickets__find", server="tickets")], CALLED)
    assert [use.times for use in found.values()] == [1, 0, 1]


def test_a_plugins_skill_without_its_plugins_name() -> None:
    """A skill that was called by its short name looks unused, or one without a plugin by another's name."""
    found = uses([part("skill", "shop:lint", "shop"), part("skill", "deploy")], CALLED)
    assert [use.times for use in found.values()] == [1, 0]


def test_what_is_only_read_is_not_known() -> None:
    """A memory file is called never used."""
    found = uses([part("memory", "Build"), part("hook", "SessionStart"), part("system", "Harness")], CALLED)
    assert set(found.values()) == {UNKNOWN}
    assert not UNKNOWN.is_never
    assert Use(0, 0, None, True).is_never
