"""Requests that found the cache of the request before gone or broken, and why.

The transcript does not say why. A cause is what came between the two requests, the first of CAUSES that holds; it is
taken only where it goes with a loss far more often than chance, in the 189 recorded sessions with their times
(`bench.breaks`): a session left and gone on with 6 of 6, results cleared by the client or a shorter prompt 13 of 15, a
skill or command loaded 20 of 59, tools loaded 3 of 12, a turn interrupted 9 of 36, against 52 of 641 prompts and 20 of
9,287 tool results. An edit of a memory file goes with none (0 of 14): the client sends it as it was when the session
began, so it only counts once the session is gone on with. Where a loss is no larger than what the request before wrote
last, that was not found yet. Everything else is NOT_KNOWN: the client's own changes, the provider's.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from trimtab.history.warmth import lifetime_s
from trimtab.monitor.parts import NOTE, RESULT, SUMMARY, IsMeant, Part
from trimtab.records import CLEARED, INTERRUPTED, VERSION, Request, prompt_tokens

LOST_TOKENS = 5_000  # chosen: a smaller loss is the client moving its cache mark
JUST_TOKENS = 1_500  # chosen: what a loss may be above what was written last

SWITCHED, COMPACTED, IDLE, SHRUNK = "switched", "compacted", "idle", "shrunk"
RESUMED, UPDATED, TOOLS, SKILLED, STOPPED = "resumed", "updated", "tools", "skill", "interrupted"
UNWRITTEN, NOT_KNOWN = "unwritten", "not known"
CAUSES = (
    SWITCHED, COMPACTED, IDLE, RESUMED, UPDATED, SHRUNK, TOOLS, SKILLED, STOPPED, UNWRITTEN, NOT_KNOWN
)  # fmt: skip
LEAVING = ("/exit", "/quit", "/resume")
BRINGS_TOOLS, BRINGS_SKILLS = "ToolSearch", "Skill"


class Break(NamedTuple):
    """`after` read `lost` tokens less from the cache than `before` had put there; `subject` is what is to blame."""

    cause: str
    subject: str
    before: Request
    after: Request
    lost: int


def breaks(requests: Iterable[Request], parts: Iterable[Part], is_meant: IsMeant) -> Iterator[Break]:
    """Of every conversation, where `after` came at a time that is meant."""
    came: dict[tuple[str, str], list[Part]] = {}
    for part in parts:
        if part.what in (NOTE, RESULT, SUMMARY):
            came.setdefault((part.session, part.agent), []).append(part)
    apart: dict[tuple[str, str], list[Request]] = {}
    for request in requests:
        if prompt_tokens(request):
            apart.setdefault((request.session, request.agent), []).append(request)
    for key, group in apart.items():
        group.sort(key=lambda request: request.at)
        held = sorted(came.get(key, ()), key=lambda part: part.at)
        times = [part.at for part in held]
        for before, after in pairwise(group):
            cached = before.read_tokens + before.write_5m_tokens + before.write_1h_tokens
            lost = min(cached, prompt_tokens(after)) - after.read_tokens
            if lost >= LOST_TOKENS and is_meant(after.at):
                between = held[bisect_right(times, before.at) : bisect_right(times, after.at)]
                cause, subject = cause_of(before, after, between, lost)
                yield Break(cause, subject or after.model, before, after, lost)


def cause_of(before: Request, after: Request, between: Sequence[Part], lost: int) -> tuple[str, str]:
    """The first of CAUSES that holds, and what is to blame ("" where the cause says all)."""
    if before.model != after.model:
        return SWITCHED, after.model
    if any(part.what == SUMMARY for part in between):
        return COMPACTED, ""
    if after.at - before.at > lifetime_s(before.write_1h_tokens > 0):
        return IDLE, ""
    notes = [part.target for part in between if part.what == NOTE]
    results = [part for part in between if part.what == RESULT]
    if any(note in LEAVING for note in notes):
        return RESUMED, ""
    changed = next((note for note in notes if note.startswith(VERSION)), "")
    if changed:
        return UPDATED, changed
    if CLEARED in notes or prompt_tokens(after) < prompt_tokens(before):
        return SHRUNK, ""
    loaded = next((part for part in results if part.tool == BRINGS_TOOLS), None)
    if (
        loaded is not None or not after.read_tokens
    ):  # tools come first in a prompt, so nothing is left where they change
        return TOOLS, loaded.target if loaded else ""
    skill = next((part.target for part in results if part.tool == BRINGS_SKILLS), "")
    skill = skill or next((note for note in notes if note.startswith("/")), "")
    if skill:
        return SKILLED, skill
    if INTERRUPTED in notes:
        return STOPPED, ""
    if lost <= before.write_5m_tokens + before.write_1h_tokens + JUST_TOKENS:
        return UNWRITTEN, ""
    return NOT_KNOWN, f"all behind the first {after.read_tokens:,} tokens"
