"""JSON in one line is laid out without a change of value; tables and items keep what differs."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.content import data

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=12), inner, max_size=8),
    max_leaves=60,
)
LONG = '"' + "x" * 500 + '"'
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@given(VALUES, st.sampled_from([(",", ":"), (", ", ": ")]), st.booleans())
def test_laying_out_changes_no_value(value: object, separators: tuple[str, str], ascii_only: bool) -> None:
    text = f"[{LONG},{json.dumps(value, separators=separators, ensure_ascii=ascii_only)}]"
    made = data.pretty(text)
    assert made is not None
    assert json.loads(made) == json.loads(text)
    assert STRING.findall(made) == STRING.findall(text)
    assert re.sub(r"\s", "", STRING.sub("", made)) == re.sub(r"\s", "", STRING.sub("", text))


def test_numbers_and_keys_keep_their_spelling() -> None:
    made = data.pretty(f'{{"a":1.50,"b":10000000000000000000001,"a":1e5,"c":{LONG}}}')
    assert made is not None
    assert '"a": 1.50' in made
    assert '"b": 10000000000000000000001' in made
    assert '"a": 1e5' in made


def test_short_objects_stay_on_a_line() -> None:
    made = data.pretty(json.dumps({"rows": [{"id": n, "tags": ["a, b", "c"]} for n in range(40)]}))
    assert made is not None
    assert '{"id": 7, "tags": ["a, b", "c"]}' in made


@pytest.mark.parametrize("text", ["", "{", "[1, 2", "{'a': 1}" * 90, "x" * 900, "{\n" * 500, '{"a": 1}'])
def test_what_is_no_long_json_is_left_alone(text: str) -> None:
    assert data.pretty(text) is None


def test_items_are_named_and_errors_kept() -> None:
    lines = ['{"id": 1, "status": "ok"}', '{"id": 2, "status": "failed"}', '{"id": 3, "error": null}']
    found = data.mark_json(lines)
    assert found.facts == {1: ("1",), 2: ("2",), 3: ("3",)}
    assert found.keep == {2}


def test_json_between_other_lines_is_found() -> None:
    lines = ["warning: old option", "[", "  {", '    "code": "F401"', "  }", "]", "Found 1 error."]
    assert data.documents(lines) == [(1, 5)]
    assert data.documents(["[INFO] a", "[INFO] b", "[1/4] c", "{ x", "[] y"]) == []
    assert data.documents(['{"a": 1}', '{"a": 2}', '{"a": 3}']) == [(0, 2)]
    assert data.documents(["{", '  "a": 1,', '  "b": [']) == [(0, 2)]  # cut off


def test_a_long_line_of_json_is_laid_out_where_it_stands() -> None:
    row = json.dumps({"reason": "message", "text": "x" * 1_200, "more": [{"n": n, "word": "w" * 30} for n in range(4)]})
    made = data.laid_out(["start", row, "end"])
    assert (made[0], made[-1]) == ("start", "end")
    assert json.loads("\n".join(made[1:-1])) == json.loads(row)
    assert len(made) > 6


def test_what_an_alarm_says_is_kept_with_it() -> None:
    lines = ["{", '  "status": "failed",', '  "line": 3,', '  "message": "no rate"', "}"]
    assert data.mark_json(lines).keep == {2, 4}


def test_totals_outside_of_a_series_are_kept() -> None:
    rows = [{"id": n, "errorCount": 0, "name": f"n{n}"} for n in range(20)]
    lines = json.dumps({"rows": rows, "errorCount": 7, "summary_line": "7 failures"}, indent=1).split("\n")
    found = data.mark_document(lines)
    assert {' "errorCount": 7,', ' "summary_line": "7 failures"'} <= {lines[number - 1] for number in found.keep}
