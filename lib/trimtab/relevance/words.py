"""The words of a text that an agent could take up later, and where they stand: names, paths, numbers, quoted strings.

A word is telling when it is not one of the common ones (`common.txt`, made by `bench/train_relevance.py`: words of many
sessions of several projects). A path counts whole and by its last part, a dotted or hyphenated name whole and by its
parts. This is what later use is measured by, so a fold that names a word keeps it.
"""

import re
from collections.abc import Iterator, Set
from functools import lru_cache
from pathlib import Path

LINE_END = "\0"
QUOTED = re.compile(r"\"([^\"\n]{4,80})\"|'([^'\n]{4,80})'|`([^`\n]{4,80})`")
SHORTEST = 4  # characters; shorter words are rarely taken up as themselves
ENDS = "./-@"  # what a piece is taken without
LONG_PART = re.compile(rf"[A-Za-z_$][A-Za-z0-9_$]{{{SHORTEST - 1},}}|\d{{{SHORTEST},}}")
LONGEST_LINE = 4_000  # characters looked at; more is data
MOST_CACHED = 16_384  # about the words of a session; 60,000 take 37 MB, and are no faster (measured)


def keeping(marks: str) -> bytes:
    """A table for bytes.translate: ASCII letters, digits and `marks` stay, all else is a blank.

    To split what is left takes a quarter of the time that a pattern takes to find the same.
    """
    return bytes(byte if byte < 128 and (chr(byte).isalnum() or chr(byte) in marks) else 32 for byte in range(256))


PIECES, NAMES = keeping("_@$./-\n"), keeping("_")


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common.txt").read_text("utf-8").split())


@lru_cache(maxsize=1)
def common_names() -> frozenset[str]:
    """Those of the common words that have no other words in them."""
    return frozenset(filter(str.isidentifier, common()))


def pieces_of(text: str) -> list[str]:
    """The runs of letters, digits and `_@$./-` in `text`, with LINE_END where a line ends."""
    parted = text.encode("utf-8", "replace").translate(PIECES)
    return parted.replace(b"\n", f" {LINE_END} ".encode()).decode("ascii").split()


def names_in(text: str) -> frozenset[str]:
    """The runs of ASCII letters, digits and `_` in `text`: all its names that are ASCII, and some parts of others."""
    return frozenset(text.encode("utf-8", "replace").translate(NAMES).decode("ascii").split())


@lru_cache(maxsize=MOST_CACHED)
def of_piece(piece: str) -> tuple[str, ...]:
    """The words of one of `pieces_of`: `./a/b_test.go` is a/b_test.go, b_test.go, b_test."""
    piece = piece.strip(ENDS)
    if len(piece) < SHORTEST:
        return ()
    if piece.isidentifier():  # most are, and have no parts
        return (piece,)
    found = [piece]
    last = piece.rpartition("/")[2]
    if len(last) >= SHORTEST:
        found.append(last)
    found += LONG_PART.findall(piece)
    return tuple(dict.fromkeys(found))


def quoted_in(text: str) -> Iterator[tuple[int, str]]:
    """The quoted strings that hold a blank, each with where it begins; with a leading double quote."""
    if '"' in text or "'" in text or "`" in text:
        for match in QUOTED.finditer(text):
            quoted = match[match.lastindex or 0].strip()
            if " " in quoted:
                yield match.start(), '"' + quoted


def words_in(text: str) -> set[str]:
    """Every word of a text, telling or not."""
    found = {word for _, word in quoted_in(text)}
    for piece in set(pieces_of(text)):
        found.update(of_piece(piece))
    return found


def is_telling(word: str) -> bool:
    """Whether a word is uncommon, and no short number, year or string of common words."""
    known = common()
    lower = word.lower()
    if word in known or lower in known:
        return False
    if word[0] == '"':
        return not known.issuperset(map(str.lower, LONG_PART.findall(word)))
    if word.isdigit():
        return len(word) >= SHORTEST and not (len(word) == 4 and word[:2] in ("19", "20"))
    return lower != word.upper()  # it has a letter


@lru_cache(maxsize=MOST_CACHED)
def telling_of(piece: str) -> tuple[str, ...]:
    """Those of a piece's words that are telling."""
    return tuple([word for word in of_piece(piece) if is_telling(word)])


def telling_in(pieces: Set[str]) -> dict[str, tuple[str, ...]]:
    """By piece, its telling words; pieces without one are left out."""
    known = common()
    found: dict[str, tuple[str, ...]] = {}
    for piece in pieces - common_names():
        if len(piece) < SHORTEST:
            continue
        if piece.isidentifier():  # one word, which is judged sooner here
            lower = piece.lower()
            if lower not in known and lower != piece.upper():
                found[piece] = (piece,)
        else:
            words = telling_of(piece)
            if words:
                found[piece] = words
    return found
