"""`trimtab report --by messages`: what agents wrote to each other, from the projects' ledgers."""

import json
from collections.abc import Mapping, Sequence

from rich.text import Text

from trimtab import groups
from trimtab.cli import screen, spend
from trimtab.cli.spend import Asked
from trimtab.monitor import pairs, pairs_report, summary
from trimtab.monitor.pairs import PRIORITIES, Pair, Sent
from trimtab.monitor.report import as_csv
from trimtab.monitor.summary import Row
from trimtab.prices import Book
from trimtab.records import Addition, Factor, Load, Recovery, Request

FIELDS = tuple(name for name in Row._fields if name not in ("name", "loads"))


def sent(
    loads: Sequence[Load],
    recoveries: Sequence[Recovery],
    requests: Sequence[Request],
    additions: Sequence[Addition],
    factors: Mapping[tuple[str, str], Factor],
    book: Book,
) -> list[Sent]:
    """The messages between agents among the loads; `factors` are by model and tool."""
    payers = summary.payers(requests, book.relative)
    return pairs.sent(loads, recoveries, additions, payers, lambda *names: factors[names], book.input_usd)


def show(asked: Asked, found: Sequence[Sent], own: groups.Members) -> None:
    """Print what was sent between agents; `own` are the user's groups."""
    by_group = pairs.pairs(found, pairs.by_group(own))
    if asked.form == "csv":
        print(as_csv(["sender", "receiver", "messages", *PRIORITIES, *FIELDS], map(cells, by_group)), end="")
    elif asked.form == "json":
        by_agent = pairs.pairs(found, pairs.by_type)
        total = pairs.as_object(pairs.pair_of("all", "all", found))
        told = {"rows": by_group, "by_agent": by_agent}
        objects = {name: [pairs.as_object(pair) for pair in rows] for name, rows in told.items()}
        print(json.dumps({**spend.head(asked), **objects, "total": total}, indent=2))
    else:
        draw(asked, found, own)


def draw(asked: Asked, found: Sequence[Sent], own: groups.Members) -> None:
    out = screen.console()
    if not found:
        out.print(Text(pairs_report.nothing(spend.title_of(asked))))
        return
    out.print(Text(f"{spend.title_of(asked)}; of sessions with Trimtab", style=screen.QUIET))
    for head, *lines in pairs_report.tables(found, own, out.width):
        out.print(Text(head, style=screen.HEADING))
        out.print(Text("\n".join([*lines, ""])))
    for text in pairs_report.remarks(found):
        out.print(Text(text, style=screen.QUIET))


def cells(pair: Pair) -> list[object]:
    """A pair as a row of the table that `--csv` prints."""
    figures = pair.row._asdict()
    return [pair.sender, pair.receiver, pair.row.loads, *pair.by_priority, *(figures[name] for name in FIELDS)]
