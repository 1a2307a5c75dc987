"""Budgets in the real client, at the wire: once a budget is used up nothing more is sent, and then it goes on.

What a budget takes is told by the figures that the scripted server itself billed. A request may be sent while less is
used than the limit; none after that.
"""

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from tests.client import project
from tests.client.billing import Billing, weighted
from tests.client.model import Agent, Body, Call, answer, bash, delegate, edit
from tests.client.runner import Runner, Session

from trimtab import paths
from trimtab.budget.terms import EVERYTHING, Budget, Level, Measure, Period, Span
from trimtab.budget.words import Place, read, say
from trimtab.store.budgets import Author, BudgetStore
from trimtab.store.usage import UsageStore
from trimtab.usage.sync import sync

pytestmark = pytest.mark.client

STEPS = 12
IDLE_S = 4.0  # the daemon, which has nothing else to do, reads what agents have written: it looks each second


def limit(runner: Runner, *budgets: str) -> None:
    """These budgets are set, as by a command."""
    folder = runner.home / ".claude-patterns"
    folder.mkdir(exist_ok=True)
    with BudgetStore.open(folder / "user.db") as store:
        place = Place(str(runner.project), "", "", "", "cli")
        for text in budgets:
            store.add(read(text, place), Author("test", "cli", time.time()), say)


def steps(count: int = STEPS, last: str = "All steps are done.") -> Agent:
    """A turn of many small commands, each of which leaves a trace if it runs."""
    for number in range(count):
        yield bash(f"echo {number} >> steps.txt; seq 1 300")
    yield last


def steps_run(runner: Runner) -> int:
    try:
        return len((runner.project / "steps.txt").read_text(encoding="utf-8").splitlines())
    except FileNotFoundError:
        return 0


def assert_held(spent: Sequence[float], allowed: float, conversations: int = 1) -> None:
    """Whenever a request was sent, less than `allowed` had been used, but for those then under way."""
    before = sum(spent[:-conversations])
    assert before < allowed, f"{before:.0f} of {allowed:.0f} was used and yet a request was sent"


def read_all(runner: Runner) -> None:
    """What was used until now is known, as it is a second later: else a new agent's first request is guessed."""
    with UsageStore.open(paths.usage_path({"HOME": str(runner.home)})) as store:
        sync(store, [runner.home / ".claude" / "projects"])


def two_requests(runner: Runner) -> float:
    """What the first two requests of such a turn cost."""
    server = Billing(steps(1))
    runner.run("Do the steps.", server).check()
    (runner.project / "steps.txt").unlink()
    return sum(server.spent()[:2])


def test_a_turn_stops_in_the_middle_and_goes_on_after_a_raise(runner: Runner) -> None:
    """Requests go on past the limit, the turn's work is lost, or a raise does not let it go on."""
    project.fill(runner.project)
    allowed = two_requests(runner) * 1.2
    limit(runner, f"{allowed:.0f} per session")
    first = Billing(steps())
    stopped = runner.run("Do the steps.", first).check()
    assert_held(first.spent(), allowed)
    done = steps_run(runner)
    assert 1 <= done < STEPS
    assert len(first.requests) == done + 0 or len(first.requests) == done + 1

    refused = Billing(answer("I was asked."))
    again = runner.run("Go on.", refused, arguments=["--continue"]).check()
    assert refused.requests == []
    assert "raise" in again.stdout
    assert "/token-budget" in again.stdout

    raising = Billing(answer("I was asked."))
    raised = runner.run("/token-budget raise 400k", raising, arguments=["--continue"]).check()
    assert raising.requests == []
    assert "400k" in raised.stdout

    def finish() -> Agent:
        yield edit(runner.project / "rates.py", "RATE = 0.19", "RATE = 0.21")
        yield "Changed."

    going_on = Billing(finish())
    runner.run("Go on: change the rate.", going_on, arguments=["--continue"]).check()
    assert len(going_on.requests) >= 2
    assert "RATE = 0.21" in (runner.project / "rates.py").read_text(encoding="utf-8")
    assert "seq 1 300" in str(going_on.requests[0].body["messages"])  # the same conversation
    assert stopped.exit_code == 0


def test_the_next_prompt_is_not_sent(runner: Runner) -> None:
    """A prompt is sent although the day's budget is used up, or its author is not told what to do."""
    limit(runner, "1000 per day")
    server = Billing(answer("I was asked."))
    session = runner.run("Say something.", server).check()
    assert server.requests == []
    assert "per day" in session.stdout or "a day" in session.stdout
    assert "/token-budget pause" in session.stdout


def test_pause_lets_through_and_resume_stops_again(runner: Runner) -> None:
    limit(runner, "1000 per day")
    assert runner.run("Say something.", Billing(answer("No."))).check().requests == []
    assert runner.run("/token-budget pause", Billing(answer("No."))).check().requests == []
    assert len(runner.run("Say something.", Billing(answer("Something."))).check().requests) == 1
    assert runner.run("/token-budget resume", Billing(answer("No."))).check().requests == []
    assert runner.run("Say something.", Billing(answer("No."))).check().requests == []


def test_a_budget_that_only_tells_stops_nothing(runner: Runner) -> None:
    limit(runner, "1000 per day, warn only")
    session = runner.run("Say something.", Billing(answer("Something."))).check()
    assert len(session.requests) == 1
    later = runner.run("Say something.", Billing(answer("Something."))).check()
    assert any("used up" in notice for notice in [*session.notices(), *later.notices()])


@pytest.mark.parametrize("in_background", [False, True])
def test_an_agent_over_its_own_budget_ends_and_hands_back(runner: Runner, in_background: bool) -> None:
    """The agent goes on past its budget, its partial result is lost, or the main conversation is stopped too."""

    def work() -> Agent:
        yield delegate("Do the steps.", in_background=in_background)
        if in_background:
            yield "It runs."
        yield bash("echo main went on")
        yield "Done."

    def agent() -> Agent:
        yield from steps(STEPS)

    alone = Billing(work(), lambda: steps(1))
    runner.run("Delegate the steps.", alone).check()
    read_all(runner)
    theirs = [weight for weight, (aside, _) in zip(alone.spent(), alone.billed.values(), strict=True) if aside]
    (runner.project / "steps.txt").unlink()
    time.sleep(IDLE_S)  # else nothing is known of agents yet, and one is expected to need more than there is

    allowed = sum(theirs) * 1.6
    limit(runner, f"{allowed:.0f} per general-purpose agent")
    server = Billing(work(), agent)
    session = runner.run("Delegate the steps.", server).check()
    spent = [weight for weight, (aside, _) in zip(server.spent(), server.billed.values(), strict=True) if aside]
    assert_held(spent, allowed)
    assert 1 <= steps_run(runner) < STEPS
    assert "main went on" in session.stdout
    assert "budget" in str(session.bodies("main")[-1]["messages"])  # the main conversation is told


def test_an_agent_that_cannot_fit_is_not_started(runner: Runner) -> None:
    told: list[str] = []

    def work() -> Agent:
        reply = yield delegate("Do the steps.", "Explore")
        told.append(reply.text)
        yield "Done."

    limit(runner, "500 tokens per Explore agent")
    server = Billing(work(), steps)
    session = runner.run("Delegate.", server).check()
    assert session.bodies("sub") == []
    assert "budget" in told[0]
    assert steps_run(runner) == 0


@pytest.mark.parametrize(
    ("allowed", "second"), [(200_000, ("claude-sonnet-5-5", "high")), (12_000, ("claude-haiku-5-5", "low"))]
)
def test_agents_start_cheaper_where_a_budget_is_tight(runner: Runner, allowed: int, second: tuple[str, str]) -> None:
    """An agent's requests go to the dearer model although the user said which; or they do with money to spare."""

    def work() -> Agent:
        yield delegate("Look at it.")
        yield delegate("Look at it, by a model of its own.", model="sonnet", effort="high")
        yield "Done."

    (runner.home / ".claude-patterns").mkdir()
    config = 'budget_agent_model = "haiku"\nbudget_agent_effort = "low"\nalert_budget_share = 0.05\n'
    (runner.home / ".claude-patterns" / "config.toml").write_text(config, encoding="utf-8")
    limit(runner, f"{allowed} output tokens per session")
    runner.run("Say something.", Billing(answer("Something."))).check()  # the daemon is there
    server = Billing(work(), lambda: answer("Looked. " * 300))  # some 920 tokens
    session = runner.run("Delegate.", server).check()
    main = {(body["model"], body["output_config"]["effort"]) for body in session.bodies("main")}
    assert main == {("claude-opus-5-5", "medium")}
    agents = [(body["model"], body["output_config"]["effort"]) for body in session.bodies("sub")]
    assert agents == [("claude-opus-5-5", "medium"), second]  # when the first one starts nothing is used yet


@pytest.mark.parametrize(
    ("call", "is_run"),
    [
        (Call("Bash", {"command": "echo 1 >> steps.txt", "description": "step"}), False),
        (Call("WebFetch", {"url": "https://127.0.0.1:9/", "prompt": "What is it?"}), False),
        (Call("Read", {"file_path": "note.txt"}), True),
    ],
    ids=lambda given: given.name if isinstance(given, Call) else "",
)
def test_a_turn_stops_at_a_tool_where_the_budget_is_lowered_meanwhile(runner: Runner, call: Call, is_run: bool) -> None:
    """What changes or spends is done although nothing is left, or after a read another request is sent."""
    (runner.project / "note.txt").write_text("a note\n", encoding="utf-8")

    def work() -> Agent:
        yield [Call("Bash", {"command": "true", "description": "nothing"})]
        limit(runner, "1000 per day")
        yield [call]
        yield "I was asked."

    server = Billing(work())
    session = runner.run("Do it.", server).check()
    assert len(server.requests) == 2
    assert steps_run(runner) == 0
    assert ("a note" in session.stdout, "Not run: the budget" in session.stdout) == (is_run, not is_run)


def test_two_sessions_at_once_share_one_budget(runner: Runner) -> None:
    """Each session knows only of its own spending, so the budget is used twice."""
    each = two_requests(runner)
    servers = [Billing(steps(30)) for _ in "ab"]
    done: list[Session] = []

    def run(server: Billing) -> None:
        done.append(runner.run("Do the steps.", server))

    allowed = round(each * 3)
    once = Budget(0, Level.GLOBAL, EVERYTHING, Measure.BILLED, allowed, Period(Span.ONCE))
    with BudgetStore.open(runner.home / ".claude-patterns" / "user.db") as store:
        store.add(once, Author("test", "cli", time.time()), say)
    threads = [threading.Thread(target=run, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for session in done:
        session.check()
    spent = [weight for server in servers for weight in server.spent()]
    last = [server.spent()[-1] for server in servers]
    assert sum(spent) - sum(last) < allowed
    assert sum(spent) > allowed * 0.8  # and it is not stopped long before
    assert max(len(server.requests) for server in servers) < 31


class Counted(Billing):
    """Notes in `sent`, which servers share, whose request came when and what it was billed."""

    def __init__(self, main: Agent, sub: Callable[[], Agent], sent: list[tuple[str, float]]) -> None:
        super().__init__(main, sub)
        self._sent = sent

    def message(self, agent_id: str, body: Body) -> Body:
        made = super().message(agent_id, body)
        if body.get("tools"):
            self._sent.append((f"{self.start}{agent_id}", weighted(made["usage"])))
        return made


def test_eight_sessions_and_their_agents_share_one_budget(runner: Runner) -> None:
    """More than the request under way of each conversation is sent when the limit is reached."""

    def work() -> Agent:
        for number in range(30):
            yield delegate("Count.", in_background=number % 2 == 0) if number % 7 == 3 else bash(f"seq {number} 200")
        yield "Done."

    def count() -> Agent:
        for number in range(5):
            yield bash(f"seq {number} 100")
        yield "Counted."

    runner.run("Begin.", Billing(answer("Begun."))).check()  # the daemon is there
    allowed = 500_000
    once = Budget(0, Level.GLOBAL, EVERYTHING, Measure.BILLED, allowed, Period(Span.ONCE))
    with BudgetStore.open(runner.home / ".claude-patterns" / "user.db") as store:
        store.add(once, Author("test", "cli", time.time()), say)
    sent: list[tuple[str, float]] = []
    servers = [Counted(work(), count, sent) for _ in range(8)]
    done: list[Session] = []
    threads = [
        threading.Thread(target=lambda one=server: done.append(runner.run("Work.", one, timeout_s=300)))
        for server in servers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [session.exit_code for session in done] == [0] * 8
    used, late = 0.0, []
    for conversation, weight in sent:
        if used >= allowed:
            late.append(conversation)
        used += weight
    assert len(late) == len(set(late)), "a conversation sent a request after the one that was under way"
    assert used > allowed * 0.9  # and it is not stopped long before
    assert max(len(server.requests) for server in servers) < 60
    with BudgetStore.open(runner.home / ".claude-patterns" / "user.db") as store:
        assert [one for one in store.reservations() if not one.is_assumed] == []


def test_nothing_of_budgets_reaches_a_user_without_one(runner: Runner) -> None:
    """A word of budgets in a request, or a Python process for an event that only budgets need."""
    session = runner.run("Do the steps.", Billing(steps(2))).check()
    assert "budget" not in "".join(str(body["messages"]) for body in session.bodies("main")).lower()
    assert not (runner.home / ".claude-patterns" / "budgets").exists()
