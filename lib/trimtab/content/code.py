"""Blocks of source code: tree-sitter parses it, a query per language (`queries`) finds what can be a block.

Captures, not a walk over the tree: in a broken file the tree's upper levels are errors, what is below is still found.
Parsers and queries are made when a language is first seen and kept; one lock a language, as a parser is not reentrant.
Rows are tree-sitter's, 0-based, until `Block`. Leaves out bodies: what is inside of a function is nobody's block
unless it is a definition itself.
"""

import importlib
import re
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

from trimtab.content import rescue
from trimtab.content.names import gtest_name, name_of, text_of
from trimtab.content.queries import GRAMMARS, QUERIES, depth_of
from trimtab.records import Block

LEAST_TABLE = 6  # lines of a constant, a callback or a bare string that are worth a block; chosen
LONGEST_DOC = 4  # lines of a comment above a definition that go with it; a longer one is a block of its own; chosen
LONGEST_REQUIRE = 12  # lines of a declaration that counts as an import; chosen
# The parser reports every 100 operations. Measured on 370 broken and whole files: at most 33 steps a KiB, 476 of them
# in errors; some 50 KB of random brackets would take 1,300,000 steps, or five minutes.
STEPS_PER_KIB = 40
LEAST_STEPS = 500
MOST_ERROR_STEPS = 600
FARTHEST_ABOVE = 400  # lines to look up for where a comment or a decorator begins; chosen
PARAMETERS = ("return_type", "parameters", "superclasses", "name")
TESTS = {b"describe", b"it", b"test", b"suite", b"context", b"specify", b"t", b"b", b"fit", b"fdescribe", b"xit"}
VERB = re.compile(rb"\w+")
IN_PASSING = {"variable_declarator", "assignment_expression", "pair"}  # one line of them within a body is no block
DOCSTRING = re.compile(r"\s*[rRbBuU]{0,2}(\"\"\"|'''|\"|')")
BETWEEN_IMPORTS = re.compile(r"\s*(?:$|//|/\*|\*|# |#$|#(?:if|el|endif))")  # what doesn't part a run
COMMENTS = {  # what a comment's line begins with; the others are like C
    "python": ("#",), "c": ("//",), "ruby": ("#",), "shell": ("#",), "php": ("//", "# "), "sql": ("--",)
}  # fmt: skip
FILE_COMMENTS = ("#!", "//!", "//go:build", "// +build")  # they are about the file, not about what follows
NO_SIGNATURE = re.compile(r"\s*(?:$|\{|//|/\*)")
BEFORE_HEADER = ("#!", "'use ", '"use ')


class Grammar(NamedTuple):
    """What a language is parsed with."""

    parser: Parser
    query: Query
    lock: threading.Lock


class Source(NamedTuple):
    """A text as it is parsed: `data` is `lines` in UTF-8, `above` maps the last row of an attribute to its first."""

    kind: str
    lines: Sequence[str]
    data: bytes
    above: dict[int, int]


@cache
def grammar(kind: str) -> Grammar:
    """`kind`'s grammar, made once (1 to 40 ms, 0.3 to 3 MB). Raises ImportError if its wheel is not installed."""
    module, function = GRAMMARS[kind]
    language = Language(getattr(importlib.import_module(module), function)())
    return Grammar(Parser(language), Query(language, QUERIES[kind]), threading.Lock())


def spans(kind: str, text: str, lines: Sequence[str]) -> list[Block] | None:
    """What could be a block of `text`, in no order and not yet nested; None if the parser had to give up.

    None, too, where the language's wheel is not installed. Never raises for a `kind` in GRAMMARS.
    """
    try:
        tool = grammar(kind)
    except ImportError:
        return None
    data = text.encode("utf-8", "replace")
    with tool.lock:
        tree = tree_of(tool.parser, data)
        if tree is None:
            return None
        cursor = QueryCursor(tool.query)
        cursor.set_max_start_depth(depth_of(kind, text))
        found = cursor.captures(tree.root_node)
    above = {last_row(node): node.start_point[0] for node in found.pop("above", ())}
    source = Source(kind, lines, data, above)
    rescued = swap(found, lines) if kind == "python" and tree.root_node.has_error else []
    return [*blocks_of(found, source), *(with_above(block, source) for block in rescued)]


def swap(found: dict[str, list[Node]], lines: Sequence[str]) -> list[Block]:
    """The definitions of broken Python that the tree lacks, and those for which it has a wrong end.

    The latter go out of `found`: one that reaches over a definition which stands no deeper than itself.
    """
    known = {node.start_point[0]: node for kind in ("function", "class") for node in found.get(kind, ())}
    rescued = rescue.definitions(lines)
    missing = sorted(block.first - 1 for block in rescued if block.first - 1 not in known)
    wrong = set()
    for row, node in known.items():
        inside = missing[bisect_right(missing, row) : bisect_right(missing, last_row(node))]
        if any(indent(lines[other]) <= node.start_point[1] for other in inside):
            wrong.add(row)
    for kind in ("function", "class"):
        found[kind] = [node for node in found.get(kind, ()) if node.start_point[0] not in wrong]
    return [block for block in rescued if block.first - 1 not in known or block.first - 1 in wrong]


def tree_of(parser: Parser, data: bytes) -> Tree | None:
    """`data` as a tree; None if that takes too many steps (their count, not a clock, makes it repeatable)."""
    steps = len(data) // 1024 * STEPS_PER_KIB + LEAST_STEPS
    error_steps = MOST_ERROR_STEPS

    def has_enough(_offset: int, has_error: bool) -> bool:
        nonlocal steps, error_steps
        steps -= 1
        error_steps -= has_error
        return steps < 0 or error_steps < 0

    given: list[memoryview] = []

    def rest(offset: int, _point: object) -> memoryview:
        given.append(memoryview(data)[offset:])
        return given[-1]

    try:
        return parser.parse(rest, progress_callback=has_enough)  # it takes any buffer
    except ValueError:
        parser.reset()
        return None
    finally:
        for part in given:  # tree-sitter 0.26.1 keeps a reference to each for ever; released, it holds no text
            part.release()


def blocks_of(found: dict[str, list[Node]], source: Source) -> Iterator[Block]:
    """A block for each capture that is worth one; what is likelier to have the right name comes first."""
    begins: dict[int, int] = {}  # a node in a wrapper -> the row of the outermost wrapper
    for node in found.pop("outer", ()):
        inner = node.child_by_field_name("definition") or node.named_child(node.named_child_count - 1)
        if inner is not None:
            begins[inner.id] = begins.get(node.id, node.start_point[0])
    constants = found.pop("constant", [])
    yield from import_runs(found.pop("imports", []) + [n for n in constants if is_require(n, source.data)], source)
    strings = found.pop("docstring", [])
    callbacks = found.pop("callback", [])
    definitions = [(node.start_byte, -node.end_byte, kind, node) for kind, nodes in found.items() for node in nodes]
    for _, _, kind, node in sorted(definitions, key=itemgetter(0, 1)):
        yield from definition(kind, node, begins.get(node.id, node.start_point[0]), source)
    for node in callbacks:
        yield from callback(node, source)
    for node in constants:
        if last_row(node) - node.start_point[0] + 1 >= LEAST_TABLE:
            yield from definition("constant", node, node.start_point[0], source)
    for node in strings:
        first, last = node.start_point[0], last_row(node)
        if last - first + 1 >= LEAST_TABLE:
            yield Block("docstring", "", first + 1, first_with_words(source.lines, first, last) + 1, last + 1)
    yield from header(source)


def definition(kind: str, node: Node, begin: int, source: Source) -> Iterator[Block]:
    """The block of a definition that begins, wrappers included, on row `begin`, and that of a long comment above it."""
    first, last = begin, last_row(node)
    if kind == "macro" and last == first:
        return
    name = name_of(node, source.data)
    if kind == "function" and name.startswith("TEST"):
        kind, name = "test", gtest_name(node, source.data) or name
    comment, first = what_is_above(first, source)
    head = max(head_row(node, source), first)
    if last == first and is_too_little(kind, node.type, name, comment < first, source.lines[first]):
        return
    if kind == "signature":
        kind = "type" if node.type in ("alias_declaration", "type_item") else "function"
    yield from with_comment(Block(kind, name, first + 1, min(head, last) + 1, last + 1), comment, source)


def with_comment(block: Block, comment: int, source: Source) -> Iterator[Block]:
    """`block` with the comment that begins above it on row `comment`; a long one is a block of its own."""
    first = block.first - 1
    if first - comment > LONGEST_DOC:
        end = first if source.lines[first - 1].strip() else first - 1
        yield Block("doc", block.name, comment + 1, first_with_words(source.lines, comment, first - 1) + 1, end)
        yield block
    elif first > comment:
        yield block._replace(first=comment + 1)
    else:
        yield block


def is_too_little(kind: str, node_type: str, name: str, has_comment: bool, line: str) -> bool:
    """Whether a definition of one line is not worth a block: it has no name, or is one of many in passing."""
    if kind == "signature":
        return not has_comment or (node_type == "declaration" and indent(line) > 0)  # a local variable looks the same
    return not name or (node_type in IN_PASSING and indent(line) > 0)


def callback(node: Node, source: Source) -> Iterator[Block]:
    """The block of `describe("title", () => {...})`, `app.get("/path", ...)` and the like, named by its title."""
    first, last = node.start_point[0], last_row(node)
    called, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if last - first + 1 < 3 or called is None or arguments is None:
        return
    title, function = arguments.named_children[0], arguments.named_children[-1]
    verb = VERB.match(source.data, called.start_byte)
    kind = "test" if verb and verb[0] in TESTS else "callback"
    if kind == "callback" and last - first + 1 < LEAST_TABLE:
        return
    head = signature_row(function, source)
    first = max(first, title.start_point[0] - 1)  # in a chain of calls the node begins with the chain
    name = text_of(title, source.data)
    yield Block(kind, name[1:].removesuffix(name[:1]), first + 1, max(head, first) + 1, last + 1)


def import_runs(nodes: list[Node], source: Source) -> Iterator[Block]:
    """A block for each run of two or more top-level import lines; blank lines and comments don't part a run."""
    rows = sorted((n.start_point[0], last_row(n)) for n in nodes if n.start_point[1] == 0)
    run: tuple[int, int] | None = None
    for first, last in rows:
        if run is not None and all(BETWEEN_IMPORTS.match(source.lines[row]) for row in range(run[1] + 1, first)):
            run = run[0], max(run[1], last)
            continue
        if run is not None and run[1] > run[0]:
            yield Block("imports", "imports", run[0] + 1, run[0] + 1, run[1] + 1)
        run = first, last
    if run is not None and run[1] > run[0]:
        yield Block("imports", "imports", run[0] + 1, run[0] + 1, run[1] + 1)


def is_require(node: Node, data: bytes) -> bool:
    """Whether a declaration is `const a = require("a")`, `const { b } = require("c").d` or the like."""
    if last_row(node) - node.start_point[0] > LONGEST_REQUIRE:
        return False
    return b" require(" in data[node.start_byte : min(node.end_byte, node.start_byte + 1000)]


def last_row(node: Node) -> int:
    """The row of the node's last character; some nodes end with their line's end, at column 0 of the next."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def head_row(node: Node, source: Source) -> int:
    """The last row of a definition's signature; in Python with the first line of the docstring, if there is one."""
    if node.type in ("function_definition", "class_definition") and source.kind == "python":
        return python_head(node, source)
    if source.kind in ("c", "cpp") and node.type == "function_definition":
        declarator = node.child_by_field_name("declarator")
        if declarator is not None:
            return declarator.end_point[0]  # before a constructor's initialisers
    for field in ("value", "right"):
        value = node.child_by_field_name(field)
        if value is not None:
            return signature_row(value, source)
    return signature_row(node, source)


def signature_row(node: Node, source: Source) -> int:
    """The row on which a body opens; the row before if it opens on a row of its own."""
    body = node.child_by_field_name("body")
    if body is None:
        return node.start_point[0]
    first, row = node.start_point[0], body.start_point[0]
    while row > first and NO_SIGNATURE.match(source.lines[row]):
        row -= 1
    return row


def with_above(block: Block, source: Source) -> Block:
    """A rescued definition with its docstring's first line, and with the decorators and the comments above it."""
    lines = source.lines
    row = first = block.first - 1
    top = max(0, row - FARTHEST_ABOVE)
    while row > top and lines[row - 1].strip() and indent(lines[row - 1]) >= indent(lines[first]):
        row -= 1
        if lines[row].startswith("@", indent(lines[first])):
            first = row
    head = docstring_row(block.head - 1, block.last - 1, lines)
    return block._replace(first=what_is_above(first, source)[0] + 1, head=head + 1)


def python_head(node: Node, source: Source) -> int:
    row = node.start_point[0]
    for field in PARAMETERS:
        part = node.child_by_field_name(field)
        if part is not None:
            row = part.end_point[0]
            break
    return docstring_row(row, last_row(node), source.lines)


def docstring_row(row: int, last: int, lines: Sequence[str]) -> int:
    """The row of the first words of a docstring that begins below `row`; `row` if none does."""
    if row < last and DOCSTRING.match(lines[row + 1]):
        row += 1
        if not lines[row].strip("rRbBuU\"' \t\r") and row + 1 < last and lines[row + 1].strip():
            row += 1
    return row


def what_is_above(first: int, source: Source) -> tuple[int, int]:
    """(first row of the comments, first row of the attributes or decorators) directly above row `first`."""
    lines, marks = source.lines, COMMENTS.get(source.kind, COMMENTS["c"])
    row = comment = first
    if row > 1 and not lines[row - 1].strip() and lines[row - 2].rstrip().endswith("*/"):
        row -= 1  # one blank line may follow a block comment
    while row > 0:
        line = lines[row - 1].strip()
        if row - 1 in source.above and source.above[row - 1] < row:
            row = first = comment = source.above[row - 1]
            continue
        if line.startswith(marks) and not line.startswith(FILE_COMMENTS):
            if indent(lines[row - 1]) != indent(lines[first]):
                break
            row -= 1
        elif line.endswith("*/") and marks[0] == "//":
            begin, top = row - 1, max(0, row - FARTHEST_ABOVE)
            while begin > top and "/*" not in lines[begin]:
                begin -= 1
            if not lines[begin].lstrip().startswith("/*"):
                break
            row = begin
        else:
            break
        comment = row
    return comment, first


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def first_with_words(lines: Sequence[str], first: int, last: int) -> int:
    """The first row from `first` that says something; `first` if none does. `/**` and `\"\"\"` say nothing."""
    for row in range(first, min(first + 3, last + 1)):
        if any(character.isalnum() for character in lines[row]):
            return row
    return first


def header(source: Source) -> Iterator[Block]:
    """The comment with which a file begins, licence or overview, if it is long."""
    lines = source.lines
    first = 0
    while first < len(lines) and (not lines[first].strip() or lines[first].startswith(BEFORE_HEADER)):
        first += 1
    row = first
    if row < len(lines) and lines[row].startswith("/*"):
        while row < len(lines) - 1 and "*/" not in lines[row]:
            row += 1
        row += 1
    else:
        marks = COMMENTS.get(source.kind, COMMENTS["c"])
        while row < len(lines) and lines[row].startswith(marks):
            row += 1
    if row - first > LONGEST_DOC:
        yield Block("doc", "", first + 1, first_with_words(lines, first, row - 1) + 1, row)
