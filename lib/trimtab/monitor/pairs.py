"""Messages between agents added up by who writes to whom: what the client would have sent, what was shown, what is net.

A message counts in the conversation that it came into, as every load does (`summary`): a view's saving less what was
fetched of it later. What an agent is told of its report when it starts, an addition, is charged to its messages to who
gave it its task.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from trimtab import groups
from trimtab.monitor.summary import FactorOf, InputUsdOf, Item, Payers, Row, addition_item, as_json, by_load, load_item
from trimtab.monitor.summary import row_of as sum_of
from trimtab.records import TASK, Addition, Load, Message, Recovery

BY = "messages"  # what a report is asked for
MAIN = "main"  # the main conversation, in a pair's name
PRIORITIES = ("critical", "high", "normal", "low")  # the values of messages.Priority
CONTRACT = "SubagentStart"  # the event whose additions are what agents are told of their reports


class Sent(NamedTuple):
    """A message and its net effect, or one of what an agent was told of its messages: then `item.load` is None.

    `place` is the session, the agent and the time whose context it came into.
    """

    message: Message
    item: Item
    place: tuple[str, str, float]


class Pair(NamedTuple):
    """The messages from some agents to others; `by_priority` counts them in the order of PRIORITIES.

    `row` has `raw_tokens` (before), `shown_tokens` (after), what was fetched and added, and the net saving.
    """

    sender: str
    receiver: str
    by_priority: tuple[int, ...]
    row: Row


NameOf = Callable[[str], str]


def sent(
    loads: Sequence[Load],
    recoveries: Iterable[Recovery],
    additions: Iterable[Addition],
    payers: Payers,
    factor_of: FactorOf,
    input_usd_of: InputUsdOf | None = None,
) -> list[Sent]:
    """All messages among `loads`, then what was told of them. One call that fetched of several loads is the first's."""
    charged = by_load(loads, recoveries)
    found = [
        Sent(
            load.message,
            load_item(load, charged.get(load.tool_use_id, ()), payers, factor_of, input_usd_of),
            (load.session, load.agent, load.at),
        )
        for load in loads
        if load.message is not None
    ]
    tasks = {(load.session, load.agent): load.message for load in loads if load.kind == TASK and load.message}
    for addition in additions:
        task = tasks.get((addition.session, addition.agent)) if addition.event == CONTRACT else None
        if task is not None:
            back = Message(task.receiver, task.sender, "")
            item = addition_item(addition, payers, factor_of, input_usd_of)
            found.append(Sent(back, item, (addition.session, addition.agent, addition.at)))
    return found


def by_group(own: groups.Members = ()) -> NameOf:
    """Names an agent by its group, "4 Validation"; `own` are the user's."""
    return lambda kind: groups.title(kind, own) if kind else MAIN


def by_type(kind: str) -> str:
    return kind or MAIN


def pairs(found: Iterable[Sent], name_of: NameOf) -> tuple[Pair, ...]:
    """A row for each pair of names; the most net saved first, then the largest, then by name."""
    apart: dict[tuple[str, str], list[Sent]] = {}
    for one in found:
        apart.setdefault((name_of(one.message.sender), name_of(one.message.receiver)), []).append(one)
    rows = [pair_of(sender, receiver, group) for (sender, receiver), group in apart.items()]
    return tuple(sorted(rows, key=lambda pair: (-pair.row.net_tokens, -pair.row.raw_tokens, pair[:2])))


def pair_of(sender: str, receiver: str, found: Sequence[Sent]) -> Pair:
    """All of them as one row; what is not a message has no priority."""
    told = [one.message.priority for one in found if one.item.load is not None]
    row = sum_of(f"{sender} → {receiver}", [one.item for one in found])
    return Pair(sender, receiver, tuple(told.count(priority) for priority in PRIORITIES), row)


def as_object(pair: Pair) -> dict[str, object]:
    """A pair as JSON takes it."""
    row = as_json(pair.row)
    assert isinstance(row, dict), "a row is an object"
    figures = {name: value for name, value in row.items() if name not in ("name", "loads")}
    counts = dict(zip(PRIORITIES, pair.by_priority, strict=True))
    return {"sender": pair.sender, "receiver": pair.receiver, "messages": pair.row.loads, **counts, **figures}
