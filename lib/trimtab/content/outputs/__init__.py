"""A command's output -> its kind, lines and blocks: by what ran, and where that says nothing, by what it looks like.

What the programs of a chain print is marked by each of their kinds: `git status && pytest` is both. JSON between other
lines is marked as JSON, and those as what they are.
"""

from collections.abc import Sequence

from trimtab.content import commands, data, tables
from trimtab.content.marks import Marks, marks
from trimtab.content.nesting import nest
from trimtab.content.outputs import general, logs
from trimtab.content.outputs.kind import LOOKED_AT, Kind, marked
from trimtab.content.outputs.table import KINDS
from trimtab.records import Block, Content

__all__ = ["KINDS", "parse"]

MOST_LINES = 60_000  # that are marked; what follows is one block of the text
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
    plain = lines[:MOST_LINES] if lines is cleaned else [general.plain(line) for line in lines[:MOST_LINES]]
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
        found.add(data.mark_yaml(plain))
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
    if not found.blocks:
        found.blocks.extend(unsaid(general.shape(plain), found))
    blocks = nest(found.blocks, len(lines))
    return Content(name, tuple(lines), blocks, frozenset(found.keep), found.facts, frozenset(found.dull))


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
    seen = [kind for kind in KINDS if kind.looks is not None and kind.looks.search(beginning)]
    sure = [kind for kind in ran if kind.looks is None or kind in seen]
    return (sure + [kind for kind in seen if kind not in sure] or ran)[:MOST_KINDS]
