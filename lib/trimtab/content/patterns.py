"""Blocks of code in languages without a grammar here: a row of patterns each, and how a body ends.

Bodies end by braces (strings and comments are left out), by `end` on the definition's own indentation, or by
indentation alone where braces don't close. What a pattern finds within a string or a comment is no definition.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from trimtab.content import code
from trimtab.content.code import Source, indent
from trimtab.records import Block

LINE_CHARACTERS = 400  # of a line that patterns see
CLOSERS = ("end", "}", ")")
LONGEST_STRAY = 60  # lines of text in a body that may stand further out than it; chosen
LONGEST_SIGNATURE = 20  # lines from a definition to where its body opens; chosen
SLASHES = r"//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)"
DOUBLE = r'"(?:[^"\\\n]|\\.)*"?'
SINGLE = r"'(?:[^'\\\n]|\\.)*'?"
TRIPLE = r'"""(?s:.*?)(?:"""|\Z)'
LONG_STRINGS = r"""\"[^"\\]*(?:\\(?s:.)[^"\\]*)*"?|'[^'\\]*(?:\\(?s:.)[^'\\]*)*'?"""
HEREDOC = r"""<<<[ \t]*['"]?(\w+)['"]?\r?\n(?s:.*?)(?:\n[ \t]*\1\b|\Z)"""
NOTHING = r"(?!)"
TYPE = r"[\w<>\[\],.?:() ]{1,120}"
MODIFIED = r"\s*(?:@[\w.]+(?:\([^()\n]*\))?\s+|\[[^\[\]\n]*\]\s*)*"


class Language(NamedTuple):
    """How a language writes what can be a block. Each pattern's last group that took part is the name.

    `skip` finds what is no code: comments and strings. `ends` says how bodies end: with a brace, or with a word.
    """

    definitions: tuple[tuple[str, re.Pattern[str]], ...]
    skip: re.Pattern[str]
    ends: str = "}"
    imports: re.Pattern[str] | None = None
    attribute: re.Pattern[str] | None = None


def language(skip: str, imports: str = "", attribute: str = "", ends: str = "}", **definitions: str) -> Language:
    """A row from plain patterns; a definition's kind is its keyword."""
    rows = tuple((kind.rstrip("_"), re.compile(pattern)) for kind, pattern in definitions.items())
    found = [re.compile(pattern) if pattern else None for pattern in (imports, attribute)]
    return Language(
        rows, re.compile(f"{skip}|[{{}};\n]" if ends == ";" else f"{skip}|[{{}}\n]", re.M), ends, found[0], found[1]
    )


def modifiers(words: str, times: str = "*") -> str:
    """A pattern for any of `words`, each followed by a blank, and by `(set)` or `[scope]` before that."""
    return rf"(?:(?:{'|'.join(words.split())})(?:\([^()\n]*\)|\[[^\[\]\n]*\])?\s+){times}"


KOTLIN = MODIFIED + modifiers(
    "public private internal protected open abstract sealed data enum inner annotation value inline expect actual"
    " companion override suspend operator infix tailrec external final"
)
SWIFT = MODIFIED + modifiers(
    "public private fileprivate internal open final static class override mutating nonmutating indirect required"
    " convenience async nonisolated isolated dynamic lazy weak"
)
SCALA = MODIFIED + modifiers("private protected override final implicit lazy sealed abstract inline transparent open")
SHARP = (
    "public private protected internal static virtual override abstract async sealed extern unsafe partial readonly"
    " required file ref"
)
TYPES, GENERIC = "(?:class|interface|struct|record|enum)", r"(?:<[\w, ]+>)?"
BLOCKS = "describe context it specify test scenario feature shared_examples shared_examples_for".replace(" ", "|")
VERBS = (
    r"(?i:(?:create|alter|drop|insert|replace|update|delete|with|select|grant|merge|copy|begin|declare|do)\b"
    r"(?:\s+(?!select\b|as\b|set\b|values\b|where\b|\()[\w.\"`\[\]]+){0,7})"
)
CALLS = "namespace|task|let!?|before|after|around|included|class_methods|scope|resources?"

LANGUAGES: Mapping[str, Language] = {
    "csharp": language(
        rf'{SLASHES}|{TRIPLE}|\$?@\$?"(?:[^"]|"")*"?|{DOUBLE}|{SINGLE}|^[ \t]*#[^\n]*',
        imports=r"\s*(?:global\s+)?using\s+[\w.=<> ]+;",
        attribute=r"\s*\[[^\n]*\]\s*$",
        class_=MODIFIED + modifiers(SHARP + " new") + rf"{TYPES}(?:\s+(?:class|struct))?\s+(\w+)",
        namespace=r"\s*namespace\s+([\w.]+)",
        function=MODIFIED + modifiers(SHARP, "+") + rf"(?:{TYPE}\s+)?(operator\s*[^\s(]+|~?[\w.]+)\s*{GENERIC}\s*\(",
        property=MODIFIED + modifiers(SHARP, "+") + rf"{TYPE}\s+([\w.]+|this\[[^\]\n]*\])\s*(?:\{{\s*)?$",
    ),
    "php": language(
        rf"{SLASHES}|#(?!\[)[^\n]*|{HEREDOC}|{LONG_STRINGS}",
        imports=r"use\s+[\w\\{}, ]+;",
        attribute=r"\s*#\[[^\n]*\]\s*$",
        class_=r"\s*(?:(?:abstract|final|readonly)\s+)*(?:class|interface|trait|enum)\s+(\w+)",
        function=r"\s*(?:(?:public|private|protected|static|final|abstract)\s+)*function\s+&?(\w+)\s*\(",
    ),
    "kotlin": language(
        rf"{SLASHES}|{TRIPLE}|{DOUBLE}|'(?:\\.|[^'\\\n])'",
        imports=r"import\s+[\w.*` ]+",
        attribute=r"\s*@[\w.:]+(?:\([^\n]*\))?\s*$",
        function=KOTLIN + r"(?:fun\s+(?:<[^\n>]*>\s*)?(?:[\w<>?,*. ]+\.)?(`[^`\n]+`|\w+)\s*\(|(constructor|init)\b)",
        class_=KOTLIN + r"(?:fun\s+)?(?:class|interface|object)\b\s*(\w*)",
    ),
    "swift": language(
        rf"{SLASHES}|#*{TRIPLE}#*|{DOUBLE}",
        imports=r"(?:@\w+\s+)?import\s+[\w. ]+",
        attribute=r"\s*@\w+(?:\([^\n]*\))?\s*$",
        function=SWIFT + r"(?:func\s+([^\s(<]+)|(init)[?!]?\s*[(<]|(deinit|subscript)\b)",
        class_=SWIFT + r"(?:class|struct|enum|protocol|extension|actor)\s+([\w.]+)",
        property=SWIFT + r"var\s+(\w+)\s*:[^={\n]+\{\s*$",
    ),
    "scala": language(
        rf"{SLASHES}|{TRIPLE}|{DOUBLE}|'(?:\\.|[^'\\\n])'",
        imports=r"import\s+[\w.{}, =>*]+",
        attribute=r"\s*@\w+(?:\([^\n]*\))?\s*$",
        class_=SCALA + r"(?:case\s+)?(?:class|object|trait|enum)\s+(\w+)",
        function=SCALA + r"(?:def\s+([^\s(\[:={]+)|given\s+(\w+))",
        package=r"package\s+([\w.]+)\s*(?:\{|:)",
    ),
    "ruby": language(
        NOTHING,
        imports=r"(?:require|require_relative|load|autoload)\b",
        class_=r"\s*(?:class|module)\s+([A-Z][\w:]*|<<\s*self)",
        function=r"\s*(?:(?:private|protected|public|private_class_method)\s+)?def\s+((?:self\.)?[^\s(;=]+(?:=(?=\())?)",
        test=rf"\s*(?:RSpec\.)?(?:{BLOCKS})\s*\(?\s*([\"'][^\"'\n]*[\"']|[A-Z][\w:]*)[^\n]*\bdo\b",
        callback=rf"\s*((?:{CALLS})\b[^\n]{{0,60}}?)\s+do\b",
        ends="end",
    ),
    "shell": language(NOTHING, function=r"\s*(?:function\s+([\w:.-]+)|([\w:.-]+)\s*\(\))", ends="close"),
    "css": language(
        rf"(?s:/\*.*?(?:\*/|\Z))|(?<!:)//[^\n]*|{DOUBLE}|{SINGLE}",
        imports=r"@(?:import|use|forward|charset)\b",
        attribute=r"\s*[^{};\n]+,\s*$",
        rule=r"\s*([^\s{}][^{}\n]*?)\s*\{",
    ),
    "sql": language(
        r"--[^\n]*|(?s:/\*.*?(?:\*/|\Z))|'[^']*'?|\$(\w*)\$(?s:.*?)(?:\$\1\$|\Z)",
        statement=rf"\s{{0,3}}({VERBS})",
        ends=";",
    ),
}  # fmt: skip


def spans(kind: str, text: str, lines: Sequence[str]) -> list[Block]:
    """What could be a block of `text`, in no order and not yet nested. Never raises for a `kind` in LANGUAGES."""
    row = LANGUAGES[kind]
    above = {at: at for at, line in enumerate(lines) if row.attribute and row.attribute.match(line[:LINE_CHARACTERS])}
    source = Source(kind, lines, b"", above)
    braces, inside = brace_rows(row, text) if row.ends in "};" else ([], set())
    ends = ends_by_indent(lines)
    out = [*imports(row, lines), *code.header(source)]
    for at, line in enumerate(lines):
        if at in inside or not line.strip():
            continue
        for found, pattern in row.definitions:
            match = pattern.match(line[:LINE_CHARACTERS])
            if match is not None:
                name = " ".join(next((part for part in reversed(match.groups()) if part), "").strip("\"'`").split())
                rows = body(row.ends, at, braces, ends, lines)
                out += definition(found, name or match[0].split()[-1], rows, source)
                break
    return out


def definition(kind: str, name: str, rows: tuple[int, int, int], source: Source) -> Iterator[Block]:
    """The block of a definition on rows (first, of its signature's end, last), with the comment above it."""
    row, head, last = rows
    if last > row:
        comment, first = code.what_is_above(row, source)
        yield from code.with_comment(Block(kind, name, first + 1, head + 1, last + 1), comment, source)


def body(
    how: str, row: int, braces: Sequence[tuple[int, int]], ends: Sequence[int], lines: Sequence[str]
) -> tuple[int, int, int]:
    """(`row`, last row of the signature, last row) of a definition on `row`."""
    if how == "}":
        return row, *by_braces(row, braces, ends, lines)
    if how == ";":
        at = bisect_left(braces, (row, -1))
        return row, row, braces[at][1] if at < len(braces) else ends[row]
    for at in range(ends[row], min(len(lines), ends[row] + LONGEST_STRAY)) if ends[row] > row else ():
        if indent(lines[at]) == indent(lines[row]) and lines[at].lstrip().startswith(CLOSERS):
            return row, row, at  # what stands further out before is text in a string
    return row, row, ends[row]


def by_braces(
    row: int, braces: Sequence[tuple[int, int]], ends: Sequence[int], lines: Sequence[str]
) -> tuple[int, int]:
    """(last row of the signature, last row).

    Its body is the first brace that opens on it or on a deeper line; without one the lines that are deeper.
    """
    at = bisect_left(braces, (row, -1))
    opens, closes = braces[at] if at < len(braces) else (-1, -1)
    end = ends[row]
    reach = min(max(row, end) + 1, row + LONGEST_SIGNATURE)  # a lone brace stands as deep as the definition
    is_far = opens < row or opens > reach or (opens > end and not lines[opens].lstrip().startswith("{"))
    if is_far or any(lines[between].rstrip().endswith(";") for between in range(row, opens)):
        return row, end if is_far else row
    head = opens
    while head > row and code.NO_SIGNATURE.match(lines[head]):
        head -= 1
    return head, closes if closes >= 0 else end


def ends_by_indent(lines: Sequence[str]) -> list[int]:
    """For each line the last of those below it that are deeper, with the line that closes them; itself if none is."""
    ends = list(range(len(lines)))
    stack: list[tuple[int, int]] = []  # (row, depth)
    before = -1
    for row, line in enumerate(lines):
        if not line.strip():
            continue
        depth = indent(line)
        while stack and stack[-1][1] >= depth:
            opened, deep = stack.pop()
            ends[opened] = row if deep == depth and line.lstrip().startswith(CLOSERS) and before > opened else before
        stack.append((row, depth))
        before = row
    for opened, _ in stack:
        ends[opened] = before
    return ends


def brace_rows(row: Language, text: str) -> tuple[list[tuple[int, int]], set[int]]:
    """(row on which a brace opens, row on which it closes) in order, and the rows that begin in a string or a comment.

    Where braces don't balance, which of them is wrong can't be said: all close on -1. A semicolon, in a language whose
    bodies end with one, opens and closes at once.
    """
    is_balanced = True
    found: list[tuple[int, int]] = []
    stack: list[int] = []
    inside: set[int] = set()
    at = 0
    for match in row.skip.finditer(text):
        part = match[0]
        if part == "\n":
            at += 1
        elif part == ";":
            found.append((at, at))
        elif part == "{":
            stack.append(len(found))
            found.append((at, -1))
        elif part == "}":
            is_balanced = is_balanced and bool(stack)
            if stack:
                opened = stack.pop()
                found[opened] = (found[opened][0], at)
        else:
            ended = part.count("\n")
            inside.update(range(at + 1, at + ended + 1))
            at += ended
    if stack or not is_balanced:
        found = [(opened, -1) for opened, _ in found]
    return found, inside


def imports(row: Language, lines: Sequence[str]) -> Iterator[Block]:
    """A block for each run of two or more imports; blank lines and comments don't part a run."""
    run: list[int] = []
    for at, line in enumerate([*lines, "end of text"]):
        if row.imports is not None and at < len(lines) and row.imports.match(line[:LINE_CHARACTERS]):
            run.append(at)
        elif run and not code.BETWEEN_IMPORTS.match(line[:LINE_CHARACTERS]):
            if len(run) > 1:
                yield Block("imports", "imports", run[0] + 1, run[0] + 1, run[-1] + 1)
            run = []
