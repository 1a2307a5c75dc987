"""Finds what `prompt.scoped` needs: a project's memory files, and the paths that its sessions worked on."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from trimtab.prompt import scoped
from trimtab.prompt.scoped import Move
from trimtab.records import Arrival

FILES = ("CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md")  # of a project, that the client reads at the start
PATH = re.compile(r"[\w.@+-]+(?:/[\w.@+-]+)*")
FRONT = "---"


class Found(NamedTuple):
    """What can be moved, and the texts of the files that it is in."""

    moves: tuple[Move, ...]
    texts: dict[str, str]


def find(project: Path, came: Iterable[Arrival], weigh: Callable[[str], int]) -> Found:
    """Over the arrivals of the time that counts. Never raises over what the project holds."""
    touched = worked_on(project, came)
    texts: dict[str, str] = {}
    found: list[Move] = []
    for file in memory_files(project):
        try:
            text = (project / file).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        made = scoped.moves(file, text, lambda path: kind_of(project, path), touched, weigh)
        if made:
            texts[file] = text
            found += made
    return Found(tuple(found), texts)


def memory_files(project: Path) -> list[str]:
    """The project's memory files, and its rules for all paths."""
    files = [file for file in FILES if (project / file).is_file()]
    rules = project / scoped.RULES
    try:
        more = sorted(rules.rglob("*.md"))
    except OSError:
        more = []
    return files + [str(file.relative_to(project)) for file in more if not is_scoped(file)]


def is_scoped(file: Path) -> bool:
    """Whether a rule has paths already."""
    try:
        head = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return head.startswith(FRONT) and "paths:" in head[len(FRONT) :].partition(f"\n{FRONT}")[0]


def kind_of(project: Path, path: str) -> str:
    """What is at a path in the project; "" for nothing, or outside of it."""
    if not path or path.startswith(("/", "..")) or ".." in path.split("/"):
        return ""
    try:
        place = project / path
        return "folder" if place.is_dir() else "file" if place.is_file() else ""
    except (OSError, ValueError):
        return ""


def worked_on(project: Path, came: Iterable[Arrival]) -> dict[str, set[str]]:
    """The paths in the project that each session's calls named, commands included."""
    found: dict[str, set[str]] = {}
    base = f"{project}{os.sep}"
    for arrival in came:
        paths = found.setdefault(arrival.session, set())
        if arrival.what != "result" or not arrival.target:
            continue
        if arrival.tool == "Bash":
            paths.update(match[0] for match in PATH.finditer(arrival.target.replace(base, "")))
        elif arrival.target.startswith(base):
            paths.add(arrival.target[len(base) :])
        elif not arrival.target.startswith(os.sep):
            paths.add(arrival.target.removeprefix("./"))
    return found
