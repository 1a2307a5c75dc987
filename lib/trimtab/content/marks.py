"""What a kind says of a text's lines: its blocks, the lines to keep, and the facts that a fold must name."""

from collections.abc import Iterable
from typing import NamedTuple

from trimtab.records import Block


class Marks(NamedTuple):
    """Filled by a kind; line numbers are 1-based. Blocks may come in any order and overlap: `nest` sorts them out."""

    blocks: list[Block]
    keep: set[int]
    facts: dict[int, tuple[str, ...]]

    def add(self, other: "Marks") -> None:
        """Take over what another kind said of the same lines; facts of one line are joined."""
        self.blocks.extend(other.blocks)
        self.keep.update(other.keep)
        for line, words in other.facts.items():
            self.facts[line] = tuple(dict.fromkeys((*self.facts.get(line, ()), *words)))

    def shifted(self, lines: int) -> "Marks":
        """The same marks in a text that has `lines` more lines before."""
        return Marks(
            [b._replace(first=b.first + lines, head=b.head + lines, last=b.last + lines) for b in self.blocks],
            {line + lines for line in self.keep},
            {line + lines: words for line, words in self.facts.items()},
        )


def marks(
    blocks: Iterable[Block] = (), keep: Iterable[int] = (), facts: dict[int, tuple[str, ...]] | None = None
) -> Marks:
    return Marks(list(blocks), set(keep), dict(facts or {}))
