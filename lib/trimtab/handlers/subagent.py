"""SubagentStart, SubagentStop: what was reserved for a new agent becomes its own, and is settled when it ends."""

from trimtab.handlers import budget_gate
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event


def start(event: Event, desk: Desk) -> Reply | None:
    if desk.has_budgets() and event.agent:
        desk.purse.started(budget_gate.who(event))
    return None


def stop(event: Event, desk: Desk) -> Reply | None:
    if desk.has_budgets() and event.agent:
        desk.purse.ended(budget_gate.who(event))
    return None
