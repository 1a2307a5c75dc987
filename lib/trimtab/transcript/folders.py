"""Where the client keeps transcripts, and which files are there.

    <client folder>/projects/<project folder>/<session>.jsonl                        the main conversation
                                              <session>/subagents/**/agent-<id>.jsonl  a subagent's (clients 2.1)
                                              agent-<id>.jsonl                         a subagent's (clients 2.0)

The client folder is what CLAUDE_CONFIG_DIR says (several, separated by commas, as other meters read it), else `.claude`
in the home folder and `claude` in XDG_CONFIG_HOME or `.config`. A project folder's name is the working folder's with
every sign that is no letter or digit turned into `-`, so it can't be turned back: the lines say `cwd`.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ENDING, AGENT, SUBAGENTS = ".jsonl", "agent-", "subagents"
NO_TRANSCRIPTS = {"tool-results", "memory"}  # folders of a session or of a project
LONGEST_NAME = 200  # the client cuts a longer folder's name and adds a hash


class File(NamedTuple):
    """A transcript file as it stands now. `session` and `agent` are what its place says, "" where that says nothing."""

    path: str
    session: str
    agent: str
    folder: str  # the project folder's name
    device: int
    inode: int
    size_bytes: int
    modified_ns: int


def client_folders(environment: Mapping[str, str], home: Path) -> list[Path]:
    """The folders that may have transcripts, whether they exist or not."""
    given = [part.strip() for part in environment.get("CLAUDE_CONFIG_DIR", "").split(",")]
    if any(given):
        return [Path(part) for part in given if part]
    other = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    return [home / ".claude", other / "claude"]


def find(folders: Iterable[Path]) -> list[File]:
    """Every transcript below the folders, each file once, the one that was written to first coming first.

    A folder is a client's, the `projects` in it, or a project's. What can't be read is left out. Never raises.
    """
    found: dict[tuple[int, int], File] = {}
    for folder in folders:
        projects = folder / "projects"
        for file in walk(str(projects if projects.is_dir() else folder)):
            found.setdefault((file.device, file.inode), file)
    return sorted(found.values(), key=lambda file: (file.modified_ns, file.path))


def walk(folder: str) -> Iterator[File]:
    """The transcripts of a `projects` folder, or of one project's, which has transcripts itself."""
    found = entries(folder)
    if any(entry.name.endswith(ENDING) for entry in found):
        yield from within(folder, os.path.basename(folder.rstrip(os.sep)), "")
        return
    for entry in found:
        if entry.is_dir():
            yield from within(entry.path, entry.name, "")


def within(folder: str, project: str, session: str) -> Iterator[File]:
    """The transcripts in a project's folder or, with `session`, in that session's and below."""
    for entry in entries(folder):
        if entry.name.endswith(ENDING):
            yield from known(entry, project, session)
        elif "." not in entry.name and entry.name not in NO_TRANSCRIPTS and entry.is_dir():
            yield from within(entry.path, project, session or entry.name)


def known(entry: "os.DirEntry[str]", project: str, session: str) -> Iterator[File]:
    try:
        status = entry.stat()
    except OSError:
        return
    name = entry.name.removesuffix(ENDING)
    agent = name.removeprefix(AGENT) if name.startswith(AGENT) else ""
    if not agent and not session:
        session = name
    yield File(entry.path, session, agent, project, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def entries(folder: str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def of_session(transcript: Path) -> list[File]:
    """The files of one session, by its main transcript's path, which need not exist. Never raises."""
    folder, session = transcript.parent, transcript.name.removesuffix(ENDING)
    found = list(within(str(folder / session), folder.name, session))
    try:
        status = transcript.stat()
    except (OSError, ValueError):
        return found
    place = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return [File(str(transcript), session, "", folder.name, *place), *found]


def agent_type(file: File) -> str:
    """What kind of agent a subagent's file is of, by the `.meta.json` beside it; "" where none says. Never raises."""
    if not file.agent:
        return ""
    try:
        data: object = json.loads(Path(file.path.removesuffix(ENDING) + ".meta.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    kind = data.get("agentType") if isinstance(data, dict) else None
    return kind if isinstance(kind, str) else ""


def is_named_after(folder: str, cwd: str) -> bool:
    """Whether a project folder's name is the client's for the working folder `cwd`."""
    return re.sub(r"[^A-Za-z0-9]", "-", cwd)[:LONGEST_NAME] == folder[:LONGEST_NAME]
