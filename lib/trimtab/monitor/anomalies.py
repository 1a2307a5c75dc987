"""Rates that leave their own history: what a session, an agent or a tool uses; and calls that repeat.

Three rates are watched: what a request costs, how fast requests follow each other, how large a tool's results are. Each
is a running median of the last SPAN values (a Hampel filter's centre: single large values don't move it), and the
largest that a session had is its peak. The peaks of the sessions before are the history. If a session is like them, the
logarithm of its peak exceeds a threshold in the upper part of the history by an amount that is about exponentially
distributed (the tail of the rates is a Pareto one). With the mean excess measured over k peaks, one more excess over z
of it has the probability (1 + z/k)**-k: exact for exponential excesses, and wider the shorter the history is. So the
limit for a chance p of a false alarm in one session is

    threshold * exp(mean_excess * k * ((share_above/p)**(1/k) - 1))      k the excesses, share_above of all peaks

and p is the accepted number of false alarms a week, shared by all that is watched, over their sessions a week.
One-sided: low rates alarm nobody. At least LEAST_PEAKS sessions are needed. A peak over its limit joins the history as
the limit itself: one runaway does not hide the next, and a new habit is learned.

Why not the cost of the last ten minutes: on recorded sessions its largest value was 18 times the usual one, that of a
request's running median 6 times, so of requests that cost five times as much the first noticed a tenth, the second
nearly all (bench/alerts.py has the figures of what is here).

Repeats are counted apart: the same call with a result of the same length, so often within the last REPEAT_SPAN calls
of a conversation; of a command also twice as often, whatever its results.
"""

import math
import statistics
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from trimtab.records import Arrival, Request

SPAN = 15  # values in a running median; chosen: seven that are unusual in a row are no reason yet
LEAST_GAP_S = 0.1  # between two requests; less says nothing of speed
LONGEST_GAP_S = 60.0  # a longer pause is the user's
LEAST_PEAKS = 20  # chosen
MOST_PEAKS = 200  # the newest; an earlier habit is forgotten
ABOVE = 0.2  # of the peaks are taken as the tail
LEAST_EXCESS = 0.15  # floor of the mean excess, in logarithms: no history is so regular that 16 % more is unheard of
BACK = 0.75  # of the limit, below which an anomaly is over
WEEK_S = 7 * 86_400.0
REPEAT_SPAN = 30
REPEATING = ("Bash", "Read", "Grep", "Glob", "WebFetch", "WebSearch")  # whose target is all or most of the call
COST, PACE, SIZE = "usd a request", "requests a minute", "characters a result"


class Subject(NamedTuple):
    """What is watched: `kind` is "session", "agent" or "tool"; `name` an agent's type or a tool's name; of which rate
    (COST, PACE or SIZE)."""

    kind: str
    name: str
    rate: str


class Anomaly(NamedTuple):
    """A rate over its limit. `value` is the running median, `usual` the median peak of the `sessions` before."""

    subject: Subject
    session: str
    at: float
    value: float
    limit: float
    usual: float
    sessions: int


class Repeat(NamedTuple):
    """The same call that came `times` among the last REPEAT_SPAN of a conversation; `is_same`: with the same result."""

    session: str
    agent: str
    at: float
    tool: str
    target: str
    times: int
    is_same: bool


class Limit(NamedTuple):
    """What a peak must exceed to be an anomaly, and the median of the peaks that it comes from."""

    value: float
    usual: float
    sessions: int


def limit_of(peaks: Sequence[float], chance: float) -> Limit | None:
    """The limit that one more peak like these exceeds with at most `chance`. None with fewer than LEAST_PEAKS peaks.

    Peaks that are not positive are left out.
    """
    logs = sorted(math.log(peak) for peak in peaks if peak > 0)
    if len(logs) < LEAST_PEAKS or chance <= 0:
        return None
    above = max(5, math.ceil(ABOVE * len(logs)))
    threshold = logs[-above - 1]
    excess = max(LEAST_EXCESS, sum(logs[-above:]) / above - threshold)
    ratio = max(1.0, above / len(logs) / chance)
    height = excess * above * (ratio ** (1 / above) - 1)
    return Limit(math.exp(threshold + height), math.exp(logs[len(logs) // 2]), len(logs))


class Run:
    """The last SPAN values of a subject in one session, and the largest median that they had."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=SPAN)
        self.peak = 0.0
        self.last = -math.inf  # when

    def add(self, at: float, value: float) -> float:
        """The running median with this value; 0 until there are SPAN values."""
        self.last = max(at, self.last)
        self._values.append(value)
        median = self.median()
        self.peak = max(self.peak, median)
        return median

    def median(self) -> float:
        return statistics.median(self._values) if len(self._values) == SPAN else 0.0


class Rates:
    """Watches all subjects. Tell it of requests and arrivals in about the order of their times."""

    def __init__(self, false_alarms: float) -> None:
        """`false_alarms` a week are accepted, over all subjects; 0 never alarms."""
        self.false_alarms = false_alarms
        self._runs: dict[str, dict[Subject, Run]] = {}  # by session
        self._newest: dict[tuple[str, str], float] = {}  # by session and agent type ("" the whole session): when
        self._history: dict[Subject, deque[tuple[float, float]]] = {}  # (when its session ended, peak)
        self._limits: dict[Subject, Limit | None] = {}
        self._on: dict[tuple[Subject, str], Anomaly | None] = {}  # None: it was, and is over

    def requested(self, request: Request, usd: float | None) -> list[Anomaly]:
        """Tells of a request and its cost; the anomalies that begin with it, each once for a session."""
        found: list[Anomaly | None] = []
        for kind, name in (("session", ""), ("agent", request.agent_type or "subagent")):
            if kind == "agent" and not request.agent:
                continue
            if usd is not None and usd > 0:
                found.append(self._add(Subject(kind, name, COST), request.session, request.at, usd))
            key = (request.session, name)
            before = self._newest.get(key)
            self._newest[key] = max(request.at, before or request.at)
            if before is not None and 0 <= request.at - before <= LONGEST_GAP_S:  # one that comes late has no pace
                pace = 60 / max(LEAST_GAP_S, request.at - before)
                found.append(self._add(Subject(kind, name, PACE), request.session, request.at, pace))
        return [anomaly for anomaly in found if anomaly is not None]

    def arrived(self, arrival: Arrival) -> list[Anomaly]:
        """Tells of a tool's result; the anomalies that begin with it."""
        if arrival.what != "result" or arrival.characters <= 0:
            return []
        subject = Subject("tool", arrival.tool, SIZE)
        found = self._add(subject, arrival.session, arrival.at, float(arrival.characters))
        return [found] if found is not None else []

    def gone(self) -> list[Anomaly]:
        """Anomalies that are over: the rate is back under BACK of the limit, or the session has ended. Each once."""
        over = []
        for (subject, session), anomaly in list(self._on.items()):
            run = self._runs.get(session, {}).get(subject)
            if anomaly is not None and (run is None or run.median() < BACK * anomaly.limit):
                over.append(anomaly)
                self._on[subject, session] = None
                if session not in self._runs:
                    del self._on[subject, session]
        return over

    def end(self, session: str, at: float) -> None:
        """The session is over, or silent for so long that it may be: its peaks join the history."""
        for subject, run in self._runs.pop(session, {}).items():
            limit = self._limit(subject)
            peak = run.peak if limit is None else min(run.peak, limit.value)
            if peak > 0:
                self._history.setdefault(subject, deque(maxlen=MOST_PEAKS)).append((at, peak))
        self._newest = {key: when for key, when in self._newest.items() if key[0] != session}
        self._on = {key: on for key, on in self._on.items() if on is not None or key[1] != session}
        self._limits.clear()  # the number of tests a week has changed for all

    def end_silent(self, now: float, silent_s: float) -> None:
        """Ends every session that used nothing for `silent_s`."""
        last = {session: max(run.last for run in runs.values()) for session, runs in self._runs.items() if runs}
        for (session, _), at in self._newest.items():
            last[session] = max(at, last.get(session, at))
        for session, at in sorted(last.items(), key=lambda item: item[1]):
            if at < now - silent_s:
                self.end(session, at)

    def knows(self, session: str) -> bool:
        """Whether the session is going on."""
        return session in self._runs or any(key[0] == session for key in self._newest)

    def _add(self, subject: Subject, session: str, at: float, value: float) -> Anomaly | None:
        run = self._runs.setdefault(session, {}).setdefault(subject, Run())
        median = run.add(at, value)
        if not median or (subject, session) in self._on:
            return None
        limit = self._limit(subject)
        if limit is None or median <= limit.value:
            return None
        found = Anomaly(subject, session, at, median, limit.value, limit.usual, limit.sessions)
        self._on[subject, session] = found
        return found

    def _limit(self, subject: Subject) -> Limit | None:
        if subject not in self._limits:
            peaks = [peak for _, peak in self._history.get(subject, ())]
            self._limits[subject] = limit_of(peaks, self.false_alarms / self._tests_a_week())
        return self._limits[subject]

    def _tests_a_week(self) -> float:
        """How many peaks a week are compared with a limit, over all subjects; weeks without any don't count."""
        tests = 0.0
        for history in self._history.values():
            used = len({at // WEEK_S for at, _ in history})
            weeks = max(1.0, min(used, (history[-1][0] - history[0][0]) / WEEK_S))
            tests += len(history) / weeks
        return max(tests, 1.0)


class Repeats:
    """Watches conversations for calls that come again and again."""

    def __init__(self, least: int) -> None:
        """`least` times with the same result, or twice as many of a command with others, make a repeat."""
        self.least = least
        self._recent: dict[tuple[str, str], deque[tuple[str, str, int]]] = {}
        self._newest: dict[str, float] = {}  # by session: when
        self._on: dict[tuple[str, str, str], str] = {}  # by session, agent, tool: the target; "" it was, and is over

    def arrived(self, arrival: Arrival) -> Repeat | None:
        """Tells of what arrived; the repeat that begins with it, once for a conversation and tool."""
        if arrival.what != "result" or arrival.tool not in REPEATING or not arrival.target:
            return None
        call = (arrival.tool, arrival.target, arrival.characters)
        recent = self._recent.setdefault((arrival.session, arrival.agent), deque(maxlen=REPEAT_SPAN))
        recent.append(call)
        self._newest[arrival.session] = max(arrival.at, self._newest.get(arrival.session, arrival.at))
        same, any_result = recent.count(call), sum(each[:2] == call[:2] for each in recent)
        key = (arrival.session, arrival.agent, arrival.tool)
        is_stuck = arrival.tool == "Bash" and any_result >= 2 * self.least
        if key in self._on or not (same >= self.least or is_stuck):
            return None
        self._on[key] = arrival.target
        is_same = same >= self.least
        times = same if is_same else any_result
        return Repeat(arrival.session, arrival.agent, arrival.at, arrival.tool, arrival.target, times, is_same)

    def knows(self, session: str) -> bool:
        """Whether the session is going on."""
        return session in self._newest

    def gone(self) -> list[tuple[str, str, str]]:
        """Repeats that are over, by session, agent and tool: few of the calls are left in the span. Each once."""
        over = []
        for (session, agent, tool), target in self._on.items():
            recent = self._recent.get((session, agent), ())
            if target and sum(each[:2] == (tool, target) for each in recent) < self.least / 2:
                over.append((session, agent, tool))
        for key in over:
            self._on[key] = ""
            if key[0] not in self._newest:
                del self._on[key]
        return over

    def end_silent(self, now: float, silent_s: float) -> None:
        """Ends every session that called nothing for `silent_s`: it is forgotten, and its repeats are over."""
        ended = {session for session, at in self._newest.items() if at < now - silent_s}
        if not ended:
            return
        self._newest = {session: at for session, at in self._newest.items() if session not in ended}
        self._recent = {key: recent for key, recent in self._recent.items() if key[0] not in ended}
        self._on = {key: target for key, target in self._on.items() if target or key[0] not in ended}
