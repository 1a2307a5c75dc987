"""Another hook that may change commands is never overtaken by ours: then nothing is wrapped."""

import json
from pathlib import Path

import pytest

from trimtab.handlers.rivals import has_rivals

HOOKS = json.dumps({"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "guard"}]}]}})
OTHER = json.dumps({"hooks": {"PostToolUse": []}})


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    "place", ["client/settings.json", "project/.claude/settings.json", "project/.claude/settings.local.json"]
)
def test_a_hook_in_any_settings_is_a_rival(tmp_path: Path, place: str) -> None:
    write(tmp_path / place, OTHER)
    assert not has_rivals(tmp_path / "client", tmp_path / "project", "/plugins/trimtab")
    write(tmp_path / place, HOOKS)
    assert has_rivals(tmp_path / "client", tmp_path / "project", "/plugins/trimtab")


@pytest.mark.parametrize(("name", "is_rival"), [("guard", True), ("trimtab", False)])
def test_a_hook_of_another_plugin_is_a_rival(tmp_path: Path, name: str, is_rival: bool) -> None:
    root = tmp_path / "cache" / name
    write(root / "hooks" / "hooks.json", HOOKS)
    write(root / ".claude-plugin" / "plugin.json", json.dumps({"name": name}))
    listed = {"plugins": {f"{name}@m": [{"installPath": str(root), "version": "1"}]}}
    write(tmp_path / "client" / "plugins" / "installed_plugins.json", json.dumps(listed))
    assert has_rivals(tmp_path / "client", tmp_path / "project", "/elsewhere") is is_rival


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 5_000, "\0", json.dumps({"plugins": [{"installPath": "\0"}, 3, None]})]
)
def test_what_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path / "client" / "plugins" / "installed_plugins.json", text)
    assert not has_rivals(tmp_path / "client", tmp_path / "project", "/x")
