"""How likely each line of a load is to be needed: by the names, places and files that came up lately.

The weights are chosen on recorded sessions and on release pairs (`bench/`). Learned scorers did no better there:
docs/relevance.md has the table.
"""

import bisect
import itertools
import re
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from trimtab.records import Content
from trimtab.relevance import task, words
from trimtab.relevance.interest import NAME, Interest, weigh
from trimtab.relevance.task import Task


class Places:
    """Where names stand in a text. Made once for a text; looks only for the names that it is asked for.

    `pieces` are the text's, each once (`words.pieces_of`), where they are known.
    """

    def __init__(self, lines: Sequence[str], pieces: Set[str] | None = None) -> None:
        self._text = "\n".join(lines)
        self._starts = list(itertools.accumulate([len(line) + 1 for line in lines], initial=0))
        self._names = words.names_in(self._text if pieces is None else " ".join(pieces))

    def of(self, name: str) -> Sequence[int]:
        """The indices of the first MOST_PLACES lines that hold `name` as a whole name."""
        if name not in self._names and (name.isascii() or NAME.fullmatch(name) is None):
            return ()
        found: list[int] = []
        text, at = self._text, self._text.find(name)
        while at >= 0 and len(found) < MOST_PLACES:
            end = at + len(name)
            if not (is_word(text[at - 1 : at]) or is_word(text[end : end + 1])):
                line = bisect.bisect_right(self._starts, at) - 1
                found.append(line)
                end = self._starts[line + 1]
            at = text.find(name, end)
        return found


def is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


MOST_PLACES = 300  # a name on more lines says nothing of any of them
CROWDED = 0.15  # by how much each further line with a name makes it say less
CROWDING = 0.8
BASE = 0.0003  # the rate at which a line is needed for no reason we know
DEFINED = 0.01  # a name of less interest says nothing of the block it names
BODY = 0.25  # of a name's chance, for the lines of what it defines
ASKED_BLOCK = 0.2  # for a definition that the newest prompt names, which is wanted with its body
HISTORY = re.compile(
    r"(?:change|release|history|news|whatsnew|upgrad)\w*[-_]?\w*\.(?:md|rst|txt|adoc)$|changes$|changelog$|news$", re.I
)
OLD, NEWEST, FADING = 0.02, 0.08, 0.93  # of a history's rates, the rate of its first line, what is left at the next
# What is left of a line's rate at each distance from it: a hit is read with the lines around it, the end of a trace
# with more of them.
AROUND_NAME = (1.0, 0.9, 0.8, 0.4, 0.2, 0.1)
AROUND_PLACE = (1.0, 1.0, 0.9, 0.75, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1)


class Evidence(NamedTuple):
    """What speaks for the lines of a file: names and lines with their strength, and what the task makes of the file.

    A history (a changelog) is written on at its top. What the newest prompt names is wanted with its body.
    """

    names: Mapping[str, float]
    lines: Mapping[int, float]
    task: Task
    is_history: bool = False
    asked: Mapping[str, float] = {}  # by name in the newest prompt, the chance for a definition of that name


def evidence(interest: Interest, path: str) -> Evidence:
    name = path.rpartition("/")[2]
    return Evidence(
        interest.names(),
        interest.lines(path),
        task.assess(interest, path),
        HISTORY.match(name) is not None,
        weigh(interest.task, ASKED_BLOCK),
    )


def rate(content: Content, places: Places, found: Evidence) -> list[float]:
    """For each line of `content` the rate at which it will be needed: the chance of need is 1 - exp(-rate).

    Rates of independent lines add up, so the chance that any of a run is needed is 1 - exp(-sum). Evidence spreads to
    the lines around, fading with distance. A name that stands on many lines says less about each; its definition is
    likelier wanted than its uses.
    """
    size = len(content.lines)
    rates = [BASE if line and not line.isspace() else 0.0 for line in content.lines]
    for name, strength in found.names.items():  # in the evidence's order: sums of floats depend on it
        lines = places.of(name)
        each = strength / (1.0 + CROWDED * (len(lines) - 1)) ** CROWDING if lines else 0.0
        for line in lines:
            rates[line] += each
    for block in content.blocks:
        name = block.name.rpartition(".")[2]
        strength = max(found.names.get(name, 0.0), found.asked.get(name, 0.0))
        if strength > DEFINED:
            each = BODY * strength / (1 + 0.05 * (block.last - block.first))
            for line in range(block.first - 1, block.last):
                rates[line] += each
    if found.is_history:
        rates = [rate * OLD + (NEWEST * FADING**row if rate else 0.0) for row, rate in enumerate(rates)]
    rates = spread(rates, AROUND_NAME)
    if not found.lines:
        return rates
    pointed = [found.lines.get(number, 0.0) for number in range(1, size + 1)]
    return list(map(max, rates, spread(pointed, AROUND_PLACE)))


def reasons(content: Content, places: Places, found: Evidence) -> dict[int, list[str]]:
    """By line, what raises its rate above any line's, in words; the lines around those are raised with them."""
    out: dict[int, list[str]] = {}
    for name, strength in found.names.items():
        lines = places.of(name)
        for row in lines:
            crowd = f", one of {len(lines)}" if len(lines) > 1 else ""
            out.setdefault(row + 1, []).append(f"{name} is of interest ({strength:.1%}{crowd})")
    for number, strength in found.lines.items():
        if 1 <= number <= len(content.lines):
            out.setdefault(number, []).append(f"pointed at ({strength:.1%})")
    for block in content.blocks:
        name = block.name.rpartition(".")[2]
        if name in found.asked:
            out.setdefault(block.first, []).append(f"the prompt names {name}, which ends at line {block.last}")
    if found.is_history:
        out.setdefault(1, []).append("a history is written on at its top")
    return out


def spread(rates: Sequence[float], around: Sequence[float]) -> list[float]:
    """Each line's rate, or what is left of a stronger one's at its distance."""
    out = list(rates)
    least = 2 * BASE
    for row in [row for row, rate in enumerate(rates) if rate > least]:
        for distance in range(1, len(around)):
            left = rates[row] * around[distance]
            for near in (row - distance, row + distance):
                if 0 <= near < len(out) and out[near] < left:
                    out[near] = left
    return out
