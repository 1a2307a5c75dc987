"""Cutting a load to a tier: limits hold, folds and shown lines partition the load, lines are verbatim and numbered."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import tiers
from trimtab.records import Block, Content, Fold, Tier

SOURCE = tuple(f"line {i} of some text that is long enough to be worth a fold" for i in range(1, 121))
FUNCTION = Block("function", "parse", 11, 12, 60)
METHOD = Block("function", "inner", 21, 21, 40)
CONTENT = Content("python", SOURCE, (FUNCTION, METHOD))


def cut_of(content: Content, wanted: dict[int, float] | None = None) -> tiers.Cut:
    rates = [(wanted or {}).get(i, 0.001) for i in range(1, len(content.lines) + 1)]
    return tiers.cut(tiers.plan(content, 12 * len(content.lines)), rates)


def numbered(view_text: str) -> dict[int, str]:
    """The lines that a view shows, by number; a fold's line is none of them."""
    found = {}
    for line in view_text.split("\n"):
        if not tiers.FOLD_LINE.match(line):
            number, _, text = line.partition("\t")
            found[int(number)] = text
    return found


def test_pieces_cover_every_line_once() -> None:
    """A line in no piece would vanish from every view; one in two would be shown twice."""
    lines = [n for piece in tiers.pieces_of(CONTENT) for n in range(piece.first, piece.last + 1)]
    assert lines == list(range(1, 121))


def test_a_wanted_line_comes_with_the_signatures_above_it() -> None:
    view = tiers.view(cut_of(CONTENT, {30: 0.9}), Tier.STANDARD)
    assert {11, 12, 21, 30} <= set(numbered(view.text))


def test_a_fold_names_its_lines_its_blocks_and_the_read_that_shows_it() -> None:
    assert (
        tiers.fold_line(Fold(120, 180, ("parse", "render")))
        == "... 120-180 (61 lines) parse, render: Read offset=120 limit=61"
    )


def test_a_fold_with_many_names_says_how_many_more() -> None:
    line = tiers.fold_line(Fold(1, 9, tuple("abcdefgh")))
    assert line == "... 1-9 (9 lines) a, b, c, d, e, f, 2 more: Read offset=1 limit=9"


def test_a_gap_of_three_lines_is_shown() -> None:
    """A fold's own line costs as much as three lines; folding them would hide something for nothing."""
    assert tiers.close_gaps([True, False, False, False, True]) == [True] * 5
    assert tiers.close_gaps([True, False, False, False, False, True]) == [True, False, False, False, False, True]


def test_line_numbers_start_where_the_load_does() -> None:
    view = tiers.view(cut_of(CONTENT, {1: 0.9}), Tier.ESSENTIAL, start=501)
    assert numbered(view.text)[501] == SOURCE[0]
    assert view.folds[-1].last == 620


@pytest.mark.parametrize("tier", list(tiers.SHARES))
def test_the_tier_is_a_limit(tier: Tier) -> None:
    """The shown lines stay within the tier's share; what folds add is bounded by what showing them would cost."""
    cut = cut_of(CONTENT)
    view = tiers.view(cut, tier)
    sizes = cut.plan.sizes
    shown = sum(sizes[n - 1] for n in numbered(view.text))
    assert shown <= tiers.SHARES[tier] * sum(sizes) + 3 * max(sizes) * len(view.folds)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    lines = tuple(
        draw(st.lists(st.text(st.characters(exclude_characters="\n\t"), max_size=60), min_size=1, max_size=150))
    )
    blocks = []
    first = 1
    while first < len(lines) and draw(st.booleans()):
        last = draw(st.integers(first, len(lines)))
        head = draw(st.integers(first, last))
        blocks.append(Block("function", draw(st.text(max_size=8)), first, head, last))
        if head + 1 < last and draw(st.booleans()):
            inner = draw(st.integers(head + 1, last))
            blocks.append(Block("function", "inner", inner, inner, last))
        first = last + 1
    return Content("text", lines, tuple(blocks))


@given(
    contents(),
    st.sampled_from(list(tiers.SHARES)),
    st.lists(st.floats(0, 1), min_size=150, max_size=150),
    st.integers(1, 1000),
)
def test_folds_and_shown_lines_partition_the_load(content: Content, tier: Tier, rates: list[float], start: int) -> None:
    view = tiers.view(cut_of(content, dict(enumerate(rates, 1))), tier, start)
    shown = {}
    for match in re.finditer(r"(?m)^(\d+)\t(.*)$", view.text):
        shown[int(match[1])] = match[2]
    folded = [n for fold in view.folds for n in range(fold.first, fold.last + 1)]
    assert sorted([*shown, *folded]) == list(range(start, start + len(content.lines)))
    assert len(folded) == len(set(folded))


@given(contents(), st.lists(st.floats(0, 1), min_size=150, max_size=150))
def test_the_same_load_is_cut_the_same_way(content: Content, rates: list[float]) -> None:
    views = {tiers.view(cut_of(content, dict(enumerate(rates, 1))), Tier.STANDARD).text for _ in range(2)}
    assert len(views) == 1
