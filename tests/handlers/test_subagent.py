"""SubagentStart: an agent hears once what its report should have; nobody else hears anything."""

import re

import pytest
from tests.handlers.client import Client
from tests.handlers.test_budget_gate import budget, prompt

from trimtab import groups
from trimtab.store.experiments import ExperimentStore


def said(client: Client, agent: str = "a1", kind: str = "Explore") -> str:
    reply = client.send("SubagentStart", agent_id=agent, agent_type=kind)
    if reply is None:
        return ""
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    assert output["hookEventName"] == "SubagentStart"
    return str(output["additionalContext"])


def configure(client: Client, text: str) -> None:
    folder = client.home / ".claude-patterns"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(text, encoding="utf-8")


def test_an_agent_is_told_once_and_it_is_recorded(client: Client) -> None:
    """One that a message starts again pays twice, or the ledger leaves out what we added."""
    assert said(client) == groups.contract("Explore")
    assert said(client) == ""
    client.desk.close()
    client.desk = client.new_desk()
    assert said(client) == ""
    assert said(client, "a2", "Plan") == groups.contract("Plan")
    with client.ledger() as store:
        added = [(one.agent, one.event) for one in store.additions()]
        sizes = [one.tokens for one in store.additions()]
    assert added == [("a1", "SubagentStart"), ("a2", "SubagentStart")]
    assert all(20 < size <= 60 for size in sizes)


def test_an_agent_of_the_users_group_hears_that_groups_contract(client: Client) -> None:
    assert said(client, "a1", "auditor") == groups.contract("nobody")
    configure(client, "[groups]\nauditor = 4\n")
    assert said(client, "a2", "auditor") == groups.contract("gap-hunter")
    assert groups.GROUPS["4"].reply in groups.contract("gap-hunter")


def test_an_agent_hears_what_the_user_wants_of_its_group(client: Client) -> None:
    """What the user changes is not told, or is told to other groups."""
    configure(client, '[groups.4]\nreply = "yes or no, and why"\nwords = 50\n')
    assert said(client, "a1", "gap-hunter") == (
        "Unless told otherwise, report yes or no, and why. No recap, at most 50 words."
    )
    assert said(client, "a2", "Plan") == groups.contract("Plan")


@pytest.mark.parametrize("text", ["reply_contract = false", 'mode = "monitoring_only"'])
def test_nothing_is_said_where_the_user_says_so(client: Client, text: str) -> None:
    configure(client, text)
    assert said(client) == ""


def test_nothing_is_said_in_the_arm_of_an_experiment_that_is_shown_everything(client: Client) -> None:
    """Else the comparison is of folding alone, and the contract's part in it is not seen."""
    (client.home / ".claude-patterns").mkdir(parents=True)
    with ExperimentStore.open(client.home / ".claude-patterns" / "experiment.db") as store:
        store.begin(1, 1.0, "session", 0.05, client.now)
    assert said(client) == ""


def test_one_that_reports_to_nobody_hears_nothing(client: Client) -> None:
    assert said(client, "a1", "statusline-setup") == ""


@pytest.mark.parametrize(
    ("budget_text", "kind", "told"),
    [
        ("400k per session", "Explore", (r"(\d+)k", 40.0)),
        ("400k per session", "trimtab-agents:change-maker", (r"(\d+)k", 160.0)),
        ("$2 per day", "trimtab-agents:gap-hunter", (r"\$(\d\.\d\d)", 0.4)),
        ("400k per session", "nobody", None),
        ("400k per session, warn only", "Explore", None),
        ("400k for each Explore agent", "Explore", None),
    ],
)
def test_an_agent_is_told_its_groups_part_of_what_a_budget_has_left(
    client: Client, budget_text: str, kind: str, told: tuple[str, float] | None
) -> None:
    """A part of a budget that stops nothing, or of one that is the agent's own; a dollar that reads as tokens."""
    budget(client, budget_text)
    prompt(client)
    heard = said(client, "a1", kind)
    assert heard.startswith(groups.contract(kind))
    rest = heard.removeprefix(groups.contract(kind))
    if told is None:
        assert rest == ""
        return
    found = re.fullmatch(rf" Your budget: about {told[0]}\.", rest)
    assert found
    assert 0.85 * told[1] <= float(found[1]) <= told[1]  # less what is reserved for requests under way


def test_an_agent_is_told_the_part_that_the_user_gives_its_group(client: Client) -> None:
    configure(client, "[groups.4]\nbudget_share = 0.5\n")
    budget(client, "400k per session")
    prompt(client)
    found = re.search(r"Your budget: about (\d+)k\.$", said(client, "a1", "gap-hunter"))
    assert found
    assert 170 <= int(found[1]) <= 200  # half, less what is reserved for requests under way; by the table a fifth
