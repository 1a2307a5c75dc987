"""How warm a cache is: lifetimes, what is lost, what stays warm."""

import pytest

from trimtab.history.warmth import Warmth
from trimtab.records import Request


def response(at: float, read: int, written: int, output: int = 0, name: str = "", hour: bool = False) -> Request:
    short, long = (0, written) if hour else (written, 0)
    return Request("s", "", name or f"m{at}", at, "claude-opus-5-5", 0, short, long, read, output)


def followed(*requests: Request) -> Warmth:
    warmth = Warmth()
    for request in requests:
        warmth.used(request, request.write_1h_tokens > 0)
    return warmth


@pytest.mark.parametrize(("hour", "lives_s"), [(False, 300.0), (True, 3_600.0)])
def test_it_is_cold_when_its_lifetime_is_over(hour: bool, lives_s: float) -> None:
    """An hour's cache taken for one of five minutes, or the reverse."""
    warmth = followed(response(1_000.0, 0, 40_000, hour=hour))
    assert warmth.cold_in_s(1_000.0) == lives_s
    assert not warmth.is_cold(1_000.0 + lives_s - 1)
    assert warmth.is_cold(1_000.0 + lives_s)


def test_it_lives_from_the_newest_part_of_an_answer() -> None:
    """A long answer's cache taken for older than it is."""
    warmth = followed(response(1_000.0, 0, 40_000))
    warmth.answered(1_090.0)
    assert warmth.cold_in_s(1_100.0) == 290.0


def test_a_request_that_writes_nothing_says_nothing_of_the_lifetime() -> None:
    """A response all read from the cache turns an hour into five minutes."""
    warmth = followed(response(1_000.0, 0, 40_000, hour=True))
    warmth.used(response(2_000.0, 40_000, 0), False)
    assert warmth.lives_s == 3_600.0


def test_what_is_lost_is_the_prompt_and_the_answer_less_what_others_keep_warm() -> None:
    """The first request already found 16,000 tokens, so others send them too; the last prompt was 90,000 long."""
    warmth = followed(response(1.0, 16_000, 24_000), response(2.0, 40_000, 50_000, output=700))
    assert (warmth.context, warmth.standing, warmth.shared) == (90_700, 40_000, 16_000)
    assert warmth.lost == 74_700


def test_the_same_response_grown_is_one_request() -> None:
    warmth = followed(response(1.0, 0, 40_000, 5, "m1"), response(1.0, 0, 40_000, 90, "m1"))
    assert (warmth.requests, warmth.context) == (1, 40_090)


def test_a_compaction_leaves_nothing_to_lose() -> None:
    """The old context's loss is told of after it is gone."""
    warmth = followed(response(1.0, 0, 150_000))
    warmth.compacted(2.0)
    assert not warmth.is_cold(1e9)
    assert warmth.requests == 0


def test_before_the_first_response_nothing_is_cold() -> None:
    assert not Warmth().is_cold(1e9)
    assert Warmth().lost == 0


def test_a_request_that_failed_before_it_was_read_changes_nothing() -> None:
    warmth = followed(response(1.0, 0, 40_000), response(9.0, 0, 0))
    assert (warmth.used_at, warmth.context) == (1.0, 40_000)
