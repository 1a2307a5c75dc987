"""When a daemon starts and leaves, and who may talk to it."""

import json
import os
import shutil
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.harness import PLUGIN, Home, a_home, daemons, wait_for

from trimtab import paths
from trimtab.budget.words import Place, read, say
from trimtab.daemon import client, wire
from trimtab.store.budgets import Author, BudgetStore


def copy_plugin(folder: Path) -> Path:
    """The plugin in another folder, with what a running daemon needs."""
    for part in ("lib", "hooks", "bin"):
        shutil.copytree(PLUGIN / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PLUGIN / "requirements.lock", folder)
    return folder


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return copy_plugin(tmp_path / "plugin")


@pytest.fixture
def copied(plugin: Path) -> Iterator[Home]:
    with a_home(plugin) as made:
        yield made


def test_session_start_waits_until_the_next_event_is_answered(home: Home) -> None:
    assert home.hook(name="SessionStart").exit_code == 0
    assert home.hook().view


def test_the_first_event_that_finds_no_daemon_starts_one(home: Home) -> None:
    done = home.hook()
    assert (done.exit_code, done.stdout) == (0, b"")
    assert wait_for(lambda: home.hook().view)
    assert len(daemons(home.folder)) == 1


@pytest.mark.parametrize(
    ("name", "more", "refused"),
    [
        ("UserPromptSubmit", {"prompt": "Do it."}, b'"decision": "block"'),
        ("PreToolUse", {"tool_name": "Agent", "tool_use_id": "t1", "tool_input": {}}, b'"permissionDecision": "deny"'),
        ("PostToolBatch", {"tool_calls": []}, b'"continue": false'),
        ("PreCompact", {"trigger": "auto"}, b'"decision": "block"'),
    ],
)
def test_what_a_budget_may_stop_waits_for_a_daemon_that_starts(
    home: Home, name: str, more: dict[str, Any], refused: bytes
) -> None:
    """The first request after a pause, or after an update, is sent although the budget is used up."""
    with BudgetStore.open(paths.ensure_user_folder({"HOME": str(home.path)}) / paths.USER_LEDGER) as store:
        store.add(read("1000 tokens for all my work", Place("", "", "", "", "cli")), Author("me", "cli", 0.0), say)
    assert refused in home.hook(home.event(name, **more), name).stdout


@pytest.mark.parametrize("kind", ["socket", "port"])
def test_a_connection_that_is_refused_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """What a daemon that is gone has left keeps a descriptor open for each try."""
    monkeypatch.chdir(tmp_path)
    if kind == "port":
        monkeypatch.setenv("TRIMTAB_TCP", "1")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            (tmp_path / "port").write_text(f"{free.getsockname()[1]} secret")
    else:
        with socket.socket(socket.AF_UNIX) as left:
            left.bind("socket")
    made: list[socket.socket] = []

    class Kept:
        """The module `_socket`, with every socket that it made."""

        AF_UNIX, AF_INET, SOCK_STREAM = socket.AF_UNIX, socket.AF_INET, socket.SOCK_STREAM

        @staticmethod
        def socket(family: int, kind: int) -> socket.socket:
            made.append(socket.socket(family, kind))
            return made[-1]

    assert client.connect(Kept, str(tmp_path), {}) == (None, ("", 0))
    assert [one.fileno() for one in made] == [-1]


def test_a_prompt_after_a_pause_in_which_the_daemon_left_waits_for_a_new_one(home: Home) -> None:
    """The user is not told of a cold cache just where it is cold."""
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 120_000, "output_tokens": 9}
    message = {"id": "m1", "role": "assistant", "model": "claude-opus-5-5", "content": "Done.", "usage": usage}
    line = {"type": "assistant", "timestamp": "2026-01-05T09:00:00.000Z", "requestId": "r1", "message": message}
    home.transcript.write_text(json.dumps(line) + "\n", encoding="utf-8")
    done = home.hook(home.event("UserPromptSubmit", prompt="And now?"), "UserPromptSubmit")
    assert b"120k tokens anew" in done.stdout


def test_the_first_prompt_of_a_session_asks_nobody(home: Home) -> None:
    """It waits for a daemon that loads, though no cache is there to be cold."""
    body = json.dumps(json.loads(home.event("UserPromptSubmit", prompt="Go.")), separators=(",", ":")).encode()
    home.transcript.unlink()
    assert home.hook(body, "UserPromptSubmit").stdout == b""
    assert daemons(home.folder) == []
    home.transcript.touch()
    home.hook(body, "UserPromptSubmit")
    assert wait_for(lambda: daemons(home.folder))


@pytest.mark.parametrize(
    ("body", "is_new"),
    [
        (b'{"prompt":"x"}', True),
        (b'{"transcript_path":"/nowhere/a.jsonl","prompt":"x"}', True),
        (b'{"transcript_path":"/tmp","prompt":"x"}', False),
        (b'{"transcript_path": "/nowhere/a.jsonl", "prompt": "x"}', False),
        (b'{"transcript_path":"/nowhere/\\u00e4.jsonl","prompt":"x"}', False),
        (b'{"prompt":"say \\"transcript_path\\":\\"/nowhere","transcript_path":"/tmp"}', False),
    ],
)
def test_a_session_is_new_that_has_no_transcript(body: bytes, is_new: bool) -> None:
    assert client.is_new_session(body) == is_new


def test_every_hook_has_a_deadline_within_the_clients_patience() -> None:
    hooks = json.loads((PLUGIN / "hooks" / "hooks.json").read_text(encoding="utf-8"))["hooks"]
    for name, entries in hooks.items():
        longest = client.DEADLINES_S[name] + client.STARTING_S
        assert all(longest < hook["timeout"] for entry in entries for hook in entry["hooks"])
    assert set(client.SPENDING) <= set(hooks)


def test_a_session_that_ends_starts_none(home: Home) -> None:
    assert home.hook(name="SessionEnd").exit_code == 0
    time.sleep(0.3)
    assert daemons(home.folder) == []


def test_of_many_that_start_at_once_one_stays(home: Home) -> None:
    hooks = [home.start_hook("PostToolUse") for _ in range(6)]
    for process in hooks:
        assert process.communicate(home.event())[1] == b""
        assert process.returncode == 0
    assert wait_for(lambda: home.hook().view)
    assert wait_for(lambda: daemons(home.folder) == [home.pid()])


def test_it_leaves_when_nothing_comes() -> None:
    with a_home(more={"TRIMTAB_IDLE_S": "0.5"}) as home:
        home.start()
        assert wait_for(lambda: not daemons(home.folder), 5)
        assert not (home.folder / "socket").exists()


def test_it_leaves_when_its_folder_is_gone(home: Home) -> None:
    pid = home.start()
    shutil.rmtree(home.path)
    assert wait_for(lambda: not Path(f"/proc/{pid}/exe").exists() or pid not in daemons(home.folder), 5)


def test_it_leaves_when_the_plugin_is_gone(copied: Home) -> None:
    copied.start()
    shutil.rmtree(copied.plugin)
    assert wait_for(lambda: not daemons(copied.folder), 5)


def test_changed_code_is_taken_up_at_the_next_event(copied: Home) -> None:
    first = copied.start()
    assert copied.hook().view
    time.sleep(1.1)  # it looks at most once a second
    later = time.time() + 5
    os.utime(copied.plugin / "lib" / "trimtab" / "policy.py", (later, later))
    assert copied.hook().exit_code == 0
    assert wait_for(lambda: copied.hook().view and copied.pid() != first)
    assert wait_for(lambda: daemons(copied.folder) == [copied.pid()])


def test_compiling_is_no_change_of_the_code(copied: Home) -> None:
    """The first start writes __pycache__ folders below the code."""
    first = copied.start()
    for _ in range(3):
        assert copied.hook().view
        time.sleep(1.1)
    assert copied.pid() == first


def test_a_newer_version_takes_over_and_an_older_one_does_not(copied: Home, tmp_path: Path) -> None:
    newer = copy_plugin(tmp_path / "newer")
    init = newer / "lib" / "trimtab" / "__init__.py"
    init.write_text(init.read_text(encoding="utf-8").replace('"0.', '"99.'), encoding="utf-8")
    older, first = copied.plugin, copied.start()
    copied.plugin = newer
    assert copied.hook().exit_code == 0
    assert wait_for(lambda: copied.hook().view and copied.pid() != first)
    second = copied.pid()
    copied.plugin = older
    time.sleep(1.1)
    for _ in range(2):
        assert copied.hook().view
    assert copied.pid() == second


def test_its_files_are_its_users_alone(home: Home) -> None:
    home.start()
    home.hook(b"{")
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    for file in home.folder.iterdir():
        assert stat.S_IMODE(file.lstat().st_mode) & 0o077 == 0, file
    assert {"socket", "status.json", "log.jsonl"} <= {file.name for file in home.folder.iterdir()}
    assert (home.folder.parent / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_the_users_environment_stays_with_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"ANTHROPIC_API_KEY": "sk-secret-1", "AWS_SECRET": "sk-secret-2", "HOMEBREW_TOKEN": "sk-secret-3"}
    with a_home(more=secrets) as home:
        pid = home.start()
        home.hook()
        home.hook(b"{broken")
        assert b"sk-secret" not in Path(f"/proc/{pid}/environ").read_bytes()
        for file in (home.path / ".claude-patterns").rglob("*"):
            assert not file.is_file() or b"sk-secret" not in file.read_bytes()
        home.variables["CLAUDE_PLUGIN_OPTION_LEVEL"] = "standard"
        monkeypatch.setattr(os, "environ", home.variables)
        assert not any("secret" in value for value in client.header().values())


def test_over_tcp_with_a_secret() -> None:
    with a_home(more={"TRIMTAB_TCP": "1"}) as home:
        home.start()
        assert home.hook().view
        assert not (home.folder / "socket").exists()
        port = home.folder / "port"
        assert stat.S_IMODE(port.stat().st_mode) == 0o600
        number, secret = port.read_text(encoding="utf-8").split()
        for said in ({}, {"SECRET": "0" * len(secret)}):
            with socket.create_connection(("127.0.0.1", int(number)), timeout=5) as connection:
                connection.sendall(wire.request(said, home.event()))
                answer = b""
                with suppress(ConnectionResetError):
                    answer = connection.recv(100)
                assert answer == b""
        assert home.hook().view


def test_a_home_with_a_long_path() -> None:
    """A unix socket's path may have about 100 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="tt-"))
    home = Home(folder / ("long" * 30) / ("path" * 30))
    try:
        home.start()
        assert home.hook().view
    finally:
        home.stop()
        shutil.rmtree(folder)


def test_without_an_environment_the_user_is_told_and_it_is_made(plugin: Path) -> None:
    """bin/trimtab is a stand-in that says what it was asked."""
    (plugin / "bin" / "trimtab").write_text('#!/bin/sh\necho "$@" >"$HOME/asked"\n', encoding="utf-8")
    with a_home(plugin) as home:
        del home.variables["TRIMTAB_ENVIRONMENT"]
        said = home.hook(name="SessionStart")
        assert said.exit_code == 0
        message = json.loads(said.stdout)
        assert list(message) == ["systemMessage"]
        assert "\n" not in message["systemMessage"]
        asked = home.path / "asked"
        assert wait_for(asked.exists)
        assert wait_for(lambda: asked.read_text(encoding="utf-8") == "setup\n")
        for name in ("PostToolUse", "PreToolUse", "UserPromptExpansion", "Stop", "SessionEnd"):
            done = home.hook(name=name)
            assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b""), name
        assert daemons(home.folder) == []


def test_an_environment_of_another_lock_is_not_used(plugin: Path) -> None:
    with a_home(plugin) as home:
        del home.variables["TRIMTAB_ENVIRONMENT"]
        environment = home.path / ".claude-patterns" / "environment"
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").symlink_to(sys.executable)
        (environment / "complete").write_text("# of another lock\n", encoding="utf-8")
        (plugin / "bin" / "trimtab").write_text("#!/bin/sh\n", encoding="utf-8")
        assert b"systemMessage" in home.hook(name="SessionStart").stdout
        first = (plugin / "requirements.lock").read_text(encoding="utf-8").split("\n")[0]
        (environment / "complete").write_text(f"{first}\n", encoding="utf-8")
        assert home.hook(name="SessionStart").stdout == b""
