"""The monitor's benchmarks read the sessions that they say they read, and tell calm ones from runaways."""

import json
import lzma
import os
import random
from pathlib import Path

import pytest
from bench import alerts as bench_alerts
from bench import forecast as bench_forecast
from bench.recordings import read, started

from trimtab.records import Arrival, Request

CALLS = 40
RECORDED = Path(os.environ.get("TRIMTAB_REPLAY", Path(__file__).parents[3] / "shared" / "replay" / "data"))


def session(number: int, chance: random.Random) -> dict[str, object]:
    level = chance.lognormvariate(0, 0.2)
    events: list[dict[str, object]] = [{"e": "prompt", "text": "go", "meta": 0}]
    for k in range(CALLS):
        usage = [10, int(1000 * level), int(30_000 * level), 200 + chance.randint(0, 50)]
        events.append({"e": "api", "k": k, "model": "claude-opus-4-5", "usage": usage})
        given = {"command": f"ls {k}"}
        tool = {
            "e": "tool",
            "id": f"{number} {k}",
            "name": "Bash",
            "input": given,
            "output": "x" * chance.randint(90, 99),
        }
        events.append({**tool, "resp": {}, "is_error": False, "k": k})
    events.append({"e": "compact"})
    return {"session": f"s{number:03}", "repo": "r", "cwd": "/", "version": f"2.1.{number // 7}", "events": events}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """70 calm sessions in two files; the later versions in the first."""
    chance = random.Random(5)
    sessions = [session(number, chance) for number in range(70)]
    for name, part in (("a", sessions[35:]), ("b", sessions[:35])):
        with lzma.open(tmp_path / f"{name}.jsonl.xz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in part)
    return tmp_path


def test_recordings_come_in_order_on_a_clock(folder: Path) -> None:
    recordings = read(folder, 1)
    assert [each.session for each in recordings] == sorted(each.session for each in recordings)
    assert read(folder, 1) == recordings
    assert {each.requests for each in recordings} == {CALLS}
    assert all(isinstance(event, (Request, Arrival)) for _, event in recordings[0].events)
    times = [at for at, _ in recordings[0].events]
    assert times == sorted(times)
    starts = [at for at, _ in started(recordings, 10)]
    assert len(starts) == 70
    assert starts[10] - starts[0] == 86_400
    assert starts[50] - starts[0] == 7 * 86_400  # after five workdays


def test_calm_sessions_alarm_nobody_and_runaways_are_noticed(folder: Path) -> None:
    recordings = read(folder, 1)
    played = bench_alerts.play(started(recordings, 10))
    assert (played.anomalies, played.repeats) == ([], [])
    last = recordings[-1]
    for changed in (bench_alerts.dearer(last, 5), bench_alerts.faster(last, 10), bench_alerts.looping(last, 2, False)):
        noticed = bench_alerts.one(recordings, 69, changed, 10)
        assert noticed is not None
        assert 0 < noticed.requests <= 30


def test_the_forecasts_questions_hold_back_their_answers() -> None:
    uses = bench_forecast.simulated("weekdays", "x", 28)
    asked = list(bench_forecast.questions(uses, "week"))
    assert asked
    for question in asked:
        assert all(day.date < question.today for day in question.history)
        assert question.until.weekday() == 6
    total = sum(use.amount for use in uses)
    assert all(0 <= question.truth < total for question in asked)


@pytest.mark.skipif(not list(RECORDED.glob("*.jsonl.xz")), reason="no recorded sessions: set TRIMTAB_REPLAY")
def test_recorded_sessions_give_at_most_one_false_alarm_a_week() -> None:
    """Ten sessions a workday, on one clock; bench/alerts.py tries more."""
    recordings = read(RECORDED, 0)
    played = bench_alerts.play(started(recordings, 10))
    weeks = len(recordings) / 50
    assert (len(played.anomalies) + len(played.repeats)) / weeks <= 1.0
