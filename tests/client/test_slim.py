"""`trimtab slim` with the real client: what it takes from the first request, that all that was used still works, that
undo gives the settings back to the byte, and that the user is told what brings back what is asked for.

The user has two MCP servers of the project and one of their own, two plugins, skills and agents; one session has used
one of each.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.client.model import Agent, Body, Call, ModelServer, answer, delegate, text_of
from tests.client.runner import PLUGIN, Runner, Session, variables
from tests.client.test_audit import SERVER, server, write

from trimtab import tokens
from trimtab.prompt.parts import compact

pytestmark = pytest.mark.client

LONG = "for everything that has to do with it, when the user asks for that or for anything near it, at any time"
SETTINGS = b'{"permissions": {"allow": ["Bash(ls:*)"],\r\n  "deny": []},\r\n    "env": {"SHOP": "1.50"} }'
PROPOSED = {
    "tool:Workflow", "tool:ScheduleWakeup", "tool:ReportFindings", "tool:ListAgents",
    "mcp:stock", "mcp:mail", "plugin:toolbox@market", "skill:paint", "agent:painter", "agent:Explore", "notes", "git",
}  # fmt: skip


def skill(folder: Path, name: str) -> None:
    write(folder / "skills" / name / "SKILL.md", f"---\nname: {name}\ndescription: To {name} {LONG}.\n---\nDo.\n")


def agent(folder: Path, name: str) -> None:
    write(folder / "agents" / f"{name}.md", f"---\nname: {name}\ndescription: The {name} {LONG}.\n---\nDo.\n")


@pytest.fixture
def shop(runner: Runner) -> Runner:
    base, project = runner.home.parent, runner.project
    write(base / "server.py", SERVER)
    write(project / ".mcp.json", {"mcpServers": {name: server(base, name) for name in ("tickets", "stock")}})
    market = {"name": "market", "owner": {"name": "x"}}
    names = ("toolbox", "kit")
    plugins = [{"name": name, "source": f"./{name}", "description": "d", "version": "1.0.0"} for name in names]
    write(base / "market" / ".claude-plugin" / "marketplace.json", {**market, "plugins": plugins})
    for name in names:
        plugin = base / "market" / name
        write(plugin / ".claude-plugin" / "plugin.json", {"name": name, "version": "1.0.0", "description": "d"})
        skill(plugin, "lint")
        agent(plugin, "mate")
    write(base / "market" / "toolbox" / ".mcp.json", {"mcpServers": {"hold": server(base, "hold")}})
    runner.command("plugin", "marketplace", "add", str(base / "market"))
    for name in names:
        runner.command("plugin", "install", f"{name}@market")
    for name in ("deploy", "paint"):
        skill(project / ".claude", name)
    for name in ("checker", "painter"):
        agent(project / ".claude", name)
    (project / ".claude" / "settings.local.json").write_bytes(SETTINGS)
    users = json.loads((runner.home / ".claude" / "settings.json").read_text())
    write(runner.home / ".claude" / "settings.json", {**users, "enableAllProjectMcpServers": True})
    state = json.loads((runner.home / ".claude.json").read_text())
    state |= {"mcpServers": {"mail": server(base, "mail")}}
    state["projects"] = {str(project): {"hasTrustDialogAccepted": True}}
    write(runner.home / ".claude.json", state)
    return runner


def work() -> Agent:
    """One of each: a deferred MCP tool, a skill of the project's and one of a plugin's, an agent, a file."""
    yield [Call("ToolSearch", {"query": "select:mcp__tickets__find"})]
    yield [Call("mcp__tickets__find", {"id": "1"})]
    yield [Call("Skill", {"skill": "deploy"}), Call("Skill", {"skill": "kit:lint"})]
    yield delegate("Check it.", "checker")
    yield [Call("Write", {"file_path": "note.txt", "content": "done"})]
    yield "Done."


def worked(runner: Runner) -> Session:
    """A session that does the work, in which no call may fail; without the plugin, which it needs for nothing."""
    (runner.project / "note.txt").unlink(missing_ok=True)
    script = ModelServer(work())
    session = runner.run("Do the work.", script, plugins=()).check()
    results = [block for block in blocks(session.bodies()[-1]) if block.get("type") == "tool_result"]
    assert len(results) == 6
    assert not [text_of(block["content"]) for block in results if block.get("is_error")]
    return session


def blocks(body: Body) -> list[dict[str, Any]]:
    return [
        block for message in body["messages"] if isinstance(message["content"], list) for block in message["content"]
    ]


def weight(body: Body) -> int:
    """The tokens of a request: what of it is text for the model."""
    tokens.load()
    tools = [{k: v for k, v in tool.items() if k != "cache_control"} for tool in body["tools"]]
    texts = [compact(tool) for tool in tools if not tool.get("defer_loading")]
    texts += [text_of(body["system"]), *(text_of(message["content"]) for message in body["messages"])]
    found = [tokens.count(text) for text in texts]
    return sum(count for count in found if count is not None)


def run(runner: Runner, *arguments: str) -> tuple[int, str, str]:
    """`trimtab slim ARGUMENTS` in the project."""
    command = [sys.executable, "-I", "-X", "utf8", str(PLUGIN / "lib/trimtab/cli/__main__.py"), "slim", *arguments]
    command += ["--project", str(runner.project)]
    done = subprocess.run(
        command, cwd=runner.project, env={**variables(runner.home, **runner.more)}, capture_output=True, text=True,
        timeout=180, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def slimmed(runner: Runner, *arguments: str) -> dict[str, Any]:
    status, out, err = run(runner, "--client", str(runner.client), "--wait", "2", "--json", *arguments)
    assert status == 0, err + out
    document: dict[str, Any] = json.loads(out)
    return document


def test_slim_takes_what_it_says_and_keeps_what_was_used(shop: Runner) -> None:
    """It proposes what was used, gains less at the wire than it says, breaks a call, or undo loses a byte."""
    first = worked(shop).bodies()[0]
    file = shop.project / ".claude" / "settings.local.json"

    found = slimmed(shop)
    ids = {row["id"] for row in found["proposals"]}
    assert ids >= PROPOSED, PROPOSED - ids
    assert not ids & {"mcp:tickets", "skill:deploy", "agent:checker", "tool:Agent", "plugin:kit@market", "tool:Skill"}
    assert not any("trimtab" in one for one in ids)
    assert "tool:AskUserQuestion" not in ids  # a terminal's, which was recorded: no session with `-p` began with it
    assert file.read_bytes() == SETTINGS  # nothing was accepted yet

    done = slimmed(shop, "--apply", "all")
    said, measured = sum(row["tokens"] for row in done["proposals"]), done["tokens"] - done["tokens_after"]
    assert measured == pytest.approx(said, rel=0.10)
    assert measured >= 0.4 * done["tokens"]

    second = worked(shop).bodies()[0]
    factor = done["tokens"] / weight(first)
    assert weight(first) - weight(second) >= 0.85 * said / max(1.0, factor)
    offered = {tool["name"] for tool in second["tools"]}
    assert not offered & {"Workflow", "ScheduleWakeup", "ReportFindings", "ListAgents"}

    status, out, _ = run(shop, "undo")
    assert status == 0
    assert "to the byte" in out
    assert file.read_bytes() == SETTINGS
    assert [tool["name"] for tool in worked(shop).bodies()[0]["tools"]] == [tool["name"] for tool in first["tools"]]


def ask() -> Agent:
    """Asks for what is switched off, twice."""
    yield [Call("Workflow", {"script": "x"}), Call("mcp__stock__find", {"id": "1"})]
    yield [Call("Workflow", {"script": "x"})]
    yield "It is not there."


def test_the_user_is_told_what_brings_back_what_is_asked_for(shop: Runner) -> None:
    """Nobody is told, the model is told as well, or it is told over and over, or where nothing is switched off."""
    worked(shop)
    prompt = "Use the paint skill, please, or ask the painter agent."
    before = shop.run(prompt, ModelServer(answer("I can't."))).check()
    assert not [said for said in before.notices() if "trimtab slim" in said]

    slimmed(shop, "--apply", "tool:Workflow,mcp:stock,skill:paint", "--no-check")
    asked = shop.run(prompt, ModelServer(ask())).check()
    told = [line for said in asked.notices() for line in said.splitlines() if "trimtab slim undo" in line]
    assert [line.rpartition("undo ")[2].strip("`") for line in told] == ["skill:paint", "tool:Workflow", "mcp:stock"]
    assert told[0].startswith("UserPromptSubmit says: Trimtab: you asked for the skill paint")
    assert told[1].startswith("PostToolBatch says: Trimtab: the model asked for the tool Workflow")
    assert len(asked.bodies()) == 3  # its own three turns: nothing was asked of the model for it
    assert "trimtab slim" not in json.dumps([request.body for request in asked.requests])

    status, out, _ = run(shop, "show")
    assert status == 0
    assert out.count("asked for since, in 1 session") == 3

    status, out, _ = run(shop, "undo", "paint")
    assert status == 0
    after = shop.run("Use the paint skill.", ModelServer(answer("Done."))).check()
    assert not [said for said in after.notices() if "trimtab slim" in said]
    assert "- paint: To paint" in json.dumps(after.bodies()[0])


def test_a_moved_section_comes_with_the_first_file_of_its_folder(runner: Runner) -> None:
    """It is lost, or is sent from the start as before."""
    rule = "Use tabs, and never import from the outside. " * 20
    write(runner.project / "CLAUDE.md", f"# Shop\n\nPython.\n\n## Web\n\nOf `web/`: {rule}\n")
    write(runner.project / "web" / "app.ts", "export const a = 1\n")
    write(runner.project / "a.py", "A = 1\n")
    before = runner.run("Read it.", ModelServer(reader("a.py")), plugins=()).check()
    assert rule.strip() in text_of(before.bodies()[0]["messages"][0]["content"])
    status, diff, err = run(runner, "patch")
    assert status == 0, err
    subprocess.run(["git", "apply"], cwd=runner.project, input=diff, text=True, check=True)
    after = runner.run("Read it.", ModelServer(reader("web/app.ts")), plugins=()).check()
    first, second = (json.dumps(body["messages"]) for body in after.bodies()[:2])
    assert rule.strip() not in first
    assert "Python." in first
    assert rule.strip() in second


def reader(path: str) -> Agent:
    yield [Call("Read", {"file_path": path})]
    yield "Read."


def test_without_a_client_it_says_so(shop: Runner, tmp_path: Path) -> None:
    """A missing client is a bug report, or settings are written without a look."""
    status, _, err = run(shop, "--client", str(tmp_path / "none"), "--apply", "all")
    assert status == 1
    assert "no client" in err
    assert (shop.project / ".claude" / "settings.local.json").read_bytes() == SETTINGS
