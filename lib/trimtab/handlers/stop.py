"""Stop, SessionEnd: a turn or a session is over. Brings the ledger up to date; never holds the client up."""

from trimtab.handlers import budget_gate
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event


def handle(event: Event, desk: Desk) -> Reply | None:
    try:
        desk.conversation(event)
        desk.settle(event.session)
    finally:  # budgets need no ledger of the project
        settle_budgets(event, desk)
    return None


def settle_budgets(event: Event, desk: Desk) -> None:
    if desk.has_budgets():
        if event.name == "SessionEnd":  # what is under way now is not answered any more
            desk.purse.session_ended(event.session)
        else:
            desk.purse.ended(budget_gate.who(event))
