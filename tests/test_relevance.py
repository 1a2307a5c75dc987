"""Evidence raises the lines that it speaks of, and fades."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import relevance
from trimtab.records import Block, Content
from trimtab.relevance import Interest, Places, evidence, mentions, new_words, words

LINES = tuple(
    "def parse_header(line):" if i == 40 else "    parse_header(raw)" if i == 90 else f"    filler = {i}"
    for i in range(1, 121)
)
CONTENT = Content("python", LINES, (Block("function", "parse_header", 40, 40, 60),))
PATH = "/home/u/project/src/http.py"


def rates(interest: Interest) -> list[float]:
    return relevance.rate(CONTENT, Places(LINES), evidence(interest, PATH))


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
    assert interest.names()["parse_header"] == pytest.approx(0.98**50 * before)


def test_a_file_that_the_prompt_names_is_worth_more_care_until_it_is_edited() -> None:
    interest = Interest()
    assert evidence(interest, PATH).task.care == 1.0
    interest.asked("Fix http.py")
    assert evidence(interest, PATH).task[:2] == (0.81, 6.0)
    interest.called("Edit", {"file_path": PATH, "old_string": "a", "new_string": "b"})
    found = evidence(interest, PATH).task
    assert (found.change, found.care, found.reason) == (
        0.37,
        1.0,
        "the prompt names the file, which has been edited since",
    )


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
        ("src\\http.py", True),
        ("/tmp/copy/home/u/project/src/http.py", True),
        ("/elsewhere/src/http.py", False),
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


def test_a_place_fades_with_what_comes_after() -> None:
    """0.98 for each of 10 later clues, of the 0.9 that a result's place says."""
    interest = Interest()
    interest.saw("Bash", "src/http.py:77: x")
    assert interest.lines(PATH) == {77: pytest.approx(0.9)}
    for i in range(10):
        interest.called("Grep", {"pattern": f"other_{i}"})
    assert interest.lines(PATH) == {77: pytest.approx(0.9 * 0.98**10)}


def test_a_place_in_another_file_says_nothing() -> None:
    interest = Interest()
    interest.saw("Bash", "src/other.py:77: x")
    assert interest.lines(PATH) == {}
    assert rates(interest) == rates(Interest())


def test_a_place_beyond_the_end_is_left_out() -> None:
    interest = Interest()
    interest.saw("Bash", "src/http.py:7777: x\nsrc/http.py:0: y")
    assert rates(interest) == rates(Interest())


def test_a_named_line_raises_its_neighbours_less_the_farther_they_are() -> None:
    """1.0 * 0.9 on line 77 over the 0.0001 of any line; 0.6 of it a line further."""
    interest = Interest()
    interest.saw("Bash", "src/http.py:77: x")
    found = rates(interest)
    assert found[76] == pytest.approx(0.9001)
    assert found[75] == found[77] == pytest.approx(0.9001 * 0.6)
    assert found[73] == pytest.approx(0.9001 * 0.6**3)
    assert found[0] == pytest.approx(0.0001)


def test_a_rate_spreads_to_both_sides() -> None:
    assert relevance.rules.spread([0.0, 0.0, 1.0, 0.0]) == pytest.approx([0.6**2, 0.6, 1.0, 0.6])


def test_chances_by_hand() -> None:
    assert relevance.chance(0.0) == 0.0
    assert relevance.chance(math.log(2)) == pytest.approx(0.5)


def test_every_edit_of_a_multiedit_counts() -> None:
    interest = Interest()
    edits = [{"old_string": "a = 1", "new_string": "a = 2"}, {"old_string": "b()", "new_string": "parse_header()"}]
    interest.called("MultiEdit", {"file_path": "/p/b.py", "edits": edits})
    assert peak(interest) == 40


def test_what_is_merely_written_is_of_no_interest() -> None:
    interest = Interest()
    interest.called("Write", {"file_path": "/p/b.py", "content": "parse_header(1)"})
    assert interest.names() == {}


def test_a_name_that_is_everywhere_says_nothing_of_a_line() -> None:
    """`filler` is on 118 of 120 lines, parse_header on two."""
    rare, common = Interest(), Interest()
    rare.called("Grep", {"pattern": "parse_header"})
    common.called("Grep", {"pattern": "filler"})
    assert max(rates(common)) < 0.1 * max(rates(rare))


def test_a_name_counts_at_most_one_and_a_half_times() -> None:
    interest = Interest()
    for _ in range(20):
        interest.called("Grep", {"pattern": "parse_header"})
    assert interest.names()["parse_header"] == 1.5


def test_a_failing_test_raises_what_it_is_named_after() -> None:
    """The names of failing tests of pytest, go test, cargo and a plain runner."""
    for line in (
        "FAILED tests/test_a.py::test_total - x",
        "--- FAIL: test_total (0.00s)",
        "test_total ... FAILED",
        "not ok test_total",
    ):
        interest = Interest()
        interest.saw("Bash", f"running\n{line}\ndone")
        assert "test_total" in interest.names(), line


@given(st.text(max_size=300), st.text(max_size=300), st.lists(st.text(max_size=40), max_size=30))
def test_any_text_is_evidence_and_every_line_has_a_rate(prompt: str, output: str, lines: list[str]) -> None:
    interest = Interest()
    interest.asked(prompt)
    interest.saw("Bash", output, prompt)
    interest.called("Bash", {"command": output})
    found = relevance.rate(Content("text", tuple(lines), ()), Places(lines), evidence(interest, PATH))
    assert len(found) == len(lines)
    assert all(0 <= rate < math.inf for rate in found)


DIGITS = """
from trimtab.relevance import Interest, Places, evidence, rate
from trimtab.records import Content
interest = Interest()
interest.asked("parse_header total_sum make_one write_all other_name third_name src/a.py:3 src/b.py:9 src/c.py:2")
interest.saw("Bash", "FAILED test_one, test_two, test_three, test_four")
lines = ["parse_header total_sum make_one", "write_all other_name", "third_name test_one", "test_two test_four"]
print(rate(Content("text", tuple(lines), ()), Places(lines), evidence(interest, "/p/src/a.py")))
"""


def test_the_same_conversation_gives_the_same_rates_in_every_process() -> None:
    """Sums of floats depend on their order, and a set's order on the process's seed."""
    library = str(Path(relevance.__file__).parents[2])
    said = {
        subprocess.run(
            [sys.executable, "-c", DIGITS],
            env={"PYTHONPATH": library, "PYTHONHASHSEED": seed, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }
    assert len(said) == 1


@pytest.mark.parametrize(
    ("piece", "found"),
    [
        ("./src/a_test.go", ("src/a_test.go", "a_test.go", "a_test")),
        ("parse.header", ("parse.header", "parse", "header")),
        ("a.b", ()),
        ("@scope/pkg", ("scope/pkg", "scope")),
    ],
)
def test_a_path_counts_whole_by_its_last_part_and_by_its_names(piece: str, found: tuple[str, ...]) -> None:
    assert words.of_piece(piece) == found


@pytest.mark.parametrize(
    ("word", "is_telling"),
    [
        ("return", False),
        ("Return", False),
        ("parse_header", True),
        ("2026", True),
        ("1999", False),
        ('"return value', False),
    ],
)
def test_common_words_years_and_short_numbers_tell_nothing(word: str, is_telling: bool) -> None:
    assert words.is_telling(word) == (is_telling and word != "2026")


def test_a_word_stands_where_it_is_defined() -> None:
    lines = [
        "call(parse_header)",
        "def parse_header():",
        '    raise Oops("no colon_in header")',
        "cat /var/lib/parse_header",
    ]
    found = {mention.word: (mention.spelled, mention.line) for mention in mentions(lines)}
    assert found["parse_header"] == ("parse_header", 1)
    assert found['"no colon_in header'] == ('"no colon_in header"', 2)
    assert found["var/lib/parse_header"] == ("/var/lib/parse_header", 3)


def test_what_came_up_before_is_not_new_until_a_compaction() -> None:
    interest = Interest()
    found = mentions(["def parse_header(raw_bytes):"])
    assert [m.word for m in new_words(found, interest)] == ["parse_header", "raw_bytes"]
    interest.saw("Read", "12\tparse_header(x)")
    assert [m.word for m in new_words(found, interest)] == ["raw_bytes"]
    interest.compacted()
    assert len(new_words(found, interest)) == 2


def test_a_subagent_is_after_what_its_sender_is_after_but_has_seen_nothing() -> None:
    sender, sent = Interest(), Interest()
    sender.called("Grep", {"pattern": "parse_header"})
    sent.inherit(sender)
    assert peak(sent) == 40
    assert not sent.seen


@pytest.mark.parametrize("name", ["CHANGELOG.md", "CHANGES.rst", "docs/release-notes.md", "HISTORY.txt", "NEWS"])
def test_a_history_is_written_on_at_its_top(name: str) -> None:
    interest = Interest()
    interest.called("Grep", {"pattern": "parse_header"})
    found = relevance.rate(CONTENT, Places(LINES), evidence(interest, f"/p/{name}"))
    assert found[0] > 2 * found[39]
    assert found[0] > found[20] > found[100]


@pytest.mark.parametrize("name", ["exchange.md", "newsletter.py", "changes.go"])
def test_other_files_are_no_history(name: str) -> None:
    assert not evidence(Interest(), f"/p/{name}").is_history
