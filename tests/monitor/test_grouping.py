"""Rows over parts: sums, shares and names."""

import pytest
from tests.monitor.parts import part

from trimtab.monitor import parts_report
from trimtab.monitor.grouping import BY, grouped

PARTS = [
    part("standing", tokens=1000, read_tokens=3000, units=600.0, usd=None),
    part("result", tool="Read", target="/p/a.go", tokens=400, write_5m_tokens=400, read_tokens=800, units=200.0),
    part("result", tool="Read", target="/p/b.md", tokens=100, write_5m_tokens=100, units=100.0, is_measured=True),
    part("result", tool="Bash", target="git diff", tokens=50, units=60.0, agent="x", agent_type="Explore"),
    part("answer", tokens=30, units=40.0, output_tokens=30, usd=0.5),
]


def test_a_row_by_hand() -> None:
    """All that has a price costs 0.8 USD: two results of Read 0.1 each, one of Bash, an answer 0.5."""
    read = grouped(PARTS, BY["tool"]).rows[0]
    assert (read.name, read.parts, read.tokens, read.prompt_tokens) == ("Read", 2, 500, 1300)
    assert (read.times, read.units, read.share) == pytest.approx((2.6, 300.0, 0.25))
    assert (read.usd, read.measured_share) == pytest.approx((0.2, 0.2))


def test_all_parts_are_in_their_rows() -> None:
    """Cost and share are of one kind: the standing prompt has no known price, and so no share of the cost."""
    table = grouped(PARTS, BY["part"])
    found = table.rows
    assert [row.name for row in found] == ["answer", "Read", "Bash", "standing"]
    assert sum(row.share for row in found) == pytest.approx(1)
    assert (found[3].usd, found[3].share) == (None, 0.0)
    assert (found[0].output_tokens, found[0].usd) == (30, 0.5)
    *_, last, whole = parts_report.table(table, "part")
    assert last.split()[-3:] == ["no", "price", "-"]
    assert whole.split() == ["all", "5", "1,580", "2.7", "x", "$0.800", "100.0%"]


def test_without_any_price_shares_are_of_units() -> None:
    found = grouped([one._replace(usd=None) for one in PARTS], BY["part"]).rows
    assert [(row.name, row.share) for row in found][:2] == [("standing", 0.6), ("Read", 0.3)]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("kind", ["go", "markdown", "output"]),
        ("file", ["/p/a.go", "/p/b.md"]),
        ("command", ["git"]),
    ],
)
def test_names(by: str, names: list[str]) -> None:
    assert [row.name for row in grouped(PARTS, BY[by]).rows] == names


def test_no_parts_no_rows() -> None:
    assert grouped([], BY["part"])[:2] == ((), ())


@pytest.mark.parametrize("by", BY)
def test_rows_and_rest_are_all_that_was_billed(by: str) -> None:
    """5 parts: 4,400 tokens of prompts, 30 of output, 0.8 USD; one of them is not attributed."""
    parts = [*PARTS[1:], part("not attributed", tokens=100, read_tokens=100, units=10.0, usd=None)]
    found = grouped(parts, BY[by])
    assert sum(row.prompt_tokens for row in (*found.rows, *found.rest)) == found.total.prompt_tokens == 1400
    assert sum(row.output_tokens for row in (*found.rows, *found.rest)) == found.total.output_tokens == 30
    assert sum(row.usd or 0.0 for row in (*found.rows, *found.rest)) == pytest.approx(found.total.usd)
    assert sum(row.share for row in (*found.rows, *found.rest)) == pytest.approx(1)
    names = [row.name for row in (*found.rows, *found.rest)]
    assert names.count("not attributed") == 1
    assert [row.name for row in found.rest] == ([] if by == "part" else ["everything else", "not attributed"])


def test_what_was_not_paid_for_is_in_no_row() -> None:
    """Grep's came before the time that is meant and had left by then, Glob's came in it and waits for a request."""
    gone = part("result", tool="Grep", tokens=500, at=1.0, carried=0, usd=None)
    waits = part("result", tool="Glob", at=2.0, carried=0, usd=None)
    found = grouped([*PARTS, gone, waits], BY["tool"], lambda at: at >= 2)
    assert [row.name for row in found.rows] == ["Read", "Bash", "Glob"]
