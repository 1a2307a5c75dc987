"""The line that stands for hidden lines: which they are, what is in them, and the call that shows them.

... Read offset=120 limit=61: parse render
"""

import bisect
import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from trimtab.records import Block, Fold
from trimtab.relevance import words

FOLD = re.compile(r"\.\.\. Read offset=(\d+) limit=(\d+)")
FOLD_LINE = re.compile(f"^{FOLD.pattern}(?:: .*)?$", re.M)
FOLD_TOKENS = 11  # measured: the median fold line without names in o200k_base
KEPT_LINE = re.compile(r"^\.\.\. whole output: \S.*$", re.M)
BLOCKS_NAMED = 6
SUMS_UP = frozenset({"repetition", "lock", "minified", "table"})  # kinds of blocks whose name says what is in them
NUMBERS = re.compile(r"\d+")
LONGEST_NAME = 40  # characters that a fold says of a name of several words


def names_in(blocks: Sequence[Block], first: int, last: int, told: Iterable[tuple[int, str]] = ()) -> tuple[str, ...]:
    """What a fold of lines `first` to `last` says is in it, in the order of the lines.

    `told` are the words that it has to name, each with its line. The first BLOCKS_NAMED blocks that begin there are
    named too, with how many more there are; where none begins, the innermost block around them. Of headings that
    differ by their numbers alone the first and the last are.
    """
    here = bisect.bisect_left(blocks, first, key=lambda block: block.first)
    inside = [b for b in itertools.takewhile(lambda b: b.first <= last, blocks[here:]) if b.name]
    told = sorted(told)
    said = said_by([word for _, word in told], {b.name for b in inside})
    named = spanned([b for b in inside if b.name not in said])
    names = list(dict.fromkeys(name for _, name in sorted([*named[:BLOCKS_NAMED], *told])))
    if len(named) > BLOCKS_NAMED:
        names.append(f"{len(named) - BLOCKS_NAMED} more")
    if names:
        return tuple(names)
    around = next((b for b in reversed(blocks[:here]) if b.last >= last and b.name), None)
    return (f"in {short(around)}",) if around else ()


def spanned(blocks: Sequence[Block]) -> list[tuple[int, str]]:
    """The blocks' first lines and names. Numbered headings are one name, as a history's `2.1.0 … 1.0.3`."""
    alike: dict[str, list[Block]] = {}
    for block in blocks:
        alike.setdefault(numberless(block) or f"{block.first}", []).append(block)
    return [
        (group[0].first, " … ".join(dict.fromkeys((short(group[0]), short(group[-1]))))) for group in alike.values()
    ]


def numberless(block: Block) -> str:
    """A heading's name without its numbers; "" of what is no heading or has none."""
    return NUMBERS.sub("#", block.name) if block.kind == "section" and NUMBERS.search(block.name) else ""


def said_by(told: Sequence[str], names: set[str]) -> set[str]:
    """Those of `names` that are among the words told, or among the words that one of them consists of."""
    said = names.intersection(told)
    names = {name for name in names - said if len(name) >= words.SHORTEST}
    if names and told:
        bare = [word.strip(words.ENDS) for word in told]
        said |= names.intersection(bare)
        said |= names.intersection([word.rpartition("/")[2] for word in bare])
        if any(map(words.LONG_PART.fullmatch, names)):
            said |= names.intersection(words.LONG_PART.findall("\n".join(told)))
    return said


def short(block: Block) -> str:
    """A block's name in a fold: one word and what sums up many lines in full, as half of a name finds nothing."""
    name = block.name
    is_whole = block.kind in SUMS_UP or len(name) <= LONGEST_NAME or " " not in name
    return name if is_whole else name[: LONGEST_NAME - 1] + "…"


def fold_line(fold: Fold) -> str:
    """The one line that stands for a fold in a view: the call that shows its lines, and what is in them."""
    listed = ": " + listing(fold.names) if fold.names else ""
    return f"... Read offset={fold.first} limit={fold.last - fold.first + 1}{listed}"


def has_folds(text: str) -> bool:
    """Whether a line of `text` looks like a fold."""
    return "... Read offset=" in text and FOLD_LINE.search(text) is not None  # most texts are done with the first


def listing(names: Sequence[str]) -> str:
    """Names in a row, parted by blanks; by commas where one holds a blank itself. A comma is a token for each name.

    ("a", "b", "two words", "c") is "a b, two words, c".
    """
    parts = [names[0]]
    for before, name in itertools.pairwise(names):
        parts += [", " if " " in before or " " in name else " ", name]
    return "".join(parts)


def kept_line(path: PurePath) -> str:
    """The last line of an output's view: the file that has it whole, whose lines the folds count."""
    return f"... whole output: {path}"
