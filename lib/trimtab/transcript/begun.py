"""The request that a session began with, as the client itself wrote it down (from client 2.1.328 on).

Beside a conversation's lines the client keeps what it sent, to be able to send it again: the system prompt and tools as
an `api-request-shape`, each message as an `api-request-blob`, and for each request an `api-request` that names them by
their hashes. Put together they are the request's body, less the client's line about itself at the head of the system
prompt. Older clients write none of it, nor do sessions that go on with a copied conversation have their first.
"""

from pathlib import Path
from typing import NamedTuple

from trimtab.transcript import lines

MARK = b'"type":"api-request'
ANSWERED = b'"role":"assistant"', b'"type":"assistant"'
HEAD_BYTES = 600  # of a line, where these are: before a message's content
MOST_BYTES = 64 << 20  # chosen: of a file's beginning, in which the first request is


class Begun(NamedTuple):
    """A first request: what was sent, when (seconds since the epoch), by which client, and whether in a terminal."""

    body: dict[str, object]
    at: float
    client: str
    is_terminal: bool


def first_request(path: Path) -> Begun | None:
    """The main conversation's first request in a transcript; None where it is not told. Never raises."""
    shapes: dict[str, dict[str, object]] = {}
    messages: dict[str, object] = {}
    left = MOST_BYTES
    try:
        with path.open("rb") as file:
            for line in file:
                left -= len(line)
                head = line[:HEAD_BYTES]
                is_ours = MARK in head
                if left < 0 or (not is_ours and any(mark in head for mark in ANSWERED)):
                    return None
                found = read(line, shapes, messages) if is_ours else None
                if found is not None:
                    return found
    except (OSError, ValueError):
        pass
    return None


def read(line: bytes, shapes: dict[str, dict[str, object]], messages: dict[str, object]) -> Begun | None:
    """Notes a shape or a message; of a request what it sent. Raises ValueError for what is no JSON."""
    data = lines.parse(line)
    kind, shape = data.get("type"), data.get("shape")
    if data.get("agentId"):
        return None
    if kind == "api-request-shape" and isinstance(shape, dict):
        shapes[lines.text_of(data.get("shapeHash"))] = shape
    elif kind == "api-request-blob":
        messages[lines.text_of(data.get("hash"))] = data.get("message")
    elif kind == "api-request":
        return put_together(data, shapes, messages)
    return None


def put_together(
    data: dict[str, object], shapes: dict[str, dict[str, object]], messages: dict[str, object]
) -> Begun | None:
    """The request's body; None where a piece is missing, or it offers no tools and so is no conversation's."""
    shape, tail, parameters = shapes.get(lines.text_of(data.get("shapeHash"))), data.get("tail"), data.get("params")
    if shape is None or not shape.get("tools") or not isinstance(tail, list) or not isinstance(parameters, dict):
        return None
    names = [lines.text_of(name) for name in tail]
    if data.get("base") or data.get("cut") or not all(name in messages for name in names):
        return None
    body = {"model": parameters.get("model"), **shape, "messages": [messages[name] for name in names]}
    is_terminal = lines.text_of(data.get("querySource")).startswith("repl")
    return Begun(body, lines.epoch(data.get("timestamp"), 0.0), lines.text_of(data.get("version")), is_terminal)
