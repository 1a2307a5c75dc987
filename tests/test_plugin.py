"""The plugin's own files: versions agree, prompt texts are short, hooks are narrow, defaults are as documented."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import trimtab
from trimtab import settings

ROOT = Path(__file__).parents[1]
PROMPTS = [*sorted((ROOT / "commands").glob("*.md")), *sorted((ROOT / "trimtab-agents" / "agents").glob("*.md"))]
# A command's or agent's description is paid for in every request, its body with every use. Chosen: 400 characters are
# about 100 tokens, and a line of description is about 15.
LONGEST_PROMPT, LONGEST_DESCRIPTION = {"commands": 400, "agents": 2000}, 120
NARROW = {"PreToolUse", "PostToolUse", "UserPromptExpansion"}  # events that fire often: a matcher says for what


def read(path: str) -> Any:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def test_versions_agree() -> None:
    project = settings.toml.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["version"]["path"] == "lib/trimtab/__init__.py"
    assert read(".claude-plugin/plugin.json")["version"] == trimtab.__version__
    for plugin in ("trimtab-agents", "trimtab-mods"):
        assert read(f"{plugin}/.claude-plugin/plugin.json")["version"] == trimtab.__version__
    assert {plugin["version"] for plugin in read(".claude-plugin/marketplace.json")["plugins"]} == {trimtab.__version__}
    assert f"\n## {trimtab.__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_names_of_plugin_and_marketplace_are_what_the_readme_installs() -> None:
    marketplace = read(".claude-plugin/marketplace.json")
    assert marketplace["name"] == "trimtab"
    assert {plugin["name"]: plugin["source"] for plugin in marketplace["plugins"]} == {
        "trimtab": "./",
        "trimtab-agents": "./trimtab-agents",
        "trimtab-mods": "./trimtab-mods",
    }
    assert read(".claude-plugin/plugin.json")["name"] == "trimtab"
    assert read("trimtab-agents/.claude-plugin/plugin.json")["name"] == "trimtab-agents"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "claude plugin install trimtab@trimtab" in readme
    assert "claude plugin install trimtab-agents@trimtab" in (ROOT / "docs/agents.md").read_text(encoding="utf-8")


def test_the_plugins_options_are_settings() -> None:
    """An option with a default would win over config.toml without the user having chosen anything."""
    options = read(".claude-plugin/plugin.json")["userConfig"]
    for name, option in options.items():
        assert name in settings.BY_NAME
        assert "default" not in option
        assert option["required"] is False
        assert all(word in option["description"] for word in settings.BY_NAME[name].allowed)


@pytest.mark.parametrize("path", PROMPTS, ids=lambda path: path.name)
def test_prompt_texts_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) <= LONGEST_PROMPT[path.parent.name]
    description = re.search(r"^description: (.+)$", text, re.M)
    assert description
    assert len(description[1]) <= LONGEST_DESCRIPTION


def test_there_are_prompt_texts() -> None:
    assert "token-report.md" in [path.name for path in PROMPTS]


@pytest.mark.parametrize("event", read("hooks/hooks.json")["hooks"])
def test_hooks_are_exec_form_with_a_timeout_and_a_narrow_matcher(event: str) -> None:
    for entry in read("hooks/hooks.json")["hooks"][event]:
        matcher = entry.get("matcher", "")
        is_gate = "hooks/gate" in json.dumps(entry)  # without a budget it ends before Python starts, so it may be wide
        assert is_gate or event not in NARROW or re.fullmatch(r"[A-Za-z:|-]+(mcp__\.\*)?", matcher), (
            "plain names, and MCP tools"
        )
        for hook in entry["hooks"]:
            assert hook["type"] == "command"
            assert " " not in hook["command"], "exec form: one program, its arguments apart"
            assert "-I" in hook["args"]
            assert "-S" in hook["args"]
            assert hook["args"][-1] == event
            assert "${user_config" not in json.dumps(hook), "an unset option would keep the hook from running"
            assert 0 < hook["timeout"] <= 10
            script = next(word for word in hook["args"] if word.endswith(".py"))
            assert (ROOT / script.replace("${CLAUDE_PLUGIN_ROOT}", ".")).is_file()


@pytest.mark.parametrize("path", ["bin/trimtab", "bin/check", ".ci/run", "hooks/python", "hooks/gate", "hooks/agents"])
def test_programs_can_be_run(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert (ROOT / path).stat().st_mode & 0o111
    assert text.startswith(("#!/bin/sh\n", "#!/usr/bin/env bash\n"))


def test_the_documented_defaults_are_the_defaults(tmp_path: Path) -> None:
    documented = (ROOT / ".claude-patterns/config.toml").read_text(encoding="utf-8")
    assert settings.load([ROOT / ".claude-patterns/config.toml"], {}) == (settings.Settings(), [])
    ours = documented.partition("# [[prices]]")[0]  # then comes an example of a table
    given = re.sub(r"(?m)^# (\w+ = )", r"\1", ours)
    assert set(settings.toml.loads(given)) == {*settings.BY_NAME, settings.BUDGETS}
    (tmp_path / "config.toml").write_text(given, encoding="utf-8")
    assert settings.load([tmp_path / "config.toml"], {}) == (settings.Settings(), [])


def test_every_allowed_word_is_documented() -> None:
    documented = (ROOT / ".claude-patterns/config.toml").read_text(encoding="utf-8")
    for setting in settings.TABLE:
        assert all(f'"{word}"' in documented for word in setting.allowed)


def test_no_text_names_this_machine_or_a_registry() -> None:
    """What is in the repository works anywhere."""
    words = re.compile(r"/root/|/work/|/opt/|\bpypi\.org|registry\.npmjs", re.I)
    files = [ROOT / "bin/trimtab", ROOT / "bin/check", ROOT / ".ci/run", ROOT / "pyproject.toml", *ROOT.glob("*.lock")]
    files += [*ROOT.glob("lib/**/*.py"), *ROOT.glob("hooks/*"), *ROOT.glob("commands/*"), *ROOT.glob("*.md")]
    assert not [path.name for path in files if path.is_file() and words.search(path.read_text(encoding="utf-8"))]


def test_a_compaction_that_the_user_types_is_not_hooked() -> None:
    """The client puts "PreCompact [...] completed successfully" into the conversation, of every user."""
    assert [entry["matcher"] for entry in read("hooks/hooks.json")["hooks"]["PreCompact"]] == ["auto"]


@pytest.mark.parametrize(
    ("tool", "asked"),
    [
        *((name, "agents") for name in ("Agent", "Task")),
        *((name, "gate") for name in ("WebFetch", "WebSearch", "Skill", "SendMessage", "Workflow")),
        *((name, "gate") for name in ("mcp__files__read", "PowerShell", "ReadMcpResource", "a tool to come")),
        *((name, "python") for name in ("Edit", "Write", "MultiEdit", "NotebookEdit", "Bash")),
        *((name, "") for name in ("Read", "Grep", "Glob", "ToolSearch", "TodoWrite", "TaskCreate", "TaskUpdate")),
        *((name, "") for name in ("TaskList", "TaskGet", "TaskStop")),
    ],
)
def test_budgets_ask_before_each_tool_but_those_that_cost_nothing(tool: str, asked: str) -> None:
    """A used up budget lets a tool run that changes or spends, or keeps the model from stopping what runs and spends;
    or every read of a user without a budget waits for a gate."""
    found = [entry for entry in read("hooks/hooks.json")["hooks"]["PreToolUse"] if re.fullmatch(entry["matcher"], tool)]
    assert [entry["hooks"][0]["args"][0].rpartition("/")[2] for entry in found] == ([asked] if asked else [])


def test_what_only_budgets_need_ends_before_python_without_one(tmp_path: Path) -> None:
    """Every tool call of a user without a budget waits for an interpreter."""
    gates = [entry for entries in read("hooks/hooks.json")["hooks"].values() for entry in entries]
    events = [entry["hooks"][0]["args"][-1] for entry in gates if "hooks/gate" in json.dumps(entry)]
    assert sorted(events) == ["PostToolBatch", "PreCompact", "PreToolUse", "SubagentStop"]
    (tmp_path / "python").write_text("#!/bin/sh\necho reached\n")
    gate = tmp_path / "gate"
    gate.write_text((ROOT / "hooks/gate").read_text(encoding="utf-8"))
    command, environment = ["sh", str(gate), "-I"], {"HOME": str(tmp_path)}
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout == b""
    (tmp_path / ".claude-patterns").mkdir()
    (tmp_path / ".claude-patterns" / "budgets").touch()
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout == b"reached\n"


@pytest.mark.parametrize(("event", "is_reached"), [("PostToolBatch", True), ("PreToolUse", False)])
def test_where_something_is_switched_off_one_gate_opens(tmp_path: Path, event: str, is_reached: bool) -> None:
    """Nobody is told that what the model asks for is switched off, or every project's hooks wait for Python."""
    (tmp_path / "python").write_text("#!/bin/sh\necho reached\n")
    gate = tmp_path / "gate"
    gate.write_text((ROOT / "hooks/gate").read_text(encoding="utf-8"))
    (tmp_path / ".claude-patterns").mkdir()
    (tmp_path / ".claude-patterns" / "slimmed").write_text("/a/shop\n/b c\n")
    command = ["sh", str(gate), "-I", "hook.py", event]
    for project, is_listed in (("/a/shop", True), ("/b c", True), ("/a", False), ("", False), ("/a/shop2", False)):
        environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "CLAUDE_PROJECT_DIR": project}
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        assert done.stdout == (b"reached\n" if is_reached and is_listed else b""), project


@pytest.mark.parametrize(
    ("files", "variables", "is_reached"),
    [
        ({}, {}, False),
        ({"config.toml": 'level = "minimal"\n'}, {}, False),
        ({"config.toml": 'agent_models = "on"\n'}, {}, True),
        ({"budgets": ""}, {}, True),
        ({}, {"TRIMTAB_AGENT_MODELS": "on"}, True),
        ({}, {"CLAUDE_PLUGIN_OPTION_AGENT_MODELS": "on"}, True),
    ],
)
def test_an_agent_waits_for_python_only_where_something_is_asked(
    files: dict[str, str], variables: dict[str, str], is_reached: bool, tmp_path: Path
) -> None:
    """Every agent of every user starts later, or the table of models is not looked at."""
    (tmp_path / "python").write_text("#!/bin/sh\necho reached\n")
    (tmp_path / "agents").write_text((ROOT / "hooks/agents").read_text(encoding="utf-8"))
    (tmp_path / ".claude-patterns").mkdir()
    for name, text in files.items():
        (tmp_path / ".claude-patterns" / name).write_text(text)
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **variables}
    done = subprocess.run(["sh", str(tmp_path / "agents"), "-I"], env=environment, capture_output=True, check=True)
    assert (done.stdout == b"reached\n") is is_reached
