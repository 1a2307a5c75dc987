"""What holds for any text: parsing never raises, keeps every line, and its blocks nest."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.content import parse
from trimtab.records import Block, Content

GOLD = Path(__file__).parents[1] / "gold" / "content"
SOURCES = {path.name.removesuffix(".gold"): path.read_text(encoding="utf-8") for path in sorted(GOLD.glob("*.gold"))}
SUFFIXES = ("py", "js", "ts", "tsx", "go", "rs", "java", "c", "cpp", "h", "md", "rst", "txt", "log", "json", "yaml")
PATTERNED = ("cs", "php", "kt", "swift", "scala", "rb", "sh", "scss", "sql", "html", "toml", "xml", "lock", "adoc")
PATHS = [*(f"a.{suffix}" for suffix in (*SUFFIXES, *PATTERNED)), "a", ""]
MARKS = (
    "{",
    "}",
    "(",
    ")",
    '"',
    "'",
    '"""',
    "`",
    "/*",
    "*/",
    "//",
    "#",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "é",
    "\ud800",
    "\0",
)
LINES = ("def f(x):\n", "class A {\n", "=====\n", "---\n", "# T\n", "```\n", "import a\n", "@a\n")
SCRAPS = st.sampled_from((*MARKS, *LINES, "function f() {", "x" * 300, "0x1f ", "<a>"))


def check(content: Content, text: str) -> None:
    assert "\n".join(content.lines) == text
    around: list[Block] = []
    before = (0, 0)
    for block in content.blocks:
        assert 1 <= block.first <= block.head <= block.last <= len(content.lines)
        assert (block.first, -block.last) >= before
        before = (block.first, -block.last)
        while around and around[-1].last < block.first:
            around.pop()
        assert not around or (around[-1].head < block.first and block.last <= around[-1].last)
        around.append(block)
        assert "\n" not in block.name
        assert len(block.name) <= 100


@settings(max_examples=200)
@given(st.sampled_from(PATHS), st.text(max_size=400) | st.lists(SCRAPS, max_size=60).map("".join))
def test_any_text(path: str, text: str) -> None:
    check(parse(path, text), text)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SOURCES)), st.data())
def test_mutated_sources(name: str, data: st.DataObject) -> None:
    text = SOURCES[name]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        end = at + data.draw(st.integers(0, 60))
        text = text[:at] + data.draw(SCRAPS) + text[end:]
    check(parse(name, text), text)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", ["", "\n", "\n\n\n", " ", "\r", "x" * 1_000_000, "\ufeff# A\n", "a\n" * 3])
def test_odd_texts(path: str, text: str) -> None:
    check(parse(path, text), text)


def test_the_same_text_gives_the_same_blocks() -> None:
    for name, text in SOURCES.items():
        assert parse(name, text) == parse(name, text)
