"""ModCold, ModRequest, ModFolded: our own events. Old results are folded before a cold cache is written anew.

    ModCold    {agent_id, is_whole} -> {"fold": whether the request is to be shown to us}
    ModRequest {agent_id, body}     -> {"text": the body with folds in it}, {"is_other": true} where it has none
    ModFolded  {agent_id}           -> {"is_kept": true}: the body will be sent so, and the next ones like it

Only where the user has switched it on (an option of the plugin trimtab-mods), and once in a pause: nothing that is
cached is lost by it. What was folded stays so in each later request of the conversation, which the cache then finds.
Where the module waited for an answer in vain it sent the request whole, and says so next time: then the folds end, as
the cache has the whole results now and new thinking may be bound to them.
"""

import json
import os
import time

from trimtab import tiers, tokens
from trimtab.handlers import compact_hint, outputs, post_tool_use
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text
from trimtab.handlers.loads import Loaded
from trimtab.history import refold
from trimtab.history.refold import Old
from trimtab.records import IntegrationMode, Metric

METRIC = "refolded"  # tokens that a cold prompt's folds take out of it
LONGEST_S = 2.0  # for the views of a request, chosen: the module waits longer at a cold prompt; the oldest come first


def cold(event: Event, desk: Desk) -> Reply | None:
    """Whether there is something to fold: what was folded before, or a cold cache in the main conversation."""
    store = desk.project(event).store
    folds = store.refolded(event.session, event.agent)
    if folds and event.data.get("is_whole") is True:
        store.end_refolded(event.session, event.agent, folds)
        folds = {}
    return {"fold": bool(folds) or is_due(event, desk)}


def is_due(event: Event, desk: Desk) -> bool:
    """Whether the conversation's cache is cold, and large, and nothing was decided in this pause."""
    chosen, conversation = desk.settings(event), desk.conversation(event)
    warmth = conversation.warmth
    if event.agent or chosen.mode is IntegrationMode.MONITORING_ONLY or desk.trial.is_off(event.session):
        return False
    if warmth.lost < chosen.cold_cache_tokens or not warmth.is_cold(desk.clock()):
        return False
    return desk.layer.decided.get(event.session) != warmth.used_at


def request(event: Event, desk: Desk) -> Reply | None:
    """The request with earlier folds, at a cold prompt with new folds too; these wait for the module's word."""
    try:
        body: object = json.loads(text(event.data, "body"))
    except (ValueError, RecursionError):
        return None
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(messages, list):
        return None
    desk.layer.pending.pop(event.session, None)  # of a request that was not sent so
    model = str(body.get("model"))
    folds = standing(event, desk, messages, model)
    if is_due(event, desk) and not refold.is_compaction(messages):
        is_free = refold.is_unbound({model, *desk.conversation(event).models})
        folds |= decide(
            event, desk, [old for old in refold.foldable(messages, is_free) if old.tool_use_id not in folds]
        )
    if not refold.put(messages, folds):
        return {"is_other": True}
    return {"text": json.dumps(body, ensure_ascii=False, separators=(",", ":"))}


def standing(event: Event, desk: Desk, messages: list[object], model: str) -> dict[str, str]:
    """The earlier folds of the request.

    At the first request to a newer model, which has nothing cached, those before a thought end: they were made while
    none was bound. From then on a thought before which there is a fold has read it.
    """
    store, models = desk.project(event).store, desk.conversation(event).models
    folds = dict(store.refolded(event.session, event.agent))
    if folds and refold.is_unbound(models) and not refold.is_unbound([model]):
        ended = refold.before_thoughts(messages) & set(folds)
        store.end_refolded(event.session, event.agent, ended)
        models.add(model)
        folds = {call: fold for call, fold in folds.items() if call not in ended}
    return folds


def decide(event: Event, desk: Desk, found: list[Old]) -> dict[str, str]:
    """New folds, once in a pause, by the first request that has something to fold."""
    found = [old for old in found if not tiers.has_folds(old.text)]
    if not found:
        return {}
    desk.layer.decided[event.session] = desk.conversation(event).warmth.used_at
    new = folded(event, desk, found)
    saved = sum(tokens.estimate(old.text) - tokens.estimate(new.get(old.tool_use_id, old.text)) for old in found)
    desk.layer.pending[event.session] = new, saved
    return new


def folded(event: Event, desk: Desk, found: list[Old]) -> dict[str, str]:
    """By call, the view of each old result for which one is worth it at what writing it anew costs."""
    ends = time.monotonic() + LONGEST_S
    made: dict[str, str] = {}
    for old in found:
        if time.monotonic() > ends:
            break
        view = view_of(event, desk, old)
        if view:
            made[old.tool_use_id] = view
    return made


def view_of(event: Event, desk: Desk, old: Old) -> str:
    """The view of an old result by what the conversation is about now, "" where it stays.

    A file's lines have their numbers only while the file still has them; else it is an output, which is kept.
    """
    as_call = event._replace(tool=old.tool, tool_use_id=old.tool_use_id, tool_input=old.input)
    found = as_file(as_call, old) or Loaded(
        "Bash", text(old.input, "command") or f"{old.tool} {subject(old)}", old.text
    )
    settings, conversation = desk.settings(event), desk.conversation(event)
    whole = desk.parse(found, settings.rules)
    choice = post_tool_use.choose(whole, found, settings, conversation, desk, as_call)
    if choice.view is None:
        return ""
    if found.is_file:
        return choice.view.text
    place = post_tool_use.kept_at(as_call, settings)
    outputs.keep(place, "\n".join(whole.plan.content.lines))
    return f"{choice.view.text}\n{tiers.kept_line(place)}"


def subject(old: Old) -> str:
    return text(old.input, "file_path") or text(old.input, "pattern") or text(old.input, "url")


def as_file(event: Event, old: Old) -> Loaded | None:
    """A whole Read, where the file is still as it was read; None of anything else."""
    path = text(old.input, "file_path")
    if old.tool != "Read" or not path or "offset" in old.input or "limit" in old.input:
        return None
    now = compact_hint.text_of(os.path.join(event.folder, path))
    if now is None:
        return None
    is_same = tiers.numbered(now.removesuffix("\n"), 1).rstrip() == old.text.rstrip()
    return Loaded("Read", os.path.join(event.folder, path), now.removesuffix("\n"), 1) if is_same else None


def kept(event: Event, desk: Desk) -> Reply | None:
    """The module will send the request as it was told: its folds are kept for the next ones."""
    new, saved = desk.layer.pending.pop(event.session, ({}, 0))
    if new:
        store = desk.project(event).store
        store.keep_refolded(event.session, event.agent, new)
        tags = (("session", event.session), ("results", str(len(new))))
        store.add_metric(Metric(desk.clock(), METRIC, saved, "layer", tags))
    return {"is_kept": True}
