"""`trimtab demo`: real hooks, a real daemon and a real ledger in a temporary home that is gone afterwards."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from trimtab import tiers
from trimtab.cli import demo, player, resident, script
from trimtab.transcript import Call, Prompt, Reader, Result

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[2]
STARTER = ROOT / "lib" / "trimtab" / "cli" / "__main__.py"


def folder_of_code(folder: Path, files: int = 3) -> Path:
    """Python files of 50 functions each; `find_nearest_neighbour` is in the first and used in the others."""
    folder.mkdir()
    body = "".join(f"    value = transform(value, {n}, key='some key {n}')\n" for n in range(9))
    for number in range(files):
        names = [f"step_{number}_{n}" if n or number else "find_nearest_neighbour" for n in range(50 - number)]
        text = "".join(f'def {name}(value):\n    """Does {name}."""\n{body}    return value\n\n\n' for name in names)
        (folder / f"module_{number}.py").write_text(text + "find_nearest_neighbour(1)\n")
    (folder / "blob.py").write_bytes(b"\0" * 50_000)
    (folder / "latin.py").write_bytes(b"# caf\xe9\n" * 6_000)
    return folder


class Played(NamedTuple):
    """What the demonstration printed, how long it took, and the folders it could have left something in."""

    ran: subprocess.CompletedProcess[str]
    elapsed_s: float
    scratch: Path
    home: Path
    code: Path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demonstration over a small folder, run as `bin/trimtab` runs it, with its own folder for temporary files."""
    folder = tmp_path_factory.mktemp("demo")
    scratch, home, code = folder / "scratch", folder / "home", folder_of_code(folder / "code")
    scratch.mkdir()
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(scratch), "COLUMNS": "80"}
    command = [sys.executable, "-I", "-X", "utf8", str(STARTER), "demo", str(code)]
    started = time.monotonic()
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home)
    return Played(ran, time.monotonic() - started, scratch, home, code)


def test_the_whole_demonstration(played: Played) -> None:
    out = played.ran.stdout
    assert (played.ran.returncode, played.ran.stderr) == (0, "")
    assert played.elapsed_s < 20
    assert len(re.findall(r"^  read  ", out, re.M)) == 3
    assert len(re.findall(r"^  read again  ", out, re.M)) == 1
    assert out.count("── without Trimtab: ") == out.count("── with Trimtab: ") == 2
    assert "4 loads in 1 session" in out
    assert "1 recovery" in out
    assert "o200k_base, counted" in out
    assert max(map(len, out.splitlines())) <= 80


def test_it_leaves_nothing_behind(played: Played) -> None:
    assert not list(played.scratch.iterdir()), "the temporary folder is gone"
    assert not list(played.home.iterdir()), "the user's home was left alone"
    names = ["blob.py", "latin.py", "module_0.py", "module_1.py", "module_2.py"]
    assert sorted(path.name for path in played.code.iterdir()) == names, "the folder was only read"


def figures(pattern: str, out: str) -> list[int]:
    return [int(figure.replace(",", "")) for figure in re.findall(pattern, out, re.M)]


def test_the_figures_of_the_steps_are_those_of_the_ledger(played: Played) -> None:
    out = played.ran.stdout
    raw, shown = figures(r"^ +([\d,]+) tokens, shown", out), figures(r"tokens, shown ([\d,]+) \(", out)
    assert (len(raw), len(shown)) == (4, 3)
    assert figures(r"^Loaded +([\d,]+)", out) == [sum(raw)]
    assert figures(r"^Shown +([\d,]+)", out) == [sum(shown) + raw[-1]]  # the last read is shown whole


def test_the_daemon_is_gone(tmp_path: Path) -> None:
    with demo.stage(os.environ) as stage:
        session = player.Player(stage.hooks, stage.home, tmp_path)
        session.start()
        pid = resident.look(stage.daemon).pid
        assert demo.is_running(pid)
    assert not demo.is_running(pid)
    assert not stage.home.exists()


def test_it_tidies_up_after_an_interruption(tmp_path: Path) -> None:
    def interrupt() -> Path:
        with demo.stage(os.environ) as stage:
            player.Player(stage.hooks, stage.home, tmp_path).start()
            places.append(stage.home)
            raise KeyboardInterrupt

    places: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert not places[0].parent.exists()


@pytest.mark.parametrize("content", [None, b"\0\0", b"\xff\xfe\xfa", b"   \n", b"x" * 70_000])
def test_a_folder_without_readable_text_is_refused(content: bytes | None, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    if content is not None:
        (folder / "file").write_bytes(content)
    status, out, err = run("demo", folder)
    assert (status, out) == (1, "")
    assert "no text file" in err
    assert str(folder) in err


def test_a_path_that_is_no_folder_is_wrong_usage(tmp_path: Path, run: Run) -> None:
    assert run("demo", tmp_path / "nowhere")[0] == 2


def test_a_copy_without_hooks_says_what_to_start(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "ROOT", tmp_path / "elsewhere")
    status, _, err = run("demo", folder_of_code(tmp_path / "code"))
    assert status == 1
    assert "bin/trimtab" in err


def test_the_script_reads_the_largest_and_asks_about_a_name_in_them(tmp_path: Path) -> None:
    found = script.write(folder_of_code(tmp_path / "code", 5))
    assert [source.name for source in found.reads] == ["module_0.py", "module_1.py", "module_2.py"]
    assert found.pattern
    for hit in found.hits:
        assert found.pattern in hit.line
        assert (tmp_path / "code" / hit.name).read_text().split("\n")[hit.number - 1] == hit.line


def test_packages_of_others_and_hidden_files_are_not_read(tmp_path: Path) -> None:
    folder = folder_of_code(tmp_path / "code", 1)
    for name in ("node_modules", ".git", "venv"):
        (folder / name).mkdir()
        (folder / name / "large.py").write_text("x = 1\n" * 9_000)
    (folder / "link.py").symlink_to(folder / "venv" / "large.py")
    assert [source.name for source in script.write(folder).reads] == ["module_0.py"]


def test_prose_is_read_where_there_is_no_code(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A heading\n\nSome words.\n")
    found = script.write(tmp_path)
    assert [source.kind for source in found.reads] == ["markdown"]
    assert found.pattern == ""
    assert "a.md" in found.prompt


class NoHooks(player.Hooks):
    """Hooks without an opinion; keeps the events."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []

    def fire(self, event: object) -> player.Answer:
        assert isinstance(event, dict)
        self.events.append(event)
        return player.Answer(None, 1.0)


def test_the_transcript_is_one_that_our_reader_reads(tmp_path: Path) -> None:
    hooks = NoHooks()
    session = player.Player(hooks, tmp_path, tmp_path / "code")
    session.start()
    session.ask("What is it?")
    session.search("name", "a.py:1:name")
    session.read(tmp_path / "a.py", "one\ntwo\nthree\n", 2, 1)
    session.end("Done.")
    transcript = str(hooks.events[0]["transcript_path"])
    reader = Reader(Path(transcript), session.session)
    entries = reader.read()
    assert reader.bad == 0
    assert [type(entry).__name__ for entry in entries] == ["Prompt", "Call", "Result", "Call", "Result", "Said"]
    assert isinstance(entries[0], Prompt)
    assert entries[0].text == "What is it?"
    assert isinstance(entries[1], Call)
    assert isinstance(entries[2], Result)
    assert entries[1].id == entries[2].id
    assert isinstance(entries[4], Result)
    assert entries[4].text == "2\ttwo"
    assert [event["hook_event_name"] for event in hooks.events] == ["SessionStart", "PostToolUse", "Stop", "SessionEnd"]


def test_a_whole_read_has_the_shape_of_the_client(tmp_path: Path) -> None:
    hooks = NoHooks()
    player.Player(hooks, tmp_path, tmp_path).read(tmp_path / "a.py", "one\ntwo\n")
    event = hooks.events[0]
    assert event["tool_input"] == {"file_path": str(tmp_path / "a.py")}
    file = {"filePath": str(tmp_path / "a.py"), "content": "one\ntwo\n", "numLines": 3, "startLine": 1, "totalLines": 3}
    assert event["tool_response"] == {"type": "text", "file": file}  # as in a recorded event of the client


def test_hooks_are_those_of_hooks_json() -> None:
    hooks = player.Hooks(ROOT, {})
    (command, timeout_s), *others = hooks.commands("PostToolUse", "Read")
    assert not others
    assert command[0] == "sh"
    assert command[-2:] == [str(ROOT / "hooks" / "hook.py"), "PostToolUse"]
    assert timeout_s > 0
    assert hooks.commands("PostToolUse", "TodoWrite") == []
    assert hooks.commands("NoSuchEvent", "") == []


ODD_CELL = {"type": "notebook", "file": {"cells": [{"source": 1, "cell_id": "x"}]}}


@pytest.mark.parametrize("output", ["text", {}, {"file": {"cells": []}}, ODD_CELL])
def test_a_reply_of_another_shape_replaces_nothing(output: object) -> None:
    assert player.replaced({"hookSpecificOutput": {"updatedToolOutput": output}}) is None
    assert player.replaced(None) is None


def test_the_fold_with_a_hit_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    text = "... Read offset=1 limit=40: a\n41\tx\n... Read offset=42 limit=10: b"
    assert len(tiers.FOLD_LINE.findall(text)) == 2
    read = player.Shown(path, None, None, "", text, text, True, 1.0)
    assert demo.folded([read], {}) == (read, 1, 40)
    assert demo.folded([read], {path: [45]}) == (read, 42, 10)
    assert demo.folded([read._replace(is_view=False)], {}) is None


def test_without_an_interpreter_in_its_prefix_it_takes_the_ready_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    ready = tmp_path / "ready"
    (ready / "bin").mkdir(parents=True)
    shutil.copy("/bin/sh", ready / "bin" / "python")
    assert demo.environment_folder({"TRIMTAB_ENVIRONMENT": str(ready)}) == ready
