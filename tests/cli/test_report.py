"""`trimtab report`: the figures of a ledger made by hand, whatever way they are asked for."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ledgers import FIRST, SECOND, fill

from trimtab import paths
from trimtab.store import Store

Run = Callable[..., tuple[int, str, str]]


def row(out: str, name: str) -> list[str]:
    """The words of the line that begins with `name`, without its bar."""
    lines = [line for line in out.splitlines() if line.startswith(name)]
    assert len(lines) == 1, (name, lines)
    return re.sub("[█░]+", "", lines[0].removeprefix(name)).split()


def test_the_flow_is_net(project: Path, run: Run) -> None:
    status, out, err = run("report")
    assert (status, err) == (0, "")
    assert row(out, "Loaded") == ["16,300", "tokens"]
    assert row(out, "Shown") == ["5,800", "36", "%"]  # 16,300 - 10,500
    assert row(out, "Fetched later") == ["500", "1", "recovery"]
    assert row(out, "Net saved") == ["10,000", "61", "%"]  # 10,500 - 500


def test_tables_name_tiers_and_files_of_the_project(project: Path, run: Run) -> None:
    _, out, _ = run("report")
    assert row(out, "standard") == ["1", "10,000", "4,000", "500", "5,500"]
    assert row(out, "essential") == ["2", "6,000", "1,500", "0", "4,500"]
    assert row(out, "lib/big.py") == ["2", "12,000", "4,500", "500", "7,000"]
    assert row(out, SECOND[:20]) == ["1", "2,000", "500", "0", "1,500"]
    assert str(project / "lib") not in out
    assert row(out, "claude-opus-5-5")[:5] == ["5", "50", "10,000", "150k", "1,000"]


@pytest.mark.parametrize("width", ["80", "120"])
def test_no_line_is_wider_than_the_terminal(
    width: str, project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    _, out, _ = run("report")
    assert max(map(len, out.splitlines())) <= int(width)


def test_a_narrow_terminal_is_served_too(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert run("report")[0] == 0


@pytest.mark.parametrize(("arguments", "raw"), [(["--session", FIRST], 14_300), (["--session", FIRST[:4]], 14_300),
                                                (["--hours", "1"], 2_000), (["--hours", "24"], 16_300)])  # fmt: skip
def test_json_of_a_part(arguments: list[str], raw: int, project: Path, run: Run) -> None:
    status, out, _ = run("report", "--json", *arguments)
    assert status == 0
    assert json.loads(out)["summary"]["total"]["raw_tokens"] == raw


def test_figures_are_whole_in_60_columns(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a session's beginning, which --session takes. 0.10 USD are 50 x 4, 10,000 x 5, 150,000 x 0.2, 1,000 x 20."""
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = run("report")
    assert row(out, "lib/big.py") == ["2", "12,000", "4,500", "500", "7,000"]
    assert row(out, SECOND[:10]) == ["1", "2,000", "500", "0", "1,500"]
    assert row(out, "…-opus-5-5") == ["5", "50", "10,000", "150k", "1,000", "$0.100"]
    assert all(len(line) <= 60 for line in out.splitlines())


def test_json_says_what_it_is_of(project: Path, run: Run) -> None:
    document = json.loads(run("report", "--json", "--session", FIRST[:4], "--hours", "5")[1])
    assert document["format"] == 1
    assert document["ledgers"] == [str(project / ".claude-patterns" / "trimtab.db")]
    assert (document["session"], document["hours"]) == (FIRST, 5)


def test_an_unknown_session_names_the_newest(project: Path, run: Run) -> None:
    status, out, err = run("report", "--session", "nope")
    assert (status, out) == (1, "")
    assert SECOND in err


def test_nothing_recorded_says_what_to_do(tmp_path: Path, run: Run) -> None:
    for arguments in ([], ["--all"], ["--project", str(tmp_path)]):
        status, out, err = run("report", *arguments)
        assert (status, err) == (0, "")
        assert "nothing is recorded here yet" in out
        assert "Ask the agent to read a long file" in out


def test_nothing_recorded_as_json(tmp_path: Path, run: Run) -> None:
    status, out, _ = run("report", "--json")
    assert status == 0
    assert json.loads(out)["summary"]["total"]["loads"] == 0


def test_a_damaged_ledger_is_refused_and_left_alone(project: Path, run: Run) -> None:
    ledger = project / ".claude-patterns" / "trimtab.db"
    ledger.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    before = ledger.read_bytes()
    status, out, err = run("report")
    assert (status, out) == (1, "")
    assert str(ledger) in err
    assert "trimtab doctor" in err
    assert ledger.read_bytes() == before


def test_a_report_changes_no_file(project: Path, run: Run) -> None:
    ledger = project / ".claude-patterns" / "trimtab.db"
    before = ledger.read_bytes()
    run("report")
    assert ledger.read_bytes() == before


def test_all_adds_up_known_projects(project: Path, tmp_path: Path, apart: Path, run: Run) -> None:
    other = tmp_path / "other"
    (other / ".claude-patterns").mkdir(parents=True)
    user = paths.user_folder({"HOME": str(apart)})
    for folder in (project, other, other, tmp_path / "gone"):
        paths.remember_project(user, folder / ".claude-patterns")
    assert json.loads(run("report", "--all", "--json")[1])["summary"]["total"]["raw_tokens"] == 16_300
    fill(other / ".claude-patterns" / "trimtab.db", other)
    document = json.loads(run("report", "--all", "--json")[1])
    assert document["summary"]["total"]["raw_tokens"] == 32_600
    assert len(document["ledgers"]) == 2
    assert "big.py" in run("report", "--all")[1]


def test_all_of_one_project_is_a_contradiction(project: Path, run: Run) -> None:
    assert run("report", "--all", "--project", str(project))[0] == 2


def test_the_project_is_found_from_a_folder_in_it(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "lib" / "deep").mkdir(parents=True)
    monkeypatch.chdir(project / "lib" / "deep")
    assert "16,300" in run("report")[1]


def test_views_that_the_client_did_not_take_are_not_savings(project: Path, run: Run) -> None:
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        store.add_news(honoured=[("b", False)])
    _, out, _ = run("report")
    assert row(out, "Net saved")[0] == "7,000"  # without the 3,000 of b
    assert "1 view not taken by the client" in out
