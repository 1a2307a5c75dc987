"""Where the client keeps transcripts, and which files are there.

    <client folder>/projects/<project folder>/<session>.jsonl                        the main conversation
                                              <session>/subagents/**/agent-<id>.jsonl  a subagent's (clients 2.1)
                                              agent-<id>.jsonl                         a subagent's (clients 2.0)

The client folder is what CLAUDE_CONFIG_DIR says (several, separated by commas, as other meters read it), else `.claude`
in the home folder and `claude` in XDG_CONFIG_HOME or `.config`. A project folder's name is the working folder's with
every sign that is no letter or digit turned into `-`, so it can't be turned back: the lines say `cwd`.
"""

import errno
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from trimtab.transcript.lines import words

PROJECTS, ENDING, AGENT = "projects", ".jsonl", "agent-"
NO_TRANSCRIPTS = {"tool-results", "memory"}  # folders of a session or of a project
NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # it went away meanwhile, or is a link to nothing
LONGEST_NAME = 200  # the client cuts a longer folder's name and adds a hash


class File(NamedTuple):
    """A transcript file as it stands now. `session` and `agent` are what its place says, "" where that says nothing.

    Figures are such as SQLite takes, texts but for `path` such as UTF-8 has.
    """

    path: str
    session: str
    agent: str
    folder: str  # the project folder's name
    device: int
    inode: int
    size_bytes: int
    modified_ns: int

    def at(self, status: os.stat_result) -> "File":
        """The same file with what the system says of it now."""
        place = signed(status.st_dev), signed(status.st_ino)
        return File(*self[:4], *place, status.st_size, signed(status.st_mtime_ns))


class Found(NamedTuple):
    """Transcripts, and the folders and files that could not be looked at, each with why."""

    files: list[File]
    unreadable: list[tuple[str, str]]


def client_folders(environment: Mapping[str, str], home: Path) -> list[Path]:
    """The `projects` folders of the user's clients, whether they exist or not."""
    given = environment.get("CLAUDE_CONFIG_DIR", "")
    parts = [given] if os.path.isdir(given) else [part.strip() for part in given.split(",")]
    other = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    clients = [Path(part) for part in parts if part] or [home / ".claude", other / "claude"]
    return [client / PROJECTS for client in clients]


def find(folders: Iterable[Path]) -> Found:
    """Every transcript below the folders, each file once, the one that was written to first coming first.

    A folder is a client's, the `projects` in it, or a project's. Never raises.
    """
    found: dict[tuple[int, int, str], File] = {}
    walk = Walk()
    for folder in folders:
        for file in walk.projects(str(folder)):
            found.setdefault((file.device, file.inode, "" if file.inode else file.path), file)  # 0: it has no number
    return Found(sorted(found.values(), key=lambda file: (file.modified_ns, file.path)), walk.unreadable)


class Walk:
    """Looks for transcripts, into each folder once, whatever links lead there; notes what it could not look at."""

    def __init__(self) -> None:
        self.unreadable: list[tuple[str, str]] = []
        self._been: set[tuple[int, int]] = set()

    def projects(self, folder: str) -> Iterator[File]:
        """The transcripts of a client's folder, of its projects, or of one project, which has transcripts itself."""
        within = os.path.join(folder, PROJECTS)
        if os.path.isdir(within):
            folder = within
        name, found = os.path.basename(folder.rstrip(os.sep)), self._entries(folder)
        if name != PROJECTS and any(entry.name.endswith(ENDING) for entry in found):
            yield from self._below(found, name, "")
            return
        for entry in sorted(found, key=lambda entry: entry.is_symlink()):  # see _below
            if (file := self._known(entry, name, "")) is not None:
                yield file
            elif self._is_folder(entry):
                yield from self._below(self._entries(entry.path), entry.name, "")

    def session(self, folder: str, project: str, session: str) -> Iterator[File]:
        """The transcripts in a session's folder and below."""
        yield from self._below(self._entries(folder), project, session)

    def _below(self, found: "list[os.DirEntry[str]]", project: str, session: str) -> Iterator[File]:
        """The transcripts among a folder's entries and below them: a project's or, with `session`, a session's."""
        folders = [(found, session)]
        linked: list[tuple[str, str]] = []
        while folders or linked:
            if not folders:  # what is really here was looked at first: its place says whose it is
                path, session = linked.pop()
                folders.append((self._entries(path), session))
            found, session = folders.pop()
            for entry in found:
                if (file := self._known(entry, project, session)) is not None:
                    yield file
                elif "." not in entry.name and entry.name not in NO_TRANSCRIPTS and self._is_folder(entry):
                    if entry.is_symlink():
                        linked.append((entry.path, session or entry.name))
                    else:
                        folders.append((self._entries(entry.path), session or entry.name))

    def _known(self, entry: "os.DirEntry[str]", project: str, session: str) -> File | None:
        """The transcript that an entry is; None where it is none."""
        if not entry.name.endswith(ENDING):
            return None
        try:
            status = entry.stat()
        except OSError as exc:
            self._note(entry.path, exc)
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        name = entry.name.removesuffix(ENDING)
        agent = name.removeprefix(AGENT) if name.startswith(AGENT) else ""
        if not agent and not session:
            session = name
        return File(entry.path, words(session), words(agent), words(project), 0, 0, 0, 0).at(status)

    def _is_folder(self, entry: "os.DirEntry[str]") -> bool:
        try:
            return entry.is_dir()
        except OSError as exc:  # such as a link to itself
            self._note(entry.path, exc)
            return False

    def _entries(self, folder: str) -> "list[os.DirEntry[str]]":
        """What is in a folder; nothing where it was looked at before, is not there, or can't be read."""
        try:
            status = os.stat(folder)
            place = (status.st_dev, status.st_ino)
            if status.st_ino and place in self._been:
                return []
            self._been.add(place)
            with os.scandir(folder) as found:
                return list(found)
        except (OSError, ValueError) as exc:  # ValueError: a path that no folder can have
            self._note(folder, exc)
            return []

    def _note(self, path: str, exc: OSError | ValueError) -> None:
        if getattr(exc, "errno", None) not in NOTHING_THERE:
            self.unreadable.append((path, f"{type(exc).__name__}: {exc}"))


def of_session(transcript: Path) -> list[File]:
    """The files of one session, by its main transcript's path, which need not exist. Never raises."""
    folder, session = transcript.parent, transcript.name.removesuffix(ENDING)
    found = list(Walk().session(str(folder / session), folder.name, session))
    try:
        status = transcript.stat()
    except (OSError, ValueError):
        return found
    main = File(str(transcript), words(session), "", words(folder.name), 0, 0, 0, 0)
    return [main.at(status), *found]


def agent_type(file: File) -> str:
    """What kind of agent a subagent's file is of, by the `.meta.json` beside it; "" where none says. Never raises."""
    return type_beside(file.path) if file.agent else ""


def type_beside(path: str) -> str:
    """The type of the agent whose transcript `path` is, which need not be there yet; "" where nothing says it."""
    return beside(path, "agentType")


def call_beside(path: str) -> str:
    """The id of the call that started the agent whose transcript `path` is; "" where nothing says it."""
    return beside(path, "toolUseId")


def beside(path: str, name: str) -> str:
    """A field of the `.meta.json` beside a subagent's transcript, "" where there is none. Never raises."""
    try:
        data: object = json.loads(Path(path.removesuffix(ENDING) + ".meta.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    return words(data.get(name)) if isinstance(data, dict) else ""


def signed(figure: int) -> int:
    """A figure of the system as SQLite takes it: some file systems number by hashes of 64 bits, and 2400 is far off."""
    return figure if figure < 1 << 63 else figure % (1 << 63)


def is_named_after(folder: str, cwd: str) -> bool:
    """Whether a project folder's name is the client's for the working folder `cwd`."""
    return re.sub(r"[^A-Za-z0-9]", "-", cwd)[:LONGEST_NAME] == folder[:LONGEST_NAME]
