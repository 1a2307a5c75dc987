"""A failed command's output as a view, by way of the handler; tests/daemon/test_failed.py runs the commands."""

from pathlib import Path

import pytest
from tests import texts
from tests.handlers.client import Client

from trimtab import tokens
from trimtab.handlers import failed_command, wrapping
from trimtab.handlers.events import parse


def exact(text: str) -> int:
    found = tokens.count(text)
    assert found is not None
    return found


def failed(client: Client, command: str, output: str) -> str | None:
    """What the client is given to show of a command that fails, None where the output stays."""
    event = b'{"session_id": "s1", "tool_use_id": "t1", "hook_event_name": "PreToolUse", "tool_name": "Bash"}'
    call = parse(event, client.environment)._replace(tool_input={"command": command})
    client.desk.await_failure(wrapping.key(call), call)
    file = client.project / "s1" / "output"
    file.parent.mkdir()
    file.write_text(output, encoding="utf-8")
    data = {"key": wrapping.key(call), "file": str(file)}
    reply = failed_command.handle(call._replace(name="FailedCommand", data=data), client.desk)
    return str(reply["view"]) if reply else None


@pytest.mark.parametrize("title", [t for t in texts.OUTPUTS if t not in ("./bytes", "./blanks")])
def test_the_view_of_a_failed_command_takes_no_more_than_the_client_would_show(client: Client, title: str) -> None:
    """Tokens as counted, and so few characters that the client does not cut the view."""
    tokens.load()
    output = texts.text_of(title, 100_000)
    view = failed(client, title, output)
    assert view is not None
    assert exact(view.rstrip("\n")) <= exact(failed_command.as_the_client_shows(output))
    assert len(view) <= failed_command.SHOWN
    assert Path(view.rstrip("\n").rpartition("... whole output: ")[2]).is_file()
