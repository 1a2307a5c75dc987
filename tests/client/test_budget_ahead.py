"""What the past says of a task and of an agent, in the real client: the user is told, the model is not, none starts."""

import time

import pytest
from tests.client.billing import Billing
from tests.client.model import Agent, answer, delegate
from tests.client.runner import Runner
from tests.client.test_budgets import limit
from tests.usage.written import Home, Line, named, usage, user
from tests.usage.written import answer as answered

pytestmark = pytest.mark.client

TASKS, RUNS, STEPS = 22, 10, 10
STEP = usage(0, 24_000, 0, 0)  # 30,000 tokens by price: a task, and an agent, takes 300,000
IDLE_S = 5.0  # of a daemon that has nothing else to do: a tick a second


def write_past(runner: Runner) -> None:
    """A session of so many tasks, in the first of which so many agents ran, and both are long over."""
    home = Home(runner.home, runner.home / ".claude")
    home.book = runner.home / ".claude-patterns" / "usage.db"
    home.book.parent.mkdir(exist_ok=True)
    lines: list[Line] = []
    for task in range(TASKS):
        lines.append(user(task * 60, "Do the next one."))
        lines += [answered(task * 60 + step + 1, named(task * 100 + step), STEP) for step in range(STEPS)]
    home.write("s1", *lines)
    for agent in range(RUNS):
        run = [answered(5 + step, named(10_000 + agent * 100 + step), STEP) for step in range(STEPS)]
        of = {"attributionAgent": "Explore", "isSidechain": True, "agentId": f"a{agent}"}
        home.write(f"s1/a{agent}", *(line | of for line in run))
    home.sync()


def test_what_will_not_fit_is_told_to_the_user_and_not_started(runner: Runner) -> None:
    """The user is not told, or the model is; an agent starts that can't be done, or nobody is told why it does not."""
    told: list[str] = []

    def work() -> Agent:
        reply = yield delegate("Look at everything.", "Explore")
        told.append(reply.text)
        yield "Done."

    write_past(runner)
    limit(runner, "250k in all for this project")
    first = runner.run("Say something.", Billing(answer("Something."))).check()
    assert not any("will likely need" in notice for notice in first.notices())  # nothing was learned yet
    time.sleep(IDLE_S)
    session = runner.run("Look at everything.", Billing(work())).check()
    (line,) = [notice for notice in session.notices() if "will likely need" in notice]
    assert "tokens" in line
    assert "left of budget 1 (250k in all for this project)" in line
    assert "/token-budget raise 1" in line
    assert session.bodies("sub") == []
    assert "Explore agents have needed 300k or more" in told[0]
    assert "will likely need" not in str([body["messages"] for body in session.bodies("main")])
