"""What is measured every `monitoring_interval`: usage, savings, answers and faults since the record before.

The sum of all records of a class of tokens is what was used: a response that grew since it was counted (the client
writes some of them in parts) adds what it grew by. What arrives over LATE_S after its time, as an old transcript that
is read for the first time, belongs to reports, not here. An interval in which nothing happened has no record.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from trimtab.records import Metric, Request, Totals, prompt_tokens

LATE_S = 3600.0  # chosen: a response is in the transcript when it ends, a subagent's is read a few seconds later
CLASSES = ("input_tokens", "write_5m_tokens", "write_1h_tokens", "read_tokens", "output_tokens")
USAGE, LEDGER, DAEMON = "usage", "ledger", "daemon"  # sources


class Growth(NamedTuple):
    """What came of requests since the look before, by time: new ones, and what known ones have more by now.

    `newest` is the last one of a main conversation, with all its tokens.
    """

    begun: tuple[Request, ...]
    grown: tuple[Request, ...]
    newest: Request | None

    @property
    def requests(self) -> tuple[Request, ...]:
        return self.begun + self.grown


class Counted:
    """Remembers which responses were counted, so that each token is counted once. Holds those of the last LATE_S."""

    def __init__(self, since: float) -> None:
        """Nothing from before `since` is counted: an earlier process did, or it is too old."""
        self._since = since
        self._known: dict[str, Request] = {}

    def since(self, now: float) -> float:
        """From when on requests must be given to `news`."""
        return max(self._since, now - LATE_S)

    def news(self, requests: Iterable[Request], now: float) -> Growth:
        """What is new in `requests`, all from `since` on in any order."""
        begun, grown, newest = [], [], None
        self._since = min(self._since, now)  # the clock may have been set back
        first = self.since(now)
        for request in sorted(requests, key=lambda each: each.at):
            if request.at < first:
                continue
            before = self._known.get(request.message_id)
            if before is None:
                begun.append(request)
            else:
                more = difference(before, request)
                grown += [more] if any(getattr(more, name) for name in CLASSES) else []
            self._known[request.message_id] = request
            newest = newest if request.agent else request
        self._known = {key: request for key, request in self._known.items() if request.at >= first}
        return Growth(tuple(begun), tuple(grown), newest if begun or grown else None)


def difference(before: Request, after: Request) -> Request:
    """`after` with only the tokens that it has more than `before`; never negative."""
    return after._replace(**{name: max(0, getattr(after, name) - getattr(before, name)) for name in CLASSES})


def usage_metrics(growth: Growth, usd_of: Callable[[Request], float | None], now: float) -> list[Metric]:
    """Tokens by class, requests, their cost, the cache hit rate, and the size of the newest context.

    The cost is of the requests whose price is known; `requests_without_price` counts the others.
    """
    if not growth.requests:
        return []
    sums = {name: float(sum(getattr(r, name) for r in growth.requests)) for name in CLASSES}
    costs = [usd_of(request) for request in growth.requests]
    known = [cost for cost in costs if cost is not None]
    values = {**sums, "requests": float(len(growth.begun))}
    if known:
        values["usd"] = sum(known)
    if len(known) < len(costs):
        values["requests_without_price"] = float(len(costs) - len(known))
    prompt = sum(map(prompt_tokens, growth.requests))
    if prompt:
        values["cache_hit_rate"] = sums["read_tokens"] / prompt
    if growth.newest is not None:
        values["context_tokens"] = float(prompt_tokens(growth.newest))
    return named(values, USAGE, now)


def ledger_metrics(before: Totals, after: Totals, now: float) -> list[Metric]:
    """What views saved net (o200k tokens, less what was fetched later and added), recoveries, and views' success."""
    if before == after:
        return []
    change = Totals(*(new - old for old, new in zip(before, after, strict=True)))
    values = {
        "saved_net_tokens": float(change.saved_tokens - change.recovered_tokens - change.added_tokens),
        "recoveries": float(change.recoveries),
    }
    looked = change.honoured + change.refused
    if looked > 0:
        values["success_share"] = change.honoured / looked
    return named(values, LEDGER, now)


def answer_metrics(answers_ms: Sequence[float], faults: Mapping[str, int], now: float) -> list[Metric]:
    """How long answers took (median and 95th percentile, milliseconds), how many, and how many faults of which part."""
    values: dict[str, float] = {}
    if answers_ms:
        values = {
            "answers": float(len(answers_ms)),
            "answer_ms_p50": quantile(answers_ms, 0.50),
            "answer_ms_p95": quantile(answers_ms, 0.95),
        }
    return named(values, DAEMON, now) + [
        Metric(now, "faults", float(count), DAEMON, (("part", part),))
        for part, count in sorted(faults.items())
        if count
    ]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed (nearest rank). Of 1 to 20, 0.95 is 19."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def named(values: Mapping[str, float], source: str, now: float) -> list[Metric]:
    return [Metric(now, name, value, source) for name, value in values.items()]
