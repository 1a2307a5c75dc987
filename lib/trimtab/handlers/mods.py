"""The events of the second layer, our own: what the client's hook module (`trimtab-mods/`) asks, and what it is told.

    ModStart    {source, parts, tools}  -> {"parts": [...], "wait": [names of tools]}, once a session
    ModTool     {tool, description}     -> {"description": text}
    ModSection  {section, text}         -> {"text": text}
    ModListing  {type, listing, prompt} -> {"text": text}
    ModResult   {tool, tool_input, tool_use_id, result, is_error} -> {"text": text}

No opinion is an empty answer, and leaves the client's own. The same question has the same answer for a session: what
was sent once must not change, for the prompt cache. What is left out is kept whole in the user's folder `whole`, whose
file the text names.
"""

import hashlib
import os
import re
from collections.abc import Collection
from pathlib import Path

from trimtab import paths, tiers, tokens
from trimtab.errors import StoreError
from trimtab.handlers import failed_command, loads, outputs, post_tool_use
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text
from trimtab.handlers.loads import Loaded
from trimtab.prompt import listings, shorter
from trimtab.prompt import waiting as waiting_tools
from trimtab.records import IntegrationMode, Layered
from trimtab.usage import calls

WHOLE = "whole"
TOOLS, DESCRIPTIONS, LISTINGS, MEMORY, RESULTS = "tools", "descriptions", "listings", "memory", "results"
PARTS = (TOOLS, DESCRIPTIONS, LISTINGS, MEMORY, RESULTS)
FRAMED = re.compile(r"(<system-reminder>\n)(.*?)(\n</system-reminder>\n?)", re.DOTALL)
PARAGRAPH = "\n\n"
NEW = ("startup", "clear")  # sources of a session of which nothing was sent yet
WEEKS_S = 4 * 7 * 86_400.0  # of which calls count as lately; chosen
MOST_PROMPT = 20_000  # characters that are looked at, chosen
MOST_LISTINGS = 20  # of a session, whose likely names are kept, chosen: one has a listing of each kind and few changes
SKILLS, AGENTS, WAITING = "skill_listing", "agent_listing_delta", "deferred_tools_delta"
REST = "(Trimtab left the rest out. Before you save a memory, or use or delete one, read {file})"
MORE = "(Shortened by Trimtab; the whole text: {file})"


def start(event: Event, desk: Desk) -> Reply | None:
    """Which parts of the layer are in force in the session, and which tools wait; none where all is shown whole.

    What a session began with it keeps: one that is resumed sends again what it sent. One that began without the layer
    gets only what changes nothing that was sent. Whether this answer came in time shows when the module asks more.
    """
    desk.conversation(event)
    begun = desk.project(event).store.layered(event.session)
    if begun is None:
        is_new = text(event.data, "source") in NEW
        begun = (
            begin(event, desk) if is_new else Layered(event.session, (RESULTS,) if RESULTS in asked(event) else (), ())
        )
        desk.layer.promise(begun)
    if desk.settings(event).mode is IntegrationMode.MONITORING_ONLY or desk.trial.is_off(event.session):
        begun = begun._replace(parts=tuple(part for part in begun.parts if part != RESULTS))
    return {"parts": begun.parts, "wait": begun.waiting} if begun.parts else None


def begin(event: Event, desk: Desk) -> Layered:
    """What the layer does in a session that is new."""
    chosen = desk.settings(event)
    if chosen.mode is IntegrationMode.MONITORING_ONLY or desk.trial.is_off(event.session):
        return Layered(event.session, (), ())
    parts = tuple(part for part in PARTS if part in asked(event))
    used, sessions = history(event, desk)
    waiting = waiting_tools.chosen(listed(event, "tools"), used, sessions) if TOOLS in parts else ()
    return Layered(event.session, parts, tuple(waiting), used=tuple(sorted(used)))


def asked(event: Event) -> Collection[str]:
    """The parts that the user has not switched off, as the module says."""
    return listed(event, "parts")


def listed(event: Event, key: str) -> list[str]:
    """The texts in the list at `key`; none where there is no list."""
    given = event.data.get(key)
    return [part for part in given if isinstance(part, str)] if isinstance(given, list) else []


def history(event: Event, desk: Desk) -> tuple[Collection[str], int]:
    """What the project's sessions of the last weeks called (tools, skills, agents), and how many those sessions are.

    As far as the usage book has them; none of a book that can't be used.
    """
    project, since = os.path.realpath(event.project), desk.clock() - WEEKS_S
    try:
        book = desk.usage()
        requests = book.requests(project=project, since=since)
        called = [*calls.of_model(book.arrivals(project=project, since=since)), *calls.of_agents(requests)]
    except StoreError as exc:
        desk.complain(exc, "layer")
        return (), 0
    return {call.name for call in called}, len({request.session for request in requests})


def begun_in(event: Event, desk: Desk) -> Layered | None:
    """What the layer does in the session, recorded now that the module goes by it; None where it never began."""
    store = desk.project(event).store
    begun = store.layered(event.session)
    if begun is None:
        begun = desk.layer.promised(event.session)
        if begun is not None:
            store.keep_layered(begun)
    return begun


def tool(event: Event, desk: Desk) -> Reply | None:
    """A tool's description, shortened, where that pays."""
    begun = begun_in(event, desk)
    if begun is None or DESCRIPTIONS not in begun.parts:
        return None
    whole = text(event.data, "description")
    short = shorter.shortened(whole)
    return told(whole, short, kept_whole(desk, f"tool-{text(event.data, 'tool')}", whole), "description")


def section(event: Event, desk: Desk) -> Reply | None:
    """The first paragraph of the system prompt's section on the client's memory, which says where that is."""
    begun = begun_in(event, desk)
    whole = text(event.data, "text")
    heading, _, rest = whole.strip().partition(PARAGRAPH)
    if begun is None or MEMORY not in begun.parts or not heading.startswith("# "):
        return None
    kept = f"{heading}\n\n{rest.partition(PARAGRAPH)[0]}"
    return told(whole, kept, kept_whole(desk, "memory", whole), "text", REST)


def told(whole: str, short: str, file: Path, key: str, line: str = MORE) -> Reply | None:
    """`short` with the line that names `file`, which then has the whole; None where that saves too little."""
    made = f"{short}\n\n{line.format(file=file)}"
    if not shorter.is_worth(tokens.estimate(whole), tokens.estimate(made)):
        return None
    outputs.keep(file, whole)
    return {key: made}


def kept_whole(desk: Desk, name: str, whole: str) -> Path:
    """The file that has the shortened text `whole`, and no other: projects, sessions and models have their own.

    `name` comes from the client, and must not lead elsewhere.
    """
    safe = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in name)
    return paths.user_folder({"HOME": str(desk.home)}) / WHOLE / f"{safe}-{digest(whole)}.md"


def digest(whole: str) -> str:
    """What tells a text from others, the same in each process: 8 hex digits, for the model pays for them."""
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:8]


def listing(event: Event, desk: Desk) -> Reply | None:
    """A listing as the client frames it, with what the prompt makes likely; the list of waiting tools with ours."""
    kind, given = text(event.data, "type"), text(event.data, "listing")
    begun = begun_in(event, desk)
    framed = FRAMED.fullmatch(given)
    head, body, tail = framed.groups() if framed else ("", given, "")
    if begun is None:
        return None
    if kind == WAITING:
        said = waiting_tools.announced(body, begun.waiting)
        return {"text": f"{head}{said}{tail}"} if said != body else None
    if kind not in (SKILLS, AGENTS) or LISTINGS not in begun.parts:
        return None
    short = listings.cut(body, {*likely(event, desk, begun, body), *begun.used})
    reply = told(body, short, kept_whole(desk, "skills" if kind == SKILLS else "agents", body), "text")
    return reply and {"text": f"{head}{reply['text']}{tail}"}


def likely(event: Event, desk: Desk, begun: Layered, body: str) -> Collection[str]:
    """The names in a listing that the prompt made likely when the listing was first seen; later prompts change nothing.

    Of the prompt no more than these names is kept.
    """
    key, prompt = digest(body), text(event.data, "prompt")[:MOST_PROMPT]
    names = begun.likely.get(key)
    if names is not None or not prompt or len(begun.likely) >= MOST_LISTINGS:
        return names or ()
    names = tuple(sorted(listings.likely(body, prompt)))
    desk.project(event).store.keep_layered(begun._replace(likely={**begun.likely, key: names}))
    return names


def result(event: Event, desk: Desk) -> Reply | None:
    """A result as the transcript is about to keep it: a view without the cell around it, a failed command's view."""
    shown = text(event.data, "result")
    if event.data.get("is_error") is not True:
        bare = loads.bare(shown)
        return {"text": bare} if bare is not None and tiers.has_folds(bare) else None
    if event.tool != "Bash" or tiers.has_folds(shown):
        return None
    first, _, output = shown.partition("\n")
    whole = loads.trimmed(output)
    if not whole or not failed_command.EXIT.match(first):
        return None
    view = post_tool_use.view_of(event, desk, Loaded("Bash", text(event.tool_input, "command"), whole))
    return {"text": f"{first}\n{view}"} if view else None
