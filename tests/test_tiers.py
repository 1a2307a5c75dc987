"""Cutting a load to a tier: limits hold, folds and shown lines partition the load, lines are verbatim and numbered."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import tiers
from trimtab.records import Block, Content, Fold, Tier
from trimtab.relevance import Mention, Need
from trimtab.tiers.folds import names_in
from trimtab.tiers.pieces import pieces_of

SOURCE = tuple(f"line {i} of some text that is long enough to be worth a fold" for i in range(1, 121))
MISS_TOKENS = 2000.0
FUNCTION = Block("function", "parse", 11, 12, 60)
METHOD = Block("function", "inner", 21, 21, 40)
CONTENT = Content("python", SOURCE, (FUNCTION, METHOD))


def cut_of(content: Content, wanted: dict[int, float] | None = None) -> tiers.Cut:
    rates = [(wanted or {}).get(i, 0.001) for i in range(1, len(content.lines) + 1)]
    return tiers.cut(tiers.plan(content, 12 * len(content.lines)), Need(rates), MISS_TOKENS)


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
    lines = [n for piece in pieces_of(CONTENT) for n in range(piece.first, piece.last + 1)]
    assert lines == list(range(1, 121))


def test_a_wanted_line_comes_with_the_signatures_above_it() -> None:
    view = tiers.view(cut_of(CONTENT, {30: 0.9}), Tier.STANDARD)
    assert {11, 12, 21, 30} <= set(numbered(view.text))


def test_a_fold_names_its_lines_its_blocks_and_the_read_that_shows_it() -> None:
    assert tiers.fold_line(Fold(120, 180, ("parse", "render"))) == "... Read offset=120 limit=61: parse render"


def test_a_fold_with_many_blocks_says_how_many_more() -> None:
    blocks = [Block("function", name, line, line, line) for line, name in enumerate("abcdefgh", 1)]
    assert names_in(blocks, 1, 9) == ("a", "b", "c", "d", "e", "f", "2 more")


def test_a_fold_names_every_word_that_it_is_told_in_the_order_of_the_lines() -> None:
    blocks = [Block("function", "parse", 3, 3, 9)]
    assert names_in(blocks, 2, 9, [(7, "HEADER_SIZE"), (2, "a/b.py")]) == ("a/b.py", "parse", "HEADER_SIZE")


def test_a_block_is_not_named_twice() -> None:
    blocks = [Block("function", "parse", 3, 3, 9)]
    assert names_in(blocks, 2, 9, [(3, "parse")]) == ("parse",)


def test_new_words_are_told_by_the_fold_that_hides_them_where_they_are_worth_it() -> None:
    need = Need([0.0] * len(SOURCE), [Mention("HEADER_SIZE", "HEADER_SIZE", 99)], used=0.1)
    for miss_tokens, is_told in ((2000.0, True), (20.0, False)):
        view = tiers.view(tiers.cut(tiers.plan(CONTENT, 12 * len(SOURCE)), need, miss_tokens), Tier.ESSENTIAL)
        assert ("HEADER_SIZE" in view.text) == is_told


def test_facts_are_told_whatever_they_cost() -> None:
    content = CONTENT._replace(facts={100: ("3f9c2d1",)})
    view = tiers.view(cut_of(content), Tier.ESSENTIAL)
    assert "3f9c2d1" in view.folds[-1].names


def test_lines_to_keep_are_shown_at_every_tier() -> None:
    content = CONTENT._replace(keep=frozenset({100}))
    assert 100 in numbered(tiers.view(cut_of(content), Tier.ESSENTIAL).text)


def test_an_output_has_no_line_numbers() -> None:
    made = cut_of(CONTENT, {1: 0.9})
    text = tiers.render(made, tiers.shape(made, Tier.ESSENTIAL), 1, is_numbered=False).text
    assert text.startswith(SOURCE[0] + "\n")
    assert tiers.FOLD_LINE.search(text)


def test_a_load_far_over_the_limit_is_fitted() -> None:
    lines = tuple(f"word_{i} of a long output" for i in range(5000))
    content = Content("text", lines, (), facts={9: ("a" * 40,) * 50})
    found = tiers.fitted(cut_of(content), 500)
    assert found is not None
    assert tiers.render(*found, 1, is_numbered=False).tokens <= 520


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
