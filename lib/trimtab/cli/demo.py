"""`trimtab demo [PATH]`: a short session over a folder through the real hooks, daemon and ledger, in a temporary home.

What a client would do is played (`player`, `script`): a prompt, a search, three whole reads, a read of what was folded.
Everything that is shown is what the hooks answered, what the ledger holds, and counts of it. Nothing of the user's is
written; the folder is only read.
"""

import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trimtab import environment as environments
from trimtab import paths, tiers, tokens
from trimtab.cli import faultlog, report, resident, screen, script, view
from trimtab.cli.player import Hooks, Player, Shown, variables
from trimtab.errors import SetupError, TrimtabError
from trimtab.monitor.periods import ALWAYS

ROOT = Path(__file__).resolve().parents[3]
SETTLED_S = 8.0  # how long to wait for exact counts; the tokenizer takes 0.6 s to load, an idle tick 1 s
GONE_S = 5.0  # the daemon looks every second whether its folder is still there
VIEWS = 2
BESIDE = 110  # columns from which before and after stand side by side
ROWS_BESIDE, ROWS_BEFORE, ROWS_AFTER = 22, 9, 16
FOLD_LINES = range(6, 81)  # of a fold that is worth reading again: up to a page


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False), default=ROOT, required=False)
def command(path: Path) -> None:
    """Play a short session over PATH (default: Trimtab's own code).

    The events of a session (a prompt, a search, three reads of whole files, one of lines that were folded) go through
    the real hooks, a real daemon and a ledger, all in a temporary home. Then come two files before and after, and the
    report. PATH is only read; no model takes part, nothing is sent anywhere.
    """
    started = time.monotonic()
    folder = path.resolve()
    out = screen.console()
    text = script.write(folder)
    with stage(os.environ) as set_up:
        out.print(screen.heading(f"Trimtab demo  {folder}"))
        out.print(
            Text("The real hooks, daemon and ledger, in a temporary home. No model takes part.", style=screen.QUIET)
        )
        out.print()
        reads = play(out, text, folder, set_up)
        found = settled(set_up.ledger)
        daemon = resident.look(set_up.daemon)
        if not found.loads:
            said = faults_of(set_up.daemon)
            raise TrimtabError(f"the daemon recorded nothing{said}: `trimtab doctor` says what its environment lacks.")
    views = [read for read in reads if read.is_view]
    for read in views[:VIEWS]:
        out.print()
        before_after(out, read, text.pattern, name_of(read, folder))
    if not views:
        out.print(Text("\nNo view was made: these files are too small for one to pay, or TRIMTAB_MODE only watches."))
    out.print()
    report.draw(out, report.summarise(found, time.time()), f"{folder}, this demonstration", folder)
    out.print(Text(measured(reads, daemon, time.monotonic() - started), style=screen.QUIET))


class Stage(NamedTuple):
    """The temporary places of a demonstration."""

    home: Path
    project: Path
    daemon: Path
    ledger: Path
    hooks: Hooks


@contextmanager
def stage(given: Mapping[str, str]) -> Iterator[Stage]:
    """A temporary home and project, gone afterwards, and with them the daemon that was started there."""
    folder = Path(tempfile.mkdtemp(prefix="trimtab-demo-"))
    home, project = folder / "home", folder / "project"
    daemon = paths.daemon_folder({"HOME": str(home)})
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that `finally` is reached
    try:
        home.mkdir()
        project.mkdir()
        known = variables(home, project, environment_folder(given), given)
        yield Stage(home, project, daemon, paths.ledger_path(project), Hooks(ROOT, known))
    finally:
        pid = int(resident.number(resident.read_status(daemon).get("pid")))
        shutil.rmtree(folder, ignore_errors=True)
        wait_gone(pid)
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, before)


def environment_folder(given: Mapping[str, str]) -> Path:
    """The environment that this command runs in, which has what the daemon needs."""
    if environments.interpreter(Path(sys.prefix)).exists():
        return Path(sys.prefix)
    found = environments.find(given)
    if found is None:
        raise SetupError("no Python environment is ready for the daemon: `trimtab setup` makes one.")
    return found


def wait_gone(pid: int) -> None:
    """Wait for the daemon to see that its folder is gone; end it if it does not."""
    ends = time.monotonic() + GONE_S
    while is_running(pid):
        if time.monotonic() > ends:
            with suppress(OSError):
                os.kill(pid, signal.SIGTERM)
            return
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether the process is there and no zombie, which it stays where nobody adopts it."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def play(out: Console, text: script.Script, folder: Path, set_up: Stage) -> list[Shown]:
    """Play the script, a line of output for each step. Raises TrimtabError where no daemon comes up."""
    tokens.load()
    player = Player(set_up.hooks, set_up.home, folder)
    player.start()
    if not resident.look(set_up.daemon).listens:
        said = faults_of(set_up.daemon)
        raise TrimtabError(f"the daemon did not start{said}: `trimtab doctor` says what its environment lacks.")
    step(out, "prompt", text.prompt)
    player.ask(text.prompt)
    if text.pattern:
        player.search(text.pattern, "\n".join(f"{hit.name}:{hit.number}:{hit.line}" for hit in text.hits))
        lines, files = len(text.hits), len({hit.name for hit in text.hits})
        step(out, "search", f"{text.pattern}: {screen.counted(lines, 'line')} in {screen.counted(files, 'file')}")
    reads = []
    for source in text.reads:
        reads.append(player.read(source.path, source.text))
        step(out, "read", source.name, reads[-1])
    hits = {s.path: [hit.number for hit in text.hits if hit.name == s.name] for s in text.reads}
    again = folded(reads, hits)
    if again is not None:
        read, offset, limit = again
        source = next(source for source in text.reads if source.path == read.path)
        reads.append(player.read(source.path, source.text, offset, limit))
        step(out, "read again", f"{source.name} lines {offset}-{offset + limit - 1}", reads[-1])
    player.end("That is how it works.")
    return reads


def faults_of(daemon: Path) -> str:
    """The newest fault of the demonstration's own log, in brackets."""
    found = faultlog.read(daemon, 0.0)
    return f" ({found[-1].fault})" if found else ""


def folded(reads: Sequence[Shown], hits: Mapping[Path, Sequence[int]]) -> tuple[Shown, int, int] | None:
    """The read to repeat, as the line of a fold names it: of a fold with a hit of the search, else of the largest;
    of a long one the beginning.
    `hits` are line numbers by file.
    """
    best: tuple[tuple[bool, int], tuple[Shown, int, int]] | None = None
    for read in reads:
        folds = [(int(fold[1]), int(fold[2])) for fold in tiers.FOLD_LINE.finditer(read.text)] if read.is_view else []
        for first, size in folds:
            has_hit = any(first <= number < first + size for number in hits.get(read.path, ()))
            lines = min(size, FOLD_LINES[-1])
            if lines in FOLD_LINES and (best is None or (has_hit, lines) > best[0]):
                best = (has_hit, lines), (read, first, lines)
    return best[1] if best else None


def step(out: Console, what: str, subject: str, read: Shown | None = None) -> None:
    """One line of the session; for a read also what came of it."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=12, style=screen.QUIET)
    table.add_column(overflow="fold", width=out.width - 14)
    table.add_row(f"  {what}", Text(screen.safe(subject)))
    if read is not None:
        raw, shown = view.counted(read.whole), view.counted(read.wire)
        if read.is_view:
            folds = sum(1 for _ in tiers.FOLD_LINE.finditer(read.text))
            said = Text.assemble(
                f"{screen.number(raw)} tokens, shown ",
                (screen.number(shown), screen.SAVED),
                f" ({screen.percent(shown, raw)}) with {screen.counted(folds, 'fold')}",
            )
        else:
            said = Text(f"{screen.number(raw)} tokens, shown whole" + (": a targeted read" if read.offset else ""))
        table.add_row("", Text.assemble(said, (f"  {read.elapsed_ms:.0f} ms", screen.QUIET)))
    out.print(table)


def settled(ledger: Path) -> report.Found:
    """The ledger's rows, once its loads are counted and looked up in the transcript, or after `SETTLED_S`."""
    ends = time.monotonic() + SETTLED_S
    while True:
        found = report.gather([ledger] if ledger.is_file() else [], None, ALWAYS)
        done = found.loads and all(load.counted for load in found.loads)
        done = done and all(load.honoured is not None for load in found.loads if load.folds)
        if done or time.monotonic() > ends:
            return found
        time.sleep(0.1)


def name_of(read: Shown, folder: Path) -> str:
    return read.path.relative_to(folder).as_posix()


def before_after(out: Console, read: Shown, pattern: str, name: str) -> None:
    """A file as the client would show it beside the view, both cut to the same place in the file."""
    beside = out.width >= BESIDE
    width = (out.width - 3) // 2 if beside else out.width
    after = read.text.split("\n")
    start = window(after, pattern, ROWS_BESIDE if beside else ROWS_AFTER)
    without = panel(
        f"without Trimtab: {screen.number(view.counted(read.whole))} tokens",
        read.whole.split("\n"),
        line_number(after, start) - 1,
        ROWS_BESIDE if beside else ROWS_BEFORE,
        width,
    )
    shown = panel(
        f"with Trimtab: {screen.number(view.counted(read.wire))} tokens",
        after,
        start,
        ROWS_BESIDE if beside else ROWS_AFTER,
        width,
    )
    out.print(Text(screen.safe(name), style=screen.HEADING))
    if beside:
        table = Table.grid(padding=(0, 3, 0, 0), pad_edge=False)
        table.add_column(width=width)
        table.add_column(width=width)
        table.add_row(without, shown)
        out.print(table)
    else:
        out.print(without)
        out.print(shown)


def line_number(lines: Sequence[str], start: int) -> int:
    """The number in the file of a view's line `start`, be it a line or a fold."""
    fold = tiers.FOLD_LINE.fullmatch(lines[start])
    number = fold[1] if fold else lines[start].partition("\t")[0]
    return int(number) if number.isdigit() else 1


def window(lines: Sequence[str], pattern: str, rows: int) -> int:
    """The index from which `rows` lines show most: what was asked about, and folds."""
    best, start = -1, 0
    for index in range(max(1, len(lines) - rows + 1)):
        part = lines[index : index + rows]
        folds = sum(1 for line in part if line.startswith("... "))
        asked = sum(1 for line in part if pattern and pattern in line)
        score = 3 * min(folds, 4) + 5 * min(asked, 1)
        if score > best:
            best, start = score, index
    return start


def panel(title: str, lines: Sequence[str], start: int, rows: int, width: int) -> Text:
    """`rows` of the lines from `start` on, each cut to `width`, under a title, and how many more there are."""
    out = Text.assemble((f"── {title} ".ljust(width, "─"), screen.QUIET))
    for line in lines[start : start + rows]:
        row = view.coloured(line)
        row.truncate(width, overflow="ellipsis")
        out = Text.assemble(out, "\n", row)
    rest = len(lines) - start - rows
    around = [f"{screen.counted(start, 'line')} before"] if start > 0 else []
    around += [f"{screen.counted(rest, 'line')} after"] if rest > 0 else []
    if around:
        out.append(f"\n      and {', '.join(around)}", style=screen.QUIET)
    return out


def measured(reads: Sequence[Shown], daemon: resident.Resident, elapsed_s: float) -> str:
    """What the demonstration itself took."""
    hook_ms = statistics.median(read.elapsed_ms for read in reads)
    memory = f"; the daemon held {screen.size(daemon.memory_bytes)}" if daemon.memory_bytes else ""
    return (
        f"A hook took {hook_ms:.0f} ms for a read (median of {len(reads)}, process start to exit){memory}. "
        f"The demonstration took {elapsed_s:.1f} s."
    )
