"""Like entries of data (JSON, YAML, TOML, XML, INI, lock files): one is an example for all that have the same fields.

By indentation, not by a parser: a text may be cut off anywhere, and its lines are what is shown. Entries of one parent
are alike when they have the same fields or nearly. The first is shown as their example; of the others what is odd: a
field that few have or that most have, and a value where nearly all have another.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import NamedTuple

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

MOST_LINES = 30_000  # that are looked at; a client's page has fewer
LEAST_ALIKE = 3  # entries; two are no series
LEAST_ENTRY = 4  # lines of an entry that is a block of its own
LARGEST_EXAMPLE = 24  # lines of an example that every view shows
NEARLY = 0.5  # of the fields of both, that two entries share to be alike
USUAL, RARE = 0.9, 0.1  # of a series' entries, that have a field or a value
MOST_VALUES = 8  # of a field that is a choice of few
MOST_ODD = 20  # entries of a series whose odd lines every view shows; the others are named
MOST_FIELDS = 12  # that are named
MOST_CHOICES = 8  # fields of which a fold says how often each value is there
MOST_RARE = 6  # rows of one entry that are kept for a field that few have
VALUE_CHARACTERS = 60
LINE_CHARACTERS = 400
KEY = re.compile(
    r"""(?:-[ ]+)*(?:"([^"\\]{1,80}|(?:[^"\\]|\\.){1,80})"\s*:"""  # "key":
    r"""|<([A-Za-z][\w:.-]*)"""  # <key
    r"""|'?([^\s"'<>{}\[\],;\#=:][^"'<>{}\[\],;=:]{0,79})'?\s*(?::(?=\s|$)|=))"""  # key: or key =
)
# What each alternative begins with is looked for first, which takes half the time (measured).
PAIR = re.compile(
    r"""["\s{,](?:(?<=")([^"\\]{1,80})"\s*:\s*("[^"\\]*(?:\\.[^"\\]*)*"|[^\s,{}\[\]"]+)"""
    r"""|(?<=\s)([\w:-]{1,60})=("[^"]*")|(?<=[{,])\s*([\w-]{1,60})[:=]\s*([^,{}]+))"""
)
INLINE = re.compile(r"""["\s{,](?:(?<=")([^"\\]{1,80})"\s*:|(?<!")([\w-]{1,60}):(?=\s)|(?<=\s)([\w:-]{1,60})=")""")
QUOTED_KEY = re.compile(r'"([^"\\]{1,80})"\s*:')  # all that INLINE finds in JSON, in a quarter of the time
HEADER = re.compile(r"\[+\s*([^\[\]\"{},]{1,120}|[\w.-]*\"[^\"]{1,120}\"[\w.-]*)\s*\]+\s*(?:[#;].*)?$")
NAMING = re.compile(
    r"""["']?\b(?:id|name|key|title|slug|path|file|code|login|artifactId|uuid|sha|package)["']?\s*[:=>]\s*["']?([^"',<>}]{1,60})"""
)
SNAPSHOT = re.compile(r'(?:- )*([a-z]\w*)(?: "[^"]*")?(?: \[[^\]]*\])+:?')
NODE = re.compile(r'[a-z]\w* "[^"]{1,60}" \[ref=\w+\]')
DOCUMENT = "---"  # begins one of several in YAML
OPENERS = ("{", "[")
CLOSERS = (")", "]", "}", "</")
COMMENTS = ("#", ";", "//", "<!--", "<?")
NO_DATA = (*CLOSERS, *COMMENTS)


Paths = Mapping[int, tuple[str, str]]  # by 0-based row, the keys on the way to it and its value
NO_FIELDS: Mapping[str, int] = {}


class Entry(NamedTuple):
    """A line and the deeper ones below it, as 0-based rows. `key` is its own, `fields` those of its parts, by row."""

    first: int
    last: int
    key: str
    fields: Mapping[str, int]


class Part(NamedTuple):
    """A value within an entry, however deep: its 0-based row and its text."""

    row: int
    value: str


@dataclass(slots=True)
class Open:
    """An entry whose end is not reached yet."""

    first: int
    depth: int
    inside: list[Entry] = field(default_factory=list)
    last: int = -1


def mark(lines: Sequence[str], before: int = 0) -> Marks:
    """Blocks of series and of their entries; their examples and odd lines are kept.

    `before` is how many lines of the load are before these: a series says on which line of it the example is.
    """
    every = outermost(families(lines))
    return mark_series(every, lines, paths_of(lines) if every else {}, before)


def outermost(every: Iterable[Sequence[Entry]]) -> list[list[Entry]]:
    """The series among siblings, but for those within entries of which another's example speaks."""
    series = [one for siblings in every for one in series_of(siblings)]
    series.sort(key=lambda one: (one[0].first, -one[-1].last))
    out: list[list[Entry]] = []
    told: list[tuple[int, int]] = []  # rows for which an example speaks, the outermost first
    for one in series:
        while told and told[-1][1] < one[0].first:
            told.pop()
        if not any(first <= one[0].first for first, _ in told):
            out.append(one)
            told.append((one[1].first, one[-1].last))
    return out


def mark_series(every: Sequence[Sequence[Entry]], lines: Sequence[str], paths: Paths, before: int = 0) -> Marks:
    found = marks()
    for series in every:
        add_series(series, lines, paths, found, before)
    return found


def families(lines: Sequence[str]) -> Iterator[list[Entry]]:
    """The entries below each parent that has some, in the order in which parents end."""
    stack: list[Open] = [Open(-1, -1)]
    for (row, depth, is_closer), (_, below, closes) in pairwise(chain(rows(lines), [(-1, -1, False)])):
        while stack[-1].depth > depth or (stack[-1].depth == depth and not is_closer):
            yield ended(stack, lines)
        if not is_closer and (below < depth or (below == depth and not closes)):  # of one line, as most
            text = lines[row][:LINE_CHARACTERS].strip()
            stack[-1].inside.append(Entry(row, row, key_of(text), inline_fields(text, row)))
        elif not is_closer:
            stack.append(Open(row, depth))
        stack[-1].last = row
    while len(stack) > 1:
        yield ended(stack, lines)
    yield stack[0].inside


def rows(lines: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """(row, depth, whether it only closes) of each line with data; what follows a `[header]` or `---` is deeper."""
    below = 0
    for row, line in enumerate(lines[:MOST_LINES]):
        text = line.strip()
        if not text or text.startswith(COMMENTS):
            continue
        depth = len(line) - len(line.lstrip())
        if text == DOCUMENT:
            below = 1
            yield row, 0, False
        elif text[0] == "[" and len(text) > 2 and HEADER.match(text[:LINE_CHARACTERS]):
            below = 1
            yield row, depth, False
        else:
            yield row, depth + below, text.startswith(CLOSERS) and text[-1] not in "{[("


def ended(stack: list[Open], lines: Sequence[str]) -> list[Entry]:
    """Close the innermost open entry; what was inside of it."""
    done = stack.pop()
    stack[-1].inside.append(entry(lines[done.first][:LINE_CHARACTERS].strip(), done))
    stack[-1].last = done.last
    return done.inside


def entry(text: str, done: Open) -> Entry:
    key = key_of(text)
    if not done.inside:
        return Entry(done.first, done.last, key, inline_fields(text, done.first))
    fields = {part.key: part.first for part in done.inside if part.key}
    if key and text.startswith("- "):
        fields = {key: done.first, **fields}
    return Entry(done.first, done.last, key, fields)


def inline_fields(text: str, row: int) -> Mapping[str, int]:
    """The keys within the line on `row`: `a`, `b` of `{"a": 1, "b": 2}`, of `{a: 1, b: 2}`, of `<x a="1" b="2">`."""
    if "{" not in text and '="' not in text:
        return NO_FIELDS
    if '="' not in text and ":\t" not in text and text.count(": ") == text.count('": '):
        return dict.fromkeys(QUOTED_KEY.findall(text), row)
    return dict.fromkeys((a or b or c for a, b, c in INLINE.findall(text)), row)


def key_of(text: str) -> str:
    """What a line's value is called; "" in a list."""
    return keyed(text)[0]


def keyed(text: str) -> tuple[str, str]:
    """What a line's value is called, and the value: of a page's snapshot (`- link "Home" [ref=e1]:`) the role."""
    if text.startswith("[") and (header := HEADER.match(text)):
        return header[1].strip(), ""
    if "[ref=" in text and (node := SNAPSHOT.match(text)):
        return node[1], text[node.end() :].strip()
    match = KEY.match(text)
    if match is None:
        return "", ""
    return (match[1] or match[2] or match[3] or "").strip(), text[match.end() :].strip()


def series_of(siblings: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The runs of LEAST_ALIKE or more siblings with about the fields of the first of the run."""
    run: list[Entry] = []
    for one in siblings:
        if run and one.fields and are_alike(run[0], one):
            run.append(one)
            continue
        if len(run) >= LEAST_ALIKE:
            yield run
        run = [one] if one.fields else []
    if len(run) >= LEAST_ALIKE:
        yield run


def are_alike(one: Entry, other: Entry) -> bool:
    """Whether two entries have nearly the same fields."""
    shared = len(one.fields.keys() & other.fields.keys())
    return shared >= NEARLY * (len(one.fields) + len(other.fields) - shared)


def add_series(series: Sequence[Entry], lines: Sequence[str], paths: Paths, found: Marks, before: int) -> None:
    """One series. Its fold says how many there are, like which, their fields, and how often a choice was made."""
    example, rest = series[0], series[1:]
    counts = Counter(name for one in series for name in one.fields)
    fields = ", ".join([name for name, _ in counts.most_common(MOST_FIELDS)])
    more = ", …" if len(counts) > MOST_FIELDS else ""
    name = f"{len(rest)} more like line {before + example.first + 1}: {fields}{more}"
    found.blocks.append(Block("repetition", name, rest[0].first + 1, rest[0].first + 1, series[-1].last + 1))
    for one in series:
        if one.last - one.first + 1 >= LEAST_ENTRY:
            found.blocks.append(Block("entry", naming(one, lines), one.first + 1, one.first + 1, one.last + 1))
    if example.last - example.first < LARGEST_EXAMPLE:
        found.keep.update(range(example.first + 1, example.last + 2))
    every = [parts_of(one, lines, paths) for one in series]
    odd = sorted(odd_rows(series, counts, every).items())
    for index, places in odd[:MOST_ODD]:
        found.keep.update(row + 1 for row in (name_row(series[index], lines), *places))
    for index, _ in odd[MOST_ODD:]:
        found.facts[series[index].first + 1] = (naming(series[index], lines),)
    told = choices(every)
    if told:
        first = hidden_row(rest, found) + 1
        found.facts[first] = (*found.facts.get(first, ()), *told)


def hidden_row(rest: Sequence[Entry], found: Marks) -> int:
    """The first row of the entries that will be in a fold, as four in a row are that no one keeps."""
    for row in range(rest[0].first, rest[-1].last - 2):
        if not any(number in found.keep for number in range(row + 1, row + 5)):
            return row
    return rest[0].first


def paths_of(lines: Sequence[str]) -> Paths:
    """By row, the keys on the way to it (`status.phase`) and its value; none of a row that only closes."""
    found = {}
    stack: list[tuple[int, str]] = []  # depth, keys so far
    for row, depth, is_closer in rows(lines):
        if is_closer:
            continue
        while stack and stack[-1][0] >= depth:
            stack.pop()
        key, value = keyed(lines[row][:LINE_CHARACTERS].strip())
        path = ".".join(filter(None, (stack[-1][1] if stack else "", key)))
        stack.append((depth, path))
        found[row] = (path, value.rstrip(",").removeprefix(">") if key else "")
    return found


def parts_of(one: Entry, lines: Sequence[str], paths: Paths) -> dict[str, Part]:
    """What an entry holds at any depth, by the keys on the way: of a list the first of each key."""
    if one.first == one.last:
        pairs = PAIR.findall(lines[one.first][: 4 * LINE_CHARACTERS])
        inline: dict[str, Part] = {}
        for a, b, c, d, e, f in pairs:
            inline.setdefault(a or c or e, Part(one.first, (b or d or f).strip()))
        return inline
    own, value = paths[one.first]
    out = {one.key: Part(one.first, value)} if value and value not in OPENERS else {}
    start = len(own) + 1 if own else 0
    for row in range(one.first + 1, one.last + 1):
        path, value = paths.get(row, ("", ""))
        if len(path) > start and path[start:] not in out:
            out[path[start:]] = Part(row, value)
    return out


def choices(every: Sequence[Mapping[str, Part]]) -> list[str]:
    """How often each value is there, of fields that are a choice of few: `phase: Running 39, Pending 1`."""
    values: dict[str, Counter[str]] = {}
    for parts in every:
        for name, part in parts.items():
            if part.value and part.value not in OPENERS:
                counted = values.setdefault(name, Counter())
                if len(counted) <= MOST_VALUES:
                    counted[part.value[:VALUE_CHARACTERS].strip("\"'")] += 1
    out = []
    for name, counted in values.items():
        is_usual = sum(counted.values()) >= len(every) / 2 and len(every) > len(counted) + 1
        if is_usual and 2 <= len(counted) <= MOST_VALUES:
            said = ", ".join(f"{value} {times}" for value, times in counted.most_common())
            out.append(f"{name.rpartition('.')[2]}: {said}")
    return out[:MOST_CHOICES]


def odd_rows(
    series: Sequence[Entry], counts: Mapping[str, int], every: Sequence[Mapping[str, Part]]
) -> dict[int, list[int]]:
    """By index in the series, the rows that make an entry odd; [] where what makes it odd is that a field lacks."""
    size = len(series)
    usual = {name for name, count in counts.items() if USUAL * size <= count < size}
    deep = Counter(name for parts in every for name in parts)
    odd = rare_rows(every, {name for name, count in deep.items() if count <= max(1, RARE * size)})
    if len(odd) > size / 3:  # what is so common further down is not odd
        odd = rare_rows(every, {name for name, count in counts.items() if count <= max(1, RARE * size)})
    for index, one in enumerate(series):
        if not usual <= one.fields.keys():
            odd.setdefault(index, [])
    for name, count in deep.items():
        if count >= USUAL * size:
            for index in other_values([parts[name].value if name in parts else "" for parts in every]):
                odd.setdefault(index, []).append(every[index][name].row)
    odd.pop(0, None)
    return odd


def rare_rows(every: Sequence[Mapping[str, Part]], rare: set[str]) -> dict[int, list[int]]:
    """By index, the first rows on which an entry has a field of `rare`."""
    odd: dict[int, list[int]] = {}
    for index, parts in enumerate(every):
        rows = sorted({parts[name].row for name in rare & parts.keys()})
        if rows:
            odd[index] = rows[:MOST_RARE]
    return odd


def other_values(values: Sequence[str]) -> list[int]:
    """The indices of those that differ from what USUAL of them are; "" is no value."""
    common, times = Counter(values).most_common(1)[0]
    if not USUAL * len(values) <= times < len(values) or len(set(values)) > MOST_VALUES:
        return []
    return [index for index, value in enumerate(values) if value and value != common]


def naming(one: Entry, lines: Sequence[str]) -> str:
    """What an entry is called: its key, else the value that names it, else its first words."""
    first = lines[one.first].lstrip()
    return named_on(one, lines)[1] or one.key or first[:40].strip(" -{[,")


def named_on(one: Entry, lines: Sequence[str]) -> tuple[int, str]:
    """The row on which an entry says what it is called, and the name; "" if it has none."""
    first = lines[one.first].lstrip()
    if "[ref=" in first:
        here = ((row, NODE.search(lines[row])) for row in range(one.first, reach_of(one) + 1))
        return next(((row, node[0]) for row, node in here if node), (one.first, one.key))
    if one.key and not first.startswith(("- ", "<", "[")):
        return one.first, one.key
    row = name_row(one, lines)
    match = NAMING.search(lines[row][:LINE_CHARACTERS])
    return row, match[1].strip() if match else ""


def name_row(one: Entry, lines: Sequence[str]) -> int:
    """The row on which an entry says what it is called."""
    for row in range(one.first, reach_of(one) + 1):
        if NAMING.search(lines[row][:LINE_CHARACTERS]):
            return row
    return one.first


def reach_of(one: Entry) -> int:
    """The last row on which an entry's name is looked for."""
    return min(one.last, one.first + LARGEST_EXAMPLE)
