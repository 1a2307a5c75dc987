"""`trimtab doctor`: finds each thing that can be wrong, says what to do, and exits 1 only then."""

import json
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ledgers import NOW

from trimtab import settings
from trimtab.cli import doctor, faultlog
from trimtab.records import Layered
from trimtab.store import Store
from trimtab.store.base import Database
from trimtab.store.experiments import ExperimentStore
from trimtab.store.usage import UsageStore

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def healthy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment of the tests is the one that hooks use; no client is on PATH."""
    monkeypatch.setenv("TRIMTAB_ENVIRONMENT", sys.prefix)
    monkeypatch.setenv("PATH", str(tmp_path))


def finding(out: str, subject: str) -> str:
    """State and words of the check of `subject`, lines joined."""
    found = re.search(rf"^  (ok|note|fix) +{subject} (.*(?:\n {{10}}.*)*)", out, re.M)
    assert found, out
    return f"{found[1]} {' '.join(found[2].split())}"


def test_a_healthy_project_needs_nothing(project: Path, run: Run) -> None:
    status, out, _ = run("doctor")
    assert status == 0
    assert "Nothing needs doing." in out
    assert finding(out, "environment").startswith("ok ")
    assert finding(out, "counter") == "ok o200k_base counts offline"
    assert finding(out, "ledger").endswith("4 loads, 0 alerts, integrity checked")


def test_the_second_layer_is_told_of_where_it_is(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has installed it and does not learn that their client can't load it."""
    assert " layer " not in run("doctor")[1]
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(project / "client"))
    (project / "client" / "plugins").mkdir(parents=True)
    listed = project / "client" / "plugins" / "installed_plugins.json"
    listed.write_text(json.dumps({"plugins": {"trimtab-mods@trimtab": []}}))
    assert "no session here has asked yet" in finding(run("doctor")[1], "layer")
    with Store.open(project / ".claude-patterns" / "trimtab.db") as store:
        store.keep_layered(Layered("s1", ("tools", "results"), ("Workflow",)))
        store.keep_layered(Layered("s2", ("results",), ()))
    said = finding(run("doctor")[1], "layer")
    assert said == "ok in the last session here: results; 0 tools waiting"


def test_no_environment_is_something_to_do(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_ENVIRONMENT", str(project / "nowhere"))
    status, out, _ = run("doctor")
    assert status == 1
    assert "trimtab setup" in finding(out, "environment")


def test_a_package_that_is_missing_is_named(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("click", "no_such_package"))
    status, out, _ = run("doctor")
    assert status == 1
    assert "lacks no_such_package" in finding(out, "environment")


def test_the_packages_are_those_of_pyproject() -> None:
    project = settings.toml.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[^A-Za-z0-9_-]", name)[0].replace("-", "_") for name in project["dependencies"]}
    assert set(doctor.PACKAGES) == needed - {"tomli"}  # only needed before Python 3.11


def damage(project: Path) -> Path:
    ledger = project / ".claude-patterns" / "trimtab.db"
    ledger.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    return ledger


def test_a_damaged_ledger_is_named_and_left(project: Path, run: Run) -> None:
    ledger = damage(project)
    status, out, _ = run("doctor")
    assert status == 1
    assert finding(out, "ledger").startswith("fix ")
    assert "--set-aside" in out
    assert ledger.exists()


def test_set_aside_renames_a_damaged_ledger(project: Path, run: Run) -> None:
    ledger = damage(project)
    status, out, _ = run("doctor", "--set-aside")
    assert status == 0
    assert not ledger.exists()
    aside = list(ledger.parent.glob("trimtab.db.damaged-*"))
    assert len(aside) == 1
    assert aside[0].name in " ".join(out.split())


@pytest.mark.parametrize(
    ("name", "make", "subject", "after"),
    [
        ("usage.db", UsageStore.open, "usage book", "the next sync makes it anew from the transcripts"),
        ("experiment.db", ExperimentStore.open, "experiments", "no experiment runs then"),
    ],
)
def test_the_users_other_files_are_checked_too(
    project: Path, run: Run, apart: Path, name: str, make: Callable[[Path], Database], subject: str, after: str
) -> None:
    file = apart / ".claude-patterns" / name
    file.parent.mkdir(exist_ok=True)
    make(file).close()
    assert finding(run("doctor")[1], subject).startswith("ok ")
    file.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    assert finding(run("doctor")[1], subject).startswith("fix ")
    assert after in " ".join(run("doctor", "--set-aside")[1].split())
    assert not file.exists()


def test_the_users_own_ledger_is_checked_too(project: Path, run: Run, apart: Path) -> None:
    own = apart / ".claude-patterns" / "user.db"
    own.parent.mkdir(exist_ok=True)
    Store.open(own).close()
    assert finding(run("doctor")[1], "own ledger").endswith("0 alerts, integrity checked")
    own.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    assert finding(run("doctor")[1], "own ledger").startswith("fix ")
    assert own.exists()
    run("doctor", "--set-aside")
    assert not own.exists()
    assert list(own.parent.glob("user.db.damaged-*"))


def test_set_aside_leaves_a_good_ledger(project: Path, run: Run) -> None:
    assert run("doctor", "--set-aside")[0] == 0
    assert (project / ".claude-patterns" / "trimtab.db").exists()


def test_wrong_settings_are_something_to_do(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_MODE", "maximum")
    status, out, _ = run("doctor")
    assert status == 1
    assert "TRIMTAB_MODE" in finding(out, "settings")


@pytest.mark.parametrize(
    ("says", "state"), [("2.1.328 (Claude Code)", "ok"), ("2.0.76 (Claude Code)", "fix"), ("?", "note")]
)
def test_the_client_is_asked_for_its_version(says: str, state: str, project: Path, run: Run, tmp_path: Path) -> None:
    client = tmp_path / "claude"
    client.write_text(f"#!/bin/sh\necho '{says}'\n")
    client.chmod(client.stat().st_mode | stat.S_IXUSR)
    status, out, _ = run("doctor")
    assert finding(out, "client").split()[0] == state
    assert status == (state == "fix")


def log(home: Path, *faults: tuple[float, str, str, str]) -> None:
    folder = home / ".claude-patterns" / "daemon"
    folder.mkdir(parents=True)
    lines = [
        json.dumps({"at": at, "where": where, "event": event, "fault": fault}) for at, where, event, fault in faults
    ]
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n")


def test_faults_are_grouped_with_the_newest_line(project: Path, run: Run, apart: Path) -> None:
    slow = "OSError: the daemon gave no answer within 1.5 s (OSError: timed out)"
    log(
        apart,
        (NOW - 9 * 86_400, "hook", "PostToolUse", "too old to be shown"),
        (NOW - 7200, "hook", "PostToolUse", slow),
        (NOW - 3 * 3600, "hook", "PreToolUse", slow),
    )
    status, out, _ = run("doctor")
    said = finding(out, "faults")
    assert status == 0  # it happens on a busy machine
    assert "(2 times, the last 2 h ago)" in said
    assert "PostToolUse" in said
    assert "too old" not in out


def test_a_new_bug_is_something_to_do_an_old_one_is_not(project: Path, run: Run, apart: Path) -> None:
    log(apart, (NOW - 2 * 86_400, "daemon", "event", "KeyError: 'x' (desk.py:12)"))
    assert run("doctor")[0] == 0
    (apart / ".claude-patterns" / "daemon" / "log.jsonl").unlink()
    (apart / ".claude-patterns" / "daemon").rmdir()
    log(apart, (NOW - 60, "daemon", "event", "KeyError: 'x' (desk.py:12)"))
    status, out, _ = run("doctor")
    assert status == 1
    assert "a bug in Trimtab" in finding(out, "faults")


@pytest.mark.parametrize(
    ("where", "event", "fault", "meaning"),
    [
        ("settings", "Stop", 'level = "x" in TRIMTAB_LEVEL: allowed are ...', "a setting had a value"),
        (
            "budget",
            "",
            "the clock was set back by 2.0 hours: budgets of days go by the new time",
            "something was not known",
        ),
        ("budget", "", "the usage book can't be written: the disk is full", "the disk was full"),
        ("alert", "alert_command", "alert_command 'cat' ended with status 1", "the alert_command failed"),
        ("daemon", "event", "DamagedError: can't read the ledger", "the ledger was damaged"),
        ("daemon", "event", "StoreError: can't write the ledger: the disk is full", "the disk was full"),
        ("daemon", "event", "OSError: [Errno 28] No space left on device", "the disk was full"),
        ("daemon", "event", "StoreError: can't write: another program is writing to it (locked)", "another program"),
        ("daemon", "event", "StoreError: can't make the folder '/x'", "a folder could not be written"),
        ("hook", "Stop", "OSError: the daemon gave no answer within 3.0 s (x)", "the daemon was too slow"),
        ("daemon", "start", "ModuleNotFoundError: No module named 'click' (x.py:1)", "the daemon's Python environment"),
        ("daemon", "wire", "BrokenPipeError: [Errno 32] Broken pipe", "a hook was stopped"),
        ("daemon", "event", "EventError: an event is list, not an object", "an event was not as"),
        ("daemon", "event", "ZeroDivisionError: division by zero (policy.py:9)", "a bug in Trimtab"),
    ],
)
def test_every_kind_of_fault_is_told_apart(where: str, event: str, fault: str, meaning: str) -> None:
    kind = faultlog.kind_of(faultlog.Fault(0.0, where, event, fault, ""))
    assert kind.meaning.startswith(meaning)
    assert kind.advice


def test_lines_that_are_none_of_ours_are_left_out(tmp_path: Path) -> None:
    good = '{"at": 5.0, "where": "hook", "event": "Stop", "fault": "x"}'
    (tmp_path / "log.jsonl").write_bytes(f'{good}\nnull\n[1]\n{{"at": "x"}}\n\xff\n{{"at": 6'.encode("latin-1"))
    (tmp_path / "log.jsonl.old").write_text('{"at": 4.0, "where": "hook", "event": "Stop", "fault": "w"}\n')
    assert [fault.fault for fault in faultlog.read(tmp_path, 0.0)] == ["w", "x"]
