"""JSON in outputs and files: one line of it is laid out anew, items are named, alarms kept.

Line by line, never whole documents: a text may be cut off anywhere.
"""

import json
import re
from collections.abc import Sequence
from itertools import accumulate

from trimtab.content import likeness
from trimtab.content.marks import Marks, marks

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
SPACED, OPENING, CLOSING = frozenset(",:"), frozenset("{["), frozenset("}]")
SIGNS = SPACED | OPENING | CLOSING
LONG_LINE = 400  # characters; JSON with longer lines on average is laid out
SHORT = 100  # characters of an object or array that stays on one line
MOST_CHARACTERS = 500_000  # of JSON that is laid out
IDENTITY = re.compile(
    r'"(?:id|name|key|number|title|sha|oid|\w*path|\w*file(?:_?name)?|code|login|slug|uuid|test|nodeid)"'
    r':\s*("(?:[^"\\]|\\.){1,120}"|\d+)',
    re.I,
)
ALARM = re.compile(
    r'"(?:error|errors|exception|failure|stderr)":\s*(?!null|""|\[\]|\{\}|false|0\b)\S'
    r'|"(?:status|state|level|severity|conclusion|outcome|result|phase)":\s*"(?:fail|error|crit|fatal|timed_out|cancel|panic|exited|dead|unhealthy)\w*"'
    r'|"\w*exit_?(?:code|status)":\s*[1-9]|"oomkilled":\s*true',
    re.I,
)
SAYS = re.compile(r'\s*"(?:message|msg|rendered|detail|details|reason|description|full_description|title|text)":\s*"')
PRINTED = re.compile(r'"(?:Output|output|rendered|log)":\s*("(?:[^"\\]|\\.)*")')
TOTAL = re.compile(
    r'\s*"(?:\w*[sS]ummary\w*|\w*[tT]otals?\w*|\w*[cC]ounts?|num[A-Z]\w+|passed|failed|skipped|success|next\w*|has\w+)":'
    r"\s*(?!\{$|\[$)\S"
)
YAML = re.compile(r"\s*(?:- )*[\w./\"'-]+(?: \[[^\]]*\]| \"[^\"]*\")*:(?:\s|$)|\s*- |---$|```")
MOST_LOOKED_AT = 400  # lines in which YAML shows that it is
LEAST_YAML = 12
REACH = 12  # lines from an alarm in which the same object says what happened
LONG_ITEM = 1_000  # characters of one line of JSON among others that is laid out
MOST_FAILED = 200  # lines that begin like JSON and are none; each may be looked through to the text's end
LEAST_DOCUMENT = 3  # lines of JSON that are a document among other lines
OPENS = re.compile(r'[\[{]\s*(?:$|["\[{]|[\]}],?$)')
MOST_FIELDS = 12  # that a summary names
MOST_ITEMS = 400  # whose identity a fold names
MOST_ODD = 20
LINE_CHARACTERS = 2_000


def laid_out(lines: list[str]) -> list[str]:
    """The lines with each that is long JSON laid out: a whole text of it, or what a tool prints after its warnings."""
    left = MOST_CHARACTERS
    least = LONG_LINE if sum(1 for line in lines if line.strip()) == 1 else LONG_ITEM
    if not any(len(line) > least and line.lstrip()[:1] in ("{", "[") for line in lines):
        return lines
    out: list[str] = []
    for line in lines:
        laid = pretty(line) if least < len(line) <= left else None
        if laid is None:
            out.append(line)
        else:
            left -= len(line)
            out.extend(laid.split("\n"))
    return out


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
    spaced = [part + " " if part in SPACED else part for part in tokens]
    ends = flat_ends(tokens, spaced)
    out: list[str] = []
    depth, at, line = 0, 0, ""
    while at < len(tokens):
        part = tokens[at]
        if part not in SIGNS:
            line += part
        elif part in "{[":
            end = ends.get(at)
            if end is not None:
                line += "".join(spaced[at : end + 1])
                at = end
            else:
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
            line += spaced[at]
        at += 1
    return "\n".join([part for part in out if part.strip()] + [line])


def flat_ends(tokens: Sequence[str], spaced: Sequence[str]) -> dict[int, int]:
    """Where each opening bracket closes whose object or array takes SHORT characters on one line, or fewer."""
    sums = list(accumulate(map(len, spaced), initial=0))
    found: dict[int, int] = {}
    stack: list[int] = []
    for at, part in enumerate(tokens):
        if part in OPENING:
            stack.append(at)
        elif part in CLOSING and stack:
            begin = stack.pop()
            if sums[at + 1] - sums[begin] <= SHORT:
                found[begin] = at
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


def documents(lines: Sequence[str]) -> list[tuple[int, int]]:
    """(first row, last row) of each stretch of JSON: documents, whole or cut off, and runs of JSON lines."""
    found: list[tuple[int, int]] = []
    row = failed = 0
    while row < len(lines) and failed < MOST_FAILED:
        opens = lines[row][:1] in ("{", "[") and OPENS.match(lines[row][:LINE_CHARACTERS]) is not None
        last = end_of(lines, row) if opens else -1
        if last < 0:
            failed += opens
            row += 1
            continue
        if found and found[-1][1] == row - 1:
            found[-1] = (found[-1][0], last)
        else:
            found.append((row, last))
        row = last + 1
    return [(first, last) for first, last in found if last - first + 1 >= LEAST_DOCUMENT]


def end_of(lines: Sequence[str], row: int) -> int:
    """The row on which the JSON ends that begins on `row`; -1 where it is none."""
    line = lines[row].rstrip().rstrip(",")
    if line[-1] in "}]" and len(line) > 1:
        return row if '"' in line or len(line) <= 3 else -1
    if line[-1] not in "{[,":
        return -1
    for at in range(row + 1, len(lines)):
        head = lines[at][:1]
        if head in ("}", "]"):
            return at
        if head not in (" ", "\t", "{", "["):
            return at - 1 if at - row >= LEAST_DOCUMENT and '"' in "".join(lines[row : row + 4]) else -1
    return len(lines) - 1


def printed(line: str) -> str:
    """What a line of JSON says that a program printed: the first line of it; "" if it says nothing of that."""
    if line[:1] != "{" or '"' not in line:
        return ""
    match = PRINTED.search(line[:LINE_CHARACTERS])
    if match is None:
        return ""
    try:
        said = json.loads(match[1])
    except ValueError:
        return ""
    return str(said).strip("\n").partition("\n")[0]


def mark_document(lines: Sequence[str], before: int = 0) -> Marks:
    """One stretch of JSON with `before` lines before it: what its items are called, alarms, totals, like objects."""
    found = mark_json(lines)
    like = likeness.mark(lines, before)
    series = [(block.first, block.last) for block in like.blocks if block.kind == "repetition"]
    totals = [number for number, line in enumerate(lines, 1) if '":' in line and TOTAL.match(line[:LINE_CHARACTERS])]
    outside = [number for number in totals if not any(first <= number <= last for first, last in series)]
    found.keep.update(outside[:MOST_ODD])
    for first, last in series:  # of items in one line their names are enough
        found.dull.update(n for n in range(first, last + 1) if n in found.facts and lines[n - 1][:1] == "{")
    found.add(like)
    return found


def looks_yaml(lines: Sequence[str]) -> bool:
    """Whether the lines are YAML: keys and items, many of them deep."""
    filled = [line for line in lines[:MOST_LOOKED_AT] if line.strip() and not line.lstrip().startswith("#")]
    keyed = sum(YAML.match(line[:LINE_CHARACTERS]) is not None for line in filled)
    deep = sum(line[0] == " " for line in filled)
    return len(filled) >= LEAST_YAML and keyed >= 0.8 * len(filled) and deep >= 0.4 * len(filled)


def mark_json(lines: Sequence[str]) -> Marks:
    """Items by what identifies them; what reports an error is kept."""
    found = marks()
    alarms = []
    said: set[str] = set()
    for number, line in enumerate(lines, 1):
        head = line[:LINE_CHARACTERS]
        if len(found.facts) < MOST_ITEMS:
            names = [match[1].strip('"')[:80] for match in IDENTITY.finditer(head)]
            new = [name for name in dict.fromkeys(names[:3]) if name not in said]
            if new:
                found.facts[number] = tuple(new)
                said.update(new)
        if '":' in head and ALARM.search(head):
            alarms.append(number)
    for number in alarms[:MOST_ODD]:
        found.keep.update({number, *said_beside(lines, number)})
    for number in alarms[MOST_ODD:]:
        words = said_beside(lines, number)
        if words:
            found.facts[number] = (*found.facts.get(number, ()), lines[words[0] - 1].strip()[:160])
    return found


def said_beside(lines: Sequence[str], number: int) -> list[int]:
    """The first line (from 1) of an alarm's object, or of the object that it opens, that says why."""
    line = lines[number - 1]
    depth = len(line) - len(line.lstrip())
    for step in (1, -1):
        at = number - 1 + step
        while 0 <= at < len(lines) and abs(at - number + 1) <= REACH:
            deep = len(lines[at]) - len(lines[at].lstrip())
            if deep < depth:
                break
            if SAYS.match(lines[at][:LINE_CHARACTERS]) and (deep == depth or step == 1):
                return [at + 1]
            at += step
    return []
