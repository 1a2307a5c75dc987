"""Cutting a load to a tier: limits hold, folds and shown lines partition the load, lines are verbatim and numbered."""

import itertools
import re
from collections.abc import Sequence
from itertools import accumulate
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import tiers
from trimtab.records import Block, Content, Fold, Tier, View
from trimtab.relevance import Mention, Need
from trimtab.tiers.folds import FOLD_TOKENS, names_in
from trimtab.tiers.pieces import pieces_of

SOURCE = tuple(f"line {i} of some text that is long enough to be worth a fold" for i in range(1, 121))
MISS_TOKENS = 2000.0
FUNCTION = Block("function", "parse", 11, 12, 60)
METHOD = Block("function", "inner", 21, 21, 40)
CONTENT = Content("python", SOURCE, (FUNCTION, METHOD))


def cut_of(content: Content, wanted: dict[int, float] | None = None, miss_tokens: float = MISS_TOKENS) -> tiers.Cut:
    rates = [(wanted or {}).get(i, 0.001) for i in range(1, len(content.lines) + 1)]
    return tiers.cut(tiers.plan(content, 12 * len(content.lines)), Need(rates), miss_tokens)


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


def test_a_piece_belongs_to_the_signature_of_the_innermost_block_around_it() -> None:
    """Else what is shown of a body comes without its function's name. Blocks still open at the end are blocks too."""
    pieces = list(pieces_of(CONTENT))
    above = {piece.first: pieces[piece.parent].first for piece in pieces if piece.parent >= 0}
    assert {first: above.get(first) for first in (1, 6, 11, 61, 116)} == dict.fromkeys((1, 6, 11, 61, 116))
    inside = {first: line for first, line in above.items() if 11 < first <= 60}
    assert inside == {first: 21 if 21 < first <= 40 else 11 for first in inside}
    assert {13, 21, 22, 41} <= inside.keys()


def test_a_wanted_line_comes_with_the_signatures_above_it() -> None:
    view = tiers.view(cut_of(CONTENT, {30: 0.9}), Tier.STANDARD)
    assert {11, 12, 21, 30} <= set(numbered(view.text))


def test_a_fold_names_its_lines_its_blocks_and_the_read_that_shows_it() -> None:
    assert tiers.fold_line(Fold(120, 180, ("parse", "render"))) == "... Read offset=120 limit=61: parse render"


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (("a",), "a"),
        (("a", "b", "c"), "a b c"),
        (("two words",), "two words"),
        (("a", "b", "two words", "c", "d"), "a b, two words, c d"),
        (("two words", "three more words"), "two words, three more words"),
        (('"in quotes"', "a"), '"in quotes", a'),
    ],
)
def test_names_are_parted_by_blanks_and_by_commas_only_around_one_that_holds_a_blank(
    names: tuple[str, ...], listed: str
) -> None:
    """A comma is a token for each name; without one nobody knows where `two words` begins."""
    assert tiers.fold_line(Fold(3, 9, names)) == f"... Read offset=3 limit=7: {listed}"


def test_a_fold_without_names_is_the_call_alone() -> None:
    assert tiers.fold_line(Fold(3, 3, ())) == "... Read offset=3 limit=1"


@given(
    st.integers(1, 99_999),
    st.integers(0, 9_999),
    st.lists(st.text(st.characters(exclude_categories=("Cc", "Zl", "Zp", "Cs")), min_size=1, max_size=9), max_size=9),
)
def test_any_folds_line_is_known_and_says_its_lines(first: int, more: int, names: list[str]) -> None:
    line = tiers.fold_line(Fold(first, first + more, tuple(names)))
    found = tiers.FOLD_LINE.fullmatch(line)
    assert found is not None
    assert (int(found[1]), int(found[2])) == (first, more + 1)


@pytest.mark.parametrize(
    "line",
    [
        "... Read offset=3",
        "... Read offset=3 limit=7 parse",
        " ... Read offset=3 limit=7",
        "x ... Read offset=3 limit=7: parse",
        "... 3-9 (7 lines) parse: Read offset=3 limit=7",
    ],
)
def test_other_lines_are_no_folds(line: str) -> None:
    assert tiers.FOLD_LINE.search(line) is None


def test_a_fold_with_many_blocks_says_how_many_more() -> None:
    blocks = [Block("function", name, line, line, line) for line, name in enumerate("abcdefgh", 1)]
    assert names_in(blocks, 1, 9) == ("a", "b", "c", "d", "e", "f", "2 more")


def test_a_fold_cuts_what_is_called_by_several_words_but_no_single_word() -> None:
    """Half of a name can't be searched for."""
    word, words = "test_" + "x" * 60, "a " * 30
    assert names_in([Block("function", word, 1, 1, 9)], 1, 9) == (word,)
    assert names_in([Block("paragraph", words, 1, 1, 9)], 1, 9) == ("a " * 19 + "a…",)


def test_numbered_headings_are_one_name() -> None:
    """A history has hundreds of releases, each with the same sections."""
    names = ["2.1.0 (2026)", "Fixed", "2.0.1 (2026)", "Fixed", "1.9.0 (2025)"]
    blocks = [Block("section", name, line, line, line) for line, name in enumerate(names, 1)]
    assert names_in(blocks, 1, 9) == ("2.1.0 (2026) … 1.9.0 (2025)", "Fixed")
    assert names_in(blocks, 3, 4) == ("2.0.1 (2026)", "Fixed")


def test_a_fold_names_every_word_that_it_is_told_in_the_order_of_the_lines() -> None:
    blocks = [Block("function", "parse", 3, 3, 9)]
    assert names_in(blocks, 2, 9, [(7, "HEADER_SIZE"), (2, "a/b.py")]) == ("a/b.py", "parse", "HEADER_SIZE")


def test_a_block_is_not_named_twice() -> None:
    blocks = [Block("function", "parse", 3, 3, 9)]
    assert names_in(blocks, 2, 9, [(3, "parse")]) == ("parse",)


TOP = dict.fromkeys(range(1, 11), 0.9)  # the lines that fill Essential's tenth, so that line 100 is hidden


def fold_of(view: View, line: int) -> Fold:
    return next(fold for fold in view.folds if fold.first <= line <= fold.last)


def test_new_words_are_told_by_the_fold_that_hides_them_where_they_are_worth_it() -> None:
    """A name of 11 characters takes 0.3 + 0.26 * 11 = 3.16 tokens; it is taken up at a rate of 0.1."""
    rates = [TOP.get(line, 0.0) for line in range(1, len(SOURCE) + 1)]
    need = Need(rates, [Mention("HEADER_SIZE", "HEADER_SIZE", 99)], used=0.1)
    for miss_tokens, is_told in ((2000.0, True), (32.0, True), (31.0, False), (20.0, False)):
        view = tiers.view(tiers.cut(tiers.plan(CONTENT, 12 * len(SOURCE)), need, miss_tokens), Tier.ESSENTIAL)
        assert ("HEADER_SIZE" in fold_of(view, 100).names) == is_told
        assert ("HEADER_SIZE" in view.text) == is_told


def test_facts_are_told_whatever_they_cost() -> None:
    content = CONTENT._replace(facts={100: ("3f9c2d1",)})
    for miss_tokens in (2000.0, 2.0):
        made = cut_of(content, TOP, miss_tokens)
        assert "3f9c2d1" in fold_of(tiers.view(made, Tier.ESSENTIAL), 100).names


def test_a_word_within_a_fact_of_its_line_is_not_named_again() -> None:
    """`src/wire_format.py` names wire_format.py; the same word on another line is named there."""
    content = CONTENT._replace(facts={100: ("src/wire_format.py",)})
    for row, names in ((99, ("src/wire_format.py",)), (109, ("src/wire_format.py", "wire_format.py"))):
        need = Need([0.0] * len(SOURCE), [Mention("wire_format.py", "wire_format.py", row)], used=0.1)
        told = tiers.cut(tiers.plan(content, 12 * len(SOURCE)), need, MISS_TOKENS).told
        assert tuple(name for line in sorted(told) for name in told[line]) == names


def test_a_word_within_a_fact_of_its_line_is_not_named_again_where_another_line_has_it_too() -> None:
    content = CONTENT._replace(facts={100: ("src/wire_format.py",), 120: ("lib/wire_format.py",)})
    need = Need([0.0] * len(SOURCE), [Mention("wire_format.py", "wire_format.py", 99)], used=0.1)
    told = tiers.cut(tiers.plan(content, 12 * len(SOURCE)), need, MISS_TOKENS).told
    assert told == {100: ["src/wire_format.py"], 120: ["lib/wire_format.py"]}


def test_a_line_whose_words_take_more_to_name_than_to_show_is_shown() -> None:
    """Five words of 20 characters take 5 * 5.5 = 27.5 tokens, the line about 14: the fold around it ends there."""
    words = tuple("abcdefghij_" + str(number) * 9 for number in range(5))
    for facts, is_shown in ((words, True), (words[:2], False)):
        made = cut_of(CONTENT._replace(blocks=(), facts={100: facts}), miss_tokens=0.0)
        assert tiers.cheapest(made).shown[99] == is_shown


SIZE = 10  # tokens of each line of `dear`


def dear(hiding: Sequence[float], keep: frozenset[int] = frozenset(), sizes: Sequence[int] = ()) -> tiers.Cut:
    """Lines without blocks or blank lines among them, and what hiding each of them costs."""
    sizes = tuple(sizes) or (SIZE,) * len(hiding)
    content = Content("text", ("x",) * len(hiding), (), keep)
    plan = tiers.Plan(content, tuple(pieces_of(content)), sizes, (0, *accumulate(sizes)))
    none = [0.0] * (len(hiding) + 1)
    return tiers.Cut(plan, none, none, {}, list(hiding))


def cost_of(shown: Sequence[bool], made: tiers.Cut) -> float:
    """What showing these lines and hiding the others costs, folds included."""
    lines = zip(shown, made.plan.sizes, made.hiding, strict=True)
    folds = sum(not is_shown and (row == 0 or shown[row - 1]) for row, is_shown in enumerate(shown))
    return sum(size if is_shown else cost for is_shown, size, cost in lines) + folds * FOLD_TOKENS


@st.composite
def small_cuts(draw: st.DrawFn) -> tiers.Cut:
    """Up to ten lines. Whole numbers, so that sums are exact and ties are common."""
    count = draw(st.integers(1, 10))
    costs = draw(st.lists(st.integers(0, 60), min_size=count, max_size=count))
    sizes = draw(st.lists(st.integers(1, 30), min_size=count, max_size=count))
    keep = draw(st.frozensets(st.integers(1, count), max_size=3))
    return dear([float(cost) for cost in costs], keep, sizes)


@given(small_cuts())
def test_no_other_choice_of_lines_costs_less(made: tiers.Cut) -> None:
    """All of them are tried, before gaps that are too small for a fold are closed."""
    keep = made.plan.content.keep
    masks = [
        mask
        for mask in itertools.product((True, False), repeat=len(made.hiding))
        if all(mask[line - 1] for line in keep)
    ]
    with patch.object(tiers, "LEAST_FOLD", 1):
        shown = tiers.cheapest(made).shown
    assert tuple(shown) in masks  # so a line to keep is never hidden
    assert cost_of(shown, made) == min(cost_of(mask, made) for mask in masks)


@given(small_cuts())
def test_what_is_dearer_to_hide_than_to_show_in_a_fold_of_its_own_is_shown(made: tiers.Cut) -> None:
    """Showing one hidden line parts a fold into two at worst. Closing gaps hides nothing again."""
    shown = tiers.cheapest(made).shown
    for is_shown, size, cost in zip(shown, made.plan.sizes, made.hiding, strict=True):
        assert is_shown or cost <= size + FOLD_TOKENS
    assert all(shown[line - 1] for line in made.plan.content.keep)
    assert all(last - first + 1 >= tiers.LEAST_FOLD for is_shown, first, last in tiers.runs(shown) if not is_shown)


@pytest.mark.parametrize(
    ("count", "each", "is_shown"),
    [
        (100, 1.0, False),
        (100, 11.0, True),
        (20, 9.0, False),  # saves 20 tokens, a fold takes 11
        (10, 9.0, True),  # saves 10
        (12, 0.0, False),
    ],
)
def test_all_are_hidden_where_that_saves_more_than_a_fold_takes(count: int, each: float, is_shown: bool) -> None:
    assert FOLD_TOKENS == 11
    assert tiers.cheapest(dear([each] * count)).shown == [is_shown] * count


def test_dear_lines_part_the_folds() -> None:
    """Of 30 lines two that are dear to hide are shown, and the two between them, which save less than a fold takes."""
    costs = [0.0] * 30
    costs[9] = costs[12] = 100.0
    shape = tiers.cheapest(dear(costs))
    assert [row + 1 for row, is_shown in enumerate(shape.shown) if is_shown] == [10, 11, 12, 13]
    assert shape.tokens == 4 * SIZE + 2 * FOLD_TOKENS


def test_all_lines_may_be_worth_keeping() -> None:
    assert tiers.cheapest(dear([0.0] * 30, frozenset(range(1, 31)))).shown == [True] * 30


def test_the_signatures_above_a_shown_line_are_shown() -> None:
    """Line 30 alone is dear: inner's first line and the two of parse come with it, and nothing else."""
    shape = tiers.cheapest(cut_of(CONTENT, {30: 0.9}))
    assert [row + 1 for row, is_shown in enumerate(shape.shown) if is_shown] == [11, 12, 21, 30]
    assert shape.tier is Tier.ESSENTIAL


@pytest.mark.parametrize(
    ("shown", "tier"),
    [
        (0, Tier.ESSENTIAL),
        (12, Tier.ESSENTIAL),
        (13, Tier.STANDARD),
        (48, Tier.STANDARD),
        (49, Tier.COMPREHENSIVE),
        (83, Tier.COMPREHENSIVE),
        (86, Tier.COMPLETE),
        (120, Tier.COMPLETE),
    ],
)
def test_the_cheapest_lines_are_of_the_lowest_tier_that_holds_them(shown: int, tier: Tier) -> None:
    """Of 120 lines of a size: a tenth, 40 % and 70 % of them."""
    shape = tiers.cheapest(dear([100.0] * shown + [0.0] * (120 - shown)))
    assert sum(shape.shown) == shown
    assert shape.tier is tier


@given(small_cuts())
def test_the_cheapest_view_partitions_the_load(made: tiers.Cut) -> None:
    view = tiers.render(made, tiers.cheapest(made))
    folded = [line for fold in view.folds for line in range(fold.first, fold.last + 1)]
    assert sorted([*numbered(view.text), *folded]) == list(range(1, len(made.hiding) + 1))


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


def test_a_long_line_in_a_gap_is_left_out_where_the_room_is_limited() -> None:
    sums = [0, 2, 4, 504, 506, 508]
    assert tiers.close_gaps([True, False, False, False, True], sums) == [True, False, False, False, True]
    assert tiers.close_gaps([True, False, False, False, True], [0, 2, 4, 6, 8, 10]) == [True] * 5


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
