"""The spending by day, project, session, model, agent or group as plain lines of at most 80 columns, and as CSV."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trimtab.monitor.report import WIDTH, bar, dollars, number, padded, printable, short
from trimtab.monitor.spend import Spent, UsdOf
from trimtab.records import Request

NAME, BAR = 21, 9  # columns
NARROW_NAME = 12  # columns at least; chosen: a day has 10
HEADERS = ("requests", "input", "write", "read", "output", "cost")
MOST_ROWS = 40  # chosen: a month by day, and what fits a screen or two; --csv and --json have all
FIELDS = (
    *("name", "requests", "sessions", "input_tokens", "write_5m_tokens", "write_1h_tokens", "read_tokens"),
    *("output_tokens", "usd", "unpriced_tokens"),
)


class Columns(NamedTuple):
    """How wide the name and the tokens of a class are, and the bar: 0 where there is no room for one."""

    name: int
    tokens: int
    bar: int


def columns_for(width: int) -> Columns:
    """For a terminal of `width` columns: as in WIDTH, else without bars, with short names at last."""
    if width >= WIDTH:
        return Columns(NAME, 8, BAR - 1)
    return Columns(min(NAME, max(width - 46, NARROW_NAME)), 7, 0)


def table(rows: Sequence[Spent], total: Spent, by: str, most: int = MOST_ROWS, width: int = WIDTH) -> list[str]:
    """A row for each name, then their sum. Of days the newest are shown, of everything else the dearest."""
    shown = rows[-most:] if by == "day" else rows[:most]
    largest, cells = max((row.usd or 0.0 for row in rows), default=0.0), columns_for(width)
    text = [head(by, cells)]
    if len(rows) > len(shown) and by == "day":
        text.append(f"  ({number(len(rows) - len(shown), 'day')} before)")
    text += [line(row, largest, by, cells) for row in shown]
    if len(rows) > len(shown) and by != "day":
        text.append(f"  and {len(rows) - len(shown):,} more")
    if len(rows) != 1:
        text.append(line(total._replace(name="all"), 0.0, "", cells))
    return text


def head(by: str, cells: Columns) -> str:
    requests, *classes, cost = HEADERS
    return f"{padded(by.capitalize(), cells.name)}{requests:>9}{tokens(classes, cells)}{cost:>9}"


def line(row: Spent, largest: float, by: str, cells: Columns) -> str:
    figures = map(short, (row.input_tokens, row.write_tokens, row.read_tokens, row.output_tokens))
    cost = "no price" if row.usd is None else dollars(row.usd)
    # Of a session the beginning is told, which --session takes.
    name = padded(row.name[: cells.name - 1] if by == "session" else row.name, cells.name)
    text = f"{name}{row.requests:>9,}{tokens(figures, cells)}{cost:>9}"
    return f"{text} {bar(row.usd or 0.0, largest, cells.bar)}".rstrip() if cells.bar else text


def tokens(texts: Iterable[str], cells: Columns) -> str:
    return "".join(f"{text:>{cells.tokens}}" for text in texts)


def trend(now: Spent, before: Spent | None, name: str) -> str:
    """How the period compares with the one of the same length before; "" where there is nothing to compare with."""
    if before is None or not before.usd or now.usd is None:
        return ""
    change = now.usd / before.usd - 1
    word = "more" if change > 0 else "less"
    return f"{name}: {dollars(now.usd)}, {abs(change):.0%} {word} than {dollars(before.usd)} in the same time before."


def unpriced(requests: Iterable[Request], usd_of: UsdOf) -> str:
    """What the cost of the requests leaves out; "" where every model has a price."""
    without = [request for request in requests if usd_of(request) is None]
    tokens = sum(sum(request[5:10]) for request in without)
    if not tokens:
        return ""
    names = ", ".join(sorted({printable(request.model) or "unknown" for request in without}))
    return (
        f"No price is known for {names}: {short(tokens)} tokens are not in the cost."
        " [[prices]] in config.toml sets one."
    )


def nearest(projects: Sequence[str]) -> list[str]:
    """Which projects there are where none was found; nothing where none is named."""
    return [f"Recorded nearby: {', '.join(map(printable, projects))}."] if projects else []
