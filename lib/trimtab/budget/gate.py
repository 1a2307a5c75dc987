"""May the next request be sent? Pure: what is known goes in, accounts and an answer come out.

A request fits where, for every budget that stops and that it counts in: used + reserved + kept + expected <= limit.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trimtab.budget.periods import OF_EACH, Window
from trimtab.budget.scopes import applies, contains
from trimtab.budget.tally import Amounts, Conversation, Tally, amount, key_in
from trimtab.budget.terms import Account, Budget, Charge, Measure, Mode, Reservation, State

CALL = "call:"  # before the tool call's id: the agent that it starts is not known yet
MISSED = "#"  # after a conversation's key, before an hour: what was assumed in it
MOST_S = 3600.0  # chosen: no request takes longer, with all that the client tries again
UNKNOWN_S = 900.0  # chosen: where the client's process is not known
HOUR_S = 3600.0


class Current(NamedTuple):
    """A budget and the window that it is in."""

    budget: Budget
    window: Window


class Held(NamedTuple):
    """A reservation and what is still kept of it: what came of the conversation since is spent already."""

    reservation: Reservation
    left: Amounts


def conversation_key(session: str, agent: str) -> str:
    return f"{session}/{agent}"


def conversation_of(reservation: Reservation) -> Conversation:
    return reservation.charge.session, reservation.charge.agent


def held(tally: Tally, reservation: Reservation) -> Held:
    """What is still kept of a reservation. One that is assumed is whole: nothing came of it."""
    charge = reservation.charge
    came = None if reservation.is_assumed else tally.came(conversation_of(reservation), charge.at)
    came = came or Amounts()
    left = (charge.billed - came.billed, charge.output - came.output, charge.usd - came.usd)
    return Held(reservation, Amounts(*(max(0, each) for each in left)))


def is_over(tally: Tally, reservation: Reservation, now: float, is_alive: bool | None) -> bool:
    """Whether a reservation ends by itself.

    An assumed one as soon as a later response of its conversation is known. Another one where its client is gone, or
    where no request takes that long; of a client that is not known (`is_alive` None) sooner.
    """
    charge = reservation.charge
    if reservation.is_assumed:
        newest = tally.newest(conversation_of(reservation))
        return newest is not None and newest.at > charge.at
    return is_alive is False or now - charge.at > (UNKNOWN_S if is_alive is None else MOST_S)


def assumed(reservation: Reservation, known: Iterable[Reservation]) -> Reservation:
    """What is counted as spent for a request whose response came unseen; those of one hour are one."""
    charge = reservation.charge
    key = f"{charge.key}{MISSED}{int(charge.at // HOUR_S)}"
    more = next((r.charge for r in known if r.charge.key == key), None)
    if more is not None:
        charge = charge._replace(
            billed=charge.billed + more.billed,
            output=charge.output + more.output,
            usd=charge.usd + more.usd,
            is_priced=charge.is_priced and more.is_priced,
        )
    return Reservation(charge._replace(key=key), reservation.pid, True)


def accounts_of(
    tally: Tally, currents: Sequence[Current], holds: Sequence[Held], charge: Charge
) -> tuple[Account, ...]:
    """The accounts that a request would count in, in the order of `currents`."""
    found = []
    for current in currents:
        key = key_in(current.budget, charge) if applies(current.budget, charge) else None
        if key is not None:
            kept = kept_of(tally, currents, holds, current.budget, charge)
            found.append(account(tally, current, holds, key, kept, charge))
    return tuple(found)


def account(
    tally: Tally,
    current: Current,
    holds: Sequence[Held],
    key: str,
    kept: int = 0,
    charge: Charge | None = None,
) -> Account:
    """One account of a budget; of a context's size the newest prompt counts."""
    budget, window = current
    used, reserved = tally.used(budget, key), 0
    if budget.measure is Measure.CONTEXT:
        used = context_of(tally, budget, key, window.since, charge)
    else:
        for hold in holds:
            sign = part_of(budget, hold, key, window.since)
            figure = left_in(budget.measure, hold.left) if sign else 0
            if hold.reservation.is_assumed:
                used += figure
            else:
                reserved += figure
    return Account(budget, window.key or key, used, reserved, kept, window.since, window.until)


def part_of(budget: Budget, hold: Held, key: str, since: float) -> bool:
    """Whether a reservation is in an account. One for a request under way is in the window that now is in."""
    charge = hold.reservation.charge
    if not applies(budget, charge) or key_in(budget, charge) != key:
        return False
    return not hold.reservation.is_assumed or charge.at >= since


def context_of(tally: Tally, budget: Budget, key: str, since: float, charge: Charge | None) -> int:
    """The newest prompt of the charge's conversation, without a charge of any conversation of the account."""
    if charge is not None:
        newest = tally.newest((charge.session, charge.agent))
        return 0 if newest is None else newest.context
    found = [c for c in tally.conversations(since) if applies(budget, c) and key_in(budget, c) == key]
    return max(found, key=lambda c: c.at).context if found else 0


def left_in(measure: Measure, left: Amounts) -> int:
    if measure is Measure.USD:
        return left.usd
    return left.billed if measure is Measure.BILLED else left.output


def kept_of(tally: Tally, currents: Sequence[Current], holds: Sequence[Held], budget: Budget, charge: Charge) -> int:
    """What a budget must leave for those inside of it that the charge does not count in: their unspent minimums.

    Of one that has an account for each session, prompt or run, the minimum is kept once, less what those use that have
    a request under way.
    """
    total = 0
    for current in currents:
        other = current.budget
        if other.id == budget.id or not other.minimum or other.measure is not budget.measure:
            continue
        if budget.measure is Measure.CONTEXT or applies(other, charge) or not contains(budget.scope, other.scope):
            continue
        keys = {""} if other.period.span not in OF_EACH else {key_in(other, h.reservation.charge) for h in holds}
        used = 0
        for key in keys - {None}:
            one = account(tally, current, holds, key or "")
            used += one.used + one.reserved
        total += max(0, min(other.minimum, other.limit) - used)
    return total


def is_stopping(budget: Budget, now: float) -> bool:
    """Whether the limit stops anything at this time: a pause that has an end may be over."""
    return budget.mode is Mode.STOP and is_active(budget, now)


def is_active(budget: Budget, now: float) -> bool:
    if budget.state is State.PAUSED:
        return budget.paused_until is not None and now >= budget.paused_until
    return budget.state is State.ACTIVE


def fits(account: Account, expected: Charge) -> bool:
    """Whether the account takes one more such request."""
    more = amount(account.budget.measure, expected)
    return more <= account.budget.limit if account.budget.measure is Measure.CONTEXT else more <= account.left


def refusing(accounts: Iterable[Account], expected: Charge, now: float) -> Account | None:
    """The account that does not take the request, the one that lacks the most by share; None where all do."""
    found = [a for a in accounts if is_stopping(a.budget, now) and not fits(a, expected)]

    def lacks(account: Account) -> float:
        left = account.budget.limit if account.budget.measure is Measure.CONTEXT else account.left
        return (amount(account.budget.measure, expected) - left) / max(1, account.budget.limit)

    return max(found, key=lacks, default=None)


def tightest(accounts: Iterable[Account]) -> Account | None:
    return max(accounts, key=lambda account: account.share, default=None)
