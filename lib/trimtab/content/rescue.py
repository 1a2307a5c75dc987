"""Definitions of broken Python by indentation: one open bracket can hide the rest of a file from the parser."""

import re
from collections.abc import Sequence

from trimtab.records import Block

DEFINITION = re.compile(r"(?:async\s+def|def|class)\s+(\w+)")
CLOSERS = (")", "]", "}", "#")  # lines that may stand further out than the block they are in
LONGEST_SIGNATURE = 40  # lines; chosen


def definitions(lines: Sequence[str]) -> list[Block]:
    """A block for each line that reads like a definition, to the last line that is deeper; without what is above it.

    Its signature ends with the first line that ends with a colon. What strings hold is taken for code. Never raises.
    """
    out: list[Block] = []
    open_ones: list[tuple[int, int, str, str]] = []  # depth, row, kind, name
    before = -1
    for row, line in enumerate(lines):
        code = line.strip()
        if not code:
            continue
        depth = len(line) - len(line.lstrip())
        while open_ones and depth <= open_ones[-1][0] and not code.startswith(CLOSERS):
            out.append(block(lines, open_ones.pop(), before))
        match = DEFINITION.match(code)
        if match:
            open_ones.append((depth, row, "class" if code.startswith("class") else "function", match[1]))
        before = row
    while open_ones:
        out.append(block(lines, open_ones.pop(), before))
    return out


def block(lines: Sequence[str], definition: tuple[int, int, str, str], last: int) -> Block:
    _, row, kind, name = definition
    for head in range(row, min(last + 1, row + LONGEST_SIGNATURE)):
        if lines[head].partition("#")[0].rstrip().endswith(":"):
            return Block(kind, name, row + 1, head + 1, last + 1)
    return Block(kind, name, row + 1, row + 1, last + 1)
