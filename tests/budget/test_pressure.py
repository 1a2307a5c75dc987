"""The curve of soft pressure: by hand, where it begins and ends, and that it makes no jump and no kink."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.budget.pressure import FROM, MOST, pressure


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (-1.0, 1.0),
        (0.0, 1.0),
        (0.5, 1.0),
        (0.7, 1.0),
        (0.76, 1.208),  # a fifth of the way: 0.04 * (3 - 0.4) = 0.104 of 2
        (0.775, 1.3125),  # a quarter: 0.0625 * 2.5 = 0.15625
        (0.85, 2.0),
        (0.925, 2.6875),  # three quarters: 0.5625 * 1.5 = 0.84375
        (0.94, 2.792),  # four fifths: 0.64 * 1.4 = 0.896
        (1.0, 3.0),
        (1.3, 3.0),  # overshot
        (math.inf, 3.0),
    ],
)
def test_the_curve_by_hand(share: float, expected: float) -> None:
    assert (FROM, MOST) == (0.70, 3.0)
    assert pressure(share) == pytest.approx(expected)


@given(st.floats(-0.5, 2.0), st.floats(0.0, 1.0))
def test_more_used_never_presses_less(share: float, more: float) -> None:
    assert 1.0 <= pressure(share) <= pressure(share + more) <= MOST


def test_up_to_seventy_percent_it_is_one_to_the_last_bit() -> None:
    """So that nothing that is shown changes."""
    assert {pressure(share / 1000) for share in range(701)} == {1.0}


def test_neither_the_curve_nor_its_slope_jumps() -> None:
    """Steepest half way, at 1.5 * 2 / 0.3 = 10; its slope changes fastest at the ends, by 6 * 2 / 0.09 = 133.4."""
    step = 1e-4
    values = [pressure(at * step) for at in range(6_000, 11_001)]
    slopes = [(after - before) / step for before, after in itertools.pairwise(values)]
    assert max(slopes) == pytest.approx(10.0, rel=1e-3)
    assert max(abs(after - before) for before, after in itertools.pairwise(slopes)) <= 133.4 * step
