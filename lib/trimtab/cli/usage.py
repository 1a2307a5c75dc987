"""`trimtab usage`: the usage book, which is filled from the client's transcripts."""

import contextlib
import gc
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trimtab import paths

if TYPE_CHECKING:  # loaded when it is needed: a sync with nothing new takes 0.1 s, rich alone 60 ms
    from trimtab.records import Arrival, Request
    from trimtab.usage.sync import Progress, Synced

SHOWN_BAD = 10
FORMAT = 1


@click.group()
def command() -> None:
    """Keep the book of what all sessions used."""


@command.command("sync")
@click.option(
    "--folder",
    "folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Read the transcripts of this client's folder, not of yours; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sync_command(folders: tuple[Path, ...], as_json: bool) -> None:
    """Read what is new in the client's transcripts.

    Reads all projects' main and subagent files from where it left them, and counts each response once. Lines that can't
    be understood are named. The client's folder is CLAUDE_CONFIG_DIR, else ~/.claude and ~/.config/claude.
    """
    from trimtab.store.usage import UsageStore
    from trimtab.transcript.folders import client_folders
    from trimtab.usage.sync import sync

    gc.disable()  # nothing here is a cycle, and looking for one takes a tenth of the time
    environment = os.environ
    places = list(folders) or client_folders(environment, paths.home_folder(environment))
    paths.ensure_user_folder(environment)
    book = paths.usage_path(environment)
    with UsageStore.open(book) as store, bar(not as_json and sys.stderr.isatty()) as progress:
        done = sync(store, places, progress)
    if as_json:
        click.echo(json.dumps(as_object(done, book), ensure_ascii=False))
    else:
        click.echo("\n".join(sentences(done, places)))


@contextlib.contextmanager
def bar(is_shown: bool) -> "Iterator[Progress | None]":
    """A progress bar on stderr, which appears when there is something to wait for."""
    if not is_shown:
        yield None
        return
    with contextlib.ExitStack() as stack:
        shown: list[Progress] = []

        def progress(done_bytes: int, all_bytes: int) -> None:
            if not shown:
                shown.append(stack.enter_context(drawn()))
            shown[0](done_bytes, all_bytes)

        yield progress


@contextlib.contextmanager
def drawn() -> "Iterator[Progress]":
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("reading transcripts"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("")
        yield lambda done_bytes, all_bytes: shown.update(task, completed=done_bytes, total=all_bytes)


def as_object(done: "Synced", book: Path) -> dict[str, object]:
    from trimtab.transcript.lines import words

    return {
        "format": FORMAT,
        "files": done.files,
        "bytes": done.size_bytes,
        "responses": done.responses,
        "bad_lines": [{"path": words(path), "line": line, "why": words(why)} for path, line, why in done.bad],
        "unreadable": [{"path": words(path), "why": words(why)} for path, why in done.unreadable],
        "seconds": round(done.seconds, 3),
        "book": words(str(book)),
    }


def sentences(done: "Synced", places: list[Path]) -> Iterator[str]:
    """What a sync did, and what to do about what it could not read."""
    if done.files or done.size_bytes:
        megabytes = done.size_bytes / 1e6
        yield (
            f"{plural(done.files, 'file')} had something new: {plural(done.responses, 'new response')},"
            f" {megabytes:,.1f} MB read in {done.seconds:.1f} s."
        )
    elif done.unreadable or any(os.path.isdir(place) for place in places):
        yield "Nothing new."
    else:
        yield f"There are no transcripts: {' and '.join(map(str, places))} do not exist. Name the client's --folder."
    for path, why in done.unreadable[:SHOWN_BAD]:
        yield f"{printable(path)} can't be read: {printable(why)}"
    if len(done.unreadable) > SHOWN_BAD:
        yield f"and {len(done.unreadable) - SHOWN_BAD:,} more can't be read; --json names all of them"
    if done.bad:
        yield f"{plural(len(done.bad), 'line')} could not be understood; they count for nothing but where it says so:"
        for bad in done.bad[:SHOWN_BAD]:
            yield f"  {printable(bad.path)}:{bad.line}: {printable(bad.why)}"
        if len(done.bad) > SHOWN_BAD:
            yield f"  and {len(done.bad) - SHOWN_BAD:,} more; --json names all of them"
        yield (
            "A line that a crash cut off holds nothing that was billed twice: leave it. If there are many after an"
            " update of the client, its format has changed: please report it with one of these lines."
        )


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def printable(text: str) -> str:
    """`text` without control characters, which a terminal would obey."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def recorded() -> "tuple[list[Request], list[Arrival]]":
    """The usage book's requests, and what came into contexts."""
    from trimtab.cli import book
    from trimtab.usage.account import joined

    with book.opened() as store:
        return store.requests(), list(joined(store.arrivals()))


@command.command("calibration")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def calibration_command(as_json: bool) -> None:
    """Show how far estimated sizes are from what was billed.

    Only a request's whole prompt is billed, so a tool result's tokens are estimated from its text. Where one batch of
    results is all that came between two requests, the estimate can be compared with the bill.
    """
    from trimtab.cli import calibration

    calibration.show(*recorded(), as_json)
