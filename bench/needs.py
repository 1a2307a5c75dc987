"""How well what a task will need is told beforehand, on tasks that came later than all that it is learned from.

    python -m bench.needs [FOLDER] [--seed 1]

The recorded sessions of FOLDER are put into a usage book on the clock of `recordings`, one a day in the order of the
client's versions, and read back as the daemon reads them. They are two folds of whole repositories, told apart: each is
taken for one user, whose every task is told by the tasks before it (learned anew with each session). What subagents
used is not in the recordings, so of agents only the tokens of their last context are compared. No sessions: it says so.

Of each way: the pinball loss of 10, 50 and 90 % (the mean of the three, on natural logarithms), the change against the
first row in per cent with its 90 % interval (sessions drawn anew 400 times), the median error (as a factor), how often
the truth lies in the interval, which is meant to hold 80 %, and its width (as a factor).
"""

import json
import lzma
import math
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import scores, usage_book, ways
from bench.recordings import Recording, arguments, read
from bench.ways import Case, Way
from trimtab.budget import forecast
from trimtab.budget.forecast import Run, Step
from trimtab.budget.regression import Spread
from trimtab.budget.terms import Measure
from trimtab.prices import Book
from trimtab.store.usage import UsageStore
from trimtab.usage.needs import Needs, Task, past

DRAWN = 400
EVER = 4e9  # a time after all
LENGTHS = (10, 15, 20, 30, 40, 80, 200)
SESSIONS = 1_000  # whose reading is timed
LIMITS = (0.5, 0.75, 0.9)
AGENT_WAYS = ("all agents", "its own type only", "shipped")
FILE_TOOLS, AGENT_TOOLS = ("Read", "Edit", "MultiEdit", "Write"), ("Task", "Agent")


class Told(NamedTuple):
    """One forecast judged, on logarithms; `session` is drawn as a whole."""

    session: str
    loss: float
    error: float
    is_inside: bool
    width: float


def judged(session: str, spread: Spread, truth: float) -> Told:
    low, middle, high = spread.low(), spread.middle(), spread.high()
    parts = ((0.1, low), (0.5, middle), (0.9, high))
    loss = sum(max(share * (truth - told), (share - 1) * (truth - told)) for share, told in parts) / 3
    return Told(session, loss, abs(truth - middle), low <= truth <= high, high - low)


def by_session(cases: Sequence[Case]) -> Iterator[tuple[Sequence[Case], list[Case]]]:
    """Each session's cases with all that came before."""
    place = 0
    while place < len(cases):
        end = place
        while end < len(cases) and cases[end].session == cases[place].session:
            end += 1
        yield cases[:place], list(cases[place:end])
        place = end


def starts(cases: Sequence[Case], way: Way, newest: int | None = None, after: int = forecast.LEAST_PAST) -> list[Told]:
    """Every task told at its start, by the `newest` ones before its session, where there are `after` at least."""
    found = []
    for before, own in by_session(cases):
        if len(before) >= after:
            tell = way(before[-newest:] if newest else before)
            found += [judged(case.session, tell(case), math.log(case.past.need)) for case in own]
    return found


def running(cases: Sequence[Case], make: ways.StepWay) -> list[Told]:
    """What is still to come after 1, 2, 4... responses of every task that goes on."""
    found = []
    for before, own in by_session(cases):
        if len(before) >= forecast.LEAST_PAST:
            tell = make(before)
            for case in own:
                for step in case.past.steps:
                    truth = math.log(case.past.need - step.spent)
                    found.append(judged(case.session, tell(case, step), truth))
    return found


def show(title: str, rows: dict[str, list[list[Told]]]) -> None:
    """One line a way, both folds beside each other; the first row is what the others are compared with."""
    print(f"\n{title}")
    base = next(iter(rows.values()))
    counts = "".join(f"{f'fold {n + 1}: {len(fold)} told':^46}" for n, fold in enumerate(base))
    print(f"{'':<28}{counts}")
    print(f"{'':<28}" + "  loss      change %     error inside width  " * len(base))
    for name, folds in rows.items():
        cells = "".join(cell(fold, first) for fold, first in zip(folds, base, strict=True))
        print(f"{name:<28}{cells}")


def cell(told: Sequence[Told], base: Sequence[Told]) -> str:
    loss = statistics.mean(t.loss for t in told)
    low, middle, high = changed(told, base)
    error = math.exp(statistics.median(t.error for t in told))
    inside, width = statistics.mean(t.is_inside for t in told), math.exp(statistics.median(t.width for t in told))
    return f" {loss:>5.3f} {middle:>+4.0f} ({low:>+3.0f} to {high:>+3.0f}) {error:>7.2f} {inside:>6.0%} {width:>5.1f}  "


def changed(told: Sequence[Told], base: Sequence[Told]) -> tuple[float, float, float]:
    """The loss's change in per cent, with its interval; both have the same cases in the same order."""
    sums: dict[str, tuple[float, float]] = {}
    for one, other in zip(told, base, strict=True):
        own, first = sums.get(one.session, (0.0, 0.0))
        sums[one.session] = (own + one.loss, first + other.loss)
    pairs, chance, drawn = list(sums.values()), random.Random(1), []
    for _ in range(DRAWN):
        some = chance.choices(pairs, k=len(pairs))
        drawn.append(100 * (sum(own for own, _ in some) / sum(first for _, first in some) - 1))
    drawn.sort()
    whole = 100 * (sum(own for own, _ in pairs) / sum(first for _, first in pairs) - 1)
    return drawn[DRAWN // 20], whole, drawn[-DRAWN // 20]


def limits(cases: Sequence[Case]) -> None:
    """Whether the task would exceed a limit that half, three quarters, nine tenths of the past tasks keep."""
    for share in LIMITS:
        rows = []
        for before, own in by_session(cases):
            if len(before) < forecast.LEAST_PAST:
                continue
            needs = sorted(case.past.need for case in before[-forecast.MOST_PAST :])
            limit = math.log(needs[int(share * (len(needs) - 1))])
            tell = ways.shipped(before)
            rows += [(tell(case).share_over(limit), math.log(case.past.need) > limit) for case in own]
        warned = [is_over for chance, is_over in rows if chance > 0.5]
        over = sum(is_over for _, is_over in rows)
        brier = statistics.mean((chance - is_over) ** 2 for chance, is_over in rows)
        plain = statistics.mean((1 - share - is_over) ** 2 for _, is_over in rows)
        right, found = (sum(warned) / len(warned) if warned else 0.0), sum(warned) / over if over else 0.0
        print(
            f"  limit at {share:.0%} of the past: {over} of {len(rows)} exceed it; said of {len(warned)}, {right:.0%}"
        )
        print(
            f"    of them rightly, and of {found:.0%} of those that do; Brier {brier:.3f}, without a model {plain:.3f}"
        )


def folds_of(recordings: Sequence[Recording]) -> list[list[Recording]]:
    """Two, by the repositories' owners: the one with the most sessions first, each to the smaller fold."""
    owners: dict[str, list[Recording]] = {}
    for each in recordings:
        owners.setdefault(each.repo.partition("/")[0], []).append(each)
    folds: list[list[str]] = [[], []]
    for owner in sorted(owners, key=lambda name: (-len(owners[name]), name)):
        min(folds, key=lambda fold: sum(len(owners[name]) for name in fold)).append(owner)
    return [[each for each in recordings if each.repo.partition("/")[0] in fold] for fold in folds]


class Known(NamedTuple):
    """A fold as its usage book tells it; `named` are each task's files named before it, and agents started."""

    tasks: list[Task]
    sessions: list[Task]
    named: list[tuple[int, int]]


def known_of(recordings: list[Recording], folder: Path) -> Known:
    path = folder / "usage.db"
    usage_book.write(path, recordings)
    needs = Needs(Book())
    with UsageStore.open(path, readonly=True) as store:
        needs.refresh(store)
        arrivals = [arrival for arrival in store.arrivals() if arrival.what == "result"]
    path.unlink()
    tasks = needs.tasks(EVER)
    projects = {task.session: task.project for task in tasks}
    files: dict[str, set[str]] = {}
    agents: dict[str, int] = {}
    named, place = [], 0
    for task in tasks:
        while place < len(arrivals) and arrivals[place].at <= task.at:
            arrival = arrivals[place]
            if arrival.tool in FILE_TOOLS:
                files.setdefault(projects.get(arrival.session, ""), set()).add(arrival.target)
            elif arrival.tool in AGENT_TOOLS:
                agents[arrival.session] = agents.get(arrival.session, 0) + 1
            place += 1
        named.append((len(files.get(task.project, ())), agents.get(task.session, 0)))
    return Known(tasks, needs.sessions(EVER), named)


def cases_of(tasks: Sequence[Task], measure: Measure, named: Sequence[tuple[int, int]] = ()) -> list[Case]:
    """As the forecast sees them; in USD at the prices of one model."""
    told = past(tasks, measure, "claude-opus-4-6", EVER, Book())
    counts = named or [(0, 0)] * len(tasks)
    return [
        Case(task.session, task.project, task.model, *count, one)
        for task, one, count in zip(tasks, told, counts, strict=True)
    ]


def agent_way(before: Sequence[Run], agent_type: str, way: str) -> forecast.Forecast | None:
    if way == "shipped":
        return forecast.of_agent(before, agent_type)
    own = [run for run in before if run.agent_type == agent_type]
    some = own if way == AGENT_WAYS[1] and len(own) >= forecast.LEAST_RUNS else before
    return forecast.of_agent([run._replace(agent_type="") for run in some], "")


def agent_table(files: Iterable[Path], folds: Sequence[Sequence[Recording]]) -> None:
    """The tokens of each agent's last context, told by those of its type before it, or by all."""
    order = [{each.session: n for n, each in enumerate(fold)} for fold in folds]
    told: list[list[tuple[int, str, Run]]] = [[] for _ in folds]
    for path in files:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for session in map(json.loads, lines):
                for event in session["events"]:
                    if event["e"] == "tool" and event["name"] in AGENT_TOOLS:
                        size = event["resp"].get("totalTokens") if isinstance(event["resp"], dict) else None
                        kind = str(event["input"].get("subagent_type") or "")
                        for place, found in zip(order, told, strict=True):
                            if size and session["session"] in place:
                                run = Run(kind, float(size))
                                found.append((place[session["session"]], session["session"], run))
    rows: dict[str, list[list[Told]]] = {way: [[] for _ in folds] for way in AGENT_WAYS}
    for number, found in enumerate(told):
        found.sort(key=lambda row: row[0])
        for done, (_, name, run) in enumerate(found):
            before = [earlier for _, _, earlier in found[:done]]
            for way in AGENT_WAYS:
                known = agent_way(before, run.agent_type, way)
                if known is not None:
                    rows[way][number].append(judged(name, known.logs, math.log(run.need)))
    if all(all(folds) for folds in rows.values()):
        show("An agent, by its type: the tokens of its last context", rows)


def speed(recordings: Sequence[Recording], folder: Path) -> None:
    path = folder / "many.db"
    usage_book.write(path, usage_book.repeated(recordings, SESSIONS))
    needs, book = Needs(Book()), Book()
    with UsageStore.open(path, readonly=True) as store:
        took = [clocked(lambda: needs.refresh(store)), clocked(lambda: needs.refresh(store))]
    known = past(needs.tasks(EVER), Measure.BILLED, "claude-opus-4-6", EVER, book)
    learned, steps = forecast.learned(known), forecast.learned_steps(known)
    assert learned is not None
    assert steps is not None
    took += [clocked(lambda: forecast.learned(known)), clocked(lambda: forecast.learned_steps(known))]
    took += [clocked(lambda: forecast.at_start(learned, known[-1].start))]
    took += [clocked(lambda: forecast.under_way(steps, known[-1].start, Step(5, 60_000.0, 40_000)))]
    names = ("first reading", "reading with nothing new", "learning starts", "learning the rest", "a start", "the rest")
    print(
        f"\nTime with {SESSIONS:,} sessions in the book, of which the newest 300 are read ({len(known)} tasks), in ms"
    )
    print("  " + ", ".join(f"{name} {1000 * each:.1f}" for name, each in zip(names, took, strict=True)))


def clocked(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def tables(folds: list[list[Recording]], folder: Path) -> None:
    known = [known_of(fold, folder) for fold in folds]
    for measure in (Measure.BILLED, Measure.USD):
        cases = [cases_of(fold.tasks, measure, fold.named) for fold in known]
        chosen = ways.STARTS if measure is Measure.BILLED else {n: ways.STARTS[n] for n in ways.MAIN}
        rows = {name: [starts(fold, way) for fold in cases] for name, way in chosen.items()}
        show(f"A task at its start, {measure.value}", rows)
    cases = [cases_of(fold.tasks, Measure.BILLED) for fold in known]
    print("\nWill it exceed? Said where the chance is over one half")
    for number, fold in enumerate(cases):
        print(f" fold {number + 1}")
        limits(fold)
    print(f"\nBy how many past tasks it is learned from, each of the tasks that have {LENGTHS[-1] // 2} before them")
    for length in LENGTHS:
        rows = {
            f"all past tasks, {length}": [starts(fold, ways.all_past, length, LENGTHS[-1] // 2) for fold in cases],
            f"shipped, {length}": [starts(fold, ways.shipped, length, LENGTHS[-1] // 2) for fold in cases],
        }
        show(f"{length} past tasks", rows)
    show("A running task's rest", {name: [running(fold, way) for fold in cases] for name, way in ways.STEPS.items()})
    whole = [cases_of(fold.sessions, Measure.BILLED) for fold in known]
    rows = {name: [starts(fold, ways.STARTS[name]) for fold in whole] for name in ways.MAIN}
    show("A session at its start, billed", rows)
    show("A session's rest", {name: [running(fold, way) for fold in whole] for name, way in ways.STEPS.items()})


def main() -> None:
    given = arguments(__doc__)
    recordings = read(given.folder, given.seed)
    folds = folds_of(recordings)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for number, fold in enumerate(folds):
        repos = ", ".join(sorted({each.repo for each in fold}))
        print(f"fold {number + 1}: {len(fold)} sessions, {sum(each.requests for each in fold)} responses, of {repos}")
    with tempfile.TemporaryDirectory() as made:
        tables(folds, Path(made))
        agent_table(sorted(given.folder.glob("*.jsonl.xz")), folds)
        scores.tables(folds)
        speed(recordings, Path(made))


if __name__ == "__main__":
    main()
