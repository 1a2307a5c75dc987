"""A first request's body, cut into its parts: each tool, memory section, skill, agent, hook's text, and what is left.

The texts are those of client 2.1.328, recorded from all its ways of sending them: newer models get the listings in one
message of the system's, older ones in a reminder each. What is not recognised stays a part of its own kind (OTHER) by
its first words. The parts' characters add up to the body, as compact JSON: what is no text for the model is FRAME.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from trimtab.prompt import texts
from trimtab.prompt.texts import Cut

TOOL, MCP_TOOL, SYSTEM, FRAME = "tool", "mcp tool", "system", "frame"
PARAMETER = "parameters"
MCP = "mcp__"
UNSAFE = re.compile(r"[^A-Za-z0-9_-]")

Weigh = Callable[[str], int]  # about how many tokens a text has


class Part(NamedTuple):
    """A part of a first request. `tokens` is an estimate, `characters` are of the body.

    `kind` is TOOL, MCP_TOOL, SYSTEM, FRAME or one of `texts.KINDS`; with `name` and `path` it is unique. `path` is a
    memory file's, `server` an MCP server's as in its tools' names ("plugin_shop_orders"), `plugin` who brings it along;
    all are "" where the request does not say. Of a tool that `is_deferred` only the name is sent, until it is searched
    for.
    """

    kind: str
    name: str
    plugin: str
    server: str
    path: str
    tokens: int
    characters: int
    is_deferred: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by from one request to another."""
        return self.kind, self.name, self.path


def parts(body: Mapping[str, object], weigh: Weigh, plugins: Sequence[str] = ()) -> list[Part]:
    """In the order in which a request is cached: tools, system prompt, messages; FRAME last.

    `plugins` are the names of those that are on, which tell a plugin's MCP servers from others that are called so.
    Never raises over what a body holds.
    """
    found = [tool_part(tool, weigh, plugins) for tool in items(body.get("tools"))]
    for cut in [*system_cuts(body.get("system")), *message_cuts(body.get("messages"))]:
        found.append(text_part(cut, weigh, plugins))
    found = numbered(found)
    whole = len(compact(body))
    rest = whole - sum(part.characters for part in found)
    return [*found, Part(FRAME, PARAMETER, "", "", "", 0, rest, False)]


def numbered(found: Sequence[Part]) -> list[Part]:
    """The parts, each with a key of its own: a second one of the same gets " 2" to its name."""
    seen: Counter[tuple[str, str, str]] = Counter()
    named = []
    for part in found:
        seen[part.key] += 1
        named.append(part._replace(name=f"{part.name} {seen[part.key]}") if seen[part.key] > 1 else part)
    return named


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def items(value: object) -> list[Mapping[str, object]]:
    """The objects in a list, none of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def tool_part(tool: Mapping[str, object], weigh: Weigh, plugins: Sequence[str]) -> Part:
    """A tool's schema as it is sent. A deferred one is not shown to the model, and weighs nothing."""
    name = str(tool.get("name") or tool.get("type") or "")
    text = compact(tool)
    server, is_deferred = server_of(name), tool.get("defer_loading") is True
    tokens = 0 if is_deferred else weigh(compact({key: part for key, part in tool.items() if key != "cache_control"}))
    kind = MCP_TOOL if server else TOOL
    return Part(kind, name, plugin_of(server, plugins), server, "", tokens, len(text), is_deferred)


def text_part(cut: Cut, weigh: Weigh, plugins: Sequence[str]) -> Part:
    """A cut of a text. Characters that JSON escapes are counted by what they take in the body."""
    kind, server, plugin = cut.kind, "", ""
    if kind == texts.DEFERRED:
        server = server_of(cut.name)
        kind = MCP_TOOL if server else TOOL
    elif kind in (texts.INSTRUCTIONS, texts.CONNECTING):
        server = UNSAFE.sub("_", cut.name)
        plugin = cut.name.split(":")[1] if cut.name.startswith("plugin:") and cut.name.count(":") > 1 else ""
    elif kind in (texts.SKILL, texts.AGENT):
        plugin = cut.name.partition(":")[0] if ":" in cut.name else ""
    plugin = plugin or plugin_of(server, plugins)
    is_deferred = cut.kind == texts.DEFERRED
    return Part(kind, cut.name, plugin, server, cut.path, weigh(cut.text), len(compact(cut.text)) - 2, is_deferred)


def server_of(tool: str) -> str:
    """The MCP server's name in a tool's, "" for a tool of the client's: mcp__tickets__find is of tickets."""
    return tool[len(MCP) :].partition("__")[0] if tool.startswith(MCP) else ""


def plugin_of(server: str, plugins: Sequence[str]) -> str:
    """The plugin that brings an MCP server, by its name: plugin_PLUGIN_SERVER; of several that fit the longest."""
    if not server.startswith("plugin_"):
        return ""
    fitting = [name for name in plugins if server.startswith(f"plugin_{UNSAFE.sub('_', name)}_")]
    return max(fitting, key=len) if fitting else server.split("_")[1]


def system_cuts(system: object) -> Iterator[Cut]:
    """The system prompt by its headings."""
    blocks = [system] if isinstance(system, str) else [str(block.get("text") or "") for block in items(system)]
    for text in blocks:
        for heading, section in texts.sections(text):
            yield Cut(SYSTEM, heading or texts.first_words(section), "", section)


def message_cuts(messages: object) -> Iterator[Cut]:
    """The messages' texts; the last one of the user's that is no reminder is the prompt."""
    for message in items(messages):
        content = message.get("content")
        blocks = [content] if isinstance(content, str) else [str(block.get("text") or "") for block in items(content)]
        for text in blocks:
            yield from texts.cuts(text, is_users=message.get("role") == "user")
