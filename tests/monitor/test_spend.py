"""Spending added up; figures by hand."""

import csv
import io
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.monitor.parts import part

from trimtab import prices
from trimtab.monitor import bill, grouping, parts_report, spend, spend_report
from trimtab.monitor.report import as_csv
from trimtab.records import Request, SessionTotal

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc).timestamp()
DAY = 86_400.0


def request(session: str = "s1", agent: str = "", at: float = NOON, model: str = "claude-opus-5-5") -> Request:
    """Costs 1 + 2 + 8 + 0.2 + 20 cents of opus-5-5: 0.312 USD."""
    return Request(session, agent, f"{session}{agent}{at}", at, model, 2500, 4000, 10_000, 10_000, 10_000, "/p/a")


USD = 0.01 + 0.02 + 0.08 + 0.002 + 0.2


def test_a_row_is_the_sum_of_its_requests() -> None:
    (row,) = spend.spend([request(), request(at=NOON + 1)], "session", prices.usd)
    assert row[:8] == ("s1", 2, 1, 5000, 8000, 20_000, 20_000, 20_000)
    assert row.usd == pytest.approx(2 * USD)
    assert (row.write_tokens, row.tokens, row.unpriced_tokens) == (28_000, 73_000, 0)


def test_days_are_local_and_in_their_order() -> None:
    """23:30 UTC is the next day in Berlin."""
    late = datetime(2026, 11, 24, 23, 30, tzinfo=timezone.utc).timestamp()
    requests = [request(at=late), request(at=NOON), request(at=NOON - DAY)]
    days = [(row.name, row.requests) for row in spend.spend(requests, "day", prices.usd, ZoneInfo("Europe/Berlin"))]
    assert days == [("2026-11-23", 1), ("2026-11-24", 1), ("2026-11-25", 1)]


def test_agents_by_type() -> None:
    explorer = request(agent="a1", at=NOON + 2)._replace(agent_type="Explore")
    unnamed = request(agent="a2", at=NOON + 3)
    names = {row.name for row in spend.spend([request(), explorer, unnamed], "agent", prices.usd)}
    assert names == {"main conversation", "Explore", "subagent"}


def test_groups_of_agents_apart_from_the_main_conversation() -> None:
    """Agents of one group are two rows, or an agent counts as the main conversation."""
    kinds = ("Explore", "trimtab-agents:size-estimator", "trimtab-agents:gap-hunter", "mine", "")
    requests = [request(agent=f"a{n}", at=NOON + n)._replace(agent_type=kind) for n, kind in enumerate(kinds)]
    rows = spend.spend([request(), *requests], "group", prices.usd, own=(("mine", "4"),))
    assert {row.name: row.requests for row in rows} == {
        "main conversation": 1, "1 Strategic Analysis": 2, "4 Validation": 2, "no group": 1
    }  # fmt: skip


def test_an_unknown_model_has_no_price_and_is_never_zero() -> None:
    requests = [request(), request("s2", model="gpt-x")]
    dear, unknown = spend.spend(requests, "model", prices.usd)
    assert (dear.name, unknown.name, unknown.usd, unknown.unpriced_tokens) == ("claude-opus-5-5", "gpt-x", None, 36_500)
    total = spend.add("all", requests, prices.usd)
    assert total.usd == pytest.approx(USD)
    text = spend_report.table([dear, unknown], total, "model")
    assert "no price" in text[2]
    assert "gpt-x: 36,500 tokens are not in the cost" in spend_report.unpriced(requests, prices.usd)


@pytest.mark.parametrize("by", spend.BY)
def test_the_table_fits(by: str) -> None:
    """80 columns, whatever the names and however large the figures."""
    wide = Request("s" * 90, "a", "m", NOON, "claude-" + "x" * 90, 10**12, 10**12, 10**12, 10**12, 10**12)
    wide = wide._replace(project="/p\x1b[31m" * 9, agent_type="t" * 80)
    large = [wide._replace(message_id=f"m{i}", at=NOON - i * DAY) for i in range(60)]
    rows = spend.spend(large, by, prices.usd)
    text = spend_report.table(rows, spend.add("all", large, prices.usd), by)
    assert all(len(line) <= 80 and line.isprintable() for line in text)
    assert len(text) <= spend_report.MOST_ROWS + 3


def test_csv_has_every_row() -> None:
    rows = spend.spend([request(at=NOON - i * DAY) for i in range(60)] + [request(model='m,\n"x')], "day", prices.usd)
    found = list(csv.DictReader(io.StringIO(as_csv(["day", *spend_report.FIELDS[1:]], rows))))
    assert len(found) == 60
    assert sum(int(row["output_tokens"]) for row in found) == 610_000
    assert found[0]["usd"] == str(rows[0].usd)


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@SUM(A1)"])
def test_csv_has_no_formulas_and_no_control_characters(name: str) -> None:
    rows = list(csv.reader(io.StringIO(as_csv(["file", "usd"], [(name, -1.5), ("/p/\x1b[2J\ta", None)]))))
    assert rows == [["file", "usd"], [f"'{name}", "-1.5"], ["/p/?[2J?a", ""]]


def test_trend_by_hand() -> None:
    one = spend.add("", [request()], prices.usd)
    two = spend.add("", [request(), request(at=NOON + 1), request(at=NOON + 2)], prices.usd)
    assert spend_report.trend(two, one, "last 7 days") == (
        "last 7 days: $0.936, 200% more than $0.312 in the same time before."
    )
    assert spend_report.trend(one, None, "today") == ""
    assert spend_report.trend(one, spend.add("", [], prices.usd), "today") == ""


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(-40, 40)), max_size=30))
def test_the_rows_add_up_to_the_total(choices: list[tuple[int, int, int]]) -> None:
    models = ("claude-opus-5-5", "claude-haiku-4-5", "gpt-x", "")
    requests = [request(f"s{s}", "a" * (s % 2), NOON + d * DAY, models[m]) for s, m, d in choices]
    total = spend.add("all", requests, prices.usd)
    for by in spend.BY:
        rows = spend.spend(requests, by, prices.usd, timezone.utc)
        assert sum(row.tokens for row in rows) == total.tokens
        assert sum(row.requests for row in rows) == total.requests
        assert sum(row.unpriced_tokens for row in rows) == total.unpriced_tokens
        assert sum(row.usd or 0.0 for row in rows) == pytest.approx(total.usd or 0.0)


def test_the_clients_total_is_compared() -> None:
    """s1 agrees, s2 is 20 % off, s3 went on after its total, s4 has a model without a price, s5 has no total."""
    requests = [request(f"s{n}") for n in range(1, 6)] + [request("s3", at=NOON + 60), request("s4", model="gpt-x")]
    totals = [SessionTotal(f"s{n}", NOON + 1, USD, True) for n in (1, 3, 4)]
    totals += [SessionTotal("s2", NOON + 1, USD / 1.2, True), SessionTotal("s2", NOON - 9, 1.0, True)]
    off, same = bill.compare(requests, totals, prices.usd)
    assert (off.session, same.session) == ("s2", "s1")
    assert off.difference == pytest.approx(0.2)
    assert same.agrees
    assert not off.agrees
    assert bill.compare(requests, [totals[0]._replace(is_complete=False)], prices.usd) == ()


NAMES = (
    "2026-11-24",
    "/home/u/" + "x" * 500,
    "/プロジェクト/日本語の長い名前のフォルダ/src",
    "🚀" * 30,
    "gpt\x1b[31m",
    "",
)


@pytest.mark.parametrize(("width", "widest"), [(200, 80), (80, 80), (79, 79), (72, 72), (60, 60), (58, 58), (20, 58)])
def test_rows_fit_the_terminal_whatever_they_are_called(width: int, widest: int) -> None:
    """Under 58 columns the figures take what they need. All rows begin their figures in the same column."""
    dear = spend.add("", [request()], prices.usd)._replace(read_tokens=123_456_789_012, requests=99_999, usd=99_999.0)
    rows = [dear._replace(name=name) for name in NAMES]
    for by in ("day", "session", "project"):
        text = spend_report.table(rows, dear, by, width=width)
        assert max(map(cell_len, text)) <= widest
        assert len({cell_len(line.partition("$")[0]) for line in text[1:]}) == 1
    assert "2026-11-24 " in spend_report.table(rows, dear, "day", width=width)[1]


@pytest.mark.parametrize(("width", "widest"), [(200, 80), (80, 80), (79, 79), (60, 60), (54, 54), (20, 54)])
def test_parts_fit_the_terminal_whatever_they_are_called(width: int, widest: int) -> None:
    large = {"tokens": 123_456_789, "read_tokens": 123_456_789_012, "usd": 99_999.0}
    parts = [part("result", tool="Read", target=name, **large) for name in NAMES if name]
    parts.append(part("not attributed", **large))
    found = grouping.grouped(parts, grouping.by_file)
    text = parts_report.table(found, "file", width=width)
    assert max(map(cell_len, text)) <= widest
    assert len({cell_len(line.partition("%")[0]) for line in text[1:]}) == 1
    assert len(text) == 1 + 5 + 2


def test_files_of_the_project_are_named_from_there_on() -> None:
    parts = [part("result", tool="Read", target=name) for name in ("/p/src/a.py", "/p2/b.py", "/p")]
    found = grouping.grouped(parts, grouping.by_file)
    assert [row.name for row in parts_report.within(found, "/p").rows] == ["/p", "src/a.py", "/p2/b.py"]
    assert parts_report.within(found, None) == found
