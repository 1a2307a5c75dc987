"""The decision: the formula by hand, its bounds, and what makes it more careful."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import policy, tiers
from trimtab.records import Content, OptimizationLevel, Prices, Tier
from trimtab.relevance import Need

NOW = policy.Circumstances(Prices(1.25, 0.1, 5.0), 50_000, 1.0, OptimizationLevel.ADAPTIVE, 20.0)

LEVELS = (  # from the boldest
    OptimizationLevel.AGGRESSIVE,
    OptimizationLevel.ADAPTIVE,
    OptimizationLevel.STANDARD,
    OptimizationLevel.MINIMAL,
)


def load_of(lines: int, rate: float = 0.00002) -> tuple[tiers.Plan, Need]:
    """A load whose lines are all needed at the same rate."""
    content = Content("text", tuple(f"line {i} of a text that goes on for a while here" for i in range(lines)), ())
    return tiers.plan(content, 12 * lines), Need([rate] * lines)


def choose(lines: int, rate: float = 0.00002, now: policy.Circumstances = NOW) -> policy.Choice:
    return policy.choose(*load_of(lines, rate), 1, now)


def test_the_formula_by_hand() -> None:
    """price_now = 1.25 + 0.1 * 20 = 3.25; a miss = 0.1 * 50,000 + 5 * 120 + 700 * 3.25 = 7,875."""
    assert policy.RECOVERED_TOKENS == 700
    assert policy.cost(1000, 0.0, NOW) == pytest.approx(3250)
    assert policy.cost(1000, 0.5, NOW) == pytest.approx(3250 + 0.5 * 7875)


def test_a_load_too_small_to_save_the_least_is_left_alone() -> None:
    assert choose(14).tier is Tier.COMPLETE


def test_a_large_load_that_nothing_points_at_is_shown_as_its_outline() -> None:
    choice = choose(2000)
    assert choice.tier is Tier.ESSENTIAL
    assert choice.view is not None


def test_a_load_that_is_needed_everywhere_is_shown_whole() -> None:
    choice = choose(400, rate=0.5, now=NOW._replace(level=OptimizationLevel.STANDARD))
    assert (choice.tier, choice.view) == (Tier.COMPLETE, None)


def test_levels_are_ever_more_careful() -> None:
    order = list(Tier)
    for rate in (0.000001, 0.00001, 0.0001, 0.001):
        chosen = [order.index(choose(600, rate, NOW._replace(level=level)).tier) for level in LEVELS]
        assert chosen == sorted(chosen)


def test_a_longer_session_makes_a_token_dearer() -> None:
    assert policy.cost(1000, 0, NOW._replace(requests_to_come=40.0)) > policy.cost(1000, 0, NOW)


def test_the_requests_to_come_are_those_that_sessions_as_long_had_left() -> None:
    """Of 10, 20, 30, 40 and 60 requests, three are over 25: 5, 15 and 35 were left."""
    assert policy.requests_to_come(25, [10, 20, 30, 40, 60]) == pytest.approx(55 / 3)


def test_without_a_history_forty_are_to_come_wherever_the_session_is() -> None:
    assert [policy.requests_to_come(n) for n in (0, 10, 160)] == [40.0, 40.0, 40.0]


def test_the_least_saving_is_a_setting() -> None:
    assert choose(300).view is not None
    assert choose(300, now=NOW._replace(least_saved_tokens=5000)).view is None


def test_a_miss_is_taken_for_more_the_more_careful_the_level_is() -> None:
    """The 7,875 of the formula's test are 2,423 tokens at 3.25; a level counts them several times."""
    at_stake = [policy.miss_tokens(Need([]), NOW._replace(level=level)) for level in LEVELS]
    assert at_stake == pytest.approx([7875 / 3.25 * policy.CAUTION[level] for level in LEVELS])
    assert at_stake == sorted(at_stake)


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
def test_a_view_saves_the_least_and_costs_less_than_the_whole(
    lines: int, rate: float, level: OptimizationLevel, to_come: float, least: int, share: float
) -> None:
    now = NOW._replace(level=level, requests_to_come=to_come, least_saved_tokens=least, least_saved_share=share)
    choice = choose(lines, rate, now)
    assert choice == choose(lines, rate, now)
    if choice.view is not None:
        raw = load_of(lines, rate)[0].sums[-1]
        assert raw - choice.view.tokens >= max(least, share * raw)
        assert policy.cost(choice.view.tokens, policy.UNTRACED, now) < policy.cost(raw, 0, now)
        assert choice.view.tier is choice.tier


def test_a_miss_counts_as_often_as_the_user_and_the_task_say() -> None:
    once = policy.miss_tokens(Need([]), NOW)
    assert policy.miss_tokens(Need([], care=6.0), NOW) == pytest.approx(6 * once)
    assert policy.miss_tokens(Need([]), NOW._replace(objectives=policy.Objectives(recall=2.0))) == pytest.approx(
        2 * once
    )
    assert policy.miss_tokens(Need([]), NOW._replace(objectives=policy.Objectives(cost=2.0))) == pytest.approx(once / 2)


def test_a_second_of_waiting_costs_what_the_user_says() -> None:
    """A turn of 8 seconds at 1,000 tokens each, to the 7,875 of the formula's test."""
    assert policy.miss(NOW._replace(objectives=policy.Objectives(delay=1000.0))) == pytest.approx(7875 + 8000)


@pytest.mark.parametrize("objectives", [policy.Objectives(cost=0.0), policy.Objectives(recall=1000.0)])
def test_who_counts_only_recall_sees_everything(objectives: policy.Objectives) -> None:
    assert choose(600, 0.01, NOW._replace(objectives=objectives)).view is None


def test_an_output_that_the_client_cuts_gets_no_more_tokens() -> None:
    whole, need = load_of(5000)
    choice = policy.choose(whole, need, 1, NOW, is_numbered=False, client_tokens=700)
    assert choice.view is not None
    assert choice.view.tokens <= 700


def test_longer_than_any_session_before_it_is_guessed_again() -> None:
    assert policy.requests_to_come(120, [10, 20, 30, 40, 60]) == policy.FIRST_GUESS


def test_four_sessions_are_no_history() -> None:
    assert policy.requests_to_come(0, [100, 100, 100, 100]) == policy.FIRST_GUESS


def test_a_session_about_to_end_has_five_requests_left() -> None:
    assert policy.requests_to_come(9, [10, 10, 10, 10, 10]) == 5.0
