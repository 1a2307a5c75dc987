"""What tasks, sessions and agents needed, read from transcripts through the usage book."""

import pytest
from tests.usage.written import AT, CWD, Home, answer, called, named, result, usage, user

from trimtab.budget.forecast import Past, Run, Start, Step
from trimtab.budget.terms import Measure
from trimtab.prices import Book, Own, Price
from trimtab.store.usage import UsageStore
from trimtab.usage.needs import Needs, agent_runs, past, score

# Billed: input + 1.25 * written + 0.05 * read + 5 * output, of opus-5-5 at $4 for a million.
BOOK = Book()
LATER = AT + 10_000


@pytest.fixture
def worked(home: Home) -> Home:
    """Two prompts; the first starts an agent that goes on into the second one's time."""
    home.write(
        "s1",
        user(0, "do it, please"),
        answer(1, named(1), usage(100, 800, 0, 20), content=[called("Edit", "c1", file_path="/a")]),
        user(2, [result("c1", "done")]),
        answer(3, named(2), usage(0, 400, 800, 40), content=[called("Edit", "c2", file_path="/a")]),
        user(4, [result("c2", "no", is_error=True)]),
        answer(5, named(3), usage(0, 0, 1200, 10)),
        user(100, "and now?"),
        answer(101, named(4), usage(0, 80, 1200, 6)),
    )
    home.write(
        "s1/a1",
        answer(4, named(5), usage(40, 0, 0, 4), attributionAgent="Explore", isSidechain=True, agentId="a1"),
        answer(150, named(6), usage(20, 0, 0, 2), attributionAgent="Explore", isSidechain=True, agentId="a1"),
    )
    home.sync()
    return home


def read(home: Home) -> Needs:
    needs = Needs(BOOK)
    with home.store() as store:
        needs.refresh(store)
    return needs


def test_tasks_are_what_came_for_each_prompt(worked: Home) -> None:
    """Billed: 100 + 1000 + 100; 500 + 40 + 200; 60 + 50; the agent's 40 + 20 and 20 + 10; then 100 + 60 + 30."""
    first, second = read(worked).tasks(LATER)
    assert (first.project, first.characters, first.is_first, first.context) == (CWD, 13, True, 0)
    assert (first.need.billed, first.requests, first.edits, first.agent_types) == (2140, 5, 1, ("Explore",))
    assert first.need.usd == 2140 * 4
    assert (second.characters, second.is_first, second.context, second.need.billed) == (8, False, 1200, 190)
    assert second.before == first.need
    assert [(s.requests, s.spent.billed, s.context) for s in first.steps] == [
        (1, 1200, 900),
        (2, 1940, 1200),
        (4, 2110, 1200),
    ]


def test_sessions_and_agents_as_wholes(worked: Home) -> None:
    needs = read(worked)
    (whole,) = needs.sessions(LATER)
    assert (whole.characters, whole.need.billed, whole.requests, whole.edits, whole.before) == (13, 2330, 6, 1, None)
    (run,) = needs.runs(LATER)
    assert (run.agent, run.agent_type, run.need.billed, run.requests) == ("a1", "Explore", 90, 2)
    assert agent_runs([run], Measure.USD) == [Run("Explore", 360)]


def test_what_the_client_does_beside_the_conversation_is_no_agent(home: Home) -> None:
    """A compaction's pass is of the task that it came in, and no agent of it."""
    aside = {"type": "compaction", "input_tokens": 70, "output_tokens": 2}
    home.write("s1", user(0, "begin"), answer(1, named(1), usage(100, 0, 0, 20, iterations=[aside])))
    home.sync()
    needs = read(home)
    (task,) = needs.tasks(LATER)
    assert (task.need.billed, task.requests, task.agent_types) == (280, 2, ())
    assert needs.runs(LATER) == []


def test_what_may_still_go_on_teaches_nothing(worked: Home) -> None:
    """An hour after the last line it is over."""
    needs = read(worked)
    assert [task.characters for task in needs.tasks(AT + 200)] == [13]
    assert needs.sessions(AT + 200) == []
    assert [run.agent for run in needs.runs(AT + 200)] == ["a1"]
    newest = needs.newest("s1")
    assert newest is not None
    assert newest.characters == 8
    assert needs.newest("unknown") is None


def test_a_compaction_leaves_no_context(home: Home) -> None:
    home.write(
        "s1",
        user(0, "begin"),
        answer(1, named(1), usage(100, 0, 0, 20)),
        user(2, "") | {"type": "system", "subtype": "compact_boundary"},
        user(3, "go on"),
        answer(4, named(2), usage(50, 0, 0, 20)),
        user(5, "more"),
        answer(6, named(3), usage(70, 0, 0, 20)),
    )
    home.sync()
    assert [task.context for task in read(home).tasks(LATER)] == [0, 0, 50]


def test_forecasts_learn_in_a_budgets_unit_at_todays_model(worked: Home) -> None:
    """Sonnet 5.5 costs half of Opus 5.5: $2 instead of $4."""
    tasks = read(worked).tasks(LATER)
    assert past(tasks, Measure.BILLED, "claude-sonnet-5-5", LATER, BOOK)[1] == Past(
        Start(8, False, 1200, 2140), 190, ()
    )
    told = past(tasks, Measure.USD, "claude-sonnet-5-5", LATER, BOOK)
    assert told[1] == Past(Start(8, False, 1200, 4280), 380, ())
    assert told[0].steps == (Step(1, 2400, 900), Step(2, 3880, 1200), Step(4, 4220, 1200))
    assert past(tasks, Measure.OUTPUT, "", LATER, BOOK)[0].need == 76


def test_what_has_no_price_teaches_nothing_in_usd(home: Home) -> None:
    home.write("s1", user(0, "hello"), answer(1, named(1), usage(100, 0, 0, 20), model="own-model"))
    home.sync()
    (task,) = read(home).tasks(LATER)
    assert past([task], Measure.USD, "own-model", LATER, BOOK) == []
    assert past([task], Measure.BILLED, "own-model", LATER, BOOK)[0].need == 200
    priced = Needs(Book([Own("own-model", Price(2.0, 2.5, 4.0, 0.2, 10.0))]))
    with home.store() as store:
        priced.refresh(store)
    assert priced.tasks(LATER)[0].need.usd == 400


def test_only_sessions_with_something_new_are_read_again(worked: Home) -> None:
    """The other session's lines are of another time."""
    worked.write("s2", user(300, "other", session="s2"), answer(311, named(7), usage(5, 0, 0, 1), session="s2"))
    worked.sync()
    needs = Needs(BOOK)
    with UsageStore.open(worked.book) as store:
        assert needs.refresh(store) == 2
        assert needs.refresh(store) == 0
    worked.write("s2", answer(312, named(8), usage(10, 0, 0, 2), session="s2"))
    worked.sync()
    with UsageStore.open(worked.book) as store:
        assert needs.refresh(store) == 1
    assert [task.need.billed for task in needs.tasks(LATER) if task.session == "s2"] == [30]


def test_a_late_line_of_an_old_agent_is_found(worked: Home) -> None:
    """It is older than its session's last line, so that only the responses' numbers tell."""
    needs = read(worked)
    line = answer(140, named(9), usage(100, 0, 0, 0), attributionAgent="Explore", isSidechain=True, agentId="a1")
    worked.write("s1/a1", line)
    worked.sync()
    with worked.store() as store:
        assert needs.refresh(store) == 1
    assert needs.tasks(LATER)[0].need.billed == 2240


def test_score_needs_enough_that_is_usual(worked: Home) -> None:
    """Usual is an edit for each 2,330; the first task has one for 2,140."""
    tasks = read(worked).tasks(LATER)
    assert score(tasks[:1], tasks * 9, Measure.BILLED) is None
    assert score(tasks[:1], tasks * 10, Measure.BILLED) == pytest.approx(2 / (2140 / 2330 + 1))
