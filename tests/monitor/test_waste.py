"""Each rule of waste with its cost worked out by hand, and what it must not find."""

from collections.abc import Sequence

import pytest

from trimtab.monitor import context, sizes, waste
from trimtab.monitor.waste import Finding, Folded, Given, findings
from trimtab.records import Arrival, Factor, Load, Prices, Recovery, Request, Tier

MODEL = "claude-opus-4-5"
USD = 5e-6  # of an uncached input token, as prices_of's unit


def prices_of(model: str, ttl_1h: bool) -> Prices:
    return Prices(2.0 if ttl_1h else 1.25, 0.1, 5.0)


def usd_of(request: Request) -> float:
    units = request.input_tokens + 1.25 * request.write_5m_tokens + 2 * request.write_1h_tokens
    return USD * (units + 0.1 * request.read_tokens + 5 * request.output_tokens)


def request(at: float, read: int, write: int, **fields: object) -> Request:
    base = Request("s", "", f"m{at:g}", at, MODEL, 0, write, 0, read, 0, "/p")
    return base._replace(**fields)  # type: ignore[arg-type]


def result(at: float, tokens: int, target: str, tool: str = "Read", is_error: bool = False) -> Arrival:
    """`tokens` as estimated, the frame within."""
    left = tokens - sizes.FRAME_TOKENS
    return Arrival("s", "", f"r{at:g}", at, "result", tool, target, 3 * left, is_error, tokens=left)


def found(requests: Sequence[Request], arrivals: Sequence[Arrival], folded: Folded | None = None) -> dict[str, Finding]:
    ledger = context.ledger(requests, arrivals, prices_of, usd_of)
    return {one.kind: one for one in findings(Given(ledger, requests, prices_of, usd_of), folded, least_share=0)}


def test_a_file_read_again_costs_its_second_result() -> None:
    """2,000 tokens written once, read once: 2,000 * 1.35."""
    requests = [request(0, 0, 9000), request(2, 9000, 2000), request(4, 11_000, 2000), request(6, 13_000, 0)]
    again = found(requests, [result(1, 2000, "/p/a.go"), result(3, 2000, "/p/a.go")])["read again"]
    assert (again.times, again.project, again.session, again.at, again.subject) == (1, "/p", "s", 3, "/p/a.go")
    assert (again.tokens, again.units, again.usd) == pytest.approx((4000, 2700, 2700 * USD))
    spent = 9000 * 1.25 + 11_000 * 0.1 + 2000 * 1.25 + 2000 * 1.25 + 9000 * 0.1 + 13_000 * 0.1
    assert again.share == pytest.approx(2700 / spent)
    assert "CLAUDE.md" in again.advice
    assert (again.most_units, again.most_usd) == pytest.approx((2700, 2700 * USD))


@pytest.mark.parametrize(
    "between",
    [
        [result(3, 40, "/p/a.go", "Edit"), result(3.5, 2000, "/p/a.go")],
        [result(3, 40, "/p/c.go"), result(3.5, 1400, "/p/a.go")],
        [result(3, 40, "/p/c.go"), result(3.5, 2000, "/p/b.go")],
    ],
    ids=["edited", "another size", "another file"],
)
def test_other_reads_are_no_repeats(between: list[Arrival]) -> None:
    growth = sum(sizes.of_arrival(arrival, MODEL) for arrival in between)
    requests = [request(0, 0, 9000), request(2, 9000, 2000), request(4, 11_000, growth)]
    assert "read again" not in found(requests, [result(1, 2000, "/p/a.go"), *between])


def test_other_lines_of_a_file_are_no_repeat_though_as_many_tokens() -> None:
    """Lines 1 to 500, 501 to 1000, then 1 to 500 again: 2,000 tokens each, the last one is paid for once."""
    requests = [request(0, 0, 9000), request(2, 9000, 2000), request(4, 11_000, 2000), request(6, 13_000, 2000)]
    others = result(3, 2000, "/p/a.go")._replace(characters=5900)
    reads = [result(1, 2000, "/p/a.go"), others]
    assert "read again" not in found(requests[:3], reads)
    again = found(requests, [*reads, result(5, 2000, "/p/a.go")])["read again"]
    assert (again.times, again.at) == (1, 5)
    assert again.units == pytest.approx(2500)


def test_waste_is_what_was_paid_in_the_time_that_is_meant() -> None:
    """Two reads and a loss came before; the request at 410 reads 2,000 tokens of each, and 5,000 too many at first.

    Only the second read is never named: that is of the first one's file.
    """
    requests = [request(0, 0, 40_000), request(2, 40_000, 2000), request(4, 42_000, 2000), request(6, 44_000, 0)]
    requests += [request(400, 0, 44_000), request(410, 44_000, 0)]
    reads = [result(1, 2000, "/p/a.go"), result(3, 2000, "/p/a.go")]

    def meant(at: float) -> bool:
        return at == 410

    ledger = context.ledger(requests, reads, prices_of, usd_of, is_meant=meant)
    given = Given(ledger, requests, prices_of, usd_of, meant)
    told = {one.kind: one.units for one in findings(given, least_share=0)}
    assert told == pytest.approx({"read again": 200, "never named": 200, "standing": 500})
    assert "idle" in found(requests, reads)


def test_a_file_read_after_a_compaction_is_no_repeat() -> None:
    requests = [request(0, 0, 9000), request(2, 9000, 2000), request(4, 9000, 300), request(6, 9300, 2000)]
    summary = Arrival("s", "", "x", 3, "summary", "", "", 0, tokens=300)
    assert "read again" not in found(requests, [result(1, 2000, "/p/a.go"), summary, result(5, 2000, "/p/a.go")])


def test_a_file_that_no_call_names_costs_what_carried_it() -> None:
    """Three requests read its 2,000 tokens after the one that wrote them: 600. The command names b.go."""
    requests = [request(0, 0, 9000), request(2, 9000, 2000), request(4, 11_000, 3000), request(6, 14_000, 100)]
    requests.append(request(8, 14_100, 0))
    arrivals = [result(1, 2000, "/p/a.go"), result(3, 3000, "/p/b.go"), result(5, 100, "go vet b.go", "Bash")]
    unnamed = found(requests, arrivals)["never named"]
    assert (unnamed.times, unnamed.subject) == (1, "/p/a.go")
    assert unnamed.units == pytest.approx(3 * 2000 * 0.1)
    assert unnamed.usd == pytest.approx(600 * USD)


def test_a_standing_prompt_costs_what_is_above_the_usual() -> None:
    """Of 70,000 tokens half are above 35,000: half of 70,000 * 1.35."""
    stands = found([request(0, 0, 70_000), request(2, 70_000, 0)], [])["standing"]
    assert (stands.tokens, stands.units) == pytest.approx((70_000, 70_000 * 1.35 / 2))
    assert "standing" not in found([request(0, 0, 35_000)], [])


LOST = [  # seconds between the requests, fields of the second one, an arrival between them, the cause
    (301, {}, None, "idle"),
    (299, {}, None, "tools"),
    (10, {"model": "claude-sonnet-4-5"}, None, "switched"),
    (10, {}, Arrival("s", "", "x", 1, "summary", "", "", 0, tokens=9000), "compacted"),
    (10, {"write_5m_tokens": 15_000}, None, "shrunk"),
]


@pytest.mark.parametrize(("seconds", "fields", "arrival", "cause"), LOST, ids=[row[-1] for row in LOST])
def test_a_lost_cache_has_a_cause(
    seconds: float, fields: dict[str, object], arrival: Arrival | None, cause: str
) -> None:
    """All 20,000 cached tokens (15,000 where the prompt shrank to that) are written again: 1.15 each above reading."""
    requests = [request(0, 0, 20_000), request(seconds, 0, 20_000)._replace(**fields)]  # type: ignore[arg-type]
    lost = 15_000 if cause == "shrunk" else 20_000
    one = found(requests, [arrival] if arrival else [])[cause]
    assert (one.times, one.at, one.tokens, one.units) == pytest.approx((1, seconds, lost, lost * 1.15))
    assert one.usd == pytest.approx(lost * 1.15 * USD)


def test_the_long_lifetime_is_an_hour() -> None:
    first = request(0, 0, 0, write_1h_tokens=20_000)
    assert "tools" in found([first, request(3599, 0, 20_000)], [])
    idle = found([first, request(3601, 0, 0, write_1h_tokens=20_000)], [])["idle"]
    assert idle.units == pytest.approx(20_000 * 1.9)


def test_a_warm_cache_is_no_finding() -> None:
    assert not set(found([request(0, 0, 20_000), request(9, 20_000, 30), request(18, 15_100, 5_000)], [])) & set(
        waste.WORDS
    ) - {"never named"}


def test_a_call_that_fails_again_costs_its_request_too() -> None:
    """The second failure: the request at 2 that made it (9,000 read, 100 written) and its 100 tokens, written."""
    requests = [request(0, 0, 9000), request(2, 9000, 100), request(4, 9100, 100), request(6, 9200, 100)]
    failed = [result(at, 100, "make x", "Bash", is_error=at < 5) for at in (1, 3, 5)]
    again = found(requests, failed)["failed again"]
    units = 9000 * 0.1 + 100 * 1.25 + 100 * 1.25 + 100 * 0.1
    assert (again.times, again.subject) == (1, "make x")
    assert again.units == pytest.approx(units)
    assert again.usd == pytest.approx(units * USD)


@pytest.mark.parametrize(
    ("tool", "target"), [("Edit", "/p/a.go"), ("Read", "/p/a.go"), ("Bash", "x" * 300), ("Bash", "")]
)
def test_calls_that_may_differ_are_not_the_same(tool: str, target: str) -> None:
    """The target is not all of the call: another text to replace, other lines, the end of a long command."""
    requests = [request(0, 0, 9000), request(2, 9000, 100), request(4, 9100, 100)]
    failed = [result(at, 100, target, tool, is_error=True) for at in (1, 3)]
    assert "failed again" not in found(requests, failed)


def test_a_view_that_was_fetched_costs_its_net_loss() -> None:
    """300 saved by the view are 300 * 1.35; the recovery of 1,000 is written once, and its turn costs 1,000 + 600."""
    requests = [request(0, 0, 9000), request(2, 9000, 1000), request(4, 10_000, 1000)]
    load = Load("s", "", "l", 1, "Read", "/p/a.go", "go", Tier.STANDARD, "", 1000, 700, True, (), True)
    folded = Folded([load], [Recovery("l", "r", 3, "Read", 9, 1000)], lambda model, tool: Factor(1.0, True))
    lost = found(requests, [], folded)["fetched"]
    assert (lost.tokens, lost.subject, lost.project) == (1000, "/p/a.go", "/p")
    assert lost.units == pytest.approx(1000 * 1.25 + 10_000 * 0.1 + 120 * 5 - 300 * 1.35)


def test_a_view_that_an_agent_without_requests_fetched_costs_the_call() -> None:
    """The reader's requests were not read yet: it is looked for and not found, or carried by the view's agent."""
    requests = [request(0, 0, 9000), request(2, 9000, 1000), request(4, 10_000, 1000)]
    load = Load("s", "", "l", 1, "Read", "/p/a.go", "go", Tier.STANDARD, "", 1000, 700, True, (), True)
    recovery = Recovery("l", "r", 3, "Read", 9, 1000, "a7")
    lost = found(requests, [], Folded([load], [recovery], lambda model, tool: Factor(1.0, True)))["fetched"]
    assert lost.units == pytest.approx(120 * 5 - 300 * 1.35)


def test_small_findings_are_left_out_and_the_dearest_comes_first() -> None:
    requests = [request(0, 0, 70_000), request(10, 0, 70_000), request(20, 70_000, 2000), request(30, 72_000, 0)]
    ledger = context.ledger(requests, [result(15, 2000, "/p/a.go")], prices_of, usd_of)
    everything = findings(Given(ledger, requests, prices_of), least_share=0)
    assert [one.kind for one in everything] == ["standing", "tools", "never named"]
    assert everything[0].usd is not None  # of the ledger, which had prices
    assert everything[1].usd is None
    assert [one.kind for one in findings(Given(ledger, requests, prices_of))] == ["standing", "tools"]
    assert all(one.advice and one.times and one.units > 0 for one in everything)
