"""Which settings of a project make its first request smaller and keep all that was used: one proposal each.

Every setting here was tried in client 2.1.328, where it took its part out of the first request (docs/slim.md has the
table). Proposed is only what is known never to have been used in the time of an audit. Of memory, styles and hooks'
texts nobody can tell; what looks as if it saved and does not is in KEPT.
"""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from trimtab.prompt import texts
from trimtab.prompt.audit import CLIENT, Audit, Line
from trimtab.prompt.bill import Cost, total
from trimtab.prompt.parts import MCP_TOOL, SYSTEM, TOOL
from trimtab.prompt.used import CALLABLE, UNKNOWN

Json = object
PLUGIN, SERVER, SKILL, AGENT, NOTES, GIT = "plugin", "mcp", "skill", "agent", "notes", "git"  # kinds, with TOOL
AGENT_TOOL = "Agent"
LEAST_TOKENS = 20  # chosen: a setting that saves less is one more thing to know of
FEW_SESSIONS = 5  # chosen: with fewer, never used says little
DENY = ("permissions", "deny")
BY_NAME_ONLY = "user-invocable-only"  # the model does not see the skill, /name starts it
PLAIN = re.compile(r"[\w:.-]+")  # a name that a permission rule can have
WORK = "all work needs it"
KEPT = {  # tools that are never proposed, and why; figures of bench.slim, client 2.1.328 with claude-opus-5-5
    "Bash": WORK,
    "Read": WORK,
    "Edit": WORK,
    "Write": WORK,
    "ToolSearch": "without it every deferred tool's schema is sent: 7,700 tokens more, measured",
    "Skill": "without it the Workflow tool brings its whole reference: 2,000 tokens more, measured",
    "DeferredToolPlaceholder": "it weighs nothing",
    "EnterPlanMode": "plan mode needs it",
    "ExitPlanMode": "plan mode needs it",
    "TaskStop": "what runs in the background could not be stopped",
    "TaskOutput": "what runs in the background could not be read",
    "KillShell": "what runs in the background could not be stopped",
    "BashOutput": "what runs in the background could not be read",
}
NEEDED_BY = {  # a used skill of the client's keeps the tools that its text calls for
    "ReportFindings": ("code-review", "review", "security-review"),
    "ScheduleWakeup": ("loop",),
    "Workflow": ("workflow-authoring", "code-review"),
    AGENT_TOOL: ("code-review", "simplify", "security-review"),
}
LOSES = {  # what stops working without a tool
    AGENT_TOOL: "no subagents: everything is done in one context",
    "AskUserQuestion": "questions come as plain text, without choices to pick from",
    "ListAgents": "no list of other sessions' agents, so no messages to them",
    "ReportFindings": "/code-review lists what it finds as plain text",
    "ScheduleWakeup": "/loop without an interval: nothing wakes itself later",
    "Workflow": "no workflows, where a script runs many agents",
    "TodoWrite": "no list of what is done and what is next",
    "WebFetch": "no web page can be read",
    "WebSearch": "nothing can be searched for on the web",
    "NotebookEdit": "notebooks' cells are edited as JSON",
}
BASE_AGENTS = ("general-purpose", "claude")  # what the Agent tool starts where no type is named
NO_PLUGIN_SKILL = "a plugin's skill can't be switched off alone: 2.1.328 takes neither skillOverrides nor a rule for it"


class Change(NamedTuple):
    """What goes into a settings file: `value` at `keys`, or (`is_entry`) as one more entry of the list there."""

    keys: tuple[str, ...]
    value: Json
    is_entry: bool


class Proposal(NamedTuple):
    """One setting: what it takes from each request (`tokens`, an estimate; `cost` over the audit's time), what stops
    working (`loses`) and what goes on (`stays`, "" for nothing). `is_least`: it takes more than can be told apart.
    """

    kind: str
    name: str
    change: Change
    tokens: int
    cost: Cost
    loses: str
    stays: str = ""
    is_least: bool = False

    @property
    def id(self) -> str:
        """What the user calls it by."""
        return f"{self.kind}:{self.name}" if self.name else self.kind


class Origin(NamedTuple):
    """Where an MCP server is set up: its own `name`, and whether the project's .mcp.json has it."""

    name: str
    is_projects: bool


class Installed(NamedTuple):
    """A plugin that is on: `id` as settings name it, and why it must stay on ("" where nothing speaks for that)."""

    id: str
    why: str


class Facts(NamedTuple):
    """What a request does not say: MCP servers by their names in tools' names, plugins by name, whether the project has
    notes of the client's, how many commits and pull requests the model made in the time (None: not known), and the
    servers whose resources or prompts were used (with "" also some server's that can't be told).
    """

    servers: Mapping[str, Origin]
    plugins: Mapping[str, Installed]
    has_notes: bool
    commits: int | None
    reached: Set[str] = frozenset()

    def is_reached(self, server: str) -> bool:
        """Whether a server may have been used without a call of its tools; False for none, ""."""
        return bool(server) and not self.reached.isdisjoint((server, ""))


class Kept(NamedTuple):
    """A part that was never used and stays: why."""

    name: str
    tokens: int
    why: str


class Plan(NamedTuple):
    """Proposals, by kind, and what is kept, each the largest first."""

    proposals: tuple[Proposal, ...]
    kept: tuple[Kept, ...]

    @property
    def tokens(self) -> int:
        """What all proposals take from each request."""
        return sum(one.tokens for one in self.proposals)


def propose(found: Audit, facts: Facts, least: int = LEAST_TOKENS) -> Plan:
    """The fewest settings that take out what was never used; none where the audit knows of no request.

    Of what few sessions began with (a part that is newer than most) it is not known whether it is needed.
    """
    if not found.requests:
        return Plan((), ())
    enough = max(1, min(FEW_SESSIONS, found.sessions))
    known = [line if line.had >= enough else line._replace(use=UNKNOWN) for line in found.lines]
    plugins = list(unused_plugins(known, facts))
    off = {one.name.partition("@")[0] for one in plugins}
    lines = [line for line in known if line.part.plugin not in off]
    old = [line for line in lines if line.had >= enough]
    tools = list(unused_tools(lines))
    has_agents = all(one.name != AGENT_TOOL for one in tools)
    proposals = [
        *plugins,
        *tools,
        *servers(lines, facts),
        *skills(lines),
        *(agents(lines) if has_agents else ()),
        *notes(old, facts),
        *git(old, facts),
    ]
    worth = [one for one in proposals if one.tokens >= least]
    kinds = {kind: sum(one.tokens for one in worth if one.kind == kind) for kind in {one.kind for one in worth}}
    worth.sort(key=lambda one: (-kinds[one.kind], one.kind, -one.tokens))
    return Plan(tuple(worth), tuple(sorted(kept(lines, facts, least), key=lambda one: -one.tokens)))


def proposal(kind: str, name: str, change: Change, lines: Iterable[Line], loses: str, stays: str = "") -> Proposal:
    found = list(lines)
    tokens = sum(line.part.tokens for line in found)
    return Proposal(kind, name, change, tokens, total(line.cost for line in found), loses, stays)


def deny(rule: str) -> Change:
    return Change(DENY, rule, True)


def is_unused(lines: Sequence[Line]) -> bool:
    """Whether all that can be called of these is known never to have been, and there is something."""
    found = [line for line in lines if line.part.kind in CALLABLE]
    return bool(found) and all(line.use.is_never for line in found)


def by(lines: Iterable[Line], name: str) -> dict[str, list[Line]]:
    """Lines by a field of their part, those without left out."""
    apart: dict[str, list[Line]] = {}
    for line in lines:
        if key := getattr(line.part, name):
            apart.setdefault(key, []).append(line)
    return apart


def unused_plugins(lines: Sequence[Line], facts: Facts) -> Iterable[Proposal]:
    for name, theirs in by(lines, "plugin").items():
        plugin = facts.plugins.get(name)
        is_reached = any(facts.is_reached(line.part.server) for line in theirs)
        if plugin is not None and not plugin.why and not is_reached and is_unused(theirs):
            change = Change(("enabledPlugins", plugin.id), False, False)
            yield proposal(PLUGIN, plugin.id, change, theirs, f"none of its {brought(theirs)}")


def brought(lines: Iterable[Line]) -> str:
    """What a plugin brings, counted: "1 skill, 2 agents, 1 MCP server"."""
    found = {
        "skill": {line.part.name for line in lines if line.part.kind == texts.SKILL},
        "agent": {line.part.name for line in lines if line.part.kind == texts.AGENT},
        "MCP server": {line.part.server for line in lines if line.part.server},
    }
    return ", ".join(f"{len(names)} {what}{'s' * (len(names) > 1)}" for what, names in found.items() if names)


def unused_tools(lines: Sequence[Line]) -> Iterable[Proposal]:
    """The client's own; the tool that starts agents with their listing."""
    needing = {line.part.name for line in lines if line.part.kind == texts.SKILL and not line.use.is_never}
    for line in lines:
        name = line.part.name
        if line.part.kind != TOOL or not line.use.is_never or name in KEPT or not PLAIN.fullmatch(name):
            continue
        if needing.intersection(NEEDED_BY.get(name, ())):
            continue
        theirs = [line]
        if name == AGENT_TOOL:
            listed = [one for one in lines if one.part.kind == texts.AGENT]
            if not all(one.use.is_never for one in listed):
                continue
            theirs += listed
        yield proposal(TOOL, name, deny(name), theirs, LOSES.get(name, f"the model can't call {name}"))


def servers(lines: Sequence[Line], facts: Facts) -> Iterable[Proposal]:
    """MCP servers of which nothing was called; of the others single tools whose schemas are sent."""
    for server, theirs in by(lines, "server").items():
        tools = [line for line in theirs if line.part.kind == MCP_TOOL]
        if tools and is_unused(tools) and not facts.is_reached(server):
            loses = f"its {len(tools)} tools can't be called" if len(tools) > 1 else "its tool can't be called"
            origin = facts.servers.get(server) or named_origin(theirs)
            if origin is None:
                yield proposal(SERVER, server, deny(f"mcp__{server}"), tools, loses)
                continue
            json = Change(("disabledMcpjsonServers",), origin.name, True)
            other = Change(("deniedMcpServers",), {"serverName": origin.name}, True)
            yield proposal(SERVER, origin.name, json if origin.is_projects else other, theirs, loses)
            continue
        for line in tools:
            name = line.part.name
            if line.use.is_never and not line.part.is_deferred and PLAIN.fullmatch(name):
                yield proposal(TOOL, name, deny(name), [line], f"the model can't call {name}")


def named_origin(lines: Iterable[Line]) -> Origin | None:
    """A server by the name that its instructions are under."""
    names = [line.part.name for line in lines if line.part.kind == texts.INSTRUCTIONS]
    return Origin(names[0], False) if names else None


def skills(lines: Sequence[Line]) -> Iterable[Proposal]:
    for line in lines:
        name = line.part.name
        if line.part.kind == texts.SKILL and line.use.is_never and not line.part.plugin:
            change = Change(("skillOverrides", name), BY_NAME_ONLY, False)
            yield proposal(
                SKILL, name, change, [line], "the model does not start it by itself", f"/{name} still starts it"
            )


def agents(lines: Sequence[Line]) -> Iterable[Proposal]:
    for line in lines:
        name = line.part.name
        if line.part.kind == texts.AGENT and line.use.is_never and name not in BASE_AGENTS and PLAIN.fullmatch(name):
            loses = f"no {name} agent is started"
            yield proposal(AGENT, name, deny(f"Agent({name})"), [line], loses, "other agents")


def notes(lines: Sequence[Line], facts: Facts) -> Iterable[Proposal]:
    """The client's instructions for its own notes of the project."""
    theirs = [line for line in lines if line.part.kind == SYSTEM and "memor" in line.part.name.lower()]
    if theirs and not facts.has_notes:
        change = Change(("autoMemoryEnabled",), False, False)
        loses = "the model keeps no notes of its own between sessions"
        yield proposal(NOTES, "", change, theirs, loses, "CLAUDE.md and all other memory files")


def git(lines: Sequence[Line], facts: Facts) -> Iterable[Proposal]:
    """How to commit and to open pull requests: of it only the attribution is a part by itself."""
    theirs = [line for line in lines if line.part.kind == texts.ATTRIBUTION]
    if theirs and facts.commits == 0:
        change = Change(("includeGitInstructions",), False, False)
        loses = "commits and pull requests of the model follow no rules of the client's and name no author of its"
        yield proposal(GIT, "", change, theirs, loses, "git itself")._replace(is_least=True)


def kept(lines: Sequence[Line], facts: Facts, least: int) -> Iterable[Kept]:
    """Never used, of some size, and left on."""
    used = {line.part.name for line in lines if line.part.kind == texts.SKILL and line.use.times}
    for line in lines:
        part = line.part
        if not line.use.is_never or part.tokens < least:
            continue
        needing = sorted(used.intersection(NEEDED_BY.get(part.name, ())))
        if part.kind == TOOL and KEPT.get(part.name) != WORK and (part.name in KEPT or needing):
            yield Kept(part.name, part.tokens, KEPT.get(part.name) or f"/{needing[0]}, which was used, calls for it")
        elif part.kind == texts.AGENT and part.name in BASE_AGENTS and line.owner == CLIENT:
            yield Kept(part.name, part.tokens, "it is what is started where no agent is named")
        elif part.kind == texts.SKILL and part.plugin:
            plugin = facts.plugins.get(part.plugin)
            why = "it is of this session alone" if plugin is None else plugin.why or "other parts of it are used"
            yield Kept(part.name, part.tokens, f"{NO_PLUGIN_SKILL}; the plugin stays: {why}")


def chosen(proposals: Sequence[Proposal], names: Iterable[str]) -> tuple[list[Proposal], list[str]]:
    """Those that are named, by id, by name or as `all`; and the names that are of none or of several."""
    found: dict[str, Proposal] = {}
    unknown = []
    for name in names:
        if name == "all":
            fitting = list(proposals)
        else:
            fitting = [one for one in proposals if name in (one.id, one.name, one.name.partition("@")[0])]
            fitting = [one for one in fitting if one.id == name] or fitting
            if len(fitting) != 1:
                unknown.append(name)
                continue
        found.update({one.id: one for one in fitting})
    return list(found.values()), unknown
