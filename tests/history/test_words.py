"""What the user is told, word for word."""

import pytest

from trimtab.history import words
from trimtab.history.compacting import History
from trimtab.history.warmth import Warmth
from trimtab.records import Prices, Request

MONEY = words.Money(5e-6)  # USD 5 for a million uncached input tokens
HISTORY = History(154_400, 40_000, Prices(2.0, 0.1, 5.0))


def warmth() -> Warmth:
    made = Warmth()
    made.used(Request("s", "", "m1", 0.5, "claude-opus-4-6", 0, 0, 24_000, 16_000, 0), True)
    made.used(Request("s", "", "m2", 1_000.0, "claude-opus-4-6", 0, 0, 114_000, 40_000, 400), True)
    return made


def test_a_cold_cache_is_told_of_with_all_three_ways_on() -> None:
    """138,400 tokens at 2 x $5; at once 43,400 units; 40 requests: 412,000 less 43,400 and 58,768 later."""
    said = words.cold(warmth(), HISTORY, 1_000.0 + 7_200, 40, MONEY)
    assert said == (
        "Idle for 2 hours, and the prompt cache lives 1 hour: the next request writes about 138k tokens anew (about"
        " $1.38). /compact first costs about $0.22 more at once and leaves about 51k: cheaper from 6 requests on (by"
        " about $1.55 with 40, as is usual). For a new task: /clear, which writes about 24k (about $0.24)."
    )


def test_without_a_price_it_speaks_of_tokens_alone() -> None:
    said = words.cold(warmth(), HISTORY, 9_000.0, 40, words.Money(None))
    assert "$" not in said
    assert (
        "138k tokens anew. /compact first costs more at once and leaves about 51k: cheaper from 6 requests on (40"
        in said
    )


def test_where_compacting_likely_does_not_pay_it_says_from_when_on_it_would() -> None:
    said = words.cold(warmth(), HISTORY, 9_000.0, 5, MONEY)
    assert "leaves about 51k: cheaper only from 6 requests on, and likely are 5." in said


def test_where_there_is_too_little_it_says_so() -> None:
    said = words.cold(warmth(), History(52_000, 40_000, HISTORY.prices), 9_000.0, 40, MONEY)
    assert "/compact would save nothing here" in said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(20, "1 minute"), (300, "5 minutes"), (3_600, "1 hour"), (7_100, "118 minutes"), (7_200, "2 hours"),
     (3e5, "3 days")],
)  # fmt: skip
def test_a_pause_is_said_in_one_unit(seconds: float, said: str) -> None:
    assert words.lasting(seconds) == said


@pytest.mark.parametrize(
    ("age_s", "said"),
    [(0, ""), (3_479, ""), (3_480, "cache cold in 2:00"), (3_595, "cache cold in 0:05"),
     (3_600, "cache cold: 138k tokens anew (about $1.38)")],
)  # fmt: skip
def test_the_status_line_counts_down_and_then_says_what_is_lost(age_s: float, said: str) -> None:
    assert words.glance(warmth(), HISTORY, 1_000.0 + age_s, MONEY) == said


def test_the_status_line_says_nothing_before_the_first_response() -> None:
    assert words.glance(Warmth(), HISTORY, 9e9, MONEY) == ""
