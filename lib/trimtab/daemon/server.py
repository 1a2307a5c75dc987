"""The resident process: listens first, loads the rest while events queue, answers them one at a time.

It leaves when nothing has come for `TRIMTAB_IDLE_S` seconds, when its folder or its socket's name is gone or taken
by another, and when the plugin's code is newer than itself. It is the only writer of the ledgers.
"""

import contextlib
import gc
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Protocol

from trimtab import __version__, faults
from trimtab.daemon import client, http, wire

IDLE_S = 1800.0
TICK_S = 1.0  # how often it looks whether it is still wanted
DEADLINE_S = 1.0  # of a hook that does not say how long it waits
PATIENCE = 0.6  # of a hook's deadline, chosen: after that an event still waits for its turn, the hook would give us up
FRAME_S = 5.0  # a hook that takes longer to send its event has long given up
BACKLOG = 64
# Objects that events may leave before Python looks for cycles in the midst of one: at its default of 700 that took 1
# of the 20 ms of a new file (measured). A dozen files leave as many; the daemon looks itself when nothing comes.
MOST_UNSWEPT = 50_000
CODE = Path(__file__).parents[1]


class Answers(Protocol):
    """What the server needs of `handlers.desk.Desk`."""

    def answer(self, event: bytes, environment: Mapping[str, str]) -> bytes: ...
    def warm(self) -> None: ...
    def between(self) -> None: ...
    def close(self) -> None: ...


def newest_change(code: Path) -> float:
    """When a source file of `code` last changed, in seconds since the epoch; 0.0 where there is none.

    Folders don't count: theirs change when Python caches what it compiled.
    """
    newest = 0.0
    for folder, folders, files in os.walk(code):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in files:
            with contextlib.suppress(OSError):
                newest = max(newest, os.stat(os.path.join(folder, name)).st_mtime)
    return newest


def version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


class Code:
    """Which code this process runs, and whether a plugin folder holds newer code.

    "Newer" is an order (version, then the newest change), so two folders never replace each other's daemon in turns.
    """

    def __init__(self, code: Path) -> None:
        self._own = code
        self._stamp = (version_numbers(__version__), newest_change(code))
        self._looked: dict[str, float] = {}

    def is_outdated(self, root: str, now: float) -> bool:
        """Whether the code below `root` (a plugin folder) is newer than this process. Looks at most once a second."""
        if now - self._looked.get(root, 0.0) < TICK_S:
            return False
        self._looked[root] = now
        code = Path(root) / "lib" / "trimtab"
        version = self._stamp[0]
        if code != self._own:
            with contextlib.suppress(OSError):
                text = (code / "__init__.py").read_text(encoding="utf-8")
                version = version_numbers(text.rpartition('__version__ = "')[2].partition('"')[0])
        return (version, newest_change(code)) > self._stamp

    def is_gone(self) -> bool:
        return not (self._own / "__init__.py").exists()


class Address:
    """The daemon's name in its folder: a unix socket, or a file with a loopback port and a secret."""

    def __init__(self, folder: Path, listener: socket.socket, name: str, secret: str) -> None:
        self.folder, self.listener, self.secret = folder, listener, secret
        self._path = folder / name
        self._identity = self._path.stat().st_ino

    def is_ours(self) -> bool:
        try:
            return self._path.stat().st_ino == self._identity
        except OSError:
            return False

    def release(self) -> None:
        self.listener.close()
        if self.is_ours():
            with contextlib.suppress(OSError):
                self._path.unlink()


@contextlib.contextmanager
def starting_alone(folder: Path) -> Iterator[None]:
    """Holds the folder's start lock, so that of two daemons that start at once one listens and the other sees it."""
    with (folder / "lock").open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except ImportError:  # Windows
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
        yield


def listen(folder: Path) -> Address | None:
    """Take the daemon's address in `folder`, or None where another daemon listens there already."""
    os.chdir(folder)
    unix = hasattr(socket, "AF_UNIX") and not os.environ.get("TRIMTAB_TCP")
    name, secret = (client.SOCKET, "") if unix else (client.PORT, secrets.token_hex(16))
    with starting_alone(folder):
        found, _ = client.connect(socket, str(folder), {})
        if found is not None:
            found.close()
            return None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        if unix:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(name)
        else:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.bind(("127.0.0.1", 0))
        listener.listen(BACKLOG)
        if not unix:
            write_private(folder / name, f"{listener.getsockname()[1]} {secret}\n")
        return Address(folder, listener, name, secret)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its user can read, whole or not at all."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    scratch.replace(path)


class Server:
    """Accepts connections until it is no longer wanted; `make_answers` is called once, after it listens."""

    def __init__(self, address: Address, make_answers: Callable[[], Answers], idle_s: float) -> None:
        self._address, self._idle_s = address, idle_s
        self._code = Code(CODE)
        self._make_answers = make_answers
        self._answers: Answers | None = None
        self._loaded = threading.Event()
        self._turn = threading.Lock()  # events are answered one at a time
        self._open = 0  # connections under way
        self._count = threading.Lock()
        self._last = self._swept = time.monotonic()
        self.leaving = False

    def serve(self) -> None:
        threading.Thread(target=self._load, daemon=True).start()
        self._address.listener.settimeout(TICK_S)
        while self._is_wanted():
            try:
                connection, _ = self._address.listener.accept()
            except TimeoutError:
                self._between()
                continue
            with self._count:
                self._open += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()
        self._address.release()
        self._finish()

    def _load(self) -> None:
        try:
            self._answers = self._make_answers()
        except Exception as exc:  # noqa: BLE001  (no daemon is better than a broken one)
            self._fault("start", describe(exc))
            self.leaving = True
        self._loaded.set()
        if self._answers is not None:
            self._answers.warm()

    def _is_wanted(self) -> bool:
        if self.leaving or not self._address.is_ours() or self._code.is_gone():
            return False
        with self._count:
            return self._open > 0 or time.monotonic() - self._last < self._idle_s

    def _between(self) -> None:
        """Nothing has come for a tick: do what can wait, such as exact counts."""
        if self._answers is None or self._open:
            return
        with self._turn:
            try:
                self._answers.between()
            except Exception as exc:  # noqa: BLE001  (what can wait must not end the daemon)
                self._fault("between", describe(exc))
            if self._swept < self._last:
                self._swept = time.monotonic()
                gc.collect()

    def _finish(self) -> None:
        """Let events under way end, then close the ledgers."""
        ends = time.monotonic() + FRAME_S
        while self._open and time.monotonic() < ends:
            time.sleep(0.01)
        if self._answers is not None:
            with self._turn:
                self._answers.close()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(FRAME_S)
                header, body, frame = self._receive(connection)
                reply = self._reply(header, body)
                with contextlib.nullcontext() if reply else contextlib.suppress(OSError):
                    connection.sendall(frame(reply))  # who left before "no opinion" has missed nothing
        except wire.GoneError:
            pass  # a hook that was ended with its client, or ran into its deadline, says so itself
        except (OSError, wire.WireError) as exc:
            self._fault("wire", f"{type(exc).__name__}: {exc}")
        finally:
            with self._count:
                self._open -= 1
                self._last = time.monotonic()

    def _receive(self, connection: socket.socket) -> tuple[dict[str, str], bytes, Callable[[bytes], bytes]]:
        """A request's header and body, and how its answer is written: to a hook, or to a hook module."""
        ends = time.monotonic() + FRAME_S
        first = client.receive(connection, wire.REQUEST_LINE, ends)
        if http.is_request(first):
            header, body = http.read(first, connection.recv)
            self._check(header)
            return header, body, http.answer
        sizes = wire.request_sizes(first)
        header = wire.unpack_header(client.receive(connection, sizes[0], ends))
        self._check(header)
        return header, client.receive(connection, sizes[1], ends), wire.reply

    def _check(self, header: dict[str, str]) -> None:
        """WireError unless the request comes from who may read the daemon's secret, where it has one."""
        said = header.get("SECRET", "").encode("utf-8", "surrogateescape")
        if self._address.secret and not secrets.compare_digest(said, self._address.secret.encode()):
            raise wire.WireError("a request without this daemon's secret")

    def _reply(self, header: dict[str, str], body: bytes) -> bytes:
        """The answer to one event; whatever goes wrong in it is our fault, and no opinion.

        An event whose turn does not come in time has no opinion either: a hook that ran into its deadline would take
        this daemon's address away and start another.
        """
        ends = time.monotonic() + PATIENCE * seconds(header.get("DEADLINE", ""), DEADLINE_S)
        self._loaded.wait(ends - time.monotonic())
        if not self._turn.acquire(timeout=max(0.0, ends - time.monotonic())):
            self._fault("event", "too many events at once: this one's turn did not come in time")
            return b""
        try:
            if self._code.is_outdated(header.get("ROOT", ""), time.monotonic()):
                self.leaving = True
            return self._answers.answer(body, header) if self._answers is not None else b""
        except Exception as exc:  # noqa: BLE001  (the request loop: any fault is no opinion)
            self._fault("event", describe(exc))
            return b""
        finally:
            self._turn.release()

    def _fault(self, event: str, text: str) -> None:
        faults.note(str(self._address.folder), time.time(), "daemon", event, text)


def seconds(text: str, otherwise: float) -> float:
    """The number of seconds that `text` says, `otherwise` where it says none: 0 or less, no number, over a year."""
    try:
        number = float(text)
    except ValueError:
        return otherwise
    return number if 0 < number < 366 * 86_400 else otherwise


def describe(exc: BaseException) -> str:
    """What was raised and where, without any of the user's text beyond the message."""
    trace, place = exc.__traceback__, ""
    while trace is not None:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(exc).__name__}: {exc} ({place})"


def main(folder: Path) -> None:
    """Serve in `folder` until no longer wanted. Returns at once where another daemon serves there."""
    import signal

    os.umask(0o077)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    try:
        if not (folder.parent / ".gitignore").exists():
            write_private(folder.parent / ".gitignore", "*\n")
        address = listen(folder)
        if address is None:
            return
        server = Server(address, desk, seconds(os.environ.get("TRIMTAB_IDLE_S", ""), IDLE_S))

        def leave(_number: int, _frame: FrameType | None) -> None:
            server.leaving = True

        signal.signal(signal.SIGTERM, leave)
        gc.set_threshold(MOST_UNSWEPT)
        write_private(
            folder / "status.json",
            f'{{"pid": {os.getpid()}, "version": "{__version__}", "started": {time.time():.0f}}}\n',
        )
        server.serve()
    except Exception as exc:  # noqa: BLE001  (nobody reads its output: the log says why it left)
        faults.note(str(folder), time.time(), "daemon", "start", describe(exc))
        sys.exit(3)


def desk() -> Answers:
    """Load what answers events; it takes a few hundred milliseconds, so it happens after the daemon listens."""
    from trimtab.handlers.desk import Desk
    from trimtab.handlers.table import HANDLERS

    return Desk(time.time, Path.home(), HANDLERS)
