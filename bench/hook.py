"""How long a PostToolUse hook takes, from process start to exit, for a Read of a 2,000-line file.

    python bench/hook.py [--runs 200] [--json]

Input: a Python file of 2,000 lines put together from the standard library (seeded), and a transcript of 60 entries.
Starts a daemon of its own in an empty HOME. Rows: the bare interpreter; the hook as hooks.json calls it, for a text
that the daemon has parsed before and for a new one each time; the daemon's own part of both; the hook where `python3`
is found through a shim like a version manager's, with and without our way round it; the PreToolUse hook of a command,
and the command itself as the client runs it, with and without the trap; the daemon's resident memory.
Figures in milliseconds: median, 95th percentile.
"""

import argparse
import json
import os
import platform
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "lib"))

from trimtab.daemon import client  # noqa: E402  (the path has to be set before)

LINES = 2000


def source_file(seed: int) -> str:
    """2,000 lines of real Python: consecutive standard library modules, from a seeded start."""
    library = Path(sysconfig.get_paths()["stdlib"])
    modules = [f for f in sorted(library.glob("*.py")) if 4_000 < f.stat().st_size < 60_000]
    random.Random(seed).shuffle(modules)
    lines: list[str] = []
    for module in modules:
        lines += module.read_text(encoding="utf-8", errors="replace").split("\n")
        if len(lines) >= LINES:
            break
    return "\n".join(lines[:LINES]) + "\n"


def transcript_lines(prompt: str) -> list[str]:
    entries: list[dict[str, object]] = [{"type": "user", "message": {"role": "user", "content": prompt}}]
    for i in range(30):
        call = {"type": "tool_use", "id": f"t{i}", "name": "Bash", "input": {"command": f"grep -rn 'handle_{i}' ."}}
        usage = {
            "input_tokens": 10,
            "cache_creation_input_tokens": 900,
            "cache_read_input_tokens": 30_000 + 900 * i,
            "output_tokens": 80,
        }
        entries.append(
            {
                "type": "assistant",
                "requestId": f"r{i}",
                "message": {
                    "id": f"m{i}",
                    "role": "assistant",
                    "model": "claude-opus-5-5",
                    "content": [call],
                    "usage": usage,
                },
            }
        )
        result = {
            "type": "tool_result",
            "tool_use_id": f"t{i}",
            "content": "\n".join(f"src/a{k}.py:{k * 7}:def handle_{i}(self):" for k in range(25)),
        }
        entries.append({"type": "user", "message": {"role": "user", "content": [result]}})
    return [json.dumps(entry) for entry in entries]


class Bench:
    """An empty home with a project, a transcript, and the hook's command."""

    def __init__(self, home: Path) -> None:
        self.home, self.project = home, home / "project"
        self.project.mkdir()
        self.transcript = home / "session.jsonl"
        self.transcript.write_text(
            "\n".join(transcript_lines("Make parse_header tolerate a missing colon")) + "\n", encoding="utf-8"
        )
        self.environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TRIMTAB_ENVIRONMENT": sys.prefix,
            "CLAUDE_PROJECT_DIR": str(self.project),
        }
        entry = json.loads((ROOT / "hooks/hooks.json").read_text())["hooks"]["PostToolUse"][0]["hooks"][0]
        self.command = [entry["command"], *(a.replace("${CLAUDE_PLUGIN_ROOT}", str(ROOT)) for a in entry["args"])]
        self.calls = 0

    def event(self, name: str, text: str) -> bytes:
        self.calls += 1
        path = str(self.project / f"copy{self.calls}" / "big.py")  # the same path unchanged would be shown whole
        file = {
            "filePath": path,
            "content": text,
            "numLines": text.count("\n") + 1,
            "startLine": 1,
            "totalLines": text.count("\n") + 1,
        }
        return json.dumps({
            "session_id": "bench", "transcript_path": str(self.transcript), "cwd": str(self.project),
            "hook_event_name": name, "source": "startup", "tool_name": "Read", "tool_use_id": f"toolu_{self.calls}",
            "tool_input": {"file_path": path}, "tool_response": {"type": "text", "file": file},
        }).encode()  # fmt: skip

    def run(
        self, body: bytes, command: list[str] | None = None, environment: dict[str, str] | None = None
    ) -> tuple[float, bytes]:
        started = time.perf_counter()
        done = subprocess.run(
            command or self.command, input=body, capture_output=True, env=environment or self.environment, check=True
        )
        return (time.perf_counter() - started) * 1e3, done.stdout

    def before_command(self, command: str, mode: str) -> tuple[float, str]:
        """The PreToolUse hook of a command; the command that the client then runs."""
        self.calls += 1
        event = {
            "session_id": "bench", "transcript_path": str(self.transcript), "cwd": str(self.project),
            "permission_mode": mode, "hook_event_name": "PreToolUse", "tool_name": "Bash",
            "tool_use_id": f"toolu_{self.calls}", "tool_input": {"command": command},
        }  # fmt: skip
        body = json.dumps(event, separators=(",", ":")).encode()
        elapsed, answer = self.run(body, [part.replace("PostToolUse", "PreToolUse") for part in self.command])
        return elapsed, json.loads(answer)["hookSpecificOutput"]["updatedInput"]["command"] if answer else command

    def shell(self, command: str) -> float:
        """The command as the client runs it, its output in a file of the client's name."""
        folder = self.home / f"claude-{os.getuid()}" / "-project" / "bench" / "tasks"
        folder.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        with (folder / f"b{self.calls}.output").open("ab") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"eval {shlex.quote(command)} && pwd -P >| {self.home}/cwd"],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=self.environment, cwd=self.project,
            )  # fmt: skip
        process.wait()
        return (time.perf_counter() - started) * 1e3

    def ask(self, body: bytes) -> float:
        """The daemon's own part: one exchange over its socket."""
        header = {k: v for k, v in self.environment.items() if k.startswith(("TRIMTAB_", "CLAUDE_"))} | {
            "ROOT": str(ROOT)
        }
        started = time.perf_counter()
        answer = client.ask(str(self.home / ".claude-patterns/daemon"), header, body, 5.0)
        assert answer, "no view"
        return (time.perf_counter() - started) * 1e3


def shim(folder: Path) -> Path:
    """A python3 that takes 100 ms to find the real one, as version managers' shims do."""
    folder.mkdir()
    (folder / "python3").write_text(f'#!/bin/sh\nsleep 0.1\nexec "{sys.executable}" "$@"\n')
    (folder / "python3").chmod(0o755)
    return folder


def figures(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[int(len(ordered) * 0.95) - 1], 1),
        "least": round(ordered[0], 1),
    }


def resident_mb(home: Path) -> float:
    pid = json.loads((home / ".claude-patterns/daemon/status.json").read_text())["pid"]
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


FAILING = """\
for ((i = 0; i < 200; i++)); do echo "tests/test_orders.py::test_total_of_kind_$i PASSED"; done
echo 'E  assert {run} == 10.0'; exit 1"""


def commands(bench: Bench, runs: int) -> dict[str, dict[str, float]]:
    """What a command pays for being wrapped: before it, where it succeeds, and where it fails."""
    rows: dict[str, list[float]] = {}
    for run in range(runs):
        asked, same = bench.before_command("make test", "default")
        assert same == "make test", "wrapped where not all commands may run"
        rows.setdefault("hook of a command, where not all may run", []).append(asked)
        for name, command in (
            ("that succeeds", "echo hi"), ("that fails, 6 bytes", "echo hi; false"),
            ("that fails, 10 kB", FAILING.format(run=run)),
        ):  # fmt: skip
            rows.setdefault(f"command {name}, plain", []).append(bench.shell(command))
            before, wrapped = bench.before_command(command, "bypassPermissions")
            assert wrapped != command, "not wrapped"
            rows.setdefault("hook of a command, where all may run", []).append(before)
            rows.setdefault(f"command {name}, wrapped", []).append(bench.shell(wrapped))
    return {name: figures(row) for name, row in sorted(rows.items())}


def measure(bench: Bench, runs: int) -> dict[str, object]:
    same = source_file(0)
    bench.run(bench.event("SessionStart", ""), [part.replace("PostToolUse", "SessionStart") for part in bench.command])
    time.sleep(2.5)  # the grammars and the tokenizer are loaded in the first idle seconds
    _, answer = bench.run(bench.event("PostToolUse", same))
    assert b"updatedToolOutput" in answer, "the hook showed no view"
    bare = [bench.run(b"", [sys.executable, "-I", "-S", "-c", "pass"])[0] for _ in range(runs)]
    again = [bench.run(bench.event("PostToolUse", same))[0] for _ in range(runs)]
    fresh = [bench.run(bench.event("PostToolUse", source_file(1 + i)))[0] for i in range(runs)]
    own = [bench.ask(bench.event("PostToolUse", same)) for _ in range(runs)]
    own_fresh = [bench.ask(bench.event("PostToolUse", source_file(100_000 + i))) for i in range(runs)]
    shims = {"PATH": f"{shim(bench.home / 'shims')}:{bench.environment['PATH']}"}
    round_it = [
        bench.run(bench.event("PostToolUse", same), environment=bench.environment | shims)[0] for _ in range(runs // 4)
    ]
    plain = ["python3", *bench.command[2:]]
    through = [
        bench.run(bench.event("PostToolUse", same), ["env", *plain], bench.environment | shims)[0]
        for _ in range(runs // 4)
    ]
    return {
        "interpreter alone": figures(bare),
        "hook, a text parsed before": figures(again), "hook, a new text each time": figures(fresh),
        "daemon's part, a text parsed before": figures(own), "daemon's part, a new text each time": figures(own_fresh),
        "hook, python3 is a shim": figures(round_it), "hook, python3 is a shim, called plainly": figures(through),
        **commands(bench, runs),
        "resident MB": {"median": round(resident_mb(bench.home), 1)}, "events": {"median": bench.calls},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="trimtab-bench-"))
    try:
        rows = measure(Bench(home), arguments.runs)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if arguments.json:
        print(json.dumps(rows))
        return
    print(
        f"{platform.machine()} {platform.system()}, {os.cpu_count()} processors, Python {platform.python_version()},"
        f" {arguments.runs} runs, milliseconds"
    )
    for name, row in rows.items():
        print(f"  {name:<42}" + "  ".join(f"{k} {v:>7}" for k, v in row.items()))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
