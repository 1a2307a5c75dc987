"""A command with our trap before it does what it does without: each runs in bash, as the client does it, both ways."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.daemon.harness import PLUGIN
from tests.handlers.client import Client
from tests.odd_commands import ALIKE, REFUSED

from trimtab.handlers import wrapping

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands are wrapped on Linux only")

KEY = "0123456789ab"
LATE_S = 5.0  # by then every job of the table has ended
SLOWER_S = 1.5  # than without: a whole second on a busy machine is no wait of ours
PID = re.compile(rb"(line \d+: +)\d+ ")  # as bash names a child that a signal ended


class Ran(NamedTuple):
    """What came of a command: everything that the client or the agent can see of it."""

    exit_code: int
    output: bytes
    folder_afterwards: str
    files: dict[str, bytes]


def client_line(command: str, end: Path) -> str:
    """How the client hands a command to bash (client 2.1.328; tests/client/test_failing.py compares)."""
    stdin = "" if "<" in command else " < /dev/null"
    quoted = "'" + command.replace("'", "'\"'\"'") + "'"
    settings = "shopt -s expand_aliases && shopt -u extglob 2>/dev/null || true"
    return f"{settings} && eval {quoted}{stdin} && pwd -P >| {shlex.quote(str(end))}"


def run(command: str, folder: Path, **more: str) -> tuple[Ran, float]:
    """Run a command in a new folder below `folder`; what came of it when its last job has ended, and its seconds."""
    work = folder / "work"
    (work / "sub").mkdir(parents=True)
    (work / "script.sh").write_text("echo in script\nexit 4\n")
    (work / "trapping.sh").write_text("trap 'echo own end' EXIT\n")
    (work / "plain.txt").write_text("no program\n")
    tasks = folder / f"claude-{os.getuid()}" / "-project" / "s1" / "tasks"
    tasks.mkdir(parents=True)
    output, end = tasks / "b1.output", folder / "cwd"
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}
    started = time.monotonic()
    with output.open("ab") as file:
        process = subprocess.Popen(
            ["bash", "-c", client_line(command, end)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=work,
            env=environment,
            start_new_session=True,
        )
    code = process.wait(20)
    elapsed_s = time.monotonic() - started
    wait_for_session(process.pid, work)
    folder_afterwards = end.read_text().strip().replace(str(work), ".") if end.exists() else ""
    files = {path.name: path.read_bytes() for path in sorted(work.rglob("*")) if path.is_file()}
    shown = PID.sub(rb"\1PID ", output.read_bytes().replace(str(work).encode(), b"."))
    return Ran(code, shown, folder_afterwards, files), elapsed_s


def wait_for_session(leader: int, work: Path) -> None:
    """Until no process works in `work` or belongs to the session any more."""
    ends = time.monotonic() + LATE_S
    while time.monotonic() < ends:
        if not any(belongs(entry, leader, work) for entry in Path("/proc").glob("[0-9]*")):
            return
        time.sleep(0.02)


def belongs(entry: Path, leader: int, work: Path) -> bool:
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
        at_work = os.readlink(entry / "cwd").startswith(str(work))
    except OSError:
        return False
    return fields[0] != "Z" and (at_work or int(fields[3]) == leader)


@pytest.mark.parametrize("command", ALIKE, ids=lambda c: repr(c[:50]))
def test_odd_command_does_the_same_with_the_trap(command: str, tmp_path: Path) -> None:
    """Its exit code, output, working directory, files, or the time it takes change; there is no daemon."""
    assert wrapping.refusal(command) == ""
    plain, plain_s = run(command, tmp_path / "plain")
    wrapped, wrapped_s = run(wrapping.wrapped(command, str(PLUGIN), KEY), tmp_path / "wrapped")
    assert wrapped == plain
    assert wrapped_s < plain_s + SLOWER_S


def test_there_are_many_odd_commands() -> None:
    assert len(set(ALIKE)) == len(ALIKE) > 100


@pytest.mark.parametrize(("command", "reason"), REFUSED.items(), ids=lambda value: repr(value[:30]))
def test_what_is_better_left_alone(client: Client, command: str, reason: str) -> None:
    assert reason in wrapping.refusal(command)
    assert pre(client, command) is None


@pytest.mark.parametrize(
    ("command", "runs"),
    [
        ("(sleep 0.1; kill -TERM -- -$$) & sleep 5", 0),
        ("true", 0),
        ("exit 0", 0),
        ("false", 1),
        ("exit 3", 1),
        ("(exit 1) || true", 0),
        ("exit 143", 0),
        ("kill $$", 0),
    ],
)
def test_only_a_command_that_failed_by_itself_runs_our_program(command: str, runs: int, tmp_path: Path) -> None:
    """A success pays for a process of ours, or a command that is being ended waits for one."""
    hooks = tmp_path / "it is here" / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "failed").write_text(f'echo "$1" >>{shlex.quote(str(tmp_path))}/ran\n')
    run(wrapping.wrapped(command, str(hooks.parent), KEY), tmp_path / "run")
    ran = tmp_path / "ran"
    assert (ran.read_text() if ran.exists() else "") == f"{KEY}\n" * runs


@pytest.mark.parametrize("shell", [name for name in ("dash", "zsh", "ksh", "busybox") if shutil.which(name)])
def test_in_another_shell_the_trap_does_nothing(shell: str, tmp_path: Path) -> None:
    """The client may run zsh: only bash's traps are known well enough."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "failed").write_text(f"touch {tmp_path}/ran\n")
    for command in ("echo hi; exit 3", "set -e; false; echo no", "true", "(exit 4)"):
        plain, wrapped = (
            subprocess.run([shell, *(["sh"] if shell == "busybox" else []), "-c", text], capture_output=True)
            for text in (command, wrapping.wrapped(command, str(tmp_path), KEY))
        )
        assert (wrapped.returncode, wrapped.stdout, wrapped.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("program", [None, "exit 7\n", "echo noise; echo noise >&2\nexit 1\n", "kill -9 $$\n", "if\n"])
def test_whatever_becomes_of_our_program_is_not_seen(program: str | None, tmp_path: Path) -> None:
    """A plugin that was removed, updated halfway or is broken: None is one that is not there."""
    hooks = tmp_path / "plugin" / "hooks"
    hooks.mkdir(parents=True)
    if program is not None:
        (hooks / "failed").write_text(program)
    for command in ("echo hi; exit 3", "set -e; false", "set -x; exit 4"):
        plain, _ = run(command, tmp_path / command / "plain")
        assert run(wrapping.wrapped(command, str(hooks.parent), KEY), tmp_path / command / "wrapped")[0] == plain


def test_a_daemon_that_does_not_answer_costs_its_deadline_once(tmp_path: Path) -> None:
    """It is taken for dead then, so that the next command does not wait for it."""
    command = wrapping.wrapped("seq 1000; exit 3", str(PLUGIN), KEY)
    plain, _ = run("seq 1000; exit 3", tmp_path / "plain")
    (tmp_path / "wrapped").mkdir()
    home = Path("/tmp") / f"tt-{os.getpid()}"
    folder = home / ".claude-patterns" / "daemon"
    folder.mkdir(parents=True)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "socket"))
            listener.listen()
            os.utime(folder / "socket", (0, 0))  # one that has just started may take its time
            first, first_s = run(command, tmp_path / "wrapped" / "1", HOME=str(home))
            again, again_s = run(command, tmp_path / "wrapped" / "2", HOME=str(home))
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)
    assert first == again == plain
    assert 1.0 < first_s < 1.5 + SLOWER_S
    assert again_s < 1.0


def test_commands_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    commands = [f"seq {n} 1000; echo end {n}; exit {n}" for n in range(1, 7)]
    found: dict[str, Ran] = {}

    def work(command: str) -> None:
        found[command] = run(wrapping.wrapped(command, str(PLUGIN), KEY), tmp_path / command[-1])[0]

    threads = [threading.Thread(target=work, args=(command,)) for command in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, command in enumerate(commands, 1):
        assert found[command].exit_code == n
        assert found[command].output == b"".join(b"%d\n" % i for i in range(n, 1001)) + b"end %d\n" % n


def pre(client: Client, command: object, mode: str = "bypassPermissions", **more: object) -> dict[str, object] | None:
    """What PreToolUse makes of the tool's input."""
    client.environment.setdefault("ROOT", "/plugin")
    reply = client.send(
        "PreToolUse",
        permission_mode=mode,
        tool_name="Bash",
        tool_use_id="t1",
        tool_input={"command": command, "timeout": 5, "description": "d", **more},
    )
    if reply is None:
        return None
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    assert sorted(output) == ["hookEventName", "updatedInput"]  # never a decision of ours
    given: dict[str, object] = output["updatedInput"]
    return given


def test_the_rest_of_the_input_stays(client: Client) -> None:
    given = pre(client, "make")
    assert given is not None
    assert str(given.pop("command")).endswith(" EXIT; make")
    assert given == {"timeout": 5, "description": "d"}


@pytest.mark.parametrize("mode", ["default", "acceptEdits", "plan", "dontAsk", "auto", ""])
def test_no_command_is_touched_where_not_all_may_run(client: Client, mode: str) -> None:
    """The user's rules judge the rewritten command: a wrapped one would be asked for, or allowed."""
    assert pre(client, "make", mode) is None


def test_one_key_turns_it_off(client: Client) -> None:
    (client.project / ".claude-patterns").mkdir()
    config = client.project / ".claude-patterns" / "config.toml"
    config.write_text("wrap_failing = false\n")
    assert pre(client, "make") is None
    config.write_text("wrap_failing = true # again\n")
    assert pre(client, "make") is not None
    config.write_text('mode = "monitoring_only"\n')
    assert pre(client, "make") is None


@pytest.mark.parametrize("root", ["", "relative", "/it's", '/a"b', "/a$b", "/a`b`", "/a\\b", "/a\nb"])
def test_no_command_is_touched_where_the_plugins_folder_needs_quoting(client: Client, root: str) -> None:
    client.environment["ROOT"] = root
    assert pre(client, "make") is None


@pytest.mark.parametrize("command", [None, 7, "echo '\ud800'"])
def test_no_command_is_touched_that_is_none(client: Client, command: object) -> None:
    """Half a surrogate pair can't be given back as it came."""
    assert pre(client, command) is None


def test_a_background_command_is_left_alone(client: Client) -> None:
    """Its output may be read at any time."""
    assert pre(client, "make", run_in_background=True) is None


def test_a_wrapped_command_that_did_not_fail_is_trimmed_as_ever(client: Client) -> None:
    """The client's PostToolUse has the wrapped command: the ledger would call it that, and `cat` not be known."""
    given = pre(client, "cat a.txt")
    assert given is not None
    response = {"stdout": "some line of the file\n" * 400, "stderr": "", "interrupted": False, "isImage": False}
    call = {"tool_name": "Bash", "tool_use_id": "t1", "tool_input": given, "tool_response": response}
    assert client.send("PostToolUse", **call) is None
    (load,) = client.loads()
    assert load.path == "cat a.txt"
    assert "what it was asked for" in load.reason
