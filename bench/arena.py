"""Measures Trimtab at the wire: the real client, changes that people really made, a scripted model (see agent.py).

    .venv/bin/python bench/arena.py [--tasks N] [--model MODEL] [--json FILE]

Every task is played twice, without the plugin and with it; each time on a fresh copy. The table has, per task and in
all: edits that stand in the files at the end; places to edit that the first Read of their file showed; the same for
places looked up in other files; turns spent on getting at folded lines; and, as ratios to the run without the plugin,
requests, loaded tokens and cost. Needs git, the pinned client (see tests/client/runner.py) and, for the first run, a
package registry. Exit status 1 where the plugin lost an edit.
"""

# ruff: noqa: E402  (the imports need the folders on the path)

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "lib")]

from tests.client.model import ModelServer
from tests.client.runner import PLUGIN, cache_folder, find_client, fresh, how_to_install

from bench import bill
from bench.agent import Score, Work
from bench.changes import Task, apply, task
from trimtab import tokens

RELEASES = (  # chosen: permissive licences, bug-fix releases that change a few files of some hundred lines
    ("attrs==23.1.0", "attrs==23.2.0"),
    ("rich==13.6.0", "rich==13.7.0"),
    ("httpx==0.25.0", "httpx==0.25.2"),
    ("jinja2==3.1.3", "jinja2==3.1.4"),
    ("werkzeug==3.0.1", "werkzeug==3.0.2"),
    ("tornado==6.3.2", "tornado==6.3.3"),
    ("urllib3==2.0.6", "urllib3==2.0.7"),
    ("starlette==0.36.0", "starlette==0.36.3"),
)
ARMS: dict[str, tuple[Path, ...]] = {"none": (), "trimtab": (PLUGIN,)}


class Run(NamedTuple):
    """One task in one arm. `right` is how many of the wanted edits stand in the files."""

    score: Score
    right: int
    bill: bill.Bill
    wall_s: float


def check_out(tree: Path, target: Path) -> None:
    """A copy of `tree` with one commit behind it."""
    shutil.copytree(tree, target, symlinks=True, dirs_exist_ok=True)
    identity = ["-c", "user.name=arena", "-c", "user.email=arena@localhost", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A", "-f"], [*identity, "commit", "-qm", "Before the change"]):
        subprocess.run(["git", "-C", str(target), *command], check=True, capture_output=True)


def play(client: Path, one: Task, plugins: tuple[Path, ...], model: str) -> Run:
    """Plays one task; raises AssertionError where the client did not end well."""
    with fresh(client) as runner:
        check_out(one.tree, runner.project)
        work = Work(one, runner.project)
        script = ModelServer(work.play(), work.survey)
        session = runner.run(one.prompt, script, plugins=plugins, model=model, timeout_s=300).check(faults=True)
        work.score.notes += session.faults
        return Run(work.score, standing(work), bill.of_run(session.requests), session.wall_s)


def standing(work: Work) -> int:
    """How many edits stand. A file that is not exactly its old text with the accepted edits counts none."""
    right = 0
    for change in work.task.changes:
        made = tuple(work.score.made.get(change.path, []))
        texts = (work.root / change.path).read_text(encoding="utf-8"), apply(change.before, made)
        # the client strips blanks at the ends of lines that it writes
        if len({"\n".join(line.rstrip() for line in text.split("\n")) for text in texts}) == 1:
            right += len(made)
        else:
            work.score.notes.append(f"not what the edits make of it: {change.path}")
    return right


def row(name: str, runs: list[dict[str, Run]]) -> str:
    """One line of the table: the runs' sums, plain for what is counted, ratios for what is paid."""
    base, ours = ([run[arm] for run in runs] for arm in ARMS)
    scores = [run.score for run in ours]
    counted = (
        f"{sum(run.right for run in ours)}/{sum(run.score.edits for run in base)}",
        f"{sum(score.in_first_view for score in scores)}/{sum(score.edits for score in scores)}",
        f"{sum(score.spots_in_view for score in scores)}/{sum(score.spots for score in scores)}",
        f"{sum(score.recoveries for score in scores)}",
    )
    before, after = (bill.total(run.bill for run in arm) for arm in (base, ours))
    ratios = [after.requests / before.requests, after.loaded / before.loaded, after.cost / before.cost]
    return f"{name:<28}" + "".join(f"{cell:>11}" for cell in (*counted, *(f"{ratio:.3f}" for ratio in ratios)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=len(RELEASES), help="only the first N")
    parser.add_argument("--model", default="claude-opus-5-5", help="what the client is told that it talks to")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    options = parser.parse_args()
    client = find_client(os.environ)
    if client is None:
        print(how_to_install(os.environ), file=sys.stderr)
        return 2
    tokens.load()
    columns = ("edits", "first view", "look-ups", "recoveries", "requests", "loaded", "cost")
    print(f"{'task':<28}" + "".join(f"{column:>11}" for column in columns))
    runs: list[dict[str, Run]] = []
    for old, new in RELEASES[: options.tasks]:
        one = task(old, new, cache_folder(os.environ).parent / "arena")
        if one is None:
            print(f"{old} to {new}: its changes can't be made by edits", file=sys.stderr)
            continue
        runs.append({arm: play(client, one, plugins, options.model) for arm, plugins in ARMS.items()})
        print(row(one.name, runs[-1:]), flush=True)
        for note in runs[-1]["trimtab"].score.notes[:3]:
            print(f"    {note[:200]}")
    print(row("all", runs))
    for arm in ARMS:
        whole = bill.total(run[arm].bill for run in runs)
        print(f"{arm:>8}: {whole.requests} requests, {whole.loaded} tokens loaded, cost {whole.cost:.0f}")
    if options.json:
        figures = [{arm: {**run.bill._asdict(), "right": run.right} for arm, run in one.items()} for one in runs]
        options.json.write_text(json.dumps(figures, indent=1))
    return int(any(run["trimtab"].right < run["none"].right for run in runs))


if __name__ == "__main__":
    sys.exit(main())
