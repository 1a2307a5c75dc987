"""Where a task is finished, as far as a conversation shows it: a commit was made.

What was loaded for it is mostly not needed any more, so a compaction loses least there. In 189 recorded sessions 63
prompts followed a commit in the same stretch (`bench.finished`).
"""

import re

COMMAND = re.compile(r"\bgit\b[^|;&\n]*\bcommit\b")
MADE = re.compile(r"^\[[^\]\n]+ [0-9a-f]{7,40}\] ", re.M)  # what git says of a commit: "[main 1a2b3c4] Say why"


def is_commit(tool: str, command: str, text: str, is_error: bool) -> bool:
    """Whether a call committed; a command that failed, or that committed nothing, did not."""
    return tool == "Bash" and not is_error and bool(COMMAND.search(command)) and bool(MADE.search(text))
