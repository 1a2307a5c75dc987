"""`trimtab watch`: the session that was active last; figures of the ledger in `ledgers.fill`."""

import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.cli.ledgers import FIRST, NOW, SECOND
from tests.usage.written import Home, answer, usage

from trimtab import prices
from trimtab.cli import watch
from trimtab.records import Request
from trimtab.store import Store

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def busy(project: Path) -> Path:
    """The second session, with two requests, one 5 minutes ago."""
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        requests = [
            Request(SECOND, agent, f"n{agent}{ago}", NOW - ago, "claude-opus-5-5", 0, 100_000, 0, 0, 0)
            for agent, ago in (("", 300), ("a1", 3000))
        ]
        store.add_news(requests)
    return project


def test_the_newest_session(busy: Path, run: Run) -> None:
    """Each request wrote 100,000 tokens at 5 USD a million: 1.00 USD, half of it in 10 minutes, so 3 USD an hour."""
    status, out, err = run("watch", "--once")
    assert (status, err) == (0, "")
    assert SECOND[:20] in out
    assert "100,000 tokens" in out
    assert "$1.00  $3.00 an hour" in out
    assert "2 requests, 1 subagent, the last 5 min ago" in out
    assert "lib/big.py" in out
    assert "essential" in out
    assert "other.py" not in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_what_is_used_of_the_limits(busy: Path, run: Run, apart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all projects' sessions: 250,000 tokens a dollar, one an hour ago and one the day before."""
    now = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setenv("TRIMTAB_ALERT_DAY_USD", "10")
    monkeypatch.setenv("TRIMTAB_ALERT_MONTH_USD", "4")
    assert "limits" not in run("watch")[1]
    made = Home(apart, apart / ".claude")
    for name, ago in (("m1", 3600), ("m2", 86_400), ("m3", 25 * 86_400)):
        at = datetime.fromtimestamp(now - ago, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        made.write("s1", answer(0, name, usage(250_000, 0, 0, 0), timestamp=at))
    assert run("usage", "sync")[0] == 0
    assert "limits    today $1.00 of $10.00 (10%), this month $2.00 of $4.00 (50%), all" in run("watch")[1]
    monkeypatch.setenv("TRIMTAB_ALERT_DAY_USD", "0")
    assert "limits    this month $2.00 of $4.00 (50%), all projects" in run("watch")[1]
    monkeypatch.setenv("TRIMTAB_ALERT_MONTH_USD", "0")
    assert "limits" not in run("watch")[1]


@pytest.mark.parametrize("columns", [57, 60, 80, 120])
def test_figures_are_whole_in_a_narrow_terminal(
    columns: int, busy: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = run("watch", "--session", FIRST[:5])[1]
    rows = [line.split() for line in out.splitlines() if ".py" in line]
    assert [row[-3:-1] for row in rows] == [["300", "300"], ["4,000", "1,000"], ["10,000", "4,000"]]
    assert all(len(line) <= columns for line in out.splitlines())


def test_a_session_by_its_first_letters(busy: Path, run: Run) -> None:
    _, out, _ = run("watch", "--session", FIRST[:5])
    assert FIRST[:20] in out
    assert out.index("small.py") < out.index("other.py") < out.index("big.py")


def test_a_model_without_a_price(project: Path, run: Run) -> None:
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        store.add_news([Request("s9", "", "m", NOW, "gpt-x", 1, 1, 1, 1, 1)])
        store.add_session("s9", NOW, "gpt-x", "", str(project))
    assert "no price is known" in run("watch")[1]


def test_without_a_ledger_and_with_a_damaged_one(apart: Path, run: Run) -> None:
    assert "Nothing is recorded in this folder yet" in run("watch")[1]
    ledger = Path.cwd() / ".claude-patterns" / "trimtab.db"
    ledger.parent.mkdir()
    ledger.write_bytes(b"not a database, but long enough to be one" * 100)
    assert "damaged" in " ".join(run("watch")[1].split())


def test_an_unknown_session(project: Path, run: Run) -> None:
    assert "No session 'zzz' is recorded here" in run("watch", "--session", "zzz")[1]


def test_hostile_names_do_not_reach_the_terminal(project: Path) -> None:
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        load = store.loads(SECOND)[0]._replace(path="\x1b[2J[red]x", tool_use_id="z")
    table = watch.loads_table([load], project, NOW, 80)
    assert "\x1b" not in "".join(str(cell) for column in table.columns for cell in column.cells)
    assert watch.look(project / ".claude-patterns" / "trimtab.db", None, prices.LISTED) is not None
