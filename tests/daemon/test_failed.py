"""A failed command's output becomes a view in the client's own file, and stays as it was wherever that is not certain.

The command goes through the real hook, and runs in bash as the client runs it, with a real daemon.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.daemon.harness import PLUGIN, Home, daemons, wait_for
from tests.handlers.test_wrapping import client_line

from trimtab.daemon import failed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands are wrapped on Linux only")

TESTS = """\
i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo "tests/test_orders.py::test_total_of_kind_$i PASSED"; done
echo "tests/test_orders.py::test_rounding FAILED"
echo "E       assert 10.01 == 10.0"
echo "FAILED tests/test_orders.py::test_rounding - assert 10.01 == 10.0"
echo "====== 1 failed, 300 passed in 2.31s ======"
"""
FACTS = ("test_rounding FAILED", "E       assert 10.01 == 10.0", "1 failed, 300 passed")


class Shell:
    """Runs commands as the client does: the hook, bash, and an output file of the client's."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.tasks = home.path / f"claude-{os.getuid()}" / "-project" / "s1" / "tasks"
        self.tasks.mkdir(parents=True)
        self.calls = 0
        self.output = Path()

    def rewritten(self, command: str) -> str:
        """The command that the client runs after our PreToolUse."""
        self.calls += 1
        event: dict[str, object] = {"permission_mode": "bypassPermissions", "tool_name": "Bash"}
        event |= {"tool_use_id": f"bash_{self.calls}", "tool_input": {"command": command}}
        found = json.loads(self.home.event("PreToolUse")) | event
        body = json.dumps(found, separators=(",", ":"))  # as the client writes it, without blanks
        done = self.home.hook(body.encode(), "PreToolUse")
        return str(json.loads(done.stdout)["hookSpecificOutput"]["updatedInput"]["command"]) if done.stdout else command

    def start(self, command: str, name: str = "") -> "subprocess.Popen[bytes]":
        self.output = self.tasks / (name or f"b{self.calls}.output")
        line = client_line(command, self.home.path / "cwd")
        environment = {name: value for name, value in self.home.variables.items() if name != "CLAUDE_PROJECT_DIR"}
        with self.output.open("ab") as file:
            return subprocess.Popen(
                ["bash", "-c", line],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=self.home.project,
                env=environment,
                start_new_session=True,
            )

    def run(self, command: str) -> tuple[int, str]:
        """The exit code and what the client then reads."""
        code = self.start(self.rewritten(command)).wait(20)
        return code, self.output.read_text()


@pytest.fixture
def shell(home: Home) -> Iterator[Shell]:
    home.start()
    assert wait_for(lambda: home.hook().view)  # it has loaded
    made = Shell(home)
    yield made
    assert home.faults() == []


def whole(command: str = TESTS) -> str:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True).stdout


def test_a_long_output_of_a_failing_command_becomes_a_view(shell: Shell) -> None:
    """It stays whole, loses an error, a failing test's name or the exit code, or can't be read in full any more."""
    code, shown = shell.run(TESTS + "exit 3")
    assert code == 3
    for fact in FACTS:
        assert fact in shown
    assert len(shown) < 0.2 * len(whole())
    kept = Path(shown.rstrip("\n").rpartition("... whole output: ")[2])
    assert kept.read_text().rstrip() == whole().rstrip()
    assert kept.parent == shell.home.project / ".claude-patterns" / "outputs"
    assert "bash_1" in shell.home.loads()


def test_what_the_client_would_cut_is_shown_to_its_end(shell: Shell) -> None:
    """The client shows the first and the last 5,000 characters of the first 30,000 bytes: not the error at the end."""
    command = "seq -f 'line %06g of a log that goes on and on' 1 3000; echo 'Error: disk full'; exit 4"
    code, shown = shell.run(command)
    assert code == 4
    assert "Error: disk full" in shown
    assert len(shown) < 11_000  # or the client would cut the view


@pytest.mark.parametrize("count", [400, 4_000])
def test_a_view_is_short_enough_for_the_client(shell: Shell, count: int) -> None:
    """Lines of few tokens and many characters: a view of as many tokens as the client shows is cut in its middle."""
    command = f"seq -f 'src/file_%06g.c:12:5: warning: variable is declared and is not used in here' 1 {count}; exit 4"
    code, shown = shell.run(command)
    assert code == 4
    assert len(shown) < 11_000
    assert "... whole output: " in shown


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (TESTS, "it did not fail"),
        ("echo a; echo b; exit 3", "it is small"),
        ("seq 1 100000; exit 3", "it is very large"),
        ("cat tests.txt nowhere", "it shows what was asked for"),
        (TESTS + "kill -TERM $$", "it was ended"),
        (TESTS + "kill -9 $$", "it was killed"),
        (TESTS + "exit 143", "as if it was ended"),
        (TESTS + "exec sh -c 'exit 3'", "the shell is gone"),
        (TESTS + "sleep 3 & exit 3", "a job has the file open"),
        (TESTS + "printf 'a\\0b\\n'; exit 3", "no clean text"),
    ],
    ids=lambda value: value.replace(" ", "_") if not value.startswith(("i=", "echo", "cat", "seq")) else "-",
)
def test_the_output_stays_as_it_was(shell: Shell, command: str, why: str) -> None:
    (shell.home.project / "tests.txt").write_text(whole()[:9_000])  # the client shows it whole
    code, shown = shell.run(command)
    plain = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=shell.home.project)
    assert (code, shown) == (plain.returncode, plain.stdout + plain.stderr), why


def test_what_a_job_prints_later_is_not_lost(shell: Shell) -> None:
    code, _ = shell.run(TESTS + "(sleep 0.5; echo late) & exit 3")
    assert code == 3
    assert wait_for(lambda: shell.output.read_text() == whole() + "late\n")


def test_a_file_of_the_users_own_is_never_written_to(shell: Shell) -> None:
    """The command's stdout is its own log when it ends, even one that is named like a file of the client's."""
    for target in ("log.txt", f"{shell.tasks.parent}/b9.output", f"{shell.tasks.parent.parent}/s2/tasks/b1.output"):
        path = shell.home.project / target
        path.parent.mkdir(parents=True, exist_ok=True)
        code, shown = shell.run(f"exec >>{target}; {TESTS} exit 3")
        assert (code, shown) == (3, "")
        assert path.read_text() == whole()


def test_a_command_that_went_into_the_background_stays_as_it_is(shell: Shell) -> None:
    """At its timeout the client answers with what there is, and the file may be read at any time from then on."""
    wrapped = shell.rewritten(TESTS + "sleep 0.5; exit 3")
    process = shell.start(wrapped)
    response = {"stdout": "", "stderr": "", "interrupted": False, "isImage": False, "backgroundTaskId": "b1"}
    call = {"tool_name": "Bash", "tool_use_id": "bash_1", "tool_input": {"command": wrapped}}
    event = json.loads(shell.home.event()) | call | {"tool_response": response}
    shell.home.hook(json.dumps(event).encode())
    assert process.wait(20) == 3
    assert shell.output.read_text() == whole()


def test_the_view_of_one_call_is_made_once(shell: Shell) -> None:
    """A second process with the same key: it may be anybody's."""
    wrapped = shell.rewritten(TESTS + "exit 3")
    assert shell.start(wrapped).wait(20) == 3
    assert shell.output.read_text() != whole()
    assert shell.start(wrapped, "again.output").wait(20) == 3
    assert shell.output.read_text() == whole()


def test_without_a_daemon_the_output_stays_as_it_was(shell: Shell) -> None:
    wrapped = shell.rewritten(TESTS + "exit 3")
    shell.home.stop()
    assert wait_for(lambda: daemons(shell.home.folder) == [])
    assert shell.start(wrapped).wait(20) == 3
    assert shell.output.read_text() == whole()


def test_a_new_daemon_knows_of_no_command(shell: Shell) -> None:
    wrapped = shell.rewritten(TESTS + "exit 3")
    shell.home.stop()
    assert wait_for(lambda: daemons(shell.home.folder) == [])
    shell.home.start()
    assert shell.start(wrapped).wait(20) == 3
    assert shell.output.read_text() == whole()


def test_commands_at_the_same_time_get_their_own_views(shell: Shell) -> None:
    commands = [shell.rewritten(f"{TESTS} echo 'ERROR: number {n}'; exit {n}") for n in range(1, 5)]
    processes = []
    for n, command in enumerate(commands, 1):
        processes.append((n, shell.start(command, f"p{n}.output"), shell.output))
    for n, process, output in processes:
        assert process.wait(20) == n
        text = output.read_text()
        assert f"ERROR: number {n}\n" in text
        assert "... whole output: " in text


# ---- the parts


def opened(path: Path, text: bytes = b"x" * 1000, flags: int = os.O_APPEND) -> None:
    """`path` holds `text` and is open as descriptor 9."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    handle = os.open(path, os.O_WRONLY | flags)
    os.dup2(handle, failed.OUTPUT)
    if handle != failed.OUTPUT:
        os.close(handle)


@pytest.fixture
def nine() -> Iterator[None]:
    """Descriptor 9 is free, and what was there comes back."""
    kept = os.dup(9) if Path("/proc/self/fd/9").exists() else None
    yield
    if kept is None:
        os.close(9)
    else:
        os.dup2(kept, 9)
        os.close(kept)


CLIENTS = f"claude-{os.getuid()}/-p/s1/tasks/b1.output"


@pytest.mark.usefixtures("nine")
def test_only_the_clients_output_files_are_known(tmp_path: Path) -> None:
    opened(tmp_path / CLIENTS)
    assert failed.output_path() == str(tmp_path / CLIENTS)
    for other in ("log", f"claude-{os.getuid()}/-p/s1/b1.output", "claude-77777/-p/s1/tasks/b1.output"):
        opened(tmp_path / other)
        assert failed.output_path() == ""
    opened(tmp_path / CLIENTS.replace("b1.output", "b1.txt"))
    assert failed.output_path() == ""


@pytest.mark.usefixtures("nine")
@pytest.mark.parametrize("change", ["truncating", "linked twice", "deleted", "replaced", "pipe", "device"])
def test_a_file_that_is_not_as_the_client_opens_it_is_left_alone(tmp_path: Path, change: str) -> None:
    path = tmp_path / CLIENTS
    opened(path, flags=0 if change == "truncating" else os.O_APPEND)
    if change == "linked twice":
        os.link(path, tmp_path / "link")
    elif change == "deleted":
        path.unlink()
    elif change == "replaced":
        path.rename(tmp_path / "old")
        path.symlink_to(tmp_path / "old")
        os.chdir(tmp_path)
    elif change == "pipe":
        reading, writing = os.pipe()
        os.dup2(writing, 9)
        os.close(reading)
        os.close(writing)
    elif change == "device":
        null = os.open(os.devnull, os.O_WRONLY | os.O_APPEND)
        os.dup2(null, 9)
        os.close(null)
    assert failed.output_path() == ""


def test_other_processes_that_have_the_file_open_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("ab") as file:
        process = subprocess.Popen(["sleep", "10"], stdout=file)
        try:
            assert failed.is_open_elsewhere(str(path), (os.getpid(),))
            assert not failed.is_open_elsewhere(str(path), (os.getpid(), process.pid))
        finally:
            process.kill()
            process.wait()
        assert failed.is_open_elsewhere(str(path), ())
    assert not failed.is_open_elsewhere(str(path), ())


@pytest.mark.parametrize(
    ("size", "view", "result"),
    [
        (10, b"view", b"view"),
        (10, b"a longer view", b"0123456789"),  # never longer than what it stands for
        (9, b"view", b"0123456789"),  # somebody has written since
        (11, b"view", b"0123456789"),  # somebody has cut it
    ],
)
def test_a_view_takes_the_place_of_what_it_was_made_of(tmp_path: Path, size: int, view: bytes, result: bytes) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"0123456789")
    failed.put(str(path), size, view)
    assert path.read_bytes() == result


def refuse(*_arguments: object) -> int:
    raise OSError("no space")


@pytest.mark.parametrize("step", ["ftruncate", "pwrite"])
def test_what_stood_there_comes_back_where_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"0123456789")
    write: Callable[[int, bytes, int], int] = os.pwrite
    calls = iter([lambda handle, data, at: write(handle, data[:2], at), refuse, write])
    if step == "ftruncate":
        monkeypatch.setattr(os, "ftruncate", refuse)
    else:
        monkeypatch.setattr(os, "pwrite", lambda *arguments: next(calls)(*arguments))
    with pytest.raises(OSError, match="no space"):
        failed.put(str(path), 10, b"view")
    assert path.read_bytes() == b"0123456789"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"0123456789")
    (tmp_path / "out").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic"):
        failed.put(str(tmp_path / "out"), 10, b"view")
    assert (tmp_path / "secret").read_bytes() == b"0123456789"


def test_the_program_starts_quickly() -> None:
    """It runs at the end of every failing command: json, re and pathlib would take longer than all the rest."""
    code = f"import sys; sys.path.insert(0, {str(PLUGIN / 'lib')!r}); import trimtab.daemon.failed; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert not {"json", "re", "pathlib", "typing", "subprocess", "socket"} & set(run.stdout.split())


def test_a_writer_between_check_and_view_is_not_overwritten(tmp_path: Path) -> None:
    """A thread writes all the time: whatever comes, none of its lines is lost where a view was not put."""
    path = tmp_path / "out"
    path.write_bytes(b"x" * 1000)
    ended = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not ended.is_set():
                file.write(b"y")
                time.sleep(0.0001)

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(0.01)
    failed.put(str(path), 1000, b"view")
    ended.set()
    thread.join()
    assert path.read_bytes().startswith(b"x" * 1000)
