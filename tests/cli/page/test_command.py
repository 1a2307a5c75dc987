"""`trimtab report --html`: what it writes, what it says, and what it refuses."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.ledgers import FIRST, NOW, SECOND
from tests.prompt.audits import AUDIT
from tests.usage.written import Home, answer, called, result, usage, user

from trimtab import paths
from trimtab.store import Store
from trimtab.usage import audits

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
    assert "No transcript of these sessions" in str(data["notes"])


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


def test_the_usage_book_is_taken_where_transcripts_are(project: Path, run: Run, tmp_path: Path, apart: Path) -> None:
    """A session that the ledger knows and one of another project; each response once, contexts taken apart."""
    client = Home(apart, apart / ".claude")
    asked = user(1, "Why?", session=FIRST, cwd=str(project))
    read = [called("Read", "t1", file_path="/a.py")]
    first = answer(2, "m1", usage(3, 9_000, 0, 50), session=FIRST, content=read, cwd=str(project))
    came = user(3, [result("t1", "x" * 9_000)], session=FIRST, cwd=str(project))
    last = answer(4, "m2", usage(3, 3_000, 9_000, 20), session=FIRST, cwd=str(project))
    folder = "-" + str(project).strip("/").replace("/", "-")
    client.write(FIRST, asked, first, first, came, last, folder=folder)
    client.write("other", answer(5, "m3", usage(1, 2, 3, 4), session="other", cwd="/elsewhere"), folder="-elsewhere")
    file = tmp_path / "out.html"
    assert run("report", "--html", file)[0] == 0
    data = document(file)
    assert [row[5:11] for row in data["spend"]] == [[2, 6, 12_000, 0, 9_000, 70]]
    assert data["notes"] == []
    assert "'standing': [9001, 9001], 'prompt': [2, 2], 'answer': [0, 50], 'file': [0, " in str(data["sessions"])
    assert "/a.py" in json.dumps(data["loads"]) + json.dumps(data["names"])
    paths.remember_project(paths.user_folder({"HOME": str(apart)}), project / ".claude-patterns")
    assert run("report", "--html", file, "--all")[0] == 0
    assert sum(row[5] for row in document(file)["spend"]) == 3


def test_folded_and_fetched_parts_are_their_own_in_a_context(
    project: Path, run: Run, tmp_path: Path, apart: Path
) -> None:
    """The ledger knows that call a was folded and that d fetched lines of it; b is a plain read."""
    client = Home(apart, apart / ".claude")
    lines = [user(1, "Why?", session=FIRST, cwd=str(project))]
    for number, call in enumerate(("a", "d", "x"), 1):
        spent = usage(3, 3_000, 9_000 + 3_000 * number, 20)
        content = [called("Read", call, file_path="/a.py")]
        lines.append(answer(2 * number, f"m{number}", spent, session=FIRST, content=content, cwd=str(project)))
        lines.append(user(2 * number + 1, [result(call, "x" * 8_000)], session=FIRST, cwd=str(project)))
    lines.append(answer(9, "m9", usage(3, 3_000, 21_000, 20), session=FIRST, cwd=str(project)))
    client.write(FIRST, *lines, folder="-" + str(project).strip("/").replace("/", "-"))
    file = tmp_path / "out.html"
    assert run("report", "--html", file)[0] == 0
    parts = document(file)["sessions"][0][5][0]["parts"]
    assert {
        kind: [size > 0 for size in sizes] for kind, sizes in parts.items() if kind in ("view", "recovered", "file")
    } == {
        "view": [False, True, True, True],
        "recovered": [False, False, True, True],
        "file": [False, False, False, True],
    }


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


def test_the_kept_audit_is_on_the_page(project: Path, run: Run, tmp_path: Path) -> None:
    """The page has no audit, another project's, or one that can't be read is an error."""
    file = tmp_path / "out.html"
    run("report", "--html", file)
    assert document(file)["standings"] == []
    audits.keep(AUDIT._replace(project=str(project)), project / ".claude-patterns")
    run("report", "--html", file)
    (found,) = document(file)["standings"]
    assert (found["project"], found["first_tokens"], found["usd"]) == (str(project), 4_500, 13.41)
    assert found["parts"][0] == ["Tools", "Workflow", "the client", 1_400, 3_000_000, 0, 12]
    (project / ".claude-patterns" / "audit.json").write_text("{}")
    assert run("report", "--html", file)[0] == 0
    assert document(file)["standings"] == []
