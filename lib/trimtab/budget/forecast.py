"""What a task will need, learned from the user's own past tasks: a figure, an interval, the chance to exceed a limit.

A task is one prompt of the user with all that is done for it; a session is forecast in the same way. The logarithm of
the need is regressed (`regression`) on what is known at the start: the prompt's characters, whether it is the session's
first, the context that it is asked in, what the task before needed. While it runs, what is still to come is regressed
on the same, the requests so far, what they came to, and the context by now.

`bench/needs.py` compares this with the median of all past tasks, nearest neighbours and others on held-out sessions. A
task's need is told very roughly by anything: its interval spans a factor of 13 to 22.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from trimtab.budget import regression
from trimtab.budget.regression import Model, Row, Spread

LEAST_PAST = 20  # tasks or sessions; with 15 the interval is no better than the plain one (bench/needs.py)
MOST_PAST = 300  # the newest; chosen: 200 do better than 80 (bench/needs.py), and each costs time
MOST_STEPS = 600  # rows of what is still to come, of the newest tasks; chosen for speed
LEAST_RUNS = 9  # the fewest of which the smallest and the greatest hold four of five cases
DRAWN = 5.0  # runs of a type; chosen
SMALL_CONTEXT = 2_000  # tokens; a smaller one is as good as none (chosen)


class Start(NamedTuple):
    """What is known of a task as it begins.

    `context` is the conversation's newest prompt in tokens, 0 where there is none yet or since a compaction. `before`
    is what the task before it in the session needed (of a session: the session before it), 0.0 where there is none.
    """

    characters: int
    is_first: bool
    context: int
    before: float


class Step(NamedTuple):
    """How far a task is: responses so far, what they came to, and the newest prompt in tokens."""

    requests: int
    spent: float
    context: int


class Past(NamedTuple):
    """A task that is over. `need` and all amounts are of one measure; `steps` as `is_kept` says, all but the last."""

    start: Start
    need: float
    steps: tuple[Step, ...] = ()


class Forecast(NamedTuple):
    """In four of five cases the need is from `low` to `high`; over and under `middle` it is as often."""

    low: float
    middle: float
    high: float
    past: int  # of how many past tasks it is learned
    logs: Spread  # of the logarithm of what is still to come
    spent: float = 0.0

    def chance_over(self, limit: float) -> float:
        """The chance that the task needs more than `limit`."""
        left = limit - self.spent
        return self.logs.share_over(math.log(left)) if left > 0 else 1.0


class Learned(NamedTuple):
    """What past tasks teach; the two centres are the usual logarithms of a context and a need."""

    model: Model
    context: float
    need: float
    past: int


class Run(NamedTuple):
    """An agent's run that is over."""

    agent_type: str
    need: float


def is_kept(requests: int) -> bool:
    """Whether a past task's step after so many responses is looked at: after 1, 2, 4, 8 and so on."""
    return requests & (requests - 1) == 0


def learned(past: Sequence[Past]) -> Learned | None:
    """What the newest of the past tasks (the newest last) say of a task's start; None with too few."""
    known = usable(past)
    if len(known) < LEAST_PAST:
        return None
    context, need = centres(known)
    rows = [start_row(one.start, context, need) for one in known]
    return Learned(regression.fitted(rows, [math.log(one.need) for one in known]), context, need, len(known))


def learned_steps(past: Sequence[Past]) -> Learned | None:
    """What they say of a running task's rest; None with too few tasks."""
    known = usable(past)
    if len(known) < LEAST_PAST:
        return None
    context, need = centres(known)
    pairs = [
        (step_row(one.start, step, context, need), math.log(one.need - step.spent))
        for one in known
        for step in one.steps
        if 0 < step.spent < one.need
    ][-MOST_STEPS:]
    if len(pairs) < LEAST_PAST:
        return None
    return Learned(regression.fitted([row for row, _ in pairs], [y for _, y in pairs]), context, need, len(known))


def usable(past: Sequence[Past]) -> list[Past]:
    """The newest, without those that came to nothing."""
    return [one for one in past if one.need > 0][-MOST_PAST:]


def centres(past: Sequence[Past]) -> tuple[float, float]:
    contexts = [math.log(one.start.context) for one in past if one.start.context >= SMALL_CONTEXT]
    needs = [math.log(one.need) for one in past]
    return math.fsum(contexts) / len(contexts) if contexts else 0.0, math.fsum(needs) / len(needs)


def start_row(start: Start, context: float, need: float) -> Row:
    """Where there is no context, or no task before, the usual one stands for it."""
    return (
        math.log1p(start.characters),
        float(start.is_first),
        math.log(start.context) - context if start.context >= SMALL_CONTEXT else 0.0,
        math.log(start.before) - need if start.before > 0 else 0.0,
    )


def step_row(start: Start, step: Step, context: float, need: float) -> Row:
    now = math.log(max(step.context, SMALL_CONTEXT))
    first, _, _, before = start_row(start, context, need)
    return first, float(start.is_first), before, math.log(step.requests), math.log(step.spent), now


def at_start(known: Learned, start: Start) -> Forecast:
    """The need of a task that begins."""
    return forecast(regression.told(known.model, start_row(start, known.context, known.need)), known.past)


def under_way(known: Learned, start: Start, step: Step) -> Forecast:
    """The whole need of a task that has `step` behind it and goes on with one request at least (a tool boundary)."""
    row = step_row(start, step, known.context, known.need)
    return forecast(regression.told(known.model, row), known.past, step.spent)


def forecast(logs: Spread, past: int, spent: float = 0.0) -> Forecast:
    low, middle, high = (spent + math.exp(log) for log in (logs.low(), logs.middle(), logs.high()))
    return Forecast(low, middle, high, past, logs, spent)


def of_agent(runs: Sequence[Run], agent_type: str) -> Forecast | None:
    """The need of a new agent by the newest runs (by time) of all agents; None with too few.

    Each type differs from the mean by what its runs say, drawn to none by DRAWN runs; the spread is that of all runs
    around their types'. So a type that is seldom used is told by the others, and one never used by all.
    """
    known = [run for run in runs if run.need > 0][-MOST_PAST:]
    if len(known) < LEAST_RUNS:
        return None
    mean = math.fsum(math.log(run.need) for run in known) / len(known)
    sums: dict[str, tuple[float, int]] = {}
    for run in known:
        total, count = sums.get(run.agent_type, (0.0, 0))
        sums[run.agent_type] = (total + math.log(run.need) - mean, count + 1)
    differs = {kind: total / (count + DRAWN) for kind, (total, count) in sums.items()}
    own = differs.get(agent_type, 0.0)
    values = [math.log(run.need) - differs[run.agent_type] + own for run in known]
    return forecast(regression.spread_of(values), len(known))
