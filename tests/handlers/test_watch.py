"""The monitor in the daemon: what is recorded when, and that the user is told once where the model does not see it."""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timezone
from pathlib import Path

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client

from trimtab.errors import StoreError
from trimtab.handlers import alert_command
from trimtab.handlers import watch as watching
from trimtab.records import Alert, Arrival, Metric, Request
from trimtab.settings import Settings
from trimtab.store import Store


def idle(client: Client, seconds: float = 0.0, ticks: int = 12) -> None:
    """Time passes, in which no event comes."""
    client.now += seconds
    for _ in range(ticks):
        client.desk.between()


def user_ledger(client: Client) -> Store:
    return Store.open(client.home / ".claude-patterns" / "user.db", readonly=True)


def configure(client: Client, text: str) -> None:
    file = client.home / ".claude-patterns" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def alert(client: Client, message: str = "the teapot is empty") -> None:
    """An alert in the project's ledger that nobody was told of, as an earlier daemon leaves it."""
    folder = client.project / ".claude-patterns"
    folder.mkdir(exist_ok=True)
    with Store.open(folder / "trimtab.db") as store:
        store.add_alert("warning", message, "test", client.now, "teapot", "today")


def alerts(client: Client) -> list[Alert]:
    with user_ledger(client) as store:
        return store.alerts()


def sums(rows: list[Metric]) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in rows:
        found[row.metric_type] = found.get(row.metric_type, 0.0) + row.value
    return found


# Metrics


def test_metrics_come_at_the_interval_and_add_up(client: Client) -> None:
    """Each response of the scripted model is 5 + 50,000 + 50 tokens."""
    client.read("/p/a.py", source(1))
    idle(client)
    client.now += 30
    client.read("/p/b.py", source(2))
    idle(client)
    with client.ledger() as store:
        first = store.metrics()
    idle(client, 40)
    with client.ledger() as store:
        rows, requests = store.metrics(), store.requests()
        saved = sum(load.raw_tokens - load.shown_tokens for load in store.loads() if load.honoured)
    assert {row.timestamp for row in first} == {client.now - 70}  # the second read came before the interval was over
    assert {row.timestamp for row in rows} == {client.now - 70, client.now}
    found = sums(rows)
    assert found["requests"] == len(requests) == 2
    assert (found["input_tokens"], found["read_tokens"], found["output_tokens"]) == (10, 100_000, 100)
    assert found["saved_net_tokens"] == saved > 0


def test_nothing_is_written_where_nothing_happened(client: Client) -> None:
    client.read("/p/a.py", source(1))
    idle(client, 60)
    with client.ledger() as store:
        before = store.metrics()
    for _ in range(3):
        idle(client, 60)
    with client.ledger() as store:
        assert store.metrics() == before


def test_a_new_daemon_counts_nothing_again(client: Client) -> None:
    client.read("/p/a.py", source(1))
    idle(client, 60)
    client.desk.close()
    client.desk = client.new_desk()
    client.now += 5
    client.read("/p/b.py", source(2))
    idle(client, 60)
    with client.ledger() as store:
        assert sums(store.metrics())["requests"] == len(store.requests()) == 2


def test_answers_and_faults_are_the_users(client: Client) -> None:
    client.read("/p/a.py", source(1))
    daemon = client.home / ".claude-patterns" / "daemon"
    daemon.mkdir(parents=True)
    (daemon / "log.jsonl").write_text(
        '{"at": 1.0, "where": "hook", "event": "Stop", "fault": "x"}\nnonsense\n{"at": 1.0, "where"', encoding="utf-8"
    )
    idle(client, 60)
    with user_ledger(client) as store:
        rows = {row.metric_type: row for row in store.metrics()}
    assert rows["answers"].value == 1
    assert rows["answer_ms_p50"].value > 0
    assert (rows["faults"].value, rows["faults"].tags) == (1, (("part", "hook"),))


def test_a_clock_that_is_set_back_stops_no_record(client: Client) -> None:
    client.read("/p/a.py", source(1))
    idle(client, 60)
    client.now -= 7200
    idle(client)
    client.read("/p/b.py", source(2))
    idle(client, 60)
    with client.ledger() as store:
        assert sums(store.metrics())["requests"] == 2


def test_old_metrics_are_deleted(client: Client) -> None:
    configure(client, "metrics_days = 2\n")
    client.read("/p/a.py", source(1))
    idle(client, 60)
    idle(client, 3 * 86_400)
    client.read("/p/b.py", source(2))
    idle(client, 60)
    with client.ledger() as store:
        assert min(row.timestamp for row in store.metrics()) == client.now


def test_a_ledger_that_is_gone_is_left_alone(client: Client) -> None:
    client.read("/p/a.py", source(1))
    idle(client, 60)
    (client.project / ".claude-patterns" / "trimtab.db").unlink()
    idle(client, 60)
    assert not (client.project / ".claude-patterns" / "trimtab.db").exists()


def test_a_damaged_user_ledger_stops_no_answer(client: Client) -> None:
    """It is a fault of what can wait; events are answered as ever, and the next try is a minute away."""
    user = client.home / ".claude-patterns"
    client.read("/p/a.py", source(1))
    (user / "user.db").write_bytes(b"this is no database" * 500)
    with pytest.raises(StoreError, match="left as it is"):
        idle(client, 60)
    idle(client, 1)
    assert client.send("SessionStart", source="startup") is None
    client.read("/p/b.py", source(2))
    assert (user / "user.db").read_bytes() == b"this is no database" * 500


# Alerts


def test_the_user_is_told_once_at_the_sessions_start(client: Client) -> None:
    alert(client)
    assert client.send("SessionStart", source="startup") == {"systemMessage": "Trimtab: the teapot is empty"}
    assert client.send("SessionStart", source="resume") is None
    client.desk.close()
    client.desk = client.new_desk()
    assert client.send("SessionStart", source="startup") is None
    with client.ledger() as store:
        assert [each.told_at for each in store.alerts()] == [client.now]


def test_the_message_is_beside_the_view(client: Client) -> None:
    """The tool's new output keeps its shape; the message adds nothing to what the model is sent."""
    alert(client)
    text = source(1)
    file = {"filePath": "/p/a.py", "content": text, "numLines": 9, "startLine": 1, "totalLines": len(text.split("\n"))}
    call = client.called("Read", {"file_path": "/p/a.py"})
    reply = client.send(
        "PostToolUse", tool_name="Read", tool_use_id=call, tool_input={"file_path": "/p/a.py"},
        tool_response={"type": "text", "file": file},
    )  # fmt: skip
    assert reply is not None
    assert sorted(reply) == ["hookSpecificOutput", "systemMessage"]
    assert "teapot" not in json.dumps(reply["hookSpecificOutput"])
    assert reply["systemMessage"] == "Trimtab: the teapot is empty"


def test_an_answer_that_comes_too_late_tells_nothing(client: Client) -> None:
    """The hook has given up: nobody would see it."""
    alert(client)
    client.environment["DEADLINE"] = "0.000001"
    client.send("SessionStart", source="startup")
    client.environment["DEADLINE"] = "60"
    assert client.send("SessionStart", source="resume") == {"systemMessage": "Trimtab: the teapot is empty"}


@pytest.mark.parametrize("event", ["Stop", "SessionEnd", "PreToolUse"])
def test_other_events_tell_nothing(client: Client, event: str) -> None:
    """Stop's hook is asynchronous: its answer comes when the turn is over. SessionEnd's is shown to nobody."""
    alert(client)
    assert client.send(event, tool_name="Edit", tool_input={"file_path": "/p/a", "new_string": "x"}) is None
    assert client.send("SessionStart", source="startup") is not None


def test_a_subagents_events_tell_nothing(client: Client) -> None:
    alert(client)
    client.send("Stop")  # the ledger is open
    assert client.send("SubagentStop", agent_id="a1") is None
    more = {"tool_name": "Read", "tool_use_id": "t9", "tool_input": {"file_path": "/p/a"}, "tool_response": {}}
    assert client.send("PostToolUse", agent_id="a1", **more) is None
    assert client.send("PostToolUse", **more) == {"systemMessage": "Trimtab: the teapot is empty"}


def test_a_message_is_one_line(client: Client) -> None:
    alert(client, "two\nlines \x1b[31m" + "x" * 900)
    reply = client.send("SessionStart", source="startup")
    assert reply is not None
    said = str(reply["systemMessage"])
    assert said.isprintable()
    assert len(said) == 240


def test_an_agent_in_circles_raises_one_alert_that_is_cleared(client: Client) -> None:
    configure(client, "alert_repeats = 3\n")
    idle(client)
    for _ in range(4):
        client.read("/p/small.py", "x = 1\n")
        client.now += 1
    idle(client, 60)
    (raised,) = alerts(client)
    assert (raised.level, raised.source, raised.period, raised.cleared_at) == ("warning", "anomaly", "s1", None)
    assert "came 3 times" in raised.message
    reply = client.send("SessionStart", source="resume")
    assert reply is not None
    assert "small.py" in str(reply["systemMessage"])
    for number in range(30):
        client.read(f"/p/{number}.py", "x = 1\n")
        client.now += 1
    idle(client, 60)
    (raised,) = alerts(client)
    assert raised.cleared_at == client.now


def test_a_part_that_only_fails_is_told_of(client: Client) -> None:
    """The ledger is held by another program for six minutes; then it is free again."""
    client.read("/p/a.py", source(1))
    idle(client)
    ledger = client.project / ".claude-patterns" / "trimtab.db"
    with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
        other.execute("begin immediate")
        for number in range(4):
            with pytest.raises(StoreError, match="another program"):
                client.read(f"/p/{number}.py", source(number + 2))
            client.now += 120
        other.execute("rollback")
    idle(client)
    (raised,) = alerts(client)
    assert (raised.cause, raised.level, raised.cleared_at) == ("failing:the ledger", "critical", None)
    reply = client.send("SessionStart", source="resume")
    assert reply is not None
    assert "the ledger has failed for 6 minutes (4 times)" in str(reply["systemMessage"])
    client.read("/p/z.py", source(9))
    idle(client, 60)
    assert [each.cleared_at for each in alerts(client)] == [client.now]


def test_a_days_cost_over_the_users_limit(client: Client) -> None:
    """A response costs $0.0110 (5 input, 50,000 from the cache at $0.20, 50 output at $20 a million)."""
    configure(client, "alert_day_usd = 0.02\n")
    client.read("/p/a.py", source(1))
    idle(client, 60)
    assert alerts(client) == []
    client.read("/p/b.py", source(2))
    idle(client, 60)
    (raised,) = alerts(client)
    assert (raised.cause, raised.source) == ("day_usd:0.02", "spend")
    assert "$0.02" in raised.message


def test_settings_become_thresholds() -> None:
    chosen = Settings(alert_repeats=3, alert_day_usd=7.5)
    assert watching.thresholds(chosen)._asdict() == {
        "budget_share": 0.8, "cache_hit_rate": 0.7, "failing_minutes": 5.0, "success_share": 0.9, "day_usd": 7.5,
        "month_usd": 0.0, "anomalies": 0.5, "repeats": 3,
    }  # fmt: skip


# Usage from elsewhere


class Book:
    """A source of usage that is filled by hand."""

    def __init__(self) -> None:
        self.made: list[Request] = []
        self.came: list[Arrival] = []
        self.beyond: list[Request] = []
        self.is_broken = False

    def requests(self, *, since: float, until: float) -> list[Request]:
        return [each for each in self.made if since <= each.at < until]

    def arrivals(self, *, since: float, until: float) -> list[Arrival]:
        if self.is_broken:
            raise StoreError("the usage book is damaged")
        return [each for each in self.came if since <= each.at < until]

    def unlisted(self) -> list[Request]:
        return self.beyond

    def newest(self) -> int:
        return len(self.made)

    def changed(self, after: int, most: int) -> list[tuple[int, float]]:
        return [(number, each.at) for number, each in enumerate(self.made, 1) if number > after][:most]

    def totals_state(self) -> tuple[int, float, float]:
        return len(self.beyond), 0.0, 0.0

    def session(self, name: str, at: float, requests: int, read: int, gap_s: float = 12.0) -> None:
        for n in range(requests):
            when = at + n * gap_s + n % 3
            self.made.append(Request(name, "", f"{name} {n}", when, "claude-opus-5-5", 5, 1000, 0, read, 300))


class Watched:
    """A watch over a book, at a time that the test says."""

    def __init__(self, folder: Path) -> None:
        self.now, self.book, self.user = 1_800_000_000.0, Book(), folder / "user"
        self.user.mkdir()
        for number in range(40):
            self.book.session(f"h{number}", self.now - (41 - number) * 20_000, 30, 50_000 + 700 * number)
        self.begin()

    def begin(self) -> None:
        """A daemon that knows nothing."""
        self.watch = watching.Watch(self.user, lambda: self.now, self.book, timezone.utc)

    def minutes(self, count: int) -> list[Alert]:
        """Minutes pass; the user's alerts."""
        for _ in range(count):
            self.now += 60
            for _ in range(3):
                self.watch.step()
        with Store.open(self.user / "user.db") as store:
            return store.alerts()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.watch.close()


def test_a_runaway_is_noticed_against_the_history_and_cleared(watched: Watched) -> None:
    """What a request costs is ten times as much: the cache is never hit."""
    assert watched.minutes(3) == []
    watched.book.session("calm", watched.now, 30, 60_000)
    assert watched.minutes(7) == []
    watched.book.session("wild", watched.now, 30, 900_000)
    found = watched.minutes(7)
    assert [(each.period, each.source) for each in found] == [("wild", "anomaly")]
    assert "session wild runs at $" in found[0].message
    assert "40 sessions" in found[0].message or "41 sessions" in found[0].message
    later = watched.minutes(130)
    assert [each.cleared_at is not None for each in later] == [True]


def test_the_history_itself_raises_nothing(watched: Watched) -> None:
    watched.book.session("wild before", watched.now - 9000, 40, 900_000)
    assert watched.minutes(5) == []


def test_what_is_known_late_still_counts_once(watched: Watched) -> None:
    """A transcript is read minutes after its lines: seven repeats, and an eighth that is the last to be known."""
    watched.minutes(3)
    begun = watched.now
    calls = [Arrival("s", "", f"t{n}", begun + n, "result", "Bash", "make test", 900) for n in range(8)]
    watched.book.came += calls[1:]
    assert watched.minutes(5) == []
    watched.book.came.append(calls[0])
    (raised,) = watched.minutes(1)
    assert "came 8 times" in raised.message
    assert len(watched.minutes(20)) == 1


def repeated(begun: float, count: int) -> list[Arrival]:
    return [Arrival("s", "", f"t{n}", begun + n, "result", "Bash", "make test", 900) for n in range(count)]


def test_a_book_that_fails_once_counts_no_repeat_twice(watched: Watched) -> None:
    watched.minutes(3)
    watched.book.came += repeated(watched.now, 5)
    watched.minutes(1)
    watched.book.is_broken = True
    with pytest.raises(StoreError, match="damaged"):
        watched.minutes(1)
    watched.book.is_broken = False
    assert watched.minutes(3) == []


def test_a_book_that_fails_for_minutes_is_told_of(watched: Watched) -> None:
    """That it is the monitor which fails must not wait for the book; the idle ticks between are no success of it."""
    watched.minutes(3)
    watched.book.is_broken = True
    for _ in range(8):
        with pytest.raises(StoreError, match="damaged"):
            watched.minutes(1)
        for _ in range(3):
            watched.watch.step()
    with Store.open(watched.user / "user.db") as store:
        (raised,) = store.alerts()
    assert (raised.cause, raised.level) == ("failing:the monitor", "critical")
    assert raised.message.startswith(
        "the monitor has failed for 6 minutes (7 times): metrics and alerts may be missing"
    )
    watched.book.is_broken = False
    watched.minutes(1)
    assert [each.cleared_at for each in watched.minutes(1)] == [watched.now]


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_new_daemon_clears_what_an_old_one_raised(watched: Watched, goes_on: bool) -> None:
    """The repeats end while the session goes on, or with it."""
    watched.minutes(3)
    watched.book.came += repeated(watched.now, 8)
    assert [each.cleared_at for each in watched.minutes(1)] == [None]
    watched.watch.close()
    watched.now += 60
    watched.begin()
    assert [each.cleared_at for each in watched.minutes(2)] == [None]
    if goes_on:
        watched.book.came += [
            Arrival("s", "", f"r{n}", watched.now + n, "result", "Read", f"/p/{n}", 900) for n in range(30)
        ]
        assert [each.cleared_at for each in watched.minutes(1)] == [watched.now]
    else:
        assert [each.cleared_at for each in watched.minutes(100)] == [None]
        assert [each.cleared_at is None for each in watched.minutes(25)] == [False]


def test_a_new_daemon_goes_on_counting_repeats(watched: Watched) -> None:
    """Seven before the plugin's update, one after it."""
    watched.minutes(3)
    watched.book.came += repeated(watched.now, 7)
    assert watched.minutes(1) == []
    watched.watch.close()
    watched.begin()
    watched.book.came += repeated(watched.now, 1)
    (raised,) = watched.minutes(1)
    assert "came 8 times" in raised.message


def test_an_advisors_passes_have_no_pace(watched: Watched) -> None:
    """They are stamped as the response that they stand in: no pause between them is none."""
    watched.minutes(3)
    begun = watched.now
    for n in range(40):
        made = Request("s", "", f"m{n}", begun + 8 * n, "claude-opus-5-5", 5, 1000, 0, 60_000, 300)
        watched.book.made += [made, made._replace(agent="advisor", agent_type="advisor", message_id=f"m{n}/advisor-0")]
    assert watched.minutes(8) == []


def test_what_a_busy_ledger_did_not_take_is_counted_later(client: Client) -> None:
    """The rows of a class add up to what was used."""
    client.read("/p/a.py", source(1))
    idle(client)
    client.read("/p/b.py", source(2))
    client.desk.between()
    client.now += 60
    ledger = client.project / ".claude-patterns" / "trimtab.db"
    with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreError, match="another program"):
            idle(client)
        other.execute("rollback")
    idle(client, 60)
    with client.ledger() as store:
        assert sums(store.metrics())["requests"] == 2


def test_a_user_folder_that_cannot_be_made_disturbs_no_tick(watched: Watched) -> None:
    """Its user deleted it, and a file is in its place."""
    watched.minutes(2)
    watched.watch.user.notices._told = {1: 2.0}
    for file in watched.user.iterdir():
        file.unlink()
    watched.user.rmdir()
    watched.user.write_text("")
    watched.watch.user.notices.note_told()
    watched.watch.step()


def test_a_month_that_will_cost_too_much(watched: Watched) -> None:
    (watched.user / "config.toml").write_text("alert_month_usd = 1.0\n")
    found = watched.minutes(3)
    assert [each.cause for each in found] == ["month_usd:1"]
    (watched.user / "config.toml").write_text("alert_month_usd = 1000.0\n")
    assert [each.cleared_at is None for each in watched.minutes(2)] == [False]


def test_a_limit_that_is_set_higher_is_one_more_cause(watched: Watched) -> None:
    """Whoever raises it wants to be told when that one is reached as well; who takes it away, of none."""
    (watched.user / "config.toml").write_text("alert_day_usd = 2.0\n")
    watched.book.made.append(Request("l", "", "l1", watched.now, "claude-opus-5-5", 10**6, 0, 0, 0, 0))  # $4
    assert [each.cause for each in watched.minutes(3)] == ["day_usd:2"]
    (watched.user / "config.toml").write_text("alert_day_usd = 6.0\n")
    assert [(each.cause, each.cleared_at is None) for each in watched.minutes(2)] == [("day_usd:2", False)]
    watched.book.made.append(Request("l", "", "l2", watched.now, "claude-opus-5-5", 10**6, 0, 0, 0, 0))
    assert [each.cause for each in watched.minutes(2)] == ["day_usd:2", "day_usd:6"]
    (watched.user / "config.toml").write_text("")
    assert [each.cleared_at is None for each in watched.minutes(2)] == [False, False]


def test_a_cost_that_the_book_learns_late_is_told(watched: Watched) -> None:
    """A first sync brings what was used an hour before the daemon began."""
    (watched.user / "config.toml").write_text("alert_day_usd = 5.0\n")
    begun = watched.now
    assert watched.minutes(3) == []
    watched.book.made += [Request("l", "", f"l{n}", begun - 3600, "claude-opus-5-5", 10**6, 0, 0, 0, 0) for n in (1, 2)]
    assert [each.cause for each in watched.minutes(2)] == ["day_usd:5"]


def test_a_forecast_knows_no_more_days_than_are_kept(watched: Watched) -> None:
    """A title of half a year ago and yesterday's session are no history of half a year."""
    (watched.user / "config.toml").write_text("alert_month_usd = 100.0\n")
    old = Request("o", "unlisted", "o/unlisted/m", watched.now - 180 * 86_400, "claude-opus-5-5", 1000, 0, 0, 0, 0)
    watched.book.beyond = [old, old._replace(at=watched.now)]
    watched.book.made = [Request("l", "", "l", watched.now - 86_400, "claude-opus-5-5", 10**6, 0, 0, 0, 0)]
    watched.minutes(3)
    assert min(use.at for use in watched.watch.user._costs.uses()) > watched.now - 2 * 86_400


def test_costs_are_at_the_users_own_prices(watched: Watched) -> None:
    """No table knows this model."""
    config = 'alert_day_usd = 1.0\n[[prices]]\nmodel = "mine"\ninput = 100\noutput = 1\n'
    (watched.user / "config.toml").write_text(config)
    watched.book.made = [Request("l", "", "l", watched.now, "mine", 20_000, 0, 0, 0, 0)]
    (found,) = watched.minutes(3)
    assert "$2.00" in found.message


def test_a_projects_environment_steers_no_other(client: Client, tmp_path: Path) -> None:
    client.send("SessionStart", source="startup")
    other = tmp_path / "other"
    other.mkdir()
    client.environment = {"CLAUDE_PROJECT_DIR": str(other), "TRIMTAB_MONITORING_INTERVAL": "86400"}
    client.send("SessionStart", source="startup")
    idle(client)
    watch = client.desk.watch
    assert watch._projects[client.project].due_at == client.now + 60
    assert watch._projects[other].due_at == client.now + 86_400
    assert watch.user.due_at == client.now + 60


def test_an_event_does_not_wait_for_the_users_ledger(client: Client) -> None:
    """Another program holds it: the user is told, and that is written down when it is free."""
    user = client.home / ".claude-patterns"
    user.mkdir(parents=True)
    with Store.open(user / "user.db") as store:
        store.add_alert("warning", "the teapot is empty", "test", client.now, "teapot", "today")
    client.send("SessionStart", source="startup")
    idle(client)
    with closing(sqlite3.connect(user / "user.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        reply = client.send("SessionStart", source="resume")
        idle(client, ticks=1)
        other.execute("rollback")
    assert reply == {"systemMessage": "Trimtab: the teapot is empty"}
    assert [each.told_at for each in alerts(client)] == [None]
    ledger = client.desk.watch.user._ledger()
    assert ledger._rows("pragma busy_timeout") == [(watching.LOCKED_MS,)]
    idle(client)
    assert [each.told_at for each in alerts(client)] == [client.now]


# The user's command


def program(folder: Path, text: str) -> str:
    file = folder / "own command.py"
    file.write_text(text, encoding="utf-8")
    return f"{sys.executable} '{file}'"


def test_the_users_command_gets_the_alert(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for an alert, as JSON, without the environment's keys."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    got = tmp_path / "got"
    own = f"import json, os, sys\nopen({str(got)!r}, 'a').write(sys.stdin.read() + '\\n' + ' '.join(os.environ))"
    configure(client, f'alert_repeats = 2\nalert_command = """{program(tmp_path, own)}"""\n')
    started = []
    run = alert_command.run
    monkeypatch.setattr(alert_command, "run", lambda *given: started.append(run(*given)))
    for _ in range(3):
        client.read("/p/small.py", "x = 1\n")
        client.now += 1
    idle(client, 60)
    idle(client, 60)
    for thread in started:
        thread.join()
    given, environment = got.read_text(encoding="utf-8").split("\n")
    (raised,) = alerts(client)
    assert json.loads(given) == {
        "id": raised.id, "project": "", "triggered_at": raised.triggered_at, "level": "warning",
        "cause": "repeat::Read", "source": "anomaly", "message": raised.message,
    }  # fmt: skip
    assert "ANTHROPIC_API_KEY" not in environment


def noted(command: str, seconds: float = 10.0) -> list[str]:
    notes: list[str] = []
    alert_command.run(command, {"message": "m" * 200_000}, notes.append, seconds).join()
    return notes


Make = Callable[[str], str]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("import sys; sys.stdin.read()", ""),
        ("pass", ""),  # it may leave its input unread
        ("raise SystemExit(3)", "ended with status 3"),
        ("import time; time.sleep(60)", "did not end within 0.5 s and was stopped"),
    ],
)
def test_what_becomes_of_the_command(tmp_path: Path, text: str, note: str) -> None:
    notes = noted(program(tmp_path, text), 0.5 if "sleep" in text else 10.0)
    assert [note in each for each in notes] == ([True] if note else [])


def test_what_the_command_prints_goes_nowhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    own = "import sys\nfor to in (sys.stdout, sys.stderr): to.write('x' * 20_000_000)"
    assert noted(program(tmp_path, own)) == []
    assert capfd.readouterr() == ("", "")


def test_no_shell_reads_the_message(tmp_path: Path) -> None:
    """It quotes the agent's commands: whatever these hold reaches the program as it is."""
    said = f"$(touch {tmp_path}/mark) `touch {tmp_path}/mark`; touch {tmp_path}/mark \n\x1b[31m 'é\ud800\""
    own = program(tmp_path, f"import sys; open({str(tmp_path / 'got')!r}, 'w').write(sys.stdin.read())")
    notes: list[str] = []
    alert_command.run(f"{own} '$HOME' '*' ';' touch {tmp_path}/mark", {"message": said}, notes.append).join()
    assert notes == []
    assert json.loads((tmp_path / "got").read_text(encoding="utf-8")) == {"message": said}
    assert not (tmp_path / "mark").exists()


def test_a_command_that_closes_its_input_and_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on systems where to write to a closed pipe is an error."""

    def broken(*_: object, **__: object) -> tuple[None, None]:
        raise BrokenPipeError

    monkeypatch.setattr("subprocess.Popen.communicate", broken)
    (note,) = noted(program(tmp_path, "import time; time.sleep(60)"), 0.3)
    assert "did not end within 0.3 s and was stopped" in note


def test_the_command_can_reach_the_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`notify-send` needs the address of the session's bus."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus")
    own = f"import os; open({str(tmp_path / 'got')!r}, 'w').write(os.environ['DBUS_SESSION_BUS_ADDRESS'])"
    assert noted(program(tmp_path, own)) == []
    assert (tmp_path / "got").read_text(encoding="utf-8") == "unix:path=/run/user/1000/bus"


@pytest.mark.parametrize("command", ["/no/such/program", "'unclosed", "\0"])
def test_a_command_that_is_none(command: str) -> None:
    (note,) = noted(command)
    assert "can't be started" in note
    assert noted("  ") == []


def test_a_projects_file_sets_no_command(client: Client, tmp_path: Path) -> None:
    """A cloned repository would run whatever it likes."""
    mark = tmp_path / "ran"
    folder = client.project / ".claude-patterns"
    folder.mkdir()
    own = program(tmp_path, f"open({str(mark)!r}, 'w')")
    (folder / "config.toml").write_text(f'alert_command = """{own}"""\nalert_cache_hit_rate = 1.0\n')
    client.read("/p/a.py", source(1))
    project = client.desk._projects[client.project]
    assert project.settings({}).alert_command == ""
    assert project.settings({}).alert_cache_hit_rate == 1.0
