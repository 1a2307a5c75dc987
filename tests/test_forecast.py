"""Forecasts: days of a zone, the plain baseline by hand, and what must hold of every forecast."""

import random
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from bench.forecast import weekday_mean
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from trimtab.monitor import forecast
from trimtab.monitor.forecast import Day, Use, days_of

UTC = timezone.utc
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)  # of a month that begins on a Monday
NOON = 12 * 3600.0


def at(day: int, hour: float = 12.0) -> float:
    return (MONDAY + timedelta(days=day, hours=hour)).timestamp()


def told(period: str, uses: list[Use], now: float, seed: int = 1) -> forecast.Forecast:
    return forecast.forecast(period, days_of(uses, now, UTC), now, UTC, random.Random(seed))


# Days


def test_days_are_local_dates_with_gaps() -> None:
    uses = [Use(at(0, 23.5), 1.0), Use(at(3, 1), 2.0), Use(at(3, 0.5), 4.0), Use(at(9), 99.0)]
    days = days_of(uses, at(4, 1), UTC)
    assert [(day.date.day, day.total) for day in days] == [(1, 1), (2, 0), (3, 0), (4, 6), (5, 0)]
    assert [days[3].until(second) for second in (0, 1800, 3599, 3600, 86_400)] == [0, 4, 4, 6, 6]
    assert [day.date.day for day in days_of(uses[:1], at(0, 23.8), BERLIN)] == [2]
    assert [day.total for day in days_of([], at(0), UTC)] == [0.0]


def test_days_when_clocks_change() -> None:
    """25 October 2026 has 25 hours in Berlin, 29 March 23: each use is in the day that its calendar says."""
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()  # midnight
    uses = [Use(begin + hour * 3600, 1.0) for hour in range(25)] + [Use(begin + 25 * 3600, 10.0)]
    days = days_of(uses, begin + 26 * 3600, BERLIN)
    assert [(day.date.isoformat(), day.total) for day in days] == [("2026-10-25", 25), ("2026-10-26", 10)]
    assert days[0].until(3 * 3600 - 1) == 4  # two o'clock comes twice
    short = datetime(2026, 3, 28, 23, tzinfo=UTC).timestamp()
    uses = [Use(short + hour * 3600, 1.0) for hour in range(24)]
    assert [day.total for day in days_of(uses, short + 24 * 3600, BERLIN)] == [23, 1]


# The baseline


def test_the_baseline_by_hand() -> None:
    """Two weeks: Mondays 10 and 20 (a quarter by noon), Tuesdays 4 and 8, else nothing.

    On the third Monday at noon: the rest of it is (10 + 20) / 2 * 3/4 = 11.25, Tuesday is 6.
    """
    history = []
    for week in range(2):
        for weekday in range(7):
            total = {0: 10.0, 1: 4.0}.get(weekday, 0.0) * (week + 1)
            day = (MONDAY + timedelta(days=7 * week + weekday)).date()
            history.append(Day(day, (NOON - 1, NOON + 1), (total / 4, total)) if total else Day(day, (), ()))
    today = date(2026, 6, 15)
    assert weekday_mean(history, today, today, NOON) == pytest.approx(11.25)
    assert weekday_mean(history, today, date(2026, 6, 21), NOON) == pytest.approx(17.25)
    assert weekday_mean(history[:1], date(2026, 6, 2), date(2026, 6, 2), 0.0) == 10.0  # no Tuesday yet
    assert weekday_mean([], today, today, NOON) == 0.0


# The forecast


def regular(days: int, weekend: float = 5.0) -> list[Use]:
    """5 each day at 10 and 15 o'clock (half each)."""
    amounts = [(day, 5.0 if day % 7 < 5 else weekend) for day in range(days)]
    return [Use(at(day, hour), amount / 2) for day, amount in amounts for hour in (10, 15)]


def test_what_is_always_the_same_goes_on() -> None:
    """21 days of 5, and 2.5 this morning: the day comes to 5, the week to 35, the month of 30 days to 150."""
    uses = [*regular(21), Use(at(21, 10), 2.5)]
    for period, whole in (("day", 5), ("week", 35), ("month", 150)):
        found = told(period, uses, at(21, 12))
        assert found.low is not None
        assert found.middle is not None
        assert found.high is not None
        assert found.middle == pytest.approx(whole, rel=0.02)
        assert found.low <= found.middle <= found.high
        assert found.so_far == {"day": 2.5, "week": 2.5, "month": 107.5}[period]


def test_days_off_stay_off() -> None:
    """On Friday evening nothing more is expected of the week by one who never works at weekends."""
    found = told("week", regular(26, weekend=0.0), at(25, 20))
    assert found.so_far == 25
    assert found.high == pytest.approx(25, abs=0.5)
    monday = told("week", regular(28, weekend=0.0), at(28, 8))
    assert monday.middle == pytest.approx(25, rel=0.1)


def test_a_day_that_is_over_is_what_it_was() -> None:
    found = told("day", regular(22), at(21, 23.9))
    assert found[2:6] == pytest.approx((5, 5, 5, 5))


@pytest.mark.parametrize(("period", "needed"), [("day", 5), ("week", 7), ("month", 14)])
def test_too_little_history_says_how_much_is_needed(period: str, needed: int) -> None:
    few = told(period, regular(needed - 1), at(needed - 1, 9))
    assert (few.low, few.middle, few.high, few.days, few.days_needed) == (None, None, None, needed - 1, needed)
    enough = told(period, regular(needed), at(needed, 9))
    assert enough.middle is not None


def test_a_forecast_in_a_line() -> None:
    def dollars(amount: float) -> str:
        return f"${amount:.2f}"

    few = told("month", regular(1), at(1, 9))
    assert forecast.sentence(few, dollars) == (
        "This month: $5.00 so far; too little to tell more from 1 complete day, 14 are needed."
    )
    week = few._replace(period="week", until=date(2026, 11, 29), so_far=12.0, low=25.0, middle=31.0, high=40.0)
    assert forecast.sentence(week, dollars) == (
        "This week: $12.00 so far, likely $31.00 by Sunday 29 November ($25.00 to $40.00 in four of five cases)."
    )
    assert "likely $31.00 by tonight" in forecast.sentence(week._replace(period="day"), dollars)


def test_day_week_and_month_in_one_go() -> None:
    made = forecast.forecasts(regular(30), at(30, 9), UTC, random.Random(1))
    assert [each.period for each in made] == ["day", "week", "month"]
    assert [each.until.isoformat() for each in made] == ["2026-07-01", "2026-07-05", "2026-07-31"]
    assert [each.so_far for each in made] == [0, 10, 0]


def test_little_history_makes_a_wide_interval() -> None:
    def uneven(days: int) -> list[Use]:
        chance = random.Random(3)
        return [Use(at(day, 15), chance.lognormvariate(1, 0.5)) for day in range(days)]

    widths = []
    for days in (7, 77):
        found = told("day", uneven(days), at(days, 9))
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert widths[0] > 1.2 * widths[1]


def test_a_growing_use_is_seen_to_grow() -> None:
    """2 % more each day for ten weeks: the baseline stays behind the truth, the forecast less."""
    amounts = [1.02**day for day in range(91)]
    uses = [Use(at(day, 15), amount) for day, amount in enumerate(amounts[:70])]
    days = days_of(uses, at(70, 0.5), UTC)
    truth = sum(amounts[70:77])
    base = weekday_mean(days[:-1], date(2026, 8, 10), date(2026, 8, 16), 1800.0)
    found = told("week", uses, at(70, 0.5))
    assert found.middle is not None
    assert base < 0.7 * truth
    assert abs(found.middle - truth) < 0.5 * abs(base - truth)


USES = st.lists(st.builds(Use, st.floats(at(0, 0), at(40, 0)), st.floats(0, 1e6)), min_size=1, max_size=60).map(
    lambda uses: [Use(at(0, 1), 1.0), *uses]
)
PERIODS = st.sampled_from(["day", "week", "month"])


@given(USES, PERIODS, st.floats(at(20, 0), at(40, 0)))
@profile(max_examples=60)
def test_what_holds_of_every_forecast(uses: list[Use], period: str, now: float) -> None:
    """In order, not under what is used already, the same with the same seed."""
    found = told(period, uses, now)
    assert found.low is not None
    assert found.middle is not None
    assert found.high is not None
    assert found.so_far <= found.low + 1e-6 * (1 + found.low)
    assert found.low <= found.middle <= found.high
    assert told(period, uses, now) == found


@given(USES, PERIODS)
@profile(max_examples=30)
def test_the_unit_does_not_matter(uses: list[Use], period: str) -> None:
    """In cents it is a hundred times as much."""
    one = told(period, uses, at(30, 11))
    cents = told(period, [Use(use.at, use.amount * 100) for use in uses], at(30, 11))
    assert one.middle is not None
    assert cents.middle == pytest.approx(100 * one.middle, rel=1e-6, abs=1e-6)


def test_most_of_an_unsteady_users_days_lie_in_the_interval() -> None:
    """A wrong quantile or a use that is counted twice: 120 forecasts of the week, meant to hold 80 %."""
    held, asked = 0, 0
    for seed in range(6):
        chance = random.Random(seed)
        uses = [Use(at(day, 8 + 12 * chance.random()), chance.lognormvariate(1, 0.7)) for day in range(91)]
        for day in range(21, 81, 3):
            found = told("week", [use for use in uses if use.at < at(day, 9)], at(day, 9))
            until = found.until + timedelta(days=1)
            end = datetime(until.year, until.month, until.day, tzinfo=UTC).timestamp()
            start = end - 7 * 86_400
            truth = sum(use.amount for use in uses if start <= use.at < end)
            assert found.low is not None
            assert found.high is not None
            held += found.low <= truth <= found.high
            asked += 1
    assert 0.65 <= held / asked <= 0.97
