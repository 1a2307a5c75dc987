"""`trimtab status`: what runs, what is recorded, where settings come from; it starts nothing."""

import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trimtab.cli import resident
from trimtab.daemon import wire

Run = Callable[..., tuple[int, str, str]]


def test_without_anything(run: Run, apart: Path) -> None:
    status, out, err = run("status")
    assert (status, err) == (0, "")
    assert "not running" in out
    assert "none yet" in out
    assert not (apart / ".claude-patterns").exists()


def test_the_ledger_in_words(project: Path, run: Run) -> None:
    _, out, _ = run("status")
    assert "4 loads of 2 sessions, the last 10 min ago" in out


def test_a_damaged_ledger_does_not_hide_the_rest(project: Path, run: Run) -> None:
    (project / ".claude-patterns" / "trimtab.db").write_bytes(b"not a database, but long enough to be one" * 100)
    status, out, _ = run("status")
    assert status == 0
    assert "is damaged" in " ".join(out.split())
    assert "Settings in force" in out


def settings_lines(out: str) -> dict[str, tuple[str, str]]:
    """Value and source by setting."""
    rows = [re.split(r"  +", line.strip()) for line in out.partition("Settings in force")[2].splitlines()]
    return {row[0]: (row[1], row[2]) for row in rows if len(row) == 3}


def test_settings_say_where_they_come_from(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, apart: Path
) -> None:
    config = project / ".claude-patterns" / "config.toml"
    config.write_text('level = "minimal"\nmode = "monitoring_only"\nleast_saved_tokens = 200\n')
    (apart / ".claude").mkdir()
    options = {"pluginConfigs": {"trimtab@trimtab": {"options": {"mode": "optimization_active"}}}}
    (apart / ".claude" / "settings.json").write_text(json.dumps(options))
    monkeypatch.setenv("TRIMTAB_LEVEL", "AGGRESSIVE")
    monkeypatch.setenv("COLUMNS", "300")
    found = settings_lines(run("status")[1])
    assert found["level"] == ("aggressive", "TRIMTAB_LEVEL")
    assert found["mode"] == ("optimization_active", "the plugin's option")
    assert found["least_saved_tokens"] == ("200", str(config))
    assert found["least_saved_share"] == ("0.1", "default")


def test_a_wrong_setting_is_named_and_not_in_force(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_LEVEL", "turbo")
    _, out, _ = run("status")
    assert "level" in out
    assert "turbo" in out
    assert "TRIMTAB_LEVEL" in out


def test_faults_are_counted(project: Path, run: Run, apart: Path) -> None:
    folder = apart / ".claude-patterns" / "daemon"
    folder.mkdir(parents=True)
    lines = [{"at": 1_800_000_000.0 - age, "where": "hook", "event": "Stop", "fault": "x"} for age in (60, 90_000)]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"half')
    assert "1 fault in the last 24 hours" in run("status")[1]


@pytest.fixture
def listener(apart: Path) -> Iterator[Path]:
    """The folder of something that answers as the daemon does, with no opinion."""
    import socket

    folder = apart / ".claude-patterns" / "daemon"
    folder.mkdir(parents=True)
    before = Path.cwd()
    os.chdir(folder)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind("socket")
    os.chdir(before)
    server.listen()
    (folder / "status.json").write_text(json.dumps({"pid": os.getpid(), "version": "0.0.9", "started": 1_799_996_400}))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(wire.reply(b""))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield folder
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
def test_a_daemon_is_described(listener: Path, project: Path, run: Run) -> None:
    _, out, _ = run("status")
    flat = " ".join(out.split())
    assert f"pid {os.getpid()}, version 0.0.9, for 60 min" in flat
    assert "MB of memory, answers in" in flat


def test_a_daemon_that_is_silent_is_said_to_be(apart: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(resident, "ANSWER_S", 0.2)
    folder = apart / ".claude-patterns" / "daemon"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind("socket")
        server.listen()
        os.utime("socket", (0, 0))  # one that has just started may take its time
        assert "is silent" in run("status")[1]
    assert not (folder / "socket").exists(), "the next event finds none and starts another"


def test_looking_keeps_the_working_folder(listener: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resident.look(listener).listens
    assert Path.cwd() == tmp_path


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the hook's client leaves it to exit
def test_an_address_that_nobody_serves_is_not_running(apart: Path) -> None:
    folder = apart / "daemon"
    folder.mkdir()
    (folder / "socket").write_text("")
    (folder / "status.json").write_text('{"pid": 1}')
    assert resident.look(folder) == resident.NONE
