"""The fit of the shipped weights, and on recorded sessions (where they are there) what is promised of attribution."""

import os
import random
import statistics
from pathlib import Path
from typing import Any

import pytest
from bench import attribution, sizing, told

from trimtab.monitor import sizes

RECORDED = Path(os.environ.get("TRIMTAB_REPLAY") or Path(__file__).parents[3] / "shared" / "replay" / "data")


def test_the_fit_finds_the_weights_in_spite_of_odd_rows() -> None:
    """One row in ten is billed three times what 2, -0.5 and 30 make of it."""
    chance = random.Random(5)
    rows = [[chance.uniform(500, 9000), chance.uniform(0, 900), float(chance.randint(1, 4))] for _ in range(400)]
    billed = [(2 * a - 0.5 * b + 30 * c) * (3 if place % 10 == 0 else 1) for place, (a, b, c) in enumerate(rows)]
    weights = sizing.fit(rows, billed)
    assert weights[0] == pytest.approx(2, rel=0.01)
    assert weights[1] == pytest.approx(-0.5, abs=0.03)


def event(kind: str, k: int = 0, **fields: object) -> dict[str, object]:
    return {"e": kind, "k": k, **fields}


def test_a_session_is_told_as_the_ingest_would() -> None:
    tool: dict[str, Any] = {
        "id": "t",
        "name": "Task",
        "input": {"pattern": "x"},
        "output": "abcde" * 20,
        "is_error": True,
        "image": False,
    }
    events = [
        event("prompt", text="do", meta=0),
        event("api", model="m", usage=[1, 2, 3, 4]),
        event("say", text="yes"),
        event("tool", **tool),
        event("compact"),
        event("prompt", text="so far", meta=1),
        event("prompt", text="hint", meta=1),
        event("api", 1, model="m", usage=[5, 0, 0, 6]),
    ]
    found = told.told({"session": "s", "repo": "r", "cwd": "/p", "events": events})
    assert [(asked.message_id, asked.at, *asked[5:10]) for asked in found.requests] == [
        ("s-0", 1.0, 1, 2, 0, 3, 4), ("s-1", 7.0, 5, 0, 0, 0, 6),
    ]  # fmt: skip
    assert [(a.what, a.at) for a in found.arrivals] == [
        ("prompt", 0.0), ("answer", 1.0), ("result", 3.0), ("summary", 5.0), ("note", 6.0), ("answer", 7.0),
    ]  # fmt: skip
    result = found.arrivals[2]
    assert (result.tool, result.target, result.is_error, result.characters, result.tokens) == (
        "Agent",
        "x",
        True,
        100,
        20,
    )


@pytest.fixture(scope="module")
def recorded() -> list[told.Told]:
    if not RECORDED.is_dir():
        pytest.skip("no recorded sessions: TRIMTAB_REPLAY names their folder")
    return list(told.sessions(RECORDED))


def test_under_a_tenth_is_not_attributed(recorded: list[told.Told]) -> None:
    for name, keep in attribution.KEPT[:3]:
        shares = attribution.unknown_shares(attribution.attribute(recorded, keep))
        assert max(shares) < 0.10, (name, shares)


def test_results_are_estimated_within_four_percent(recorded: list[told.Told]) -> None:
    batches = [batch for one in recorded for batch in sizing.batches(one)]
    for half_of in (sizing.by_session, sizing.by_repository):
        errors = [abs(error) for _, error in sizing.held_out(batches, sizing.by_counts, half_of)]
        assert len(errors) > 1_000
        assert statistics.median(errors) <= 0.04


def test_the_shipped_weights_are_the_fitted_ones(recorded: list[told.Told]) -> None:
    """Not by figure, as others may fit as well: what they estimate for the recorded batches."""
    batches = [batch for one in recorded for batch in sizing.batches(one)]
    weights, _ = sizing.fitted(batches, sizing.by_counts)
    large = [batch for batch in batches if batch.family == "older" and batch.weighed >= sizing.TEST_LEAST]
    shipped = [*sizes.WEIGHTS.values(), sizes.FRAME_TOKENS]
    ratios = [
        sizing.dot(sizing.by_counts(batch), shipped) / sizing.dot(sizing.by_counts(batch), weights) for batch in large
    ]
    assert statistics.median(ratios) == pytest.approx(1, abs=0.01)
    assert statistics.quantiles(ratios, n=20)[0] > 0.97
    assert statistics.quantiles(ratios, n=20)[-1] < 1.03
