"""What parts cost in the requests that carried them, by hand.

The price list of these tests: a token costs $1 as input, $2 written for 1 hour, $1.25 for 5 minutes, $0.1 read.
"""

from collections.abc import Mapping

import pytest

from trimtab.prompt.bill import Bill, Composition, Cost, bill, measured, stretches
from trimtab.records import Prices, Request

ALWAYS = (0.0, 1e9)


def request(at: float, read: int = 0, hour: int = 0, short: int = 0, plain: int = 0, **more: str) -> Request:
    session, agent, model = more.get("session", "s"), more.get("agent", ""), more.get("model", "m")
    return Request(session, agent, f"{session}{agent}{at}", at, model, plain, short, hour, read, 7)


def usd(asked: Request) -> float | None:
    if asked.model == "free":
        return None
    prompt = asked.input_tokens + 1.25 * asked.write_5m_tokens + 2 * asked.write_1h_tokens + 0.1 * asked.read_tokens
    return prompt + 5 * asked.output_tokens


def parts(*sizes: float, first: int = 0) -> Composition:
    """Parts with these sizes, called 0, 1 and so on."""
    return [(("tool", str(number), ""), size) for number, size in enumerate(sizes, first)]


def priced(
    sizes: list[float],
    requests: list[Request],
    time: tuple[float, float] = ALWAYS,
    known: Mapping[str, Composition] = {},
) -> Bill:
    factors = {"m": 1.0, "free": 1.0, "double": 2.0}
    prices = lambda model, hour: Prices(2.0, 0.1, 5.0)  # noqa: E731 - the relative ones are looked at once
    return bill(parts(*sizes), "m", known, requests, time, factors.__getitem__, prices, usd)


def test_each_class_at_its_place() -> None:
    """A part at the end of the prompt is priced as the one at its start: 60 read, 30 written, 10 plain."""
    found = priced([50, 40], [request(1, read=60, hour=30, plain=10)])
    assert [cost.usd for cost in found.parts] == pytest.approx([50 * 0.1, 10 * 0.1 + 30 * 2.0])
    assert found.rest.usd == pytest.approx(10 * 1.0)  # the user's own prompt


def test_later_requests_carry_what_the_first_held() -> None:
    """What was said later is charged to the standing prompt, or the standing prompt only once."""
    talk = [request(1, short=100), request(2, read=100, short=900), request(3, read=1_000)]
    found = priced([80, 20], talk)
    assert [cost.usd for cost in found.parts] == pytest.approx([80 * (1.25 + 0.1 + 0.1), 20 * (1.25 + 0.1 + 0.1)])
    assert found.rest.usd == pytest.approx(0.0)
    assert (found.requests, found.sessions, found.firsts) == (3, 1, (100,))


def test_parts_and_rest_are_the_bill() -> None:
    """Something is charged twice or to nobody: all first prompts' tokens, at what they were billed."""
    talks = [request(1, hour=90, plain=10), request(2, read=100, plain=5), request(3, short=70, plain=2, session="t")]
    found = priced([10, 30, 25], talks)
    assert found.whole.usd == pytest.approx(90 * 2 + 10 + 100 * 0.1 + 70 * 1.25 + 2)


def test_a_first_prompt_that_was_smaller() -> None:
    """Parts cost more than the prompt that they were in: of 100 tokens 50 were there, in proportion."""
    found = priced([60, 40], [request(1, plain=50)])
    assert [cost.usd for cost in found.parts] == pytest.approx([30.0, 20.0])
    assert found.rest.usd == pytest.approx(0.0)


def test_another_models_tokens() -> None:
    """A model that has twice the tokens for a text is billed for half of it."""
    found = priced([10, 20], [request(1, plain=100, model="double")])
    assert [cost.usd for cost in found.parts] == pytest.approx([20.0, 40.0])
    assert found.firsts == ()  # not the recorded model's


def test_only_what_is_meant() -> None:
    """Requests of another time cost something, or the first prompt's size is lost with its request."""
    talk = [request(1, plain=100), request(50, plain=500), request(99, plain=500)]
    found = priced([100], talk, time=(40.0, 60.0))
    assert found.parts[0].usd == pytest.approx(100.0)
    assert found.rest.usd == pytest.approx(0.0)
    assert (found.requests, found.firsts) == (1, ())


def test_subagents_are_apart() -> None:
    """A subagent's prompt is charged to the session's tools."""
    found = priced([100], [request(1, plain=100), request(2, plain=30, agent="a"), request(3, plain=40, agent="a")])
    assert found.parts[0].usd == pytest.approx(100.0)
    assert found.agents.usd == pytest.approx(60.0)
    assert found.agent_runs == 1
    assert found.requests == 1


def test_a_resumed_conversation_is_no_standing_prompt() -> None:
    """What an earlier conversation left is charged as standing: at most 1.5 times the median is."""
    talks = [request(1, plain=100, session=name) for name in "abc"] + [request(2, plain=9_000, session="d")]
    found = priced([100], talks)
    assert found.parts[0].usd == pytest.approx(400.0)
    assert found.rest.usd == pytest.approx(50.0)


def test_a_model_without_a_price() -> None:
    """Its requests are free in the sums without a word."""
    found = priced([100], [request(1, plain=100, model="free"), request(2, plain=100, session="t")])
    assert found.parts == (Cost(pytest.approx(200.0), pytest.approx(100.0)),)  # type: ignore[arg-type]
    assert found.unpriced == 1
    assert priced([100], [request(1, plain=100, model="free")]).parts[0].usd is None


def test_nothing_is_recorded() -> None:
    """A project without a history is an error, or costs something."""
    none = Cost(0.0, None)
    assert priced([10, 20], []) == Bill((none, none), (0, 0), none, none, 0, 0, 0, 0, (), none, 0)
    assert priced([], [request(1, plain=10)]).rest.usd == pytest.approx(10.0)


def test_what_a_session_is_known_to_have_begun_with() -> None:
    """A session is charged for a part that it did not have, or its own parts are not its bill.

    Session s had parts 1 and 2, 40 and 20 estimated, billed 120; t is not known. Today's request has parts 0 and 1.
    """
    talks = [request(1, plain=120), request(2, read=120), request(1, plain=100, session="t")]
    found = priced([50, 40], talks, known={"s": parts(40, 20, first=1)})
    assert [cost.usd for cost in found.parts] == pytest.approx([50.0, 80 * 1.1 + 40.0])
    assert found.gone.usd == pytest.approx(40 * 1.1)
    assert found.rest.usd == pytest.approx(10.0)  # of t: 100 less 90
    assert (found.had, found.sessions, found.known) == ((1, 2), 2, 1)
    assert found.whole.usd == pytest.approx(120 + 12 + 100)


def test_a_request_that_is_another_one() -> None:
    """What was written down of some other request is spread over a bill that is nothing like it."""
    found = priced([50], [request(1, plain=1_000)], known={"s": parts(40, first=1)})
    assert (found.known, found.had) == (0, (1,))
    assert found.gone.usd is None


def test_what_first_requests_were_billed_for_an_estimated_token() -> None:
    """A subagent's prompt corrects the estimate, or another model's does."""
    talks = [request(1, plain=120), request(2, plain=900, agent="a"), request(1, plain=75, session="t", model="double")]
    known = {"s": parts(60, 40), "t": parts(50)}
    assert measured(known, talks) == {"m": [1.2], "double": [1.5]}


def test_stretches() -> None:
    """The integral begins or ends a stretch too late."""
    assert stretches([(0, 2), (4, -2)], [1, 10]) == [2, 6]
    assert stretches([(3, 1), (5, -1), (0, 1), (9, -1)], [0, 3, 3, 6, 20]) == [0, 3, 0, 5, 3]
