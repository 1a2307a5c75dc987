"""Cuts a load to a tier: the lines most likely to be needed, within the tier's share of tokens, and folds for the rest.

Hiding a line costs what a miss costs, times the chance of one, and what it takes to name the new words in it; showing
it costs its tokens. `cheapest` finds the lines for which the sum is least. A tier that is asked for by name (`view`),
or a limit (`fitted`), is filled with pieces (runs of lines, signatures), the most wanted first; the lines to keep are
always shown, and gaps too small for a fold too. Deterministic: ties go to the earlier piece.
"""

import bisect
import itertools
import math
import operator
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from trimtab import relevance, tokens
from trimtab.records import Content, Fold, Tier, View
from trimtab.relevance import Mention, Need, words
from trimtab.tiers import limits
from trimtab.tiers.folds import FOLD, FOLD_LINE, FOLD_TOKENS, KEPT_LINE, fold_line, has_folds, kept_line, names_in
from trimtab.tiers.limits import name_tokens
from trimtab.tiers.pieces import BLANK, Piece, pieces_of

__all__ = [
    "FOLD",
    "FOLD_LINE",
    "KEPT_LINE",
    "Cut",
    "Plan",
    "Shape",
    "cheapest",
    "cut",
    "fitted",
    "fold_line",
    "has_folds",
    "kept_line",
    "numbered",
    "plan",
    "render",
    "shape",
    "view",
]

SHARES = {Tier.ESSENTIAL: 0.10, Tier.STANDARD: 0.40, Tier.COMPREHENSIVE: 0.70, Tier.COMPLETE: 1.0}
LEAST_FOLD = 4  # lines; folding fewer costs about what they do
MOST_GAP = 60  # tokens of so few lines that are shown all the same; chosen
EDGE = 2  # blank lines shown beside what is shown
UNEDITED = ("report",)  # kinds in which no edit spans a blank line
LONG_LINED = ("minified", "report")  # kinds in which a line may be a paragraph: a few can be worth a fold
FOR_LINES, KEPT_SHARE = 0.5, 0.8  # of a limit: for the lines wanted most, and for those to keep; chosen
PAGE_LINES = 100  # about what one call for folded lines brings in
LEAST_LEFT = 8  # tokens; nothing fits into less
LINE_NUMBER_TOKENS = 2  # "120\t"


class Plan(NamedTuple):
    """A load taken apart; made once a load. `sizes` are tokens by line, its number and line end included."""

    content: Content
    pieces: tuple[Piece, ...]
    sizes: tuple[int, ...]
    sums: tuple[int, ...]  # tokens of the first n lines


class Cut(NamedTuple):
    """A plan with what is needed of it. The sums are over the first n lines."""

    plan: Plan
    rates: list[float]  # sums of needs, named words left out
    named: list[float]  # sums of the tokens that naming the words and facts takes
    told: dict[int, list[str]]  # by line, the words and facts that a fold names
    hiding: list[float]  # by line, what hiding it costs in tokens of the load


class Shape(NamedTuple):
    """Which lines a view shows, and what it costs and risks: estimated tokens, and expected calls for folded lines."""

    tier: Tier
    shown: list[bool]
    tokens: int
    misses: float


def plan(content: Content, total_tokens: int, number_tokens: int = LINE_NUMBER_TOKENS) -> Plan:
    """`content` taken apart. Its estimated tokens are shared out to the lines by length, which is cheap and adds up."""
    lengths = [len(line) + 1 for line in content.lines]
    rate = total_tokens / max(1, sum(lengths))
    size_of = {length: number_tokens + round(length * rate) for length in set(lengths)}
    sizes = tuple([size_of[length] for length in lengths])
    return Plan(content, tuple(pieces_of(content)), sizes, (0, *accumulate(sizes)))


def cut(whole: Plan, need: Need, miss_tokens: float) -> Cut:
    """What hiding each line of a plan costs, where a miss costs as much as `miss_tokens` of the load."""
    told, named, unnamed = words_told(whole.content, need, miss_tokens)
    rates = list(map(operator.add, need.lines, unnamed))
    hiding = [rate * miss_tokens + names for rate, names in zip(rates, named, strict=True)]
    for first, last, _, worth in whole.pieces:
        if worth > 0:
            for row in range(first - 1, last):
                hiding[row] += worth * miss_tokens / (last - first + 1)
    return Cut(whole, [0.0, *accumulate(rates)], [0.0, *accumulate(named)], told, hiding)


def words_told(
    content: Content, need: Need, miss_tokens: float
) -> tuple[dict[int, list[str]], list[float], list[float]]:
    """By line what a fold that hides it names, the tokens of that, and the rates of the words that are not named.

    A fact is always named; a word where its chance to be taken up is worth more than its tokens. What is part of a
    longer word of the same line is named with it: `a/b.py` names b.py, `"no such file"` names such.
    """
    size = len(content.lines)
    told: dict[int, list[str]] = {}
    named = [0.0] * size
    unnamed = [0.0] * size
    for line, facts in content.facts.items():
        if 1 <= line <= size:
            told[line] = list(facts)
            named[line - 1] = sum(map(name_tokens, facts))
    by_row: dict[int, list[Mention]] = {}
    for mention in need.words:
        by_row.setdefault(mention.line, []).append(mention)
    for row, here in by_row.items():
        longer = "\n".join(content.facts.get(row + 1, ()))  # what is told of the line and not yet taken apart
        said: set[str] = set()
        if len(here) > 1:
            here.sort(key=lambda mention: mention.word[0] != '"')  # quoted strings hold other words
        for word, spelled, _ in here:
            if word in longer:
                said |= words.words_in(longer)
                longer = ""
            if word in said:
                continue
            cost = name_tokens(spelled)
            if need.used * miss_tokens > cost:
                longer = f"{longer}\n{word}"
                told.setdefault(row + 1, []).append(spelled)
                named[row] += cost
            else:
                unnamed[row] += need.used
    return told, named, unnamed


def cheapest(made: Cut) -> Shape:
    """The lines whose hiding costs more than showing them, folds included: the view that the formula finds.

    Exact for needs that add up (two in one fold are taken for two misses), by dynamic programming over the lines: each
    is shown or hidden, and a hidden one after a shown one opens a fold. Signatures of what is shown come with it.
    Its tier is the lowest whose share holds it.
    """
    sizes, hiding, keep = made.plan.sizes, made.hiding, made.plan.content.keep
    opens = FOLD_TOKENS
    costs = list(hiding)
    for number in keep:
        if 1 <= number <= len(costs):
            costs[number - 1] = math.inf
    if_shown, if_hidden = 0.0, float(opens)
    after_shown, after_hidden = [], []  # by line, for it shown and for it hidden: is the one before shown?
    for size, cost in zip(sizes, costs, strict=True):
        opened = if_shown + opens
        after_shown.append(if_shown <= if_hidden)
        after_hidden.append(opened < if_hidden)
        if_shown, if_hidden = (
            (if_shown if if_shown <= if_hidden else if_hidden) + size,  # noqa: FURB136 (`min` doubles the loop)
            (opened if opened < if_hidden else if_hidden) + cost,  # noqa: FURB136
        )
    shown = []
    is_shown = if_shown <= if_hidden
    for row in range(len(sizes) - 1, -1, -1):
        shown.append(is_shown)
        is_shown = after_shown[row] if is_shown else after_hidden[row]
    shown.reverse()
    shown = with_signatures(shown, made.plan.pieces)
    kind = made.plan.content.kind
    if kind not in UNEDITED:
        shown = with_blanks(shown, made.plan.content.lines)
    shown = close_gaps(shown, made.plan.sums if kind in LONG_LINED else ())
    total = sum(itertools.compress(sizes, shown))
    tier = next(tier for tier, share in SHARES.items() if total <= share * made.plan.sums[-1] or tier is Tier.COMPLETE)
    return measured(made, tier, shown)


def with_signatures(shown: list[bool], pieces: Sequence[Piece]) -> list[bool]:
    """What is shown of a block comes with the block's first lines, and with those of the blocks around it."""
    for first, last, parent, _ in reversed(pieces):  # a block's own piece comes before those of its body
        if parent >= 0 and any(shown[first - 1 : last]):
            above = pieces[parent]
            shown[above.first - 1 : above.last] = [True] * (above.last - above.first + 1)
    return shown


def shape(made: Cut, tier: Tier) -> Shape:
    """As many of the most wanted lines as `tier` has room for.

    They are within the tier's share of the load's tokens, but for the lines to keep and gaps too small to fold.
    """
    return measured(made, tier, chosen(made, round(SHARES[tier] * made.plan.sums[-1])))


def measured(made: Cut, tier: Tier, shown: list[bool]) -> Shape:
    """What showing these lines costs and risks."""
    size, misses = 0.0, 0.0
    for is_shown, first, last in runs(shown):
        if is_shown:
            size += made.plan.sums[last] - made.plan.sums[first - 1]
        else:
            size += FOLD_TOKENS + made.named[last] - made.named[first - 1]
            pages = max(1.0, (last - first + 1) / PAGE_LINES)
            misses += pages * relevance.chance((made.rates[last] - made.rates[first - 1]) / pages)
    return Shape(tier, shown, round(size), misses)


def fitted(made: Cut, limit_tokens: int) -> tuple[Cut, Shape]:
    """The fullest shape with about `limit_tokens`, and the cut with as many names as there is room for.

    For what is far larger than the limit: half of the room is for lines, the rest for folds and the words in them; the
    lines to keep may take KEPT_SHARE of it. The names of blocks come on top, but for those that a fact names already.
    """
    content = made.plan.content
    few = limits.fewer(content.lines, content.keep, made.plan.sizes, KEPT_SHARE * limit_tokens)
    blocks = tuple(b._replace(name="") if b.name and b.first in made.told else b for b in content.blocks)
    plan = made.plan._replace(content=content._replace(keep=few.keep, blocks=blocks))
    slim = made._replace(plan=plan)
    room = round(limit_tokens * FOR_LINES)
    shown = chosen(slim, room)
    if not any(shown):  # no piece fits: as many lines from the top as do
        fitting = bisect.bisect_right(plan.sums, room) - 1
        shown[:fitting] = [True] * fitting
    folds = [(first, last) for is_shown, first, last in runs(shown) if not is_shown]
    left = limit_tokens - sum(itertools.compress(plan.sizes, shown)) - FOLD_TOKENS * len(folds)
    told = limits.told_within(folds, made.told, content.facts, few.dropped, left)
    named = [sum(map(name_tokens, told.get(line, ()))) for line in range(1, len(shown) + 1)]
    slim = slim._replace(told=told, named=[0.0, *accumulate(named)])
    return slim, measured(slim, Tier.ESSENTIAL, shown)


def view(made: Cut, tier: Tier, start: int = 1) -> View:
    """A file at `tier`, as full as the tier is; its first line is line `start` of the file."""
    return render(made, shape(made, tier), start)


def wanted(made: Cut) -> list[int]:
    """The pieces, those whose hiding costs most for their size first; ties go to the earlier one."""
    pieces, sums, hiding = made.plan.pieces, made.plan.sums, [0.0, *accumulate(made.hiding)]
    gains = [(hiding[p.last] - hiding[p.first - 1]) / max(1, sums[p.last] - sums[p.first - 1]) for p in pieces]
    order = [i for i, piece in enumerate(pieces) if piece.worth != BLANK]
    order.sort(key=lambda i: (-gains[i], i))
    return order


def chosen(made: Cut, limit_tokens: int) -> list[bool]:
    """By line, whether it is shown: the lines to keep, and the most wanted pieces, with those above them, that fit."""
    pieces, sums, sizes = made.plan.pieces, made.plan.sums, made.plan.sizes
    shown = [False] * len(made.plan.content.lines)
    taken = [False] * len(pieces)
    left = limit_tokens - FOLD_TOKENS
    for line in made.plan.content.keep:
        if 1 <= line <= len(shown):
            shown[line - 1] = True
            left -= sizes[line - 1]
    for index in wanted(made):
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
    return close_gaps(with_blanks(shown, made.plan.content.lines), sums)


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


def close_gaps(shown: list[bool], sums: Sequence[int] = ()) -> list[bool]:
    """Hidden runs too short to be worth a fold are shown; where `sums` are given no long line, as a paragraph is."""
    for is_shown, first, last in list(runs(shown)):
        if not is_shown and last - first + 1 < LEAST_FOLD and (not sums or sums[last] - sums[first - 1] <= MOST_GAP):
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


def render(made: Cut, of: Shape, start: int = 1, is_numbered: bool = True) -> View:
    """The text of a shape. A file's lines have their numbers, an output's are as they are."""
    lines = made.plan.content.lines
    out: list[str] = []
    folds = []
    telling = sorted(made.told)
    for is_shown, first, last in runs(of.shown):
        if is_shown:
            shown = lines[first - 1 : last]
            out += [f"{n}\t{line}" for n, line in enumerate(shown, start + first - 1)] if is_numbered else shown
        else:
            here = telling[bisect.bisect_left(telling, first) : bisect.bisect_right(telling, last)]
            told = [(line, word) for line in here for word in made.told[line]]
            fold = Fold(start + first - 1, start + last - 1, names_in(made.plan.content.blocks, first, last, told))
            folds.append(fold)
            out.append(fold_line(fold))
    text = "\n".join(out)
    return View(of.tier, text, tuple(folds), tokens.estimate(text))
