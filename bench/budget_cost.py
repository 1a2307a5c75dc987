"""What budgets cost in time: the real client's turns without their hooks, with them and no budget, and with a budget.

    .venv/bin/python -m bench.budget_cost [--rounds 5] [--reads 40] [--json FILE]

Each session reads a small file so many times, one request each, answered at once by a scripted model; the arms take
turns, in an order that changes. A round's figures are the session's median time from one request to the next, and the
processor's time that the client and its hooks took, divided by the requests (the client's start is in it, in all arms).
Printed are the medians over rounds, and of the differences to the first arm the median and the range. On a machine that
others use neither says anything: the range shows it. Needs the pinned client (tests/client/runner.py). A real model
takes seconds for what takes none here.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.client.model import Agent, Body, ModelServer, read
from tests.client.runner import PLUGIN, Runner, find_client, fresh, how_to_install

from trimtab.budget.terms import EVERYTHING, Budget, Level, Measure, Period, Span
from trimtab.budget.words import say
from trimtab.store.budgets import Author, BudgetStore

WITHOUT, IDLE, HELD = "hooks of budgets taken out", "no budget set", "a budget set, far from its limit"
WARM = 5  # requests at the start that are left out
FAR = 1_000_000_000


class Timed(ModelServer):
    """Notes when each request came."""

    def __init__(self, main: Agent) -> None:
        super().__init__(main)
        self.came: list[float] = []

    def message(self, agent_id: str, body: Body) -> Body:
        self.came.append(time.perf_counter())
        return super().message(agent_id, body)

    def median_ms(self) -> float:
        return 1000 * statistics.median(later - sooner for sooner, later in pairwise(self.came[WARM:]))


def reads(file: Path, count: int) -> Agent:
    for _ in range(count):
        yield read(file)
    yield "Done."


def without_gates(folder: Path) -> Path:
    """A copy of the plugin whose hooks are those that are not for budgets alone."""
    names = subprocess.run(["git", "-C", str(PLUGIN), "ls-files"], capture_output=True, text=True, check=True).stdout
    for name in names.split("\n"):
        if name.startswith(("lib/", "hooks/", "bin/", ".claude-plugin/", "commands/", "requirements")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PLUGIN / name, folder / name)
    hooks = json.loads((folder / "hooks/hooks.json").read_text(encoding="utf-8"))
    for event, entries in hooks["hooks"].items():
        hooks["hooks"][event] = [entry for entry in entries if "hooks/gate" not in json.dumps(entry)]
    (folder / "hooks/hooks.json").write_text(json.dumps(hooks), encoding="utf-8")
    return folder


class Cost(NamedTuple):
    """Of a request, in milliseconds."""

    wall_ms: float
    processor_ms: float


def play(runner: Runner, plugin: Path, count: int) -> Cost:
    file = runner.project / "small.txt"
    file.write_text("a line\n" * 5, encoding="utf-8")
    server, before = Timed(reads(file, count)), spent_ms()
    runner.run("Read it.", server, plugins=[plugin]).check(faults=True)
    return Cost(server.median_ms(), (spent_ms() - before) / count)


def spent_ms() -> float:
    """The processor's time of all processes that were started here and have ended, with those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def told(found: Sequence[float], first: Sequence[float]) -> str:
    """A median, and of the differences to the first arm the median and the range."""
    more = [each - other for each, other in zip(found, first, strict=True)]
    compared = f" {statistics.median(more):+6.1f} ({min(more):+.1f} to {max(more):+.1f})" if found is not first else ""
    return f"{statistics.median(found):6.1f} ms{compared}"


def set_budget(runner: Runner) -> None:
    with BudgetStore.open(runner.home / ".claude-patterns" / "user.db") as store:
        budget = Budget(0, Level.GLOBAL, EVERYTHING, Measure.BILLED, FAR, Period(Span.ONCE))
        store.add(budget, Author("bench", "cli", time.time()), say)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reads", type=int, default=40)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    client = find_client(os.environ)
    if client is None:
        sys.exit(how_to_install(os.environ))
    figures: dict[str, list[Cost]] = {WITHOUT: [], IDLE: [], HELD: []}
    with tempfile.TemporaryDirectory() as copy, fresh(client) as bare, fresh(client) as idle, fresh(client) as held:
        arms = {WITHOUT: (bare, without_gates(Path(copy))), IDLE: (idle, PLUGIN), HELD: (held, PLUGIN)}
        for runner, plugin in arms.values():
            play(runner, plugin, WARM + 2)  # the daemon starts
        set_budget(held)
        for number in range(given.rounds):
            names = list(arms) if number % 2 else list(reversed(arms))
            for name in names:
                figures[name].append(play(*arms[name], given.reads))
    print(f"{given.rounds} rounds of {given.reads} reads, client of this machine: {platform.machine()},", end=" ")
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    for name, found in figures.items():
        print(name)
        for what, which in (("time", 0), ("processor", 1)):
            first = [each[which] for each in figures[WITHOUT]]
            print(f"  {what:<10}{told([each[which] for each in found] if name != WITHOUT else first, first)}")
    if given.json:
        given.json.write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
