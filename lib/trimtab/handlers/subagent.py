"""SubagentStart, SubagentStop: a new agent hears once how to report; what was reserved for it is settled at its end."""

from trimtab import groups
from trimtab.handlers import budget_gate
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text


def start(event: Event, desk: Desk) -> Reply | None:
    chosen = desk.settings(event)
    share = groups.budget_share(text(event.data, "agent_type"), chosen.groups, chosen.group_table)
    kept_to = budget_gate.started(event, desk, share) if desk.has_budgets() and event.agent else ""
    said = contract(event, desk)
    if not said:
        return None
    said = f"{said} {kept_to}".rstrip()
    desk.add(event, said)
    return {"hookSpecificOutput": {"hookEventName": event.name, "additionalContext": said}}


def contract(event: Event, desk: Desk) -> str:
    """What the agent is to be told of its report, "" where nothing is or it was told: a message starts it once more."""
    chosen = desk.settings(event)
    said = groups.contract(text(event.data, "agent_type"), chosen.groups, chosen.group_table)
    if not (said and event.agent and chosen.reply_contract):
        return ""
    desk.conversation(event)  # so the session has its arm where an experiment runs
    told = desk.project(event).store.additions(session=event.session)
    was_told = any((one.agent, one.event) == (event.agent, event.name) for one in told)
    return "" if was_told or desk.held_back(event, "") else said


def stop(event: Event, desk: Desk) -> Reply | None:
    if desk.has_budgets() and event.agent:
        desk.purse.ended(budget_gate.who(event))
    return None
