"""The regression's arithmetic, by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.budget import regression
from trimtab.budget.regression import Spread, fitted, reached, spread_of, told


def test_two_rows_by_hand() -> None:
    """x -1 and 1, y 0 and 2: the weight is 2 / (2 + 10). Without the first row y is 2 everywhere, so it errs by -2."""
    model = fitted([(-1.0,), (1.0,)], [0.0, 2.0])
    assert (model.mean, model.weights[0]) == pytest.approx((1.0, 1 / 6))
    assert model.errors == pytest.approx((-2.0, 2.0))
    spread = told(model, (1.0,))
    assert spread.values == pytest.approx((7 / 6 - 2, 7 / 6 + 2))
    assert spread.weights == pytest.approx((math.exp(-4 / 3) + 0.05, 1.05))


def test_a_column_that_never_varies_says_nothing() -> None:
    model = fitted([(7.0, -1.0), (7.0, 1.0)], [0.0, 2.0])
    assert model.weights == pytest.approx((0.0, 1 / 6))
    assert told(model, (9.0, 1.0)).values == pytest.approx((7 / 6 - 2, 7 / 6 + 2))


def test_each_error_is_that_of_a_row_left_out() -> None:
    """Against regressions that are made without the row, by other means: steps down the slope."""
    rows, targets = [(-1.0, 1.0), (-1.0, -1.0), (1.0, 1.0), (1.0, -1.0)], [3.0, -1.0, 4.0, 9.0]
    for left_out, error in enumerate(fitted(rows, targets).errors):
        base, weights = 0.0, [0.0, 0.0]
        for _ in range(4000):
            gaps = [
                (base + weights[0] * x + weights[1] * z - y, x, z)
                for n, ((x, z), y) in enumerate(zip(rows, targets, strict=True))
                if n != left_out
            ]
            base -= 0.05 * sum(gap for gap, _, _ in gaps)
            weights[0] -= 0.05 * (sum(gap * x for gap, x, _ in gaps) + regression.PENALTY * weights[0])
            weights[1] -= 0.05 * (sum(gap * z for gap, _, z in gaps) + regression.PENALTY * weights[1])
        x, z = rows[left_out]
        assert error == pytest.approx(targets[left_out] - base - weights[0] * x - weights[1] * z, abs=1e-6)


def test_nine_values_are_their_own_interval() -> None:
    """The tenth lies between the smallest and the greatest of nine in four of five cases."""
    spread = spread_of([float(n) for n in (3, 1, 2, 9, 8, 7, 4, 6, 5)])
    assert (spread.low(), spread.middle(), spread.high()) == (1.0, 5.0, 9.0)
    assert spread.share_over(5.0) == pytest.approx(0.45)  # 4 are, and half of the one to come, of 10
    assert (spread.share_over(0.0), spread.share_over(9.0)) == pytest.approx((0.95, 0.05))


def test_nineteen_values_leave_one_out_on_each_side() -> None:
    spread = spread_of([float(n) for n in range(1, 20)])
    assert (spread.low(), spread.middle(), spread.high()) == (2.0, 10.0, 18.0)


def test_weights_count() -> None:
    """With 8 of 10 on the third value it is the middle, and of the rest the first and the last are the interval."""
    spread = Spread((1.0, 2.0, 3.0, 4.0), (1.0, 0.5, 8.0, 0.5))
    assert spread.middle() == 3.0
    assert reached(spread.values, spread.weights, 0.1, 0.0) == 1.0


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=40), st.data())
def test_an_interval_is_in_order_and_mirrors(values: list[float], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.floats(0.05, 2), min_size=len(values), max_size=len(values)))
    spread = Spread(tuple(sorted(values)), tuple(weights))
    assert spread.low() <= spread.middle() <= spread.high()
    mirrored = Spread(tuple(-value for value in reversed(spread.values)), spread.weights[::-1])
    assert (mirrored.low(), mirrored.high()) == (-spread.high(), -spread.low())
    assert 0 < spread.share_over(values[0]) < 1
