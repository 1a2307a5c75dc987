"""The hook's side: sends the event to the daemon and prints its answer; starts a daemon where none answers.

Everything here runs in a new interpreter for every event, so it imports only what starts in a millisecond (processor
time, measured: `_socket` 0.7 ms; `os` takes 1.5, so here is `posix`, which the interpreter has loaded and `os` is made
of; `json` and `socket` take 20 ms), and it must load on any Python 3 that the user's `python3` may be. Whatever goes
wrong, the hook prints nothing ("no opinion") and the fault goes to the log.
"""

import sys
import time

try:
    import posix as system
except ImportError:  # Windows
    import os as system  # type: ignore[no-redef]

from trimtab import faults
from trimtab.daemon import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SOCKET, PORT = "socket", "port"  # in the daemon's folder; PORT holds "number secret" where there are no unix sockets
# Seconds until a hook gives up. Chosen: a view is worth up to a second and a half to a session.
DEADLINES_S = {
    "SessionStart": 2.0,
    "PostToolUse": 1.5,
    "PreToolUse": 1.0,  # half of it was too short for a daemon that loads: a first command comes early
    "UserPromptSubmit": 2.0,
    "PostToolBatch": 1.5,
    "PreCompact": 2.0,
    "SubagentStart": 1.0,
    "SubagentStop": 1.0,
    "UserPromptExpansion": 3.0,
    "Stop": 3.0,
    "SessionEnd": 1.0,
    "StatusLine": 0.3,  # chosen: a line that comes late is drawn late, and the next one comes soon
}
BASH, BYPASS = b'"tool_name":"Bash"', b'"permission_mode":"bypassPermissions"'  # quotes in a JSON string are escaped
TRANSCRIPT = b'"transcript_path":"'  # likewise; the client writes no blanks
SPENDING = ("UserPromptSubmit", "PreToolUse", "PostToolBatch", "PreCompact")  # a request may follow
LOADING_S = 3.0  # chosen: a busy machine with two processors was seen to take 2 s until events are answered in time
EVENT = "EVENT"  # the header that names an event where the client's input does not
STARTING_S = 1.0  # how long SessionStart waits for a new daemon to listen
RECORDING = "TRIMTAB_RECORDING"  # in the environment of a client that is no session (daemon.recording)
SETTING_UP = (
    '{"systemMessage": "Trimtab is making its Python environment in the background (once, about 20 seconds);'
    ' it starts to trim when that is done."}'
)


def main(event: str) -> None:
    """Answer one event: stdin to stdout. Never raises."""
    if RECORDING in variables():
        return
    started = time.time()
    folder = daemon_folder()
    try:
        body = sys.stdin.buffer.read(wire.LARGEST_BODY + 1)
        if len(body) > wire.LARGEST_BODY:
            while sys.stdin.buffer.read(1 << 20):
                pass  # the client writes all of it
            raise OSError("an event over %d bytes is not passed on" % wire.LARGEST_BODY)
        if event == "PreToolUse" and BASH in body and not has_budgets():
            if BYPASS not in body or "BASH_ENV" in variables():
                return  # handlers.wrapping changes none where not all may run, nor where bash starts with users' traps
        if event == "UserPromptSubmit" and is_new_session(body) and not (has_budgets() or has_slimmed()):
            return  # no cache is there yet, and a daemon that loads would keep a first prompt waiting
        headers = header()
        if event == "StatusLine":
            headers[EVENT] = event  # no hook of the client's: what it writes to its status line names no event
        answer = ask(folder, headers, body, DEADLINES_S.get(event, 1.0))
        if answer is None:
            answer = without_daemon(event, folder, body)
        if answer:
            say(answer)
    except Exception as exc:  # noqa: BLE001  (a fault of ours never reaches the client)
        faults.note(folder, started, "hook", event, type(exc).__name__ + ": " + str(exc))


def say(answer: bytes) -> None:
    """Write to the client, past Python's buffer: what stays in it fails again at exit, with status 120."""
    while answer:
        answer = answer[system.write(1, answer) :]


def variables() -> "Mapping[str, str]":
    """The environment; in a hook as it was at the start."""
    loaded = sys.modules.get("os")
    if loaded is not None:
        known: "Mapping[str, str]" = loaded.environ
        return known
    names = "utf-8", "surrogateescape"
    return dict([(name.decode(*names), value.decode(*names)) for name, value in system.environ.items()])


def root() -> str:
    """The plugin's folder."""
    return __file__[: -len("/lib/trimtab/daemon/client.py")]


def is_new_session(body: bytes) -> bool:
    """Whether the session has no transcript yet. Where that can't be told by a glance it may have one."""
    start = body.find(TRANSCRIPT)
    if start < 0:
        return b'"transcript_path"' not in body
    path = body[start + len(TRANSCRIPT) : body.find(b'"', start + len(TRANSCRIPT))]
    return b"\\" not in path and not system.access(path, system.F_OK)


def user_folder() -> str:
    home = variables().get("HOME")
    if not home or sys.platform == "win32":
        import os

        home = os.path.expanduser("~")
    return home.rstrip("/") + "/.claude-patterns"


def has_budgets() -> bool:
    """Whether the user has set a budget: then what could spend waits for a daemon that has to be started."""
    return system.access(user_folder() + "/budgets", system.F_OK)


def has_slimmed() -> bool:
    """Whether slim has switched anything off: then a first prompt may ask for it."""
    return system.access(user_folder() + "/slimmed", system.F_OK)


def daemon_folder() -> str:
    return user_folder() + "/daemon"


def header() -> "dict[str, str]":
    """What the daemon is told of this hook's environment: our own variables, never the rest (it holds keys)."""
    passed = dict([(name, value) for name, value in variables().items() if name.startswith(wire.PASSED)])
    passed["ROOT"] = root()
    return passed


def ask(folder: str, headers: "dict[str, str]", body: bytes, deadline_s: float) -> "bytes | None":
    """The daemon's answer, or None where no daemon listens. Raises where one listens and does not answer in time.

    A daemon that let the deadline pass, or talked nonsense, loses its address, so that the next event finds none and
    starts another; one that has only just started may take its time. A status line may be drawn every second with a
    short deadline: on a busy machine it would cost the daemon over and over, so it costs none.
    """
    import _socket

    ends = time.monotonic() + deadline_s
    headers["DEADLINE"] = "%.2f" % deadline_s
    connection, address = connect(_socket, folder, headers)
    if connection is None:
        return None
    try:
        return exchange(connection, wire.request(headers, body), ends)
    except (OSError, wire.WireError) as exc:
        if isinstance(exc, wire.WireError) or (EVENT not in headers and not is_loading(address[0])):
            dismiss(address)
        raise OSError(
            "the daemon gave no answer within %.1f s (%s: %s)" % (deadline_s, type(exc).__name__, exc)
        ) from exc
    finally:
        connection.close()


def connect(_socket: "Any", folder: str, headers: "dict[str, str]") -> "tuple[Any, tuple[str, int]]":
    """A connection to the daemon and its address's identity, or (None, ...). With TCP the secret joins the headers."""
    connection = None
    try:
        system.chdir(folder)  # a socket's path may be at most about 100 bytes; its name in the current folder is short
        if hasattr(_socket, "AF_UNIX") and not variables().get("TRIMTAB_TCP"):
            address = (SOCKET, system.stat(SOCKET).st_ino)
            connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            target: "Any" = SOCKET
        else:
            address = (PORT, system.stat(PORT).st_ino)
            with open(PORT) as file:
                port, headers["SECRET"] = file.read().split()
            connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            target = ("127.0.0.1", int(port))
        connection.settimeout(0.5)
        connection.connect(target)
    except (OSError, ValueError):
        if connection is not None:
            connection.close()
        return None, ("", 0)
    return connection, address


def exchange(connection: "Any", request: bytes, ends: float) -> bytes:
    """Send `request`, return the reply's body. OSError or WireError past `ends` or where the reply is broken off."""
    connection.settimeout(max(0.01, ends - time.monotonic()))
    connection.sendall(request)
    size = wire.reply_size(receive(connection, wire.REPLY_LINE, ends))
    return receive(connection, size, ends)


def receive(connection: "Any", size: int, ends: float) -> bytes:
    parts, missing = [], size
    while missing:
        left = ends - time.monotonic()
        if left <= 0:
            raise OSError("timed out")
        connection.settimeout(left)
        part = connection.recv(min(missing, 1 << 20))
        if not part:
            raise wire.GoneError("the answer broke off after %d of %d bytes" % (size - missing, size))
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def is_loading(name: str) -> bool:
    """Whether the daemon whose address is `name` has started in the last LOADING_S seconds."""
    try:
        return 0 <= time.time() - system.stat(name).st_mtime < LOADING_S
    except OSError:
        return False


def dismiss(address: "tuple[str, int]") -> None:
    """Remove a daemon's address, unless another daemon has taken the place. The old one sees that and leaves."""
    try:
        if system.stat(address[0]).st_ino == address[1]:
            system.unlink(address[0])
    except OSError:
        pass


def without_daemon(event: str, folder: str, body: bytes) -> "bytes | None":
    """No daemon listens: start one, or its environment first.

    SessionStart waits for it, so that the first read finds it, and so does what a budget may stop. A prompt waits too:
    that the daemon has left is a sign of a pause, after which the cache is cold.
    """
    environment = ready_environment()
    if environment is None:
        if event != "SessionStart":
            return None
        start(["/bin/sh", root() + "/bin/trimtab", "setup"], folder)
        return SETTING_UP.encode()
    if event == "SessionEnd":
        return None
    start([environment + "/bin/python", "-I", root() + "/lib/trimtab/daemon/__main__.py", folder], folder)
    if event not in ("SessionStart", "UserPromptSubmit") and not (event in SPENDING and has_budgets()):
        return None
    ends = time.monotonic() + STARTING_S
    while time.monotonic() < ends:
        time.sleep(0.01)
        answer = ask(folder, header(), body, DEADLINES_S[event])
        if answer is not None:
            return answer
    return None


def ready_environment() -> "str | None":
    """The folder of an environment that holds what the daemon needs; `environment.find` knows more places.

    One that TRIMTAB_ENVIRONMENT names is taken as it is; others must be of the lock file that this plugin has.
    """
    named = variables().get("TRIMTAB_ENVIRONMENT")
    if named:
        return named if system.access(named + "/bin/python", system.X_OK) else None
    lock = first_line(root() + "/requirements.lock")
    for place in (variables().get("CLAUDE_PLUGIN_DATA", "") + "/environment", user_folder() + "/environment"):
        if first_line(place + "/complete") == lock and system.access(place + "/bin/python", system.X_OK):
            return place
    return None


def first_line(path: str) -> "str | None":
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().strip()
    except (OSError, ValueError):
        return None


def start(command: "list[str]", folder: str) -> None:
    """Run `command` in a session of its own, with no input or output of ours, and without the user's environment."""
    import os

    os.makedirs(folder, mode=0o700, exist_ok=True)
    kept = (
        "HOME",
        "PATH",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "CLAUDE_PLUGIN_DATA",
        "TRIMTAB_ENVIRONMENT",
        "TRIMTAB_IDLE_S",
        "TRIMTAB_TCP",
        "DBUS_SESSION_BUS_ADDRESS",  # these for the user's alert_command, see handlers.alert_command
        "XDG_RUNTIME_DIR",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
    )
    environment = dict([(name, os.environ[name]) for name in kept if name in os.environ])
    environment["MALLOC_ARENA_MAX"] = "2"  # glibc keeps a heap for each thread otherwise: 20 MB less (measured)
    if not hasattr(os, "fork"):
        import subprocess

        flags = getattr(subprocess, "DETACHED_PROCESS", 0)
        subprocess.Popen(command, env=environment, cwd=folder, stdin=-3, stdout=-3, stderr=-3, creationflags=flags)
        return
    if os.fork():
        return
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        os.closerange(3, 256)
        os.execve(command[0], command, environment)
    finally:
        os._exit(127)
