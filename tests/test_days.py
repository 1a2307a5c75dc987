"""Local days, by hand; what zones do at midnight is from the tz database (Berlin, Cairo, Sao Paulo, Havana, Apia)."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from trimtab import days


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=timezone.utc).timestamp()  # type: ignore[misc, arg-type]  # a date's parts


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("Europe/Berlin", date(2026, 3, 29), utc(2026, 3, 28, 23)),  # has 23 hours
        ("Europe/Berlin", date(2026, 3, 30), utc(2026, 3, 29, 22)),
        ("Europe/Berlin", date(2026, 10, 25), utc(2026, 10, 24, 22)),  # has 25
        ("Europe/Berlin", date(2026, 10, 26), utc(2026, 10, 25, 23)),
        ("America/Sao_Paulo", date(2018, 11, 4), utc(2018, 11, 4, 3)),  # there was no midnight: 00:00 became 01:00
        ("America/Sao_Paulo", date(2019, 2, 17), utc(2019, 2, 17, 3)),  # 23 o'clock came twice before
        ("America/Havana", date(2026, 11, 1), utc(2026, 11, 1, 4)),  # midnight comes twice: the first
        ("Pacific/Apia", date(2011, 12, 30), utc(2011, 12, 30, 10)),  # a day that was left out has no length
        ("Pacific/Apia", date(2011, 12, 31), utc(2011, 12, 30, 10)),
    ],
)
def test_a_day_begins_at_its_first_moment(zone: str, day: date, begins: float) -> None:
    assert days.midnight(day, ZoneInfo(zone)) == begins


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu"]
)
def test_days_follow_each_other_without_a_gap(zone: str) -> None:
    """Every quarter of an hour of two years is in the day that `midnight` says it is in."""
    place = ZoneInfo(zone)
    for start in (utc(2011, 12, 1), utc(2018, 10, 1), utc(2026, 3, 1)):
        for quarter in range(0, 240 * 96, 7):
            at = start + quarter * 900
            day = days.day_at(at, place)
            assert days.midnight(day, place) <= at < days.midnight(day + timedelta(days=1), place)


def test_a_week_begins_on_monday_and_a_month_on_its_first() -> None:
    sunday = date(2026, 11, 29)
    assert [days.first_day(stretch, sunday) for stretch in ("day", "week", "month")] == [
        sunday,
        date(2026, 11, 23),
        date(2026, 11, 1),
    ]


@pytest.mark.parametrize(
    ("period", "today", "last"),
    [
        ("day", date(2026, 2, 28), date(2026, 2, 28)),
        ("week", date(2026, 6, 1), date(2026, 6, 7)),
        ("week", date(2026, 6, 7), date(2026, 6, 7)),
        ("week", date(2026, 12, 31), date(2027, 1, 3)),
        ("month", date(2026, 12, 31), date(2026, 12, 31)),
        ("month", date(2028, 2, 1), date(2028, 2, 29)),
    ],
)
def test_the_last_day_of_a_period(period: str, today: date, last: date) -> None:
    assert days.last_day(period, today) == last
