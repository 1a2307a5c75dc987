"""What a load is: its kind, from the path's extension, its first line and what the text says of itself."""

import re

from trimtab.content import locks

LANGUAGES = {
    ".py": "python", ".pyi": "python", ".pyw": "python", ".bzl": "python", ".star": "python",
    ".js": "javascript", ".jsx": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx",
    ".go": "go", ".rs": "rust", ".java": "java",
    ".c": "c", ".h": "c",
    ".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp", ".c++": "cpp",
    ".hh": "cpp", ".hpp": "cpp", ".hxx": "cpp", ".h++": "cpp", ".ipp": "cpp",
    ".inl": "cpp", ".tpp": "cpp", ".ino": "cpp",
    ".cs": "csharp", ".csx": "csharp", ".php": "php", ".phtml": "php", ".kt": "kotlin", ".kts": "kotlin",
    ".swift": "swift", ".scala": "scala", ".sc": "scala", ".sbt": "scala",
    ".rb": "ruby", ".rake": "ruby", ".gemspec": "ruby", ".ru": "ruby",
    ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".ksh": "shell", ".bats": "shell",
    ".css": "css", ".scss": "css", ".less": "css", ".sql": "sql", ".ddl": "sql", ".psql": "sql",
    ".html": "html", ".htm": "html", ".xhtml": "html", ".vue": "html", ".svelte": "html", ".astro": "html",
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".mdc": "markdown",
}  # fmt: skip
DATA = {
    ".json": "json", ".jsonc": "json", ".json5": "json", ".geojson": "json", ".webmanifest": "json", ".har": "json",
    ".jsonl": "json", ".ndjson": "json",
    ".yaml": "yaml", ".yml": "yaml",
    ".toml": "toml", ".ini": "ini", ".cfg": "ini", ".conf": "ini", ".properties": "ini", ".env": "ini", ".hcl": "ini",
    ".xml": "xml", ".plist": "xml", ".xsd": "xml", ".wsdl": "xml", ".csproj": "xml", ".props": "xml", ".resx": "xml",
}  # fmt: skip
SUMMARISED = frozenset({"lock", "minified"})  # kinds of which a fold says what they are, not every word in them
ASCIIDOC = (".adoc", ".asciidoc", ".asc")
UNDERLINED = (".rst", ".txt", ".text", *ASCIIDOC, "")  # text whose headings are underlined, if it has any
PROSE = (*UNDERLINED, ".log", ".out", ".csv", ".tsv", ".tex")  # indentation says little about what belongs together
SHEBANG = re.compile(r"#!.*?\b(python|node|deno|bun|ruby|php|bash|zsh|ksh|dash|sh)[\d.]*\b")
INTERPRETED = {
    "python": "python",
    "node": "javascript",
    "ruby": "ruby",
    "php": "php",
    "deno": "typescript",
    "bun": "typescript",
}
NAMED = {"rakefile": "ruby", "gemfile": "ruby", "podfile": "ruby", "vagrantfile": "ruby"}
CPLUSPLUS = re.compile(
    r"^[ \t]*(?:template[ \t]*<|namespace\b|class\s+\w+|using\s+\w|(?:public|private|protected):)", re.M
)
GENERATED = re.compile(
    r"@generated\b|^\W*This (?:file|code) (?:is|was) (?:automatically |auto-?)?generated"
    r"|^\W*(?:Code |File |Auto-?|Automatically )?generated\b.*(?:\n.*){0,3}do not (?:edit|modify)",
    re.I | re.M,
)
HEAD_CHARACTERS = 2_000  # chosen: generators say so in the first lines
BINARY_CHARACTERS = 8_000  # as git and grep look for a NUL
LONG_LINE = 5_000  # chosen: no one wrote a line of that length
MINIFIED_MEAN = 500  # characters a line on average; chosen, hand-written code has 25 to 50
MINIFIED_SHARE = 0.5  # of the characters on long lines


def suffix_of(path: str) -> str:
    """The extension with its dot, lower case: `.py` of `a/b.PY`; "" if there is none."""
    name = path.replace("\\", "/").rpartition("/")[2]
    stem, dot, end = name.rpartition(".")
    return f".{end.lower()}" if dot and stem else ""


def language_of(path: str, text: str) -> str:
    """The kind by the path and, where that says nothing, by a `#!` line; a `.h` is C++ if it has C++ in it."""
    suffix = suffix_of(path)
    name = path.replace("\\", "/").rpartition("/")[2]
    if locks.is_lock(name):
        return "lock"
    kind = LANGUAGES.get(suffix) or DATA.get(suffix) or NAMED.get(name.lower(), "text")
    if suffix == ".h" and CPLUSPLUS.search(text):
        return "cpp"
    if not suffix and text.startswith("#!"):
        found = SHEBANG.match(text[:200])
        if found:
            return INTERPRETED.get(found[1], "shell")
    return kind


def is_binary(text: str) -> bool:
    return "\0" in text[:BINARY_CHARACTERS]


def is_minified(text: str) -> bool:
    """Whether lines are too long to have been written: the mean, or one line that holds half of it all."""
    size = len(text)
    if size < LONG_LINE:
        return False
    if size / (text.count("\n") + 1) > MINIFIED_MEAN:
        return True
    return has_long_line(text) and sum(n for n in map(len, text.split("\n")) if n > LONG_LINE) > MINIFIED_SHARE * size


def has_long_line(text: str) -> bool:
    """Whether a line has over LONG_LINE characters; looks at one line end in as many."""
    start = 0
    while len(text) - start > LONG_LINE:
        end = text.rfind("\n", start, start + LONG_LINE + 1)
        if end < 0:
            return True
        start = end + 1
    return False


def says_generated(text: str) -> bool:
    """Whether the first lines say that a program wrote the file."""
    return GENERATED.search(text[:HEAD_CHARACTERS]) is not None


def kind_of(path: str, text: str) -> str:
    """One of LANGUAGES' or DATA's kinds, "lock", "text", or "binary", "minified" and "generated", which go before them.

    Prose is never minified: a paragraph may be one long line.
    """
    if is_binary(text):
        return "binary"
    kind = language_of(path, text)
    if kind not in ("markdown", "lock") and suffix_of(path) not in PROSE and is_minified(text):
        return "minified"
    return "generated" if kind != "lock" and says_generated(text) else kind
