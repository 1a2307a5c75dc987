"""Notebooks by cell, in the text that the client shows of them: a cell's tags around its source, then its outputs."""

import re
from collections.abc import Iterable, Mapping

from trimtab.content import code
from trimtab.content.marks import marks
from trimtab.content.nesting import nest
from trimtab.content.outputs import general
from trimtab.records import Block, Content

FIRST = re.compile(r'<cell id="([^"\n]*)">(?:<cell_type>[^<\n]*</cell_type>)?(.*)')
LAST = re.compile(r'</cell id="[^"\n]*">$')


def rendered(cells: Iterable[object]) -> str:
    """Cells, in the client's shape, as text; "" where one has an image or is of another shape."""
    out: list[str] = []
    for cell in cells:
        source = cell.get("source") if isinstance(cell, Mapping) else None
        if not isinstance(cell, Mapping) or not isinstance(source, str):
            return ""
        kind = cell.get("cellType")
        tag = "" if kind in ("code", None) else f"<cell_type>{kind}</cell_type>"
        name = cell.get("cell_id", "")
        out.append(f'<cell id="{name}">{tag}{source}</cell id="{name}">')
        outputs = cell.get("outputs") or ()
        for output in outputs if isinstance(outputs, list) else ():
            if not isinstance(output, Mapping) or output.get("image"):
                return ""
            out.append(str(output.get("text") or ""))
    return "\n".join(out)


def parse(text: str) -> Content:
    """A rendered notebook: a block for each cell with its outputs, the code's definitions, and the outputs' errors."""
    lines = tuple(text.split("\n"))
    found = marks()
    begins = [(row, match) for row, line in enumerate(lines) if (match := FIRST.match(line))]
    for at, (row, match) in enumerate(begins):
        last = (begins[at + 1][0] if at + 1 < len(begins) else len(lines)) - 1
        end = next((end for end in range(row, last + 1) if LAST.search(lines[end])), last)
        found.blocks.append(Block("cell", f"cell {match[1]}: {match[2].strip('# ')[:60]}", row + 1, row + 1, last + 1))
        found.add(marks(definitions(lines[row : end + 1])).shifted(row))
        if end < last:
            found.blocks.append(Block("output", f"output of {match[1]}", end + 2, end + 2, last + 1))
            printed = general.mark(lines[end + 1 : last + 1])
            found.add(marks(keep=printed.keep).shifted(end + 1))
    return Content("notebook", lines, nest(found.blocks, len(lines)), frozenset(found.keep), found.facts)


def definitions(lines: tuple[str, ...]) -> list[Block]:
    """What a cell's code defines, its tags left out."""
    match = FIRST.match(lines[0])
    bare = [match[2] if match else lines[0], *lines[1:]]
    bare[-1] = LAST.sub("", bare[-1])
    return code.spans("python", "\n".join(bare), bare) or []
