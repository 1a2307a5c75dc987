"""Sections of memory files that are about one folder, and the patch that moves each behind a rule for that folder.

The client (2.1.328) reads a `.claude/rules/*.md` file with `paths:` in its front matter when the first file that fits
is read, and not before. A section is about a folder when every path that it names, and its heading if that is a
folder's name, lies in it. What names no path stays where it is. Nothing here writes: the user applies the patch.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import PurePosixPath
from typing import NamedTuple

from trimtab.prompt.texts import headings

RULES = ".claude/rules"
MOST_SHARE = 0.5  # chosen: of the sessions that worked in the folder; with more the rule is read anyway
LEAST_TOKENS = 50  # chosen: of each request, on average
NAMED = re.compile(r"[\w.@+-]*(?:/[\w.@+*-]+)+/?|[\w.@+-]+/|`[\w.@+-]+`")

LINE = re.compile(r"[^\n]*\n|[^\n]+")

Kind = Callable[[str], str]  # what is at a path in the project: "folder", "file" or ""


class Section(NamedTuple):
    """A heading's whole text in a file, the headings below it included; `start` and `end` are places in the file."""

    heading: str
    start: int
    end: int


class Move(NamedTuple):
    """A section of `file` that can wait behind a rule for `folder`: its `tokens`, and in how many of the sessions
    somebody worked there.
    """

    file: str
    heading: str
    folder: str
    start: int
    end: int
    tokens: int
    sessions: int
    of_sessions: int

    @property
    def saved(self) -> int:
        """Tokens of each request, on average over these sessions."""
        return round(self.tokens * (1 - self.sessions / self.of_sessions))


def moves(
    file: str,
    text: str,
    kind_of: Kind,
    touched: Mapping[str, Set[str]],
    weigh: Callable[[str], int],
    least: int = LEAST_TOKENS,
) -> list[Move]:
    """The sections of a memory file that can be moved, in its order. `touched` are the paths in the project that each
    session worked on; without any session none is moved.
    """
    found: list[Move] = []
    for section in sections(text):
        if found and section.start < found[-1].end:  # inside of one that goes
            continue
        body = text[section.start : section.end]
        folder = folder_of(section.heading, body, kind_of)
        if not folder or not touched:
            continue
        there = sum(
            any(path == folder or path.startswith(f"{folder}/") for path in paths) for paths in touched.values()
        )
        move = Move(file, section.heading, folder, section.start, section.end, weigh(body), there, len(touched))
        if there <= MOST_SHARE * len(touched) and move.saved >= least:
            found.append(move)
    return found


def sections(text: str) -> Iterator[Section]:
    """Every heading with all that is below it, but the title that everything is below."""
    found = headings(text)
    for index, match in enumerate(found):
        after = (other.start() for other in found[index + 1 :] if len(other[1]) <= len(match[1]))
        end = next(after, len(text))
        if index or end < len(text):
            yield Section(match["name"], match.start(), end)


def folder_of(heading: str, body: str, kind_of: Kind) -> str:
    """The folder that all paths named in a section are in, "" where there is none."""
    named = [heading.lower()] if kind_of(heading.lower()) == "folder" else []
    for match in NAMED.finditer(body):
        path = match[0].strip("`").removeprefix("./").partition("*")[0].rstrip("/.")
        if kind_of(path):
            named.append(path)
    folders = [path if kind_of(path) == "folder" else str(PurePosixPath(path).parent) for path in named]
    if not folders or "." in folders or "" in folders:
        return ""
    shared = PurePosixPath(folders[0])
    for folder in folders[1:]:
        while not PurePosixPath(folder).is_relative_to(shared):
            shared = shared.parent
    return "" if str(shared) == "." else str(shared)


# The patch


def patch(texts: Mapping[str, str], found: Sequence[Move], is_there: Callable[[str], bool]) -> str:
    """A unified diff for `git apply` or `patch -p1` that does the moves; `texts` are the files' by their paths."""
    out = []
    for file in dict.fromkeys(move.file for move in found):
        text = texts[file]
        rest = text
        for move in sorted((one for one in found if one.file == file), key=lambda one: -one.start):
            rest = rest[: move.start] + rest[move.end :]
        out.append(difference(file, text, rest))
    for folder in dict.fromkeys(move.folder for move in found):
        body = "\n".join(
            texts[move.file][move.start : move.end].rstrip() + "\n" for move in found if move.folder == folder
        )
        out.append(difference(rule_file(folder, is_there), None, f'---\npaths:\n  - "{folder}/**"\n---\n\n{body}'))
    return "".join(out)


def rule_file(folder: str, is_there: Callable[[str], bool]) -> str:
    """A name for the folder's rules that no file has."""
    name = folder.replace("/", "-")
    tries = (f"{RULES}/{name}{suffix}.md" for suffix in ("", *(f"-{number}" for number in range(2, 1_000))))
    return next(file for file in tries if not is_there(file))


def difference(file: str, before: str | None, after: str) -> str:
    """One file's part of a unified diff; `before` None makes it."""
    old, new = LINE.findall(before or ""), LINE.findall(after)
    source = f"a/{file}" if before is not None else "/dev/null"
    return "".join(ended(line) for line in difflib.unified_diff(old, new, source, f"b/{file}"))


def ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
