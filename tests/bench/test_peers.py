"""The side by side: what counts as removed, and a tool that loses facts does not gain by it."""

from bench import peers
from bench.peers import Result

GOOD = Result("good", "a", 100, 40, 20, 20)
LOSSY = Result("lossy", "a", 100, 5, 3, 20)
FAILED = Result("failed", "a", 100, None, 0, 20)


def test_what_is_lost_is_not_saved() -> None:
    assert peers.removed_where_kept([GOOD]) == "**60%**"
    assert peers.removed_where_kept([LOSSY]) == "**0%**"
    assert peers.removed_where_kept([GOOD, FAILED]) == "**30%**"


def test_the_table() -> None:
    rows = peers.table([GOOD, LOSSY, FAILED])
    assert rows[2] == "| a (100) | 60%, 20 of 20 | 95%, 3 of 20 | failed |"
    assert rows[3] == "| **facts kept** | **20 of 20** | **3 of 20** | **0 of 20** |"
