"""The ledger's rows added up: what was loaded, what a view saved net, what the requests cost.

A load is paid for by the requests that carry it: the first one after it writes it to the cache, the later ones of the
same conversation read it, until a compaction. Compactions are seen from the requests: a prompt that falls under 80 %
of the one before it. So `tokens` saved are worth

    tokens * factor * (write + read * (carriers - 1))          in prices of one uncached input token, 0 without carriers

A recovery costs the same for its own result, and one more turn: read * the prompt's tokens + output * 120. Text that
Trimtab added counts like a recovery's result. Only views that the transcript shows (`honoured`) count as saved.
A recovery belongs to its load: recoveries of loads that were not given are left out. One call that showed the folds of
several views is charged once, to the first.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from trimtab.records import Addition, Factor, Load, Prices, Recovery, Request, Tier, prompt_tokens

DROP = 0.8  # chosen: below it something left the context; tool results are what goes first
CALL_TOKENS = 120  # what the model writes for one more call (design.md, section 1)

PricesOf = Callable[[str, bool], Prices]
FactorOf = Callable[[str, str], Factor]
UsdOf = Callable[[Request], float | None]
InputUsdOf = Callable[[str], float | None]


class Row(NamedTuple):
    """What was loaded and saved, of one tool, kind, tier, file or session, or of all.

    `shown_tokens` is what the model saw: views that are not confirmed count as whole. `billed` is in the model's own
    tokens, `units` in prices of one uncached input token. `net_usd` is of the models whose price is known, None when
    there is none. What is negative cost more than it saved.
    """

    name: str
    loads: int
    views: int
    raw_tokens: int
    shown_tokens: int
    recoveries: int
    recovered_tokens: int
    added_tokens: int
    net_tokens: int
    net_billed: float
    net_units: float
    net_usd: float | None

    @property
    def net_share(self) -> float:
        """Net saved of what was loaded; 0 when nothing was."""
        return self.net_tokens / self.raw_tokens if self.raw_tokens else 0.0


class UsageRow(NamedTuple):
    """What one model's requests used, by class, in its own tokens. `usd` is None when its price is not known."""

    model: str
    requests: int
    input_tokens: int
    write_5m_tokens: int
    write_1h_tokens: int
    read_tokens: int
    output_tokens: int
    units: float
    usd: float | None
    factor: Factor


class Summary(NamedTuple):
    """All of a report. Shares are 0 to 1, or None when there is nothing to take a share of.

    `saved_share` is the net price effect's share of what all requests would have cost without Trimtab.
    """

    now: float
    last_at: float | None
    sessions: int
    total: Row
    by_tool: tuple[Row, ...]
    by_kind: tuple[Row, ...]
    by_tier: tuple[Row, ...]
    by_path: tuple[Row, ...]
    by_session: tuple[Row, ...]
    counted_share: float | None
    honoured_share: float | None
    refused_views: int
    unconfirmed_views: int
    unconfirmed_tokens: int
    usage: tuple[UsageRow, ...]
    spent_units: float
    spent_usd: float | None
    saved_share: float | None
    unpriced_models: tuple[str, ...]


class Carried(NamedTuple):
    """Who pays for what came into a conversation at some time: how many requests, at which prices."""

    model: str
    carriers: int
    prices: Prices
    prompt_tokens: int

    @property
    def unit_price(self) -> float:
        """Of one billed token."""
        return self.prices.write + self.prices.read * (self.carriers - 1) if self.carriers else 0.0


Payers = Callable[[str, str, float], Carried]  # of a session, an agent and a time


class Item(NamedTuple):
    """A load, with its recoveries, or an addition (`load` is None), and its net effect."""

    session: str
    load: Load | None
    recoveries: int
    recovered_tokens: int
    net_tokens: int
    net_billed: float
    net_units: float
    net_usd: float | None


class Conversation:
    """The requests of one agent of one session, asked who carries what."""

    def __init__(self, requests: Sequence[Request], prices_of: PricesOf) -> None:
        self._requests = sorted(requests, key=lambda request: request.at)
        self._times = [request.at for request in self._requests]
        self._prices_of = prices_of
        self._hour = any(request.write_1h_tokens for request in requests)
        self._ends = segment_ends(self._requests)

    def carried(self, at: float) -> Carried:
        """Who carries what came at `at`; its `prompt_tokens` are of the request that asked for it."""
        first = bisect_right(self._times, at)
        count = len(self._requests)
        # A request after which the context shrank ended its segment: what it asked for was never carried.
        carriers = self._ends[first] - first if first < count and (first == 0 or self._ends[first - 1] > first) else 0
        if not count:
            return Carried("", 0, self._prices_of("", False), 0)
        asking = self._requests[max(first - 1, 0)]
        model = self._requests[min(first, count - 1)].model
        return Carried(model, carriers, self._prices_of(model, self._hour), prompt_tokens(asking))


def segment_ends(requests: Sequence[Request]) -> list[int]:
    """For each request the index after the last one of its segment: up to a compaction or the end."""
    ends = [len(requests)] * len(requests)
    for index in range(len(requests) - 2, -1, -1):
        this, after = requests[index], requests[index + 1]
        fell = this.model == after.model and prompt_tokens(after) < DROP * prompt_tokens(this)
        ends[index] = index + 1 if fell else ends[index + 1]
    return ends


def summarise(
    loads: Sequence[Load],
    recoveries: Sequence[Recovery],
    requests: Sequence[Request],
    prices_of: PricesOf,
    factor_of: FactorOf,
    now: float,
    *,
    additions: Sequence[Addition] = (),
    usd_of: UsdOf | None = None,
    input_usd_of: InputUsdOf | None = None,
) -> Summary:
    """Everything a report says. `requests` are all of the conversations' requests, at least from the loads on."""
    factor_of = cache(factor_of)  # it may ask the ledger
    carried = payers(requests, prices_of)
    charged = by_load(loads, recoveries)
    items = [load_item(load, charged.get(load.tool_use_id, ()), carried, factor_of, input_usd_of) for load in loads]
    items += [addition_item(addition, carried, factor_of, input_usd_of) for addition in additions]
    views = [load for load in loads if load.tier is not Tier.COMPLETE]
    looked = [load.honoured for load in views if load.honoured is not None]
    waiting = [load for load in views if load.honoured is None]
    usage = usage_rows(requests, prices_of, factor_of, usd_of)
    total = row_of("all", items)
    spent = sum(row.units for row in usage)
    times = [load.at for load in loads] + [request.at for request in requests]
    return Summary(
        now=now,
        last_at=max(times, default=None),
        sessions=len({load.session for load in loads} | {request.session for request in requests}),
        total=total,
        by_tool=grouped(items, lambda load: load.tool),
        by_kind=grouped(items, lambda load: load.kind),
        by_tier=tuple(
            row_of(tier.value, [item for item in items if item.load is not None and item.load.tier is tier])
            for tier in Tier
        ),
        by_path=grouped(items, lambda load: load.path),
        by_session=session_rows(items),
        counted_share=share(sum(load.raw_tokens for load in loads if load.counted), total.raw_tokens),
        honoured_share=share(sum(looked), len(looked)),
        refused_views=len(looked) - sum(looked),
        unconfirmed_views=len(waiting),
        unconfirmed_tokens=sum(load.raw_tokens - load.shown_tokens for load in waiting),
        usage=usage,
        spent_units=spent,
        spent_usd=known_sum(row.usd for row in usage),
        saved_share=share(total.net_units, spent + total.net_units) if spent else None,
        unpriced_models=tuple(row.model for row in usage if row.usd is None),
    )


def conversations_of(requests: Iterable[Request], prices_of: PricesOf) -> dict[tuple[str, str], Conversation]:
    """By session and agent."""
    apart: dict[tuple[str, str], list[Request]] = {}
    for request in requests:
        apart.setdefault((request.session, request.agent), []).append(request)
    return {key: Conversation(group, prices_of) for key, group in apart.items()}


def payers(requests: Iterable[Request], prices_of: PricesOf) -> Payers:
    """Who pays for what came into a conversation at a time."""
    conversations = conversations_of(requests, prices_of)
    nobody = Conversation((), prices_of)

    def carried(session: str, agent: str, at: float) -> Carried:
        return conversations.get((session, agent), nobody).carried(at)

    return carried


def by_load(loads: Iterable[Load], recoveries: Iterable[Recovery]) -> dict[str, list[Recovery]]:
    """The recoveries of views that were in force, each call once."""
    places = {load.tool_use_id: number for number, load in enumerate(sorted(loads, key=lambda load: load.at))}
    honoured = {load.tool_use_id for load in loads if load.honoured}
    charged: dict[str, list[Recovery]] = {}
    seen: set[str] = set()
    known = [recovery for recovery in recoveries if recovery.load in honoured]
    for recovery in sorted(known, key=lambda recovery: (recovery.at, places[recovery.load])):
        if recovery.tool_use_id not in seen:
            seen.add(recovery.tool_use_id)
            charged.setdefault(recovery.load, []).append(recovery)
    return charged


def load_item(
    load: Load,
    recoveries: Sequence[Recovery],
    carried: Payers,
    factor_of: FactorOf,
    input_usd_of: InputUsdOf | None,
) -> Item:
    """A load's net effect: nothing unless our view was in force."""
    payer = carried(load.session, load.agent, load.at)
    saved = load.raw_tokens - load.shown_tokens if load.honoured else 0
    billed = saved * factor_of(payer.model, load.tool).value
    units = billed * payer.unit_price
    for recovery in recoveries:
        reader = load.agent if recovery.agent is None else recovery.agent
        later = carried(load.session, reader, recovery.at)
        cost = recovery.tokens * factor_of(later.model, recovery.tool).value
        billed -= cost
        units -= cost * later.unit_price
        units -= later.prices.read * later.prompt_tokens + later.prices.output * CALL_TOKENS
    recovered = sum(recovery.tokens for recovery in recoveries)
    rate = input_usd_of(payer.model) if input_usd_of else None
    return Item(
        session=load.session,
        load=load,
        recoveries=len(recoveries),
        recovered_tokens=recovered,
        net_tokens=saved - recovered,
        net_billed=billed,
        net_units=units,
        net_usd=None if rate is None else units * rate,
    )


def addition_item(
    addition: Addition,
    carried: Payers,
    factor_of: FactorOf,
    input_usd_of: InputUsdOf | None,
) -> Item:
    """What an addition cost."""
    payer = carried(addition.session, addition.agent, addition.at)
    billed = -addition.tokens * factor_of(payer.model, "").value
    units = billed * payer.unit_price
    rate = input_usd_of(payer.model) if input_usd_of else None
    usd = None if rate is None else units * rate
    return Item(addition.session, None, 0, 0, -addition.tokens, billed, units, usd)


def row_of(name: str, items: Sequence[Item]) -> Row:
    """The sum of the items."""
    loads = [item.load for item in items if item.load is not None]
    views = [load for load in loads if load.honoured and load.tier is not Tier.COMPLETE]
    raw = sum(load.raw_tokens for load in loads)
    return Row(
        name=name,
        loads=len(loads),
        views=len(views),
        raw_tokens=raw,
        shown_tokens=raw - sum(load.raw_tokens - load.shown_tokens for load in loads if load.honoured),
        recoveries=sum(item.recoveries for item in items),
        recovered_tokens=sum(item.recovered_tokens for item in items),
        added_tokens=-sum(item.net_tokens for item in items if item.load is None),
        net_tokens=sum(item.net_tokens for item in items),
        net_billed=sum(item.net_billed for item in items),
        net_units=sum(item.net_units for item in items),
        net_usd=known_sum(item.net_usd for item in items),
    )


def grouped(items: Iterable[Item], name_of: Callable[[Load], str]) -> tuple[Row, ...]:
    """Rows of the loads by name; the most net saved first, then the most loaded, then by name."""
    apart: dict[str, list[Item]] = {}
    for item in items:
        if item.load is not None:
            apart.setdefault(name_of(item.load), []).append(item)
    return ordered(row_of(name, group) for name, group in apart.items())


def session_rows(items: Iterable[Item]) -> tuple[Row, ...]:
    """Rows by session, additions included."""
    apart: dict[str, list[Item]] = {}
    for item in items:
        apart.setdefault(item.session, []).append(item)
    return ordered(row_of(name, group) for name, group in apart.items())


def ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.net_tokens, -row.raw_tokens, row.name)))


def usage_rows(
    requests: Iterable[Request], prices_of: PricesOf, factor_of: FactorOf, usd_of: UsdOf | None
) -> tuple[UsageRow, ...]:
    """Rows by model, the dearest first."""
    apart: dict[str, list[Request]] = {}
    for request in requests:
        apart.setdefault(request.model, []).append(request)
    rows = []
    for model, group in apart.items():
        short, hour = prices_of(model, False), prices_of(model, True)
        usd = known_sum(usd_of(request) for request in group) if usd_of else None
        row = UsageRow(
            model=model,
            requests=len(group),
            input_tokens=sum(request.input_tokens for request in group),
            write_5m_tokens=sum(request.write_5m_tokens for request in group),
            write_1h_tokens=sum(request.write_1h_tokens for request in group),
            read_tokens=sum(request.read_tokens for request in group),
            output_tokens=sum(request.output_tokens for request in group),
            units=0.0,
            usd=usd,
            factor=factor_of(model, ""),
        )
        units = row.input_tokens + short.write * row.write_5m_tokens + hour.write * row.write_1h_tokens
        rows.append(row._replace(units=units + short.read * row.read_tokens + short.output * row.output_tokens))
    return tuple(sorted(rows, key=lambda row: (-row.units, row.model)))


def known_sum(figures: Iterable[float | None]) -> float | None:
    """The sum of what is known; None when nothing is."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def as_json(value: object) -> object:
    """A summary, or a part of one, as JSON takes it: records become objects, with their fields' names."""
    if isinstance(value, Row):
        return {**value._asdict(), "net_share": value.net_share}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: as_json(part) for name, part in value._asdict().items()}
    if isinstance(value, tuple):
        return [as_json(part) for part in value]
    return value
