"""`trimtab alerts`: what the monitor found, of the project and of the user over all projects."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click
from rich.table import Table
from rich.text import Text

from trimtab import paths
from trimtab.cli import place as places
from trimtab.cli import screen
from trimtab.errors import StoreError, TrimtabError
from trimtab.monitor.alerts import CRITICAL, AlertRow, alert_rows
from trimtab.store import Store

OURS = "u"  # before the number of an alert that is of no single project


class Named(NamedTuple):
    """An alert with the name that --ack takes, and the ledger that has it."""

    name: str
    ledger: Path
    row: AlertRow


@click.command()
@click.option("--all", "wants_all", is_flag=True, help="Also those that are gone, or that you have marked as seen.")
@click.option("--ack", metavar="ID|all", help="Mark an alert as seen, or all.")
@click.option("--json", "wants_json", is_flag=True, help="Print a JSON list.")
@click.option(
    "--project", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Of this folder, not the current."
)
def command(wants_all: bool, ack: str | None, wants_json: bool, project: Path | None) -> None:
    """List what needs your attention, and mark it as seen.

    Shows the alerts of the project and (their ids begin with u) those of no single project: unusual rates, repeated
    calls, cost, parts of Trimtab that fail.
    """
    place = places.find(project, Path.cwd(), os.environ)
    found, faults = gather(place.ledger, os.environ)
    for fault in faults:
        print(f"trimtab: some alerts are missing: {fault}", file=sys.stderr)
    if ack is not None:
        click.echo(acknowledge(found, ack))
        return
    shown = found if wants_all else [each for each in found if each.row.state == "stands"]
    if wants_json:
        print(json.dumps([{**each.row._asdict(), "id": each.name} for each in shown], indent=2))
    else:
        draw(shown, len(found) - len(shown), str(place.project), time.time())


def gather(ledger: Path, environment: Mapping[str, str]) -> tuple[list[Named], list[str]]:
    """The alerts of both ledgers, what stands first, and why one of them can't be read.

    Raises StoreError where none of those that are there can be.
    """
    found: list[Named] = []
    faults: list[StoreError] = []
    now = time.time()
    both = {"": ledger, OURS: paths.user_folder(environment) / paths.USER_LEDGER}
    there = {prefix: path for prefix, path in both.items() if path.is_file()}
    for prefix, path in there.items():
        try:
            with Store.open(path, readonly=True) as store:
                found += [Named(f"{prefix}{row.id}", path, row) for row in alert_rows(store.alerts(), now)]
        except StoreError as exc:
            faults.append(exc)
    if there and len(faults) == len(there):
        raise StoreError("; ".join(map(str, faults))) from faults[0]
    order = {"stands": 0, "seen": 1, "gone": 2}
    return sorted(found, key=lambda each: (order[each.row.state], -each.row.triggered_at)), list(map(str, faults))


def acknowledge(found: Sequence[Named], which: str) -> str:
    """Marks the alert of that name, or all that stand; a sentence. Raises TrimtabError for one that is not there."""
    standing = [each for each in found if each.row.state == "stands"]
    wanted = standing if which == "all" else [each for each in found if each.name == which.lower()]
    if not wanted and which != "all":
        names = ", ".join(each.name for each in standing) or "none"
        raise TrimtabError(f"no alert {which!r}: those that stand are {names}; `trimtab alerts --all` lists every one.")
    for each in wanted:
        with Store.open(each.ledger) as store:
            store.acknowledge(each.row.id)
    return f"{screen.counted(len(wanted), 'alert')} marked as seen."


def draw(shown: Sequence[Named], hidden: int, scope: str, now: float) -> None:
    """The alerts for a terminal."""
    out = screen.console()
    out.print(Text.assemble(("Trimtab alerts", screen.HEADING), f"  {scope}"), overflow="fold")
    if not shown:
        out.print(Text("Nothing needs your attention.", style=screen.SAVED))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=screen.HEADING)
    for name in ("id", "level", "state", "since"):
        table.add_column(name, no_wrap=True)
    table.add_column("what", overflow="fold")
    for each in shown:
        row = each.row
        style = "bold red" if row.level == CRITICAL else screen.WARNING
        table.add_row(
            each.name,
            Text(row.level, style=style if row.state == "stands" else screen.QUIET),
            row.state,
            since(row.triggered_at, now),
            Text(screen.safe(row.message)),
        )
    if shown:
        out.print(table)
        out.print(Text("`trimtab alerts --ack ID` marks one as seen, `--ack all` all.", style=screen.QUIET))
    if hidden:
        out.print(Text(f"{hidden} more with --all", style=screen.QUIET))


def since(at: float, now: float) -> str:
    """The local time of the day, with the date where it is not today's."""
    local, today = datetime.fromtimestamp(at).astimezone(), datetime.fromtimestamp(now).astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
