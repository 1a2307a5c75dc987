"""A compaction is proposed to the user where a task is finished and it likely saves; the model gets notes after one.

At the first prompt after a commit, once until the next compaction. The notes are what `history.memory` kept.
"""

from pathlib import Path

from trimtab import tokens
from trimtab.errors import StoreError
from trimtab.handlers import cold_cache
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event
from trimtab.history import memory, words
from trimtab.history.compacting import outlook
from trimtab.records import Metric

METRIC = "compact_proposed"  # USD that it would likely save; in the ledger, as a daemon may leave in between
NOTES_TOKENS = 600  # the model's own, at most
LARGEST_BYTES = 1 << 20  # a file that is larger is not looked into


def propose(event: Event, desk: Desk) -> None:
    """Tells the user where it is due. Never raises."""
    try:
        least_usd = desk.settings(event).compacting_usd
        if event.agent or not least_usd or not desk.conversation(event).finished_at:
            return
        found, now = cold_cache.known(event, desk), desk.clock()
        seen, price = outlook(found.history, found.requests), found.money.input_usd
        if found.warmth.is_cold(now):  # then that has been told, with what compacting comes to
            return
        if price is None or seen.pays_from is None or seen.net * price < least_usd:
            return
        store, tags = desk.project(event).store, (("session", event.session),)
        if any(told.tags == tags for told in store.metrics(METRIC, since=found.warmth.since)):
            return
        store.add_metric(Metric(now, METRIC, seen.net * price, "compact_hint", tags))
        desk.tell_user(words.finished(found.history, seen, found.requests, found.money))
    except StoreError as exc:
        desk.complain(exc, "compact hint")


def notes(event: Event, desk: Desk) -> Reply | None:
    """What the model gets after a compaction, None where there is nothing to say or nothing may be added."""
    if not desk.settings(event).compaction_notes:
        return None
    conversation = desk.conversation(event)
    if desk.held_back(event, ""):
        return None
    factor = desk.project(event).store.factor_of(conversation.model, "").value

    def size(text: str) -> int:
        return round(tokens.estimate(text) * factor)

    said = memory.told(conversation.memory, text_of, str(event.folder), size, NOTES_TOKENS)
    if not said:
        return None
    desk.add(event, said)
    return {"hookSpecificOutput": {"hookEventName": event.name, "additionalContext": said}}


def text_of(path: str) -> str | None:
    """A file as it is now; None where it is gone, large, or no text."""
    try:
        file = Path(path)
        return file.read_text(encoding="utf-8") if file.stat().st_size <= LARGEST_BYTES else None
    except (OSError, ValueError):
        return None
