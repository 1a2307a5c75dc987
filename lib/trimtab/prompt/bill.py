"""What the parts of a standing prompt cost in the requests that carried it, each at its own price and cache class.

A cache is a prefix of a prompt: of each request the first tokens were read from it, the next written to it, the last
paid as plain input. Where in the prompt a part lies says which of these it was. Each conversation's first prompt is
what its later requests go on carrying. What that was made of the client has written down for some sessions: their parts
add up to what their first request was billed. For the others it is taken to be what is audited, as far as it reaches:
what their first prompts held beyond it is `rest`, of one that was shorter all parts were smaller in proportion.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from trimtab.monitor.context import EARLIER_SHARE
from trimtab.monitor.parts import Rates, relative_rates, usd_rates
from trimtab.monitor.summary import PricesOf, UsdOf
from trimtab.records import UNLISTED, Request, prompt_tokens

Key = tuple[str, str, str]
Composition = Sequence[tuple[Key, float]]  # the parts of a request by their keys, and their weights
Time = tuple[float, float]  # from the first on, before the second
ODD = 3.0  # chosen, as in monitor.calibration: a first request billed so much more or less is another one
FactorOf = Callable[[str], float]  # how many tokens a model has for one of a part's weight


class Cost(NamedTuple):
    """In prices of one uncached input token, and in USD of the requests that have a price (None: of no request)."""

    units: float
    usd: float | None


class Bill(NamedTuple):
    """What first prompts cost: each audited part's, in their order; `gone`, that of parts which are not in the audit,
    and `rest`, what of sessions whose first request is not known no part explains.

    `had` says in how many sessions each part was (in those that are not `known`, all are taken to be). `requests` of
    `sessions` carried them, `unpriced` of these have no known price. `firsts` are the sizes of the first prompts, of
    the audited model and of main conversations that began in the time. `agents` is what the first prompts of
    `agent_runs` subagents cost, which are others.
    """

    parts: tuple[Cost, ...]
    had: tuple[int, ...]
    gone: Cost
    rest: Cost
    requests: int
    sessions: int
    known: int
    unpriced: int
    firsts: tuple[int, ...]
    agents: Cost
    agent_runs: int

    @property
    def whole(self) -> Cost:
        """All of the main conversations' first prompts."""
        return total([*self.parts, self.gone, self.rest])


class Slopes:
    """A piecewise linear function of a place in the recording: what all up to there cost."""

    def __init__(self) -> None:
        self._units: list[tuple[float, float]] = []
        self._usd: list[tuple[float, float]] = []
        self.is_priced = False
        self.end = 0.0

    def add(self, start: float, end: float, units: float, usd: float | None) -> None:
        """From `start` to `end` each unit of length costs so much more."""
        self.end = max(self.end, end)
        self._units += [(start, units), (end, -units)]
        if usd is not None:
            self.is_priced = True
            self._usd += [(start, usd), (end, -usd)]

    def between(self, ends: Sequence[float]) -> list[Cost]:
        """What each stretch costs: from 0 to the first of the ascending `ends`, from there to the next, and so on."""
        units, usd = stretches(self._units, ends), stretches(self._usd, ends)
        return [Cost(a, b if self.is_priced else None) for a, b in zip(units, usd, strict=True)]


def stretches(changes: Iterable[tuple[float, float]], ends: Sequence[float]) -> list[float]:
    """The integral of a step function over each stretch; [(0, 2), (4, -2)] over the ends 1 and 10 is [2, 6]."""
    waiting = sorted(changes, reverse=True)
    place = slope = 0.0
    found = []
    for end in ends:
        summed = 0.0
        while waiting and waiting[-1][0] < end:
            at, change = waiting.pop()
            summed += slope * (at - place)
            place, slope = at, slope + change
        found.append(summed + slope * (end - place))
        place = end
    return found


def bill(
    audited: Composition,
    model: str,
    known: Mapping[str, Composition],
    requests: Iterable[Request],
    time: Time,
    factor_of: FactorOf,
    prices_of: PricesOf,
    usd_of: UsdOf,
) -> Bill:
    """The bill of the `audited` parts of a request to `model`, in the order in which a request has them.

    `known` are the parts of sessions whose first request was written down, `factor_of` says how many tokens a model has
    for one of a part's weight. `requests` are all of the project, so that a conversation's first is there though it was
    before the time.
    """
    talks = conversations(requests)
    most = longest([talk[0] for talk in talks if not talk[0].agent])
    sums = {key: Cost(0.0, None) for key, _ in audited}
    had, agents, gone, rest = Counter[Key](), Cost(0.0, None), Cost(0.0, None), Cost(0.0, None)
    sessions: dict[str, bool] = {}
    firsts = []
    carried = unpriced = runs = 0
    for talk in talks:
        first, asked = talk[0], [request for request in talk if time[0] <= request.at < time[1]]
        if not asked:
            continue
        if first.agent:
            runs += 1
            agents = total([agents, *paid(asked, prompt_tokens(first), [], 1.0, prices_of, usd_of)[0]])
            continue
        own, size = fitting(known.get(first.session), first, factor_of), prompt_tokens(first)
        made_of, held = own or audited, size if own else min(size, most)
        length = sum(weight for _, weight in made_of)
        scale = held / length if own else min(factor_of(first.model), held / length if length else 1.0)
        costs, without = paid(asked, held, [weight for _, weight in made_of], scale, prices_of, usd_of)
        for (key, _), cost in zip(made_of, costs, strict=False):
            if key in sums:
                sums[key] = total([sums[key], cost])
            else:
                gone = total([gone, cost])
        rest = total([rest, costs[-1]])
        if first.session not in sessions:
            had.update({key for key, _ in made_of})
        sessions[first.session] = own is not None
        carried, unpriced = carried + len(asked), unpriced + without
        firsts += [size] * (first.at >= time[0] and first.model == model)
    return Bill(
        tuple(sums.values()), tuple(had[key] for key in sums), gone, rest, carried, len(sessions),
        sum(sessions.values()), unpriced, tuple(firsts), agents, runs,
    )  # fmt: skip


def fitting(own: Composition | None, first: Request, factor_of: FactorOf) -> Composition | None:
    """What a session began with, if it can be what its first response was billed for."""
    length = sum(weight for _, weight in own or ())
    if own is None or not length:
        return None
    return own if 1 / ODD < prompt_tokens(first) / (length * factor_of(first.model)) < ODD else None


def measured(known: Mapping[str, Composition], requests: Iterable[Request]) -> dict[str, list[float]]:
    """By model, how many tokens were billed for one of a part's weight in the first requests that are known."""
    found: dict[str, list[float]] = {}
    for talk in conversations(requests):
        own = known.get(talk[0].session) if not talk[0].agent else None
        length = sum(weight for _, weight in own or ())
        if length:
            found.setdefault(talk[0].model, []).append(prompt_tokens(talk[0]) / length)
    return found


def paid(
    asked: Iterable[Request], held: int, weights: Sequence[float], scale: float, prices_of: PricesOf, usd_of: UsdOf
) -> tuple[list[Cost], int]:
    """What each part and, at the end, what is beyond them cost in these requests; how many of them have no price."""
    slopes = Slopes()
    unpriced = pay(slopes, asked, held, scale, prices_of, usd_of)
    ends = list(accumulate(weights))
    return slopes.between([*ends, max([slopes.end, *ends])]), unpriced


def pay(slopes: Slopes, asked: Iterable[Request], held: int, scale: float, prices_of: PricesOf, usd_of: UsdOf) -> int:
    """Adds what the first `held` tokens cost in each request; `scale` are a conversation's tokens for one
    of a part's weight. Returns how many requests have no price.
    """
    unpriced = 0
    for request in asked:
        units, usd = relative_rates(request, prices_of), usd_rates(request, usd_of)
        unpriced += usd is None
        for start, end, place in classes(request, held):
            dollars = None if usd is None else usd[place] * scale
            slopes.add(start / scale, end / scale, units[place] * scale, dollars)
    return unpriced


def conversations(requests: Iterable[Request]) -> list[list[Request]]:
    """The requests that read a prompt, by conversation and time; what the client only sums up is of none."""
    apart: dict[tuple[str, str], list[Request]] = {}
    for request in requests:
        if request.agent != UNLISTED and prompt_tokens(request):
            apart.setdefault((request.session, request.agent), []).append(request)
    return [sorted(group, key=lambda request: request.at) for group in apart.values()]


def longest(firsts: Sequence[Request]) -> int:
    """What a first prompt has at most: one that goes on with an earlier conversation has that in it too."""
    if not firsts:
        return 0
    return round(EARLIER_SHARE * statistics.median(map(prompt_tokens, firsts)))


def classes(request: Request, held: int) -> Iterator[tuple[float, float, int]]:
    """Where in its first `held` tokens each class begins and ends, and its place in Rates."""
    start = 0
    order = (
        (request.read_tokens, Rates._fields.index("read")),
        (request.write_1h_tokens, Rates._fields.index("write_1h")),
        (request.write_5m_tokens, Rates._fields.index("write_5m")),
        (request.input_tokens, Rates._fields.index("input")),
    )
    for size, place in order:
        end = min(start + size, held)
        if end > start:
            yield start, end, place
        start += size


def total(costs: Iterable[Cost]) -> Cost:
    """Their sum; in USD of those that have one."""
    found = list(costs)
    usd = [cost.usd for cost in found if cost.usd is not None]
    return Cost(sum(cost.units for cost in found), sum(usd) if usd else None)
