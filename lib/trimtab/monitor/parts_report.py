"""Where the tokens of contexts went, by tool, file, kind, command and more, as plain lines of at most 80 columns."""

from trimtab.monitor.grouping import Grouped, Row
from trimtab.monitor.report import WIDTH, bar, dollars, fitted, short

NAME, BAR = 28, 9  # columns
MOST_ROWS = 30  # chosen: they fit a screen; --csv and --json have all
METHOD = (
    "Tokens are as billed: a result's are what the prompt grew by, shared out by estimated size where several came at"
    " once. Its cost is that of every request of this time that carried it, at the price of its class."
)


NONE = {
    "tool": "no results of tools",
    "file": "no files that were read or changed",
    "kind": "no results of tools",
    "command": "no commands",
}


def nothing(by: str, whose: str) -> str:
    """What to say of a time with usage where there is no row."""
    return f"There are {NONE.get(by, 'no contexts')} in the usage of {whose}."


def table(found: Grouped, by: str, most: int = MOST_ROWS) -> list[str]:
    """A row for each name, the dearest first: how much came in, how often it was sent, what that cost; then the sum.

    Before the sum are the costs of what has no name here.
    """
    rows = found.rows
    head = f"{by.capitalize():<{NAME}}{'came':>7}{'tokens':>9}{'sent':>8}{'cost':>10}{'share':>8}"
    text = [head, *(line(row, rows[0].share) for row in rows[:most])]
    if len(rows) > most:
        text.append(f"  and {len(rows) - most:,} more")
    return text + [line(row, 0.0) for row in (*found.rest, found.total)]


def line(row: Row, largest: float) -> str:
    cost = "no price" if row.usd is None else dollars(row.usd)
    share = "-" if row.usd is None and not row.share else f"{row.share:.1%}"
    figures = f"{row.parts:>7,}{short(row.tokens):>9}{times(row.times):>8}{cost:>10}{share:>8}"
    return f"{fitted(row.name, NAME - 1):<{NAME}}{figures} {bar(row.share, largest, BAR)}".rstrip()[:WIDTH]


def times(count: float) -> str:
    """How often a token was sent."""
    return f"{count:,.0f} x" if count >= 9.95 else f"{count:.1f} x"
