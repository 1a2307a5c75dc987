"""Which requests a budget is about, and which scopes are inside of which, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.budget.scopes import AGENTS, applies, contains, is_same, level_of
from trimtab.budget.terms import EVERYTHING, Budget, Charge, Level, Measure, Period, Scope, Span

MAIN = Charge("m1", "S1", "", "main", "/work/shop", 10.0, 1, 1, 1, 1, prompt="P1", task="refactor")
EXPLORE = MAIN._replace(key="m2", agent="A1", agent_type="Explore")
CUSTOM = MAIN._replace(key="m3", agent="A2", agent_type="team:reviewer", session="S2", prompt="", task="")


def budget(scope: Scope) -> Budget:
    return Budget(1, level_of(scope), scope, Measure.BILLED, 10, Period(Span.ONCE))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (EVERYTHING, (True, True, True)),
        (Scope(project="/work/shop"), (True, True, True)),
        (Scope(project="/work"), (True, True, True)),
        (Scope(project="/"), (True, True, True)),
        (Scope(project="/work/sh"), (False, False, False)),
        (Scope(project="/work/shop/api"), (False, False, False)),
        (Scope(task="refactor"), (True, True, False)),
        (Scope(session="S2"), (False, False, True)),
        (Scope(prompt="P1"), (True, True, False)),
        (Scope(agent_type="main"), (True, False, False)),
        (Scope(agent_type="explore"), (False, True, False)),
        (Scope(agent_type="Team:Reviewer"), (False, False, True)),
        (Scope(agent_type=AGENTS), (False, True, True)),
        (Scope(group="1"), (False, True, False)),
        (Scope(group="2"), (False, False, False)),
        (Scope(agent="A2"), (False, False, True)),
        (Scope(session="S1", agent_type="Explore", project="/work"), (False, True, False)),
        (Scope(session="S2", agent_type="Explore"), (False, False, False)),
    ],
)
def test_what_applies(scope: Scope, expected: tuple[bool, bool, bool]) -> None:
    assert tuple(applies(budget(scope), charge) for charge in (MAIN, EXPLORE, CUSTOM)) == expected


def test_the_user_s_own_agents_of_groups_apply() -> None:
    """A scope's members are left out, or they make two scopes of one."""
    own = Scope(group="4", members=(("reviewer", "4"), ("explore", "2")))
    assert [applies(budget(own), charge) for charge in (MAIN, EXPLORE, CUSTOM)] == [False, False, True]
    assert contains(own, Scope(agent_type="Team:Reviewer"))
    assert not contains(Scope(group="1", members=own.members), Scope(agent_type="Explore"))
    assert is_same(own, Scope(group="4"))
    assert own.named() == {"group": "4"}


def test_a_request_of_an_unknown_project_is_in_no_project() -> None:
    assert not applies(budget(Scope(project="/work")), MAIN._replace(project=""))
    assert not applies(budget(Scope(project="/")), MAIN._replace(project=""))


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (EVERYTHING, Scope(project="/a"), True),
        (Scope(project="/a"), EVERYTHING, False),
        (Scope(project="/a"), Scope(project="/a/b", agent_type="Explore"), True),
        (Scope(project="/a/b"), Scope(project="/a"), False),
        (Scope(project="/a"), Scope(session="S1"), False),  # not said, so not known
        (Scope(project="/a"), Scope(project="/a", session="S1"), True),
        (Scope(group="1"), Scope(agent_type="Explore"), True),
        (Scope(group="1"), Scope(agent_type="Plan"), False),
        (Scope(agent_type=AGENTS), Scope(agent_type="Explore"), True),
        (Scope(agent_type=AGENTS), Scope(group="2"), True),
        (Scope(agent_type=AGENTS), Scope(agent="A1"), True),
        (Scope(agent_type=AGENTS), Scope(agent_type="main"), False),
        (Scope(agent_type=AGENTS), EVERYTHING, False),
        (Scope(agent_type="Explore"), Scope(agent_type=AGENTS), False),
        (Scope(agent_type="explore"), Scope(agent_type="Explore"), True),
    ],
)
def test_what_is_inside(outer: Scope, inner: Scope, expected: bool) -> None:
    assert contains(outer, inner) is expected


ANY = st.builds(
    Scope,
    st.sampled_from(["", "/a", "/a/b", "/ab"]),
    st.sampled_from(["", "t"]),
    st.sampled_from(["", "S1", "S2"]),
    st.sampled_from(["", "P1"]),
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["", "main", "Explore", "explore", "x", AGENTS]),
    st.sampled_from(["", "A1"]),
    members=st.just((("x", "1"),)),  # all budgets have the same
)
CHARGES = st.builds(
    lambda session, agent, kind, project, prompt, task: MAIN._replace(
        session=session,
        agent=agent if kind != "main" else "",
        agent_type=kind,
        project=project,
        prompt=prompt,
        task=task,
    ),
    st.sampled_from(["S1", "S2"]),
    st.sampled_from(["A1", "A2"]),
    st.sampled_from(["main", "Explore", "Plan", "x"]),
    st.sampled_from(["", "/a", "/a/b", "/ab"]),
    st.sampled_from(["", "P1"]),
    st.sampled_from(["", "t"]),
)


@given(ANY, ANY, CHARGES)
def test_what_is_inside_counts_outside_too(outer: Scope, inner: Scope, charge: Charge) -> None:
    assert contains(inner, inner)
    if contains(outer, inner) and applies(budget(inner), charge):
        assert applies(budget(outer), charge)


def test_levels() -> None:
    told = [
        (EVERYTHING, Span.DAY),
        (Scope(project="/a"), Span.ROLLING),
        (Scope(project="/a"), Span.PROMPT),
        (EVERYTHING, Span.SESSION),
        (Scope(task="t", project="/a"), Span.ONCE),
        (Scope(project="/a", agent_type="Explore"), Span.RUN),
        (Scope(session="S", group="1"), Span.DAY),
    ]
    assert [level_of(*each) for each in told] == [
        Level.GLOBAL, Level.PROJECT, Level.TASK, Level.TASK, Level.TASK, Level.AGENT, Level.AGENT
    ]  # fmt: skip


def test_the_same_scope_in_other_letters() -> None:
    assert is_same(Scope(agent_type="explore"), Scope(agent_type="Explore"))
    assert not is_same(Scope(task="a"), Scope(task="A"))
