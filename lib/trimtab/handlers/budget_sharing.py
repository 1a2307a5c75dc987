"""How each budget is shared out among those inside of it, from the books at this moment: see `budget.allocation`.

What was used, or is reserved, counts for the first child that it is of, so once. What a child will likely need is told
by what it used in past periods of its parent (a day, a week, a month) from this point on; in a rolling window by what
it used in whole ones. Of a parent that is once, or for each session, prompt or run, nothing is told beforehand.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trimtab.budget import allocation, gate
from trimtab.budget.allocation import Allocation, Child
from trimtab.budget.gate import Held
from trimtab.budget.periods import CALENDAR, OF_EACH, window
from trimtab.budget.scopes import MAIN, applies
from trimtab.budget.tally import amount, key_in
from trimtab.budget.terms import Account, Budget, Charge, Measure, Span
from trimtab.handlers.budget_books import Books
from trimtab.usage import needs
from trimtab.usage.needs import Task


class Known(NamedTuple):
    """What plans go by: all budgets, what was used, what is reserved.

    Of `lacking` the minimum is what each one's minimum lacks in the period that it is in, as decisions see it.
    """

    budgets: Sequence[Budget]
    charges: Sequence[Charge]
    holds: Sequence[Held]
    lacking: Sequence[Budget]


def known_of(books: Books) -> Known:
    """What is known now; `Purse.accounts` brings it up to date."""
    tally = books.tallies.tally
    holds = [gate.held(tally, r) for r in books.ledger.reservations]
    lacking = [gate.lacking(tally, current, holds) for current in books.currents(books.now())]
    return Known(books.budgets(), tally.all(), holds, lacking)


class Past(NamedTuple):
    """What was used before, in quarters of an hour, and the tasks that are over, both by time."""

    uses: Sequence[Charge] = ()
    tasks: Sequence[Task] = ()


class Shared(NamedTuple):
    """A parent's account, its children, and a row for each and for everything else."""

    account: Account
    children: tuple[Budget, ...]
    rows: tuple[Allocation, ...]


def has_children(budgets: Sequence[Budget]) -> bool:
    """Whether any budget is shared out at all."""
    return any(allocation.children_of(parent, budgets) for parent in budgets)


def shared_out(known: Known, accounts: Iterable[Account], past: Past, now: float) -> list[Shared]:
    """The plan of each account whose budget has children, in the order of `accounts`."""
    found, parents = [], {}
    for account in accounts:
        parent = account.budget
        if parent.id not in parents:
            children = allocation.children_of(parent, known.budgets)
            parents[parent.id] = (children, used_of(parent, children, account.began_at, known) if children else {})
        children, used = parents[parent.id]
        if children:
            key = account.key if parent.period.span in OF_EACH else ""
            found.append(
                plan_of(account, children, [used.get((key, n), 0) for n in range(len(children))], known, past, now)
            )
    return found


def used_of(parent: Budget, children: Sequence[Budget], since: float, known: Known) -> dict[tuple[str, int], int]:
    """What is used or reserved of the parent's accounts by each child: by the account's key and the child's number."""
    found: dict[tuple[str, int], int] = {}
    which: dict[tuple[str, ...], int | None] = {}

    def add(charge: Charge, units: int) -> None:
        place = (*charge[1:5], charge.prompt, charge.task)
        if place not in which:
            which[place] = child_of(parent, children, charge)
        number, key = which[place], key_in(parent, charge)
        if number is not None and key is not None:
            found[key, number] = found.get((key, number), 0) + units

    for charge in known.charges:
        if charge.at >= since:
            add(charge, amount(parent.measure, charge))
    for hold in known.holds:
        charge = hold.reservation.charge
        if not hold.reservation.is_assumed or charge.at >= since:
            add(charge, gate.left_in(parent.measure, hold.left))
    return found


def child_of(parent: Budget, children: Sequence[Budget], charge: Charge) -> int | None:
    """The number of the child that a use of the parent's counts for; None where it is of none, or not the parent's."""
    if not applies(parent, charge):
        return None
    return next((number for number, child in enumerate(children) if applies(child, charge)), None)


def plan_of(
    account: Account, children: Sequence[Budget], used: Sequence[int], known: Known, past: Past, now: float
) -> Shared:
    parent = account.budget
    before = uses_before(parent, children, past.uses)
    made, scores = [], {}
    for number, child in enumerate(children):
        limit = child.limit if child.period == parent.period else None
        need, lacks = need_of(parent, before.get(number, ()), used[number], now), lacks_of(child, known.lacking)
        minimum = used[number] + lacks if lacks else 0
        made.append(Child(str(child.id), used[number], need, minimum, child.priority, limit))
        scores[str(child.id)] = score_of(child, account, past.tasks)
    return Shared(account, tuple(children), allocation.plan(account, made, scores))


def lacks_of(child: Budget, lacking: Sequence[Budget]) -> int:
    """What is kept for a child and for those inside of it."""
    own = sum(budget.minimum for budget in lacking if budget.id == child.id)
    return max(own, sum(each.minimum for each in allocation.keepers(child, lacking)))


def uses_before(
    parent: Budget, children: Sequence[Budget], uses: Iterable[Charge]
) -> dict[int, list[tuple[float, int]]]:
    """What each child has used, whenever that was: (time, amount) by its number."""
    found: dict[int, list[tuple[float, int]]] = {}
    if parent.period.span in CALENDAR or parent.period.span is Span.ROLLING:
        for use in uses:
            number = child_of(parent, children, use)
            if number is not None:
                found.setdefault(number, []).append((use.at, amount(parent.measure, use)))
    return found


def need_of(parent: Budget, uses: Sequence[tuple[float, int]], used: int, now: float) -> int:
    """What a child will likely use of the parent from now until the period ends; 0 where nothing is known."""
    if not uses:
        return 0

    def since_of(at: float) -> float:
        return window(parent.period, at, parent.made_at).since

    periods = allocation.periods_before(since_of, now)
    if parent.period.span is Span.ROLLING:
        return max(0, allocation.likely(allocation.rests(uses, periods, 0.0)) - used)
    return allocation.likely(allocation.rests(uses, periods, now - since_of(now)))


def score_of(child: Budget, account: Account, tasks: Sequence[Task]) -> float | None:
    """The `efficiency_score` of what was done in the account's period, by the tasks before; None of agents'."""
    measure, scope = account.budget.measure, child.scope
    if scope.agent_type or scope.agent or scope.group or scope.prompt or scope.task or measure is Measure.CONTEXT:
        return None
    own = [t for t in tasks if t.at >= account.began_at and applies(child, place_of(t))]
    return needs.score(own, [t for t in tasks if t.at < account.began_at], measure) if own else None


def place_of(task: Task) -> Charge:
    """Where the task was done, as budgets look at it."""
    return Charge("", task.session, "", MAIN, task.project, task.at, 0, 0, 0, 0)
