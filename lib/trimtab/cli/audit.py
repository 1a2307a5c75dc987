"""`trimtab audit`: what a session's first request is made of, what that cost, and whether it was ever used."""

import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click

from trimtab import paths, prices
from trimtab.cli import book as books
from trimtab.cli import place as places
from trimtab.cli import screen
from trimtab.daemon import recording
from trimtab.errors import StoreError, TrimtabError
from trimtab.monitor.report import WIDTH
from trimtab.prompt import audit, report, texts
from trimtab.prompt.audit import Audit, Sent
from trimtab.prompt.parts import parts
from trimtab.usage import audits
from trimtab.usage.audits import History, Taken

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
@click.option(
    "--record/--no-record",
    default=None,
    help="Start the client to see what it would send now, or never; by default only where no session has it.",
)
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
    project: Path | None,
    weeks: float,
    record: bool | None,
    wants_all: bool,
    wants_json: bool,
    client: str,
    wait_s: float,
) -> None:
    """Show what a session's first request is made of, what it cost, and what was never used.

    From version 2.1.328 on the client writes down what a session sent first. This takes the newest one of PROJECT (by
    default here) apart, tool by tool, section by section. Without one, or with --record, your client is started once
    against a server on this machine that keeps the request in memory. No key is sent or kept. Names and figures
    go to .claude-patterns/audit.json, and of a text without a name its first five words.
    """  # fmt: skip
    place = places.find(project, Path.cwd(), os.environ)
    found = made(place, weeks, How(record, client, wait_s))
    if wants_json:
        print(json.dumps(audit.as_document(found), ensure_ascii=False, indent=2))
        return
    out = screen.console()
    home = str(paths.home_folder(os.environ))
    shown = report.Screen(wants_all, home, found.project, time.time(), max(60, min(out.width, WIDTH)))
    for line in report.report(found, shown):
        out.print(line, soft_wrap=True)


class How(NamedTuple):
    """Where a first request is to come from: a recording (True), none (False), or one where no session has its own."""

    record: bool | None
    client: str
    wait_s: float


def made(place: places.Place, weeks: float, how: How) -> Audit:
    """An audit of the newest first request that there is; it is kept, or stderr says why not."""
    now = time.time()
    folder, period = paths.project_folder(place.project, place.settings.data_directory), (now - weeks * WEEK_S, now)
    with books.opened() as store:
        history = audits.history(store, str(place.project), period, os.environ)
        taken = first_request(place.project, how, history, audits.kept(folder), now)
        found = audits.make(
            store, taken, history, place.project, period, os.environ, prices.Book(place.settings.prices)
        )
    try:
        audits.keep(found, paths.ensure_project_folder(place.project, place.settings.data_directory))
    except StoreError as exc:
        print(f"trimtab: {exc}", file=sys.stderr)
    return found


def first_request(project: Path, how: How, history: History, old: Audit | None, now: float) -> Taken:
    """What a session began with: of the newest session that has it written down, else recorded, else the kept one."""
    written = None if how.record else audits.newest(history)
    if written is not None:
        return written
    if how.record is False:
        if old is None:
            raise TrimtabError(
                f"no session of {str(project)!r} has its first request written down in that time (clients from"
                " 2.1.328 on do), and no audit is kept: leave out --no-record"
            )
        return audits.taken_of(old)
    told = recorded(project, how.client, how.wait_s)
    sent = Sent(now, told.client, str(told.body.get("model") or ""), told.is_terminal, "", None, 0)
    return audits.taken_apart(sent, told.body, history)


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
