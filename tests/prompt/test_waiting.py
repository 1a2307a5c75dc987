"""Which tools wait behind the client's tool search, and how their names are said."""

from trimtab.prompt import waiting

POOL = ["Agent", "Bash", "CronCreate", "Edit", "NotebookEdit", "Read", "ToolSearch", "WebFetch", "Workflow", "Write"]
HEAD = 'The following tools are now available via ToolSearch. Use "select:<name>":'


def test_seldom_used_tools_wait_without_a_history() -> None:
    """A tool that every session needs behind a search; one that is unknown here, with which a mode may hand over."""
    assert waiting.chosen([*POOL, "ScheduleWakeup", "StructuredOutput"], (), 0) == ["ScheduleWakeup", "Workflow"]


def test_what_was_called_lately_stays_in_front() -> None:
    assert waiting.chosen(POOL, {"Workflow"}, 3) == []


def test_what_many_sessions_never_called_waits_too() -> None:
    assert waiting.chosen(POOL, {"WebFetch"}, 20) == ["Agent", "NotebookEdit", "Workflow"]
    assert waiting.chosen(POOL, (), 19) == ["Workflow"]


def test_nothing_waits_where_nothing_could_load_it() -> None:
    """A tool out of reach: no tool search, or a session whose first list would not have the names."""
    assert waiting.chosen([name for name in POOL if name != "ToolSearch"], (), 99) == []
    assert waiting.chosen(["Bash", "ToolSearch", "Workflow"], (), 99) == []


def test_names_are_said_once_and_first() -> None:
    """Names that the first request does not have, or that two have."""
    first = f"{HEAD}\nCronCreate\nWebFetch"
    assert waiting.announced(first, ["Workflow", "Monitor"]) == f"{HEAD}\nCronCreate\nMonitor\nWebFetch\nWorkflow"
    assert waiting.announced(f"{HEAD}\nMonitor\nWorkflow", ["Workflow", "Monitor"]) == waiting.SAID
    late = f"{HEAD}\nmcp__shop__find"
    assert waiting.announced(late, ["Workflow"]) == late
    again = f"{HEAD}\nCronCreate\nWorkflow"  # after a compaction the client says all of them
    assert waiting.announced(again, ["Workflow"]) == again
