"""Whose a listed skill or agent is: the project's, the user's, or the client's own, by the files that are there."""

from collections.abc import Iterator
from pathlib import Path

from trimtab.prompt import texts
from trimtab.prompt.audit import PROJECTS, YOURS

FOLDERS = ((texts.SKILL, "skills"), (texts.SKILL, "commands"), (texts.AGENT, "agents"))
NAME = b"name:"
HEAD_BYTES = 4_096  # of a file, where its front matter is


def owners(project: Path, client_folder: Path) -> dict[tuple[str, str], str]:
    """Owners by kind and name of what is in the folders of both; what is in none is the client's. Never raises."""
    found: dict[tuple[str, str], str] = {}
    for base, owner in ((client_folder, YOURS), (project / ".claude", PROJECTS)):
        for kind, folder in FOLDERS:
            for name in names(base / folder):
                found[kind, name] = owner
    return found


def names(folder: Path) -> Iterator[str]:
    """The names that the files in a folder give: SKILL.md's by its folder, others by their own; and what they say."""
    try:
        files = sorted(folder.rglob("*.md"))
    except OSError:
        return
    for file in files:
        yield file.parent.name if file.name == "SKILL.md" else file.stem
        try:
            with file.open("rb") as opened:
                head = opened.read(HEAD_BYTES)
        except OSError:
            continue
        for line in head.split(b"\n---", 1)[0].splitlines():
            if line.startswith(NAME):
                yield line[len(NAME) :].decode("utf-8", "replace").strip().strip("\"'")
