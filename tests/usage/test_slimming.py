"""What the client's own files say of parts: where servers come from, why a plugin stays, notes, commits."""

import json
from pathlib import Path

import pytest
from tests.prompt.audits import AUDIT
from tests.usage.written import AT, Home, answer, called, result, usage, user

from trimtab.prompt.slim import Facts, Installed, Origin
from trimtab.prompt.used import Called
from trimtab.usage import scoping, slimming

SPENT = usage(10, 100, 1000, 40)


@pytest.fixture(autouse=True)
def no_policies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine's own are not looked at."""
    monkeypatch.setattr(slimming, "POLICIES", (tmp_path / "policy",))


def write(file: Path, data: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    return file


def servers(*names: str) -> dict[str, object]:
    return {"mcpServers": {name: {"command": "x"} for name in names}}


def test_servers_are_found_where_they_are_set_up(tmp_path: Path) -> None:
    project = tmp_path / "shop" / "web"
    write(project / ".mcp.json", servers("tickets"))
    write(project.parent / ".mcp.json", servers("my stock"))
    write(tmp_path / "boat" / ".mcp.json", servers("hold"))
    state = {**servers("mail", "tickets"), "projects": {str(project): servers("local"), "/other": servers("no")}}
    found = dict(slimming.server_origins(project, state, {"boat@market": tmp_path / "boat"}))
    assert found == {
        "tickets": Origin("tickets", True),
        "my_stock": Origin("my stock", True),
        "mail": Origin("mail", False),
        "local": Origin("local", False),
        "plugin_boat_hold": Origin("plugin:boat:hold", False),
    }


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({}, ""),
        ({"hooks/hooks.json": {}}, "it has hooks"),
        ({".claude-plugin/plugin.json": {"name": "boat", "lspServers": {}}}, "it has language servers"),
        ({"output-styles/x.md": "x"}, "it has output styles"),
        ({"skills/sail/SKILL.md": "---\nname: sail\n---\n"}, "it was used"),
        ({"commands/sail.md": "x"}, "it was used"),
        ({"skills/row/SKILL.md": "x"}, ""),
    ],
)
def test_a_plugin_stays_for_what_it_does_unasked(tmp_path: Path, made: dict[str, object], why: str) -> None:
    root = tmp_path / "boat"
    root.mkdir()
    for name, data in made.items():
        write(root / name, data)
    write(tmp_path / "plugins" / "installed_plugins.json", {"plugins": {"boat@m": [{"installPath": str(root)}]}})
    called_before = [Called("skill", "sail", "s1", AT)]
    assert dict(slimming.plugins(tmp_path, called_before)) == {"boat": Installed("boat@m", why)}


def test_ours_and_doubles_stay(tmp_path: Path) -> None:
    places = {name: [{"installPath": str(tmp_path)}] for name in ("trimtab@trimtab", "boat@a", "boat@b", "row@m")}
    write(tmp_path / "plugins" / "installed_plugins.json", {"plugins": {**places, "gone@m": [{"installPath": "/no"}]}})
    found = dict(slimming.plugins(tmp_path, [Called("skill", "row:x", "s1", AT)]))
    assert {name: one.why for name, one in found.items()} == {
        "trimtab": "it is Trimtab", "boat": "two plugins have this name", "row": "it was used",
        "gone": "its folder is gone",
    }  # fmt: skip


def facts(home: Home, project: Path, *commands: str) -> Facts:
    content = [called("Bash", f"t{n}", command=command) for n, command in enumerate(commands)]
    here = {"cwd": str(project)}
    results = user(2, [result(f"t{n}", "ok") for n in range(len(commands))]) | here
    home.write("s1", answer(1, "m1", SPENT, content=content) | here, results)
    home.sync()
    audit = AUDIT._replace(project=str(project), since=AT - 9, until=AT + 9)
    with home.store() as store:
        return slimming.facts(store, audit, {"HOME": str(home.client.parent), "CLAUDE_CONFIG_DIR": str(home.client)})


def test_commits_and_notes(home: Home, tmp_path: Path) -> None:
    project = tmp_path / "shop"
    found = facts(home, project, "git log", "cd x && git -C y commit -m z", "gh pr create --fill", "echo git; commit")
    assert (found.commits, found.has_notes) == (2, False)
    notes = home.projects / "".join(sign if sign.isalnum() else "-" for sign in str(project)) / "memory"
    write(notes / "MEMORY.md", "- x")
    assert facts(home, project, "ls").has_notes


def linked(tmp_path: Path) -> tuple[Path, Path]:
    """A repository's main working copy, and one that git has added beside it."""
    main, other = tmp_path / "shop", tmp_path / "shop-next"
    own = main / ".git" / "worktrees" / "next"
    write(own / "commondir", "../..\n")
    write(other / ".git", f"gitdir: {own}\n")
    return main, other


def write_notes(home: Home, project: Path) -> None:
    slug = "".join(sign if sign.isalnum() else "-" for sign in str(project))
    write(home.projects / slug / "memory" / "MEMORY.md", "- x")


def test_notes_are_those_of_the_main_working_copy(home: Home, tmp_path: Path) -> None:
    """Where work goes on beside the main copy, or in a folder of it, notes are switched off though there are some."""
    main, other = linked(tmp_path)
    (main / "web").mkdir()
    assert [facts(home, place, "ls").has_notes for place in (main, main / "web", other)] == [False, False, False]
    write_notes(home, main)
    assert [facts(home, place, "ls").has_notes for place in (main, main / "web", other)] == [True, True, True]
    assert not facts(home, tmp_path / "elsewhere", "ls").has_notes


@pytest.mark.parametrize(
    "file",
    [
        "policy/managed-settings.json",
        "policy/managed-settings.d/10-notes.json",
        "shop/.claude/settings.json",
        "shop/.claude/settings.local.json",
    ],
)
def test_notes_may_be_where_any_settings_say(home: Home, tmp_path: Path, file: str) -> None:
    main, other = linked(tmp_path)
    write(tmp_path / file, {"autoMemoryEnabled": True})
    assert not facts(home, other, "ls").has_notes
    write(tmp_path / file, {"autoMemoryDirectory": str(tmp_path / "none")})
    assert facts(home, main, "ls").has_notes
    assert facts(home, other, "ls").has_notes


def test_notes_that_can_not_be_looked_for_count_as_there(home: Home, tmp_path: Path) -> None:
    write(tmp_path / "shop" / ".git", "gitdir: gone")
    assert not facts(home, tmp_path / "shop", "ls").has_notes
    (tmp_path / "shop" / ".git").write_bytes(b"gitdir: \xff")
    assert facts(home, tmp_path / "shop", "ls").has_notes
    assert facts(home, Path("/" + "long/" * 45), "ls").has_notes  # cut by the client, with a hash


def test_servers_that_were_used_without_their_tools(home: Home, tmp_path: Path) -> None:
    here = {"cwd": str(tmp_path / "shop"), "sessionId": "s2"}
    content = [called("ReadMcpResourceTool", "r1", server="docs", uri="docs://a")]
    typed = user(6, "<command-name>/mcp__mail__sort</command-name>") | here
    home.write("s2", answer(4, "m9", SPENT, content=content) | here, user(5, [result("r1", "ok")]) | here, typed)
    assert facts(home, tmp_path / "shop", "ls").reached == {"docs", "mail"}


def test_notes_elsewhere(home: Home, tmp_path: Path) -> None:
    write(home.client / "settings.json", {"autoMemoryDirectory": str(tmp_path / "notes")})
    write(tmp_path / "notes" / "a.md", "x")
    assert facts(home, tmp_path / "shop", "ls").has_notes


def test_memory_files_and_where_sessions_worked(home: Home, tmp_path: Path) -> None:
    """A rule that has a path is moved again, or a command's path does not count."""
    project = tmp_path / "shop"
    text = "# Shop\n\n## Web\n\nSee `web/`. " + "x " * 200
    for name in ("web", "lib"):
        (project / name).mkdir(parents=True)
    write(project / "CLAUDE.md", text)
    write(project / ".claude" / "rules" / "lib.md", '---\npaths:\n  - "lib/**"\n---\n' + text.replace("web", "lib"))
    write(project / ".claude" / "rules" / "all.md", text.replace("web/", "lib/").replace("Web", "Lib"))
    facts(home, project, f"cat {project}/lib/a.py", "ls")
    with home.store() as store:
        came = store.arrivals()
    found = scoping.find(project, came, len)
    assert [(move.file, move.folder, move.sessions) for move in found.moves] == [("CLAUDE.md", "web", 0)]
    assert found.texts == {"CLAUDE.md": text}
    assert scoping.worked_on(project, came)["s1"] >= {"lib/a.py", "cat", "ls"}
