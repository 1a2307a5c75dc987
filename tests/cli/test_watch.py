"""`trimtab watch`: the session that was active last; figures of the ledger in `ledgers.fill`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ledgers import FIRST, NOW, SECOND

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
