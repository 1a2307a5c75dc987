"""`trimtab alerts`: both ledgers, marking as seen, and what it says where there is nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ledgers import NOW

from trimtab.store import Store

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def alerted(project: Path, apart: Path) -> Path:
    """Two alerts of the project, of which one is gone, and one of the user's that is critical."""
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        store.add_alert("warning", "the cache is \x1b[31mcold", "usage", NOW - 600, "cache_hit_rate", "today")
        gone = store.add_alert("warning", "views failed", "trimtab", NOW - 900, "success_share", "today")
        store.clear([gone], NOW - 300)
    (apart / ".claude-patterns").mkdir()
    with Store.open(apart / ".claude-patterns" / "user.db") as store:
        store.add_alert("critical", "the month is over its limit", "spend", NOW - 60, "month_usd", "2027-01")
    return project


def rows(run: Run, *arguments: str) -> list[tuple[str, str]]:
    status, out, _ = run("alerts", "--json", *arguments)
    assert status == 0
    return [(each["id"], each["state"]) for each in json.loads(out)]


def test_what_stands_is_listed_the_newest_first(alerted: Path, run: Run) -> None:
    status, out, _ = run("alerts")
    assert status == 0
    assert out.index("the month is over its limit") < out.index("the cache is ?[31mcold")
    assert "critical" in out
    assert "views failed" not in out
    assert "1 more with --all" in out
    assert "\x1b[31m" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_all_of_them(alerted: Path, run: Run) -> None:
    assert rows(run, "--all") == [("u1", "stands"), ("1", "stands"), ("2", "gone")]


def test_one_is_marked_as_seen(alerted: Path, run: Run) -> None:
    """Ids of the two ledgers are told apart."""
    assert run("alerts", "--ack", "U1")[:2] == (0, "1 alert marked as seen.\n")
    assert rows(run) == [("1", "stands")]
    assert rows(run, "--all") == [("1", "stands"), ("u1", "seen"), ("2", "gone")]


def test_all_are_marked_as_seen(alerted: Path, run: Run) -> None:
    assert run("alerts", "--ack", "all")[:2] == (0, "2 alerts marked as seen.\n")
    assert rows(run) == []
    assert "Nothing needs your attention." in run("alerts")[1]
    assert run("alerts", "--ack", "all")[1] == "0 alerts marked as seen.\n"


def test_one_that_is_not_there(alerted: Path, run: Run) -> None:
    status, _, err = run("alerts", "--ack", "7")
    assert status == 1
    assert "no alert '7': those that stand are u1, 1" in err


def test_nothing_recorded(tmp_path: Path, run: Run) -> None:
    """It makes no ledger where there is none."""
    assert run("alerts")[0] == 0
    assert rows(run) == []
    assert not list(tmp_path.rglob("*.db"))


def test_a_damaged_ledger_says_so(project: Path, run: Run) -> None:
    (project / ".claude-patterns" / "trimtab.db").write_bytes(b"this is no database" * 500)
    status, _, err = run("alerts")
    assert status == 1
    assert "damaged" in err


def test_a_damaged_ledger_hides_no_other(alerted: Path, apart: Path, run: Run) -> None:
    (apart / ".claude-patterns" / "user.db").write_bytes(b"this is no database" * 500)
    status, out, err = run("alerts")
    assert status == 0
    assert "the cache is" in out
    assert "user.db" in err
    assert "trimtab doctor" in err
