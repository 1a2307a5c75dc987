"""What each setting takes from a first request at the wire: the real client, once with each, a fresh home every time.

    .venv/bin/python -m bench.slim [--model MODEL] [--only TEXT] [--runs N]

The project has two MCP servers, a plugin with a skill, an agent and a server, two skills, an agent, a memory file and a
rule; the user has a server. Tokens are o200k_base counts of the tools whose schemas are sent, the system prompt and the
messages; names of temporary folders in them are a few more or less. A hook that sleeps gives the servers time to start;
of N runs (default 1) the largest request is taken. Needs the pinned client (tests/client/runner.py).
"""

# ruff: noqa: E402  (the imports need the folders on the path)

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "lib")]

from tests.client.model import Body, ModelServer, answer, text_of
from tests.client.runner import Runner, find_client, fresh, how_to_install
from tests.client.test_audit import SERVER, server, write

from trimtab import tokens
from trimtab.prompt.parts import compact

WAIT_S = 6
WORDS = "for everything that has to do with it, when the user asks for that or for anything near it, at any time"


def deny(*rules: str) -> dict[str, object]:
    return {"permissions": {"deny": list(rules)}}


WAITING = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": f"sleep {WAIT_S}"}]}]}}


def one(key: str, value: object) -> dict[str, object]:
    return {key: value}


AGENTS = ("claude", "Explore", "general-purpose", "Plan", "scout", "boat:mate", "statusline-setup")
SETTINGS: tuple[dict[str, object], ...] = (
    {},
    *(deny(tool) for tool in ("Workflow", "ScheduleWakeup", "ReportFindings", "ListAgents", "Agent", "WebSearch")),
    *(deny(tool) for tool in ("ToolSearch", "Skill")),
    deny("Skill", "Workflow"),
    *(deny(f"Agent({name})") for name in ("Explore", "scout", "boat:mate")),
    deny(*(f"Agent({name})" for name in AGENTS)),
    *(deny(rule) for rule in ("Skill(paint)", "mcp__tickets", "mcp__plugin_boat_hold")),
    {"disabledMcpjsonServers": ["tickets"]},
    *(one("deniedMcpServers", [{"serverName": name}]) for name in ("tickets", "mail", "plugin:boat:hold")),
    {"disabledMcpServers": ["mail"]},
    {"enabledPlugins": {"boat@market": False}},
    *(one("skillOverrides", {name: "user-invocable-only"}) for name in ("dataviz", "paint", "boat:sail")),
    {"skillOverrides": {"dataviz": "off"}},
    {"skillOverrides": {"dataviz": "name-only"}},
    {"disableBundledSkills": True},
    {"skillListingMaxDescChars": 60},
    {"autoMemoryEnabled": False},
    {"includeGitInstructions": False},
    {"attribution": {"commit": "", "pr": ""}},
    {"disableWorkflows": True},
    {"disableAgentView": True},
    {"claudeMdExcludes": ["**/project/CLAUDE.md"]},
    {"outputStyle": "Explanatory"},
    *(one("env", {"ENABLE_TOOL_SEARCH": value}) for value in ("false", "true", "auto:1")),
    {"env": {"CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1"}},
    {"env": {"CLAUDE_CODE_DISABLE_EXPLORE_PLAN_AGENTS": "1"}},
)


def fill(runner: Runner) -> None:
    """The user and the project that the docstring describes."""
    base, project = runner.home.parent, runner.project
    write(base / "server.py", SERVER)
    write(project / ".mcp.json", {"mcpServers": {name: server(base, name) for name in ("tickets", "stock")}})
    plugin = base / "market" / "boat"
    write(plugin.parent / ".claude-plugin" / "marketplace.json", {"name": "market", "owner": {"name": "x"},
          "plugins": [{"name": "boat", "source": "./boat", "description": "d", "version": "1.0.0"}]})  # fmt: skip
    write(plugin / ".claude-plugin" / "plugin.json", {"name": "boat", "version": "1.0.0", "description": "d"})
    write(plugin / ".mcp.json", {"mcpServers": {"hold": server(base, "hold")}})
    for folder, skill, agent in ((plugin, "sail", "mate"), (project / ".claude", "paint", "scout")):
        write(
            folder / "skills" / skill / "SKILL.md", f"---\nname: {skill}\ndescription: To {skill} {WORDS}.\n---\nDo.\n"
        )
        write(folder / "agents" / f"{agent}.md", f"---\nname: {agent}\ndescription: A {agent} {WORDS}.\n---\nDo.\n")
    write(project / "CLAUDE.md", "# Shop\n\n" + "We write Python here. " * 60 + "\n")
    write(project / ".claude" / "rules" / "web.md", '---\npaths:\n  - "web/**"\n---\n' + "Use tabs. " * 100 + "\n")
    runner.command("plugin", "marketplace", "add", str(plugin.parent))
    runner.command("plugin", "install", "boat@market")
    state = json.loads((runner.home / ".claude.json").read_text())
    write(runner.home / ".claude.json", {**state, "mcpServers": {"mail": server(base, "mail")}})


def weights(body: Body) -> dict[str, int]:
    """The tokens of each tool's schema, the system prompt and the messages."""
    tools = [{key: part for key, part in tool.items() if key != "cache_control"} for tool in body["tools"]]
    found = {tool["name"]: tokens.count(compact(tool)) or 0 for tool in tools if not tool.get("defer_loading")}
    found["system"] = tokens.count(text_of(body["system"])) or 0
    found["messages"] = sum(tokens.count(text_of(message["content"])) or 0 for message in body["messages"])
    return found


def measured(client: Path, settings: dict[str, object], model: str, runs: int) -> dict[str, int]:
    """The largest first request of some runs with these local settings."""
    found = []
    for _ in range(runs):
        with fresh(client) as runner:
            fill(runner)
            write(runner.project / ".claude" / "settings.local.json", settings)
            script, more = ModelServer(answer("Hello.")), ("--settings", json.dumps(WAITING))
            session = runner.run("Say hello.", script, plugins=(), model=model, arguments=more).check()
            found.append(weights(session.bodies()[0]))
    return max(found, key=lambda sizes: sum(sizes.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="claude-opus-5-5")
    parser.add_argument("--only", default="", help="only settings that have this in their JSON")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    client = find_client(os.environ)
    if client is None:
        print(how_to_install(os.environ))
        return
    tokens.load()
    before = measured(client, {}, options.model, options.runs)
    print(f"{options.model}: a first request has {sum(before.values()):,} tokens\n")
    print("| local setting | tokens | where |\n|---|---|---|")
    for settings in SETTINGS:
        text = json.dumps(settings)
        if options.only not in text:
            continue
        after = measured(client, settings, options.model, options.runs)
        gain = sum(after.values()) - sum(before.values())
        where = {name: after.get(name, 0) - before.get(name, 0) for name in {**before, **after}}
        told = ", ".join(f"{name} {change:+,}" for name, change in where.items() if abs(change) > 20)
        print(f"| `{text}` | {gain:+,} | {told} |", flush=True)


if __name__ == "__main__":
    main()
