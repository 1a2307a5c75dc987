"""Each tool's result is read, shown as a view in the tool's own shape, and kept whole for its folds."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.handlers.client import Client, is_view

from trimtab import tiers
from trimtab.records import Tier

LOG = "\n".join(
    f"2026-11-23 10:00:{i % 60:02},000 INFO worker-{i % 4} handled job {i}"
    if i != 400
    else "2026-11-23 10:06:40,000 ERROR worker-1 job 400 failed: ConnectionResetError"
    for i in range(900)
)
HITS = "\n".join(f"src/module_{i // 90}.py:{i}:    value = handle(request)" for i in range(900))
NAMES = [f"src/package_{i // 60}/file_{i:04}_with_a_long_name.py" for i in range(900)]
BASH = {"stdout": LOG, "stderr": "", "interrupted": False, "isImage": False, "noOutputExpected": False}


def sent(client: Client, tool: str, response: object, given: dict[str, object] | None = None) -> Any:
    """The output that takes the place of `response`, None where it stays."""
    reply = client.send(
        "PostToolUse", tool_name=tool, tool_use_id="toolu_1", tool_input=given or {}, tool_response=response
    )
    if reply is None:
        return None
    output = reply["hookSpecificOutput"]
    assert isinstance(output, dict)
    assert output["hookEventName"] == "PostToolUse"
    return output["updatedToolOutput"]


def kept(client: Client, view: str) -> str:
    """The text of the file that the view's last line names."""
    last = view.split("\n")[-1]
    assert tiers.KEPT_LINE.fullmatch(last)
    return Path(last.removeprefix("... whole output: ")).read_text(encoding="utf-8")


def test_a_commands_output(client: Client) -> None:
    output = sent(client, "Bash", BASH, {"command": "docker logs app"})
    assert {key: value for key, value in output.items() if key != "stdout"} == {
        key: value for key, value in BASH.items() if key != "stdout"
    }
    view = output["stdout"]
    assert "job 400 failed: ConnectionResetError" in view
    assert len(view) < 0.5 * len(LOG)
    assert kept(client, view) == LOG
    fold = tiers.FOLD.search(view)
    assert fold is not None
    first, size = int(fold[1]), int(fold[2])
    assert size >= tiers.LEAST_FOLD
    assert not set(LOG.split("\n")[first - 1 : first - 1 + size]) & set(view.split("\n"))
    (load,) = client.loads()
    assert (load.tool, load.path, load.kind) == ("Bash", "docker logs app", "log")
    assert load.shown_tokens < 0.5 * load.raw_tokens


@pytest.mark.parametrize(
    "odd",
    [{"stderr": "warning"}, {"isImage": True}, {"interrupted": True}, {"backgroundTaskId": "b1"}, {"stdout": 7}],
    ids=str,
)
def test_an_output_with_more_to_it_is_left_alone(client: Client, odd: dict[str, object]) -> None:
    assert sent(client, "Bash", {**BASH, **odd}, {"command": "docker logs app"}) is None


def test_a_command_that_prints_a_file_is_left_alone(client: Client) -> None:
    assert sent(client, "Bash", BASH, {"command": "cat /var/log/app.log"}) is None
    assert [load.reason for load in client.loads()] == ["the command prints what it was asked for"]


def test_an_output_that_the_client_cut_gets_a_view_of_the_whole_in_no_more_tokens(
    client: Client, tmp_path: Path
) -> None:
    whole = tmp_path / "b6kwtvj12.txt"
    whole.write_text(LOG, encoding="utf-8")
    response = {
        **BASH, "stdout": LOG[:30_000], "persistedOutputPath": str(whole), "persistedOutputSize": len(LOG)
    }  # fmt: skip
    output = sent(client, "Bash", response, {"command": "docker logs app"})
    assert "persistedOutputPath" not in output
    assert "persistedOutputSize" not in output
    assert "job 400 failed: ConnectionResetError" in output["stdout"]  # far behind the client's preview
    (load,) = client.loads()
    assert load.shown_tokens <= load.raw_tokens


def test_a_file_that_is_printed_and_cut_by_the_client_is_of_its_own_kind(client: Client, tmp_path: Path) -> None:
    whole = tmp_path / "b6kwtvj13.txt"
    source = "\n\n".join(f"def part_{n}(value):\n    total = value + {n}\n    return total" for n in range(900))
    whole.write_text(source, encoding="utf-8")
    response = {**BASH, "stdout": source, "persistedOutputPath": str(whole), "persistedOutputSize": len(source)}
    output = sent(client, "Bash", response, {"command": "cd src && cat parts.py | head -9000"})
    assert "def part_0(value):" in output["stdout"]
    (load,) = client.loads()
    assert load.kind == "python"


def test_a_cut_output_whose_file_is_gone_is_left_alone(client: Client, tmp_path: Path) -> None:
    response = {**BASH, "persistedOutputPath": str(tmp_path / "gone.txt"), "persistedOutputSize": 99_999}
    assert sent(client, "Bash", response, {"command": "docker logs app"}) is None


def test_search_results_name_every_file(client: Client) -> None:
    response = {"mode": "content", "numFiles": 0, "filenames": [], "content": HITS, "numLines": 900}
    output = sent(client, "Grep", response, {"pattern": "handle"})
    assert {**output, "content": ""} == {**response, "content": ""}
    assert all(
        f"src/module_{i}.py (90)" in output["content"] or f"src/module_{i}.py:" in output["content"] for i in range(10)
    )


def test_found_files_are_a_list_of_strings(client: Client) -> None:
    response = {"filenames": NAMES, "durationMs": 16, "numFiles": 900, "truncated": False}
    output = sent(client, "Glob", response, {"pattern": "**/*.py"})
    assert output is None or all(isinstance(name, str) for name in output["filenames"])


def test_a_page_and_a_report_and_an_answer(client: Client) -> None:
    page = {"bytes": 1, "code": 200, "codeText": "OK", "result": LOG, "durationMs": 1, "url": "https://example.com"}
    assert "ConnectionResetError" in sent(client, "WebFetch", page)["result"]
    client.session = "s2"
    report = {"status": "completed", "prompt": "p", "agentId": "a1", "content": [{"type": "text", "text": LOG}]}
    assert "ConnectionResetError" in sent(client, "Agent", report)["content"][0]["text"]
    client.session = "s3"
    (block,) = sent(client, "mcp__db__query", [{"type": "text", "text": LOG}])
    assert block["type"] == "text"
    assert "ConnectionResetError" in block["text"]


@pytest.mark.parametrize(
    ("tool", "response"),
    [
        ("Agent", {"status": "async_launched", "content": [{"type": "text", "text": LOG}]}),
        ("mcp__db__query", [{"type": "text", "text": LOG}, {"type": "image", "data": "aGk="}]),
        ("mcp__db__query", {"rows": 3}),
        ("Edit", {"filePath": "/p/a.py"}),
        ("TodoWrite", LOG),
    ],
    ids=["background", "image", "object", "edit", "other"],
)
def test_what_has_no_text_to_trim_has_no_opinion(client: Client, tool: str, response: object) -> None:
    assert sent(client, tool, response) is None


def test_json_in_one_line_is_laid_out_and_kept_so(client: Client) -> None:
    rows = [{"number": i, "title": f"Crash in part {i}", "body": "It happens every time. " * 20} for i in range(60)]
    (block,) = sent(client, "mcp__tracker__list", [{"type": "text", "text": json.dumps(rows)}]) or ({"text": ""},)
    if block["text"]:
        assert json.loads(kept(client, block["text"])) == rows


def test_a_read_of_a_kept_output_is_a_recovery_and_is_shown_whole(client: Client) -> None:
    view = sent(client, "Bash", BASH, {"command": "docker logs app"})["stdout"]
    path = view.split("\n")[-1].removeprefix("... whole output: ")
    assert not is_view(client.read(path, LOG))
    assert client.loads()[-1].tier is Tier.COMPLETE


def test_an_output_that_cannot_be_kept_is_shown_whole(client: Client) -> None:
    folder = client.project / ".claude-patterns"
    folder.mkdir(exist_ok=True)
    (folder / "outputs").write_text("in the way", encoding="utf-8")
    with pytest.raises(Exception, match="can't keep an output"):
        sent(client, "Bash", BASH, {"command": "docker logs app"})
    assert client.loads() == []


def notebook(cells: list[dict[str, object]]) -> dict[str, object]:
    return {"type": "notebook", "file": {"filePath": "/work/a.ipynb", "cells": cells}}


def test_a_notebook_is_shown_by_cell(client: Client) -> None:
    code = "import pandas\n" + "\n".join(f"frame_{i} = load({i})" for i in range(40))
    table = "\n".join(f"{i}  value {i}  {i * 7919}" for i in range(300))
    cells: list[dict[str, object]] = [
        {"cellType": "markdown", "source": "# Sales\nWhat was sold.", "cell_id": "a1"},
        {"cellType": "code", "language": "python", "source": code, "cell_id": "b2"},
        {
            "cellType": "code",
            "language": "python",
            "source": "def total(frame):\n    return frame.sum()",
            "cell_id": "c3",
            "outputs": [{"output_type": "stream", "text": table + "\nKeyError: 'cents'"}],
        },
    ]
    output = sent(client, "Read", notebook(cells), {"file_path": "/work/a.ipynb"})
    view = output["file"]["cells"][0]["source"]
    assert output["type"] == "notebook"
    assert "KeyError: 'cents'" in view
    assert kept(client, view).startswith('<cell id="a1"><cell_type>markdown</cell_type># Sales\n')
    assert kept(client, view).count("</cell id=") == 3
    (load,) = client.loads()
    assert (load.tool, load.kind) == ("Read", "notebook")
    assert load.shown_tokens < 0.7 * load.raw_tokens


def test_a_notebook_with_an_image_is_left_alone(client: Client) -> None:
    image = {"output_type": "display_data", "image": {"image_data": "iVBOR" * 900, "media_type": "image/png"}}
    cells: list[dict[str, object]] = [{"cellType": "code", "source": "plot()\n" * 400, "outputs": [image]}]
    assert sent(client, "Read", notebook(cells), {"file_path": "/work/a.ipynb"}) is None
