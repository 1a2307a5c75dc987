"""The telling words of a load, each with the line that stands for it: made once a text, cheap to ask afterwards."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from trimtab.content.outputs.searches import HIT
from trimtab.relevance import words as w

DEFINERS = frozenset(
    ("func", "function", "def", "class", "struct", "interface", "type", "const", "enum", "impl", "trait", "fn")
)
DEFINERS |= {"export", "var", "let"}
PLACED = re.compile(r"[:-]\d+[:-]")  # in what HIT matches; to look for it first is five times as fast


class Mention(NamedTuple):
    """A word, how a fold spells it (an absolute path with its first slash), and a line, from 0.

    The line is the first that defines something with the word in it, else the first that has it.
    """

    word: str
    spelled: str
    line: int


def mentions(lines: Sequence[str], dull: Collection[int] = (), is_search: bool = False) -> tuple[Mention, ...]:
    """Each telling word of `lines` once, as first seen, then each quoted string; of each line LONGEST_LINE characters.

    Lines that are `dull` (numbers from 1) are skipped: a fold names no words of theirs. Where the load `is_search`, the
    path of its hits (`path:12:text`, `path-13-text`) is one word, however many lines begin with it.
    """
    text = "\n".join(looked_at(lines, dull, is_search)) + "\n"
    return (*named(w.pieces_of(text)), *quoted(text))


def named(pieces: Sequence[str]) -> tuple[Mention, ...]:
    """The telling words of `pieces`, each of whose lines ends with LINE_END."""
    unique = set(pieces)
    telling = w.telling_in(unique)
    definers = {piece for piece in unique if piece.rstrip("./-@") in DEFINERS}
    watched = {w.LINE_END, *definers, *telling}  # most pieces are not, or not again
    found: dict[str, Mention] = {}
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
                is_path = piece[0] == "/" and word == piece.strip("./-@")
                found[word] = Mention(word, "/" + word if is_path else word, row)
    left = set(found)
    for row, first, end in definitions:
        for piece in pieces[first:end]:
            for word in telling.get(piece, ()):
                if word in left:
                    left.remove(word)
                    found[word] = found[word]._replace(line=row)
    return tuple(found.values())


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
