"""A foreground subagent's report as who sent it is shown it: what that one holds, what is kept, what is quoted."""

from pathlib import Path

from tests.handlers.client import Client

from trimtab import tiers

GOLD = Path(__file__).parents[1] / "gold" / "messages"
PLAIN = [f"The station number {name} takes the frame and hands it on to the next one in line." for name in "abcdefghij"]
SOURCE = "\n".join(f"def step_{i}(frame):\n    return frame.shifted({i}) * weight_{i}\n" for i in range(160))


def told(client: Client, report: str, prompt: str = "Look.", agent_type: str = "Explore") -> str:
    """What the model is shown of the report; the call and its result are in the transcript."""
    given: dict[str, object] = {"description": "Look", "prompt": prompt, "subagent_type": agent_type}
    call = client.called("Agent", given)
    response = {"status": "completed", "prompt": prompt, "agentId": "a1", "content": [{"type": "text", "text": report}]}
    reply = client.send("PostToolUse", tool_name="Agent", tool_use_id=call, tool_input=given, tool_response=response)
    text = report
    if reply:
        output = reply["hookSpecificOutput"]
        assert isinstance(output, dict)
        assert {**output["updatedToolOutput"], "content": 0} == {**response, "content": 0}
        text = output["updatedToolOutput"]["content"][0]["text"]
    client.result(call, text)
    return text


def test_a_report_keeps_its_verdict_and_names_its_places(client: Client) -> None:
    body = "\n".join(f"{line} See `lib/flow/stations.py:{row}`." for row, line in enumerate(PLAIN * 4, 100))
    seen = told(client, f"# Flow\n\n{body}\n\n**Verdict:** two of them are wrong.\n\nLet me know if you need more!\n")
    assert "\n**Verdict:** two of them are wrong.\n" in seen
    assert len(seen) < len(body)
    assert all(f"lib/flow/stations.py:{row}" in seen for row in range(100, 140))
    (load,) = (load for load in client.loads() if load.kind != "task")
    assert (load.kind, load.tool) == ("report", "Agent")


def test_the_whole_report_is_where_the_view_says_and_folds_count_its_lines(client: Client) -> None:
    report = (GOLD / "27-log-analysis.md").read_text("utf-8")
    seen = told(client, report)
    kept = Path(seen.split("\n")[-1].removeprefix("... whole output: "))
    lines = kept.read_text("utf-8").split("\n")
    assert " ".join(lines).split() == report.split()
    match = tiers.FOLD.search(seen)
    assert match is not None
    above = seen[: match.start()].rstrip("\n").split("\n")[-1]
    assert lines[int(match[1]) - 2] == above


def test_code_that_is_in_a_file_of_the_project_is_named_by_its_place(client: Client) -> None:
    (client.project / "flow.py").write_text(SOURCE, "utf-8")
    quoted = "\n".join(SOURCE.split("\n")[30:389])
    seen = told(client, f"It is in flow.py:\n\n```python\n{quoted}\n```\n\nNo test calls it.\n")
    assert "flow.py:31-389" in seen
    assert "step_17" not in seen
    assert "No test calls it." in seen


def test_no_file_outside_of_the_project_is_looked_into(client: Client, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text(SOURCE, "utf-8")
    quoted = "\n".join(SOURCE.split("\n")[30:389])
    seen = told(client, f"It is in ../secret.py and {tmp_path}/secret.py:\n\n```python\n{quoted}\n```\n")
    assert "secret.py:31-389" not in seen


def test_what_an_earlier_report_said_is_not_shown_again(client: Client) -> None:
    finding = "The reader never closes `Handle` when the writer at `lib/io/pipe.py:88` has failed."
    client.prompt("Go on.")
    first = told(client, f"# One\n\n{finding}\n")
    assert finding in first
    filler = "\n".join(PLAIN * 4)
    assert finding not in told(client, f"# Two\n\n{filler}\n{finding}\n{filler}\n\nNothing else is wrong.\n")
    assert "Nothing else is wrong." in told(client, f"# Three\n\n{filler}\n\nNothing else is wrong.\n{finding}\n")


def test_after_a_compaction_it_is_shown_again(client: Client) -> None:
    finding = "The reader never closes `Handle` when the writer at `lib/io/pipe.py:88` has failed."
    told(client, f"# One\n\n{finding}\n")
    client.write({"type": "system", "subtype": "compact_boundary", "compactMetadata": {"trigger": "auto"}})
    filler = "\n".join(PLAIN * 4)
    assert finding in told(client, f"# Two\n\n{filler}\n{finding}\n{filler}\n")
