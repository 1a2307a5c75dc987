"""The ledger: round trips, migrations, and every fault that a file or a disk can bring."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.errors import DamagedError, StoreError
from trimtab.records import (
    Addition,
    Alert,
    Factor,
    Fold,
    Layered,
    Load,
    Message,
    Metric,
    Recovery,
    Request,
    Session,
    Tier,
    Totals,
)
from trimtab.schema import MIGRATIONS, Migration
from trimtab.store import Store, set_aside

LOAD = Load(
    session="s1",
    agent="",
    tool_use_id="t1",
    at=10.0,
    tool="Read",
    path="/p/a.py",
    kind="python",
    tier=Tier.STANDARD,
    reason="saves 600 of 1000",
    raw_tokens=1000,
    shown_tokens=400,
    counted=False,
    folds=(Fold(5, 90, ("add", "sub")), Fold(100, 120, ())),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trimtab.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def schema_of(path: Path) -> list[tuple[str, str]]:
    db = sqlite3.connect(path)
    try:
        rows = db.execute("select name, sql from sqlite_master where sql is not null order by name")
        return [(str(row[0]), str(row[1])) for row in rows]
    finally:
        db.close()


# Migrations


@pytest.mark.parametrize("number", range(1, len(MIGRATIONS)))
def test_a_migrated_ledger_is_like_a_fresh_one(tmp_path: Path, number: int) -> None:
    old, fresh = tmp_path / "old.db", tmp_path / "fresh.db"
    Store.open(old, migrations=MIGRATIONS[:number]).close()
    assert len(schema_of(old)) > number
    Store.open(old).close()
    Store.open(fresh).close()
    assert schema_of(old) == schema_of(fresh)


def test_the_public_tables_have_their_columns(store: Store) -> None:
    """design.md, section 5."""
    for table, columns in {
        "token_metrics": "id timestamp metric_type value source tags context",
        "alerts": "id level message source triggered_at acknowledged",
        "budget_constraints": "id level scope token_limit used period_start period_end tags",
        "budget_allocations": "constraint_id allocated used available status efficiency_score",
    }.items():
        db = sqlite3.connect(store.path)
        found = [row[1] for row in db.execute(f"pragma table_info({table})")]
        db.close()
        assert found[: len(columns.split())] == columns.split()  # more columns are free


def test_a_migration_that_fails_leaves_nothing(path: Path) -> None:
    Store.open(path).close()
    before = schema_of(path)
    wrong = Migration(99, "half", ("create table half (a)", "create table half (a)"))
    with pytest.raises(StoreError, match="prepare"):
        Store.open(path, migrations=(*MIGRATIONS, wrong))
    assert schema_of(path) == before
    Store.open(path).close()


def test_a_newer_ledger_is_refused_and_says_so(path: Path) -> None:
    newer = Migration(99, "of the future", ("create table future (a)",))
    Store.open(path, migrations=(*MIGRATIONS, newer)).close()
    with pytest.raises(StoreError, match=r"newer Trimtab \(its schema is 99"):
        Store.open(path)


def test_two_that_open_a_new_ledger_at_once(path: Path) -> None:
    faults: list[BaseException] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        try:
            Store.open(path).close()
        except BaseException as exc:
            faults.append(exc)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


# Round trips


def test_loads(store: Store) -> None:
    later = LOAD._replace(tool_use_id="t2", session="s2", at=20.0, honoured=False, folds=(), agent="a1")
    store.add_load(later)
    store.add_load(LOAD)
    assert store.loads() == [LOAD, later]
    assert store.loads(session="s1") == [LOAD]
    assert store.loads(since=10.5) == [later]
    assert store.loads(until=20.0) == [LOAD]
    assert store.loads(until=20.0, with_folds=False) == [LOAD._replace(folds=())]
    assert store.loads(session="s1", since=10.5) == []


def test_who_wrote_a_message_is_kept_and_who_asked_whom(store: Store) -> None:
    """A message between agents comes back as another load, main and no message are mixed up, or a task is not found."""
    task = LOAD._replace(
        tool_use_id="t2", agent="a1", at=11.0, kind="task", folds=(), message=Message("", "Explore", "high")
    )
    report = LOAD._replace(tool_use_id="t1", message=Message("Explore", "", "critical"))
    for load in (LOAD, task, report):  # a message takes the place of a load that was none
        store.add_load(load)
    assert store.loads() == [report, task]
    assert store.task_of("s1", "a1") == Message("", "Explore", "high")
    assert [store.task_of(*pair) for pair in (("s1", ""), ("s2", "a1"), ("s1", "a2"))] == [None, None, None]
    store.add_load(LOAD)
    assert store.loads() == [LOAD, task]


def test_the_same_load_again_replaces_the_first(store: Store) -> None:
    store.add_load(LOAD)
    again = LOAD._replace(tier=Tier.ESSENTIAL, shown_tokens=100, folds=(Fold(1, 2, ("x",)),))
    store.add_load(again)
    assert store.loads() == [again]


def test_counts_and_honoured(store: Store) -> None:
    store.add_load(LOAD)
    store.count_load("t1", 1100, 420)
    store.add_news(honoured=[("t1", True)])
    store.add_news(honoured=[("unknown", True)])
    store.count_load("unknown", 1, 1)
    assert store.loads() == [LOAD._replace(raw_tokens=1100, shown_tokens=420, counted=True, honoured=True)]


def test_recoveries_go_with_their_load(store: Store) -> None:
    recovery = Recovery("t1", "t9", 30.0, "Read", 12, 150)
    store.add_load(LOAD)
    store.add_news(recoveries=[recovery])
    store.add_news(recoveries=[recovery._replace(lines=20)])
    assert store.recoveries() == [recovery._replace(lines=20)]
    assert store.recoveries(session="s1", until=11.0) == [recovery._replace(lines=20)]
    assert store.recoveries(since=11.0) == []
    store.add_news(recoveries=[recovery._replace(agent="a7")])
    assert store.recoveries() == [recovery._replace(agent="a7")]


def test_recoveries_of_an_older_ledger_are_the_loads_own(path: Path) -> None:
    """They can't be read, or those of an agent's view become the main conversation's."""
    number = next(place for place, each in enumerate(MIGRATIONS) if each.name.startswith("who fetched"))
    Store.open(path, migrations=MIGRATIONS[:number]).close()
    db = sqlite3.connect(path)
    db.execute(
        "insert into recoveries (load, tool_use_id, at, tool, lines, tokens) values ('t1', 't9', 3, 'Read', 1, 2)"
    )
    db.commit()
    db.close()
    with Store.open(path) as store:
        store.add_load(LOAD)
        assert store.recoveries() == [Recovery("t1", "t9", 3, "Read", 1, 2, None)]


def test_a_response_counts_once_and_the_last_row_wins(store: Store) -> None:
    """Streamed rows grow; a copied history brings old rows again; the first time and session stay."""
    first = Request("s1", "", "m1", 5.0, "model", 1, 2, 3, 4, 1)
    whole = first._replace(at=6.0, output_tokens=50)
    store.add_news([first, whole])
    store.add_news([first])
    store.add_news([whole._replace(session="s2", at=90.0)])
    store.add_news([])
    assert store.requests() == [whole._replace(at=5.0)]
    assert store.requests(session="s2") == []


def test_session_lengths(store: Store) -> None:
    def request(session: str, name: str, at: float, agent: str = "") -> Request:
        return Request(session, agent, name, at, "m", 1, 0, 0, 0, 1)

    store.add_news([request("s1", f"a{n}", n) for n in range(3)])
    store.add_news([request("s2", f"b{n}", 100 + n) for n in range(5)])
    store.add_news([request("s2", "c", 101, agent="a1"), request("s3", "d", 200, agent="a1")])
    assert store.session_lengths() == [5, 3]
    assert store.session_lengths(1) == [5]


def test_what_a_price_depends_on_is_kept(tmp_path: Path) -> None:
    """Fast mode, web searches and the US: without them a response of 0.48 USD came back as one of 0.20."""
    told = Request("s", "", "m", 1.0, "claude-opus-5-5", 1, 2, 3, 4, 5, is_fast=True, web_searches=6, is_us=True)
    with Store.open(tmp_path / "l.db") as store:
        store.add_news([told])
        assert store.requests() == [told]


def test_sessions(store: Store) -> None:
    store.add_session("s1", 5.0, "", "/t.jsonl", "/p", "2.1.328")
    store.add_session("s1", 9.0, "claude-opus-5-5", "", "", "")
    assert store.sessions() == [Session("s1", 5.0, "claude-opus-5-5", "/t.jsonl", "/p", "2.1.328")]
    assert store.sessions(since=6.0) == []
    store.add_session("s2", 7.0, "", "", "")
    assert store.sessions(since=6.0) == [Session("s2", 7.0, "", "", "", "")]
    store.add_news([Request("s2", "", "m", 8.0, "claude-opus-4-6", 1, 0, 0, 0, 1)])
    assert store.sessions(since=6.0)[0].model == "claude-opus-4-6"


def test_news_are_one_transaction(store: Store) -> None:
    request = Request("s1", "", "m1", 5.0, "model", 1, 2, 3, 4, 1)
    recovery = Recovery("t1", "t9", 30.0, "Read", 12, 150)
    store.add_load(LOAD)
    with pytest.raises(StoreError):
        store.add_news([request], [recovery._replace(tokens=2**80)], [("t1", True)], [])
    assert (store.requests(), store.recoveries(), store.loads()) == ([], [], [LOAD])
    for _ in range(2):
        store.add_news([request], [recovery], [("t1", True)], [("claude-opus-4-6", "Read", 1.1, 5.0, 2000)])
    assert (store.requests(), store.recoveries()) == ([request], [recovery])
    assert store.loads()[0].honoured
    assert store.factor("claude-opus-4-6", least=1) == 1.1
    assert store.factor("claude-opus-4-6", least=2) is None
    store.add_news()


def test_additions_metrics_and_alerts(store: Store) -> None:
    addition = Addition("s1", "", 3.0, "SessionStart", 30)
    metric = Metric(4.0, "answer_ms", 12.5, "daemon", (("event", "PostToolUse"),), "cold")
    store.add_addition(addition)
    store.add_metric(metric)
    assert store.additions(session="s1") == [addition]
    assert store.metrics("answer_ms", since=4.0) == [metric]
    assert store.metrics("other") == []
    number = store.add_alert("warning", "80 % are used", "budget", 7.0)
    assert store.alerts(acknowledged=False) == [Alert(number, "warning", "80 % are used", "budget", 7.0, False)]
    store.acknowledge(number)
    assert store.alerts(acknowledged=False) == []
    assert store.alerts()[0].acknowledged


def test_an_alert_is_recorded_once_for_its_cause_and_period(store: Store) -> None:
    """Two that write at once raise it twice; alerts without a cause are all kept."""
    first = store.add_alert("warning", "a", "usage", 1.0, "cache", "monday", 9.0)
    assert first > 0
    assert store.add_alert("warning", "again", "usage", 2.0, "cache", "monday", 9.0) == 0
    assert store.add_alert("warning", "b", "usage", 3.0, "cache", "tuesday") > 0
    assert store.add_alert("info", "c", "s", 4.0) != store.add_alert("info", "c", "s", 4.0)
    assert [(each.message, each.ends_at) for each in store.alerts() if each.cause] == [("a", 9.0), ("b", None)]
    store.clear([first], 5.0)
    store.clear([first], 6.0)
    store.mark_told({first: 7.0})
    store.mark_told({first: 8.0})
    assert store.alerts()[0] == Alert(
        first, "warning", "a", "usage", 1.0, False, "cache", "monday", 9.0, cleared_at=5.0, told_at=7.0
    )
    assert first not in {each.id for each in store.alerts(standing=True)}


def test_alerts_of_an_older_ledger_are_kept(path: Path) -> None:
    """They have no cause, and stand until they are acknowledged."""
    number = next(place for place, each in enumerate(MIGRATIONS) if each.name == "alerts once per cause and period")
    Store.open(path, migrations=MIGRATIONS[:number]).close()
    db = sqlite3.connect(path)
    db.execute("insert into alerts (level, message, source, triggered_at) values ('warning', 'old', 'budget', 3.0)")
    db.commit()
    db.close()
    with Store.open(path) as store:
        (old,) = store.alerts(standing=True)
        assert old == Alert(1, "warning", "old", "budget", 3.0, False)
        assert store.add_alert("warning", "new", "usage", 4.0, "cache", "monday") == 2


def test_metrics_before_a_time_are_deleted_with_the_next(store: Store) -> None:
    store.add_metrics([Metric(float(at), "requests", 1.0, "usage") for at in range(5)])
    store.add_metrics([Metric(9.0, "requests", 1.0, "usage")], keep_since=3.0)
    assert [metric.timestamp for metric in store.metrics()] == [3.0, 4.0, 9.0]


def test_totals(store: Store) -> None:
    """A view of 1,000 shown as 400, one that the transcript does not show, one not looked for, a whole load.

    One call of 150 tokens fetched folds of two views: it is one recovery.
    """
    assert store.totals() == Totals(0, 0, 0, 0, 0, 0)
    for number, honoured in enumerate((True, False, None)):
        store.add_load(LOAD._replace(tool_use_id=f"v{number}", honoured=honoured))
    store.add_load(LOAD._replace(tool_use_id="whole", tier=Tier.COMPLETE, shown_tokens=1000))
    assert (store.looked(LOAD.at), store.looked(LOAD.at + 1)) == ((1, 1), (0, 0))
    store.add_news(recoveries=[Recovery("v0", "r", 30.0, "Read", 12, 150)])
    store.add_news(recoveries=[Recovery("v1", "r", 30.0, "Read", 3, 150)])
    store.add_addition(Addition("s1", "", 3.0, "SessionStart", 30))
    assert store.totals() == Totals(600, 1, 1, 1, 150, 30)


def test_text_that_is_no_unicode_is_kept_apart_from_that(store: Store) -> None:
    """JSON may hold half of a surrogate pair, which SQLite does not take."""
    store.add_load(LOAD._replace(path="a\ud800b", tool_use_id="\udfff", folds=(Fold(1, 2, ("\ud800",)),)))
    (load,) = store.loads()
    assert (load.path, load.tool_use_id) == ("a?b", "?")
    assert load.folds[0].first == 1
    store.add_news(honoured=[("\udfff", True)])
    assert store.loads()[0].honoured


# Factors


def test_the_factor_is_the_median_of_the_last_fifty(store: Store) -> None:
    for number in range(10):
        store.add_news(factors=[("claude-opus-4-5", "", 9.0, number, 2000)])
    for number in range(50):
        store.add_news(factors=[("claude-opus-4-5", "Read", 1.0 + number / 100, number, 2000)])
    assert store.factor("claude-opus-4-5") == pytest.approx(1.245)
    assert store.factor("older") == pytest.approx(1.245)
    assert store.factor("newer") is None
    assert store.factor("claude-opus-4-5", "Bash") is None


def test_where_the_factor_comes_from(store: Store) -> None:
    """Few samples teach nothing; then a model's own tool, its other tools, then its family."""
    initial = store.factor_of("claude-opus-4-5", "Read")
    assert initial == Factor(initial.value, False)
    assert 1.0 < initial.value < 1.3
    for at, factor in enumerate((1.3, 1.3, 1.4)):
        assert store.factor_of("claude-opus-4-5", "Read") == initial
        for _ in range(2):  # the same sample again is no other one
            store.add_news(factors=[("claude-opus-4-5", "Bash", factor, at, 2000)])
    assert store.factor_of("claude-opus-4-5", "Bash") == Factor(1.3, True)
    assert store.factor_of("claude-opus-4-5", "Read") == Factor(1.3, True)
    assert store.factor_of("claude-sonnet-4-5", "Bash") == Factor(1.3, True)
    assert store.factor_of("claude-opus-5-5", "Bash").learned is False


# Faults


def test_a_damaged_file_is_named_and_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"this is not a database" * 100)
    for readonly in (False, True):
        with pytest.raises(DamagedError, match=r"trimtab\.db.*trimtab doctor"):
            Store.open(path, readonly=readonly)
    assert path.read_bytes() == b"this is not a database" * 100


def test_damage_in_the_middle_is_found(path: Path) -> None:
    with Store.open(path) as store:
        for number in range(300):
            store.add_load(LOAD._replace(tool_use_id=f"t{number}"))
        assert store.check() == []
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 * 2] = b"\xff" * (len(data) // 3)
    path.write_bytes(data)
    found: list[str] = []
    try:
        with Store.open(path) as store:
            found = store.check()
    except DamagedError as exc:
        found = [str(exc)]
    assert found


def test_setting_aside_makes_room(path: Path) -> None:
    path.write_bytes(b"damaged" * 100)
    path.with_name("trimtab.db-wal").write_bytes(b"wal")
    aside = set_aside(path, 1_795_381_200.0)
    assert aside.name == "trimtab.db.damaged-20261122-210000"
    assert aside.read_bytes() == b"damaged" * 100
    assert aside.with_name(aside.name + "-wal").read_bytes() == b"wal"
    with Store.open(path) as store:
        assert store.loads() == []
    assert set_aside(path, 1_795_381_200.0).name == "trimtab.db.damaged-20261122-210000-2"
    with pytest.raises(StoreError, match="can't rename"):
        set_aside(path, 1_795_381_200.0)


def test_a_locked_ledger_is_given_up_in_time_and_nothing_is_half_written(path: Path) -> None:
    with Store.open(path, busy_ms=20) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(StoreError, match="another program is writing"):
            store.add_load(LOAD)
        assert store.loads() == []
        other.execute("rollback")
        other.close()
        store.add_load(LOAD)
        assert store.loads() == [LOAD]


def test_a_full_disk_leaves_the_ledger_whole(path: Path) -> None:
    with Store.open(path) as store:
        store.add_load(LOAD)
        pages = store._db.execute("pragma page_count").fetchone()[0]
        store._db.execute(f"pragma max_page_count = {pages}")
        big = LOAD._replace(tool_use_id="big", folds=tuple(Fold(n, n, ("name" * 50,)) for n in range(1000)))
        with pytest.raises(StoreError, match="disk is full"):
            store.add_load(big)
        assert store.loads() == [LOAD]
        assert store.check() == []
        store._db.execute("pragma max_page_count = 100000")
        store.add_load(big)
        assert len(store.loads()) == 2


def test_a_figure_that_no_column_holds_is_a_fault_of_the_store(store: Store) -> None:
    with pytest.raises(StoreError):
        store.add_load(LOAD._replace(raw_tokens=2**80))
    assert store.loads() == []


def test_paths_that_cant_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't open"):
        Store.open(tmp_path / "missing" / "trimtab.db")
    with pytest.raises(StoreError, match="can't"):
        Store.open(tmp_path)
    with pytest.raises(StoreError, match="nothing was recorded"):
        Store.open(tmp_path / "trimtab.db", readonly=True)
    assert not (tmp_path / "trimtab.db").exists()
    assert not (tmp_path / "missing").exists()


def test_a_path_with_signs_that_mean_something_in_a_uri(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20é.db"
    with Store.open(path) as store:
        store.add_load(LOAD)
    assert path.is_file()
    with Store.open(path, readonly=True) as store:
        assert store.loads() == [LOAD]


def test_reading_beside_a_writer(path: Path) -> None:
    """The command line reads while the daemon is in the middle of a write, and can't write."""
    with Store.open(path) as writer:
        writer.add_load(LOAD)
        with writer._transaction() as db:
            db.execute("delete from loads")
            with Store.open(path, readonly=True, busy_ms=20) as reader:
                assert reader.loads() == [LOAD]
                with pytest.raises(StoreError, match="may be written to"):
                    reader.add_load(LOAD)


def test_readonly_brings_an_older_ledger_up_to_date(path: Path) -> None:
    Store.open(path, migrations=MIGRATIONS[:1]).close()
    with Store.open(path, readonly=True) as store:
        assert store.loads() == []


def test_readonly_names_a_newer_ledger(path: Path) -> None:
    newer = Migration(99, "of the future", ("create table future (a)",))
    Store.open(path, migrations=(*MIGRATIONS, newer)).close()
    with pytest.raises(StoreError, match="newer Trimtab"):
        Store.open(path, readonly=True)


def test_a_ledger_that_was_deleted_or_replaced_is_noticed(path: Path) -> None:
    with Store.open(path) as store:
        assert store.is_current()
        path.rename(path.with_name("moved"))
        assert not store.is_current()
        path.touch()
        assert not store.is_current()


def test_a_closed_store_raises_its_own_error(path: Path) -> None:
    store = Store.open(path)
    store.close()
    store.close()
    with pytest.raises(StoreError):
        store.loads()


def test_threads_share_a_store(store: Store) -> None:
    def work(part: int) -> None:
        for number in range(25):
            store.add_load(LOAD._replace(tool_use_id=f"{part}-{number}"))

    threads = [threading.Thread(target=work, args=[part]) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.loads()) == 200
    assert store.check() == []


# The second layer


def test_what_the_second_layer_does_in_a_session_comes_back(store: Store) -> None:
    """A resumed session that does not send again what it sent."""
    begun = Layered("s1", ("tools", "listings"), ("Workflow",), {"0a": ("deploy",), "0b": ()}, ("Read", "deploy"))
    store.keep_layered(begun._replace(likely={}))
    store.keep_layered(begun)
    assert store.layered("s1") == begun == store.last_layered()
    assert store.layered("s2") is None
    later = Layered("s2", (), ())
    store.keep_layered(later)
    assert store.last_layered() == later


def test_first_prompts_that_were_kept_once_are_gone(path: Path) -> None:
    """What a user wrote, in a project's ledger for ever; a session that can't be resumed after the migration."""
    Store.open(path, migrations=MIGRATIONS[:9]).close()
    db = sqlite3.connect(path)
    prompt = "the password is hunter2 " * 800
    db.execute("insert into layered values ('s1', '[\"listings\"]', '[]', ?, '[]')", [prompt])
    db.commit()
    db.close()
    with Store.open(path) as store:
        assert store.layered("s1") == Layered("s1", ("listings",), ())
    assert b"hunter2" not in path.read_bytes()


def test_folds_of_a_cold_prompt_stay_as_they_were_first(store: Store) -> None:
    """A fold that another one replaces is another prefix for the cache."""
    store.keep_refolded("s1", "", {"t1": "a view", "t2": "another"})
    store.keep_refolded("s1", "", {"t1": "a newer view", "t3": "a third"})
    assert store.refolded("s1", "") == {"t1": "a view", "t2": "another", "t3": "a third"}
    assert store.refolded("s1", "agent") == {} == store.refolded("s2", "")
