"""What a fold says of data that it hides (files of JSON, YAML, TOML, XML, and what commands print of them).

Above what `likeness` shows of like entries: what each of them is called, the outermost keys, and what one entry alone
has among those that have its key and fields wherever they stand (the `get` of every path of an API).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from trimtab.content import likeness
from trimtab.content.likeness import Entry, Part, Paths
from trimtab.content.marks import Marks

MOST_NAMED = 400  # entries and keys
MOST_LONE = 40  # rows of which only one entry has the like
LEAST_COUSINS = 4  # entries; of three each may be as it likes
MOST_SHAPES = 12  # sets of fields of one key, that entries are compared with
LONGEST_SAID = 60  # characters of a row
TITLE = re.compile(r"""\s*["']?(?:name|title|id)["']?\s*[:=]\s*["']?([^"',]{1,60})""")


def mark(lines: Sequence[str]) -> Marks:
    """Like entries as `likeness` marks them, and what a fold has to name of the rest."""
    families = list(likeness.families(lines))
    paths = likeness.paths_of(lines)
    every = likeness.outermost(families)
    found = likeness.mark_series(every, lines, paths)
    named: dict[int, str] = {}
    for series in every:
        named.update(names_of(series, lines, paths))
    named.update(top_of(families, lines))
    said = dict(sorted(named.items())[:MOST_NAMED])
    lone = [row for row in lone_rows(families, lines, paths) if row + 1 not in found.keep]
    for row in lone[:MOST_LONE]:
        said[row] = row_as_said(lines[row])
    for row, name in said.items():
        found.facts[row + 1] = tuple(dict.fromkeys((*found.facts.get(row + 1, ()), name)))
    return found


def names_of(series: Sequence[Entry], lines: Sequence[str], paths: Paths) -> dict[int, str]:
    """By row, what like entries are called: their keys, what names them, else the first words in which all differ.

    Bare numbers are no names, and an entry of one line takes hardly more than its name.
    """
    series = [one for one in series if one.last > one.first]
    named = [likeness.named_on(one, lines) for one in series]
    found = {row: name for row, name in named if has_letters(name)}
    if len(found) < len(series):
        every = [likeness.parts_of(one, lines, paths) for one in series]
        field = next((name for name in every[0] if is_identity([parts.get(name) for parts in every])), "")
        if field:
            parts = (parts[field] for parts, (_, name) in zip(every, named, strict=True) if not has_letters(name))
            found.update((part.row, part.value.strip("\"'")[:LONGEST_SAID]) for part in parts)
    return found


def is_identity(parts: Sequence[Part | None]) -> bool:
    """Whether these parts of like entries are words, and no two the same."""
    return len({part.value for part in parts if part is not None and has_letters(part.value)}) == len(parts)


def has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


def top_of(families: Sequence[Sequence[Entry]], lines: Sequence[str]) -> dict[int, str]:
    """By row, the outermost keys that have more below them, and what the whole is called."""
    top = families[-1]
    if len(top) == 1 and len(families) > 1:  # one pair of brackets around all
        top = families[-2]
    keyed = [one for one in top if one.key and one.last > one.first and not lines[one.first].lstrip().startswith("- ")]
    found = {one.first: one.key for one in {one.key: one for one in reversed(keyed)}.values()}
    titles = ((one.first, TITLE.match(lines[one.first])) for one in top if one.last == one.first)
    found.update({row: match[1].strip() for row, match in titles if match})
    return found


def lone_rows(families: Sequence[Sequence[Entry]], lines: Sequence[str], paths: Paths) -> list[int]:
    """The rows with a field that only one of like entries has, or with a value where all others have another."""
    found: set[int] = set()
    for cousins in cousins_of(families, lines):
        every = [likeness.parts_of(one, lines, paths) for one in cousins]
        rows = rows_of_one(every)
        if len(rows) <= len(cousins):  # else they are not alike further down
            found |= rows
    return sorted(found)


def cousins_of(families: Sequence[Sequence[Entry]], lines: Sequence[str]) -> Iterator[list[Entry]]:
    """Entries with one key, as deep as each other and nearly the same fields, whatever their parents."""
    named: dict[tuple[int, str], list[list[Entry]]] = defaultdict(list)
    for one in (entry for siblings in families for entry in siblings):
        if one.fields and one.last > one.first:
            line = lines[one.first]
            groups = named[len(line) - len(line.lstrip()), one.key]
            alike = next((group for group in groups if likeness.are_alike(group[0], one)), None)
            if alike is not None:
                alike.append(one)
            elif len(groups) < MOST_SHAPES:
                groups.append([one])
    return (group for groups in named.values() for group in groups if len(group) >= LEAST_COUSINS)


def rows_of_one(every: Sequence[Mapping[str, Part]]) -> set[int]:
    """The rows of fields that only one of these has (not of what is within them), and of values that only one has."""
    counts = Counter(name for parts in every for name in parts)
    rare = {name for name, count in counts.items() if count == 1}
    found = {
        part.row for parts in every for name, part in parts.items() if name in rare and parent_of(name) not in rare
    }
    for name, count in counts.items():
        if count == len(every):
            values = Counter(parts[name].value for parts in every)
            common, times = values.most_common(1)[0]
            if times == count - 1:
                found |= {parts[name].row for parts in every if parts[name].value != common}
    return found


def parent_of(path: str) -> str:
    return path.rpartition(".")[0]


def row_as_said(line: str) -> str:
    """A row without its marks: `"deprecated": true,` is `deprecated: true`; of a long one its key."""
    said = line.strip(" \t\r,{[-").replace('"', "")
    return (said if len(said) <= LONGEST_SAID else said.partition(":")[0][:LONGEST_SAID]).rstrip(": ")
