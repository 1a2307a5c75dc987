"""The real hook process with what the real client sent, under an empty environment; and under other Pythons."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon.harness import PLUGIN, Done, Home, a_home, daemons, source, wait_for

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs unix processes")

RECORDED = sorted((PLUGIN / "tests" / "events").glob("*.json"))
HOOKED = json.loads((PLUGIN / "hooks" / "hooks.json").read_text(encoding="utf-8"))["hooks"]
PASSED_ON = [path for path in RECORDED if path.name.partition(".")[0] in HOOKED]


@pytest.fixture
def home() -> Iterator[Home]:
    """One whose hooks have HOME, PATH and TRIMTAB_ENVIRONMENT, and nothing else."""
    with a_home() as made:
        del made.variables["CLAUDE_PROJECT_DIR"]
        assert sorted(made.variables) == ["HOME", "PATH", "TRIMTAB_ENVIRONMENT"]
        yield made


def recorded(path: Path, home: Home) -> dict[str, object]:
    """A recorded event, moved from the recording user's home to this one."""
    text = path.read_text(encoding="utf-8").replace("/home/user/project", str(home.project))
    event = json.loads(text.replace("/home/user", str(home.path)))
    assert isinstance(event, dict)
    return event


def piped(home: Home, event: dict[str, object]) -> Done:
    return home.hook(json.dumps(event).encode(), str(event["hook_event_name"]))


def test_every_recorded_event_is_answered_or_passed_over(home: Home) -> None:
    """One daemon, all events: small files and ordinary edits have no opinion, and none of them is a fault."""
    home.start()
    for path in PASSED_ON:
        done = piped(home, recorded(path, home))
        if path.name == "PreToolUse.Bash.json":
            continue  # a command that all may run: below
        if path.name == "SubagentStart.json":  # an agent that starts is told how to report
            assert b"additionalContext" in done.stdout
            continue
        assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b""), path.name
    assert home.faults() == []
    assert home.loads() == LOADED


LOADED = {  # what a Read, a Bash, a Grep and an Agent of the recorded events brought in, and what the agent was asked
    "toolu_78d9a6df92de4c25839bab4e",
    "toolu_78d9a6df92de4c25839bab4e:task",
    "toolu_1ea2674ad18a43f08b70662f",
    "toolu_5ec7e7b5a6e042c78251b4b7",
    "toolu_c010a2d0543749a6bd59f466",
    "toolu_288f17edab484645828856a8",
}


@pytest.mark.parametrize("name", sorted(HOOKED))
def test_without_a_daemon_nothing_is_said(home: Home, name: str) -> None:
    """The first event of a session whose daemon is not there yet; SessionStart waits for it."""
    path = next(path for path in PASSED_ON if path.name.startswith(name + "."))
    done = piped(home, recorded(path, home))
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b"")
    assert home.faults() == []


def test_a_recorded_read_of_a_large_file_is_replaced_in_the_clients_shape(home: Home) -> None:
    """facts of the client: type, file with filePath and cells; a cell has cellType, language, source and cell_id."""
    home.start()
    event = recorded(PLUGIN / "tests" / "events" / "PostToolUse.Read.json", home)
    response = event["tool_response"]
    assert isinstance(response, dict)
    response["file"] |= {"content": source(3), "numLines": 400, "totalLines": 400}
    reply = json.loads(piped(home, event).stdout)
    assert list(reply) == ["hookSpecificOutput"]
    output = reply["hookSpecificOutput"]
    assert sorted(output) == ["hookEventName", "updatedToolOutput"]
    assert output["hookEventName"] == "PostToolUse"
    new = output["updatedToolOutput"]
    assert sorted(new) == ["file", "type"]
    assert (new["type"], new["file"]["filePath"]) == ("notebook", str(home.project / "small.py"))
    (cell,) = new["file"]["cells"]
    assert sorted(cell) == ["cellType", "cell_id", "language", "source"]
    assert {type(value) for value in cell.values()} == {str}


def test_a_recorded_edit_with_a_fold_line_is_denied_in_the_clients_shape(home: Home) -> None:
    home.start()
    event = recorded(PLUGIN / "tests" / "events" / "PreToolUse.Edit.json", home)
    arguments = event["tool_input"]
    assert isinstance(arguments, dict)
    arguments["new_string"] = "... Read offset=3 limit=7: sub"
    output = json.loads(piped(home, event).stdout)["hookSpecificOutput"]
    assert sorted(output) == ["hookEventName", "permissionDecision", "permissionDecisionReason"]
    assert output["permissionDecision"] == "deny"


@pytest.mark.parametrize(
    ("mode", "more"), [("bypassPermissions", {}), ("default", {}), ("bypassPermissions", {"BASH_ENV": "/etc/env"})]
)
def test_a_recorded_shell_command_is_wrapped_only_where_all_may_run(
    home: Home, mode: str, more: dict[str, str]
) -> None:
    """Nor where bash starts with a file of the user's, which may set an EXIT trap: ours would take its place."""
    home.start()
    event = recorded(PLUGIN / "tests" / "events" / "PreToolUse.Bash.json", home) | {"permission_mode": mode}
    body = json.dumps(event, separators=(",", ":")).encode()  # as the client writes it
    done = home.hook(body, "PreToolUse", **more)
    assert (done.exit_code, done.stderr) == (0, b"")
    if mode == "default" or more:
        assert done.stdout == b""
        return
    output = json.loads(done.stdout)["hookSpecificOutput"]
    assert sorted(output) == ["hookEventName", "updatedInput"]
    new, old = output["updatedInput"], event["tool_input"]
    assert isinstance(old, dict)
    assert new["command"].startswith("trap '")
    assert new["command"].endswith(" EXIT; " + old["command"])
    assert new | {"command": ""} == old | {"command": ""}


def test_a_recorded_command_is_answered_in_the_clients_shape(home: Home) -> None:
    home.start()
    event = recorded(PLUGIN / "tests" / "events" / "UserPromptExpansion.json", home)
    reply = json.loads(piped(home, event | {"command_name": "trimtab:token-report", "command_args": ""}).stdout)
    assert sorted(reply) == ["decision", "hookSpecificOutput", "reason"]
    assert reply["decision"] == "block"


def test_a_view_has_the_files_own_characters(home: Home) -> None:
    """The hook has no locale: bytes go through as they are."""
    home.start()
    text = source(1).replace("Returns", "Gibt zurück – 中文 😀")
    assert "Gibt zurück – 中文 😀" in home.hook(home.event(text=text)).view


@pytest.mark.parametrize("arguments", [[], ["Nonsense"]])
def test_a_wrong_command_line_is_no_reason_to_fail(home: Home, arguments: list[str]) -> None:
    command = [*home.command("Stop")[:-1], *arguments]
    done = subprocess.run(command, input=home.event("Stop"), capture_output=True, env=home.variables, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_plugin_without_its_library_says_nothing(home: Home, tmp_path: Path) -> None:
    """An update that was broken off."""
    shutil.copytree(PLUGIN / "hooks", tmp_path / "hooks")
    home.plugin = tmp_path
    done = home.hook()
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b"")


def test_a_client_that_does_not_listen_is_no_reason_to_fail(home: Home) -> None:
    """Its end of the pipe is closed before the view is written."""
    home.start()
    process = home.start_hook("PostToolUse")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stdin is not None
    process.stdin.write(home.event())
    process.stdin.close()
    assert process.wait(10) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert home.hook().view


def pythons() -> list[str]:
    """Every Python 3 that can be found: on PATH, and in a version manager's folder (its shims may lead nowhere)."""
    managed = Path(os.environ.get("PYENV_ROOT", "/nowhere")) / "versions"
    found = {path.parents[1].name: str(path) for path in sorted(managed.glob("3.*/bin/python3"))}
    for minor in range(7, 16):
        path = shutil.which(f"python3.{minor}")
        if path and not any(name.startswith(f"3.{minor}.") for name in found) and "shims" not in path:
            found[f"3.{minor}"] = path
    return [found[name] for name in sorted(found)] or [sys.executable]


@pytest.mark.parametrize("python", pythons())
def test_the_hook_runs_on_any_python_that_the_user_may_have(home: Home, python: str) -> None:
    """hooks/python takes the environment's own where there is one; until then it is whatever python3 is."""

    def run(**more: str) -> "subprocess.CompletedProcess[bytes]":
        command = [python, *home.command("PostToolUse")[2:]]
        return subprocess.run(
            command, input=home.event(), capture_output=True, env=home.variables | more, check=False, cwd=home.path
        )

    silent = run(TRIMTAB_ENVIRONMENT="/nowhere")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, b"", b"")
    assert daemons(home.folder) == []
    assert run().returncode == 0  # starts a daemon
    assert wait_for(lambda: b"updatedToolOutput" in run().stdout)
    assert home.faults() == []
