"""The agents of trimtab-agents in the real client: what they start with is what their files and docs/agents.md say."""

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import agents
from tests.client import project
from tests.client.billing import Billing
from tests.client.model import Agent, Call, ModelServer, Reply, answer, bash, delegate, edit, read
from tests.client.runner import PLUGIN, Runner, fresh
from tests.client.test_budgets import IDLE_S, STEPS, assert_held, limit, read_all
from tests.client.test_install import clone
from tests.test_agents import FILES, LISTING_TOKENS, front

from trimtab import groups, tiers, tokens
from trimtab.store import Store

pytestmark = pytest.mark.client

DOCUMENTED = (PLUGIN / "docs/agents.md").read_text(encoding="utf-8")
STYLE_TOKENS = 120  # with what the client puts around it
NEAR = 0.05  # the names of folders differ from run to run


def test_the_plugins_files_are_what_the_client_accepts(runner: Runner) -> None:
    runner.command("plugin", "validate", "--strict", str(agents.AGENTS))


def test_the_listing_costs_what_is_documented_and_only_where_it_is_installed(client: Path) -> None:
    """The agents are listed twice, in sessions of who did not ask for them, or at greater length."""
    tokens.load()
    alone = agents.first_request(client, [PLUGIN])
    both = agents.first_request(client, [PLUGIN, agents.AGENTS])
    assert agents.listing(alone) == ""
    listed = agents.listing(both)
    assert len(listed.splitlines()) == len(FILES)
    counted = tokens.count(listed)
    assert counted is not None
    assert counted <= LISTING_TOKENS
    assert f"{counted} tokens" in DOCUMENTED
    assert agents.size(both) - agents.size(alone) <= counted * (1 + NEAR) + 5


def test_each_agent_starts_as_declared_with_its_contract_once(runner: Runner) -> None:
    """Tools, effort or model are others, the start is dearer than documented, a contract is missing or said twice."""
    tokens.load()
    found = agents.starts(runner, agents.names(), [PLUGIN, agents.AGENTS])
    for path, one in zip(FILES, found, strict=True):
        given = front(path)
        assert set(one.tools) == set(given["tools"].split(", "))
        assert one.model == "claude-opus-5-5"  # the caller's
        assert one.effort == given.get("effort", "medium")
        documented = re.search(rf"^\| {path.stem} \|.*\| ([\d,]+) \|$", DOCUMENTED, re.M)
        assert documented
        contract = tokens.count(groups.contract(one.kind)) or 0
        assert one.tokens - contract == pytest.approx(int(documented[1].replace(",", "")), rel=NEAR)
    with Store.open(runner.project / ".claude-patterns" / "trimtab.db", readonly=True) as store:
        assert [added.event for added in store.additions()] == ["SubagentStart"] * len(FILES)


SCRIPTS = {  # an agent of each group does a bit of its work with the tools that it has
    "trimtab-agents:context-scout": lambda runner: read(runner.project / "a.py"),
    "trimtab-agents:plan-writer": lambda runner: read(runner.project / "a.py"),
    "trimtab-agents:change-maker": lambda runner: edit(runner.project / "a.py", "A = 1", "A = 2"),
    "trimtab-agents:change-reviewer": lambda runner: bash("grep -n A a.py"),
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_an_agent_of_each_group_works_and_reports(runner: Runner, kind: str) -> None:
    """Its tools fail, its edit does not land, its contract comes again with later requests, or its report is lost."""
    (runner.project / "a.py").write_text("A = 1\n", encoding="utf-8")
    replies: list[Reply] = []
    reports: list[Reply] = []

    def sub() -> Agent:
        yield read(runner.project / "a.py")
        replies.append((yield SCRIPTS[kind](runner)))
        yield "a.py:1 holds A."

    def main() -> Agent:
        reports.append((yield delegate("Look at A.", kind)))
        yield "Done."

    session = runner.run("Go.", ModelServer(main(), sub), plugins=[PLUGIN, agents.AGENTS]).check()
    assert not replies[0].is_error
    assert (runner.project / "a.py").read_text() == ("A = 2\n" if kind.endswith("maker") else "A = 1\n")
    assert "a.py:1 holds A." in reports[0].text
    last = json.dumps(session.bodies("sub")[-1])
    assert last.count(json.dumps(groups.contract(kind))[1:-1]) == 1
    assert groups.contract(kind) not in json.dumps(session.bodies("main"))


def test_an_agent_hears_its_part_of_a_budget_with_its_contract(runner: Runner) -> None:
    """The hook of budgets and the contract answer for each other, or the part is said in every request."""
    limit(runner, "400k per session")

    def sub() -> Agent:
        yield bash("true")
        yield "Nothing found."

    def main() -> Agent:
        yield delegate("Review the change.", "trimtab-agents:change-reviewer")
        yield "Done."

    session = runner.run("Go.", ModelServer(main(), sub), plugins=[PLUGIN, agents.AGENTS]).check()
    last = json.dumps(session.bodies("sub")[-1])
    said = re.findall(re.escape(groups.contract("change-reviewer")) + r" Your budget: about (\d+)k\.", last)
    assert len(said) == 1
    assert 50 <= int(said[0]) <= 80  # a fifth of what is left of 400k


def changed(runner: Runner) -> None:
    """The project is a repository, and the functions of settle.py differ from what was committed."""
    project.fill(runner.project)
    who = ["-c", "user.name=T", "-c", "user.email=t@t.invalid"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *command], cwd=runner.project, check=True, capture_output=True)
    file = runner.project / "settle.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("subtotal * (1 + ", "subtotal * (1.5 + "), encoding="utf-8")


SEEN: dict[
    str, tuple[Callable[[Runner], list[Call]], bool]
] = {  # an agent of each group loads something large that its task names, and sees it whole or not
    "trimtab-agents:size-estimator": (lambda runner: read(runner.project / "settle.py"), False),
    "trimtab-agents:option-weigher": (lambda runner: read(runner.project / "settle.py"), False),
    "trimtab-agents:test-mender": (lambda runner: read(runner.project / "settle.py"), False),
    "trimtab-agents:gap-hunter": (lambda runner: bash("git diff"), True),
}


@pytest.mark.parametrize("kind", SEEN)
def test_each_groups_ways_hold_at_the_wire(runner: Runner, kind: str) -> None:
    """An agent gets another group's contract, budget or tier, and with it edits blindly or judges half a diff.

    The main conversation is shown a view of the same diff and edits after the agent has; both edits land.
    """
    changed(runner)
    limit(runner, "2000k per session")
    load, is_whole = SEEN[kind]
    group = groups.GROUPS[groups.group_of(kind)]
    is_executing = groups.group_of(kind) == "3"
    loaded: list[Reply] = []
    diffs: list[Reply] = []

    def sub() -> Agent:
        loaded.append((yield load(runner)))
        if is_executing:
            yield edit(runner.project / "settle.py", "settle_freight_0(", "settle_freight_zero(")
        yield "It is done."

    def main() -> Agent:
        diffs.append((yield bash("git diff")))
        yield delegate("Look at settle.py and make it right.", kind)
        yield read(runner.project / "rates.py")
        yield edit(runner.project / "rates.py", "RATE = 0.19", "RATE = 0.21")
        yield "Done."

    session = runner.run("Go.", ModelServer(main(), sub), plugins=[PLUGIN, agents.AGENTS]).check()
    assert tiers.FOLD.search(diffs[0].text)
    assert (tiers.FOLD.search(loaded[0].text) is None) == is_whole
    assert "RATE = 0.21" in (runner.project / "rates.py").read_text(encoding="utf-8")
    assert ("settle_freight_zero(" in (runner.project / "settle.py").read_text(encoding="utf-8")) == is_executing
    told = re.findall(
        re.escape(groups.contract(kind)) + r" Your budget: about (\d+)k\.", json.dumps(session.bodies("sub")[-1])
    )
    assert len(told) == 1, str(session.bodies("sub")[0]["messages"])[-3000:]
    assert 0.85 * 2_000 * group.budget_share <= int(told[0]) <= 2_000 * group.budget_share


def test_a_group_sees_whole_what_the_user_wants_it_to(runner: Runner) -> None:
    """The user's table does not reach the hooks of an agent, or the file can't be edited after that."""
    changed(runner)
    folder = runner.home / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text('[groups.3]\ntier = "complete"\n', encoding="utf-8")
    loaded: list[Reply] = []

    def sub() -> Agent:
        yield bash("true")  # the client writes the agent's task down meanwhile, as it does while a model thinks
        loaded.append((yield read(runner.project / "settle.py")))
        yield edit(runner.project / "settle.py", "settle_freight_0(", "settle_freight_zero(")
        yield "It is done."

    def main() -> Agent:
        yield delegate("Look at settle.py and make it right.", "trimtab-agents:test-mender")
        yield "Done."

    runner.run("Go.", ModelServer(main(), sub), plugins=[PLUGIN, agents.AGENTS]).check()
    assert tiers.FOLD.search(loaded[0].text) is None
    assert "settle_freight_zero(" in (runner.project / "settle.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", SEEN)
def test_a_budget_of_its_group_ends_an_agent(runner: Runner, kind: str) -> None:
    """An agent of a plugin is not told by its group, so it goes on; or its caller is stopped with it."""
    project.fill(runner.project)

    def looks(count: int) -> Agent:
        for number in range(count):
            yield read(runner.project / "refund.py", 1 + 40 * number, 40)
        yield "a.py:1 holds A."

    def work() -> Agent:
        yield bash("sleep 3")  # a new daemon is up by then, also on a busy machine
        yield delegate("Look.", kind)
        yield bash("echo main went on")
        yield "Done."

    alone = Billing(work(), lambda: looks(1))
    runner.run("Go.", alone, plugins=[PLUGIN, agents.AGENTS]).check()
    read_all(runner)
    theirs = [weight for weight, (aside, _) in zip(alone.spent(), alone.billed.values(), strict=True) if aside]
    time.sleep(IDLE_S)  # else nothing is known of agents yet, and one is expected to need more than there is
    limit(runner, f"{1.6 * sum(theirs):.0f} for each group {groups.group_of(kind)} agent")
    server = Billing(work(), lambda: looks(STEPS))
    session = runner.run("Go.", server, plugins=[PLUGIN, agents.AGENTS]).check()
    spent = [weight for weight, (aside, _) in zip(server.spent(), server.billed.values(), strict=True) if aside]
    assert_held(spent, 1.6 * sum(theirs))
    assert 2 <= len(spent) < STEPS
    assert "main went on" in session.stdout
    assert "budget" in str(session.bodies("main")[-1]["messages"])


def test_the_agents_are_installed_from_the_same_marketplace(runner: Runner, tmp_path: Path) -> None:
    """The documented command fails or asks, or what it installs is not listed."""
    runner.command("plugin", "marketplace", "add", str(clone(tmp_path / "clone")))
    runner.command("plugin", "install", "trimtab-agents@trimtab")
    session = runner.run("Say hello.", ModelServer(answer("Hello.")), plugins=()).check()
    assert len(agents.listing(session.bodies()[0]).splitlines()) == len(FILES)


def test_the_output_style_is_loaded_only_where_it_is_chosen(client: Path) -> None:
    """The client does not find it, it is paid for by who did not choose it, or it is dearer than documented."""
    tokens.load()
    style = (PLUGIN / "output-styles/to-the-point.md").read_text(encoding="utf-8").split("---\n")[2].strip()
    sizes = []
    for chosen in ([], ["--settings", '{"outputStyle": "trimtab:to-the-point"}']):
        with fresh(client) as runner:
            session = runner.run("Say hello.", ModelServer(answer("Hello.")), arguments=chosen).check()
        body = session.bodies()[0]
        assert json.dumps(body).count(json.dumps(style)[1:-1]) == bool(chosen)
        sizes.append(agents.size(body))
    documented = re.search(r"costs\s+(\d+)\s+tokens a request", DOCUMENTED)
    assert documented
    assert int(documented[1]) <= STYLE_TOKENS
    assert sizes[1] - sizes[0] == pytest.approx(int(documented[1]), abs=8)  # the names of folders differ
