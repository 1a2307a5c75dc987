"""Odd folders and files: links that go round, names that are no UTF-8, what can not be read or is no transcript."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.usage.written import AT, FOLDER, Home, answer, as_bytes, named, usage

from trimtab.store.usage import UsageStore
from trimtab.transcript import folders, scan
from trimtab.transcript.folders import Found
from trimtab.usage.sync import sync

SPENT = usage(10, 100, 1000, 40)
ONE = (1, 10, 100, 1000, 40)


def test_links_that_go_round(home: Home) -> None:
    """A link to itself ended every sync; two to their own folder are 2 to the power of 40 ways."""
    path = home.write("s1", answer(1, named(1), SPENT))
    for link, target in (("self", "self"), ("here", "."), ("there", "."), ("up", ".."), ("gone", "nothing")):
        os.symlink(target, path.with_name(link))
        os.symlink(target, home.projects / link)
    assert home.sync()[2:5] == (1, [], [])


def test_a_linked_project_is_looked_at_where_it_is(home: Home) -> None:
    """Its folder's name says which project it is, the link's does not, though it comes first."""
    home.write("s1", answer(1, named(1), SPENT))
    (home.projects / "-a-link").symlink_to(FOLDER)
    (file,) = folders.find([home.client]).files
    assert file.folder == FOLDER


def test_folders_below_folders(home: Home) -> None:
    """1,200 of them, which no recursion survives, and a path that is longer than the system takes."""
    home.write("s1", answer(1, named(1), SPENT))
    before = os.getcwd()
    try:
        os.chdir(home.projects / FOLDER)
        for _ in range(1200):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(before)
    assert home.sync()[2] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8 are Linux's")
def test_names_that_are_no_utf_8(home: Home) -> None:
    """The session's and the agent's name are stored with ? for what they can't be stored with."""
    line = {key: value for key, value in answer(1, named(1), SPENT).items() if key != "sessionId"}
    path = home.write("s1", line)
    os.rename(path, os.fsencode(path.parent) + b"/s\xff.jsonl")
    aside = home.write("s2/a1", answer(2, named(2), SPENT, session="s2"), b"no\n")
    os.rename(aside, os.fsencode(aside.parent) + b"/agent-\xfe.jsonl")
    assert [os.fsencode(bad.path)[-6:] for bad in home.sync().bad] == [b".jsonl"]
    assert [(r.session, r.agent) for r in home.requests()] == [("s?", ""), ("s2", "?")]
    assert home.sync()[:3] == (0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8 are Linux's")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # other tests' threads; the command has none
def test_names_that_can_not_be_sent_from_process_to_process(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2, 3):
        path = home.write(f"s{number}", answer(number, named(number), SPENT))
        os.rename(path, os.fsencode(path.parent) + f"/s{number}".encode() + b"\xff" * (number == 2) + b".jsonl")
    with UsageStore.open(home.book) as store:
        assert sync(store, [home.client], processes=2).responses == 3
    assert capfd.readouterr().err == ""


def test_a_kind_of_agent_that_can_not_be_stored(home: Home) -> None:
    path = home.write("s1/a1", answer(1, named(1), SPENT))
    path.with_name("agent-a1.meta.json").write_text('{"agentType": "\\ud800x"}', encoding="utf-8")
    home.sync()
    assert [r.agent_type for r in home.requests()] == ["?x"]


def test_a_kind_of_agent_that_is_written_later(home: Home) -> None:
    """The file had been read before its .meta.json was there."""
    path = home.write("s1/a1", answer(1, named(1), SPENT))
    home.sync()
    path.with_name("agent-a1.meta.json").write_text('{"agentType": "Explore"}', encoding="utf-8")
    home.write("s1/a1", answer(2, named(2), SPENT))
    home.sync()
    assert [r.agent_type for r in home.requests()] == ["Explore", "Explore"]


def test_figures_that_sqlite_does_not_take(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems that number files by a hash of 64 bits; a file of the year 2400."""
    path = home.write("s1", answer(1, named(1), SPENT))
    late = 13_600_000_000 * 10**9
    os.utime(path, ns=(late, late))
    honest = os.fstat, os.DirEntry.stat

    def hashed(status: os.stat_result) -> os.stat_result:
        fields = {name: getattr(status, name) for name in ("st_mtime", "st_ctime", "st_mtime_ns")}
        return os.stat_result((status[0], (1 << 63) + 5, (1 << 63) + 7, *status[3:]), fields)

    assert folders.File("", "", "", "", 0, 0, 0, 0).at(hashed(path.stat()))[4:6] == (7, 5)
    monkeypatch.setattr(os, "fstat", lambda handle: hashed(honest[0](handle)))
    assert home.sync()[2] == 1
    monkeypatch.undo()
    home.sync()
    assert home.totals() == ONE


def test_files_without_a_number_are_told_apart_by_their_paths(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where a folder's listing has none; an open file has one all the same."""
    home.write("s1", answer(1, named(1), SPENT))
    home.write("s2", answer(2, named(2), SPENT, session="s2"))
    honest = folders.find

    def numberless(places: list[Path]) -> Found:
        monkeypatch.setattr(folders, "signed", lambda figure: figure if figure > 1e12 else 0)
        try:
            return honest(places)
        finally:
            monkeypatch.undo()
            monkeypatch.setattr(folders, "find", numberless)

    monkeypatch.setattr(folders, "find", numberless)
    assert home.sync()[2] == 2
    assert home.sync()[:3] == (0, 0, 0)


def test_what_is_no_file_is_no_transcript(home: Home) -> None:
    """A folder with a transcript's name; a pipe and a device, at which a reader would wait for ever."""
    path = home.write("s1", answer(1, named(1), SPENT))
    path.with_name("x.jsonl").mkdir()
    os.mkfifo(path.with_name("y.jsonl"))
    path.with_name("z.jsonl").symlink_to("/dev/zero")
    assert home.sync()[2:5] == (1, [], [])


def test_a_stray_file_beside_the_projects(home: Home) -> None:
    """It made of each project's folder a session of one project "projects"."""
    home.write("s1", answer(1, named(1), SPENT))
    line = {key: value for key, value in answer(2, named(2), SPENT).items() if key != "sessionId"}
    home.write("s1/a1", line)
    (home.projects / "stray.jsonl").write_bytes(as_bytes([answer(3, named(3), SPENT, session="s3")]))
    home.sync()
    assert [(r.session, r.agent) for r in home.requests()] == [("s1", ""), ("s1", "a1"), ("s3", "")]
    assert {file.folder for file in folders.find([home.client]).files} == {FOLDER, "projects"}


def test_only_a_clients_projects_are_its_transcripts(tmp_path: Path) -> None:
    """A client that has none yet may have plugins with transcripts of their own, such as tests'."""
    inside = tmp_path / ".claude" / "plugins" / "x" / "tests"
    inside.mkdir(parents=True)
    (inside / "s1.jsonl").write_bytes(as_bytes([answer(1, named(1), SPENT)]))
    assert folders.find(folders.client_folders({}, tmp_path)) == ([], [])


@pytest.mark.parametrize("call", ["stat", "scandir"])
def test_a_folder_that_can_not_be_read_is_named(home: Home, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And ends nothing: what else is there is read."""
    home.write("s1", answer(1, named(1), SPENT))
    home.write("s2", answer(2, named(2), SPENT, session="s2"), folder="-private")
    honest = getattr(os, call)

    def refused(path: object, *more: object, **named: object) -> object:
        if str(path).endswith("-private"):
            raise PermissionError(13, "Permission denied", str(path))
        return honest(path, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refused)
        done = home.sync()
    assert [(path, "Permission denied" in why) for path, why in done.unreadable] == [
        (str(home.projects / "-private"), True)
    ]
    assert home.totals() == ONE
    assert home.sync()[2:5] == (1, [], [])


def test_a_line_that_came_between_looking_and_reading(home: Home) -> None:
    """A file at rest for three days goes on while a long sync is under way: its new line has its own time."""
    path = home.write("s1", answer(1, named(1), SPENT))
    os.utime(path, (AT + 1, AT + 1))
    (file,) = folders.find([home.client]).files
    home.write("s1", answer(0, named(2), SPENT, timestamp="2026-11-25T21:00:00.000Z"))
    os.utime(path, (AT + 3 * 86_400, AT + 3 * 86_400))
    piece = scan.read(file, scan.State(), 1 << 20)
    assert [r.at for r in piece.requests] == [AT + 1, AT + 3 * 86_400]
    assert piece.file.size_bytes == path.stat().st_size


def test_what_is_written_while_a_file_is_read_is_left(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a reader does not run after a writer, and the noted size is that of what was read."""
    path = home.write("s1", *(answer(n, named(n), SPENT) for n in range(1, 9)))
    size, honest = path.stat().st_size, scan.Scan._feed

    def written(self: scan.Scan, buffer: bytearray, end: int) -> None:
        home.write("s1", answer(50, named(50), SPENT))
        honest(self, buffer, end)

    monkeypatch.setattr(scan, "BLOCK_BYTES", 700)
    monkeypatch.setattr(scan.Scan, "_feed", written)
    (file,) = folders.find([home.client]).files
    piece = scan.read(file, scan.State(), 1 << 20)
    assert (piece.is_last, piece.after.offset, len(piece.requests)) == (True, size, 8)
    monkeypatch.undo()
    home.sync()
    assert home.totals()[0] == 9


def test_a_copy_with_a_time_of_old(home: Home) -> None:
    """Its lines are believed: the system knows when it came to be here, whatever time it was given."""
    path = home.write("s1", answer(1, named(1), SPENT))
    if path.stat().st_ctime < AT:
        pytest.skip("this machine's clock is before the lines' time")
    os.utime(path, (1_680_000_000, 1_680_000_000))
    home.sync()
    assert [r.at for r in home.requests()] == [AT + 1]


@pytest.mark.skipif(sys.platform != "linux", reason="several processes read on Linux only")
def test_readers_end_when_the_sync_is_killed(tmp_path: Path) -> None:
    """They held each other's pipes open, and waited for ever for someone to read them."""
    home = Home(tmp_path)
    lines = as_bytes([answer(1, named(1), SPENT, content=[{"type": "text", "text": "a" * 200}])])
    for number in range(4):
        home.write(f"s{number}", *(lines.replace(b"msg_01", b"msg_%d" % n) for n in range(20_000)))
    program = (
        "import os, sys, time; from pathlib import Path; from trimtab.store.usage import UsageStore;"
        "from trimtab.usage import sync as s; honest = UsageStore.add;"
        "UsageStore.add = lambda *a: (print(os.getpid(), flush=True), time.sleep(60));"
        "s.BATCH_ROWS = 1;"
        "s.sync(UsageStore.open(Path(sys.argv[1])), [Path(sys.argv[2])], processes=3)"
    )
    path = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        [sys.executable, "-c", program, str(home.book), str(home.client)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    ) as child:
        assert child.stdout is not None
        assert int(child.stdout.readline()) == child.pid
        readers = [int(pid) for pid in Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()]
        assert len(readers) == 3
        os.kill(child.pid, signal.SIGKILL)
        try:
            assert child.communicate(timeout=30)[0] == ""  # the readers have it too: it ends when they do
        finally:
            for pid in readers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_the_whole_is_json(home: Home) -> None:
    """What a sync says of a name that is no UTF-8 can be printed."""
    from trimtab.cli.usage import as_object

    path = home.write("s1", b"no\n")
    os.rename(path, os.fsencode(path.parent) + b"/s\xff.jsonl")
    told = as_object(home.sync(), home.book)
    assert b"s?.jsonl" in json.dumps(told, ensure_ascii=False).encode()
