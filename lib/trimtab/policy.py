"""Chooses the cheapest tier for a load. The formula is the design's:

    cost(view) = tokens(view) · price_now                      price_now = write + read · requests_to_come
               + misses(view) · (read · prompt_tokens          a miss is one more request: it re-sends the prompt,
                                 + output · 120                the model writes one more call,
                                 + needed tokens · price_now)  and what was hidden arrives after all

in prices of one uncached input token. `misses` is the expected number of calls for hidden lines: needs on one page of
a fold share a call, so it is the sum over the folds' pages of the chance that any line there is needed. They count
as often as the level, the user's weights and the task say (`caution`). To that comes UNTRACED for any view: what an
agent comes back for without a trace that a model could learn from.

A tight budget raises price_now (`pressure`) for every token that stays, those that a miss brings in among them. What
else a miss costs is paid once and stays at its price. So views get smaller, but a miss always counts for the
RECOVERED_TOKENS that it brings in at least, however tight a budget is.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from trimtab import tiers, tokens
from trimtab.records import OptimizationLevel, Prices, Tier, View
from trimtab.relevance import Need

CALL_TOKENS = 120  # written by the model for one more Read: 95 to 140 in recorded sessions (design.md section 1)
TURN_SECONDS = 8.0  # chosen: a model's turn with a short call and no thinking
LEAST_WEIGHT = 1e-6
RECOVERED_TOKENS = 700  # what a recovery brings in, needed or not: a good half of a page
FIRST_GUESS = 40.0  # requests to come: the mean in recorded sessions, wherever in a session one looks (35 to 49)
FULL_TOKENS, STEP_TOKENS = 165_000, 1_300  # where the client compacts a window of 200,000; what a request adds (mean)
PROMPT_TOKENS = 65_000  # until a transcript tells: recorded sessions go from 38 k to 92 k (medians)
FEWEST = 5.0  # requests to come
TRIES, LESS = (
    5,
    0.95,
)  # chosen: views made to fit what the client shows, each with so much of what the one before leaves
UNTRACED, UNTRACED_OUTPUT = 0.38, 0.33  # calls a view of a file, and of what is no file (chosen: docs/relevance.md)
CAUTION = {  # how many times a miss counts; where the task will likely change the file, relevance.task counts more
    OptimizationLevel.AGGRESSIVE: 0.4,
    OptimizationLevel.ADAPTIVE: 0.9,
    OptimizationLevel.STANDARD: 6.5,
    OptimizationLevel.MINIMAL: 22.0,
}
LOWEST = {  # the tier below which a level does not go
    OptimizationLevel.AGGRESSIVE: Tier.ESSENTIAL,
    OptimizationLevel.ADAPTIVE: Tier.ESSENTIAL,
    OptimizationLevel.STANDARD: Tier.ESSENTIAL,
    OptimizationLevel.MINIMAL: Tier.COMPREHENSIVE,
}
ORDER = (Tier.ESSENTIAL, Tier.STANDARD, Tier.COMPREHENSIVE, Tier.COMPLETE)


class Objectives(NamedTuple):
    """What is weighed against each other. With (1, 1, 0) it is money alone that counts, at the level's risk."""

    cost: float = 1.0  # of the tokens shown
    recall: float = 1.0  # how many times a miss counts
    delay: float = 0.0  # what a second of waiting is worth, in uncached input tokens


class Circumstances(NamedTuple):
    """What the price of a token and of a miss depends on. `pressure` of a tight budget is 1.0 or more."""

    prices: Prices
    prompt_tokens: int  # of the newest request
    factor: float  # the model's tokens per o200k token
    level: OptimizationLevel
    requests_to_come: float
    least_saved_tokens: int = 150
    least_saved_share: float = 0.10
    objectives: Objectives = Objectives()
    pressure: float = 1.0
    least_tier: Tier = Tier.ESSENTIAL  # below which this agent's views of it do not go


class Choice(NamedTuple):
    """The tier chosen, its view (None: show everything), and why, in words for the ledger."""

    tier: Tier
    view: View | None
    reason: str


def requests_to_come(so_far: int, lengths: Sequence[int] = (), prompt_tokens: int = 0) -> float:
    """How many more requests a conversation is expected to carry what comes in now, after `so_far`. Never under 5.

    `lengths` are the user's earlier sessions. With five or more, the mean of what those that came as far had left;
    else, and beyond all of them, a heavy-tailed guess: who has come far goes on for long. No more than there is room
    for before a compaction; a prompt over FULL_TOKENS has a larger window.
    """
    left = [length - so_far for length in lengths if length > so_far]
    guess = statistics.fmean(left) if len(lengths) >= 5 and len(left) >= 3 else FIRST_GUESS
    room = (FULL_TOKENS - prompt_tokens) / STEP_TOKENS if prompt_tokens < FULL_TOKENS else math.inf
    return max(FEWEST, min(guess, room))


def cost(view_tokens: float, misses: float, now: Circumstances) -> float:
    """The design's formula, in prices of one uncached input token; what is shown whole has no misses."""
    return now.objectives.cost * view_tokens * now.factor * price(now) + misses * miss(now)


def price(now: Circumstances) -> float:
    """Of a token that stays in the context: price_now."""
    return now.pressure * (now.prices.write + now.prices.read * now.requests_to_come)


def miss(now: Circumstances) -> float:
    """Of one more request for what was hidden, and of the wait for it."""
    recovered = RECOVERED_TOKENS * now.factor * price(now)
    waited = now.objectives.delay * TURN_SECONDS
    return now.prices.read * now.prompt_tokens + now.prices.output * CALL_TOKENS + recovered + waited


def caution(need: Need, now: Circumstances) -> float:
    """How many times a miss counts: by the level, the user's weight, and what the task says of the load."""
    return CAUTION[now.level] * now.objectives.recall * need.care


def miss_tokens(need: Need, now: Circumstances) -> float:
    """What a miss counts for, in tokens of a load that stay in the context."""
    return caution(need, now) * miss(now) / (max(now.objectives.cost, LEAST_WEIGHT) * now.factor * price(now))


def choose(
    whole: tiers.Plan,
    need: Need,
    start: int,
    now: Circumstances,
    is_numbered: bool = True,
    client_tokens: int | None = None,
    most_characters: float = math.inf,
) -> Choice:
    """The cheapest tier for a load that starts at line `start` of its file; Complete where no view saves enough.

    `client_tokens` is what the client would show where it cuts the load itself: a view takes no more of them, and of
    characters no more than `most_characters`. Pressure makes no view
    larger than it is at 1.0, and takes none away.
    """
    if client_tokens is not None:
        return within(whole, need, now, client_tokens, most_characters)
    choice = weighed(whole, need, start, now, is_numbered)
    if now.pressure <= 1.0:
        return choice
    calm = weighed(whole, need, start, now._replace(pressure=1.0), is_numbered)
    is_larger = calm.view is not None and (choice.view is None or calm.view.tokens < choice.view.tokens)
    return calm if is_larger else choice  # a tier that is filled up (`shape`) may take more than a few chosen lines


def weighed(whole: tiers.Plan, need: Need, start: int, now: Circumstances, is_numbered: bool) -> Choice:
    """The cheapest tier at these very prices, for a load that the client shows whole."""
    raw = whole.sums[-1]
    lowest = max(LOWEST[now.level], now.least_tier, key=ORDER.index)
    if lowest is Tier.COMPLETE:
        return Choice(Tier.COMPLETE, None, "who reads it sees it whole")
    least = max(now.least_saved_tokens, now.least_saved_share * raw)
    made = tiers.cut(whole, need, miss_tokens(need, now))
    best = tiers.cheapest(made)
    if ORDER.index(best.tier) < ORDER.index(lowest) or (is_numbered and not any(best.shown)):
        best = tiers.shape(made, lowest)  # nothing but folds would tell nothing of a file
    if raw - best.tokens < least:
        return Choice(Tier.COMPLETE, None, "no view saves enough")
    complete = cost(raw, 0.0, now)
    price = cost(best.tokens, caution(need, now) * best.misses + (UNTRACED if is_numbered else UNTRACED_OUTPUT), now)
    if price >= complete:
        return Choice(Tier.COMPLETE, None, "no view is cheaper than the whole")
    view = tiers.render(made, best, start, is_numbered)
    if raw - view.tokens < least:
        return Choice(Tier.COMPLETE, None, "its folds take what they save")
    return Choice(best.tier, view, f"costs {price / complete:.2f} of the whole with {best.misses:.2f} misses expected")


def within(
    whole: tiers.Plan, need: Need, now: Circumstances, client_tokens: int, most_characters: float = math.inf
) -> Choice:
    """The view of an output that the client cuts to `client_tokens`: the most wanted lines, in no more tokens.

    What is sent is counted, and made anew with less where it is too much: sizes of lines are shares of an estimate.
    Pressure has no say in it: the room is given.
    """
    made = tiers.cut(whole, need, miss_tokens(need, now._replace(pressure=1.0)))
    limit = float(client_tokens)
    for _ in range(TRIES):
        view = tiers.render(*tiers.fitted(made, round(limit)), 1, is_numbered=False)
        is_near = view.tokens <= 2 * client_tokens  # to count megabytes takes long
        size = tokens.bounds(view.text)[1] if is_near else view.tokens
        share = min(client_tokens / max(1, size), most_characters / max(1, len(view.text)))
        if is_near and share >= 1.0:
            return Choice(view.tier, view._replace(tokens=size), "the client cuts it; the view takes no more")
        limit *= LESS * share
    return Choice(Tier.COMPLETE, None, "no view fits into what the client shows of it")
