"""The table of groups: who is in which, and how long a contract is."""

import pytest

from trimtab import groups, tokens

OWN = (("p:x", "1"), ("x", "4"), ("Explore", "3"))


@pytest.mark.parametrize(
    ("agent_type", "group"),
    [
        ("general-purpose", "3"),
        ("EXPLORE", "1"),
        ("trimtab-agents:gap-hunter", "4"),
        ("main", ""),
        ("", ""),
        ("nobody:knows", ""),
    ],
)
def test_an_agent_type_is_in_a_group_with_or_without_its_plugins_name(agent_type: str, group: str) -> None:
    assert groups.group_of(agent_type) == group


def test_the_users_groups_go_before_ours_and_the_whole_name_before_the_bare_one() -> None:
    assert [groups.group_of(each, OWN) for each in ("p:X", "q:x", "explore", "Plan")] == ["1", "4", "3", "2"]


@pytest.mark.parametrize("agent_type", [*groups.AGENTS, "nobody:knows"])
def test_a_contract_is_short_and_gives_way(agent_type: str) -> None:
    """A contract grows, or a task that asks for JSON gets prose."""
    tokens.load()
    said = groups.contract(agent_type)
    with_budget = f"{said} Your budget: about 120k."
    counted = tokens.count(f"SubagentStart hook additional context: {with_budget}")  # as the client puts it
    assert counted is not None
    assert counted <= 60
    assert said.startswith("Unless told otherwise")


def test_who_reports_to_nobody_gets_no_contract() -> None:
    assert groups.contract("statusline-setup") == ""


def test_agents_for_anything_go_by_no_groups_ways_unless_the_user_says_so() -> None:
    """They search and change alike: to ask each for its changes, or to show it all that it might change, fits half."""
    assert groups.ways_of("general-purpose") is None
    assert groups.ways_of("claude") is None
    assert groups.ways_of("nobody") is None
    assert groups.ways_of("Plan") == groups.GROUPS["2"]
    assert groups.ways_of("general-purpose", (("General-Purpose", "1"),)) == groups.GROUPS["1"]
    assert groups.contract("general-purpose") == groups.contract("nobody")
    assert set(groups.AGENTS.values()) == set(groups.GROUPS)
