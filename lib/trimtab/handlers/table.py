"""Which handler answers which event."""

from collections.abc import Mapping

from trimtab.handlers import (
    deliveries,
    failed_command,
    mods,
    post_tool_batch,
    post_tool_use,
    pre_compact,
    pre_tool_use,
    refolding,
    session_start,
    status_line,
    stop,
    subagent,
    user_prompt_expansion,
    user_prompt_submit,
)
from trimtab.handlers.desk import Handler

HANDLERS: Mapping[str, Handler] = {
    "SessionStart": session_start.handle,
    "UserPromptSubmit": user_prompt_submit.handle,
    "UserPromptExpansion": user_prompt_expansion.handle,
    "PreToolUse": pre_tool_use.handle,
    "PostToolUse": post_tool_use.handle,
    "PostToolBatch": post_tool_batch.handle,
    "PreCompact": pre_compact.handle,
    "SubagentStart": subagent.start,
    "SubagentStop": subagent.stop,
    "FailedCommand": failed_command.handle,
    "Stop": stop.handle,
    "SessionEnd": stop.handle,
    "ModMessage": deliveries.handle,
    "ModNotice": deliveries.notice,
    "ModCold": refolding.cold,
    "ModRequest": refolding.request,
    "ModFolded": refolding.kept,
    "ModStart": mods.start,
    "ModTool": mods.tool,
    "ModSection": mods.section,
    "ModListing": mods.listing,
    "ModResult": mods.result,
    "StatusLine": status_line.handle,
}
