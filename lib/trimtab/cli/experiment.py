"""`trimtab experiment`: does it pay? Begins and ends the controlled comparison, and shows what it says.

For reports: `told` gives both in sentences, `draw` writes a whole study, `guard_table` lists what the guard watches.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trimtab import paths
from trimtab.cli import place as places
from trimtab.cli import screen
from trimtab.errors import StoreError
from trimtab.handlers import recovery_guard, trial
from trimtab.monitor import experiment as arithmetic
from trimtab.monitor import guard as guards
from trimtab.monitor import report as plain
from trimtab.monitor.experiment import Contrast, Study
from trimtab.monitor.guard import GuardRow
from trimtab.records import Assignment, Experiment, Outcome
from trimtab.store import Store
from trimtab.store.experiments import MOST_SEED, ExperimentStore
from trimtab.store.usage import UsageStore

FORMAT = 1
MOST_NEW_SEED = 2**31  # short enough to be copied by hand
SHARE = 0.5  # the share that needs the fewest sessions
WORDS = {
    "session": "cost of a session",
    "prompt": "cost of a prompt",
    "requests": "requests",
    "prompts": "prompts",
    "work": "finished work",
}


@click.group()
def command() -> None:
    """Find out whether Trimtab pays, by chance and not by claim.

    While an experiment is on, a random share of your new sessions is shown everything whole; all else is recorded as
    ever. Nothing is told to the model.
    """


@command.command("on")
@click.argument("share", type=float, required=False)
@click.option("--seed", type=click.IntRange(0, MOST_SEED), help="Of the coin; any, if you give none.")
@click.option(
    "--by", "measure", type=click.Choice(arithmetic.MEASURES),
    help="What is compared: the cost of a session (if you say nothing), or of a prompt: a narrower question that takes"
    " fewer sessions.",
)  # fmt: skip
@click.option(
    "--care", type=click.FloatRange(0.01, 0.5),
    help=f"The smallest difference that matters to you; {arithmetic.CARE} if you say nothing.",
)  # fmt: skip
def on(share: float | None, seed: int | None, measure: str | None, care: float | None) -> None:
    """Begin one, or change its share.

    SHARE of your new sessions (0.05 to 0.95; 0.5, if you say nothing, takes the fewest sessions) is shown everything
    whole.
    """
    if share is not None and not arithmetic.SMALLEST_SHARE <= share <= arithmetic.LARGEST_SHARE:
        raise click.UsageError(
            f"SHARE is {share:g}: it takes {arithmetic.SMALLEST_SHARE:g} to {arithmetic.LARGEST_SHARE:g}, or single"
            " sessions would decide it"
        )
    with ExperimentStore.open(file_of()) as store:
        running = store.running()
        if running is not None:
            if (seed, measure, care) != (None, None, None):
                raise click.UsageError(
                    f"experiment {running.id} is on, and only its SHARE can be changed;"
                    " `trimtab experiment off` ends it"
                )
            if share is not None:
                store.set_share(running.id, share)
            part = arithmetic.share(running.share if share is None else share)
            screen.console().print(
                f"Experiment {running.id} is on: of the sessions to come {part} are shown everything whole."
            )
            return
        chosen = secrets.randbelow(MOST_NEW_SEED) if seed is None else seed
        share = SHARE if share is None else share
        begun = store.begin(chosen, share, measure or "session", care or arithmetic.CARE, time.time())
    part = arithmetic.share(share)
    screen.console().print(
        f"Experiment {begun.id} is on (seed {chosen}): {part} of your new sessions are shown everything whole."
        " It ends by itself when the answer is clear; `trimtab experiment show` says how far it is."
    )


@command.command("off")
def off() -> None:
    """End the one that is on.

    From then on all sessions are trimmed as ever.
    """
    with opened() as store:
        running = store.running()
        if running is None:
            raise StoreError("no experiment is on; `trimtab experiment show` shows the last one")
        collect(store, running, time.time())
        store.end(running.id, time.time(), "ended by hand")
    print(f"Experiment {running.id} is over; `trimtab experiment show` shows what it found.")


@command.command("show")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--number", type=int, help="This experiment, not the last one.")
def show(wants_json: bool, number: int | None) -> None:
    """Show what it says so far.

    Without one that is on: what the last one found.
    """
    with opened() as store:
        experiment = wanted(store.experiments(), number)
        now = time.time()
        collect(store, experiment, now)
        try:
            found = trial.settle(store, experiment, now)
        except StoreError as exc:
            print(f"trimtab: that it is over could not be written down: {exc}", file=sys.stderr)
            found = trial.study(store, experiment, now)
        assignments, outcomes = store.assignments(experiment.id), store.outcomes(experiment.id)
    if wants_json:
        sessions = [drawn(found.experiment, given, outcomes.get(given.session), now) for given in assignments]
        print(json.dumps({**as_document(found), "sessions": sessions}, ensure_ascii=False))
        return
    draw(screen.console(), found)


@command.command("guard")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option(
    "--project", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Of this folder, not the current."
)
def guard(wants_json: bool, project: Path | None) -> None:
    """List what is fetched too often to fold.

    By tool and kind: how often folded lines were fetched later, and from how often on the folding does not pay.
    """
    place = places.find(project, Path.cwd(), os.environ)
    with Store.open(place.ledger, readonly=True) as store:
        rows = recovery_guard.rows(store, place.settings, time.time())
    if wants_json:
        print(json.dumps({"format": FORMAT, "rows": [row._asdict() for row in rows]}, ensure_ascii=False))
        return
    out = screen.console()
    if not rows:
        out.print("Nothing was folded in the last four weeks.")
        return
    out.print(guard_table(rows))
    if not place.settings.recovery_guard:
        out.print(Text("The guard is off (recovery_guard = false): nothing follows from this.", style=screen.WARNING))


def file_of() -> Path:
    """The user's file of experiments, for its user alone as it names sessions and projects. Raises StoreError."""
    path = paths.ensure_user_folder(os.environ) / paths.EXPERIMENT
    with suppress(OSError):  # opening it says what is wrong
        path.touch(mode=0o600)
    return path


def opened() -> ExperimentStore:
    """The file of experiments, which must be there."""
    path = paths.user_folder(os.environ) / paths.EXPERIMENT
    if not path.is_file():
        raise StoreError("no experiment was begun yet; `trimtab experiment on` begins one")
    return ExperimentStore.open(path)


def collect(store: ExperimentStore, experiment: Experiment, now: float) -> None:
    """Works out what sessions did that are over; where the usage book can't be used, a line on stderr says why."""
    if not trial.pending(store, experiment, now):
        return
    try:
        paths.ensure_user_folder(os.environ)
        with UsageStore.open(paths.usage_path(os.environ)) as book:
            trial.collect(store, experiment, now, book, os.environ)
    except StoreError as exc:
        print(f"trimtab: not every session that is over is in these figures: {exc}", file=sys.stderr)


def wanted(experiments: Sequence[Experiment], number: int | None) -> Experiment:
    """The experiment with this number, the last one for None. Raises StoreError."""
    found = [experiment for experiment in experiments if number in (None, experiment.id)]
    if not found:
        which = "no experiment was begun yet; `trimtab experiment on` begins one"
        raise StoreError(which if number is None else f"there is no experiment {number}")
    return found[-1]


def sentence(environment: Mapping[str, str], now: float) -> str:
    """What the last experiment says, or why that can't be told; "" where there was none."""
    path = paths.user_folder(environment) / paths.EXPERIMENT
    if not path.is_file():
        return ""
    try:
        with ExperimentStore.open(path, readonly=True) as store:
            known = store.experiments()
            return arithmetic.line(trial.study(store, known[-1], now)) if known else ""
    except StoreError as exc:
        return str(exc)


def told(environment: Mapping[str, str], guarded: Iterable[Path], now: float) -> list[str]:
    """What belongs into a report: the experiment, and the kinds that are shown whole again by the `guarded` ledgers."""
    said = sentence(environment, now)
    kinds: set[tuple[str, str]] = set()
    for ledger in guarded:
        with Store.open(ledger, readonly=True) as store:
            kinds |= recovery_guard.paused(store)
    return [text for text in (f"{said[:1].upper()}{said[1:]}." if said else "", guards.line(kinds)) if text]


def draw(out: Console, found: Study) -> None:
    """The whole of a study, in at most 80 columns."""
    experiment = found.experiment
    began = time.strftime("%Y-%m-%d", time.localtime(experiment.started_at))
    state = f"on since {began}" if experiment.ended_at is None else f"over ({experiment.why})"
    out.print(screen.heading(f"Experiment {experiment.id}, {state}"))
    out.print(
        f"Seed {experiment.seed}, {arithmetic.share(experiment.share)} of new sessions shown everything whole;"
        f" {screen.counted(found.assigned, 'session')} so far."
    )
    out.print()
    out.print(arms_table(found))
    out.print()
    out.print(contrasts_table(found))
    out.print()
    sentence = arithmetic.conclusion(found)
    out.print(Text(sentence[0].upper() + sentence[1:] + ".", style=screen.HEADING))
    for note in notes(found):
        out.print(Text(note, style=screen.QUIET))


def arms_table(found: Study) -> Table:
    """The means of both arms, a session each."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=screen.HEADING)
    table.add_column("A session, on average", no_wrap=True)
    for name in ("sessions", "cost", "requests", "prompts", "edits", "tests"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, arm in (("with trimming", found.on), ("without", found.off)):
        cost = plain.dollars(arm.cost) if found.is_usd else f"{plain.short(arm.cost)} u"
        figures = (f"{figure:,.1f}" for figure in (arm.requests, arm.prompts, arm.edits, arm.tests))
        row = (cost, *figures) if arm.sessions else ("-",) * 5
        table.add_row(name, screen.number(arm.sessions), *row)
    return table


def contrasts_table(found: Study) -> Table:
    """What trimming changes, with the interval."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=screen.HEADING)
    table.add_column("With trimming", no_wrap=True)
    table.add_column("a typical session has", no_wrap=True)
    table.add_column("95 % sure, at every look", no_wrap=True)
    for contrast in found.contrasts:
        ratio, bounds = in_words(contrast)
        style = screen.HEADING if contrast.name == found.experiment.measure else ""
        table.add_row(Text(WORDS[contrast.name], style=style), ratio, bounds)
    return table


def in_words(contrast: Contrast) -> tuple[str, str]:
    if contrast.ratio is None or contrast.low is None or contrast.high is None:
        return "too few sessions", ""
    change = arithmetic.change
    return change(contrast.ratio), f"{change(contrast.low)} to {change(contrast.high)}"


def notes(found: Study) -> list[str]:
    """How far it is, what is left out, and how sure all of this is; a paragraph each."""
    care = found.experiment.care
    text = []
    if found.experiment.ended_at is None and found.verdict == arithmetic.OPEN:
        text.append(distance(found, care))
    if found.left_out:
        left = "; ".join(f"{why}: {count}" for why, count in found.left_out)
        text.append(f"Not compared: {left}.")
    if found.by_hand:
        text.append(f"Switched by hand on the way, and compared as the coin fell: {found.by_hand:,}.")
    if not found.is_usd and found.compared:
        text.append("u: prices of one uncached input token; the price of some model is not known.")
    text.append(
        "Compared are sessions in which there was something to fold, by their first 24 hours; the first"
        f" {arithmetic.TEACHING} only tell what to expect. Edits and passing test runs stand for finished work."
    )
    return text


def distance(found: Study, care: float) -> str:
    """How many more sessions it takes."""
    if found.to_go_least is None and found.to_go is None:
        least = arithmetic.LEAST + arithmetic.TEACHING
        of_arm = arithmetic.least_of_arm(found.experiment.share)
        return f"The first figures come with {max(least, 2 * of_arm)} compared sessions, {of_arm} in each arm."
    parts = [
        f"about {rounded(figure)} compared sessions ({in_days(figure, found.per_day)}) tell a difference {of}"
        for figure, of in ((found.to_go, "like this one"), (found.to_go_least, f"of {arithmetic.share(care)}"))
        if figure is not None
    ]
    return f"To go, four times in five: {'; '.join(parts)}."


def in_days(sessions: int, per_day: float) -> str:
    """How long so many sessions take at the pace so far."""
    days = max(1, round(sessions / per_day)) if per_day else 0
    return f"{rounded(days)} day{'' if days == 1 else 's'} at your pace" if days < 3_650 else "over ten years"


def rounded(figure: int) -> str:
    """To two digits, for an estimate: 33,051 is "33,000"."""
    return f"{round(figure, 2 - len(str(figure))):,}"


def guard_table(rows: Sequence[GuardRow]) -> Table:
    """One row for each kind; rates are fetches per 1,000 folded tokens."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=screen.HEADING)
    table.add_column("Folded, 4 weeks", no_wrap=True)
    for name in ("views", "tokens", "fetched", "per 1,000", "pays under"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for row in rows:
        table.add_row(
            Text(plain.fitted(f"{row.tool} {row.kind}", 18)),
            screen.number(row.views),
            plain.short(row.folded_tokens),
            screen.number(row.recoveries),
            f"{row.rate:.2f}",
            f"{row.break_even:.2f}",
            Text(row.state, style=screen.WARNING if row.state == guards.PAUSED else ""),
        )
    return table


def drawn(experiment: Experiment, given: Assignment, found: Outcome | None, now: float) -> dict[str, object]:
    """A session as `show --json` lists it, so that its coin can be worked out anew and compared."""
    return {
        "session": given.session,
        "coin": arithmetic.fraction(experiment.seed, given.session),
        "share": given.share,
        "is_off": given.is_off,
        "left_out": arithmetic.why_left_out(experiment, given, found, now),
    }


def as_document(found: Study) -> dict[str, object]:
    """The shape of `show --json`, which docs/commands.md describes."""
    return {
        "format": FORMAT,
        **found._asdict(),
        "experiment": found.experiment._asdict(),
        "left_out": dict(found.left_out),
        "on": found.on._asdict(),
        "off": found.off._asdict(),
        "contrasts": [contrast._asdict() for contrast in found.contrasts],
        "conclusion": arithmetic.conclusion(found),
    }
