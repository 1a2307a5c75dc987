"""What the handlers share: settings, counts, ledgers that come and go."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client, is_view

from trimtab.errors import StoreError, TrimtabError
from trimtab.handlers import desk
from trimtab.handlers.loads import Loaded
from trimtab.handlers.table import HANDLERS


def test_settings_are_read_again_when_they_change(client: Client) -> None:
    config = client.project / ".claude-patterns" / "config.toml"
    assert is_view(client.read("/p/a.py", source(1)))
    config.write_text('mode = "monitoring_only"\n', encoding="utf-8")
    assert not is_view(client.read("/p/b.py", source(2)))


def test_a_wrong_setting_is_logged_once_and_the_default_is_used(client: Client) -> None:
    client.environment["TRIMTAB_LEVEL"] = "fast"
    (client.home / ".claude-patterns" / "daemon").mkdir(parents=True)
    for seed in range(3):
        assert is_view(client.read(f"/p/{seed}.py", source(seed)))
    log = (client.home / ".claude-patterns" / "daemon" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    (fault,) = [json.loads(line)["fault"] for line in log]
    assert "TRIMTAB_LEVEL" in fault
    assert "fast" in fault
    assert "adaptive, aggressive, standard, minimal" in fault


def test_counts_take_the_place_of_estimates(client: Client) -> None:
    client.read("/p/a.py", source(1))
    assert [load.counted for load in client.loads()] == [False]
    client.desk.between()
    (load,) = client.loads()
    assert load.counted
    assert load.shown_tokens < 0.9 * load.raw_tokens


def test_what_is_recorded_again_takes_the_room_of_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The characters of each earlier record stay counted, and what is recorded later keeps its estimate for ever."""
    monkeypatch.setattr(desk, "MOST_UNCOUNTED_CHARACTERS", 40_000)
    call = {
        "tool_name": "Bash",
        "tool_use_id": "t1",
        "tool_input": {"command": "make"},
        "tool_response": {"stdout": "x = 1\n" * 2_000, "stderr": "", "interrupted": False, "isImage": False},
    }
    for _ in range(8):
        client.send("PostToolUse", **call)
    client.send("PostToolUse", **{**call, "tool_use_id": "t2"})
    client.desk.between()
    assert [load.counted for load in client.loads()] == [True, True]


def test_a_project_that_can_not_be_written_is_an_error_of_ours(client: Client) -> None:
    (client.project / ".claude-patterns").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(Exception, match="claude-patterns"):
        client.read("/p/a.py", source(1))
    assert os.listdir(client.project) == [".claude-patterns"]


def test_a_ledger_that_is_deleted_is_begun_anew(client: Client) -> None:
    """The conversation goes on, with the new ledger; what its agent holds is still known."""
    assert is_view(client.read("/p/a.py", source(1)))
    shutil.rmtree(client.project / ".claude-patterns")
    assert is_view(client.read("/p/b.py", source(2)))
    assert not is_view(client.read("/p/a.py", source(1)))
    client.send("Stop")
    client.desk.between()
    with client.ledger() as store:
        assert [(load.path, load.counted) for load in store.loads()] == [("/p/b.py", True), ("/p/a.py", True)]
        assert [session.session for session in store.sessions()] == ["s1"]


def test_a_project_that_is_gone_is_not_brought_back(client: Client) -> None:
    """A git worktree is removed while its session still sends events."""
    client.read("/p/a.py", source(1))
    shutil.rmtree(client.project)
    for _ in range(2):
        with pytest.raises(StoreError, match="no folder any more"):
            client.send("Stop")
    assert not client.project.exists()


def test_a_damaged_ledger_is_left_as_it_is(client: Client) -> None:
    ledger = client.project / ".claude-patterns" / "trimtab.db"
    ledger.parent.mkdir()
    ledger.write_bytes(b"this is no database" * 500)
    with pytest.raises(StoreError, match="left as it is"):
        client.read("/p/a.py", source(1))
    assert ledger.read_bytes() == b"this is no database" * 500
    ledger.unlink()


def test_a_view_is_not_shown_unless_the_ledger_took_it(client: Client) -> None:
    """What is not recorded can't be told from what the client did by itself."""
    client.read("/p/a.py", source(1))
    with closing(sqlite3.connect(client.project / ".claude-patterns" / "trimtab.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreError, match="another program"):
            client.read("/p/b.py", source(2))
        other.execute("rollback")
    assert [load.path for load in client.loads()] == ["/p/a.py"]


def test_each_project_has_a_ledger_of_its_own(client: Client, tmp_path: Path) -> None:
    client.read("/p/a.py", source(1))
    first, client.project = client.project, tmp_path / "second"
    client.project.mkdir()
    client.environment["CLAUDE_PROJECT_DIR"] = str(client.project)
    client.session = "s2"
    client.read("/p/b.py", source(2))
    assert [load.path for load in client.loads()] == ["/p/b.py"]
    client.project = first
    assert [load.path for load in client.loads()] == ["/p/a.py"]


def test_what_is_parsed_twice_is_parsed_once(client: Client) -> None:
    text = source(1)
    first = client.desk.parse(Loaded("Read", "/p/a.py", text, 1))
    assert first is client.desk.parse(Loaded("Read", "/q/a.py", text, 1))
    assert first is not client.desk.parse(Loaded("Read", "/p/a.go", text, 1))


def test_an_event_that_nobody_hooked_has_no_opinion(client: Client) -> None:
    assert client.send("Notification") is None


ODD: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    "a\0b",
    "\ud800",
    "x" * 300,
    [],
    [[]],
    {},
    {"a": 1},
    "../..",
    source(3),
)
RECORDED = sorted((Path(__file__).parents[1] / "events").glob("*.json"))


def places(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where the values within a JSON value are, all depths."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [place for key, each in inner for place in [(*at, key), *places(each, (*at, key))]]


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_whatever_a_field_holds_is_no_opinion_a_reply_or_an_error_of_ours(client: Client, recorded: Path) -> None:
    """A client that changes its events must not meet a KeyError or a TypeError; each field gets each odd value."""
    text = recorded.read_text(encoding="utf-8").replace("def add", json.dumps(source(9))[1:-1] + "def add")
    views = 0
    for place in places(json.loads(text)):
        for odd in ODD:
            inner = event = json.loads(text) | {"transcript_path": str(client.transcript)}
            client.calls += 1
            if "tool_use_id" in event:
                event |= {"tool_use_id": f"t{client.calls}", "session_id": f"s{client.calls}"}
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = odd
            try:
                answer = client.desk.answer(json.dumps(event).encode(), client.environment)
            except TrimtabError:
                continue
            assert not answer or "hookSpecificOutput" in json.loads(answer), (place, odd)
            views += b"updatedToolOutput" in answer
    assert (views > 50) is recorded.name.startswith("PostToolUse.Read")  # else none of it was about a view


def test_there_are_recorded_events_of_every_hook() -> None:
    ours = {"FailedCommand", "StatusLine", *(name for name in HANDLERS if name.startswith("Mod"))}  # not the client's
    assert set(HANDLERS) - ours <= {path.name.partition(".")[0] for path in RECORDED}
