"""The page's data: sums equal the records', unknown prices stay unknown, days are the zone's, names are data."""

from collections.abc import Callable
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from tests.cli.page.histories import NOW, history

from trimtab import monitor, prices
from trimtab.cli.page import FullPrice, History, Limits, PageData, Part, Pricing, build
from trimtab.cli.page.document import usd_by_class
from trimtab.cli.page.history import wall_clock
from trimtab.monitor import pairs, summary
from trimtab.records import Addition, Alert, Arrival, Factor, Fold, Load, Recovery, Request, Tier

PRICING = Pricing(prices.relative, prices.usd, prices.input_usd)
LIMITS = Limits()
OPUS = "claude-opus-5-5"  # 4 USD input, 5 and 8 write, 0.2 read, 20 output, each a million
NOON = 1_700_049_600.0  # 2023-11-15T12:00Z, day 19676
ONE = Request("s", "", "m1", NOON, OPUS, 10, 2_000, 300, 40_000, 500, "/p")


def unscaled(model: str, tool: str) -> Factor:
    return Factor(1.0, False)


def made(found: History, limits: Limits = LIMITS, zone: timezone | ZoneInfo = timezone.utc) -> PageData:
    return build(found, PRICING, unscaled, NOW, zone, limits=limits)


def by_class(data: PageData) -> list[int]:
    return [sum(row[place] for row in data.spend) for place in range(6, 12)]  # type: ignore[misc]


def test_totals_equal_the_requests_to_the_token() -> None:
    found = history(3, 20)
    data = made(found)
    assert by_class(data) == [sum(request[place] for request in found.requests) for place in (5, 6, 7, 8, 9, 13)]  # type: ignore[misc]
    assert sum(row.requests for row in data.spend) == len(found.requests)
    usd = sum(prices.usd(request) or 0.0 for request in found.requests)
    assert sum(sum(row.usd) for row in data.spend if row.usd) == pytest.approx(usd, rel=1e-12)


def test_one_request_by_hand() -> None:
    (row,) = made(History([ONE])).spend
    assert row[:5] == (19676, "/p", "s", OPUS, "")
    assert row[5:12] == (1, 10, 2_000, 300, 40_000, 500, 0)
    assert row.usd is not None
    assert [round(usd * 1e6) for usd in row.usd] == [40, 10_000, 2_400, 8_000, 10_000, 0]
    assert row.unpriced == 0


def test_an_unknown_price_is_none_and_is_counted() -> None:
    other = ONE._replace(message_id="m2", model="somebody/else")
    data = made(History([ONE, other]))
    priced, unpriced = sorted(data.spend, key=lambda row: row.unpriced)
    assert priced.model == OPUS
    assert (unpriced.usd, unpriced.unpriced) == (None, 1)
    assert unpriced.read_tokens == 40_000


def test_a_load_carried_at_no_price_has_no_price() -> None:
    request = ONE._replace(model="somebody/else")
    load = Load("s", "", "t", NOON - 1, "Read", "/p/a", "python", Tier.COMPLETE, "", 900, 900, True, (), None)
    data = made(History([request], loads=[load]))
    assert [(one.tokens, one.carriers, one.usd) for one in data.loads] == [(900, 1, None)]
    assert [row.usd for row in data.savings] == [None]


def test_nothing_recorded() -> None:
    data = made(History([]))
    assert (data.spend, data.sessions, data.loads, data.savings, data.notes) == ((), (), (), (), ())


def flat_and_searches(request: Request) -> float | None:
    """Two prices by the prompt's size, and one of a search."""
    prompt = sum(request[5:9])
    scale = 2.0 if prompt > 100_000 else 1.0
    input_tokens, write_5m, write_1h, read, output = request[5:10]
    return (
        scale * (input_tokens * 3 + write_5m * 4 + write_1h * 6 + read * 0.5 + output * 15) + 7 * request.web_searches
    )


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (ONE, (30, 8_000, 1_800, 20_000, 7_500, 0)),
        (ONE._replace(read_tokens=200_000), (60, 16_000, 3_600, 200_000, 15_000, 0)),  # over the limit all cost twice
        (ONE._replace(web_searches=3), (30, 8_000, 1_800, 20_000, 7_500, 21)),
        (ONE._replace(input_tokens=0, write_5m_tokens=0, write_1h_tokens=0, read_tokens=0), (0, 0, 0, 0, 7_500, 0)),
    ],
)
def test_classes_cost_what_the_whole_costs(request_: Request, expected: tuple[float, ...]) -> None:
    found = usd_by_class(request_, flat_and_searches)
    assert found == pytest.approx(expected)
    assert sum(found or ()) == pytest.approx(flat_and_searches(request_))


def test_days_are_the_zone_s() -> None:
    late = ONE._replace(at=NOON + 11.5 * 3600)  # 23:30 UTC
    assert made(History([late])).spend[0].day == 19676
    assert made(History([late]), zone=timezone(timedelta(hours=1))).spend[0].day == 19677
    assert made(History([late]), zone=timezone(timedelta(hours=-12))).spend[0].day == 19676


def test_a_day_of_summer_time_and_one_of_winter() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    summer = ONE._replace(at=1_782_856_800.0)  # 2026-06-30T22:00Z is the 1st of July there: day 20635
    winter = ONE._replace(message_id="m2", at=1_798_754_400.0)  # 2026-12-31T22:00Z is still the 31st: day 20818
    data = made(History([summer, winter]), zone=berlin)
    assert [row.day for row in data.spend] == [20635, 20818]
    assert data.zone == "Europe/Berlin (UTC+01:00)"


def test_savings_equal_the_report_s() -> None:
    found = history(5, 30)
    factor: Callable[[str, str], Factor] = lambda model, tool: Factor(1.3, True)  # noqa: E731
    data = build(found, PRICING, factor, NOW, timezone.utc)
    total = monitor.summarise(
        found.loads, found.recoveries, found.requests, prices.relative, factor, NOW,
        additions=found.additions, usd_of=prices.usd, input_usd_of=prices.input_usd,
    ).total  # fmt: skip
    assert sum(row.net_tokens for row in data.savings) == total.net_tokens > 0
    assert sum(row.fetched_tokens for row in data.savings) == total.recovered_tokens > 0
    assert sum(row.added_tokens for row in data.savings) == total.added_tokens > 0
    assert sum(row.usd or 0.0 for row in data.savings) == pytest.approx(total.net_usd)


def test_messages_equal_the_report_s() -> None:
    """A message is lost between days and sessions, or what agents are told of their reports is."""
    found = history(5, 30)
    factor: Callable[[str, str], Factor] = lambda model, tool: Factor(1.3, True)  # noqa: E731
    data = build(found, PRICING, factor, NOW, timezone.utc, limits=Limits(spend_rows=10))
    payers = summary.payers(found.requests, prices.relative)
    sent = pairs.sent(found.loads, found.recoveries, found.additions, payers, factor, prices.input_usd)
    for pair in pairs.pairs(sent, pairs.by_group()):
        rows = [row for row in data.mail if (row.sender, row.receiver) == pair[:2]]
        assert sum(row.messages for row in rows) == pair.row.loads
        assert sum(row.before_tokens - row.after_tokens for row in rows) == pair.row.raw_tokens - pair.row.shown_tokens
        assert sum(row.net_tokens for row in rows) == pair.row.net_tokens
        assert sum(row.added_tokens for row in rows) == pair.row.added_tokens
        assert sum(row.usd or 0.0 for row in rows) == pytest.approx(pair.row.net_usd or 0.0)
    assert sum(row.messages for row in data.mail) == sum(load.message is not None for load in found.loads) > 100
    assert sum(row.added_tokens for row in data.mail) == 45 * sum(load.kind == "task" for load in found.loads) > 0


def test_the_users_groups_name_the_messages() -> None:
    found = history(5, 10)._replace(groups=(("Explore", "4"),))
    pair = {(row.sender, row.receiver) for row in made(found).mail}
    assert ("4 Validation", "main") in pair
    assert not any(name.startswith("1") for names in pair for name in names)


def test_old_sessions_are_summed_and_nothing_is_lost() -> None:
    found = history(3, 20)
    whole, short = made(found), made(found, Limits(spend_rows=10, sessions=2))
    assert by_class(whole) == by_class(short)
    assert len(short.sessions) <= 10 < len(whole.sessions)
    assert "" in {row.session for row in short.spend}
    newest = max(found.requests, key=lambda request: request.at).session
    assert newest in {row.session for row in short.spend}
    gone = len(whole.sessions) - len(short.sessions)
    assert short.notes[0].startswith(f"{gone} older sessions are summed")
    assert sum(bool(session.conversations) for session in short.sessions) == 2
    assert sum(row.net_tokens for row in whole.savings) == sum(row.net_tokens for row in short.savings)


def test_a_subagent_has_its_type_and_a_session_its_project() -> None:
    requests = [
        ONE,
        ONE._replace(agent="a1", message_id="m2", agent_type="Explore"),
        ONE._replace(agent="a2", project=""),
    ]
    data = made(History(requests))
    assert [(row.agent, row.project) for row in data.spend] == [("", "/p"), ("Explore", "/p"), ("subagent", "/p")]
    only = made(History([ONE._replace(project="")], projects={"s": "/q"}))
    assert (only.spend[0].project, only.sessions[0].project) == ("/q", "/q")


def grown(prompts: list[int]) -> list[Request]:
    """A conversation whose prompts, all read from the cache, have these sizes; ten seconds apart, 100 tokens each."""
    return [
        Request("s", "", f"m{place}", NOON + 10 * place, OPUS, 0, 0, 0, prompt, 100, "/p")
        for place, prompt in enumerate(prompts)
    ]


def test_what_folding_kept_out_ends_with_a_compaction() -> None:
    view = Load(
        "s", "", "t1", NOON + 5, "Read", "/p/a", "python", Tier.STANDARD, "", 900, 300, True, (Fold(1, 9, ()),), True
    )
    refused = view._replace(tool_use_id="t2", at=NOON + 6, honoured=False)
    recovery = Recovery("t1", "t3", NOON + 15, "Read", 4, 50)
    data = made(History(grown([20_000, 21_000, 22_000, 9_000, 10_000]), loads=[view, refused], recoveries=[recovery]))
    points = data.sessions[0].conversations[0].points
    assert [point.kept_out_tokens for point in points] == [0, 600, 600, 0, 0]
    assert [point.recoveries for point in points] == [0, 0, 1, 0, 0]
    assert [point.is_cut for point in points] == [False, False, False, True, False]


def test_parts_that_are_given_are_taken_and_completed() -> None:
    given = [Part("s", "", "m0", "standing", 15_000), Part("s", "", "m1", "standing", 15_000)]
    sizes = (("Read", 2_000), ("NotebookRead", 3_000), ("TodoWrite", 1_000))  # tools' names have kinds
    given += [Part("s", "", "m1", kind, tokens) for kind, tokens in sizes]
    data = made(History(grown([20_000, 21_000]), parts=given))
    points = data.sessions[0].conversations[0].points
    assert [dict(point.parts) for point in points] == [
        {"standing": 15_000, "not attributed": 5_000}, {"standing": 15_000, "file": 5_000, "result": 1_000},
    ]  # fmt: skip


def test_what_has_no_line_is_in_no_context() -> None:
    """It counts as a request of the session, but fills no chart."""
    compaction = ONE._replace(message_id="u", agent="unlisted", agent_type="unlisted", at=NOON + 50)
    data = made(History([*grown([20_000, 21_000]), compaction]))
    assert [(talk.agent, talk.requests) for talk in data.sessions[0].conversations] == [("", 2)]
    assert data.sessions[0].requests == 3


def test_parts_sum_to_each_prompt() -> None:
    data = made(history(11, 10))
    points = [point for session in data.sessions for talk in session.conversations for point in talk.points]
    assert len(points) > 500
    assert all(sum(tokens for _, tokens in point.parts) == point.prompt_tokens for point in points)
    kinds = {kind for point in points for kind, _ in point.parts}
    assert {"standing", "summary", "prompt", "answer", "file", "view", "recovered", "command", "mcp"} <= kinds


def test_a_long_conversation_is_thinned_around_its_cuts() -> None:
    prompts = [20_000 + 100 * place for place in range(500)] + [20_000 + 100 * place for place in range(500)]
    data = made(History(grown(prompts)), Limits(points=100))
    (talk,) = data.sessions[0].conversations
    numbers = [point.number for point in talk.points]
    assert talk.requests == 1_000
    assert len(numbers) <= 104
    assert {1, 500, 501, 1_000} <= set(numbers)  # first, the two around the compaction, last


def test_since_narrows_everything_but_what_the_contexts_held() -> None:
    found = history(5, 20)
    since = NOW - 9.5 * 86_400
    data = build(found, PRICING, unscaled, NOW, timezone.utc, since=since)
    recent = [request for request in found.requests if request.at >= since]
    assert by_class(data) == [sum(request[place] for request in recent) for place in (5, 6, 7, 8, 9, 13)]  # type: ignore[misc]
    total = monitor.summarise(
        [load for load in found.loads if load.at >= since], found.recoveries, found.requests, prices.relative,
        unscaled, NOW, additions=[one for one in found.additions if one.at >= since],
    ).total  # fmt: skip
    assert sum(row.net_tokens for row in data.savings) == total.net_tokens > 0
    assert {session.session for session in data.sessions} == {request.session for request in recent}
    assert min(load.at for load in data.loads) >= since
    assert len(data.alerts) == 2
    whole = History(grown([20_000, 30_000, 40_000]))
    (point,) = build(whole, PRICING, unscaled, NOW, timezone.utc, since=NOON + 15).sessions[0].conversations[0].points
    assert point.number == 3
    assert dict(point.parts)["standing"] == 20_000  # what was there at the first request, not at the first one told


def test_the_page_holds_the_dearest_loads_of_each_project() -> None:
    found = history(3, 20)
    data = made(found, Limits(loads=5, project_loads=2, sessions=0))
    assert data.loads_total > 100
    assert 5 <= len(data.loads) <= 5 + 2 * 4
    costs = [load.usd or 0.0 for load in made(found, Limits(loads=10**6)).loads]
    assert [load.usd for load in data.loads][:5] == sorted(costs, reverse=True)[:5]
    assert {load.project for load in data.loads} == {row.project for row in data.spend}


def test_a_load_s_price_by_hand() -> None:
    load = Load(
        "s", "", "t", NOON + 5, "Read", "/p/a", "python", Tier.STANDARD, "", 3_000, 1_000, True, (Fold(1, 9, ()),), True
    )
    data = made(History(grown([20_000, 21_000, 22_000]), loads=[load]))
    (found,) = data.loads
    assert (found.tokens, found.kept_out_tokens, found.carriers, found.tier) == (1_000, 2_000, 2, "standard")
    assert found.usd == pytest.approx(1_000 * (5 + 0.2) / 1e6)  # written once in 5 min, read once more


def test_a_full_price_that_is_known_is_taken() -> None:
    load = Load("s", "", "t", NOON + 5, "Read", "/p/a", "python", Tier.COMPLETE, "", 3_000, 3_000, True, (), None)
    known = {("s", "", "t"): FullPrice(3_333, 1, 0.5), ("s", "other", "t"): FullPrice(1, 1, None)}
    (found,) = made(History(grown([20_000, 23_000]), loads=[load], full_prices=known)).loads
    assert (found.tokens, found.carriers, found.usd) == (3_333, 1, 0.5)


def test_a_big_result_that_no_hook_saw_is_a_load() -> None:
    arrivals = [
        Arrival("s", "", "t1", NOON + 5, "result", "Bash", "make", 29_000),
        Arrival("s", "", "t2", NOON + 5, "result", "Bash", "pwd", 20),
        Arrival("s", "", "t3", NOON + 5, "prompt", "", "", 29_000),
    ]
    data = made(History(grown([20_000, 31_000]), arrivals=arrivals))
    assert [(load.tool, load.target, load.tokens, load.tier) for load in data.loads] == [("Bash", "make", 10_000, "")]


def test_alerts_come_with_their_project_and_the_newest_first() -> None:
    alerts = [
        ("/p", Alert(1, "warning", "old", "budget", NOON, True)),
        ("", Alert(2, "info", "new", "cache", NOON + 1, False)),
        ("", Alert(3, "info", "cleared", "cache", NOON + 2, False, "c", "p", None, NOON + 3)),
        ("", Alert(4, "info", "yesterday's", "cache", NOON + 3, False, "c", "q", NOW - 1)),
    ]
    data = made(History([], additions=[Addition("s", "", NOON, "Stop", 5)], alerts=alerts))
    assert [(alert.project, alert.message, alert.state) for alert in data.alerts] == [
        ("", "yesterday's", "gone"),  # its period is over, and no daemon came to clear it
        ("", "cleared", "gone"),
        ("", "new", "stands"),
        ("/p", "old", "seen"),
    ]


def test_a_time_that_no_clock_shows_has_no_offset() -> None:
    wall = wall_clock(ZoneInfo("Europe/Berlin"))
    assert wall(NOW) - NOW in (3600, 7200)
    assert [wall(at) for at in (-1e15, 1e15)] == [-1e15, 1e15]
