"""Which requests a budget is about, and which budgets are inside of which."""

import os
from collections.abc import Iterable

from trimtab.budget.terms import Budget, Charge, Level, Scope, Span
from trimtab.groups import Members, group_of

MAIN = "main"  # the agent type of the main conversation
AGENTS = "*"  # as a scope's agent type: every agent, not the main conversation


def applies(budget: Budget, charge: Charge) -> bool:
    """Whether a request counts in a budget, whenever it was: all that the scope names must hold.

    Letters' case does not matter in an agent type. A request whose project, prompt or task is not known is in no scope
    that names one. Neither the budget's state nor its period is looked at.
    """
    scope = budget.scope
    return (
        (not scope.project or is_within(charge.project, scope.project))
        and scope.task in ("", charge.task)
        and scope.session in ("", charge.session)
        and scope.prompt in ("", charge.prompt)
        and scope.agent in ("", charge.agent)
        and scope.group in ("", group_of(charge.agent_type, scope.members))
        and is_type(charge.agent_type, scope.agent_type)
    )


def contains(outer: Scope, inner: Scope) -> bool:
    """Whether whatever counts in `inner` counts in `outer` too, by what the scopes say; a scope contains itself.

    What a scope does not say is not guessed: that a session ran in a project is known of its requests, not of it.
    """
    return (
        (not outer.project or bool(inner.project and is_within(inner.project, outer.project)))
        and outer.task in ("", inner.task)
        and outer.session in ("", inner.session)
        and outer.prompt in ("", inner.prompt)
        and outer.agent in ("", inner.agent)
        and outer.group in ("", inner.group, group_of(inner.agent_type, outer.members))
        and (is_type(inner.agent_type, outer.agent_type) or (outer.agent_type == AGENTS and is_of_agents(inner)))
    )


def is_of_agents(scope: Scope) -> bool:
    """Whether a scope has nothing of a main conversation."""
    return bool(scope.group or scope.agent or scope.agent_type not in ("", MAIN))


def is_type(given: str, wanted: str) -> bool:
    """Whether an agent type is what a scope wants: "" wants nothing."""
    if wanted == AGENTS:
        return given not in ("", MAIN)
    return not wanted or given.casefold() == wanted.casefold()


def is_same(one: Scope, other: Scope) -> bool:
    """Whether two scopes mean the same requests."""
    return plain(one) == plain(other)


def plain(scope: Scope) -> Scope:
    return scope._replace(agent_type=scope.agent_type.casefold(), members=())


def with_members(budgets: Iterable[Budget], own: Members) -> list[Budget]:
    """The budgets, those of a group with the user's own agents of groups."""
    return [b._replace(scope=b.scope._replace(members=own)) if b.scope.group else b for b in budgets]


def is_same_account(one: Budget, other: Budget) -> bool:
    """Whether two budgets count the same in the same stretches, so that only one of their limits can matter."""
    return is_same(one.scope, other.scope) and (one.measure, one.period) == (other.measure, other.period)


def is_within(place: str, folder: str) -> bool:
    """Whether a path is the folder's or of something in it, by its text."""
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)


def level_of(scope: Scope, span: Span = Span.ONCE) -> Level:
    """How much a budget of that scope is about; one that is for each prompt, session or run is about one of them."""
    if scope.agent or scope.agent_type or scope.group or span is Span.RUN:
        return Level.AGENT
    if scope.task or scope.session or scope.prompt or span in (Span.SESSION, Span.PROMPT):
        return Level.TASK
    return Level.PROJECT if scope.project else Level.GLOBAL
