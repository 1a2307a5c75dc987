"""Unusual rates and repeated calls: the statistic by hand, its false alarms, and what it notices."""

import math
import random

import pytest

from trimtab.monitor import anomalies
from trimtab.monitor.anomalies import COST, PACE, SIZE, Rates, Repeats, Run, Subject, limit_of
from trimtab.records import Arrival, Request

HOUR = 3600.0


def request(session: str, at: float, agent: str = "", agent_type: str = "") -> Request:
    return Request(session, agent, f"{session} {at}", at, "claude-opus-5-5", 1, 0, 0, 1, 1, agent_type=agent_type)


def arrival(number: int, target: str = "make test", size: int = 900, tool: str = "Bash", session: str = "s") -> Arrival:
    return Arrival(session, "", f"t{number}", float(number), "result", tool, target, size)


# The limit


def test_the_limit_by_hand() -> None:
    """20 peaks: 15 of 1, five of e. Threshold 1 (the sixth largest), mean excess 1 over k = 5, share above 1/4.

    For p = 1/4 the limit is the threshold; for p = 1/128 it is exp(5 * (32**(1/5) - 1)) = exp(5).
    """
    peaks = [1.0] * 15 + [math.e] * 5
    assert limit_of(peaks, 0.25) == pytest.approx((1.0, 1.0, 20))
    assert limit_of(peaks, 1 / 128) == pytest.approx((math.exp(5), 1.0, 20))


def test_too_few_peaks_have_no_limit() -> None:
    assert limit_of([1.0] * 19, 0.01) is None
    assert limit_of([1.0] * 19 + [0.0], 0.01) is None
    assert limit_of([1.0] * 20, 0.0) is None


def test_a_regular_history_still_leaves_room() -> None:
    limit = limit_of([2.0] * 100, 0.001)
    assert limit is not None
    assert limit.value > 2.0 * 2


@pytest.mark.parametrize("size", [20, 40, 150])
def test_false_alarms_are_as_rare_as_asked_for(size: int) -> None:
    """Pareto peaks, of which one more exceeds the limit of `size` others: 4,000 trials, p = 2 %."""
    chance = random.Random(size)
    over = 0
    for _ in range(4000):
        peaks = [chance.paretovariate(2.0) for _ in range(size)]
        limit = limit_of(peaks, 0.02)
        assert limit is not None
        over += chance.paretovariate(2.0) > limit.value
    assert 0.005 <= over / 4000 <= 0.025


def test_a_running_median_waits_for_its_values() -> None:
    run = Run()
    medians = [run.add(float(n), float(n)) for n in range(1, 18)]
    assert medians == [0.0] * 14 + [8.0, 9.0, 10.0]
    assert run.peak == 10.0


# Rates


def history(rates: Rates, sessions: int = 60, usd: float = 0.05, seed: int = 1) -> float:
    """Plays ordinary sessions, an hour apart; when the next begins."""
    chance = random.Random(seed)
    for number in range(sessions):
        level = chance.lognormvariate(0, 0.3)
        for n in range(30):
            rates.requested(
                request(f"h{number}", number * HOUR + 10.0 * n), usd * level * chance.lognormvariate(0, 0.4)
            )
        rates.end_silent(number * HOUR + 0.9 * HOUR, HOUR / 2)
    return sessions * HOUR


def test_requests_that_cost_five_times_as_much_are_noticed_once() -> None:
    rates = Rates(0.5)
    now = history(rates)
    quiet = [found for n in range(30) for found in rates.requested(request("new", now + 10.0 * n), 0.05)]
    loud = [found for n in range(30, 60) for found in rates.requested(request("new", now + 10.0 * n), 0.30)]
    assert quiet == []
    assert [(found.subject, found.session) for found in loud] == [(Subject("session", "", COST), "new")]
    assert loud[0].value > loud[0].limit > loud[0].usual
    assert loud[0].at <= now + 10.0 * (30 + anomalies.SPAN)


def test_requests_that_come_ten_times_as_fast_are_noticed() -> None:
    rates = Rates(0.5)
    now = history(rates)
    found = [each for n in range(30) for each in rates.requested(request("new", now + 1.0 * n), 0.05)]
    assert [each.subject.rate for each in found] == [PACE]


def test_a_single_dear_request_is_no_anomaly() -> None:
    rates = Rates(0.5)
    now = history(rates)
    costs = [0.05] * 20 + [9.0, 9.0, 9.0] + [0.05] * 20
    assert not [each for n, usd in enumerate(costs) for each in rates.requested(request("new", now + 10.0 * n), usd)]


def test_requests_that_come_late_have_no_pace() -> None:
    """A subagent's transcript is read after the main one: its requests are older than the newest."""
    rates = Rates(0.5)
    now = history(rates)
    found = []
    for n in range(20):
        found += rates.requested(request("new", now + 600 + 10.0 * n), 0.05)
        found += rates.requested(request("new", now + 10.0 * n, "a1"), 0.05)
    assert found == []


def test_low_rates_are_no_anomaly() -> None:
    rates = Rates(0.5)
    now = history(rates)
    assert not [each for n in range(40) for each in rates.requested(request("new", now + 50.0 * n), 0.0001)]


def test_after_weeks_away_a_session_is_no_more_unusual_than_before() -> None:
    """Sixty sessions in a week, ten weeks without any: spread over all of them, chance had ten times as much room."""
    rates = Rates(0.5)
    now = history(rates)
    subject = Subject("session", "", COST)
    before = rates._limit(subject)
    for n in range(30):
        rates.requested(request("back", now + 10 * anomalies.WEEK_S + 10.0 * n), 0.05)
    rates.end("back", now + 10 * anomalies.WEEK_S + 300)
    after = rates._limit(subject)
    assert before is not None
    assert after is not None
    assert after.value == pytest.approx(before.value, rel=0.15)


def test_without_a_history_nothing_is_unusual() -> None:
    rates = Rates(0.5)
    now = history(rates, sessions=anomalies.LEAST_PEAKS - 1)
    assert not [each for n in range(40) for each in rates.requested(request("new", now + 10.0 * n), 50.0)]


def test_none_where_no_false_alarm_is_accepted() -> None:
    rates = Rates(0.0)
    now = history(rates)
    assert not [each for n in range(40) for each in rates.requested(request("new", now + 10.0 * n), 50.0)]


def test_an_anomaly_is_over_when_the_rate_is_back_and_does_not_come_again() -> None:
    rates = Rates(0.5)
    now = history(rates)
    costs = [0.5] * 20 + [0.05] * 20 + [0.5] * 20
    begun, over = [], []
    for n, usd in enumerate(costs):
        begun += [n for _ in rates.requested(request("new", now + 10.0 * n), usd)]
        over += [n for _ in rates.gone()]
    assert begun == [14]
    assert over == [27]  # eight of fifteen are ordinary again


def test_an_anomaly_is_over_when_its_session_is() -> None:
    rates = Rates(0.5)
    now = history(rates)
    for n in range(20):
        rates.requested(request("new", now + 10.0 * n), 0.5)
    rates.end_silent(now + 3 * HOUR, HOUR)
    assert [each.session for each in rates.gone()] == ["new"]
    assert rates.gone() == []


def test_one_runaway_does_not_hide_the_next() -> None:
    rates = Rates(0.5)
    now = history(rates)
    noticed = 0
    for number in range(5):
        for n in range(20):
            noticed += bool(rates.requested(request(f"bad{number}", now + number * HOUR + 10.0 * n), 2.0))
        rates.end_silent(now + (number + 0.9) * HOUR, HOUR / 2)
    assert noticed == 5


def test_agents_and_tools_have_histories_of_their_own() -> None:
    rates = Rates(0.5)
    for number in range(40):
        for n in range(20):
            at = number * HOUR + 10.0 * n
            rates.requested(request(f"h{number}", at, "a1", "Explore"), 0.02)
            rates.arrived(arrival(n, session=f"h{number}", size=2_000)._replace(at=at))
        rates.end_silent(number * HOUR + 0.9 * HOUR, HOUR / 2)
    found = []
    for n in range(20):
        found += rates.requested(request("new", 40 * HOUR + 10.0 * n, "a2", "Explore"), 0.2)
        found += rates.arrived(arrival(n, session="new", size=20_000)._replace(at=40 * HOUR + 10.0 * n))
    assert Subject("agent", "Explore", COST) in {each.subject for each in found}
    assert Subject("tool", "Bash", SIZE) in {each.subject for each in found}


# Repeats


def test_the_same_call_with_the_same_result() -> None:
    repeats = Repeats(8)
    found = [repeats.arrived(arrival(n)) for n in range(20)]
    assert [n for n, each in enumerate(found) if each] == [7]
    assert found[7] is not None
    assert (found[7].times, found[7].is_same, found[7].target) == (8, True, "make test")


def test_a_command_with_other_results_needs_twice_as_many() -> None:
    repeats = Repeats(8)
    found = [repeats.arrived(arrival(n, size=900 + n)) for n in range(20)]
    assert [n for n, each in enumerate(found) if each] == [15]
    read = Repeats(8)
    assert not any(read.arrived(arrival(n, "/p/a.py", 900 + n, "Read")) for n in range(40))  # a file in parts


def test_an_edit_is_no_repeat() -> None:
    """Its target is not the whole call: ten edits of a file are ten edits."""
    repeats = Repeats(3)
    assert not any(repeats.arrived(arrival(n, "/p/a.py", 90, "Edit")) for n in range(20))
    assert not any(repeats.arrived(arrival(n, "", 90)) for n in range(20))


def test_a_repeat_is_over_when_other_calls_come() -> None:
    repeats = Repeats(8)
    for n in range(8):
        repeats.arrived(arrival(n))
    assert repeats.gone() == []
    for n in range(27):
        repeats.arrived(arrival(n, f"ls {n}"))
    assert repeats.gone() == [("s", "", "Bash")]
    assert repeats.gone() == []
    assert not any(repeats.arrived(arrival(n)) for n in range(20))  # once for a conversation


def test_sessions_that_are_over_are_forgotten() -> None:
    """A daemon lives for weeks; each repeat is told to be over once."""
    repeats, rates = Repeats(3), Rates(0.5)
    over = 0
    for session in range(200):
        at = session * HOUR
        for n in range(4):
            repeats.arrived(arrival(n, session=f"s{session}")._replace(at=at + n))
        rates.requested(request(f"s{session}", at), None)
        repeats.end_silent(at, 2 * HOUR)
        rates.end_silent(at, 2 * HOUR)
        over += len(repeats.gone())
    assert over > 190
    assert max(len(repeats._recent), len(repeats._newest), len(repeats._on), len(rates._newest)) <= 4
