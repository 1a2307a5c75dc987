"""Outputs that are shown folded are kept whole in the project's `outputs` folder, so that their folds can be read."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from trimtab.errors import StoreError

MOST_FILES = 500  # the oldest go first
NAME_LETTERS = 8


def file_for(folder: Path, tool_use_id: str) -> Path:
    """Where the output of a call is kept; the name is short, for the model pays for it."""
    name = hashlib.sha256(tool_use_id.encode("utf-8", "replace")).hexdigest()[:NAME_LETTERS]
    return folder / f"{name}.txt"


def is_kept(file: Path) -> bool:
    """Whether the file is named as an output that is kept."""
    return file.suffix == ".txt" and len(file.stem) == NAME_LETTERS and set(file.stem) <= set("0123456789abcdef")


def keep(file: Path, text: str) -> None:
    """Write an output whole, and make room. Raises StoreError: what is not kept must not be folded."""
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        os.replace(part, file)
        make_room(file.parent)
    except OSError as exc:
        with suppress(OSError):
            part.unlink()
        raise StoreError(f"can't keep an output in {str(file.parent)!r}: {exc}; it is shown whole") from exc


def make_room(folder: Path) -> None:
    """The oldest outputs beyond MOST_FILES are deleted."""
    files = [entry for entry in os.scandir(folder) if entry.name.endswith(".txt")]
    if len(files) > MOST_FILES:
        files.sort(key=lambda entry: entry.stat().st_mtime)
        for entry in files[: len(files) - MOST_FILES]:
            os.unlink(entry.path)
