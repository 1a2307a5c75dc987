"""`trimtab experiment`: begins and ends, refuses with a reason, shows what the file holds; the guard's table."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.ledgers import NOW, load

from trimtab.cli.experiment import in_days, rounded
from trimtab.records import Assignment, Metric, Outcome, Recovery, Tier
from trimtab.store import Store
from trimtab.store.experiments import ExperimentStore

Run = Callable[..., tuple[int, str, str]]
DAY = 86_400.0


@pytest.fixture
def file(apart: Path) -> Path:
    return apart / ".claude-patterns" / "experiment.db"


def fill(file: Path, sessions: int = 400, noise: int = 5) -> None:
    """An experiment of 60 days; costs with trimming $1 and a little, without it $2; one in ten had nothing to fold."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with ExperimentStore.open(file) as store:
        store.begin(7, 0.5, "session", 0.05, NOW - 60 * DAY)
        for i in range(sessions):
            at = NOW - 60 * DAY + 3600 * i
            is_off = bool(i % 2)
            store.assign(Assignment(0, 1, f"s{i}", is_off, 0.5, at, "/p", "", "adaptive"))
            if i % 10 != 9:
                store.touch(f"s{i}", at)
            cost = (2.0 if is_off else 1.0) * (1 + (i % noise) / 10)
            store.add_outcomes([Outcome(f"s{i}", cost, 1e5, 40 if is_off else 44, 4, 6, 2)])


def test_what_on_says_fits_and_what_it_makes_is_the_users_alone(run: Run, file: Path, project: Path) -> None:
    for words in (("on", "--seed", "2147483647"), ("on", "0.05")):
        status, out, err = run("experiment", *words)
        assert (status, err) == (0, "")
        assert all(len(line) <= 80 for line in out.splitlines())
    assert file.stat().st_mode & 0o777 == 0o600
    assert (file.parent / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_on_show_off(run: Run, file: Path, project: Path) -> None:
    status, out, err = run("experiment", "on", "0.3", "--seed", "7")
    assert (status, err) == (0, "")
    assert "Experiment 1 is on (seed 7): 30 % of your new sessions" in out
    with ExperimentStore.open(file, readonly=True) as store:
        (begun,) = store.experiments()
    assert (begun.seed, begun.share, begun.measure, begun.care, begun.started_at) == (7, 0.3, "session", 0.05, NOW)
    assert "Seed 7, 30 % of new sessions" in run("experiment", "show")[1]
    assert "25 compared sessions, 8 in each arm" in run("experiment", "show")[1]
    assert run("experiment", "off")[0] == 0
    with ExperimentStore.open(file, readonly=True) as store:
        (ended,) = store.experiments()
    assert (ended.ended_at, ended.why) == (NOW, "ended by hand")
    assert "over (ended by hand)" in run("experiment", "show")[1]


@pytest.mark.parametrize(
    ("figure", "text"), [(0, "0"), (7, "7"), (584, "580"), (33_051, "33,000"), (99_600, "100,000")]
)
def test_an_estimate_has_two_digits(figure: int, text: str) -> None:
    assert rounded(figure) == text


def test_sessions_in_days() -> None:
    assert in_days(580, 8.0) == "72 days at your pace"
    assert in_days(1, 8.0) == "1 day at your pace"
    assert in_days(33_000, 2.0) == "over ten years"


def test_any_seed_if_none_is_given(run: Run, file: Path) -> None:
    for _ in range(2):
        run("experiment", "on")
        run("experiment", "off")
    with ExperimentStore.open(file, readonly=True) as store:
        first, second = store.experiments()
    assert first.seed != second.seed
    assert first.share == 0.5


def test_while_one_is_on_only_its_share_changes(run: Run, file: Path) -> None:
    run("experiment", "on", "0.3", "--seed", "7")
    status, out, _ = run("experiment", "on", "0.4")
    assert status == 0
    assert "of the sessions to come 40 %" in out
    assert "of the sessions to come 40 %" in run("experiment", "on")[1]  # without a share it stays as it is
    status, _, err = run("experiment", "on", "0.4", "--by", "prompt")
    assert status == 2
    assert "only its SHARE can be changed" in err
    with ExperimentStore.open(file, readonly=True) as store:
        assert [(found.seed, found.share) for found in store.experiments()] == [(7, 0.4)]


@pytest.mark.parametrize("share", ["0", "0.04", "0.96", "1", "nan", "-1"])
def test_a_share_that_single_sessions_would_decide_is_refused(run: Run, file: Path, share: str) -> None:
    status, _, err = run("experiment", "on", "--", share)
    assert status == 2
    assert "0.05 to 0.95" in err
    assert not file.exists()


def test_nothing_to_show_or_end(run: Run, file: Path) -> None:
    for arguments in (("show",), ("off",)):
        status, _, err = run("experiment", *arguments)
        assert status == 1
        assert "`trimtab experiment on`" in err
    assert not file.exists()
    run("experiment", "on")
    run("experiment", "off")
    assert "no experiment is on" in run("experiment", "off")[2]
    assert "no experiment 9" in run("experiment", "show", "--number", "9")[2]


def test_a_clear_answer_is_shown_and_ends_it(run: Run, file: Path, project: Path) -> None:
    """Half the cost; 360 of 400 sessions had something to fold, 5 of them teach."""
    fill(file)
    status, out, _ = run("experiment", "show")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    text = " ".join(out.split())
    assert "It pays: with trimming a session costs 48 % less" in text
    assert "with trimming 200 $1.20 44.0 4.0 6.0 2.0" in text
    assert "without 160 $2.30 40.0 4.0 6.0 2.0" in text
    assert "Not compared: nothing to fold came up: 40." in text
    with ExperimentStore.open(file, readonly=True) as store:
        (ended,) = store.experiments()
    assert ended.ended_at == NOW
    assert ended.why.startswith("it pays")
    assert "experiment 1 is over, 355 sessions compared; it pays" in " ".join(run("status")[1].split())


def test_an_answer_that_cannot_be_written_down_is_shown(run: Run, file: Path, project: Path) -> None:
    """Another program holds the file, or its folder is read-only."""
    fill(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("create trigger no before update on experiments begin select raise(abort, 'readonly'); end")
    status, out, err = run("experiment", "show")
    assert status == 0
    assert "It pays: with trimming a session costs 48 % less" in " ".join(out.split())
    assert "could not be written down" in err


def test_an_open_answer_says_how_far_it_is(run: Run, file: Path, project: Path) -> None:
    fill(file, sessions=40, noise=40)
    text = " ".join(run("experiment", "show")[1].split())
    assert "Experiment 1, on since" in text
    assert "days at your pace) tell a difference like this one; about" in text
    assert "tell a difference of 5 %." in text


def test_the_json_has_all_of_it(run: Run, file: Path, project: Path) -> None:
    fill(file)
    found = json.loads(run("experiment", "show", "--json")[1])
    assert (found["format"], found["verdict"], found["compared"], found["assigned"]) == (1, "pays", 355, 400)
    assert found["left_out"] == {"nothing to fold came up": 40}
    assert found["on"]["sessions"] == 200
    assert [contrast["name"] for contrast in found["contrasts"]] == ["session", "prompt", "requests", "prompts", "work"]
    assert 0.45 < found["contrasts"][0]["low"] < found["contrasts"][0]["ratio"] < found["contrasts"][0]["high"] < 0.6


def test_anybody_can_check_the_coins(run: Run, file: Path, project: Path) -> None:
    """`printf '%s' '7 abc' | sha256sum` begins with 82b036e5, '7 b' with 597b423a: 0.5105 and 0.3495."""
    assert run("experiment", "on", "0.5", "--seed", "7")[0] == 0
    with ExperimentStore.open(file) as store:
        for session, is_off in (("abc", False), ("b", True)):
            store.assign(Assignment(0, 1, session, is_off, 0.5, NOW, "/p", "", "adaptive"))
    first, second = json.loads(run("experiment", "show", "--json")[1])["sessions"]
    assert first.pop("coin") == pytest.approx(0x82B036E5 / 16**8)
    assert second.pop("coin") == pytest.approx(0x597B423A / 16**8)
    why = "still in its first 24 hours"
    assert first == {"session": "abc", "share": 0.5, "is_off": False, "left_out": why}
    assert second == {"session": "b", "share": 0.5, "is_off": True, "left_out": why}


def test_every_field_of_the_json_is_in_the_docs(run: Run, file: Path, project: Path) -> None:
    fill(file)
    document = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    section = document.partition("\n## trimtab experiment\n")[2].partition("\n## ")[0]
    found = json.loads(run("experiment", "show", "--json")[1])
    guarded = json.loads(run("experiment", "guard", "--json")[1])
    names = {
        *found,
        *found["sessions"][0],
        *found["experiment"],
        *found["on"],
        *found["contrasts"][0],
        *guarded["rows"][0],
    }
    assert {name for name in names if f"`{name}`" not in section} == set()


def test_a_damaged_file_says_what_to_do(run: Run, file: Path, project: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"not a database, but long enough to be one" * 100)
    status, _, err = run("experiment", "show")
    assert status == 1
    assert "move it away" in err
    assert "is damaged" in " ".join(run("status")[1].split())


def test_the_guards_table(run: Run, project: Path) -> None:
    """30 views that saved 1,000 each and were all fetched; and a kind that was paused a week ago."""
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        for i in range(30):
            view = load(f"session {i % 5}", f"v{i}", NOW - 5000 + i, "/p/x.go", Tier.STANDARD, 1_500, 500)
            store.add_load(view._replace(kind="go"))
            store.add_news(recoveries=[Recovery(f"v{i}", f"r{i}", NOW - 4000 + i, "Read", 4, 400)])
        store.add_metric(Metric(NOW - 7 * DAY, "guard", 1.0, "test", (("tool", "Bash"), ("kind", "log"))))
    status, out, _ = run("experiment", "guard")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    rows = {line.split("  ")[0]: line.split() for line in out.splitlines()[1:] if line.strip()}
    assert rows["Read go"][2:6] == ["30", "30,000", "30", "1.00"]
    assert rows["Read go"][-2:] == ["shown", "whole"]
    assert rows["Bash log"][-2:] == ["shown", "whole"]
    assert rows["Read python"][-2:] == ["little", "evidence"]


def test_the_guard_may_be_off(run: Run, project: Path) -> None:
    (project / ".claude-patterns" / "config.toml").write_text("recovery_guard = false\n", encoding="utf-8")
    assert "The guard is off" in run("experiment", "guard")[1]


def test_the_report_says_both(run: Run, file: Path, project: Path) -> None:
    fill(file)
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        store.add_metric(Metric(NOW - 7 * DAY, "guard", 1.0, "test", (("tool", "Bash"), ("kind", "log"))))
    text = " ".join(run("report")[1].split())
    assert "Experiment 1 is on, 355 sessions compared; it pays: with trimming" in text
    assert "fetched too often: Bash log (one load in 20 is tried)." in text
    (project / ".claude-patterns" / "config.toml").write_text("recovery_guard = false\n", encoding="utf-8")
    assert "fetched too often" not in run("report")[1]


def test_without_either_the_report_says_nothing_of_it(run: Run, project: Path) -> None:
    out = run("report")[1]
    assert "xperiment" not in out
    assert "too often" not in out
