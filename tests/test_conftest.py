"""The fixture that keeps tests away from the user's own folders."""

import os
from pathlib import Path

REAL = Path(os.environ.get("HOME", "/"))  # read while the tests are collected, before any fixture


def test_home_and_working_folder_are_the_tests_own(tmp_path: Path) -> None:
    assert Path.home() != REAL
    assert Path.home().is_relative_to(tmp_path)
    assert Path("~/.claude-patterns").expanduser().is_relative_to(tmp_path)
    assert Path.cwd().is_relative_to(tmp_path)
    assert not list(Path.home().iterdir())


def test_no_setting_leaks_in() -> None:
    assert not [name for name in os.environ if name.startswith(("TRIMTAB_", "CLAUDE")) and name != "TRIMTAB_CLIENT"]
