"""Watches between experiments which kinds of loads are fetched again too often to be worth folding; pure arithmetic.

For each tool and kind: recoveries per thousand folded tokens, against the rate at which they would cost as much as the
folding saves,

    break-even = 1000 · price(a token that stays) / price(a miss)          both from the cost formula (policy)

What is known of the true rate is a Gamma distribution: a prior of one recovery at half the break-even, and the ledger's
recoveries and tokens, both divided by how much more the recoveries of sessions vary than chance has it (whoever
fetches once fetches again). Where the chance that the rate beats the break-even is not CLEAR any more, the kind is
shown whole, but for one load in TRY_ONE_IN, chosen by the call's id; when those say that it is worth it again (BACK),
it is folded as before. Every change begins with new evidence, and nothing is judged by less than LEAST.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from trimtab.monitor.summary import by_load
from trimtab.records import Load, Recovery, Tier

WEEKS_S = 28 * 86_400.0  # chosen: how far back a folded kind is looked at
CLEAR, BACK = 0.7, 0.9  # chosen by the simulations of bench/experiment.py: few false alarms, few losses
LEAST_VIEWS, LEAST_SESSIONS = 20, 3  # chosen: one bad session switches nothing off
LEAST_EXPECTED = 10.0  # recoveries that the break-even would have brought: with fewer, chance says too much
TRIED_VIEWS, TRIED_EXPECTED = 8, 4.0  # the same of a kind that is only tried
TRY_ONE_IN = 20
PRIOR_RECOVERIES = 1.0
FOLDED, PAUSED, LITTLE = "folded", "shown whole", "little evidence"

Key = tuple[str, str]


class Change(NamedTuple):
    """A kind of a tool's loads is shown whole from `at` on, or folded again."""

    at: float
    tool: str
    kind: str
    is_paused: bool


class GuardRow(NamedTuple):
    """What the guard knows of one kind of a tool's loads since `since`; rates are recoveries per 1,000 folded tokens.

    `chance` is that of the true rate being under the break-even. `state` is FOLDED, PAUSED, or LITTLE: folded, with too
    little evidence to judge. `is_change` says that this look made it what it is.
    """

    tool: str
    kind: str
    since: float
    views: int
    sessions: int
    folded_tokens: int
    recoveries: int
    rate: float
    break_even: float
    chance: float
    state: str
    is_change: bool = False


def rows(
    loads: Sequence[Load],
    recoveries: Sequence[Recovery],
    changes: Iterable[Change],
    break_even_of: Callable[[str], float],
    now: float,
) -> tuple[GuardRow, ...]:
    """A row for every kind that was folded or is paused, the most folded tokens first.

    `changes` are all that were made, in order; `break_even_of` takes a tool.
    """
    last: dict[Key, Change] = {(change.tool, change.kind): change for change in changes}
    views: dict[Key, list[Load]] = {key: [] for key, change in last.items() if change.is_paused}
    for load in loads:
        if load.honoured and load.tier is not Tier.COMPLETE and load.at <= now:
            views.setdefault((load.tool, load.kind), []).append(load)
    fetched = by_load(loads, recoveries)
    found = [
        judged(key, group, fetched, last.get(key), break_even_of(key[0]), now - WEEKS_S) for key, group in views.items()
    ]
    return tuple(sorted(found, key=lambda row: (-row.folded_tokens, row.tool, row.kind)))


def judged(
    key: Key,
    views: Sequence[Load],
    fetched: dict[str, list[Recovery]],
    change: Change | None,
    break_even: float,
    earliest: float,
) -> GuardRow:
    """One kind's row: its evidence since the last change, and what follows from it."""
    was_paused = change is not None and change.is_paused
    since = earliest if change is None else change.at if was_paused else max(earliest, change.at)
    views = [load for load in views if load.at >= since]
    by_session: dict[str, tuple[float, int]] = {}
    for load in views:
        tokens, count = by_session.get(load.session, (0.0, 0))
        more = max(0, load.raw_tokens - load.shown_tokens)
        by_session[load.session] = (tokens + more / 1000, count + len(fetched.get(load.tool_use_id, ())))
    thousands = sum(tokens for tokens, _ in by_session.values())
    count = sum(count for _, count in by_session.values())
    excess = dispersion(list(by_session.values()))
    chance = chance_below(break_even, count / excess, thousands / excess)
    expected = break_even * thousands / excess
    if was_paused:
        is_enough = len(views) >= TRIED_VIEWS and expected >= TRIED_EXPECTED
        state = FOLDED if is_enough and chance >= BACK else PAUSED
    else:
        is_enough = len(views) >= LEAST_VIEWS and len(by_session) >= LEAST_SESSIONS and expected >= LEAST_EXPECTED
        state = (FOLDED if chance >= CLEAR else PAUSED) if is_enough else LITTLE
    return GuardRow(
        tool=key[0],
        kind=key[1],
        since=since,
        views=len(views),
        sessions=len(by_session),
        folded_tokens=round(1000 * thousands),
        recoveries=count,
        rate=count / thousands if thousands else 0.0,
        break_even=break_even,
        chance=chance,
        state=state,
        is_change=(state == PAUSED) != was_paused,
    )


def paused(found: Iterable[GuardRow]) -> frozenset[Key]:
    """The kinds that are shown whole."""
    return frozenset((row.tool, row.kind) for row in found if row.state == PAUSED)


def line(kinds_paused: Iterable[Key]) -> str:
    """Which kinds are shown whole and why, in one sentence; "" where none is."""
    kinds = ", ".join(f"{tool} {kind}" for tool, kind in sorted(kinds_paused))
    if not kinds:
        return ""
    return f"Shown whole again, for their folds were fetched too often: {kinds} (one load in {TRY_ONE_IN} is tried)."


def is_trial(tool_use_id: str) -> bool:
    """Whether a load of a paused kind is folded all the same; one in TRY_ONE_IN, always the same ones."""
    return int(hashlib.sha256(tool_use_id.encode("utf-8", "replace")).hexdigest()[:8], 16) % TRY_ONE_IN == 0


def break_even(token_price: float, miss_price: float) -> float:
    """Recoveries per 1,000 folded tokens that cost as much as the folding saves.

    `token_price` is of one o200k token that stays in the context, `miss_price` of one more request for what was hidden,
    both in uncached input tokens: 3.25 and 7,875 make 0.41.
    """
    return 1000 * token_price / miss_price


def dispersion(sessions: Sequence[tuple[float, float]]) -> float:
    """How many times more sessions' recoveries vary than those of one common rate would; at least 1.

    `sessions` are (thousands of tokens, recoveries). It is Pearson's statistic over its degrees of freedom.
    """
    thousands = sum(tokens for tokens, _ in sessions)
    rate = sum(count for _, count in sessions) / thousands if thousands else 0.0
    if rate == 0 or len(sessions) < 2:
        return 1.0
    pearson = sum((count - rate * tokens) ** 2 / (rate * tokens) for tokens, count in sessions if tokens)
    return max(1.0, pearson / (len(sessions) - 1))


def chance_below(rate: float, recoveries: float, thousands: float) -> float:
    """The chance that the true rate is under `rate`, by the Gamma posterior.

    Nothing seen yet: the prior, of mean rate / 2, says 1 - e^-2 = 0.865.
    """
    if rate <= 0:
        return 0.0
    prior_thousands = 2 * PRIOR_RECOVERIES / rate
    return gamma_below(PRIOR_RECOVERIES + recoveries, rate * (thousands + prior_thousands))


def gamma_below(shape: float, x: float) -> float:
    """The regularised lower incomplete gamma function P(shape, x): by its series, or above shape + 1 by its continued
    fraction (Lentz; Press et al., Numerical Recipes, section 6.2). P(1, x) is 1 - e^-x.
    """
    if x <= 0:
        return 0.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        above = shape
        while term > total * 1e-12:
            above += 1
            term *= x / above
            total += term
        return front * total
    tiny = 1e-300
    b = x + 1 - shape
    c, d = 1 / tiny, 1 / b
    fraction = d
    for i in range(1, 10_000):
        a = -i * (i - shape)
        b += 2
        d = 1 / (a * d + b or tiny)
        c = b + a / c or tiny
        fraction *= d * c
        if abs(d * c - 1) < 1e-12:
            break
    return 1 - front * fraction
