"""UserPromptExpansion: answers `/token-report` and `/token-budget` itself, without a request to the model."""

import shlex
from collections.abc import Callable

from trimtab import monitor, paths, prices
from trimtab.errors import StoreError, TrimtabError
from trimtab.handlers import budget_words, usage_words
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text
from trimtab.monitor import pairs

REPORT = "token-report"


def handle(event: Event, desk: Desk) -> Reply | None:
    answer = ANSWERS.get(text(event.data, "command_name").rpartition(":")[2])
    if answer is None:
        return None
    try:
        desk.conversation(event)
        desk.settle(event.session)
    except StoreError as exc:  # what is asked may need nothing of the project
        desk.complain(exc, "ledger")
    return {
        "decision": "block",
        "reason": "\n".join(answer(event, desk)),
        "hookSpecificOutput": {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True},
    }


def report(event: Event, desk: Desk) -> list[str]:
    """The report's lines for the command's arguments, see `usage_words`."""
    chosen = desk.settings(event)
    book = prices.Book(chosen.prices)
    given = words(text(event.data, "command_args"))
    try:
        asked = usage_words.understood(given, desk.clock())
    except TrimtabError:
        return [f"/{REPORT} {usage_words.TAKES}. It does not take: {' '.join(given)[:200]}"]
    store = desk.project(event).store
    if asked.by == pairs.BY:
        folders = paths.known_projects(paths.user_folder({"HOME": str(desk.home)})) if asked.is_all else []
        ledgers = [folder / paths.LEDGER for folder in folders] or [store.path]
        return ["", *usage_words.mailed(asked, ledgers, book, desk.clock(), chosen.groups)]
    if asked.by:
        return ["", *usage_words.answer(asked, desk.book(), str(event.project), book, desk.clock(), chosen.groups)]
    session = None if asked.is_all or asked.period else event.session
    since, until = (asked.period.since, asked.period.until) if asked.period else (None, None)
    summary = monitor.summarise(
        store.loads(session, since, until),
        store.recoveries(session, since, until),
        store.requests(session, since, until),
        book.relative,
        store.factor_of,
        desk.clock(),
        additions=store.additions(session, since, until),
        usd_of=book.usd,
        input_usd_of=book.input_usd,
    )
    return ["", *monitor.lines(summary)]


def words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:
        return arguments.split()


ANSWERS: dict[str, Callable[[Event, Desk], list[str]]] = {REPORT: report, budget_words.COMMAND: budget_words.answer}
