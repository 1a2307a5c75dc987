"""Agents in the real client run with the model and effort that the table names, where nobody has chosen."""

import pytest
from bench.agents import AGENTS
from tests.client.model import Agent, Call, ModelServer, bash
from tests.client.runner import PLUGIN, Runner

pytestmark = pytest.mark.client

OWN = "---\nname: {name}\ndescription: Looks at {name}.\ntools: Read\n{choice}---\nLook.\n"
CALLS: tuple[tuple[str, dict[str, object], tuple[str, str]], ...] = (
    ("Explore", {}, ("claude-haiku-5-5", "low")),
    ("Explore", {"model": "opus"}, ("claude-opus-5-5", "low")),
    ("Explore", {"effort": "high"}, ("claude-haiku-5-5", "high")),
    ("Plan", {}, ("claude-opus-5-5", "medium")),
    ("general-purpose", {}, ("claude-opus-5-5", "medium")),
    ("trimtab-agents:change-reviewer", {}, ("claude-sonnet-5-5", "medium")),
    ("free", {}, ("claude-haiku-5-5", "low")),
    ("choosy", {}, ("claude-sonnet-5-5", "low")),  # its file has a model
)


def prepare(runner: Runner, text: str) -> None:
    folder = runner.home / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text(f"{text}[groups]\nfree = 1\nchoosy = 1\n", encoding="utf-8")
    agents = runner.project / ".claude" / "agents"
    agents.mkdir(parents=True)
    for name, choice in (("free", ""), ("choosy", "model: sonnet\n")):
        (agents / f"{name}.md").write_text(OWN.format(name=name, choice=choice), encoding="utf-8")


def ran_with(runner: Runner) -> list[tuple[str, str]]:
    """The model and effort of each agent's first request."""

    def main() -> Agent:
        yield bash("ls")  # before the first response is in the transcript no model is named
        for kind, more, _ in CALLS:
            given = {"description": "look", "prompt": f"Look at {kind}.", "subagent_type": kind, **more}
            yield [Call("Agent", {**given, "run_in_background": False})]
        yield "Done."

    session = runner.run("Go.", ModelServer(main()), plugins=[PLUGIN, AGENTS]).check()
    return [(body["model"], body["output_config"]["effort"]) for body in session.bodies("sub")]


def test_agents_arrive_at_the_chosen_model_and_effort(runner: Runner) -> None:
    """The client ignores the hook's answer, or somebody's own choice is lost."""
    prepare(runner, 'agent_models = "on"\n')
    assert ran_with(runner) == [wanted for _, _, wanted in CALLS]


def test_suggest_changes_nothing(runner: Runner) -> None:
    prepare(runner, 'agent_models = "suggest"\n')
    found = ran_with(runner)
    assert found[0] == found[3] == found[5] == found[6] == ("claude-opus-5-5", "medium")
    assert found[7] == ("claude-sonnet-5-5", "medium")
