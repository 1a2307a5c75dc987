"""A load's text -> its kind, lines and blocks."""

from trimtab.content import code, data, kinds, prose
from trimtab.content.kinds import kind_of
from trimtab.content.nesting import nest
from trimtab.content.outputs import parse as output
from trimtab.content.queries import GRAMMARS
from trimtab.records import Block, Content

__all__ = ["kind_of", "output", "parse"]


def parse(path: str, text: str) -> Content:
    """`text`, the content of the file at `path`, with its blocks. Never raises.

    `lines` are `text.split("\\n")`: a text that ends with a line end has an empty last line, and a carriage return
    stays in its line. Binary and minified text has no blocks; other generated text has those of its language.
    """
    lines = tuple(text.split("\n"))
    kind = kind_of(path, text)
    if kind == "binary" or (kind == "generated" and kinds.is_minified(text)):
        return Content(kind, lines, ())
    delimiter = data.delimiter_of(lines) if kinds.suffix_of(path) in (".csv", ".tsv", ".tab") else None
    if delimiter is not None:
        found = data.mark_table(lines, delimiter)
        return Content("table", lines, nest(found.blocks, len(lines)), frozenset(found.keep), found.facts)
    return Content(kind, lines, nest(spans_of(path, text, lines), len(lines)))


def spans_of(path: str, text: str, lines: tuple[str, ...]) -> list[Block]:
    """What could be a block, by what is known best of the text: its language, its headings, or its shape alone."""
    language = kinds.language_of(path, text)
    if language in GRAMMARS:
        found = code.spans(language, text, lines)
        return prose.indented(lines) if found is None else found
    if language == "markdown":
        return prose.markdown(lines)
    suffix = kinds.suffix_of(path)
    if suffix in kinds.UNDERLINED:
        found = prose.underlined(lines)
        if found:
            return found
    if suffix not in kinds.PROSE:
        found = prose.indented(lines)
        if found:
            return found
    return prose.repetitions(lines) + prose.paragraphs(lines)
