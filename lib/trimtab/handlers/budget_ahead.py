"""What will likely not fit into what is left of a budget, known before it begins: a prompt's task, a new agent."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from trimtab.budget import gate
from trimtab.budget.forecast import Forecast
from trimtab.budget.tally import amount
from trimtab.budget.terms import Account, Budget, Charge, Measure, Span
from trimtab.handlers.budget_needs import BudgetNeeds

# The chance that a task exceeds what is left, from which on its user is told; chosen. Of held-out tasks of which it was
# told at their start, 84 and 82 % (two folds) did exceed, and 38 and 54 % of those that exceed were told of; while they
# ran 86 and 87 %, and 46 and 60 % (bench/ahead.py, 2026-11).
LIKELY = 0.7


class Short(NamedTuple):
    """What will likely need more than is left of an account."""

    account: Account
    left: int
    need: Forecast


def task(
    tell: Callable[[Measure], Forecast | None], accounts: Iterable[Account], expected: Charge, now: float
) -> Short | None:
    """The account that the task will most likely exceed, if that is likely; None without enough past.

    `tell` forecasts the task, `expected` is what is reserved of the accounts for its next request. Only budgets count
    that stop, and that all of the task counts in: not those of agents or of the main conversation alone.
    """
    found = []
    for account in accounts:
        if not gate.is_stopping(account.budget, now) or not has_all(account.budget):
            continue
        need, left = tell(account.budget.measure), left_for(account, expected)
        if need is not None and chance(need, left) >= LIKELY:
            found.append(Short(account, left, need))
    return max(found, key=lambda short: chance(short.need, short.left), default=None)


def chance(need: Forecast, left: int) -> float:
    """The chance that what is still to come exceeds what is left."""
    return need.chance_over(need.spent + left)


def has_all(budget: Budget) -> bool:
    """Whether all that is done for a prompt counts in a budget, by agents too."""
    scope, span = budget.scope, budget.period.span
    return not (scope.agent_type or scope.agent or scope.group) and span is not Span.RUN


def agent(
    needs: BudgetNeeds, accounts: Iterable[Account], expected: Charge, agent_type: str, now: float
) -> Short | None:
    """The account into which not even the least fits that nine of ten agents like it have needed.

    Its own budget, for each run, bounds what it can need: it ends by itself there, and hands back what it has.
    """
    stopping = [account for account in accounts if gate.is_stopping(account.budget, now)]
    for account in stopping:
        budget = account.budget
        need = None if budget.period.span is Span.RUN else needs.of_agent(budget.measure, agent_type)
        if need is None:
            continue
        runs = [a.budget for a in stopping if a.budget.period.span is Span.RUN]
        own = [run.limit for run in runs if run.measure is budget.measure]
        left = left_for(account, expected)
        if min([need.low, *own]) > left:
            return Short(account, left, need)
    return None


def left_for(account: Account, expected: Charge) -> int:
    """What is left of an account for all of what begins, whose first request is reserved already."""
    return account.left + (0 if account.budget.measure is Measure.CONTEXT else amount(account.budget.measure, expected))
