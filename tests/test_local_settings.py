"""A project's settings.local.json: what is put in, that it is undone byte for byte, and that nothing is ever lost."""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from trimtab import local_settings, paths
from trimtab.errors import ChangedError, SettingsError
from trimtab.local_settings import LOCAL, Place
from trimtab.prompt.bill import Cost
from trimtab.prompt.slim import Change, Proposal

TOOL = Proposal("tool", "Workflow", Change(("permissions", "deny"), "Workflow", True), 1363, Cost(9.0, 0.5), "loses")
SKILL = Proposal("skill", "dataviz", Change(("skillOverrides", "dataviz"), "off", False), 330, Cost(1.0, None), "l")
PLUGIN = Proposal("plugin", "a@b", Change(("enabledPlugins", "a@b"), False, False), 90, Cost(1.0, None), "l")
SERVER = Proposal("mcp", "x", Change(("deniedMcpServers",), {"serverName": "x"}, True), 50, Cost(1.0, None), "l")
OTHER = TOOL._replace(name="x", change=Change(("permissions", "deny"), "x", True))
ITEMS = (TOOL, SKILL, PLUGIN, SERVER)
IDS = [item.id for item in ITEMS]
USERS = (
    b'{\r\n\t"permissions": {"allow": ["Bash(ls:*)"],\r\n "deny": [ ]}, "ratio": 1.0e2, "enabledPlugins": {"a@b":true}}'
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "project", tmp_path / "project" / ".claude-patterns", tmp_path / "user")
    for folder in found:
        folder.mkdir()
    return found


def write(place: Place, data: bytes) -> None:
    place.file.parent.mkdir(exist_ok=True)
    place.file.write_bytes(data)


def values(place: Place) -> object:
    return json.loads(place.file.read_bytes())


def test_what_is_put_in_is_beside_what_was_there(place: Place) -> None:
    write(place, USERS)
    local_settings.apply(place, ITEMS, 7.0)
    assert values(place) == {
        "permissions": {"allow": ["Bash(ls:*)"], "deny": ["Workflow"]},
        "ratio": 100.0,
        "enabledPlugins": {"a@b": False},
        "skillOverrides": {"dataviz": "off"},
        "deniedMcpServers": [{"serverName": "x"}],
    }
    assert b'"ratio": 1.0e2' in place.file.read_bytes()
    assert local_settings.missing(place, [SKILL, SERVER, TOOL]) == []
    assert local_settings.missing(place, [OTHER, TOOL]) == [OTHER]
    assert (place.user / paths.SLIMMED).read_text() == f"{place.project}\n"


@pytest.mark.parametrize("before", [None, b"", b"{}", b"{}\n", b" \n", USERS, b'\xef\xbb\xbf{"a": 1}\n'])
def test_undo_gives_back_the_bytes(place: Place, before: bytes | None) -> None:
    if before is not None:
        write(place, before)
    local_settings.apply(place, ITEMS[:2], 7.0)
    local_settings.apply(place, ITEMS[2:], 8.0)
    assert local_settings.undo(place, IDS, False) == []
    assert (place.file.read_bytes() if place.file.exists() else None) == before
    assert place.file.parent.exists() == (before is not None)
    assert local_settings.slimmed(place) is None
    assert list(place.data.iterdir()) == []
    assert not (place.user / paths.SLIMMED).exists()


def test_parts_are_undone_as_if_they_had_never_been_put_in(place: Place) -> None:
    write(place, USERS)
    local_settings.apply(place, [TOOL, PLUGIN], 7.0)
    expected = place.file.read_bytes()
    local_settings.apply(place, [SKILL, SERVER], 8.0)
    local_settings.undo(place, [SKILL.id, SERVER.id], False)
    assert place.file.read_bytes() == expected
    found = local_settings.slimmed(place)
    assert found is not None
    assert found.items == (TOOL, PLUGIN)
    local_settings.undo(place, IDS, False)
    assert place.file.read_bytes() == USERS


def test_a_file_that_was_changed_since_is_not_put_back(place: Place) -> None:
    write(place, USERS)
    local_settings.apply(place, ITEMS, 7.0)
    changed = place.file.read_bytes().replace(b'"ratio": 1.0e2', b'"ratio": 3')
    write(place, changed)
    with pytest.raises(ChangedError, match="--keep-changes"):
        local_settings.undo(place, IDS, False)
    assert place.file.read_bytes() == changed
    assert (place.data / local_settings.COPY).read_bytes() == USERS
    assert local_settings.undo(place, IDS, True) == []
    assert place.file.read_bytes() == USERS.replace(b"1.0e2", b"3").replace(b"[ ]", b"[]")


def test_what_others_changed_of_ours_stays_theirs(place: Place) -> None:
    write(place, b'{"skillOverrides": {}}')
    local_settings.apply(place, [TOOL, SKILL], 7.0)
    write(place, place.file.read_bytes().replace(b'"off"', b'"on"').replace(b'"Workflow"', b'"Workflow", "WebFetch"'))
    assert local_settings.undo(place, IDS, True) == [SKILL]
    assert values(place) == {"skillOverrides": {"dataviz": "on"}, "permissions": {"deny": ["WebFetch"]}}


def test_what_was_added_where_there_was_no_file_stays(place: Place) -> None:
    local_settings.apply(place, [TOOL], 7.0)
    write(place, place.file.read_bytes().replace(b'{\n  "perm', b'{\n  "model": "opus",\n  "perm'))
    local_settings.undo(place, IDS, True)
    assert place.file.read_bytes() == b'{\n  "model": "opus"\n}\n'


def test_a_file_that_was_deleted_stays_deleted(place: Place) -> None:
    write(place, USERS)
    local_settings.apply(place, ITEMS, 7.0)
    place.file.unlink()
    with pytest.raises(ChangedError, match="deleted"):
        local_settings.undo(place, IDS, False)
    local_settings.undo(place, IDS, True)
    assert not place.file.exists()
    assert local_settings.slimmed(place) is None


def test_more_is_put_into_a_file_that_was_changed_since(place: Place) -> None:
    write(place, b'{"a": 1}')
    local_settings.apply(place, [TOOL], 7.0)
    write(place, place.file.read_bytes().replace(b'"a": 1', b'"a": 2'))
    local_settings.apply(place, [SKILL], 8.0)
    assert values(place) == {
        "a": 2, "permissions": {"deny": ["Workflow"]}, "skillOverrides": {"dataviz": "off"}
    }  # fmt: skip
    local_settings.undo(place, IDS, False)
    assert place.file.read_bytes() == b'{"a": 2}'


def test_what_was_taken_out_by_hand_stays_out(place: Place) -> None:
    """Switching off more switches off what the user wanted back, or gives back a member that the user took out."""
    write(place, b'{"enabledPlugins": {"a@b": true}}')
    local_settings.apply(place, [TOOL, PLUGIN, OTHER], 7.0)
    write(place, b'{"permissions": {"deny": ["x"]}}')
    assert local_settings.missing(place, [TOOL, PLUGIN, OTHER]) == [TOOL, PLUGIN]
    local_settings.apply(place, [SKILL], 8.0)
    assert values(place) == {"permissions": {"deny": ["x"]}, "skillOverrides": {"dataviz": "off"}}
    found = local_settings.slimmed(place)
    assert found is not None
    assert found.items == (OTHER, SKILL)
    local_settings.undo(place, [OTHER.id, SKILL.id], False)
    assert values(place) == {}


@pytest.mark.parametrize(
    "text",
    [b'{"a": 1,}', b"[]", b"// note\n{}", b"\xff\xfe{}", b'{"permissions": []}', b'{"permissions": {"deny": "x"}}'],
)
def test_a_file_that_can_not_take_it_is_left_as_it_is(place: Place, text: bytes) -> None:
    write(place, text)
    with pytest.raises(SettingsError, match=r"settings\.local\.json' is left as it is"):
        local_settings.apply(place, ITEMS, 7.0)
    assert place.file.read_bytes() == text
    assert list(place.data.iterdir()) == []


def test_a_link_is_not_followed(place: Place, tmp_path: Path) -> None:
    shared = tmp_path / "dotfiles.json"
    shared.write_bytes(b"{}")
    place.file.parent.mkdir()
    place.file.symlink_to(shared)
    with pytest.raises(SettingsError, match="others may share"):
        local_settings.apply(place, ITEMS, 7.0)
    assert shared.read_bytes() == b"{}"


def test_a_file_in_git_is_others_too(place: Place) -> None:
    write(place, b"{}")
    for arguments in (["init", "-q"], ["add", "-f", str(LOCAL)]):
        subprocess.run(["git", "-C", str(place.project), *arguments], check=True)
    with pytest.raises(SettingsError, match="in git"):
        local_settings.apply(place, ITEMS, 7.0)
    assert place.file.read_bytes() == b"{}"


def test_the_file_keeps_its_rights(place: Place) -> None:
    write(place, b"{}")
    place.file.chmod(0o600)
    local_settings.apply(place, ITEMS, 7.0)
    assert place.file.stat().st_mode & 0o777 == 0o600
    assert (place.data / local_settings.COPY).stat().st_mode & 0o777 == 0o600


def test_nobody_else_reads_what_is_being_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token in the settings is readable by all until the new file has its rights."""
    write(place, b"{}")
    place.file.chmod(0o600)
    modes, real = set(), os.fsync

    def seen(number: int) -> None:
        modes.add(os.fstat(number).st_mode & 0o777)
        real(number)

    monkeypatch.setattr(os, "fsync", seen)
    local_settings.apply(place, ITEMS, 7.0)
    assert modes == {0o600}


def test_a_write_that_fails_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, USERS)
    local_settings.apply(place, [TOOL], 7.0)
    before, record = place.file.read_bytes(), (place.data / local_settings.RECORD).read_bytes()
    real = os.replace

    def full(source: Path, target: Path) -> None:
        if target == place.file:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SettingsError, match="No space left"):
        local_settings.apply(place, [SKILL], 8.0)
    assert place.file.read_bytes() == before
    assert (place.data / local_settings.RECORD).read_bytes() == record
    assert [file.name for file in place.file.parent.iterdir()] == [place.file.name]


def test_a_record_without_its_file_being_written_is_undone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine was switched off between the two writes."""
    write(place, USERS)
    monkeypatch.setattr(local_settings, "write", lambda *_: None)
    local_settings.apply(place, ITEMS, 7.0)
    monkeypatch.undo()
    local_settings.undo(place, IDS, False)
    assert place.file.read_bytes() == USERS
    assert local_settings.slimmed(place) is None


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 1}', '{"format": 99}'])
def test_a_damaged_record_says_what_to_do(place: Place, damage: str) -> None:
    local_settings.apply(place, ITEMS, 7.0)
    (place.data / local_settings.RECORD).write_text(damage)
    with pytest.raises(SettingsError, match=r"by hand|another version"):
        local_settings.undo(place, IDS, False)
    assert values(place)


def test_other_projects_stay_on_the_list(place: Place) -> None:
    (place.user / paths.SLIMMED).write_text("/other\n")
    local_settings.apply(place, ITEMS, 7.0)
    assert (place.user / paths.SLIMMED).read_text() == f"/other\n{place.project}\n"
    local_settings.undo(place, IDS, False)
    assert (place.user / paths.SLIMMED).read_text() == "/other\n"


@pytest.mark.parametrize("seed", range(25))
def test_any_sequence_ends_with_the_users_bytes(place: Place, seed: int) -> None:
    """Any file in any layout, items put in and taken out in any order: in the end it is what it was."""
    random_ = random.Random(seed)
    known = {
        "permissions": random_.choice([{}, {"deny": []}, {"deny": ["WebFetch"]}, {"allow": ["Read"], "ask": []}]),
        "skillOverrides": random_.choice([{}, {"other": "off"}, {"dataviz": "on"}]),
        "enabledPlugins": random_.choice([{"a@b": True}, {"c@d": False}]),
        "deniedMcpServers": random_.choice([[], [{"serverName": "y"}]]),
        "env": {"X": 'é\u2028"}'},
    }
    picked = {key: known[key] for key in random_.sample(sorted(known), random_.randrange(6))}
    layout: dict[str, Any] = random_.choice(
        [{"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {"ensure_ascii": False}]
    )
    before = json.dumps(picked, **layout).replace("\n", random_.choice(["\n", "\r\n"])).encode()
    write(place, before)
    for _ in range(random_.randrange(1, 6)):
        local_settings.apply(place, random_.sample(ITEMS, random_.randrange(1, 5)), 7.0)
        local_settings.undo(place, random_.sample(IDS, random_.randrange(0, 3)), False)
        found = local_settings.slimmed(place)
        if found is None:
            break
        assert local_settings.missing(place, ITEMS) == [item for item in ITEMS if item not in found.items]
    if local_settings.slimmed(place) is not None:
        local_settings.undo(place, IDS, False)
    assert place.file.read_bytes() == before
