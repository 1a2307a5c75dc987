"""PostToolUse: a tool has brought something in. It is shown as the view that is worth its tokens, or left as it is.

A file's view has its line numbers; an output's lines are as they are, and its last line names the file that has it
whole. A targeted read, and whatever has no text to trim, passes as it is.
"""

import math
import re
from pathlib import Path

from trimtab import groups, messages, paths, policy, prices, tiers, tokens
from trimtab.content import commands
from trimtab.handlers import budget_gate, loads, outputs, parsed, reports, tasks, wrapping
from trimtab.handlers.conversation import Conversation, Held
from trimtab.handlers.desk import Desk, Reply, Uncounted
from trimtab.handlers.events import Event, text
from trimtab.handlers.loads import Loaded
from trimtab.handlers.parsed import Parsed
from trimtab.records import Fold, Load, Message, Tier, View
from trimtab.relevance.task import CHANGED_IF_NAMED, assess
from trimtab.settings import Settings

NOT_READ = "the rest of the file"
SMALLEST = 600  # characters: below it no view can save the least that is worth one
SEAM_TOKENS = 1  # that two texts may have more as one: what is at their seam is parted in another way
LEAST_PROMPT_TOKENS = 2_000  # the client's tools alone are more: a smaller figure is no measurement
WHOLE = re.compile(
    r"\b(?:show|give|print|read|display|see|output|dump|paste|need)\b[^.\n]{0,30}"
    r"\b(?:whole|entire|full|complete)\s+(?:\w+\s+)?(?:file|output|text|content|log)s?\b",
    re.I,
)


def handle(event: Event, desk: Desk) -> Reply | None:
    if event.tool == "Bash":
        event = wrapping.unwrapped(event, desk)
    elif event.tool in ("Agent", "Task"):
        report = budget_gate.handed_back(event, desk, text(loads.response(event), "agentId"))
        tasks.record(event, desk, report)
        if report:
            return loads.replacement(event, report)
    found = loads.loaded(event)
    view = view_of(event, desk, found) if found else ""
    return loads.replacement(event, view) if view else None


def view_of(event: Event, desk: Desk, found: Loaded) -> str:
    """What is shown of the load instead, "" where it stays as it is; recorded in either case."""
    settings = desk.settings(event)
    conversation = desk.conversation(event)
    reason = why_whole(found, settings, conversation)
    if reason:
        record(event, desk, found, None, Tier.COMPLETE, reason, None)
        return ""
    if found.tool == "Agent":
        found = found._replace(given=reports.known(found, event, conversation, settings.groups))
    whole = desk.parse(found, settings.rules)
    group = group_of(event, settings)
    reason = ""
    if group and not found.preview:  # what the client cuts is always weighed
        reason = why_whole_for(group, whole.plan.content.kind, change_of(found, conversation))
    if reason:
        record(event, desk, found, whole, Tier.COMPLETE, reason, None)
        return ""
    choice = choose(whole, found, settings, conversation, desk, event)
    held_back = desk.held_back(event, whole.plan.content.kind) if choice.view else ""
    if choice.view is None or held_back:
        record(event, desk, found, whole, Tier.COMPLETE, would_be(choice, held_back), None)
        return ""
    return shown(event, desk, found, whole, choice, conversation, settings)


def would_be(choice: policy.Choice, held_back: str) -> str:
    """The reason for the ledger why a load is shown whole; of a view that is held back, what it would have been."""
    if choice.view is None or not held_back:
        return choice.reason
    return f"{held_back}; would be {choice.tier.value}, about {choice.view.tokens} tokens, {choice.reason}"


def shown(
    event: Event,
    desk: Desk,
    found: Loaded,
    whole: Parsed,
    choice: policy.Choice,
    conversation: Conversation,
    settings: Settings,
) -> str:
    """The text of the choice's view, recorded and held; an output is kept first, for its folds to be read."""
    view = choice.view
    assert view is not None, "only a view is shown"
    place = Path(found.name)
    if not found.is_file:
        place = kept_at(event, settings)
        outputs.keep(place, "\n".join(whole.plan.content.lines))
        view = view._replace(text=f"{view.text}\n{tiers.kept_line(place)}")
    lines = whole.plan.content.lines
    start = max(1, found.start)
    rest = start + len(lines)  # the first line that the client has not read
    if rest <= found.total:
        line = tiers.fold_line(Fold(rest, found.total, (NOT_READ,)))
        view = view._replace(text=f"{view.text}\n{line}", tokens=view.tokens + tokens.estimate(line))
    record(event, desk, found, whole, choice.tier, choice.reason, view)
    hidden = "\n".join(["\n".join(lines[f.first - start : f.last - start + 1]) for f in view.folds])
    conversation.hold(Held(event.tool_use_id, str(place), view.folds, hidden, hash(found.text), found.name))
    return view.text


def kept_at(event: Event, settings: Settings) -> Path:
    """The file that has an output whole."""
    return outputs.file_for(paths.outputs_folder(event.project, settings.data_directory), event.tool_use_id)


def why_whole(found: Loaded, settings: Settings, conversation: Conversation) -> str:
    """Why the load is shown whole without weighing it, "" where it is weighed."""
    if found.is_targeted:
        return "a targeted read"
    if len(found.preview or found.text) < SMALLEST:
        return "small"
    if found.is_file and settings.data_directory in Path(found.name).parts:
        return "a file of ours"
    if found.tool == "Bash" and not found.preview and commands.wants_everything(found.name):
        return "the command prints what it was asked for"
    if "\0" in found.text or "\ufffd" in found.text:
        return "not clean text: the client warns of it"
    if tiers.has_folds(found.text):
        return "holds lines that look like our folds"
    if WHOLE.search(conversation.interest.task[:2_000]):
        return "the prompt asks for the whole of it"
    return conversation.wants_all(found.name, hash(found.text))


def group_of(event: Event, settings: Settings) -> groups.Group | None:
    """The group by which an agent's loads are shown; None in the main conversation and where it has no say."""
    is_asked = event.agent and settings.group_tiers
    ways = groups.ways_of(text(event.data, "agent_type"), settings.groups, settings.group_table)
    return ways if is_asked else None


def by_group(group: groups.Group, now: policy.Circumstances, is_meant: bool) -> policy.Circumstances:
    """The circumstances for an agent of the group: what a miss counts and the least tier, of what they are meant of."""
    if not is_meant:
        return now
    objectives = now.objectives._replace(recall=now.objectives.recall * group.care)
    return now._replace(objectives=objectives, least_tier=Tier(group.tier))


def change_of(found: Loaded, conversation: Conversation) -> float:
    """The chance that the agent changes the load."""
    return assess(conversation.interest, found.path).change if found.path else 0.0


def is_of(group: groups.Group, kind: str, change: float) -> bool:
    """Whether the group's tier is of this load; `change` is the chance that the agent changes it."""
    return group.of in ("", kind) or (group.of == groups.NAMED and change >= CHANGED_IF_NAMED)


def why_whole_for(group: groups.Group, kind: str, change: float) -> str:
    """Why an agent of the group sees a load whole, "" where it is weighed."""
    if Tier(group.tier) is not Tier.COMPLETE or not is_of(group, kind, change):
        return ""
    if group.of == groups.NAMED:
        return f"{group.name} sees a file whole that its task names"
    return f"{group.name} sees {f'a {kind}' if group.of else 'everything'} whole"


def choose(
    whole: Parsed,
    found: Loaded,
    settings: Settings,
    conversation: Conversation,
    desk: Desk,
    event: Event,
    most_characters: float = math.inf,
) -> policy.Choice:
    """The view that is worth its tokens; of what the client cuts one of no more tokens than the client shows.

    `most_characters` is for such a view, without the line that names the kept file.
    """
    project = desk.project(event)
    known = conversation.prompt_tokens
    prompt_tokens = known if known >= LEAST_PROMPT_TOKENS else policy.PROMPT_TOKENS
    now = policy.Circumstances(
        prices.Book(settings.prices).relative(conversation.model, conversation.ttl_1h),
        prompt_tokens,
        project.store.factor_of(conversation.model, event.tool).value,
        settings.level,
        policy.requests_to_come(conversation.requests, project.lengths, prompt_tokens),
        settings.least_saved_tokens,
        settings.least_saved_share,
        policy.Objectives(settings.cost_weight, settings.recall_weight, settings.delay_weight),
        budget_gate.price_of_tokens(event, desk),
    )
    group = group_of(event, settings)
    if group is not None:
        now = by_group(group, now, is_of(group, whole.plan.content.kind, change_of(found, conversation)))
    room = None
    if found.preview:
        last_line = tokens.bounds(f"\n{tiers.kept_line(kept_at(event, settings))}")[1] + SEAM_TOKENS
        room = max(0, tokens.bounds(found.preview)[0] - last_line)
    need = parsed.need_of(whole, conversation.interest, event.tool, found.path)
    return policy.choose(whole.plan, need, max(1, found.start), now, found.is_file, room, most_characters)


def record(
    event: Event, desk: Desk, found: Loaded, whole: Parsed | None, tier: Tier, reason: str, view: View | None
) -> None:
    """The ledger's row for the load: what the client would have shown and what is shown, estimates until counted."""
    shown = None if view is None else loads.cell(view.text) if found.is_file else view.text
    uncounted = Uncounted(found.preview or found.text, found.start, shown)
    raw_tokens = whole.plan.sums[-1] if whole and not found.preview else tokens.estimate(uncounted.sent())
    load = Load(
        session=event.session,
        agent=event.agent,
        tool_use_id=event.tool_use_id,
        at=desk.clock(),
        tool=event.tool,
        path=found.name,
        kind=whole.plan.content.kind if whole else parsed.kind_of(found),
        tier=tier,
        reason=reason,
        raw_tokens=raw_tokens,
        shown_tokens=raw_tokens if view is None else view.tokens,
        counted=False,
        folds=() if view is None else view.folds,
        message=addressed(found, whole, desk.settings(event).groups),
    )
    desk.record(event, load, uncounted)


def addressed(found: Loaded, whole: Parsed | None, own: groups.Members) -> Message | None:
    """Who wrote the load to whom, with its priority; None for what is no message."""
    if found.message is None:
        return None
    priority = whole.priority if whole else None
    if priority is None:  # it was not taken apart as a message
        priority = messages.priority(messages.read(found.text), groups.group_of(found.message.sender, own))
    return found.message._replace(priority=priority.value)
