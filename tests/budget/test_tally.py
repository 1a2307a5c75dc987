"""Sums of what came late, twice, changed and in any order are those of a plain recount."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.budget.periods import OF_EACH
from trimtab.budget.scopes import applies
from trimtab.budget.tally import Amounts, Tally, amount, key_in
from trimtab.budget.terms import EVERYTHING, Budget, Charge, Level, Measure, Period, Scope, Span

SCOPES = (EVERYTHING, Scope(project="/p"), Scope(agent_type="Explore"), Scope(session="s2"), Scope(task="t", group="1"))
SPANS = (Span.ONCE, Span.DAY, Span.ROLLING, Span.SESSION, Span.PROMPT, Span.RUN)
MEASURES = (Measure.USD, Measure.BILLED, Measure.OUTPUT)


def a_budget(number: int, scope: Scope, measure: Measure, span: Span) -> Budget:
    return Budget(number, Level.GLOBAL, scope, measure, 1000, Period(span, 50.0 if span is Span.ROLLING else 0.0))


charges = st.builds(
    Charge,
    key=st.sampled_from("abcdefgh"),
    session=st.sampled_from(("s1", "s2")),
    agent=st.sampled_from(("", "a1")),
    agent_type=st.sampled_from(("main", "Explore")),
    project=st.sampled_from(("/p", "/p/q", "/other", "")),
    at=st.integers(0, 100).map(float),
    billed=st.integers(0, 50),
    output=st.integers(0, 50),
    context=st.integers(0, 50),
    usd=st.integers(0, 50),
    prompt=st.sampled_from(("", "p1", "p2")),
    task=st.sampled_from(("", "t")),
)
budgets = st.builds(
    a_budget, st.integers(1, 4), st.sampled_from(SCOPES), st.sampled_from(MEASURES), st.sampled_from(SPANS)
)
followed = st.lists(st.tuples(budgets, st.integers(0, 100).map(float)), max_size=4, unique_by=lambda pair: pair[0].id)
steps = st.lists(
    st.one_of(charges, st.sampled_from("abcdefgh"), followed, st.floats(0, 100).map(lambda at: ("later", at))),
    max_size=40,
)


@given(steps, followed)
def test_sums_are_those_of_a_recount(done: list[object], last: list[tuple[Budget, float]]) -> None:
    """Whatever came before: other budgets, windows that moved both ways, changed and dropped charges."""
    tally = Tally()
    known: dict[str, Charge] = {}
    following: list[tuple[Budget, float]] = []
    for step in [*done, last]:
        if isinstance(step, Charge):
            tally.put(step)
            known[step.key] = step
        elif isinstance(step, str):
            tally.drop(step)
            known.pop(step, None)
        elif isinstance(step, tuple):
            following = [(budget, max(since, float(step[1]))) for budget, since in following]
            tally.follow(following)
        elif isinstance(step, list):
            following = step
            tally.follow(following)
        for budget, since in following:
            of_each = budget.period.span in OF_EACH
            sums: dict[str, int] = {}
            for charge in known.values():
                key = key_in(budget, charge)
                if applies(budget, charge) and key is not None and (of_each or charge.at >= since):
                    sums[key] = sums.get(key, 0) + amount(budget.measure, charge)
            keys = sums.keys() | {"", "s1", "s2/a1", "s1/p1"}
            assert {key: tally.used(budget, key) for key in keys} == {key: sums.get(key, 0) for key in keys}


@given(st.lists(charges, max_size=30), st.floats(0, 100))
def test_what_came_of_a_conversation_and_its_newest(came: list[Charge], since: float) -> None:
    tally, known = Tally(), {}
    for charge in came:
        tally.put(charge)
        known[charge.key] = charge
    mine = [c for c in known.values() if (c.session, c.agent) == ("s1", "a1")]
    later = [c for c in mine if c.at > since]
    sums = Amounts(sum(c.billed for c in later), sum(c.output for c in later), sum(c.usd for c in later))
    assert tally.came(("s1", "a1"), since) == (sums if later else None)
    newest = tally.newest(("s1", "a1"))
    assert (newest and newest.at) == (max(c.at for c in mine) if mine else None)


def test_forgetting_keeps_what_counts() -> None:
    """A day's budget from 50 on: what came before is forgotten, but of a session that is kept it is not."""
    day, session = a_budget(1, EVERYTHING, Measure.USD, Span.DAY), a_budget(2, EVERYTHING, Measure.USD, Span.SESSION)
    tally = Tally()
    tally.follow([(day, 50.0), (session, 0.0)])
    base = Charge("a", "s1", "", "main", "/p", 10.0, 1, 1, 1, 7)
    for charge in (base, base._replace(key="b", session="s2"), base._replace(key="c", session="s2", at=60.0)):
        tally.put(charge)
    tally.forget(50.0, 50.0, ["s1"])
    assert len(tally) == 2
    assert (tally.used(day, ""), tally.used(session, "s1"), tally.used(session, "s2")) == (7, 7, 7)
    tally.put(base._replace(key="b", session="s2"))  # read again: it counts once
    assert tally.used(session, "s2") == 14
    assert tally.came(("s1", ""), 0.0) is None
    assert tally.newest(("s1", "")) == base
