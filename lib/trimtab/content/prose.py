"""Blocks of text that is no code: markdown and underlined headings, indentation, paragraphs, repetition.

All work on lines, once through, and never raise. Sections nest by level and end before the blank lines that part them
from the next.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from trimtab.records import Block

HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\r?$")
FENCE = re.compile(r" {0,9}(?:[-*+>] +|\d+[.)] +)?(`{3,}|~{3,})[ \t]*([^`\r]*)")
SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*\r?$")
NO_PARAGRAPH = re.compile(r" {0,3}(?:[#>|]|[-*+][ \t]|\d+[.)][ \t]|```|~~~|<)|(?: {4}|\t)|\s*$")  # no setext title
ASCIIDOC = re.compile(r"(={1,6})[ \t]+(\S.*)")
DELIMITER = re.compile(r"(?:-{4,}|\.{4,}|\+{4,}|/{4,})$")
ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*\r?$")
VARIABLE = re.compile(  # addresses, hashes, numbers: each begins with a hexadecimal digit, which is looked for first
    r"[0-9a-fA-F](?:(?<=0)[xX][0-9a-fA-F]+|(?:(?<=\b\d)|(?<=\b[a-fA-F])(?=[a-fA-F]*\d))[0-9a-fA-F]{5,}\b"
    r"|(?<=\d)\d*(?:[.,:]\d+)*)"
)
# Lines that differ without these signs, which is soon told, differ without what VARIABLE finds.
NOT_VARIABLE = {ord(sign): None for sign in "0123456789abcdefABCDEFxX.,:#"}
KEY = re.compile(r"""\s*(?:-\s+)?["']?([^"':={(\s][^"':={(]*)""")
CLOSERS = (")", "]", "}", "end", "fi", "done", "esac", "</")
OPENERS = ("{", "[", "(", ":", "then", "do")
BRANCHES = ("else", "elif", "elsif", "rescue", "ensure")
LEAST_CODE = 8  # lines of a fenced block that is worth a block of its own; chosen
LEAST_REPEATS = 5  # lines alike; chosen
LEAST_INDENTED = 4  # lines of a block by indentation; chosen
DEEPEST = 3  # levels of blocks by indentation; chosen
NAME_CHARACTERS = 40


class Title(NamedTuple):
    """A heading: its 0-based rows (with underline and overline), its level from 1, its text."""

    first: int
    last: int
    level: int
    text: str


def markdown(lines: Sequence[str]) -> list[Block]:
    """Sections by ATX and setext headings, long fenced blocks, front matter. Headings in fenced code are none."""
    out: list[Block] = []
    start = front_matter(lines)
    if start > 1:
        out.append(Block("front matter", "", 1, 1, start))
    titles: list[Title] = []
    fence = ""  # the open one's marks
    opened, language = 0, ""
    for row in range(start, len(lines)):
        line = lines[row]
        bare = line.lstrip(" \t->*+0123456789.)")
        if bare[:3] in ("```", "~~~"):
            mark = FENCE.match(line)
            if fence:
                if bare.startswith(fence) and not bare.strip(" \t\r" + fence[0]):
                    if row - opened + 1 >= LEAST_CODE:
                        out.append(Block("code", language, opened + 1, opened + 1, row + 1))
                    fence = ""
            elif mark and ("`" not in mark[2] or mark[1][0] == "~"):
                fence, opened, language = mark[1], row, mark[2].strip().partition(" ")[0]
            continue
        if fence or not line:
            continue
        found = title_at(lines, row, titles)
        if found is not None:
            titles.append(found)
    return out + sections(titles, lines)


def front_matter(lines: Sequence[str]) -> int:
    """The number of lines of the YAML or TOML between `---` or `+++` with which the text begins; 0 if none."""
    mark = lines[0].rstrip()
    if mark in ("---", "+++"):
        for row in range(1, min(len(lines), 200)):
            if lines[row].rstrip() == mark:
                return row + 1
    return 0


def title_at(lines: Sequence[str], row: int, titles: Sequence[Title]) -> Title | None:
    """The heading whose last line is on `row`."""
    line = lines[row]
    if "#" in line[:4]:
        match = HEADING.match(line)
        return Title(row, row, len(match[1]), (match[2] or "").strip()) if match else None
    if row > 0 and line.lstrip(" ")[:1] in ("=", "-"):
        match = SETEXT.match(line)
        above = lines[row - 1]
        is_used = bool(titles) and titles[-1].last >= row - 1
        if match and not is_used and not NO_PARAGRAPH.match(above) and above.strip() not in ("---", "+++"):
            return Title(row - 1, row, 1 if match[1][0] == "=" else 2, above.strip())
    return None


def sections(titles: Sequence[Title], lines: Sequence[str]) -> list[Block]:
    """A block for each title's section: until the next title of its level or above, nested by level."""
    out: list[Block] = []
    stack: list[tuple[Title, int]] = []

    def close(title: Title, begin: int, end: int) -> None:
        while end > title.last and not lines[end].strip():
            end -= 1
        out.append(Block("section", title.text, begin + 1, title.last + 1, end + 1))

    for title in titles:
        while stack and stack[-1][0].level >= title.level:
            close(*stack.pop(), title.first - 1)
        stack.append((title, title.first))
    while stack:
        close(*stack.pop(), len(lines) - 1)
    return out


def underlined(lines: Sequence[str]) -> list[Block]:
    """Sections by headings with a line of marks below (and above), as in reStructuredText; [] if there are none.

    The level is the order in which a mark, with or without the line above, first appears. A title begins its line
    and its underline is at least as long; it stands after a blank line.
    """
    titles: list[Title] = []
    levels: dict[tuple[str, bool], int] = {}
    for row in range(1, len(lines)):
        mark = lines[row][:1]
        if not mark or mark.isalnum() or mark.isspace() or not ADORNMENT.match(lines[row]):
            continue
        title = lines[row - 1].rstrip()
        has_over = row > 1 and lines[row - 2].rstrip() == lines[row].rstrip()
        if not title or (not has_over and title[:1].isspace()) or len(lines[row].rstrip()) < len(title.strip()):
            continue
        is_after_text = not has_over and row > 1 and bool(lines[row - 2].strip())
        is_used = bool(titles) and titles[-1].last >= row - 1 - has_over
        if is_after_text or is_used or ADORNMENT.match(title):
            continue
        level = levels.setdefault((mark, has_over), len(levels) + 1)
        titles.append(Title(row - 1 - has_over, row, level, title.strip()))
    return sections(titles, lines)


def asciidoc(lines: Sequence[str]) -> list[Block]:
    """Sections of AsciiDoc by `== titles`; none are looked for in `----` blocks."""
    titles: list[Title] = []
    fence = ""
    for row, line in enumerate(lines):
        bare = line.rstrip()
        if fence:
            fence = "" if bare == fence else fence
        elif DELIMITER.match(bare):
            fence = bare
        elif bare[:1] == "=" and (match := ASCIIDOC.match(bare)):
            titles.append(Title(row, row, len(match[1]), match[2]))
    return sections(titles, lines)


def indented(lines: Sequence[str]) -> list[Block]:
    """A block for each line that is followed by deeper ones, with the line that closes it; [] if few lines are deep.

    Three levels, counted from the outermost where there is more than one; blocks of at least four lines. Serves
    data (JSON, YAML) and code in languages without a grammar.
    """
    depths = [(row, len(line) - len(bare)) for row, line in enumerate(lines) if (bare := line.lstrip())]
    if sum(1 for _, depth in depths if depth) * 5 < len(depths):
        return []
    out: list[tuple[int, int, int]] = []  # first row, last row, level
    stack: list[tuple[int, int]] = []  # (row, its depth)
    before = -1
    for row, depth in depths:
        while stack and stack[-1][1] >= depth:
            begin, deep = stack.pop()
            if row - begin >= LEAST_INDENTED - 1:  # or it is no block
                is_closer = deep == depth and lines[row].lstrip().startswith(CLOSERS) and closes(lines[row])
                out.append((begin, row if is_closer else before, len(stack)))
        stack.append((row, depth))
        before = row
    while stack:
        begin, _ = stack.pop()
        out.append((begin, before, len(stack)))
    whole = [level for begin, last, level in out if begin == depths[0][0] and last - begin > 0.95 * (before - begin)]
    base = len(whole)
    return [
        Block("entry", entry_name(lines[begin]), begin + 1, begin + 1, last + 1)
        for begin, last, level in out
        if last - begin + 1 >= LEAST_INDENTED and base <= level < base + DEEPEST
    ]


def closes(line: str) -> bool:
    """Whether a line that begins with a closer opens nothing new: `},` but not `} else {`."""
    return not line.rstrip().endswith(OPENERS) and not line.lstrip().startswith(BRANCHES)


def entry_name(line: str) -> str:
    """What an entry is called: its key, or the words of its line before the first bracket or equals sign."""
    match = KEY.match(line)
    return (match[1] if match else line).strip()[:NAME_CHARACTERS]


def paragraphs(lines: Sequence[str]) -> list[Block]:
    """Each run of two or more lines without a blank one, named by its first line."""
    return [
        Block("paragraph", lines[first].strip()[:NAME_CHARACTERS], first + 1, first + 1, last + 1)
        for first, last in filled(lines)
        if last > first
    ]


def filled(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(first row, last row) of each run of lines that are not blank."""
    for has_text, run in groupby(range(len(lines)), key=lambda row: bool(lines[row].strip())):
        if has_text:
            rows = list(run)
            yield rows[0], rows[-1]


def repetitions(lines: Sequence[str]) -> list[Block]:
    """Each run of five or more lines that are alike but for their numbers, named by what they share."""
    out: list[Block] = []
    start = 0
    for _, near in groupby(lines, key=lambda line: line[:400].translate(NOT_VARIABLE).strip()):
        run = list(near)
        if len(run) >= LEAST_REPEATS:
            at = start
            for template, same in groupby(VARIABLE.sub("#", line[:400]).strip() for line in run):
                size = len(list(same))
                if template and size >= LEAST_REPEATS:
                    out.append(Block("repetition", template[:NAME_CHARACTERS], at + 1, at + 1, at + size))
                at += size
        start += len(run)
    return out
