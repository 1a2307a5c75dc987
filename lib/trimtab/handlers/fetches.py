"""What one agent reads of an output that another was shown a view of: it is a recovery of that view all the same.

It is paid for in the context of who reads it. So it is where an agent is sent to a kept report, or tells its caller
where the whole of an output is.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from trimtab.handlers import outputs
from trimtab.handlers.conversation import Fetch
from trimtab.records import Load, Recovery


def recoveries(fetched: Iterable[Fetch], agent: str, loads: Sequence[Load]) -> list[Recovery]:
    """The folded lines that each read of `agent` showed, of the view whose output the file is.

    Left out is what is of no view among `loads`, or of the agent's own: one that it still held is told by its
    conversation.
    """
    found = []
    views = [load for load in loads if load.folds and load.agent != agent]
    for one in fetched:
        file = Path(one.path)
        view = next((view for view in views if outputs.file_for(file.parent, view.tool_use_id) == file), None)
        lines = sum(fold.first <= line <= fold.last for line in one.lines for fold in view.folds) if view else 0
        if view and lines:
            found.append(Recovery(view.tool_use_id, one.tool_use_id, one.at, one.tool, lines, one.tokens, agent))
    return found
