"""Transcript lines as the client writes them, and a home of the client to put them in."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from trimtab.records import Request
from trimtab.store.usage import UsageStore
from trimtab.usage.sync import Synced, sync

MODEL = "claude-opus-5-5"
CWD = "/home/user/project"
FOLDER = "-home-user-project"
Line = dict[str, object]


def stamp(second: int) -> str:
    """A time on 22 November 2026, so many seconds after 21:00."""
    return f"2026-11-22T21:{second // 60:02d}:{second % 60:02d}.000Z"


AT = 1_795_381_200.0  # 2026-11-22T21:00:00Z


def usage(input_tokens: int, write: int, read: int, output: int, **more: object) -> Line:
    """A response's usage; the write is for five minutes."""
    split = {"ephemeral_5m_input_tokens": write, "ephemeral_1h_input_tokens": 0}
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
        "output_tokens": output,
        "cache_creation": split,
        "iterations": [],
        "speed": "standard",
        **more,
    }


def answer(
    second: int,
    message: str | None,
    spent: Line,
    *,
    session: str = "s1",
    request: str | None = "auto",
    model: str = MODEL,
    content: Iterable[Mapping[str, object]] = (),
    **more: object,
) -> Line:
    """An assistant line. Its request id is made of the message's, unless one is given, or None."""
    said: Line = {"type": "message", "role": "assistant", "model": model, "content": list(content), "usage": spent}
    if message is not None:
        said["id"] = message
    line: Line = {"parentUuid": "p", "isSidechain": False, "message": said}
    if request is not None:
        line["requestId"] = f"req-{message}" if request == "auto" else request
    common = {"timestamp": stamp(second), "cwd": CWD, "sessionId": session, "version": "2.1.328"}
    return line | {"type": "assistant", "uuid": f"a-{second}-{message}"} | common | more


def called(name: str, call: str, **arguments: object) -> Line:
    return {"type": "tool_use", "id": call, "name": name, "input": arguments}


def user(second: int, content: object, *, session: str = "s1", **more: object) -> Line:
    """A user line: a prompt, or blocks such as results."""
    line: Line = {"parentUuid": "p", "isSidechain": False, "type": "user"}
    common = {"timestamp": stamp(second), "cwd": CWD, "sessionId": session, "version": "2.1.328"}
    return line | {"message": {"role": "user", "content": content}, "uuid": f"u-{second}"} | common | more


def result(call: str, content: object, **more: object) -> Line:
    return {"type": "tool_result", "tool_use_id": call, "content": content, **more}


def as_bytes(lines: Iterable[Line | bytes]) -> bytes:
    """One line each, as the client's JSON has no blanks; bytes are taken as they are."""
    return b"".join(
        line
        if isinstance(line, bytes)
        else json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        for line in lines
    )


def named(number: int) -> str:
    """A message id as the API gives them."""
    return f"msg_01{number:022}"


class Home:
    """A client's folder and a usage book."""

    def __init__(self, folder: Path, client: Path | None = None) -> None:
        self.client, self.book = client or folder / "client", folder / "usage.db"
        self.projects = self.client / "projects"

    def path(self, name: str, folder: str = FOLDER) -> Path:
        """A transcript's path: "s1", or "s1/a1" for the subagent a1 of s1."""
        session, _, agent = name.partition("/")
        place = self.projects / folder
        return place / session / "subagents" / f"agent-{agent}.jsonl" if agent else place / f"{session}.jsonl"

    def write(self, name: str, *lines: Line | bytes, folder: str = FOLDER) -> Path:
        """Adds lines to a transcript."""
        path = self.path(name, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(as_bytes(lines))
        return path

    def sync(self) -> Synced:
        with UsageStore.open(self.book) as store:
            return sync(store, [self.client], processes=1)

    def store(self) -> UsageStore:
        return UsageStore.open(self.book, readonly=True)

    def requests(self) -> list[Request]:
        with self.store() as store:
            return store.requests()

    def totals(self) -> tuple[int, int, int, int, int]:
        """How many responses, and their input, written, read and output tokens."""
        return totals(self.requests())


def totals(requests: Iterable[Request]) -> tuple[int, int, int, int, int]:
    found = list(requests)
    return (
        len(found),
        sum(r.input_tokens for r in found),
        sum(r.write_5m_tokens + r.write_1h_tokens for r in found),
        sum(r.read_tokens for r in found),
        sum(r.output_tokens for r in found),
    )
