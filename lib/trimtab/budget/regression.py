"""A linear regression with an interval that its own errors give: the whole of the arithmetic behind the forecasts.

The columns are scaled to mean 0 and standard deviation 1 and their weights drawn to none (ridge), so that with few rows
the regression tells little more than the mean. Each row's error is the one it has where the row itself is left out
(exact for ridge: the error divided by 1 - leverage). What is told is the regression's figure plus these errors, those
of rows like the asked one weighing most (a weighted conformal interval: Tibshirani and others, "Conformal prediction
under covariate shift", 2019). Plain Python: a few hundred rows of under ten columns take milliseconds.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

PENALTY = 10.0  # of each weight's square; 5 did as well with 40 rows and worse with 15 (recorded sessions, 2026-11)
REACH = 3.0  # squared distance at which a row weighs a third of the nearest; chosen
FAR = 0.05  # what the farthest row weighs, relative to the nearest; chosen
LOW, HIGH = 0.1, 0.9  # the interval that is told

Row = tuple[float, ...]


class Model(NamedTuple):
    """A fitted regression; `rows` are scaled, `errors` are theirs in the same order."""

    mean: float
    means: Row
    scales: Row
    weights: Row
    rows: tuple[Row, ...]
    errors: tuple[float, ...]


class Spread(NamedTuple):
    """What the figure may be: `values` rising, each with its weight."""

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def low(self) -> float:
        """At or above it is the true value in nine of ten cases: the mirror image of `high`."""
        return -reached([-value for value in reversed(self.values)], self.weights[::-1], HIGH)

    def middle(self) -> float:
        return reached(self.values, self.weights, 0.5, 0.0)

    def high(self) -> float:
        """At or below it is the true value in nine of ten cases."""
        return reached(self.values, self.weights, HIGH)

    def share_over(self, value: float) -> float:
        """The chance of more than `value`, 0 to 1 and neither: the case to come counts as one more, half of it over."""
        total = sum(self.weights)
        over = sum(weight for each, weight in zip(self.values, self.weights, strict=True) if each > value)
        own = total / len(self.values)
        return (over + own / 2) / (total + own)


def reached(values: Sequence[float], weights: Sequence[float], share: float, more: float = 1.0) -> float:
    """The first of the rising `values` up to which `share` of the weight is, `more` average weights beside them.

    The greatest where there is none. Of 1 to 9 with equal weights 0.9 is 9: ten with the one to come.
    """
    total = sum(weights)
    wanted, so_far = share * (total + more * total / len(weights)), 0.0
    for value, weight in zip(values, weights, strict=True):
        so_far += weight
        if so_far >= wanted - 1e-9 * total:
            return value
    return values[-1]


def spread_of(values: Sequence[float]) -> Spread:
    """Of values that all weigh the same; there is at least one."""
    return Spread(tuple(sorted(values)), (1.0,) * len(values))


def fitted(rows: Sequence[Row], targets: Sequence[float]) -> Model:
    """The regression of `targets` on `rows`, of which there are two at least, all of one length."""
    count, width = len(rows), len(rows[0])
    columns = list(zip(*rows, strict=True))
    means = tuple(math.fsum(column) / count for column in columns)
    scales = tuple(
        math.sqrt(math.fsum((x - mean) ** 2 for x in column) / count) or 1.0
        for column, mean in zip(columns, means, strict=True)
    )
    scaled = tuple(scale(row, means, scales) for row in rows)
    mean = math.fsum(targets) / count
    squares = [
        [PENALTY * (i == j) + sum(row[i] * row[j] for row in scaled) for j in range(width)] for i in range(width)
    ]
    inverse = inverted(squares)
    products = [sum(row[i] * (y - mean) for row, y in zip(scaled, targets, strict=True)) for i in range(width)]
    weights = tuple(dot(line, products) for line in inverse)
    errors = []
    for row, target in zip(scaled, targets, strict=True):
        leverage = 1 / count + dot(row, [dot(line, row) for line in inverse])
        errors.append((target - mean - dot(row, weights)) / (1 - leverage))
    return Model(mean, means, scales, weights, scaled, tuple(errors))


def told(model: Model, row: Row) -> Spread:
    """What the target of `row` may be."""
    place = scale(row, model.means, model.scales)
    figure = model.mean + dot(place, model.weights)
    found = []
    for other, error in zip(model.rows, model.errors, strict=True):
        distance = sum((x - y) ** 2 for x, y in zip(place, other, strict=True))
        found.append((figure + error, math.exp(-distance / REACH) + FAR))
    found.sort()
    return Spread(tuple(value for value, _ in found), tuple(weight for _, weight in found))


def scale(row: Sequence[float], means: Row, scales: Row) -> Row:
    return tuple((x - mean) / width for x, mean, width in zip(row, means, scales, strict=True))


def dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(one, other, strict=True))


def inverted(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """By Gauss and Jordan without looking for pivots: the matrix is positive definite, its diagonal over PENALTY."""
    size = len(matrix)
    lines = [[*line, *(float(i == j) for j in range(size))] for i, line in enumerate(matrix)]
    for i in range(size):
        pivot = lines[i][i]
        lines[i] = [x / pivot for x in lines[i]]
        for j in range(size):
            if j != i and lines[j][i]:
                factor = lines[j][i]
                lines[j] = [x - factor * y for x, y in zip(lines[j], lines[i], strict=True)]
    return [line[size:] for line in lines]
