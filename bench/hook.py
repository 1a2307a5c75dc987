"""How long a PostToolUse hook takes, from process start to exit, for a Read of a 2,000-line file and for outputs.

    python bench/hook.py [--runs 200] [--json]

Input: a Python file of 2,000 lines put together from the standard library (seeded), logs of 30,000 characters (what
the client shows whole) and of 1 MB (which it puts into a file), and a transcript of 60 entries. Starts a daemon of its
own in an empty HOME. Rows: the bare interpreter; the hook as hooks.json calls it, for a file that the daemon has parsed
before and for a new text each time; the daemon's own part of them, and in brackets the processor's time for it, which
others at work on the machine can't raise; the hook where `python3` is found through a shim like a version manager's,
with and without our way round it; the PreToolUse hook of a command, and the command itself as the client runs it, with
and without the trap; the daemon's resident memory then, and after 500 mixed events more.
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
sys.path[:0] = [str(ROOT), str(ROOT / "lib")]

from tests import texts  # noqa: E402  (the path has to be set before)

from trimtab.daemon import client  # noqa: E402

LINES = 2000
LOG_CHARACTERS, LARGE_CHARACTERS = 29_000, 1_000_000
MIXED = 500  # events
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


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

    def event(self, name: str, text: str, file_name: str = "big.py") -> bytes:
        self.calls += 1
        path = str(self.project / f"copy{self.calls}" / file_name)  # the same path unchanged would be shown whole
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

    def output(self, command: str, text: str) -> bytes:
        """A command's output; a large one is in a file, as the client leaves it there."""
        self.calls += 1
        found: dict[str, object] = {"stdout": text, "stderr": "", "interrupted": False, "isImage": False}
        if len(text) > 2 * LOG_CHARACTERS:
            file = self.home / f"output{self.calls}.txt"
            file.write_text(text, encoding="utf-8")
            found |= {"stdout": text[:2_000], "persistedOutputPath": str(file), "persistedOutputSize": len(text)}
        return self.result("Bash", {"command": command}, found)

    def result(self, tool: str, given: dict[str, object], response: object) -> bytes:
        return json.dumps({
            "session_id": "bench", "transcript_path": str(self.transcript), "cwd": str(self.project),
            "hook_event_name": "PostToolUse", "tool_name": tool, "tool_use_id": f"toolu_{self.calls}",
            "tool_input": given, "tool_response": response,
        }).encode()  # fmt: skip

    def mixed(self, i: int) -> bytes:
        """One of what a session has: files of some languages, outputs, searches, pages, answers of MCP tools."""
        titles = ("a.py", "a.ts", "a.json", "a.md", "docker logs app", "git diff", "pytest -v", "npm install")
        kind = i % 11
        if kind < len(titles):
            title = titles[kind]
            text = texts.text_of(title, 5_000 + 400 * (i % 80), i)
            return self.event("PostToolUse", text, title) if title in texts.FILES else self.output(title, text)
        self.calls += 1
        found = texts.text_of(("grep -rn x src", "a.md", "gh api")[kind - len(titles)], 20_000, i)
        if kind == len(titles):
            return self.result("Grep", {"pattern": "x"}, {"mode": "content", "filenames": [], "content": found})
        if kind == len(titles) + 1:
            return self.result("WebFetch", {"url": f"https://example.org/{i}"}, {"result": found, "code": 200})
        return self.result("mcp__tracker__list", {"page": i}, [{"type": "text", "text": found}])

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

    def ask(self, body: bytes, is_view: bool = True) -> float:
        """The daemon's own part: one exchange over its socket. Fails where it should have answered with a view."""
        header = {k: v for k, v in self.environment.items() if k.startswith(("TRIMTAB_", "CLAUDE_"))} | {
            "ROOT": str(ROOT)
        }
        started = time.perf_counter()
        answer = client.ask(str(self.home / ".claude-patterns/daemon"), header, body, 5.0)
        assert answer or not is_view, "no view"
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


def process(home: Path) -> Path:
    """Where the system tells of the daemon."""
    pid = json.loads((home / ".claude-patterns/daemon/status.json").read_text())["pid"]
    return Path(f"/proc/{pid}")


def resident_mb(home: Path) -> float:
    try:
        status = (process(home) / "status").read_text()
    except OSError:
        return 0.0
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def worked_ms(home: Path) -> float:
    """The processor's time that the daemon has taken since its start."""
    try:
        found = (process(home) / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(found[11]) + int(found[12])) * TICK_MS


def daemons_part(bench: Bench, bodies: list[bytes], is_view: bool = True) -> dict[str, float]:
    """Asks the daemon alone; `work` is the processor's time an event, with what it does between events."""
    before = worked_ms(bench.home)
    row = figures([bench.ask(body, is_view) for body in bodies])
    time.sleep(1.0)
    return {**row, "work": round((worked_ms(bench.home) - before) / len(bodies), 1)}


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


def measure(bench: Bench, runs: int) -> dict[str, dict[str, float]]:
    same = source_file(0)
    few = max(5, runs // 10)

    def again(count: int) -> list[bytes]:
        return [bench.event("PostToolUse", same) for _ in range(count)]

    def new(count: int, seed: int) -> list[bytes]:
        return [bench.event("PostToolUse", source_file(seed + i)) for i in range(count)]

    def logs(count: int, size: int, seed: int) -> list[bytes]:
        command = "docker logs app"
        return [bench.output(command, texts.text_of(command, size, seed + i)) for i in range(count)]

    def hooks(bodies: list[bytes], command: list[str] | None = None, more: dict[str, str] | None = None) -> list[float]:
        environment = bench.environment | more if more else None
        return [bench.run(body, command, environment)[0] for body in bodies]

    bench.run(bench.event("SessionStart", ""), [part.replace("PostToolUse", "SessionStart") for part in bench.command])
    time.sleep(2.5)  # the grammars and the tokenizer are loaded in the first idle seconds
    _, answer = bench.run(bench.event("PostToolUse", same))
    assert b"updatedToolOutput" in answer, "the hook showed no view"
    shims = {"PATH": f"{shim(bench.home / 'shims')}:{bench.environment['PATH']}"}
    plain = ["env", "python3", *bench.command[2:]]
    rows = {
        "interpreter alone": figures(hooks([b""] * runs, [sys.executable, "-I", "-S", "-c", "pass"])),
        "hook, a file parsed before": figures(hooks(again(runs))),
        "hook, a new file": figures(hooks(new(runs, 1))),
        "hook, a new output": figures(hooks(logs(runs, LOG_CHARACTERS, 1))),
        "daemon's part, a file parsed before": daemons_part(bench, again(runs)),
        "daemon's part, a new file": daemons_part(bench, new(runs, 100_000)),
        "daemon's part, a new output": daemons_part(bench, logs(runs, LOG_CHARACTERS, 100_000)),
        "hook, python3 is a shim": figures(hooks(again(runs // 4), None, shims)),
        "hook, python3 is a shim, called plainly": figures(hooks(again(runs // 4), plain, shims)),
        **commands(bench, runs),
        "resident MB": {"median": round(resident_mb(bench.home), 1), "events": bench.calls},
    }
    for i in range(MIXED):
        bench.ask(bench.mixed(i), is_view=False)
    time.sleep(3.0)  # what can wait is done
    rows[f"resident MB, {MIXED} mixed events later"] = {"median": round(resident_mb(bench.home), 1)}
    large = logs(few, LARGE_CHARACTERS, 100_000)
    rows["daemon's part, a new output of 1 MB"] = daemons_part(bench, large, is_view=False)
    rows["hook, a new output of 1 MB"] = figures(hooks(logs(few, LARGE_CHARACTERS, 1)))
    return rows


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
        print(f"  {name:<42}" + "  ".join(f"{k} {v:>7}" for k, v in row.items()))


if __name__ == "__main__":
    main()
