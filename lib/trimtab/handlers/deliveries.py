"""ModMessage, ModNotice: our own events, asked by the second layer's module about a report that comes as a turn.

    ModMessage {text, agent_id}        -> {"text": the same turn with a view in the report's place}
    ModNotice  {text, agents, is_idle} -> {"hold": why it waits, unanswered, for the others}

`agents` are the session's, as the client lists them: {id, kind, status, parentId}.

A finished background agent's notice, and a message that an agent sends (client 2.1.328): what another than its own
agent sends to an agent that runs says what to do, and goes as it was written. No opinion is an empty answer and leaves
the turn as it is.
"""

from collections.abc import Mapping
from pathlib import Path

from trimtab import messages, paths
from trimtab.groups import group_of
from trimtab.handlers import loads, post_tool_use
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, own_type, text
from trimtab.handlers.loads import Loaded
from trimtab.messages import deliveries
from trimtab.messages.deliveries import Delivery
from trimtab.records import SUBAGENT, Message, Tier
from trimtab.transcript import folders

RUNNING, SUBAGENT_KIND = "running", "local_agent"  # a teammate runs on between turns, and need not notify
UNFINISHED = "of a run that did not end by itself"
HELD = "Trimtab: this report is kept, and waits for {others}. What you write now goes on with it at once."


def handle(event: Event, desk: Desk) -> Reply | None:
    """The turn with its report shown as what it is worth, recorded; of a run that failed, and said again, as it is."""
    found = deliveries.read(text(event.data, "text"))
    if found is None or not is_report(event, desk, found):
        return None
    if desk.conversation(event).holds(found.identity):  # the same words again: the first time's row keeps its view
        return None
    event = as_call(event, desk, found)
    sender = text(event.tool_input, "subagent_type") or SUBAGENT
    report = Loaded("Agent", loads.subject(event), found.report, message=Message(sender, own_type(event), ""))
    if found.status != deliveries.COMPLETED:
        post_tool_use.record(event, desk, report, None, Tier.COMPLETE, UNFINISHED, None)
        return None
    view = post_tool_use.view_of(event, desk, report)
    desk.conversation(event).heard(view or found.report)  # several come at once, before the transcript has any
    return {"text": found.with_report(view)} if view else None


def is_report(event: Event, desk: Desk, found: Delivery) -> bool:
    """Whether it is told to the main conversation, or to the agent that started its author; else it is an instruction.

    A notice goes to nobody else. Who started an agent is told by the call beside the agent's transcript.
    """
    if found.is_escaped or not event.agent:
        return True
    beside = transcript_of(event, found.agent)
    call = folders.call_beside(str(beside)) if beside else ""
    return bool(call and desk.conversation(event).asked_by(call))


def as_call(event: Event, desk: Desk, found: Delivery) -> Event:
    """The event as if the call that started the report's author had just handed it back to who asked."""
    given = desk.conversation(event).asked_by(found.call)
    kind = type_of(event, found.agent)
    asked = {"description": found.agent, **given, "subagent_type": kind or given.get("subagent_type")}
    reader = {"agent_type": type_of(event, event.agent)} if event.agent else {}
    return event._replace(tool="Agent", tool_use_id=found.identity, tool_input=asked, data={**event.data, **reader})


def type_of(event: Event, agent: str) -> str:
    """What an agent of the session is, "" where the client has not written it down."""
    beside = transcript_of(event, agent)
    return folders.type_beside(str(beside)) if beside else ""


def transcript_of(event: Event, agent: str) -> Path | None:
    """Where an agent's transcript is; None where the session's is not known."""
    return paths.subagent_transcript(event.transcript, agent) if event.transcript else None


def notice(event: Event, desk: Desk) -> Reply | None:
    """Why the notice is kept unanswered until the others are done too, which spares a request for each; None: it isn't.

    Only where the user wants it, nobody works on anything, and it is not pressing: another notice is sure to come.
    """
    found = deliveries.read(text(event.data, "text"))
    if found is None or found.status != deliveries.COMPLETED or not found.is_escaped or event.agent:
        return None
    others = running(event.data.get("agents"), found.agent)
    if not (desk.settings(event).hold_notices and event.data.get("is_idle") is True and others):
        return None
    if is_pressing(found, event, desk) or desk.held_back(event, messages.KIND):
        return None
    said = HELD.format(others=f"{others} agents that still run" if others > 1 else "the agent that still runs")
    desk.add(event, said)
    return {"hold": said}


def running(agents: object, but: str) -> int:
    """How many agents of the main conversation's own still run, that one not counted: each of them will notify it."""
    listed = [one for one in agents if isinstance(one, Mapping)] if isinstance(agents, list) else []
    ours = [one for one in listed if one.get("kind") == SUBAGENT_KIND and not one.get("parentId")]
    return sum(one.get("status") == RUNNING and one.get("id") != but for one in ours)


def is_pressing(found: Delivery, event: Event, desk: Desk) -> bool:
    group = group_of(type_of(event, found.agent), desk.settings(event).groups)
    return messages.is_pressing(messages.read(found.report), group)
