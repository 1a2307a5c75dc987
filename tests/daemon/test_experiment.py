"""An experiment with the real hook, daemon and command: begun and ended while the daemon lives, and ended by it."""

import subprocess
import sys
import time
from pathlib import Path

from tests.daemon.harness import PLUGIN, Home, wait_for

from trimtab.monitor import experiment as arithmetic
from trimtab.records import Assignment, Outcome
from trimtab.store.experiments import ExperimentStore

DAY = 86_400.0
OFF = next(f"session {i}" for i in range(99) if arithmetic.is_off(7, f"session {i}", 0.5))
ON = next(f"session {i}" for i in range(99) if not arithmetic.is_off(7, f"session {i}", 0.5))


def command(home: Home, *arguments: str) -> None:
    environment = home.variables | {"PYTHONPATH": str(PLUGIN / "lib")}
    code = "import sys; from trimtab.cli import main; sys.exit(main())"
    run = subprocess.run(
        [sys.executable, "-c", code, "experiment", *arguments],
        env=environment, cwd=home.project, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


def file_of(home: Home) -> Path:
    return home.path / ".claude-patterns" / "experiment.db"


def view(home: Home, session: str) -> str:
    return home.hook(home.event(session_id=session)).view


def test_it_begins_and_ends_under_a_living_daemon(home: Home) -> None:
    home.start()
    assert view(home, "before")
    command(home, "on", "--seed", "7")
    assert view(home, "before")
    assert view(home, ON)
    assert not view(home, OFF)
    command(home, "off")
    assert view(home, OFF)
    assert home.faults() == []
    with ExperimentStore.open(file_of(home), readonly=True) as store:
        assert [(given.session, given.is_off) for given in store.assignments(1)] == [(ON, False), (OFF, True)]


def test_the_daemon_ends_it_when_the_answer_is_clear(home: Home) -> None:
    """300 sessions of last month; a trimmed one cost half."""
    command(home, "on", "--seed", "7")
    with ExperimentStore.open(file_of(home)) as store:
        for i in range(300):
            session, at = f"old {i}", time.time() - 30 * DAY + i
            is_off = arithmetic.is_off(7, session, 0.5)
            store.assign(Assignment(0, 1, session, is_off, 0.5, at, "/p", "", "adaptive"))
            store.touch(session, at + 1)
            store.add_outcomes([Outcome(session, (2.0 if is_off else 1.0) + 0.01 * (i % 5), 5.0, 9, 2, 1, 1)])
        home.start()
        assert wait_for(lambda: store.running() is None)
        assert store.experiments()[0].why.startswith("it pays")
    assert view(home, OFF)
    assert home.faults() == []
