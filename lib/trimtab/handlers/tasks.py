"""What an agent was asked to do: it goes as it was written, and the ledger keeps who asked whom, and its size.

It is recorded when the call is over, for only then both the agent and what it was asked are known.
"""

from trimtab import messages, tokens
from trimtab.errors import StoreError
from trimtab.handlers import loads
from trimtab.handlers.desk import Desk, Uncounted
from trimtab.handlers.events import Event, asked_type, number, own_type, text
from trimtab.records import TASK, Load, Message, Tier

AS_WRITTEN = "a task goes as it was written"
ENDED = "a budget ended the agent: what it had written"


def record(event: Event, desk: Desk, handed_back: str) -> None:
    """The ledger's row of the task, and of what is `handed_back` of an agent that a budget has ended ("": none).

    The client would have shown nothing of that, so all of it is ours. Never raises StoreError: it must get there.
    """
    agent = text(loads.response(event), "agentId")
    asked = text(loads.response(event), "prompt") or text(event.tool_input, "prompt")
    if not agent or not asked:  # it was not started
        return
    try:
        desk.conversation(event)  # so the ledger has the session
        row = task(event, desk, agent, asked)
        desk.record(event, row, Uncounted(asked, 0, None))
        if handed_back:
            desk.record(event, ended(event, desk, handed_back), Uncounted("", 0, handed_back))
    except StoreError as exc:
        desk.complain(exc, "ledger")


def task(event: Event, desk: Desk, agent: str, asked: str) -> Load:
    """The row of what the agent was asked; it came into the agent's context when the call began."""
    size = tokens.estimate(asked)
    return Load(
        session=event.session,
        agent=agent,
        tool_use_id=f"{event.tool_use_id}:{TASK}",
        at=desk.clock() - (number(event.data, "duration_ms") or 0) / 1_000,
        tool="Agent",
        path=loads.subject(event),
        kind=TASK,
        tier=Tier.COMPLETE,
        reason=AS_WRITTEN,
        raw_tokens=size,
        shown_tokens=size,
        counted=False,
        folds=(),
        message=Message(
            own_type(event), asked_type(event), (messages.given_priority(asked) or messages.Priority.NORMAL).value
        ),
    )


def ended(event: Event, desk: Desk, handed_back: str) -> Load:
    """The row of what goes in the place of the agent's report."""
    return Load(
        session=event.session,
        agent=event.agent,
        tool_use_id=event.tool_use_id,
        at=desk.clock(),
        tool="Agent",
        path=loads.subject(event),
        kind=messages.KIND,
        tier=Tier.COMPLETE,
        reason=ENDED,
        raw_tokens=0,
        shown_tokens=tokens.estimate(handed_back),
        counted=False,
        folds=(),
        honoured=True,
        message=Message(asked_type(event), own_type(event), messages.Priority.CRITICAL.value),
    )
