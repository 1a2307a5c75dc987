"""Words for a time: "today", "week", "36h", "2026-11-01"; read against a clock and a time zone that are given.

Days begin at local midnight, so a day of a change to summer time has 23 or 25 hours. A zone of None is the machine's.
"""

import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from trimtab.days import day_at, midnight
from trimtab.errors import TrimtabError

SPAN = re.compile(r"(\d{1,5})(h|d|w)")
WORDS = {"today": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}  # days up to now, today's among them
EXAMPLES = "today, yesterday, week, month, 36h, 14d, 6w, or a day such as 2026-11-01"
ENDS = "likewise; a day is included, a span such as 14d ends where it begins, 14 days ago"


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
    today = day_at(now, zone)
    if text in ("all", "always", "ever"):
        return ALWAYS
    try:
        return named(text, now, today, zone)
    except (ValueError, OverflowError, OSError):  # no day, or one that no clock can show
        raise PeriodError(f"{word!r} is no time: write {EXAMPLES}") from None


def named(text: str, now: float, today: date, zone: tzinfo | None) -> Period:
    """The period of a word in small letters. Raises ValueError, OverflowError or OSError for what is none."""
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
    day = date.fromisoformat(text)
    return Period(midnight(day, zone), midnight(day + timedelta(1), zone), day.isoformat())


def between(since: str | None, until: str | None, now: float, zone: tzinfo | None = None) -> Period:
    """From where `since` begins to where `until` ends, a day named as the end included. Raises PeriodError.

    A span that goes on until now, such as a week, ends as an end where it begins; today ends now.
    """
    begins = period(since, now, zone) if since else ALWAYS
    ends = period(until, now, zone) if until else ALWAYS
    is_span = until is not None and ends.until is None and until.strip().lower() != "today"
    end = ends.since if is_span else ends.until
    if begins.since is not None and end is not None and end <= begins.since:
        raise PeriodError(f"--until {until} is not after --since {since}")
    if since and not until and begins.until is None:
        return begins
    names = [*([f"since {since}"] if since else []), *([f"until {until}{' ago' if is_span else ''}"] if until else [])]
    return Period(begins.since, end, " ".join(names) or ALWAYS.name)


def before(since: float, until: float, zone: tzinfo | None = None) -> tuple[float, float]:
    """The time that a period is compared with: as long a time before it.

    Of one that begins at a local midnight it is as many days before, to the same time of the clock: today up to now is
    compared with yesterday up to now.
    """
    with suppress(ValueError, OverflowError, OSError):  # days that no clock can show
        first, last = datetime.fromtimestamp(since, zone), datetime.fromtimestamp(until, zone)
        if first.time() == time(0):
            days = (last.date() - first.date()).days + (last.time() > time(0))
            return earlier(first, days), earlier(last, days)
    return 2 * since - until, since


def earlier(local: datetime, days: int) -> float:
    """So many days before, at the same time of the clock."""
    return datetime.combine(local.date() - timedelta(days), local.time(), local.tzinfo).timestamp()


def local_day(at: float, zone: tzinfo | None) -> str:
    """The day of a time, as 2026-11-24."""
    return day_at(at, zone).isoformat()
