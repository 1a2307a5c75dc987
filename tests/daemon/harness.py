"""A home with a project and a daemon of its own, and the real hook process that hooks.json calls."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

PLUGIN = Path(__file__).resolve().parents[2]
LINES = 400


class Done(NamedTuple):
    """What came of one hook process."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    elapsed_s: float

    @property
    def view(self) -> str:
        """The text that the reply shows in the place of the file; "" where there is no opinion."""
        if not self.stdout:
            return ""
        output = json.loads(self.stdout)["hookSpecificOutput"]["updatedToolOutput"]
        return str(output["file"]["cells"][0]["source"])


class Home:
    """`hook` runs one event through the hook process; `path` is a folder that is gone afterwards."""

    def __init__(self, path: Path, plugin: Path = PLUGIN, **more: str) -> None:
        self.path, self.plugin = path, plugin
        self.project = path / "project"
        self.project.mkdir(parents=True)
        self.folder = path / ".claude-patterns" / "daemon"
        self.variables = {
            "HOME": str(path),
            "PATH": os.environ["PATH"],
            "TRIMTAB_ENVIRONMENT": sys.prefix,
            "CLAUDE_PROJECT_DIR": str(self.project),
            **more,
        }
        self.calls = 0
        self.transcript = path / "session.jsonl"
        self.transcript.write_text("", encoding="utf-8")

    def event(self, name: str = "PostToolUse", text: str | None = None, **more: object) -> bytes:
        """An event in the client's form; for PostToolUse a Read of a file that no event had before."""
        self.calls += 1
        path = str(self.project / f"file{self.calls}.py")
        body = source(self.calls) if text is None else text
        lines = body.count("\n") + 1
        file = {"filePath": path, "content": body, "numLines": lines, "startLine": 1, "totalLines": lines}
        event: dict[str, object] = {
            "session_id": "s1",
            "transcript_path": str(self.transcript),
            "cwd": str(self.project),
            "hook_event_name": name,
        }
        if name == "PostToolUse":
            event |= {"tool_name": "Read", "tool_use_id": f"toolu_{self.calls}", "tool_input": {"file_path": path}}
            event["tool_response"] = {"type": "text", "file": file}
        return json.dumps(event | more).encode()

    def command(self, name: str) -> list[str]:
        """The hook's command line, as hooks.json has it."""
        entries = json.loads((self.plugin / "hooks" / "hooks.json").read_text(encoding="utf-8"))["hooks"][name]
        entry = entries[0]["hooks"][0]
        return [entry["command"], *(a.replace("${CLAUDE_PLUGIN_ROOT}", str(self.plugin)) for a in entry["args"])]

    def start_hook(self, name: str, **more: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.command(name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.variables | more,
            cwd=self.path,
        )

    def hook(self, body: bytes | None = None, name: str = "PostToolUse", **more: str) -> Done:
        started = time.monotonic()
        process = self.start_hook(name, **more)
        out, err = process.communicate(self.event(name) if body is None else body, timeout=60)
        return Done(process.returncode, out, err, time.monotonic() - started)

    def start(self) -> int:
        """Start the daemon as the client does; its pid."""
        assert self.hook(name="SessionStart").exit_code == 0
        return self.pid()

    def pid(self) -> int:
        return int(json.loads((self.folder / "status.json").read_text(encoding="utf-8"))["pid"])

    def faults(self) -> list[str]:
        with suppress(FileNotFoundError):
            lines = (self.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
            return [json.loads(line)["fault"] for line in lines]
        return []

    def ledger(self) -> Path:
        return self.project / ".claude-patterns" / "trimtab.db"

    def is_sound(self) -> bool:
        with closing(sqlite3.connect(self.ledger())) as db:
            return bool(db.execute("pragma integrity_check").fetchall() == [("ok",)])

    def loads(self) -> set[str]:
        with closing(sqlite3.connect(self.ledger())) as db:
            return {str(row[0]) for row in db.execute("select tool_use_id from loads")}

    def stop(self) -> None:
        for pid in daemons(self.folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def source(seed: int) -> str:
    """A Python file of LINES lines, another one for each seed."""
    functions = [
        f"def step_{seed}_{i}(value: int) -> int:\n"
        f'    """Returns {i} more than the value it is given, for run {seed}."""\n'
        + "".join(f"    total_{k} = value * {k} + {i * seed}  # one of many intermediate results\n" for k in range(16))
        + "    return value + total_1\n\n"
        for i in range(LINES // 20)
    ]
    return "".join(functions)


def daemons(folder: Path) -> list[int]:
    """The daemons that serve in `folder`, by their command lines."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rpartition(") ")[2][:1]
            is_ours = any(w.endswith(b"daemon/__main__.py") for w in words) and str(folder).encode() in words
            if is_ours and state != "Z":
                found.append(int(entry.name))
    return found


def resident_kb(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def wait_for(condition: object, seconds: float = 10.0) -> bool:
    """Whether `condition()` became true in time."""
    assert callable(condition)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


@contextmanager
def short_folder() -> Iterator[Path]:
    """A new folder with a short path (a socket's may have 100 bytes), gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="tt-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def a_home(plugin: Path = PLUGIN, more: Mapping[str, str] | None = None) -> Iterator[Home]:
    """A new Home; its daemon and folder are gone afterwards. Fails where the ledger that it leaves is not sound."""
    with short_folder() as path:
        home = Home(path, plugin, **(more or {}))
        try:
            yield home
            assert not home.ledger().is_file() or home.is_sound()
        finally:
            home.stop()
