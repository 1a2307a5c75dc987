"""The loads of a page with their full prices, what the views among them saved, and the messages among them.

Savings are `monitor.summarise`'s, item by item, so that they sum to what the report says.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence

from trimtab.cli.page.filling import CHARACTERS
from trimtab.cli.page.history import DAY_S, History, Names, Pricing
from trimtab.cli.page.records import CarriedLoad, FullPrice, Limits, Mail, Saving
from trimtab.monitor import pairs, summary
from trimtab.monitor.summary import FactorOf, Item
from trimtab.records import Tier

LEAST_CHARACTERS = 2_000  # chosen: a result that no hook saw is listed from here on
UNPRICED_RANK = 1e-6  # chosen: a load without a price is ranked as if a million input tokens cost a dollar

Call = tuple[str, str, str]  # session, agent and tool_use_id


def carried(
    history: History, names: Names, pricing: Pricing, factor_of: FactorOf, wall: Callable[[float], float]
) -> list[CarriedLoad]:
    """All loads with their full prices: those that the hooks saw, and the big results that only a transcript has."""
    payers = summary.payers(history.requests, pricing.prices_of)
    charged = summary.by_load(history.loads, history.recoveries)
    found = []

    def add(call: Call, at: float, what: tuple[str, str, str], shown: float, kept_out: float) -> None:
        """A load of `shown` billed tokens; `what` is its tool, its target and its tier."""
        session, agent, _ = call
        payer = payers(session, agent, at)
        rate = pricing.input_usd_of(payer.model)
        usd = None if rate is None else shown * payer.unit_price * rate
        price = history.full_prices.get(call) or FullPrice(round(shown), payer.carriers, usd)
        found.append(
            CarriedLoad(
                at=wall(at),
                project=names.project(session),
                session=session,
                agent=names.agent(session, agent),
                model=payer.model,
                tool=what[0],
                target=what[1],
                tier=what[2],
                tokens=price.tokens,
                kept_out_tokens=round(kept_out),
                carriers=price.carriers,
                recoveries=0,
                usd=price.usd,
            )
        )

    for load in history.loads:
        factor = factor_of(payers(load.session, load.agent, load.at).model, load.tool).value
        shown = load.shown_tokens if load.honoured else load.raw_tokens
        what = (load.tool, load.path, load.tier.value if load.honoured else Tier.COMPLETE.value)
        call = (load.session, load.agent, load.tool_use_id)
        add(call, load.at, what, shown * factor, (load.raw_tokens - shown) * factor)
        found[-1] = found[-1]._replace(recoveries=len(charged.get(load.tool_use_id, ())))
    seen = {load.tool_use_id for load in history.loads}
    for arrival in history.arrivals:
        if arrival.what == "result" and arrival.characters >= LEAST_CHARACTERS and arrival.id not in seen:
            what = (arrival.tool, arrival.target, "")
            call = (arrival.session, arrival.agent, arrival.id)
            add(call, arrival.at, what, arrival.characters / CHARACTERS, 0.0)
    return found


def rank(load: CarriedLoad) -> tuple[float, int]:
    """By price, then by size."""
    usd = load.tokens * load.carriers * UNPRICED_RANK if load.usd is None else load.usd
    return usd, load.tokens


def dearest(loads: Sequence[CarriedLoad], sessions: set[str], limits: Limits) -> tuple[CarriedLoad, ...]:
    """The loads that a page holds, the dearest first: of all, of each project and of each session of `sessions`."""
    by_project: dict[str, list[int]] = {}
    by_session: dict[str, list[int]] = {}
    for place, load in enumerate(loads):
        by_project.setdefault(load.project, []).append(place)
        if load.session in sessions:
            by_session.setdefault(load.session, []).append(place)
    kept = set(heapq.nlargest(limits.loads, range(len(loads)), key=lambda place: rank(loads[place])))
    for groups, most in ((by_project, limits.project_loads), (by_session, limits.session_loads)):
        for group in groups.values():
            kept.update(heapq.nlargest(most, group, key=lambda place: rank(loads[place])))
    return tuple(sorted((loads[place] for place in kept), key=lambda load: (*rank(load), load.at), reverse=True))


def savings(
    history: History,
    names: Names,
    pricing: Pricing,
    factor_of: FactorOf,
    wall: Callable[[float], float],
    apart: set[str],
    since: float,
) -> list[Saving]:
    """A row for each day, project, session and model, of loads and of what Trimtab added from `since` on.

    As in a report since then, a load's recoveries are its own, whenever they were.
    """
    payers = summary.payers(history.requests, pricing.prices_of)
    loads = [load for load in history.loads if load.at >= since]
    charged = summary.by_load(loads, history.recoveries)
    rows: dict[tuple[int, str, str, str], list[Item]] = {}

    def put(session: str, agent: str, at: float, item: Item) -> None:
        model = payers(session, agent, at).model
        told = session if session in apart else ""
        rows.setdefault((int(wall(at) // DAY_S), names.project(session), told, model), []).append(item)

    for load in loads:
        found = charged.get(load.tool_use_id, ())
        item = summary.load_item(load, found, payers, factor_of, pricing.input_usd_of)
        put(load.session, load.agent, load.at, item)
    for addition in (addition for addition in history.additions if addition.at >= since):
        item = summary.addition_item(addition, payers, factor_of, pricing.input_usd_of)
        put(addition.session, addition.agent, addition.at, item)
    return [saving(key, items) for key, items in rows.items()]


def saving(key: tuple[int, str, str, str], items: Iterable[Item]) -> Saving:
    row = summary.row_of("", list(items))
    return Saving(
        *key,
        loads=row.loads,
        views=row.views,
        loaded_tokens=row.raw_tokens,
        shown_tokens=row.shown_tokens,
        recoveries=row.recoveries,
        fetched_tokens=row.recovered_tokens,
        added_tokens=row.added_tokens,
        net_tokens=row.net_tokens,
        usd=row.net_usd,
    )


def mail(
    history: History,
    names: Names,
    pricing: Pricing,
    factor_of: FactorOf,
    wall: Callable[[float], float],
    apart: set[str],
    since: float,
) -> list[Mail]:
    """A row for each day, project, session, model and pair of groups, of messages from `since` on; see `savings`."""
    payers = summary.payers(history.requests, pricing.prices_of)
    loads = [load for load in history.loads if load.at >= since]
    additions = [addition for addition in history.additions if addition.at >= since]
    sent = pairs.sent(loads, history.recoveries, additions, payers, factor_of, pricing.input_usd_of)
    rows: dict[tuple[int, str, str, str], list[pairs.Sent]] = {}
    for one in sent:
        session, agent, at = one.place
        told = session if session in apart else ""
        key = (int(wall(at) // DAY_S), names.project(session), told, payers(session, agent, at).model)
        rows.setdefault(key, []).append(one)
    by_group = pairs.by_group(history.groups)
    return [mailed(key, pair) for key, found in rows.items() for pair in pairs.pairs(found, by_group)]


def mailed(key: tuple[int, str, str, str], pair: pairs.Pair) -> Mail:
    row = pair.row
    return Mail(
        *key,
        sender=pair.sender,
        receiver=pair.receiver,
        messages=row.loads,
        before_tokens=row.raw_tokens,
        after_tokens=row.shown_tokens,
        recoveries=row.recoveries,
        fetched_tokens=row.recovered_tokens,
        added_tokens=row.added_tokens,
        net_tokens=row.net_tokens,
        usd=row.net_usd,
    )
