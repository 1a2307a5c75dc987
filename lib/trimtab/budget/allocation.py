"""How a budget's money is shared out among the budgets inside of it: a plan, made anew from the books at any time.

The rule. What a child has used, or reserved for requests under way, is its own. Of what is left of the parent first
every child gets what its minimum still lacks; then the children share the rest up to what each will likely need until
the period ends (the upper quartile of what it needed from this point of past periods on), by need times priority, none
over its own limit; what nobody is expected to need stays with "everything else", and so is there for whoever comes.
Nothing is given for good: a plan knows only the books, so what a child does not use, or leaves as it is closed, is in
the next plan's rest. The figures are whole and add up to the parent's limit exactly.

A plan is no wall. What stops a request are limits, and the minimums of others (`room`): whatever others are expected to
need, a child may go on with it until they need it. Where the parent is overspent nothing is left to give, and each
part of its limit is in proportion to what was used. Where less is left than the minimums lack (an overshoot does that,
or a minimum that was set late), every minimum is short by the same amount: so what one of them uses of its part takes
nothing from the others', as it would if the parts were in proportion. Units that can't be divided go by largest
remainder, of equal ones to the greater priority, then to the earlier in the order of `children_of`; "everything else"
is the last.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from trimtab.budget.scopes import contains
from trimtab.budget.terms import Account, Budget, Level, Measure, State
from trimtab.budget.words import amount
from trimtab.errors import BudgetError

ELSE = "everything else"
ACTIVE, EXHAUSTED, CLOSED = "active", "exhausted", "closed"
LEAST_PERIODS = 3  # chosen: from fewer past periods no need is told
MOST_PERIODS = 12  # chosen: older ones say little
QUARTILE = Fraction(3, 4)  # chosen: so much of the past periods needed no more
FINEST = 1_000_000  # a priority is a multiple of 1 over at most this
LEVELS = tuple(Level)


class Child(NamedTuple):
    """Who shares in a parent, in its current period. `name` is the budget's id, or ELSE.

    `used` has what is reserved too. `need` is what it will likely use in the rest of the period, 0 where nothing is
    known. `limit` is its own, None where that is of another stretch than the parent's.
    """

    name: str
    used: int = 0
    need: int = 0
    minimum: int = 0
    priority: float = 1.0
    limit: int | None = None

    @property
    def lacks(self) -> int:
        """What its minimum has left."""
        return max(0, self.minimum - self.used)


class Allocation(NamedTuple):
    """A row of `budget_allocations`. `available` is what is left of `allocated`, never below 0.

    "exhausted" says that the child can be given no more: by its own limit, or as the parent has nothing for it.
    """

    constraint_id: int
    child: str
    period: str
    allocated: int
    used: int
    available: int
    status: str
    efficiency_score: float | None = None


def children_of(parent: Budget, budgets: Sequence[Budget]) -> list[Budget]:
    """The budgets that share in `parent`, by priority (the greater first), then by id.

    They are of a lower level or of a narrower scope, inside its scope, of its measure, not closed, and in no other such
    budget: what is inside of a child shares in the child. Of several with one scope the one with the greatest minimum
    stands for them.
    """
    inside = [
        budget
        for budget in budgets
        if budget.measure is parent.measure
        and budget.measure is not Measure.CONTEXT
        and budget.state is not State.CLOSED
        and contains(parent.scope, budget.scope)
        and (LEVELS.index(budget.level) > LEVELS.index(parent.level) or not contains(budget.scope, parent.scope))
    ]
    found = [budget for budget in inside if not any(is_before(other, budget) for other in inside)]
    return sorted(found, key=lambda budget: (-budget.priority, budget.id))


def is_before(other: Budget, budget: Budget) -> bool:
    """Whether `budget` is inside of `other`, or of the same scope and behind it."""
    if other is budget or not contains(other.scope, budget.scope):
        return False
    return not contains(budget.scope, other.scope) or (-other.minimum, other.id) < (-budget.minimum, budget.id)


def keepers(parent: Budget, budgets: Sequence[Budget]) -> list[Budget]:
    """All budgets inside of `parent` for which something is kept of it, in an order; `minimum` is how much.

    In `budgets` a minimum is what is still to be kept. Of a child's own children's it is a part: what is kept for the
    child is what it lacks beyond theirs, so that both are kept and nothing twice.
    """
    return list(kept_below(parent, budgets, set()))


def kept_below(parent: Budget, budgets: Sequence[Budget], seen: set[int]) -> Iterator[Budget]:
    for child in children_of(parent, budgets):
        if child.id in seen:  # it is inside of two that overlap
            continue
        seen.add(child.id)
        below = list(kept_below(child, budgets, seen))
        yield child._replace(minimum=max(0, child.minimum - sum(each.minimum for each in below)))
        yield from below


def check_all(budgets: Sequence[Budget], number: int) -> None:
    """Raises BudgetError where a minimum of budget `number`, or of one that it has a part in, does not fit."""
    for parent in budgets:
        found = keepers(parent, budgets)
        if parent.id == number or any(each.id == number for each in found):
            check(parent, found)


def check(parent: Budget, children: Sequence[Budget]) -> None:
    """Raises BudgetError where the minimums of `children` don't fit, before one is set or changed."""
    whole = sum(child.minimum for child in children)
    if whole <= parent.limit:
        return
    each = " and ".join(
        f"{amount(c.measure, c.minimum)} ({f'budget {c.id}' if c.id else 'the new one'})" for c in children if c.minimum
    )
    over = amount(parent.measure, whole - parent.limit)
    raise BudgetError(
        f"what is kept at least, {each}, comes to {amount(parent.measure, whole)}: more than budget {parent.id} has,"
        f" {amount(parent.measure, parent.limit)}, which they are part of. Keep {over} less or raise budget {parent.id}"
    )


def plan(
    parent: Account, children: Sequence[Child], scores: Mapping[str, float | None] | None = None
) -> tuple[Allocation, ...]:
    """Everyone's part of the parent's limit, in the order given and then ELSE's; they add up to the limit exactly.

    `children` are without ELSE: that has what the parent used and reserved and they did not. A request is to count in
    one child at most.
    """
    total = total_of(parent, children)
    rest = Child(ELSE, total - sum(child.used for child in children))
    everyone = [*children, rest]
    left = parent.budget.limit - total
    if left <= 0:
        parts = shared(parent.budget.limit, [Fraction(child.used) for child in everyone], everyone)
    else:
        granted = grants(left, children)
        parts = [child.used + more for child, more in zip(children, granted, strict=True)]
        parts.append(rest.used + left - sum(granted))
    known = scores or {}
    return tuple(
        Allocation(
            parent.budget.id,
            child.name,
            parent.key,
            part,
            child.used,
            max(0, part - child.used),
            ACTIVE if room(parent, children, child.name) > 0 else EXHAUSTED,
            known.get(child.name),
        )
        for child, part in zip(everyone, parts, strict=True)
    )


def closed(allocations: Sequence[Allocation]) -> tuple[Allocation, ...]:
    """The rows of a period that is over: what was not used is no one's any more."""
    return tuple(
        row._replace(allocated=min(row.allocated, row.used), available=0, status=CLOSED) for row in allocations
    )


def room(parent: Account, children: Sequence[Child], name: str) -> int:
    """The most that a child, or ELSE, may use now: all that is left but what is kept for others; never below 0."""
    left = parent.budget.limit - total_of(parent, children)
    kept = zip(children, kept_for(max(0, left), children), strict=True)
    left -= sum(part for child, part in kept if child.name != name)
    own = next((child for child in children if child.name == name), None)
    if own is not None and own.limit is not None:
        left = min(left, own.limit - own.used)
    return max(0, left)


def kept_for(left: int, children: Sequence[Child]) -> list[int]:
    """What is kept of `left` for each child's minimum: all that it lacks, or where that does not fit equally less.

    Of 30 that are left, where 40, 20 and 5 are lacking, 25 and 5 are kept: the first two are short by 15, the third by
    all it lacks.
    """
    lacks = [child.lacks for child in children]
    low, high = 0, max(lacks, default=0)
    while low < high:  # the least shortage with which they fit
        middle = (low + high) // 2
        if sum(max(0, lack - middle) for lack in lacks) <= left:
            high = middle
        else:
            low = middle + 1
    parts = [max(0, lack - low) for lack in lacks]
    if low:
        order = sorted(range(len(lacks)), key=lambda n: (-children[n].priority, n))
        for n in [n for n in order if lacks[n] >= low][: left - sum(parts)]:
            parts[n] += 1
    return parts


def total_of(parent: Account, children: Sequence[Child]) -> int:
    """What is used or reserved of the parent; what its children used and it does not know yet is of it too."""
    return max(parent.used + parent.reserved, sum(child.used for child in children))


def grants(left: int, children: Sequence[Child]) -> list[int]:
    """What each gets of `left` beyond what it used: what its minimum lacks, then its part of what it needs."""
    found = kept_for(left, children)
    wanted = [want(child) for child in children]
    spare = left - sum(found)
    while spare:
        hungry = [n for n, child in enumerate(children) if wanted[n] > 0 and priority_of(child) > 0]
        if not hungry:
            break
        parts = shared(
            min(spare, sum(wanted[n] for n in hungry)),
            [wanted[n] * priority_of(children[n]) for n in hungry],
            [children[n] for n in hungry],
        )
        for n, part in zip(hungry, parts, strict=True):
            given = min(part, wanted[n])
            found[n] += given
            wanted[n] -= given
            spare -= given
    return found


def want(child: Child) -> int:
    """What it will likely need beyond its minimum, within its own limit."""
    need = max(0, child.need - child.lacks)
    return need if child.limit is None else max(0, min(need, child.limit - child.used - child.lacks))


def priority_of(child: Child) -> Fraction:
    return Fraction(child.priority).limit_denominator(FINEST)


def shared(amount: int, weights: Sequence[Fraction], children: Sequence[Child]) -> list[int]:
    """`amount` in whole parts in proportion to `weights`, by largest remainder; none where all weights are 0."""
    total = sum(weights)
    if total <= 0 or amount <= 0:
        return [0] * len(weights)
    exact = [amount * weight / total for weight in weights]
    parts = [int(share) for share in exact]
    order = sorted(range(len(weights)), key=lambda n: (parts[n] - exact[n], -children[n].priority, n))
    for n in order[: amount - sum(parts)]:
        parts[n] += 1
    return parts


def periods_before(since_of: Callable[[float], float], now: float) -> list[tuple[float, float]]:
    """The newest MOST_PERIODS periods that are over, as (since, until), the newest first.

    `since_of` says when the period began that a time is in (`budget.periods.window`).
    """
    found, until = [], since_of(now)
    for _ in range(MOST_PERIODS):
        since = since_of(until - 1)
        if since >= until:
            break
        found.append((since, until))
        until = since
    return found


def rests(uses: Sequence[tuple[float, int]], periods: Sequence[tuple[float, float]], elapsed_s: float) -> list[int]:
    """What was used in each past period (since, until) after so much of it had passed; `uses` are (time, amount).

    Periods from before the first use say nothing and are left out.
    """
    ordered = sorted(uses)
    times = [at for at, _ in ordered]
    sums = [0, *accumulate(amount for _, amount in ordered)]
    return [
        sums[bisect_left(times, until)] - sums[bisect_left(times, min(since + elapsed_s, until))]
        for since, until in periods
        if times and until > times[0]
    ]


def likely(past: Sequence[int]) -> int:
    """What three quarters of the past periods needed at most; 0 from too few of them. Of 1, 2, 3, 4 it is 3."""
    if len(past) < LEAST_PERIODS:
        return 0
    place = -(-len(past) * QUARTILE.numerator // QUARTILE.denominator)
    return sorted(past)[place - 1]
