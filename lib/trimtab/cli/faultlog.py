"""Reads the log of our own faults, and says of each kind what it means and what to do.

The log's lines are `faults.note`'s: a time, where it happened (hook, daemon, settings), the event, the fault.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from trimtab import faults


class Fault(NamedTuple):
    """One line of the log; `line` is the line itself."""

    at: float
    where: str
    event: str
    fault: str
    line: str


class Kind(NamedTuple):
    """Faults that have one cause. `matters` says whether a new one asks for something to be done."""

    pattern: re.Pattern[str]  # found in "where event fault"
    meaning: str
    advice: str
    matters: bool


KINDS = (
    Kind(
        re.compile(r"^settings "),
        "a setting had a value that is not allowed, its default was used",
        "Correct it in the file or variable that the line names.",
        False,
    ),
    Kind(
        re.compile(r"^budget (?!.*(?:disk is full|No space left))"),
        "something was not known of budgets, and you were told in a session",
        "What the line says, if anything; it says what counts meanwhile.",
        False,
    ),
    Kind(
        re.compile(r"^alert alert_command"),
        "the alert_command failed",
        "Correct the command; it runs without a shell.",
        False,
    ),
    Kind(
        re.compile(r"DamagedError"),
        "the ledger was damaged",
        "`trimtab doctor --set-aside` in that project renames it; a new one is made.",
        False,
    ),
    Kind(
        re.compile(r"No space left|disk is full|disk full|Disk quota", re.I),
        "the disk was full",
        "Free some space; nothing was half written.",
        True,
    ),
    Kind(
        re.compile(r"StoreError.*(?:another program|locked|busy)"),
        "another program held the ledger, so a load was not recorded",
        "Close what has the file open if this goes on.",
        False,
    ),
    Kind(
        re.compile(r"StoreError|PermissionError|Read-only file system"),
        "a folder could not be written",
        "Make the folder that the line names writable.",
        True,
    ),
    Kind(
        re.compile(r"^hook .*gave no answer within"),
        "the daemon was too slow, so the load was shown whole",
        "Nothing, if seldom: it happens on a busy machine. Every day: report the line.",
        False,
    ),
    Kind(
        re.compile(r"^daemon start .*(?:ImportError|ModuleNotFoundError|SetupError)"),
        "the daemon's Python environment is not whole, so everything was shown whole",
        "`trimtab setup` makes it anew.",
        True,
    ),
    Kind(
        re.compile(r"^daemon wire "),
        "a hook was stopped before its answer had come",
        "Nothing: the client does that when the user interrupts it.",
        False,
    ),
    Kind(
        re.compile(r"EventError"),
        "an event was not as the client is known to send it, so it got no answer",
        "Update Trimtab; if it is up to date, report the line.",
        True,
    ),
    Kind(re.compile(""), "a bug in Trimtab; the event got no answer", "Update Trimtab; else report the line.", True),
)


class Group(NamedTuple):
    """Faults of one kind, the newest last."""

    kind: Kind
    faults: list[Fault]


def read(folder: Path, since: float) -> list[Fault]:
    """The faults from `since` on by time; lines that are none of ours are left out. Never raises."""
    found = []
    for name in (faults.LOG + ".old", faults.LOG):
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found += [fault for fault in map(parse, text.split("\n")) if fault is not None and fault.at >= since]
    return sorted(found, key=lambda fault: fault.at)


def parse(line: str) -> Fault | None:
    """A line of the log; None when it is not one, such as half a line."""
    try:
        data: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    at, where, event, fault = (data.get(key) for key in ("at", "where", "event", "fault"))
    if not isinstance(at, (int, float)) or not isinstance(where, str) or not isinstance(fault, str):
        return None
    return Fault(float(at), where, event if isinstance(event, str) else "", fault, line)


def kind_of(fault: Fault) -> Kind:
    text = f"{fault.where} {fault.event} {fault.fault}"
    return next(kind for kind in KINDS if kind.pattern.search(text))


def grouped(found: Iterable[Fault]) -> list[Group]:
    """The faults by kind, in the order of `KINDS`."""
    groups: dict[Kind, list[Fault]] = {}
    for fault in found:
        groups.setdefault(kind_of(fault), []).append(fault)
    return [Group(kind, groups[kind]) for kind in KINDS if kind in groups]
