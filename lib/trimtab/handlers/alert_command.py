"""Runs the user's own command for an alert: its arguments without a shell, the alert as JSON on its standard input.

The command gets HOME, PATH, the language and where the desktop is (for `notify-send` and its like), nothing else of the
environment; what it prints goes nowhere. After SECONDS it is ended, with what it started. That it failed is a fault in
the log, without what it printed.
"""

import json
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

SECONDS = 10.0  # chosen: enough to send a message
DESKTOP = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY")
KEPT = ("HOME", "PATH", "LANG", "LC_ALL", "TMPDIR", "USERPROFILE", "SYSTEMROOT", *DESKTOP)


def run(
    command: str, alert: Mapping[str, object], note: Callable[[str], None], seconds: float = SECONDS
) -> threading.Thread:
    """Starts the command and returns at once: the thread that waits for it. `note` gets a fault's text."""
    thread = threading.Thread(target=wait, args=(command, alert, note, seconds), daemon=True)
    thread.start()
    return thread


def wait(command: str, alert: Mapping[str, object], note: Callable[[str], None], seconds: float) -> None:
    """Runs the command to its end."""
    try:
        arguments = shlex.split(command)
        if not arguments:
            return
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=os.path.expanduser("~"),
            env={name: os.environ[name] for name in KEPT if name in os.environ},
            start_new_session=True,
        )
    except (OSError, ValueError) as exc:
        note(f"alert_command can't be started ({type(exc).__name__}: {exc}): check it in your config.toml")
        return
    try:
        with suppress(OSError):  # it did not read what it was given: its status says whether that was right
            process.communicate(json.dumps(dict(alert)).encode(), timeout=seconds)
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        end(process)
        note(f"alert_command {arguments[0]!r} did not end within {seconds:g} s and was stopped")
        return
    if process.returncode:
        note(f"alert_command {arguments[0]!r} ended with status {process.returncode}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the command and what it started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:
        process.kill()
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):  # what was not written yet
            process.stdin.close()
