"""`trimtab report --html`: what it writes, what it says, and what it refuses."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from tests.cli.ledgers import FIRST, NOW, SECOND

from trimtab import paths
from trimtab.records import Arrival, Request
from trimtab.store import Store

Run = Callable[..., tuple[int, str, str]]


def document(file: Path) -> Any:
    """The data of a page."""
    found = re.search(r'id="data">(.*?)</script>', file.read_text(encoding="utf-8"), re.S)
    assert found is not None
    return json.loads(found[1])


def test_the_page_is_of_the_ledger(project: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.html"
    status, out, err = run("report", "--html", file)
    assert (status, err) == (0, "")
    assert re.fullmatch(
        rf"Wrote {re.escape(str(file))} \(\d+ kB\): 5 requests of 1 session. Open it in a browser.\n", out
    )
    data = document(file)
    (row,) = data["spend"]
    assert row[5:13] == [5, 50, 10_000, 0, 150_000, 1_000, 0, 0]
    assert row[13:] == [200, 50_000, 0, 30_000, 20_000, 0]  # millionths: 50 x 4, 10,000 x 5, 150,000 x 0.2, 1,000 x 20
    assert data["scope"] == str(project)
    assert sum(row[11] for row in data["savings"]) == 10_000  # as the report's own test says
    assert data["names"]["project"] == [str(project)]
    assert "There is no usage book" in str(data["notes"])


def test_hours_narrow_the_page(project: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.html"
    assert run("report", "--html", file, "--hours", "1")[0] == 0
    data = document(file)
    assert data["spend"] == []
    assert [row[11] for row in data["savings"]] == [1_500]


def test_a_session_narrows_the_page(project: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.html"
    assert run("report", "--html", file, "--session", SECOND[:4])[0] == 0
    assert f"session {SECOND}" in str(document(file)["scope"])
    assert document(file)["spend"] == []


def test_alerts_are_on_the_page(project: Path, run: Run, tmp_path: Path) -> None:
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        store.add_alert("warning", "80 % are used", "budget", NOW - 60)
    file = tmp_path / "out.html"
    assert run("report", "--html", file)[0] == 0
    assert "80 % are used" in str(document(file)["alerts"])


class Book:
    """A usage book with one session that no ledger knows, which notes what it was asked for."""

    asked: ClassVar[list[dict[str, str | None]]] = []

    @classmethod
    def open(cls, path: Path, readonly: bool = False) -> "Book":
        assert readonly
        assert path.name == "usage.db"
        return cls()

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, *problem: object) -> None:
        return

    def requests(self, **narrowed: str | None) -> list[Request]:
        self.asked.append(narrowed)
        return [Request("u", "", "m", NOW - 50, "claude-opus-5-5", 1, 2, 3, 4, 5, "/elsewhere")]

    def arrivals(self, **narrowed: str | None) -> list[Arrival]:
        return [Arrival("u", "", "t", NOW - 60, "prompt", "", "", 6)]


def test_a_usage_book_is_taken_where_there_is_one(
    project: Path, run: Run, tmp_path: Path, apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("trimtab.store.usage")
    module.UsageStore = Book  # type: ignore[attr-defined]
    module.__spec__ = pytest.__spec__
    monkeypatch.setitem(sys.modules, "trimtab.store.usage", module)
    book = paths.user_folder({"HOME": str(apart)}) / "usage.db"
    book.parent.mkdir(parents=True, exist_ok=True)
    book.touch()
    file = tmp_path / "out.html"
    assert run("report", "--html", file, "--session", FIRST)[0] == 0
    assert [row[5:13] for row in document(file)["spend"]] == [[1, 1, 2, 3, 4, 5, 0, 0]]
    assert Book.asked == [{"session": FIRST, "project": str(project)}]
    assert document(file)["notes"] == []
    paths.remember_project(paths.user_folder({"HOME": str(apart)}), project / ".claude-patterns")
    assert run("report", "--html", file, "--all")[0] == 0
    assert Book.asked[-1] == {"session": None, "project": None}


def test_nothing_recorded_is_a_page_too(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "out.html"
    status, out, _ = run("report", "--html", file)
    assert status == 0
    assert "0 requests of 0 sessions" in out
    assert document(file)["spend"] == []


def test_a_page_that_can_not_be_written_is_refused(project: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "out.html"
    status, out, err = run("report", "--html", file)
    assert (status, out) == (1, "")
    assert str(file) in err
    assert "Traceback" not in err


def test_html_and_json_exclude_each_other(project: Path, run: Run, tmp_path: Path) -> None:
    status, _, err = run("report", "--html", tmp_path / "out.html", "--json")
    assert status == 2
    assert "exclude each other" in err
