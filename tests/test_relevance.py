"""Evidence raises the lines that it speaks of, and fades."""

import pytest

from trimtab import relevance
from trimtab.records import Block, Content
from trimtab.relevance import Interest, Places

LINES = tuple(
    "def parse_header(line):" if i == 40 else "    parse_header(raw)" if i == 90 else f"    filler = {i}"
    for i in range(1, 121)
)
CONTENT = Content("python", LINES, (Block("function", "parse_header", 40, 40, 60),))
PATH = "/home/u/project/src/http.py"


def rates(interest: Interest) -> list[float]:
    return relevance.rate(CONTENT, Places(LINES), interest, PATH)


def peak(interest: Interest) -> int:
    """The line with the highest rate; the first of equals."""
    found = rates(interest)
    return found.index(max(found)) + 1


def test_without_evidence_every_line_is_alike() -> None:
    assert len(set(rates(Interest()))) == 1


def test_a_name_in_the_prompt_raises_its_definition_most() -> None:
    interest = Interest()
    interest.asked("Make parse_header tolerate a missing colon")
    assert peak(interest) == 40
    found = rates(interest)
    assert found[89] > 5 * found[110]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("Grep", {"pattern": "parse_header"}), ("Bash", {"command": "grep -rn 'parse_header' ."})],
)
def test_a_search_raises_what_it_searched_for(tool: str, arguments: dict[str, object]) -> None:
    interest = Interest()
    interest.called(tool, arguments)
    assert peak(interest) == 40


@pytest.mark.parametrize(
    "output",
    [
        "src/http.py:77:    filler = 77",
        "./src/http.py:77:5: error: bad",
        'Traceback (most recent call last):\n  File "/home/u/project/src/http.py", line 77, in run',
        "E   src/http.py:77: AssertionError",
    ],
    ids=["grep", "compiler", "python", "pytest"],
)
def test_a_place_in_an_output_raises_its_line(output: str) -> None:
    interest = Interest()
    interest.saw("Bash", output)
    assert peak(interest) == 77


def test_a_search_in_one_file_names_bare_numbers() -> None:
    interest = Interest()
    interest.saw("Bash", "12:x\n77:y", "grep -n foo src/http.py | head")
    assert {12, 77} == set(interest.lines(PATH))


def test_a_failing_test_is_of_interest_by_its_name() -> None:
    interest = Interest()
    interest.saw("Bash", "FAILED tests/test_http.py::test_parse_header - AssertionError")
    assert interest.names()["test_parse_header"] > 0.4


def test_an_edit_raises_the_names_it_brought_in() -> None:
    interest = Interest()
    interest.called("Edit", {"file_path": "/p/b.py", "old_string": "x = 1", "new_string": "x = parse_header(1)"})
    assert peak(interest) == 40


def test_a_read_says_nothing_by_its_result() -> None:
    interest = Interest()
    interest.saw("Read", "src/http.py:77: text in a file")
    assert interest.lines(PATH) == {}


def test_evidence_fades() -> None:
    interest = Interest()
    interest.called("Grep", {"pattern": "parse_header"})
    before = interest.names()["parse_header"]
    for i in range(50):
        interest.called("Grep", {"pattern": f"other_{i}"})
    assert interest.names()["parse_header"] < 0.3 * before


def test_a_file_that_the_prompt_names_is_likelier_until_it_is_edited() -> None:
    interest = Interest()
    interest.asked("Fix http.py")
    raised = rates(interest)[5]
    interest.called("Edit", {"file_path": PATH, "old_string": "a", "new_string": "b"})
    assert raised == pytest.approx(3 * rates(interest)[5])


@pytest.mark.parametrize(
    ("named", "same"),
    [
        ("src/http.py", True),
        ("./src/http.py", True),
        ("/home/u/project/src/http.py", True),
        ("http.py", True),
        ("xhttp.py", False),
        ("other/http.py", False),
        ("src/http.pyc", False),
    ],
)
def test_which_names_can_be_a_file(named: str, same: bool) -> None:
    assert relevance.same_file(PATH, named) is same


def test_a_name_within_another_is_not_that_name() -> None:
    assert Places(("parse_header_line", "x.parse_header", "parse_header2")).of("parse_header") == [1]


def test_a_compaction_keeps_the_newest_clues() -> None:
    interest = Interest()
    for i in range(60):
        interest.called("Grep", {"pattern": f"name_{i}"})
    interest.compacted()
    assert "name_59" in interest.names()
    assert "name_10" not in interest.names()
