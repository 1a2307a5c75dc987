"""PreToolUse of an agent: the model and effort that the table of groups names for its task, where nobody chose others.

In client 2.1.328 what the call names goes before the agent's own file, and that before the user's variable; so who of
them has chosen is looked at here. An agent whose file is not found (of a plugin that is loaded from a folder, or given
on the command line) keeps what it has, and so does one that runs with something cheaper already.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from trimtab import groups, jobs, paths
from trimtab.handlers import rivals
from trimtab.handlers.desk import Desk
from trimtab.handlers.events import Event, asked_type, mapping, text
from trimtab.records import IntegrationMode

BUILT_IN = ("explore", "plan", *groups.FOR_ANYTHING)  # the client's own, which inherit
OURS = "trimtab-agents"
VARIABLES = {"model": "CLAUDE_CODE_SUBAGENT_MODEL", "effort": "CLAUDE_CODE_SUBAGENT_EFFORT"}
NAMES = re.compile(r"^(name|model|effort):[ \t]*[\"']?([^\"'\n#]*?)[\"']?[ \t]*$", re.M)
HEAD_CHARACTERS, MOST_FILES = 4_000, 2_000  # of an agent's file, its frontmatter; files looked at. Chosen
INHERIT = "inherit"  # in an agent's file: what whoever starts it has, which is no choice


def chosen(event: Event, desk: Desk) -> dict[str, str]:
    """What of `model` and `effort` the call is to get; {} for nothing. Never raises for files that can't be read."""
    settings = desk.users_settings(event)
    if settings.agent_models != "on" or settings.mode is IntegrationMode.MONITORING_ONLY:
        return {}
    kind = asked_type(event)
    group = groups.ways_of(kind, settings.groups, settings.group_table)
    wanted = group and jobs.read(getattr(group, jobs.size_of(len(text(event.tool_input, "prompt")))))
    if not wanted or not any(wanted):
        return {}
    own = own_choice(kind, event, desk)
    if own is None:
        return {}
    given = {name: value for name, value in wanted._asdict().items() if value and is_free(name, event, own)}
    now = {
        "model": (jobs.family_of(desk.conversation(event).model), jobs.MODELS),
        "effort": (text(mapping(event.data, "effort"), "level"), jobs.EFFORTS),
    }
    return {name: value for name, value in given.items() if jobs.is_cheaper(value, *now[name])}


def is_free(name: str, event: Event, own: jobs.Choice) -> bool:
    """Whether neither the call, nor the agent's file, nor the user's variable has chosen it."""
    return not (text(event.tool_input, name) or getattr(own, name) or event.environment.get(VARIABLES[name]))


def changed(event: Event, given: dict[str, str]) -> dict[str, object]:
    """The reply that starts the agent so."""
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": {**event.tool_input, **given}}}


def own_choice(kind: str, event: Event, desk: Desk) -> jobs.Choice | None:
    """What the agent's own file says; of several that may be meant what any says. None where there is no file."""
    found = [named for file in files(kind, event, desk) if (named := of_file(file, kind)) is not None]
    if not found:
        return jobs.Choice() if kind.casefold() in BUILT_IN else None
    model = next((one.model for one in found if one.model), "")
    return jobs.Choice(model, next((one.effort for one in found if one.effort), ""))


def files(kind: str, event: Event, desk: Desk) -> Iterator[Path]:
    """The files that may be the agent's: of the project, of the user, and of the plugin that its name begins with."""
    client = paths.client_folder({"HOME": str(desk.home), **event.environment})
    plugin = kind.partition(":")[0] if ":" in kind else ""
    folders = [event.folder / ".claude", event.project / ".claude", client]
    if plugin == OURS:
        folders = [Path(event.environment.get("ROOT", "")) / OURS]
    if plugin:
        folders += [Path(root) for root in rivals.plugin_roots(client) if plugin in Path(root).parts]
    left = MOST_FILES
    for folder in dict.fromkeys(folders):
        for file in (folder / "agents").rglob("*.md"):
            left -= 1
            if left < 0:
                return
            yield file


def of_file(file: Path, kind: str) -> jobs.Choice | None:
    """What a file says of the agent's model and effort; None where it is another agent's, or can't be read."""
    head = rivals.content(file)[:HEAD_CHARACTERS]
    if not head.startswith("---"):
        return None
    given = dict(NAMES.findall(head[3:].partition("\n---")[0]))
    if given.get("name", file.stem).strip().casefold() != kind.rpartition(":")[2].casefold():
        return None
    return jobs.Choice("" if given.get("model") == INHERIT else given.get("model", ""), given.get("effort", ""))
