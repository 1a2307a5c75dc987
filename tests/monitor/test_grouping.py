"""Rows over parts: sums, shares and names."""

import pytest
from tests.monitor.parts import part

from trimtab.monitor import parts_report
from trimtab.monitor.grouping import BY, rows

PARTS = [
    part("standing", tokens=1000, read_tokens=3000, units=600.0, usd=None),
    part("result", tool="Read", target="/p/a.go", tokens=400, write_5m_tokens=400, read_tokens=800, units=200.0),
    part("result", tool="Read", target="/p/b.md", tokens=100, write_5m_tokens=100, units=100.0, is_measured=True),
    part("result", tool="Bash", target="git diff", tokens=50, units=60.0, agent="x", agent_type="Explore"),
    part("answer", tokens=30, units=40.0, output_tokens=30, usd=0.5),
]


def test_a_row_by_hand() -> None:
    """All that has a price costs 0.8 USD: two results of Read 0.1 each, one of Bash, an answer 0.5."""
    read = rows(PARTS, BY["tool"])[0]
    assert (read.name, read.parts, read.tokens, read.prompt_tokens) == ("Read", 2, 500, 1300)
    assert (read.times, read.units, read.share) == pytest.approx((2.6, 300.0, 0.25))
    assert (read.usd, read.measured_share) == pytest.approx((0.2, 0.2))


def test_all_parts_are_in_their_rows() -> None:
    """Cost and share are of one kind: the standing prompt has no known price, and so no share of the cost."""
    found = rows(PARTS, BY["part"])
    assert [row.name for row in found] == ["answer", "Read", "Bash", "standing"]
    assert sum(row.share for row in found) == pytest.approx(1)
    assert (found[3].usd, found[3].share) == (None, 0.0)
    assert (found[0].output_tokens, found[0].usd) == (30, 0.5)
    *_, last = parts_report.table(found, "part")
    assert last.split()[-3:] == ["no", "price", "-"]


def test_without_any_price_shares_are_of_units() -> None:
    found = rows([one._replace(usd=None) for one in PARTS], BY["part"])
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
    assert [row.name for row in rows(PARTS, BY[by])] == names


def test_no_parts_no_rows() -> None:
    assert rows([], BY["part"]) == ()
