"""Outlines of small sources in every language, written by hand: which lines are a block, where its signature ends.

`x.py.gold` is the source of a file x.py and `x.py.outline` what is expected of it: a line with kind and number of
lines, then `first-head-last kind name` for each block, two spaces deeper than the block around it; then, where there
are some, the lines that every view shows and what a fold names of others.
"""

from pathlib import Path

import pytest

from trimtab.content import parse, patterns
from trimtab.records import Content

GOLD = Path(__file__).parents[1] / "gold" / "content"
SOURCES = sorted(path.name.removesuffix(".gold") for path in GOLD.glob("*.gold"))


def outline(content: Content) -> str:
    out = [f"{content.kind}, {len(content.lines)} lines"]
    ends: list[int] = []
    for block in content.blocks:
        while ends and ends[-1] < block.first:
            ends.pop()
        line = f"{'  ' * len(ends)}{block.first}-{block.head}-{block.last} {block.kind} {block.name}"
        out.append(line.rstrip())
        ends.append(block.last)
    if content.keep:
        out.append(f"keep {' '.join(map(str, sorted(content.keep)))}")
    out += [f"fact {line} {', '.join(words)}" for line, words in sorted(content.facts.items())]
    return "\n".join(out) + "\n"


@pytest.mark.parametrize("name", SOURCES)
def test_outline(name: str) -> None:
    made = outline(parse(name, (GOLD / f"{name}.gold").read_text(encoding="utf-8")))
    expected = (GOLD / f"{name}.outline").read_text(encoding="utf-8")
    if made != expected:
        actual = GOLD / "actual"
        actual.mkdir(exist_ok=True)
        (actual / f"{name}.outline").write_text(made, encoding="utf-8")
    assert made == expected


def test_there_is_gold_for_every_language() -> None:
    kinds = {(GOLD / f"{name}.outline").read_text(encoding="utf-8").partition(",")[0] for name in SOURCES}
    code = {"python", "javascript", "typescript", "tsx", "go", "rust", "java", "c", "cpp"}
    assert kinds >= {*code, "markdown", "text", "json", "yaml", "toml", "xml", "lock", *patterns.LANGUAGES, "html"}


@pytest.mark.parametrize("name", SOURCES)
def test_carriage_returns_change_nothing(name: str) -> None:
    text = (GOLD / f"{name}.gold").read_text(encoding="utf-8")
    plain, windows = parse(name, text), parse(name, text.replace("\n", "\r\n"))
    assert windows.kind == plain.kind
    assert [b[2:] for b in windows.blocks] == [b[2:] for b in plain.blocks]
    assert not any("\r" in block.name for block in windows.blocks)
