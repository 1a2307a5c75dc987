"""What of a load is likely to be needed: lines, by the rules, and the words that the agent has not seen yet."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from trimtab.records import Content
from trimtab.relevance.interest import Interest
from trimtab.relevance.mentions import Mention

# Of the telling words that an agent sees for the first time it takes up 15 % later, of those in files 13 %, of those in
# what commands print 6 % (bench/train_relevance.py); taken for a quarter of the calls that edits are (chosen).
USED, USED_BY_TOOL = 0.04, {"Read": 0.035, "Bash": 0.016}
POINT = 0.004  # a line that an output is about; chosen so that Standard shows it, and Adaptive where it is short


class Need(NamedTuple):
    """Rates: the chance of at least one need is 1 - exp(-rate), and rates of independent things add up.

    `lines` are by line. `words` are the new ones: each is taken up at the rate `used`. A miss counts `care` times.
    """

    lines: Sequence[float]
    words: Sequence[Mention] = ()
    used: float = 0.0
    care: float = 1.0


def new_words(mentions: Sequence[Mention], interest: Interest) -> list[Mention]:
    """Those that did not come up in the conversation since its start or its last compaction."""
    seen = interest.seen
    return [mention for mention in mentions if mention.word not in seen]


def rate_output(content: Content) -> list[float]:
    """For each line of an output the rate at which it will be needed: only what the output is about has one."""
    rates = [0.0] * len(content.lines)
    for number in content.point:
        if number <= len(rates):
            rates[number - 1] = POINT
    return rates


def used(tool: str) -> float:
    """The share of the new words in what `tool` brings in that are taken up later."""
    return USED_BY_TOOL.get(tool, USED)


def chance(rate: float) -> float:
    """The chance of at least one need at a rate."""
    return -math.expm1(-rate)
