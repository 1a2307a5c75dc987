"""What the arena computes: edits that make a change, what was shown, and what a conversation costs."""

from pathlib import Path

import pytest
from bench import bill
from bench.agent import Seen
from bench.changes import Change, Edit, apply, edits_between
from tests.client.model import Body, Reply


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\nd\n", "a\nB\nc\nd\n"),
        ("a\n\x0cb\nc\n", "a\n\x0cb\nC\n"),
        ("a\nb\nc", "a\nb\nd"),
        ("a\nb\n", "x\na\nb\n"),
        ("a\nx\nb\nx\nc\n", "a\ny\nb\nx\nc\n"),
    ],
)
def test_edits_make_the_change(before: str, after: str) -> None:
    """An edit's old text is not unique, or the edits leave something else behind."""
    edits = edits_between(before, after)
    assert edits
    assert apply(before, edits) == after
    assert all(before.count(edit.old) == 1 for edit in edits)


def test_edits_that_have_no_place() -> None:
    """A change between equal lines is offered as an edit that may hit the wrong one."""
    assert edits_between("x\n" * 100, "x\n" * 50 + "y\n" + "x\n" * 50) == ()


PLACE = Edit(10, "a\n\n  b = 1\n", "x")
HEAD = '<cell id="view">'


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("9\tz\n10\ta\n11\t\n12\t  b = 1\n13\tq", True),
        (f'{HEAD}10\ta\n11\t\n12\t  b = 1\n... Read offset=13 limit=8</cell id="view">', True),
        ("10\ta\n12\t  b = 1", False),
        ("10\ta\n11\t\n12\tb = 1", False),
    ],
)
def test_what_was_shown(text: str, is_shown: bool) -> None:
    """Lines count as shown that were not shown together, or not verbatim."""
    seen = Seen(Change("f", "", ()))
    seen.take(Reply((text,), (False,), ()))
    assert seen.holds(PLACE) is is_shown


def test_lines_of_two_results_are_no_neighbours() -> None:
    """The end of one result and the beginning of the next are taken for lines that stood together."""
    seen = Seen(Change("f", "", ()))
    for text in ("10\ta", "11\t\n12\t  b = 1"):
        seen.take(Reply((text,), (False,), ()))
    assert not seen.holds(PLACE)


def test_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is billed in the wrong class, or what was sent and then changed is billed as cached."""
    monkeypatch.setattr(bill, "count", len)
    bill.size.cache_clear()
    asked: Body = {"role": "user", "content": "12345"}
    call = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
    called = {"role": "assistant", "content": [call]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "1234567"}]}
    first: Body = {"tools": [1], "messages": [asked]}  # the tools are 3 characters, no system prompt is 4
    second: Body = {"tools": [1], "messages": [asked, called, result]}
    done = bill.of_conversation([first, second])
    assert done == bill.Bill(requests=2, loaded=7, written=12 + 7 + 7, read=12, output=7)  # "\nBash{}" is 7
    assert done.cost == 2 * 26 + 0.1 * 12 + 5 * 7
    changed: Body = {"tools": [2], "messages": [asked, called, result]}
    assert bill.of_conversation([first, changed]).read == 0
    bill.size.cache_clear()


def test_tasks_need_no_network_once_downloaded(tmp_path: Path) -> None:
    """The cache is not looked at, and every run downloads again."""
    from bench.changes import task

    for version, rate in (("1.0", 1), ("1.1", 2)):
        folder = tmp_path / f"pkg-{version}" / "pkg"
        folder.mkdir(parents=True)
        (folder / "rates.py").write_text(f"import json\n\nRATE_OF_INTEREST = {rate}\n")
    found = task("pkg==1.0", "pkg==1.1", tmp_path)
    assert found
    assert [(change.path, len(change.edits)) for change in found.changes] == [("rates.py", 1)]
    assert "RATE_OF_INTEREST" in found.terms
    assert found.prompt == "Bring pkg==1.0 up to pkg==1.1: rates.py"
