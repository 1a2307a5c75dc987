"""Series of like entries: one example, the count, the fields, and what is odd; in any text, whatever its shape."""

import json

from hypothesis import given
from hypothesis import strategies as st

from trimtab.content import likeness, locks, parse
from trimtab.content.marks import Marks

PARTS = [
    "{",
    "}",
    "[",
    "]",
    "},",
    "],",
    '  "a": 1,',
    '  "b": {',
    '{"a": 1, "b": 2},',
    "[s]",
    "[[t]]",
    "k = v",
    "[" * 50,
]
OTHERS = ["    c: d", "- x: 1", "  y: 2", "<a>", "  <b>1</b>", "</a>", "", "# c", "\t\tz:", "é: ü"]
LINES = st.lists(st.sampled_from([*PARTS, *OTHERS]), max_size=60)


def numbers(found: Marks) -> list[str]:
    return [block.name for block in found.blocks if block.kind == "repetition"]


def test_the_value_that_nearly_no_other_has_is_kept_and_found_by_name() -> None:
    jobs = [{"id": n, "name": f"job {n}", "state": "done", "log": f"/var/log/{n}"} for n in range(40)]
    jobs[23]["state"] = "refused"
    lines = json.dumps({"jobs": jobs}, indent=2).split("\n")
    found = likeness.mark(lines)
    kept = [lines[number - 1].strip() for number in sorted(found.keep)]
    assert kept[:6] == ["{", '"id": 0,', '"name": "job 0",', '"state": "done",', '"log": "/var/log/0"', "},"]
    assert kept[6:] == ['"id": 23,', '"state": "refused",']
    assert numbers(found) == ["39 more like line 3: id, name, state, log"]


def test_an_entry_that_lacks_what_all_have_is_kept_by_its_name() -> None:
    lines = [line for n in range(30) for line in (f"- name: n{n}", f"  port: {n}", *([] if n == 7 else ["  host: h"]))]
    assert [lines[number - 1] for number in sorted(likeness.mark(lines).keep)][3:] == ["- name: n7"]


def test_many_odd_entries_are_named() -> None:
    rows = [{"id": f"r{n}", "a": 1, "b": 2, "c": 3, f"x{n}": 1} for n in range(60)]
    found = likeness.mark(json.dumps(rows, indent=1).split("\n"))
    assert len(found.facts) == 59 - likeness.MOST_ODD
    assert ("r59",) in found.facts.values()


def test_examples_inside_of_what_an_example_stands_for_are_not_kept() -> None:
    rows = [{"id": n, "parts": [{"x": 1, "y": n}, {"x": 2, "y": n}, {"x": 3, "y": n}]} for n in range(50)]
    lines = json.dumps(rows, indent=1).split("\n")
    assert max(likeness.mark(lines).keep) < 20


def test_what_has_nothing_in_common_is_no_series() -> None:
    lines = json.dumps({"a": {"b": 1, "c": 2}, "d": {"e": 1, "f": 2}, "g": {"h": 1, "i": 2}}, indent=1).split("\n")
    assert likeness.mark(lines).blocks == []


@given(LINES)
def test_marks_lie_within_any_text_and_are_the_same_again(lines: list[str]) -> None:
    for mark in (likeness.mark, locks.mark):
        found = mark(lines)
        assert all(1 <= block.first <= block.head <= block.last <= len(lines) for block in found.blocks)
        assert all(1 <= number <= len(lines) for number in (*found.keep, *found.facts))
        assert found == mark(lines)


def test_a_lock_file_names_every_package_and_no_checksum() -> None:
    lines = [line for n in range(300) for line in (f"pkg-{n}==1.{n} \\", f"    --hash=sha256:{n:064x}")]
    made = parse("requirements.lock", "\n".join(lines))
    assert made.kind == "lock"
    assert [words for _, words in sorted(made.facts.items())] == [(f"pkg-{n}==1.{n}",) for n in range(300)]
    assert made.blocks[0].name == "300 locked packages"


def test_go_sum_names_each_module_once() -> None:
    made = parse("go.sum", "a.io/a v1.2.0 h1:x=\na.io/a v1.2.0/go.mod h1:y=\na.io/b v0.1.0 h1:z=\n")
    assert made.facts == {1: ("a.io/a v1.2.0",), 3: ("a.io/b v0.1.0",)}


def test_minified_json_says_what_it_holds() -> None:
    made = parse("a.json", json.dumps([{"id": n, "name": "x" * 40} for n in range(200)], separators=(",", ":")))
    assert (made.kind, made.blocks[0].name) == ("minified", "JSON, 200 items: id, name")
    assert parse("a.js", "var a=1;" * 2000).blocks[0].name == "minified, 16,000 characters"


def test_what_differs_deep_inside_is_kept_and_choices_are_counted() -> None:
    rows = [
        {"name": f"p{n}", "status": {"phase": "Pending" if n == 7 else "Running", "ip": f"10.1.0.{n}"}}
        for n in range(30)
    ]
    rows[7]["status"]["waiting"] = {"reason": "CrashLoopBackOff"}  # type: ignore[index]
    lines = json.dumps(rows, indent=2).split("\n")
    found = likeness.mark(lines)
    kept = {lines[number - 1].strip() for number in found.keep}
    assert {'"name": "p7",', '"phase": "Pending",', '"reason": "CrashLoopBackOff"'} <= kept
    assert ("phase: Running 29, Pending 1",) in found.facts.values()
