"""Local days as seconds since the epoch: when one begins, and which one a time is in.

A day begins at local midnight, so one of a change to summer time has 23 or 25 hours; where clocks are put forward at
midnight it begins at that moment, where midnight comes twice at the first. A zone of None is the machine's.
"""

from datetime import date, datetime, timedelta, tzinfo


def midnight(day: date, zone: tzinfo | None) -> float:
    """When the day begins, in seconds since the epoch. ValueError, OverflowError or OSError where no clock shows it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def day_at(at: float, zone: tzinfo | None) -> date:
    """The day that a time is in. Raises as `midnight` does."""
    return datetime.fromtimestamp(at, zone).date()


def first_day(stretch: str, day: date) -> date:
    """The first day of the "day", "week" (Monday to Sunday) or "month" that `day` is in."""
    if stretch == "day":
        return day
    return day - timedelta(days=day.weekday()) if stretch == "week" else day.replace(day=1)


def last_day(stretch: str, day: date) -> date:
    """The last day of it. OverflowError or ValueError at the end of the calendar."""
    if stretch == "day":
        return day
    if stretch == "week":
        return day + timedelta(days=6 - day.weekday())
    return date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)
