"""The words of a text that an agent could take up later, and where they stand: names, paths, numbers, quoted strings.

A word is telling when it is not one of the common ones (`common.txt`, made by `bench/train_relevance.py`: words of many
sessions of several projects). A path counts whole and by its last part, a dotted or hyphenated name whole and by its
parts. This is what later use is measured by, so a fold that names a word keeps it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PIECE = re.compile(r"[A-Za-z0-9_@$./\-]*[A-Za-z0-9_$]")
PART = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*|\d+")
QUOTED = re.compile(r"\"([^\"\n]{4,80})\"|'([^'\n]{4,80})'|`([^`\n]{4,80})`")
SHORTEST = 4  # characters; shorter words are rarely taken up as themselves
LONGEST_LINE = 4_000  # characters looked at; more is data
MOST_CACHED = 16_384  # about the words of a session; 60,000 take 37 MB, and are no faster (measured)
LETTER = re.compile(r"[A-Za-z]")


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common.txt").read_text("utf-8").split())


@lru_cache(maxsize=MOST_CACHED)
def of_piece(piece: str) -> tuple[str, ...]:
    """The words of one match of PIECE: `./a/b_test.go` is a/b_test.go, b_test.go, b_test."""
    piece = piece.strip("./-@")
    if len(piece) < SHORTEST:
        return ()
    if piece.isidentifier():  # most are, and have no parts
        return (piece,)
    found = [piece]
    last = piece.rpartition("/")[2]
    if len(last) >= SHORTEST:
        found.append(last)
    found += [part for part in PART.findall(piece) if len(part) >= SHORTEST]
    return tuple(dict.fromkeys(found))


def quoted_in(line: str) -> Iterator[str]:
    """The quoted strings of a line that hold a blank, with a leading double quote."""
    for groups in QUOTED.findall(line):
        text = (groups[0] or groups[1] or groups[2]).strip()
        if " " in text:
            yield '"' + text


def words_in(text: str) -> set[str]:
    """Every word of a text, telling or not."""
    found: set[str] = set()
    for piece in set(PIECE.findall(text)):
        found.update(of_piece(piece))
    if '"' in text or "'" in text or "`" in text:
        found.update(quoted_in(text))
    return found


@lru_cache(maxsize=MOST_CACHED)
def is_telling(word: str) -> bool:
    """Whether a word is uncommon, and no short number, year or string of common words."""
    known = common()
    if word in known or word.lower() in known:
        return False
    if word[0] == '"':
        return any(len(part) >= SHORTEST and part.lower() not in known for part in PART.findall(word))
    if word.isdigit():
        return len(word) >= SHORTEST and not (len(word) == 4 and word[:2] in ("19", "20"))
    return LETTER.search(word) is not None
