"""What slim has switched off and is asked for: the user is told, once in a session, which command brings it back.

The model is told nothing, and nothing is stopped: it gets the client's own answer to a call of what is not there. Each
time is an alert of level "info" for a day, which also keeps a new daemon from telling it again.
"""

from collections.abc import Iterable

from trimtab.errors import SettingsError, StoreError
from trimtab.handlers import budget_gate
from trimtab.handlers.desk import Desk
from trimtab.handlers.events import Event, mapping, text
from trimtab.monitor.alerts import INFO
from trimtab.prompt import asked
from trimtab.prompt.slim import Proposal

SOURCE = "slim"
DAY_S = 86_400.0


def prompted(event: Event, desk: Desk) -> None:
    """A prompt may ask for it. Never raises."""
    prompt = text(event.data, "prompt")
    if not prompt.lstrip().startswith(budget_gate.NOTICE):
        tell(event, desk, "you", asked.in_prompt(prompt, items(event, desk)))


def called(event: Event, desk: Desk) -> None:
    """A batch of calls may have. Never raises."""
    known, calls = items(event, desk), event.data.get("tool_calls")
    if known and isinstance(calls, list):
        for call in calls:
            if isinstance(call, dict):
                found = asked.by_call(text(call, "tool_name"), mapping(call, "tool_input"), known)
                tell(event, desk, "the model", found)


def items(event: Event, desk: Desk) -> tuple[Proposal, ...]:
    """What is switched off in the event's project."""
    try:
        return desk.project(event).slimmed()
    except StoreError as exc:
        desk.complain(exc, "ledger")
    except SettingsError as exc:
        desk.complain(StoreError(str(exc)), "settings")
    return ()


def tell(event: Event, desk: Desk, who: str, found: Iterable[Proposal]) -> None:
    """Tells the user of each that was not told of in this session."""
    for item in found:
        said, now = asked.sentence(item, who), desk.clock()
        try:
            store = desk.project(event).store
            cause = f"{SOURCE} {item.id}"
            number = store.add_alert(INFO, said, SOURCE, now, cause, event.session, now + DAY_S)
            if number:
                store.mark_told({number: now})
        except StoreError as exc:
            desk.complain(exc, "ledger")
            continue
        if number:
            desk.tell_user(said)
