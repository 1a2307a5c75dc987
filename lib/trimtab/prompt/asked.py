"""Whether a prompt or a call asks for something that slim has switched off, and what the user is told then.

A prompt asks by a name that is no ordinary word (WebSearch, code-review), by an ordinary one beside a word for what it
is ("the tickets server"), or as `name` or @name. A skill typed as /name is not asked for: that still starts it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from trimtab.prompt.parts import MCP, TOOL, UNSAFE
from trimtab.prompt.slim import AGENT, GIT, NOTES, PLUGIN, SERVER, SKILL, Proposal
from trimtab.prompt.used import AGENT_TOOLS

UNDO = "trimtab slim undo"
COMMIT = re.compile(r"\bgit\b[^\n|;&]*\bcommit\b|\bgh\s+pr\s+create\b")
REMEMBER = re.compile(r"\bremember\s+(?:that|this|for)\b", re.IGNORECASE)
KINDS = r"(?:mcp|servers?|skills?|(?:sub)?agents?|plugins?|tools?|commands?)"
OWN_KIND = {SKILL: r"skills?", AGENT: r"(?:sub)?agents?"}  # their names are ordinary words: run, verify, Plan
CAMEL = re.compile(r"[A-Za-z][a-z0-9]+[A-Z]\w*")
JOINED = re.compile(r"\w+[-_:.]\w+")
SEARCH, SKILL_TOOL = "ToolSearch", "Skill"
SUBJECTS = {NOTES: "a note; notes of its own are", GIT: "a commit; the client's instructions for it are"}
LONGEST_PROMPT = 20_000  # characters looked at; more is pasted


def in_prompt(text: str, items: Iterable[Proposal]) -> list[Proposal]:
    """The items that a user's prompt asks for."""
    text = text[:LONGEST_PROMPT]
    return [item for item in items if asks(text, item)]


def asks(text: str, item: Proposal) -> bool:
    if item.kind == GIT:
        return False  # the model commits all the same: `by_call` sees it
    if item.kind == NOTES:
        return REMEMBER.search(text) is not None
    name = item.name.partition("@")[0] if item.kind == PLUGIN else item.name
    word = rf"(?<![\w/:.-]){re.escape(name)}(?![\w-])"
    patterns = [rf"`{re.escape(name)}`", rf"@(?:agent-)?{re.escape(name)}(?![\w-])"]
    kind = OWN_KIND.get(item.kind, KINDS)
    patterns += [rf"{word}\s+{kind}\b", rf"\b{kind}\s+[`\"']?{re.escape(name)}(?![\w-])"]
    if item.kind == PLUGIN:
        patterns.append(rf"(?<!\w)/{re.escape(name)}:")
    if any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns):
        return True
    is_camel = CAMEL.fullmatch(name) is not None
    return (is_camel or JOINED.fullmatch(name) is not None) and bool(re.search(word, text, 0 if is_camel else re.I))


def by_call(tool: str, given: Mapping[str, object], items: Sequence[Proposal]) -> list[Proposal]:
    """The items that a call of the model's asks for."""
    return [item for item in items if calls(tool, given, item)]


def calls(tool: str, given: Mapping[str, object], item: Proposal) -> bool:
    name, server = item.name, UNSAFE.sub("_", item.name)
    wanted = searched(given) if tool == SEARCH else (tool,)
    agent = word(given, "subagent_type") if tool in AGENT_TOOLS else ""
    skill = (word(given, "skill") or word(given, "command")).removeprefix("/") if tool == SKILL_TOOL else ""
    if item.kind == TOOL:
        return name in wanted or (name == AGENT_TOOLS[0] and tool in AGENT_TOOLS)
    if item.kind == SERVER:
        return any(one.startswith(f"{MCP}{server}__") or one == name for one in wanted)
    if item.kind == AGENT:
        return agent == name
    if item.kind == SKILL:
        return skill == name
    if item.kind == PLUGIN:
        plugin = name.partition("@")[0]
        own = f"{MCP}plugin_{UNSAFE.sub('_', plugin)}_"
        return (
            skill.startswith(f"{plugin}:") or agent.startswith(f"{plugin}:") or any(w.startswith(own) for w in wanted)
        )
    return item.kind == GIT and tool == "Bash" and COMMIT.search(word(given, "command")) is not None


def searched(given: Mapping[str, object]) -> tuple[str, ...]:
    """The names in a search for deferred tools: `select:A,B`, or words."""
    return tuple(re.split(r"[\s,]+", word(given, "query").removeprefix("select:")))


def word(given: Mapping[str, object], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""


def sentence(item: Proposal, who: str) -> str:
    """What the user is told, once: `who` ("you", "the model") asked for it, and what brings it back."""
    kind = "MCP server" if item.kind == SERVER else item.kind
    what = SUBJECTS.get(item.kind, f"the {kind} {item.name}; it is")
    return (
        f"{who} asked for {what} switched off in this project ({item.tokens:,} tokens less in each request)."
        f" Back in the next session: `{UNDO} {item.id}`"
    )
