"""PreToolUse: text made for the model must not get into a user's file; a command's end may be ours (see wrapping).

An agent that copies a fold's line into an edit has taken it for a line of the file. The call is denied with the Read
that shows the lines. A file that holds such a line already (this plugin's own tests do) may be edited.
"""

from pathlib import Path

from trimtab import tiers
from trimtab.errors import StoreError
from trimtab.handlers import agent_models, budget_gate, wrapping
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text
from trimtab.handlers.events import Json as Input
from trimtab.handlers.replies import deny


def handle(event: Event, desk: Desk) -> Reply | None:
    given = agent_models.chosen(event, desk) if event.tool in ("Agent", "Task") else {}
    if given:  # a tight budget goes before it
        event = event._replace(tool_input={**event.tool_input, **given})
    reply = stopped(event, desk)
    if reply is not None:
        return reply
    if given:
        return agent_models.changed(event, given)
    if event.tool == "Bash":
        return wrapping.handle(event, desk)
    for written in texts_written(event.tool_input):
        for match in tiers.FOLD_LINE.finditer(written):
            if not stands_in(match[0], event.folder / text(event.tool_input, "file_path")):
                first, size = int(match[1]), int(match[2])
                reason = (
                    f'"{match[0]}" is no line of the file: it stands for lines {first}-{first + size - 1}, which '
                    f"Trimtab folded. Read them with offset={first} limit={size} and use those."
                )
                return refuse(event, desk, reason)
        for match in tiers.KEPT_LINE.finditer(written):
            if not stands_in(match[0], event.folder / text(event.tool_input, "file_path")):
                reason = f'"{match[0]}" is a note of Trimtab to you, and no line of any file: leave it out.'
                return refuse(event, desk, reason)
    return None


def stopped(event: Event, desk: Desk) -> Reply | None:
    """What budgets say of the call."""
    if not desk.has_budgets():
        return None
    try:
        return budget_gate.before_tool(event, desk)
    except StoreError as exc:
        desk.complain(exc)
        return None


def refuse(event: Event, desk: Desk, reason: str) -> Reply:
    """Deny the call; the reason is an addition of ours to the conversation."""
    desk.add(event, reason)
    return deny(reason)


def texts_written(tool_input: Input) -> list[str]:
    """What the call would put into the file."""
    found = [text(tool_input, key) for key in ("content", "new_string", "new_source")]
    edits = tool_input.get("edits")
    found += [text(edit, "new_string") for edit in edits if isinstance(edit, dict)] if isinstance(edits, list) else []
    return found


def stands_in(line: str, path: Path) -> bool:
    try:
        return line in path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):  # a NUL in the path
        return False
