"""What a lever takes off a session's bill: at which price, by what the cache held. Figures by hand."""

import pytest
from bench.whole_bill import Levers, Load, Session, Step, play

from trimtab.history import refold

# Standing prompt 1,000; the first request brings in a result of 500; then a pause, after which all is written anew.
FIRST = Step(fresh=0, write=1_000, read=0, output=10, segment=0, is_cold=False)
SECOND = Step(fresh=0, write=510, read=1_000, output=10, segment=0, is_cold=False)
AGAIN = Step(fresh=0, write=1_620, read=0, output=10, segment=0, is_cold=True)
RECORDED = (2 * 1_000 + 50) + (2 * 510 + 100 + 50) + (2 * 1_620 + 50)


def session(*loads: Load, steps: tuple[Step, ...] = (FIRST, SECOND, AGAIN)) -> Session:
    return Session("s", "r", 1_000.0, 500.0, steps, loads)


def result(again: float = 0.0, last_use: int = -1) -> Load:
    return Load(request=0, whole=500.0, shown=200.0, again=again, last_use=last_use)


def test_without_levers_the_bill_is_the_recorded_one() -> None:
    assert play(session(result()), Levers()).cost == RECORDED


def test_a_view_saves_a_write_and_after_the_pause_another() -> None:
    assert play(session(result()), Levers(loads=True)).cost == RECORDED - 2 * 300 - 2 * 300


def test_what_stays_cached_is_saved_at_the_price_of_a_read() -> None:
    warm = Step(fresh=0, write=110, read=1_510, output=10, segment=0, is_cold=False)
    bill = play(session(result(), steps=(FIRST, SECOND, warm)), Levers(loads=True))
    recorded = (2 * 1_000 + 50) + (2 * 510 + 100 + 50) + (2 * 110 + 151 + 50)
    assert bill.cost == pytest.approx(recorded - 2 * 300 - 0.1 * 300)


def test_a_hidden_need_costs_a_request_and_what_it_brings() -> None:
    bill = play(session(result(again=100.0)), Levers(loads=True))
    saved = 2 * 300 + 2 * 300
    fetch = 0.1 * 1_000 + 5 * 120 + 100 * (2 + 0.1 * 2)
    assert bill.cost == pytest.approx(RECORDED - saved + fetch)
    assert bill.fetches == 1


def test_the_standing_prompt_is_less_of_what_is_read_and_of_what_is_written() -> None:
    bill = play(session(), Levers(standing=True))
    assert bill.cost == RECORDED - 2 * 500 - 0.1 * 500 - 2 * 500


NEWER = tuple(Load(request=1, whole=10.0 + at, shown=10.0 + at, again=0.0) for at in range(refold.RECENT))


def test_an_old_result_becomes_a_view_where_the_cache_is_gone_and_what_is_needed_after_that_is_fetched() -> None:
    bill = play(session(result(again=50.0, last_use=2), *NEWER), Levers(cold=True))
    fetch = 0.1 * 1_620 + 5 * 120  # nothing reads what the last request brings in
    assert bill.cost == pytest.approx(RECORDED - 2 * 300 + fetch)
    assert (bill.folded, bill.fetches) == (1, 1)


def test_what_was_needed_before_the_pause_is_no_miss() -> None:
    assert play(session(result(again=50.0, last_use=1), *NEWER), Levers(cold=True)).fetches == 0


def test_the_newest_results_stay_whole_and_so_does_what_a_thought_is_bound_to() -> None:
    assert play(session(result()), Levers(cold=True)).folded == 0
    thinking = (FIRST, SECOND._replace(is_bound=True), AGAIN)
    assert play(session(result(), *NEWER, steps=thinking), Levers(cold=True)).folded == 0


def test_a_compaction_recorded_in_the_session_ends_what_a_view_saves() -> None:
    after = AGAIN._replace(segment=1, is_cold=False)
    bill = play(session(result(), steps=(FIRST, SECOND, after)), Levers(loads=True))
    assert bill.cost == RECORDED - 2 * 300
