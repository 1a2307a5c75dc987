"""PostToolUse: a tool has brought something in. A file that was read is shown as the view that is worth its tokens.

The view goes back in the shape of a notebook with one cell, the only one in which the client keeps line numbers with
gaps as they are. A targeted read (offset or limit), and whatever is no text of a file, passes as it is.
"""

from pathlib import Path
from typing import NamedTuple

from trimtab import content, policy, prices, relevance, tiers, tokens
from trimtab.handlers.conversation import Conversation, Held
from trimtab.handlers.desk import Desk, Parsed, Reply, Uncounted
from trimtab.handlers.events import Event, mapping, number, text
from trimtab.records import IntegrationMode, Load, Tier, View
from trimtab.settings import Settings

SMALLEST = 600  # characters: below it no view can save the least that is worth one
PROMPT_TOKENS = 65_000  # until the transcript tells: recorded sessions go from 38 k to 92 k (medians)
LEAST_PROMPT_TOKENS = 2_000  # the client's tools alone are more: a smaller figure is no measurement
CELL = "view"


class File(NamedTuple):
    """A Read's result: the text that the client is about to show and the number of its first line."""

    path: str
    text: str
    start: int


def handle(event: Event, desk: Desk) -> Reply | None:
    file = file_read(event)
    if file is None:
        return None
    settings = desk.settings(event)
    conversation = desk.conversation(event)
    reason = why_whole(event, file, settings, conversation)
    if reason:
        record(event, desk, file, None, Tier.COMPLETE, reason, None)
        return None
    parsed = desk.parse(file.path, file.text)
    choice = choose(parsed, file, settings, conversation, desk, event)
    watching = settings.mode is IntegrationMode.MONITORING_ONLY
    if choice.view is None or watching:
        would = f"only watching; would be {choice.tier.value}, " if watching and choice.view else ""
        record(event, desk, file, parsed.plan, Tier.COMPLETE, would + choice.reason, None)
        return None
    shown = choice.view
    record(event, desk, file, parsed.plan, choice.tier, choice.reason, shown)
    lines = parsed.plan.content.lines
    hidden = "\n".join(line for f in shown.folds for line in lines[f.first - file.start : f.last - file.start + 1])
    conversation.hold(Held(event.tool_use_id, file.path, shown.folds, hidden, hash(file.text)))
    return replacement(file.path, shown.text)


def file_read(event: Event) -> File | None:
    """The text file that a Read brought in, None for anything else (images, notebooks, PDFs, other tools)."""
    response = event.tool_response
    if event.tool != "Read" or not isinstance(response, dict) or response.get("type") != "text":
        return None
    file = mapping(response, "file")
    body = file.get("content")
    if not isinstance(body, str):
        return None
    start = number(file, "startLine") or 1
    path = event.folder / text(event.tool_input, "file_path")  # a relative path is relative to the client's folder
    return File(str(path), body, start)


def why_whole(event: Event, file: File, settings: Settings, conversation: Conversation) -> str:
    """Why the load is shown whole without weighing it, "" where it is weighed."""
    if number(event.tool_input, "offset") is not None or number(event.tool_input, "limit") is not None:
        return "a targeted read"
    if len(file.text) < SMALLEST:
        return "small"
    if settings.data_directory in Path(file.path).parts:
        return "a file of ours"
    if "\0" in file.text or "\ufffd" in file.text:
        return "not clean text: the client warns of it"
    if tiers.FOLD_LINE.search(file.text):
        return "holds lines that look like our folds"
    return conversation.wants_all(file.path, hash(file.text))


def choose(
    parsed: Parsed, file: File, settings: Settings, conversation: Conversation, desk: Desk, event: Event
) -> policy.Choice:
    rates = relevance.rate(parsed.plan.content, parsed.places, conversation.interest, file.path)
    made = tiers.cut(parsed.plan, rates)
    project = desk.project(event)
    now = policy.Circumstances(
        prices.relative(conversation.model, conversation.ttl_1h),
        conversation.prompt_tokens if conversation.prompt_tokens >= LEAST_PROMPT_TOKENS else PROMPT_TOKENS,
        project.store.factor_of(conversation.model, event.tool).value,
        settings.level,
        policy.requests_to_come(conversation.requests, project.lengths),
        settings.least_saved_tokens,
        settings.least_saved_share,
    )
    return policy.choose(made, file.start, now)


def record(
    event: Event, desk: Desk, file: File, plan: tiers.Plan | None, tier: Tier, reason: str, view: View | None
) -> None:
    """The ledger's row for the load: what the client would have shown and what is shown, estimates until counted."""
    raw_tokens = tokens.estimate(tiers.numbered(file.text, file.start)) if plan is None else plan.sums[-1]
    load = Load(
        session=event.session,
        agent=event.agent,
        tool_use_id=event.tool_use_id,
        at=desk.clock(),
        tool=event.tool,
        path=file.path,
        kind=plan.content.kind if plan else content.kind_of(file.path, file.text),
        tier=tier,
        reason=reason,
        raw_tokens=raw_tokens,
        shown_tokens=raw_tokens if view is None else view.tokens,
        counted=False,
        folds=() if view is None else view.folds,
    )
    desk.record(event, load, Uncounted(file.text, file.start, None if view is None else cell(view.text)))


def cell(text: str) -> str:
    """`text` as the model sees it on the wire, in a notebook's cell."""
    return f'<cell id="{CELL}">{text}</cell id="{CELL}">'


def replacement(path: str, shown: str) -> Reply:
    """The client's reply that shows `shown` instead of the file's text."""
    cells = [
        {"cellType": "code", "language": "python", "source": shown, "cell_id": CELL}
    ]  # any other language adds a tag
    output = {"type": "notebook", "file": {"filePath": path, "cells": cells}}
    return {"hookSpecificOutput": {"hookEventName": "PostToolUse", "updatedToolOutput": output}}
