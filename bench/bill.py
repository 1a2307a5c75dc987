"""What recorded conversations cost: the tokens that went over the wire, and what prompt caching makes of them.

Prices are relative to one uncached input token. A request's cached part is its longest prefix that equals the
conversation's previous request, so who changes what was already sent pays for it here. Tokens are o200k_base.
"""

import json
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from tests.client.model import Body, Request, cached_parts, text_of

from trimtab import tokens

WRITE, READ, OUTPUT = 2.0, 0.1, 5.0  # the published list's ratios; a write is 1.25 where the cache lives five minutes


class Bill(NamedTuple):
    """`loaded` is what came in after the first request, each once: tool results, and notes by hooks or the client."""

    requests: int = 0
    loaded: int = 0
    written: int = 0
    read: int = 0
    output: int = 0

    @property
    def cost(self) -> float:
        return WRITE * self.written + READ * self.read + OUTPUT * self.output


@cache
def size(part: bytes) -> int:
    """Tokens of one of a request's parts: of the texts in a message, of the JSON of tools and system prompt."""
    value = json.loads(part)
    if not isinstance(value, dict):
        return count(part.decode())
    blocks = value["content"]
    calls = [block["name"] + json.dumps(block["input"]) for block in blocks if block["type"] == "tool_use"]
    return count("\n".join([text_of(blocks), *calls]))


def count(text: str) -> int:
    exact = tokens.count(text)
    return tokens.estimate(text) if exact is None else exact


def of_conversation(bodies: list[Body]) -> Bill:
    """The bill of one conversation's requests, in order."""
    loaded = written = read = output = 0
    previous: list[bytes] = []
    for index, body in enumerate(bodies):
        parts = cached_parts(body)
        shared = 0
        while shared < min(len(parts), len(previous)) and parts[shared] == previous[shared]:
            shared += 1
        read += sum(map(size, parts[:shared]))
        written += sum(map(size, parts[shared:]))
        if index:
            for part in parts[len(previous) :]:
                if json.loads(part)["role"] == "assistant":
                    output += size(part)
                else:
                    loaded += size(part)
        previous = parts
    return Bill(len(bodies), loaded, written, read, output)


def of_run(requests: list[Request]) -> Bill:
    """One bill for a run: the main conversation and every subagent's, each cached on its own."""
    conversations: dict[str, list[Body]] = {}
    for kind, body in requests:
        conversations.setdefault(kind, []).append(body)
    return total(map(of_conversation, conversations.values()))


def total(bills: Iterable[Bill]) -> Bill:
    return Bill(*(sum(column) for column in zip(*bills, strict=True)))
