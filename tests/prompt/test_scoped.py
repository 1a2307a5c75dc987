"""Which sections of a memory file can wait behind a folder's rule, and that the patch moves them and nothing else."""

import subprocess
from pathlib import Path

import pytest

from trimtab.prompt import scoped

TEXT = """# Shop

We write Python.

## Web

Use tabs in `web/app.ts`.

```sh
# Web, not a heading
```

### Forms

See web/forms/.

## Tests

Run `make`, see tests/unit and web/test.

## Style

Short words."""
KINDS = {
    "web": "folder", "web/app.ts": "file", "web/forms": "folder", "tests": "folder", "tests/unit": "folder",
    "web/test": "folder", "make": "file",
}  # fmt: skip
SESSIONS = {"a": {"src/x.py"}, "b": {"web/app.ts"}, "c": {"webs/y"}, "d": set[str]()}


def kind(path: str) -> str:
    return KINDS.get(path, "")


def found(text: str = TEXT, sessions: dict[str, set[str]] = SESSIONS) -> list[scoped.Move]:
    return scoped.moves("CLAUDE.md", text, kind, sessions, len)


def test_a_section_about_one_folder_goes_with_what_is_below_it() -> None:
    (move,) = found()
    assert (move.heading, move.folder) == ("Web", "web")
    assert TEXT[move.start : move.end].startswith("## Web\n")
    assert TEXT[move.start : move.end].endswith("See web/forms/.\n\n")
    assert (move.sessions, move.of_sessions, move.saved) == (1, 4, round(0.75 * move.tokens))


@pytest.mark.parametrize(
    "body",
    ["Short words.", "Use tabs in `web/app.ts`, and see `make`.", "See web/app.ts and tests/unit.", "In other/place."],
)
def test_a_section_about_more_or_nothing_stays(body: str) -> None:
    assert found(f"# Shop\n\n## Code\n\n{body} {'x' * 200}\n") == []


def test_a_section_that_is_read_anyway_stays() -> None:
    assert found(sessions={"a": {"web/app.ts"}, "b": {"web/x"}, "c": {"y"}}) == []
    assert found(sessions={}) == []


def test_a_small_gain_stays() -> None:
    assert scoped.moves("CLAUDE.md", TEXT, kind, SESSIONS, lambda _: 49) == []


@pytest.mark.parametrize("ending", ["", "\n"])
@pytest.mark.parametrize("tool", [["git", "apply"], ["patch", "-p1", "--quiet"]])
def test_the_patch_moves_the_section(tmp_path: Path, ending: str, tool: list[str]) -> None:
    text = TEXT + ending
    (tmp_path / "CLAUDE.md").write_bytes(text.encode())
    (tmp_path / ".claude" / "rules").mkdir(parents=True)
    (tmp_path / ".claude" / "rules" / "web.md").write_text("Older.\n")
    moves = found(text)
    diff = scoped.patch({"CLAUDE.md": text}, moves, lambda file: (tmp_path / file).exists())
    subprocess.run(tool, cwd=tmp_path, input=diff.encode(), check=True)
    section = text[moves[0].start : moves[0].end]
    assert (tmp_path / "CLAUDE.md").read_bytes().decode() == text.replace(section, "")
    rule = (tmp_path / ".claude" / "rules" / "web-2.md").read_text()
    assert rule == f'---\npaths:\n  - "web/**"\n---\n\n{section.rstrip()}\n'
    assert (tmp_path / ".claude" / "rules" / "web.md").read_text() == "Older.\n"
