"""Token counts that the ledger rests on: exact where they say count, near where they say estimate."""

import argparse
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab import tokens
from trimtab.errors import SetupError

SOURCES = sorted((Path(__file__).parent / "gold" / "content").glob("*.gold"))
LIB = Path(tokens.__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    tokens.load()


def encoded(text: str) -> int:
    """tiktoken's own answer for the whole text at once."""
    assert tokens._encoding is not None
    return len(tokens._encoding.encode_ordinary(text))


def test_known_counts() -> None:
    """By hand, from the vocabulary: `def`, ` f`, `(x`, `):` and line end, three blanks, ` return`, ` x`, line end."""
    known = {"": 0, "hello world": 2, "def f(x):\n    return x\n": 8, "antidisestablishmentarianism": 6, "é€😀": 3}
    assert {text: tokens.count(text) for text in known} == known


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_count_is_exact(text: str) -> None:
    assert tokens.count(text) == encoded(text)


@settings(max_examples=200)
@given(st.text(st.characters(max_codepoint=0x100) | st.sampled_from("aaaaaaA11_.(  \n\t"), max_size=200))
def test_an_estimate_counts_pieces_as_the_pattern_does(text: str) -> None:
    assert tokens.pieces_in(text) == len(tokens.PIECE.findall(text))


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(["\n", "\r\n", " ", "    ", "\t", "//", "/", "x", "foo()", "{", "}", ";", "é"]), max_size=400
    )
)
def test_parts_count_as_the_whole(scraps: list[str]) -> None:
    text = "".join(scraps)
    cut = list(tokens.parts(text, 40))
    assert "".join(cut) == text
    assert all(len(part) <= 40 for part in cut)
    clean = sum(1 for part in cut[:-1] if not part.endswith("\n"))
    assert abs(sum(map(encoded, cut)) - encoded(text)) <= 2 * clean


def test_a_long_text_counts_exactly() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES) * 8
    assert len(text) > 2 * tokens.CHUNK
    assert tokens.count(text) == encoded(text)


@pytest.mark.parametrize("unit", ["a", " ", "\n", ".", " \n", "ab", "中文", "\ud800"])
def test_a_megabyte_of_anything_is_counted(unit: str) -> None:
    """At 1,000,000 blanks tiktoken itself panics; a count that fails would stop the daemon's counting thread."""
    found = tokens.count(unit * (1_000_000 // len(unit)))
    assert found is not None
    assert 1_000 < found <= 1_000_000


def test_without_load_there_is_no_count() -> None:
    program = "from trimtab import tokens; assert tokens.count('a') is None; assert tokens.estimate('a b') == 2"
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": str(LIB)})


def test_an_estimate_needs_no_package() -> None:
    program = "from trimtab import tokens; print(tokens.estimate('a b'))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(LIB)!r}); {program}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "2\n"


def test_wrong_ranks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "RANKS_SHA256", "0" * 64)
    with pytest.raises(SetupError, match="trimtab setup"):
        tokens.make_encoding()


def test_missing_ranks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match="trimtab setup"):
        tokens.make_encoding()


def test_estimate_of_little() -> None:
    assert tokens.estimate("") == 0
    assert tokens.estimate(" ") == 1
    assert tokens.estimate("def f(x):") == 5  # def, f, (, x, ): are five pieces; 4.65 tokens


def test_estimate_is_near_the_count() -> None:
    """On whole source files p5-p95 of the ratio are 1.00 and 1.24; a module of the standard library is no outlier."""
    text = inspect.getsource(argparse)
    assert 0.95 < tokens.estimate(text) / encoded(text) < 1.30


def test_tokens_are_o200k_base() -> None:
    assert tokens._encoding is not None
    assert tokens._encoding.encode_ordinary("hello world") == [24912, 2375]


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-sonnet-4-5-20250929", "older"),
        ("claude-opus-4-20250514", "older"),
        ("claude-opus-4-1", "older"),
        ("claude-opus-4-6", "older"),
        ("claude-3-5-haiku-latest", "older"),
        ("us.anthropic.claude-sonnet-4-6-v1:0", "older"),
        ("claude-sonnet-4@20250514", "older"),
        ("claude-2.1", "older"),
        ("claude-opus-4-7", "newer"),
        ("claude-opus-4-8[1m]", "newer"),
        ("claude-opus-5-5", "newer"),
        ("claude-sonnet-5", "newer"),
        ("claude-sonnet-5-20260801", "newer"),
        ("claude-sonnet-10-1", "newer"),
        ("opus", "newer"),
        ("", "newer"),
    ],
)
def test_family(model: str, family: str) -> None:
    assert tokens.family(model) == family


def test_every_family_has_a_factor_for_every_tool() -> None:
    assert all(set(factors) == {"Read", "Bash", "Grep", ""} for factors in tokens.FACTORS.values())
    assert all(factors[tool] > 1 for factors in tokens.FACTORS.values() for tool in factors)
