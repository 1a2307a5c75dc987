"""Old results in a request that is written anew as a whole: which may be folded, and how a fold is put there.

What was sent is rewritten here, so the rules are strict. A newer model's thinking is bound to everything that it read
(Anthropic's documentation: an API that checks it refuses a request whose past was changed, or drops the thinking), so
before a thought nothing is touched, unless every model of the conversation is older than that: a request does not say
whose thought it is. A fold that is there already stays before the thoughts that came after it, for these read it.
"""

from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from typing import NamedTuple

from trimtab import tokens

RECENT = 6  # newest results that stay whatever they are; chosen: what is being worked on
SMALLEST = 1_200  # characters, chosen: a fold and the line that names the kept file are some 40 tokens
THOUGHTS = ("thinking", "redacted_thinking")
NO_TOOLS = "do not call any tools"  # a compaction's request ends so (the strings of client 2.1.328)
Json = Mapping[str, object]


class Old(NamedTuple):
    """A result in a request: its call, and its text as the model sees it."""

    tool_use_id: str
    tool: str
    input: Json
    text: str


def blocks_of(message: object) -> list[Json]:
    """The blocks of a message's content; none where it is one text."""
    content = message.get("content") if isinstance(message, Mapping) else None
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def is_unbound(models: Collection[str]) -> bool:
    """Whether the models of a conversation are known, and all of them older than those whose thinking is bound."""
    return bool(models) and all(tokens.family(model) == "older" for model in models)


def before_thoughts(messages: Sequence[object]) -> set[str]:
    """The calls whose results come before a thought."""
    seen: set[str] = set()
    before: set[str] = set()
    for message in messages:
        for block in blocks_of(message):
            if block.get("type") in THOUGHTS:
                before |= seen
            elif block.get("type") == "tool_result":
                seen.add(str(block.get("tool_use_id")))
    return before


def is_compaction(messages: Sequence[object]) -> bool:
    """Whether the request asks for a summary of all that it has, which wants it whole."""
    last = messages[-1] if messages else None
    content = last.get("content") if isinstance(last, Mapping) else None
    texts = [content] if isinstance(content, str) else [block.get("text") for block in blocks_of(last)]
    return any(isinstance(text, str) and NO_TOOLS in text.lower() for text in texts)


def foldable(messages: Sequence[object], is_free: bool) -> list[Old]:
    """The results that may be folded, oldest first: no errors, not small, not recent; before a thought if `is_free`."""
    calls: dict[str, Json] = {}
    found: list[Old] = []
    for message in messages:
        for block in blocks_of(message):
            kind, key = block.get("type"), str(block.get("id") or block.get("tool_use_id") or "")
            if kind in THOUGHTS and not is_free:
                found = []
            elif kind == "tool_use":
                calls[key] = block
            elif kind == "tool_result" and key in calls:
                given = calls[key].get("input")
                text = "" if block.get("is_error") is True else text_of(block)
                found.append(Old(key, str(calls[key].get("name")), given if isinstance(given, Mapping) else {}, text))
    return [old for old in found[:-RECENT] if len(old.text) >= SMALLEST]


def text_of(block: Json) -> str:
    """A result's text; "" where it has anything else."""
    content = block.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], Mapping):
        return ""
    text = content[0].get("text")
    return text if content[0].get("type") == "text" and isinstance(text, str) else ""


def results_in(messages: Sequence[object]) -> Iterator[MutableMapping[str, object]]:
    for message in messages:
        for block in blocks_of(message):
            if block.get("type") == "tool_result" and isinstance(block, MutableMapping):
                yield block


def put(messages: Sequence[object], folds: Mapping[str, str]) -> int:
    """Puts each fold in the place of its result's text, in `messages`; how many were found. All else stays."""
    done = 0
    for block in results_in(messages):
        fold = folds.get(str(block.get("tool_use_id")))
        if fold is not None and text_of(block):
            block["content"] = fold
            done += 1
    return done
