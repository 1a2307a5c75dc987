"""What an agent was asked to do: it goes as it was written, and the ledger keeps who asked whom, and its size.

It is recorded when the call is over, for only then both the agent and what it was asked are known.
"""

from trimtab import messages
from trimtab.errors import StoreError
from trimtab.handlers import letters, loads
from trimtab.handlers.desk import Desk, Uncounted
from trimtab.handlers.events import Event, asked_type, number, own_type, text
from trimtab.handlers.letters import Letter
from trimtab.records import TASK, Load

ENDED = "a budget ended the agent: what it had written"


def record(event: Event, desk: Desk, handed_back: str) -> None:
    """The ledger's row of the task, and of what is `handed_back` of an agent that a budget has ended ("": none).

    Never raises StoreError: what is handed back must get there.
    """
    agent = text(loads.response(event), "agentId")
    asked = text(loads.response(event), "prompt") or text(event.tool_input, "prompt")
    if not agent or not asked:  # it was not started
        return
    try:
        desk.conversation(event)  # so the ledger has the session
        desk.record(event, task(event, agent, asked, desk.clock()), Uncounted(asked, 0, None))
        if handed_back:
            desk.record(event, ended(event, handed_back, desk.clock()), Uncounted("", 0, handed_back))
    except StoreError as exc:
        desk.complain(exc, "ledger")


def task(event: Event, agent: str, asked: str, now: float) -> Load:
    """The row of what the agent was asked; it came into the agent's context when the call began."""
    at = now - (number(event.data, "duration_ms") or 0) / 1_000
    name, subject = f"{event.tool_use_id}:{TASK}", loads.subject(event)
    sender, receiver = own_type(event), asked_type(event)
    return letters.load(Letter(event.session, agent, name, at, "Agent", TASK, sender, receiver, asked, subject), ())


def ended(event: Event, handed_back: str, now: float) -> Load:
    """The row of what goes in the place of the agent's report; the client would have shown nothing, so all is ours."""
    sender, reader = asked_type(event), own_type(event)
    letter = Letter(
        event.session, event.agent, event.tool_use_id, now, "Agent", messages.KIND, sender, reader, handed_back,
        loads.subject(event),
    )  # fmt: skip
    row = letters.load(letter, ())
    assert row.message is not None, "a letter is a message"
    pressing = row.message._replace(priority=messages.Priority.CRITICAL.value)
    return row._replace(reason=ENDED, raw_tokens=0, honoured=True, message=pressing)
