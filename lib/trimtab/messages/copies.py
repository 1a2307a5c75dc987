"""Code in a message that is a verbatim copy of a file's lines, and which lines they are.

The lines are as in the file but for blanks at their ends, the indentation of all of them, and numbers before them
where each has one.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from trimtab.messages import parts

LEAST_LINES, LEAST_CHARACTERS = 3, 60  # of a copy that is told from chance; chosen
NUMBERED = re.compile(r"\s*\d{1,6}(?:→|\t|[:|] ?)")
FILE = re.compile(r"(?<![\w@.+~/\\-])[\w@.+~/-]*[\w+-]\.[A-Za-z]\w{0,9}(?![\w(])")
MOST_FILES = 24  # that a message's code is looked for in


def files_named(text: str) -> list[str]:
    """The paths of files that `text` speaks of, the first MOST_FILES; those with a folder come first."""
    found = list(dict.fromkeys(match[0] for match in FILE.finditer(text[:200_000])))
    found.sort(key=lambda path: "/" not in path)
    return found[:MOST_FILES]


def copies(lines: Sequence[str], files: Mapping[str, str]) -> dict[parts.Fenced, str]:
    """By fenced block, the place (`path:a-b`) of what is in it; blocks that are in none of `files` are left out."""
    known = {path: Source(text) for path, text in files.items()} if files else {}
    found = {}
    for fenced in parts.fences(lines) if known else ():
        body = lines[fenced.first : fenced.last - 1]
        if len(body) >= LEAST_LINES and sum(map(len, body)) >= LEAST_CHARACTERS:
            place = place_of(body, known)
            if place:
                found[fenced] = place
    return found


class Source:
    """A file's lines without what a copy may leave out, and where each stands."""

    def __init__(self, text: str) -> None:
        self.lines = [line.strip() for line in text.split("\n")]
        self.raw = text.split("\n")
        self.at: dict[str, list[int]] = {}
        for row, line in enumerate(self.lines):
            self.at.setdefault(line, []).append(row)


def place_of(body: Sequence[str], known: Mapping[str, Source]) -> str:
    """Where in the files these lines are, "" where they are not; of several the first."""
    body = without_numbers(body)
    while body and not body[0].strip():
        body = body[1:]
    while body and not body[-1].strip():
        body = body[:-1]
    if len(body) < LEAST_LINES:
        return ""
    bare = [line.strip() for line in body]
    dedented = dedent(body)
    rarest = {
        path: min(range(len(bare)), key=lambda at: len(source.at.get(bare[at], ()))) for path, source in known.items()
    }
    for path, source in known.items():
        offset = rarest[path]
        for row in source.at.get(bare[offset], ()):
            first = row - offset
            if first < 0 or source.lines[first : first + len(bare)] != bare:
                continue
            if dedent(source.raw[first : first + len(bare)]) == dedented:  # in Python the indentation is the code
                return f"{path}:{first + 1}-{first + len(bare)}"
    return ""


def without_numbers(body: Sequence[str]) -> Sequence[str]:
    """The lines without the numbers that each of them begins with, as the client's reader prints them."""
    if all(NUMBERED.match(line) or not line.strip() for line in body):
        return [NUMBERED.sub("", line, count=1) for line in body]
    return body


def dedent(body: Iterable[str]) -> str:
    return textwrap.dedent("\n".join(line.rstrip() for line in body))
