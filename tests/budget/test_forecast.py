"""What is forecast of a task, with figures that can be told without it."""

import math

import pytest

from trimtab.budget import forecast
from trimtab.budget.forecast import Past, Run, Start, Step, at_start, learned, learned_steps, of_agent, under_way

START = Start(100, True, 0, 0.0)
STEP = Step(1, 400.0, 10_000)


def known(past: list[Past]) -> forecast.Learned:
    found = learned(past)
    assert found is not None
    return found


def test_too_little_history_is_no_forecast() -> None:
    assert learned([Past(START, 1000.0, (STEP,))] * 19) is None
    assert learned_steps([Past(START, 1000.0, (STEP,))] * 19) is None
    assert learned([Past(START, 0.0)] * 40) is None  # what came to nothing teaches nothing
    assert of_agent([Run("Explore", 5.0)] * 8, "Explore") is None


def test_what_is_always_the_same_is_told_so() -> None:
    told = at_start(known([Past(START, 1000.0)] * 20), START)
    assert (told.low, told.middle, told.high) == pytest.approx((1000.0,) * 3)
    assert told.past == 20
    assert told.chance_over(999.0) == pytest.approx(20.5 / 21)
    assert told.chance_over(1001.0) == pytest.approx(0.5 / 21)


def test_rest_comes_on_top_of_what_is_spent() -> None:
    found = learned_steps([Past(START, 1000.0, (STEP,))] * 20)
    assert found is not None
    told = under_way(found, START, STEP)
    assert (told.low, told.middle, told.high) == pytest.approx((1000.0,) * 3)
    assert told.chance_over(400.0) == 1.0
    assert told.chance_over(999.0) == pytest.approx(20.5 / 21)


@pytest.mark.parametrize(
    ("small", "great"),
    [
        (Start(10, False, 50_000, 500.0), Start(5_000, False, 50_000, 500.0)),
        (Start(10, False, 50_000, 500.0), Start(10, True, 0, 0.0)),
        (Start(10, False, 20_000, 500.0), Start(10, False, 150_000, 500.0)),
        (Start(10, False, 50_000, 100.0), Start(10, False, 50_000, 10_000.0)),
    ],
    ids=["characters", "first", "context", "before"],
)
def test_each_thing_that_is_known_tells(small: Start, great: Start) -> None:
    """Tasks that differ in one thing needed 100 and 10,000."""
    model = known([Past(small, 100.0), Past(great, 10_000.0)] * 30)
    assert at_start(model, small).middle < 300
    assert at_start(model, great).middle > 3_000
    assert at_start(model, small).chance_over(1_000.0) < 0.2 < 0.8 < at_start(model, great).chance_over(1_000.0)


def test_unit_of_the_amounts_does_not_matter() -> None:
    """A forecast in millionths of a USD is the one in tokens, times the price."""

    def past(rate: float) -> list[Past]:
        return [
            Past(Start(n * n, n % 3 == 0, 1_000 * n, rate * 7 * n), rate * (50 + 40 * n), (Step(1, rate * (9 + n), n),))
            for n in range(1, 40)
        ]

    first, second = known(past(1.0)), known(past(5.0))
    one, other = at_start(first, Start(77, False, 9_000, 60.0)), at_start(second, Start(77, False, 9_000, 300.0))
    assert (other.low, other.middle, other.high) == pytest.approx((5 * one.low, 5 * one.middle, 5 * one.high))
    early, later = learned_steps(past(1.0)), learned_steps(past(5.0))
    assert early is not None
    assert later is not None
    one = under_way(early, START, Step(2, 30.0, 5_000))
    other = under_way(later, START, Step(2, 150.0, 5_000))
    assert (other.low, other.high) == pytest.approx((5 * one.low, 5 * one.high))


def test_only_the_newest_are_learned_from() -> None:
    old, new = [Past(START, 10.0)] * 500, [Past(START, 1000.0)] * forecast.MOST_PAST
    told = at_start(known([*old, *new]), START)
    assert told.low == pytest.approx(1000.0)


def test_an_agent_is_told_by_its_type_as_far_as_that_is_known() -> None:
    """Five of 100 and four of 10,000: the types differ from the mean by -2.0467 * 5 / 10 and 2.5584 * 4 / 9."""
    runs = [Run("Explore", 100.0)] * 5 + [Run("Plan", 10_000.0)] * 4
    told = of_agent(runs, "Explore")
    assert told is not None
    assert (told.low, told.middle) == pytest.approx((100.0, 100.0))
    assert told.high == pytest.approx(math.exp(9.21034 - 1.13703 - 1.02336), rel=1e-4)
    other = of_agent(runs, "never seen")
    assert other is not None
    assert other.middle == pytest.approx(math.exp(4.60517 + 1.02336), rel=1e-4)


def test_steps_are_those_after_1_2_4_8_responses() -> None:
    assert [n for n in range(1, 20) if forecast.is_kept(n)] == [1, 2, 4, 8, 16]
