"""What a kind of output is: which programs print it, how it looks, and which of its lines are what."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

LOOKED_AT = 20_000  # characters in which an output shows what it is
LONGEST_LINE = 600  # characters of a line that patterns see
MOST_KEPT = 40  # lines of a pattern that every view shows; the others are facts
MOST_ALIKE = 6  # of them, that are alike but for their numbers and places
MOST_NAMED = 500  # lines of a pattern whose places are facts; of more there is a count
FACT_CHARACTERS = 80
NO_DIGITS = {ord(digit): None for digit in "0123456789"}
PLACE = re.compile(
    r"(?<![\w@.+~/\\-])[\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9}(?::\d{1,6}(?::\d{1,4})?|\(\d{1,6}(?:,\d{1,4})?\))"
)
IN_FILE = re.compile(r"\s*(\d{1,6}:\d{1,4})\s")  # a place in a file that is named above
WORD = re.compile(r"[\w'.$-]*\w")
MOST_OTHER = 4  # words in which a line differs from the first that is like it
FEW, OTHER_CHARACTERS = 150, 24  # lines of a pattern of which a fold says so much from the first such word on


class Kind(NamedTuple):
    """One row of the table. `programs` are names, or a name and its first word (`git log`).

    `keep` finds lines that every view shows, each with one of `signs` in it where there are some: a slow pattern looks
    only there. `start` a line that begins a block (its name is group 1), `fact` what a
    fold names of a line (group 1). What patterns can't say, `mark` does. A kind that `quotes` prints what others wrote:
    the errors in it are not its own.
    """

    name: str
    programs: frozenset[str]
    looks: re.Pattern[str] | None = None
    keep: re.Pattern[str] | None = None
    start: re.Pattern[str] | None = None
    fact: re.Pattern[str] | None = None
    block: str = "entry"
    mark: Callable[[Sequence[str]], Marks] | None = None
    quotes: bool = False
    signs: tuple[str, ...] = ()
    by_line: bool = (
        False  # whether `looks` is about beginnings of lines alone: to match those takes a third of a search
    )

    def looks_right(self, beginning: str, lines: Sequence[str]) -> bool:
        """Whether a text looks like what these programs print; `lines` are those of its `beginning`."""
        if self.looks is None:
            return False
        if self.by_line:
            return any(map(self.looks.match, lines))
        return self.looks.search(beginning) is not None


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
    quotes: bool = False,
    signs: tuple[str, ...] = (),
) -> Kind:
    """A row from plain words: `programs` parted by commas."""
    names = frozenset(program.strip() for program in programs.split(",") if program.strip())
    made = [re.compile(pattern, re.M) if pattern else None for pattern in (looks, keep, start, fact)]
    return Kind(name, names, made[0], made[1], made[2], made[3], block, mark, quotes, signs, is_by_line(looks))


def is_by_line(looks: str) -> bool:
    """Whether each alternative of a pattern begins with ^, and none can reach over a line end."""
    inner = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\.|\((?:[^()\\]|\\.)*\)")
    outer = inner.sub("_", inner.sub("_", inner.sub("_", looks)))
    has_ends = "\\n" in looks or "\\A" in looks or "\\s" in looks
    return not has_ends and all(part.startswith("^") for part in outer.split("|"))


def marked(of: Kind, lines: Sequence[str]) -> Marks:
    """What the row says of `lines`."""
    found = marks()
    if of.mark is not None:
        found.add(of.mark(lines))
    if of.start is not None:
        found.blocks.extend(blocks(of.start, of.block, lines))
    if of.keep is not None:
        keep(of.keep, lines, found, of.signs)
    if of.fact is not None:
        for number, line in enumerate(lines, 1):
            match = of.fact.search(line, 0, LONGEST_LINE) if line else None
            if match is not None:
                add_fact(found, number, named(match))
    return found


def blocks(start: re.Pattern[str], kind_name: str, lines: Sequence[str]) -> list[Block]:
    """A block from each line that `start` finds to the line before the next."""
    begins: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        match = start.search(line, 0, LONGEST_LINE) if line else None
        if match is not None:
            begins.append((number, named(match).strip()[:100]))
    ends = [*(number - 1 for number, _ in begins[1:]), *([len(lines)] if begins else [])]
    return [Block(kind_name, name, at, at, end) for (at, name), end in zip(begins, ends, strict=True)]


def named(match: re.Match[str]) -> str:
    """The first group that took part; without one the whole."""
    return next((group for group in match.groups() if group), match[0])


def keep(pattern: re.Pattern[str], lines: Sequence[str], found: Marks, signs: Sequence[str] = ()) -> None:
    """Keep the lines that `pattern` finds, as `keep_of` does; it looks only at those with one of `signs`, if any."""
    numbered: Iterable[tuple[int, str]] = enumerate(lines, 1)
    if signs:
        text = "\n".join(lines)
        here = [sign for sign in signs if sign in text]
        numbered = [(number, line) for number, line in numbered if any(map(line.__contains__, here))]
    keep_of([number for number, line in numbered if line and pattern.search(line, 0, LONGEST_LINE)], lines, found)


def keep_of(hits: Sequence[int], lines: Sequence[str], found: Marks) -> None:
    """Keep these lines, of those alike the first MOST_ALIKE; of more than MOST_KEPT only one.

    The others are facts: where they are, and in which words they differ from the first.
    """
    seen: Counter[str] = Counter()
    firsts: dict[str, str] = {}
    most = MOST_ALIKE if len(hits) <= MOST_KEPT else 1
    named = kept = 0
    for number in hits:
        if named >= MOST_NAMED and len(seen) >= MOST_KEPT:
            break
        line = lines[number - 1]
        like = alike(line)
        seen[like] += 1
        first = firsts.setdefault(like, line[:LONGEST_LINE])
        if seen[like] <= most and (len(hits) <= MOST_KEPT or len(seen) <= MOST_KEPT):
            found.keep.add(number)
            kept += 1
            continue
        named += 1
        if named <= MOST_NAMED:
            add_fact(found, number, told_of(line, first, len(hits)))
    left = len(hits) - kept - min(named, MOST_NAMED)
    if left > 0 and hits[-1] not in found.keep:
        add_fact(found, hits[-1], f"{left} more like these")


def alike(line: str) -> str:
    """What lines share that differ in places, numbers and spaces alone."""
    head = line[:LONGEST_LINE]
    if ":" in head or "(" in head:
        head = PLACE.sub("@", head)
    return " ".join(head.translate(NO_DIGITS).split())


def told_of(line: str, first: str, many: int) -> str:
    """What a fold says of a line like the `first`, which is shown: where it is, and in what it differs; of many less."""
    place = place_of(line)
    head = line[:LONGEST_LINE]
    if not place:
        others = [word for word in head.split() if word not in first] if many > FEW else []
        return " ".join(others[:MOST_OTHER]) or line
    known = frozenset(WORD.findall(first))
    other = [match for match in WORD.finditer(head) if match[0] not in known and match[0] not in place]
    if not other:
        return place
    if many <= FEW:
        return f"{place} {head[other[0].start() :][:OTHER_CHARACTERS].strip()}"
    return " ".join([place, *(match[0] for match in other[:MOST_OTHER])])


def place_of(line: str) -> str:
    """Where a line says that something is; "" if it says nothing of that."""
    place = PLACE.search(line[:LONGEST_LINE])
    if place is not None:
        return place[0]
    within = IN_FILE.match(line[:LONGEST_LINE])
    return within[1] if within is not None else ""


def add_fact(found: Marks, number: int, words: str) -> None:
    fact = words.strip()[:FACT_CHARACTERS]
    if fact and fact not in found.facts.get(number, ()):
        found.facts[number] = (*found.facts.get(number, ()), fact)
