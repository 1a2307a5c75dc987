"""Ways to tell what a task will need, the shipped one among them, for `bench.needs` to compare.

A way is given the past tasks and gives a function that tells of one more task the logarithm of its need. Each knows
what is known as the task begins, and nothing later.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from trimtab.budget import forecast, regression
from trimtab.budget.forecast import Past, Step
from trimtab.budget.regression import Row, Spread, spread_of

FEWEST = 10  # of a project or a kind, else all tasks stand for it


class Case(NamedTuple):
    """A task. `past` has the truth, which only the judge may read.

    `files` are those that were named in the project before it, `agents` those that the session had started.
    """

    session: str
    project: str
    model: str
    files: int
    agents: int
    past: Past


Tell = Callable[[Case], Spread]
Way = Callable[[Sequence[Case]], Tell]
StepWay = Callable[[Sequence[Case]], Callable[[Case, Step], Spread]]


def logs(cases: Sequence[Case]) -> list[float]:
    return [math.log(case.past.need) for case in cases]


def all_past(before: Sequence[Case]) -> Tell:
    spread = spread_of(logs(before))
    return lambda _case: spread


def by_group(key: Callable[[Case], object]) -> Way:
    """By the past tasks of the same group."""

    def way(before: Sequence[Case]) -> Tell:
        groups: dict[object, list[Case]] = {}
        for case in before:
            groups.setdefault(key(case), []).append(case)
        spreads = {name: spread_of(logs(group)) for name, group in groups.items() if len(group) >= FEWEST}
        rest = spread_of(logs(before))
        return lambda case: spreads.get(key(case), rest)

    return way


def shipped(before: Sequence[Case]) -> Tell:
    known = forecast.learned([case.past for case in before])
    if known is None:  # a shorter history than is shipped with, to see why
        return regressed(start_columns)(before)
    return lambda case: forecast.at_start(known, case.past.start).logs


Columns = Callable[[Case, float, float], Row]


def start_columns(case: Case, context: float, need: float) -> Row:
    return forecast.start_row(case.past.start, context, need)


def without(place: int) -> Columns:
    return lambda case, context, need: tuple(x for n, x in enumerate(start_columns(case, context, need)) if n != place)


def with_one(extra: Callable[[Case], float]) -> Columns:
    return lambda case, context, need: (*start_columns(case, context, need), extra(case))


def regressed(columns: Columns, is_local: bool = True) -> Way:
    """The regression with other columns; without the weights of likeness where it is not `is_local`."""

    def way(before: Sequence[Case]) -> Tell:
        cases = before[-forecast.MOST_PAST :]
        context, need = forecast.centres([case.past for case in cases])
        model = regression.fitted([columns(case, context, need) for case in cases], logs(cases))

        def tell(case: Case) -> Spread:
            found = regression.told(model, columns(case, context, need))
            return found if is_local else spread_of(found.values)

        return tell

    return way


def nearest(count: int) -> Way:
    """The needs of the past tasks whose scaled columns are nearest."""

    def way(before: Sequence[Case]) -> Tell:
        context, need = forecast.centres([case.past for case in before])
        rows = [start_columns(case, context, need) for case in before]
        model = regression.fitted(rows, logs(before))
        known = list(zip(model.rows, logs(before), strict=True))

        def tell(case: Case) -> Spread:
            place = regression.scale(start_columns(case, context, need), model.means, model.scales)
            near = sorted(known, key=lambda pair: sum((x - y) ** 2 for x, y in zip(place, pair[0], strict=True)))
            return spread_of([y for _, y in near[:count]])

        return tell

    return way


def quantiles(before: Sequence[Case]) -> Tell:
    """Three quantile regressions, of 10, 50 and 90 %: the pinball loss, rounded near 0, by reweighted least squares."""
    cases = before[-forecast.MOST_PAST :]
    context, need = forecast.centres([case.past for case in cases])
    model = regression.fitted([start_columns(case, context, need) for case in cases], logs(cases))
    rows = [(1.0, *row) for row in model.rows]
    fits = [quantile_fit(rows, logs(cases), share, (model.mean, *model.weights)) for share in (0.1, 0.5, 0.9)]

    def tell(case: Case) -> Spread:
        place = (1.0, *regression.scale(start_columns(case, context, need), model.means, model.scales))
        low, middle, high = sorted(regression.dot(place, fit) for fit in fits)
        # nine values whose first, fifth and last are what `Spread` gives as low, middle and high
        return Spread((low, *[middle] * 7, high), (1.0,) * 9)

    return tell


def quantile_fit(rows: Sequence[Row], targets: Sequence[float], share: float, first: Row) -> Row:
    width, weights = len(first), first
    for _ in range(30):
        rates = [
            1 / (2 * math.hypot(y - regression.dot(row, weights), 0.05)) for row, y in zip(rows, targets, strict=True)
        ]
        squares = [
            [
                2.0 * (i == j and i > 0) + sum(rate * row[i] * row[j] for rate, row in zip(rates, rows, strict=True))
                for j in range(width)
            ]
            for i in range(width)
        ]
        wanted = [
            sum((rate * y + share - 0.5) * row[i] for rate, row, y in zip(rates, rows, targets, strict=True))
            for i in range(width)
        ]
        weights = tuple(regression.dot(line, wanted) for line in regression.inverted(squares))
    return weights


def same_step(before: Sequence[Case]) -> Callable[[Case, Step], Spread]:
    """What came after as many responses in past tasks that went on."""
    rests: dict[int, list[float]] = {}
    for case in before:
        for step in case.past.steps:
            rests.setdefault(step.requests, []).append(math.log(case.past.need - step.spent))

    def tell(_case: Case, step: Step) -> Spread:
        group = list(rests.get(step.requests, ()))
        for other in sorted(rests, key=lambda number: abs(math.log(number / step.requests))):
            if len(group) >= FEWEST:
                break
            group += rests[other] if other != step.requests else ()
        return spread_of(group)

    return tell


def median_less_spent(before: Sequence[Case]) -> Callable[[Case, Step], Spread]:
    """What past tasks needed less what is spent, one more response's mean at least."""
    needs = [case.past.need for case in before]

    def tell(_case: Case, step: Step) -> Spread:
        return spread_of([math.log(max(need - step.spent, step.spent / step.requests)) for need in needs])

    return tell


def shipped_rest(before: Sequence[Case]) -> Callable[[Case, Step], Spread]:
    known = forecast.learned_steps([case.past for case in before])
    if known is None:
        return same_step(before)
    return lambda case, step: forecast.under_way(known, case.past.start, step).logs


MODELS = ("opus", "sonnet", "haiku")
STARTS: dict[str, Way] = {
    "all past tasks": all_past,
    "the project's": by_group(lambda case: case.project),
    "first, or later in a session": by_group(lambda case: case.past.start.is_first),
    "15 nearest": nearest(15),
    "30 nearest": nearest(30),
    "quantile regression": quantiles,
    "ridge, one interval for all": regressed(start_columns, False),
    "shipped": shipped,
    "  without the prompt's length": regressed(without(0)),
    "  without first or later": regressed(without(1)),
    "  without the context": regressed(without(2)),
    "  without the task before": regressed(without(3)),
    "  with the model": regressed(with_one(lambda case: float(any(name in case.model for name in MODELS[1:])))),
    "  with the files known": regressed(with_one(lambda case: math.log1p(case.files))),
    "  with the agents so far": regressed(with_one(lambda case: math.log1p(case.agents))),
}
MAIN = ("all past tasks", "the project's", "30 nearest", "quantile regression", "shipped")
STEPS: dict[str, StepWay] = {
    "after as many responses": same_step,
    "past needs less what is spent": median_less_spent,
    "shipped": shipped_rest,
}


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """The correlation of ranks, equal values sharing theirs; 0 where one of them does not vary."""
    first, second = ranks(one), ranks(other)
    if len(set(first)) < 2 or len(set(second)) < 2:
        return 0.0
    return statistics.correlation(first, second)


def ranks(values: Sequence[float]) -> list[float]:
    order = sorted(values)
    first: dict[float, int] = {}
    count: dict[float, int] = {}
    for place, value in enumerate(order):
        first.setdefault(value, place)
        count[value] = count.get(value, 0) + 1
    return [first[value] + (count[value] - 1) / 2 for value in values]
