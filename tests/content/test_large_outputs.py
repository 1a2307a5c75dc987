"""Outputs of which the daemon has no time to mark all: what is said of them stays true, and errors are found."""

import pytest

from trimtab import content
from trimtab.content.outputs import MOST_CHARACTERS

LINE = "2026-11-24T10:00:00.000Z INFO [basket] stored an entry of the ledger id={}"
COUNT = 2 * MOST_CHARACTERS // len(LINE)


def log(at: int) -> str:
    lines = [LINE.format(i) for i in range(COUNT)]
    lines[at] = "2026-11-24T10:00:00.000Z ERROR [basket] the ledger is gone"
    return "\n".join(lines)


@pytest.mark.parametrize("share", [0.1, 0.7, 0.99])
def test_an_error_is_kept_wherever_it_is(share: float) -> None:
    at = int(share * COUNT)
    assert at + 1 in content.output("docker logs app", log(at)).keep


def test_what_a_kind_keeps_of_the_end_is_kept() -> None:
    """The end of a test run says how many failed."""
    text = "\n".join(
        [*(f"tests/test_{i}.py::test_a PASSED" for i in range(MOST_CHARACTERS // 15)), "= 1 failed in 9s ="]
    )
    found = content.output("pytest -v", text)
    assert len(found.lines) in found.keep


def test_no_count_speaks_for_lines_that_were_not_counted() -> None:
    """The rest has a fact that says so; what sums up lines ends before it."""
    found = content.output("docker logs app", log(5))
    (first,) = (line for line, facts in found.facts.items() if any("only errors are looked for" in f for f in facts))
    assert found.facts[first][-1] == f"{COUNT - first + 1} lines of which only errors are looked for"
    assert first > 10_000
    assert all(block.last < first for block in found.blocks if block.kind == "repetition")
    assert any("more like line" in fact for line, facts in found.facts.items() if line < first for fact in facts)


def test_a_line_longer_than_all_that_is_marked_is_marked() -> None:
    found = content.output("./script", "x" * (2 * MOST_CHARACTERS) + "\nError: it failed")
    assert 2 in found.keep
