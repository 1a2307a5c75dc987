"""Structured data in outputs and files: JSON (one line of it is laid out anew), JSON lines, tables with delimiters.

Line by line, never whole documents: a text may be cut off anywhere.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
LONG_LINE = 400  # characters; JSON with longer lines on average is laid out
SHORT = 100  # characters of an object or array that stays on one line
MOST_CHARACTERS = 2_000_000  # of JSON that is laid out
IDENTITY = re.compile(
    r'"(?:id|name|key|number|title|sha|oid|path|file|filename|code|login|slug|uuid|test|nodeid)":\s*("(?:[^"\\]|\\.){1,120}"|\d+)'
)
ALARM = re.compile(
    r'"(?:error|errors|exception|failure|stderr)":\s*(?!null|""|\[\]|\{\}|false|0\b)\S'
    r'|"(?:status|state|level|severity|conclusion|outcome|result)":\s*"(?:fail|error|crit|fatal|timed_out|cancel|panic)\w*"',
    re.I,
)
MOST_FIELDS = 12  # that a summary names
MOST_ITEMS = 400  # whose identity a fold names
MOST_ODD = 20
DELIMITERS = (",", "\t", ";", "|")
LEAST_ROWS = 5
LINE_CHARACTERS = 2_000


def pretty(text: str) -> str | None:
    """One-line JSON laid out in lines, every value as it was spelled; None where the text is no such JSON.

    An object or array that fits into SHORT characters stays on its line: `{"a": [1, 2]}` is itself.
    """
    body = text.strip()
    if not body or body[0] not in "{[" or len(body) > MOST_CHARACTERS or len(body) < LONG_LINE * (body.count("\n") + 1):
        return None
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return None
    tokens = TOKEN.findall(body)
    out: list[str] = []
    sizes = flat_sizes(tokens)
    depth, at, line = 0, 0, ""
    while at < len(tokens):
        part = tokens[at]
        if part in "{[" and sizes[at][1] <= SHORT:
            end = sizes[at][0]
            line += "".join(spaced(inner) for inner in tokens[at : end + 1])
            at = end
        elif part in "{[":
            depth += 1
            out.append(line + part)
            line = " " * depth
        elif part in "}]":
            depth -= 1
            out.append(line)
            line = " " * depth + part
        elif part == ",":
            out.append(line + part)
            line = " " * depth
        else:
            line += spaced(part)
        at += 1
    return "\n".join([part for part in out if part.strip()] + [line])


def spaced(part: str) -> str:
    return part + " " if part in ",:" else part


def flat_sizes(tokens: Sequence[str]) -> dict[int, tuple[int, int]]:
    """For each opening bracket where it closes and how many characters it takes on one line."""
    sums = [0]
    for part in tokens:
        sums.append(sums[-1] + len(part) + (part in ",:"))
    found: dict[int, tuple[int, int]] = {}
    stack: list[int] = []
    for at, part in enumerate(tokens):
        if part in "{[":
            stack.append(at)
        elif part in "}]" and stack:
            begin = stack.pop()
            found[begin] = (at, sums[at + 1] - sums[begin])
    return found


def summary(text: str) -> str:
    """What a text of very long lines is, in a few words: of JSON its fields and how many items it has."""
    size = f"minified, {len(text):,} characters"
    if text.lstrip()[:1] not in ("{", "[") or len(text) > MOST_CHARACTERS:
        return size
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return size
    if isinstance(value, list):
        fields = next((list(item) for item in value if isinstance(item, dict)), [])
        return f"JSON, {len(value)} items: {', '.join(map(str, fields[:MOST_FIELDS]))}"
    parts = [f"{key} ({len(part)})" if isinstance(part, (list, dict)) else key for key, part in value.items()]
    return f"JSON: {', '.join(parts[:MOST_FIELDS])}"


def looks_json(lines: Sequence[str]) -> bool:
    """Whether the lines are JSON or JSON lines, by their first and last."""
    filled = [line.strip() for line in (*lines[:3], *lines[-3:]) if line.strip()]
    return (
        bool(filled)
        and filled[0][:1] in "{["
        and (filled[0] in "{[" or filled[0][-1] in "{[}],")
        and '"' in "".join(filled)
    )


def mark_json(lines: Sequence[str]) -> Marks:
    """Items by what identifies them; what reports an error is kept."""
    found = marks()
    alarms = []
    for number, line in enumerate(lines, 1):
        head = line[:LINE_CHARACTERS]
        if len(found.facts) < MOST_ITEMS:
            names = [match[1].strip('"')[:80] for match in IDENTITY.finditer(head)]
            if names:
                found.facts[number] = tuple(dict.fromkeys(names[:3]))
        if ALARM.search(head):
            alarms.append(number)
    found.keep.update(alarms[:MOST_ODD])
    return found


def delimiter_of(lines: Sequence[str]) -> str | None:
    """What parts the columns of a table: the same number of times in most of the first lines, at least once."""
    first = [line[:LINE_CHARACTERS] for line in lines[:40] if line.strip()]
    if len(first) < LEAST_ROWS:
        return None
    for delimiter in DELIMITERS:
        counts = Counter(line.count(delimiter) for line in first)
        most, times = counts.most_common(1)[0]
        if most >= 2 and times >= 0.8 * len(first):
            return delimiter
    return None


def mark_table(lines: Sequence[str], delimiter: str) -> Marks:
    """The header is kept, and the rows that differ: in their number of fields, or in a field that nearly all share."""
    found = marks(keep={1})
    counts = Counter(line[:LINE_CHARACTERS].count(delimiter) for line in lines if line.strip())
    usual = counts.most_common(1)[0][0]
    rows = [(n, line.split(delimiter)) for n, line in enumerate(lines, 1) if n > 1 and line.count(delimiter) == usual]
    odd = [n for n, line in enumerate(lines, 1) if line.strip() and line[:LINE_CHARACTERS].count(delimiter) != usual]
    for column in range(usual + 1):
        values = Counter(fields[column].strip() for _, fields in rows)
        common = values.most_common(1)[0] if values else ("", 0)
        if len(values) <= 8 and common[1] >= 0.9 * len(rows):
            odd += [n for n, fields in rows if fields[column].strip() != common[0]]
    odd_rows = sorted(set(odd))
    found.keep.update(odd_rows[:MOST_ODD])
    for number in odd_rows[MOST_ODD:]:
        found.facts[number] = (lines[number - 1].split(delimiter)[0].strip()[:80],)
    found.blocks.append(Block("table", f"{len(rows)} rows of {lines[0].strip()}"[:100], 1, 1, len(lines)))
    return found
