"""A project with the ledger of `ledgers.fill`, and a way to run commands in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ledgers import NOW, fill

from trimtab.cli import main


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the ledger of `fill`; it is the working folder, and the clock of the commands stands at NOW."""
    folder = tmp_path / "project"
    (folder / ".claude-patterns").mkdir(parents=True)
    fill(folder / ".claude-patterns" / "trimtab.db", folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("time.time", lambda: NOW)
    monkeypatch.setenv("COLUMNS", "80")
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `trimtab ARGUMENTS` in this process: exit status, stdout, stderr."""

    def start(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return start
