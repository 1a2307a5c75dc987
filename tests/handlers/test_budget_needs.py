"""What is learned in idle moments: a little at a time, the newest first, and anew where prices change."""

from pathlib import Path

import pytest
from tests.handlers.spending import NOON, World

from trimtab.budget.terms import Measure
from trimtab.handlers import budget_needs
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.budget_needs import BudgetNeeds
from trimtab.prices import Book, Own, Price

SESSIONS = 5
BEGAN = NOON - 10 * 86_400


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(budget_needs, "REST_S", 0.0)
    made = World(tmp_path)
    made.now = BEGAN
    book = Bookkeeping(made.environment, made.notes.append)
    for number in range(SESSIONS):
        made.later(3600)
        made.respond(100 + number, f"s{number}")
        made.respond(10, f"s{number}", "a1", kind="Explore")
        made.later(600)
        made.respond(1, f"s{number}")
        assert book.read(made.transcript(f"s{number}"))
    book.close()
    return made


def needs_of(world: World) -> BudgetNeeds:
    return BudgetNeeds(Bookkeeping(world.environment, world.notes.append), lambda: world.now)


def test_a_step_reads_a_little_the_newest_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no time at all a step reads one session; nothing is told until all were read."""
    monkeypatch.setattr(budget_needs, "STEP_S", 0.0)
    needs, book = needs_of(world), Book()
    seen = []
    for number in range(SESSIONS):
        assert needs.step(book) is (number == SESSIONS - 1)
        seen.append({use.session for use in needs.past().uses})
    assert seen[0] == {"s4"}
    assert [len(names) for names in seen] == [1, 2, 3, 4, 5]


def test_what_comes_while_the_rest_is_unread_is_read_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that changes between two steps is read anew, and those that were left are not forgotten."""
    monkeypatch.setattr(budget_needs, "STEP_S", 0.0)
    source = Bookkeeping(world.environment, world.notes.append)
    needs, book = BudgetNeeds(source, lambda: world.now), Book()
    needs.step(book)
    world.later(60)
    world.respond(7, "s4")
    source.read(world.transcript("s4"))
    while not needs.step(book):
        pass
    assert sum(use.output for use in needs.past().uses) == sum(100 + n + 10 + 1 for n in range(SESSIONS)) + 7


def test_uses_are_by_quarter_of_an_hour_and_agent_type(world: World) -> None:
    """The first session began at 13:00 and went on at 13:10: one quarter for it and one for its agent."""
    needs = needs_of(world)
    needs.step(Book())
    first = [(u.at, u.agent_type, u.output) for u in needs.past().uses if u.session == "s0"]
    assert first == [(BEGAN + 3600, "main", 101), (BEGAN + 3600, "Explore", 10)]


def test_other_prices_begin_anew(world: World) -> None:
    """The first two responses wrote 1,000 tokens each to the cache, and 101 answers, at $10 and $20 a million."""
    needs = needs_of(world)
    needs.step(Book())
    before = needs.past().uses[0].usd
    needs.step(Book((Own("claude-opus-5-5", Price(10.0, 10.0, 10.0, 10.0, 20.0)),)))
    assert needs.past().uses[0].usd == (2_000 * 10 + 101 * 20) != before


def test_a_book_that_cannot_be_read_gives_no_forecast(world: World) -> None:
    needs = needs_of(world)
    needs.step(Book())
    (world.home / ".claude-patterns" / "usage.db").write_bytes(b"no database" * 1000)
    needs.begin("s1", 10)
    assert needs.at_start(Measure.BILLED, "s1") is None
    assert not needs.goes_on("s1")
