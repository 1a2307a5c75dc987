"""The telling words of a load, each with the line that stands for it: made once a text, cheap to ask afterwards."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from trimtab.content.outputs.searches import HIT
from trimtab.relevance import words as w

DEFINERS = frozenset(
    ("func", "function", "def", "class", "struct", "interface", "type", "const", "enum", "impl", "trait", "fn")
)
DEFINERS |= {"export", "var", "let"}
PART_CHARACTERS = 200_000  # parted at once: the pieces of 3 MB would take 30 MB (measured)
PLACED = re.compile(r"[:-]\d+[:-]")  # in what HIT matches; to look for it first is five times as fast


class Mention(NamedTuple):
    """A word, how a fold spells it (an absolute path with its first slash), and a line, from 0.

    The line is the first that defines something with the word in it, else the first that has it.
    """

    word: str
    spelled: str
    line: int


Pieces = tuple[list[str], set[str]]  # of a text, in order, and each once


class Parted(NamedTuple):
    """Lines as far as their words count, each with its line end, and the pieces of one part of that after the other.

    `unique` are the pieces of all of the lines, each once; None where some count for less, or the text is long.
    """

    text: str
    parts: Iterable[Pieces]
    unique: Set[str] | None


def mentions(lines: Sequence[str], dull: Collection[int] = (), is_search: bool = False) -> tuple[Mention, ...]:
    """The telling words of `lines`, which are `parted`."""
    return mentions_in(parted(lines, dull, is_search))


def mentions_in(found: Parted) -> tuple[Mention, ...]:
    """Each telling word once, as first seen, then each quoted string. The parts of `found` are used up."""
    return (*named(found.parts), *quoted(found.text))


def parted(lines: Sequence[str], dull: Collection[int] = (), is_search: bool = False) -> Parted:
    """What to look through for words: of each line the first LONGEST_LINE characters.

    Lines that are `dull` (numbers from 1) are skipped: a fold names no words of theirs. Where the load `is_search`, the
    path of its hits (`path:12:text`, `path-13-text`) is one word, however many lines begin with it.
    """
    counting = looked_at(lines, dull, is_search)
    text = "\n".join(counting) + "\n"
    if len(text) > PART_CHARACTERS:
        return Parted(text, map(pieces, parts_of(text)), None)
    whole = pieces(text)
    return Parted(text, [whole], whole[1] if counting is lines else None)


def parts_of(text: str) -> Iterator[str]:
    """`text`, which ends with a line end, in parts of whole lines."""
    start = 0
    while start < len(text):
        end = text.rfind("\n", start, start + PART_CHARACTERS) + 1
        yield text[start:end]
        start = end


def pieces(text: str) -> Pieces:
    found = w.pieces_of(text)
    return found, set(found)


def named(parts: Iterable[Pieces]) -> list[Mention]:
    """The telling words of `parts`, each of whose lines ends with LINE_END."""
    found: dict[str, int] = {}  # the line of each word
    paths: set[str] = set()
    defined: set[str] = set()
    row = 0
    for here, unique in parts:
        telling = w.telling_in(unique)
        definers = {p for p in unique if p in DEFINERS or (p[-1] in w.ENDS and p.rstrip(w.ENDS) in DEFINERS)}
        watched = {w.LINE_END, *definers, *telling}  # most pieces are not, or not again
        definitions: list[tuple[int, int, int]] = []  # a line that defines something, its first piece, its end
        first, is_definition = 0, False
        for at, piece in enumerate(here):
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
                    if piece[0] == "/" and word == piece.strip(w.ENDS):
                        paths.add(word)
        for line, first, end in definitions:
            for piece in here[first:end]:
                for word in telling.get(piece, ()):
                    if word not in defined:
                        defined.add(word)
                        found[word] = line
    return [Mention(word, "/" + word if word in paths else word, line) for word, line in found.items()]


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
