"""What slim has switched off and is asked for: the user is told, once in a session, which command brings it back.

The model is told nothing, and nothing is stopped: it gets the client's own answer to a call of what is not there. Each
time is an alert of level "info" for a day, which also keeps a new daemon from telling it again.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from trimtab.errors import SettingsError, StoreError
from trimtab.handlers import budget_gate
from trimtab.handlers.desk import Desk
from trimtab.handlers.events import Event, mapping, text
from trimtab.monitor.alerts import INFO
from trimtab.prompt import asked
from trimtab.prompt.slim import Proposal
from trimtab.transcript import lines

SOURCE = "slim"
DAY_S = 86_400.0
STAMP = re.compile(rb'"timestamp" ?: ?"([0-9T:.-]{10,30}Z)"')
START_BYTES = 65_536  # chosen: the first line that has a time is among a transcript's first


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
    """What is switched off in the event's session: one that began before has it all still, and its calls work."""
    try:
        found = desk.project(event).slimmed()
        return found.items if found is not None and began(event.transcript, found.at) >= found.at else ()
    except StoreError as exc:
        desk.complain(exc, "ledger")
    except SettingsError as exc:
        desk.complain(StoreError(str(exc)), "settings")
    return ()


def began(transcript: Path | None, otherwise: float) -> float:
    """When a session began, by the first time in its transcript; `otherwise` where there is none yet."""
    try:
        with open(transcript or "", "rb") as file:
            start = file.read(START_BYTES)
    except (OSError, ValueError):
        return otherwise
    found = STAMP.search(start)
    return lines.epoch(found[1].decode(), otherwise) if found else otherwise


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
