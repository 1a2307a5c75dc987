"""What a message is made of: each line with its role, long paragraphs parted into their sentences.

A heading, an item of a list, a row of a table, a fence and what is in it, prose. Markdown, as agents write it.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from trimtab.content.prose import FENCE, HEADING


class Role(Enum):
    """What a line is to its message."""

    BLANK = "blank"
    HEADING = "heading"
    ITEM = "item"
    HEADER = "header"  # of a table, with the rule below it
    ROW = "row"
    FENCE = "fence"
    CODE = "code"
    PROSE = "prose"


class Fenced(NamedTuple):
    """A fenced block: the lines of its two fences (the last line where it is never closed), and its language."""

    first: int
    last: int
    language: str


LONG_LINE = 240  # characters of a line that is parted into its sentences; chosen: a shorter one folds with its like
SENTENCE = re.compile(r"(?<=[.!?])(?:[\"')\]]|\*{1,2})?[ \t]+(?=[\"'(\[*`]{0,3}[A-Z0-9❌✅⚠])")
LONGEST_ABBREVIATED = 12  # characters
ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|fig|no|St|Dr|Mr|Ms)|\b[A-Z]|^\s*\d{1,3})\.$", re.I)
SPAN = re.compile(r"`[^`\n]*`")
ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)]|\([a-z0-9]\))[ \t]+")
RULE = re.compile(r"\s*\|?[\s:|-]*-[\s:|-]*\|[\s:|-]*$")
BREAK = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
TITLE = re.compile(
    r"\s*(?:\*\*[^*]{1,79}[^*.!?]\*\*|__[^_]{1,79}[^_.!?]__):?$"
)  # bold alone on its line heads what follows


def laid_out(text: str) -> list[str]:
    """The lines of `text`; a long one of prose is a line for each sentence. Code, tables and headings stay."""
    lines = text.split("\n")
    if all(len(line) <= LONG_LINE for line in lines):
        return lines
    out: list[str] = []
    for line, role in zip(lines, roles(lines), strict=True):
        is_parted = len(line) > LONG_LINE and role in (Role.PROSE, Role.ITEM)
        out += sentences(line) if is_parted else [line]
    return out


def sentences(line: str) -> list[str]:
    """`line` parted where a sentence ends; not in `code`, nor after what is abbreviated or numbers an item."""
    masked = SPAN.sub(lambda span: "X" * len(span[0]), line)
    out = []
    start = 0
    for match in SENTENCE.finditer(masked):
        if ABBREVIATED.search(masked[max(start, match.start() - LONGEST_ABBREVIATED) : match.start()]):
            continue
        end = match.start() + len(match[0].rstrip())
        out.append(line[start:end])
        start = match.end()
    return [*out, line[start:]]


def fences(lines: Sequence[str]) -> Iterator[Fenced]:
    """The fenced blocks, in order; what is in one is none."""
    mark, opened, language = "", 0, ""
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if mark:
            if bare.startswith(mark) and not bare.strip(mark[0]):
                yield Fenced(opened, number, language)
                mark = ""
        elif "```" in line or "~~~" in line:
            match = FENCE.match(line)
            if match and ("`" not in match[2] or match[1][0] == "~"):
                mark, opened = match[1], number
                language = match[2].strip().partition(" ")[0].lower()
    if mark:
        yield Fenced(opened, len(lines), language)


def roles(lines: Sequence[str]) -> list[Role]:
    """By line, its role."""
    out = [outside(line) for line in lines]
    for number, line in enumerate(lines):
        if number and "|" in line and RULE.match(line) and "|" in lines[number - 1]:
            out[number - 1] = out[number] = Role.HEADER
    for first, last, _ in fences(lines):
        out[first - 1 : last] = [Role.FENCE, *[Role.CODE] * (last - first - 1), Role.FENCE][: last - first + 1]
    return out


def outside(line: str) -> Role:
    """The role of a line that is in no fence; of a table's header this is ROW."""
    bare = line.strip()
    if not bare or BREAK.match(line):
        return Role.BLANK
    if HEADING.match(line) or TITLE.match(line):
        return Role.HEADING
    if bare.startswith("|") and bare.count("|") > 1:
        return Role.ROW
    return Role.ITEM if ITEM.match(line) else Role.PROSE
