"""Words for a time: "today", "week", "36h", "2026-11-01"; read against a clock and a time zone that are given.

Days begin at local midnight, so a day of a change to summer time has 23 or 25 hours. A zone of None is the machine's.
"""

import re
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from trimtab.errors import TrimtabError

SPAN = re.compile(r"(\d{1,5})(h|d|w)")
WORDS = {"today": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}  # days up to now, today's among them
EXAMPLES = "today, yesterday, week, month, 36h, 14d, 6w, or a day such as 2026-11-01"


class Period(NamedTuple):
    """From `since` on and before `until`, in seconds since the epoch; None where it is open. `name` is for people."""

    since: float | None
    until: float | None
    name: str


ALWAYS = Period(None, None, "all time")


class PeriodError(TrimtabError):
    """A word that is no time."""


def period(word: str, now: float, zone: tzinfo | None = None) -> Period:
    """The period that a word names, up to now where it does not end before. Raises PeriodError."""
    text = word.strip().lower()
    today = datetime.fromtimestamp(now, zone).date()
    if text in ("all", "always", "ever"):
        return ALWAYS
    if text == "yesterday":
        return Period(midnight(today - timedelta(1), zone), midnight(today, zone), text)
    if text in WORDS:
        days = WORDS[text]
        return Period(midnight(today - timedelta(days - 1), zone), None, "today" if days == 1 else f"last {days} days")
    span = SPAN.fullmatch(text)
    if span is not None and int(span[1]):
        count = int(span[1])
        if span[2] == "h":
            return Period(now - count * 3600, None, f"last {count} hours" if count > 1 else "last hour")
        days = count * (7 if span[2] == "w" else 1)  # with five digits still after the year 1
        return Period(midnight(today - timedelta(days - 1), zone), None, f"last {days} days" if days > 1 else "today")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"{word!r} is no time: write {EXAMPLES}") from None
    return Period(midnight(day, zone), midnight(day + timedelta(1), zone), day.isoformat())


def between(since: str | None, until: str | None, now: float, zone: tzinfo | None = None) -> Period:
    """From where `since` begins to where `until` ends, a day named as the end included. Raises PeriodError."""
    begins = period(since, now, zone) if since else ALWAYS
    ends = period(until, now, zone) if until else ALWAYS
    end = ends.until
    if begins.since is not None and end is not None and end <= begins.since:
        raise PeriodError(f"--until {until} is before --since {since}")
    if since and not until and begins.until is None:
        return begins
    names = [*([f"since {since}"] if since else []), *([f"until {until}"] if until else [])]
    return Period(begins.since, end, " ".join(names) or ALWAYS.name)


def midnight(day: date, zone: tzinfo | None) -> float:
    """When the day begins, in seconds since the epoch."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def local_day(at: float, zone: tzinfo | None) -> str:
    """The day of a time, as 2026-11-24."""
    return datetime.fromtimestamp(at, zone).date().isoformat()
