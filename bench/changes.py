"""Changes that people really made, as edits: what turned one release of a package into the next.

A task is the earlier release's tree, the edits of its most changed files, and files that someone making the change
would look at too. Source releases are downloaded with pip and kept in a cache folder. Left out: files with carriage
returns, files of over 5,000 lines, files whose change needs more than twelve edits or has no unique place.
"""

import difflib
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

SOURCE = re.compile(r"\.(py|pyx|js|ts|go|rs|c|h|md|rst)$")
CODE = re.compile(r"\.(py|pyx|js|ts|go|rs|c|h)$")
CONTEXTS = (1, 2, 3, 5, 8, 12)  # lines around a change; more until its place is unique
MOST_FILES, MOST_EDITS, MOST_LINES, RELATED, SPOTS = 4, 12, 5000, 4, 3  # chosen: a session of 20 to 60 requests


class Edit(NamedTuple):
    """Replace `old` by `new` in a file that holds `old` once, from line `first` (1-based)."""

    first: int
    old: str
    new: str

    @property
    def lines(self) -> list[str]:
        """The lines to be replaced, without their ends."""
        return self.old.removesuffix("\n").split("\n")


class Change(NamedTuple):
    """One file before its change, and the edits that make it, from the last line to the first.

    For a file that is only looked at, the edits are the places to look for, each with nothing to put there.
    """

    path: str
    before: str
    edits: tuple[Edit, ...]


class Task(NamedTuple):
    """`tree` is the source before the change, never edited; `terms` are names that one would search for."""

    name: str
    prompt: str
    tree: Path
    changes: tuple[Change, ...]
    related: tuple[Change, ...]
    terms: tuple[str, ...]


def split(text: str) -> list[str]:
    """Lines with their ends; only a newline ends a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def apply(text: str, edits: tuple[Edit, ...]) -> str:
    """`text` with `edits` made in order."""
    for edit in edits:
        text = text.replace(edit.old, edit.new, 1)
    return text


def edits_between(before: str, after: str) -> tuple[Edit, ...]:
    """The edits that turn `before` into `after`, from the last line to the first; none where it can't be done so."""
    old, new = split(before), split(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for context in CONTEXTS:
        edits = []
        for group in matcher.get_grouped_opcodes(context):
            (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
            edits.append(Edit(i1 + 1, "".join(old[i1:i2]), "".join(new[j1:j2])))
        found = tuple(reversed(edits))
        if all(edit.old.strip() and before.count(edit.old) == 1 for edit in edits) and apply(before, found) == after:
            return found
    return ()


def release(requirement: str, cache: Path) -> Path:
    """The unpacked source of `name==version`; downloaded once. Raises SystemExit where there is none."""
    target = cache / requirement.replace("==", "-")
    if not target.exists():
        scratch = target.with_suffix(".new")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", requirement]
        done = subprocess.run([*command, "-d", str(scratch)], capture_output=True, text=True)
        archives = list(scratch.glob("*.tar.gz")) if scratch.exists() else []
        if not archives:
            raise SystemExit(f"no source release of {requirement}: {done.stderr.strip()[-300:]}")
        subprocess.run(["tar", "-xzf", str(archives[0]), "-C", str(scratch)], check=True)
        archives[0].unlink()
        scratch.rename(target)
    return next(path for path in target.iterdir() if path.is_dir())


def names_changed(changes: list[Change]) -> tuple[str, ...]:
    """The three names that most edits add, remove or stand beside; the longest first among equals."""
    counts: dict[str, int] = {}
    for change in changes:
        for edit in change.edits:
            for word in set(re.findall(r"[A-Za-z_][A-Za-z0-9_]{5,}", edit.old + edit.new)):
                counts[word] = counts.get(word, 0) + 1
    return tuple(sorted(counts, key=lambda word: (-counts[word], -len(word), word))[:3])


def places(text: str, words: list[str]) -> tuple[Edit, ...]:
    """Up to SPOTS places in `text` that name one of `words`, with two lines either side."""
    lines, named = split(text), re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
    hits = [index for index, line in enumerate(lines) if named.search(line)]
    found = []
    for index in hits[:: max(1, len(hits) // SPOTS)][:SPOTS]:
        around = "".join(lines[max(0, index - 2) : index + 3])
        if text.count(around) == 1:
            found.append(Edit(max(0, index - 2) + 1, around, ""))
    return tuple(found)


def related_files(tree: Path, changes: list[Change], words: list[str]) -> tuple[Change, ...]:
    """The largest files of 3 to 60 kB that are not changed and import one that is."""
    stems = "|".join(re.escape(Path(change.path).stem) for change in changes)
    imports = re.compile(rf"^.*\b(?:import|from|require|include|use)\b.*\b(?:{stems})\b", re.MULTILINE)
    found = []
    for file in sorted(tree.rglob("*")):
        path = str(file.relative_to(tree))
        if not CODE.search(path) or any(path == change.path for change in changes) or not file.is_file():
            continue
        data = file.read_bytes()
        text = data.decode(errors="replace")
        if 3_000 <= len(data) <= 60_000 and b"\r" not in data and imports.search(text):
            found.append(Change(path, text, places(text, words)))
    return tuple(sorted(found, key=lambda change: -len(change.before))[:RELATED])


def task(old: str, new: str, cache: Path) -> Task | None:
    """The task of turning release `old` into `new`, or None where no file's change can be made by edits."""
    before, after = release(old, cache), release(new, cache)
    changes = []
    for file in sorted(before.rglob("*")):
        path = str(file.relative_to(before))
        twin = after / path
        if not SOURCE.search(path) or not file.is_file() or not twin.is_file():
            continue
        texts = [version.read_bytes().decode(errors="replace") for version in (file, twin)]
        if texts[0] == texts[1] or "\r" in texts[0] or texts[0].count("\n") > MOST_LINES:
            continue
        edits = edits_between(*texts)
        if 0 < len(edits) <= MOST_EDITS:
            changes.append(Change(path, texts[0], edits))
    changes = sorted(changes, key=lambda change: -len(change.before))[:MOST_FILES]
    if not changes:
        return None
    terms = names_changed(changes)
    name = f"{old} to {new.partition('==')[2]}"
    prompt = f"Bring {old} up to {new}: " + ", ".join(change.path for change in changes)
    related = related_files(before, changes, [*terms, *(Path(change.path).stem for change in changes)])
    return Task(name, prompt, before, tuple(changes), related, terms)
