"""UserPromptSubmit: the first request of a turn is about to be sent; not where a budget is used up.

A cache that has gone cold is told of before (`cold_cache`), where a compaction likely saves (`compact_hint`), and what
slim has switched off and the prompt asks for (`switched_off`).

Our own commands need no request. The notice of a finished agent is no prompt of the user's: it is kept in the
conversation, unanswered, until the next prompt that fits.
"""

from trimtab.budget import sentences
from trimtab.handlers import budget_gate, cold_cache, compact_hint, switched_off
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text


def handle(event: Event, desk: Desk) -> Reply | None:
    switched_off.prompted(event, desk)
    held = cold_cache.hold(event, desk)
    if held is not None:
        return held
    compact_hint.propose(event, desk)
    return ask_budgets(event, desk)


def ask_budgets(event: Event, desk: Desk) -> Reply | None:
    prompt = text(event.data, "prompt").lstrip()
    if not desk.has_budgets() or prompt.startswith(sentences.OURS):
        return None
    asker = budget_gate.who(event)
    is_notice = prompt.startswith(budget_gate.NOTICE)
    if not is_notice:
        desk.purse.prompted(asker)
    verdict = desk.purse.ask(asker)
    account = budget_gate.stops(verdict, event, desk)
    if account is None:
        if prompt.startswith("/"):  # what a command's text is only the client knows
            desk.needs.forget(asker.session)
        elif not is_notice:
            budget_gate.begin(event, desk, verdict, asker, text(event.data, "prompt"))
        finished = [budget_gate.finished_agent(prompt)] if is_notice else []
        agents = [*desk.kept_notices(event.session), *finished]
        reports = filter(None, (budget_gate.handed_back(event, desk, agent) for agent in agents))
        return budget_gate.told(event, desk, verdict, asker, "\n\n".join(reports))
    if is_notice:
        desk.keep_notice(event.session, budget_gate.finished_agent(prompt))
        return budget_gate.stop(event, desk, account, asker, verdict.expected)
    refused = budget_gate.refuse(event, desk, account, verdict.expected)
    if any(
        name in prompt for name in sentences.OURS
    ):  # the client puts what was refused back before what is typed next
        refused["reason"] = f"{refused['reason']} {sentences.ALONE}"
    return refused
