"""The messages between agents as plain lines of at most 80 columns."""

from collections.abc import Sequence
from typing import NamedTuple

from trimtab import groups
from trimtab.monitor import pairs
from trimtab.monitor.pairs import PRIORITIES, Pair, Sent
from trimtab.monitor.report import WIDTH, number, padded, short
from trimtab.records import Tier

LEAST_NAME = 12  # columns, chosen: so much of a name is shown in any terminal
MOST_ROWS, MOST_TYPES = 20, 8  # chosen: there are at most 36 pairs of groups; --json has all
METHOD = (
    "Before is what the client would have sent, after what was shown, fetched what was read again of it. Added is what"
    " agents are told of their reports when they start. Net saved is before less after, fetched and added."
)


class Columns(NamedTuple):
    """How wide the name and the figures are."""

    name: int
    sent: int
    tokens: int
    net: int


def columns_for(width: int) -> Columns:
    """For a terminal of `width` columns: as in WIDTH, else with narrow figures and short names."""
    if width >= WIDTH:
        return Columns(WIDTH - 53, 7, 9, 10)
    return Columns(max(width - 44, LEAST_NAME), 5, 8, 7)


def nothing(whose: str) -> str:
    """What to say of a time without messages."""
    return f"No messages between agents are recorded for {whose}."


def tables(found: Sequence[Sent], own: groups.Members, width: int = WIDTH) -> list[list[str]]:
    """By pair of groups, then by pair of agents where that says more; the first line of each is its head."""
    by_group, by_type = pairs.pairs(found, pairs.by_group(own)), pairs.pairs(found, pairs.by_type)
    total = pairs.pair_of("all", "", found)
    text = [table([brief(pair, width) for pair in by_group], total, "Messages", MOST_ROWS, width)]
    if len(by_type) > len(by_group):
        text.append(table(by_type, None, "By agent", MOST_TYPES, width))
    return text


def brief(pair: Pair, width: int) -> Pair:
    """With the groups' names short: "1 Strategic", in a narrow terminal "1"."""
    words = 2 if width >= WIDTH else 1
    sender, receiver = (
        name if name == pairs.MAIN or not name[0].isdecimal() else " ".join(name.split()[:words]) for name in pair[:2]
    )
    return pair._replace(sender=sender, receiver=receiver)


def table(found: Sequence[Pair], total: Pair | None, title: str, most: int, width: int) -> list[str]:
    """A row for each pair, the most saved first, then the sum."""
    cells = columns_for(width)
    heads = "".join(f"{head:>{cells.tokens}}" for head in ("before", "after", "fetched", "added"))
    net = "net saved" if width >= WIDTH else "net"
    text = [f"{padded(title, cells.name)}{'sent':>{cells.sent}}{heads}{net:>{cells.net}}"]
    text += [line(pair, f"{pair.sender} → {pair.receiver}", cells) for pair in found[:most]]
    if len(found) > most:
        text.append(f"  and {len(found) - most:,} more")
    if total is not None and len(found) > 1:
        text.append(line(total, "all", cells))
    return text


def line(pair: Pair, name: str, cells: Columns) -> str:
    row = pair.row
    figures = (row.raw_tokens, row.shown_tokens, row.recovered_tokens, row.added_tokens)
    counted = f"{row.loads:>{cells.sent},}" + "".join(f"{short(figure):>{cells.tokens}}" for figure in figures)
    return f"{padded(name, cells.name)}{counted}{short(row.net_tokens):>{cells.net}}"


def remarks(found: Sequence[Sent]) -> list[str]:
    """How pressing they were, which views are not counted yet, and how it is counted; a paragraph each."""
    by_priority = pairs.pair_of("all", "", found).by_priority
    counts = ", ".join(f"{count:,} {name}" for name, count in zip(PRIORITIES, by_priority, strict=True) if count)
    loads = [one.item.load for one in found if one.item.load is not None]
    waiting = [load for load in loads if load.tier is not Tier.COMPLETE and load.honoured is None]
    text = [f"Priority: {counts}."] if counts else []
    if waiting:
        size = sum(load.raw_tokens - load.shown_tokens for load in waiting)
        text.append(
            f"{number(len(waiting), 'view')} ({short(size)} tokens) not yet seen in a transcript: not counted as saved."
        )
    counted = all(load.counted for load in loads)
    return [*text, f"{METHOD} Tokens are o200k_base, {'counted' if counted else 'in part estimated'}."]


def told(found: Sequence[Sent]) -> str:
    """All messages in a sentence, "" where there are none."""
    row = pairs.pair_of("all", "", found).row
    if not row.loads:
        return ""
    verb = "saved" if row.net_tokens >= 0 else "lost"
    return (
        f"{number(row.loads, 'message')} between agents: {short(row.raw_tokens)} tokens, {short(row.shown_tokens)}"
        f" shown, {short(abs(row.net_tokens))} {verb} net (trimtab report --by {pairs.BY})."
    )
