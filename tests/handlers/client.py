"""The client as the handlers see it: events, a transcript, and what the model is shown."""

import json
import os
from datetime import datetime, timezone
from pathlib import Path

from trimtab import tiers
from trimtab.handlers.desk import Desk
from trimtab.handlers.table import HANDLERS
from trimtab.records import Load
from trimtab.store import Store

MODEL = "claude-opus-5-5"


class Client:
    """Speaks to a Desk as the client's hooks would, and writes the transcript as the client does."""

    def __init__(self, folder: Path) -> None:
        self.home, self.project = folder / "home", folder / "project"
        self.project.mkdir()
        self.now = 1_800_000_000.0  # what the desk's clock says
        self.desk = self.new_desk()
        self.environment = {"CLAUDE_PROJECT_DIR": str(self.project)}
        self.transcript = folder / "s1.jsonl"
        self.session = "s1"
        self.calls = 0
        self.responses = 0

    def new_desk(self) -> Desk:
        """A desk that knows nothing, as a new daemon has."""
        return Desk(lambda: self.now, self.home, HANDLERS)

    def write(self, record: dict[str, object], path: Path | None = None) -> None:
        where = path or self.transcript
        where.parent.mkdir(parents=True, exist_ok=True)
        with where.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"timestamp": stamp(self.now), "cwd": str(self.project), **record}) + "\n")
        os.utime(where, (self.now, self.now))

    def prompt(self, text: str) -> None:
        self.write({"type": "user", "message": {"role": "user", "content": text}})

    def called(self, name: str, arguments: dict[str, object], path: Path | None = None) -> str:
        """The model calls a tool; the call's id."""
        self.calls += 1
        self.responses += 1
        call = {"type": "tool_use", "id": f"t{self.calls}", "name": name, "input": arguments}
        usage = {"input_tokens": 5, "cache_read_input_tokens": 50_000, "output_tokens": 50}
        message = {"id": f"m{self.responses}", "role": "assistant", "model": MODEL, "content": [call], "usage": usage}
        self.write({"type": "assistant", "requestId": f"r{self.responses}", "message": message}, path)
        return f"t{self.calls}"

    def ran(self, command: str, output: str) -> None:
        """A Bash call and its output, in the transcript: no event of it is hooked."""
        self.result(self.called("Bash", {"command": command}), output)

    def result(self, call: str, text: str, path: Path | None = None) -> None:
        block = {"type": "tool_result", "tool_use_id": call, "content": text}
        self.write({"type": "user", "message": {"role": "user", "content": [block]}}, path)

    def send(self, name: str, **more: object) -> dict[str, object] | None:
        event = {
            "session_id": self.session,
            "transcript_path": str(self.transcript),
            "cwd": str(self.project),
            "hook_event_name": name,
        }
        answer = self.desk.answer(json.dumps(event | more).encode(), self.environment)
        return json.loads(answer) if answer else None

    def read(self, path: str, text: str, agent: str = "", kind: str = "Explore", **arguments: object) -> str:
        """A Read as the client does it, the call and its result in the transcript; what the model sees."""
        where = self.transcript.with_suffix("") / "subagents" / f"agent-{agent}.jsonl" if agent else None
        lines = text.split("\n")
        first = int(str(arguments.get("offset", 1)))
        part = lines[first - 1 :][: int(str(arguments["limit"]))] if "limit" in arguments else lines[first - 1 :]
        call = self.called("Read", {"file_path": path, **arguments}, where)
        file = {
            "filePath": path,
            "content": "\n".join(part),
            "numLines": len(part),
            "startLine": first,
            "totalLines": len(lines),
        }
        more = {"agent_id": agent, "agent_type": kind} if agent else {}
        given = {"file_path": path, **arguments}
        response = {"type": "text", "file": file}
        common = {"tool_name": "Read", "tool_use_id": call, "tool_input": given, "tool_response": response}
        reply = self.send("PostToolUse", **common, **more)
        seen = shown(reply) if reply else tiers.numbered("\n".join(part), first)
        self.result(call, seen, where)
        return seen

    def ledger(self) -> Store:
        return Store.open(self.project / ".claude-patterns" / "trimtab.db", readonly=True)

    def loads(self) -> list[Load]:
        with self.ledger() as store:
            return store.loads()


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat().replace("+00:00", "Z")


def shown(reply: dict[str, object]) -> str:
    """What the model sees of a replaced Read; fails unless the reply has the client's shape."""
    assert list(reply) == ["hookSpecificOutput"]
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    assert output["hookEventName"] == "PostToolUse"
    assert output["updatedToolOutput"]["type"] == "notebook"
    (cell,) = output["updatedToolOutput"]["file"]["cells"]
    assert (cell["cellType"], cell["language"]) == ("code", "python")  # any other adds a tag
    return f'<cell id="{cell["cell_id"]}">{cell["source"]}</cell id="{cell["cell_id"]}">'


def is_view(text: str) -> bool:
    return tiers.FOLD.search(text) is not None


def first_fold(text: str) -> tuple[int, int]:
    """The first and the last line of the first fold."""
    found = tiers.FOLD.search(text)
    assert found is not None
    return int(found[1]), int(found[1]) + int(found[2]) - 1
