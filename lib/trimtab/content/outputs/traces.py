"""Stack traces: the frames next to the error are kept; of the others a fold names the places that are the user's own."""

import re
from collections import Counter
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.content.outputs.kind import LONGEST_LINE, PLACE, add_fact
from trimtab.records import Block

FRAME = re.compile(
    r'\s+File "[^"]+", line \d+|\s+at .+[:(]\d+|\s+at [\w$.<>]+\(|\s+at .+:line \d+$|\t/?\S+\.go:\d+|\s+\d+: +(?:\S+::|\S+$)'
    r"|\s+from \S+:\d+:in |#\d+ +(?:0x|/|\w+ \()|\s+\^[\^~]*$"
)
LIBRARY = re.compile(
    r"site-packages|dist-packages|node_modules|node:internal|<frozen |/rustc/|/lib/python|/usr/lib/|/usr/share/|/gems/"
    r"|java\.base/|\bat (?:java|jdk|sun|kotlin|scala|org\.junit|org\.gradle|org\.apache|org\.springframework|System)\."
    r"|/(?:runtime|testing)/\w+\.go:|/go/pkg/mod/|\.cargo/registry|\bstd::|\bcore::"
)
PYTHON = re.compile(r'File "([^"]+)", line (\d+)')
DOTNET = re.compile(r"([^\s]+):line (\d+)$")
GOROUTINE = re.compile(r"goroutine \d+ \[([^\]]+)\]:$|created by ")
CALL = re.compile(r"[\w./*()]+\((?:\.\.\.|0x|\{|\)|[\w, ]*0x)")  # a line of Go above its place
MARGINS = frozenset((" ", "\t", "#"))  # what a frame begins with
CAUSES = ("Caused by:", "Suppressed:", "[cause]:")
NUMBERS = re.compile(r"[:(]\d|\", line ")
LEAST = 4  # lines of a trace that is a block
MOST_PLACES, MOST_FILES = 12, 40  # of a trace that a fold names: places, and files of which it names the first
BESIDE = 2  # frames of the user's own that are kept at each end of a trace


def mark(lines: Sequence[str]) -> Marks:
    """A block for each trace; its first and last frames of the user's own code are kept, others' places are facts.

    Addresses and arguments are nobody's question: what is no fact of a frame is dull.
    """
    found = marks()
    is_frame = [
        line[:1] in MARGINS and not line.isspace() and FRAME.match(line, 0, LONGEST_LINE) is not None for line in lines
    ]
    said: set[str] = set()  # a trace that repeats another is of no interest
    for first, last in stretches(is_frame, lines):
        rows = [row for row in range(first, last + 1) if is_frame[row]]
        own = [row for row in rows if place(lines[row]) not in said and not is_library(lines, row)]
        own = [row for row in own if place(lines[row])]
        kept = {*own[:BESIDE], *own[-BESIDE:]}
        files: Counter[str] = Counter()
        for row in own:
            where = place(lines[row])
            file = NUMBERS.split(where)[0]
            if row in kept:
                found.keep.update({row + 1, *beside(lines, row, is_frame)})
            elif where not in said and (
                sum(files.values()) < MOST_PLACES or (not files[file] and len(files) < MOST_FILES)
            ):
                add_fact(found, row + 1, where)
                files[file] += 1
            said.add(where)
        found.dull.update(row + 1 for row in range(first, last + 1))
        if last - first + 1 >= LEAST:
            found.blocks.append(Block("trace", f"{len(rows)} frames", first + 1, first + 1, last + 1))
    mark_goroutines(lines, found)
    return found


def stretches(is_one: Sequence[bool], lines: Sequence[str] = ()) -> list[tuple[int, int]]:
    """(first row, last row) of each run of rows of which at least every second is one; `Caused by:` begins another."""
    out: list[tuple[int, int]] = []
    for row, hit in enumerate(is_one):
        if hit and out and row - out[-1][1] <= 2 and not (lines and lines[row - 1].lstrip().startswith(CAUSES)):
            out[-1] = (out[-1][0], row)
        elif hit:
            out.append((row, row))
    return out


def place(line: str) -> str:
    """Where a frame is, as `path:line`; "" where it does not say."""
    head = line[:LONGEST_LINE]
    match = PYTHON.search(head)
    if match is not None:
        return f'{match[1]}", line {match[2]}'
    match = DOTNET.search(head)
    if match is not None:
        return f"{match[1]}:line {match[2]}"
    found = PLACE.search(head)
    return found[0] if found is not None else ""


def is_library(lines: Sequence[str], row: int) -> bool:
    """Whether a frame is of a library; Rust says so on the line before the place."""
    head = lines[row][:LONGEST_LINE]
    is_second = head.lstrip().startswith("at .") or head.startswith("             at ")
    return LIBRARY.search(head + (lines[row - 1][:LONGEST_LINE] if is_second and row else "")) is not None


def beside(lines: Sequence[str], row: int, is_frame: Sequence[bool]) -> set[int]:
    """The lines (from 1) that belong to the frame on `row`: the code below it, or the call above it."""
    line = lines[row]
    if line.lstrip().startswith("File ") and row + 1 < len(lines) and not is_frame[row + 1]:
        return {row + 2}
    if line.startswith(("\t/", "             at ")) and row:
        return {row}
    return set()


def mark_goroutines(lines: Sequence[str], found: Marks) -> None:
    """The calls and addresses of goroutines are dull; the header of the first goroutine is kept."""
    is_first = True
    for number, line in enumerate(lines, 1):
        if line.startswith(("goroutine ", "created by ")) and GOROUTINE.match(line[:200]):
            found.dull.add(number)
            if is_first and line.startswith("goroutine "):
                found.keep.add(number)
                is_first = False
        elif "(" in line[:300] and CALL.match(line[:300]) and number < len(lines) and lines[number].startswith("\t/"):
            found.dull.add(number)
