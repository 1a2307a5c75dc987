"""How languages without a grammar here write what can be a block: a row of patterns each, for `patterns` to read.

A row leaves out what only a parser could tell: code within a string's `${}`, a string without its quotes.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

SLASHES = r"//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)"
DOUBLE = r'"(?:[^"\\\n]|\\.)*"?'
SINGLE = r"'(?:[^'\\\n]|\\.)*'?"
TRIPLE = r'"""(?s:.*?)(?:"""|\Z)'
LONG_STRINGS = r"""\"[^"\\]*(?:\\(?s:.)[^"\\]*)*"?|'[^'\\]*(?:\\(?s:.)[^'\\]*)*'?"""
HEREDOC = r"""<<<[ \t]*['"]?(\w+)['"]?\r?\n(?s:.*?)(?:\n[ \t]*\1\b|\Z)"""
NOTHING = r"(?!)"
PAGE = r"\A(?s:.*?)<\?(?:php|=)?|\?>(?s:.*?)(?:<\?(?:php|=)?|\Z)"  # what PHP is embedded in
TYPE = r"[\w<>\[\],.?:() ]{1,120}"
MODIFIED = r"\s*(?:@[\w.]+(?:\([^()\n]*\))?\s+|\[[^\[\]\n]*\]\s*)*"


class Language(NamedTuple):
    """How a language writes what can be a block. Each pattern's last group that took part is the name.

    `skip` finds what is no code: comments and strings. `ends` says how bodies end: with a brace, or with a word.
    `attribute` matches a line that is one, `heredoc` what begins one; its second group is the word that ends it.
    """

    definitions: tuple[tuple[str, re.Pattern[str]], ...]
    skip: re.Pattern[str]
    ends: str = "}"
    imports: re.Pattern[str] | None = None
    attribute: re.Pattern[str] | None = None
    heredoc: re.Pattern[str] | None = None


def language(
    skip: str, imports: str = "", attribute: str = "", heredoc: str = "", ends: str = "}", **definitions: str
) -> Language:
    """A row from plain patterns; a definition's kind is its keyword."""
    rows = tuple((kind.rstrip("_"), re.compile(pattern)) for kind, pattern in definitions.items())
    marks = r"[;\n]|^(?:GO|go|/)(?=[ \t\r]*$)" if ends == ";" else r"[{}()\n]"
    found = (re.compile(pattern) if pattern else None for pattern in (imports, attribute, heredoc))
    return Language(rows, re.compile(f"{skip}|{marks}", re.M), ends, *found)


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
        rf'{SLASHES}|{TRIPLE}|\$?@\$?"[^"]*(?:""[^"]*)*"?|{DOUBLE}|{SINGLE}|^[ \t]*#[^\n]*',
        imports=r"\s*(?:global\s+)?using\s+[\w.=<> ]+;",
        attribute=r"\s*\[[^\n]*\]\s*$",
        class_=MODIFIED + modifiers(SHARP + " new") + rf"{TYPES}(?:\s+(?:class|struct))?\s+(\w+)",
        namespace=r"\s*namespace\s+([\w.]+)",
        function=MODIFIED + modifiers(SHARP, "+") + rf"(?:{TYPE}\s+)?(operator\s*[^\s(]+|~?[\w.]+)\s*{GENERIC}\s*\(",
        property=MODIFIED + modifiers(SHARP, "+") + rf"{TYPE}\s+([\w.]+|this\[[^\]\n]*\])\s*(?:\{{\s*)?$",
    ),
    "php": language(
        rf"{PAGE}|/\*(?s:.*?)(?:\*/|\Z)|(?://|#(?!\[))[^\n?]*(?:\?(?!>)[^\n?]*)*|{HEREDOC}|{LONG_STRINGS}",
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
        rf"{SLASHES}|#{{0,3}}{TRIPLE}#{{0,3}}|{DOUBLE}",
        imports=r"(?:@\w+\s+)?import\s+[\w. ]+",
        attribute=r"\s*@\w+(?:\([^\n]*\))?\s*$",
        function=SWIFT + r"(?:func\s+([^\s(<]+)|(init)[?!]?\s*[(<]|(deinit|subscript)\b)",
        class_=SWIFT + r"(?:class|struct|enum|protocol|extension|actor)\s+(?!(?:var|let)\b)([\w.]+)",
        property=SWIFT + r"var\s+(\w+)\s*:[^={\n]+\{\s*$",
    ),
    "scala": language(
        rf"{SLASHES}|{TRIPLE}|{DOUBLE}|'(?:\\.|[^'\\\n])'",
        imports=r"import\s+[\w.{}, =>*]+",
        attribute=r"\s*@\w+(?:\([^\n]*\))?\s*$",
        class_=SCALA + r"(?:(?:case|package)\s+)?(?:class|object|trait|enum)\s+(\w+)",
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
        heredoc=r"""(?<!<)<<[-~]?(["'`]?)(?!self\b)([A-Za-z_]\w*)\1""",
        ends="end",
    ),
    "shell": language(
        NOTHING,
        imports=r"(?:source|\.)\s+\S",
        function=r"\s*(?:function\s+([\w:.-]+)|([\w:.-]+)\s*\(\))",
        heredoc=r"""(?<!<)<<-?[ \t]{0,9}(["']?)\\?([A-Za-z_]\w*)\1""",
        ends="close",
    ),
    "css": language(
        rf"(?s:/\*.*?(?:\*/|\Z))|(?<!:)//[^\n]*|url\([^)\"'\n]*|{DOUBLE}|{SINGLE}",
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
