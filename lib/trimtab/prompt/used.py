"""Whether the parts of a standing prompt were used, by what the transcripts say was called.

A tool is used when it is called, a skill when the model calls it or the user types it, an agent when one is started, an
MCP server's instructions when any tool, resource or prompt of it is. Of what is only read (memory files, styles, hooks'
texts) no transcript can say whether it was of use: that is not known, which is not the same as never.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from trimtab.prompt import texts
from trimtab.prompt.parts import MCP_TOOL, TOOL, Part, server_of

CALLABLE = (TOOL, MCP_TOOL, texts.SKILL, texts.AGENT, texts.INSTRUCTIONS)  # kinds of which it is known
AGENT_TOOLS = ("Agent", "Task")  # the same tool: the older name is an alias


class Called(NamedTuple):
    """One call: of a tool (kind TOOL, of MCP servers too), a skill (texts.SKILL), an agent (texts.AGENT), or of an MCP
    server's resources or prompts (texts.INSTRUCTIONS; the name is the server's, "" for not known).
    """

    kind: str
    name: str
    session: str
    at: float


class Use(NamedTuple):
    """How often something was called and in how many sessions, and when last; `is_known` False: nobody can tell."""

    times: int
    sessions: int
    last: float | None
    is_known: bool

    @property
    def is_never(self) -> bool:
        """Whether it is known that it was not used."""
        return self.is_known and not self.times


UNKNOWN = Use(0, 0, None, False)


def uses(parts: Iterable[Part], called: Iterable[Called]) -> dict[tuple[str, str, str], Use]:
    """The use of each part by its key."""
    apart = by_name(called)
    return {part.key: use_of(part, apart) for part in parts}


def by_name(called: Iterable[Called]) -> dict[tuple[str, str], list[Called]]:
    """Calls by what they are of; those of an MCP server also by its name as (texts.INSTRUCTIONS, server)."""
    apart: dict[tuple[str, str], list[Called]] = {}
    for call in called:
        name = AGENT_TOOLS[0] if call.kind == TOOL and call.name in AGENT_TOOLS else call.name
        apart.setdefault((call.kind, name), []).append(call)
        if server := server_of(name) if call.kind == TOOL else "":
            apart.setdefault((texts.INSTRUCTIONS, server), []).append(call)
    return apart


def use_of(part: Part, apart: Mapping[tuple[str, str], list[Called]]) -> Use:
    """A skill of a plugin may be called without the plugin's name."""
    if part.kind not in CALLABLE:
        return UNKNOWN
    kind = TOOL if part.kind == MCP_TOOL else part.kind
    names = {part.server if kind == texts.INSTRUCTIONS else part.name}
    if kind == texts.SKILL and part.plugin:
        names.add(part.name.partition(":")[2])
    return summed([call for name in names for call in apart.get((kind, name), ())])


def summed(calls: Iterable[Called]) -> Use:
    """The use that the calls are; none is never used."""
    found = list(calls)
    last = max((call.at for call in found), default=None)
    return Use(len(found), len({call.session for call in found}), last, True)


def joined(found: Iterable[Use]) -> Use | None:
    """The use of several parts as one: their times added, their most sessions; None of none."""
    known = [use for use in found if use.is_known]
    if not known:
        return None
    last = max((use.last for use in known if use.last is not None), default=None)
    return Use(sum(use.times for use in known), max(use.sessions for use in known), last, True)
