"""Stop, SessionEnd: a turn or a session is over. Brings the ledger up to date; never holds the client up."""

from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event


def handle(event: Event, desk: Desk) -> Reply | None:
    desk.conversation(event)
    desk.settle(event.session)
    return None
