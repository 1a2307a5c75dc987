"""The side by side: what counts as removed, and a tool that loses facts does not gain by it."""

from pathlib import Path

from bench import peers, stage
from bench.peers import Result
from tests.needles.harness import Family

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


def test_a_fact_is_kept_under_its_file_but_not_under_another() -> None:
    grouped = "a.ts (2 errors)\n  L7: TS2322\n  L12: TS2345\nb.ts (1 error)\n  L3: TS1005\n"
    assert peers.is_kept("a.ts(12,5)", "a.ts\n  12,5: TS2345")
    assert not peers.is_kept("a.ts(12,5)", "b.ts\n  12,5: TS2345\na.ts\n  3,1: TS1005")
    assert peers.is_kept("a.ts:7", grouped)
    assert not peers.is_kept("a.ts:3", grouped)


def test_a_test_is_kept_without_its_path_but_not_as_a_part_of_another() -> None:
    assert peers.is_kept("tests/test_a.py::test_row[1]", "1. [FAIL] test_row[1]\n   tests/test_a.py:5")
    assert not peers.is_kept("tests/test_a.py::test_row[1]", "1. [FAIL] test_row[1]")
    assert not peers.is_kept("tests/test_a.py::test_row", "1. [FAIL] test_row_2\n   tests/test_a.py:5")


def test_a_hook_that_leaves_the_command_alone_or_answers_nonsense() -> None:
    assert stage.rewritten("{}") is None
    assert stage.rewritten("no JSON") is None
    assert stage.rewritten('{"hookSpecificOutput": {"updatedInput": {"command": "rtk ls"}}}') == "rtk ls"


def test_a_staged_command_prints_the_recording_and_exits_as_it_did(tmp_path: Path) -> None:
    made = stage.Stage(tmp_path / "stage", "make", Family("make -k", "one\ntwo", ("two",), ()))
    assert made.run(["sh", "-c", "make -k; echo $?"]) == "one\ntwo\n2\n"
    assert made.hooked(["echo", "{}"]) == "one\ntwo"
