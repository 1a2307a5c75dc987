"""A load's text -> its kind, lines and blocks."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from trimtab.content import code, data, entries, kinds, locks, markup, patterns, prose, tables
from trimtab.content.kinds import SUMMARISED, kind_of
from trimtab.content.marks import Marks, marks
from trimtab.content.nesting import nest
from trimtab.content.notebooks import parse as notebook
from trimtab.content.outputs import parse as output
from trimtab.content.queries import GRAMMARS
from trimtab.records import Block, Content

__all__ = ["SUMMARISED", "is_known", "kind_of", "notebook", "output", "parse"]

TABLES = (".csv", ".tsv", ".tab")
TITLED = ("section", "test")
NUMBERS = re.compile(r"\d+")
MOST_TITLES = 60  # chosen: a table of contents that is no book's
MOST_ALIKE = 3  # titles that differ by their numbers alone and are named each


def parse(path: str, text: str) -> Content:
    """`text`, the content of the file at `path`, with its blocks. Never raises.

    `lines` are `text.split("\\n")`: a text that ends with a line end has an empty last line, and a carriage return
    stays in its line. Binary text has no blocks, minified text one that says what it is; generated text has those of
    its language.
    """
    lines = tuple(text.split("\n"))
    kind = kind_of(path, text)
    if kind == "binary":
        return Content(kind, lines, ())
    if kind == "minified":
        return Content(kind, lines, (Block(kind, data.summary(text), 1, 1, len(lines)),))
    found = marks_of(path, text, lines)
    name = "table" if found.keep and kinds.suffix_of(path) in TABLES else kind
    blocks = nest(found.blocks, len(lines))
    return Content(name, lines, blocks, frozenset(found.keep), {**titles(blocks), **found.facts})


def titles(blocks: Iterable[Block]) -> dict[int, tuple[str, ...]]:
    """By line, the headings and the tests' titles: a fold names each, as words alone don't say what they were of.

    Of those alike but for numbers (the releases of a history) the blocks' names say enough, and of those that are the
    same (its "Added" and "Fixed") the first. Where there are more than MOST_TITLES, those of the outer levels.
    """
    levels: dict[int, dict[str, int]] = defaultdict(dict)  # by depth, each title's first line
    ends: list[int] = []
    titled = [block for block in blocks if block.kind in TITLED and block.name]
    alike = Counter(NUMBERS.sub("#", name) for name in {block.name for block in titled})
    for block in titled:
        while ends and ends[-1] < block.first:
            ends.pop()
        if alike[NUMBERS.sub("#", block.name)] <= MOST_ALIKE:
            levels[len(ends)].setdefault(block.name, block.first)
        ends.append(block.last)
    found: dict[str, int] = {}
    for _, level in sorted(levels.items()):
        if found and len(found) + len(level) > MOST_TITLES:
            break
        found = {**level, **found}
    return {line: (name,) for name, line in found.items()}


def is_known(path: str, text: str) -> bool:
    """Whether the path says what its text is: code, markup or data that a person wrote, and not in one line."""
    return kind_of(path, text) in {*kinds.LANGUAGES.values(), *kinds.DATA.values(), "lock", "generated"}


def marks_of(path: str, text: str, lines: tuple[str, ...]) -> Marks:
    """What could be a block, by what is known best of the text: its language, its structure, or its shape alone."""
    language = kinds.language_of(path, text)
    if language in GRAMMARS:
        found = code.spans(language, text, lines)
        return marks(prose.indented(lines) if found is None else found)
    if language in patterns.LANGUAGES:
        return marks(patterns.spans(language, text, lines) or prose.indented(lines))
    if language == "html":
        return marks(markup.spans(text, lines) or prose.indented(lines))
    if language == "markdown":
        return marks(prose.markdown(lines))
    if language == "lock":
        return locks.mark(lines)
    suffix = kinds.suffix_of(path)
    delimiter = tables.delimiter_of(lines) if suffix in TABLES else None
    if delimiter is not None:
        return tables.mark(lines, delimiter)
    if language in kinds.DATA.values():
        like = entries.mark(lines)
        like.blocks.extend(prose.indented(lines))
        if like.blocks:
            return like
    return marks(shape_of(suffix, lines))


def shape_of(suffix: str, lines: tuple[str, ...]) -> list[Block]:
    """Blocks of a text of which nothing is known: headings, indentation, repetition, paragraphs."""
    found: list[Block] = []
    if suffix in kinds.ASCIIDOC:
        found = prose.asciidoc(lines)
    if not found and suffix in kinds.UNDERLINED:
        found = prose.underlined(lines)
    if not found and suffix not in kinds.PROSE:
        found = prose.indented(lines)
    return found or prose.repetitions(lines) + prose.paragraphs(lines)
