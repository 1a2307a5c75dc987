"""What three background agents' reports cost who started them: as notices, as views, answered together.

    python -m bench.notices

Needs the real client (see tests/client); without it it says how to install it and does nothing. A scripted conversation
reads two files and a list, starts three agents, which finish one after the other, and answers what comes. Their reports
are three of tests/gold/messages. `reports` are the o200k_base tokens of the turns that have them, the client's frame
with them; `cost` is the main conversation's bill in tokens of uncached input (bench.bill). What a real model would
write on each answer, and make of a later one, is not in it: the script writes a sentence.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from tests.client import project
from tests.client.model import Agent, Body, ModelServer, bash, delegate, read, text_of
from tests.client.runner import PLUGIN, Session, find_client, fresh, how_to_install

from bench import bill
from trimtab import tokens
from trimtab.messages import deliveries

GOLD = PLUGIN / "tests" / "gold" / "messages"
REPORTS = ("08-explorer-pipeline.md", "25-explorer-store.md", "24-explorer-tests.md")
APART_S, ATTEMPTS = 5, 4
OTHER_PARTS = ("tools", "descriptions", "listings", "memory", "results")  # of trimtab-mods, here off
BOTH = (PLUGIN, PLUGIN / "trimtab-mods")
ARMS: tuple[tuple[str, tuple[Path, ...], bool], ...] = (
    ("the client as it is", (), False),
    ("trimtab", (PLUGIN,), False),
    ("and trimtab-mods", BOTH, False),
    ("and hold_notices", BOTH, True),
)


def main_agent(folder: Path) -> Agent:
    yield read(folder / "settle.py")
    yield read(folder / "refund.py")
    yield bash("ls -l")
    yield [call for name in "abc" for call in delegate(f"Look at part {name}.", "Explore", in_background=True)]
    yield "I wait for the three."
    for _ in REPORTS:
        yield "I have read it, and go on when the others are there."


def sub_agents() -> Callable[[], Agent]:
    numbers = count()

    def sub() -> Agent:
        number = next(numbers)
        yield bash(f"sleep {1 + APART_S * number}")
        yield (GOLD / REPORTS[number]).read_text("utf-8")

    return sub


def session(client: Path, plugins: Sequence[Path], holds: bool) -> Session:
    """One session; one in which the daemon was late on a busy machine is no measurement, and is made again."""
    for _ in range(ATTEMPTS):
        found = tried(client, plugins, holds)
        if not found.faults:
            break
    return found.check()


def tried(client: Path, plugins: Sequence[Path], holds: bool) -> Session:
    with fresh(client) as runner:
        project.fill(runner.project)
        (runner.project / ".claude-patterns").mkdir()
        (runner.project / ".claude-patterns" / "config.toml").write_text(f"hold_notices = {str(holds).lower()}\n")
        file = runner.home / ".claude" / "settings.json"
        file.parent.mkdir()
        file.write_text(json.dumps({"pluginConfigs": {"trimtab-mods": {"options": dict.fromkeys(OTHER_PARTS, False)}}}))
        script = ModelServer(main_agent(runner.project), sub_agents())
        return runner.run("How does it work?", script, plugins=plugins)


def turns_with_reports(body: Body) -> int:
    """The tokens of the request's turns that have a report."""
    found = 0
    for message in body["messages"]:
        text = text_of(message["content"]) if message["role"] != "assistant" else ""
        found += bill.count(text) if deliveries.NOTICE in text else 0
    return found


def main() -> int:
    client = find_client(os.environ)
    if client is None:
        print(f"skipped: {how_to_install(os.environ)}")
        return 0
    tokens.load()
    print("| arm | requests | reports | written | read | output | cost | less |\n|---|---|---|---|---|---|---|---|")
    plain = 0.0
    for name, plugins, holds in ARMS:
        bodies = session(client, plugins, holds).bodies()
        found = bill.of_conversation(bodies)
        plain = plain or found.cost
        row = (found.requests, turns_with_reports(bodies[-1]), found.written, found.read, found.output, found.cost)
        print(
            f"| {name} | {' | '.join(f'{figure:,.0f}' for figure in row)} | {1 - found.cost / plain:.0%} |", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
