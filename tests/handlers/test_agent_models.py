"""PreToolUse of an agent: the model and effort of the table, where nobody has chosen."""

from pathlib import Path

import pytest
from tests.handlers.client import Client
from tests.handlers.test_budget_gate import budget, prompt, step
from tests.handlers.test_subagent import configure

ON = 'agent_models = "on"\n'
SMALL, LARGE = "Find where retries are counted.", "Find where retries are counted. " * 40


@pytest.fixture
def client(client: Client) -> Client:
    """In a session that has had a response, by opus."""
    client.called("Bash", {"command": "ls"})
    return client


def started(client: Client, kind: str = "Explore", task: str = SMALL, **more: object) -> dict[str, object]:
    """What of model and effort the client is told to use; {} where the call stays as it is."""
    given = {"description": "d", "prompt": task, "subagent_type": kind, **more}
    reply = client.send("PreToolUse", tool_name="Agent", tool_use_id="t1", tool_input=given, effort={"level": "medium"})
    if reply is None:
        return {}
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    changed = output["updatedInput"]
    assert "permissionDecision" not in output  # nothing that would be asked for is allowed by it
    assert {**changed, **given} == changed  # the rest is the call's
    return {key: value for key, value in changed.items() if key not in given}


def define(folder: Path, name: str, head: str) -> None:
    (folder / "agents").mkdir(parents=True, exist_ok=True)
    (folder / "agents" / f"{name}.md").write_text(f"---\nname: {name}\n{head}---\nmodel: opus\n", encoding="utf-8")


@pytest.mark.parametrize("text", ["", 'agent_models = "suggest"\n', f'{ON}mode = "monitoring_only"\n'])
def test_nothing_is_changed_unless_the_user_turns_it_on(client: Client, text: str) -> None:
    configure(client, text)
    assert started(client) == {}


def test_a_projects_file_turns_it_not_on_and_names_no_model(client: Client) -> None:
    """A clone of somebody's project runs the user's agents on the dearest model."""
    (client.project / ".claude-patterns").mkdir()
    ours = client.project / ".claude-patterns" / "config.toml"
    ours.write_text(ON)
    assert started(client) == {}
    configure(client, ON)
    ours.write_text('[groups.1]\nsmall = "fable max"\n')
    assert started(client) == {"model": "haiku", "effort": "low"}


def test_the_model_is_of_the_group_and_of_the_tasks_size(client: Client) -> None:
    configure(client, f'{ON}[groups]\nauditor = 4\n[groups.2]\nlarge = "sonnet"\n')
    define(client.project / ".claude", "auditor", "")
    assert started(client) == {"model": "haiku", "effort": "low"}
    assert started(client, task=LARGE) == {"model": "sonnet", "effort": "low"}
    assert started(client, "Plan") == {}
    assert started(client, "Plan", LARGE) == {"model": "sonnet"}
    assert started(client, "auditor") == {"model": "sonnet"}
    assert started(client, "auditor", LARGE) == {}
    assert started(client, "general-purpose") == {}  # for anything


def test_what_the_call_chooses_stays(client: Client) -> None:
    configure(client, ON)
    assert started(client, model="opus") == {"effort": "low"}
    assert started(client, effort="high") == {"model": "haiku"}
    assert started(client, model="opus", effort="high") == {}


def test_what_the_agents_own_file_chooses_stays(client: Client) -> None:
    """In client 2.1.328 a call's model goes before the file's: an agent made for opus would run on haiku."""
    configure(client, f"{ON}[groups]\nauditor = 1\nnobody = 1\n")
    define(client.project / ".claude", "auditor", "model: 'opus'\n")
    assert started(client, "auditor") == {"effort": "low"}
    define(client.project / ".claude", "auditor", "effort: high\n")
    assert started(client, "auditor") == {"model": "haiku"}
    define(client.home / ".claude", "auditor", 'model: "sonnet"\n')  # of two that may be meant
    assert started(client, "auditor") == {}
    define(client.project / ".claude", "Explore", "model: inherit\n")  # no choice
    assert started(client) == {"model": "haiku", "effort": "low"}
    assert started(client, "nobody") == {}  # its file is not found


def test_an_agent_of_a_plugin_is_looked_up_in_that_plugin(client: Client, tmp_path: Path) -> None:
    configure(client, ON + '[groups]\n"tools:scout" = 1\n')
    root = tmp_path / "cache" / "market" / "tools" / "1.0"
    define(root / "agents" / "review", "scout", "model: opus\n")
    assert started(client, "tools:scout") == {}
    plugins = client.home / ".claude" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "installed_plugins.json").write_text(f'{{"plugins": {{"tools@market": [{{"installPath": "{root}"}}]}}}}')
    assert started(client, "tools:scout") == {"effort": "low"}
    client.environment["ROOT"] = str(Path(__file__).parents[2])
    assert started(client, "trimtab-agents:context-scout") == {"model": "haiku"}  # its file says low


def test_the_users_variables_stay(client: Client) -> None:
    configure(client, ON)
    client.environment["CLAUDE_CODE_SUBAGENT_MODEL"] = "claude-sonnet-4-5"
    assert started(client) == {"effort": "low"}
    client.environment["CLAUDE_CODE_SUBAGENT_EFFORT"] = "high"
    assert started(client) == {}


def test_no_agent_gets_dearer(client: Client) -> None:
    """Whoever works with haiku pays for sonnet's subagents."""
    configure(client, f'{ON}[groups.1]\nsmall = "opus high"\n')
    assert started(client) == {}
    configure(client, f'{ON}[groups.1]\nsmall = "sonnet low"\n')
    assert started(client) == {"model": "sonnet", "effort": "low"}


def test_before_the_first_response_is_written_no_model_is_named(client: Client, tmp_path: Path) -> None:
    """A session with haiku begins with an agent, and gets it with sonnet."""
    configure(client, f'{ON}[groups.1]\nsmall = "sonnet low"\nlarge = "haiku max"\n')
    client.session, client.transcript = "s2", tmp_path / "s2.jsonl"
    client.prompt("Go.")
    assert started(client) == {"effort": "low"}
    assert started(client, task=LARGE) == {}  # max is more than the caller's medium


def test_a_tight_budget_goes_before_the_table(client: Client) -> None:
    """The table's model stands although the budget's is cheaper, or what the table says is lost beside a budget."""
    configure(client, f'{ON}budget_agent_model = "haiku"\n[groups.1]\nsmall = "sonnet low"\n')
    budget(client, "400k per session")
    prompt(client)
    assert started(client) == {"model": "sonnet", "effort": "low"}
    step(client)
    tight = 'alert_budget_share = 0.001\nbudget_agent_model = "haiku"\n'
    configure(client, f'{ON}{tight}[groups.1]\nsmall = "sonnet low"\n')
    assert started(client) == {"model": "haiku", "effort": "low"}
