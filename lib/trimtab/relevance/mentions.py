"""The telling words of a load, each with the line that stands for it: made once a text, cheap to ask afterwards."""

import re
from collections.abc import Collection, Iterator, Sequence, Set
from typing import NamedTuple

from trimtab.content.outputs.searches import HIT
from trimtab.relevance import words as w

DEFINERS = frozenset(
    ("func", "function", "def", "class", "struct", "interface", "type", "const", "enum", "impl", "trait", "fn")
)
DEFINERS |= {"export", "var", "let"}
ENDS = "./-@"  # of a piece that are no part of its last word
PLACED = re.compile(r"[:-]\d+[:-]")  # in what HIT matches; to look for it first is five times as fast


class Mention(NamedTuple):
    """A word, how a fold spells it (an absolute path with its first slash), and a line, from 0.

    The line is the first that defines something with the word in it, else the first that has it.
    """

    word: str
    spelled: str
    line: int


class Parted(NamedTuple):
    """Lines as far as their words count, each with its line end, and the pieces of that; `is_whole` if it is all."""

    text: str
    pieces: list[str]
    unique: set[str]
    is_whole: bool


def mentions(lines: Sequence[str], dull: Collection[int] = (), is_search: bool = False) -> tuple[Mention, ...]:
    """The telling words of `lines`, which are `parted`."""
    return mentions_in(parted(lines, dull, is_search))


def mentions_in(found: Parted) -> tuple[Mention, ...]:
    """Each telling word once, as first seen, then each quoted string."""
    return (*named(found.pieces, found.unique), *quoted(found.text))


def parted(lines: Sequence[str], dull: Collection[int] = (), is_search: bool = False) -> Parted:
    """What to look through for words: of each line the first LONGEST_LINE characters.

    Lines that are `dull` (numbers from 1) are skipped: a fold names no words of theirs. Where the load `is_search`, the
    path of its hits (`path:12:text`, `path-13-text`) is one word, however many lines begin with it.
    """
    counting = looked_at(lines, dull, is_search)
    text = "\n".join(counting) + "\n"
    pieces = w.pieces_of(text)
    return Parted(text, pieces, set(pieces), counting is lines)


def named(pieces: Sequence[str], unique: Set[str]) -> list[Mention]:
    """The telling words of `pieces`, each of whose lines ends with LINE_END."""
    telling = w.telling_in(unique)
    definers = {
        piece for piece in unique if piece in DEFINERS or (piece[-1] in ENDS and piece.rstrip(ENDS) in DEFINERS)
    }
    watched = {w.LINE_END, *definers, *telling}  # most pieces are not, or not again
    found: dict[str, int] = {}  # the line of each word
    paths: set[str] = set()
    definitions: list[tuple[int, int, int]] = []  # a line that defines something, its first piece, its end
    row = first = 0
    is_definition = False
    for at, piece in enumerate(pieces):
        if piece not in watched:
            continue
        if piece == w.LINE_END:
            if is_definition:
                definitions.append((row, first, at))
                is_definition = False
            row += 1
            first = at + 1
            continue
        if piece in definers:
            is_definition = True
        else:
            watched.remove(piece)
        for word in telling.get(piece, ()):
            if word not in found:
                found[word] = row
                if piece[0] == "/" and word == piece.strip(ENDS):
                    paths.add(word)
    left = set(found)
    for row, first, end in definitions:
        for piece in pieces[first:end]:
            for word in telling.get(piece, ()):
                if word in left:
                    left.remove(word)
                    found[word] = row
    return [Mention(word, "/" + word if word in paths else word, row) for word, row in found.items()]


def quoted(text: str) -> Iterator[Mention]:
    """The telling quoted strings of `text`."""
    found: set[str] = set()
    row = before = 0
    for start, word in w.quoted_in(text):
        if word not in found and w.is_telling(word):
            found.add(word)
            row += text.count("\n", before, start)
            before = start
            yield Mention(word, word + '"', row)


def looked_at(lines: Sequence[str], dull: Collection[int], is_search: bool) -> Sequence[str]:
    """`lines` as far as their words count: without the dull ones, the ends of long ones, and paths that come again."""
    if dull or max(map(len, lines), default=0) > w.LONGEST_LINE:
        lines = ["" if row in dull else line[: w.LONGEST_LINE] for row, line in enumerate(lines, 1)]
    if not is_search or PLACED.search("\n".join(lines)) is None:
        return lines
    out = []
    path = ""
    for line in lines:
        hit = HIT.match(line) if PLACED.search(line) else None
        if hit is not None:
            is_same = hit[1] == path or hit[1].endswith("/" + path) or path.endswith("/" + hit[1])
            line = line[hit.end() :] if path and is_same else f"{hit[1]} {line[hit.end() :]}"
            path = hit[1]
        out.append(line)
    return out
