"""`trimtab report --by ...`: from transcripts, every response once; figures by hand."""

import contextlib
import csv
import json
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from tests.cli.ledgers import NOW
from tests.usage.written import AT, CWD, Home, Line, answer, called, result, stamp, usage, user

from trimtab.cli.overview import advice
from trimtab.cli.spend import differences
from trimtab.monitor.bill import Compared
from trimtab.monitor.waste import Finding
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


@pytest.mark.parametrize("what", ["tool", "file", "kind", "command", "part"])
@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_rows_and_rest_add_up_to_what_was_billed_in_the_time(home: Home, run: Run, what: str, form: str) -> None:
    """From between m1 and m2 on: of s1 its second request and its subagent's, though m1 filled the context."""
    hours = ("--hours", str((3600 - 2.5) / 3600))
    _, out, _ = run("report", "--by", what, "--session", "s1", *hours, form)
    if form == "--json":
        told = json.loads(out)
        found = [*told["rows"], *told["rest"]]
        assert told["total"]["usd"] == pytest.approx(USD + LESS)
    else:
        found = list(csv.DictReader(out.splitlines()))
    assert sum(int(row["prompt_tokens"]) for row in found) == 6000 + 7510
    assert sum(int(row["output_tokens"]) for row in found) == 2 * 400
    assert sum(float(row["usd"] or 0) for row in found) == pytest.approx(USD + LESS)


def test_a_finding_tells_where_it_was_dearest() -> None:
    """Which session, when and how much; the project's folder, and the file from there on; 80 columns."""
    found = Finding(
        kind="read again", title="Files read again", project="/work/app", times=3, session="0123456789", at=AT,
        subject="/work/app/src/a.py", most_units=5000.0, most_usd=0.02, tokens=10_000, units=9000.0, usd=0.045,
        share=0.031, advice="Search in it.",
    )  # fmt: skip
    when = datetime.fromtimestamp(AT).astimezone().strftime("%Y-%m-%d %H:%M")
    assert advice(found) == [
        " $0.0450   3.1%  Files read again, 3\u00a0x",
        "                 /work/app",
        f"                 Most: $0.0200, session 01234567, {when}",
        "                 src/a.py",
        "                 Search in it.",
    ]
    unpriced = advice(found._replace(usd=None, most_usd=None, project="", subject="x" * 100))
    assert "Most: 5,000 input tokens, session" in unpriced[1]
    assert all(len(line) <= 80 for line in unpriced)


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
    assert "usage.db" in "".join(out.split())  # a long path is wrapped
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


def summed(second: int, usd: float, **models: int) -> Line:
    """The client's own sum: so many input tokens of a model, whose name is given with _ for -."""
    told = {
        name.replace("_", "-"): {"inputTokens": tokens, "outputTokens": 0, "cacheReadInputTokens": 0}
        for name, tokens in models.items()
    }
    line: Line = {"type": "cost-state", "sessionId": "s3", "totalCostUSD": usd, "startTime": AT * 1000}
    return line | {"timestamp": stamp(second), "modelUsage": told}


def test_what_has_no_line_is_in_every_report(apart: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 tokens are listed, 1,500 are in the client's sum: 0.6 and 0.4 cents, and so in the forecast's day."""
    monkeypatch.setattr(time, "time", lambda: AT + 3600)
    made = Home(apart, apart / ".claude")
    made.write("s3", answer(7, "m5", usage(1000, 0, 0, 0), session="s3"), summed(8, 0.006, claude_opus_5_5=1500))
    _, out, _ = run("report", "--by", "part", "--session", "s3", "--json")
    found = {row["name"]: (row["prompt_tokens"], row["usd"]) for row in json.loads(out)["rows"]}
    assert found["unlisted"] == (500, pytest.approx(0.002))
    assert sum(usd for _, usd in found.values()) == pytest.approx(0.006)
    told = json.loads(run("report", "--all", "--json")[1])["usage"]
    assert sum(row["usd"] for row in told["parts"]) == pytest.approx(0.006)
    assert told["forecasts"][0]["so_far"] == pytest.approx(0.006)
    assert [(one["session"], one["agrees"]) for one in told["compared"]] == [("s3", True)]


def test_costs_and_shares_are_of_what_has_a_price(home: Home, run: Run) -> None:
    status, out, err = run("report", "--by", "part", "--all")
    assert (status, err) == (0, "")
    assert "No price is known for gpt-x: 6,400 tokens are not in the cost" in " ".join(out.split())
    document = json.loads(run("report", "--by", "part", "--all", "--json")[1])
    whole = sum(row["usd"] or 0.0 for row in document["rows"])
    assert [row["share"] for row in document["rows"]] == pytest.approx(
        [(row["usd"] or 0.0) / whole for row in document["rows"]]
    )
    plain = " ".join(run("report", "--all")[1].split())
    assert plain.count("No price is known for gpt-x") == 2
    told = json.loads(run("report", "--all", "--json")[1])["usage"]["no_price"]
    told |= {by: json.loads(run("report", "--by", by, "--all", "--json")[1])["no_price"] for by in ("part", "model")}
    assert set(told) == {"parts", "forecasts", "part", "model"}
    assert all(text.startswith("No price is known for gpt-x: 6,400 tokens are not") for text in told.values())


@pytest.mark.parametrize(
    "wrong", ['[[prices]]\nmodel = "gpt-x"\ninput = "3"\noutput = 4\n', "[[prices]\n", "prices = 3\n"]
)
def test_a_price_that_is_left_out_is_told(home: Home, run: Run, apart: Path, wrong: str) -> None:
    """Else the costs are by other prices than the user thinks, without a word."""
    config = apart / ".claude-patterns" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(wrong)
    for asked in (["--by", "model", "--json"], ["--json"]):
        status, out, err = run("report", "--all", *asked)
        assert (status, err.count(str(config))) == (0, 1)
        assert json.loads(out)


def test_a_project_by_another_path_or_from_above(apart: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link, a path with "..", a folder above; of a folder below which nothing ran the nearest projects are named."""
    project, other = apart / "work" / "app", apart / "elsewhere"
    for folder in (project / "src", other):
        folder.mkdir(parents=True)
    (apart / "link").symlink_to(project)
    made = Home(apart, apart / ".claude")
    made.write("s1", answer(1, "m1", usage(1, 2, 3, 4), cwd=str(project)), folder="-app")
    monkeypatch.chdir(other)
    monkeypatch.setattr(time, "time", lambda: AT + 3600)
    for path in (project, "../work/app", apart / "link", apart / "work", project / "src" / ".."):
        status, out, err = run("report", "--by", "session", "--project", path, "--json")
        assert (status, err, [row["name"] for row in json.loads(out)["rows"]]) == (0, "", ["s1"])
    for by in ("day", "part"):
        out = run("report", "--by", by, "--project", project / "src")[1].replace("\n", "")
        assert "No usage is recorded for" in out
        assert f"Recorded nearby: {project}." in out.replace(" ", "").replace("Recordednearby:", "Recorded nearby: ")


@pytest.mark.parametrize(
    "words", [("--since", "0001-01-01"), ("--until", "9999-12-31"), ("--hours", "nan"), ("--hours", "inf")]
)
def test_a_time_that_no_clock_shows_is_refused(home: Home, run: Run, words: tuple[str, str]) -> None:
    for more in ((), ("--by", "day")):
        status, _, err = run("report", "--all", *more, *words)
        assert status in (1, 2)
        assert "is no time" in err or "takes at most" in err


def test_the_trend_is_of_the_same_time_of_the_clock(apart: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yesterday the same by now and ten times that later on; nothing is said where the book begins in between."""
    now = time.mktime((2026, 11, 22, 21, 30, 0, 0, 0, -1))
    monkeypatch.setattr(time, "time", lambda: now)
    made = Home(apart, apart / ".claude")

    def said(at: float) -> str:
        return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def spent(name: str, at: float, tokens: int) -> None:
        made.write("s1", answer(0, name, usage(tokens, 0, 0, 0), timestamp=said(at)))

    spent("m1", now - 86_400 - 600, 1000)
    spent("m2", now - 86_400 + 600, 10_000)
    spent("m3", now - 600, 2000)
    assert "in the same time before" not in run("report", "--by", "day", "--all", "--since", "today")[1]
    made.write("s0", answer(0, "m0", usage(1, 0, 0, 0), timestamp=said(now - 3 * 86_400), session="s0"))
    out = run("report", "--by", "day", "--all", "--since", "today")[1]
    assert "today: $0.0080, 100% more than $0.0040 in the same time before." in out


def test_only_sessions_of_the_time_are_compared(home: Home, run: Run) -> None:
    home.write("s3", summed(8, 2 * USD))
    home.write("s4", answer(3500, "m6", usage(1, 2, 3, 4), session="s4"))
    assert "Session s3" in run("report", "--by", "day", "--all")[1]
    out = run("report", "--by", "session", "--all", "--hours", "0.9")[1]
    assert ("s4" in out, "Session s3" in out) == (True, False)


def test_usage_without_such_calls_is_not_called_nothing(home: Home, run: Run) -> None:
    for by in ("tool", "file", "kind", "command"):
        out = " ".join(run("report", "--by", by, "--session", "s3")[1].split())
        assert out.startswith("There are no ")
        assert "No usage" not in out


def test_a_session_that_only_the_usage_book_knows(home: Home, run: Run, tmp_path: Path) -> None:
    status, out, err = run("report", "--session", "s3")
    assert (status, err) == (0, "")
    assert "claude-opus-5-5" in out
    page = tmp_path / "page.html"
    status, out, err = run("report", "--session", "s3", "--html", page)
    assert (status, err) == (0, "")
    assert "1 request of 1 session" in out
    status, _, err = run("report", "--session", "nope")
    assert (status, "s3" in err) == (1, True)


def test_a_difference_from_nothing_is_no_percentage() -> None:
    """A client that knew no price said 0 USD; the sentence said +0 %."""
    (text,) = differences([Compared("s1", 5.0, 0.0)])
    assert text == "Session s1: $5.00 by our count, $0.00 by the client's."
