"""Budgets in config files: what they mean there, and that a project's file, from whomever, can only restrict."""

import re

import pytest

from trimtab.budget.given import given
from trimtab.budget.terms import EVERYTHING, Level, Period, Scope, Span

FILE = "/p/.claude-patterns/config.toml"


def test_the_users_own_are_of_all_work() -> None:
    found, complaints = given(
        ["$20 a day", "400k", "60k per Explore agent", "$5/week for project /q"], "/u/config.toml"
    )
    assert complaints == []
    assert [(each.scope, each.period) for each in found] == [
        (EVERYTHING, Period(Span.DAY)),
        (EVERYTHING, Period(Span.SESSION)),
        (Scope(agent_type="Explore"), Period(Span.RUN)),
        (Scope(project="/q"), Period(Span.WEEK)),
    ]
    assert {each.origin for each in found} == {"/u/config.toml"}


@pytest.mark.parametrize(
    ("text", "scope", "level"),
    [
        ("$20 a day", Scope(project="/p"), Level.PROJECT),
        ("400k", Scope(project="/p"), Level.TASK),
        ("$2 a day for project /p/api", Scope(project="/p/api"), Level.PROJECT),
        ("$2 for task auth", Scope(project="/p", task="auth"), Level.TASK),
        ("60k for agent id a1", Scope(project="/p", agent="a1"), Level.AGENT),
        ("60k per Explore agent", Scope(project="/p", agent_type="Explore"), Level.AGENT),
    ],
)
def test_a_projects_are_of_the_project(text: str, scope: Scope, level: Level) -> None:
    found, complaints = given([text], FILE, "/p")
    assert (complaints, found[0].scope, found[0].level) == ([], scope, level)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("$1 a day for all my work", "is not taken: .* that project alone, and this one is of all your work"),
        ("$1 a day for project /q", "that project alone, and this one is of another"),
        ("$1 a day for project /", "that project alone, and this one is of another"),
        ("$1 a dya", "a budget in /p/.*toml is not taken: 'dya' in '\\$1 a dya' is not understood: did you mean 'day'"),
    ],
)
def test_a_project_cant_reach_beyond_itself(text: str, complaint: str) -> None:
    found, complaints = given([text, "$20 a day"], FILE, "/p")
    assert len(found) == len(complaints) == 1  # the right one is taken
    assert re.search(complaint, complaints[0]), complaints


def test_a_project_cant_take_from_other_budgets() -> None:
    found, complaints = given(["$20 a day, at least $15, priority 900"], FILE, "/p")
    assert (found[0].minimum, found[0].priority, found[0].limit) == (0, 1.0, 20_000_000)
    assert "are not taken: they would take from your other budgets" in complaints[0]


def test_what_is_no_list_or_no_text_or_said_twice() -> None:
    assert given("$20", FILE) == ((), [f'budgets in {FILE} is not a list: write budgets = ["$20 a day"]'])
    found, complaints = given([5, "$20 a day", "$30 a day", ["x"]], FILE)
    assert [each.limit for each in found] == [20_000_000]
    assert len(complaints) == 3
    assert "counts the same as one before it" in complaints[1]
