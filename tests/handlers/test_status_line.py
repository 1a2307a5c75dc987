"""The status line: what the client says and what the ledger knows, in one line."""

import json

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client

from trimtab.errors import EventError


def drawn(client: Client, **more: object) -> str:
    """What the client would draw; it names no event and no environment of the project."""
    said: dict[str, object] = {
        "session_id": client.session,
        "transcript_path": str(client.transcript),
        "cwd": "/elsewhere",
    }
    said |= {"workspace": {"project_dir": str(client.project)}}
    return client.desk.answer(json.dumps(said | more).encode(), {"EVENT": "StatusLine"}).decode()


def test_before_anything_was_recorded(client: Client) -> None:
    assert drawn(client) == "nothing recorded yet"


def test_context_cost_and_net_saving(client: Client) -> None:
    """A prompt of 50,005 tokens of 200,000; the client's own cost goes before ours; three requests carry the view."""
    client.read(str(client.project / "a.py"), source(1))
    assert drawn(client).startswith("50,005 tokens in context · $0.01")
    for _ in range(3):
        client.now += 10
        client.ran("true", "")
    line = drawn(client, cost={"total_cost_usd": 1.5}, context_window={"context_window_size": 200_000})
    assert line.startswith("50,005 tokens in context (25%) · $1.50 · ")
    assert " tokens saved net ($0.0" in line


@pytest.mark.parametrize("usd", ["free", None, True, float("nan"), float("inf"), -3.5, [1]])
@pytest.mark.parametrize("window", [None, -200_000, 0, "200000", 2e5])
def test_figures_that_are_none_are_left_out(client: Client, usd: object, window: object) -> None:
    client.ran("true", "")
    line = drawn(client, cost={"total_cost_usd": usd}, context_window={"context_window_size": window})
    assert line == "50,005 tokens in context · $0.0110"


def test_without_a_session_it_is_no_event(client: Client) -> None:
    with pytest.raises(EventError, match="session_id"):
        client.desk.answer(b"{}", {"EVENT": "StatusLine"})
