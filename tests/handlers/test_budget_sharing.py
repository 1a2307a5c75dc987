"""How budgets are shared out, by real files: what was used counts once, needs come from the past, rows are closed."""

from pathlib import Path

import pytest
from tests.handlers.spending import ME, NOON, PROJECT, World, budget, words

from trimtab.budget import allocation
from trimtab.budget.allocation import ELSE, Allocation
from trimtab.budget.terms import Level, Scope, Span, State
from trimtab.handlers import budget_idle, budget_ledger, budget_needs, purse
from trimtab.handlers.budget_idle import Shares
from trimtab.handlers.budget_needs import BudgetNeeds
from trimtab.handlers.budget_sharing import Shared
from trimtab.handlers.purse import Purse

DAY_S = 86_400.0
HERE, EXPLORE = Scope(project=PROJECT), Scope(agent_type="Explore")
Row = tuple[int, int, int, str]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(purse, "WAIT_S", 0.0)
    monkeypatch.setattr(budget_needs, "REST_S", 0.0)
    monkeypatch.setattr(budget_idle, "SHARE_S", 0.0)
    return World(tmp_path)


class Daemon:
    """A purse, what it has learned, and its idle moments."""

    def __init__(self, world: World) -> None:
        self.purse: Purse = world.purse()
        self.shares = Shares(self.purse, BudgetNeeds(self.purse.books.source, lambda: world.now), lambda: world.now)

    def read(self, world: World, *sessions: str) -> None:
        for session in sessions:
            self.purse.books.source.read(world.transcript(session))

    def shared(self) -> list[Shared]:
        self.shares.load()
        return list(self.shares.outlook(self.purse.accounts(None)).shared)

    def rows(self) -> dict[str, Row]:
        (found,) = self.shared()
        return {r.child: (r.allocated, r.used, r.available, r.status) for r in found.rows}


def test_parts_are_of_what_each_has_used_and_still_lacks(world: World) -> None:
    """Of 10,000 the Explore agents used 300 and main 700. They lack 1,700 of 2,000; nothing else is known to be needed.

    What the main conversation has reserved (1,000 at first) is used by everything else.
    """
    world.add(budget(10_000), budget(5_000, level=Level.AGENT, scope=EXPLORE, minimum=2_000))
    world.respond(700)
    world.respond(300, agent="a1", kind="Explore")
    daemon = Daemon(world)
    daemon.read(world, "s1")
    assert daemon.rows() == {"2": (2_000, 300, 1_700, "active"), ELSE: (8_000, 700, 7_300, "active")}
    assert daemon.purse.ask(world.who("s2")).is_allowed
    (parent, _) = daemon.purse.accounts(None)
    assert parent.reserved > 0
    assert daemon.rows()[ELSE] == (8_000, 700 + parent.reserved, 7_300 - parent.reserved, "active")


def test_what_is_of_two_children_counts_for_the_first(world: World) -> None:
    """An Explore agent's 300 in the project are of both; counted twice the parent would look overspent."""
    world.add(
        budget(1_000),
        budget(900, level=Level.PROJECT, scope=HERE, priority=2.0),
        budget(900, level=Level.AGENT, scope=EXPLORE),
    )
    world.respond(200)
    world.respond(300, agent="a1", kind="Explore")
    daemon = Daemon(world)
    daemon.read(world, "s1")
    assert {name: row[1] for name, row in daemon.rows().items()} == {"2": 500, "3": 0, ELSE: 0}


def test_a_need_is_what_came_after_this_time_of_past_days(world: World) -> None:
    """It is noon. On each of four days before 100 came in the morning and 400 in the afternoon: 400 are to come."""
    parent, child = world.add(
        budget(10_000, span=Span.DAY), budget(5_000, span=Span.DAY, level=Level.AGENT, scope=EXPLORE)
    )
    for days in range(1, 5):
        for hours, output in ((-2, 100), (2, 400)):
            at = NOON - days * DAY_S + hours * 3600
            world.respond(output, "old", "a1", kind="Explore", at=at)
    world.respond(50, agent="a2", kind="Explore", at=NOON - 60)
    daemon = Daemon(world)
    daemon.read(world, "old", "s1")
    rows = daemon.rows()
    assert rows[str(child.id)] == (450, 50, 400, "active")
    assert rows[ELSE] == (9_550, 0, 9_550, "active")
    assert parent.id == 1


def test_a_minimum_is_of_its_own_period_as_decisions_keep_it(world: World) -> None:
    """500 of 10,000 in all were used by agents two days ago and 50 today: of 200 a day at least 150 are to be kept."""
    world.add(
        budget(10_000, made_at=NOON - 5 * DAY_S),
        budget(900, span=Span.DAY, level=Level.AGENT, scope=EXPLORE, minimum=200),
    )
    world.respond(500, agent="a1", kind="Explore", at=NOON - 2 * DAY_S)
    world.respond(50, agent="a2", kind="Explore", at=NOON - 60)
    daemon = Daemon(world)
    daemon.read(world, "s1")
    assert daemon.rows() == {"2": (700, 550, 150, "active"), ELSE: (9_300, 0, 9_300, "active")}
    verdict = daemon.purse.ask(world.who("s2"))
    assert [account.kept for account in verdict.accounts] == [150]


def test_what_is_kept_within_a_child_is_kept_for_it(world: World) -> None:
    world.add(
        budget(10_000),
        budget(9_000, level=Level.PROJECT, scope=HERE),
        budget(900, level=Level.AGENT, scope=EXPLORE._replace(project=PROJECT), minimum=200),
    )
    daemon = Daemon(world)
    found = {shared.account.budget.id: shared.rows for shared in daemon.shared()}
    assert [(row.child, row.allocated) for row in found[1]] == [("2", 200), (ELSE, 9_800)]
    assert [(row.child, row.allocated) for row in found[2]] == [("3", 200), (ELSE, 8_800)]


def test_rows_are_written_closed_and_what_was_unused_flows_back(world: World) -> None:
    """The child of 2,000 at least used 300 of them; when it is removed the rest is nobody's, its row closed."""
    _, child = world.add(budget(10_000), budget(5_000, level=Level.AGENT, scope=EXPLORE, minimum=2_000))
    world.respond(300, agent="a1", kind="Explore")
    daemon = Daemon(world)
    daemon.read(world, "s1")
    for _ in range(3):
        daemon.purse.step()
        daemon.shares.step()
    with world.ledger() as store:
        assert store.allocations() == [
            Allocation(1, "2", "", 2_000, 300, 1_700, "active"),
            Allocation(1, ELSE, "", 8_000, 0, 8_000, "active"),
        ]
        changed = store.change(child.id, "remove", lambda b: b._replace(state=State.CLOSED), ME, words)
    assert changed.state is State.CLOSED
    daemon.shares.step()
    with world.ledger() as store:
        assert store.allocations() == []
        closed = store._rows("select child, allocated, used, available, status from budget_allocations order by 1")
    assert closed == [("2", 300, 300, 0, allocation.CLOSED), (ELSE, 0, 0, 0, allocation.CLOSED)]


def test_a_new_day_closes_the_rows_of_the_last(world: World) -> None:
    world.add(budget(1_000, span=Span.DAY), budget(500, span=Span.DAY, level=Level.AGENT, scope=EXPLORE, minimum=200))
    daemon = Daemon(world)
    daemon.shares.load()
    daemon.shares.step()
    world.later(DAY_S)
    daemon.shares.step()
    with world.ledger() as store:
        assert [(r.period, r.child, r.allocated) for r in store.allocations()] == [
            ("2026-12-01", "2", 200), ("2026-12-01", ELSE, 800)
        ]  # fmt: skip


def test_a_ledger_that_is_busy_is_written_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The idle moment fails, and with it whatever else waits for one."""
    monkeypatch.setattr(budget_ledger, "LOCKED_MS", 1)
    world.add(budget(1_000), budget(500, level=Level.AGENT, scope=EXPLORE, minimum=200))
    daemon = Daemon(world)
    daemon.shares.load()
    with world.ledger() as store:
        with store.turn():
            daemon.shares.step()
        assert store.allocations() == []
        daemon.shares.step()
        assert len(store.allocations()) == 2


def test_without_children_nothing_is_written(world: World) -> None:
    world.add(budget(1_000), budget(2_000, span=Span.DAY))
    daemon = Daemon(world)
    daemon.shares.step()
    assert daemon.shared() == []
    with world.ledger() as store:
        assert store.allocations() == []
