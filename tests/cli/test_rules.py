"""`trimtab rules`: which rules are in force, and what one makes of a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
CONFIG = '[[rules]]\nname = "deploy"\ncommand = "^deployctl"\nkeep = ["rollback"]\nfold = ["^DEBUG "]\n'


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / ".claude-patterns").mkdir(parents=True)
    (folder / ".claude-patterns" / "config.toml").write_text(CONFIG, encoding="utf-8")
    file = folder / "out.txt"
    file.write_text("start\n" + "DEBUG a heartbeat of the deployment\n" * 300 + "rollback done\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    return file


def test_rules_are_listed(output: Path, run: Run) -> None:
    assert run("rules", "list") == (0, "deploy: for ^deployctl, keeps 1, folds 1 patterns\n", "")


def test_a_file_is_tried_as_a_commands_output(output: Path, run: Run) -> None:
    status, out, _ = run("rules", "test", output, "--command", "deployctl up")
    lines = out.rstrip("\n").split("\n")
    assert status == 0
    assert lines[1] == "fold      2  DEBUG a heartbeat of the deployment"
    assert lines[301] == "keep    302  rollback done"
    assert lines[-1].startswith("rule deploy; ")


def test_no_rule_is_said_so(output: Path, run: Run) -> None:
    assert "no rule is for it" in run("rules", "test", output, "--command", "ls")[1]


def test_without_rules_it_says_how_to_write_one(tmp_path: Path, run: Run) -> None:
    assert "[[rules]]" in run("rules", "list")[1]
