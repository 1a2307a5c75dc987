"""What holds for every command: exit statuses, help, where a bug goes, and what the start imports."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from trimtab import __version__
from trimtab.cli import BUG, COMMANDS, INTERRUPTED, REFUSED, USAGE, commands
from trimtab.errors import StoreError

Run = Callable[..., tuple[int, str, str]]
STARTER = Path(__file__).parents[2] / "lib" / "trimtab" / "cli" / "__main__.py"


def start(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-I", "-X", "utf8", str(STARTER), *arguments], capture_output=True, text=True, **options
    )


def test_the_version_is_printed_by_the_file_that_bin_starts() -> None:
    ran = start("--version", cwd="/")
    assert (ran.returncode, ran.stdout) == (0, f"trimtab {__version__}\n")


def test_the_version_loads_no_command() -> None:
    code = (
        f"import sys; sys.argv = ['t', '--version']; sys.path.insert(0, {str(STARTER.parents[2])!r})\n"
        "from trimtab.cli import main\nassert main() == 0\n"
        "assert not {'rich', 'sqlite3', 'tiktoken', 'tree_sitter'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_explained_option_list(name: str, run: Run) -> None:
    status, out, err = run(name, "--help")
    assert (status, err) == (0, "")
    assert f"Usage: trimtab {name}" in out
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_no_command_at_all_prints_the_help(run: Run) -> None:
    _, out, err = run()
    assert all(name in out + err for name in COMMANDS)


@pytest.mark.parametrize("arguments", [["rapport"], ["report", "--nope"], ["view"], ["report", "--hours", "0"]])
def test_wrong_usage_is_2_and_says_which(arguments: list[str], run: Run) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (USAGE, "")
    assert "Usage:" in err


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("trimtab.cli.place.find", fail)


def test_a_refusal_is_1_and_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, StoreError("the disk is full"))
    assert run("status") == (REFUSED, "", "trimtab: the disk is full\n")


def test_an_interruption_is_130_without_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    status, _, err = run("status")
    assert status == INTERRUPTED
    assert "Traceback" not in err


def test_a_bug_is_3_and_its_traceback_is_in_the_log(run: Run, monkeypatch: pytest.MonkeyPatch, apart: Path) -> None:
    raising(monkeypatch, ZeroDivisionError("a bug"))
    status, out, err = run("status")
    log = apart / ".claude-patterns" / "daemon" / "cli-error.log"
    assert (status, out) == (BUG, "")
    assert str(log) in err
    assert "Traceback" not in err
    assert "ZeroDivisionError: a bug" in log.read_text()


def test_a_bug_is_shown_where_no_log_can_be_written(run: Run, monkeypatch: pytest.MonkeyPatch, apart: Path) -> None:
    (apart / ".claude-patterns").write_text("a file where the folder should be")
    raising(monkeypatch, ZeroDivisionError("a bug"))
    status, _, err = run("status")
    assert status == BUG
    assert "ZeroDivisionError: a bug" in err


@pytest.mark.parametrize("arguments", [["report", "--json"], ["status"], ["--help"]])
def test_a_reader_that_leaves_early_is_no_fault(arguments: list[str], apart: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [sys.executable, "-I", str(STARTER), *arguments], stdout=writer, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, "")
