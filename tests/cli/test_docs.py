"""docs/commands.md says what the commands say of themselves. TRIMTAB_UPDATE_DOCS=1 writes it anew."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from trimtab.cli import COMMANDS

Run = Callable[..., tuple[int, str, str]]
DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
UPDATES = bool(os.environ.get("TRIMTAB_UPDATE_DOCS"))  # read before the fixtures take our variables away
BLOCK = re.compile(r"(?<=```text\n)\$ trimtab (.*)\n(?:(?!```).*\n)*(?=```)")


def with_help(document: str, run: Run) -> str:
    """`document` with what each `$ trimtab ...` block's command prints."""
    return BLOCK.sub(lambda block: f"$ trimtab {block[1]}\n{run(*block[1].split())[1].rstrip()}\n", document)


def test_the_help_is_in_the_docs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    document = DOCS.read_text(encoding="utf-8")
    wanted = with_help(document, run)
    if UPDATES:
        DOCS.write_text(wanted, encoding="utf-8")
    else:
        assert document == wanted


def test_every_command_has_a_block_and_a_heading() -> None:
    document = DOCS.read_text(encoding="utf-8")
    assert [block[1] for block in BLOCK.finditer(document)] == ["--help", *(f"{name} --help" for name in COMMANDS)]
    assert all(f"\n## trimtab {name}\n" in document for name in COMMANDS)


def keys(value: object) -> set[str]:
    """All names of fields in a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*(keys(part) for part in value.values()))
    return set().union(*(keys(part) for part in value)) if isinstance(value, list) else set()


def test_every_field_of_the_json_is_in_the_docs(project: Path, run: Run) -> None:
    document = DOCS.read_text(encoding="utf-8")
    printed = keys(json.loads(run("report", "--json")[1]))
    missing = {name for name in printed if f"`{name}`" not in document}
    assert not missing
