"""Where things are, from the environment that is given and no other."""

import os
from pathlib import Path

import pytest

from trimtab import paths
from trimtab.errors import StoreError


def test_folders() -> None:
    environment = {"HOME": "/home/user"}
    assert paths.user_folder(environment) == Path("/home/user/.claude-patterns")
    assert paths.daemon_folder(environment) == Path("/home/user/.claude-patterns/daemon")
    assert paths.client_folder(environment) == Path("/home/user/.claude")
    assert paths.client_folder({**environment, "CLAUDE_CONFIG_DIR": "/else"}) == Path("/else")
    assert paths.ledger_path(Path("/p")) == Path("/p/.claude-patterns/trimtab.db")
    assert paths.outputs_folder(Path("/p"), "data") == Path("/p/data/outputs")
    assert paths.config_files(Path("/p"), environment) == (
        Path("/home/user/.claude-patterns/config.toml"),
        Path("/p/.claude-patterns/config.toml"),
    )


def test_an_environment_without_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own record of the user is asked, and the process's environment is not."""
    monkeypatch.setenv("HOME", "/wrong")
    assert paths.home_folder({"USERPROFILE": "C:/Users/user"}) == Path("C:/Users/user")
    assert paths.home_folder({}) != Path("/wrong")


def test_a_folder_that_we_make_ignores_itself(tmp_path: Path) -> None:
    folder = paths.ensure_project_folder(tmp_path / "project")
    assert (folder / ".gitignore").read_text() == "*\n"
    assert paths.ensure_project_folder(tmp_path / "project") == folder


def test_a_folder_of_the_users_own_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".claude-patterns").mkdir()
    (tmp_path / ".claude-patterns" / "config.toml").touch()
    folder = paths.ensure_project_folder(tmp_path)
    assert os.listdir(folder) == ["config.toml"]


def test_a_folder_that_cant_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / ".claude-patterns").write_text("a file")
    with pytest.raises(StoreError, match=r"\.claude-patterns"):
        paths.ensure_project_folder(tmp_path)


def test_find_project(tmp_path: Path) -> None:
    home = tmp_path / "home"
    project = home / "work" / "project"
    deep = project / "a" / "b"
    deep.mkdir(parents=True)
    (home / ".claude-patterns").mkdir()  # the user's own, not a project's
    environment = {"HOME": str(home)}
    assert paths.find_project(deep, environment) == deep
    (project / ".git").mkdir()
    assert paths.find_project(deep, environment) == project
    (project / "a" / ".claude-patterns").mkdir()
    assert paths.find_project(deep, environment) == project / "a"
    assert paths.find_project(deep, {**environment, "CLAUDE_PROJECT_DIR": "/p"}) == Path("/p")


def test_subagent_transcripts(tmp_path: Path) -> None:
    main = tmp_path / "c187.jsonl"
    assert paths.subagent_transcripts(main) == {}
    path = paths.subagent_transcript(main, "afed2c3")
    assert path == tmp_path / "c187" / "subagents" / "agent-afed2c3.jsonl"
    path.parent.mkdir(parents=True)
    path.touch()
    assert paths.subagent_transcripts(main) == {"afed2c3": path}
    assert paths.subagent_transcript(main, "../../etc/x").parent == path.parent
