"""The cost of compacting against going on: worked by hand in prices of one uncached input token."""

import pytest

from trimtab.history.compacting import History, at_once, later, outlook, pays_from, reread
from trimtab.records import Prices

HOUR = Prices(2.0, 0.1, 5.0)
WIDE = History(154_400, 40_000, HOUR)  # leaves 51,400, so 103,000 are lost: the recorded compactions' own


def test_what_compacting_costs_at_once() -> None:
    """5 x 3,000 written, 1,600 of instruction, 4,000 to read what stands, 2 x 11,400 for what is left."""
    assert at_once(WIDE) == 15_000 + 1_600 + 4_000 + 22_800


@pytest.mark.parametrize(
    ("requests", "tokens", "calls"), [(0, 0, 0), (3, 4_700, 0.4), (30, 9_050, 2.55), (100, 14_900, 6.5)]
)
def test_what_is_read_again_is_straight_between_the_measured_points(
    requests: float, tokens: float, calls: float
) -> None:
    assert reread(requests) == pytest.approx((tokens, calls))


def test_what_comes_later_is_in_proportion_to_what_was_lost() -> None:
    """At 10 requests 6,900 tokens at 2 + 0.1 x 10 / 2, and 0.9 calls of 0.1 x 51,400 + 5 x 120."""
    whole = 6_900 * 2.5 + 0.9 * (5_140 + 600)
    assert later(WIDE, 10) == pytest.approx(whole)
    half = History(40_000 + 11_400 + 51_500, 40_000, HOUR)
    assert later(half, 10) == pytest.approx(whole / 2)


def test_compacting_is_cheaper_from_where_the_savings_pass_the_costs() -> None:
    """At 6 requests 61,800 are saved and 43,400 + 17,500 paid, at 5 51,500 and 43,400 + 15,800."""
    assert pays_from(WIDE) == 6
    assert outlook(WIDE, 6).net > 0 > outlook(WIDE, 5).net


def test_where_hardly_anything_can_go_it_never_pays() -> None:
    """A proposal to compact what has just been compacted."""
    assert pays_from(History(55_000, 40_000, HOUR)) is None
    assert outlook(History(30_000, 40_000, HOUR), 100).net < 0


def test_a_cheaper_read_makes_it_pay_later() -> None:
    assert (pays_from(WIDE._replace(prices=Prices(2.0, 0.05, 5.0))) or 0) > (pays_from(WIDE) or 0)
