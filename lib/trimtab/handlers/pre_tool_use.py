"""PreToolUse of the tools that write files: text made for the model must not get into a user's file.

An agent that copies a fold's line into an edit has taken it for a line of the file. The call is denied with the Read
that shows the lines. A file that holds such a line already (this plugin's own tests do) may be edited.
"""

from pathlib import Path

from trimtab import tiers
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text
from trimtab.handlers.events import Json as Input


def handle(event: Event, desk: Desk) -> Reply | None:
    for written in texts_written(event.tool_input):
        for match in tiers.FOLD_LINE.finditer(written):
            if not stands_in(match[0], text(event.tool_input, "file_path")):
                return deny(
                    f'"{match[0]}" is no line of the file: it stands for lines {match[1]}-{match[2]}, which Trimtab '
                    f"folded. Read them with offset={match[1]} limit={int(match[2]) - int(match[1]) + 1} and use those."
                )
    return None


def texts_written(tool_input: Input) -> list[str]:
    """What the call would put into the file."""
    found = [text(tool_input, key) for key in ("content", "new_string", "new_source")]
    edits = tool_input.get("edits")
    found += [text(edit, "new_string") for edit in edits if isinstance(edit, dict)] if isinstance(edits, list) else []
    return found


def stands_in(line: str, path: str) -> bool:
    try:
        return line in Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def deny(reason: str) -> Reply:
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        }
    }
