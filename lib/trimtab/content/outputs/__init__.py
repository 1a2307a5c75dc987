"""A command's output -> its kind, lines and blocks: by what ran, and where that says nothing, by what it looks like.

What the programs of a chain print is marked by each of their kinds: `git status && pytest` is both. JSON between other
lines is marked as JSON, and those as what they are.
"""

import bisect
from collections.abc import Sequence
from itertools import accumulate, takewhile

from trimtab.content import commands, data, entries, tables
from trimtab.content.marks import Marks, marks
from trimtab.content.nesting import nest
from trimtab.content.outputs import general, logs
from trimtab.content.outputs.kind import LOOKED_AT, Kind, keep, marked
from trimtab.content.outputs.table import KINDS
from trimtab.records import Block, Content

__all__ = ["KINDS", "parse"]

# What is marked in full, about what the daemon has time for in an event; of the rest errors are, and of the last part
# of it what the programs' kinds keep. Counts are of what is marked in full: its blocks end there.
MOST_LINES, MOST_CHARACTERS = 30_000, 1_100_000
LAST_CHARACTERS = 300_000
SILENT = (
    "mkdir",
    "rm",
    "cp",
    "mv",
    "touch",
    "chmod",
    "test",
    "[",
    "sleep",
    "wait",
    "printf",
    "which",
    "pwd",
    "ln",
    "kill",
)
MOST_KINDS = 4  # of one output


def parse(command: str, text: str) -> Content:
    """`text`, which `command` printed, with its blocks. Never raises.

    `lines` are those of the text as a terminal leaves them, without colours and what was redrawn; but colours stay
    where they alone tell what changed. JSON in one line is laid out.
    """
    cleaned = [general.plain(line) for line in text.split("\n")]
    lines = data.laid_out(text.split("\n") if commands.tells_by_colour(command) else cleaned)
    end = marked_in_full(lines)
    plain = lines[:end] if lines is cleaned else [general.plain(line) for line in lines[:end]]
    documents = data.documents(plain)
    others = without(documents, plain)
    kinds = kinds_of(command, others)
    found = marks()
    for kind in kinds:
        found.add(marked(kind, others))
    name = kinds[0].name if kinds else "text"
    if sum(last - first for first, last in documents) > len(plain) / 2:
        name = "json"
    for first, last in documents:
        found.add(data.mark_document(plain[first : last + 1], first).shifted(first))
        found.add(logs.mark_objects(plain[first : last + 1]).shifted(first))
    if not documents and data.looks_yaml(plain):
        name = "yaml" if not kinds else name
        found.add(entries.mark(plain))
    delimiter = tables.delimiter_of(plain) if not kinds and not documents else None
    if delimiter is not None:
        name = "table"
        found.add(tables.mark(plain, delimiter))
    elif tables.has_records(plain):
        name = "table"
        found.add(tables.mark_records(plain))
    else:
        found.add(general.mark(others, bool(kinds) and all(kind.quotes for kind in kinds)))
    found.dull |= general.dull(plain) | (general.dull(others) if documents else set())
    if commands.chooses_tests(command):  # who names tests wants to hear of them
        found.dull.clear()
    found.dull.update(number for number, facts in found.facts.items() if says_all(facts, plain[number - 1]))
    if name == "text":  # nothing is known of it: what came first, and at the end what it was run for
        filled = [number for number, line in enumerate(plain, 1) if number not in found.dull and line.strip()]
        found.keep.update((*filled[:1], *filled[-2:]))
    if not found.blocks:
        found.blocks.extend(unsaid(general.shape(plain), found))
    if end < len(lines):
        found.add(rest_of(kinds, [general.plain(line) for line in lines[end:]]).shifted(end))
    blocks = nest(found.blocks, len(lines))
    sets = frozenset(found.dull), frozenset(found.point)
    return Content(name, tuple(lines), blocks, frozenset(found.keep), found.facts, *sets)


def marked_in_full(lines: Sequence[str]) -> int:
    """How many lines are: those of the first MOST_CHARACTERS, as far as a line ends there."""
    ends = accumulate(len(line) + 1 for line in lines[:MOST_LINES])
    return max(1, sum(1 for _ in takewhile(lambda end: end <= MOST_CHARACTERS, ends)))


def rest_of(kinds: Sequence[Kind], lines: Sequence[str]) -> Marks:
    """The errors in what is too much to be marked in full, and a fact that says that no more was looked for."""
    found = general.mark(lines, bool(kinds) and all(kind.quotes for kind in kinds))
    if any(kind.mark is logs.mark for kind in kinds):
        found.add(logs.mark_bad(lines))
    ends = list(accumulate(len(line) + 1 for line in lines))
    first = bisect.bisect_left(ends, ends[-1] - LAST_CHARACTERS)
    last = marks()
    for kind in kinds:
        if kind.keep is not None:
            keep(kind.keep, lines[first:], last, kind.signs)
    found.add(last.shifted(first))
    found.dull.update(range(1, len(lines) + 1))
    found.facts[1] = (*found.facts.get(1, ()), f"{len(lines)} lines of which only errors are looked for")
    return found


def without(documents: Sequence[tuple[int, int]], lines: Sequence[str]) -> list[str]:
    """The lines with those of documents emptied, but for what JSON lines say that a program printed."""
    others = list(lines)
    for first, last in documents:
        others[first : last + 1] = [data.printed(line) for line in lines[first : last + 1]]
    return others


def says_all(facts: Sequence[str], line: str) -> bool:
    """Whether the facts of a line are all of it: its words need not be named again."""
    return line.strip() in facts


def unsaid(blocks: Sequence[Block], found: Marks) -> list[Block]:
    """The blocks, without the names of those that a fact of their first line begins with."""
    return [
        block._replace(name="")
        if any(fact.startswith(block.name) for fact in found.facts.get(block.first, ()))
        else block
        for block in blocks
    ]


def kinds_of(command: str, lines: Sequence[str]) -> Sequence[Kind]:
    """The kinds of the programs that ran and those that the text looks like; what only looks so comes after.

    Searches and listings print what others wrote: theirs is no kind of its own.
    """
    ran: list[Kind] = []
    is_known = True
    for pipeline in commands.pipelines(command):
        for program in commands.printers_of(pipeline):
            words = (f"{program.name} {word}" for word in program.arguments[:3] if not word.startswith("-"))
            names = {program.name, *words}
            found = [kind for kind in KINDS if kind.programs & names]
            is_known = is_known and (bool(found) or program.name in SILENT)
            ran += [kind for kind in found if kind not in ran]
    ran.sort(key=KINDS.index)
    text = "\n".join(lines)
    beginning = text if len(text) <= 2 * LOOKED_AT else f"{text[:LOOKED_AT]}\n{text[-LOOKED_AT:]}"
    if ran and is_known and all(kind.looks is None for kind in ran):
        return ran[:MOST_KINDS]
    begins = list(dict.fromkeys(beginning.split("\n")))
    seen = [kind for kind in KINDS if kind.looks_right(beginning, begins)]
    sure = [kind for kind in ran if kind.looks is None or kind in seen]
    return (sure + [kind for kind in seen if kind not in sure] or ran)[:MOST_KINDS]
