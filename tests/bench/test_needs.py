"""The benchmark of forecasts judges by what came later, and skips where there is nothing recorded."""

import json
import lzma
import random
import subprocess
import sys
from pathlib import Path

import pytest
from bench import needs, ways
from bench.recordings import read

from trimtab.budget.regression import Spread, spread_of
from trimtab.budget.terms import Measure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty sessions of two owners; a prompt ten times as long brings ten times as many responses."""
    chance = random.Random(3)
    with lzma.open(tmp_path / "a.jsonl.xz", "wt", encoding="utf-8") as file:
        for number in range(60):
            events: list[dict[str, object]] = []
            for place in range(2):
                size = chance.choice((1, 10))
                events.append({"e": "prompt", "text": "x" * (20 * size), "meta": 0})
                for k in range(2 * size):
                    usage = [10, 1000, 20_000, 200 + chance.randint(0, 50)]
                    events.append({"e": "api", "k": 100 * place + k, "model": "claude-opus-4-5", "usage": usage})
            events.append({"e": "compact"})
            repo = "one/a" if number % 2 else "two/b"
            session = {"session": f"s{number:03}", "repo": repo, "cwd": "/", "version": "2.1.1", "events": events}
            file.write(json.dumps(session) + "\n")
    return tmp_path


def test_losses_by_hand() -> None:
    """Of 1 to 9: low 1, middle 5, high 9. 11 lies 10, 6 and 2 above: (0.1 * 10 + 0.5 * 6 + 0.9 * 2) / 3."""
    spread = spread_of([float(n) for n in range(1, 10)])
    told = needs.judged("s", spread, 11.0)
    assert told.loss == pytest.approx(5.8 / 3)
    assert (told.error, told.is_inside, told.width) == (6.0, False, 8.0)
    below = needs.judged("s", spread, 0.0)  # 1, 5 and 9 below: (0.9 * 1 + 0.5 * 5 + 0.1 * 9) / 3
    assert below.loss == pytest.approx(4.3 / 3)
    assert needs.judged("s", spread, 9.0).is_inside


def test_ranks_of_equal_values_are_shared() -> None:
    assert ways.ranks([5.0, 1.0, 5.0, 7.0]) == [1.5, 0.0, 1.5, 3.0]
    assert ways.spearman([1.0, 2.0, 3.0], [9.0, 4.0, 1.0]) == pytest.approx(-1.0)
    assert ways.spearman([1.0, 1.0, 1.0], [9.0, 4.0, 1.0]) == 0.0


def test_each_task_is_told_by_earlier_sessions_only(folder: Path, tmp_path: Path) -> None:
    """And what the prompt's length tells of it is found."""
    folds = needs.folds_of(read(folder, 1))
    assert [len(fold) for fold in folds] == [30, 30]
    known = needs.known_of(folds[0], tmp_path)
    assert (len(known.tasks), len(known.sessions)) == (60, 30)
    cases = needs.cases_of(known.tasks, Measure.BILLED, known.named)
    seen: list[tuple[str, set[str]]] = []

    def way(before: list[ways.Case]) -> ways.Tell:
        sessions = {case.session for case in before}
        tell = ways.all_past(before)

        def noted(case: ways.Case) -> Spread:
            seen.append((case.session, sessions))
            return tell(case)

        return noted

    plain = needs.starts(cases, way)  # type: ignore[arg-type]
    assert len(seen) == len(plain) == 40
    assert all(session not in sessions for session, sessions in seen)
    shipped = needs.starts(cases, ways.shipped)
    assert needs.changed(shipped, plain)[2] < -50


def test_without_recordings_it_says_so(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "bench.needs", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "lib"), "PATH": ""},
    )
    assert (run.returncode, run.stdout[:8]) == (0, "skipped:"), run.stderr
