"""An event is narrowed once; what is none says so."""

import json
from pathlib import Path

import pytest
from tests.handlers.client import Client

from trimtab.errors import EventError
from trimtab.handlers import events


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"hook_event_name": "Stop"}', b'{"hook_event_name": "Stop", "session_id": "s"}']
)
def test_what_is_no_event_says_so(client: Client, body: bytes) -> None:
    with pytest.raises(EventError):
        client.desk.answer(body, {})


def test_a_damaged_event_is_not_quoted() -> None:
    """The log holds none of the user's text."""
    with pytest.raises(EventError) as caught:
        events.parse(b'{"prompt": "my secret"', {})
    assert "secret" not in str(caught.value)


def test_the_project_is_where_the_client_was_started() -> None:
    """An agent that changed its folder still writes into one ledger."""
    body = json.dumps({"hook_event_name": "Stop", "session_id": "s", "cwd": "/p/sub"}).encode()
    event = events.parse(body, {"CLAUDE_PROJECT_DIR": "/p"})
    assert (event.project, event.folder) == (Path("/p"), Path("/p/sub"))
    assert events.parse(body, {}).project == Path("/p/sub")


def test_fields_of_other_types_count_as_missing() -> None:
    body = {"hook_event_name": "Stop", "session_id": "s", "cwd": "/p", "agent_id": 7, "tool_input": [1]}
    event = events.parse(json.dumps(body).encode(), {})
    assert (event.agent, event.tool_input, event.transcript) == ("", {}, None)


def test_a_number_is_no_truth_value() -> None:
    """`"offset": true` is no targeted read."""
    assert events.number({"offset": True}, "offset") is None
    assert events.number({"offset": 3}, "offset") == 3
