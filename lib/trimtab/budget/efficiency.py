"""`efficiency_score`: the edits that landed, over those that as much money usually brings.

1.0 is as usual, 0.5 half as many edits for the money. One edit is added to both, so that a small spend says little. It
knows nothing but edits by the client's own tools: reading, planning, tests and what a shell command changes bring none,
so whose history has no edits has no score, and a score under 1 is no blame.

What it tells, on recorded sessions (`bench/needs.py`): the lower it is after a session's first 8 or 16 responses, the
more all later responses cost, beyond what was forecast then; weakly (rank correlations of -0.2 to -0.4). Of the other
meanings that were tried none told that at both points in both folds: the shares of calls that failed or were repeated,
of the spend that paid for something new, that lost caches took, that the model wrote, and the cost of a response.
"""

from collections.abc import Iterable

from trimtab.records import EDITORS, Arrival

ADDED = 1.0  # edits; chosen


def landed(arrivals: Iterable[Arrival]) -> int:
    """How many results are of an edit that did not fail."""
    return sum(a.what == "result" and a.tool in EDITORS and not a.is_error for a in arrivals)


def score(edits: int, spent: float, usual_edits: int, usual_spent: float) -> float | None:
    """The score of a spend with so many edits, where `usual_edits` came for `usual_spent`, both in one unit.

    None where nothing is usual. With 10 edits for 100 usually, 2 for 50 are (2 + 1) / (5 + 1) = 0.5.
    """
    if usual_edits <= 0 or usual_spent <= 0:
        return None
    return (edits + ADDED) / (spent * usual_edits / usual_spent + ADDED)
