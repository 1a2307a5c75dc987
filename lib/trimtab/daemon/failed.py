"""The end of a failed command: its output becomes a view, in the client's own output file, before the client reads it.

The client gives a foreground command one regular file, opened for appending, as stdout and stderr (client 2.1.328, by
experiment); the trap that `handlers.wrapping` sets passes it on as descriptor 9. The file stays as it is unless every
check passes: it is an output file of the client's and nobody else's, no other process has it open (a background job
would write on into it), the daemon made a view, and nothing was written meanwhile. Linux only. Prints nothing.
"""

import os
import stat
import time

from trimtab import faults
from trimtab.daemon import client

OUTPUT = 9
LEAST_BYTES = 600  # no view of less is made (handlers.post_tool_use.SMALLEST, in characters)
LARGEST_BYTES = 512 << 10  # the daemon takes 0.4 to 0.6 s for as much (measured), and must answer in time
SECONDS = 1.5  # as long as any other load may take


def main(key: str) -> None:
    """`key` is what `handlers.wrapping` knows the command by."""
    started = time.time()
    folder = client.daemon_folder()
    try:
        size = os.fstat(OUTPUT).st_size
        path = output_path() if LEAST_BYTES <= size <= LARGEST_BYTES else ""
        if not path or is_open_elsewhere(path, (os.getpid(), os.getppid())):
            return
        answer = client.ask(folder, client.header(), event(key, path), SECONDS)
        if answer:
            import json

            put(path, size, json.loads(answer)["view"].encode("utf-8", "replace"))
    except Exception as exc:  # noqa: BLE001  (a fault of ours never reaches the command's output)
        faults.note(folder, started, "hook", "FailedCommand", type(exc).__name__ + ": " + str(exc))


def event(key: str, path: str) -> bytes:
    """Our own event, FailedCommand; written by hand, for json takes 10 ms to load. Names no path of 500 characters."""
    body = '{"hook_event_name": "FailedCommand", "session_id": "-", "cwd": "/", "key": %s, "file": %s}'
    return (body % (faults.quoted(key), faults.quoted(path))).encode()


def output_path() -> str:
    """A path that opens the file of OUTPUT, "" where that is not one of the client's output files.

    What a command's own `exec > file` has opened must never be written to.
    """
    import fcntl

    status = os.fstat(OUTPUT)
    appends = fcntl.fcntl(OUTPUT, fcntl.F_GETFL) & os.O_APPEND
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_uid != os.getuid() or not appends:
        return ""
    path = os.readlink("/proc/self/fd/%d" % OUTPUT)
    parts = path.split("/")  # .../claude-UID/PROJECT/SESSION/tasks/ID.output
    is_clients = (
        len(parts) >= 6
        and parts[-5] == "claude-%d" % os.getuid()
        and parts[-2] == "tasks"
        and parts[-1].endswith(".output")
    )
    return path if is_clients and os.path.samestat(os.lstat(path), status) else ""


def is_open_elsewhere(path: str, known: "tuple[int, ...]") -> bool:
    """Whether a process besides `known` has the file open, as far as this user may see."""
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in known:
            continue
        folder = "/proc/" + name + "/fd"
        try:
            for number in os.listdir(folder):
                if os.readlink(folder + "/" + number) == path:
                    return True
        except OSError:
            continue  # it ended, or is another user's
    return False


def put(path: str, size: int, view: bytes) -> None:
    """`view` in the place of the `size` bytes that the file holds, which come back where that fails halfway."""
    target = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)  # not for appending: pwrite must write at 0
    try:
        whole = os.pread(target, size, 0)
        if len(whole) != size or len(view) > size or os.fstat(target).st_size != size:
            return
        try:
            done = 0
            while done < len(view):
                done += os.pwrite(target, view[done:], done)
            os.ftruncate(target, len(view))
        except OSError:
            os.pwrite(target, whole, 0)
            raise
    finally:
        os.close(target)
