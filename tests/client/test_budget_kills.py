"""Books balance whatever is killed: after it, what budgets count is what the transcripts say, each response once.

TRIMTAB_KILLS says how many runs are killed (the usual few take some seconds each).
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.client import project
from tests.client.billing import Billing, weighted
from tests.client.model import Agent, bash, delegate, serve
from tests.client.runner import PLUGIN, Runner, is_running, variables

from trimtab.budget.terms import EVERYTHING, Budget, Level, Measure, Period, Span
from trimtab.budget.words import say
from trimtab.store.budgets import Author, BudgetStore

pytestmark = pytest.mark.client

KILLS = int(os.environ.get("TRIMTAB_KILLS", "4"))
LIMIT = 100_000_000


def work() -> Agent:
    for number in range(40):
        yield delegate("Count.") if number % 8 == 3 else bash(f"echo {number}; seq 1 50")
    yield "Done."


def count() -> Agent:
    for number in range(4):
        yield bash(f"seq {number} 40")
    yield "Counted."


def killed_run(runner: Runner, number: int, chance: random.Random) -> None:
    """One session, of which client, daemon or both are killed at a random moment."""
    with serve(Billing(work(), count)) as url:
        command = [str(runner.client), "-p", "Work.", "--model", "claude-opus-5-5", "--plugin-dir", str(PLUGIN)]
        command += ["--permission-mode", "bypassPermissions"]
        environment = variables(runner.home, url, **runner.more)
        nobody = subprocess.DEVNULL
        client = subprocess.Popen(
            command, cwd=runner.project, env=environment, stdin=nobody, stdout=nobody, stderr=nobody
        )
        time.sleep(chance.uniform(1.0, 8.0))
        what = chance.choice(["client", "daemon", "both"])
        daemon = runner.daemon()
        for process in [daemon] * (what != "client") + [client.pid] * (what != "daemon"):
            if process and is_running(process):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        try:
            client.wait(timeout=60)
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()


def recounted(home: Path) -> tuple[float, int]:
    """What the transcripts say, weighted, and of how many responses: of each the row with the most output."""
    found: dict[tuple[str, str], dict[str, object]] = {}
    for path in (home / ".claude" / "projects").rglob("*.jsonl"):
        for line in path.read_bytes().split(b"\n"):
            try:
                row = json.loads(line)
            except ValueError:
                continue
            message = row.get("message") or {}
            if row.get("type") != "assistant" or not message.get("usage") or message.get("model") == "<synthetic>":
                continue
            key = (message["id"], str(row.get("requestId")))
            if key not in found or message["usage"]["output_tokens"] >= found[key]["output_tokens"]:
                found[key] = message["usage"]
    return sum(weighted(used) for used in found.values()), len(found)


def told(runner: Runner) -> list[int]:
    """What is used of the one budget, by account, as `trimtab budget show` has it."""
    command = [sys.executable, "-I", "-X", "utf8", str(PLUGIN / "lib/trimtab/cli/__main__.py"), "budget", "show"]
    environment = {"HOME": str(runner.home), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [*command, "--json"], capture_output=True, env=environment, cwd=runner.project, timeout=60, check=True
    )
    (budget,) = json.loads(done.stdout)["budgets"]
    return [int(account["used"]) for account in budget["accounts"]]


def test_books_balance_after_kills(runner: Runner) -> None:
    """A killed process loses a response, counts one twice, or leaves money reserved for nobody."""
    project.fill(runner.project)
    folder = runner.home / ".claude-patterns"
    folder.mkdir()
    with BudgetStore.open(folder / "user.db") as store:
        once = Budget(0, Level.GLOBAL, EVERYTHING, Measure.BILLED, LIMIT, Period(Span.ONCE))
        store.add(once, Author("test", "cli", time.time()), say)
    chance = random.Random(7)
    for number in range(KILLS):
        killed_run(runner, number, chance)
    time.sleep(1.0)
    spent, responses = recounted(runner.home)
    assert responses
    (used,) = told(runner)
    assert used == pytest.approx(spent, abs=responses)  # each is rounded up to a whole token
    with BudgetStore.open(folder / "user.db") as store:
        assert store.check() == []
