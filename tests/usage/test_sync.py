"""Files that grow, shrink, are replaced, copied, cut off or damaged: read on, named, and never counted twice."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.usage.written import AT, FOLDER, Home, Line, answer, as_bytes, called, result, usage, user

from trimtab.errors import DamagedError, StoreError
from trimtab.records import Arrival
from trimtab.store.usage import News, UsageStore
from trimtab.transcript import folders, scan
from trimtab.usage.sync import Task, news_of, sync, sync_session

SPENT = usage(10, 100, 1000, 40)


def messages(first: int, last: int, session: str = "s1") -> list[Line]:
    """Responses of 10, 100, 1000 and 40 tokens each."""
    return [answer(n, f"msg_{session}_{n}", SPENT, session=session) for n in range(first, last + 1)]


def test_a_file_that_grows_is_read_on(home: Home) -> None:
    path = home.write("s1", *messages(1, 3))
    assert home.sync()[:3] == (1, path.stat().st_size, 3)
    before = path.stat().st_size
    home.write("s1", *messages(3, 5))
    assert home.sync()[:3] == (1, path.stat().st_size - before, 2)
    assert home.totals() == (5, 50, 500, 5000, 200)


def test_nothing_new_reads_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the last line is half written: not a byte is read, and no file is opened."""
    home.write("s1", *messages(1, 3), as_bytes(messages(4, 4))[:-40])
    home.sync()
    monkeypatch.setattr(scan, "FileIO", None)
    assert home.sync()[:3] == (0, 0, 0)


def test_a_half_written_line_is_left_until_it_is_whole(home: Home) -> None:
    (whole,) = (as_bytes([line]) for line in messages(4, 4))
    home.write("s1", *messages(1, 3), whole[:-30])
    assert home.sync().bad == []
    assert home.totals()[0] == 3
    home.write("s1", whole[-30:])
    assert home.sync()[2:4] == (1, [])
    assert home.totals() == (4, 40, 400, 4000, 160)


def test_a_call_and_its_result_in_two_syncs(home: Home) -> None:
    home.write("s1", answer(1, "m1", SPENT, content=[called("Read", "t1", file_path="/a")]))
    home.sync()
    home.write("s1", user(2, [result("t1", "text")]))
    home.sync()
    with home.store() as store:
        arrived = [a for a in store.arrivals() if a.what != "answer"]
    assert arrived == [Arrival("s1", "", "t1", AT + 2, "result", "Read", "/a", 4)]


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_file_that_was_cut_and_grew_again(home: Home, kept: int) -> None:
    """The lines that it lost were billed all the same; those that are there again count once."""
    path = home.write("s1", *messages(1, 4))
    home.sync()
    path.write_bytes(as_bytes([*messages(1, kept), *messages(7, 11)]))
    home.sync()
    assert home.totals() == (9, 90, 900, 9000, 360)


def test_other_text_of_the_same_length_in_the_same_file(home: Home) -> None:
    """A rewrite in place: the file's last bytes are not those that were read."""
    path = home.write("s1", *messages(1, 4))
    home.sync()
    size = path.stat().st_size
    path.write_bytes(as_bytes(messages(5, 8)))
    assert path.stat().st_size == size
    os.utime(path, (AT, AT))
    home.sync()
    assert home.totals() == (8, 80, 800, 8000, 320)


def test_a_file_that_another_took_the_place_of(home: Home) -> None:
    path = home.write("s1", *messages(1, 4))
    home.sync()
    path.with_name("new").write_bytes(as_bytes([*messages(1, 4), *messages(5, 6)]))
    path.with_name("new").replace(path)
    assert home.sync()[2] == 2
    assert home.totals()[0] == 6


def test_copies_and_a_renamed_project_count_nothing_again(home: Home) -> None:
    path = home.write("s1", *messages(1, 4))
    shutil.copy(path, path.with_name("backup.jsonl"))
    home.sync()
    shutil.copytree(path.parent, home.projects / "-moved")
    (home.projects / "-linked").symlink_to(path.parent)
    home.sync()
    assert home.totals() == (4, 40, 400, 4000, 160)
    assert {r.session for r in home.requests()} == {"s1"}


def test_what_a_deleted_file_told_is_kept(home: Home) -> None:
    path = home.write("s1", *messages(1, 4), b"not JSON\n")
    home.sync()
    path.unlink()
    assert home.sync()[:3] == (0, 0, 0)
    assert home.totals()[0] == 4
    with home.store() as store:
        assert (store.files(), store.bad_lines()) == ({}, [])
    home.write("s1", *messages(1, 4))
    assert home.sync()[2] == 0


def test_bad_lines_are_named_and_cost_nothing_else(home: Home) -> None:
    """Lines count from 1, blank ones too; what is bad is named once, also when the file grows."""
    lines: list[Line | bytes] = [
        *messages(1, 2),
        b"\n",
        b"not JSON\n",
        *messages(3, 3),
        b'["a"]\n',
        b'{"type":"assistant"}\n',
        b"\0\n",
    ]
    path = home.write("s1", *lines)
    done = home.sync()
    assert [(bad.path, bad.line) for bad in done.bad] == [(str(path), n) for n in (4, 6, 7, 8)]
    home.write("s1", *messages(4, 4), b'{"type":"user"}\n')
    done = home.sync()
    assert [bad.line for bad in done.bad] == [10]
    assert "without a message" in done.bad[0].why
    assert home.totals() == (4, 40, 400, 4000, 160)
    with home.store() as store:
        assert [line for _, line, _ in store.bad_lines()] == [4, 6, 7, 8, 10]


def test_odd_fields_lose_nothing_but_themselves(home: Home) -> None:
    """Figures that are none count 0, bytes that are no UTF-8 are replaced, half a surrogate pair can be stored."""
    odd = answer(1, "m1", SPENT | {"input_tokens": "many", "output_tokens": 7.5})
    text = as_bytes([answer(2, "m2", SPENT, content=[called("Bash", "t2", command="QQ")])]).replace(b"QQ", b"\xff\xfe")
    half = as_bytes([answer(3, "m3", SPENT, content=[called("Bash", "t3", command="QQ")])]).replace(b"QQ", b"\\ud800")
    wrong = answer(4, "m4", SPENT, isSidechain="no", version=2)
    home.write("s1", odd, text, half, user(5, [result("t2", "a"), result("t3", "b")]), wrong)
    assert home.sync().bad == []
    assert home.totals() == (4, 30, 400, 4000, 120)
    with home.store() as store:
        assert [a.target for a in store.arrivals() if a.what == "result"] == ["\ufffd\ufffd", "?"]


def test_sums_that_are_no_numbers(home: Home) -> None:
    total = {"type": "cost-state", "sessionId": "s1", "totalCostUSD": float("nan"), "modelUsage": {"m": 1}}
    late = {"type": "cost-state", "sessionId": "s1", "totalCostUSD": 0.5, "startTime": float("inf")}
    home.write("s1", *messages(1, 1), dict(total), dict(late))
    assert home.sync().bad == []
    with home.store() as store:
        assert [found.usd for found in store.session_totals()] == [0.5]


def test_two_lines_that_a_crash_left_on_one(home: Home) -> None:
    home.write("s1", as_bytes(messages(1, 1)).rstrip() + as_bytes(messages(2, 2)), *messages(3, 3))
    assert home.sync().bad == []
    assert home.totals() == (3, 30, 300, 3000, 120)


@pytest.mark.parametrize(
    "left", [b"\0" * 300, as_bytes(messages(2, 2))[:-60], b'{"type":"user","message":{"content":[{']
)
def test_half_a_line_or_zero_bytes_that_a_crash_left_before_a_whole_line(home: Home, left: bytes) -> None:
    """The half is named, the whole one counts: its response may have no other line."""
    path = home.write("s1", *messages(1, 1), left + as_bytes(messages(3, 3)), *messages(4, 4))
    ((named, line, why),) = home.sync().bad
    assert (named, line, "which is counted" in why) == (str(path), 2, True)
    assert home.totals() == (3, 30, 300, 3000, 120)


def test_what_a_bad_line_has_inside_is_no_line(home: Home) -> None:
    """A record in a result's text is a text, and an object of a line is not the line."""
    quoted = as_bytes([user(2, as_bytes(messages(2, 2)).decode())])
    inner = as_bytes([{"a": messages(3, 3)[0]}])
    home.write("s1", *messages(1, 1), b"x" + quoted[1:], b"x" + inner[1:], b"x" + inner)
    assert [bad.line for bad in home.sync().bad] == [2, 3, 4]
    assert home.totals()[0] == 1


@pytest.mark.parametrize("place", ["toolUseResult", "zz", "input"])
def test_what_is_nested_too_deeply(home: Home, place: str) -> None:
    """It ended every sync. The second copy of a result is not needed; elsewhere the line is named."""
    deep = b"[" * 5000 + b"]" * 5000
    line = answer(2, "msg_s1_2", SPENT, content=[called("Read", "t1", file_path="QQ" if place == "input" else "a")])
    if place != "input":
        line |= {place: "QQ"}
    home.write("s1", *messages(1, 1), as_bytes([line]).replace(b'"QQ"', deep), *messages(3, 3))
    bad = home.sync().bad
    assert ([one.line for one in bad], home.totals()[0]) == (([], 3) if place == "toolUseResult" else ([2], 2))


def test_a_figure_that_is_written_as_a_fraction(home: Home) -> None:
    """Some gateways write 40.0, which is 40; 7.5 is no figure."""
    home.write("s1", answer(1, "m1", usage(10, 100, 1000, 0) | {"output_tokens": 40.0, "input_tokens": 7.5}))
    home.sync()
    assert home.totals() == (1, 0, 100, 1000, 40)


def test_a_time_is_read_alike_where_another_field_is_odd(home: Home) -> None:
    """With an offset from UTC, too."""
    line = answer(1, "m1", SPENT, timestamp="2026-11-22T22:00:07.000+01:00", isSidechain="no")
    home.write("s1", *messages(1, 1), line)
    home.sync()
    assert [r.at for r in home.requests()] == [AT + 1, AT + 7]


@pytest.mark.parametrize("size", [1 << 19, 3 << 19, (1 << 22) + 1])
def test_long_lines(home: Home, size: int) -> None:
    """Longer than a block of reading; the second copy of a result too."""
    big = user(2, [result("t1", "a" * size)], toolUseResult={"stdout": "b" * size})
    home.write("s1", *messages(1, 1), big, *messages(3, 4))
    assert home.sync().bad == []
    assert home.totals()[0] == 3
    with home.store() as store:
        assert [a.characters for a in store.arrivals()] == [size]


def test_a_line_that_is_too_long_is_passed_over(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the second copy of a result it is read; without one it is named."""
    monkeypatch.setattr(scan, "LONGEST_BYTES", 1 << 20)
    copied = user(2, [result("t1", "a" * 50)], toolUseResult={"stdout": "b" * (3 << 20)})
    home.write("s1", *messages(1, 1), copied, user(3, "c" * (2 << 20)), *messages(4, 4), b"[]\n")
    done = home.sync()
    assert [bad.line for bad in done.bad] == [3, 5]
    assert home.totals()[0] == 2
    with home.store() as store:
        assert [a.characters for a in store.arrivals()] == [50]
    home.write("s1", *messages(6, 6))
    assert home.sync()[2:4] == (1, [])


def test_a_too_long_line_that_is_not_finished_is_left(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "LONGEST_BYTES", 1 << 20)
    home.write("s1", *messages(1, 1), b'{"type":"user","message":{"content":"' + b"c" * (2 << 20))
    assert home.sync()[2:4] == (1, [])
    home.write("s1", b'"}}\n', *messages(2, 2))
    assert [bad.line for bad in home.sync().bad] == [2]
    assert home.totals()[0] == 2


def test_a_crash_before_the_commit_loses_and_repeats_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a part and how far it was read are written together."""
    monkeypatch.setattr("trimtab.usage.sync.PIECE_BYTES", 1)
    monkeypatch.setattr("trimtab.usage.sync.BATCH_ROWS", 1)
    for name in ("s1", "s2"):
        home.write(name, *messages(1, 3, name))
    honest, left = UsageStore._add_facts, [3]

    def stopped(self: UsageStore, db: sqlite3.Connection, news: Sequence[News]) -> None:
        honest(self, db, news)
        left[0] -= 1
        if left[0] <= 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(UsageStore, "_add_facts", stopped)
    monkeypatch.setattr(scan, "BLOCK_BYTES", 600)
    with pytest.raises(KeyboardInterrupt):
        home.sync()
    assert 0 < home.totals()[0] < 6
    monkeypatch.setattr(UsageStore, "_add_facts", honest)
    home.sync()
    assert home.totals() == (6, 60, 600, 6000, 240)


def test_two_syncs_at_once(home: Home) -> None:
    """Both read the same lines, and the slower one writes an older state last: the next sync has it right."""
    home.write("s1", *messages(1, 3))
    with UsageStore.open(home.book) as one, UsageStore.open(home.book) as two:
        (file,) = folders.find([home.client]).files
        early = scan.read(file, scan.State(), 1 << 20)
        home.write("s1", *messages(4, 6))
        sync(two, [home.client])
        assert one.add([news_of(Task(file, scan.State(), AT), early)]) == 0
    home.write("s1", *messages(7, 7))
    home.sync()
    assert home.totals() == (7, 70, 700, 7000, 280)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # other tests' threads; the command has none
def test_several_processes_give_what_one_gives(home: Home) -> None:
    for name in ("s1", "s2", "s3", "s2/a1"):
        home.write(name, *messages(1, 40, name), b"no\n")
    with UsageStore.open(home.book) as store:
        done = sync(store, [home.client], processes=2)
    assert (done.files, done.responses, len(done.bad)) == (4, 160, 4)
    assert home.totals() == (160, 1600, 16000, 160000, 6400)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # other tests' threads; the command has none
def test_a_reading_process_that_is_killed_loses_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has not sent is read by the one that writes."""
    for name in ("s1", "s2", "s3"):
        home.write(name, *messages(1, 40, name))
    parent, honest = os.getpid(), scan.read

    def killed(file: folders.File, state: scan.State, most_bytes: int) -> scan.Piece:
        if os.getpid() != parent and file.session == "s2":
            os.kill(os.getpid(), signal.SIGKILL)
        return honest(file, state, most_bytes)

    monkeypatch.setattr(scan, "read", killed)
    with UsageStore.open(home.book) as store:
        assert sync(store, [home.client], processes=2).is_complete
    assert home.totals() == (120, 1200, 12000, 120000, 4800)


def test_what_can_not_be_read_is_said_and_tried_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.write("s1", *messages(1, 2))
    home.write("s2", *messages(1, 1, "s2"))
    honest = scan.read

    def refused(file: folders.File, state: scan.State, most_bytes: int) -> scan.Piece:
        if file.path == str(path):
            raise PermissionError(13, "Permission denied")
        return honest(file, state, most_bytes)

    monkeypatch.setattr(scan, "read", refused)
    ((named, why),) = home.sync().unreadable
    assert (named, "Permission denied" in why) == (str(path), True)
    monkeypatch.undo()
    assert home.sync()[2] == 2


def test_one_session_in_small_steps(home: Home) -> None:
    """As the daemon reads: some bytes at a time, the subagents too, nothing of other sessions."""
    path = home.write("s1", *messages(1, 30))
    home.write("s1/a1", *messages(1, 2, "a1"))
    home.write("s2", *messages(1, 5, "s2"))
    steps = 0
    with UsageStore.open(home.book) as store:
        while not sync_session(store, path, most_bytes=1).is_complete:
            steps += 1
        again = sync_session(store, path)
        assert (again.files, again.size_bytes, again.is_complete) == (0, 0, True)
        assert len(store.requests()) == 32
        assert sync_session(store, path.with_name("none.jsonl"))[:3] == (0, 0, 0)
    assert steps >= 1


def test_progress_ends_at_the_whole(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.usage.sync.BATCH_ROWS", 1)
    size = sum(home.write(name, *messages(1, 9, name)).stat().st_size for name in ("s1", "s2"))
    told: list[tuple[int, int]] = []
    with UsageStore.open(home.book) as store:
        sync(store, [home.client], lambda done, total: told.append((done, total)), processes=1)
    assert told[-1] == (size, size)


def test_a_damaged_book_is_left_as_it_is(home: Home) -> None:
    home.write("s1", *messages(1, 1))
    home.book.write_bytes(b"not a database" * 99)
    with pytest.raises(DamagedError, match=r"usage\.db.*move it away.*usage sync"):
        home.sync()
    assert home.book.read_bytes() == b"not a database" * 99
    home.book.unlink()


def test_a_book_that_is_missing_or_newer(home: Home) -> None:
    with pytest.raises(StoreError, match="usage sync"):
        home.store()
    home.sync()
    db = sqlite3.connect(home.book)
    db.execute("insert into migrations values (999, 'later', 0)")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="newer Trimtab"):
        home.sync()
    home.book.unlink()


def test_the_book_is_its_users_alone(home: Home) -> None:
    home.sync()
    assert home.book.stat().st_mode & 0o077 == 0


def test_where_transcripts_are(tmp_path: Path) -> None:
    """CLAUDE_CONFIG_DIR with one or several folders, or one with a comma in its name; else the two of clients."""
    where = folders.client_folders
    assert where({}, tmp_path) == [tmp_path / ".claude" / "projects", tmp_path / ".config" / "claude" / "projects"]
    xdg = {"XDG_CONFIG_HOME": "/x"}
    assert where(xdg, tmp_path) == [tmp_path / ".claude" / "projects", Path("/x/claude/projects")]
    assert where({"CLAUDE_CONFIG_DIR": "/a, /b"}, tmp_path) == [Path("/a/projects"), Path("/b/projects")]
    (tmp_path / "a,b").mkdir()
    named = {"CLAUDE_CONFIG_DIR": str(tmp_path / "a,b")}
    assert where(named, tmp_path) == [tmp_path / "a,b" / "projects"]


def test_which_files_are_transcripts(home: Home) -> None:
    """A nested subagent's too; not what a session keeps beside them. A project's folder can be given itself."""
    home.write("s1", *messages(1, 1))
    home.write("s1/a1", *messages(2, 2))
    nested = home.path("s1/x").parent / "workflows" / "w1" / "agent-a2.jsonl"
    nested.parent.mkdir(parents=True)
    nested.write_bytes(as_bytes(messages(3, 3)))
    for place in ("s1/tool-results", "memory"):
        (home.projects / FOLDER / place).mkdir()
        (home.projects / FOLDER / place / "out.jsonl").write_text(json.dumps({"a": 1}))
    wanted = [("s1", ""), ("s1", "a1"), ("s1", "a2")]
    for given in (home.client, home.projects, home.projects / FOLDER):
        assert sorted((file.session, file.agent) for file in folders.find([given]).files) == wanted
        assert {file.folder for file in folders.find([given]).files} == {FOLDER}
    assert folders.find([home.client / "nothing"]) == ([], [])
