"""The decision: the formula by hand, its bounds, and what makes it more careful."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import policy, tiers
from trimtab.records import Block, Content, Fold, OptimizationLevel, Prices, Tier
from trimtab.relevance import Mention, Need

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


def test_the_default_counts_a_miss_for_nine_tenths_of_its_price() -> None:
    """A bolder level for less, a more careful one for more than the price: 7,875, as above."""
    assert policy.miss_tokens(Need([]), NOW) == pytest.approx(0.9 * 7875 / 3.25)
    bold, default, *careful = (policy.CAUTION[level] for level in LEVELS)
    assert 0 < bold < default < 1 < min(careful)


@pytest.mark.parametrize(
    ("prompt_tokens", "to_come"),
    [
        (0, 40.0),
        (50_000, 40.0),  # there is room for more than are guessed
        (150_000, 15_000 / policy.STEP_TOKENS),
        (164_000, 5.0),  # never fewer
        (165_000, 40.0),  # a window that was not compacted there is larger
        (400_000, 40.0),
    ],
)
def test_no_more_requests_come_than_there_is_room_for_before_a_compaction(prompt_tokens: int, to_come: float) -> None:
    """The client compacts a window of 200,000 at 165,000; each request adds STEP_TOKENS."""
    assert policy.FULL_TOKENS == 165_000
    assert 1_000 <= policy.STEP_TOKENS <= 2_000
    assert policy.requests_to_come(10, (), prompt_tokens) == pytest.approx(to_come)


def test_sessions_as_long_had_no_more_left_than_there_is_room_for() -> None:
    lengths = [10, 20, 30, 40, 60]  # 55 / 3 left after 25, as above
    assert policy.requests_to_come(25, lengths, 50_000) == pytest.approx(55 / 3)
    assert policy.requests_to_come(25, lengths, 155_000) == pytest.approx(10_000 / policy.STEP_TOKENS)


@pytest.mark.parametrize(("name", "is_file"), [("UNTRACED", True), ("UNTRACED_OUTPUT", False)])
def test_a_view_has_to_save_what_an_agent_comes_back_for_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, name: str, is_file: bool
) -> None:
    """Of a file, and of an output, by its own figure: one that no view could save leaves the other's loads alone."""
    whole, need = load_of(2000)
    monkeypatch.setattr(policy, name, 1000.0)
    choices = {numbered: policy.choose(whole, need, 1, NOW, numbered) for numbered in (True, False)}
    assert choices[is_file].view is None
    assert choices[is_file].reason == "no view is cheaper than the whole"
    assert choices[not is_file].view is not None


def test_a_files_view_is_more_than_a_fold() -> None:
    """Where no line is worth showing; an output may be one fold."""
    whole, need = load_of(2000)
    of_file, of_output = (policy.choose(whole, need, 1, NOW, is_numbered).view for is_numbered in (True, False))
    assert of_file is not None
    assert of_output is not None
    assert sum(fold.last - fold.first + 1 for fold in of_file.folds) < 2000
    assert [(fold.first, fold.last) for fold in of_output.folds] == [(1, 2000)]


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


def test_a_tight_budget_raises_the_price_of_every_token_that_stays() -> None:
    """Twice 3.25 for what is shown and for the 700 that a miss brings in; 5,000 + 600 of a miss are paid once."""
    tight = NOW._replace(pressure=2.0)
    assert policy.cost(1000, 0.0, tight) == pytest.approx(6500)
    assert policy.miss(tight) == pytest.approx(5600 + 700 * 6.5)
    assert policy.miss_tokens(Need([]), tight) == pytest.approx(0.9 * 10_150 / 6.5)


def test_however_tight_a_budget_a_miss_counts_for_the_tokens_that_it_brings_in() -> None:
    at_stake = [policy.miss_tokens(Need([]), NOW._replace(pressure=p)) for p in (1.0, 2.0, 8.0, 1e9)]
    assert at_stake == sorted(at_stake, reverse=True)
    assert at_stake[-1] == pytest.approx(0.9 * 700)


def test_pressure_folds_what_is_shown_without_it() -> None:
    """600 lines, each of 14 tokens: hiding one costs 0.0068 * 2,181 = 14.8 tokens at 1.0, and 7.8 at 3.0."""
    calm, tight = (choose(600, 0.0068, NOW._replace(pressure=p)) for p in (1.0, 3.0))
    assert calm.view is None
    assert tight.view is not None


def lines_of(draw: st.DrawFn) -> tuple[tuple[str, ...], list[float]]:
    """Lines of many lengths, some blank, in stretches that are needed alike."""
    lines: list[str] = []
    rates: list[float] = []
    for _ in range(draw(st.integers(1, 12))):
        size, rate = draw(st.integers(1, 80)), draw(st.sampled_from((0.0, 0.0001, 0.001, 0.004, 0.02, 0.3)))
        width = draw(st.integers(0, 160))
        lines += [f"def name_{len(lines) + i}():" if i == 0 and width > 20 else "x" * width for i in range(size)]
        rates += [rate] * size
    return tuple(lines), rates


@st.composite
def random_loads(draw: st.DrawFn) -> tuple[tiers.Plan, Need]:
    lines, rates = lines_of(draw)
    keep = frozenset(draw(st.lists(st.integers(1, len(lines)), max_size=4)))
    starts = sorted(set(draw(st.lists(st.integers(1, len(lines)), max_size=6))))
    ends = [*(start - 1 for start in starts[1:]), len(lines)]
    blocks = [Block("function", f"f{a}", a, a, b) for a, b in zip(starts, ends, strict=False)]
    numbers = draw(st.lists(st.integers(0, len(lines) - 1), max_size=60))
    words = [Mention(f"word{row}_{at}", f"word{row}_{at}", row) for at, row in enumerate(numbers)]
    content = Content("text", lines, tuple(blocks), keep=keep)
    return tiers.plan(content, max(1, sum(map(len, lines)) // 3)), Need(rates, words, 0.14)


@given(
    load=random_loads(),
    pressure=st.floats(1.0, 20.0),
    level=st.sampled_from(LEVELS),
    prompt_tokens=st.integers(2_000, 200_000),
    to_come=st.floats(5, 60),
    is_numbered=st.booleans(),
    room=st.sampled_from((None, 300, 2_000)),
)
def test_pressure_makes_no_view_larger(
    load: tuple[tiers.Plan, Need],
    pressure: float,
    level: OptimizationLevel,
    prompt_tokens: int,
    to_come: float,
    is_numbered: bool,
    room: int | None,
) -> None:
    now = NOW._replace(level=level, prompt_tokens=prompt_tokens, requests_to_come=to_come)
    calm, tight = (policy.choose(*load, 1, now._replace(pressure=p), is_numbered, room).view for p in (1.0, pressure))
    if calm is not None:
        assert tight is not None
        assert tight.tokens <= calm.tokens


def test_a_tier_that_pressure_would_fill_up_is_left_for_the_lines_chosen_without_it() -> None:
    """`minimal` goes down to 70 % of a load. Without pressure 270 lines of 600 are worth it, 45 %; with it 210 are.

    Hiding one of the 60 costs 0.0004 * 22 * 7,875 / 3.25 = 21.3 tokens of its 14, at three times the price 11.2.
    """
    content = Content("text", tuple(f"line {i} of a text that goes on for a while here" for i in range(600)), ())
    load = tiers.plan(content, 12 * 600), Need([0.01] * 210 + [0.0004] * 60 + [0.0] * 330)
    careful = NOW._replace(level=OptimizationLevel.MINIMAL)
    calm, tight = (policy.choose(*load, 1, careful._replace(pressure=p)) for p in (1.0, 3.0))
    assert calm.view is not None
    assert calm.view.folds == (Fold(271, 600, ()),)
    assert tight == calm
