"""How good the estimates of `sizes` are for the user's own requests, and the factors that make them better.

What a batch of tool results was billed is known where nothing else came between two requests of one model: the growth
of the prompt, less the first one's output. Batches with images are left out, and those where the transcript has only a
part of a long output.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from trimtab import tokens
from trimtab.monitor import sizes
from trimtab.records import Arrival, Request, prompt_tokens

LEAST_TOKENS = 1_000  # a smaller batch drowns in what else grew (as transcript.calibration)
COMPLETE_SHARE = 0.95  # of what an answer weighs, above which its logged output is taken for whole
KNOWN_SHARE = 0.1  # of the growth, that an output may be which is only estimated
ODD = 3.0  # chosen: a batch billed three times more or less than estimated had something else in it
PRIOR = 8  # samples that the shipped factor counts as; chosen
SEVERAL = "several"


class Batch(NamedTuple):
    """The results between two requests and what they were billed, frames included. `tool` may be SEVERAL."""

    session: str
    model: str
    tool: str
    at: float
    results: tuple[Arrival, ...]
    billed: int

    @property
    def weighed(self) -> float:
        """In the tokens of `sizes.weigh`."""
        return sum(map(sizes.weighed, self.results))

    @property
    def factor(self) -> float:
        """Billed tokens for one weighed token."""
        return (self.billed - sizes.FRAME_TOKENS * len(self.results)) / self.weighed


class Row(NamedTuple):
    """How well the results of one tool are estimated for one family of models; `tool` "" is all of them.

    `factor` is what `learned_factors` makes of the `samples` batches, `shipped` what it is without. The errors are
    relative, of batches that the factor was not learned from (every second one from the others), by the learned factors
    and by the shipped ones.
    """

    family: str
    tool: str
    samples: int
    tokens: int
    factor: float
    shipped: float
    median_error: float
    p90_error: float
    shipped_median_error: float


def batches(requests: Iterable[Request], arrivals: Iterable[Arrival]) -> Iterator[Batch]:
    """All that can be measured, of any size, by conversation and time."""
    asked: dict[tuple[str, str], list[Request]] = {}
    for request in requests:
        asked.setdefault((request.session, request.agent), []).append(request)
    came: dict[tuple[str, str], list[Arrival]] = {}
    weighed: dict[str, float] = {}
    for arrival in arrivals:
        if arrival.what == "answer":
            weighed[arrival.id] = sizes.weighed(arrival)
        else:
            came.setdefault((arrival.session, arrival.agent), []).append(arrival)
    for key, group in asked.items():
        group.sort(key=lambda request: request.at)
        waiting = sorted(came.get(key, ()), key=lambda arrival: arrival.at)
        place = 0
        for before, after in pairwise(group):
            start = place
            while place < len(waiting) and waiting[place].at < after.at:
                place += 1
            between = [arrival for arrival in waiting[start:place] if arrival.at >= before.at]
            batch = batch_of(before, after, between, weighed.get(before.message_id, 0))
            if batch is not None:
                yield batch


def batch_of(before: Request, after: Request, between: Sequence[Arrival], words: float) -> Batch | None:
    """None when it can't be told what the results were billed. `words` is what the answer weighs, 0 if unknown."""
    plain = all(arrival.what == "result" and not arrival.images for arrival in between)
    if not between or not plain or before.model != after.model:
        return None
    growth = prompt_tokens(after) - prompt_tokens(before)
    weighed = words * sizes.factor(before.model)
    is_complete = before.output_tokens >= COMPLETE_SHARE * weighed
    output = before.output_tokens if is_complete else round(weighed)
    if growth <= output or (not is_complete and output > KNOWN_SHARE * growth):
        return None
    tools = {arrival.tool for arrival in between}
    tool = tools.pop() if len(tools) == 1 else SEVERAL
    return Batch(before.session, before.model, tool, after.at, tuple(between), growth - output)


def is_sample(batch: Batch) -> bool:
    """Whether it tells a factor: large and not odd."""
    if batch.weighed < LEAST_TOKENS:
        return False
    return 1 / ODD < batch.factor / sizes.factor(batch.model, batch.tool) < ODD


def table(found: Iterable[Batch]) -> tuple[Row, ...]:
    """Rows by family and tool, all tools of a family first, then by samples; none for a family without a sample."""
    samples = sorted(filter(is_sample, found), key=lambda batch: batch.at)
    apart: dict[tuple[str, str], list[Batch]] = {}
    for batch in samples:
        family = tokens.family(batch.model)
        apart.setdefault((family, ""), []).append(batch)
        apart.setdefault((family, batch.tool), []).append(batch)
    factor_of = learned_factors(samples)
    errors, shipped = held_out(samples), {id(batch): error_of(batch, sizes.factor) for batch in samples}
    rows = []
    for (family, tool), group in apart.items():
        ours = sorted(errors[id(batch)] for batch in group)
        rows.append(
            Row(
                family=family,
                tool=tool,
                samples=len(group),
                tokens=sum(batch.billed for batch in group),
                factor=factor_of(family, tool),
                shipped=sizes.factor(family, tool),
                median_error=statistics.median(ours),
                p90_error=ours[min(int(0.9 * len(ours)), len(ours) - 1)],
                shipped_median_error=statistics.median(shipped[id(batch)] for batch in group),
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.family, row.tool != "", -row.samples, row.tool)))


def held_out(samples: Sequence[Batch]) -> dict[int, float]:
    """The relative error of each batch (by id()) with factors learned from every second of the others."""
    errors = {}
    for half in (0, 1):
        factor_of = learned_factors(batch for place, batch in enumerate(samples) if place % 2 != half)
        errors.update({id(batch): error_of(batch, factor_of) for batch in samples[half::2]})
    return errors


def error_of(batch: Batch, factor_of: sizes.FactorOf) -> float:
    estimated = sum(sizes.of_arrival(result, batch.model, factor_of) for result in batch.results)
    return abs(estimated / batch.billed - 1)


def learned_factors(found: Iterable[Batch]) -> Callable[[str, str], float]:
    """A factor by model (or family) and tool: learned where there are samples, drawn to what is known of all tools.

    That in turn is drawn to the shipped factor; each counts as PRIOR samples.
    """
    apart: dict[tuple[str, str], list[Batch]] = {}
    for batch in filter(is_sample, found):
        family = tokens.family(batch.model)
        apart.setdefault((family, ""), []).append(batch)
        apart.setdefault((family, batch.tool), []).append(batch)
    known: dict[tuple[str, str], float] = {}

    def factor_of(model_or_family: str, tool: str) -> float:
        is_family = model_or_family in sizes.FACTORS
        key = (model_or_family if is_family else tokens.family(model_or_family), tool)
        if key not in known:
            prior = factor_of(key[0], "") if tool else sizes.factor(key[0])
            known[key] = drawn([batch.factor for batch in apart.get(key, ())], prior)
        return known[key]

    return factor_of


def drawn(factors: Sequence[float], prior: float) -> float:
    """Their median, drawn to `prior`, which counts as PRIOR of them; 8 factors of 2.0 and a prior of 1.0 give 1.5."""
    if not factors:
        return prior
    return (len(factors) * statistics.median(factors) + PRIOR * prior) / (len(factors) + PRIOR)
