"""The score counts edits that landed, by what is usual."""

from trimtab.budget.efficiency import landed, score
from trimtab.records import Arrival


def result(tool: str, what: str = "result", is_error: bool = False) -> Arrival:
    return Arrival("s", "", "t", 0.0, what, tool, "/f", 10, is_error)


def test_failed_edits_and_other_calls_are_no_edits() -> None:
    came = [result("Edit"), result("Write"), result("Edit", is_error=True), result("Read"), result("", "prompt")]
    assert landed(came) == 2


def test_score_is_edits_over_the_usual_ones_with_one_added_to_both() -> None:
    assert score(2, 50.0, 10, 100.0) == 0.5  # (2 + 1) / (5 + 1)
    assert score(5, 50.0, 10, 100.0) == 1.0
    assert score(0, 0.0, 10, 100.0) == 1.0  # nothing spent: as usual
    assert score(11, 50.0, 10, 100.0) == 2.0


def test_without_a_usual_there_is_no_score() -> None:
    assert score(3, 50.0, 0, 100.0) is None
    assert score(3, 50.0, 0, 0.0) is None
