"""The estimate of billed tokens: its counts by hand, its bounds, and its factors."""

import pytest
from bench import told
from hypothesis import given
from hypothesis import strategies as st

from trimtab.monitor import sizes
from trimtab.records import Arrival

W = sizes.WEIGHTS


def arrival(**fields: object) -> Arrival:
    return Arrival("s", "", "i", 0.0, "result", "Read", "f", 0)._replace(**fields)  # type: ignore[arg-type]


def test_a_long_text_is_weighed_by_pieces() -> None:
    """Of text that is alike throughout they weigh what all of it does; short ones are left to their characters."""
    text = "def total(items):\n    return sum(item.price * 1.07 for item in items)\n" * 400
    assert sizes.weigh_roughly(text) == pytest.approx(sizes.weigh(text), rel=0.05)
    assert sizes.weigh_roughly("x" * (sizes.LEAST_WEIGHED - 1)) == 0


def test_counts_by_hand() -> None:
    """Four small letters, two capitals, five digits (a run of 4 has one three), two signs, one of them in no run."""
    text = "abC 1234\nD\t5é..de"
    expected = {b"a": 4, b"A": 2, b"0": 5, b"000": 1, b".": 2, b"...": 0, b" ": 1, b" " * 8: 0, b"\n": 1, b"L": 1}
    assert dict(zip(W, sizes.counts(text), strict=True)) == expected


def test_runs_count_once_for_each_whole_one() -> None:
    found = dict(zip(W, sizes.counts("." * 7 + " " * 17), strict=True))
    assert (found[b"."], found[b"..."], found[b" "], found[b" " * 8]) == (7, 2, 17, 2)


def test_a_character_outside_of_ascii_counts_once() -> None:
    assert sizes.weigh("→" * 100) == sizes.weigh("語" * 100) == round(100 * W[b"L"])


def test_a_line_of_code_by_hand() -> None:
    """12 small letters are 2.4, a blank -0.053, 3 signs 3.513, a line end 1.655: 7.515 in all."""
    assert sizes.weigh("def total(rows):\n") == 8


@given(st.text(max_size=300))
def test_an_estimate_is_in_bounds(text: str) -> None:
    weighed = sizes.weigh(text)
    assert weighed <= max(round(2 * len(text)), 1)
    assert weighed >= (1 if text else 0)


@pytest.mark.parametrize("text", [" " * 1000, "." * 999, "0" * 999, "\t" * 1000, "aB3$" * 300])
def test_odd_texts_have_a_positive_price_that_grows(text: str) -> None:
    assert 0 < sizes.weigh(text) < sizes.weigh(text * 3) <= 3 * sizes.weigh(text) + 3


def test_lone_surrogates_are_taken() -> None:
    assert sizes.weigh("\ud800" * 10) > 0


def test_factors_by_family_and_tool() -> None:
    text = "abcde" * 200  # 1,000 small letters are 200 tokens
    assert sizes.estimate(text, "Read", "claude-opus-4-6") == 200 + sizes.FRAME_TOKENS
    assert sizes.estimate(text, "Grep", "older") == round(200 * 0.967) + sizes.FRAME_TOKENS
    assert sizes.estimate(text, "Read", "claude-opus-5-5") == 264 + sizes.FRAME_TOKENS
    assert sizes.estimate(text, "Read", "", lambda model, tool: 2.0) == 400 + sizes.FRAME_TOKENS


def test_an_arrival_by_tokens_characters_and_images() -> None:
    frame = sizes.FRAME_TOKENS
    assert sizes.of_arrival(arrival(tokens=500, characters=9), "claude-opus-4-6") == 500 + frame
    assert sizes.of_arrival(arrival(characters=2920), "claude-opus-4-6") == 1000 + frame
    assert sizes.of_arrival(arrival(images=2), "claude-opus-4-6") == 3000 + frame
    assert sizes.of_arrival(arrival(what="prompt", tool="", characters=303), "claude-opus-4-6") == 100
    assert sizes.weighed(arrival(what="answer", tool="", characters=291)) == pytest.approx(100)


def test_an_answer_by_hand() -> None:
    """100 for the text, 1.1 * 200 for thinking, 0.85 * 300 and 37 each for two calls."""
    letters = "a" * 500
    assert told.weigh_answer([letters], [letters * 2], [letters, letters * 2]) == 100 + 220 + 255 + 74
