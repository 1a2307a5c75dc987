"""What a kind of output is: which programs print it, how it looks, and which of its lines are what."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

LOOKED_AT = 20_000  # characters in which an output shows what it is
LONGEST_LINE = 600  # characters of a line that patterns see
MOST_KEPT = 40  # lines of a pattern that every view shows; the others are facts
FACT_CHARACTERS = 80
NUMBERS = re.compile(r"\d+")
PLACE = re.compile(r"[\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9}(?::\d{1,6}(?::\d{1,4})?|\(\d{1,6}(?:,\d{1,4})?\))")


class Kind(NamedTuple):
    """One row of the table. `programs` are names, or a name and its first word (`git log`).

    `keep` finds lines that every view shows, `start` a line that begins a block (its name is group 1), `fact` what a
    fold names of a line (group 1). What patterns can't say, `mark` does.
    """

    name: str
    programs: frozenset[str]
    looks: re.Pattern[str] | None = None
    keep: re.Pattern[str] | None = None
    start: re.Pattern[str] | None = None
    fact: re.Pattern[str] | None = None
    block: str = "entry"
    mark: Callable[[Sequence[str]], Marks] | None = None


def kind(
    name: str,
    programs: str,
    *,
    looks: str = "",
    keep: str = "",
    start: str = "",
    fact: str = "",
    block: str = "entry",
    mark: Callable[[Sequence[str]], Marks] | None = None,
) -> Kind:
    """A row from plain words: `programs` parted by commas."""
    names = frozenset(program.strip() for program in programs.split(",") if program.strip())
    made = [re.compile(pattern, re.M) if pattern else None for pattern in (looks, keep, start, fact)]
    return Kind(name, names, made[0], made[1], made[2], made[3], block, mark)


def marked(of: Kind, lines: Sequence[str]) -> Marks:
    """What the row says of `lines`."""
    found = marks()
    if of.mark is not None:
        found.add(of.mark(lines))
    if of.start is not None:
        found.blocks.extend(blocks(of.start, of.block, lines))
    if of.keep is not None:
        keep(of.keep, lines, found)
    if of.fact is not None:
        for number, line in enumerate(lines, 1):
            match = of.fact.search(line[:LONGEST_LINE])
            if match is not None:
                add_fact(found, number, named(match))
    return found


def blocks(start: re.Pattern[str], kind_name: str, lines: Sequence[str]) -> list[Block]:
    """A block from each line that `start` finds to the line before the next."""
    begins: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        match = start.search(line[:LONGEST_LINE])
        if match is not None:
            begins.append((number, named(match).strip()[:100]))
    ends = [*(number - 1 for number, _ in begins[1:]), *([len(lines)] if begins else [])]
    return [Block(kind_name, name, at, at, end) for (at, name), end in zip(begins, ends, strict=True)]


def named(match: re.Match[str]) -> str:
    """The first group that took part; without one the whole."""
    return next((group for group in match.groups() if group), match[0])


def keep(pattern: re.Pattern[str], lines: Sequence[str], found: Marks) -> None:
    """Keep the lines that `pattern` finds, as `keep_of` does."""
    keep_of([number for number, line in enumerate(lines, 1) if pattern.search(line[:LONGEST_LINE])], lines, found)


def keep_of(hits: Sequence[int], lines: Sequence[str], found: Marks) -> None:
    """Keep these lines. Of more than MOST_KEPT only the first of those alike; the others are facts."""
    seen: set[str] = set()
    for number in hits:
        line = lines[number - 1]
        alike = NUMBERS.sub("#", PLACE.sub("@", line[:LONGEST_LINE])).strip()
        if len(hits) <= MOST_KEPT or (alike not in seen and len(seen) < MOST_KEPT):
            found.keep.add(number)
            seen.add(alike)
        else:
            place = PLACE.search(line[:LONGEST_LINE])
            add_fact(found, number, place[0] if place else line.strip())


def add_fact(found: Marks, number: int, words: str) -> None:
    fact = words.strip()[:FACT_CHARACTERS]
    if fact and fact not in found.facts.get(number, ()):
        found.facts[number] = (*found.facts.get(number, ()), fact)
