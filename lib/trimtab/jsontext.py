"""Changes single members and list entries of a JSON text; every other character of it stays as it is.

What is put in follows the text around it: its line ends, its indentation, whether its neighbours are on lines of their
own. So a user's file keeps its order, its numbers as they are written and its repeated names (of which the last one
counts, as for the client). `keys` are names from the outermost object inwards.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from trimtab.errors import SettingsError

Json = object  # what json.loads gives
BLANKS = " \t\r\n"
UNIT = "  "  # of indentation where the text shows none
DECODER = json.JSONDecoder()


class Span(NamedTuple):
    """A member or an entry (`name` "") of a container: where it begins, where its value does, where it ends."""

    name: str
    start: int
    value: int
    end: int


class Missing:
    """There is nothing at the place that was asked for."""


MISSING = Missing()


def parse(text: str) -> dict[str, Json]:
    """The object that `text` is; {} where there is nothing in it. Raises SettingsError with the place of a fault."""
    if not text.strip(BLANKS):
        return {}
    try:
        data: object = json.loads(text)
    except json.JSONDecodeError as exc:
        raise SettingsError(f"line {exc.lineno}, column {exc.colno}: {exc.msg}") from exc
    except RecursionError as exc:
        raise SettingsError("it is nested too deeply") from exc
    if not isinstance(data, dict):
        raise SettingsError(f"it holds {type(data).__name__}, not an object")
    return data


def read_object(file: Path) -> dict[str, Json]:
    """The object in a JSON file, {} where there is none. Never raises."""
    try:
        data: object = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def get(data: Json, keys: Sequence[str]) -> Json:
    """What is at `keys` in parsed JSON, MISSING where there is nothing."""
    for key in keys:
        if not isinstance(data, dict) or key not in data:
            return MISSING
        data = data[key]
    return data


def put(text: str, keys: Sequence[str], value: Json) -> str:
    """The text with `value` at `keys`, objects made on the way. Raises SettingsError where one is something else."""
    data = parse(text)
    text = text if text.strip(BLANKS) else "{}\n"
    depth = 0
    while depth < len(keys) and get(data, keys[: depth + 1]) is not MISSING:
        depth += 1
    if depth == len(keys):
        span = place_of(text, keys)
        return text[: span.value] + written(value, text, line_indent(text, span.start)) + text[span.end :]
    if not isinstance(get(data, keys[:depth]), dict):
        raise SettingsError(f"{'.'.join(keys[:depth])!r} is no object, so nothing can be put into it")
    for key in reversed(keys[depth + 1 :]):
        value = {key: value}
    start = place_of(text, keys[:depth]).value
    return inserted(text, start, list(spans(text, start)), keys[depth], value)


def add(text: str, keys: Sequence[str], value: Json) -> str:
    """The text with `value` as the last entry of the list at `keys`; as it is where the list has it."""
    found = get(parse(text), keys)
    if found is MISSING:
        return put(text, keys, [value])
    if not isinstance(found, list):
        raise SettingsError(f"{'.'.join(keys)!r} is no list, so nothing can be added to it")
    if value in found:
        return text
    start = place_of(text, keys).value
    return inserted(text, start, list(spans(text, start)), "", value)


def take(text: str, keys: Sequence[str]) -> str:
    """The text without the member at `keys`; as it is where there is none."""
    if get(parse(text), keys) is MISSING:
        return text
    while get(parse(text), keys) is not MISSING:  # a repeated name would come to count
        start = place_of(text, keys[:-1]).value
        found = list(spans(text, start))
        text = without(text, start, found, [one.name for one in found].index(keys[-1]))
    return text


def drop(text: str, keys: Sequence[str], value: Json) -> str:
    """The text without the first entry that is `value` in the list at `keys`; as it is where there is none."""
    listed = get(parse(text), keys)
    if not isinstance(listed, list) or value not in listed:
        return text
    start = place_of(text, keys).value
    return without(text, start, list(spans(text, start)), listed.index(value))


# Where things are


def spans(text: str, start: int) -> Iterator[Span]:
    """The members or entries of the container that begins at `start`, of valid JSON."""
    is_object, place = text[start] == "{", past(text, start + 1)
    while text[place] not in "}]":
        begin, name = place, ""
        if is_object:
            name, place = DECODER.raw_decode(text, place)
            place = past(text, past(text, place) + 1)
        end = DECODER.raw_decode(text, place)[1]
        yield Span(name, begin, place, end)
        place = past(text, end)
        if text[place] == ",":
            place = past(text, place + 1)


def place_of(text: str, keys: Sequence[str]) -> Span:
    """The member at `keys`, which is there; the outermost object for none."""
    start = past(text, 0)
    found = Span("", start, start, len(text.rstrip(BLANKS)))
    for key in keys:
        *_, found = (one for one in spans(text, found.value) if one.name == key)
    return found


def past(text: str, place: int) -> int:
    while place < len(text) and text[place] in BLANKS:
        place += 1
    return place


# Changes


def inserted(text: str, start: int, found: Sequence[Span], name: str, value: Json) -> str:
    """The text with one more member (or entry, for the name "") at the end of the container at `start`."""
    key = f"{json.dumps(name, ensure_ascii=False)}: " if name else ""
    if found:
        ahead = text[end_before(text, found, len(found) - 1, start) : found[-1].start]
        gap = ahead if len(found) > 1 or "\n" in ahead else " "
        indent = gap.rpartition("\n")[2] if "\n" in gap else None
        return text[: found[-1].end] + f",{gap}{key}" + written(value, text, indent) + text[found[-1].end :]
    close = past(text, start + 1)
    outer = line_indent(text, start)
    if outer is None:
        return f"{text[: start + 1]}{key}{written(value, text, None)}{text[close:]}"
    inner = outer + unit(text)
    body = f"{line_end(text)}{inner}{key}{written(value, text, inner)}{line_end(text)}{outer}"
    return text[: start + 1] + body + text[close:]


def end_before(text: str, found: Sequence[Span], index: int, start: int) -> int:
    """Where what is before a member ends: behind the comma before it, or behind the container's bracket."""
    return start + 1 if not index else past(text, found[index - 1].end) + 1


def without(text: str, start: int, found: Sequence[Span], index: int) -> str:
    """The text without one of the members of the container at `start`, and without its comma."""
    if len(found) == 1:
        return text[: start + 1] + text[past(text, found[0].end) :]
    if index == len(found) - 1:
        return text[: found[index - 1].end] + text[found[index].end :]
    return text[: found[index].start] + text[found[index + 1].start :]


def written(value: Json, text: str, indent: str | None) -> str:
    """The value as JSON, over several lines with `indent` before all but the first; on one line for None."""
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, ensure_ascii=False, indent=unit(text)).split("\n")
    return f"{line_end(text)}{indent}".join(lines)


def line_indent(text: str, place: int) -> str | None:
    """The indentation of the line that `place` is on; None in a text of one line that has something in it."""
    if "\n" not in text.strip(BLANKS) and text[past(text, 0) :].strip(BLANKS + "{}"):
        return None
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip(" \t"))]


def unit(text: str) -> str:
    """One step of indentation: what the first member has more than its object."""
    start = past(text, 0)
    first = next(spans(text, start), None)
    gap = text[start + 1 : first.start] if first else ""
    return gap.rpartition("\n")[2] or UNIT if "\n" in gap else UNIT


def line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
