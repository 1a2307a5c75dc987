"""Writes the script of a demonstration over a folder: which files are read, what is asked, what a search finds.

Deterministic: the same folder gives the same script.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from trimtab import content, relevance
from trimtab.content import kinds
from trimtab.errors import TrimtabError

READS = 3
LARGEST_BYTES = (
    60_000  # the client reads about 25,000 tokens at once, 2.55 bytes each (client 2.1.328); the rest is paged
)
MOST_FILES = 20_000  # looked at; chosen: a second on a slow disk
MOST_READ = 400  # files read to search and to choose from: at most 24 MB
MOST_HITS = 40
MOST_USES = 12  # a name that is used more often is not a better example
SKIPPED = frozenset(("node_modules", "vendor", "dist", "build", "target", "site-packages", "venv", "__pycache__"))
PROSE = ("markdown", "text")
LEAST_LINES, MOST_LINES = 6, 120  # of a block that is worth a question


class Source(NamedTuple):
    """A readable file. `name` is its path from the folder on."""

    path: Path
    name: str
    kind: str
    text: str


class Hit(NamedTuple):
    """A line of the file `name` that a search has found."""

    name: str
    number: int
    line: str


class Script(NamedTuple):
    """What is played: the prompt, the pattern searched for ("": none) with what it finds, and the files to read."""

    prompt: str
    pattern: str
    hits: tuple[Hit, ...]
    reads: tuple[Source, ...]


def write(folder: Path) -> Script:
    """The script for `folder`. Raises TrimtabError where nothing can be read."""
    found = list(readable(folder))
    if not found:
        raise TrimtabError(
            f"{str(folder)!r} has no text file that the demonstration could read "
            f"(UTF-8, up to {LARGEST_BYTES // 1000} kB): name a folder with source code."
        )
    code = [source for source in found if source.kind not in PROSE]
    prose = [source for source in found if source.kind in PROSE]
    reads = tuple((code + prose)[:READS])
    pattern = subject(reads)
    if not pattern:
        return Script(f"What is in {reads[0].name}, and what should I know before I change it?", "", (), reads)
    hits = tuple(search(found, pattern))
    return Script(f"How does `{pattern}` work, and what would break if I changed it?", pattern, hits, reads)


def readable(folder: Path) -> Iterator[Source]:
    """The folder's readable files, code first, the largest first."""
    sizes = sorted(files(folder), key=lambda file: (is_prose(file[1]), -file[0], file[1]))
    for _, path in sizes[:MOST_READ]:
        try:
            text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError):
            continue
        if "\0" in text or not text.strip():
            continue
        kind = content.kind_of(str(path), text)
        if kind not in ("binary", "generated", "minified"):
            yield Source(path, path.relative_to(folder).as_posix(), kind, text)


def is_prose(path: Path) -> bool:
    """As far as the name tells."""
    return kinds.LANGUAGES.get(kinds.suffix_of(path.name), "text") in PROSE


def files(folder: Path) -> Iterator[tuple[int, Path]]:
    """Size and path of files that are neither hidden nor too large, in folders that hold no packages of others."""
    seen = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            seen += 1
            if seen > MOST_FILES:
                return
            try:
                status = path.lstat()
            except OSError:
                continue
            regular = (status.st_mode & 0o170000) == 0o100000
            if regular and not name.startswith(".") and 0 < status.st_size <= LARGEST_BYTES:
                yield status.st_size, path


def subject(reads: Sequence[Source]) -> str:
    """The name to ask about: of a block of the first file that has one, the most used; "" where there is none."""
    for source in reads:
        blocks = content.parse(str(source.path), source.text).blocks
        names = []
        for block in blocks:
            name = block.name.rpartition(".")[2]
            if LEAST_LINES <= block.last - block.first + 1 <= MOST_LINES and is_subject(name):
                names.append(name)
        if names:
            text = "\n".join(other.text for other in reads)
            words = relevance.NAME.findall(text)
            return max(
                names, key=lambda name: (is_compound(name), min(MOST_USES, words.count(name)), -names.index(name))
            )
    return ""


def is_subject(name: str) -> bool:
    return name.isidentifier() and len(name) > 4 and not name.startswith(("_", "test")) and relevance.is_telling(name)


def is_compound(name: str) -> bool:
    """`of_parts` or `ofParts`: a plain word is found in prose too."""
    return "_" in name or name[1:] != name[1:].lower()


def search(found: Sequence[Source], pattern: str) -> Iterator[Hit]:
    """The lines with `pattern`, by file, at most `MOST_HITS`."""
    count = 0
    for source in sorted(found, key=lambda source: source.name):
        for number, line in enumerate(source.text.split("\n"), 1):
            if pattern in line:
                yield Hit(source.name, number, line[:300])
                count += 1
                if count == MOST_HITS:
                    return
