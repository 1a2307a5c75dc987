"""The guard's arithmetic: chances by hand and by reference, its states, and what it does on simulated users."""

import math
import random

import pytest

from trimtab.monitor import guard
from trimtab.monitor.guard import Change
from trimtab.records import Load, Recovery, Tier

NOW = 1_800_000_000.0
DAY = 86_400.0


def view(number: int, at: float, session: str = "", saved: int = 2_000, **fields: object) -> Load:
    base = Load(
        session or f"s{number % 5}", "", f"t{number}", at, "Read", "/p/a.py", "python", Tier.STANDARD, "", 3_000,
        3_000 - saved, True, (), True,
    )  # fmt: skip
    return base._replace(**fields)  # type: ignore[arg-type]


def fetch(number: int, load: int, at: float) -> Recovery:
    return Recovery(f"t{load}", f"r{number}", at, "Read", 10, 500)


def rows_of(
    views: int, fetched: int, changes: list[Change] | None = None, at: float = NOW - DAY, rate: float = 0.5
) -> tuple[guard.GuardRow, ...]:
    """`views` views of 2,000 saved tokens in five sessions; the first `fetched` of them were fetched once each."""
    loads = [view(i, at + i) for i in range(views)]
    recoveries = [fetch(i, i, at + 1_000 + i) for i in range(fetched)]
    return guard.rows(loads, recoveries, changes or [], lambda tool: rate, NOW)


# Chances


@pytest.mark.parametrize(
    ("shape", "x", "chance"),
    [
        (1.0, 0.1, 1 - math.exp(-0.1)),
        (1.0, 5.0, 1 - math.exp(-5.0)),
        (3.0, 2.0, 1 - math.exp(-2.0) * (1 + 2 + 2)),
        (3.0, 9.0, 1 - math.exp(-9.0) * (1 + 9 + 40.5)),
        (0.5, 0.25, math.erf(0.5)),
        (0.5, 4.0, math.erf(2.0)),
        (2.0, 0.0, 0.0),
        (50.0, 1_000.0, 1.0),
        (1_000.0, 50.0, 0.0),
    ],
)
def test_the_incomplete_gamma_function(shape: float, x: float, chance: float) -> None:
    """Against its closed forms: whole shapes are Poisson sums, a half is the error function."""
    assert guard.gamma_below(shape, x) == pytest.approx(chance, abs=1e-10)


def test_a_chance_by_hand() -> None:
    """Break-even 0.5, 20 thousand tokens, 3 recoveries: shape 4, x = 0.5 · (20 + 4) = 12;
    1 - e^-12 (1 + 12 + 72 + 288) = 0.99771.
    """
    assert guard.chance_below(0.5, 3, 20) == pytest.approx(1 - math.exp(-12) * 373)
    assert guard.chance_below(0.5, 0, 0) == pytest.approx(1 - math.exp(-2))
    assert guard.chance_below(0.0, 0, 10) == 0.0


def test_the_break_even_by_hand() -> None:
    assert guard.break_even(3.25, 7_875.0) == pytest.approx(0.4127, abs=1e-4)


def test_dispersion_by_hand() -> None:
    """Three sessions of 10 thousand tokens with 0, 0 and 6 recoveries: 2 each expected, (4 + 4 + 16) / 2 / 2 = 6."""
    assert guard.dispersion([(10.0, 0), (10.0, 0), (10.0, 6)]) == pytest.approx(6.0)
    assert guard.dispersion([(10.0, 2), (10.0, 2), (10.0, 2)]) == 1.0
    assert guard.dispersion([(10.0, 6)]) == guard.dispersion([]) == guard.dispersion([(10.0, 0), (5.0, 0)]) == 1.0


# States


def test_a_row_by_hand() -> None:
    """30 views of 2,000: 60 thousand tokens, 6 recoveries, 0.1 a thousand; 30 would be the break-even."""
    (row,) = rows_of(30, 6)
    assert (row.tool, row.kind, row.views, row.sessions) == ("Read", "python", 30, 5)
    assert (row.folded_tokens, row.recoveries, row.break_even) == (60_000, 6, 0.5)
    assert row.rate == pytest.approx(0.1)
    assert row.chance > 0.999
    assert (row.state, row.is_change) == (guard.FOLDED, False)


def test_a_kind_that_is_fetched_too_often_is_shown_whole() -> None:
    (row,) = rows_of(30, 30)  # one each: 0.5 a thousand, the break-even itself
    assert (row.state, row.is_change) == (guard.PAUSED, True)
    assert guard.paused([row]) == {("Read", "python")}


def test_a_few_recoveries_with_little_data_switch_nothing_off() -> None:
    for views in (1, 5, 19):
        (row,) = rows_of(views, views)
        assert (row.state, row.is_change) == (guard.LITTLE, False)
    assert guard.paused(rows_of(5, 5)) == frozenset()


def test_views_that_save_little_need_more_of_them() -> None:
    """20 views, but the break-even would have brought only 4 recoveries: chance says too much."""
    (row,) = rows_of(20, 15, rate=0.1)
    assert row.state == guard.LITTLE


def test_one_bad_session_switches_nothing_off() -> None:
    loads = [view(i, NOW - DAY + i, session="s1" if i < 30 else "s2") for i in range(40)]
    recoveries = [fetch(i, i, NOW - 1_000 + i) for i in range(30)]
    (row,) = guard.rows(loads, recoveries, [], lambda tool: 0.5, NOW)
    assert (row.sessions, row.state) == (2, guard.LITTLE)


def test_what_one_session_did_again_and_again_counts_less() -> None:
    """60 recoveries are what the break-even allows; all of one session of five, they tell of that session."""
    loads = [view(i, NOW - DAY + i) for i in range(60)]
    even = [fetch(i, i, NOW - 1_000 + i) for i in range(60)]
    lumped = [fetch(i, 5 * (i % 12), NOW - 1_000 + i) for i in range(60)]
    first = guard.rows(loads, even, [], lambda tool: 0.5, NOW)[0]
    second = guard.rows(loads, lumped, [], lambda tool: 0.5, NOW)[0]
    assert first.recoveries == second.recoveries == 60
    assert first.state == guard.PAUSED
    assert second.state == guard.LITTLE


def test_a_paused_kind_is_judged_by_what_is_tried_since() -> None:
    """Its old recoveries don't count any more: 8 views of 2,000 without any, where 8 would be the break-even."""
    paused = [Change(NOW - 2 * DAY, "Read", "python", True)]
    loads = [view(i, NOW - 3 * DAY + i) for i in range(30)]
    old = [fetch(i, i, NOW - 2.5 * DAY + i) for i in range(30)]
    tried = [view(100 + i, NOW - DAY + i) for i in range(8)]
    (row,) = guard.rows([*loads, *tried], old, paused, lambda tool: 0.5, NOW)
    assert (row.views, row.recoveries, row.state, row.is_change) == (8, 0, guard.FOLDED, True)
    (row,) = guard.rows([*loads, *tried[:7]], old, paused, lambda tool: 0.5, NOW)
    assert (row.views, row.state, row.is_change) == (7, guard.PAUSED, False)
    again = [fetch(200 + i, 100 + i, NOW - 100 + i) for i in range(8)]
    (row,) = guard.rows([*loads, *tried], [*old, *again], paused, lambda tool: 0.5, NOW)
    assert (row.recoveries, row.state) == (8, guard.PAUSED)


def test_a_paused_kind_is_listed_even_when_nothing_was_tried() -> None:
    (row,) = guard.rows([], [], [Change(NOW - 90 * DAY, "Bash", "pytest", True)], lambda tool: 0.5, NOW)
    assert (row.tool, row.kind, row.views, row.state, row.is_change) == ("Bash", "pytest", 0, guard.PAUSED, False)


def test_a_kind_that_came_back_begins_with_new_evidence() -> None:
    changes = [Change(NOW - 9 * DAY, "Read", "python", True), Change(NOW - DAY / 2, "Read", "python", False)]
    (row,) = rows_of(30, 30, changes)  # all of it a day ago
    assert (row.views, row.state, row.is_change) == (0, guard.LITTLE, False)


def test_what_is_older_than_four_weeks_does_not_count() -> None:
    (row,) = rows_of(30, 30, at=NOW - 29 * DAY)
    assert (row.views, row.state) == (0, guard.LITTLE)


def test_only_views_that_the_model_saw_count() -> None:
    at = NOW - DAY
    loads = [
        view(0, at), view(1, at, honoured=None), view(2, at, honoured=False), view(3, at, tier=Tier.COMPLETE),
        view(4, NOW + DAY),  # the clock went back since
    ]  # fmt: skip
    (row,) = guard.rows(loads, [fetch(0, 2, at)], [], lambda tool: 0.5, NOW)
    assert (row.views, row.recoveries) == (1, 0)


def test_kinds_of_each_tool_are_apart_and_the_most_folded_comes_first() -> None:
    at = NOW - DAY
    loads = [view(0, at), view(1, at, tool="Bash"), view(2, at, kind="go", raw_tokens=9_000)]
    found = guard.rows(loads, [], [], lambda tool: 1.0 if tool == "Bash" else 0.5, NOW)
    assert [(row.tool, row.kind, row.break_even) for row in found] == [
        ("Read", "go", 0.5), ("Bash", "python", 1.0), ("Read", "python", 0.5),
    ]  # fmt: skip


def test_one_load_in_twenty_is_tried() -> None:
    """10,000 ids: 500, within four standard errors (22 each); and always the same ones."""
    tried = [guard.is_trial(f"toolu_{i}") for i in range(10_000)]
    assert abs(sum(tried) - 500) < 90
    assert tried == [guard.is_trial(f"toolu_{i}") for i in range(10_000)]


# Simulated users


def months(rate_of: float, rng: random.Random, days: int = 84) -> list[bool]:
    """Day by day whether a kind is paused: 6 views a day in 2 sessions, fetched at `rate_of` times the break-even."""
    loads: list[Load] = []
    recoveries: list[Recovery] = []
    changes: list[Change] = []
    is_paused = False
    states = []
    for day in range(days):
        at = NOW + day * DAY
        for i in range(6):
            number = day * 6 + i
            if is_paused and not guard.is_trial(f"t{number}"):
                continue
            loads.append(view(number, at + i, session=f"{day}-{i % 2}"))
            if rng.random() < 0.5 * 2.0 * rate_of:
                recoveries.append(fetch(number, number, at + 100 + i))
        for row in guard.rows(loads, recoveries, changes, lambda tool: 0.5, at + DAY / 2):
            if row.is_change:
                is_paused = row.state == guard.PAUSED
                changes.append(Change(at + DAY / 2, row.tool, row.kind, is_paused))
        states.append(is_paused)
    return states


def test_a_kind_well_under_its_break_even_is_hardly_ever_paused() -> None:
    rng = random.Random(1)
    assert sum(any(months(0.4, rng)) for _ in range(40)) <= 2


def test_a_kind_over_its_break_even_is_soon_paused_and_stays_so() -> None:
    rng = random.Random(2)
    runs = [months(1.0, rng) for _ in range(40)]
    assert sum(run[20] for run in runs) >= 36  # after three weeks
    assert sum(map(sum, runs)) >= 0.8 * 40 * (84 - 10)


def test_a_kind_that_becomes_good_comes_back() -> None:
    """Paused, and no recovery any more: eight tries take some 27 days at one load in twenty of six a day."""
    paused = [Change(NOW, "Read", "python", True)]
    loads = [view(n, NOW + n * DAY / 6, session=f"{n // 3}") for n in range(6 * 90) if guard.is_trial(f"t{n}")]
    assert len(loads) >= 12
    (row,) = guard.rows(loads, [], paused, lambda tool: 0.5, NOW + 90 * DAY)
    assert (row.state, row.is_change) == (guard.FOLDED, True)
