"""What past subagents would have cost with the models that the table of groups names for their tasks: an estimate.

The same responses at the other model's prices, their tokens times what its tokenizer makes more or less of a text.
A cheaper model may need more turns, or do the job worse, and a lower effort writes less: none of that is known here.
Left as they are: agents that ran with another model than the conversation that started them, for that was chosen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from trimtab import groups, jobs, tokens
from trimtab.monitor.spend import UsdOf
from trimtab.records import UNLISTED, Arrival, Request

OWN, NO_GROUP, AS_IT_WAS, NO_PRICE = "a model of their own", "no group", "nothing cheaper named", "no price"
CLASSES = ("input_tokens", "write_5m_tokens", "write_1h_tokens", "read_tokens", "output_tokens")
Table = Mapping[str, groups.Group]


class Run(NamedTuple):
    """One agent's responses; `asker` is the model that the main conversation ran with as it started."""

    agent_type: str
    characters: int  # of its task
    asker: str
    requests: tuple[Request, ...]

    @property
    def model(self) -> str:
        return self.requests[0].model


class Row(NamedTuple):
    """What runs of one group and size would have come to. `choice` is what the table names for them."""

    group: str
    size: str
    choice: str
    runs: int
    requests: int
    usd: float
    would_usd: float


class Estimate(NamedTuple):
    """`rows` by group and size; `left` counts the runs that stay as they are, by why."""

    rows: tuple[Row, ...]
    left: Mapping[str, int]

    @property
    def saved_usd(self) -> float:
        return sum(row.usd - row.would_usd for row in self.rows)


def runs(requests: Sequence[Request], arrivals: Iterable[Arrival]) -> list[Run]:
    """The agents' runs of some sessions, in the order in which they began."""
    tasks: dict[tuple[str, str], Arrival] = {}
    for one in arrivals:
        if (
            one.agent
            and one.what == "prompt"
            and one.at < tasks.get((one.session, one.agent), one._replace(at=1e18)).at
        ):
            tasks[one.session, one.agent] = one
    apart: dict[tuple[str, str], list[Request]] = {}
    askers: dict[str, list[Request]] = {}
    for request in sorted(requests, key=lambda request: request.at):
        if not request.agent:
            askers.setdefault(request.session, []).append(request)
        elif (request.session, request.agent) in tasks and request.agent != UNLISTED:  # else it is no agent's run
            apart.setdefault((request.session, request.agent), []).append(request)
    found = []
    for key, group in apart.items():
        mains = askers.get(key[0], [])
        before = [request for request in mains if request.at <= group[0].at] or mains[:1]
        asker = before[-1].model if before else ""
        found.append(Run(group[0].agent_type, tasks[key].characters, asker, tuple(group)))
    return found


def estimate(
    found: Iterable[Run], table: Table, own: groups.Members, usd_of: UsdOf, newest: Callable[[str], str]
) -> Estimate:
    """What the runs would have cost. `newest` is the whole name of a model that the table names by its family."""
    rows: dict[tuple[str, str], Row] = {}
    left: dict[str, int] = {}
    for run in found:
        priced = judged(run, table, own, usd_of, newest)
        if isinstance(priced, str):
            left[priced] = left.get(priced, 0) + 1
            continue
        known = rows.get((priced.group, priced.size))
        rows[priced.group, priced.size] = priced if known is None else added(known, priced)
    return Estimate(tuple(rows[key] for key in sorted(rows)), left)


def judged(run: Run, table: Table, own: groups.Members, usd_of: UsdOf, newest: Callable[[str], str]) -> Row | str:
    """The row of one run, or why it stays as it was."""
    ways = groups.ways_of(run.agent_type, own, table)
    if ways is None:
        return NO_GROUP
    size = jobs.size_of(run.characters)
    words = getattr(ways, size)
    choice = jobs.read(words) or jobs.Choice()
    if run.asker and run.model != run.asker:
        return OWN
    if not choice.model or not jobs.is_cheaper(choice.model, jobs.family_of(run.model), jobs.MODELS):
        return AS_IT_WAS
    usd = added_up(run.requests, usd_of)
    would = added_up([as_if(request, newest(choice.model)) for request in run.requests], usd_of)
    if usd is None or would is None:
        return NO_PRICE
    return Row(groups.title(run.agent_type, own), size, words, 1, len(run.requests), usd, would)


def added(one: Row, other: Row) -> Row:
    return one._replace(
        runs=one.runs + other.runs,
        requests=one.requests + other.requests,
        usd=one.usd + other.usd,
        would_usd=one.would_usd + other.would_usd,
    )


def added_up(requests: Sequence[Request], usd_of: UsdOf) -> float | None:
    """What the responses cost; None where one has no price."""
    costs = [usd_of(request) for request in requests]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def as_if(request: Request, model: str) -> Request:
    """The response as if `model` had given it: its tokens in that model's own."""
    rate = factor(model) / factor(request.model)
    counts = {name: round(rate * getattr(request, name)) for name in CLASSES}
    return request._replace(model=model, is_fast=False, **counts)


def factor(model: str) -> float:
    """The model's tokens for one o200k token, over all tools."""
    return tokens.FACTORS[tokens.family(model)][""]
