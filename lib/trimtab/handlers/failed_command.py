"""FailedCommand, our own event (see daemon.failed): the view of a failed command's output, in place of what it printed.

What the client shows of a failed command: of its first KEPT bytes, under its exit code, all where that is at most
SHOWN characters, else the first and the last HALF (client 2.1.328, by experiment). The end of a long output, where the
errors mostly are, is not shown and not kept.
"""

import re
from pathlib import Path

from trimtab import tiers, tokens
from trimtab.handlers import loads, post_tool_use
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text
from trimtab.handlers.loads import Loaded
from trimtab.records import Tier, View

KEPT, SHOWN, HALF = 30_000, 11_024, 5_000
EXIT = re.compile(r"Exit code \d+$")  # the line that the client puts above the output
MOST = SHOWN - 224  # characters of a view; above it stands the exit code, below it the line that names the kept file


def handle(event: Event, desk: Desk) -> Reply | None:
    """The view as {"view": text}; None where the output stays as it is."""
    call = desk.awaited(text(event.data, "key"))
    file = text(event.data, "file")
    if call is None or call.session not in Path(file).parts:
        return None
    whole = loads.trimmed(loads.persisted(file))
    preview = as_the_client_shows(whole)
    found = Loaded("Bash", text(call.tool_input, "command"), whole, preview=preview if preview != whole else "")
    settings, conversation = desk.settings(call), desk.conversation(call)
    reason = post_tool_use.why_whole(found, settings, conversation)
    if reason or not whole:
        return None
    parsed = desk.parse(found, settings.rules)
    choice = post_tool_use.choose(parsed, found._replace(preview=""), settings, conversation, desk, call)
    last_line = tiers.kept_line(post_tool_use.kept_at(call, settings))
    if found.preview and (choice.view is None or too_large(choice.view, last_line, found.preview)):
        choice = post_tool_use.choose(parsed, found, settings, conversation, desk, call, MOST)
    longest = len(whole.encode("utf-8", "replace")) - len(f"\n{last_line}\n".encode())  # it goes where the output was
    if choice.view is None or len(choice.view.text) > MOST or len(choice.view.text.encode()) > longest:
        reason = "the client would cut the view" if choice.view else choice.reason
        post_tool_use.record(call, desk, found, parsed, Tier.COMPLETE, reason, None)
        return None
    held_back = desk.held_back(call, parsed.plan.content.kind)
    if held_back:
        post_tool_use.record(call, desk, found, parsed, Tier.COMPLETE, post_tool_use.would_be(choice, held_back), None)
        return None
    return {"view": post_tool_use.shown(call, desk, found, parsed, choice, conversation, settings) + "\n"}


def too_large(view: View, last_line: str, preview: str) -> bool:
    """Whether a view has more tokens than what the client shows, or so many characters that the client cuts it."""
    return len(view.text) > MOST or tokens.bounds(f"{view.text}\n{last_line}")[1] > tokens.bounds(preview)[0]


def as_the_client_shows(whole: str) -> str:
    kept = whole.encode()[:KEPT].decode(errors="ignore")
    if len(kept) <= SHOWN - len("Exit code 1\n"):
        return kept
    return f"{kept[:HALF]}\n\n... [{len(kept) - 2 * HALF} characters truncated] ...\n\n{kept[-HALF:]}"
