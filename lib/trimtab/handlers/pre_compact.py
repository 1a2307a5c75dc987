"""PreCompact: the conversation is about to be summed up, by a request; not where a budget is used up.

The client then keeps it as it is. hooks.json hooks only compactions of the client's own accord: after one that the user
types, the client (2.1.328) puts a line about the hook into the conversation, for users without a budget too. A budget
of the prompt's size asks for a compaction and never refuses one.
"""

from trimtab.handlers import budget_gate
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event


def handle(event: Event, desk: Desk) -> Reply | None:
    if not desk.has_budgets():
        return None
    verdict = desk.purse.compacting(budget_gate.who(event))
    account = budget_gate.stops(verdict, event, desk)
    return None if account is None else budget_gate.refuse(event, desk, account, verdict.expected)
