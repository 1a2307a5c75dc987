"""What will likely not fit is told, or not started, before it begins; and nothing is guessed from too little past.

A response is 2,755 billed tokens, see test_budget_gate.
"""

import pytest
from tests.handlers.client import Client
from tests.handlers.test_budget_gate import EACH, Json, before_tool, begin, budget, output, prompt, step, subagent

from trimtab.budget import sentences
from trimtab.budget.terms import Measure
from trimtab.budget.words import amount
from trimtab.handlers import budget_needs

STEPS = 10  # of each task before: 27,550 billed tokens
FOUND = "this task will likely need"


@pytest.fixture
def client(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(budget_needs, "REST_S", 0.0)
    return client


def tasks(client: Client, count: int, steps: int = STEPS) -> None:
    """So many prompts before, each of so many responses; the last one is not known to be over."""
    for number in range(count):
        client.now += 60
        client.prompt(f"Task {number}.")
        for _ in range(steps):
            client.now += 5
            client.ran(f"make {client.calls}", "done")
    client.now += 60


def agents(client: Client, count: int, steps: int) -> None:
    """So many Explore agents before, each of so many responses, in a task that is over."""
    client.prompt("Look at it.")
    client.ran("true", "done")
    for number in range(count):
        begin(client, f"a{number}")
        for _ in range(steps):
            client.now += 1
            client.called("Read", {"file_path": "/a"}, subagent(client, f"a{number}"))
    client.now += 1
    client.prompt("And now?")
    client.ran("true", "done")
    client.now += 60


def learn(client: Client) -> None:
    """The session is known, and idle moments have come."""
    client.send("SessionStart", source="resume")
    for _ in range(6):
        client.desk.between()


def told(reply: Json | None) -> str:
    return str((reply or {}).get("systemMessage", ""))


def test_a_task_that_will_likely_not_fit_is_told_of_once(client: Client) -> None:
    """Tasks of 10 responses before: this one needs 27,550 tokens of the 20k that the budget has: 28k, to two digits."""
    tasks(client, 22)
    number = budget(client, "20k in all for this project")
    learn(client)
    reply = prompt(client, "Do more.")
    assert told(reply) == (
        "Trimtab: this task will likely need about 28k tokens; 20k are left of budget 1 (20k in all for"
        f" this project): it may stop in the middle. /token-budget raise {number} 28k gives it more"
    )
    assert "hookSpecificOutput" not in (reply or {})  # nothing to the model
    assert FOUND not in told(step(client))
    assert client.send("Stop") is None


@pytest.mark.parametrize(
    ("text", "count", "asked"),
    [
        ("60k in all for this project", 22, "Do more."),  # it fits
        ("20k in all for this project", 20, "Do more."),  # 19 tasks are over: too few
        ("20k in all for this project, warn only", 22, "Do more."),
        ("20k in all for the main conversation", 22, "Do more."),  # the task's agents would not count in it
        ("20k in all for this project", 22, "/review"),  # nobody knows how long its text is
    ],
)
def test_nothing_is_told_where_it_fits_or_is_not_known(client: Client, text: str, count: int, asked: str) -> None:
    tasks(client, count)
    budget(client, text)
    learn(client)
    assert FOUND not in told(prompt(client, asked))


def test_nothing_is_told_before_all_of_the_past_was_read(client: Client) -> None:
    tasks(client, 22)
    budget(client, "20k in all for this project")
    client.send("SessionStart", source="resume")
    assert FOUND not in told(prompt(client, "Do more."))


def test_nothing_is_learned_without_a_budget(client: Client) -> None:
    tasks(client, 22)
    learn(client)
    assert client.desk.needs.past().uses == []
    assert client.desk.needs.at_start(Measure.BILLED, client.session) is None


def elsewhere(client: Client, responses: int) -> None:
    """Another session of the project has so many responses."""
    own = client.session, client.transcript
    client.session, client.transcript = "s2", client.transcript.with_name("s2.jsonl")
    for _ in range(responses):
        client.called("Read", {"file_path": "/a"})
    client.send("SessionStart", source="startup")
    for _ in range(3):
        client.desk.between()
    client.session, client.transcript = own


def test_a_task_that_goes_on_is_told_of_when_it_shows(client: Client) -> None:
    """Tasks take 20 responses, 55,100 tokens, which fit into 60k. Meanwhile another session uses 30,305 of them.

    After 2 responses 49,590 are to come, and 60,000 - 30,305 - 5,510 = 24,185 are left.
    """
    tasks(client, 22, 20)
    budget(client, "60k in all for this project")
    learn(client)
    assert FOUND not in told(prompt(client, "Do more."))
    elsewhere(client, 11)
    lines = [told(step(client)) for _ in range(3)]
    assert FOUND not in lines[0] + lines[2]  # it is looked at after 2, 4, 8 of them
    assert "tokens more" in lines[1]
    assert "24k are left of budget 1 (60k in all for this project)" in lines[1]
    assert not any(FOUND in told(step(client)) for _ in range(5))


def test_commands_end_what_is_known_of_a_task(client: Client) -> None:
    """After /review nobody knows what is being done, so what the prompt before began is no measure of it."""
    tasks(client, 22)
    budget(client, "60k in all for this project")
    learn(client)
    prompt(client, "Do more.")
    assert client.desk.needs.at_start(Measure.BILLED, client.session) is not None
    prompt(client, "/review", 2)
    assert client.desk.needs.at_start(Measure.BILLED, client.session) is None
    assert not any(client.desk.needs.goes_on(client.session) for _ in range(5))


def refused(reply: Json | None) -> str:
    if reply is None:
        return ""
    found = output(reply)
    return str(found["permissionDecisionReason"]) if found.get("permissionDecision") == "deny" else ""


def test_an_agent_that_cannot_fit_is_not_started_and_keeps_nothing(client: Client) -> None:
    """Ten agents took 4 responses each, 11,020 tokens: of 10k less what is reserved none will do its work."""
    agents(client, 10, 4)
    budget(client, "10k in all for this project")
    learn(client)
    prompt(client)
    (before,) = client.desk.purse.accounts(None)
    reason = refused(before_tool(client, "Agent", subagent_type="Explore"))
    left = amount(before.budget.measure, before.left)
    assert reason == (
        "Not started: Explore agents have needed 11k or more nine times in ten, and the budget 10k in all for this"
        f" project has {left} left. {sentences.INSTEAD}"
    )
    (after,) = client.desk.purse.accounts(None)
    assert (after.used, after.reserved) == (before.used, before.reserved)
    assert 0 < before.reserved < 10_000 - EACH


def test_an_agent_is_bounded_by_its_own_budget(client: Client) -> None:
    """It would end by itself at 6k, and hand back what it has: that fits."""
    agents(client, 10, 4)
    budget(client, "10k in all for this project")
    budget(client, "6k per Explore agent")
    learn(client)
    prompt(client)
    assert refused(before_tool(client, "Agent", subagent_type="Explore")) == ""


def test_an_agent_starts_where_it_fits_or_too_few_are_known(client: Client) -> None:
    agents(client, 8, 4)
    budget(client, "10k in all for this project")
    learn(client)
    prompt(client)
    assert refused(before_tool(client, "Agent", subagent_type="Explore")) == ""


@pytest.mark.parametrize(("figure", "two"), [(0.4, 1), (7, 7), (99.6, 100), (1_234_567, 1_200_000), (150_500, 150_000)])
def test_a_forecast_has_two_digits(figure: float, two: int) -> None:
    assert sentences.rough(figure) == two
