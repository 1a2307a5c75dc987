"""Which handler answers which event."""

from collections.abc import Mapping

from trimtab.handlers import (
    failed_command,
    post_tool_use,
    pre_tool_use,
    session_start,
    status_line,
    stop,
    user_prompt_expansion,
)
from trimtab.handlers.desk import Handler

HANDLERS: Mapping[str, Handler] = {
    "SessionStart": session_start.handle,
    "UserPromptExpansion": user_prompt_expansion.handle,
    "PreToolUse": pre_tool_use.handle,
    "PostToolUse": post_tool_use.handle,
    "FailedCommand": failed_command.handle,
    "Stop": stop.handle,
    "SessionEnd": stop.handle,
    "StatusLine": status_line.handle,
}
