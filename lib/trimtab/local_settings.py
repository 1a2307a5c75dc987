"""A project's own settings of the client, `.claude/settings.local.json`: what slim puts in, and takes out again.

Beside the project's ledger `slim.json` says what was put in and `slim.before` is the file as it was, to the byte; both
are written before the file is. A file that was changed by others since is not put back: `undo` refuses (ChangedError),
unless it may take out its own entries alone, which keeps what was changed. Refused as well: a file that is no JSON
object, one that is a link or lies outside of the project (others may share it), one that git tracks.

`~/.claude-patterns/slimmed` lists the projects with something switched off, for the hooks.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trimtab import jsontext, paths
from trimtab.errors import ChangedError, SettingsError
from trimtab.prompt.bill import Cost
from trimtab.prompt.slim import Change, Proposal

LOCAL = Path(".claude", "settings.local.json")
RECORD, COPY = "slim.json", "slim.before"  # in the project's data folder
FORMAT = 1
GIT_S = 5.0
BOM = "\ufeff"


class Slimmed(NamedTuple):
    """What is switched off in a project. `before` is the file as it was (None: there was none), `after` the digest of
    what was written; `made_folder`: there was no `.claude` either.
    """

    items: tuple[Proposal, ...]
    at: float
    before: bytes | None
    after: str
    made_folder: bool


class Place(NamedTuple):
    """A project's folder, its data folder, and the user's."""

    project: Path
    data: Path
    user: Path

    @property
    def file(self) -> Path:
        return self.project / LOCAL


def digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


def current(place: Place) -> bytes | None:
    """The file's bytes; None where there is none. Raises SettingsError."""
    try:
        return place.file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise SettingsError(f"{str(place.file)!r} can't be read: {exc}") from exc


def slimmed(place: Place) -> Slimmed | None:
    """What is switched off now; None for nothing. Raises SettingsError where what was written of it is damaged."""
    file = place.data / RECORD
    try:
        data = json.loads(file.read_bytes())
        if data["format"] != FORMAT:
            raise SettingsError(f"{str(file)!r} is of another version of Trimtab: undo with that one")
        copy = (place.data / COPY).read_bytes() if data["had_file"] else None
        items = tuple(item_of(row) for row in data["items"])
        return Slimmed(items, float(data["at"]), copy, str(data["after"]), bool(data["made_folder"]))
    except FileNotFoundError as exc:
        if exc.filename == str(file):
            return None
        raise SettingsError(f"{exc.filename!r}, the copy of your settings, is gone: {by_hand(place)}") from exc
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as exc:
        raise SettingsError(f"{str(file)!r} can't be read ({exc}): {by_hand(place)}") from exc


def by_hand(place: Place) -> str:
    return f"take out of {str(place.file)!r} by hand what you want back, and delete {str(place.data / RECORD)!r}"


def item_of(row: dict[str, Any]) -> Proposal:
    """Raises KeyError or TypeError where the row is no proposal's."""
    change, cost = row["change"], row["cost"]
    made = Change(tuple(change["keys"]), change["value"], bool(change["is_entry"]))
    return Proposal(**{**row, "change": made, "cost": Cost(**cost)})


def row_of(item: Proposal) -> dict[str, object]:
    return {**item._asdict(), "change": item.change._asdict(), "cost": item.cost._asdict()}


def missing(place: Place, items: Iterable[Proposal]) -> list[Proposal]:
    """Those whose settings are not in the file; all of them where it can't be read: `apply` says so."""
    found = list(items)
    try:
        there = still_in(current(place), found)
    except SettingsError:
        return found
    return [item for item in found if item not in there]


def still_in(data: bytes | None, items: Iterable[Proposal]) -> list[Proposal]:
    """Those whose settings are in these bytes of a file. Raises SettingsError where they are no JSON object."""
    parsed = jsontext.parse(decoded(data or b"").removeprefix(BOM))
    return [item for item in items if is_in(parsed, item.change)]


def is_in(data: object, change: Change) -> bool:
    """Whether parsed settings have this."""
    found = jsontext.get(data, change.keys)
    return isinstance(found, list) and change.value in found if change.is_entry else found == change.value


# Texts


def with_items(before: bytes | None, items: Iterable[Proposal]) -> bytes:
    """The file's bytes with these changes. Raises SettingsError where it is no object, or has no place for them."""
    text = decoded(before or b"")
    head = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    jsontext.parse(text)
    for item in items:
        keys, value, is_entry = item.change
        text = jsontext.add(text, keys, value) if is_entry else jsontext.put(text, keys, value)
    return (head + text).encode()


def without_items(now: bytes, before: bytes | None, items: Iterable[Proposal]) -> tuple[bytes, list[Proposal]]:
    """The bytes without these changes, and those that others have changed since, which stay.

    A member that had another value gets it back, but not one that others took out; objects and lists that were made
    for the changes go when empty.
    """
    text = decoded(now)
    head = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    was, changed = jsontext.parse(decoded(before or b"").removeprefix(BOM)), []
    for item in items:
        keys, value, is_entry = item.change
        old, found = jsontext.get(was, keys), jsontext.get(jsontext.parse(text), keys)
        if is_entry:
            had = isinstance(old, list) and value in old
            text = text if had else jsontext.drop(text, keys, value)
        elif found is not jsontext.MISSING and found != value:
            changed.append(item)
        elif old is jsontext.MISSING:
            text = jsontext.take(text, keys)
        elif found is not jsontext.MISSING:
            text = jsontext.put(text, keys, old)
        for depth in range(len(keys), 0, -1):
            empty = jsontext.get(jsontext.parse(text), keys[:depth])
            if empty in ([], {}) and jsontext.get(was, keys[:depth]) is jsontext.MISSING:
                text = jsontext.take(text, keys[:depth])
    return (head + text).encode(), changed


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SettingsError(f"it is no UTF-8 text ({exc.reason} at byte {exc.start})") from exc


# Apply and undo


def apply(place: Place, items: Sequence[Proposal], now: float) -> Slimmed:
    """Puts the items in beside those that are in still: what was taken out by hand since stays out, and is no longer
    ours. Raises SettingsError, and then all is as it was.
    """
    refuse_shared(place)
    present, old = current(place), slimmed(place)
    names = {item.id for item in items}
    earlier = [item for item in old.items if item.id not in names] if old else []
    with named(place.file):
        before = present
        if old is not None and digest(present) == old.after:
            before = old.before
        elif old is not None:
            before, earlier = without_all(present, old), still_in(present, earlier)
        after = with_items(before, [*earlier, *items])
    made_folder = old.made_folder if old else not place.file.parent.exists()
    made = Slimmed((*earlier, *items), now, before, digest(after), made_folder)
    step(place, old, made, present, after)
    return made


def undo(place: Place, gone: Container[str], keep_changes: bool) -> list[Proposal]:
    """Takes out the items whose ids are in `gone`; those of them that others changed since, which stay.

    After the last one the file is what it was, to the byte. Raises SettingsError where nothing is in, and ChangedError
    where the file was changed since and `keep_changes` is not given.
    """
    refuse_shared(place)
    present, old = current(place), slimmed(place)
    if old is None:
        raise SettingsError(f"nothing is switched off in {str(place.project)!r}")
    stay = tuple(item for item in old.items if item.id not in gone)
    before, changed = old.before, list[Proposal]()
    with named(place.file):
        if digest(present) in (old.after, digest(old.before)):  # the latter: put back by hand, or never written
            after = with_items(before, stay) if stay else before
        elif not keep_changes:
            raise ChangedError(words_of_change(place, old, present))
        else:
            before = without_all(present, old)
            after = before
            if present is not None and (stay or before is not None):
                after, changed = without_items(present, old.before, [i for i in old.items if i.id in gone])
    made = Slimmed(stay, old.at, before, digest(after), old.made_folder) if stay else None
    step(place, old, made, present, after)
    if after is None and old.made_folder and made is None:
        with contextlib.suppress(OSError):
            place.file.parent.rmdir()
    return changed


def without_all(present: bytes | None, old: Slimmed) -> bytes | None:
    """A file that others changed, without all that is in; None where nothing else is in it, and there was none."""
    if present is None:
        return None
    found, _ = without_items(present, old.before, old.items)
    return None if old.before is None and not jsontext.parse(decoded(found).removeprefix(BOM)) else found


def words_of_change(place: Place, old: Slimmed, present: bytes | None) -> str:
    copy = f"the file as it was is {str(place.data / COPY)!r}" if old.before is not None else "there was no file before"
    what = "was changed" if present is not None else "was deleted"
    return (
        f"{str(place.file)!r} {what} after slim wrote it, so it is not put back as it was. `trimtab slim undo"
        f" --keep-changes` takes out only what slim put in and keeps all else; {copy}."
    )


def step(place: Place, old: Slimmed | None, made: Slimmed | None, present: bytes | None, after: bytes | None) -> None:
    """From `old` to `made`: the record first, then the file; where that fails the record is as it was."""
    if made is not None:
        keep(place, made)
    try:
        write(place, after, present)
    except SettingsError:
        if old is None:
            forget(place)
        else:
            keep(place, old)
        raise
    if made is None:
        forget(place)


@contextlib.contextmanager
def named(file: Path) -> Iterator[None]:
    """What is wrong with the file's text is said with its name."""
    try:
        yield
    except ChangedError:
        raise
    except SettingsError as exc:
        raise SettingsError(f"{str(file)!r} is left as it is: {exc}") from exc


def refuse_shared(place: Place) -> None:
    """SettingsError where others may share the file: it is a link, lies elsewhere, or git tracks it."""
    file, real = place.file, Path(os.path.realpath(place.file))
    if real != Path(os.path.realpath(place.project)) / LOCAL:
        raise SettingsError(f"{str(file)!r} is a link to {str(real)!r}, which others may share: nothing was written")
    if file.exists() and is_tracked(place):
        raise SettingsError(
            f"{str(file)!r} is in git, so others share it: nothing was written (`git rm --cached` makes it yours)"
        )


def is_tracked(place: Place) -> bool:
    """Whether git knows the file; False without git."""
    return git(place, "ls-files", "--error-unmatch", str(LOCAL))


def is_visible(place: Place) -> bool:
    """Whether git would show the file as new: nothing says that it is to be ignored."""
    return git(place, "rev-parse", "--is-inside-work-tree") and not git(place, "check-ignore", "-q", str(LOCAL))


def git(place: Place, *arguments: str) -> bool:
    """Whether git succeeds with this; False without git."""
    command = ["git", "-C", str(place.project), *arguments]
    nothing = subprocess.DEVNULL
    try:
        done = subprocess.run(command, stdin=nothing, stdout=nothing, stderr=nothing, timeout=GIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


# Files


def keep(place: Place, made: Slimmed) -> None:
    """Writes the copy and what is switched off. Raises SettingsError."""
    copy = place.data / COPY
    rows = [row_of(item) for item in made.items]
    data = {"format": FORMAT, "file": str(LOCAL), "at": made.at, "had_file": made.before is not None}
    data |= {"after": made.after, "made_folder": made.made_folder, "items": rows}
    if made.before is not None:
        replace(copy, made.before, place.file if place.file.exists() else copy)
    replace(place.data / RECORD, json.dumps(data, ensure_ascii=False, indent=1).encode(), place.data / RECORD)
    if made.before is None:
        copy.unlink(missing_ok=True)
    note(place, True)


def forget(place: Place) -> None:
    """Nothing is switched off any more."""
    for name in (RECORD, COPY):
        (place.data / name).unlink(missing_ok=True)
    note(place, False)


def write(place: Place, after: bytes | None, before: bytes | None) -> None:
    """Puts the file in place of `before`; ChangedError where it is another by now."""
    if current(place) != before:
        raise ChangedError(f"{str(place.file)!r} was written by another program at this moment: try again")
    if after is None:
        place.file.unlink(missing_ok=True)
    else:
        place.file.parent.mkdir(exist_ok=True)
        replace(place.file, after, place.file)


def replace(file: Path, data: bytes, like: Path) -> None:
    """Writes the file in one step, with the rights of `like`, and the user's alone where that is not there. Nobody else
    can read it before. Raises SettingsError, and then it is as it was.
    """
    new = file.with_name(f"{file.name}.{os.getpid()}.trimtab")
    try:
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        if like.exists():
            shutil.copymode(like, new)
        os.replace(new, file)
    except OSError as exc:
        new.unlink(missing_ok=True)
        raise SettingsError(f"{str(file)!r} can't be written: {exc}") from exc


def note(place: Place, is_slimmed: bool) -> None:
    """Puts the project on the user's list of those with something switched off, or off it. Raises SettingsError."""
    file, line = place.user / paths.SLIMMED, os.path.realpath(place.project)
    try:
        listed = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        listed = []
    found = [one for one in listed if one != line] + [line] * is_slimmed
    if found:
        replace(file, "".join(f"{one}\n" for one in found).encode("utf-8", "surrogateescape"), file)
    else:
        file.unlink(missing_ok=True)
