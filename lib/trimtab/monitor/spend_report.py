"""The spending by day, project, session, model or agent as plain lines of at most 80 columns, and as CSV."""

from collections.abc import Iterable, Sequence

from trimtab.monitor.report import WIDTH, bar, dollars, fitted, number, printable, short
from trimtab.monitor.spend import Spent, UsdOf
from trimtab.records import Request

NAME, BAR = 21, 9  # columns
HEADERS = ("requests", "input", "write", "read", "output", "cost")
MOST_ROWS = 40  # chosen: a month by day, and what fits a screen or two; --csv and --json have all
FIELDS = (
    *("name", "requests", "sessions", "input_tokens", "write_5m_tokens", "write_1h_tokens", "read_tokens"),
    *("output_tokens", "usd", "unpriced_tokens"),
)


def table(rows: Sequence[Spent], total: Spent, by: str, most: int = MOST_ROWS) -> list[str]:
    """A row for each name, then their sum. Of days the newest are shown, of everything else the dearest."""
    shown = rows[-most:] if by == "day" else rows[:most]
    largest = max((row.usd or 0.0 for row in rows), default=0.0)
    text = [head(by)]
    if len(rows) > len(shown) and by == "day":
        text.append(f"  ({number(len(rows) - len(shown), 'day')} before)")
    text += [line(row, largest, by) for row in shown]
    if len(rows) > len(shown) and by != "day":
        text.append(f"  and {len(rows) - len(shown):,} more")
    if len(rows) != 1:
        text.append(line(total._replace(name="all"), 0.0, ""))
    return text


def head(by: str) -> str:
    requests, fresh, write, read, output, cost = HEADERS
    return f"{by.capitalize():<{NAME}}{requests:>9}{fresh:>8}{write:>8}{read:>8}{output:>8}{cost:>9}"


def line(row: Spent, largest: float, by: str) -> str:
    figures = (row.input_tokens, row.write_tokens, row.read_tokens, row.output_tokens)
    cost = "no price" if row.usd is None else dollars(row.usd)
    cells = "".join(f"{short(figure):>8}" for figure in figures)
    # Of a session the beginning is told, which --session takes.
    name = fitted(row.name[: NAME - 1], NAME - 1) if by == "session" else fitted(row.name, NAME - 1)
    text = f"{name:<{NAME}}{row.requests:>9,}{cells}{cost:>9}"
    return f"{text} {bar(row.usd or 0.0, largest, BAR - 1)}".rstrip()[:WIDTH]


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
