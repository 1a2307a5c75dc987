"""`trimtab report --by ...`: from transcripts, every response once; figures by hand."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ledgers import NOW
from tests.usage.written import AT, CWD, Home, answer, called, result, usage, user

from trimtab.store import Store

Run = Callable[..., tuple[int, str, str]]
USD = (1000 * 4 + 2000 * 5 + 3000 * 0.2 + 400 * 20) / 1e6  # of one response of opus-5-5


@pytest.fixture
def home(apart: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Two sessions of one project, one with a subagent, and one of another; the clock stands an hour later."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(time, "time", lambda: AT + 3600)
    made = Home(apart, apart / ".claude")
    spent = usage(1000, 2000, 3000, 400)
    read = [called("Read", "t1", file_path="/p/a.py")]
    made.write(
        "s1",
        user(1, "Why?"),
        answer(2, "m1", spent, content=read),
        answer(2, "m1", spent),
        user(3, [result("t1", "x = 1\n" * 500)]),
        answer(3, "m2", usage(10, 1500, 6000, 400), content=[called("Bash", "t2", command="git log")]),
        user(3, [result("t2", "abc")]),
        answer(4, "m2", usage(10, 1500, 6000, 400)),
    )
    made.write("s1/a1", answer(5, "m3", spent, isSidechain=True, agentId="a1", attributionAgent="Explore"))
    made.write("s2", answer(6, "m4", spent, session="s2", model="gpt-x"))
    made.write("s3", answer(7, "m5", spent, session="s3", cwd="/elsewhere"), folder="-elsewhere")
    return made


def rows(run: Run, what: str, *more: str) -> dict[str, object]:
    """By name, the requests and the cost of all projects."""
    status, out, err = run("report", "--by", what, "--all", *more, "--json")
    assert (status, err) == (0, "")
    return {row["name"]: (row["requests"], row["usd"]) for row in json.loads(out)["rows"]}


LESS = (10 * 4 + 1500 * 5 + 6000 * 0.2 + 400 * 20) / 1e6  # of m2


def test_by_session_project_agent_model_and_day(home: Home, run: Run) -> None:
    about = pytest.approx
    assert rows(run, "session") == {"s1": (3, about(2 * USD + LESS)), "s3": (1, about(USD)), "s2": (1, None)}
    assert rows(run, "project") == {CWD: (4, about(2 * USD + LESS)), "/elsewhere": (1, about(USD))}
    assert rows(run, "agent") == {"main conversation": (4, about(2 * USD + LESS)), "Explore": (1, about(USD))}
    assert rows(run, "model") == {"claude-opus-5-5": (4, about(3 * USD + LESS)), "gpt-x": (1, None)}
    assert list(rows(run, "day").values()) == [(5, about(3 * USD + LESS))]
    assert rows(run, "session", "--session", "s3") == {"s3": (1, about(USD))}
    assert rows(run, "day", "--until", "2026-11-21") == {}


def test_the_table_says_what_has_no_price(home: Home, run: Run) -> None:
    status, out, err = run("report", "--by", "model", "--all")
    assert (status, err) == (0, "")
    assert "no price" in out
    assert "gpt-x: 6,400 tokens are not in the cost" in " ".join(out.split())
    assert all(len(line) <= 80 for line in out.splitlines())


@pytest.mark.parametrize("what", ["tool", "file", "kind", "command", "part"])
def test_what_contexts_are_made_of(home: Home, run: Run, what: str) -> None:
    status, out, err = run("report", "--by", what, "--all")
    assert (status, err) == (0, "")
    assert out.splitlines()[1].startswith(what.capitalize())
    assert ("Read" in out, "/p/a.py" in out) == (what in ("tool", "part"), what == "file")
    assert all(len(line) <= 80 for line in out.splitlines())


def test_the_parts_of_a_prompt_add_up(home: Home, run: Run) -> None:
    """Of s1's two requests: 6,000 and 7,510 tokens of prompts, 800 of answers."""
    _, out, _ = run("report", "--by", "part", "--session", "s1", "--json")
    found = json.loads(out)["rows"]
    assert sum(row["prompt_tokens"] for row in found) == 2 * 6000 + 7510
    assert sum(row["output_tokens"] for row in found) == 3 * 400
    assert sum(row["usd"] or 0.0 for row in found) == pytest.approx(2 * USD + LESS)


def test_the_clients_own_total_is_compared(home: Home, run: Run) -> None:
    home.write("s3", {"type": "cost-state", "sessionId": "s3", "totalCostUSD": 2 * USD, "startTime": AT * 1000})
    out = run("report", "--by", "session", "--all")[1]
    assert "Session s3: $0.0226 by our count, $0.0452 by the client's (-50%)." in out


def test_options_that_do_not_go_together(home: Home, run: Run) -> None:
    for wrong in (("--csv",), ("--by", "day", "--csv", "--json"), ("--hours", "3", "--since", "today")):
        assert run("report", *wrong)[0] == 2
    status, _, err = run("report", "--by", "day", "--since", "tomorrow")
    assert status == 1
    assert "is no time" in err


def test_nothing_recorded_is_said(apart: Path, run: Run) -> None:
    assert "No usage is recorded for all projects, all time." in run("report", "--by", "day", "--all")[1]


def test_the_report_ends_with_what_could_be_saved_and_will_come(home: Home, run: Run) -> None:
    status, out, err = run("report", "--all")
    assert (status, err) == (0, "")
    assert out.index("Where the tokens went") < out.index("What it will come to")
    assert "too little to tell more from 0 complete days" in " ".join(out.split())
    assert all(len(line) <= 80 for line in out.splitlines())
    document = json.loads(run("report", "--all", "--json")[1])["usage"]
    assert sum(row["prompt_tokens"] for row in document["parts"]) == 5 * 6000 - 6000 + 7510
    assert [told["period"] for told in document["forecasts"]] == ["day", "week", "month"]


def test_a_damaged_book_does_not_hide_what_was_saved(project: Path, run: Run, apart: Path) -> None:
    """The savings are of another file; the fault is told once."""
    book = apart / ".claude-patterns" / "usage.db"
    book.parent.mkdir(exist_ok=True)
    book.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    status, out, err = run("report")
    assert (status, err) == (0, "")
    assert "Net saved" in out
    assert " ".join(out.split()).count("is damaged") == 1
    assert "usage.db" in out
    assert run("report", "--by", "day")[0] == 1


def test_damaged_rows_are_a_damaged_book(home: Home, run: Run, apart: Path) -> None:
    assert run("usage", "sync")[0] == 0
    db = sqlite3.connect(apart / ".claude-patterns" / "usage.db")
    with contextlib.closing(db), db:
        db.execute("update arrivals set rows = x'c1ff00'")
    status, _, err = run("report", "--by", "tool", "--all")
    assert status == 1
    assert "is damaged" in err


def test_alerts_that_stand_are_in_the_report_and_on_the_page(project: Path, run: Run, apart: Path) -> None:
    """Of the project, and of the user's own ledger."""
    own = apart / ".claude-patterns" / "user.db"
    own.parent.mkdir(exist_ok=True)
    with Store.open(own) as store:
        store.add_alert(
            "warning", "This day has cost $12.00, over $10.00", "spend", NOW - 50, "day", "2027-01-15", None
        )
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        store.add_alert("critical", "The daemon has failed for 6 minutes", "health", NOW - 60)
    out = " ".join(run("report")[1].split())
    assert "u1 warning: This day has cost $12.00, over $10.00" in out
    assert "1 critical: The daemon has failed for 6 minutes" in out
    assert run("report", "--html", apart / "page.html")[0] == 0
    assert "This day has cost" in (apart / "page.html").read_text(encoding="utf-8")
