"""What is told after a compaction: files and lines in work, open failures, decisions, within its tokens."""

import pytest

from trimtab.history import memory
from trimtab.history.memory import Memory, Work

TEXT = "".join(f"line {number}\n" for number in range(1, 101))


def size(text: str) -> int:
    return len(text.split())


def told(kept: Memory, files: dict[str, str], most: int = 600) -> list[str]:
    return memory.told(kept, files.get, "/p", size, most).split("\n")


def numbered(first: int, last: int) -> str:
    return "\n".join(f"{number}\tline {number}" for number in range(first, last + 1))


def test_edits_are_told_where_they_are_now_and_reads_by_their_range() -> None:
    """Lines 20 and 21 were put in at first; ten lines above them came later, so they are at 30 and 31."""
    kept = Memory()
    kept.result("Read", {"file_path": "/p/a.py", "offset": 60, "limit": 5}, numbered(60, 64), False)
    kept.result("Edit", {"file_path": "/p/a.py", "new_string": "first new line\nsecond new line\n"}, "Done.", False)
    lines = TEXT.split("\n")
    now = "\n".join([*["x"] * 10, *lines[:19], "first new line", "second new line", *lines[19:]])
    assert told(kept, {"/p/a.py": now})[1:] == ["- a.py: edited, lines 30-31, 60-64"]


def test_near_lines_are_told_as_one_and_what_is_beyond_the_end_not_at_all() -> None:
    work = Work(ranges=((10, 20), (25, 30), (90, 200), (150, 160)))
    assert memory.in_work(work, TEXT) == ((10, 30), (90, 101))


def test_an_edit_that_is_in_many_places_or_gone_has_no_lines() -> None:
    assert memory.place_of("line 5", TEXT) is None  # and 50 to 59
    assert memory.place_of("was here before", TEXT) is None
    assert memory.place_of("line 42\n", TEXT) == (42, 42)


def test_files_that_are_gone_are_told_without_lines() -> None:
    kept = Memory()
    kept.result("Edit", {"file_path": "/p/a.py", "new_string": "a line that is long enough"}, "Done.", False)
    assert told(kept, {})[1:] == ["- a.py: edited"]


def test_the_last_used_file_comes_first_and_others_leave_their_names() -> None:
    kept = Memory()
    for name in ("a", "b", "c"):
        kept.result("Read", {"file_path": f"/p/{name}.py"}, numbered(1, 3), False)
    kept.result("Write", {"file_path": "/p/a.py", "content": TEXT}, "Done.", False)
    kept.result("Read", {"file_path": "/elsewhere/d.py", "offset": 3, "limit": 2}, numbered(3, 4), False)
    files = dict.fromkeys(("/p/a.py", "/p/b.py", "/p/c.py", "/elsewhere/d.py"), TEXT)
    assert told(kept, files)[1:] == ["- /elsewhere/d.py: read, lines 3-4", "Also read: a.py, c.py, b.py"]


def test_a_command_fails_until_it_succeeds() -> None:
    """What was mended is told as broken."""
    kept = Memory()
    said = "Exit code 1\n\nFAILED tests/test_a.py::test_b\n1 failed"
    kept.result("Bash", {"command": "pytest -q\n  tests"}, said, True)
    kept.result("Bash", {"command": "make"}, "cc: fatal error: no input files", True)
    assert told(kept, {})[1:] == [
        "Fails: `pytest -q tests` (FAILED tests/test_a.py::test_b)",
        "Fails: `make` (cc: fatal error: no input files)",
    ]
    kept.result("Bash", {"command": "pytest -q tests"}, "1 passed", False)
    assert told(kept, {})[1:] == ["Fails: `make` (cc: fatal error: no input files)"]


@pytest.mark.parametrize(
    "said",
    [
        "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit).",
        "The user doesn't want to take this action right now. STOP what you are doing",
        "[Request interrupted by user for tool use]",
        "Exit code 137\n[Request interrupted by user for tool use]",
        "Permission to use Bash with command rm -r build has been denied.",
        "<tool_use_error>Sibling tool call errored</tool_use_error>",
    ],
)
def test_what_was_not_run_to_its_end_neither_fails_nor_mends(said: str) -> None:
    """A command that the user refused is told to the model as broken, or one that is broken as mended."""
    kept = Memory()
    kept.result("Bash", {"command": "rm -r build"}, said, True)
    assert told(kept, {}) == [""]
    kept.result("Bash", {"command": "make"}, "make: *** Error 1", True)
    kept.result("Bash", {"command": "make"}, said, True)
    assert told(kept, {})[1:] == ["Fails: `make` (make: *** Error 1)"]


def test_a_search_without_hits_is_no_failure() -> None:
    kept = Memory()
    kept.result("Bash", {"command": "grep -rn retries src"}, "Exit code 2\ngrep: src: No such file or directory", True)
    assert len(told(kept, {})) == 2
    kept.result("Bash", {"command": "grep -rn retries src"}, "Exit code 1\n", True)
    assert told(kept, {}) == [""]
    said = "Exit code 1\n[Request interrupted by user]\nhas no case in a.py"  # a failing test that prints it
    kept.result("Bash", {"command": "pytest -q"}, said, True)
    assert len(told(kept, {})) == 2
    kept.result("Bash", {"command": "pytest -q"}, "1 passed", False)
    assert told(kept, {}) == [""]


def test_what_the_user_chose_is_told() -> None:
    kept = Memory()
    said = 'User has answered your questions: "Which database?"="SQLite". You can now continue.'
    kept.result("AskUserQuestion", {"questions": []}, said, False)
    assert told(kept, {})[1:] == ["User chose: Which database? SQLite"]


def test_it_keeps_to_its_tokens_and_drops_what_comes_last() -> None:
    kept = Memory()
    kept.result("Bash", {"command": "make"}, "make: *** Error 1", True)
    for number in range(50):
        given = {"file_path": f"/p/{number}.py", "offset": 1, "limit": 3}
        kept.result("Read", given, numbered(1, 3), False)
    files = {f"/p/{number}.py": TEXT for number in range(50)}
    said = told(kept, files, most=40)
    assert size("\n".join(said)) <= 40
    assert said[1] == "Fails: `make` (make: *** Error 1)"
    assert said[2] == "- 49.py: read, lines 1-3"


@pytest.mark.parametrize(
    "given", [{}, {"file_path": 3}, {"file_path": "/p/a.py", "edits": "all"}, {"file_path": "", "command": None}]
)
def test_odd_calls_are_taken(given: dict[str, object]) -> None:
    kept = Memory()
    for tool in ("Read", "Edit", "MultiEdit", "Bash", "Write", "Glob"):
        kept.result(tool, given, "", False)
        kept.result(tool, given, "", True)


def test_nothing_known_is_nothing_told() -> None:
    assert memory.told(Memory(), lambda path: None, "/p", size, 600) == ""


def test_it_forgets_the_oldest() -> None:
    kept = Memory()
    for number in range(memory.MOST_FILES + 5):
        kept.result("Read", {"file_path": f"/p/{number}.py"}, "", False)
    assert len(kept.files) == memory.MOST_FILES
    assert "/p/4.py" not in kept.files
