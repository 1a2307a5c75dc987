"""`trimtab audit` of the real client: every part of what it sends is listed, adds up, and no credential is kept.

The user has memory files, rules, notes, skills, agents, a plugin with an MCP server, another server, hooks, an output
style and an account whose token would be sent if the client could reach it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.client.model import Agent, Call, ModelServer, answer, bash, delegate, serve
from tests.client.runner import PLUGIN, Runner, quietly, variables

from trimtab.daemon import recording
from trimtab.records import prompt_tokens
from trimtab.store.usage import UsageStore
from trimtab.transcript import begun

pytestmark = pytest.mark.client

TOKEN, KEY = "sk-ant-oat01-REAL-TOKEN", "sk-ant-REAL-KEY"
SERVER = r"""
import json, sys
name = sys.argv[1]
def say(to, **more):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": to["id"], **more}) + "\n")
    sys.stdout.flush()
for line in sys.stdin:
    asked = json.loads(line)
    method = asked.get("method")
    if method == "initialize":
        about = {"serverInfo": {"name": name, "version": "1"}, "capabilities": {"tools": {}}}
        about["protocolVersion"] = asked["params"]["protocolVersion"]
        say(asked, result={**about, "instructions": f"Ask {name} first."})
    elif method == "tools/list":
        shape = {"type": "object", "properties": {"id": {"type": "string", "description": "Which one."}}}
        say(asked, result={"tools": [
            {"name": each, "description": f"{each} in {name}. " * 20, "inputSchema": shape}
            for each in ("find", "close")
        ]})
    elif method == "tools/call":
        say(asked, result={"content": [{"type": "text", "text": "found"}]})
    elif "id" in asked:
        say(asked, error={"code": -32601, "message": "no such method"})
"""


def hook(command: str) -> list[dict[str, object]]:
    return [{"hooks": [{"type": "command", "command": command}]}]


def server(folder: Path, name: str) -> dict[str, object]:
    return {"type": "stdio", "command": sys.executable, "args": [str(folder / "server.py"), name]}


def write(file: Path, text: str | object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text if isinstance(text, str) else json.dumps(text))


@pytest.fixture
def shop(runner: Runner) -> Runner:
    """The user described above, with the plugin installed and the project trusted."""
    base, client, project = runner.home.parent, runner.home / ".claude", runner.project
    write(base / "server.py", SERVER)
    write(project / "CLAUDE.md", "# Shop\n\nAll of it.\n\n## Build\n\nRun make.\n\n@docs/rules.md\n")
    write(project / "docs" / "rules.md", "No eval.\n")
    write(project / ".claude" / "rules" / "tests.md", "# Tests\n\nWrite them.\n")
    write(client / "CLAUDE.md", "# Me\n\nI am Sam.\n")
    slug = "".join(sign if sign.isalnum() else "-" for sign in str(project))
    write(client / "projects" / slug / "memory" / "MEMORY.md", "- [Sam](sam.md): plain words\n")
    for folder, name in ((project / ".claude", "deploy"), (client, "invoice")):
        write(folder / "skills" / name / "SKILL.md", f"---\nname: {name}\ndescription: To {name} at once.\n---\nDo.\n")
    write(project / ".claude" / "agents" / "checker.md", "---\nname: checker\ndescription: Checks.\n---\nCheck.\n")
    write(client / "output-styles" / "terse.md", "---\nname: Terse\ndescription: Short.\n---\nOne line.\n")
    write(client / ".credentials.json", {"claudeAiOauth": {"accessToken": TOKEN, "refreshToken": TOKEN,
          "expiresAt": 4_000_000_000_000, "scopes": ["user:inference"], "subscriptionType": "max"}})  # fmt: skip
    plugin = base / "market" / "toolbox"
    write(plugin.parent / ".claude-plugin" / "marketplace.json", {"name": "market", "owner": {"name": "x"},
          "plugins": [{"name": "toolbox", "source": "./toolbox", "description": "d", "version": "1.0.0"}]})  # fmt: skip
    write(plugin / ".claude-plugin" / "plugin.json", {"name": "toolbox", "version": "1.0.0", "description": "d"})
    write(plugin / "skills" / "lint" / "SKILL.md", "---\nname: lint\ndescription: Lints.\n---\nDo.\n")
    write(plugin / "agents" / "scout.md", "---\nname: scout\ndescription: Scouts.\n---\nScout.\n")
    write(plugin / ".mcp.json", {"mcpServers": {"stock": server(base, "stock")}})
    say = {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "The toolbox is there."}}
    write(plugin / "hooks" / "hooks.json", {"hooks": {"SessionStart": hook(f"echo '{json.dumps(say)}'")}})
    runner.command("plugin", "marketplace", "add", str(plugin.parent))
    runner.command("plugin", "install", "toolbox@market")
    settings = json.loads((client / "settings.json").read_text())
    mine = {"SessionStart": hook("echo The build is green."), "Stop": hook(f"touch {base / 'stopped'}")}
    write(client / "settings.json", {**settings, "outputStyle": "Terse", "hooks": mine, "apiKeyHelper": f"echo {KEY}",
          "env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9", "ANTHROPIC_AUTH_TOKEN": TOKEN}})  # fmt: skip
    state = json.loads((runner.home / ".claude.json").read_text())
    state |= {"mcpServers": {"tickets": server(base, "tickets")}, "oauthAccount": {"emailAddress": "sam@shop"}}
    state["projects"] = {str(project): {"hasTrustDialogAccepted": True}}
    write(runner.home / ".claude.json", state)
    return runner


def audited(runner: Runner, *arguments: str) -> tuple[dict[str, object], str]:
    """What `trimtab audit --json` prints, and what it says beside it."""
    command = [sys.executable, "-I", "-X", "utf8", str(PLUGIN / "lib/trimtab/cli/__main__.py"), "audit", "--json"]
    command.append(str(runner.project))
    environment = {**variables(runner.home, **runner.more), "ANTHROPIC_API_KEY": KEY, "CLAUDE_CODE_OAUTH_TOKEN": TOKEN}
    done = subprocess.run(
        [*command, *(arguments or ("--record", "--client", str(runner.client), "--wait", "6"))],
        cwd=runner.project, env=environment, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document, done.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def lines_of(document: dict[str, object]) -> list[dict[str, object]]:
    lines = document["lines"]
    assert isinstance(lines, list)
    return lines


def test_every_part_and_no_credential(shop: Runner) -> None:
    """A part is missing or somebody else's, the parts are not the body, or a secret or a session stays behind."""
    before = files(shop.home)
    document, said = audited(shop)
    assert "no key leaves this machine" in said
    assert (document["client"], document["is_terminal"], document["requests"]) == ("2.1.328", True, 0)
    found = {
        (str(line["kind"]), str(line["name"]), os.path.basename(str(line["path"]))): line for line in lines_of(document)
    }
    assert len(found) == len(lines_of(document))
    owners = {key: line["owner"] for key, line in found.items()}
    for kind, name, file, owner in (
        ("tool", "Bash", "", "the client"),
        ("tool", "AskUserQuestion", "", "the client"),  # which only a terminal's sessions have
        ("mcp tool", "mcp__tickets__find", "", "tickets"),
        ("mcp tool", "mcp__plugin_toolbox_stock__close", "", "plugin toolbox"),
        ("mcp instructions", "tickets", "", "tickets"),
        ("mcp instructions", "plugin:toolbox:stock", "", "plugin toolbox"),
        ("skill", "deploy", "", "the project's"),
        ("skill", "invoice", "", "yours"),
        ("skill", "toolbox:lint", "", "plugin toolbox"),
        ("skill", "dataviz", "", "the client"),
        ("agent", "checker", "", "the project's"),
        ("agent", "toolbox:scout", "", "plugin toolbox"),
        ("agent", "Explore", "", "the client"),
        ("memory", "Me", "CLAUDE.md", str(shop.home / ".claude" / "CLAUDE.md")),
        ("memory", "Build", "CLAUDE.md", str(shop.project / "CLAUDE.md")),
        ("memory", "", "rules.md", str(shop.project / "docs" / "rules.md")),
        ("memory", "Tests", "tests.md", str(shop.project / ".claude" / "rules" / "tests.md")),
        ("output style", "Terse", "", ""),
        ("hook", "SessionStart", "", ""),
        ("hook", "SessionStart 2", "", ""),
        ("attribution", "commits and pull requests", "", "the client"),
    ):
        assert owners[kind, name, file] == owner
    assert ("memory", "", "MEMORY.md") in found
    assert {line["kind"] for line in lines_of(document)} & {"other", "mcp connecting"} == set()
    deferred = {str(line["name"]) for line in lines_of(document) if line["is_deferred"]}
    assert {"mcp__tickets__find", "WebFetch"} <= deferred

    written = {name: data for name, data in files(shop.home).items() if before.get(name) != data}
    mine = {name for name in written if not name.startswith((".cache/claude-cli-nodejs/", ".claude-patterns/"))}
    assert mine == set()  # no transcript, no history, no setting of the client
    kept = files(shop.project)[".claude-patterns/audit.json"]
    for data in (*written.values(), kept, said.encode()):
        assert TOKEN.encode() not in data
        assert KEY.encode() not in data
    assert b"Run make." not in kept  # names, no texts
    assert not (shop.home.parent / "stopped").exists()


def test_the_recording_is_what_a_session_sends(shop: Runner, tmp_path: Path) -> None:
    """The folder of links, the dummy key or the waiting hook changes what the client sends: the same client with the
    user's own folder, to the byte, but for who and when it is.
    """
    environment = {**variables(shop.home), "ANTHROPIC_API_KEY": KEY}
    place = recording.place_of(shop.project, environment, str(shop.client))
    folder = tmp_path / "folder"
    recording.build_folder(place, folder)
    with recording.serving() as server:
        recording.run(place, folder, server, False, 3, 60)
        recorded = recording.recorded(server.bodies[0], folder, place.client_folder, False).body
    settings = json.loads((shop.home / ".claude" / "settings.json").read_text())
    kept = {name: value for name, value in settings.items() if name not in ("env", "apiKeyHelper")}
    write(shop.home / ".claude" / "settings.json", kept)
    model = ModelServer(answer("Hello."))
    with serve(model) as url:
        quietly(
            [str(shop.client), "-p", recording.PROMPT], shop.project, {**environment, "ANTHROPIC_BASE_URL": url}, 60
        )
    sent = dict(model.requests[0].body)
    assert sent.pop("metadata")
    assert dict(recorded) == sent


def test_what_sessions_sent_is_known_without_a_recording(shop: Runner) -> None:
    """The client writes its first request down otherwise than it sends it, the parts are not what it was billed, costs
    are not those of the sessions, or what they called is called never used.
    """
    settings = json.loads((shop.home / ".claude" / "settings.json").read_text())
    kept = {name: value for name, value in settings.items() if name not in ("env", "apiKeyHelper")}
    write(shop.home / ".claude" / "settings.json", kept)

    def work() -> Agent:
        yield bash("echo one")
        yield [Call("Skill", {"skill": "toolbox:lint"})]
        yield [Call("mcp__tickets__find", {"id": "1"})]
        yield delegate("Check it.", "checker")
        yield "Done."

    model = ModelServer(work())
    shop.run("Work.", model, plugins=()).check()
    (file,) = (shop.home / ".claude" / "projects").glob("*/*.jsonl")
    first = begun.first_request(file)
    assert first is not None
    sent = model.requests[0].body
    system = [block for block in sent["system"] if not block["text"].startswith("x-anthropic-billing-header")]
    wire = bare_json(system, sent["tools"], sent["messages"])
    assert wire == bare_json(first.body["system"], first.body["tools"], first.body["messages"])
    assert (first.client, first.is_terminal) == ("2.1.328", False)

    shop.run("/deploy", ModelServer(answer("Deployed.")), plugins=()).check()
    document, said = audited(shop, "--client", "/none")
    assert said == ""
    lines = lines_of(document)
    assert (document["sessions"], document["known"]) == (2, 2)
    assert document["tokens"] == document["billed"] == sum(int(str(line["tokens"])) for line in lines)
    uses = {str(line["name"]): (line["times"], line["sessions"]) for line in lines if line["is_use_known"]}
    used = {"Bash", "Skill", "Agent", "mcp__tickets__find", "tickets", "toolbox:lint", "deploy", "checker"}
    assert {name for name, use in uses.items() if use != (0, 0)} - {"ToolSearch"} == used
    assert (uses["Bash"], uses["deploy"]) == ((1, 1), (1, 1))
    assert {line["had"] for line in lines if line["kind"] == "tool"} == {2}
    assert sum(float(str(line["usd"])) for line in lines) == pytest.approx(standing_usd(shop), rel=1e-6)


def standing_usd(shop: Runner) -> float:
    """What the first prompts of the main conversations cost, by the book: of each request the first so many tokens."""
    with UsageStore.open(shop.home / ".claude-patterns" / "usage.db", readonly=True) as store:
        requests = [request for request in store.requests() if not request.agent]
    firsts: dict[str, int] = {}
    summed = 0.0
    for request in requests:
        held = firsts.setdefault(request.session, prompt_tokens(request))
        read = min(request.read_tokens, held)
        written = min(request.write_5m_tokens, held - read)
        plain = held - read - written
        summed += (0.2 * read + 5.0 * written + 4.0 * plain) / 1e6  # opus-5-5; the server writes for 5 minutes
    return summed


def bare_json(*parts: object) -> str:
    """Parts of a body without the marks of what to cache, which the client keeps elsewhere."""
    return json.dumps(without_marks(parts), sort_keys=True)


def without_marks(value: object) -> object:
    if isinstance(value, dict):
        return {name: without_marks(part) for name, part in value.items() if name != "cache_control"}
    return [without_marks(part) for part in value] if isinstance(value, (list, tuple)) else value


def test_our_own_hooks_are_silent(shop: Runner) -> None:
    """The recording is a session in Trimtab's ledger, or starts its daemon."""
    write(shop.home / ".claude" / "settings.json", {"extraKnownMarketplaces": {}})
    shop.command("plugin", "marketplace", "add", str(PLUGIN))
    shop.command("plugin", "install", "trimtab@trimtab")
    audited(shop)
    assert shop.daemon() == 0
    assert sorted(path.name for path in (shop.project / ".claude-patterns").iterdir()) == [".gitignore", "audit.json"]
