"""The report's arithmetic, each figure added up by hand, and its lines."""

import json

import pytest
from rich.cells import cell_len

from trimtab.monitor import Row, Summary, as_json, lines, summarise
from trimtab.monitor.report import bar, columns, dollars, elapsed, fitted, padded, short
from trimtab.records import Addition, Factor, Load, Prices, Recovery, Request, Tier

MODEL = "claude-opus-4-5"


def load(name: str, at: float, raw: int, shown: int, honoured: bool | None = True, **fields: object) -> Load:
    tier = Tier.COMPLETE if raw == shown else Tier.STANDARD
    base = Load("s", "", name, at, "Read", f"/p/{name}.py", "python", tier, "", raw, shown, False, (), honoured)
    return base._replace(**fields)  # type: ignore[arg-type]


def request(at: float, prompt: int, output: int = 100, **fields: object) -> Request:
    base = Request("s", "", f"m{at}", at, MODEL, 0, 0, 0, prompt, output)
    return base._replace(**fields)  # type: ignore[arg-type]


def prices_of(model: str, ttl_1h: bool) -> Prices:
    return Prices(2.0 if ttl_1h else 1.25, 0.1, 5.0)


def factor_of(model: str, tool: str) -> Factor:
    return Factor(1.5, model == MODEL)


def summary_of(
    loads: list[Load],
    recoveries: list[Recovery],
    requests: list[Request],
    additions: list[Addition] | None = None,
    now: float = 100.0,
) -> Summary:
    return summarise(
        loads,
        recoveries,
        requests,
        prices_of,
        factor_of,
        now,
        additions=additions or [],
        usd_of=lambda request: request.output_tokens * 0.01 if request.model == MODEL else None,
        input_usd_of=lambda model: 0.001 if model == MODEL else None,
    )


REQUESTS = [request(5, 20_000), request(11, 30_000), request(20, 40_000), request(30, 50_000)]


def test_a_view_by_hand() -> None:
    """6,000 tokens less, 9,000 as billed; one request writes them, two read them: 9,000 * (1.25 + 0.2) = 13,050."""
    total = summary_of([load("a", 10, 10_000, 4_000)], [], REQUESTS).total
    assert total[:10] == ("all", 1, 1, 10_000, 4_000, 0, 0, 0, 6_000, 9_000)
    assert total[10:] == pytest.approx((13_050, 13.05))
    assert total.net_share == 0.6


def test_a_recovery_by_hand() -> None:
    """500 tokens, 750 as billed, written once: 937.5; one more turn over 40,000 read tokens: 4,000; the call: 600."""
    total = summary_of([load("a", 10, 10_000, 4_000)], [Recovery("a", "r", 21, "Read", 9, 500)], REQUESTS).total
    assert (total.recoveries, total.recovered_tokens, total.net_tokens, total.net_billed) == (1, 500, 5_500, 8_250)
    assert total.net_units == pytest.approx(13_050 - 937.5 - 4_000 - 600)


def test_what_another_agent_fetched_is_priced_in_its_own_conversation() -> None:
    """The view's conversation has ended: nobody there carries what was read. Its saving is 9,000 * (1.25 + 0.1).

    The reader's 750 as billed are written once: 937.5; one more turn over 10,000 read tokens: 1,000; the call: 600.
    """
    requests = [*REQUESTS[:3], request(22, 10_000, agent="a7"), request(30, 12_000, agent="a7")]
    recovery = Recovery("a", "r", 25, "Read", 9, 500, "a7")
    total = summary_of([load("a", 10, 10_000, 4_000)], [recovery], requests).total
    assert total.net_units == pytest.approx(12_150 - 937.5 - 1_000 - 600)
    owners = Recovery("b", "r", 21, "Read", 9, 500, "")  # of an agent's view, in the main conversation
    assert summary_of([load("b", 10, 10_000, 4_000, agent="a7")], [owners], REQUESTS).total.net_units == pytest.approx(
        -937.5 - 4_000 - 600
    )


def test_an_addition_by_hand() -> None:
    """100 tokens, 150 as billed, written once and read twice: 150 * 1.45 = 217.5."""
    summary = summary_of([load("a", 10, 10_000, 4_000)], [], REQUESTS, [Addition("s", "", 6, "SessionStart", 100)])
    assert (summary.total.added_tokens, summary.total.net_tokens, summary.total.net_billed) == (100, 5_900, 8_850)
    assert summary.total.net_units == pytest.approx(13_050 - 217.5)
    assert [row.net_tokens for row in summary.by_path] == [6_000]
    assert [row.net_tokens for row in summary.by_session] == [5_900]


def test_a_loss_is_shown_as_one() -> None:
    """Breaks when a net that is below zero is cut off at zero."""
    recoveries = [Recovery("a", f"r{n}", 21, "Read", 9, 500) for n in range(3)]
    total = summary_of([load("a", 10, 2_000, 1_000)], recoveries, REQUESTS).total
    assert total.net_tokens == -500
    assert total.net_units == pytest.approx(1_500 * 1.45 - 3 * 5_537.5)


def test_only_views_in_force_count() -> None:
    """What the transcript did not show yet, or shows whole, saves nothing and loses nothing."""
    loads = [load("a", 10, 10_000, 4_000, None), load("b", 10, 5_000, 1_000, False), load("c", 10, 700, 700)]
    summary = summary_of(
        loads, [Recovery("a", "r1", 21, "Read", 1, 9), Recovery("b", "r2", 21, "Read", 1, 9)], REQUESTS
    )
    assert summary.total == Row("all", 3, 0, 15_700, 15_700, 0, 0, 0, 0, 0, 0, 0)
    assert (summary.unconfirmed_views, summary.unconfirmed_tokens, summary.refused_views) == (1, 6_000, 1)
    assert summary.honoured_share == 0
    assert summary_of([load("a", 10, 10_000, 4_000)], [], REQUESTS).honoured_share == 1


def test_one_call_is_charged_once() -> None:
    """A Read that shows the folds of two views of a file is one result and one turn."""
    loads = [load("a", 10, 10_000, 4_000), load("b", 12, 10_000, 4_000)]
    both = [Recovery("b", "r", 21, "Read", 9, 500), Recovery("a", "r", 21, "Read", 9, 500)]
    summary = summary_of(loads, both, REQUESTS)
    assert (summary.total.recoveries, summary.total.recovered_tokens) == (1, 500)
    assert {row.name: row.recoveries for row in summary.by_path} == {"/p/a.py": 1, "/p/b.py": 0}


def test_a_recovery_of_an_unknown_load_is_left_out() -> None:
    assert summary_of([load("a", 10, 9, 9)], [Recovery("z", "r", 21, "Read", 9, 500)], REQUESTS).total.recoveries == 0


def test_no_request_no_price() -> None:
    """A load that no request carried yet has saved tokens, but no money."""
    total = summary_of([load("a", 40, 10_000, 4_000)], [], REQUESTS).total
    assert (total.net_tokens, total.net_units) == (6_000, 0)


def test_a_compaction_ends_what_is_paid_for() -> None:
    """The prompt falls from 50,000 to 20,000 after the request at 30: two requests carried the load, not four."""
    requests = [*REQUESTS[:1], *REQUESTS[2:], request(40, 20_000), request(50, 25_000)]
    assert summary_of([load("a", 10, 10_000, 4_000)], [], requests).total.net_units == pytest.approx(9_000 * 1.35)
    late = summary_of([load("a", 35, 10_000, 4_000)], [], requests).total
    assert late.net_units == 0


def test_another_model_counts_its_prompt_otherwise() -> None:
    """The same text has fewer tokens in an older model: no compaction."""
    requests = [request(5, 20_000), request(11, 30_000), request(20, 15_000, model="older")]
    assert summary_of([load("a", 10, 10_000, 4_000)], [], requests).total.net_units == pytest.approx(9_000 * 1.35)


def test_an_hour_in_the_cache_costs_more() -> None:
    requests = [request(5, 20_000), request(11, 30_000, write_1h_tokens=50)]
    assert summary_of([load("a", 10, 10_000, 4_000)], [], requests).total.net_units == 18_000


def test_agents_have_conversations_of_their_own() -> None:
    requests = [*REQUESTS, request(12, 10_000, agent="a1", message_id="x")]
    total = summary_of([load("a", 10, 10_000, 4_000, agent="a1")], [], requests).total
    assert total.net_units == pytest.approx(9_000 * 1.25)


def test_usage_by_class() -> None:
    """10 + 1.25 * 20 + 2 * 30 + 0.1 * 40 + 5 * 50 = 349."""
    requests = [
        Request("s", "", "m1", 1, MODEL, 4, 10, 10, 20, 20),
        Request("s", "", "m2", 2, MODEL, 6, 10, 20, 20, 30),
        Request("s", "", "m3", 3, "unknown", 1, 0, 0, 0, 0),
    ]
    summary = summary_of([], [], requests)
    assert summary.usage[0][:7] == (MODEL, 2, 10, 20, 30, 40, 50)
    assert summary.usage[0].units == pytest.approx(349)
    assert summary.usage[0].usd == pytest.approx(0.5)
    assert summary.usage[1].usd is None
    assert summary.unpriced_models == ("unknown",)
    assert summary.spent_units == pytest.approx(350)
    assert summary.spent_usd == pytest.approx(0.5)


def test_the_share_of_the_bill() -> None:
    """14,000 read at 0.1 and 400 written at 5 cost 16,000; with 13,050 saved it had been 29,050."""
    summary = summary_of([load("a", 10, 10_000, 4_000)], [], REQUESTS)
    assert summary.spent_units == pytest.approx(16_000)
    assert summary.saved_share == pytest.approx(13_050 / 29_050)


def test_rows_add_up_and_are_ordered() -> None:
    loads = [
        load("a", 10, 10_000, 4_000),
        load("b", 12, 900, 900, tool="Bash", kind="log", path="ls", counted=True),
        load("c", 12, 9_000, 1_000, kind="go"),
        load("d", 12, 3_000, 2_900, kind="go", session="t"),
    ]
    summary = summary_of(loads, [Recovery("d", "r", 21, "Read", 9, 500)], REQUESTS)
    for rows in (summary.by_tool, summary.by_kind, summary.by_tier, summary.by_path, summary.by_session):
        assert sum(row.net_tokens for row in rows) == summary.total.net_tokens == 13_600
        assert sum(row.raw_tokens for row in rows) == 22_900
        assert sum(row.net_units for row in rows) == pytest.approx(summary.total.net_units)
    assert [row.name for row in summary.by_path] == ["/p/c.py", "/p/a.py", "ls", "/p/d.py"]
    assert [(row.name, row.loads, row.views) for row in summary.by_tool] == [("Read", 3, 3), ("Bash", 1, 0)]
    assert [(row.name, row.loads) for row in summary.by_tier] == [
        ("essential", 0), ("standard", 3), ("comprehensive", 0), ("complete", 1)
    ]  # fmt: skip
    assert summary.counted_share == pytest.approx(900 / 22_900)
    assert (summary.sessions, summary.last_at) == (2, 30)


def test_a_summary_becomes_json() -> None:
    summary = summary_of([load("a", 10, 10_000, 4_000)], [], REQUESTS)
    back = json.loads(json.dumps(as_json(summary)))
    assert back["total"]["net_tokens"] == 6_000
    assert back["by_path"][0]["net_share"] == 0.6
    assert back["usage"][0]["factor"] == {"value": 1.5, "learned": True}


def test_an_empty_ledger_says_so_and_what_to_do() -> None:
    text = lines(summary_of([], [], []))
    assert "nothing is recorded" in text[0]
    assert "read a long file" in " ".join(text)


# Units: 9,000 * 1.45 + 11,850 * 1.35 + 150 * 1.35 - 5,537.5 = 23,712.5; with the bill's 16,000 that is 59.7 %.
EXPECTED = """\
Trimtab: 4 loads in 1 session, last active 1 minute ago

Loaded                22,900  ██████████████████████████████████ tokens
Shown                  8,900  █████████████▎                     38.9%
Fetched later            500  ▊                                  1 recovery
Added by Trimtab           0
Net saved             13,500  ████████████████████               59.0%
Worth $23.71: 59.7% of the cost without Trimtab (23,712 uncached input tokens;
  20,250 tokens as billed).

Tier                   loads       loaded        shown  fetched later        net
standard                   3       22,000        8,000            500     13,500
complete                   1          900          900              0          0

Most saved                                 loaded      net
/p/c.py                                     9,000    7,900  ████████████████████
/p/a.py                                    10,000    6,000  ███████████████▎
/p/d.py                                     3,000     -400

Usage                 requests    input    write     read   output          cost
claude-opus-4-5              4        0        0     140k      400         $4.00

Saved is net of later fetches and our own text, against what the client would
  have sent, priced as written to the cache once, then read by each request.
Tokens of loads are o200k_base, 4% counted, the rest estimated; usage is as
  billed, of responses recorded here (of all sessions: `report --by model`).
Billed tokens for one o200k token: claude-opus-4-5 1.50 (learned)."""


def test_the_report() -> None:
    loads = [
        load("a", 10, 10_000, 4_000),
        load("b", 12, 900, 900, tool="Bash", kind="log", path="ls", counted=True),
        load("c", 12, 9_000, 1_100, kind="go"),
        load("d", 12, 3_000, 2_900, kind="go"),
    ]
    text = lines(summary_of(loads, [Recovery("d", "r", 21, "Read", 9, 500)], REQUESTS))
    assert "\n".join(text) == EXPECTED


def test_the_report_stays_narrow_and_short() -> None:
    """Long names, large figures, losses, many models: 80 columns, one screen."""
    loads = [
        load(f"{'deep/' * 30}{n}\n", 10, 10**9, 10**9 - n * 10**7, [True, False, None][n % 3]) for n in range(-9, 60)
    ]
    requests = [
        request(n, 10**9, 10**8, model=f"claude-{'long' * 9}-{n % 6}", message_id=f"m{n}") for n in range(1, 99)
    ]
    text = lines(summary_of(loads, [], requests, now=10**9))
    assert max(map(len, text)) <= 80
    assert len(text) <= 41
    assert any(" -" in line for line in text)
    assert all(line.isprintable() for line in text)


def test_only_usage() -> None:
    text = lines(summary_of([], [], REQUESTS))
    assert "only usage" in "\n".join(text)


@pytest.mark.parametrize(
    ("figure", "text"),
    [(0, "0"), (-1234, "-1,234"), (99_999, "99,999"), (100_000, "100k"), (12_345_678, "12.3M"), (2.5e9, "2.5G")],
)
def test_short_figures(figure: float, text: str) -> None:
    assert short(figure) == text


def test_small_things() -> None:
    assert [dollars(x) for x in (0, 12.345, -3, 0.123, 12_345.6)] == ["$0.00", "$12.35", "-$3.00", "$0.123", "$12,346"]
    assert dollars(0.00421) == "$0.0042"
    assert [bar(x, 16, 2) for x in (16, 8, 9, 0.1, 0, -5, 99)] == ["██", "█", "█▏", "▏", "", "", "██"]
    assert [elapsed(x) for x in (-1, 61, 7200, 200_000)] == ["under a minute", "1 minute", "2 hours", "2 days"]
    assert fitted("abcdef", 4) == "…def"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("日本語", "日本語"),  # six columns
        ("日本語x", "…本語x"),
        ("a日本語", "…本語"),  # one column stays free: half a letter can't be shown
        ("abcdefg", "…cdefg"),
        ("e\u0301a\u0301bcde", "e\u0301a\u0301bcde"),  # accents take no column
        ("ab\x1b[31m", "…?[31m"),
        ("🚀🚀🚀🚀", "…🚀🚀"),
    ],
)
def test_names_fit_six_columns_of_a_terminal(text: str, shown: str) -> None:
    assert fitted(text, 6) == shown
    assert columns(shown) == cell_len(shown) <= 6
    assert cell_len(padded(text, 7)) == 7
