"""The second layer in the real client: the plugin trimtab-mods, whose hook module asks the daemon."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from tests.client import project
from tests.client.model import Agent, Body, Call, ModelServer, answer, bash, cached_parts, delegate, read
from tests.client.runner import PLUGIN, Runner

from trimtab import tokens

MODS = PLUGIN / "trimtab-mods"
BOTH = (PLUGIN, MODS)
FAILING = "for i in $(seq 300); do echo \"step $i of 300 done\"; done; echo 'ERROR at rates.py:3: RATE is 0'; exit 3"


def in_front(body: Body) -> list[Body]:
    """The tools whose schemas the model sees."""
    return [tool for tool in body["tools"] if not tool.get("defer_loading")]


def names(body: Body) -> set[str]:
    return {tool["name"] for tool in body["tools"]}


def said(body: Body) -> str:
    """All text of the messages."""
    return json.dumps(body["messages"], ensure_ascii=False).replace("\\n", "\n")


def size(body: Body) -> int:
    """The o200k tokens of what the model sees of a request."""
    tokens.load()
    return sum(tokens.count(part.decode()) or 0 for part in cached_parts({**body, "tools": in_front(body)}))


def first(runner: Runner, plugins: tuple[Path, ...], prompt: str = "Say hello.", more: Sequence[str] = ()) -> Body:
    """The first request of a session with these plugins."""
    run = runner.run(prompt, ModelServer(answer("Hello.")), plugins=plugins, arguments=more)
    return run.check(faults=True).bodies()[0]


def prefix(bodies: list[Body]) -> None:
    """Each request begins with the whole one before it, but for schemas that ToolSearch appended."""
    seen = [cached_parts({**body, "tools": in_front(body)}) for body in bodies]
    for before, after in pairwise(seen):
        assert after[: len(before)] == before


@pytest.fixture
def filled(runner: Runner) -> Runner:
    """A project to work in, and a daemon that is ready: the layer does nothing where it isn't in time."""
    project.fill(runner.project)
    first(runner, (PLUGIN,))
    return runner


def test_first_request_is_nearly_halved_and_nothing_becomes_unreachable(filled: Runner) -> None:
    """A step that stopped taking effect, a schema that was cut, or a tool that is neither offered nor named."""
    plain, less = first(filled, (PLUGIN,)), first(filled, BOTH)
    assert size(less) <= 0.55 * size(plain)
    systems = ["\n".join(block["text"] for block in body["system"]) for body in (plain, less)]
    before, after = (text.partition("# Memory\n") for text in systems)
    assert before[0] == after[0]
    assert "persistent" in after[2].partition("\n\n(Trimtab left the rest out. ")[0]
    schemas = {tool["name"]: tool["input_schema"] for tool in plain["tools"]}
    assert all(tool["input_schema"] == schemas[tool["name"]] for tool in less["tools"])
    waiting = names(plain) - names(less)
    assert {"Workflow", "ScheduleWakeup"} <= waiting
    listed = said(less)
    assert all(f"\n{tool}\n" in listed for tool in waiting)
    assert all(f"\n- {skill}: " in listed for skill in ("code-review", "loop", "dataviz"))
    assert "SessionStart" not in listed


def test_a_waiting_tool_is_loaded_and_called_and_the_prefix_stays(filled: Runner) -> None:
    """A prompt cache that our layer breaks from one request to the next; a tool that can't be called any more."""

    def work() -> Agent:
        reply = yield bash(FAILING)
        assert reply.is_error
        yield read(filled.project / "settle.py")
        yield [Call("ToolSearch", {"query": "select:ReportFindings", "max_results": 3})]
        reply = yield [Call("ReportFindings", {"findings": []})]
        assert "InputValidationError" not in reply.text
        yield "Done."

    session = filled.run("How does settle_storage_13 round?", ModelServer(work()), plugins=BOTH).check(faults=True)
    bodies = session.bodies()
    assert "ReportFindings" not in names(bodies[0])
    assert "ReportFindings" in names(bodies[3])
    prefix(bodies)
    assert said(bodies[-1]).count("The following deferred tools are now available") == 1


def test_results_have_no_cell_and_failing_commands_are_views_in_every_mode(filled: Runner) -> None:
    """A Read's view in its cell; a failed command shown whole where our trap may not run."""

    def work() -> Agent:
        reply = yield bash(FAILING)
        assert reply.is_error
        assert reply.text.startswith("Exit code 3\n")
        assert "... Read offset=" in reply.text
        assert "ERROR at rates.py:3: RATE is 0" in reply.text
        assert "... whole output: " in reply.text
        reply = yield read(filled.project / "settle.py")
        assert "... Read offset=" in reply.text
        assert "<cell" not in reply.text
        assert "</cell" not in reply.text
        yield "Done."

    careful = ("--permission-mode", "default", "--allowedTools", "Bash,Read")
    run = filled.run("How does settle_storage_13 round?", ModelServer(work()), plugins=BOTH, arguments=careful)
    run.check(faults=True)


def test_a_resumed_session_sends_the_same_again(filled: Runner) -> None:
    """A listing or a description that depends on more than the session's first prompt."""
    start = first(filled, BOTH, "Draw a chart of the rates with matplotlib.")
    prefix([start, first(filled, BOTH, "And now?", ("--continue",))])
    assert "Triggers on: " in said(start)  # the chart's skill is whole, as the prompt makes it likely
    assert "Triggers on: " not in said(first(filled, BOTH))


def test_a_session_that_began_with_the_layer_goes_on_without_it(filled: Runner) -> None:
    """A prompt cache, and a model's thinking that is bound to what was sent, lost where the plugin is switched off."""

    def work() -> Agent:
        yield bash(FAILING)
        yield "Done."

    start = filled.run("Say hello.", ModelServer(work()), plugins=BOTH).check(faults=True).bodies()[-1]
    prefix([start, first(filled, (PLUGIN,), "And now?", ("--continue",))])


def test_a_session_that_began_without_the_layer_stays_so(filled: Runner) -> None:
    """A layer that changes what was sent before it was there."""
    prefix([first(filled, (PLUGIN,)), first(filled, BOTH, "And now?", ("--continue",))])


def test_agents_without_tool_search_have_their_tools_in_front(filled: Runner) -> None:
    """An agent that can't reach a tool of its own list."""
    folder = filled.project / ".claude" / "agents"
    folder.mkdir(parents=True)
    (folder / "finder.md").write_text(
        "---\nname: finder\ndescription: finds\ntools: Read, ReportFindings\n---\nFind.\n"
    )

    def work() -> Agent:
        yield delegate("Look.", "finder")
        yield "Done."

    session = filled.run("Go.", ModelServer(work()), plugins=BOTH).check(faults=True)
    assert {tool["name"] for tool in in_front(session.bodies("sub")[0])} == {"Read", "ReportFindings"}


def test_without_tool_search_all_tools_are_in_front(filled: Runner) -> None:
    """Tools that wait where nothing can load them."""
    able = filled._replace(more={**filled.more, "ENABLE_TOOL_SEARCH": "false"})
    assert {"Workflow", "ScheduleWakeup"} <= {tool["name"] for tool in in_front(first(able, BOTH))}


def test_without_the_daemon_the_client_sends_what_it_would(runner: Runner) -> None:
    """A module that changes or delays anything by itself."""
    plain, alone = first(runner, ()), first(runner, (MODS,))
    assert json.dumps(alone["tools"]) == json.dumps(plain["tools"])
    assert [json.dumps(message) for message in alone["messages"]] == [json.dumps(m) for m in plain["messages"]]


def options(runner: Runner, **given: bool) -> None:
    settings = runner.home / ".claude" / "settings.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"pluginConfigs": {"trimtab-mods": {"options": given}}}))


def test_each_part_can_be_switched_off(filled: Runner) -> None:
    """An option that the module does not pass on."""
    plain = first(filled, (PLUGIN,))
    options(filled, tools=False, descriptions=False, listings=False, memory=False, results=False)
    off = first(filled, BOTH)
    assert json.dumps(off["tools"]) == json.dumps(plain["tools"])
    options(filled, descriptions=False, listings=False, memory=False)
    only = first(filled, BOTH)
    assert names(plain) - names(only) >= {"Workflow", "ScheduleWakeup"}
    kept = {tool["name"]: tool["description"] for tool in plain["tools"]}
    assert all(tool["description"] == kept[tool["name"]] for tool in only["tools"])


def test_the_client_takes_the_plugin(runner: Runner) -> None:
    """A module that the client would refuse to load."""
    assert "Validation passed" in runner.command("plugin", "validate", str(MODS))
