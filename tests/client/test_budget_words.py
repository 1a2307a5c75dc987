"""`/token-budget` in the real client: the user's words arrive as they were typed, and no request reaches the model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.client import project
from tests.client.model import ModelServer, answer
from tests.client.runner import Runner, fresh

pytestmark = pytest.mark.client


@pytest.fixture(scope="module")
def begun(client: Path) -> Iterator[Runner]:
    """A home and a project with one session behind them: the plugin's environment and daemon are there."""
    with fresh(client) as runner:
        project.fill(runner.project)
        runner.run("Hello.", ModelServer(answer("Hello."))).check()
        yield runner


def test_a_budget_is_set_shown_raised_and_removed_without_a_request(begun: Runner) -> None:
    """The client takes a `$20`, or quotes, for its own placeholders, or sends an order to the model as a prompt."""
    told = []
    for typed in (
        "/token-budget $20 a day",
        "/trimtab:token-budget set 60k for each Explore agent, warn only",
        '/token-budget $15 for task "the big one"',
        "/token-budget raise 1 +$5",
        "/token-budget pause 2 for 2h",
        "/token-budget 20 per dya",
        "/token-budget",
        "/token-budget remove all",
        "/token-budget history",
    ):
        session = begun.run(typed, ModelServer(answer("I was asked.")), arguments=["--continue"]).check()
        assert session.requests == [], typed
        told.append("\n".join(session.notices()))
    assert "Budget 1 is set: $20 a day for this project." in told[0]
    assert "Budget 2 is set: 60k for each Explore agent in this project, warn only." in told[1]
    assert 'Budget 3 is set: $15 in all for task "the big one".' in told[2]
    assert "Budget 1 is raised from $20: $25 a day for this project." in told[3]
    assert "Budget 2 is paused for 2 hours" in told[4]
    assert "20 of what?" in told[5]
    assert "  1  $25 a day for this project" in told[6]
    assert "paused until" in told[6]
    assert max(map(len, told[6].splitlines())) <= 80
    assert "Budgets 1, 2 and 3 are removed." in told[7]
    assert told[8].count("/token-budget)") == 8
