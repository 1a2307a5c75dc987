"""Budgets that settings give: `budgets = ["$20 a day", "60k for each Explore agent"]`, in a user's or a project's file.

A project's file comes with the project, from whomever: its budgets are of the project alone, and can't take anything
from other budgets. They are beside the user's, so they can only restrict.
"""

from trimtab.budget.scopes import is_same_account, is_within, level_of
from trimtab.budget.terms import Budget
from trimtab.budget.words import Place, read
from trimtab.errors import BudgetError

REFUSED = "a budget in"


def given(value: object, origin: str, project: str = "") -> tuple[tuple[Budget, ...], list[str]]:
    """The budgets of a list of texts, and a sentence for each that is none. Never raises.

    `origin` names the file; `project` is the folder that it is of, "" for the user's own.
    """
    if not isinstance(value, list):
        return (), [f'budgets in {origin} is not a list: write budgets = ["$20 a day"]']
    found: list[Budget] = []
    complaints: list[str] = []
    for text in value:
        try:
            if not isinstance(text, str):
                raise BudgetError(f'{text!r} is no text: write "$20 a day"')
            budget = read(text, Place(project, origin=origin))
            if project:
                budget, wrong = confined(budget, project)
                complaints += [f"{text[:80]!r} in budgets of {origin}: {each}" for each in wrong]
        except BudgetError as exc:
            complaints.append(f"{REFUSED} {origin} is not taken: {exc}")
            continue
        if any(is_same_account(budget, other) for other in found):
            complaints.append(
                f"{text[:80]!r} in budgets of {origin} counts the same as one before it: that one is used"
            )
        else:
            found.append(budget)
    return tuple(found), complaints


def is_refusal(complaint: str) -> bool:
    """Whether a complaint is of a budget that is not in force at all, which its user may rely on."""
    return complaint.startswith(REFUSED)


def confined(budget: Budget, project: str) -> tuple[Budget, list[str]]:
    """A project's budget as far as it may go, and what of it is not taken. BudgetError where nothing is."""
    if budget.scope.project and not is_within(budget.scope.project, project):
        raise BudgetError("a project's file sets budgets of that project alone, and this one is of another")
    if not any(budget.scope[:4]) and not budget.scope.agent:
        raise BudgetError("a project's file sets budgets of that project alone, and this one is of all your work")
    scope = budget.scope if budget.scope.project else budget.scope._replace(project=project)
    wrong = []
    if budget.minimum or budget.priority != 1.0:
        wrong.append("priority and what is kept at least are not taken: they would take from your other budgets")
    level = level_of(scope, budget.period.span)
    return budget._replace(scope=scope, level=level, minimum=0, priority=1.0), wrong
