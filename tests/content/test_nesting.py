"""Blocks must nest: a tier shows a child only with its parent, and two that overlap would show lines twice."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.content.nesting import nest
from trimtab.records import Block


def spans(*lines: tuple[int, int, int]) -> list[Block]:
    return [Block("x", str(order), *span) for order, span in enumerate(lines)]


def nested(count: int, *lines: tuple[int, int, int]) -> list[tuple[str, int, int, int]]:
    return [(b.name, b.first, b.head, b.last) for b in nest(spans(*lines), count)]


def test_parents_come_first() -> None:
    assert nested(9, (3, 3, 4), (1, 1, 9), (6, 6, 7)) == [("1", 1, 1, 9), ("0", 3, 3, 4), ("2", 6, 6, 7)]


def test_of_equals_the_earlier_stays() -> None:
    assert nested(9, (2, 3, 5), (2, 2, 5)) == [("0", 2, 3, 5)]


def test_a_shared_line_goes_to_the_one_that_begins() -> None:
    assert nested(9, (1, 1, 5), (5, 5, 9)) == [("0", 1, 1, 4), ("1", 5, 5, 9)]


def test_an_overlap_ends_with_the_block_around_it() -> None:
    assert nested(9, (1, 1, 5), (3, 3, 9)) == [("0", 1, 1, 5), ("1", 3, 3, 5)]


def test_a_child_begins_below_the_signature() -> None:
    assert nested(9, (1, 3, 9), (2, 5, 7)) == [("0", 1, 3, 9), ("1", 4, 5, 7)]
    assert nested(9, (1, 3, 9), (2, 3, 7)) == [("0", 1, 3, 9)]


def test_what_is_outside_of_the_text_is_cut() -> None:
    assert nested(3, (0, 0, 2), (3, 9, 9), (4, 4, 9)) == [("0", 1, 1, 2), ("1", 3, 3, 3)]


LINES = st.integers(-2, 30)


@given(st.lists(st.tuples(LINES, LINES, LINES), max_size=40))
def test_any_spans_nest(lines: list[tuple[int, int, int]]) -> None:
    blocks = nest(spans(*lines), 25)
    assert list(blocks) == sorted(blocks, key=lambda b: (b.first, -b.last))
    assert nest(blocks, 25) == blocks
    ends: list[Block] = []
    for block in blocks:
        assert 1 <= block.first <= block.head <= block.last <= 25
        while ends and ends[-1].last < block.first:
            ends.pop()
        if ends:
            assert block.last <= ends[-1].last
            assert block.first > ends[-1].head
        ends.append(block)
