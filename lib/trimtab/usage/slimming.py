"""What a recorded request does not say of its parts: where MCP servers and plugins come from, notes, commits.

Read from the client's own files (2.1.328): `.mcp.json`, `.claude.json`, `plugins/installed_plugins.json`, the folder of
the project's notes. What can't be read counts as not there, and what speaks for a part as in use.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from trimtab import paths
from trimtab.jsontext import read_object
from trimtab.prompt import texts
from trimtab.prompt.asked import COMMIT
from trimtab.prompt.audit import Audit
from trimtab.prompt.parts import UNSAFE
from trimtab.prompt.slim import Facts, Installed, Origin
from trimtab.prompt.used import Called
from trimtab.records import Arrival
from trimtab.store.usage import UsageStore
from trimtab.transcript.folders import client_folders
from trimtab.usage import calls, sources
from trimtab.usage.account import Scope

OURS = "trimtab"
NOTES_PLACE, ELSEWHERE = (
    b'"autoMemoryDirectory"',
    ("CLAUDE_COWORK_MEMORY_PATH_OVERRIDE", "CLAUDE_CODE_REMOTE_MEMORY_DIR"),
)
LONGEST_SLUG = 200  # a longer one the client cuts and gives a hash
POLICIES = tuple(
    Path(name)
    for name in ("/etc/claude-code", "/Library/Application Support/ClaudeCode", "C:/Program Files/ClaudeCode")
)
SILENT = {  # what a plugin does without being called, by its place and by its word in plugin.json
    "hooks": "it has hooks",
    ".lsp.json": "it has language servers",
    "lspServers": "it has language servers",
    "output-styles": "it has output styles",
    "outputStyles": "it has output styles",
    "bin": "it has programs",
    "monitors": "it has monitors",
    "themes": "it has themes",
    "settings.json": "it has settings",
    "settings": "it has settings",
}


def facts(store: UsageStore, found: Audit, environment: Mapping[str, str]) -> Facts:
    """For a project's audit, over the same time. Raises StoreError."""
    project, folder = Path(found.project), paths.client_folder(environment)
    state = read_object(paths.client_state(environment))
    scope = Scope(found.project, None, found.since, found.until)
    came = store.arrivals(None, found.project, found.since, found.until)
    called = calls.called(store, scope, client_folders(environment, paths.home_folder(environment)))
    return Facts(
        dict(server_origins(project, state, installed(folder))),
        dict(plugins(folder, called)),
        has_notes(project, folder, came, environment),
        sum(is_commit(arrival) for arrival in came) if found.requests else None,
        {call.name for call in called if call.kind == texts.INSTRUCTIONS},
    )


def part(data: object, *keys: str) -> dict[str, object]:
    """The object at `keys`, {} where there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def server_origins(
    project: Path, state: Mapping[str, object], roots: Mapping[str, Path]
) -> Iterator[tuple[str, Origin]]:
    """MCP servers by their names in tools' names; those of a project's .mcp.json last, as they win over the user's."""
    for plugin, root in roots.items():
        declared = part(read_object(root / ".claude-plugin" / "plugin.json"), "mcpServers")
        for name in {**part(read_object(root / ".mcp.json"), "mcpServers"), **declared}:
            full = f"plugin:{plugin.partition('@')[0]}:{name}"
            yield UNSAFE.sub("_", full), Origin(full, False)
    for name in {**part(state, "mcpServers"), **part(state, "projects", str(project), "mcpServers")}:
        yield UNSAFE.sub("_", name), Origin(name, False)
    for folder in (*reversed(project.parents), project):
        for name in part(read_object(folder / ".mcp.json"), "mcpServers"):
            yield UNSAFE.sub("_", name), Origin(name, True)


def installed(folder: Path) -> dict[str, Path]:
    """The installed plugins' folders by their ids ("boat@market"). Never raises."""
    found = {}
    for name, places in part(read_object(folder / "plugins" / "installed_plugins.json"), "plugins").items():
        for place in places if isinstance(places, list) else ():
            if isinstance(place, dict) and isinstance(place.get("installPath"), str):
                found[name] = Path(place["installPath"])
    return found


def plugins(folder: Path, called: Iterable[Called]) -> Iterator[tuple[str, Installed]]:
    """The installed plugins by name, and why one must stay on."""
    roots = installed(folder)
    names = {call.name for call in called}
    for plugin, root in roots.items():
        name = plugin.partition("@")[0]
        is_double = sum(other.partition("@")[0] == name for other in roots) > 1
        yield name, Installed(plugin, "two plugins have this name" if is_double else reason(name, root, names))


def reason(name: str, root: Path, called: set[str]) -> str:
    """Why a plugin must stay on, "" where nothing speaks for it."""
    if name == OURS:
        return "it is Trimtab"
    if any(one.startswith(f"{name}:") for one in called):
        return "it was used"
    own = {one for folder in ("commands", "skills", "agents") for one in sources.names(root / folder)}
    if own & called:
        return "it was used"
    declared = read_object(root / ".claude-plugin" / "plugin.json")
    does = [why for key, why in SILENT.items() if key in declared or (root / key).exists()]
    return does[0] if does else "" if root.is_dir() else "its folder is gone"


def has_notes(project: Path, folder: Path, came: Iterable[Arrival], environment: Mapping[str, str]) -> bool:
    """Whether the client has notes of its own on the project, or wrote or read any; also where they may be elsewhere.

    It keeps them by the repository, for all of its working copies with the main one, cuts a folder's long name, and
    takes other places from settings and two variables (client 2.1.328, read in its code). Never raises.
    """
    try:
        homes = {*(home for root in (project, project.resolve()) for home in (root, *working_copies(root)))}
        if any(environment.get(name) for name in ELSEWHERE) or any(map(names_place, settings_files(folder, homes))):
            return True
        slugs = {re.sub(r"[^A-Za-z0-9]", "-", str(home)) for home in homes}
        places = [folder / "projects" / slug / "memory" for slug in slugs]
        if max(map(len, slugs)) > LONGEST_SLUG or any(place.is_dir() and any(place.iterdir()) for place in places):
            return True
    except (OSError, ValueError):
        return True
    return any(arrival.target.startswith(tuple(f"{place}/" for place in places)) for arrival in came)


def working_copies(project: Path) -> Iterator[Path]:
    """The git working copy that the project is in, and the main one. Raises OSError or ValueError."""
    top = next((folder for folder in (project, *project.parents) if (folder / ".git").exists()), None)
    if top is None:
        return
    yield top
    if (top / ".git").is_file():
        own = top / (top / ".git").read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        if (own / "commondir").is_file():  # a submodule has none
            common = (own / (own / "commondir").read_text(encoding="utf-8").strip()).resolve()
            yield common.parent if common.name == ".git" else common


def settings_files(folder: Path, homes: Iterable[Path]) -> Iterator[Path]:
    """The client's settings: an organisation's, the user's, the projects'. Those of its command line are not known."""
    for policy in POLICIES:
        yield from (policy / "managed-settings.json", *(policy / "managed-settings.d").glob("*.json"))
    yield from (folder / "settings.json", folder / "remote-settings.json")
    for home in homes:
        yield from (home / ".claude" / "settings.json", home / ".claude" / "settings.local.json")


def names_place(file: Path) -> bool:
    """Whether a settings file says where notes are. Raises OSError."""
    return file.is_file() and NOTES_PLACE in file.read_bytes()


def is_commit(arrival: Arrival) -> bool:
    """Whether it is of a command that commits or opens a pull request."""
    return arrival.what == "result" and arrival.tool == "Bash" and COMMIT.search(arrival.target) is not None
