"""What requests used and cost, added up by day, project, session, model, agent or group; every response once."""

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from functools import partial
from typing import NamedTuple

from trimtab import groups
from trimtab.monitor.periods import local_day
from trimtab.records import SUBAGENT, Request

MAIN = "main conversation"
UNKNOWN = "unknown"

UsdOf = Callable[[Request], float | None]


class Spent(NamedTuple):
    """What some requests used, by class, in the models' own tokens.

    `usd` is of the requests whose model has a price, None when none has; `unpriced_tokens` are those of the others.
    """

    name: str
    requests: int
    sessions: int
    input_tokens: int
    write_5m_tokens: int
    write_1h_tokens: int
    read_tokens: int
    output_tokens: int
    usd: float | None
    unpriced_tokens: int

    @property
    def write_tokens(self) -> int:
        return self.write_5m_tokens + self.write_1h_tokens

    @property
    def tokens(self) -> int:
        """Of all classes."""
        return self.input_tokens + self.write_tokens + self.read_tokens + self.output_tokens


def add(name: str, requests: Sequence[Request], usd_of: UsdOf) -> Spent:
    """All of the requests together."""
    costs = [usd_of(request) for request in requests]
    known = [cost for cost in costs if cost is not None]
    return Spent(
        name,
        len(requests),
        len({request.session for request in requests}),
        sum(request.input_tokens for request in requests),
        sum(request.write_5m_tokens for request in requests),
        sum(request.write_1h_tokens for request in requests),
        sum(request.read_tokens for request in requests),
        sum(request.output_tokens for request in requests),
        sum(known) if known else None,
        sum(sum(request[5:10]) for request, cost in zip(requests, costs, strict=True) if cost is None),
    )


def agent_of(request: Request) -> str:
    return request.agent_type or SUBAGENT if request.agent else MAIN


def group_of(request: Request, own: groups.Members) -> str:
    return groups.title(request.agent_type, own) if request.agent else MAIN


def namer(by: str, zone: tzinfo | None, own: groups.Members) -> Callable[[Request], str]:
    """What names a request's row."""
    if by == "day":
        return partial(day_of, zone=zone)
    if by == "group":
        return partial(group_of, own=own)
    return {
        "project": lambda request: request.project or UNKNOWN,
        "session": lambda request: request.session or UNKNOWN,
        "model": lambda request: request.model or UNKNOWN,
        "agent": agent_of,
    }[by]


def day_of(request: Request, zone: tzinfo | None) -> str:
    return local_day(request.at, zone)


BY = ("day", "project", "session", "model", "agent", "group")


def spend(
    requests: Iterable[Request], by: str, usd_of: UsdOf, zone: tzinfo | None = None, own: groups.Members = ()
) -> tuple[Spent, ...]:
    """A row for each name; days in their order, everything else the dearest first. `by` is one of BY.

    `own` are the user's groups of agents.
    """
    name_of = namer(by, zone, own)
    apart: dict[str, list[Request]] = {}
    for request in requests:
        apart.setdefault(name_of(request), []).append(request)
    rows = [add(name, group, usd_of) for name, group in apart.items()]
    if by == "day":
        return tuple(sorted(rows))
    return tuple(sorted(rows, key=lambda row: (-(row.usd or 0.0), -row.tokens, row.name)))
