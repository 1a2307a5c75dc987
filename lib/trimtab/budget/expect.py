"""The next request of a conversation, as far as it can be told before it is sent.

Its prompt is the last one and what was added since; what the cache still has of it is read from there, else it is
written anew. How much is added and answered is a quantile of what the conversation has shown so far, with the user's
other conversations where that is little. The first request of a conversation is like the user's other first ones.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from trimtab.budget.scopes import MAIN
from trimtab.records import Request, prompt_tokens

# Chosen: of 10,207 requests of recorded sessions 76 % used no more than that (in billed tokens), and the rest held back
# 13 % of the spend too much; with 0.9 it is 87 % and 34 %. A session's first were 42 %: they follow the middle one.
QUANTILE = 0.8
ENOUGH = 8  # chosen: of a conversation's own requests, so that the others' are not asked
MOST_FIRSTS = 25  # chosen: the median of so many recent ones
SHORT_S, LONG_S = 300.0, 3600.0  # how long the cache keeps a prompt, by what the request asked for
# First guesses, for a user without any history: a prompt of 50,000 characters (an empty session's, measured with client
# 2.1.328) is about 13,000 tokens; the others are chosen. The model is the client's usual one.
FIRST = Request("", "", "", 0.0, "claude-opus-5-5", 10, 13_000, 0, 0, 1_000)
GROWTH_TOKENS, OUTPUT_TOKENS = 3_000, 1_000


class Habits(NamedTuple):
    """What the user's conversations show: first requests, newest first, and tokens that were added and answered."""

    firsts: Sequence[Request] = ()
    growths: Sequence[int] = ()
    outputs: Sequence[int] = ()


def habits_of(firsts: Iterable[Request], recent: Iterable[Request]) -> Habits:
    """Learned from first requests, newest first, and from all requests of some time, in any order."""
    by_conversation: dict[tuple[str, str], list[Request]] = {}
    outputs = []
    for request in recent:
        by_conversation.setdefault(request[:2], []).append(request)
        outputs.append(request.output_tokens)
    growths = [growth for requests in by_conversation.values() for growth in growths_of(requests)]
    return Habits(tuple(firsts), growths, outputs)


def growths_of(requests: Sequence[Request]) -> list[int]:
    """By how many tokens prompts grew from one request to the next; where one was cut (a compaction) it did not."""
    by_time = sorted(requests, key=lambda request: request.at)
    sizes = [prompt_tokens(request) for request in by_time]
    return [later - sooner for sooner, later in pairwise(sizes) if later >= sooner]


def expected(own: Sequence[Request], habits: Habits, session: str, agent: str, agent_type: str, now: float) -> Request:
    """The next request of a conversation whose last ones are `own`, in any order, as a response to it would be billed.

    `agent_type` is "main" of a main conversation.
    """
    if not own:
        return first(habits, agent_type)._replace(session=session, agent=agent, agent_type=agent_type, at=now)
    last = max(own, key=lambda request: request.at)
    growths, outputs = growths_of(own), [request.output_tokens for request in own]
    if len(own) < ENOUGH:
        growths, outputs = [*growths, *habits.growths], [*outputs, *habits.outputs]
    grown = quantile(growths, GROWTH_TOKENS)
    known = prompt_tokens(last) - last.input_tokens
    is_long = any(request.write_1h_tokens for request in own)
    is_cached = known > 0 and now - last.at < (LONG_S if is_long else SHORT_S)
    written = grown if is_cached else prompt_tokens(last) - last.input_tokens + grown
    made = last._replace(
        session=session,
        agent=agent,
        agent_type=agent_type,
        message_id="",
        at=now,
        write_5m_tokens=0 if is_long else written,
        write_1h_tokens=written if is_long else 0,
        read_tokens=known if is_cached else 0,
        output_tokens=quantile(outputs, OUTPUT_TOKENS),
        web_searches=0,
    )
    if known:
        return made
    return made._replace(input_tokens=last.input_tokens + grown, write_5m_tokens=0, write_1h_tokens=0)  # it caches none


def first(habits: Habits, agent_type: str) -> Request:
    """A first request: the middle one, by its prompt, of the newest of this type, else of any agent, else a guess."""
    same = [request for request in habits.firsts if type_of(request) == agent_type]
    like = [request for request in habits.firsts if (type_of(request) == MAIN) == (agent_type == MAIN)]
    for found in (same, like):
        if found:
            return sorted(found[:MOST_FIRSTS], key=prompt_tokens)[len(found[:MOST_FIRSTS]) // 2]
    return FIRST


def type_of(request: Request) -> str:
    return request.agent_type if request.agent else MAIN


def quantile(values: Sequence[int], otherwise: int) -> int:
    """The QUANTILE of some values, by rank; the other figure where there are none."""
    if not values:
        return otherwise
    return sorted(values)[min(len(values) - 1, int(QUANTILE * len(values)))]
