"""A fold's line never gets into a user's file."""

import pytest
from tests.handlers.client import Client

from trimtab import tokens

FOLD_LINE = "... Read offset=10 limit=11: run"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Write", {"content": f"a\n{FOLD_LINE}\nb"}),
        ("Edit", {"old_string": "a", "new_string": FOLD_LINE}),
        (
            "MultiEdit",
            {"edits": [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": FOLD_LINE}]},
        ),
        ("NotebookEdit", {"new_source": f"x\n{FOLD_LINE}"}),
    ],
)
def test_a_fold_line_does_not_get_into_a_file(client: Client, tool: str, arguments: dict[str, object]) -> None:
    reply = client.send("PreToolUse", tool_name=tool, tool_input={"file_path": "/p/a.py", **arguments})
    assert reply is not None
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    assert output["permissionDecision"] == "deny"
    assert "offset=10 limit=11" in output["permissionDecisionReason"]
    assert sorted(output) == ["hookEventName", "permissionDecision", "permissionDecisionReason"]


def test_a_file_that_has_such_a_line_may_be_edited(client: Client) -> None:
    (client.project / "notes.md").write_text(f"# folds\n{FOLD_LINE}\n", encoding="utf-8")
    edit = {"file_path": "notes.md", "old_string": "# folds", "new_string": f"# Folds\n{FOLD_LINE}"}
    assert client.send("PreToolUse", tool_name="Edit", tool_input=edit) is None


def test_the_refusal_is_counted_as_text_that_we_added(client: Client) -> None:
    """Savings are net: what the refusal's reason adds to the context is subtracted, in the agent's conversation."""
    edit = {"file_path": "/p/a.py", "new_string": FOLD_LINE}
    reply = client.send("PreToolUse", tool_name="Edit", tool_input=edit, agent_id="a7")
    assert reply is not None
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    with client.ledger() as store:
        (added,) = store.additions()
    assert (added.session, added.agent, added.event) == ("s1", "a7", "PreToolUse")
    assert added.at == 1_800_000_000
    assert added.tokens == tokens.estimate(output["permissionDecisionReason"])


def test_a_fold_line_within_a_line_is_text_like_any_other(client: Client) -> None:
    """Documentation of this plugin may quote one."""
    edit = {"file_path": "/p/a.md", "new_string": f"A fold looks like this: `{FOLD_LINE}`"}
    assert client.send("PreToolUse", tool_name="Edit", tool_input=edit) is None


def test_an_ordinary_edit_has_no_opinion_and_opens_no_ledger(client: Client) -> None:
    edit = {"file_path": "/p/a.py", "old_string": "a", "new_string": "b", "edits": "rubbish"}
    assert client.send("PreToolUse", tool_name="Edit", tool_input=edit) is None
    assert list(client.project.iterdir()) == []


def test_a_file_that_is_not_there_holds_no_such_line(client: Client) -> None:
    write = {"file_path": "new\0.py", "content": FOLD_LINE}
    assert client.send("PreToolUse", tool_name="Write", tool_input=write) is not None


def test_the_line_that_names_a_kept_output_does_not_get_into_a_file(client: Client) -> None:
    line = "... whole output: /p/.claude-patterns/outputs/0a1b2c3d.txt"
    edit = {"file_path": "/p/a.py", "old_string": "a", "new_string": f"x = 1\n{line}"}
    reply = client.send("PreToolUse", tool_name="Edit", tool_input=edit)
    assert reply is not None
    assert "no line of any file" in str(reply)
