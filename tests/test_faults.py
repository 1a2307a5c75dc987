"""The log of our own faults: each line is JSON whatever it is told, and the file stays small and private."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import faults


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / faults.LOG).read_text(encoding="ascii").splitlines()]


def test_a_fault_is_one_line_with_what_where_and_when(tmp_path: Path) -> None:
    faults.note(str(tmp_path), 1764000000.25, "hook", "PostToolUse", "no answer\nwithin 1.5 s")
    assert lines(tmp_path) == [
        {"at": 1764000000.25, "where": "hook", "event": "PostToolUse", "fault": "no answer\nwithin 1.5 s"}
    ]


@given(st.text(st.characters(), max_size=400))
def test_any_text_is_quoted_as_json(text: str) -> None:
    """Hand-written JSON that json can't read would blind the doctor."""
    assert json.loads(faults.quoted(text)) == "".join(c if ord(c) < 0x10000 else "?" for c in text)
    assert faults.quoted(text).isascii()


def test_a_long_fault_is_cut() -> None:
    """500 characters and the quotes."""
    assert faults.quoted("x" * 10_000) == '"' + "x" * 500 + '"'


def test_the_log_is_its_users_alone(tmp_path: Path) -> None:
    faults.note(str(tmp_path), 0, "hook", "Stop", "x")
    assert stat.S_IMODE((tmp_path / faults.LOG).stat().st_mode) == 0o600


def test_a_full_log_gives_way_to_a_new_one(tmp_path: Path) -> None:
    """At most two files of about a megabyte, however long it goes on."""
    log = tmp_path / faults.LOG
    log.write_text("x" * (faults.LARGEST_BYTES + 1), encoding="ascii")
    faults.note(str(tmp_path), 0, "hook", "Stop", "last into the old one")
    faults.note(str(tmp_path), 0, "hook", "Stop", "first of the new one")
    assert [line["fault"] for line in lines(tmp_path)] == ["first of the new one"]
    assert (tmp_path / (faults.LOG + ".old")).read_text(encoding="ascii").rstrip().endswith('"last into the old one"}')


@pytest.mark.parametrize("folder", ["/nowhere/at all", "/dev/null"])
def test_a_log_that_can_not_be_written_never_raises(folder: str) -> None:
    faults.note(folder, 0, "hook", "Stop", "x")
