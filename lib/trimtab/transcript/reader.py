"""Reading one transcript piece by piece while the client appends to it."""

import os
import re
from pathlib import Path

from trimtab.records import Request
from trimtab.transcript import responses
from trimtab.transcript.lines import Compaction, Entry, Usage, answer, asked, epoch, parse, queued, text_of
from trimtab.transcript.shape import spent

TAIL_BYTES = 8_000_000  # chosen: the first look at a longer file starts so far from its end (about 0.1 s)
TRACE_BYTES = 64  # the end of what was read, compared at the next read to see that it is the same file
KEPT_MESSAGES = 64  # responses that may still grow; parallel calls interleave a few (chosen)

# JSON escapes every quote inside of a string, so these bytes can only be a key and its value.
WANTED = re.compile(rb'"type": ?"(?:assistant|user|queued_command)"|"subtype": ?"compact_boundary"')


class Reader:
    """Reads one transcript piece by piece; not for several threads at once.

    `bad` counts lines that could not be understood, `model` and `version` (the client's) are the last ones seen.
    """

    def __init__(self, path: Path, session: str, agent: str = "", tail_bytes: int = TAIL_BYTES) -> None:
        self.path, self.session, self.agent = path, session, agent
        self.tail_bytes = tail_bytes
        self.bad = 0
        self.model = self.version = ""
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._file: tuple[int, int] | None = None
        self._trace = b""
        self._requests: dict[str, Usage] = {}
        self._compacted = False

    def read(self) -> list[Entry]:
        """Entries since the last call, in the file's order; all again when the file was replaced or shrank.

        An unfinished last line is left for the next call. A missing or unreadable file gives none. Never raises.
        """
        try:
            with open(self.path, "rb") as file:
                data, modified = self._new_bytes(file.fileno())
        except (OSError, ValueError):  # a NUL in the path
            return []
        entries: list[Entry] = []
        places: dict[str, int] = {}
        for line in data.split(b"\n"):
            if not line or line.isspace():
                continue
            if WANTED.search(line) is None:
                self.bad += not (line.startswith(b"{") and line.rstrip().endswith(b"}"))
                continue
            try:
                record = parse(line)
            except (ValueError, RecursionError):
                self.bad += 1
                continue
            self._take(record, modified, entries, places)
        return entries

    def _new_bytes(self, file: int) -> tuple[bytes, float]:
        """Whole lines that were not read yet, and when the file was changed last."""
        status = os.fstat(file)
        identity = (status.st_dev, status.st_ino)
        traced = len(self._trace)
        if self._file is not None and (
            identity != self._file
            or status.st_size < self._offset
            or read_at(file, self._offset - traced, traced) != self._trace
        ):
            self._forget()
        start = self._offset
        if self._file is None and status.st_size > self.tail_bytes:
            start = status.st_size - self.tail_bytes
        self._file = identity
        data = read_at(file, start, status.st_size - start)
        end = data.rfind(b"\n") + 1
        if end == 0:
            return b"", status.st_mtime
        self._trace = data[max(0, end - TRACE_BYTES) : end]
        first = 0
        if start > self._offset:  # a start at the tail falls into a line
            first = data.find(b"\n") + 1
        self._offset = start + end
        return data[first:end], status.st_mtime

    def _take(self, record: dict[str, object], modified: float, entries: list[Entry], places: dict[str, int]) -> None:
        kind = record.get("type")
        at = epoch(record.get("timestamp"), modified)
        self.version = text_of(record.get("version")) or self.version
        if kind == "system":
            if record.get("subtype") == "compact_boundary":
                self._compact(at, entries)
            return
        attached = record.get("attachment")
        if kind == "attachment" and isinstance(attached, dict) and attached.get("type") == "queued_command":
            entries += queued(record, at)
        message = record.get("message")
        if kind not in ("assistant", "user"):
            return  # the words that made it look wanted are deeper in the line
        if not isinstance(message, dict):
            self.bad += 1
            return
        aside = record.get("isSidechain") is True and not self.agent  # old clients: a subagent's line in the main file
        if kind == "assistant":
            self._compacted = self._compacted and aside
            self._use(record, message, at, entries, places)
            if not aside:
                entries += answer(message.get("content"), at)
        elif record.get("isCompactSummary") is True:
            if not aside:
                self._compact(at, entries)
        elif not aside:
            entries += asked(message.get("content"), at, record.get("isMeta") is True)

    def _compact(self, at: float, entries: list[Entry]) -> None:
        """The boundary and the summary that follows it are one compaction."""
        if not self._compacted:
            entries.append(Compaction(at))
        self._compacted = True

    def _use(
        self,
        record: dict[str, object],
        message: dict[str, object],
        at: float,
        entries: list[Entry],
        places: dict[str, int],
    ) -> None:
        """Adds the response's usage, and that of passes beside it, each in the place of a smaller one of this read."""
        usage, model = spent(message.get("usage")), text_of(message.get("model"))
        if usage is None or not responses.is_of_a_model(model):
            return
        self.model = model or self.model
        name = responses.name_of(
            text_of(message.get("id")), text_of(record.get("requestId")), text_of(record.get("uuid"))
        )
        if not name:
            self.bad += 1
            return
        agent = responses.agent_of(self.agent, record.get("isSidechain") is True, text_of(record.get("agentId")))
        hour = record.get("promptCacheRequested") == "1h"
        made = responses.request(usage, self.session, agent, name, at, model, hour)
        for request in (made, *responses.asides(usage, made, hour)):
            self._add(request, hour, entries, places)

    def _add(self, request: Request, hour: bool, entries: list[Entry], places: dict[str, int]) -> None:
        """Adds a response, or one of its passes; one that is known and has no more by now is left out."""
        name = request.message_id
        before = self._requests.get(name)
        if before is not None:
            request = request._replace(at=min(request.at, before.at))
            if request == before.request or request.output_tokens < before.request.output_tokens:
                return
        entry = Usage(request, hour or request.write_1h_tokens > 0)
        self._requests[name] = entry
        if len(self._requests) > KEPT_MESSAGES:
            del self._requests[next(iter(self._requests))]
        if name in places:
            entries[places[name]] = entry
        else:
            places[name] = len(entries)
            entries.append(entry)


def read_at(file: int, start: int, size: int) -> bytes:
    """`size` bytes from `start` on, fewer at the end of the file."""
    os.lseek(file, start, os.SEEK_SET)
    pieces = []
    while size > 0 and (piece := os.read(file, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
