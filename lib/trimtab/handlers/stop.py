"""Stop, SessionEnd: a turn or a session is over. Brings the ledger up to date; never holds the client up."""

from trimtab.handlers import budget_gate
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event


def handle(event: Event, desk: Desk) -> Reply | None:
    desk.conversation(event)
    desk.settle(event.session)
    if desk.has_budgets():
        if event.name == "SessionEnd":  # what is under way now is not answered any more
            desk.purse.session_ended(event.session)
        else:
            desk.purse.ended(budget_gate.who(event))
    return None
