"""What a view far smaller than its load says: the lines to keep that there is room for, and what folds say of others.

Where the lines to keep are too many, the first of those alike are shown, then the ones with most other words. The
others are facts, and of facts for which there is no room a fold says how many there are.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from trimtab.content.outputs.kind import LONGEST_LINE, told_of
from trimtab.tiers.folds import FOLD_TOKENS

NAME_TOKENS, NAME_RATE = 0.3, 0.26  # of a word in a fold: by itself, and by character (o200k_base, measured)
VARIES = re.compile(r"\S*(?:[\d_/\\]|\w\.\w)\S*")  # words that differ in lines that are alike: names, numbers, paths
FEW = 1  # lines alike, as told_of takes them: of a line without a place it says all
FIRST = -1_000  # before any number of other words
DROPPED_CHARACTERS = 60  # that a fold says of a line to keep
SUMS_UP = re.compile(r"\b\d+ more like ")  # a fact that stands for many lines
LEFT_OUT_TOKENS = 4  # ", and 37 more"


class Fewer(NamedTuple):
    """The lines to keep that are shown, and what a fold says of each of the others."""

    keep: frozenset[int]
    dropped: Mapping[int, str]


def fewer(lines: Sequence[str], keep: Collection[int], sizes: Sequence[int], room: float) -> Fewer:
    """As many of the lines to keep as take `room` tokens with a fold before each that stands alone.

    Of `a: 1 failed`, `a: 2 failed`, `3 tests` and room for two it keeps the first and the last.
    """
    alike: dict[str, list[int]] = defaultdict(list)
    for line in sorted(keep):
        if 1 <= line <= len(lines):
            alike[" ".join(VARIES.sub("#", lines[line - 1][:LONGEST_LINE]).split())].append(line)
    ranked: list[tuple[int, int, int]] = []
    first_of: dict[int, int] = {}
    for group in alike.values():
        first_of.update(dict.fromkeys(group, group[0]))
        known = set(lines[group[0] - 1].split())
        ranked.append((FIRST, len(group), group[0]))
        ranked += [(-len(set(lines[line - 1].split()) - known), len(group), line) for line in group[1:]]
    shown: set[int] = set()
    for _, _, line in sorted(ranked):
        is_beside = line - 1 in shown or line + 1 in shown
        cost = sizes[line - 1] + (0 if is_beside else FOLD_TOKENS)
        if cost <= room:
            room -= cost
            shown.add(line)
    dropped = {
        line: told_of(lines[line - 1].strip(), lines[first - 1] if first in shown else "", FEW)[:DROPPED_CHARACTERS]
        for line, first in sorted(first_of.items())
        if line not in shown
    }
    return Fewer(frozenset(shown), dropped)


def told_within(
    folds: Sequence[tuple[int, int]],
    told: Mapping[int, Sequence[str]],
    facts: Mapping[int, Sequence[str]],
    dropped: Mapping[int, str],
    room: float,
) -> dict[int, list[str]]:
    """Of what folds (first line, last line) have to tell, as much as `room` tokens hold; `told` begins with the facts.

    First what sums up many lines, then the dropped lines, facts, words, the earlier first. Of dropped lines and facts
    that are left out their fold says how many.
    """
    ranked: list[tuple[int, int, int, str]] = []  # rank, fold, line, what it says
    for fold, (first, last) in enumerate(folds):
        for line in range(first, last + 1):
            if line in dropped:
                ranked.append((1, fold, line, dropped[line]))
            many = len(facts.get(line, ()))
            for at, word in enumerate(told.get(line, ())):
                rank = 3 if at >= many else 0 if SUMS_UP.search(word) else 2
                ranked.append((rank, fold, line, word))
    ranked.sort(key=lambda one: one[0])
    out: dict[int, list[str]] = defaultdict(list)
    left_out: dict[int, list[int]] = defaultdict(list)  # by fold, the lines
    for rank, fold, line, word in ranked:
        cost = name_tokens(word)
        if cost <= room:
            room -= cost
            out[line].append(word)
        elif rank < 3:
            if fold not in left_out:
                room -= LEFT_OUT_TOKENS
            left_out[fold].append(line)
    for lines in left_out.values():
        out[max(lines)].append(f"and {len(lines)} more")
    return dict(out)


def name_tokens(word: str) -> float:
    return NAME_TOKENS + NAME_RATE * len(word)
