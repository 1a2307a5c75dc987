"""Usage in the real client: what the server billed is what the book has, to the token, in forks and subagents too."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.client import project
from tests.client.billing import Billing
from tests.client.model import Agent, answer, bash, delegate, read
from tests.client.runner import PLUGIN, Runner

from trimtab.records import Request, SessionTotal
from trimtab.store.usage import UsageStore
from trimtab.usage.sync import sync

pytestmark = pytest.mark.client


Figures = tuple[bool, int, int, int, int]


def figures(server: Billing) -> list[Figures]:
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    rows = [(aside, [int(used[name]) for name in names]) for aside, used in server.billed.values()]
    return sorted((aside, row[0], row[1], row[2], row[3]) for aside, row in rows)


def recorded(requests: list[Request]) -> list[Figures]:
    return sorted(
        (r.agent != "", r.input_tokens, r.write_5m_tokens + r.write_1h_tokens, r.read_tokens, r.output_tokens)
        for r in requests
    )


def book(runner: Runner) -> tuple[list[Request], list[SessionTotal]]:
    with UsageStore.open(runner.home / "usage.db") as store:
        assert sync(store, [runner.home / ".claude"]).bad == []
        return store.requests(), store.session_totals()


def told_by_report(runner: Runner) -> list[int]:
    """The five figures that `trimtab report` has as a total: responses, input, written, read and output tokens."""
    command = [sys.executable, "-I", "-X", "utf8", str(PLUGIN / "lib/trimtab/cli/__main__.py")]
    asked = [*command, "report", "--by", "agent", "--all", "--json"]
    environment = {"HOME": str(runner.home), "PATH": os.environ["PATH"]}
    done = subprocess.run(asked, capture_output=True, env=environment, cwd=runner.project, timeout=60, check=True)
    document = json.loads(done.stdout)
    rows, total = document["rows"], document["total"]
    names = ("requests", "input_tokens", "write_5m_tokens", "write_1h_tokens", "read_tokens", "output_tokens")
    assert [sum(row[name] for row in rows) for name in names] == [total[name] for name in names]
    count, fresh, write_5m, write_1h, from_cache, output = (int(total[name]) for name in names)
    return [count, fresh, write_5m + write_1h, from_cache, output]


def sums(billed: list[Figures]) -> list[int]:
    return [len(billed), *(sum(row[place] for row in billed) for place in range(1, 5))]


def test_all_that_was_billed_is_in_the_book_once(runner: Runner) -> None:
    """A session with a subagent, a fork that copies it and whose server counts messages anew, the session resumed."""
    project.fill(runner.project)

    def work() -> Agent:
        yield read(runner.project / "rates.py")
        yield delegate("Count the functions of refund.py.")
        yield "Counted."

    def count() -> Agent:
        yield bash("grep -c def refund.py")
        yield "There are 41."

    first = Billing(work(), count)
    runner.run("Count the functions.", first, plugins=()).check()
    requests, totals = book(runner)
    (session,) = {r.session for r in requests}
    assert recorded(requests) == figures(first)
    assert len(requests) == 5
    assert {(r.agent != "", r.agent_type) for r in requests} == {(False, ""), (True, "general-purpose")}
    assert {r.project for r in requests} == {str(runner.project)}

    second = Billing(answer("Still 41."))
    runner.run("And now?", second, plugins=(), arguments=["--continue", "--fork-session"]).check()
    requests, totals = book(runner)
    assert recorded([r for r in requests if r.session == session]) == figures(first)
    assert recorded([r for r in requests if r.session != session]) == figures(second)
    assert len({r.session for r in requests}) == 2
    assert [total.session for total in totals] == [session]  # the fork's goes on from its parent's

    with UsageStore.open(runner.home / "usage.db") as store:
        assert store.unlisted() == []
    assert told_by_report(runner) == sums(figures(first) + figures(second))

    third = Billing(answer("41, as before."))
    runner.run("Sure?", third, plugins=(), arguments=["--resume", session]).check()
    requests, totals = book(runner)
    assert len(requests) == 7
    assert recorded(requests) == sorted(figures(first) + figures(second) + figures(third))
    assert session in {total.session for total in totals}


def test_a_compaction_is_in_the_book_though_it_has_no_line(runner: Runner) -> None:
    """The client writes no line for the request that summarises, but adds it to its own sum."""
    project.fill(runner.project)

    def work() -> Agent:
        yield read(runner.project / "settle.py")
        yield "Read."

    first = Billing(work())
    runner.run("Read settle.py.", first, plugins=()).check()
    second = Billing(answer("<summary>settle.py was read.</summary>"))
    runner.run("/compact", second, plugins=(), arguments=["--continue"]).check()
    requests, _ = book(runner)
    assert recorded(requests) == figures(first)
    with UsageStore.open(runner.home / "usage.db") as store:
        unlisted = [r._replace(agent="") for r in store.unlisted()]
        assert [arrival.what for arrival in store.arrivals()].count("summary") == 1
    assert recorded(unlisted) == figures(second)
    assert len(unlisted) == 1


def lines(path: Path) -> list[dict]:  # type: ignore[type-arg]  # whatever the client wrote
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_clients_own_total_is_that_of_the_book(runner: Runner) -> None:
    """The figures of `cost-state`, which the client adds up by itself: by class, for a session without other models."""

    def work() -> Agent:
        for _ in range(3):
            yield bash("seq 1 200")
        yield "Done."

    server = Billing(work())
    runner.run("Count.", server, plugins=()).check()
    requests, totals = book(runner)
    (path,) = (runner.home / ".claude" / "projects").rglob("*.jsonl")
    (own,) = [line["modelUsage"] for line in lines(path) if line["type"] == "cost-state"]
    ours = {
        "inputTokens": sum(r.input_tokens for r in requests),
        "outputTokens": sum(r.output_tokens for r in requests),
        "cacheReadInputTokens": sum(r.read_tokens for r in requests),
        "cacheCreationInputTokens": sum(r.write_5m_tokens + r.write_1h_tokens for r in requests),
    }
    assert {name: own["claude-opus-5-5"][name] for name in ours} == ours
    assert [total.is_complete for total in totals] == [True]
