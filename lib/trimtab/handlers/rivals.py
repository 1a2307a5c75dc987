"""Whether somebody else's hook may change a command too: of two changes the client takes the one that comes last.

It may be a user's own guard (`rm` into the trash, a sandbox), which must never be lost to our view of an output.
"""

import json
from collections.abc import Iterator
from pathlib import Path

EVENT = '"PreToolUse"'
SETTINGS = ("settings.json", "settings.local.json")


def has_rivals(client_folder: Path, project: Path, own_root: str) -> bool:
    """Whether a PreToolUse hook other than our own is set up for the user, the project, or by an installed plugin.

    Looks for the event's name alone, whatever it is for. `client_folder` is where the client keeps the user's
    settings; `own_root` is our plugin's. Never raises: what can't be read is taken for none.
    """
    files = [folder / name for folder in (client_folder, project / ".claude") for name in SETTINGS]
    files += [
        Path(root) / "hooks" / "hooks.json" for root in plugin_roots(client_folder) if not is_ours(Path(root), own_root)
    ]
    return any(EVENT in content(file) for file in files)


def plugin_roots(client_folder: Path) -> Iterator[str]:
    """The folders of the plugins that are installed, wherever the client's list has them."""
    try:
        listed: object = json.loads(content(client_folder / "plugins" / "installed_plugins.json") or "null")
    except (ValueError, RecursionError):
        return
    waiting = [listed]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("installPath"), str):
                yield part["installPath"]
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def is_ours(root: Path, own_root: str) -> bool:
    return str(root) == own_root or '"name": "trimtab"' in content(root / ".claude-plugin" / "plugin.json")


def content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""
