"""SessionStart: a session begins, is resumed, or goes on after a compaction. Opens the ledger.

The user is told of a resumed session's cold cache; the model is shown what it was working on before a compaction.
"""

from trimtab.handlers import budget_words, cold_cache, compact_hint
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text


def handle(event: Event, desk: Desk) -> Reply | None:
    """What it is for is that ledger, grammars and settings are ready before the first read.

    A session that TRIMTAB_TASK names a task for joins it.
    """
    desk.settings(event)
    desk.conversation(event)
    budget_words.join(event, desk)
    source = text(event.data, "source")
    if source == "resume":
        cold_cache.hold(event, desk)
    return compact_hint.notes(event, desk) if source == "compact" else None
