"""The decision: the formula by hand, its bounds, and what makes it more careful."""

import pytest

from trimtab import policy, tiers
from trimtab.records import Content, OptimizationLevel, Prices, Tier

NOW = policy.Circumstances(Prices(1.25, 0.1, 5.0), 50_000, 1.0, OptimizationLevel.ADAPTIVE, 20.0)


def cut_of(lines: int, rate: float = 0.0005) -> tiers.Cut:
    content = Content("text", tuple(f"line {i} of a text that goes on for a while here" for i in range(lines)), ())
    return tiers.cut(tiers.plan(content, 12 * lines), [rate] * lines)


def test_the_formula_by_hand() -> None:
    """price_now = 1.25 + 0.1 * 20 = 3.25; a miss = 0.1 * 50,000 + 5 * 120 + 700 * 3.25 = 7,875."""
    assert policy.RECOVERED_TOKENS == 700
    assert policy.cost(1000, 0.0, NOW) == pytest.approx(3250)
    assert policy.cost(1000, 0.5, NOW) == pytest.approx(3250 + 0.5 * 7875)


def test_a_load_too_small_to_save_the_least_is_left_alone() -> None:
    assert policy.choose(cut_of(14), 1, NOW).tier is Tier.COMPLETE


def test_a_large_load_that_nothing_points_at_is_shown_as_its_outline() -> None:
    choice = policy.choose(cut_of(2000), 1, NOW)
    assert choice.tier is Tier.ESSENTIAL
    assert choice.view is not None


def test_a_load_that_is_needed_everywhere_is_shown_whole() -> None:
    choice = policy.choose(cut_of(400, rate=0.5), 1, NOW)
    assert (choice.tier, choice.view) == (Tier.COMPLETE, None)


def test_levels_are_ever_more_careful() -> None:
    order = list(Tier)
    for rate in (0.0001, 0.001, 0.003, 0.01):
        chosen = [
            order.index(policy.choose(cut_of(600, rate), 1, NOW._replace(level=level)).tier)
            for level in (OptimizationLevel.AGGRESSIVE, OptimizationLevel.ADAPTIVE, OptimizationLevel.STANDARD)
        ]
        assert chosen == sorted(chosen)


def test_a_longer_session_makes_a_token_dearer() -> None:
    assert policy.cost(1000, 0, NOW._replace(requests_to_come=40.0)) > policy.cost(1000, 0, NOW)


def test_the_requests_to_come_are_those_that_sessions_as_long_had_left() -> None:
    """Of 10, 20, 30, 40 and 60 requests, three are over 25: 5, 15 and 35 were left."""
    assert policy.requests_to_come(25, [10, 20, 30, 40, 60]) == pytest.approx(55 / 3)


def test_without_a_history_a_guess_grows_with_the_session() -> None:
    guesses = [policy.requests_to_come(n) for n in (0, 10, 40, 160)]
    assert guesses == sorted(guesses)
    assert guesses[0] >= 5


def test_the_least_saving_is_a_setting() -> None:
    assert policy.choose(cut_of(60), 1, NOW).view is not None
    assert policy.choose(cut_of(60), 1, NOW._replace(least_saved_tokens=5000)).view is None
