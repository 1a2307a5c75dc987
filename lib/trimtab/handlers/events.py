"""A hook event: the client's JSON, narrowed once, here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from trimtab.errors import EventError
from trimtab.groups import USUAL
from trimtab.records import SUBAGENT

Json = Mapping[str, object]


class Event(NamedTuple):
    """What every event has, "" or {} where the client left it out; `data` is the whole of it.

    `agent` is "" in the main conversation. `project` is the folder that the client was started in, `folder` the
    current one.
    """

    name: str
    session: str
    transcript: Path | None
    project: Path
    folder: Path
    agent: str
    tool: str
    tool_use_id: str
    tool_input: Json
    tool_response: object
    data: Json
    environment: Mapping[str, str]


def parse(body: bytes, environment: Mapping[str, str]) -> Event:
    """The event in `body`. EventError says what is wrong with it, without quoting it: it holds the user's text."""
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise EventError(f"an event of {len(body)} bytes is not JSON ({type(exc).__name__})") from exc
    if not isinstance(data, dict):
        raise EventError(f"an event is {type(data).__name__}, not an object")
    name, session = environment.get("EVENT") or text(data, "hook_event_name"), text(data, "session_id")
    if not name or not session:
        raise EventError("an event without hook_event_name or session_id")
    started_in = text(mapping(data, "workspace"), "project_dir")  # for a status line
    project = environment.get("CLAUDE_PROJECT_DIR") or started_in or text(data, "cwd")
    if not Path(project).is_absolute():
        raise EventError(f"{name}: neither CLAUDE_PROJECT_DIR nor cwd is an absolute path")
    transcript = text(data, "transcript_path")
    return Event(
        name,
        session,
        Path(transcript) if transcript else None,
        Path(project),
        Path(text(data, "cwd") or project),
        text(data, "agent_id"),
        text(data, "tool_name"),
        text(data, "tool_use_id"),
        mapping(data, "tool_input"),
        data.get("tool_response"),
        data,
        environment,
    )


def text(data: Json, key: str) -> str:
    """The string at `key`, "" where there is none. Lone surrogates, which no file can hold, are replaced."""
    value = data.get(key)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def mapping(data: Json, key: str) -> Json:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def number(data: Json, key: str) -> int | None:
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def own_type(event: Event) -> str:
    """The type of the agent whose event it is, "" for the main conversation."""
    return (text(event.data, "agent_type") or SUBAGENT) if event.agent else ""


def asked_type(event: Event) -> str:
    """The type of the agent that the call starts, or has started."""
    response = event.tool_response if isinstance(event.tool_response, dict) else {}
    return text(response, "agentType") or text(event.tool_input, "subagent_type") or USUAL
