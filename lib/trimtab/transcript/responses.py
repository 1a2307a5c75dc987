"""What a line says of an API response: which response it is of, whose it is, and what was billed for it.

The rules, each here once:

- A response is named by its message id, which the API gives once (what gateways give may come again in another session,
  see `store.usage`), whatever request id a later copy of the line has
  (a subagent that replays its parent's messages writes new ones); without it by the request id, which lines of gateways
  and of old clients may lack in turn; without both by the line's own uuid. A line that has none of the three tells
  nothing that could be kept apart from its repetitions.
- `<synthetic>` is the client's own words, such as an API error: no model, nothing billed.
- What a response's usage leaves out of its two cache lifetimes has the lifetime that was requested.
- An advisor's and a compaction's passes over a model are billed beside the usage that they stand in.
"""

from collections.abc import Iterator

from trimtab.records import UNLISTED, Request
from trimtab.transcript.shape import Iteration, Line, Spent, Told

SYNTHETIC = "<synthetic>"
SIDECHAIN = "sidechain"  # the agent of old clients' lines in the main file, which have no agent id
ASIDE = {"advisor_message": "advisor", "compaction": "compaction"}  # passes that the usage around them leaves out


def is_of_a_model(model: str | None) -> bool:
    return model != SYNTHETIC


def name_of(message_id: str | None, request_id: str | None, uuid: str | None) -> str:
    """The name that all lines of one response share; "" where a line has none."""
    return message_id or request_id or uuid or ""


def agent_of(file_agent: str, is_sidechain: bool, agent_id: str | None) -> str:
    """Whose line it is: the file's agent, or of a subagent that an old client wrote into the main file."""
    return file_agent or ((agent_id or SIDECHAIN) if is_sidechain else "")


def owner_of(line: Line, session: str) -> str:
    """The session that a response was made in, which a copy in a forked session names (client 2.1.328's own order)."""
    fork = line.forked_from
    return line.request_session_id or (fork.session_id if fork is not None else "") or line.session_id or session


def writes(usage: Iteration, hour: bool) -> tuple[int, int]:
    """Cache writes for 5 minutes and for 1 hour."""
    split, write_5m, write_1h = usage.cache_creation, 0, 0
    if split is not None:
        write_5m, write_1h = split.ephemeral_5m_input_tokens or 0, split.ephemeral_1h_input_tokens or 0
    rest = (usage.cache_creation_input_tokens or 0) - write_5m - write_1h
    if rest <= 0:
        return write_5m, write_1h
    return (write_5m, write_1h + rest) if hour else (write_5m + rest, write_1h)


def request(
    usage: Iteration, session: str, agent: str, name: str, at: float, model: str, hour: bool, agent_type: str = ""
) -> Request:
    """The billed usage of one response, or of one pass of it."""
    write_5m, write_1h = writes(usage, hour)
    searches = usage.server_tool_use if isinstance(usage, Spent) else None
    return Request(
        session,
        agent,
        name,
        at,
        model,
        usage.input_tokens or 0,
        write_5m,
        write_1h,
        usage.cache_read_input_tokens or 0,
        usage.output_tokens or 0,
        "",
        agent_type,
        isinstance(usage, Spent) and usage.speed == "fast",
        (searches.web_search_requests or 0) if searches is not None else 0,
        isinstance(usage, Spent) and usage.inference_geo == "us",
    )


def asides(usage: Spent, made: Request, hour: bool) -> Iterator[Request]:
    """The passes that are billed beside `made`, each as a response of an agent of its own."""
    for number, one in enumerate(usage.iterations or ()):
        kind = ASIDE.get(one.type or "")
        if kind is not None:
            agent = f"{made.agent}/{kind}" if made.agent else kind
            name = f"{made.message_id}/{kind}-{number}"
            yield request(one, made.session, agent, name, made.at, one.model or made.model, hour, kind)


def is_aside(request: Request) -> bool:
    """Whether it is one of `asides`."""
    return request.agent.rpartition("/")[2] in ASIDE.values() and "/" in request.message_id


def told(usage: Told, session: str, at: float, model: str) -> Request:
    """What the client added up of one model, as a response of the whole session; an unsplit write is for 5 minutes."""
    write_1h = usage.cache_creation_ephemeral_1h_input_tokens or 0
    split = write_1h + (usage.cache_creation_ephemeral_5m_input_tokens or 0)
    return Request(
        session,
        UNLISTED,
        f"{session}/{UNLISTED}/{model}",
        at,
        model,
        usage.input_tokens or 0,
        max(usage.cache_creation_input_tokens or 0, split) - write_1h,
        write_1h,
        usage.cache_read_input_tokens or 0,
        usage.output_tokens or 0,
        "",
        UNLISTED,
        False,
        usage.web_search_requests or 0,
    )
