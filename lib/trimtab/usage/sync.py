"""Brings the usage book up to date with the client's transcripts.

A file is read from where it was left; what its lines gave and how far it was read are written in one transaction, so a
crash in between loses or repeats nothing. Two syncs at once, such as the daemon's and the command's, may both read the
same lines: every row is keyed by what it is of, so the second changes nothing, and whoever writes last leaves a state
that goes with what was read. A file that has become another one is read from its start.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trimtab.store.base import clean
from trimtab.store.usage import FileRow, News, SessionRow, UsageStore
from trimtab.transcript import folders, scan
from trimtab.transcript.folders import File
from trimtab.transcript.scan import Bad, Piece, State

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PIECE_BYTES = 8 << 20  # of one file between two commits, chosen: about 20 ms
BATCH_BYTES, BATCH_ROWS = 128 << 20, 16_000  # in one transaction, chosen: it takes about 0.1 s
MOST_PROCESSES = 4  # chosen: one writes, and more readers than three would wait for it
PIPE_BYTES = 1 << 20  # what Linux lets a user have
WORTH_BYTES = 16 << 20  # to read, from which on it pays to start processes: it takes 50 ms, they take 20


class Synced(NamedTuple):
    """What a sync did. `files` are those that had something new, `unreadable` files and folders that it could not open,
    and why.

    `is_complete` is False where the limit of bytes was reached first.
    """

    files: int
    size_bytes: int
    responses: int
    bad: list[Bad]
    unreadable: list[tuple[str, str]]
    seconds: float
    is_complete: bool = True


class Task(NamedTuple):
    """A file with something to read, from `state` on."""

    file: File
    state: State
    claimed: float

    @property
    def left_bytes(self) -> int:
        """About how much there is to read."""
        return max(0, self.file.size_bytes - self.state.offset) or self.file.size_bytes


Progress = Callable[[int, int], None]  # bytes that were read and that there are, called now and then


def sync(
    store: UsageStore, places: Iterable[Path], progress: Progress | None = None, processes: int | None = None
) -> Synced:
    """Reads what is new in all transcripts of `places` (see `folders.find`) into the store.

    `processes` is how many read at once; by default as many as there are cores, where there is much to read. Files that
    are gone are forgotten, what they told is kept. Raises StoreError; what was committed before stays.
    """
    started = time.monotonic()
    known = store.files()
    files, unreadable = folders.find(places)
    tasks = [task for file in files if (task := new_in(file, known.get(str(clean(file.path))))) is not None]
    gone = set(known) - {str(clean(file.path)) for file in files}
    gone = {path for path in gone if not os.path.exists(path)}
    if gone:
        store.forget_files(gone)
    total = sum(task.left_bytes for task in tasks)
    if processes is None:
        processes = min(cores(), MOST_PROCESSES) if total >= WORTH_BYTES else 1
    done = write(store, reading(tasks, processes), started, len(tasks), total, progress)
    return done._replace(unreadable=[*unreadable, *done.unreadable])


def sync_session(store: UsageStore, transcript: Path, most_bytes: int = PIECE_BYTES) -> Synced:
    """Reads what is new in one session's files, at most about `most_bytes`; `Synced.is_complete` says whether all was.

    Raises StoreError.
    """
    started = time.monotonic()
    files = folders.of_session(transcript)
    tasks = [task for file in files if (task := new_in(file, store.file(file.path))) is not None]
    total = sum(task.left_bytes for task in tasks)
    return write(store, limited(tasks, most_bytes), started, len(tasks), total, None)


def new_in(file: File, row: FileRow | None) -> Task | None:
    """What is to be read of a file; None where nothing changed since the last look."""
    now = file.modified_ns / 1e9
    if row is None:
        return Task(file, State(), now) if file.size_bytes else None
    is_another = file.inode != 0 and (row.device, row.inode) != (file.device, file.inode)  # 0: it has no number
    if is_another or file.size_bytes < row.read_bytes:
        return Task(file, State(), row.claimed)
    if (row.size_bytes, row.modified_ns) == (file.size_bytes, file.modified_ns):
        return None
    return Task(file, State(row.read_bytes, row.trace, row.carry), row.claimed)


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Reading

Read = tuple[Task, Piece | str]  # a part of a file, or why it can't be read


def read(task: Task, most_bytes: int) -> Piece | str:
    """The next part of a file, or why it can't be read."""
    try:
        return scan.read(task.file, task.state, most_bytes)
    except (OSError, ValueError) as exc:  # ValueError: a path that no file can have
        return f"{type(exc).__name__}: {exc}"


def one_by_one(tasks: Iterable[Task]) -> Iterator[Read]:
    """Every part of every file, in order."""
    for task in tasks:
        while True:
            piece = read(task, PIECE_BYTES)
            yield task, piece
            if isinstance(piece, str) or piece.is_last:
                break
            task = task._replace(state=piece.after)


def limited(tasks: Iterable[Task], most_bytes: int) -> Iterator[Read]:
    """Parts of files until so many bytes were read; the last one is marked as not the file's last."""
    for task in tasks:
        while most_bytes > 0:
            piece = read(task, most_bytes)
            yield task, piece
            if isinstance(piece, str):
                break
            most_bytes -= piece.size_bytes
            if piece.is_last:
                break
            task = task._replace(state=piece.after)


def reading(tasks: list[Task], processes: int) -> Iterator[Read]:
    """The parts of all files, read in so many processes where the system can fork; a file's parts come in order."""
    named = [task for task in tasks if clean(task.file.path) == task.file.path]  # others can't be sent
    if processes < 2 or len(named) < 2 or not sys.platform.startswith("linux"):
        return one_by_one(tasks)
    rest = [task for task in tasks if clean(task.file.path) != task.file.path]
    return chain(in_processes(shares(named, processes)), one_by_one(rest))


def shares(tasks: list[Task], count: int) -> list[list[Task]]:
    """The tasks in so many parts of about the same size."""
    parts: list[list[Task]] = [[] for _ in range(min(count, len(tasks)))]
    sizes = [0] * len(parts)
    for task in sorted(tasks, key=lambda task: -task.left_bytes):
        least = sizes.index(min(sizes))
        parts[least].append(task)
        sizes[least] += task.left_bytes
    return parts


def in_processes(parts: list[list[Task]]) -> Iterator[Read]:
    """What a process for each part of the tasks reads, as it comes; what one that is killed has left is read here."""
    import fcntl  # not on Windows
    from multiprocessing import connection, get_context  # takes 15 ms, which a sync with nothing new does not have

    context = get_context("fork")
    unpack = msgspec.msgpack.Decoder(list[tuple[Task, Piece | str]]).decode
    left = {task.file.path: task for part in parts for task in part}
    pipes = []
    for part in parts:
        ours, theirs = context.Pipe(duplex=False)
        with suppress(OSError):  # so that a process reads on while this one writes
            fcntl.fcntl(ours.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        pipes.append(ours)
        context.Process(target=send, args=(part, theirs, pipes), daemon=True).start()
        theirs.close()
    try:
        while pipes:
            for pipe in connection.wait(pipes):
                assert isinstance(pipe, connection.Connection)
                try:
                    received = pipe.recv_bytes()
                except (EOFError, OSError):
                    pipes.remove(pipe)
                    pipe.close()
                    continue
                for task, piece in unpack(received):
                    yield task, piece
                    if isinstance(piece, str) or piece.is_last:
                        del left[task.file.path]
                    else:
                        left[task.file.path] = task._replace(state=piece.after)
    finally:
        for pipe in pipes:  # a process that can't send leaves
            pipe.close()
    yield from one_by_one(left.values())


def send(tasks: list[Task], pipe: "Connection", readers: "Iterable[Connection]") -> None:
    """Sends what the tasks' files have, in packets of some rows; what is interrupted is the process that reads them.

    `readers` are that one's ends, which came along: closed here, so that sending fails once it is killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for reader in readers:
        reader.close()
    packet: list[Read] = []
    size = 0
    with suppress(OSError):  # nobody reads it any more
        for task, piece in one_by_one(tasks):
            packet.append((task, piece))
            size += 0 if isinstance(piece, str) else piece.size_bytes
            if size >= PIECE_BYTES:
                pipe.send_bytes(msgspec.msgpack.encode(packet))
                packet, size = [], 0
        pipe.send_bytes(msgspec.msgpack.encode(packet))
    os._exit(0)  # nothing of the parent's is this process's to close


# Writing


def write(
    store: UsageStore, parts: Iterator[Read], started: float, tasks: int, total_bytes: int, progress: Progress | None
) -> Synced:
    """Commits parts as they come, small ones together."""
    news: list[News] = []
    bad: list[Bad] = []
    unreadable: list[tuple[str, str]] = []
    seen: set[str] = set()
    finished: set[str] = set()
    done = pending = rows = responses = 0
    for task, piece in parts:
        if isinstance(piece, str):
            unreadable.append((task.file.path, piece))
            continue
        news.append(news_of(task, piece))
        bad += piece.bad
        pending += piece.size_bytes
        rows += len(piece.requests) + len(piece.arrivals)
        if piece.size_bytes:
            seen.add(task.file.path)
        if piece.is_last:
            finished.add(task.file.path)
        if pending >= BATCH_BYTES or rows >= BATCH_ROWS:
            responses += store.add(news)
            done += pending
            news, pending, rows = [], 0, 0
            if progress is not None:
                progress(done, total_bytes)
    if news:
        responses += store.add(news)
    done += pending
    complete = len(finished) + len(unreadable) >= tasks
    return Synced(len(seen), done, responses, bad, unreadable, time.monotonic() - started, complete)


def news_of(task: Task, piece: Piece) -> News:
    """A part of a file as the store takes it."""
    file, after = piece.file, piece.after
    kinds = dict(piece.agent_types)
    if file.agent and (kind := folders.agent_type(file)):  # which may be written later than the first lines
        session = file.session or next((facts.session for facts in piece.facts), "")
        kinds[session, file.agent] = kind
    row = FileRow(
        file.path,
        file.device,
        file.inode,
        file.size_bytes,
        file.modified_ns if piece.is_last else -1,
        after.offset,
        after.trace,
        after.carry,
        task.claimed,
    )
    sessions = [SessionRow(*facts) for facts in piece.facts]
    bad = [(line, why) for _, line, why in piece.bad]
    return News(row, piece.before.offset == 0, piece.requests, piece.arrivals, piece.totals, sessions, kinds, bad)
