"""What a command looks at: the project, its ledger, the settings in force and where each of them came from."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from trimtab import paths, settings

DEFAULT = "default"


class Place(NamedTuple):
    """A project as a command sees it; `sources` says by setting which file or variable its value came from."""

    project: Path
    ledger: Path
    settings: settings.Settings
    sources: dict[str, str]
    complaints: list[str]


def find(project: Path | None, cwd: Path, environment: Mapping[str, str]) -> Place:
    """The given project, else the one that `cwd` is in; by its real path, as the client writes it."""
    folder = Path(os.path.realpath(project if project is not None else paths.find_project(cwd, environment)))
    files = paths.config_files(folder, environment)
    known = {**plugin_options(paths.client_folder(environment)), **environment}
    found, complaints = settings.load(files, known)
    ledger = paths.ledger_path(folder, found.data_directory)
    return Place(folder, ledger, found, sources(files, known), complaints)


def sources(files: tuple[Path, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """By setting, the last place that gave it an allowed value."""
    found = {setting.name: DEFAULT for setting in settings.TABLE}
    for file in files:
        given, _ = settings.read(file)
        for name in given:
            setting = settings.BY_NAME.get(name)
            if setting is None or (setting.of_user and file != files[0]):
                continue
            if settings.of_file(setting, given[name]) is not None:
                found[name] = str(file)
    for prefix, place in ((settings.OPTION_PREFIX, "the plugin's option"), (settings.VARIABLE_PREFIX, "")):
        for setting in settings.TABLE:
            variable = prefix + setting.name.upper()
            text = environment.get(variable, "").strip()
            if text and settings.of_text(setting, text) is not None:
                found[setting.name] = place or variable
    return found


def plugin_options(client_folder: Path) -> dict[str, str]:
    """The options of our plugin that the client keeps, as the variables that it gives to hooks. Never raises."""
    try:
        data: object = json.loads((client_folder / "settings.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    configs = data.get("pluginConfigs") if isinstance(data, dict) else None
    found: dict[str, str] = {}
    for plugin, config in configs.items() if isinstance(configs, dict) else ():
        options = config.get("options") if isinstance(config, dict) else None
        if plugin.partition("@")[0] == "trimtab" and isinstance(options, dict):
            for key, value in options.items():
                if isinstance(value, (str, int, float)):
                    found[settings.OPTION_PREFIX + str(key).upper()] = settings.plain(value)
    return found
