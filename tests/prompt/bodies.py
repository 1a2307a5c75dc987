"""First requests as client 2.1.328 sends them, recorded and cut short: its own long texts are a few words.

`newer` is how models from 5 on get their listings (one message of the system's), `older` how those before do (a
reminder each).
"""

import json
from typing import Any

ORDERS = {"name": "mcp__tickets__find", "description": "Finds a ticket.", "input_schema": {"type": "object"}}
TOOLS = [
    {"name": "Bash", "description": "Runs a command.", "input_schema": {"type": "object"}},
    ORDERS,
    {"name": "DeferredToolPlaceholder", "description": "d", "input_schema": {"type": "object"}, "defer_loading": True},
]
SYSTEM = [
    {"type": "text", "text": "You are a Claude agent."},
    {
        "type": "text",
        "text": "\nYou are an interactive agent.\n\n# Harness\n - Text “is” shown.\n\n# Memory\n\n```\n# x\n```\n",
    },
]
MEMORY = """<system-reminder>
Codebase and user instructions are shown below. They OVERRIDE any default behavior.

Contents of /home/sam/.claude/CLAUDE.md (user's private global instructions for all projects):

# Me

I am Sam.

## Taste

Plain words.

Contents of /shop/CLAUDE.md (project instructions, checked into the codebase):

Be quick.

# Build

```sh
# not a heading
make
```

Contents of /shop/docs/rules.md (project instructions, checked into the codebase):

No eval.
</system-reminder>"""
ATTRIBUTION = """<system-reminder>
Attribution for git commits and pull requests you create from here on (this replaces earlier guidance):
- End git commit messages with:
Co-Authored-By: Claude <noreply@anthropic.com>
</system-reminder>
"""
TEXTS = (
    "SessionStart:startup hook success: The build is green.\n\nAnd the tests are.",
    "SessionStart hook additional context: From a plugin.",
    "# Environment\nYou have been invoked in: \n - Shell: bash",
    "You are powered by the model named Opus 5.5.",
    "# Output Style: Terse\n# Terse style\n\nOne line.",
    "The following deferred tools are now available via ToolSearch. Use it:\nCronCreate\nmcp__plugin_shop_stock__count",
    "The following MCP servers are still connecting: their tools\nwill appear shortly:\nslow:one\n\nUse ToolSearch.",
    "Available agent types for the Agent tool:\n"
    "- Plan: Plans. (Tools: All)\n- shop:scout: Scouts.\n\nWhen you launch many.",
    "# MCP Server Instructions\n\nUse them so:\n\n"
    "## plugin:shop:stock\nCount first.\n\n## my tickets\nFind first.",
    "The following skills are available for use with the Skill tool:\n\n"
    "- deploy: Deploys.\nTRIGGER - always.\n- shop:lint: Lints.\n- bare",
    "Terse output style is active. Remember it.",
    "UserPromptSubmit hook success: It is Monday.",
    "Today's date is 2026-11-30.",
)  # fmt: skip


def body(messages: list[dict[str, Any]]) -> dict[str, Any]:
    settings = {"model": "claude-opus-5-5", "max_tokens": 64_000, "stream": True}
    copy: dict[str, Any] = json.loads(json.dumps({**settings, "system": SYSTEM, "tools": TOOLS, "messages": messages}))
    return copy


def block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def newer() -> dict[str, Any]:
    user = {"role": "user", "content": [block(MEMORY), block(ATTRIBUTION), block("Say hello.")]}
    return body([user, {"role": "system", "content": [block("\n\n".join(TEXTS))]}])


def older() -> dict[str, Any]:
    reminders = [f"<system-reminder>\n{text}\n</system-reminder>" for text in TEXTS]
    return body([{"role": "user", "content": [*map(block, reminders), block(MEMORY), block("Say hello.")]}])
