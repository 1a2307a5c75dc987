"""What the commands share of writing to a terminal: the console, figures, bars, and a two-column list.

Colours only where the output is a terminal that wants them (NO_COLOR is rich's to honour); every colour repeats what a
word says.
"""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

FULL, EMPTY = "█", "░"
HEADING, SAVED, FOLDED, QUIET, WARNING = "bold", "green", "cyan", "dim", "yellow"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


class Screen(Console):
    """Leaves a pipe that nobody reads any more to `cli.main`; rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Writes to stdout; as wide as the terminal, 80 columns into a pipe."""
    return Screen(highlight=False, markup=False, emoji=False)


def number(value: float) -> str:
    return f"{value:,.0f}"


def percent(part: float, whole: float) -> str:
    """`part` of `whole`, "-" of nothing. A part that is not all is never called 100 %, nor one that is there 0 %."""
    if not whole:
        return "-"
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1 %"
    return "99 %" if 99 <= share < 100 else f"{share:.0f} %"


def size(size_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" or size_bytes >= 10 else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"


def duration(seconds: float) -> str:
    """In its two largest units' first: "5 s", "12 min", "3 h", "4 days"."""
    if seconds < 2 * MINUTE_S:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 2 * HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    if seconds < 2 * DAY_S:
        return f"{seconds / HOUR_S:.0f} h"
    return f"{seconds / DAY_S:.0f} days"


def counted(count: int, noun: str, plural: str = "") -> str:
    """ "1 load", "3 loads"."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def bar(part: float, whole: float, width: int, style: str = SAVED) -> Text:
    """A bar of `width` cells, of which `part` of `whole` is filled; at least one where there is something."""
    filled = round(width * min(1.0, max(0.0, part / whole))) if whole else 0
    if part > 0 and whole:
        filled = max(1, filled)
    return Text.assemble((FULL * filled, style), (EMPTY * (width - filled), QUIET))


def safe(text: str) -> str:
    """`text` without control characters, which a terminal would obey; they become `?`."""
    return "".join(sign if sign.isprintable() or sign == "\t" else "?" for sign in text)


def heading(text: str) -> Text:
    return Text(text, style=HEADING)


def pairs(rows: Iterable[tuple[str, RenderableType]]) -> Padding:
    """Names on the left, what they are on the right, indented by two."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style=QUIET)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return Padding(table, (0, 0, 0, 2))
