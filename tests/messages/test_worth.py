"""How pressing a message is, and which lines come first."""

import pytest

from trimtab import messages
from trimtab.messages import Priority


@pytest.mark.parametrize(
    ("text", "group", "priority"),
    [
        ("Priority: low\n\nCritical: data loss.", "4", Priority.LOW),
        ("One critical finding: the key is in the log.", "4", Priority.CRITICAL),
        ("One critical finding: the key is in the log.", "1", Priority.HIGH),
        ("**Blocked.** The registry is down.", "3", Priority.CRITICAL),
        ("3 tests failed.", "3", Priority.HIGH),
        ("May it be dropped?", "1", Priority.HIGH),
        ("No critical issues. 0 failed.", "1", Priority.LOW),
        ("No critical issues. 0 failed.", "4", Priority.NORMAL),
        ("Not approved: critical race in `pool.py:40`.", "4", Priority.CRITICAL),
        ("No, three failures in the suite.", "3", Priority.HIGH),
        ("No - `b.py:3` failed.", "3", Priority.HIGH),
        ("Nothing is merged while it is blocked.", "3", Priority.CRITICAL),
        ("Nothing is blocked.", "3", Priority.LOW),
        ("Nothing else is missing.", "3", Priority.LOW),
        ("**No** high/critical issues, **0** of 12 failed.", "3", Priority.LOW),
        ("All 12 tests passed.", "3", Priority.LOW),
        ("The lock file is old, which is a risk.", "3", Priority.NORMAL),
    ],
)
def test_priority(text: str, group: str, priority: Priority) -> None:
    """A "no" takes back what stands behind a comma or a colon, or none takes back what it says."""
    assert messages.priority(messages.read(text), group) is priority


@pytest.mark.parametrize(
    ("text", "group", "is_pressing"),
    [
        ("**Blocked.** The registry is down.", "3", True),
        ("One critical finding: the key is in the log.", "4", True),
        ("May it be dropped?", "1", True),
        ("Priority: high\n\nIt is done.", "1", True),
        ("Priority: low\n\nMay it be dropped?", "1", False),
        ("3 tests failed.", "3", False),
        ("It is done.", "3", False),
    ],
)
def test_what_can_not_wait_for_other_reports(text: str, group: str, is_pressing: bool) -> None:
    """A question waits until agents are done that need its answer; or every failure that is found is a hurry."""
    assert messages.is_pressing(messages.read(text), group) is is_pressing


def test_lines_rank_by_place_and_evidence_and_what_is_held_not_at_all() -> None:
    task = "Look at the whole of the parser and its callers."
    text = f"## Found\n\nIt has two parts.\nThey are alike.\nOne is at `a.py:3`.\n\n{task}\n\nThe end of it."
    rates = messages.rates(messages.read(text, (task,)))
    assert rates[0] == rates[6] == 0.0
    assert rates[2] > rates[3]
    assert rates[4] > rates[3] > rates[8]
