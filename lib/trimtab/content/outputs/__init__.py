"""A command's output -> its kind, lines and blocks: by what ran, and where that says nothing, by what it looks like.

What the programs of a chain print is marked by each of their kinds: `git status && pytest` is both.
"""

from collections.abc import Sequence

from trimtab.content import commands, data, likeness
from trimtab.content.marks import Marks, marks
from trimtab.content.nesting import nest
from trimtab.content.outputs import general
from trimtab.content.outputs.kind import LOOKED_AT, Kind, marked
from trimtab.content.outputs.table import KINDS
from trimtab.records import Content

__all__ = ["KINDS", "parse"]

MOST_LINES = 60_000  # that are marked; what follows is one block of the text


def parse(command: str, text: str) -> Content:
    """`text`, which `command` printed, with its blocks. Never raises.

    `lines` are `text.split("\\n")`, but for JSON in one line, which is laid out first.
    """
    lines = tuple((data.pretty(text) or text).split("\n"))
    plain = [general.plain(line) for line in lines[:MOST_LINES]]
    kinds = kinds_of(command, "\n".join(plain)[:LOOKED_AT])
    found = marks()
    for kind in kinds:
        found.add(marked(kind, plain))
    name = kinds[0].name if kinds else "text"
    delimiter = data.delimiter_of(plain) if not kinds else None
    if data.looks_json(plain):
        name = "json"
        found.add(data.mark_json(plain))
        found.add(likeness.mark(plain))
    elif delimiter is not None:
        name = "table"
        found.add(data.mark_table(plain, delimiter))
    else:
        found.add(general.mark(plain))
    if not found.blocks:
        found.add(Marks(general.shape(plain), set(), {}))
    dull = general.dull(plain)
    return Content(name, lines, nest(found.blocks, len(lines)), frozenset(found.keep), found.facts, dull)


def kinds_of(command: str, beginning: str) -> Sequence[Kind]:
    """The kinds of the programs that ran, those whose output is piped on left out; else the first that looks right."""
    names: set[str] = set()
    for pipeline in commands.pipelines(command):
        for program in pipeline:
            names.add(program.name)
            names |= {f"{program.name} {word}" for word in program.arguments[:3] if not word.startswith("-")}
    ran = [kind for kind in KINDS if kind.programs & names]
    seen = [kind for kind in KINDS if kind.looks is not None and kind.looks.search(beginning)]
    both = [kind for kind in ran if kind in seen]
    return (both or seen[:1] or ran)[:3]
