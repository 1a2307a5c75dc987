"""A load taken apart into pieces, each shown or folded as one: signatures, and runs of the lines between them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trimtab.records import Block, Content

SHORTEST_PIECE, LONGEST_PIECE = 5, 26  # lines of a run of statements that are shown or folded together
PIECES = 25  # a load has at least about so many, so that even Essential has room for a few
SIGNATURE = 0.002  # chosen: signatures come before what nothing speaks for, and after what something does
SILENT = (
    "imports",
    "paragraph",
    "repetition",
    "entry",
    "constant",
    "code",
    "doc",
    "noise",
)  # kinds whose first line says little
BLANK = -1.0  # the worth of blank lines: they are shown only where what is around them is


class Piece(NamedTuple):
    """Lines `first` to `last`, shown or folded together; `parent` is the index of the piece that they need, or -1."""

    first: int
    last: int
    parent: int
    worth: float  # of a signature, beyond its chance of need: it says what the rest is


def pieces_of(content: Content) -> Iterator[Piece]:
    """`content`'s lines in order, each in exactly one piece."""
    count = 0
    longest = max(SHORTEST_PIECE, min(LONGEST_PIECE, len(content.lines) // PIECES))
    stack: list[tuple[Block, int]] = []  # open blocks, and the piece that is their signature
    at = 1

    def run(last: int) -> Iterator[Piece]:
        """The lines from `at` to `last`, which belong to the innermost open block."""
        nonlocal at, count
        parent = stack[-1][1] if stack else -1
        for first, end in part(content.lines, at, last, longest):
            is_blank = not any(map(str.strip, content.lines[first - 1 : end]))
            yield Piece(first, end, parent, BLANK if is_blank else 0.0)
            count += 1
        at = max(at, last + 1)

    for block in content.blocks:
        while stack and stack[-1][0].last < block.first:
            yield from run(stack[-1][0].last)
            stack.pop()
        if block.first < at:
            continue  # starts inside a signature that is already out
        yield from run(block.first - 1)
        parent = stack[-1][1] if stack else -1
        yield Piece(block.first, block.head, parent, 0.0 if block.kind in SILENT else SIGNATURE)
        stack.append((block, count))
        count += 1
        at = block.head + 1
    while stack:
        yield from run(stack[-1][0].last)
        stack.pop()
    yield from run(len(content.lines))


def part(lines: Sequence[str], first: int, last: int, longest: int) -> Iterator[tuple[int, int]]:
    """Lines `first` to `last` in runs of at most `longest`, parted at blank lines where there are some."""
    start = first
    while start <= last:
        end = min(last, start + longest - 1)
        if end < last:
            for cut in range(end, start + longest // 3, -1):
                if not lines[cut - 1].strip():
                    end = cut
                    break
        yield start, end
        start = end + 1
