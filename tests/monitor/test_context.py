"""Ledgers of small conversations, each figure worked out by hand, and that parts always add up to what was billed."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab import prices
from trimtab.monitor import context, sizes
from trimtab.monitor.parts import (
    ANSWER,
    EARLIER,
    NOTE,
    PROMPT,
    RESULT,
    STANDING,
    SUMMARY,
    Account,
    Part,
    Prompt,
    Rates,
    apportion,
)
from trimtab.records import Arrival, Prices, Request

OLD, NEW = "claude-opus-4-5", "claude-opus-5-5"
CLASSES = ("input_tokens", "write_5m_tokens", "write_1h_tokens", "read_tokens", "output_tokens")


def request(at: float, uncached: int, write: int, read: int, output: int = 0, **fields: object) -> Request:
    base = Request("s", "", f"m{at:g}", at, OLD, uncached, write, 0, read, output)
    return base._replace(**fields)  # type: ignore[arg-type]


def came(at: float, what: str, tokens: int, tool: str = "", **fields: object) -> Arrival:
    """`tokens` is what it is estimated at: a result's frame is within."""
    frame = sizes.FRAME_TOKENS if what == "result" else 0
    base = Arrival("s", "", f"{what}{at:g}", at, what, tool, f"/p/{at:g}", 0, tokens=tokens - frame)
    return base._replace(**fields)  # type: ignore[arg-type]


def prices_of(model: str, ttl_1h: bool) -> Prices:
    return Prices(2.0 if ttl_1h else 1.25, 0.1, 5.0)


def parts_of(requests: Sequence[Request], arrivals: Sequence[Arrival]) -> dict[str, Part]:
    """By what and time; each is there once."""
    ledger = context.ledger(requests, arrivals, prices_of, lambda asked: None)
    named = {f"{part.what} {part.at:g}": part for part in ledger.parts}
    assert len(named) == len(ledger.parts)
    return named


def tokens_of(requests: Sequence[Request], arrivals: Sequence[Arrival]) -> dict[str, int]:
    return {name: part.tokens for name, part in parts_of(requests, arrivals).items()}


def classes(part: Part) -> tuple[int, ...]:
    return part.input_tokens, part.write_5m_tokens, part.write_1h_tokens, part.read_tokens, part.output_tokens


PLAIN = [request(2, 10, 990, 0, 50), request(4, 0, 460, 990, 30), request(6, 5, 25, 1450, 7)]


def test_a_conversation_by_hand() -> None:
    """1,000 tokens at first, 100 of them the prompt's. Then the answer's 50 and the result's 400, then an answer's 30.

    Of the first 990 written tokens 900 are the standing prompt's, 90 the prompt's, whose last 10 are not cached. They
    are written with the second request, which reads 990; the third one reads all but the second answer.
    """
    parts = parts_of(PLAIN, [came(1, PROMPT, 100), came(3, RESULT, 400, "Read")])
    assert {name: part.tokens for name, part in parts.items()} == {
        "standing 2": 900, "prompt 1": 100, "answer 2": 50, "result 3": 400, "answer 4": 30, "answer 6": 0,
    }  # fmt: skip
    assert classes(parts["standing 2"]) == (0, 900, 0, 1800, 0)
    assert classes(parts["prompt 1"]) == (10, 100, 0, 190, 0)
    assert classes(parts["answer 2"]) == (0, 50, 0, 50, 50)
    assert classes(parts["result 3"]) == (0, 400, 0, 400, 0)
    assert classes(parts["answer 4"]) == (5, 25, 0, 0, 30)
    assert classes(parts["answer 6"]) == (0, 0, 0, 0, 7)
    assert [parts[name].carried for name in ("standing 2", "result 3", "answer 4", "answer 6")] == [3, 2, 1, 0]
    assert parts["result 3"].units == pytest.approx(400 * 1.25 + 400 * 0.1)
    assert parts["prompt 1"].units == pytest.approx(10 + 100 * 1.25 + 190 * 0.1)
    assert parts["answer 2"].units == pytest.approx(50 * 1.25 + 50 * 0.1 + 50 * 5)
    assert all(part.left_at is None for part in parts.values())


def test_only_requests_at_times_that_are_meant_are_paid_for() -> None:
    """The second request alone: its 990 read tokens, the 460 that it wrote, and its answer's 30."""
    arrivals = [came(1, PROMPT, 100), came(3, RESULT, 400, "Read")]
    ledger = context.ledger(PLAIN, arrivals, prices_of, lambda asked: 1.0, is_meant=lambda at: 3 < at < 5)
    parts = {f"{part.what} {part.at:g}": part for part in ledger.parts}
    assert {name: part.tokens for name, part in parts.items()} == tokens_of(PLAIN, arrivals)
    paid = {name: classes(part) for name, part in parts.items() if any(classes(part))}
    assert paid == {
        "standing 2": (0, 0, 0, 900, 0), "prompt 1": (0, 10, 0, 90, 0), "answer 2": (0, 50, 0, 0, 0),
        "result 3": (0, 400, 0, 0, 0), "answer 4": (0, 0, 0, 0, 30),
    }  # fmt: skip
    assert sum(part.usd or 0.0 for part in ledger.parts) == pytest.approx(1.0)


def test_what_a_resumed_conversation_lost_in_a_compaction_is_in_no_prompt() -> None:
    """Copied lines come before its own first request: 50,000 tokens that a summary of 300 replaced."""
    copied = [came(1, RESULT, 50_000, "Read"), came(2, SUMMARY, 300), came(3, PROMPT, 100)]
    parts = parts_of([request(4, 0, 20_400, 0)], copied)
    assert {name: part.tokens for name, part in parts.items()} == {
        "standing 4": 20_000, "result 1": 0, "summary 2": 300, "prompt 3": 100, "answer 4": 0,
    }  # fmt: skip


def test_growth_with_one_result_is_measured() -> None:
    """The answer's 50 are as billed, so the result has the other 450 - 50 + 30, whatever its estimate was."""
    requests = [PLAIN[0], request(4, 0, 490, 990)]
    parts = parts_of(requests, [came(1, PROMPT, 100), came(3, RESULT, 400, "Read")])
    assert (parts["result 3"].tokens, parts["result 3"].is_measured) == (430, True)
    assert parts["answer 2"].is_measured


def test_growth_is_shared_by_the_estimates() -> None:
    """1,070 less the answer's 20 are 1,050 for estimates of 600 and 400."""
    requests = [request(2, 0, 1000, 0, 20), request(5, 0, 1070, 1000)]
    parts = parts_of(requests, [came(3, RESULT, 600, "Read"), came(4, RESULT, 400, "Bash")])
    assert [parts[name].tokens for name in ("answer 2", "result 3", "result 4")] == [20, 630, 420]
    assert not parts["result 3"].is_measured
    assert not parts["result 4"].is_measured


def test_what_estimates_do_not_explain_is_not_attributed() -> None:
    """400 estimated may be 400 * 1.12 + 2 * 60 = 568 (the empty answer is a piece too); of 569, 169 are unknown."""
    first, result = request(2, 0, 1000, 0), came(3, RESULT, 400, "Read")
    assert tokens_of([first, request(4, 0, 568, 1000)], [result])["result 3"] == 568
    beyond = tokens_of([first, request(4, 0, 569, 1000)], [result])
    assert (beyond["result 3"], beyond["not attributed 4"]) == (400, 169)


def test_growth_without_an_arrival_is_not_attributed() -> None:
    assert tokens_of([request(2, 0, 1000, 0), request(4, 0, 70, 1000)], []) == {
        "standing 2": 1000, "answer 2": 0, "not attributed 4": 70, "answer 4": 0,
    }  # fmt: skip


def test_a_partly_logged_answer_is_estimated() -> None:
    """5 of 300 tokens were logged. Of the growth of 700, 300 and 400 are as estimated."""
    requests = [request(2, 0, 1000, 0, 5), request(4, 0, 700, 1000)]
    arrivals = [came(2, ANSWER, 300, id="m2"), came(3, RESULT, 400, "Read")]
    parts = parts_of(requests, arrivals)
    assert (parts["answer 2"].tokens, parts["answer 2"].output_tokens, parts["result 3"].tokens) == (300, 5, 400)
    assert not parts["answer 2"].is_measured
    assert not parts["result 3"].is_measured


def test_context_editing_takes_the_oldest_results() -> None:
    """The prompt shrinks by 500 though 100 came: 600 leave, all 400 of the first result and 200 of the second."""
    requests = [request(2, 0, 1000, 0), request(4, 0, 400, 1000), request(6, 0, 400, 1400), request(8, 0, 0, 1300)]
    arrivals = [came(3, RESULT, 400, "Read"), came(5, RESULT, 400, "Read"), came(7, RESULT, 100, "Read")]
    parts = parts_of(requests, arrivals)
    assert parts["result 3"].left_at == 8
    assert parts["result 5"].left_at is None
    assert classes(parts["result 3"]) == (0, 400, 0, 400, 0)
    assert classes(parts["result 5"]) == (0, 400, 0, 200, 0)
    assert classes(parts["result 7"]) == (0, 0, 0, 100, 0)


def test_thinking_leaves_with_a_new_prompt() -> None:
    """Of 1,000 tokens of answers 700 leave, though an older result is there."""
    requests = [
        request(2, 0, 1000, 0),
        request(4, 0, 400, 1000, 1000),
        request(6, 0, 1000, 1400),
        request(8, 0, 0, 1800),
    ]
    parts = parts_of(requests, [came(3, RESULT, 400, "Read"), came(7, PROMPT, 100)])
    assert classes(parts["answer 4"])[:4] == (0, 1000, 0, 300)
    assert classes(parts["result 3"])[:4] == (0, 400, 0, 800)


def test_a_summary_ends_all_but_the_standing_prompt() -> None:
    """The prompt of 1,700 is 1,500 after the compaction: 1,000 stand, 300 are the summary, 200 the file read anew."""
    requests = [request(2, 0, 1000, 0, 0), request(4, 0, 700, 1000, 9), request(8, 0, 500, 1000)]
    arrivals = [came(3, RESULT, 700, "Read"), came(5, RESULT, 50, "Bash"), came(6, SUMMARY, 300), came(7, NOTE, 200)]
    parts = parts_of(requests, arrivals)
    assert parts["result 3"].left_at == 8
    assert [parts[name].tokens for name in ("result 5", "answer 4", "summary 6", "note 7")] == [0, 0, 300, 200]
    assert classes(parts["standing 2"])[:4] == (0, 1000, 0, 2000)
    assert classes(parts["summary 6"])[:4] == (0, 300, 0, 0)


def test_a_summary_ends_the_rest_even_where_the_prompt_grew() -> None:
    requests = [request(2, 0, 1000, 0, 0), request(4, 0, 700, 1000), request(8, 0, 1500, 1000)]
    parts = parts_of(requests, [came(3, RESULT, 700, "Read"), came(6, SUMMARY, 300), came(7, NOTE, 1200)])
    assert parts["result 3"].left_at == 8
    assert [parts[name].tokens for name in ("summary 6", "note 7")] == [300, 1200]


@pytest.mark.parametrize("arrivals", [[], [came(5, NOTE, 5)]], ids=["nothing", "a little"])
def test_a_prompt_that_shrinks_by_a_little_loses_it(arrivals: list[Arrival]) -> None:
    requests = [request(2, 0, 1000, 0), request(4, 0, 400, 1000), request(6, 0, 0, 1390), request(8, 0, 0, 1390)]
    parts = parts_of(requests, [came(3, RESULT, 400, "Read"), *arrivals])
    new = sum(arrival.tokens for arrival in arrivals)
    assert classes(parts["result 3"])[:4] == (0, 400, 0, 2 * (390 - new))


def test_another_tokenizer_rescales_what_is_there() -> None:
    """1,000 and 400 tokens are 1,320 and 528 of the newer model's, and the answer 0: 1,848 in all."""
    requests = [request(2, 0, 1000, 0), request(4, 0, 400, 1000), request(6, 0, 1848, 0, model=NEW)]
    parts = parts_of(requests, [came(3, RESULT, 400, "Read")])
    assert classes(parts["standing 2"])[:4] == (0, 1000 + 1320, 0, 1000)
    assert classes(parts["result 3"])[:4] == (0, 400 + 528, 0, 0)


def test_a_cold_cache_is_paid_by_what_it_held() -> None:
    parts = parts_of([*PLAIN[:2], request(6, 0, 1480, 0)], [came(1, PROMPT, 100), came(3, RESULT, 400, "Read")])
    assert classes(parts["result 3"]) == (0, 800, 0, 0, 0)
    assert parts["result 3"].units == pytest.approx(800 * 1.25)


def test_the_rest_of_an_unusual_first_prompt_is_an_earlier_conversation() -> None:
    """Four others begin with 1,000: of 5,000, 4,000 are not the standing prompt's."""
    others = [request(2, 0, 1000, 0, session=name, message_id=name) for name in "abcd"]
    ledger = context.ledger([*others, request(2, 0, 5000, 0)], [], prices_of)
    assert [(part.what, part.tokens) for part in ledger.parts if part.session == "s"][:2] == [
        (STANDING, 1000), (EARLIER, 4000),
    ]  # fmt: skip


def test_found_tools_bring_their_definitions() -> None:
    requests = [request(2, 0, 1000, 0), request(4, 0, 2000, 1000)]
    assert tokens_of(requests, [came(3, RESULT, 40, "ToolSearch")])["result 3"] == 2000


def test_a_request_without_a_prompt_changes_nothing() -> None:
    requests = [PLAIN[0], request(3, 0, 0, 0, message_id="failed"), PLAIN[1]]
    parts = parts_of(requests, [came(1, PROMPT, 100), came(3, RESULT, 400, "Read")])
    assert parts["result 3"].tokens == 400
    assert parts["answer 2"].tokens == 50


def test_conversations_are_apart() -> None:
    """The agent's result is not the main conversation's, though it comes between its requests."""
    agent = request(3, 0, 500, 0, agent="a", agent_type="Explore", message_id="x")
    ledger = context.ledger([*PLAIN, agent], [came(3.5, RESULT, 400, "Read", agent="a")], prices_of)
    of_agent = [part for part in ledger.parts if part.agent == "a"]
    assert [(part.what, part.tokens, part.agent_type) for part in of_agent] == [
        ("standing", 500, "Explore"), ("answer", 0, "Explore"), ("result", 0, "Explore"),
    ]  # fmt: skip
    assert sum(part.prompt_tokens for part in ledger.parts) == 1000 + 1450 + 1480 + 500


def test_moments_say_what_a_prompt_held() -> None:
    arrivals = [came(1, PROMPT, 100), came(3, RESULT, 400, "Read")]
    ledger = context.ledger(PLAIN, arrivals, prices_of, with_moments=True)
    assert [dict(moment.tokens) for moment in ledger.moments] == [
        {"standing": 900, "prompt": 100},
        {"standing": 900, "prompt": 100, "answer": 50, "Read": 400},
        {"standing": 900, "prompt": 100, "answer": 80, "Read": 400},
    ]


def test_moments_name_parts_by_their_ids_first() -> None:
    arrivals = [came(1, PROMPT, 100), came(3, RESULT, 400, "Read")]
    ledger = context.ledger(PLAIN, arrivals, prices_of, with_moments=True, named={arrivals[1].id: "view"})
    assert [dict(moment.tokens).get("view", 0) for moment in ledger.moments] == [0, 400, 400]
    assert "Read" not in dict(ledger.moments[-1].tokens)


def test_prices_for_long_prompts_apply_to_each_part() -> None:
    """sonnet-4-5 over 200,000 tokens: 7.5 USD for a million written ones, 0.6 read, 22.5 of output; below it 3.75."""
    model = "claude-sonnet-4-5"
    requests = [request(2, 0, 100_000, 0, 0, model=model), request(4, 0, 150_000, 100_000, 1_000, model=model)]
    ledger = context.ledger(requests, [came(3, RESULT, 150_000, "Read")], prices.relative, prices.usd)
    usd = {part.what + f" {part.at:g}": part.usd for part in ledger.parts}
    assert usd["standing 2"] == pytest.approx(100_000 * 3.75e-6 + 100_000 * 0.6e-6)
    assert usd["result 3"] == pytest.approx(150_000 * 7.5e-6)
    assert usd["answer 4"] == pytest.approx(1_000 * 22.5e-6)


def test_an_unknown_price_is_none() -> None:
    ledger = context.ledger([request(2, 0, 100, 0, model="gpt-5")], [], prices.relative, prices.usd)
    assert [part.usd for part in ledger.parts] == [None, None]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["request", "request", "result", "prompt", "note", "summary", "answer", "odd"]),
        st.tuples(*[st.integers(0, 3_000)] * 5),
        st.sampled_from([OLD, OLD, OLD, NEW, "gpt-5", "claude-sonnet-4-5"]),
        st.sampled_from(["", "Read", "Bash", "ToolSearch"]),
        st.sampled_from(["", "", "a"]),
        st.booleans(),
    ),
    max_size=40,
)


@given(EVENTS, st.randoms())
@settings(max_examples=300, deadline=None)
def test_parts_always_add_up_to_the_usage(events: list[tuple[object, ...]], chance: object) -> None:
    """Any order of requests, arrivals, compactions and models, prompts that jump, and times that are the same."""
    requests: list[Request] = []
    arrivals: list[Arrival] = []
    at = 0.0
    for what, figures, model, tool, agent, is_later in events:
        at += bool(is_later)
        if what == "request":
            name = f"m{len(requests)}"
            requests.append(Request("s", str(agent), name, at, str(model), *figures))  # type: ignore[misc]
        else:
            size = figures[0]  # type: ignore[index]
            name = f"m{size % 5}" if what == "answer" else f"r{len(arrivals)}"
            arrivals.append(Arrival("s", str(agent), name, at, str(what), str(tool), "t", size, False, size % 2, size))
    ledger = context.ledger(requests, arrivals, prices.relative, prices.usd, with_moments=True)
    for name in CLASSES:
        assert sum(getattr(part, name) for part in ledger.parts) == sum(getattr(asked, name) for asked in requests)
        for agent in ("", "a"):
            ours = sum(getattr(part, name) for part in ledger.parts if part.agent == agent)
            assert ours == sum(getattr(asked, name) for asked in requests if asked.agent == agent)
    assert all(part.tokens >= 0 and part.carried >= 0 and min(classes(part)) >= 0 for part in ledger.parts)
    known = [prices.usd(asked) or 0.0 for asked in requests]
    assert sum(part.usd or 0.0 for part in ledger.parts) == pytest.approx(sum(known), abs=1e-12)
    held = {moment.message_id: sum(size for _, size in moment.tokens) for moment in ledger.moments}
    for asked in requests:
        size = asked.input_tokens + asked.write_5m_tokens + asked.write_1h_tokens + asked.read_tokens
        assert not size or held[asked.message_id] == size


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100)), min_size=1, max_size=30))
def test_booking_at_once_is_booking_one_by_one(steps: list[tuple[int, int]]) -> None:
    """Each step adds a part and pays a request that reads so many percent; the reference walks all parts each time."""
    prompt, sizes_of, reference = Prompt(), [], []
    for place, (size, percent) in enumerate(steps):
        account = Account(RESULT, 0.0, OLD)
        account.take(size, True)
        prompt.add(account)
        sizes_of.append(size)
        reference.append([0, 0])
        whole = sum(sizes_of)
        read = whole * percent // 100
        prompt.pay(request(place, 0, whole - read, read), Rates(1.0, 1.25, 2.0, 0.1), None)
        start = 0
        for paid, part in zip(reference, sizes_of, strict=True):
            from_cache = min(max(read - start, 0), part)
            paid[0] += from_cache
            paid[1] += part - from_cache
            start += part
    prompt.settle()
    assert [[account.paid[3], account.paid[1]] for account in prompt.live] == reference
    assert [account.carried for account in prompt.live] == list(range(len(steps), 0, -1))


def test_apportion_by_hand() -> None:
    """A third of 100 each: 33.3, 66.7 and 100 are the ends."""
    assert apportion(100, [1, 1, 1]) == [33, 34, 33]
    assert apportion(5, [0, 1, 0]) == [0, 5, 0]
