"""Chooses the cheapest tier for a load. The formula is the design's:

    cost(view) = tokens(view) · price_now                      price_now = write + read · requests_to_come
               + misses(view) · (read · prompt_tokens          a miss is one more request: it re-sends the prompt,
                                 + output · 120                the model writes one more call,
                                 + needed tokens · price_now)  and what was hidden arrives after all

in prices of one uncached input token. `misses` is the expected number of calls for hidden lines: needs on one page of
a fold share a call, so it is the sum over the folds' pages of the chance that any line there is needed.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from trimtab import tiers
from trimtab.records import OptimizationLevel, Prices, Tier, View

CALL_TOKENS = 120  # written by the model for one more Read: 95 to 140 in recorded sessions (design.md section 1)
RECOVERED_TOKENS = 700  # what a recovery brings in, needed or not: a good half of a page
FIRST_GUESS = 30.0  # requests to come at the start of a session: 38 API calls a session is the median of recorded ones
CAUTION = {  # what a miss is taken to cost, in real misses
    OptimizationLevel.AGGRESSIVE: 0.5,
    OptimizationLevel.ADAPTIVE: 1.0,
    OptimizationLevel.STANDARD: 2.0,
    OptimizationLevel.MINIMAL: 4.0,
}
LOWEST = {  # the tier below which a level does not go
    OptimizationLevel.AGGRESSIVE: Tier.ESSENTIAL,
    OptimizationLevel.ADAPTIVE: Tier.ESSENTIAL,
    OptimizationLevel.STANDARD: Tier.STANDARD,
    OptimizationLevel.MINIMAL: Tier.COMPREHENSIVE,
}
ORDER = (Tier.ESSENTIAL, Tier.STANDARD, Tier.COMPREHENSIVE)


class Circumstances(NamedTuple):
    """What the price of a token and of a miss depends on."""

    prices: Prices
    prompt_tokens: int  # of the newest request
    factor: float  # the model's tokens per o200k token
    level: OptimizationLevel
    requests_to_come: float
    least_saved_tokens: int = 150
    least_saved_share: float = 0.10


class Choice(NamedTuple):
    """The tier chosen, its view (None: show everything), and why, in words for the ledger."""

    tier: Tier
    view: View | None
    reason: str


def requests_to_come(so_far: int, lengths: Sequence[int] = ()) -> float:
    """How many more requests a conversation is expected to make after `so_far`.

    `lengths` are the user's earlier sessions. With five or more, the mean of what those that came as far had left;
    else, and beyond all of them, a heavy-tailed guess: who has come far goes on for long. Never under 5.
    """
    left = [length - so_far for length in lengths if length > so_far]
    if len(lengths) >= 5 and len(left) >= 3:
        return max(5.0, statistics.fmean(left))
    return max(5.0, math.sqrt(FIRST_GUESS * max(10, so_far)))


def cost(view_tokens: float, misses: float, now: Circumstances) -> float:
    """The design's formula, in prices of one uncached input token."""
    price = now.prices.write + now.prices.read * now.requests_to_come
    miss = now.prices.read * now.prompt_tokens + now.prices.output * CALL_TOKENS + RECOVERED_TOKENS * now.factor * price
    return view_tokens * now.factor * price + misses * miss * CAUTION[now.level]


def choose(made: tiers.Cut, start: int, now: Circumstances) -> Choice:
    """The cheapest tier for a load that starts at line `start` of its file; Complete where no view saves enough."""
    raw = made.plan.sums[-1]
    whole = lowest = cost(raw, 0.0, now)
    best: tiers.Shape | None = None
    reason = "no view is cheaper than the whole"
    for tier in ORDER[ORDER.index(LOWEST[now.level]) :]:
        shape = tiers.shape(made, tier)
        if not any(shape.shown):
            continue  # nothing but folds tells the agent nothing
        if raw - shape.tokens < max(now.least_saved_tokens, now.least_saved_share * raw):
            continue
        price = cost(shape.tokens, shape.misses, now)
        if price < lowest:
            lowest, best = price, shape
            reason = f"costs {price / whole:.2f} of the whole with {shape.misses:.2f} misses expected"
    if best is None:
        return Choice(Tier.COMPLETE, None, reason)
    return Choice(best.tier, tiers.render(made.plan, best, start), reason)
