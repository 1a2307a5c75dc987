"""A transcript file's usage, read fast and piece by piece: bytes of whole lines -> rows.

One pass of msgspec over each block of whole lines reads only the fields of `shape.Line` (1.1 GB/s of one core of a
2-core x86_64 Linux machine, 2026-11, what is done with the lines aside); where a block has a line that it can't read,
the lines are read one by one, and the odd one leniently. Memory: a block, and the longest line up to LONGEST_BYTES.
"""

import os
import re
from contextlib import suppress
from io import FileIO
from itertools import islice
from typing import NamedTuple

from trimtab.records import Arrival, Request
from trimtab.transcript.folders import File
from trimtab.transcript.lines import SECOND_COPY
from trimtab.transcript.rows import Facts, Rows, Summed
from trimtab.transcript.shape import DECODER, Line, lenient

BLOCK_BYTES = 1 << 19  # chosen: fits a core's cache with what is made of it
LONGEST_BYTES = 1 << 25  # of one line; the API takes requests of up to 32 MB
TRACE_BYTES = 512  # the end of what was read, compared at the next read; holds a line's own id and time
MOST_WHY = 120  # characters of a bad line's fault
UNREAD = (ValueError, RecursionError)  # msgspec's, and of bytes that are no UTF-8; of what is nested too deeply
MOST_STARTS = 100  # of records that are looked for in a bad line, chosen
RECORD = re.compile(rb'\{"(?:type|parentUuid|uuid|sessionId|isSidechain|timestamp)":')


class State(NamedTuple):
    """How far a file was read, the bytes just before that, and what carries over to later lines."""

    offset: int = 0
    trace: bytes = b""
    carry: bytes = b""


class Bad(NamedTuple):
    """A line that could not be understood; `line` counts from 1."""

    path: str
    line: int
    why: str


class Piece(NamedTuple):
    """What lines from `before` on gave, and the state after them. Rows of one response may come more than once."""

    file: File
    before: State
    after: State
    requests: list[Request]
    arrivals: list[Arrival]
    totals: list[Summed]
    facts: list[Facts]
    agent_types: dict[tuple[str, str], str]  # by session and agent
    bad: list[Bad]
    is_last: bool  # the file's end was reached

    @property
    def size_bytes(self) -> int:
        return self.after.offset - self.before.offset


def read(file: File, state: State, most_bytes: int) -> Piece:
    """Reads whole lines on from `state`, about `most_bytes` of them, and one line at least. Raises OSError.

    A file that no longer has what was read (it shrank, or other text took its place) is read from its start: then
    `Piece.before` is the initial state. An unfinished last line is left, and so is what is written meanwhile, so that
    `Piece.file` tells when all that was read had been written.
    """
    with FileIO(file.path) as handle:
        status = os.fstat(handle.fileno())
        file = file.at(status)
        if not is_the_same(handle, state):
            state = State()
        written_s = max(status.st_mtime, status.st_ctime)  # of a copy with a time of old the second is right
        scan = Scan(handle, file, state, written_s)
        is_last = scan.run(most_bytes)
    rows = scan.rows
    after = State(scan.offset, scan.trace, rows.carry())
    return Piece(
        file,
        state,
        after,
        rows.requests,
        rows.arrivals,
        rows.totals,
        rows.facts(),
        rows.agent_types,
        scan.bad,
        is_last,
    )


def is_the_same(handle: FileIO, state: State) -> bool:
    """Whether the open file still has, just before the offset, what was read there."""
    traced = len(state.trace)
    if os.fstat(handle.fileno()).st_size < state.offset or traced == 0:
        return state.offset == 0
    handle.seek(state.offset - traced)
    return handle.read(traced) == state.trace


class Scan:
    """One run over a file's lines, from `state` on. It was last written to at `written_s` at the latest."""

    def __init__(self, handle: FileIO, file: File, state: State, written_s: float) -> None:
        self._handle, self._file = handle, file
        self.offset, self.trace = state.offset, state.trace
        self.rows = Rows(file, state.carry, written_s)
        self.bad: list[Bad] = []
        self._counted = (0, 0)  # an offset, and the line ends before it

    def run(self, most_bytes: int) -> bool:
        """Takes whole lines, until about `most_bytes` were; True at the file's end."""
        handle, start = self._handle, self.offset
        left = self._file.size_bytes - start
        handle.seek(start)
        buffer, have = bytearray(BLOCK_BYTES), 0
        while True:
            if have == len(buffer):
                if have >= LONGEST_BYTES:
                    if not self._overlong(buffer):
                        return True
                    have, left = 0, self._file.size_bytes - self.offset
                    continue
                buffer.extend(bytes(have))
            with memoryview(buffer) as view:
                got = handle.readinto(view[have : have + max(0, min(BLOCK_BYTES, left))])
            if not got:
                return True
            left -= got
            end = buffer.rfind(b"\n", have, have + got) + 1
            have += got
            if end:
                self._feed(buffer, end)
                buffer[: have - end] = buffer[end:have]
                have -= end
                if self.offset - start >= most_bytes:
                    return False

    def _overlong(self, buffer: bytearray) -> bool:
        """Passes over a line that is longer than the buffer; False where it does not end yet.

        Such a line is long for its second copy of a result: then what comes before that is read.
        """
        cut, size = buffer.find(SECOND_COPY), len(buffer)
        head = bytes(buffer[:cut]) + b"}" if cut > 0 else b""
        while piece := self._handle.read(BLOCK_BYTES):
            end = piece.find(b"\n") + 1
            size += end or len(piece)
            if end:
                fault = self._line(head) if head else f"over {LONGEST_BYTES >> 20} MB in one line"
                self._name([(0, fault)] if fault else [])
                self.offset += size
                self.trace = piece[max(0, end - TRACE_BYTES) : end]
                self._handle.seek(self.offset)
                del buffer[BLOCK_BYTES:]
                return True
        return False

    def _feed(self, buffer: bytearray, end: int) -> None:
        """Takes the whole lines that are the buffer's first `end` bytes."""
        try:
            with memoryview(buffer) as view:
                lines = DECODER.decode_lines(view[:end])
        except UNREAD:
            lines = None
        if lines is None:
            texts = bytes(buffer[: end - 1]).split(b"\n")
            faults = [(number, self._line(text)) for number, text in enumerate(texts) if not is_blank(text)]
        else:
            take = self.rows.take
            faults = [(number, fault) for number, line in enumerate(lines) if (fault := take(line))]
            if faults:  # their numbers are without blank lines
                texts = bytes(buffer[: end - 1]).split(b"\n")
                filled = [number for number, text in enumerate(texts) if not is_blank(text)]
                faults = [(filled[number], fault) for number, fault in faults]
        self._name([(number, fault) for number, fault in faults if fault])
        self.offset += end
        self.trace = bytes(buffer[max(0, end - TRACE_BYTES) : end])

    def _line(self, text: bytes) -> str:
        """Takes one line; what is wrong with it, "" where nothing is."""
        try:
            lines, fault = decoded(text), ""
        except UNREAD as exc:
            lines = whole_at_end(text)
            fault = "half a line before a whole one, which is counted" if lines else f"not a JSON object: {exc}"
        return "; ".join(filter(None, [fault, *[self.rows.take(line) for line in lines]]))

    def _name(self, faults: list[tuple[int, str]]) -> None:
        """Notes bad lines, which are so many lines after the current offset."""
        if not faults:
            return
        place, before = self._counted
        here = self._handle.tell()
        self._handle.seek(place)
        while place < self.offset and (piece := self._handle.read(min(BLOCK_BYTES, self.offset - place))):
            before += piece.count(b"\n")
            place += len(piece)
        self._handle.seek(here)
        self._counted = place, before
        self.bad += [Bad(self._file.path, before + 1 + number, fault[:MOST_WHY]) for number, fault in faults]


def decoded(text: bytes) -> list[Line]:
    """A line's record; two that a crash left on one line are two. Raises ValueError, RecursionError."""
    if b"{" not in text:  # what is no transcript may have millions of such lines
        raise ValueError("it has none")
    try:
        return DECODER.decode_lines(text)
    except UNREAD:
        return [lenient(text)]


def whole_at_end(text: bytes) -> list[Line]:
    """The records that a bad line ends with: a crash leaves half a line, or zero bytes, and the client writes on there.

    An object inside of a record is followed by what closes the record, so no part of one is taken for a whole.
    """
    for found in islice(RECORD.finditer(text, 1), MOST_STARTS):
        with suppress(*UNREAD):
            return decoded(text[found.start() :])
    return []


def is_blank(text: bytes) -> bool:
    return not text or text.isspace()
