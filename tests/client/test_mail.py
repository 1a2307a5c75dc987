"""What agents write to each other in the real client, by every way that it has, is in the ledger with sizes."""

import re

import pytest
from tests.client import project
from tests.client.model import Agent, Call, ModelServer, bash, delegate
from tests.client.runner import Runner

from trimtab import tokens
from trimtab.store import Store

pytestmark = pytest.mark.client

TASK, MORE = "Say why jobs were late.", "Look at refunds too."
FOUND, REPORT = "The database failed over at 02:07.", "Jobs were late since the database was read-only."


def send(to: str, text: str) -> list[Call]:
    return [Call("SendMessage", {"to": to, "summary": "a word", "message": text})]


SEARCH = [Call("ToolSearch", {"query": "select:SendMessage"})]


def test_every_way_of_a_message_is_recorded_once_and_for_who_reads_it(runner: Runner) -> None:
    """A background agent's notice, or what is sent while it runs, is missing, twice, or in the sender's context."""
    agents: list[str] = []

    def main() -> Agent:
        yield bash("sleep 3")  # a new daemon is up by then, also on a busy machine
        launched = yield delegate(TASK, "Explore", in_background=True)
        agents.extend(re.findall(r"agentId: (\w+)", launched.text))
        yield SEARCH
        yield send(agents[0], MORE)
        yield bash("sleep 10")
        for _ in range(3):  # notices are answered
            yield "Heard."

    def sub() -> Agent:
        yield SEARCH
        yield send("main", FOUND)
        yield bash("sleep 4")
        yield REPORT

    project.fill(runner.project)
    runner.run("Why were jobs late?", ModelServer(main(), sub)).check()
    with Store.open(runner.project / ".claude-patterns" / "trimtab.db", readonly=True) as store:
        found = [load for load in store.loads() if load.message is not None]
        contracts = [one.agent for one in store.additions()]
    told = {(load.agent, load.kind, load.message and load.message[:2]): load.raw_tokens for load in found}
    assert len(found) == len(told) + 1  # two from the agent
    tokens.load()
    assert told[agents[0], "task", ("", "Explore")] == tokens.count(TASK)
    assert told[agents[0], "message", ("", "Explore")] == tokens.count(MORE)
    back = sorted(load.raw_tokens for load in found if load.agent == "" and load.kind == "report")
    assert back == sorted((tokens.count(FOUND) or 0, tokens.count(REPORT) or 0))
    assert contracts == agents
