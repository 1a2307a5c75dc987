"""What a transcript's lines say of usage: responses, what arrived in the context, totals, and facts of sessions.

Rows are gathered, not merged: a response whose lines differ (its output grew, a later copy has an earlier time) has
several, and whoever stores them merges. Only what repeats an earlier row word for word is left out here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from math import isfinite
from operator import ge
from typing import NamedTuple

import msgspec

from trimtab.monitor import sizes
from trimtab.records import CLEARED, VERSION, Arrival, SessionTotal
from trimtab.records import Request as Response
from trimtab.transcript import responses
from trimtab.transcript.folders import File, is_named_after
from trimtab.transcript.lines import own_words, told_of
from trimtab.transcript.shape import Block, Line, Nested, Part, Progress, Spent, target_of

EARLIEST = datetime(2020, 1, 1, tzinfo=timezone.utc)  # before there was the client
MOST_S = 100 * 365 * 86_400  # after that, chosen: no file is later
AHEAD_S = 86_400  # chosen: how much later than its file a line may be stamped, where clocks differ
NO_TIME = datetime.min.replace(tzinfo=timezone.utc)
MOST_CALLS = 500  # whose results have not come; a response makes a few
FOLDER_NAMED, LINE_NAMED = 2, 1  # how sure a session's project is: the file's folder is named after it; a line says it


# What the client says that a session cost, since when it has added up (0.0: it does not say), and the usage by model.
Summed = tuple[SessionTotal, float, list[Response]]


class Carry(msgspec.Struct):
    """What a file's later lines need of its earlier ones: calls without a result, by id: tool and target.

    And the last time and the last version of the client that were seen.
    """

    calls: dict[str, tuple[str, str]] = {}
    stamp: datetime | None = None
    version: str = ""


class Facts(NamedTuple):
    """What a file says of a session; times are of its own lines, copied ones aside."""

    session: str
    project: str
    certainty: int  # of the project
    version: str
    first_at: float
    last_at: float


class Seen(msgspec.Struct, gc=False):
    """A response's newest row: whose it is, what was billed, when, and its place in the rows."""

    said: tuple[object, ...]
    usage: Spent
    stamp: datetime
    place: int


class Noted:
    """The facts of one session, as they are gathered."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.project = self.cwd = self.version = ""
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.certainty = 0


class Rows:
    """The rows of one run over a file's lines, which were written by `written_s`. `take` them in the file's order."""

    def __init__(self, file: File, carry: bytes, written_s: float = 0.0) -> None:
        self._file = file
        before = msgspec.json.decode(carry, type=Carry) if carry else Carry()
        self._calls, self._stamp, self._version = before.calls, before.stamp, before.version
        first, modified = EARLIEST.timestamp(), file.modified_ns / 1e9
        written_s = max(written_s, modified)
        self._otherwise = min(max(modified, first), first + MOST_S)  # the time of lines that have none
        # A file from before there was the client is of a machine whose clock was never set: it tells no latest time.
        ahead = min(written_s + AHEAD_S - first, MOST_S) if written_s >= first else MOST_S
        self._latest = EARLIEST + timedelta(seconds=ahead)
        self._seen: dict[str, Seen] = {}  # by response
        self._noted: dict[str, Noted] = {}
        self._of = Noted("")  # of the session whose lines these are; lines without a session tell nothing
        self.requests: list[Response] = []
        self.arrivals: list[Arrival] = []
        self.totals: list[Summed] = []
        self.agent_types: dict[tuple[str, str], str] = {}  # by session and agent

    def take(self, line: Line) -> str:
        """Gathers the line's rows; what is wrong with the line, "" where nothing is.

        A time before there was the client, or more than a day after the file was written, is none.
        """
        line.timestamp = self._credible(line.timestamp)
        kind = line.type
        if kind == "assistant":
            self._note(line)
            return self._answer(line)
        if kind == "user":
            self._note(line)
            return self._asked(line)
        if kind == "attachment":
            self._note(line)
            self._attached(line)
        elif kind == "progress":
            self._progressed(line)
        elif kind == "cost-state":
            usd = line.total_cost_usd
            if usd is not None and isfinite(usd):
                session = line.session_id or self._file.session
                complete = line.has_unknown_model_cost is not True
                at, usage, started = self._at(line), line.model_usage or {}, line.start_time or 0.0
                by_model = [responses.told(told, session, at, model) for model, told in usage.items()]
                self.totals.append(
                    (SessionTotal(session, at, usd, complete), started / 1000 if isfinite(started) else 0.0, by_model)
                )
        elif kind == "system" and line.subtype == "compact_boundary":
            self._arrived(line, line.uuid or "", "summary", "", "", 0)
        elif kind == "system" and line.subtype == "microcompact_boundary":
            self._arrived(line, line.uuid or "", "note", "", CLEARED, 0)
        return ""

    def _credible(self, stamp: datetime | None) -> datetime | None:
        return stamp if stamp is not None and EARLIEST <= stamp <= self._latest else None

    def _at(self, line: Line) -> float:
        return self._seconds(line.timestamp or self._stamp)

    def _seconds(self, stamp: datetime | None) -> float:
        return self._otherwise if stamp is None else stamp.timestamp()

    def _note(self, line: Line) -> None:
        """Gathers what the line says of its session."""
        session = line.session_id or self._file.session
        noted = self._of
        if session != noted.session:
            noted = self._of = self._noted.setdefault(session, Noted(session))
        stamp = line.timestamp
        if stamp is not None:
            self._stamp = stamp
            if line.forked_from is None and not line.request_session_id:
                if noted.last is None or stamp > noted.last:
                    noted.last = stamp
                if noted.first is None or stamp < noted.first:
                    noted.first = stamp
        if line.version and line.version != noted.version:
            if self._version and line.version != self._version and line.is_sidechain is not True:
                self._arrived(line, f"{line.uuid}/version", "note", "", VERSION + line.version, 0)
            noted.version = self._version = line.version
        cwd = line.cwd
        if cwd and cwd != noted.cwd and noted.certainty < FOLDER_NAMED:
            noted.cwd = cwd
            certainty = FOLDER_NAMED if is_named_after(self._file.folder, cwd) else LINE_NAMED
            if certainty > noted.certainty:
                noted.project, noted.certainty = cwd, certainty

    def _answer(self, line: Line) -> str:
        message = line.message
        if message is None:
            return "an assistant's line without a message"
        usage, fault, name = message.usage, "", ""
        if usage is not None and responses.is_of_a_model(message.model):
            name = responses.name_of(message.id, line.request_id, line.uuid)
            if name:
                self._respond(line, name)
            else:
                fault = "a response without message id, request id and uuid: its usage is not counted"
        content, written = message.content, 0
        if isinstance(content, list):
            for block in content:
                written += len(block.text or "") + len(block.thinking or "")
                if block.type == "tool_use" and block.id:
                    written += len(bytes(block.input))
                    self._calls[block.id] = (block.name or "", target_of(block.input))
                    if len(self._calls) > MOST_CALLS:
                        del self._calls[next(iter(self._calls))]
        elif content:
            written = len(content)
        if written and name:
            self._arrived(line, line.uuid or "", "answer", "", name, written)
        return fault

    def _respond(self, line: Line, name: str) -> None:
        """Adds a response's row, unless it says what an earlier one said."""
        message = line.message
        assert message is not None
        usage, stamp = message.usage, line.timestamp or NO_TIME
        assert usage is not None
        said = (
            line.session_id,
            line.request_session_id,
            line.forked_from,
            line.is_sidechain,
            line.agent_id,
            message.model,
            line.prompt_cache_requested,
        )
        seen = self._seen.get(name)
        follows = seen is not None and seen.said == said and seen.stamp <= stamp
        if follows and seen is not None and seen.usage == usage:
            return
        hour = line.prompt_cache_requested == "1h"
        if follows and seen is not None:
            known = self.requests[seen.place]
            made = responses.request(usage, known.session, known.agent, name, known.at, known.model, hour)
            if made[12:] == known[12:] and all(map(ge, made[5:10], known[5:10])):  # it grew: any merge takes all of it
                self.requests[seen.place], seen.usage = made, usage
                self._set_aside(usage, made, hour)
                return
        agent = responses.agent_of(self._file.agent, line.is_sidechain is True, line.agent_id)
        session = responses.owner_of(line, self._file.session)
        made = responses.request(usage, session, agent, name, self._at(line), message.model or "", hour)
        self._seen[name] = Seen(said, usage, stamp, len(self.requests))
        self.requests.append(made)
        if agent and line.attribution_agent:
            self.agent_types[session, agent] = line.attribution_agent
        self._set_aside(usage, made, hour)

    def _set_aside(self, usage: Spent, made: Response, hour: bool) -> None:
        """Adds the passes that are billed beside a response."""
        if usage.iterations:
            for aside in responses.asides(usage, made, hour):
                self.requests.append(aside)
                self.agent_types[made.session, aside.agent] = aside.agent_type

    def _progressed(self, line: Line) -> None:
        """A subagent's response that the main file tells of; its own file tells of it too, mostly."""
        data = line.data
        if not isinstance(data, Progress) or not isinstance(data.message, Nested):
            return
        nested = data.message
        if nested.message is None or nested.message.usage is None:
            return
        name = responses.name_of(nested.message.id, nested.request_id, nested.uuid)
        if name and responses.is_of_a_model(nested.message.model):
            aside = Line(
                timestamp=self._credible(nested.timestamp) or line.timestamp,
                session_id=line.session_id,
                request_session_id=line.request_session_id,
                forked_from=line.forked_from,
                is_sidechain=True,
                agent_id=data.agent_id,
                message=nested.message,
            )
            self._respond(aside, name)

    def _asked(self, line: Line) -> str:
        message = line.message
        if message is None:
            return "a user's line without a message"
        if line.is_compact_summary is True:
            characters, images = size_of(message.content)
            self._arrived(line, line.parent_uuid or line.uuid or "", "summary", "", "", characters, False, images)
            return ""
        content, texts, images = message.content, [], 0
        if isinstance(content, str):
            texts.append(content)
        elif content is not None:
            for block in content:
                if block.type == "tool_result":
                    self._result(line, block)
                elif block.type == "text":
                    texts.append(block.text or "")
                else:
                    images += 1
        if texts or images:
            self._said(line, "\n".join(texts), images, isinstance(content, list) and content[0].type == "tool_result")
        return ""

    def _result(self, line: Line, block: Block) -> None:
        call = block.tool_use_id or ""
        tool, target = self._calls.pop(call, ("", ""))
        characters, others = size_of(block.content)
        weighed = sizes.weigh_roughly(text_of(block.content)) if characters else 0
        self._arrived(line, call, "result", tool, target, characters, block.is_error is True, others, weighed)

    def _said(self, line: Line, text: str, images: int, after_result: bool) -> None:
        """The user's own words are a prompt; what the client put around or in their place is a note."""
        name, told = line.uuid or "", told_of(text)
        own = "" if after_result or line.is_meta is True else own_words(text)
        if own or (images and not after_result):
            self._arrived(line, name, "prompt", "", "", len(own), False, images)
            name, text, images = f"{name}/note", text if not own else text[len(own) :], 0
        if text or images:
            self._arrived(line, name, "note", "", told, len(text), False, images)

    def _attached(self, line: Line) -> None:
        """What the client rendered of an attachment into the context; older clients wrote its text only."""
        attached = line.attachment
        if attached is None:
            return
        characters = 0
        if line.rendered is not None:
            characters = sum(size_of(part.content)[0] for part in line.rendered)
        elif isinstance(attached.content, str):
            characters = len(attached.content)
        elif isinstance(attached.content, list):
            characters = sum(len(text) for text in attached.content if isinstance(text, str))
        if characters:
            self._arrived(line, line.uuid or "", "note", "", attached.type or "", characters)

    def _arrived(
        self,
        line: Line,
        name: str,
        what: str,
        tool: str,
        target: str,
        characters: int,
        is_error: bool = False,
        images: int = 0,
        weighed: int = 0,
    ) -> None:
        """Adds an arrival; one that nothing names is known by where it stands."""
        session = line.session_id or self._file.session
        agent = responses.agent_of(self._file.agent, line.is_sidechain is True, line.agent_id)
        at = self._at(line)
        name = name or f"{at:.3f}/{what}/{characters}"
        self.arrivals.append(
            Arrival(session, agent, name, at, what, tool, target, characters, is_error, images, weighed)
        )

    def carry(self) -> bytes:
        return msgspec.json.encode(Carry(self._calls, self._stamp, self._version))

    def facts(self) -> list[Facts]:
        return [
            Facts(
                session,
                noted.project,
                noted.certainty,
                noted.version,
                self._seconds(noted.first),
                self._seconds(noted.last),
            )
            for session, noted in self._noted.items()
        ]


def text_of(content: str | Sequence[Part | Block] | Part | None) -> str:
    """A content's text, as the model sees it."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, Part):
        return content.text or ""
    return "\n".join([part.text or "" for part in content if part.type == "text"])


def size_of(content: str | Sequence[Part | Block] | Part | None) -> tuple[int, int]:
    """The characters of a content as the model sees it (`lines.shown`), and how many of its blocks are not text."""
    if isinstance(content, str):
        return len(content), 0
    if content is None or isinstance(content, Part):
        return (len(content.text or ""), 0) if content is not None else (0, 0)
    texts = [len(part.text or "") for part in content if part.type == "text"]
    return sum(texts) + max(0, len(texts) - 1), len(content) - len(texts)
