"""What is said about budgets: to the user when one is nearly or fully used, and, in fewer words, to the model.

Every refusal names the budget, what is used of it, what was asked for, when it begins anew and the command that lets
the work go on. What the model gets is a line, for it is paid for again with every request.
"""

from datetime import datetime, tzinfo

from trimtab.budget.terms import Account, Charge, Measure, Mode
from trimtab.budget.words import amount, say

COMMAND = "/token-budget"
MORE = 1.25  # of the limit, in the example of how to raise it; chosen
OURS = ("/token-", "/trimtab:token-")  # commands that need no request


def of(charge: Charge, measure: Measure) -> int:
    """What a budget of the measure counts of the charge."""
    return {
        Measure.USD: charge.usd,
        Measure.BILLED: charge.billed,
        Measure.OUTPUT: charge.output,
        Measure.CONTEXT: charge.context,
    }[measure]


def standing(account: Account) -> str:
    """Such as "$19.94 of $20 is used, $0.40 is reserved for requests under way"."""
    measure = account.budget.measure
    if measure is Measure.CONTEXT:
        return f"the prompt has {amount(measure, account.used)} of {amount(measure, account.budget.limit)}"
    parts = [f"{amount(measure, account.used)} of {amount(measure, account.budget.limit)} is used"]
    if account.reserved > 0:
        parts.append(f"{amount(measure, account.reserved)} is reserved for requests under way")
    if account.kept > 0:
        parts.append(f"{amount(measure, account.kept)} is kept for other budgets")
    return ", ".join(parts)


def begins_anew(account: Account, zone: tzinfo | None = None) -> str:
    """When the period ends, as a sentence; "" where nothing ends it."""
    if account.ends_at is None:
        return ""
    return f" It begins anew at {datetime.fromtimestamp(account.ends_at, zone):%Y-%m-%d %H:%M}."


def how_to_go_on(account: Account) -> str:
    """The commands that let the work go on."""
    budget = account.budget
    more = amount(budget.measure, max(1, round(budget.limit * MORE)))
    shrink = "/compact or /clear makes it smaller; or " if budget.measure is Measure.CONTEXT else ""
    return f"To go on: {shrink}{COMMAND} raise {budget.id} {more}, or {COMMAND} pause {budget.id}."


def refusal(account: Account, expected: Charge, zone: tzinfo | None = None) -> str:
    """To the user, for a prompt that is not sent."""
    budget = account.budget
    next_one = amount(budget.measure, of(expected, budget.measure))
    return (
        f"Trimtab: the budget {say(budget)} does not take another request: {standing(account)}, "
        f"and the next would take about {next_one}.{begins_anew(account, zone)} {how_to_go_on(account)}"
    )


def stopped(account: Account, zone: tzinfo | None = None) -> str:
    """To the user, for a turn that ends in the middle; nothing of it is lost."""
    return (
        f"Trimtab stopped here: the budget {say(account.budget)} is used up ({standing(account)})."
        f"{begins_anew(account, zone)} {how_to_go_on(account)} Then say: go on."
    )


def agent_stopped(account: Account, agent_type: str) -> str:
    """Of an agent that ended at a budget; to the user, and to the agent that had started it."""
    return f"Trimtab ended the {agent_type} agent: the budget {say(account.budget)} is used up ({standing(account)})."


def agent_refused(account: Account, agent_type: str, expected: Charge) -> str:
    """To the model, for an agent that is not started."""
    measure = account.budget.measure
    return (
        f"Not started: the budget {say(account.budget)} has {amount(measure, max(0, account.left))} left, "
        f"too little for one more {agent_type} agent (about {amount(measure, of(expected, measure))}). "
        "Do what matters most yourself, in few steps, and say what stays open."
    )


def nearly(account: Account) -> str:
    """To the user, once a period."""
    what_then = "at 100 % it stops" if account.budget.mode is Mode.STOP else "it stops nothing"
    return (
        f"{account.share:.0%} of the budget {say(account.budget)} is used ({standing(account)}); {what_then}; "
        f"{COMMAND} raise {account.budget.id} AMOUNT gives it more"
    )


def over(account: Account) -> str:
    """To the user, once a period, of a budget that only tells."""
    return f"the budget {say(account.budget)} is used up ({standing(account)}); it stops nothing, as you set it"


def to_model(account: Account) -> str:
    """To the model, once a period and conversation."""
    left = amount(account.budget.measure, max(0, account.left))
    return f"Budget: {account.share:.0%} used, {left} left. Do what matters most; be brief."


def last_request(account: Account) -> str:
    """To an agent whose budget takes one more request: what it has found would be lost."""
    return (
        f"Your budget ({say(account.budget)}) takes one more request: call no more tools, answer now with what you "
        "have found (path:line) and what is open."
    )
