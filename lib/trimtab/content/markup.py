"""Blocks of HTML and what is written like it (Vue, Svelte): elements with a name or a part of their own to play.

What follows a heading, to the next of its level or to the end of the element around it, is a section. Long scripts and
styles have the blocks of their language, those that say they are JSON or a template have none.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from trimtab.content import code, patterns
from trimtab.records import Block

LEAST_ELEMENT = 4  # lines; chosen
LEAST_CODE = 20  # lines of a script or a style that has blocks; chosen
LONGEST_HEADING = 500  # characters, with its tags
DEEPEST = 400  # open elements that are looked through for the one that a tag closes
SECTIONS = re.compile(
    r"(?:head|body|header|main|footer|nav|section|article|aside|form|table|thead|tbody|dialog|svg|template|fieldset|ul|ol"
    r"|dl|script|style|details|figure|select)$",
    re.I,
)
VOID = re.compile(r"(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$", re.I)
TAG = re.compile(
    r"<!--(?s:.*?)(?:-->|\Z)"
    r"|<(?P<raw>script|style)\b(?P<given>[^<>]{0,2000})>(?s:.*?)(?:</(?P=raw)\s*>|\Z)"
    r"|<(?P<end>/?)(?P<tag>[A-Za-z][\w:.-]*)(?P<more>(?:[^<>\"'{}]|\"[^\"]{0,4000}\"|'[^']{0,4000}'|\{[^{}]{0,4000}\}){0,400}?)(?P<void>/?)>",
    re.I,
)
NAMED = re.compile(r"""(?:^|\s)(id|class|name|v-if|slot)\s*=\s*["']?([\w-]+)""")
HEADING = re.compile(r"[hH][1-6]$")
OTHER = re.compile(
    r"""\btype\s*=\s*["']?(?!module|(?:text|application)/(?:(?:x-)?(?:java|ecma|type)script|babel|jsx|css)\b)\w""", re.I
)
TYPED = re.compile(r"""\blang\s*=\s*["']?(tsx?|typescript)\b""", re.I)
DIALECTS = {"ts": "typescript", "typescript": "typescript", "tsx": "tsx"}
MARKS = {"id": "#", "class": ".", "name": " "}


class Opened(NamedTuple):
    """A tag that is not closed yet: its first and last row, `end` in characters."""

    tag: str
    more: str
    first: int
    head: int
    end: int


class Heading(NamedTuple):
    """A heading whose section goes on; `depth` is how many elements are around it."""

    depth: int
    level: int
    name: str
    first: int
    head: int


def spans(text: str, lines: Sequence[str]) -> list[Block]:
    """What could be a block, in no order and not yet nested: long elements with a name, sections, code in them."""
    starts = list(accumulate(map(len, lines), lambda at, size: at + size + 1, initial=0))
    out: list[Block] = []
    stack: list[Opened] = []
    headings: list[Heading] = []

    def end_sections(depth: int, level: int, last: int) -> None:
        while headings and headings[-1][:2] >= (depth, level):
            _, _, name, first, head = headings.pop()
            if last - first + 1 >= LEAST_ELEMENT and name:
                out.append(Block("section", name, first + 1, head + 1, last + 1))

    def add(tag: str, more: str, first: int, head: int, last: int) -> None:
        name = element_name(tag, more)
        if last - first + 1 >= LEAST_ELEMENT and name:
            out.append(Block("element", name, first + 1, head + 1, last + 1))

    for match in TAG.finditer(text):
        row, end = (bisect_right(starts, at) - 1 for at in (match.start(), match.end() - 1))
        if match["raw"]:
            tag, head = match["raw"].lower(), bisect_right(starts, match.end("given")) - 1
            add(tag, match["given"], row, head, end)
            out += code_within(tag, match["given"], head + 1, lines[head + 1 : end])
        elif match["tag"] and match["end"]:
            found = closed_by(match["tag"], stack)
            if found >= 0:
                tag, more, first, head, begin = stack[found]
                end_sections(found + 1, 0, row - 1)
                add(tag, more, first, head, end)
                del stack[found:]
                if HEADING.match(tag):
                    end_sections(found, int(tag[1]), first - 1)
                    headings.append(Heading(found, int(tag[1]), words(text[begin : match.start()]), first, end))
        elif match["tag"] and not match["void"] and not VOID.match(match["tag"]):
            while HEADING.match(match["tag"]) and stack and stack[-1].tag == "p":
                stack.pop()  # a heading ends a paragraph
            stack.append(Opened(match["tag"], match["more"], row, end, match.end()))
    end_sections(0, 0, bisect_right(starts, len(text.rstrip())) - 1)
    return out


def closed_by(tag: str, stack: Sequence[Opened]) -> int:
    """Which of the open elements `</tag>` closes; -1 if none."""
    return next((at for at in range(len(stack) - 1, max(-1, len(stack) - DEEPEST), -1) if stack[at].tag == tag), -1)


def words(text: str) -> str:
    """What a heading says, without tags."""
    return " ".join(re.sub(r"<[^<>]*>", " ", text[:LONGEST_HEADING]).split())


def code_within(tag: str, given: str, row: int, lines: Sequence[str]) -> Iterator[Block]:
    """The blocks of a script's or a style's `lines`, of which the first is on `row`."""
    if len(lines) < LEAST_CODE or OTHER.search(given):
        return
    text = "\n".join(lines)
    if tag == "style":
        found = patterns.spans("css", text, lines)
    else:
        typed = TYPED.search(given)
        found = code.spans(DIALECTS[typed[1].lower()] if typed else "javascript", text, lines) or []
    for block in found:
        yield block._replace(first=block.first + row, head=block.head + row, last=block.last + row)


def element_name(tag: str, more: str) -> str:
    """`form#login`, `div.menu`, `main`; "" for an element that says nothing of what it is for."""
    found = NAMED.search(more)
    if found is not None:
        return f"{tag}{MARKS.get(found[1], ' ')}{found[2]}"
    return tag if SECTIONS.match(tag) or tag[0].isupper() or "-" in tag else ""
