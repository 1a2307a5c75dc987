"""SessionStart: a session begins, is resumed, or goes on after a compaction. Opens the ledger; shows nothing."""

from trimtab.handlers import budget_words
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event


def handle(event: Event, desk: Desk) -> Reply | None:
    """No opinion; what it is for is that ledger, grammars and settings are ready before the first read.

    A session that TRIMTAB_TASK names a task for joins it.
    """
    desk.settings(event)
    desk.conversation(event)
    budget_words.join(event, desk)
    return None
