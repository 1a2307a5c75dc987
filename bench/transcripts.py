"""Seeded transcripts in the client's format, of any size: what `bench/usage.py` reads."""

import json
import os
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

START = 1_788_220_800  # 2026-09-01T00:00Z
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
# Share of calls, and tokens of a result: median and p90 (the rest follows from a log-normal), of the real sessions.
TOOLS = (
    ("Read", 30, 708, 4_637),
    ("Bash", 38, 86, 826),
    ("Edit", 22, 33, 227),
    ("Grep", 8, 109, 1_172),
    ("Task", 2, 400, 2_000),
)
CHARACTERS = 3.4  # of a token
WORDS = ("return", "self", "value", "index", "error", "config", "request", "session", "total", "import", "def", "class")
Json = dict[str, object]


class Made(NamedTuple):
    """What was made: bytes, lines, files."""

    size_bytes: int
    lines: int
    files: int


def text(chance: random.Random, characters: int) -> str:
    """Numbered lines of code-like words."""
    lines, size, number = [], 0, 1
    while size < characters:
        line = f'{number:6d}\t    {" ".join(chance.choices(WORDS, k=chance.randint(2, 9)))} "{number}"'
        lines.append(line)
        size += len(line) + 1
        number += 1
    return "\n".join(lines)[:characters]


class Session:
    """Writes one session's conversation, main or a subagent's."""

    def __init__(
        self, chance: random.Random, pool: Sequence[str], session: str, cwd: str, at: float, agent: str = ""
    ) -> None:
        self.chance, self.pool, self.session, self.cwd, self.at, self.agent = chance, pool, session, cwd, at, agent
        self.model = chance.choices(MODELS, (70, 25, 5))[0]
        self.read, self.lines = 18_000, []  # type: tuple[int, list[bytes]]
        self.agents: list[Session] = []
        self.has_request_ids = chance.random() > 0.08  # Bedrock and gateways have none

    def id(self, prefix: str, digits: int = 24) -> str:
        return f"{prefix}{self.chance.getrandbits(4 * digits):0{digits}x}"

    def line(self, **fields: object) -> None:
        self.at += self.chance.uniform(0.2, 6)
        stamp = datetime.fromtimestamp(self.at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head: Json = {"parentUuid": self.id("", 32), "isSidechain": bool(self.agent)}
        if self.agent:
            head["agentId"] = self.agent
        tail: Json = {"userType": "external", "entrypoint": "cli", "cwd": self.cwd, "sessionId": self.session}
        whole = (
            head
            | fields
            | {"uuid": self.id("", 32), "timestamp": stamp}
            | tail
            | {"version": "2.1.328", "gitBranch": "main"}
        )
        if "toolUseResult" in whole:  # the client writes it after the message and the time
            whole["toolUseResult"] = whole.pop("toolUseResult")
        self.lines.append(json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")

    def prompt(self) -> None:
        self.line(type="user", message={"role": "user", "content": text(self.chance, self.chance.randint(40, 900))})

    def answer(self, blocks: list[Json], written: int) -> None:
        """A line for each block; in a third of the responses the output grows from line to line."""
        output = max(20, int(self.chance.lognormvariate(5, 1)))
        message, request = self.id("msg_01" if self.has_request_ids else "msg_bdrk_01", 22), self.id("req_01", 22)
        grows = self.chance.random() < 0.33
        hour = self.chance.random() < 0.6
        for number, block in enumerate(blocks):
            known = (
                output if not grows or number == len(blocks) - 1 else max(1, output * (number + 1) // (len(blocks) + 1))
            )
            split = {"ephemeral_1h_input_tokens": written * hour, "ephemeral_5m_input_tokens": written * (not hour)}
            usage: Json = {
                "input_tokens": 4,
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": self.read,
            }
            usage |= {"output_tokens": known, "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0}}
            usage |= {"service_tier": "standard", "cache_creation": split, "inference_geo": "", "iterations": []}
            usage |= {"speed": "standard"}
            said: Json = {
                "id": message,
                "type": "message",
                "role": "assistant",
                "model": self.model,
                "content": [block],
            }
            said |= {"stop_reason": "tool_use", "stop_sequence": None, "usage": usage}
            named: Json = {"requestId": request} if self.has_request_ids else {}
            named |= {"promptCacheRequested": "1h" if hour else "5m"}
            self.line(message=said, **named, type="assistant")
        self.read += written

    def turn(self) -> int:
        """A response with its calls, and their results; the tokens that came in."""
        chance, calls, came = self.chance, [], 300
        blocks: list[Json] = []
        if chance.random() < 0.5:
            blocks.append(
                {"type": "thinking", "thinking": text(chance, chance.randint(50, 1_200)), "signature": self.id("", 200)}
            )
        if chance.random() < 0.6:
            blocks.append({"type": "text", "text": text(chance, chance.randint(30, 500))})
        for _ in range(chance.choices((1, 2, 3), (80, 15, 5))[0]):
            name, _share, median, most = chance.choices(TOOLS, [tool[1] for tool in TOOLS])[0]
            tokens = min(25_000, median * (most / median) ** (chance.gauss(0, 1) / 1.2816))
            given: Json = {"file_path": f"{self.cwd}/src/file{chance.randrange(200)}.py"}
            if name == "Bash":
                given = {"command": "git diff HEAD~1 && pytest -q " + text(chance, 30), "description": "Run it"}
            if name == "Edit":
                given |= {
                    "old_string": text(chance, chance.randint(40, 1_500)),
                    "new_string": text(chance, chance.randint(40, 1_500)),
                }
            call = self.id("toolu_")
            blocks.append({"type": "tool_use", "id": call, "name": name, "input": given})
            calls.append((call, name, int(tokens * CHARACTERS)))
            came += int(tokens)
        self.answer(blocks, came)
        for call, name, characters in calls:
            start = chance.randrange(len(self.pool) - 1)
            shown = (self.pool[start] * (1 + characters // len(self.pool[start])))[:characters]
            result: Json = {"tool_use_id": call, "type": "tool_result", "content": shown}
            second: object = {"type": "text", "file": {"filePath": "x", "content": shown, "numLines": 9}}
            if name == "Edit":
                second = {
                    "filePath": "x",
                    "originalFile": self.pool[start][:6_000],
                    "structuredPatch": [],
                    "newString": shown,
                }
            elif name == "Bash":
                second = {"stdout": shown, "stderr": "", "interrupted": False}
            self.line(type="user", message={"role": "user", "content": [result]}, toolUseResult=second)
            if name == "Task" and not self.agent:
                aside = Session(chance, self.pool, self.session, self.cwd, self.at, self.id("a", 16))
                aside.play(chance.randint(4, 25))
                self.agents.append(aside)
        if chance.random() < 0.05:
            self.line(type="attachment", attachment={"type": "todo_reminder", "content": text(chance, 400)})
        if chance.random() < 0.03:
            self.lines.append(
                b'{"type":"file-history-snapshot","messageId":"x","snapshot":{"trackedFileBackups":{}}}\n'
            )
        if chance.random() < 0.005:
            self.error()
        return came

    def error(self) -> None:
        usage = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        content = [{"type": "text", "text": "API Error: 529"}]
        said = {"id": self.id(""), "model": "<synthetic>", "role": "assistant", "content": content, "usage": usage}
        self.line(message=said, isApiErrorMessage=True, type="assistant")

    def play(self, turns: int) -> None:
        self.prompt()
        for number in range(turns):
            self.turn()
            if self.read > 160_000:
                self.line(type="system", subtype="compact_boundary", content="Conversation compacted")
                self.line(
                    type="user", message={"role": "user", "content": text(self.chance, 9_000)}, isCompactSummary=True
                )
                self.read = 30_000
            if number % 12 == 11:
                self.prompt()

    def write(self, projects: Path) -> Iterator[Path]:
        """Its files: the main one and its subagents'."""
        folder = projects / "".join(c if c.isalnum() else "-" for c in self.cwd)
        path = folder / f"{self.session}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(self.lines))
        os.utime(path, (self.at, self.at))
        yield path
        for aside in self.agents:
            where = folder / self.session / "subagents" / f"agent-{aside.agent}.jsonl"
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_bytes(b"".join(aside.lines))
            where.with_name(f"agent-{aside.agent}.meta.json").write_text('{"agentType":"Explore"}')
            os.utime(where, (aside.at, aside.at))
            yield where


def make(projects: Path, megabytes: float, seed: int) -> Made:
    """Transcripts of about so many MB. One session of 12 goes on in a new file that copies the first half of it."""
    chance = random.Random(seed)
    pool = [text(chance, 40_000) for _ in range(40)]
    size = lines = files = number = 0
    while size < megabytes * 1e6:
        session = Session(chance, pool, uuid(chance), f"/home/user/work/project{number % 17}", START + number * 9_000)
        session.play(max(3, int(chance.lognormvariate(4.2, 0.9))))
        written = [session]
        if number % 12 == 5:
            written.append(copied(session, chance, ("resumed", "branch", "fork")[number // 12 % 3]))
        for one in written:
            for path in one.write(projects):
                files += 1
                size += path.stat().st_size
            lines += len(one.lines) + sum(len(aside.lines) for aside in one.agents)
        number += 1
    return Made(size, lines, files)


def uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def copied(session: Session, chance: random.Random, how: str) -> Session:
    """A session that begins with a copy of half of another: as old clients resumed, /branch and --fork-session do."""
    other = Session(chance, session.pool, uuid(chance), session.cwd, session.at + 600)
    for text_ in session.lines[: len(session.lines) // 2]:
        line = json.loads(text_)
        if "sessionId" in line:
            if how == "branch":
                line |= {"forkedFrom": {"sessionId": session.session, "messageUuid": line["uuid"]}}
            if how != "resumed":
                line["requestSessionId"] = session.session
            line["sessionId"] = other.session
        other.lines.append(json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    other.play(20)
    return other
