"""What is known of a subagent's report beside its text: its task, earlier reports, the files that it quotes."""

from trimtab import messages
from trimtab.groups import Members, group_of
from trimtab.handlers.conversation import Conversation
from trimtab.handlers.events import Event, text
from trimtab.handlers.loads import Loaded

LARGEST_BYTES, MOST_BYTES = 512 << 10, 2 << 20  # of a file that quotes are looked for in, and of all; chosen


def known(found: Loaded, event: Event, conversation: Conversation, own: Members) -> messages.Given:
    """What goes with the report `found`: the receiver wrote its prompt and was shown the conversation's reports.

    `own` are the user's groups of agents.
    """
    asked = text(event.tool_input, "prompt")
    files = files_of(found.text, event) if "```" in found.text or "~~~" in found.text else ()
    sender = found.message.sender if found.message else ""
    return messages.Given((asked, *conversation.reports), files, group_of(sender, own))


def files_of(report: str, event: Event) -> tuple[tuple[str, str], ...]:
    """The project's files that the report speaks of, by the path as it spells it; what can't be read is left out."""
    out: list[tuple[str, str]] = []
    left = MOST_BYTES
    for named in messages.files_named(report):
        found = read(named, event, min(left, LARGEST_BYTES))
        if found:
            out.append((named, found))
            left -= len(found)
    return tuple(out)


def read(named: str, event: Event, most: int) -> str:
    """A file of the project or of the current folder; "" where there is none, or it is larger than `most` bytes."""
    for folder in dict.fromkeys((event.folder, event.project)):
        try:
            path = (folder / named).resolve()
            is_ours = path.is_relative_to(event.project.resolve())
            if is_ours and path.is_file() and path.stat().st_size <= most:
                return path.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError, RuntimeError):
            continue  # a name that is no path, or a file that is gone: nothing is quoted from it
    return ""
