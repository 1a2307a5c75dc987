"""Tables: delimited files, and what databases print (`a | b`, boxes, records of `-[ RECORD 1 ]-`).

The header, an example and the rows that differ are kept; of the others a fold names what they are called, where a
column has names.
"""

import re
from collections import Counter
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

DELIMITERS = (",", "\t", ";", "|", "│")
LEAST_ROWS = 5
LINE_CHARACTERS = 2_000
MOST_ODD = 20  # rows that differ and are kept; the others are named
MOST_ALIKE = 8  # values of a column that is a choice of few
USUAL = 0.9  # of the rows, that have a value, for others to differ
MOST_NAMED = 400  # rows that are named
NAME_CHARACTERS = 40
SERIES = 0.1  # of the rows: a column with fewer names, their numbers aside, is a series and names nothing
RULE = re.compile(r"^[\s+|:─━┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝═│=-]+$")
RECORD = re.compile(r"^-\[ RECORD (\d+) \]|^\*{10,} +(\d+)\. row \*{10,}$")
FIELD = re.compile(r"^\s*([\w .]+?)\s*[|:] ?(.*)$")
COUNT = re.compile(r"^\(?\d+ rows?\b.*\)?$")
NUMBERS = re.compile(r"\d+")


def delimiter_of(lines: Sequence[str]) -> str | None:
    """What parts the columns of a table: the same number of times in most of the first lines, at least once."""
    first = [line[:LINE_CHARACTERS] for line in lines[:40] if line.strip() and not RULE.match(line[:LINE_CHARACTERS])]
    if len(first) < LEAST_ROWS:
        return None
    for delimiter in DELIMITERS:
        counts = Counter(line.count(delimiter) for line in first)
        most, times = counts.most_common(1)[0]
        if most >= 2 and times >= 0.8 * len(first):
            return delimiter
    return None


def mark(lines: Sequence[str], delimiter: str) -> Marks:
    """The header, the first row and the rows that differ are kept: in their number of fields, or in a value that nearly
    all share.
    """
    filled = [
        (number, line[:LINE_CHARACTERS])
        for number, line in enumerate(lines, 1)
        if line.strip() and not RULE.match(line[:LINE_CHARACTERS])
    ]
    counts = Counter(line.count(delimiter) for _, line in filled)
    usual = counts.most_common(1)[0][0]
    header = next(number for number, line in filled if line.count(delimiter) == usual)
    split = [(number, line.split(delimiter)) for number, line in filled if line.count(delimiter) == usual]
    rows = [(number, fields) for number, fields in split if number != header]
    odd = {number for number, line in filled if line.count(delimiter) != usual}
    for column in range(usual + 1):
        odd |= other_values([(number, fields[column].strip()) for number, fields in rows])
    found = marks(keep={header, *(number for number, _ in rows[:1])})
    in_order = sorted(odd)
    found.keep.update(in_order[:MOST_ODD])
    named = names_of(rows)
    for number in in_order[MOST_ODD:]:
        found.facts[number] = (lines[number - 1].split(delimiter)[0].strip()[:80],)
    for number, name in named.items():
        if number not in found.keep:
            found.facts[number] = tuple(dict.fromkeys((*found.facts.get(number, ()), name)))
    found.dull.update(number for number, _ in rows)
    what = " ".join(lines[header - 1].split())
    found.blocks.append(Block("table", f"{len(rows)} rows of {what}"[:100], header, header, len(lines)))
    return found


def other_values(values: Sequence[tuple[int, str]]) -> set[int]:
    """The rows whose value is not that of nearly all, or that have none where nearly all have one."""
    counted = Counter(value for _, value in values)
    if not counted:
        return set()
    common, times = counted.most_common(1)[0]
    if len(counted) <= MOST_ALIKE and USUAL * len(values) <= times < len(values):
        return {number for number, value in values if value != common}
    return {number for number, value in values if not value} if counted[""] <= (1 - USUAL) * len(values) else set()


def names_of(rows: Sequence[tuple[int, Sequence[str]]]) -> dict[int, str]:
    """What the rows are called: the first column whose values are words and all differ; {} where they are a series."""
    if not rows or len(rows) > MOST_NAMED:
        return {}
    for column in range(len(rows[0][1])):
        values = [fields[column].strip(" \"'") for _, fields in rows]
        if len(set(values)) < USUAL * len(values) or not all(any(c.isalpha() for c in value) for value in values):
            continue
        if len({NUMBERS.sub("#", value) for value in values}) <= max(1, SERIES * len(values)):
            continue
        return {number: value[:NAME_CHARACTERS] for (number, _), value in zip(rows, values, strict=True)}
    return {}


def has_records(lines: Sequence[str]) -> bool:
    """Whether a database printed a record at a time."""
    return any(RECORD.match(line[:200]) for line in lines[:3])


def mark_records(lines: Sequence[str]) -> Marks:
    """The first record is kept as the example, and the fields in which others differ; the last is named."""
    begins = [number for number, line in enumerate(lines, 1) if line[:1] in ("-", "*") and RECORD.match(line[:200])]
    found = marks()
    columns: dict[str, list[tuple[int, str]]] = {}
    for first, end in zip(begins, [*begins[1:], len(lines) + 1], strict=True):
        header = lines[first - 1].strip("-*[ ]").strip()
        found.blocks.append(Block("entry", header, first, first, end - 1))
        for number in range(first + 1, end):
            match = FIELD.match(lines[number - 1][:LINE_CHARACTERS])
            if match is not None:
                columns.setdefault(match[1], []).append((number, match[2].strip()))
    if begins:
        found.keep.update(range(begins[0], begins[1] if len(begins) > 1 else len(lines) + 1))
        found.facts[begins[-1]] = (lines[begins[-1] - 1].strip("-*[ ]").strip(),)
    for values in columns.values():
        odd = sorted(other_values(values))
        for number in odd[:MOST_ODD]:
            record = max(first for first in begins if first < number)
            found.keep.update({record, number})
        for number in odd[MOST_ODD:]:
            found.facts[number] = (lines[number - 1].strip()[:80],)
    found.keep.update(number for number, line in enumerate(lines, 1) if line[:1] == "(" and COUNT.match(line[:80]))
    return found
