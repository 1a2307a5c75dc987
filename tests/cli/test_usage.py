"""`trimtab usage`: what it reads, what it says, and what it says to do."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.usage.written import Home, answer, usage, user

from trimtab.transcript import scan
from trimtab.transcript.folders import File

Run = Callable[..., tuple[int, str, str]]
SPENT = usage(10, 100, 1000, 40)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The client's folder of the user: `~/.claude`, as `apart` has set HOME."""
    made = Home(tmp_path)
    made.client = tmp_path / "home" / ".claude"
    made.projects, made.book = made.client / "projects", tmp_path / "home" / ".claude-patterns" / "usage.db"
    return made


def test_a_sync_says_what_was_new(home: Home, run: Run) -> None:
    home.write("s1", answer(1, "m1", SPENT), answer(2, "m2", SPENT))
    status, out, _ = run("usage", "sync")
    assert (status, "1 file had something new: 2 new responses" in out) == (0, True)
    assert home.totals() == (2, 20, 200, 2000, 80)
    assert run("usage", "sync") == (0, "Nothing new.\n", "")
    assert (home.book.parent / ".gitignore").read_text() == "*\n"


def test_bad_lines_are_named_ten_at_most(home: Home, run: Run) -> None:
    path = home.write("s1", answer(1, "m1", SPENT), *[b"no \x1b[31m JSON\n"] * 12)
    out = run("usage", "sync")[1]
    assert "12 lines could not be understood" in out
    assert f"{path}:2: not a JSON object" in out
    assert f"{path}:11:" in out
    assert f"{path}:12:" not in out
    assert "2 more" in out
    assert "\x1b" not in out


def test_json_has_all_of_it(home: Home, run: Run, tmp_path: Path) -> None:
    path = home.write("s1", answer(1, "m1", SPENT), *[b"no\n"] * 12)
    told = json.loads(run("usage", "sync", "--json")[1])
    assert {key: told[key] for key in ("format", "files", "bytes", "responses", "unreadable")} == {
        "format": 1,
        "files": 1,
        "bytes": path.stat().st_size,
        "responses": 1,
        "unreadable": [],
    }
    assert [bad["line"] for bad in told["bad_lines"]] == list(range(2, 14))
    assert Path(told["book"]) == home.book
    document = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in document for name in [*told, *told["bad_lines"][0]])


def test_other_folders(home: Home, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--folder once or several times, or CLAUDE_CONFIG_DIR; never the user's own then."""
    home.write("s0", user(1, "Hi"))
    one, two = Home(tmp_path / "one"), Home(tmp_path / "two")
    one.write("s1", answer(1, "m1", SPENT))
    two.write("s2", answer(1, "m2", SPENT, session="s2"))
    assert "2 new responses" in run("usage", "sync", "--folder", one.client, "--folder", two.projects)[1]
    home.book.unlink()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{one.client},{two.client}")
    assert "2 new responses" in run("usage", "sync")[1]


def test_a_report_says_what_could_not_be_read(home: Home, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its sums would be too small without a word."""
    home.write("s1", answer(1, "m1", SPENT))
    path = home.write("s2", answer(2, "m2", SPENT, session="s2"))
    honest = scan.read

    def refused(file: File, state: scan.State, most_bytes: int) -> scan.Piece:
        if file.session == "s2":
            raise PermissionError(13, "Permission denied")
        return honest(file, state, most_bytes)

    monkeypatch.setattr(scan, "read", refused)
    status, out, err = run("report", "--by", "session", "--all")
    assert (status, "s1" in out) == (0, True)
    assert f"{path} can't be read" in err
    assert "usage sync" in err


def test_a_folder_that_can_not_be_looked_into(home: Home, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own: it is named, and not taken for one that is not there."""
    honest = os.stat

    def refused(path: str, **more: object) -> os.stat_result:
        if str(path).startswith(str(home.client) + os.sep):
            raise PermissionError(13, "Permission denied", str(path))
        return honest(path, **more)  # type: ignore[arg-type]  # whatever it is called with

    monkeypatch.setattr(os, "stat", refused)
    status, out, _ = run("usage", "sync")
    assert (status, f"{home.projects} can't be read" in out, "no transcripts" in out) == (0, True, False)


def test_no_transcripts(run: Run) -> None:
    status, out, _ = run("usage", "sync")
    assert (status, "There are no transcripts" in out, "--folder" in out) == (0, True, True)


def test_a_damaged_book_is_a_refusal(home: Home, run: Run) -> None:
    home.book.parent.mkdir()
    home.book.write_bytes(b"no database" * 500)
    status, _, err = run("usage", "sync")
    assert (status, "usage.db" in err, "move it away" in err) == (1, True, True)


def test_the_bar_is_drawn_where_there_is_a_terminal(
    home: Home, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trimtab.usage.sync.BATCH_ROWS", 1)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    for name in ("s1", "s2"):
        home.write(name, answer(1, f"m{name}", SPENT, session=name))
    status, out, err = run("usage", "sync")
    assert (status, "2 new responses" in out) == (0, True)
    assert "reading transcripts" in err
