"""Metrics: every token counted once however a response grows, and figures worked out by hand."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.monitor import metrics
from trimtab.monitor.metrics import Counted
from trimtab.records import Metric, Request, Totals

NOW = 1_800_000_000.0


def request(name: str = "m", at: float = NOW, read: int = 900, output: int = 50, agent: str = "") -> Request:
    return Request("s", agent, name, at, "claude-opus-5-5", 100, 0, 0, read, output)


def values(rows: list[Metric]) -> dict[str, float]:
    return {row.metric_type: row.value for row in rows}


SIZES = st.integers(0, 1000)
LOOKS = st.lists(st.lists(st.tuples(st.sampled_from("abcd"), SIZES), max_size=5), max_size=12)


@given(LOOKS)
def test_the_records_add_up_to_what_was_used(looks: list[list[tuple[str, int]]]) -> None:
    """Responses are seen again and again, in any order, growing: each token comes once, each request once."""
    counted, sizes = Counted(NOW - 10), dict[str, int]()
    sums, requests = 0, 0
    for look in looks:
        for name, more in look:
            sizes[name] = sizes.get(name, 0) + more
        growth = counted.news([request(name, output=size) for name, size in sizes.items()], NOW)
        sums += sum(each.output_tokens for each in growth.requests)
        requests += len(growth.begun)
    assert (sums, requests) == (sum(sizes.values()), len(sizes))


def test_what_is_too_old_is_not_counted() -> None:
    counted = Counted(NOW - 100)
    assert counted.news([request(at=NOW - 101)], NOW).requests == ()
    later = NOW + 2 * metrics.LATE_S
    assert counted.news([request(at=NOW)], later).requests == ()
    assert counted.since(later) == later - metrics.LATE_S


def test_a_response_that_grew_is_no_new_one() -> None:
    counted = Counted(NOW - 10)
    counted.news([request(output=10)], NOW)
    growth = counted.news([request(output=60), request("n", NOW - 5)], NOW)
    assert [each.message_id for each in growth.begun] == ["n"]
    assert [(each.message_id, each.output_tokens, each.read_tokens) for each in growth.grown] == [("m", 50, 0)]


def test_usage() -> None:
    """Two responses: 200 input, 1,800 from the cache, 100 output; the agent's is not the newest context."""
    growth = Counted(NOW - 100).news([request("a"), request("b", NOW + 1, agent="x")], NOW + 1)
    rows = metrics.usage_metrics(growth, lambda r: 0.5 if r.agent else None, NOW + 1)
    assert values(rows) == {
        "input_tokens": 200, "write_5m_tokens": 0, "write_1h_tokens": 0, "read_tokens": 1800, "output_tokens": 100,
        "requests": 2, "usd": 0.5, "requests_without_price": 1, "cache_hit_rate": 0.9, "context_tokens": 1000,
    }  # fmt: skip
    assert {row.source for row in rows} == {"usage"}
    assert metrics.usage_metrics(Counted(NOW).news([], NOW), lambda _: 1.0, NOW) == []


def test_the_ledger() -> None:
    """Saved 1,000 more, of which 300 were fetched later and 50 added; 3 of 4 views were shown."""
    before, after = Totals(500, 10, 1, 2, 100, 20), Totals(1500, 13, 2, 3, 400, 70)
    assert values(metrics.ledger_metrics(before, after, NOW)) == {
        "saved_net_tokens": 650, "recoveries": 1, "success_share": 0.75
    }  # fmt: skip
    assert metrics.ledger_metrics(after, after, NOW) == []


def test_answers() -> None:
    rows = metrics.answer_metrics([float(n) for n in range(1, 21)], {"hook": 2, "daemon": 0}, NOW)
    assert rows == [
        Metric(NOW, "answers", 20.0, "daemon"),
        Metric(NOW, "answer_ms_p50", 10.0, "daemon"),
        Metric(NOW, "answer_ms_p95", 19.0, "daemon"),
        Metric(NOW, "faults", 2.0, "daemon", (("part", "hook"),)),
    ]
    assert metrics.answer_metrics([], {}, NOW) == []
