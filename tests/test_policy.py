"""The decision: the formula by hand, its bounds, and what makes it more careful."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import policy, tiers
from trimtab.records import Content, OptimizationLevel, Prices, Tier

NOW = policy.Circumstances(Prices(1.25, 0.1, 5.0), 50_000, 1.0, OptimizationLevel.ADAPTIVE, 20.0)

LEVELS = (  # from the boldest
    OptimizationLevel.AGGRESSIVE,
    OptimizationLevel.ADAPTIVE,
    OptimizationLevel.STANDARD,
    OptimizationLevel.MINIMAL,
)


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
        chosen = [order.index(policy.choose(cut_of(600, rate), 1, NOW._replace(level=level)).tier) for level in LEVELS]
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


def test_a_miss_costs_more_the_more_careful_the_level_is() -> None:
    """Half, one, two and four times the 7,875 of the formula's test."""
    costs = [policy.cost(0, 1.0, NOW._replace(level=level)) for level in LEVELS]
    assert costs == pytest.approx([3937.5, 7875, 15750, 31500])


def test_a_model_with_more_tokens_pays_for_more() -> None:
    """1.5 tokens for one of o200k: 1,000 * 1.5 * 3.25, and a miss 5,000 + 600 + 700 * 1.5 * 3.25 = 9,012.5."""
    assert policy.cost(1000, 1.0, NOW._replace(factor=1.5)) == pytest.approx(4875 + 9012.5)


@given(
    lines=st.integers(1, 900),
    rate=st.floats(0, 0.2),
    level=st.sampled_from(LEVELS),
    to_come=st.floats(5, 300),
    least=st.sampled_from([0, 150, 2000]),
    share=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_a_view_saves_the_least_and_is_the_cheapest_allowed(
    lines: int, rate: float, level: OptimizationLevel, to_come: float, least: int, share: float
) -> None:
    now = NOW._replace(level=level, requests_to_come=to_come, least_saved_tokens=least, least_saved_share=share)
    cut = cut_of(lines, rate)
    choice = policy.choose(cut, 1, now)
    assert choice == policy.choose(cut, 1, now)
    raw = cut.plan.sums[-1]
    allowed = [tiers.shape(cut, tier) for tier in list(Tier)[list(Tier).index(policy.LOWEST[level]) : 3]]
    saving = [s for s in allowed if raw - s.tokens >= max(least, share * raw) and any(s.shown)]
    costs = {s.tier: policy.cost(s.tokens, s.misses, now) for s in saving}
    costs[Tier.COMPLETE] = policy.cost(raw, 0, now)
    assert costs[choice.tier] == min(costs.values())
    if choice.view is not None:
        assert raw - choice.view.tokens >= max(least, share * raw)
        assert choice.view.tier is choice.tier


def test_longer_than_any_session_before_it_is_guessed_again() -> None:
    """The square root of 30 * 120 is 60."""
    assert policy.requests_to_come(120, [10, 20, 30, 40, 60]) == pytest.approx(60)


def test_four_sessions_are_no_history() -> None:
    """At the start the guess is the square root of 30 * 10."""
    assert policy.requests_to_come(0, [100, 100, 100, 100]) == pytest.approx(300**0.5)


def test_a_session_about_to_end_has_five_requests_left() -> None:
    assert policy.requests_to_come(9, [10, 10, 10, 10, 10]) == 5.0
