"""A scripted model behind the Anthropic Messages API, for driving the real client without an account or a network.

An agent is a generator. It yields its next turn, a final answer (`str`) or tool calls (a list, run by the client in
parallel), and is sent what the client said in reply (`Reply`). A final answer may be followed by more turns: they
answer the next prompt of the same conversation. `ModelServer` plays one agent for the main conversation and a fresh
one for every subagent, and keeps every request. An identical request is answered identically, because the client
repeats a request that it thinks lost. Usage is a figure of this server's own: bytes of the request divided by
`BYTES_PER_TOKEN`, its longest prefix that equals the conversation's previous request read from the cache, the rest
written. Left out: thinking, images, rate limits, errors.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Body = dict[str, Any]
BYTES_PER_TOKEN = 2.6  # between the 2.9 and 2.2 measured for the older and the newer tokenizer


class Call(NamedTuple):
    """One tool call of the model."""

    name: str
    input: dict[str, object]


class Reply(NamedTuple):
    """What the client sent since the model's last turn: tool results in the calls' order, and every other text."""

    results: tuple[str, ...]
    errors: tuple[bool, ...]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The first result: what an agent that made one call wants to know."""
        return self.results[0] if self.results else ""

    @property
    def is_error(self) -> bool:
        return any(self.errors)


class Request(NamedTuple):
    """One request as it came over the wire. `kind` is "main", "sub ID", or "aux" for one that offers no tools."""

    kind: str
    body: Body


Turn = str | list[Call]
Agent = Generator[Turn, Reply, None]


def read(path: object, offset: int = 0, limit: int = 0) -> list[Call]:
    """A turn of one Read; of the whole file where no limit is given."""
    return [Call("Read", {"file_path": str(path), **({"offset": offset, "limit": limit} if limit else {})})]


def bash(command: str) -> list[Call]:
    return [Call("Bash", {"command": command, "description": command[:60]})]


def edit(path: object, old: str, new: str) -> list[Call]:
    return [Call("Edit", {"file_path": str(path), "old_string": old, "new_string": new, "replace_all": False})]


def write(path: object, content: str) -> list[Call]:
    return [Call("Write", {"file_path": str(path), "content": content})]


def delegate(prompt: str, kind: str = "general-purpose", in_background: bool = False, **more: str) -> list[Call]:
    """A turn of one subagent; `more` is the call's other input."""
    given: dict[str, object] = {"description": prompt[:40], "prompt": prompt, "subagent_type": kind, **more}
    return [Call("Agent", {**given, "run_in_background": in_background})]


def answer(text: str) -> Agent:
    yield text


def text_of(content: object) -> str:
    """The text of a message's or a tool result's content, its blocks joined by newlines."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    parts = (block.get("text") or text_of(block.get("content")) for block in content)
    return "\n".join(part for part in parts if part)


def last_reply(messages: list[Body]) -> Reply:
    """What follows the model's last turn in `messages`."""
    results, errors, notes = [], [], []
    last = max((i for i, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
    for message in messages[last + 1 :]:
        content = message["content"]
        for block in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            if block["type"] == "tool_result":
                results.append(text_of(block.get("content")))
                errors.append(bool(block.get("is_error")))
            else:
                notes.append(text_of([block]))
    return Reply(tuple(results), tuple(errors), tuple(notes))


def cached_parts(body: Body) -> list[bytes]:
    """The request's parts in the order in which they are cached, less the markers that say what to cache."""

    def bare(value: object) -> object:
        if isinstance(value, dict):
            kept = {key: bare(part) for key, part in value.items() if key != "cache_control"}
            if isinstance(kept.get("content"), str):  # the client writes one text as a string or as a block, in turns
                kept["content"] = [{"type": "text", "text": kept["content"]}]
            return kept
        return [bare(part) for part in value] if isinstance(value, list) else value

    parts = (body.get("tools"), body.get("system"), *body["messages"])
    return [json.dumps(bare(part), sort_keys=True).encode() for part in parts]


def usage(parts: list[bytes], previous: list[bytes], turn: Turn) -> dict[str, object]:
    """The usage of a request of `parts` after one of `previous`, in the API's names."""
    shared = 0
    while shared < min(len(parts), len(previous)) and parts[shared] == previous[shared]:
        shared += 1
    old, new = (int(sum(map(len, side)) / BYTES_PER_TOKEN) for side in (parts[:shared], parts[shared:]))
    return {
        "input_tokens": 3, "cache_read_input_tokens": old, "cache_creation_input_tokens": new,
        "cache_creation": {"ephemeral_5m_input_tokens": new, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 8 + int(len(json.dumps(turn)) / BYTES_PER_TOKEN),
    }  # fmt: skip


def assistant_message(turn: Turn, serial: int, model: str, used: dict[str, object]) -> Body:
    """The API's answer; ids are made of `serial` and the turn, so that equal runs are equal at the wire."""
    blocks: list[Body] = []
    if isinstance(turn, str):
        blocks.append({"type": "text", "text": turn})
    else:
        for index, call in enumerate(turn):
            key = f"toolu_{serial:06d}{index:02d}{hashlib.sha1(repr(call).encode()).hexdigest()[:16]}"
            blocks.append({"type": "tool_use", "id": key, "name": call.name, "input": call.input})
    return {
        "id": f"msg_{serial:024d}", "type": "message", "role": "assistant", "model": model, "content": blocks,
        "stop_reason": "end_turn" if isinstance(turn, str) else "tool_use", "stop_sequence": None, "usage": used,
    }  # fmt: skip


def as_events(message: Body) -> bytes:
    """The message as the API's server-sent events."""
    events: list[tuple[str, Body]] = [("message_start", {"message": {**message, "content": [], "stop_reason": None}})]
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            start, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            start, delta = (
                {**block, "input": {}},
                {"type": "input_json_delta", "partial_json": json.dumps(block["input"])},
            )
        events.append(("content_block_start", {"index": index, "content_block": start}))
        events.append(("content_block_delta", {"index": index, "delta": delta}))
        events.append(("content_block_stop", {"index": index}))
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events += [("message_delta", {"delta": stop, "usage": message["usage"]}), ("message_stop", {})]
    return "".join(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n" for name, data in events).encode()


class Conversation:
    """One agent and what it was last asked."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.parts: list[bytes] = []
        self.message: Body = {}

    def answer(self, body: Body, serial: int) -> Body:
        """The next message; the last one again where the request is the last one again."""
        parts = cached_parts(body)
        if self.message and parts == self.parts:
            return self.message
        try:
            turn = self.agent.send(last_reply(body["messages"])) if self.message else next(self.agent)
        except StopIteration:
            turn = "There is nothing more to do."
        self.message = assistant_message(turn, serial, body["model"], usage(parts, self.parts, turn))
        self.parts = parts
        return self.message


class ModelServer:
    """The server's state: every request in order, and one conversation per agent of the client."""

    def __init__(self, main: Agent, sub: Callable[[], Agent] = lambda: answer("Done.")) -> None:
        self.requests: list[Request] = []
        self.failures: list[str] = []  # of the agents: an assertion of theirs fails here
        self._conversations = {"": Conversation(main)}
        self._sub = sub
        self._lock = threading.Lock()

    def message(self, agent_id: str, body: Body) -> Body:
        """The answer to one request; `agent_id` is "" where it is not a subagent's."""
        kind = f"sub {agent_id}" if agent_id else "main" if body.get("tools") else "aux"
        with self._lock:
            self.requests.append(Request(kind, body))
            serial = len(self.requests)
            if kind == "aux":
                return assistant_message("ok", serial, body["model"], usage(cached_parts(body), [], "ok"))
            if agent_id not in self._conversations:
                self._conversations[agent_id] = Conversation(self._sub())
            try:
                return self._conversations[agent_id].answer(body, serial)
            except Exception as failure:  # of a test's own code: the test hears of it, and the client ends
                self.failures.append(f"{type(failure).__name__}: {failure}")
                self._conversations[agent_id].agent = answer("The script failed.")
                return assistant_message("The script failed.", serial, body["model"], usage([], [], ""))


@contextmanager
def serve(model: ModelServer) -> Iterator[str]:
    """Serves `model` on a free loopback port; the value is the address for ANTHROPIC_BASE_URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else headers and body, written apart, wait 40 ms for each other

        def log_message(self, format: str, *args: object) -> None:
            pass

        def reply(self, data: bytes, kind: str = "application/json") -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def do_GET(self) -> None:
            self.reply(b"{}")

        do_HEAD = do_GET

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = self.path.split("?")[0]
            if path.endswith("/count_tokens"):
                self.reply(json.dumps({"input_tokens": int(len(data) / BYTES_PER_TOKEN)}).encode())
            elif not path.endswith("/v1/messages"):
                self.reply(b"{}")
            else:
                body: Body = json.loads(data)
                message = model.message(self.headers.get("x-claude-code-agent-id") or "", body)
                stream = bool(body.get("stream"))
                self.reply(as_events(message) if stream else json.dumps(message).encode(),
                           "text/event-stream" if stream else "application/json")  # fmt: skip

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
