"""When periods begin and end, by hand; the offsets of zones are those of the tz database."""

from datetime import datetime, timezone

import pytest

from trimtab.budget.periods import Window, window, zone_of
from trimtab.budget.terms import Period, Span
from trimtab.errors import BudgetError


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=timezone.utc).timestamp()  # type: ignore[misc, arg-type]  # a date's parts


BEGAN = utc(2026, 11, 3, 9, 30)
NOW = utc(2026, 11, 29, 23, 30)  # a Sunday; 00:30 on Monday the 30th in Berlin, 15:30 on Sunday in Los Angeles


@pytest.mark.parametrize(
    ("period", "now", "expected"),
    [
        (Period(Span.ONCE), NOW, Window("", BEGAN, None)),
        (Period(Span.ROLLING, 18_000.0), NOW, Window("", utc(2026, 11, 29, 18, 30), None)),
        (Period(Span.SESSION), NOW, Window("", 0.0, None)),
        (Period(Span.RUN), NOW, Window("", 0.0, None)),
        (
            Period(Span.DAY, zone="UTC"),
            NOW,
            Window("2026-11-29", utc(2026, 11, 29), utc(2026, 11, 30)),
        ),
        (
            Period(Span.DAY, zone="Europe/Berlin"),
            NOW,
            Window("2026-11-30", utc(2026, 11, 29, 23), utc(2026, 11, 30, 23)),
        ),
        (
            Period(Span.DAY, zone="America/Los_Angeles"),
            NOW,
            Window("2026-11-29", utc(2026, 11, 29, 8), utc(2026, 11, 30, 8)),
        ),
        (  # 23 hours: 29 March 2026, clocks go from 02:00 to 03:00
            Period(Span.DAY, zone="Europe/Berlin"),
            utc(2026, 3, 29, 12),
            Window("2026-03-29", utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        ),
        (  # 25 hours: the second of the two times 02:30 is of the same day
            Period(Span.DAY, zone="Europe/Berlin"),
            utc(2026, 10, 25, 1, 30),
            Window("2026-10-25", utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        ),
        (
            Period(Span.WEEK, zone="UTC"),
            NOW,
            Window("2026-W48", utc(2026, 11, 23), utc(2026, 11, 30)),
        ),
        (
            Period(Span.WEEK, zone="Europe/Berlin"),
            NOW,
            Window("2026-W49", utc(2026, 11, 29, 23), utc(2026, 12, 6, 23)),
        ),
        (  # a week with a change of the clocks: 7 * 24 - 1 hours
            Period(Span.WEEK, zone="Europe/Berlin"),
            utc(2026, 3, 29, 12),
            Window("2026-W13", utc(2026, 3, 22, 23), utc(2026, 3, 29, 22)),
        ),
        (  # 1 January 2027 is a Friday of the 53rd week of 2026
            Period(Span.WEEK, zone="UTC"),
            utc(2027, 1, 1),
            Window("2026-W53", utc(2026, 12, 28), utc(2027, 1, 4)),
        ),
        (
            Period(Span.MONTH, zone="UTC"),
            NOW,
            Window("2026-11", utc(2026, 11, 1), utc(2026, 12, 1)),
        ),
        (
            Period(Span.MONTH, zone="Europe/Berlin"),
            utc(2026, 12, 31, 23),
            Window("2027-01", utc(2026, 12, 31, 23), utc(2027, 1, 31, 23)),
        ),
        (
            Period(Span.MONTH, zone="Europe/Berlin"),
            utc(2028, 2, 29, 22, 59),
            Window("2028-02", utc(2028, 1, 31, 23), utc(2028, 2, 29, 23)),
        ),
        (  # March has the change: begins at +1, ends at +2
            Period(Span.MONTH, zone="Europe/Berlin"),
            utc(2026, 3, 15),
            Window("2026-03", utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)),
        ),
    ],
)
def test_windows(period: Period, now: float, expected: Window) -> None:
    assert window(period, now, BEGAN) == expected


def test_the_last_and_first_second_of_a_day_are_apart() -> None:
    period = Period(Span.DAY, zone="Europe/Berlin")
    edge = utc(2026, 11, 29, 23)
    assert window(period, edge - 0.001, 0.0).key == "2026-11-29"
    assert window(period, edge, 0.0) == Window("2026-11-30", edge, utc(2026, 11, 30, 23))


@pytest.mark.parametrize("name", ["Europe/Berlim", "Europe", "../etc/passwd", "a\0b", "x" * 5000])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(BudgetError, match="is not known on this machine: write one such as Europe/Berlin"):
        zone_of(name)


@pytest.mark.parametrize("now", [1e18, -1e18, float("nan")])
def test_a_clock_beyond_every_calendar(now: float) -> None:
    with pytest.raises(BudgetError, match="no calendar"):
        window(Period(Span.DAY, zone="UTC"), now, 0.0)
