"""`trimtab status`: what runs, what is recorded, which settings are in force."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from trimtab import __version__, paths, settings
from trimtab import environment as environments
from trimtab.cli import experiment, faultlog, resident, screen
from trimtab.cli import place as places
from trimtab.errors import StoreError
from trimtab.store import Store

SHOWN_FAULTS_H = 24


@click.command()
@click.option(
    "--project", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Of this folder, not the current."
)
def command(project: Path | None) -> None:
    """Say what runs and what is recorded.

    Shows the daemon, the Python environment, the project's ledger, the settings in force with where each came from,
    and how many faults the last 24 hours had. Starts nothing.
    """
    show(places.find(project, Path.cwd(), os.environ), os.environ, time.time())


def show(place: places.Place, environment: Mapping[str, str], now: float) -> None:
    out = screen.console()
    daemon_folder = paths.daemon_folder(environment)
    daemon = resident.look(daemon_folder)
    faults = faultlog.read(daemon_folder, now - SHOWN_FAULTS_H * screen.HOUR_S)
    bugs = Text(screen.counted(len(faults), "fault") + f" in the last {SHOWN_FAULTS_H} hours")
    if faults:
        bugs.append(": `trimtab doctor` says which and what to do").stylize(screen.WARNING)
    out.print(screen.heading(f"Trimtab {__version__}"))
    out.print(
        screen.pairs(
            [
                ("daemon", daemon_text(daemon, now)),
                ("environment", environment_text(environment)),
                ("faults", bugs),
                ("experiment", experiment.sentence(environment, now) or "none; `trimtab experiment on` begins one"),
            ]
        )
    )
    out.print()
    out.print(screen.heading(f"Project {place.project}"))
    out.print(screen.pairs([("ledger", ledger_text(place.ledger, now))]))
    out.print()
    out.print(screen.heading("Settings in force"))
    out.print(settings_table(place))
    for complaint in place.complaints:
        out.print(Text(f"  {complaint}", style=screen.WARNING))


def daemon_text(daemon: resident.Resident, now: float) -> str:
    """One sentence about the daemon."""
    if not daemon.listens:
        return "not running; the next session of the client starts it"
    parts = [f"pid {daemon.pid}", f"version {daemon.version or 'unknown'}"]
    if daemon.started:
        parts.append(f"for {screen.duration(now - daemon.started)}")
    if daemon.memory_bytes:
        parts.append(f"{screen.size(daemon.memory_bytes)} of memory")
    parts.append(daemon.fault or f"answers in {daemon.answer_ms:.0f} ms")
    return ", ".join(parts)


def environment_text(environment: Mapping[str, str]) -> str:
    """Where the environment is that hooks and commands use, and which Python it has."""
    found = environments.find(environment)
    version = ".".join(map(str, sys.version_info[:3]))
    if found is None:
        return f"none is ready (this command runs in {sys.prefix}, Python {version}); `trimtab setup` makes one"
    if found.resolve() == Path(sys.prefix).resolve():
        return f"{found}, Python {version}"
    return f"{found} (this command runs in {sys.prefix}, Python {version})"


def ledger_text(ledger: Path, now: float) -> str:
    """What the ledger holds, or what is wrong with it."""
    if not ledger.is_file():
        return f"none yet ({ledger}): it begins with the first session here with the plugin"
    size_bytes = sum(f.stat().st_size for f in ledger.parent.glob(ledger.name + "*") if f.name in names(ledger))
    try:
        with Store.open(ledger, readonly=True) as store:
            loads, sessions = store.loads(), store.sessions()
    except StoreError as exc:
        return str(exc)
    last = f", the last {screen.duration(now - loads[-1].at)} ago" if loads else ""
    held = f"{screen.counted(len(loads), 'load')} of {screen.counted(len(sessions), 'session')}{last}"
    return f"{held}; {screen.size(size_bytes)} in {ledger}"


def names(ledger: Path) -> tuple[str, ...]:
    """The files that a ledger consists of."""
    return tuple(ledger.name + end for end in ("", "-wal", "-shm"))


def settings_table(place: places.Place) -> Padding:
    """Every setting with its value and where that came from."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    values = place.settings._asdict()
    for setting in settings.TABLE:
        value = values[setting.name]
        source = place.sources[setting.name]
        chosen = "" if source == places.DEFAULT else screen.FOLDED
        plain = value.value if hasattr(value, "value") else settings.plain(value)
        table.add_row(
            Text(setting.name, style=screen.QUIET), Text(plain, style=chosen), Text(source, style=screen.QUIET)
        )
    return Padding(table, (0, 0, 0, 2))
