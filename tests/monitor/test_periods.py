"""Words for a time, read at 2026-11-24 12:00 in Berlin; by hand."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from trimtab.monitor import periods

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, tzinfo=BERLIN).timestamp()


def berlin(*parts: int) -> float:
    return datetime(*parts, tzinfo=BERLIN).timestamp()  # type: ignore[misc, arg-type]  # a date's parts


@pytest.mark.parametrize(
    ("word", "since", "until"),
    [
        ("today", berlin(2026, 11, 24), None),
        ("yesterday", berlin(2026, 11, 23), berlin(2026, 11, 24)),
        ("Week", berlin(2026, 11, 18), None),
        ("30d", berlin(2026, 10, 26), None),
        ("month", berlin(2026, 10, 26), None),
        ("2w", berlin(2026, 11, 11), None),
        ("36h", NOW - 36 * 3600, None),
        ("2026-11-01", berlin(2026, 11, 1), berlin(2026, 11, 2)),
        ("all", None, None),
    ],
)
def test_words(word: str, since: float | None, until: float | None) -> None:
    found = periods.period(word, NOW, BERLIN)
    assert (found.since, found.until) == (since, until)


@pytest.mark.parametrize("word", ["", "0d", "-3d", "tomorrow", "2026-13-01", "99999999d", "5", "1y", "9999-12-31"])
def test_what_is_no_time_is_refused_with_examples(word: str) -> None:
    with pytest.raises(periods.PeriodError, match=r"36h, 14d"):
        periods.period(word, NOW, BERLIN)


def test_the_longest_span_is_a_time() -> None:
    assert periods.period("99999w", NOW, timezone.utc).name == "last 699993 days"


def test_days_begin_at_local_midnight_also_when_clocks_change() -> None:
    """2026-10-25 has 25 hours in Berlin."""
    found = periods.period("2026-10-25", NOW, BERLIN)
    assert found.since is not None
    assert found.until is not None
    assert found.until - found.since == 25 * 3600
    assert periods.local_day(found.until - 1, BERLIN) == "2026-10-25"


def test_between_includes_the_last_day() -> None:
    found = periods.between("2026-11-01", "2026-11-03", NOW, BERLIN)
    assert (found.since, found.until) == (berlin(2026, 11, 1), berlin(2026, 11, 4))
    assert periods.between(None, None, NOW, BERLIN) == periods.ALWAYS
    with pytest.raises(periods.PeriodError, match="is not after"):
        periods.between("2026-11-03", "2026-11-01", NOW, BERLIN)


@pytest.mark.parametrize(
    ("word", "until"),
    [
        ("14d", berlin(2026, 11, 11)),
        ("week", berlin(2026, 11, 18)),
        ("month", berlin(2026, 10, 26)),
        ("36h", NOW - 36 * 3600),
        ("yesterday", berlin(2026, 11, 24)),
        ("today", None),
        ("all", None),
    ],
)
def test_a_span_as_an_end_ends_where_it_begins(word: str, until: float | None) -> None:
    assert periods.between(None, word, NOW, BERLIN).until == until
    assert periods.between("2025-01-01", word, NOW, BERLIN)[:2] == (berlin(2025, 1, 1), until)


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        (berlin(2026, 11, 24), NOW, (berlin(2026, 11, 23), berlin(2026, 11, 23, 12))),
        (berlin(2026, 11, 18), NOW, (berlin(2026, 11, 11), berlin(2026, 11, 17, 12))),
        (berlin(2026, 11, 23), berlin(2026, 11, 24), (berlin(2026, 11, 22), berlin(2026, 11, 23))),
        (berlin(2026, 10, 26), berlin(2026, 10, 26, 9), (berlin(2026, 10, 25), berlin(2026, 10, 25, 9))),
        (NOW - 7200, NOW, (NOW - 14_400, NOW - 7200)),
        (-1e300, NOW, (-2e300, -1e300)),
    ],
)
def test_the_time_before_is_of_whole_days_to_the_same_time_of_the_clock(
    since: float, until: float, before: tuple[float, float]
) -> None:
    """2026-10-25 has 25 hours in Berlin, so 9 o'clock is ten hours after its midnight."""
    assert periods.before(since, until, BERLIN) == pytest.approx(before)
