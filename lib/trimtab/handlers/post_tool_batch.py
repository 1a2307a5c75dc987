"""PostToolBatch: the calls of a response are done, and the next request is about to be sent, if budgets take it.

A call of what slim has switched off is told to the user (`switched_off`).
"""

from trimtab.handlers import budget_gate, switched_off
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event


def handle(event: Event, desk: Desk) -> Reply | None:
    switched_off.called(event, desk)
    if not desk.has_budgets():
        return None
    asker = budget_gate.who(event)
    verdict = desk.purse.ask(asker)
    account = budget_gate.stops(verdict, event, desk)
    if account is None:
        budget_gate.go_on(event, desk, verdict, asker)
        return budget_gate.told(event, desk, verdict, asker)
    return budget_gate.stop(event, desk, account, asker, verdict.expected)
