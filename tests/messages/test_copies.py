"""Code in a message that is a copy of a file's lines."""

import pytest

from trimtab.messages import copies

SOURCE = """import os


class A:
    def one(self):
        first = os.getcwd()
        second = os.sep
        return first + second
"""
METHOD = SOURCE.split("\n")[4:8]


def places(body: list[str], files: dict[str, str] | None = None) -> list[str]:
    lines = ["Look:", "```python", *body, "```"]
    return list(copies.copies(lines, {"src/a.py": SOURCE} if files is None else files).values())


@pytest.mark.parametrize(
    "body",
    [
        METHOD,
        [line[4:] for line in METHOD],
        [f"{line}  " for line in METHOD],
        [f"{number}→{line}" for number, line in enumerate(METHOD, 5)],
        ["", *METHOD, ""],
    ],
    ids=["as it is", "dedented", "blanks at the ends", "numbered", "blank lines around"],
)
def test_a_copy_is_found_where_it_stands(body: list[str]) -> None:
    assert places(body) == ["src/a.py:5-8"]


@pytest.mark.parametrize(
    "body",
    [
        [*METHOD[:3], "        return first"],
        [*METHOD[:1], *METHOD[2:]],
        [line.strip() for line in METHOD],
        METHOD[:2],
    ],
    ids=["a line changed", "a line left out", "another indentation", "too short"],
)
def test_what_is_no_copy_stays(body: list[str]) -> None:
    assert places(body) == []


def test_without_files_there_is_none() -> None:
    assert places(METHOD, {}) == []


def test_the_files_that_a_message_names() -> None:
    text = "In `lib/a.py:12` and b.go, not in f.call(x) or 1.5; see lib/a.py."
    assert copies.files_named(text) == ["lib/a.py", "b.go"]
