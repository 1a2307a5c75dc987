"""`trimtab usage calibration`: how well the sizes of tool results are estimated, by what requests were billed."""

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trimtab.cli import screen
from trimtab.monitor import calibration
from trimtab.monitor.calibration import Row
from trimtab.monitor.report import short
from trimtab.records import Arrival, Request

FORMAT = 1
WIDE = 72  # columns that the table takes with its usual room
NOTHING = (
    f"No batch of tool results of {calibration.LEAST_TOKENS:,} tokens or more is recorded yet, so nothing can be "
    "compared with what was billed. Estimates are made with the shipped factors."
)
NOTE = (
    "A batch is all results between two requests; what it was billed is known from the growth of the prompt. Factors "
    "are billed tokens for one that the shipped weights estimate, learned from your own batches; few of them are drawn "
    "to the shipped factor. Errors are of batches that the factor was not learned from."
)


def show(requests: Iterable[Request], arrivals: Iterable[Arrival], wants_json: bool) -> None:
    """Print what estimates are off by, on the batches among these requests."""
    rows = calibration.table(calibration.batches(requests, arrivals))
    if wants_json:
        print(json.dumps(as_document(rows), indent=2))
    else:
        draw(screen.console(), rows)


def as_document(rows: Sequence[Row]) -> dict[str, object]:
    """The object that `--json` prints; `tool` "" is all of a family's."""
    return {"format": FORMAT, "calibration": [row._asdict() for row in rows]}


def draw(out: Console, rows: Sequence[Row]) -> None:
    """A row for each family of models, and one for each of its tools."""
    if not rows:
        out.print(Text(NOTHING))
        return
    is_wide = out.width >= WIDE
    table = Table(box=None, padding=(0, 2 if is_wide else 1, 0, 0), pad_edge=False, header_style=screen.HEADING)
    table.add_column("Models, tool", no_wrap=True, width=22 if is_wide else 16)
    for name in ("batches", "tokens", "factor", "shipped", "median", "p90"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        name = f"  {screen.safe(row.tool)}" if row.tool else f"{FAMILIES[row.family]}"
        table.add_row(
            Text(name, style="" if row.tool else screen.HEADING),
            screen.number(row.samples),
            short(row.tokens),
            f"{row.factor:.3f}",
            f"{row.shipped:.3f}",
            f"{row.median_error:.1%}",
            f"{row.p90_error:.1%}",
        )
    out.print(table)
    out.print()
    out.print(Text(NOTE, style=screen.QUIET))


FAMILIES = {"older": "Claude up to 4.6", "newer": "newer models"}
