"""Blocks of HTML and what is written like it (Vue, Svelte): elements with a name or a part of their own to play."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from trimtab.records import Block

LEAST_ELEMENT = 4  # lines; chosen
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
MARKS = {"id": "#", "class": ".", "name": " "}


def spans(text: str, lines: Sequence[str]) -> list[Block]:
    """What could be a block, in no order and not yet nested: long elements that have a name or are sections."""
    starts = list(accumulate(map(len, lines), lambda at, size: at + size + 1, initial=0))
    out: list[Block] = []
    stack: list[tuple[str, str, int, int]] = []  # tag, what else it says, its first and last row

    def add(tag: str, more: str, first: int, head: int, last: int) -> None:
        name = element_name(tag, more)
        if last - first + 1 >= LEAST_ELEMENT and name:
            out.append(Block("element", name, first + 1, head + 1, last + 1))

    for match in TAG.finditer(text):
        row, end = (bisect_right(starts, at) - 1 for at in (match.start(), match.end() - 1))
        if match["raw"]:
            add(match["raw"].lower(), match["given"], row, bisect_right(starts, match.end("given")) - 1, end)
        elif match["tag"]:
            tag = match["tag"]
            if match["end"]:
                found = next(
                    (at for at in range(len(stack) - 1, max(-1, len(stack) - DEEPEST), -1) if stack[at][0] == tag), -1
                )
                if found >= 0:
                    add(tag, *stack[found][1:], end)
                    del stack[found:]
            elif not match["void"] and not VOID.match(tag):
                stack.append((tag, match["more"], row, end))
    return out


def element_name(tag: str, more: str) -> str:
    """`form#login`, `div.menu`, `main`; "" for an element that says nothing of what it is for."""
    found = NAMED.search(more)
    if found is not None:
        return f"{tag}{MARKS.get(found[1], ' ')}{found[2]}"
    return tag if SECTIONS.match(tag) or tag[0].isupper() or "-" in tag else ""
