"""Measures Trimtab at the wire where work is delegated: what an agent of each group is shown, and what it costs.

    .venv/bin/python -m bench.delegating [--tasks N] [--background] [--files-only] [--config TOML] [--model MODEL]
        [--json FILE]

The arena's tasks (arena.py), played by crew.py's script in the real client: without Trimtab, with it, and with
`group_tiers = false`. The agents are those of trimtab-agents, in every arm. --background: agents run in the background;
--files-only: what is delegated names files and no places; --config: instead of the arm without group tiers one with
this text as the project's config.toml (may be given more than once). Per arm, in all and by who: edits that stand (a
reviewer's: hunks to judge); edits whose lines the first Read of their file showed, and hunks that the first diff did;
other places looked up, and of these shown at once; recoveries; and, as ratios to the run without Trimtab, requests,
loaded tokens and cost. A run in which the plugin had a fault (a machine under load gives no answer in time) is played
again, and a task that has one in each of TRIES runs is left out of all arms, which is said. Needs what arena.py needs.
Exit status 1 where an arm lost an edit.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.client.model import Body, ModelServer
from tests.client.runner import PLUGIN, Session, cache_folder, find_client, fresh, how_to_install

from bench.arena import RELEASES, check_out, standing
from bench.bill import Bill, of_conversation, total
from bench.changes import Task, task
from bench.crew import MAIN, MAKER, REVIEWER, SCOUT, Crew
from trimtab import tokens

AGENTS = PLUGIN / "trimtab-agents"
NONE, FULL = "none", "trimtab"
EVEN = "group_tiers = false"
CONFIG = ".claude-patterns/config.toml"
TRIES = 5
ALL = "all"
COLUMNS = ("edits", "first view", "look-ups", "recoveries", "requests", "loaded", "cost")


class Part(NamedTuple):
    """What one role did in one run or in several, and what its requests cost."""

    edits: int = 0
    right: int = 0
    in_first_view: int = 0
    spots: int = 0
    spots_in_view: int = 0
    recoveries: int = 0
    bill: Bill = Bill()

    def plus(self, other: "Part") -> "Part":
        return Part(
            self.edits + other.edits,
            self.right + other.right,
            self.in_first_view + other.in_first_view,
            self.spots + other.spots,
            self.spots_in_view + other.spots_in_view,
            self.recoveries + other.recoveries,
            total([self.bill, other.bill]),
        )


class Way(NamedTuple):
    """How the tasks are played."""

    in_background: bool
    names_places: bool
    model: str


Run = dict[str, Part]  # by role


def play(client: Path, one: Task, arm: str, way: Way) -> Run | None:
    """Plays one task; an arm that is not NONE or FULL is its config.toml. None where no run was without a fault.

    Raises AssertionError where the client did not end well.
    """
    for _ in range(TRIES):
        with fresh(client) as runner:
            check_out(one.tree, runner.project)
            if arm not in (NONE, FULL):
                (runner.project / CONFIG).parent.mkdir()
                (runner.project / CONFIG).write_text(arm, encoding="utf-8")
            crew = Crew(one, runner.project, way.in_background, way.names_places)
            script = ModelServer(crew.play(), crew.sub)
            plugins = (AGENTS,) if arm == NONE else (PLUGIN, AGENTS)
            session = runner.run(crew.task.prompt, script, plugins=plugins, model=way.model, timeout_s=600)
            session.check(faults=True)
            found = parts(crew, session)
        if not session.faults:
            for note in [note for work in crew.works.values() for note in work.score.notes][:3]:
                print(f"    {one_line(arm)}: {note[:200]}", file=sys.stderr)
            return found
    print(f"{one.name} is left out: {one_line(arm)}: {session.faults[0]}", file=sys.stderr)
    return None


def one_line(arm: str) -> str:
    return " ".join(arm.split())


def parts(crew: Crew, session: Session) -> Run:
    """By role; the agents' conversations are in the order in which they were started."""
    conversations: dict[str, list[Body]] = {}
    for kind, body in session.requests:
        conversations.setdefault("main" if kind == "aux" else kind, []).append(body)
    agents = [kind for kind in conversations if kind != "main"]
    kinds = dict(zip((MAIN, SCOUT, MAKER, REVIEWER), ("main", *agents), strict=True))
    found = {}
    for role, work in crew.works.items():
        score = work.score
        right = standing(work) if role in (MAIN, MAKER) else 0
        billed = of_conversation(conversations[kinds[role]])
        counted = (score.edits, right, score.in_first_view, score.spots, score.spots_in_view, score.recoveries)
        found[role] = Part(*counted, billed)
    return found


def whole(run: Run) -> Part:
    """The run's sum; a hunk that is judged is no edit of it."""
    found = Part()
    for role, part in run.items():
        found = found.plus(part if role != REVIEWER else part._replace(edits=0, in_first_view=0))
    return found


def summed(runs: Sequence[Run]) -> Run:
    found: Run = {}
    for run in runs:
        for role, part in {**run, ALL: whole(run)}.items():
            found[role] = found.get(role, Part()).plus(part)
    return found


def row(name: str, ours: Part, base: Part) -> str:
    """One line of the table: plain for what is counted, ratios for what is paid."""
    edits = f"{ours.right}/{ours.edits}" if ours.right else f"({ours.edits})" if ours.edits else "-"
    counted = (
        edits,
        f"{ours.in_first_view}/{ours.edits}" if ours.edits else "-",
        f"{ours.spots_in_view}/{ours.spots}" if ours.spots else "-",
        f"{ours.recoveries}",
    )
    mine, theirs = ours.bill, base.bill
    ratios = (mine.requests / theirs.requests, mine.loaded / theirs.loaded, mine.cost / theirs.cost)
    return f"| {name} | {' | '.join((*counted, *(f'{ratio:.3f}' for ratio in ratios)))} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=len(RELEASES), help="only the first N")
    parser.add_argument("--background", action="store_true")
    parser.add_argument("--files-only", action="store_true")
    parser.add_argument("--config", action="append", metavar="TOML")
    parser.add_argument("--model", default="claude-opus-5-5", help="what the client is told that it talks to")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    given = parser.parse_args()
    client = find_client(os.environ)
    if client is None:
        print(how_to_install(os.environ), file=sys.stderr)
        return 2
    tokens.load()
    way = Way(given.background, not given.files_only, given.model)
    runs: dict[str, list[Run]] = {arm: [] for arm in (NONE, FULL, *(given.config or [EVEN]))}
    for old, new in RELEASES[: given.tasks]:
        one = task(old, new, cache_folder(os.environ).parent / "arena")
        if one is None:
            print(f"{old} to {new}: its changes can't be made by edits", file=sys.stderr)
            continue
        found: dict[str, Run] = {}
        for arm in runs:
            run = play(client, one, arm, way)
            if run is None:
                break
            found[arm] = run
            print(f"{one.name}, {row(one_line(arm), whole(run), whole(found[NONE]))}", file=sys.stderr, flush=True)
        else:
            for arm, run in found.items():
                runs[arm].append(run)
    if not runs[NONE]:
        print("no task could be played")
        return 2
    sums = {arm: summed(played) for arm, played in runs.items()}
    print(f"| arm, who | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 1)}")
    for arm, roles in sums.items():
        for role in (ALL, MAIN, SCOUT, MAKER, REVIEWER):
            print(row(f"{one_line(arm)}, {role}", roles[role], sums[NONE][role]))
    if given.json:
        given.json.write_text(json.dumps(runs, indent=1))
    return int(any(roles[ALL].right < sums[NONE][ALL].right for roles in sums.values()))


if __name__ == "__main__":
    sys.exit(main())
