"""The texts that the client puts before the first prompt, cut at the headings that it writes (client 2.1.328).

Cuts of a text, joined, are that text again, to the character.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

DEFERRED, SKILL, AGENT, MEMORY, INSTRUCTIONS = "deferred", "skill", "agent", "memory", "mcp instructions"
STYLE, HOOK, ATTRIBUTION, NOTICE, PROMPT, OTHER = "output style", "hook", "attribution", "notice", "prompt", "other"
CONNECTING = "mcp connecting"
KINDS = (CONNECTING, DEFERRED, SKILL, AGENT, MEMORY, INSTRUCTIONS, STYLE, HOOK, ATTRIBUTION, NOTICE, PROMPT, OTHER)
REMINDER = "<system-reminder>"
WORDS = 5  # of a text that has no name, chosen

STARTS = (  # how each text begins, its kind and its name, with {} for what the group in it has
    (r"(?P<name>\w+)(?::\w+)? hook (?:success|additional context|error|blocking error)[: ]", HOOK, "{}"),
    (r"# Environment\n", NOTICE, "environment"),
    (r"You are powered by the model ", NOTICE, "the model's name"),
    (r"# Output Style: (?P<name>[^\n]+)\n", STYLE, "{}"),
    (r"The following deferred tools are now available", DEFERRED, "deferred tools' heading"),
    (r"The following MCP servers are still connecting", CONNECTING, "connecting servers' heading"),
    (r"Available agent types for the Agent tool:\n", AGENT, "agents' heading"),
    (r"# MCP Server Instructions\n", INSTRUCTIONS, "MCP instructions' heading"),
    (r"The following skills are available ", SKILL, "skills' heading"),
    (r"(?P<name>[^\n]+) output style is active\.", STYLE, "{}, its reminder"),
    (r"While auto mode is active:\n", NOTICE, "auto mode"),
    (r"Today's date is ", NOTICE, "date"),
    (r"Codebase and user instructions are shown below\.", MEMORY, "memory files' heading"),
    (r"As you answer the user's questions, you can use the following context:", MEMORY, "git status"),
    (r"Attribution for git commits and pull requests ", ATTRIBUTION, "commits and pull requests"),
    (r"<total_tokens>", NOTICE, "tokens left"),
)
START = re.compile(
    rf"(?:\A|(?<=\n\n))(?:{REMINDER}\n)?(?:"
    + "|".join(re.sub("[?]P<name>", "?:", start) for start, _, _ in STARTS)
    + ")"
)
FILE = re.compile(r"^Contents of (?P<path>\S[^\n]*?)(?: \([^\n()]*\))?:\n", re.MULTILINE)
HEADING = re.compile(r"^(#{1,6})[ \t]+(?P<name>[^\n]*?)[ \t]*#*$", re.MULTILINE)
FENCE = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)
ENTRY = re.compile(r"^- (?P<name>\S+?)(?::(?=[ \n])|$)", re.MULTILINE)
ENTRIES = {  # how an entry of each listing begins
    DEFERRED: re.compile(r"^(?P<name>[A-Za-z_][\w.-]*)$", re.MULTILINE),
    CONNECTING: re.compile(r"^(?P<name>[^<\s]\S*)$", re.MULTILINE),
    SKILL: ENTRY,
    AGENT: ENTRY,
    INSTRUCTIONS: re.compile(r"^## (?P<name>[^\n]+)$", re.MULTILINE),
}
AFTER = re.compile(r"\n\n(?=\S)(?!- )")


class Cut(NamedTuple):
    """A run of a text: what kind it is, what it is called, and of which memory file."""

    kind: str
    name: str
    path: str
    text: str


def cuts(text: str, is_users: bool) -> Iterator[Cut]:
    """A message's text, cut. What the user writes is the PROMPT: no reminder, and not in a message of the system's."""
    if is_users and not text.lstrip().startswith(REMINDER) and not START.match(text):
        yield from [Cut(PROMPT, "prompt", "", text)] * bool(text)
        return
    found = list(START.finditer(text))
    if not found or found[0].start():
        end = found[0].start() if found else len(text)
        yield from [Cut(OTHER, first_words(text[:end]), "", text[:end])] * bool(text[:end])
    for match, end in zip(found, ends_of(found, text), strict=True):
        yield from recognised(text[match.start() : end])


def recognised(text: str) -> Iterator[Cut]:
    """A text that begins as one of STARTS, cut as its kind is."""
    tried = ((re.match(start, bare(text)), kind, name) for start, kind, name in STARTS)
    match, kind, name = next(found for found in tried if found[0])
    name = name.format(match["name"] if match and "{}" in name else "")
    if kind == MEMORY:
        yield from memory(text, name)
    elif kind in ENTRIES:
        yield from entries(text, kind, name)
    else:
        yield Cut(kind, name, "", text)


def bare(text: str) -> str:
    return text.removeprefix(f"{REMINDER}\n")


def entries(text: str, kind: str, heading: str) -> Iterator[Cut]:
    """A listing: its entries, and what is before the first and after the last one's paragraph as a NOTICE."""
    found = list(ENTRIES[kind].finditer(text))
    if not found:
        yield Cut(NOTICE, heading, "", text)
        return
    after = None if kind == INSTRUCTIONS else AFTER.search(text, found[-1].end())
    last = after.start() if after else len(text)
    yield Cut(NOTICE, heading, "", text[: found[0].start()])
    for match, end in zip(found, [*(m.start() for m in found[1:]), last], strict=True):
        yield Cut(kind, match["name"], "", text[match.start() : end])
    yield from [Cut(NOTICE, f"{heading}, the end", "", text[last:])] * bool(text[last:])


def memory(text: str, heading: str) -> Iterator[Cut]:
    """Memory files by their sections; the line that names the file belongs to its first one."""
    found = list(FILE.finditer(text))
    first = found[0].start() if found else len(text)
    yield Cut(NOTICE, heading, "", text[:first])
    for match, end in zip(found, ends_of(found, text), strict=True):
        pieces = list(sections(text[match.end() : end]))
        named = match[0]
        if len(pieces) > 1 and not pieces[0][1].strip():  # blank lines before the first heading
            named, pieces = named + pieces[0][1], pieces[1:]
        for name, section in pieces or [("", "")]:
            yield Cut(MEMORY, name, match["path"], named + section)
            named = ""


def headings(text: str) -> "list[re.Match[str]]":
    """A text's headings: their signs are group 1. A line in a fenced code block is none."""
    fences = [match.start() for match in FENCE.finditer(text)]
    inside = list(zip(fences[::2], [*fences[1::2], len(text)], strict=False))
    return [m for m in HEADING.finditer(text) if not any(low <= m.start() < high for low, high in inside)]


def sections(text: str) -> Iterator[tuple[str, str]]:
    """A text's headings and the text under each, the heading's line included; "" for what is before the first one."""
    found = headings(text)
    if not found or found[0].start():
        before = text[: found[0].start()] if found else text
        if before:
            yield "", before
    for match, end in zip(found, ends_of(found, text), strict=True):
        yield match["name"], text[match.start() : end]


def ends_of(found: "list[re.Match[str]]", text: str) -> list[int]:
    """Where what begins at each match ends: at the next one, the last at the text's end."""
    return [*(match.start() for match in found[1:]), len(text)][: len(found)]


def first_words(text: str) -> str:
    """A name for a text that has none."""
    words = bare(text.lstrip()).split(None, WORDS)
    return " ".join(words[:WORDS])[:60] + (" ..." if len(words) > WORDS else "")
