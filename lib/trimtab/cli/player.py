"""Plays the client's part of a session: runs the hooks as hooks.json says, and writes the transcript as it goes.

The shapes of events and transcript lines are the client's (2.1.328). No model takes part, so no line has usage.
"""

import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from trimtab.errors import SetupError

CLIENT_VERSION = "2.1.328"


class Answer(NamedTuple):
    """What the hooks of one event printed, narrowed to an object (None: no opinion), and how long they took."""

    reply: Mapping[str, object] | None
    elapsed_ms: float


class Shown(NamedTuple):
    """A read as the model would see it: whole, or as our view.

    `wire` is what it gets, `text` the same without the client's tags around a cell.
    """

    path: Path
    offset: int | None
    limit: int | None
    whole: str
    text: str
    wire: str
    is_view: bool
    elapsed_ms: float


class Hooks:
    """The plugin's hooks, run as the client runs them: exec form, the event on stdin."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        file = root / "hooks" / "hooks.json"
        try:
            data: object = json.loads(file.read_bytes())
        except (OSError, ValueError) as exc:
            raise SetupError(
                f"the plugin's {str(file)!r} can't be read ({exc}): start `bin/trimtab` of a clone."
            ) from exc
        hooks = data.get("hooks") if isinstance(data, dict) else None
        self._table: Mapping[str, object] = hooks if isinstance(hooks, dict) else {}
        self._root = root
        self._environment = dict(environment)

    def fire(self, event: Mapping[str, object]) -> Answer:
        """Run the event's hooks. A hook that fails or prints no JSON has no opinion, as in the client."""
        body = json.dumps(event).encode()
        reply: Mapping[str, object] | None = None
        started = time.perf_counter()
        for command, timeout_s in self.commands(str(event["hook_event_name"]), str(event.get("tool_name", ""))):
            try:
                run = subprocess.run(command, input=body, capture_output=True, env=self._environment, timeout=timeout_s)
                said: object = json.loads(run.stdout) if run.returncode == 0 and run.stdout.strip() else None
            except (OSError, ValueError, subprocess.TimeoutExpired):
                continue
            reply = said if isinstance(said, dict) else reply
        return Answer(reply, 1000 * (time.perf_counter() - started))

    def commands(self, name: str, tool: str) -> list[tuple[list[str], float]]:
        """The command lines for an event of a tool, with their timeouts in seconds."""
        found = []
        for entry in items(self._table.get(name)):
            matcher = entry.get("matcher")
            if isinstance(matcher, str) and not re.fullmatch(matcher, tool):
                continue
            for hook in items(entry.get("hooks")):
                arguments = hook.get("args")
                line = [hook.get("command"), *(arguments if isinstance(arguments, list) else [])]
                placed = [str(word).replace("${CLAUDE_PLUGIN_ROOT}", str(self._root)) for word in line]
                timeout = hook.get("timeout")
                found.append((placed, float(timeout) if isinstance(timeout, (int, float)) else 60.0))
        return found


def items(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class Player:
    """One session over `folder`: each step is an event for the hooks and lines in the transcript."""

    def __init__(self, hooks: Hooks, home: Path, folder: Path) -> None:
        self._hooks, self._folder = hooks, folder
        self.session = str(uuid.uuid4())
        name = re.sub(r"[^A-Za-z0-9]", "-", str(folder))
        self._transcript = home / ".claude" / "projects" / name / f"{self.session}.jsonl"
        self._transcript.parent.mkdir(parents=True)
        self._transcript.touch()
        self._last: str | None = None  # the newest line's uuid
        self._prompt = str(uuid.uuid4())

    def start(self) -> Answer:
        return self._fire({"hook_event_name": "SessionStart", "source": "startup"})

    def ask(self, prompt: str) -> None:
        self._write("user", {"role": "user", "content": prompt})

    def search(self, pattern: str, output: str) -> None:
        """A Grep whose result is `output`; no hook looks at it, the daemon finds it in the transcript."""
        call = self._call("Grep", {"pattern": pattern, "path": str(self._folder), "output_mode": "content"})
        self._result(call, output)

    def read(self, path: Path, text: str, offset: int | None = None, limit: int | None = None) -> Shown:
        """A Read of a file's `text`, of all of it or of `limit` lines from line `offset` on."""
        wanted = {"file_path": str(path), "offset": offset, "limit": limit}
        given = {name: value for name, value in wanted.items() if value is not None}
        call = self._call("Read", given)
        lines = text.split("\n")
        start = offset or 1
        part = lines[start - 1 : None if limit is None else start - 1 + limit]
        response = {
            "type": "text",
            "file": {
                "filePath": str(path),
                "content": "\n".join(part),
                "numLines": len(part),
                "startLine": start,
                "totalLines": len(lines),
            },
        }
        answer = self._fire(
            {
                "hook_event_name": "PostToolUse",
                "tool_name": "Read",
                "tool_input": given,
                "tool_response": response,
                "tool_use_id": call,
                "duration_ms": 1,
            }
        )
        whole = numbered(part, start)
        cell = replaced(answer.reply)
        wire = whole if cell is None else f'<cell id="{cell[0]}">{cell[1]}</cell id="{cell[0]}">'
        self._result(call, wire)
        shown = whole if cell is None else cell[1]
        return Shown(path, offset, limit, whole, shown, wire, cell is not None, answer.elapsed_ms)

    def end(self, words: str) -> None:
        """The model's last words, then the events of the end."""
        self._write("assistant", {"role": "assistant", "type": "message", "content": [{"type": "text", "text": words}]})
        self._fire({"hook_event_name": "Stop", "stop_hook_active": False, "last_assistant_message": words})
        self._fire({"hook_event_name": "SessionEnd", "reason": "other"})

    def _fire(self, event: Mapping[str, object]) -> Answer:
        common = {
            "session_id": self.session,
            "transcript_path": str(self._transcript),
            "cwd": str(self._folder),
            "prompt_id": self._prompt,
            "permission_mode": "default",
        }
        return self._hooks.fire({**common, **event})

    def _call(self, tool: str, given: Mapping[str, object]) -> str:
        call = f"toolu_{uuid.uuid4().hex[:24]}"
        block = {"type": "tool_use", "id": call, "name": tool, "input": dict(given)}
        self._write("assistant", {"role": "assistant", "type": "message", "content": [block]})
        return call

    def _result(self, call: str, text: str) -> None:
        block = {"tool_use_id": call, "type": "tool_result", "content": text}
        self._write("user", {"role": "user", "content": [block]})

    def _write(self, kind: str, message: Mapping[str, object]) -> None:
        now = time.time()
        line = {
            "parentUuid": self._last,
            "isSidechain": False,
            "type": kind,
            "message": message,
            "uuid": str(uuid.uuid4()),
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z",
            "cwd": str(self._folder),
            "sessionId": self.session,
            "version": CLIENT_VERSION,
        }
        self._last = str(line["uuid"])
        with self._transcript.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def numbered(lines: Sequence[str], start: int) -> str:
    """Lines as the client shows them to the model."""
    return "\n".join(f"{number}\t{line}" for number, line in enumerate(lines, start))


def replaced(reply: Mapping[str, object] | None) -> tuple[str, str] | None:
    """The id and text of the one cell that a reply puts in the place of a read; None where it has another shape."""
    found: object = reply
    for key in ("hookSpecificOutput", "updatedToolOutput", "file", "cells"):
        found = found.get(key) if isinstance(found, dict) else None
    cells = items(found)
    if len(cells) != 1:
        return None
    name, source = cells[0].get("cell_id"), cells[0].get("source")
    return (name, source) if isinstance(name, str) and isinstance(source, str) else None


def variables(home: Path, project: Path, environment_folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """What the hooks of a demonstration get to know: its own home and project, and the user's TRIMTAB_ settings."""
    ours = {name: value for name, value in given.items() if name.startswith("TRIMTAB_")}
    return {
        **ours,
        "HOME": str(home),
        "PATH": given.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "CLAUDE_PROJECT_DIR": str(project),
        "TRIMTAB_ENVIRONMENT": str(environment_folder),
        "TRIMTAB_IDLE_S": "60",  # should we be killed before we can tidy up, the daemon leaves by itself
    }
