"""Where things are: the user's folder, a project's folder, the client's transcripts.

The environment is always an argument, so that tests and the daemon decide what it is.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from trimtab.errors import SettingsError, StoreError

FOLDER = ".claude-patterns"
LEDGER = "trimtab.db"
USER_LEDGER = "user.db"  # in the user's folder: metrics and alerts that are of no single project
OUTPUTS = "outputs"
CONFIG = "config.toml"
EXPERIMENT = "experiment.db"  # in the user's folder: an experiment is over all projects
USAGE_BOOK = "usage.db"
BUDGETS_FLAG = "budgets"  # in the user's folder, while any budget is not closed; `store.budgets` writes it
SLIMMED = "slimmed"  # in the user's folder: the projects with something switched off, one a line; hooks/gate reads it
PROJECTS = "projects.txt"  # in the user's folder: the data folders of all projects, one a line


def home_folder(environment: Mapping[str, str]) -> Path:
    """The user's home. Raises SettingsError when the environment and the system don't say."""
    for key in ("HOME", "USERPROFILE"):
        if environment.get(key):
            return Path(environment[key])
    if os.name == "posix":
        import pwd  # not on Windows

        try:
            return Path(pwd.getpwuid(os.getuid()).pw_dir)
        except KeyError:
            pass
    raise SettingsError("the home folder is unknown: set HOME to it")


def user_folder(environment: Mapping[str, str]) -> Path:
    """Data of the user over all projects."""
    return home_folder(environment) / FOLDER


def usage_path(environment: Mapping[str, str]) -> Path:
    """The usage book, over all of the user's projects."""
    return user_folder(environment) / USAGE_BOOK


def budgets_flag(environment: Mapping[str, str]) -> Path:
    """A file that is there while the user has any budget."""
    return user_folder(environment) / BUDGETS_FLAG


def ensure_user_folder(environment: Mapping[str, str]) -> Path:
    """The user's folder, made if missing, for its user alone; it ignores itself in git. Raises StoreError."""
    folder = user_folder(environment)
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as exc:
        raise StoreError(f"can't make the folder {str(folder)!r}: {exc}; check that it may be written to") from exc
    return folder


def daemon_folder(environment: Mapping[str, str]) -> Path:
    """The daemon's socket, log and status."""
    return user_folder(environment) / "daemon"


def client_folder(environment: Mapping[str, str]) -> Path:
    """The client's own folder, which has the transcripts."""
    custom = environment.get("CLAUDE_CONFIG_DIR")
    return Path(custom) if custom else home_folder(environment) / ".claude"


def client_state(environment: Mapping[str, str]) -> Path:
    """The client's `.claude.json`: beside its folder, in it where CLAUDE_CONFIG_DIR says where that is."""
    has_own = bool(environment.get("CLAUDE_CONFIG_DIR"))
    return (client_folder(environment) if has_own else home_folder(environment)) / ".claude.json"


def project_folder(project: Path, data_directory: str = FOLDER) -> Path:
    """A project's data; an absolute `data_directory` is taken as it is."""
    return project / data_directory


def ledger_path(project: Path, data_directory: str = FOLDER) -> Path:
    return project_folder(project, data_directory) / LEDGER


def outputs_folder(project: Path, data_directory: str = FOLDER) -> Path:
    """Outputs that were folded, whole."""
    return project_folder(project, data_directory) / OUTPUTS


def config_files(project: Path, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """The user's settings and the project's, which win."""
    return user_folder(environment) / CONFIG, project_folder(project) / CONFIG


def ensure_project_folder(project: Path, data_directory: str = FOLDER) -> Path:
    """The project's folder, made if missing; one that we make ignores itself in git. Raises StoreError."""
    folder = project_folder(project, data_directory)
    try:
        made = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        if made or not any(folder.iterdir()):  # empty: an earlier process was stopped between the two steps
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as exc:
        raise StoreError(f"can't make the folder {str(folder)!r}: {exc}; check that it may be written to") from exc
    return folder


def find_project(cwd: Path, environment: Mapping[str, str]) -> Path:
    """The project that `cwd` is in, for commands that the client did not start.

    The client's own word first; else the nearest folder upwards that has our data, else the nearest git work tree, else
    `cwd`. The home folder's own `.claude-patterns` is the user's, not a project's.
    """
    if environment.get("CLAUDE_PROJECT_DIR"):
        return Path(environment["CLAUDE_PROJECT_DIR"])
    user = user_folder(environment)
    upwards = (cwd, *cwd.parents)
    for mark in (FOLDER, ".git"):
        for folder in upwards:
            if (folder / mark).exists() and folder / mark != user:
                return folder
    return cwd


def subagent_transcript(transcript_path: Path, agent_id: str) -> Path:
    """Where the client writes a subagent's turns: in a folder beside the session's transcript."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", agent_id)  # an id comes from an event: it must not lead elsewhere
    return transcript_path.with_suffix("") / "subagents" / f"agent-{name}.jsonl"


def subagent_transcripts(transcript_path: Path) -> dict[str, Path]:
    """The transcripts of all subagents of a session that are there, by agent id. Never raises."""
    try:
        found = sorted((transcript_path.with_suffix("") / "subagents").glob("agent-*.jsonl"))
    except OSError:
        return {}
    return {path.stem.removeprefix("agent-"): path for path in found}


def remember_project(user: Path, folder: Path) -> None:
    """Notes a project's data folder in the user's list, once. Never raises: only reports over all projects need it."""
    line = f"{folder.absolute()}\n"
    if "\n" in line[:-1]:
        return
    try:
        user.mkdir(parents=True, exist_ok=True)
        with (user / PROJECTS).open("a+", encoding="utf-8", errors="surrogateescape") as file:
            file.seek(0)
            if line not in file.readlines():
                file.write(line)
    except OSError:
        pass


def known_projects(user: Path) -> list[Path]:
    """The data folders of all projects that have a ledger, in the order in which they were first seen. Never raises."""
    try:
        text = (user / PROJECTS).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    folders = [Path(line) for line in dict.fromkeys(text.split("\n")) if line]
    return [folder for folder in folders if (folder / LEDGER).is_file()]
