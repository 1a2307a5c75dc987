"""What the bench of messages counts: lines of verdicts, and what is kept of them; without data it does nothing."""

import sys
from pathlib import Path

import pytest
from bench import messages
from bench.messages import Kept
from bench.recorded import Example, Needs, Subject

from trimtab.handlers import parsed
from trimtab.handlers.loads import Loaded
from trimtab.messages import Given
from trimtab.relevance import Interest, evidence

REPORT = """The tests failed.
It is passed on to `failed_at`.
- ❌ item 7
```
FAILED a.py:3
```
The tests failed.
Rejected: see lib/a.py:12.
Approved earlier."""


def example(text: str, held: tuple[str, ...] = ()) -> Example:
    whole = parsed.parse(Loaded("Agent", "", text))
    subject = Subject("Agent", "", "", False, 50_000, 3)
    needs = Needs(frozenset(), {}, frozenset())
    nothing = evidence(Interest(), "")
    lines = tuple(text.split("\n"))
    return Example("t1", "s1", "r", subject, lines, 1, whole, nothing, [], needs, "m", 9, False, Given(held))


def test_a_verdict_counts_once_and_not_in_code_and_not_if_it_is_held() -> None:
    found = list(messages.verdict_lines(example(REPORT, ("Hello.\nApproved  earlier.",))))
    assert found == ["The tests failed.", "- ❌ item 7", "Rejected: see lib/a.py:12."]


def test_what_is_kept_is_what_is_shown() -> None:
    one = example(REPORT)
    assert messages.kept([one], lambda _: REPORT) == Kept(2, 2, 4, 4)
    assert messages.kept([one], lambda _: "The tests failed.\n... Read offset=2 limit=8: a.py:3") == Kept(2, 1, 4, 1)


def test_without_recordings_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["messages", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        messages.main()
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("skipped: ")
