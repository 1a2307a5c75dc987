"""Where the tokens of contexts went, by tool, file, kind, command and more, as plain lines of at most 80 columns."""

from trimtab.monitor.grouping import Grouped, Row
from trimtab.monitor.report import WIDTH, bar, dollars, padded, short

NAME, FIGURES, BAR = 28, 42, 9  # columns
LEAST_NAME = 12  # columns, chosen: so much of a name is shown in any terminal
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


def within(found: Grouped, folder: str | None) -> Grouped:
    """The rows with files of a folder named from there on."""
    if folder is None:
        return found
    inside = (f"{folder}/", f"{folder}\\")
    short_name = {row.name: row.name[len(folder) + 1 :] for row in found.rows if row.name.startswith(inside)}
    return found._replace(rows=tuple(row._replace(name=short_name.get(row.name, row.name)) for row in found.rows))


def table(found: Grouped, by: str, most: int = MOST_ROWS, width: int = WIDTH) -> list[str]:
    """A row for each name, the dearest first: how much came in, how often it was sent, what that cost; then the sum.

    Before the sum are the costs of what has no name here. In less than WIDTH columns the bars go, then names are short.
    """
    rows, name = found.rows, min(NAME, max(width - FIGURES, LEAST_NAME))
    head = f"{padded(by.capitalize(), name)}{'came':>7}{'tokens':>9}{'sent':>8}{'cost':>10}{'share':>8}"
    largest = rows[0].share if rows and width >= WIDTH else 0.0
    text = [head, *(line(row, largest, name) for row in rows[:most])]
    if len(rows) > most:
        text.append(f"  and {len(rows) - most:,} more")
    return text + [line(row, 0.0, name) for row in (*found.rest, found.total)]


def line(row: Row, largest: float, name: int) -> str:
    cost = "no price" if row.usd is None else dollars(row.usd)
    share = "-" if row.usd is None and not row.share else f"{row.share:.1%}"
    figures = f"{row.parts:>7,}{short(row.tokens):>9}{times(row.times):>8}{cost:>10}{share:>8}"
    return f"{padded(row.name, name)}{figures} {bar(row.share, largest, BAR)}".rstrip()


def times(count: float) -> str:
    """How often a token was sent."""
    return f"{count:,.0f} x" if count >= 9.95 else f"{count:.1f} x"
