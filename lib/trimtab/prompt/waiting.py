"""Which tools wait behind the client's own ToolSearch: the model sees their names, and loads a schema when it wants it.

So nothing becomes out of reach: the client defers its own seldom used tools and those of MCP servers in the same way
(client 2.1.328), and offers everything in front where tool search is switched off, whatever is decided here. Only tools
known by name wait. One that is not listed here stays: it may be what a mode or an agent hands its results over with.
"""

import re
from collections.abc import Collection

# In front in a first request of client 2.1.328 (14,981 of 31,620 characters), each for one kind of job.
SELDOM = frozenset({"ListAgents", "ReportFindings", "ScheduleWakeup", "Workflow"})
# Wait too where many sessions never called them.
IF_NEVER = frozenset({"Agent", "NotebookEdit", "WebFetch", "WebSearch", "Monitor", "TaskStop", "SendMessage"})
LEAST_SESSIONS = 20  # without a call until a tool of IF_NEVER waits; chosen
# Of the client's own waiting tools those that every session with tool search has: its first list is never ours alone.
ALWAYS = frozenset({"CronCreate", "NotebookEdit", "WebFetch"})
SAID = "(These tools wait, too: they are listed above.)"
MCP = "mcp__"
NAME = re.compile(r"^[A-Za-z_][\w.-]*$")


def chosen(pool: Collection[str], used: Collection[str], sessions: int) -> list[str]:
    """Those of a session's tools that wait; none where the client would not name them in its first list."""
    if "ToolSearch" not in pool or not ALWAYS & set(pool):
        return []
    return sorted(tool for tool in pool if waits(tool, used, sessions))


def waits(tool: str, used: Collection[str], sessions: int) -> bool:
    """Whether a tool waits, by what was called in the last weeks' `sessions`. Without a history: those of SELDOM."""
    if tool in used:
        return False
    return tool in SELDOM or (tool in IF_NEVER and sessions >= LEAST_SESSIONS)


def announced(listing: str, waiting: Collection[str]) -> str:
    """The client's list of waiting tools as it is to be said.

    The client makes the first list before it knows that those in `waiting` wait, and says them with the next request.
    So the first one, which has others of its own, gets them too, and of one that has nothing else SAID is left. One of
    late MCP servers' tools stays.
    """
    names = names_in(listing)
    if names and set(names) <= set(waiting):
        return SAID
    if not any(name not in waiting and not name.startswith(MCP) for name in names):
        return listing
    head = [line for line in listing.rstrip().split("\n") if line not in names]
    return "\n".join([*head, *sorted({*names, *waiting})])


def names_in(listing: str) -> list[str]:
    """The names in the client's list, one a line; none of a text that is no such list."""
    return [line for line in listing.split("\n") if NAME.match(line)]
