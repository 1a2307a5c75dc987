"""A JSON text is changed in one place; every other character stays. Expected texts are written by hand."""

import json
import random
from typing import Any

import pytest

from trimtab import jsontext
from trimtab.errors import SettingsError

FILE = """{
    "permissions": {
        "allow": ["Bash(ls:*)", "Read"],
        "deny": [
            "WebFetch"
        ]
    },
    "ratio": 1.50,
    "name": "caf\\u00e9"
}
"""


def test_an_entry_goes_behind_its_neighbours_as_they_are_written() -> None:
    added = jsontext.add(FILE, ("permissions", "deny"), "Workflow")
    assert added == FILE.replace('"WebFetch"\n', '"WebFetch",\n            "Workflow"\n')
    inline = jsontext.add(FILE, ("permissions", "allow"), "Edit")
    assert inline == FILE.replace('"Read"]', '"Read", "Edit"]')


def test_objects_on_the_way_are_made() -> None:
    found = jsontext.put(FILE, ("skillOverrides", "dataviz"), "off")
    assert found == FILE.replace(
        '"caf\\u00e9"\n', '"caf\\u00e9",\n    "skillOverrides": {\n        "dataviz": "off"\n    }\n'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '{\n  "a": 1\n}\n'),
        ("{}", '{\n  "a": 1\n}'),
        ('{"b":2}', '{"b":2, "a": 1}'),
        ('{"b":2, "c":3}', '{"b":2, "c":3, "a": 1}'),
        ('{"c": {}}\n', '{"c": {}, "a": 1}\n'),
        ('{\r\n\t"b": 2\r\n}', '{\r\n\t"b": 2,\r\n\t"a": 1\r\n}'),
        ('{"a": 0}', '{"a": 1}'),
        ('{"a": 0, "a": 7}', '{"a": 0, "a": 1}'),
    ],
)
def test_a_member_follows_the_text_around_it(text: str, expected: str) -> None:
    assert jsontext.put(text, ("a",), 1) == expected


def test_an_empty_list_is_filled_on_lines_of_its_own() -> None:
    text = '{\n  "deny": []\n}\n'
    assert jsontext.add(text, ("deny",), "X") == '{\n  "deny": [\n    "X"\n  ]\n}\n'


def test_what_is_there_is_not_added_again() -> None:
    assert jsontext.add(FILE, ("permissions", "deny"), "WebFetch") == FILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', "{}"),
        ('{"a": 1, "b": 2}', '{"b": 2}'),
        ('{"b": 2, "a": 1}', '{"b": 2}'),
        ('{\n  "b": 2,\n  "a": 1,\n  "c": 3\n}', '{\n  "b": 2,\n  "c": 3\n}'),
        ('{"a": 1, "b": 2, "a": 3}', '{"b": 2}'),
        ('{"b": 2}', '{"b": 2}'),
    ],
)
def test_a_member_is_taken_out_with_its_comma(text: str, expected: str) -> None:
    assert jsontext.take(text, ("a",)) == expected


def test_an_entry_is_dropped_with_its_comma() -> None:
    assert jsontext.drop('{"deny": ["A", "B", "C"]}', ("deny",), "B") == '{"deny": ["A", "C"]}'
    assert jsontext.drop('{"deny": ["B"]}', ("deny",), "B") == '{"deny": []}'
    assert jsontext.drop('{"deny": ["B"]}', ("deny",), "X") == '{"deny": ["B"]}'


@pytest.mark.parametrize("text", ["{", '{"a": }', "[1]", "null", '{"a": 1} x', "{'a': 1}", "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        jsontext.put(text, ("a",), 1)


def test_what_leads_through_another_value_is_refused() -> None:
    with pytest.raises(SettingsError, match="permissions"):
        jsontext.add('{"permissions": []}', ("permissions", "deny"), "X")
    with pytest.raises(SettingsError, match="deny"):
        jsontext.add('{"permissions": {"deny": "X"}}', ("permissions", "deny"), "Y")


def made(random_: random.Random, depth: int) -> Any:
    """Any JSON value, names and texts with quotes, brackets and signs of other scripts in them."""
    words = ("a", "deny", 'q"}', "ü,[", "\\", "", "x\ny", "\u2028")
    if depth and random_.random() < 0.7:
        if random_.random() < 0.5:
            return {random_.choice(words): made(random_, depth - 1) for _ in range(random_.randrange(4))}
        return [made(random_, depth - 1) for _ in range(random_.randrange(4))]
    return random_.choice([None, True, 0, -1.5e300, 7, *words])


@pytest.mark.parametrize("seed", range(200))
def test_a_change_means_what_it_says_for_any_text(seed: int) -> None:
    """For any object in any layout: what is put is there, all else is what it was, and taken out it is gone again."""
    random_ = random.Random(seed)
    before = {f"k{n}": made(random_, 3) for n in range(random_.randrange(4))}
    layout: dict[str, Any] = random_.choice(
        [{"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {}, {"ensure_ascii": False}]
    )
    text = json.dumps(before, **layout)
    if random_.random() < 0.5:
        text = f"\n {text}\r\n"
    put = jsontext.put(text, ("permissions", "mode"), "x")
    listed = jsontext.add(put, ("permissions", "deny"), "Workflow")
    more = jsontext.add(listed, ("permissions", "deny"), {"name": "}"})
    assert json.loads(more) == {**before, "permissions": {"mode": "x", "deny": ["Workflow", {"name": "}"}]}}
    assert jsontext.drop(more, ("permissions", "deny"), {"name": "}"}) == listed
    assert json.loads(jsontext.take(more, ("permissions",))) == before
    assert jsontext.take(put, ("permissions",)) == text or not before
