"""`trimtab audit`: what a session's first request is made of, what that cost, and whether it was ever used."""

import json
import os
import sys
import time
from pathlib import Path

import click

from trimtab import paths, prices
from trimtab.cli import book as books
from trimtab.cli import place as places
from trimtab.cli import screen
from trimtab.daemon import recording
from trimtab.errors import TrimtabError
from trimtab.monitor.report import WIDTH
from trimtab.prompt import audit, report, texts
from trimtab.prompt.audit import Audit
from trimtab.prompt.parts import parts
from trimtab.usage import audits

WEEKS = 4  # chosen: what was needed once in a month is mostly still needed
LONG_S = 30.0  # the client gives an MCP server 30 s to connect (2.1.328)
WEEK_S = 7 * 86_400.0
BEFORE = (
    "Starting your client once to see what it sends: MCP servers and SessionStart hooks of this project run as in a"
    " session, nothing is asked of any model, and no key leaves this machine. About {seconds:.0f} seconds ..."
)


@click.command()
@click.argument("project", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--weeks", type=click.FloatRange(0.1, 520), default=WEEKS, show_default=True, help="Cost and use of so many weeks."
)
@click.option("--record/--no-record", default=True, help="Record a first request, or take the newest kept one.")
@click.option("--all", "wants_all", is_flag=True, help="Give every part a row, however small.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--client", default="", metavar="FILE", help="The client's executable; by default `claude` on the PATH.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 600),
    default=recording.WAIT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long MCP servers get to start.",
)
def command(
    project: Path | None, weeks: float, record: bool, wants_all: bool, wants_json: bool, client: str, wait_s: float
) -> None:
    """Show what a session's first request is made of, what it cost, and what was never used.

    Your client is started once against a server on this machine that keeps the request in memory: what a session in
    PROJECT (by default here) sends before you have said anything, tool by tool, section by section. No key is sent or
    kept, no text is written down; names and figures go to .claude-patterns/audit.json. Cost and use are of the
    project's own sessions.
    """  # fmt: skip
    place = places.find(project, Path.cwd(), os.environ)
    found = made(place, weeks, (client, wait_s) if record else None)
    if wants_json:
        print(json.dumps(audit.as_document(found), ensure_ascii=False, indent=2))
        return
    out = screen.console()
    home = str(paths.home_folder(os.environ))
    shown = report.Screen(wants_all, home, found.project, time.time(), max(60, min(out.width, WIDTH)))
    for line in report.report(found, shown):
        out.print(line, soft_wrap=True)


def made(place: places.Place, weeks: float, how: tuple[str, float] | None) -> Audit:
    """An audit of a new recording, made with this client and wait, or (None) of the kept one; it is kept."""
    folder = paths.project_folder(place.project, place.settings.data_directory)
    old = audits.kept(folder)
    if how is None and old is None:
        raise TrimtabError(f"no audit of {str(place.project)!r} is kept: leave out --no-record")
    now, book = time.time(), prices.Book(place.settings.prices)
    told = recorded(place.project, *how) if how is not None else None
    with books.opened() as store:
        factor_of = audits.factors(store, str(place.project))
        if told is not None:
            found = audits.taken_apart(told.body, now, told.client, told.is_terminal, factor_of)
        else:
            assert old is not None
            found = audits.recorded_of(old)
        made = audits.make(store, found, place.project, (now - weeks * WEEK_S, now), os.environ, book, factor_of)
    audits.keep(made, paths.ensure_project_folder(place.project, place.settings.data_directory))
    return made


def recorded(project: Path, client: str, wait_s: float) -> recording.Recording:
    """A new recording, after saying what it does; again with more time where MCP servers were still starting."""
    client_place = recording.place_of(project, os.environ, client)
    print(f"trimtab: {BEFORE.format(seconds=wait_s + 6)}", file=sys.stderr)
    found = recording.record(client_place, wait_s)
    late = [part.name for part in parts(found.body, len) if part.kind == texts.CONNECTING]
    if not late or wait_s >= LONG_S:
        return found
    words = (
        f"{', '.join(late)} {'was' if len(late) == 1 else 'were'} still starting: once more, with {LONG_S:.0f} seconds"
    )
    print(f"trimtab: {screen.safe(words)} ...", file=sys.stderr)
    return recording.record(client_place, LONG_S)
