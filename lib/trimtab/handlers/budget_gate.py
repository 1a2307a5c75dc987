"""What the handlers of several events share about budgets: who asks, what is said, and how a request is not sent.

Without a budget none of this is reached (`Purse.is_on`). What the client does with each answer was seen in client
2.1.328: `decision: block` drops a prompt and gives its text back to the user, `continue: false` keeps it, or a notice
of a finished agent, in the conversation and sends nothing.
"""

import os
import re
from collections.abc import Callable

from trimtab import jobs, paths, transcript
from trimtab.budget import sentences, tally
from trimtab.budget.forecast import Forecast
from trimtab.budget.pressure import pressure
from trimtab.budget.scopes import MAIN
from trimtab.budget.terms import Account, Charge, Measure, Mode, Span, State
from trimtab.budget.words import Place, say
from trimtab.errors import StoreError
from trimtab.handlers import budget_ahead
from trimtab.handlers.asking import Verdict, Who
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, Json, asked_type, text
from trimtab.handlers.replies import deny
from trimtab.records import IntegrationMode

Tell = Callable[[Measure, str], Forecast | None]  # of a measure and a session
NOTICE = "<task-notification>"
TASK_ID = re.compile(r"<task-id>([\w-]+)</task-id>")
CHEAPEST_FIRST = {"model": jobs.MODELS, "effort": jobs.EFFORTS}


def who(event: Event) -> Who:
    """The conversation that the event is of."""
    pid = event.environment.get("CLAUDE_PID", "")
    return Who(
        event.session,
        event.agent,
        text(event.data, "agent_type") if event.agent else MAIN,
        os.path.realpath(event.project),
        text(event.data, "prompt_id"),
        event.transcript,
        int(pid) if pid.isdecimal() else 0,
    )


def here(event: Event) -> Place:
    """Where it is said: the event's project and session are "this"."""
    return Place(os.path.realpath(event.project), event.session, "", "", sentences.COMMAND)


def is_enforced(event: Event, desk: Desk) -> bool:
    """Whether a used up budget stops anything here."""
    chosen = desk.users_settings(event)
    return chosen.budget_enforcement and chosen.mode is not IntegrationMode.MONITORING_ONLY


def price_of_tokens(event: Event, desk: Desk) -> float:
    """How many times a token's price counts for the event's conversation: more as a budget gets tight."""
    if not desk.has_budgets() or not is_enforced(event, desk):
        return 1.0
    try:
        return pressure(desk.purse.pressure_share(who(event)))
    except StoreError as exc:
        desk.complain(exc)
        return 1.0


def stops(verdict: Verdict, event: Event, desk: Desk) -> Account | None:
    """The budget that stops the request; None where it may be sent."""
    return None if verdict.is_allowed or not is_enforced(event, desk) else verdict.account


def begin(event: Event, desk: Desk, verdict: Verdict, asker: Who, prompt: str) -> None:
    """The task of a prompt that is sent begins."""
    desk.needs.begin(asker.session, len(prompt))
    look_ahead(event, desk, verdict, asker, desk.needs.at_start)


def go_on(event: Event, desk: Desk, verdict: Verdict, asker: Who) -> None:
    """The task goes on with one more request of the main conversation."""
    if not asker.agent and desk.needs.goes_on(asker.session):
        look_ahead(event, desk, verdict, asker, desk.needs.under_way)


def look_ahead(event: Event, desk: Desk, verdict: Verdict, asker: Who, tell: Tell) -> None:
    """Tells the user, once a task, where what it still needs will likely not fit into what is left."""
    if not verdict.is_allowed or not is_enforced(event, desk):
        return
    found = budget_ahead.task(
        lambda measure: tell(measure, asker.session), verdict.accounts, verdict.expected, desk.clock()
    )
    if found is not None:
        desk.needs.forget(asker.session)
        desk.tell_user(sentences.likely_short(found.account, found.left, found.need, here(event)))


def told(event: Event, desk: Desk, verdict: Verdict, asker: Who, report: str = "") -> Reply | None:
    """A request may be sent: the alerts of budgets that get tight, and the line that the model gets of it, once.

    `report` is what else the model gets.
    """
    desk.watch.note_budgets(verdict.accounts, event.environment)
    lines, tight = [report] if report else [], desk.users_settings(event).alert_budget_share
    for account in verdict.accounts:
        is_said = account.budget.mode is Mode.STOP and account.budget.measure is not Measure.CONTEXT
        if not is_said or account.budget.state is not State.ACTIVE:
            continue
        if asker.agent and ends_next(account, verdict) and desk.purse.tell(account, asker.key, "last"):
            lines.append(sentences.last_request(account, here(event)))
        elif account.share >= tight and desk.purse.tell(account, asker.key, "most"):
            lines.append(sentences.to_model(account))
    if not lines or not is_enforced(event, desk):
        return None
    note = "\n".join(lines)
    desk.add(event, note)
    return {"hookSpecificOutput": {"hookEventName": event.name, "additionalContext": note}}


def started(event: Event, desk: Desk, share: float) -> str:
    """An agent has started: what was reserved for it becomes its own. What it is told to keep to, "" for nothing.

    That is `share` of what the tightest of the budgets has left that end a turn; one of its own is not shared out.
    """
    asker = who(event)
    desk.purse.started(asker)
    if not share or not is_enforced(event, desk):
        return ""
    shared = [
        account
        for account in desk.purse.check(asker).accounts
        if account.budget.mode is Mode.STOP
        and account.budget.state is State.ACTIVE
        and account.budget.measure is not Measure.CONTEXT
        and account.budget.period.span is not Span.RUN
        and account.left > 0
    ]
    return sentences.meant_for(max(shared, key=lambda account: account.share), share) if shared else ""


def ends_next(account: Account, verdict: Verdict) -> bool:
    """Whether the budget takes the request that was just reserved, and not another such."""
    return account.left < tally.amount(account.budget.measure, verdict.expected)


def refuse(event: Event, desk: Desk, account: Account, expected: Charge) -> dict[str, object]:
    """What the event was to send is not sent; the user gets it back, with the reason."""
    desk.watch.note_stop(account, event.environment, is_said=True)
    return {"decision": "block", "reason": sentences.refusal(account, expected, here(event))}


def stop(event: Event, desk: Desk, account: Account, asker: Who, expected: Charge) -> dict[str, object]:
    """The turn, or the agent, ends before its next request; an agent's result is handed back, see `handed_back`."""
    desk.watch.note_stop(account, event.environment, is_said=not asker.agent)
    if not asker.agent:
        return {"continue": False, "stopReason": sentences.stopped(account, expected, here(event))}
    said = sentences.agent_stopped(account, asker.agent_type, expected, here(event))
    desk.end_agent(asker.session, asker.agent, said)
    desk.purse.ended(asker)  # no SubagentStop comes
    return {"continue": False, "stopReason": said}


def before_tool(event: Event, desk: Desk) -> Reply | None:
    """A tool is about to run: not where a budget is used up, and an agent only where it fits into what is left."""
    asker = who(event)
    verdict = desk.purse.check(asker)
    account = stops(verdict, event, desk)
    if account is not None:
        refused = deny(f"Not run: the budget {say(account.budget, here(event))} is used up.")
        return {**stop(event, desk, account, asker, verdict.expected), **refused}
    return before_agent(event, desk, asker) if event.tool in ("Agent", "Task") else None


def before_agent(event: Event, desk: Desk, asker: Who) -> Reply | None:
    """A new agent: refused, or started, where the user allows it and a budget is tight on a cheaper model."""
    kind = asked_type(event)
    verdict = desk.purse.ask(asker, call=event.tool_use_id, agent_type=kind)
    account = stops(verdict, event, desk)
    if account is not None:
        reason = sentences.agent_refused(account, kind, verdict.expected, here(event))
        desk.add(event, reason)
        return deny(reason)
    short = budget_ahead.agent(desk.needs, verdict.accounts, verdict.expected, kind, desk.clock())
    if short is not None and verdict.is_allowed and is_enforced(event, desk):
        desk.purse.withdraw(asker, event.tool_use_id)
        reason = sentences.agent_too_large(short.account, short.left, kind, short.need.low, here(event))
        desk.add(event, reason)
        return deny(reason)
    chosen = desk.users_settings(event)
    tight = max((one.share for one in verdict.accounts), default=0.0) >= chosen.alert_budget_share
    allowed = {"model": chosen.budget_agent_model, "effort": chosen.budget_agent_effort}
    given = {name: value for name, value in allowed.items() if value and is_dearer(name, event.tool_input, value)}
    if not tight or not given:
        return None
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": {**event.tool_input, **given}}}


def is_dearer(name: str, tool_input: Json, value: str) -> bool:
    """Whether the call asks for something else than `value`, and not for what is known to be cheaper."""
    asked, order = text(tool_input, name), CHEAPEST_FIRST[name]
    if asked in order and value in order:
        return order.index(asked) > order.index(value)
    return asked != value


def handed_back(event: Event, desk: Desk, agent: str) -> str:
    """What an agent that a budget ended has found so far, "" of any other: what it wrote, in order."""
    said = desk.ended_agent(event.session, agent)
    if not said or event.transcript is None:
        return ""
    path = paths.subagent_transcript(event.transcript, agent)
    reader = transcript.Reader(path, event.session, agent)
    texts = [entry.text.strip() for entry in reader.read() if isinstance(entry, transcript.Said)]
    found = "\n\n".join(one for one in texts if one)
    return f"{said} What it had written until then:\n\n{found or '(nothing)'}"


def finished_agent(notice: str) -> str:
    """The agent that a notice is of."""
    found = TASK_ID.search(notice)
    return found[1] if found else ""
