"""SubagentStart: an agent hears once what its report should have; nobody else hears anything."""

import pytest
from tests.handlers.client import Client

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
