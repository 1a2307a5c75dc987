"""When a budget's periods begin and end: by the clock on the wall of the period's time zone."""

import difflib
from contextlib import suppress
from datetime import timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from trimtab.budget.terms import Period, Span
from trimtab.days import day_at, first_day, last_day, midnight
from trimtab.errors import BudgetError

CALENDAR = (Span.DAY, Span.WEEK, Span.MONTH)
OF_EACH = (Span.SESSION, Span.PROMPT, Span.RUN)  # each one has an account of its own


class Window(NamedTuple):
    """From `since` on and before `until` (None: open), in seconds since the epoch. `key` tells it from the others."""

    key: str
    since: float
    until: float | None


def window(period: Period, now: float, began_at: float) -> Window:
    """The stretch that a period is in at `now`.

    "Once" counts from `began_at` on, when the budget was made. A day, week or month counts from its own beginning,
    what was used before the budget was made too; its key is "2026-11-29", "2026-W48" (ISO's, so the first days of
    January can be of the year before) or "2026-11". A rolling window ends now, and so never does. Of each session, of
    each prompt and of each run it is all that there ever was, and whoever knows which one it is names the account.
    Raises BudgetError for a zone that this machine does not know, or a time that no calendar has.
    """
    if period.span is Span.ONCE:
        return Window("", began_at, None)
    if period.span is Span.ROLLING:
        return Window("", now - period.seconds, None)
    if period.span in OF_EACH:
        return Window("", 0.0, None)
    zone = zone_of(period.zone)
    try:
        day = day_at(now, zone)
        since = midnight(first_day(period.span.value, day), zone)
        until = midnight(last_day(period.span.value, day) + timedelta(days=1), zone)
    except (ValueError, OverflowError, OSError) as exc:
        raise BudgetError(f"the clock says {now:.0f} s since 1970, which is in no calendar: set it right") from exc
    year, week, _ = day.isocalendar()
    key = {
        Span.DAY: day.isoformat(),
        Span.WEEK: f"{year:04}-W{week:02}",
        Span.MONTH: f"{day.year:04}-{day.month:02}",
    }[period.span]
    return Window(key, since, until)


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo | None:
    """The time zone of an IANA name; None, the machine's, of "". BudgetError where this machine does not know it."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as exc:  # ZoneInfoNotFoundError is a KeyError
        raise BudgetError(
            f"the time zone {name!r} is not known on this machine: write one such as Europe/Berlin, or none for the"
            " machine's own (on Windows, zones need the Python package tzdata)"
        ) from exc


def zone_named(name: str) -> str:
    """The IANA name as it is spelled, whatever the letters' case. BudgetError with the nearest one that there is."""
    with suppress(BudgetError):
        if name and zone_of(name):
            return name
    known = {zone.casefold(): zone for zone in available_timezones()}
    found = known.get(name.casefold())
    if found is not None:
        return found
    near = difflib.get_close_matches(name.casefold(), known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else "write one such as Europe/Berlin"
    raise BudgetError(f"there is no time zone {name[:80]!r} on this machine: {hint}")
