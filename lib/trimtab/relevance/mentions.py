"""The telling words of a load, each with the line that stands for it: made once a text, cheap to ask afterwards."""

import re
from collections.abc import Collection, Sequence
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
    """Each telling word of `lines` once, as first seen; of each line the first LONGEST_LINE characters.

    Lines that are `dull` (numbers from 1) are skipped: a fold names no words of theirs. Where the load `is_search`, the
    path of its hits (`path:12:text`, `path-13-text`) is one word, however many lines begin with it.
    """
    found: dict[str, Mention] = {}
    pieces_in, words_of, is_telling = w.PIECE.findall, w.of_piece, w.is_telling
    defined: set[str] = set()
    pieces: set[str] = set()  # seen before; only a definition makes them say more
    path = ""
    has_hits = is_search and PLACED.search("\n".join(lines)) is not None
    for row, line in enumerate(lines):
        if not line or row + 1 in dull:
            continue
        line = line[: w.LONGEST_LINE]
        hit = HIT.match(line) if has_hits and PLACED.search(line) else None
        if hit is not None:
            is_same = hit[1] == path or hit[1].endswith("/" + path) or path.endswith("/" + hit[1])
            line = line[hit.end() :] if path and is_same else f"{hit[1]} {line[hit.end() :]}"
            path = hit[1]
        here = pieces_in(line)
        is_definition = not DEFINERS.isdisjoint(here)
        if not is_definition:
            here = [piece for piece in here if piece not in pieces]
        if here:
            pieces.update(here)
        for piece in here:
            for at, word in enumerate(words_of(piece)):
                if word not in found:
                    if is_telling(word):
                        found[word] = Mention(word, "/" + word if piece[0] == "/" and not at else word, row)
                        if is_definition:
                            defined.add(word)
                elif is_definition and word not in defined:
                    defined.add(word)
                    found[word] = found[word]._replace(line=row)
        if '"' in line or "'" in line or "`" in line:
            for word in w.quoted_in(line):
                if word not in found and is_telling(word):
                    found[word] = Mention(word, word + '"', row)
    return tuple(found.values())
