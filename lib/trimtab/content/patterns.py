"""Blocks of code in languages without a grammar here, by the patterns of `pattern_table` and by how a body ends.

Bodies end by braces (strings and comments are left out), by `end` on the definition's own indentation, or by
indentation alone where braces don't close. What a pattern finds within a string or a comment is no definition.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from trimtab.content import code
from trimtab.content.code import Source, indent
from trimtab.content.nesting import LONGEST_NAME
from trimtab.content.pattern_table import LANGUAGES, Language
from trimtab.records import Block

__all__ = ["LANGUAGES", "spans"]

LINE_CHARACTERS = 400  # of a line that patterns see
CLOSERS = ("end", "}", ")")
LONGEST_STRAY = 60  # lines of text in a body that may stand further out than it; chosen
LONGEST_SIGNATURE = 20  # lines from a definition's parameters to where its body opens; chosen
OPEN_ATTRIBUTE = re.compile(r"\s*(?:@[\w.:]+|#?\[[\w.:]+)\(")
OPEN_PARAMETERS = re.compile(r"[^(=]*\([^)]*$")
ROUTINE = re.compile(r"\s*create\b[^;(]{0,100}?\b(?:trigger|procedure|function)\b", re.I)
BEGINS = re.compile(r"\bbegin(?:\s+atomic)?\s*(?:--.*)?$", re.I)
ENDS = re.compile(r"\s*end\b(?!\s+(?:if|loop|case|while|repeat|try|catch)\b)", re.I)
STARTS = re.compile(r"\s*(?:create|alter|drop)\b", re.I)  # what is a statement of its own wherever it stands
STOPS = (";", "go", "/")  # the last two alone on a line


class Marks(NamedTuple):
    """What a text's brackets say, in rows.

    For each brace: where it `opens` and `closes` (-1: can't be said), and where the innermost parenthesis around it
    opens, or -1. `closing` has, for each row with parentheses, the row on which the first of them closes. `inside` are
    the rows that begin in a string or a comment.
    """

    opens: Sequence[int]
    closes: Sequence[int]
    around: Sequence[int]
    closing: Mapping[int, int]
    inside: Collection[int]


def spans(kind: str, text: str, lines: Sequence[str]) -> list[Block]:
    """What could be a block of `text`, in no order and not yet nested. Never raises for a `kind` in LANGUAGES."""
    row = LANGUAGES[kind]
    marks = brackets(row, text) if row.heredoc is None else Marks([], [], [], {}, heredocs(row.heredoc, lines))
    source = Source(kind, lines, b"", attributes(row, marks.closing, lines))
    plain = ["" if at in marks.inside else line for at, line in enumerate(lines)]
    ends = ends_by_indent(lines, marks.inside)
    out = [*imports(row, plain), *code.header(source)]
    last = -1  # of the statement before
    for at, line in enumerate(plain):
        if not line.strip() or (at <= last and not STARTS.match(line)):
            continue
        for found, pattern in row.definitions:
            match = pattern.match(line[:LINE_CHARACTERS])
            if match is not None:
                name = " ".join(next((part for part in reversed(match.groups()) if part), "").strip("\"'`").split())
                rows = body(row.ends, at, marks, ends, plain)
                last = rows[1] if row.ends == ";" else last
                if kind == "css":
                    name = selectors(name, at, source)
                out += definition(found, name or match[0].split()[-1], (at, *rows), source)
                break
    return out


def definition(kind: str, name: str, rows: tuple[int, int, int], source: Source) -> Iterator[Block]:
    """The block of a definition on rows (first, of its signature's end, last), with the comment above it."""
    row, head, last = rows
    if kind == "class" and head == last:
        head = row  # what it has is its parameters
    if last > row:
        comment, first = code.what_is_above(row, source)
        yield from code.with_comment(Block(kind, name, first + 1, head + 1, last + 1), comment, source)


def selectors(name: str, row: int, source: Source) -> str:
    """`name` with the selectors on the lines above it, of which a rule has one each."""
    while row - 1 in source.above and len(name) < LONGEST_NAME:
        row -= 1
        name = f"{source.lines[row].strip()} {name}"
    return name


def attributes(row: Language, closing: Mapping[int, int], lines: Sequence[str]) -> dict[int, int]:
    """The last row of each attribute -> its first."""
    above: dict[int, int] = {}
    for at, line in enumerate(lines if row.attribute else ()):
        if row.attribute and row.attribute.match(line[:LINE_CHARACTERS]):
            above[at] = at
        elif closing.get(at, at) > at and OPEN_ATTRIBUTE.match(line[:LINE_CHARACTERS]):
            above[closing[at]] = at
    return above


def body(how: str, row: int, marks: Marks, ends: Sequence[int], lines: Sequence[str]) -> tuple[int, int]:
    """(last row of the signature, last row) of a definition on `row`."""
    if how == "}":
        return by_braces(row, marks, ends, lines)
    if how == ";":
        return row, by_semicolon(row, marks.opens, ends, lines)
    head = start = row
    if how == "close" and "{" not in lines[row] and "".join(lines[row + 1 : row + 2]).lstrip().startswith(("{", "(")):
        start = row + 1
    elif how == "end" and lines[ends[row]].strip() == ")" and OPEN_PARAMETERS.match(lines[row]):
        head = start = ends[row]
    depth = indent(lines[row])
    last = max(ends[start], head + 1)
    for at in range(last, min(len(lines), last + LONGEST_STRAY)) if ends[start] > row else ():
        if lines[at].startswith(CLOSERS, depth) and indent(lines[at]) == depth:
            return head, at  # what stands further out before is text in a string
    return head, ends[start]


def by_braces(row: int, marks: Marks, ends: Sequence[int], lines: Sequence[str]) -> tuple[int, int]:
    """(last row of the signature, last row).

    Its body is the first brace that opens outside of its parentheses, on the row that closes them or on a deeper line;
    without one the lines that are deeper.
    """
    closed, end = marks.closing.get(row, row), ends[row]
    if lines[end].lstrip().startswith(")"):
        end = ends[end]
    reach = min(max(closed, end) + 1, closed + LONGEST_SIGNATURE)  # a lone brace stands as deep as the definition
    at = bisect_left(marks.opens, closed)
    while at < len(marks.opens) and marks.opens[at] <= reach and marks.around[at] >= row:
        at += 1
    opens = marks.opens[at] if at < len(marks.opens) else reach + 1
    if opens > reach or (opens > end and not lines[opens].lstrip().startswith("{")):
        return min(closed, end), end
    done = next((between for between in range(closed, opens) if lines[between].rstrip().endswith(";")), None)
    if done is not None:
        return closed, done
    head = opens
    while head > closed and code.NO_SIGNATURE.match(lines[head]):
        head -= 1
    return head, marks.closes[at] if marks.closes[at] >= 0 else max(end, ends[opens])


def by_semicolon(row: int, stops: Sequence[int], ends: Sequence[int], lines: Sequence[str]) -> int:
    """The last row of a statement; a routine with `BEGIN` goes on to an `END` that stands no deeper than that."""
    begin = -1
    for at in range(row, len(lines)) if ROUTINE.match(lines[row]) else ():
        if at > row and STARTS.match(lines[at]) and indent(lines[at]) <= indent(lines[row]):
            break
        if begin < 0 and BEGINS.search(lines[at][:LINE_CHARACTERS]):
            begin = at
        elif begin >= 0 and ENDS.match(lines[at]) and indent(lines[at]) <= indent(lines[begin]):
            return at
    at = bisect_left(stops, row)
    return stops[at] if at < len(stops) else ends[row]


def ends_by_indent(lines: Sequence[str], inside: Collection[int] = ()) -> list[int]:
    """For each line the last of those below it that are deeper, with the line that closes it; itself if none is.

    Lines of `inside` are as deep as what is around them.
    """
    ends = list(range(len(lines)))
    stack: list[tuple[int, int]] = []  # (row, depth)
    before = -1
    for row, line in enumerate(lines):
        if not line.strip():
            continue
        if row in inside:
            before = row
            continue
        depth = indent(line)
        while stack and stack[-1][1] >= depth:
            opened, deep = stack.pop()
            ends[opened] = row if deep == depth and line.lstrip().startswith(CLOSERS) and before > opened else before
        stack.append((row, depth))
        before = row
    for opened, _ in stack:
        ends[opened] = before
    return ends


def brackets(row: Language, text: str) -> Marks:
    """The brackets of `text`, in order.

    Where braces don't balance, which of them is wrong can't be said: all close on -1. A semicolon, in a language whose
    bodies end with one, is what opens. Parentheses that hold a body of several lines are no signature's: they count as
    closed where they open. Those still open at a `}` that were opened within its braces are dropped.
    """
    is_balanced = True
    opens: list[int] = []
    closes: list[int] = []
    arounds: list[int] = []
    closing: dict[int, int] = {}
    stack: list[tuple[str, int, int]] = []  # what opens, how many braces do before it, the innermost parenthesis' row
    inside: set[int] = set()
    at, tall = 0, -1  # `tall` is the last brace that is closed on another row
    for match in row.skip.finditer(text):
        part = match[0]
        if part == "\n":
            at += 1
        elif part == "(":
            stack.append(("other" if at in closing else "first", len(opens), at))
            closing.setdefault(at, at)
        elif part == ")":
            if stack and stack[-1][0] != "{":
                which, before, opened = stack.pop()
                if which == "first" and tall < before:
                    closing[opened] = at
        elif part == "{":
            arounds.append(stack[-1][2] if stack else -1)
            stack.append(("{", len(opens), arounds[-1]))
            opens.append(at)
            closes.append(-1)
        elif part == "}":
            while stack and stack[-1][0] != "{":
                stack.pop()
            is_balanced = is_balanced and bool(stack)
            if stack:
                brace = stack.pop()[1]
                closes[brace] = at
                tall = max(tall, brace if opens[brace] < at else -1)
        elif row.ends == ";" and part.lower() in STOPS:
            opens.append(at)
        else:
            ended = part.count("\n")
            inside.update(range(at + 1, at + ended + 1))
            at += ended
    if not is_balanced or any(what == "{" for what, _, _ in stack):
        closes = [-1] * len(opens)
    return Marks(opens, closes, arounds, closing, inside)


def heredocs(begins: re.Pattern[str], lines: Sequence[str]) -> set[int]:
    """The rows of heredocs' texts, with the rows that end them; one without such a row is none."""
    rows: dict[str, list[int]] = {}  # a word alone on its line -> where it is
    for at, line in enumerate(lines):
        if line.strip().isidentifier():
            rows.setdefault(line.strip(), []).append(at)
    inside: set[int] = set()
    last = -1
    for at, line in enumerate(lines):
        if at <= last or "<<" not in line or line.lstrip().startswith("#"):
            continue
        last = at
        for match in begins.finditer(line[:LINE_CHARACTERS]):
            ends = rows.get(match[2], [])
            end = bisect_right(ends, last)
            last = ends[end] if end < len(ends) else last
        inside.update(range(at + 1, last + 1))
    return inside


def imports(row: Language, lines: Sequence[str]) -> Iterator[Block]:
    """A block for each run of two or more imports; blank lines and comments don't part a run."""
    run: list[int] = []
    for at, line in enumerate([*lines, "end of text"]):
        if row.imports is not None and at < len(lines) and row.imports.match(line[:LINE_CHARACTERS]):
            run.append(at)
        elif run and not code.BETWEEN_IMPORTS.match(line[:LINE_CHARACTERS]):
            if len(run) > 1:
                yield Block("imports", "imports", run[0] + 1, run[0] + 1, run[-1] + 1)
            run = []
