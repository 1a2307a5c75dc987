"""Cuts a load to a tier: the lines most likely to be needed, within the tier's share of tokens, and folds for the rest.

A load is taken apart into pieces (a signature, a run of statements, a paragraph). Pieces are chosen by chance of need
per token, the signatures above a piece with it, until the tier's limit is reached. Gaps too small to be worth a fold
are shown. Deterministic: ties go to the earlier piece.

A fold is one line: its range, how many lines, the names in it, and the arguments of the Read that shows it:

    ... 120-180 (61 lines) parse, render: Read offset=120 limit=61
"""

import bisect
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trimtab import relevance
from trimtab.records import Block, Content, Fold, Tier, View

SHARES = {Tier.ESSENTIAL: 0.10, Tier.STANDARD: 0.40, Tier.COMPREHENSIVE: 0.70}
FOLD = re.compile(r"\.\.\. (\d+)-(\d+) \(\d+ lines\).*: Read offset=\d+ limit=\d+")
FOLD_LINE = re.compile(f"^{FOLD.pattern}$", re.M)
FOLD_TOKENS = 30  # measured: the median fold line in o200k_base is
LEAST_FOLD = 4  # lines; folding fewer costs about what they do
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
)  # kinds whose first line says little
BLANK = -1.0  # the worth of blank lines: they are shown only where what is around them is
EDGE = 2  # blank lines shown beside what is shown
PAGE_LINES = 100  # about what one call for folded lines brings in
LEAST_LEFT = 8  # tokens; nothing fits into less
NAMES_IN_FOLD = 6
LINE_NUMBER_TOKENS = 2  # "120\t"


class Piece(NamedTuple):
    """Lines `first` to `last`, shown or folded together; `parent` is the index of the piece that they need, or -1."""

    first: int
    last: int
    parent: int
    worth: float  # of a signature, beyond its chance of need: it says what the rest is


class Plan(NamedTuple):
    """A load taken apart; made once a load. `sizes` are tokens by line, its number and line end included."""

    content: Content
    pieces: tuple[Piece, ...]
    sizes: tuple[int, ...]
    sums: tuple[int, ...]  # tokens of the first n lines


class Cut(NamedTuple):
    """A plan with the rates at which its lines will be needed, and the pieces in order of how much they are wanted."""

    plan: Plan
    rates: list[float]  # sums over the first n lines
    order: list[int]


class Shape(NamedTuple):
    """Which lines a view shows, and what it costs and risks: estimated tokens, and expected calls for folded lines."""

    tier: Tier
    shown: list[bool]
    tokens: int
    misses: float


def plan(content: Content, total_tokens: int) -> Plan:
    """`content` taken apart. Its estimated tokens are shared out to the lines by length, which is cheap and adds up."""
    characters = sum(map(len, content.lines)) + len(content.lines)
    rate = total_tokens / max(1, characters)
    sizes = tuple(LINE_NUMBER_TOKENS + round((len(line) + 1) * rate) for line in content.lines)
    return Plan(content, tuple(pieces_of(content)), sizes, (0, *itertools.accumulate(sizes)))


def cut(whole: Plan, line_rates: Sequence[float]) -> Cut:
    """The pieces of a plan in order of how much they are wanted: chance of need per token, ties to the earlier."""
    rates = [0.0, *itertools.accumulate(line_rates)]
    sums = whole.sums
    gains = [
        (relevance.chance(rates[last] - rates[first - 1]) + worth) / max(1, sums[last] - sums[first - 1])
        for first, last, _, worth in whole.pieces
    ]
    order = [i for i, piece in enumerate(whole.pieces) if piece.worth != BLANK]
    return Cut(whole, rates, sorted(order, key=lambda i: (-gains[i], i)))


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
            is_blank = not any(line and not line.isspace() for line in content.lines[first - 1 : end])
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
        yield from run(stack.pop()[0].last)
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


def shape(made: Cut, tier: Tier) -> Shape:
    """Which lines `tier` shows. They are within its share of the load's tokens, but for gaps too small to fold."""
    shown = chosen(made, round(SHARES[tier] * made.plan.sums[-1]))
    tokens, misses = 0, 0.0
    for is_shown, first, last in runs(shown):
        if is_shown:
            tokens += made.plan.sums[last] - made.plan.sums[first - 1]
        else:
            tokens += FOLD_TOKENS
            pages = max(1.0, (last - first + 1) / PAGE_LINES)
            misses += pages * relevance.chance((made.rates[last] - made.rates[first - 1]) / pages)
    return Shape(tier, shown, tokens, misses)


def view(made: Cut, tier: Tier, start: int = 1) -> View:
    """The load at `tier`; its first line is line `start` of the file."""
    return render(made.plan, shape(made, tier), start)


def chosen(made: Cut, limit_tokens: int) -> list[bool]:
    """By line, whether it is shown: the most wanted pieces that stay, with those above them, within the limit."""
    pieces, _, sums = made.plan.pieces, made.plan.sizes, made.plan.sums
    shown = [False] * len(made.plan.content.lines)
    taken = [False] * len(pieces)
    left = limit_tokens - FOLD_TOKENS
    for index in made.order:
        chain, cost = [], 0
        at = index
        while at >= 0 and not taken[at]:
            first, last, parent, _ = pieces[at]
            chain.append(at)
            cost += sums[last] - sums[first - 1]
            at = parent
        if not chain:
            continue
        cost += FOLD_TOKENS * opens_fold(shown, pieces[index])
        if cost > left:
            continue
        left -= cost
        for at in chain:
            taken[at] = True
            first, last, _, _ = pieces[at]
            shown[first - 1 : last] = [True] * (last - first + 1)
        if left < LEAST_LEFT:
            break
    return close_gaps(with_blanks(shown, made.plan.content.lines))


def with_blanks(shown: list[bool], lines: Sequence[str]) -> list[bool]:
    """Blank lines at the edges of what is shown are shown too: they cost next to nothing, and an edit spans them."""
    for is_shown, first, last in list(runs(shown)):
        if is_shown:
            for edge, step in ((first - 2, -1), (last, 1)):
                at = edge
                while 0 <= at < len(lines) and not shown[at] and abs(at - edge) < EDGE and not lines[at].strip():
                    shown[at] = True
                    at += step
    return shown


def opens_fold(shown: list[bool], piece: Piece) -> int:
    """How many more folds there are with `piece` shown: 1 within a hidden run, 0 at its edge, -1 if it closes one."""
    before = piece.first >= 2 and not shown[piece.first - 2]
    after = piece.last < len(shown) and not shown[piece.last]
    return int(before) + int(after) - 1


def close_gaps(shown: list[bool]) -> list[bool]:
    """Hidden runs too short to be worth a fold are shown."""
    for is_shown, first, last in list(runs(shown)):
        if not is_shown and last - first + 1 < LEAST_FOLD:
            shown[first - 1 : last] = [True] * (last - first + 1)
    return shown


def runs(shown: list[bool]) -> Iterator[tuple[bool, int, int]]:
    """(is shown, first line, last line) of each run."""
    at = 0
    while at < len(shown):
        try:
            end = shown.index(not shown[at], at)
        except ValueError:
            end = len(shown)
        yield shown[at], at + 1, end
        at = end


def numbered(text: str, start: int) -> str:
    """`text` as the client shows it whole: each line with its number, from `start` on."""
    return "\n".join([f"{number}\t{line}" for number, line in enumerate(text.split("\n"), start)])


def render(whole: Plan, made: Shape, start: int = 1) -> View:
    """The text of a shape."""
    lines, out, folds = whole.content.lines, [], []
    for is_shown, first, last in runs(made.shown):
        if is_shown:
            out += [f"{start + i}\t{lines[i]}" for i in range(first - 1, last)]
        else:
            fold = Fold(start + first - 1, start + last - 1, names_in(whole.content.blocks, first, last))
            folds.append(fold)
            out.append(fold_line(fold))
    return View(made.tier, "\n".join(out), tuple(folds), made.tokens)


def names_in(blocks: Sequence[Block], first: int, last: int) -> tuple[str, ...]:
    """The names of the blocks that start in lines `first` to `last`; else of the innermost block around them."""
    here = bisect.bisect_left(blocks, first, key=lambda block: block.first)
    inside = [b.name for b in itertools.takewhile(lambda b: b.first <= last, blocks[here:]) if b.name]
    if inside:
        return tuple(dict.fromkeys(inside))
    around = next((b.name for b in reversed(blocks[:here]) if b.last >= last and b.name), "")
    return (f"in {around}",) if around else ()


def fold_line(fold: Fold) -> str:
    """The one line that stands for a fold in a view."""
    size = fold.last - fold.first + 1
    names = [name if len(name) <= 40 else name[:39] + "…" for name in fold.names[:NAMES_IN_FOLD]]
    if len(fold.names) > NAMES_IN_FOLD:
        names.append(f"{len(fold.names) - NAMES_IN_FOLD} more")
    listed = " " + ", ".join(names) if names else ""
    return f"... {fold.first}-{fold.last} ({size} lines){listed}: Read offset={fold.first} limit={size}"
