"""A subagent's report in the real client: what goes over the wire to the agent that sent it."""

import re
from pathlib import Path

import pytest
from tests.client import project
from tests.client.model import Agent, ModelServer, Reply, answer, bash, delegate, read
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


class Nested:
    """An agent that asks an agent that asks one of its own, and reads what is folded of what that one reports."""

    def __init__(self) -> None:
        self.started = 0
        self.fetched: list[Reply] = []

    def play(self) -> Agent:
        yield bash("sleep 3")  # a new daemon is up by then, also on a busy machine
        yield delegate("Say why jobs were late.", "general-purpose")
        yield "I know why."

    def agent(self) -> Agent:
        self.started += 1
        return self.asking() if self.started == 1 else self.report()

    def asking(self) -> Agent:
        told = yield delegate("Look into the log.", "Explore")
        fold = tiers.FOLD.search(told.text)
        kept = re.search(r"whole output: (\S+)", told.text)
        assert fold
        assert kept
        self.fetched.append((yield read(kept[1], int(fold[1]), int(fold[2]))))
        yield "The database failed over."

    def report(self) -> Agent:
        yield REPORT


def test_messages_and_what_was_read_again_of_them_are_in_the_report(runner: Runner) -> None:
    """A nested agent's report counts as main's, a fetch of the kept report as a plain read, or the command asks."""
    work = Nested()
    project.fill(runner.project)
    runner.run("Why were jobs late?", ModelServer(work.play(), work.agent)).check()
    assert not work.fetched[0].is_error
    session = runner.run("/token-report by messages", ModelServer(answer("I was asked.")), arguments=["--continue"])
    assert session.check().requests == []
    told = "\n".join(session.notices())
    found = {
        line[:27].strip(): [int(figure.replace(",", "")) for figure in line[27:].split()]
        for line in told.splitlines()
        if " → " in line[:27]
    }
    contract = 60  # tokens of it at most
    for pair in ("main → 3 Execution", "3 Execution → 1 Strategic"):
        sent, before, after, fetched, added, net = found[pair]
        assert (sent, fetched, added, net) == (1, 0, 0, 0)
        assert before == after > 0
    sent, before, after, fetched, added, net = found["1 Strategic → 3 Execution"]
    assert sent == 1
    assert 2 * after < before
    assert fetched > 0
    assert 0 < added <= contract
    assert net == before - after - fetched - added
    assert found["3 Execution → main"][0] == 1
    assert found["3 Execution → main"][-1] == -found["3 Execution → main"][-2] < 0  # its contract, and nothing to save
