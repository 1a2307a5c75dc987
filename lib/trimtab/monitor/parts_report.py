"""Where the tokens of contexts went, by tool, file, kind, command and more, as plain lines of at most 80 columns."""

import csv
import io
from collections.abc import Sequence

from trimtab.monitor.grouping import Row
from trimtab.monitor.report import WIDTH, bar, dollars, fitted, short

NAME, BAR = 28, 9  # columns
MOST_ROWS = 30  # chosen: they fit a screen; --csv and --json have all
METHOD = (
    "Tokens are as billed: a result's are what the prompt grew by, shared out by estimated size where several came at"
    " once. Its cost is that of every request that carried it, at the price of its class. Sessions are taken whole."
)


def table(rows: Sequence[Row], by: str, most: int = MOST_ROWS) -> list[str]:
    """A row for each name, the dearest first: how much came in, how often it was sent, what that cost."""
    head = f"{by.capitalize():<{NAME}}{'came':>7}{'tokens':>9}{'sent':>8}{'cost':>10}{'share':>8}"
    text = [head, *(line(row, rows[0].share) for row in rows[:most])]
    if len(rows) > most:
        text.append(f"  and {len(rows) - most:,} more")
    return text


def line(row: Row, largest: float) -> str:
    cost = "no price" if row.usd is None else dollars(row.usd)
    figures = f"{row.parts:>7,}{short(row.tokens):>9}{times(row.times):>8}{cost:>10}{row.share:>8.1%}"
    return f"{fitted(row.name, NAME - 1):<{NAME}}{figures} {bar(row.share, largest, BAR)}".rstrip()[:WIDTH]


def times(count: float) -> str:
    """How often a token was sent."""
    return f"{count:,.0f} x" if count >= 9.95 else f"{count:.1f} x"


def as_csv(rows: Sequence[Row], by: str) -> str:
    """All rows with a header; a cost that is not known is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([by, *Row._fields[1:]])
    for row in rows:
        writer.writerow(["" if value is None else value for value in row])
    return out.getvalue()
