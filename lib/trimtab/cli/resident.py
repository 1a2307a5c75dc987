"""Looks at the daemon from outside: whether one listens and answers, what its status file says, its memory.

Starts no daemon. One that is silent loses its address, as it would with the next event, so that another can start.
"""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from trimtab.daemon import client

ANSWER_S = 6.0  # longer than any hook waits, and than a daemon takes to start
EVENT = b'{"hook_event_name": "Status", "session_id": "trimtab status", "cwd": "/"}'  # no handler: an empty answer


class Resident(NamedTuple):
    """The daemon. `fault` is "" when it answers, else what it does; the figures are 0 when unknown."""

    listens: bool
    fault: str
    pid: int
    version: str
    started: float
    memory_bytes: int
    answer_ms: float


NONE = Resident(False, "", 0, "", 0.0, 0, 0.0)


def look(folder: Path) -> Resident:
    """The daemon whose folder this is. Waits at most `ANSWER_S` for its answer. Never raises."""
    try:
        before = Path.cwd()
    except OSError:  # deleted
        before = Path("/")
    try:
        listens, fault, answer_ms = ask(folder)
    finally:
        os.chdir(before)  # the client goes to the daemon's folder, as sockets' paths are short
    if not listens:
        return NONE
    status = read_status(folder)
    pid = int(number(status.get("pid")))
    version = status.get("version")
    return Resident(
        True,
        fault,
        pid,
        version if isinstance(version, str) else "",
        number(status.get("started")),
        memory_bytes(pid),
        answer_ms,
    )


def ask(folder: Path) -> tuple[bool, str, float]:
    """Whether a daemon listens, what is wrong with its answer ("": nothing), and how long that took in ms."""
    started = time.monotonic()
    try:
        answer = client.ask(str(folder), {}, EVENT, ANSWER_S)
    except OSError as exc:
        return True, f"is silent ({exc})", 0.0
    return answer is not None, "", 1000 * (time.monotonic() - started)


def read_status(folder: Path) -> dict[str, object]:
    """What the daemon wrote when it started; empty when it can't be read."""
    try:
        data: object = json.loads((folder / "status.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def memory_bytes(pid: int) -> int:
    """Resident memory of a process; 0 when it can't be told."""
    if pid <= 0:
        return 0
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        pass
    try:
        run = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, timeout=5, check=True)
        return int(run.stdout) * 1024
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0
