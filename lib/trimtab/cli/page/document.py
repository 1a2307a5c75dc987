"""Builds a page's data from the records of a history; pure: the clock, the zone and prices are arguments.

Nothing is left out of the totals: what a page does not hold in detail (`Limits`) it holds summed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from functools import cache

from trimtab.cli.page import begun, loaded, told
from trimtab.cli.page.history import DAY_S, History, Names, Pricing, names_of, wall_clock, zone_name
from trimtab.cli.page.records import CLASSES, ByClass, Limits, Notice, PageData, Session, Spend
from trimtab.monitor.alerts import state_of
from trimtab.monitor.summary import FactorOf, UsdOf
from trimtab.records import Request, prompt_tokens


def build(
    history: History,
    pricing: Pricing,
    factor_of: FactorOf,
    now: float,
    zone: tzinfo | None = None,
    *,
    since: float = 0.0,
    scope: str = "",
    notes: Sequence[str] = (),
    limits: Limits = Limits(),  # noqa: B008 - a named tuple: nobody changes it
) -> PageData:
    """The page's data, of what was from `since` on; a history from before tells what the contexts held by then.

    `zone` decides which day a time belongs to; None is the system's, with its summer times.
    """
    wall = wall_clock(zone)
    names = names_of(history)
    factor_of = cache(factor_of)
    requests = [request for request in history.requests if request.at >= since]
    rows = spend_rows(requests, names, pricing.usd_of, wall)
    apart = sessions_apart(rows, requests, limits.spend_rows)
    merged = len({row.session for row in rows}) - len(apart)
    held = told.sessions(history, names, factor_of, wall, apart, limits, since)
    detailed = {session.session for session in held if session.conversations}
    loads = [load for load in loaded.carried(history, names, pricing, factor_of, wall) if load.at >= wall(since)]
    return PageData(
        scope=scope,
        generated_at=wall(now),
        zone=zone_name(now, zone),
        spend=tuple(sorted(summed(without_sessions(row, apart) for row in rows))),
        sessions=held,
        loads=loaded.dearest(loads, detailed, limits),
        loads_total=len(loads),
        savings=tuple(sorted(loaded.savings(history, names, pricing, factor_of, wall, apart, since))),
        mail=tuple(sorted(loaded.mail(history, names, pricing, factor_of, wall, apart, since))),
        standings=tuple(begun.standing(found, wall) for found in history.audits),
        budgets=tuple(history.budgets),
        alerts=tuple(
            Notice(project, alert.level, alert.message, alert.source, wall(alert.triggered_at), state_of(alert, now))
            for project, alert in sorted(history.alerts, key=lambda pair: -pair[1].triggered_at)
            if alert.triggered_at >= since
        ),
        notes=(*notes, *held_notes(merged, held, limits)),
    )


def held_notes(merged: int, sessions: Sequence[Session], limits: Limits) -> list[str]:
    """What the page holds only summed, a sentence each."""
    notes = []
    if merged:
        notes.append(f"{merged:,} older sessions are summed by day, project, model and agent; they have no row each.")
    detailed = sum(1 for session in sessions if session.conversations)
    if detailed < len(sessions) or merged:
        notes.append(f"Single requests are held of the newest {detailed} sessions; the totals are of all.")
    thinned = sum(
        1 for session in sessions for talk in session.conversations if talk.requests > len(talk.points)
    )  # fmt: skip
    if thinned:
        notes.append(f"{thinned:,} long conversations are drawn with at most {limits.points} of their requests.")
    return notes


def usd_by_class(request: Request, usd_of: UsdOf) -> ByClass | None:
    """What each class of the response cost; None without a price. Sums to what the response cost.

    A class's price for a token may depend on the whole prompt's size, so it is asked with a prompt of the same size
    that has this class alone.
    """
    cost = usd_of(request)
    if cost is None:
        return None
    without_searches = (usd_of(request._replace(web_searches=0)) or 0.0) if request.web_searches else cost
    size = prompt_tokens(request)
    empty = request._replace(
        input_tokens=0, write_5m_tokens=0, write_1h_tokens=0, read_tokens=0, output_tokens=0, web_searches=0
    )
    alone = (
        (request.input_tokens, empty._replace(input_tokens=size)),
        (request.write_5m_tokens, empty._replace(write_5m_tokens=size)),
        (request.write_1h_tokens, empty._replace(write_1h_tokens=size)),
        (request.read_tokens, empty._replace(read_tokens=size)),
    )
    by_class = [(usd_of(prompt) or 0.0) * tokens / size if tokens else 0.0 for tokens, prompt in alone]
    output = without_searches - sum(by_class)  # what is left, so that the parts sum to the whole
    return by_class[0], by_class[1], by_class[2], by_class[3], output, cost - without_searches


def spend_rows(requests: Iterable[Request], names: Names, usd_of: UsdOf, wall: Callable[[float], float]) -> list[Spend]:
    """One row for each day, project, session, model and agent type."""
    return summed(
        Spend(
            day=int(wall(request.at) // DAY_S),
            project=request.project or names.project(request.session),
            session=request.session,
            model=request.model,
            agent=names.agent(request.session, request.agent),
            requests=1,
            input_tokens=request.input_tokens,
            write_5m_tokens=request.write_5m_tokens,
            write_1h_tokens=request.write_1h_tokens,
            read_tokens=request.read_tokens,
            output_tokens=request.output_tokens,
            web_searches=request.web_searches,
            usd=(usd := usd_by_class(request, usd_of)),
            unpriced=usd is None,
        )
        for request in requests
    )


def summed(rows: Iterable[Spend]) -> list[Spend]:
    """The rows with those of one day, project, session, model and agent added up."""
    apart: dict[tuple[object, ...], list[float]] = {}
    costs: dict[tuple[object, ...], list[float]] = {}
    for row in rows:
        figures = (*row[5:12], row.unpriced)
        key = row[:5]
        sums = apart.setdefault(key, [0] * len(figures))
        for place, figure in enumerate(figures):
            sums[place] += figure
        if row.usd is not None:
            cost = costs.setdefault(key, [0.0] * len(CLASSES))
            for place, usd in enumerate(row.usd):
                cost[place] += usd
    return [
        Spend._make((*key, *sums[:7], tuple(costs[key]) if key in costs else None, sums[7]))
        for key, sums in apart.items()
    ]


def sessions_apart(rows: Sequence[Spend], requests: Iterable[Request], most: int) -> set[str]:
    """The sessions that keep rows of their own: the newest, as long as they have at most `most` rows together."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.session] = counts.get(row.session, 0) + 1
    last: dict[str, float] = {}
    for request in requests:
        last[request.session] = max(request.at, last.get(request.session, request.at))
    apart: set[str] = set()
    room = most
    for session in sorted(counts, key=lambda session: (-last[session], session)):
        room -= counts[session]
        if room < 0:
            break
        apart.add(session)
    return apart


def without_sessions(row: Spend, apart: set[str]) -> Spend:
    return row if row.session in apart else row._replace(session="")
