"""What a kind says of a text's lines: its blocks, the lines to keep, and the facts that a fold must name."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trimtab.records import Block


@dataclass(slots=True)
class Marks:
    """Filled by a kind; line numbers are 1-based. Blocks may come in any order and overlap: `nest` sorts them out.

    Of a line that is `dull` a fold names nothing but its facts: they say all that is needed of it.
    """

    blocks: list[Block] = field(default_factory=list)
    keep: set[int] = field(default_factory=set)
    facts: dict[int, tuple[str, ...]] = field(default_factory=dict)
    dull: set[int] = field(default_factory=set)
    point: set[int] = field(default_factory=set)

    def add(self, other: "Marks") -> None:
        """Take over what another kind said of the same lines; facts of one line are joined."""
        self.blocks.extend(other.blocks)
        self.keep.update(other.keep)
        self.dull.update(other.dull)
        self.point.update(other.point)
        facts = self.facts
        for line, words in other.facts.items():
            before = facts.get(line)
            if before is None and len(words) < 2:
                facts[line] = words
            else:
                facts[line] = tuple(dict.fromkeys((*(before or ()), *words)))

    def shifted(self, lines: int) -> "Marks":
        """The same marks in a text that has `lines` more lines before."""
        return Marks(
            [b._replace(first=b.first + lines, head=b.head + lines, last=b.last + lines) for b in self.blocks],
            {line + lines for line in self.keep},
            {line + lines: words for line, words in self.facts.items()},
            {line + lines for line in self.dull},
            {line + lines for line in self.point},
        )


def marks(
    blocks: Iterable[Block] = (), keep: Iterable[int] = (), facts: dict[int, tuple[str, ...]] | None = None
) -> Marks:
    return Marks(list(blocks), set(keep), dict(facts or {}))
