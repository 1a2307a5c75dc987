"""How rows that tell of one response, or of one arrival, become one; the same in whatever order they come.

- An id that the API gave is a response's in all sessions; any other, such as a gateway's count, in its session only.
- Of the rows of one response the one with the largest output has its figures (an answer that is being streamed is
  written down as it grows), and the earliest row says when and whose it was. At the same time the main conversation
  goes before a subagent that replays it, then the file that was at rest first: a session that was resumed or forked
  into a new file was written to before its copy was.
- Of the rows of one arrival in one context the earliest time and the fullest telling are kept.
"""

import re
from typing import NamedTuple

from trimtab.records import Arrival, Request

# Ids as the API and its resellers have given them so far, and a line's own id. Of another form, should there come one,
# only a copy that does not say what it is a copy of is counted again, and only clients of long ago wrote such.
UNIQUE = re.compile(r"(?:msg|req)_(?:bdrk_|vrtx_)?01\w{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Claim(NamedTuple):
    """A response as one file tells it."""

    request: Request
    claimed: float

    @property
    def amount(self) -> tuple[object, ...]:
        """What orders the rows of a response by how much of it they tell."""
        r = self.request
        written = r.write_5m_tokens + r.write_1h_tokens
        return r.output_tokens, r.input_tokens + written + r.read_tokens, *r[5:9], *r[12:], r.model

    @property
    def order(self) -> tuple[object, ...]:
        """What orders the rows of a response by whose it is."""
        r = self.request
        return r.at, r.agent != "", self.claimed, r.session, r.agent


def key_of(request: Request) -> tuple[str, str]:
    """What a response is known by: its id, and the session that the id is unique in, "" where it is in all."""
    name = request.message_id
    return name, "" if UNIQUE.match(name) else request.session


def merged(one: Claim, other: Claim) -> Claim:
    """The response that both rows tell of; the same whichever comes first, and with itself itself."""
    if one == other:
        return one
    owner, figures = min(one, other, key=lambda c: c.order), max(one, other, key=lambda c: c.amount).request
    first = owner.request
    made = figures._replace(session=first.session, agent=first.agent, at=first.at, agent_type=first.agent_type)
    return Claim(made, owner.claimed)


def merged_arrival(one: Arrival, other: Arrival) -> Arrival:
    """The arrival that both rows tell of."""
    if one == other:
        return one
    tool, target = max((one.tool, one.target), (other.tool, other.target))
    return one._replace(
        at=min(one.at, other.at),
        what=max(one.what, other.what),
        tool=tool,
        target=target,
        characters=max(one.characters, other.characters),
        is_error=one.is_error or other.is_error,
        images=max(one.images, other.images),
        tokens=max(one.tokens, other.tokens),
    )
