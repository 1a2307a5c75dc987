"""Fits the weights of `trimtab.monitor.sizes` to recorded sessions, and measures them on sessions held out.

The truth is `trimtab.monitor.calibration`'s: what batches of tool results were billed.
"""

from collections.abc import Callable, Sequence
from hashlib import md5
from typing import NamedTuple

from bench.told import Told
from trimtab import tokens
from trimtab.monitor import calibration, sizes

FIT_LEAST, TEST_LEAST = 150, calibration.LEAST_TOKENS  # tokens of a batch, by estimate
ROUNDS = 20  # of reweighting
FLOOR = 0.03  # relative error under which all count the same
RIDGE = 1e-4
TOOLS = ("Read", "Bash", "Grep", "")


class Batch(NamedTuple):
    """The results between two requests, and what they were billed; `counts` are sizes.counts of all, added up."""

    session: str
    repo: str
    family: str
    tool: str
    results: int
    billed: int
    weighed: int
    characters: int
    counts: tuple[int, ...]


def batches(told: Told) -> list[Batch]:
    """All that can be measured in one session, whatever their size."""
    found = []
    for batch in calibration.batches(told.requests, told.arrivals):
        each = [sizes.counts(told.texts[result.id]) for result in batch.results]
        found.append(
            Batch(
                session=told.session,
                repo=told.repo,
                family=tokens.family(batch.model),
                tool=batch.tool,
                results=len(batch.results),
                billed=batch.billed,
                weighed=sum(result.tokens for result in batch.results),
                characters=sum(result.characters for result in batch.results),
                counts=tuple(map(sum, zip(*each, strict=True))),
            )
        )
    return found


def fit(rows: Sequence[Sequence[float]], targets: Sequence[float], rounds: int = ROUNDS) -> list[float]:
    """Weights of the columns with the least absolute relative error: least squares, reweighted by the last errors."""
    scales = [1 / max(target, 300.0) for target in targets]
    scaled = [[value * scale for value in row] for row, scale in zip(rows, scales, strict=True)]
    wanted = [target * scale for target, scale in zip(targets, scales, strict=True)]
    units = [(sum(value * value for value in column) / len(rows)) ** 0.5 or 1.0 for column in zip(*scaled, strict=True)]
    scaled = [[value / unit for value, unit in zip(row, units, strict=True)] for row in scaled]
    heavy, weights = [1.0] * len(rows), [0.0] * len(units)
    for _ in range(rounds):
        weights = solved(scaled, wanted, heavy)
        errors = [abs(want - dot(row, weights)) for row, want in zip(scaled, wanted, strict=True)]
        heavy = [1 / max(error, FLOOR) for error in errors]
        mean = sum(heavy) / len(heavy)
        heavy = [value / mean for value in heavy]
    return [weight / unit for weight, unit in zip(weights, units, strict=True)]


def solved(rows: Sequence[Sequence[float]], wanted: Sequence[float], heavy: Sequence[float]) -> list[float]:
    """Weighted least squares with a small ridge, by elimination."""
    size = len(rows[0])
    matrix = [[0.0] * (size + 1) for _ in range(size)]
    for row, want, weight in zip(rows, wanted, heavy, strict=True):
        for i, value in enumerate(row):
            if value:
                line, factor = matrix[i], weight * value
                for j in range(i, size):
                    line[j] += factor * row[j]
                line[size] += factor * want
    for i in range(size):
        matrix[i][i] += RIDGE * len(rows)
        for j in range(i):
            matrix[i][j] = matrix[j][i]
    for i in range(size):
        pivot = matrix[i][i]
        for j in range(i + 1, size):
            ratio = matrix[j][i] / pivot
            matrix[j] = [a - ratio * b for a, b in zip(matrix[j], matrix[i], strict=True)]
    answer = [0.0] * size
    for i in reversed(range(size)):
        rest = sum(matrix[i][j] * answer[j] for j in range(i + 1, size))
        answer[i] = (matrix[i][size] - rest) / matrix[i][i]
    return answer


def dot(row: Sequence[float], weights: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(row, weights, strict=True))


def by_counts(batch: Batch) -> list[float]:
    return [*batch.counts, batch.results]


def by_characters(batch: Batch) -> list[float]:
    """Characters of the commonest tools apart, and of all others."""
    apart = [batch.characters if batch.tool == tool else 0 for tool in TOOLS[:-1]]
    return [*apart, batch.characters - sum(apart), batch.results]


def by_session(batch: Batch) -> int:
    return int(md5(batch.session.encode(), usedforsecurity=False).hexdigest(), 16) % 2


def by_repository(batch: Batch) -> int:
    return int(batch.repo == "entireio/cli")


def held_out(
    found: Sequence[Batch], columns: Callable[[Batch], list[float]], half_of: Callable[[Batch], int]
) -> list[tuple[Batch, float]]:
    """Each batch of TEST_LEAST tokens and more with its relative error, by what the other half tells."""
    errors = []
    for half in (0, 1):
        learnt = [batch for batch in found if half_of(batch) != half]
        weights, factors = fitted(learnt, columns)
        for batch in found:
            if half_of(batch) == half and batch.weighed >= TEST_LEAST:
                factor = factors.get((batch.family, batch.tool), factors[batch.family, ""])
                estimated = factor * dot(columns(batch), weights)
                errors.append((batch, estimated / max(batch.billed, 1) - 1))
    return errors


def fitted(
    found: Sequence[Batch], columns: Callable[[Batch], list[float]]
) -> tuple[list[float], dict[tuple[str, str], float]]:
    """Weights of the older models' batches, and factors by family and tool, as sizes has them."""
    older = [batch for batch in found if batch.family == "older" and batch.weighed >= FIT_LEAST]
    weights = fit([columns(batch) for batch in older], [batch.billed for batch in older])
    ratios: dict[tuple[str, str], list[float]] = {}
    for batch in found:
        if batch.weighed >= TEST_LEAST:
            ratio = batch.billed / dot(columns(batch), weights)
            ratios.setdefault((batch.family, ""), []).append(ratio)
            ratios.setdefault((batch.family, batch.tool), []).append(ratio)
    shipped = {("older", ""): 1.0, ("newer", ""): sizes.factor("newer")}
    factors = {key: calibration.drawn(ratios.get(key, ()), prior) for key, prior in shipped.items()}
    for (family, tool), found_ratios in ratios.items():
        if tool:
            factors[family, tool] = calibration.drawn(found_ratios, factors[family, ""])
    return weights, factors
