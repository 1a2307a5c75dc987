"""What a tool brought in, in words that all tools share, and how a view goes back in the tool's own shape.

The client takes a replacement only in the shape of the tool's own result (client 2.1.328, by experiment); any other is
dropped without a word. So each tool has a reader and a writer, side by side.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from trimtab import messages
from trimtab.content import notebooks
from trimtab.handlers.events import Event, Json, asked_type, mapping, number, own_type, text
from trimtab.records import Message

CELL = "view"
LARGEST_PERSISTED_BYTES = 3 << 20  # of an output that the client put into a file; a larger one would take over a second


class Loaded(NamedTuple):
    """A text that a tool brought in. `name` is a file's path, a command, a pattern or an address.

    `start` is the number of a file's first line, 0 for an output, whose lines have no numbers. `preview` is what the
    client shows where it has put the output into a file itself, "" elsewhere. `total` is how many lines the file has
    where the client has read only its first page, 0 elsewhere. `given` is what is known of a message between agents,
    `message` who wrote it to whom; its priority is found later.
    """

    tool: str
    name: str
    text: str
    start: int = 0
    is_targeted: bool = False
    preview: str = ""
    total: int = 0
    given: messages.Given = messages.Given()
    message: Message | None = None

    @property
    def is_file(self) -> bool:
        return self.start > 0

    @property
    def path(self) -> str:
        """The file that was read, also where its lines have no numbers; "" for what is no file."""
        return self.name if self.tool == "Read" else ""


class Shape(NamedTuple):
    """One tool's result: reads it (None: nothing to trim), and puts a view in its place."""

    read: Callable[[Event], Loaded | None]
    write: Callable[[Event, str], object]


def loaded(event: Event) -> Loaded | None:
    """What the event's tool brought in; None for tools and results that have no text to trim."""
    shape = shape_of(event.tool)
    return shape.read(event) if shape else None


def replacement(event: Event, view: str) -> dict[str, object]:
    """The reply that shows `view` instead of what `loaded` found."""
    shape = shape_of(event.tool)
    assert shape is not None, "only what was loaded is replaced"
    output = shape.write(event, view)
    return {"hookSpecificOutput": {"hookEventName": "PostToolUse", "updatedToolOutput": output}}


def shape_of(tool: str) -> Shape | None:
    return SHAPES.get("mcp" if tool.startswith("mcp__") else tool)


def response(event: Event) -> Json:
    return event.tool_response if isinstance(event.tool_response, dict) else {}


def read_file(event: Event) -> Loaded | None:
    """A text file, or a notebook as the client renders it, without line numbers; images and PDFs are left alone."""
    found = response(event)
    if found.get("type") == "notebook":
        cells = mapping(found, "file").get("cells")
        shown = notebooks.rendered(cells) if isinstance(cells, list) else ""
        return Loaded("Read", str(event.folder / text(event.tool_input, "file_path")), shown) if shown else None
    body = mapping(found, "file").get("content")
    if found.get("type") != "text" or not isinstance(body, str):
        return None
    start = number(mapping(found, "file"), "startLine") or 1
    path = event.folder / text(event.tool_input, "file_path")  # a relative path is relative to the client's folder
    targeted = number(event.tool_input, "offset") is not None or number(event.tool_input, "limit") is not None
    is_page = mapping(found, "file").get("truncatedByTokenCap") is True
    total = number(mapping(found, "file"), "totalLines") or 0
    return Loaded("Read", str(path), body, start, targeted, total=total if is_page else 0)


def write_file(event: Event, view: str) -> object:
    """A notebook of one cell: the only shape in which the client keeps line numbers with gaps as they are."""
    path = str(event.folder / text(event.tool_input, "file_path"))
    cells = [{"cellType": "code", "language": "python", "source": view, "cell_id": CELL}]  # others add a tag
    return {"type": "notebook", "file": {"filePath": path, "cells": cells}}


def cell(view: str) -> str:
    """`view` as the model sees it on the wire, in a notebook's cell."""
    return f'<cell id="{CELL}">{view}</cell id="{CELL}">'


def bare(shown: str) -> str | None:
    """What `cell` was made of; None of any other text."""
    start, end = cell("\0").split("\0")
    return shown[len(start) : -len(end)] if shown.startswith(start) and shown.endswith(end) else None


def read_output(event: Event) -> Loaded | None:
    """A command's output. The client shows it without blank lines before and blanks after it."""
    found = response(event)
    shown = text(found, "stdout")
    if not shown or text(found, "stderr") or found.get("interrupted") or found.get("isImage"):
        return None
    if text(found, "backgroundTaskId") or isinstance(found.get("structuredContent"), list):
        return None
    command = text(event.tool_input, "command")
    if "persistedOutputPath" in found:
        whole = persisted(text(found, "persistedOutputPath"))
        return Loaded("Bash", command, trimmed(whole), preview=preview(found, whole)) if whole else None
    return Loaded("Bash", command, trimmed(shown))


def trimmed(output: str) -> str:
    return output.lstrip("\n").rstrip()


def persisted(path: str) -> str:
    """The whole of an output that the client has put into a file; "" where it can't be read or is very large."""
    try:
        file = Path(path)
        if file.stat().st_size > LARGEST_PERSISTED_BYTES:
            return ""
        return file.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""


def preview(found: Json, whole: str) -> str:
    """What the client shows of an output that it has put into a file (client 2.1.328)."""
    size = number(found, "persistedOutputSize") or len(whole)
    return (
        f"<persisted-output>\nOutput too large ({size / 1024:.1f}KB). Full output saved to: "
        f"{text(found, 'persistedOutputPath')}\n\nPreview (first 2KB):\n{whole[:2000]}\n...\n</persisted-output>"
    )


def write_output(event: Event, view: str) -> object:
    kept = {key: value for key, value in response(event).items() if not key.startswith("persistedOutput")}
    return {**kept, "stdout": view}


def read_hits(event: Event) -> Loaded | None:
    """The hits of a search, or the names of the files that have some."""
    found = response(event)
    body = found.get("content")
    names = found.get("filenames")
    if not isinstance(body, str):
        body = "\n".join(map(str, names)) if isinstance(names, list) else ""
    pattern = text(event.tool_input, "pattern")
    return Loaded(event.tool, pattern, body) if body else None


def write_hits(event: Event, view: str) -> object:
    found = response(event)
    if isinstance(found.get("content"), str):
        return {**found, "content": view}
    return {**found, "filenames": view.split("\n")}


def read_page(event: Event) -> Loaded | None:
    body = text(response(event), "result")
    return Loaded("WebFetch", text(event.tool_input, "url"), body) if body else None


def write_page(event: Event, view: str) -> object:
    return {**response(event), "result": view}


def read_report(event: Event) -> Loaded | None:
    """A foreground subagent's report."""
    found = response(event)
    body = texts(found.get("content"))
    if found.get("status") != "completed" or not body:
        return None
    return Loaded("Agent", subject(event), body, message=Message(asked_type(event), own_type(event), ""))


def subject(event: Event) -> str:
    """What an agent is asked, in a few words."""
    return text(event.tool_input, "description") or text(event.tool_input, "prompt")[:80]


def write_report(event: Event, view: str) -> object:
    return {**response(event), "content": [{"type": "text", "text": view}]}


def read_answer(event: Event) -> Loaded | None:
    """What an MCP tool answered, where all of it is text."""
    found = event.tool_response
    body = found if isinstance(found, str) else texts(found)
    given = json.dumps(event.tool_input, ensure_ascii=False, sort_keys=True)[:200]
    return Loaded(event.tool, f"{event.tool} {given}", body) if body else None


def write_answer(event: Event, view: str) -> object:
    return view if isinstance(event.tool_response, str) else [{"type": "text", "text": view}]


def texts(blocks: object) -> str:
    """The text of a list of blocks; "" where one of them is something else."""
    if not isinstance(blocks, list) or not blocks:
        return ""
    found = []
    for block in blocks:
        if not isinstance(block, dict) or block.get("type") != "text" or not isinstance(block.get("text"), str):
            return ""
        found.append(block["text"].encode("utf-8", "replace").decode())
    return "\n".join(found)


SHAPES: Mapping[str, Shape] = {
    "Read": Shape(read_file, write_file),
    "Bash": Shape(read_output, write_output),
    "Grep": Shape(read_hits, write_hits),
    "Glob": Shape(read_hits, write_hits),
    "WebFetch": Shape(read_page, write_page),
    "Agent": Shape(read_report, write_report),
    "Task": Shape(read_report, write_report),
    "mcp": Shape(read_answer, write_answer),
}
