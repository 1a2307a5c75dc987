"""A subagent's report in the real client: what goes over the wire to the agent that sent it."""

from pathlib import Path

import pytest
from tests.client import project
from tests.client.model import Agent, ModelServer, Reply, delegate
from tests.client.runner import Runner

from trimtab import tiers

pytestmark = pytest.mark.client

GOLD = Path(__file__).parents[1] / "gold" / "messages"
REPORT = (GOLD / "27-log-analysis.md").read_text("utf-8")


class Work:
    """An agent that sends a subagent and waits for its report."""

    def __init__(self) -> None:
        self.told: list[Reply] = []

    def play(self) -> Agent:
        self.told.append((yield delegate("Say why jobs were late.")))
        yield "I know why."

    def report(self) -> Agent:
        yield REPORT


def test_a_foreground_report_arrives_with_its_claims_and_its_places(runner: Runner) -> None:
    work = Work()
    project.fill(runner.project)
    runner.run("Why were jobs late?", ModelServer(work.play(), work.report)).check()
    text = work.told[0].text
    assert tiers.FOLD.search(text)
    assert "The database failed over at 02:07:41" in text
    assert "worker/db.py:27" in text
    assert len(text) < 0.5 * len(REPORT)
    shown = [line.strip() for line in text.split("\n")]  # the client indents what a subagent wrote
    kept = Path(next(line for line in shown if tiers.KEPT_LINE.match(line)).removeprefix("... whole output: "))
    assert " ".join(kept.read_text("utf-8").split()) == " ".join(REPORT.split())
