"""UserPromptExpansion: answers `/token-report` itself, without a request to the model."""

import shlex

from trimtab import monitor, prices
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text

REPORT = "token-report"
MOST_DIGITS = 8  # of a number of hours: more are a slip, and int() refuses thousands


def handle(event: Event, desk: Desk) -> Reply | None:
    if text(event.data, "command_name").rpartition(":")[2] != REPORT:
        return None
    desk.conversation(event)
    desk.settle(event.session)
    return {
        "decision": "block",
        "reason": "\n".join(report(event, desk)),
        "hookSpecificOutput": {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True},
    }


def report(event: Event, desk: Desk) -> list[str]:
    """The report's lines for the command's arguments: nothing (this session), `all`, or a number of hours."""
    store = desk.project(event).store
    book = prices.Book(desk.settings(event).prices)
    session: str | None = event.session
    since = 0.0
    for word in words(text(event.data, "command_args")):
        if word in ("all", "--all"):
            session = None
        elif word.isdecimal() and len(word) < MOST_DIGITS:
            session, since = None, desk.clock() - int(word) * 3600
        elif word != "--hours":
            return [f"/{REPORT} takes nothing (this session), `all`, or a number of hours, not {word!r}."]
    summary = monitor.summarise(
        store.loads(session=session, since=since),
        store.recoveries(session=session, since=since),
        store.requests(session=session, since=since),
        book.relative,
        store.factor_of,
        desk.clock(),
        additions=store.additions(session=session, since=since),
        usd_of=book.usd,
        input_usd_of=book.input_usd,
    )
    return ["", *monitor.lines(summary)]


def words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:
        return arguments.split()
