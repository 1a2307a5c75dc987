"""May the next request be sent? Pure: what is known goes in, accounts and an answer come out.

A request fits where, for every budget that stops and that it counts in: used + reserved + kept + expected <= limit.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trimtab.budget import allocation
from trimtab.budget.allocation import Child
from trimtab.budget.periods import OF_EACH, Window
from trimtab.budget.scopes import applies
from trimtab.budget.tally import Amounts, Conversation, Tally, amount, key_in
from trimtab.budget.terms import Account, Budget, Charge, Measure, Mode, Reservation, State

CALL = "call:"  # before the tool call's id: the agent that it starts is not known yet
OF = " of "  # after it, before the agent that calls; in no id
MISSED = "#"  # after a conversation's key, before an hour: what was assumed in it
MOST_S = 3600.0  # chosen: no request takes longer, with all that the client tries again
UNKNOWN_S = 900.0  # chosen: where the client's process is not known
WHOLE_S = 10.0  # chosen: the client writes all of a response within a tenth of a second of its end (measured, 2.1.328)
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


def called(call: str, agent: str) -> str:
    """The agent that a tool call is to start, until it is known; the call is of `agent`, "" the main conversation."""
    return f"{CALL}{call}{OF}{agent}" if agent else f"{CALL}{call}"


def is_call(reservation: Reservation, session: str) -> bool:
    """Whether a reservation is for an agent of the session that has not begun."""
    return reservation.charge.session == session and reservation.charge.agent.startswith(CALL)


def is_call_of(reservation: Reservation, session: str, agent: str) -> bool:
    """Whether it is for one that a call of this conversation is to start."""
    return is_call(reservation, session) and reservation.charge.agent.partition(OF)[2] == agent


def held(tally: Tally, reservation: Reservation) -> Held:
    """What is still kept of a reservation. One that is assumed is whole, until a later response is known."""
    charge = reservation.charge
    if reservation.is_assumed:
        whole = Amounts() if is_seen(tally, reservation) else Amounts(charge.billed, charge.output, charge.usd)
        return Held(reservation, whole)
    came = tally.came(conversation_of(reservation), charge.at) or Amounts()
    left = (charge.billed - came.billed, charge.output - came.output, charge.usd - came.usd)
    return Held(reservation, Amounts(*(max(0, each) for each in left)))


def is_seen(tally: Tally, reservation: Reservation) -> bool:
    """Whether a later response of the conversation than the one that is assumed is known."""
    newest = tally.newest(conversation_of(reservation))
    return newest is not None and newest.at > reservation.charge.at


def is_over(tally: Tally, reservation: Reservation, now: float, is_alive: bool | None, total_at: float) -> bool:
    """Whether a reservation ends by itself.

    An assumed one as soon as a later response of its conversation is known, or the client's own total of the session
    (`total_at`: when it was told), which has all there was, or where the client is gone: what it did not write down
    then nobody will ever know. Another one some time after its response, where its client
    is gone, or where no request takes that long; of a client that is not known (`is_alive` None) sooner.
    """
    at, newest = reservation.charge.at, tally.newest(conversation_of(reservation))
    if reservation.is_assumed:
        return total_at > at or is_alive is False or is_seen(tally, reservation)
    is_answered = newest is not None and newest.at > at and now - newest.at >= WHOLE_S
    return is_answered or is_alive is False or now - at > (UNKNOWN_S if is_alive is None else MOST_S)


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
    is_any_kept = any(current.budget.minimum for current in currents)
    lacks = [lacking(tally, current, holds) for current in currents] if is_any_kept else []
    for current in currents:
        key = key_in(current.budget, charge) if applies(current.budget, charge) else None
        if key is not None:
            made = account(tally, current, holds, key, charge)
            found.append(made._replace(kept=kept_of(made, lacks, charge)) if lacks else made)
    return tuple(found)


def account(
    tally: Tally,
    current: Current,
    holds: Sequence[Held],
    key: str,
    charge: Charge | None = None,
) -> Account:
    """One account of a budget; of a context's size the newest prompt counts."""
    budget, window = current
    used, reserved = tally.used(budget, key), 0
    if budget.measure is Measure.CONTEXT:
        used = context_of(tally, budget, key, charge)
    else:
        for hold in holds:
            sign = part_of(budget, hold, key, window.since)
            figure = left_in(budget.measure, hold.left) if sign else 0
            if hold.reservation.is_assumed:
                used += figure
            else:
                reserved += figure
    return Account(budget, window.key or key, used, reserved, 0, window.since, window.until)


def part_of(budget: Budget, hold: Held, key: str, since: float) -> bool:
    """Whether a reservation is in an account. One for a request under way is in the window that now is in."""
    charge = hold.reservation.charge
    if not applies(budget, charge) or key_in(budget, charge) != key:
        return False
    return not hold.reservation.is_assumed or charge.at >= since


def context_of(tally: Tally, budget: Budget, key: str, charge: Charge | None) -> int:
    """The newest prompt of the charge's conversation, without a charge of any conversation of the account."""
    if charge is not None:
        newest = tally.newest((charge.session, charge.agent))
        return 0 if newest is None else newest.context
    found = [c for c in tally.conversations(float("-inf")) if applies(budget, c) and key_in(budget, c) == key]
    return max(found, key=lambda c: c.at).context if found else 0


def left_in(measure: Measure, left: Amounts) -> int:
    if measure is Measure.USD:
        return left.usd
    return left.billed if measure is Measure.BILLED else left.output


def kept_of(parent: Account, lacks: Sequence[Budget], charge: Charge) -> int:
    """What a budget must leave for those inside of it that the charge does not count in: their unspent minimums.

    Where not all of them fit into what is left, they are short by the same, see `allocation.kept_for`.
    """
    keeping = [b for b in allocation.keepers(parent.budget, lacks) if b.minimum]
    children = [Child(str(b.id), minimum=b.minimum, priority=b.priority) for b in keeping]
    kept = zip(keeping, allocation.kept_for(max(0, parent.left), children), strict=True)
    return sum(part for budget, part in kept if not applies(budget, charge))


def lacking(tally: Tally, current: Current, holds: Sequence[Held]) -> Budget:
    """The budget with what its minimum lacks, in the period that it is in, as its minimum.

    Of one that has an account for each session, prompt or run, the minimum is kept once, less what those use that have
    a request under way.
    """
    budget, used = current.budget, 0
    keys = {""} if budget.period.span not in OF_EACH else {key_in(budget, h.reservation.charge) for h in holds}
    for key in keys - {None} if budget.minimum else ():
        one = account(tally, current, holds, key or "")
        used += one.used + one.reserved
    return budget._replace(minimum=max(0, min(budget.minimum, budget.limit) - used))


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
