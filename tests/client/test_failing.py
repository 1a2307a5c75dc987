"""A failing command in the real client: a long output arrives as a view, and only where all commands may run."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from tests.client.model import Agent, Call, ModelServer, Reply, bash
from tests.client.runner import PLUGIN, Runner, Session
from tests.odd_commands import ALIKE, GUARDED

pytestmark = pytest.mark.client

TESTS = """\
for i in $(seq 1 180); do echo "tests/test_orders.py::test_total_of_kind_$i PASSED"; done
echo "tests/test_orders.py::test_rounding FAILED"
echo "E       assert 10.01 == 10.0"
echo "====== 1 failed, 180 passed in 2.31s ======"
exit 3"""
FACTS = ("Exit code 3", "test_rounding FAILED", "E       assert 10.01 == 10.0", "1 failed, 180 passed")
LONG = "seq -f 'line %06g of a log that goes on and on' 1 3000; echo 'Error: disk full'; exit 4"
KEPT = "... whole output: "


def settle() -> None:
    time.sleep(2)  # a daemon that still loads answers nothing in time


def run(runner: Runner, *commands: str, before: object = None, **more: object) -> tuple[list[Reply], Session]:
    """What the model was told of each command."""
    told: list[Reply] = []

    def work() -> Agent:
        settle()
        for command in commands:
            if callable(before):
                before()
            told.append((yield bash(command)))
        yield "Done."

    session = runner.run("Run the tests.", ModelServer(work()), **more)  # type: ignore[arg-type]
    return told, session


def is_whole(reply: Reply) -> bool:
    return reply.text.count("PASSED") == 180 and KEPT not in reply.text


def test_a_failing_commands_output_arrives_as_a_view(runner: Runner) -> None:
    """The client reads its file before we write it, cuts the view, or no longer knows that the command failed."""
    (tests, log, again), session = run(runner, TESTS, LONG, "cd / && false")
    session.check()
    assert tests.is_error
    for fact in FACTS:
        assert fact in tests.text
    assert len(tests.text) < 2_000
    kept = Path(tests.text.strip().rpartition(KEPT)[2])
    assert kept.read_text().count("PASSED") == 180
    assert log.is_error
    assert "Error: disk full" in log.text  # the client alone shows nothing after the first 30,000 bytes
    assert "characters truncated" not in log.text
    assert (again.is_error, again.text) == (True, "Exit code 1")


def test_the_model_is_told_of_its_own_command(runner: Runner) -> None:
    """The history, which is paid for with every request, holds the trap."""
    _, session = run(runner, TESTS)
    assert "hooks/failed" not in json.dumps([body["messages"] for body in session.check().bodies()])


def test_the_view_counts_in_the_ledger(runner: Runner) -> None:
    """The transcript shows the view under an exit code, in an error: it is not found there, or not as shown."""
    import sqlite3

    run(runner, TESTS)[1].check()
    ends = time.monotonic() + 5
    row = None
    while time.monotonic() < ends:
        with sqlite3.connect(runner.project / ".claude-patterns" / "trimtab.db") as ledger:
            row = ledger.execute("select raw_tokens, shown_tokens, honoured from loads").fetchone()
        if row and row[2] is not None:
            break
        time.sleep(0.2)
    assert row is not None
    assert row[1] < 0.2 * row[0]
    assert row[2] == 1


def test_nothing_is_rewritten_where_commands_are_asked_for(runner: Runner) -> None:
    """A rule for the command must go on to allow it, and one for another not to."""
    (runner.home / ".claude").mkdir()
    rules = {"permissions": {"allow": ["Bash(sh *)"]}}
    (runner.home / ".claude" / "settings.json").write_text(json.dumps(rules))
    (runner.project / "tests.sh").write_text(TESTS)
    (allowed, asked), session = run(runner, "sh tests.sh", "touch x", arguments=("--permission-mode", "default"))
    session.check()
    assert allowed.is_error
    assert is_whole(allowed)
    assert asked.is_error
    assert not (runner.project / "x").exists()


def test_a_rule_that_denies_a_command_goes_on_to_do_so(runner: Runner) -> None:
    """Deny rules hold in bypassPermissions too, and are put to the command with the trap."""
    (runner.home / ".claude").mkdir()
    rules = {"permissions": {"deny": ["Bash(touch:*)", "Bash(rm *)"]}}
    (runner.home / ".claude" / "settings.json").write_text(json.dumps(rules))
    denied = (
        "touch x",
        "cd . && touch x; false",
        "X=1 touch x",
        "(touch x)",
        "if true; then touch x; fi",
        "rm -f keep",
    )
    (runner.project / "keep").write_text("")
    told, session = run(runner, *denied, "echo fine; ls")
    session.check()
    for reply in told[:-1]:
        assert "has been denied" in reply.text
    assert told[-1].text == "fine\nkeep"


def test_one_key_turns_it_off(runner: Runner) -> None:
    (runner.project / ".claude-patterns").mkdir()
    (runner.project / ".claude-patterns" / "config.toml").write_text("wrap_failing = false\n")
    (told,), session = run(runner, TESTS)
    session.check()
    assert told.is_error
    assert is_whole(told)


def test_a_daemon_that_dies_meanwhile_leaves_the_output_as_it_was(runner: Runner) -> None:
    """It has wrapped the command, and is gone when the trap wants a view."""
    told: list[Reply] = []
    (runner.project / "tests.sh").write_text(TESTS)

    def work() -> Agent:
        settle()
        told.append((yield bash("sh tests.sh")))
        process = runner.daemon()
        told.append((yield bash(f"kill -9 {process}; sh tests.sh")))
        assert process == runner.daemon()  # no other has started before the command's end
        yield "Done."

    runner.run("Run the tests.", ModelServer(work())).check(faults=True)
    assert KEPT in told[0].text
    assert "Exit code 3" in told[1].text
    assert is_whole(told[1])


def test_without_a_daemon_the_output_is_as_it_was(runner: Runner) -> None:
    def kill() -> None:
        os.kill(runner.daemon(), signal.SIGKILL)
        (runner.daemon_folder / "socket").unlink()

    (told,), session = run(runner, TESTS, before=kill)
    session.check(faults=True)
    assert told.is_error
    assert is_whole(told)


def test_a_command_that_outlives_its_timeout_stays_as_it_is(runner: Runner) -> None:
    """The client moves it to the background; then its file is read at any time."""
    told: list[Reply] = []

    def work() -> Agent:
        settle()
        slow = TESTS.replace("exit 3", "for i in 1 2 3 4 5; do sleep 0.5; done; exit 3")
        told.append((yield [Call("Bash", {"command": slow, "timeout": 1500, "description": "tests"})]))
        time.sleep(3)
        path = told[0].text.partition("written to: ")[2].partition(". You will")[0]
        told.append((yield bash(f"cat {path}; true")))
        yield "Done."

    runner.run("Run the tests.", ModelServer(work())).check()
    assert "moved to the background" in told[0].text
    assert told[1].text.count("PASSED") == 180
    assert KEPT not in told[1].text


RECORDER = """\
#!/bin/sh
case $2 in
*'pwd -P >|'*) printf '%s\\0' "$2" >>'{log}' ;;
*) exec /bin/bash "$@" ;;
esac
"""


def lines_run(runner: Runner, plugin: bool) -> list[str]:
    """The line that the client gives to bash for each odd or guarded command, "" where it refuses; none is run."""
    (runner.home / ".claude").mkdir(exist_ok=True)
    rules = {"permissions": {"deny": ["Bash(touch:*)"], "ask": ["Bash(mkdir:*)"]}}
    (runner.home / ".claude" / "settings.json").write_text(json.dumps(rules))
    log, shell = runner.home / "lines", runner.home / "bash"
    log.write_bytes(b"")
    shell.write_text(RECORDER.format(log=log))
    shell.chmod(0o755)
    found: list[str] = []

    def work() -> Agent:
        settle()
        for command in (*ALIKE, *GUARDED):
            size = log.stat().st_size
            yield bash(command)
            line = log.read_bytes()[size:].decode().rstrip("\0")
            found.append(line.partition("eval ")[2].rpartition(" && pwd -P")[0])
        yield "Done."

    more = {**runner.more, "SHELL": str(shell), "CLAUDE_CODE_SHELL": str(shell)}
    plugins = (PLUGIN,) if plugin else ()
    runner._replace(more=more).run("Run them.", ModelServer(work()), plugins=plugins).check()
    return found


@pytest.mark.slow
def test_the_client_runs_the_same_line_but_for_the_trap(runner: Runner) -> None:
    """It refuses a command, quotes it, and gives it an empty stdin or not, by what the command looks like."""
    plain, wrapped = lines_run(runner, plugin=False), lines_run(runner, plugin=True)
    assert sum(map(bool, plain)) > len(ALIKE)
    for command, without, with_trap in zip((*ALIKE, *GUARDED), plain, wrapped, strict=True):
        if not without:
            assert not with_trap, command
            continue
        assert "hooks/failed" in with_trap, command
        rest = with_trap.partition(" EXIT; ")[2]
        if not without.startswith("'"):  # a single word needs no quotes
            rest = rest.replace("'", "", 1)
        assert rest == without.removeprefix("'"), command
