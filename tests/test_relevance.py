"""Evidence raises the lines that it speaks of, and fades."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab import relevance
from trimtab.handlers import parsed
from trimtab.handlers.loads import Loaded
from trimtab.records import Block, Content
from trimtab.relevance import Interest, Places, evidence, mentions, new_words, words
from trimtab.relevance import interest as weights

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
    """The lines right beside it are read with it."""
    interest = Interest()
    interest.saw("Bash", output)
    found = rates(interest)
    assert [line for line, rate in enumerate(found, 1) if rate == max(found)] == [76, 77, 78]


def test_a_search_in_one_file_names_bare_numbers() -> None:
    interest = Interest()
    interest.saw("Bash", "12:x\n77:y", "grep -n foo src/http.py | head")
    assert {12, 77} == set(interest.lines(PATH))


def test_a_failing_test_is_of_interest_by_its_name() -> None:
    interest = Interest()
    interest.saw("Bash", "FAILED tests/test_http.py::test_parse_header - AssertionError")
    assert interest.names()["test_parse_header"] == weights.FAILED_TEST


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
    assert evidence(interest, PATH).task[:2] == (0.81, 2.5)
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
    """0.98 for each of 10 later clues, of the 0.11 that a place in what a command prints says."""
    interest = Interest()
    interest.saw("Bash", "src/http.py:77: x")
    assert interest.lines(PATH) == {77: 0.11}
    for i in range(10):
        interest.called("Grep", {"pattern": f"other_{i}"})
    assert interest.lines(PATH) == {77: pytest.approx(0.11 * 0.98**10)}


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
    """0.11 on line 77 and the one beside it, 0.9 and 0.75 of it on the next, a tenth 10 lines off, then any line's."""
    interest = Interest()
    interest.saw("Bash", "src/http.py:77: x")
    found = rates(interest)
    for distance, left in ((0, 0.11), (1, 0.11), (2, 0.099), (3, 0.0825), (10, 0.011), (11, 0.0003)):
        assert found[76 - distance] == found[76 + distance] == pytest.approx(left), distance
    assert found[0] == pytest.approx(0.0003)


def test_a_name_raises_fewer_lines_around_it_than_a_place_does() -> None:
    """Line 90 has one of two mentions of what was searched for; 80 % are left two lines off, nothing from six on."""
    interest = Interest()
    interest.called("Grep", {"pattern": "parse_header"})
    found = rates(interest)
    mention = 0.0003 + weights.SEARCHED / 1.15**0.8
    for distance, share in ((0, 1.0), (1, 0.9), (2, 0.8), (5, 0.1)):
        assert found[89 - distance] == found[89 + distance] == pytest.approx(share * mention), distance
    assert found[89 - 6] == found[89 + 6] == pytest.approx(0.0003)


@pytest.mark.parametrize(
    ("rates", "around", "spread"),
    [
        ([0.0, 0.0, 1.0, 0.0], (1.0, 0.5, 0.25), [0.25, 0.5, 1.0, 0.5]),
        ([1.0, 0.0, 0.0, 0.0], (1.0, 0.5), [1.0, 0.5, 0.0, 0.0]),  # what was spread does not spread again
        ([1.0, 0.0, 1.0], (1.0, 0.5), [1.0, 0.5, 1.0]),  # of two the stronger, not the sum
        ([0.4, 1.0, 0.7], (1.0, 0.5), [0.5, 1.0, 0.7]),  # what is stronger itself stays
        ([0.0005, 0.0], (1.0, 1.0), [0.0005, 0.0]),  # hardly more than any line's 0.0003
        ([1.0], (1.0, 1.0, 1.0), [1.0]),
        ([], (1.0, 0.5), []),
    ],
)
def test_a_rate_spreads_to_both_sides(rates: list[float], around: tuple[float, ...], spread: list[float]) -> None:
    before = list(rates)
    assert relevance.rules.spread(rates, around) == pytest.approx(spread)
    assert rates == before


@pytest.mark.parametrize("around", [relevance.rules.AROUND_NAME, relevance.rules.AROUND_PLACE])
def test_what_is_left_of_a_rate_never_rises_with_the_distance(around: tuple[float, ...]) -> None:
    assert around[0] == 1.0
    assert list(around) == sorted(around, reverse=True)
    assert around[-1] > 0


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


def test_a_name_counts_as_its_strongest_evidence_does_however_often_it_comes_up() -> None:
    """Chances for one and the same reason do not add up: 20 searches say no more than the newest."""
    interest = Interest()
    for _ in range(20):
        interest.called("Grep", {"pattern": "parse_header"})
    assert interest.names()["parse_header"] == 0.06
    interest.said("Now look at parse_header")  # 0.0005, less than what is left of the search
    assert interest.names()["parse_header"] == pytest.approx(0.06 * 0.98)


def test_a_line_counts_as_the_strongest_that_points_at_it() -> None:
    """A trace's 0.11, faded once, and a search's hit of 0.03 in the same line."""
    interest = Interest()
    interest.saw("Bash", "src/http.py:77: x")
    interest.saw("Grep", "src/http.py:77:    filler = 77\nsrc/http.py:78:    filler = 78")
    assert interest.lines(PATH) == {77: pytest.approx(0.11 * 0.98), 78: 0.03}


def test_evidence_is_the_stronger_the_likelier_it_is_followed_up() -> None:
    """A name searched for says more than one in the prompt, that more than one said; a trace more than a hit."""
    assert 1 > weights.SEARCHED > weights.ASKED == weights.SENT > weights.CHANGED > weights.SAID > 0
    assert weights.SAID == weights.RAN == weights.EDITED
    assert 1 > weights.TRACED > weights.HIT > 0


def test_a_plain_word_says_half_of_what_a_compound_one_does() -> None:
    interest = Interest()
    interest.asked("parse_header parseHeader header2 transaction ledger the")
    assert interest.names() == dict.fromkeys(
        ("parse_header", "parseHeader", "header2", "transaction"), weights.ASKED
    ) | {"ledger": weights.ASKED / 2}


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Fix lib/shop/http_client.py.", {"http_client"}),
        (
            "compare tests/test_ledger.py, ~/notes/Billing.md and C:/work/parser.ts",
            {"test_ledger", "Billing", "parser"},
        ),
        ("README.md, src/index.ts, lib/__init__.py and Main.java are in every project", set()),
        ("a.py and ab.go are too short, v1.2 and 3.14 no files", set()),
        ("the folder lib/ledger/ and the word ledger", set()),
    ],
)
def test_files_asked_about_give_their_names_without_endings(text: str, stems: set[str]) -> None:
    assert weights.stems_in(text) == dict.fromkeys(stems, 0.08)


@pytest.mark.parametrize("way", ["prompt", "command", "subagent"])
def test_what_imports_a_file_that_is_asked_about_is_of_interest(way: str) -> None:
    """`http` stands in an import of another file: the name of http.py, as it is used."""
    interest = Interest()
    if way == "prompt":
        interest.asked("Why does src/wire.py retry?")
    elif way == "command":
        interest.called("Bash", {"command": "wc -l src/wire.py"})
    else:
        interest.called("Agent", {"prompt": "Look at src/wire.py"})
    lines = ("import os", *["x"] * 9, "from shop import wire", *["x"] * 9)
    found = relevance.rate(Content("python", lines, ()), Places(lines), evidence(interest, "/p/other.py"))
    assert interest.names()["wire"] == 0.08
    assert found.index(max(found)) == 10
    assert max(found) == pytest.approx(0.0803)


def test_what_uses_a_file_that_was_pointed_into_is_of_interest() -> None:
    """A trace ends in src/parse_header.py; a search that hits 30 files says nothing of each."""
    few, many = Interest(), Interest()
    few.saw("Bash", "E   src/parse_header.py:7: AssertionError")
    assert peak(few) == 40
    many.saw("Bash", "".join(f"src/other{i}.py:7: x\n" for i in range(30)) + "src/parse_header.py:7: x", "grep -rn x")
    assert len(set(rates(many))) == 1


def test_what_the_prompt_names_is_wanted_with_its_body() -> None:
    """Line 59 is in parse_header's body, far from any line that has the name; a subagent's prompt does not raise it."""
    asked, sent = Interest(), Interest()
    asked.asked("Make parse_header tolerate a missing colon")
    sent.called("Agent", {"prompt": "Make parse_header tolerate a missing colon"})
    assert rates(asked)[58] > 50 * rates(sent)[58]
    assert rates(sent)[58] == pytest.approx(0.0003)
    assert rates(asked)[110] == rates(sent)[110] == pytest.approx(0.0003)


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


@pytest.mark.parametrize("word", ["struct", "ledger_margin", "4711", '"no colon in header'])
def test_words_that_tell_something(word: str) -> None:
    """`struct` is one: in most projects it is the name of a module, or of what Go and Rust define."""
    assert words.is_telling(word)


@pytest.mark.parametrize(("tool", "taken_up"), [("Read", 0.13), ("Bash", 0.06), ("Grep", 0.15), ("mcp__a__b", 0.15)])
def test_words_are_taken_up_as_often_as_those_of_their_tool(tool: str, taken_up: float) -> None:
    """As measured, and counted for a quarter of the calls that edits are; the figures are rounded."""
    assert relevance.used(tool) == pytest.approx(taken_up / 4, rel=0.1)
    whole = parsed.parse(Loaded(tool, "a", "def parse_header(raw_bytes):\n" * 9))
    assert parsed.need_of(whole, Interest(), tool, "").used == relevance.used(tool)


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


HITS = (
    "src/wire_format.py:1012:def parse_header(raw_bytes):",
    "src/wire_format.py-1013-    first_part = raw_bytes",
    "/home/u/project/src/wire_format.py:1014:class HeaderLine:",
    "src/wire_format.py:1015:def second_part():",
    "tests/test_wire.py:2012:def test_third_part():",
)


def test_the_path_of_a_searchs_hits_is_one_word() -> None:
    """However it is spelled and whatever the hits define; the numbers of the lines are no words."""
    found = {mention.word: mention.line for mention in mentions(HITS, is_search=True)}
    paths = {word: line for word, line in found.items() if "/" in word or word.endswith(".py")}
    assert paths == {
        "src/wire_format.py": 0,
        "wire_format.py": 0,
        "tests/test_wire.py": 4,
        "test_wire.py": 4,
    }
    assert found["wire_format"] == 0
    rest = {word: line for word, line in found.items() if word not in {*paths, "wire_format", "test_wire"}}
    assert rest == {
        "parse_header": 0,
        "raw_bytes": 0,
        "first_part": 1,
        "HeaderLine": 2,
        "second_part": 3,
        "test_third_part": 4,
    }


def test_the_path_of_a_hit_that_comes_again_after_another_is_the_same_word() -> None:
    found = [mention.word for mention in mentions([HITS[0], HITS[4], HITS[3]], is_search=True)]
    assert found.count("src/wire_format.py") == 1
    assert len(found) == len(set(found))


PIECE = re.compile(r"[A-Za-z0-9_@$./\-]*[A-Za-z0-9_$]")


@settings(max_examples=200)
@given(st.text(st.sampled_from('ab1_$@./-é \n\t\0"(,'), max_size=80))
def test_a_text_is_parted_as_by_a_pattern(text: str) -> None:
    """A piece may have more of `./-@` at its end, which are no part of its words."""
    lines = [[p for p in (piece.rstrip("./-@") for piece in line) if p] for line in pieces_by_line(text)]
    assert lines == [PIECE.findall(line) for line in text.split("\n")]


def pieces_by_line(text: str) -> list[list[str]]:
    lines: list[list[str]] = [[]]
    for piece in words.pieces_of(text):
        if piece == words.LINE_END:
            lines.append([])
        else:
            lines[-1].append(piece)
    return lines


@pytest.mark.parametrize(("name", "line"), [("struct", 1), ("the_type", 2)])
def test_a_line_defines_something_whatever_stands_after_the_word_that_says_so(name: str, line: int) -> None:
    found = {mention.word: mention.line for mention in mentions(["the_type;", "a struct", "is a type. the_type"])}
    assert found[name] == line


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("naïve_name", "naïve_name", [0]),
        ("a\nmy-stem", "my-stem", []),
        ("größe-x", "größe-x", []),
        ("x1name", "name", []),
    ],
)
def test_only_a_whole_name_is_found(text: str, name: str, found: list[int]) -> None:
    assert list(Places(text.split("\n")).of(name)) == found


def test_a_long_text_is_looked_through_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["see parse_header", 'x = "no colon_in it"', "def parse_header():", "raw_bytes", 'y = "no colon_in it"'] * 3
    whole = mentions(lines)
    monkeypatch.setattr(sys.modules[mentions.__module__], "PART_CHARACTERS", 30)
    assert mentions(lines) == whole
    assert {mention.word: mention.line for mention in whole} == {
        "parse_header": 2,
        "colon_in": 1,
        "raw_bytes": 3,
        '"no colon_in it': 1,
    }


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
