"""What is said about budgets: to the user when one is nearly or fully used, and, in fewer words, to the model.

Every refusal names the budget, what is used of it, what was asked for, when it begins anew and the command that lets
the work go on. What the model gets is a line, for it is paid for again with every request. `here` is where it is said:
its project and session are "this".
"""

import math
from datetime import datetime, tzinfo

from trimtab.budget import tally
from trimtab.budget.amounts import exactly
from trimtab.budget.forecast import Forecast
from trimtab.budget.terms import Account, Charge, Measure, Mode, Span
from trimtab.budget.words import Place, amount, say

COMMAND = "/token-budget"
INSTEAD = "Do what matters most yourself, in few steps, and say what stays open."
UNITS = {Measure.USD: "", Measure.BILLED: " tokens", Measure.OUTPUT: " tokens of output", Measure.CONTEXT: ""}
MORE = 1.25  # of the limit, in the example of how to raise it; chosen
SOME = 3  # requests more that it takes at least, chosen
ALONE = "Such a command has to stand alone: empty the input box first."
OURS = ("/token-", "/trimtab:token-")  # commands that need no request


def standing(account: Account) -> str:
    """Such as "$19.94 of $20 is used, $0.40 is reserved for requests under way"."""
    measure = account.budget.measure
    if measure is Measure.CONTEXT:
        return f"the newest prompt has {amount(measure, account.used)} of {amount(measure, account.budget.limit)}"
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


def why(account: Account, expected: Charge, here: Place) -> str:
    """Such as "the budget $20 a day is used up: $20.10 of $20 is used"; less than all of it may be too little."""
    budget, measure = account.budget, account.budget.measure
    said, next_one = say(budget, here), tally.amount(measure, expected)
    if measure is Measure.CONTEXT:
        return f"the budget {said} takes no prompt of about {amount(measure, next_one)}"
    if account.left <= 0 or not next_one:
        return f"the budget {said} is used up: {standing(account)}"
    more = f"the next would take about {amount(measure, next_one)}"
    return f"the budget {said} does not take another request: {standing(account)}, and {more}"


def how_to_go_on(account: Account, expected: Charge) -> str:
    """The commands that let the work go on. The limit that is proposed takes some more requests such as this one."""
    budget, measure = account.budget, account.budget.measure
    needed = budget.limit - account.left if measure is not Measure.CONTEXT else 0
    needed += SOME * tally.amount(measure, expected) if measure is not Measure.CONTEXT else expected.context
    more = exactly(measure, rounded_up(max(budget.limit * MORE, needed)))
    shrink = "/compact or /clear makes it smaller; or " if measure is Measure.CONTEXT else ""
    return f"To go on: {shrink}{COMMAND} raise {budget.id} {more}, or {COMMAND} pause {budget.id}."


def refusal(account: Account, expected: Charge, here: Place, zone: tzinfo | None = None) -> str:
    """To the user, for a prompt that is not sent."""
    return f"Trimtab: {why(account, expected, here)}.{begins_anew(account, zone)} {how_to_go_on(account, expected)}"


def stopped(account: Account, expected: Charge, here: Place, zone: tzinfo | None = None) -> str:
    """To the user, for a turn that ends in the middle; nothing of it is lost."""
    return (
        f"Trimtab stopped here: {why(account, expected, here)}."
        f"{begins_anew(account, zone)} {how_to_go_on(account, expected)} Then say: go on."
    )


def agent_stopped(account: Account, agent_type: str, expected: Charge, here: Place) -> str:
    """Of an agent that ended at a budget; to the user, and to the agent that had started it."""
    return f"Trimtab ended the {agent_type} agent: {why(account, expected, here)}."


def agent_refused(account: Account, agent_type: str, expected: Charge, here: Place) -> str:
    """To the model, for an agent that is not started."""
    measure = account.budget.measure
    return (
        f"Not started: the budget {say(account.budget, here)} has {amount(measure, max(0, account.left))} left, "
        f"too little for one more {agent_type} agent (about {amount(measure, tally.amount(measure, expected))}). "
        f"{INSTEAD}"
    )


def likely_short(account: Account, left: int, need: Forecast, here: Place) -> str:
    """To the user, of a task that begins or goes on and will likely not fit into what is left of a budget."""
    budget, measure = account.budget, account.budget.measure
    low, middle, high = (amount(measure, rough(each - need.spent)) for each in (need.low, need.middle, need.high))
    more = amount(measure, rough(budget.limit + max(need.middle - need.spent - left, budget.limit * (MORE - 1))))
    unit = UNITS[measure] + (" more" if need.spent else "")
    span = f"{low} to {high}{unit} (median {middle})" if low != high else f"about {middle}{unit}"
    return (
        f"this task will likely need {span}; {amount(measure, max(0, left))}"
        f" {'is' if measure is Measure.USD else 'are'} left of budget {budget.id} ({say(budget, here)}): it may stop in"
        f" the middle. {COMMAND} raise {budget.id} {more} gives it more"
    )


def agent_too_large(account: Account, left: int, agent_type: str, least: float, here: Place) -> str:
    """To the model, for an agent that is not started as nine of ten like it needed more than there is."""
    measure = account.budget.measure
    return (
        f"Not started: {agent_type} agents have needed {amount(measure, rough(least))} or more nine times in ten, and"
        f" the budget {say(account.budget, here)} has {amount(measure, max(0, left))} left. {INSTEAD}"
    )


def rough(figure: float) -> int:
    """The figure to two digits: a forecast is no more exact."""
    units = max(1, round(figure))
    return round(units, 2 - len(str(units)))


def rounded_up(figure: float) -> int:
    """The figure in two digits, not below it."""
    units = max(1, math.ceil(figure))
    step = int(10 ** max(0, len(str(units)) - 2))
    return -(-units // step) * step


def nearly(account: Account) -> str:
    """To the user, once a period. Its words come last: a line in a session has an end."""
    budget = account.budget
    whose = " by an agent" if budget.period.span is Span.RUN else ""
    stops = "at 100 % it stops, " if budget.mode is Mode.STOP else "it stops nothing, "
    left = amount(budget.measure, max(0, account.left))
    return (
        f"{account.share:.0%} of budget {budget.id} is used{whose}, {left} left ({stops}{COMMAND} raise {budget.id}"
        f" AMOUNT gives it more): {say(budget)}"
    )


def stops_now(account: Account) -> str:
    """To the user, once a period, of a budget that has stopped something. Its words come last, as above."""
    budget = account.budget
    does = "has ended an agent" if budget.period.span is Span.RUN else "stops now"
    return f"budget {budget.id} {does}, {standing(account)} ({COMMAND} raise {budget.id} AMOUNT): {say(budget)}"


def over(account: Account) -> str:
    """To the user, once a period, of a budget that only tells."""
    return f"budget {account.budget.id} is used up and stops nothing, as you set it: {say(account.budget)}"


def to_model(account: Account) -> str:
    """To the model, once a period and conversation."""
    left = amount(account.budget.measure, max(0, account.left))
    return f"Budget: {account.share:.0%} used, {left} left. Do what matters most; be brief."


def meant_for(account: Account, share: float) -> str:
    """To a model that starts as an agent: the share of what the budget has left."""
    return f"Your budget: about {amount(account.budget.measure, rough(share * account.left))}."


def last_request(account: Account, here: Place) -> str:
    """To an agent whose budget takes one more request: what it has found would be lost."""
    return (
        f"Your budget ({say(account.budget, here)}) takes one more request: call no more tools, answer now with what "
        "you have found (path:line) and what is open."
    )
