"""The fields of a transcript's line that its usage needs, as msgspec reads them: everything else is passed over.

`Line` is the shape of every line, whatever its type (clients 2.0.76 to 2.1.328). A line that is JSON but of another
shape (a figure that is a text, null where there was never null) is narrowed by `lenient` field by field, so that one
odd field loses nothing else. Both ways give the same `Line` where both can read it (tested).
"""

import json
from datetime import datetime
from typing import Annotated, Any

from msgspec import DecodeError, Meta, Raw, Struct, ValidationError, convert, field
from msgspec.json import Decoder

from trimtab.records import LONGEST_TARGET
from trimtab.transcript.lines import MOST_TOKENS, parse, tokens_of, words

Figure = Annotated[int, Meta(ge=0, lt=MOST_TOKENS)] | None
Text = str | None
Time = Annotated[datetime, Meta(tz=True)] | None
TARGETS = ("file_path", "notebook_path", "command", "pattern", "path", "url", "query", "skill", "description", "server")


class Input(Struct, gc=False):
    """Of a call's input what names its target; the values are whatever the model wrote."""

    file_path: Any = None
    notebook_path: Any = None
    command: Any = None
    pattern: Any = None
    path: Any = None
    url: Any = None
    query: Any = None
    skill: Any = None
    description: Any = None
    server: Any = None


class Part(Struct, gc=False):
    """One block of a result's content."""

    type: Text = ""
    text: Text = ""


class Block(Struct, gc=False):
    """One block of a message."""

    type: Text = ""
    id: Text = ""
    name: Text = ""
    input: Raw = Raw(b"")
    tool_use_id: Text = ""
    content: str | list[Part] | Part | None = None
    text: Text = ""
    thinking: Text = ""
    is_error: bool | None = None


class Writes(Struct, gc=False):
    """A usage's cache writes by lifetime."""

    ephemeral_5m_input_tokens: Figure = 0
    ephemeral_1h_input_tokens: Figure = 0


class Searches(Struct, gc=False):
    web_search_requests: Figure = 0


class Iteration(Struct, gc=False):
    """One pass of a response over the model; an advisor's and a compaction's are not in the usage around them."""

    type: Text = ""
    model: Text = ""
    input_tokens: Figure = 0
    output_tokens: Figure = 0
    cache_creation_input_tokens: Figure = 0
    cache_read_input_tokens: Figure = 0
    cache_creation: Writes | None = None


class Spent(Iteration, gc=False):
    """A response's usage."""

    speed: Text = ""
    inference_geo: Text = ""
    server_tool_use: Searches | None = None
    iterations: list[Iteration] | None = None


class Message(Struct, gc=False):
    id: Text = ""
    model: Text = ""
    content: str | list[Block] | None = None
    usage: Spent | None = None


class Fork(Struct, gc=False, rename="camel"):
    """Where a copied line came from."""

    session_id: Text = ""
    message_uuid: Text = ""


class Rendered(Struct, gc=False):
    content: str | list[Part] | None = None


class Attached(Struct, gc=False):
    """What the client attached; `content` is the text of older clients, which did not write `rendered`."""

    type: Text = ""
    content: Any = None


class Nested(Struct, gc=False, rename="camel"):
    """A subagent's line inside of a line of the main file."""

    type: Text = ""
    timestamp: Time = None
    uuid: Text = ""
    request_id: Text = ""
    message: Message | None = None


class Progress(Struct, gc=False, rename="camel"):
    """How a tool call goes on; of a subagent's with what it said last (clients 2.1 before its own files had all)."""

    type: Text = ""
    agent_id: Text = ""
    message: Nested | str | None = None


class Told(Struct, gc=False, rename="camel"):
    """What the client itself added up of one model for a session."""

    input_tokens: Figure = 0
    output_tokens: Figure = 0
    cache_read_input_tokens: Figure = 0
    cache_creation_input_tokens: Figure = 0
    cache_creation_ephemeral_5m_input_tokens: Figure = 0
    cache_creation_ephemeral_1h_input_tokens: Figure = 0
    web_search_requests: Figure = 0


class Line(Struct, gc=False, rename="camel"):
    """One line. Fields that it does not have are empty."""

    type: Text = ""
    subtype: Text = ""
    timestamp: Time = None
    uuid: Text = ""
    parent_uuid: Text = ""
    session_id: Text = ""
    request_session_id: Text = ""
    forked_from: Fork | None = None
    request_id: Text = ""
    agent_id: Text = ""
    attribution_agent: Text = ""
    cwd: Text = ""
    version: Text = ""
    prompt_cache_requested: Text = ""
    is_sidechain: bool | None = None
    is_meta: bool | None = None
    is_compact_summary: bool | None = None
    message: Message | None = None
    data: Progress | str | None = None
    attachment: Attached | None = None
    rendered: list[Rendered] | None = None
    has_unknown_model_cost: bool | None = None
    total_cost_usd: float | None = field(default=None, name="totalCostUSD")
    start_time: float | None = None
    model_usage: dict[str, Told] | None = None


DECODER, INPUT = Decoder(Line), Decoder(Input)


def lenient(line: bytes) -> Line:
    """The line narrowed field by field: what is not of its type is left out.

    Bytes that are no UTF-8 are replaced. Raises ValueError where it is no JSON object, and RecursionError.
    """
    try:
        record: object = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        record = parse(line)  # what is wrong may be in the second copy of a result
    if not isinstance(record, dict):
        raise ValueError("it is no object")
    fork, attachment, rendered = record.get("forkedFrom"), record.get("attachment"), record.get("rendered")
    cost = record.get("totalCostUSD")
    made = Line(message=message_of(record.get("message")), timestamp=moment(record.get("timestamp")))
    data = record.get("data")
    if isinstance(data, dict) and isinstance(nested := data.get("message"), dict):
        kind, uuid, request = (words(nested.get(key)) for key in ("type", "uuid", "requestId"))
        inner = Nested(kind, moment(nested.get("timestamp")), uuid, request, message_of(nested.get("message")))
        made.data = Progress(words(data.get("type")), words(data.get("agentId")), inner)
    for name, key in TEXTS:
        setattr(made, name, words(record.get(key)))
    for name, key in FLAGS:
        setattr(made, name, flag(record.get(key)))
    if isinstance(fork, dict):
        made.forked_from = Fork(words(fork.get("sessionId")), words(fork.get("messageUuid")))
    if isinstance(attachment, dict):
        made.attachment = Attached(words(attachment.get("type")), attachment.get("content"))
    if isinstance(rendered, list):
        made.rendered = [Rendered(content_of(part.get("content"))) for part in rendered if isinstance(part, dict)]
    if isinstance(cost, (int, float)) and not isinstance(cost, bool):
        made.total_cost_usd = float(cost)
    started = record.get("startTime")
    if isinstance(started, (int, float)) and not isinstance(started, bool):
        made.start_time = float(started)
    told = record.get("modelUsage")
    if isinstance(told, dict):
        made.model_usage = {
            words(model): Told(*(tokens_of(given.get(key)) for key in TOLD))
            for model, given in told.items()
            if isinstance(given, dict)
        }
    return made


TEXTS = (
    ("type", "type"),
    ("subtype", "subtype"),
    ("uuid", "uuid"),
    ("parent_uuid", "parentUuid"),
    ("session_id", "sessionId"),
    ("request_session_id", "requestSessionId"),
    ("request_id", "requestId"),
    ("agent_id", "agentId"),
    ("attribution_agent", "attributionAgent"),
    ("cwd", "cwd"),
    ("version", "version"),
    ("prompt_cache_requested", "promptCacheRequested"),
)
TOLD = (
    "inputTokens",
    "outputTokens",
    "cacheReadInputTokens",
    "cacheCreationInputTokens",
    "cacheCreationEphemeral5mInputTokens",
    "cacheCreationEphemeral1hInputTokens",
    "webSearchRequests",
)
FLAGS = (
    ("is_sidechain", "isSidechain"),
    ("is_meta", "isMeta"),
    ("is_compact_summary", "isCompactSummary"),
    ("has_unknown_model_cost", "hasUnknownModelCost"),
)


def moment(value: object) -> datetime | None:
    """A time as the client writes it, `2026-11-22T21:11:34.707Z`; None for what is none."""
    try:
        found: datetime | None = convert(value, Time)
    except ValidationError:
        return None
    return found


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def blocks(content: object) -> list[Block]:
    found = []
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict):
            found.append(
                Block(
                    type=words(block.get("type")),
                    id=words(block.get("id")),
                    name=words(block.get("name")),
                    input=raw(block.get("input")),
                    tool_use_id=words(block.get("tool_use_id")),
                    content=content_of(block.get("content")),
                    text=words(block.get("text")),
                    thinking=words(block.get("thinking")),
                    is_error=flag(block.get("is_error")),
                )
            )
    return found


def raw(given: object) -> Raw:
    """A call's input as the client writes it; nothing for what is no object."""
    if not isinstance(given, dict):
        return Raw(b"")
    return Raw(json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def message_of(given: object) -> Message | None:
    if not isinstance(given, dict):
        return None
    content = given.get("content")
    said = words(content) if isinstance(content, str) else blocks(content)
    return Message(words(given.get("id")), words(given.get("model")), said, spent(given.get("usage")))


def content_of(content: object) -> str | list[Part]:
    """A result's content: a text, or its blocks; what is no block stands as one without a text."""
    if not isinstance(content, list):
        return words(content)
    parts = (part if isinstance(part, dict) else {} for part in content)
    return [Part(words(part.get("type")), words(part.get("text"))) for part in parts]


def spent(usage: object) -> Spent | None:
    if not isinstance(usage, dict):
        return None
    made = Spent(speed=words(usage.get("speed")), inference_geo=words(usage.get("inference_geo")))
    fill(made, usage)
    searches, passes = usage.get("server_tool_use"), usage.get("iterations")
    if isinstance(searches, dict):
        made.server_tool_use = Searches(tokens_of(searches.get("web_search_requests")))
    if isinstance(passes, list):
        made.iterations = []
        for given in passes:
            if isinstance(given, dict):
                one = Iteration(words(given.get("type")), words(given.get("model")))
                fill(one, given)
                made.iterations.append(one)
    return made


def fill(made: Iteration, given: dict[str, object]) -> None:
    made.input_tokens = tokens_of(given.get("input_tokens"))
    made.output_tokens = tokens_of(given.get("output_tokens"))
    made.cache_creation_input_tokens = tokens_of(given.get("cache_creation_input_tokens"))
    made.cache_read_input_tokens = tokens_of(given.get("cache_read_input_tokens"))
    split = given.get("cache_creation")
    if isinstance(split, dict):
        made.cache_creation = Writes(
            tokens_of(split.get("ephemeral_5m_input_tokens")), tokens_of(split.get("ephemeral_1h_input_tokens"))
        )


def target_of(given: Raw) -> str:
    """What a call is about: a file, a command, a pattern, an address, or what the model calls it; "" for none."""
    try:
        called = INPUT.decode(given)
    except (DecodeError, ValueError, RecursionError):  # no UTF-8, no object, none at all, or nested too deeply
        try:
            called = INPUT.decode(bytes(given).decode("utf-8", "replace"))
        except (DecodeError, ValueError, RecursionError):
            return ""
    for name in TARGETS:
        value = getattr(called, name)
        if value is not None and isinstance(value, str) and value:
            return words(in_short(value) if name == "command" else value[:LONGEST_TARGET])
    return ""


def in_short(command: str) -> str:
    """What is kept of a command: its start, and the tests that the rest of it runs."""
    if len(command) <= LONGEST_TARGET:
        return command
    from trimtab.content import families  # takes 70 ms, which a sync with nothing new does not have

    return families.in_short(command, LONGEST_TARGET)
