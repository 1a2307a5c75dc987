"""What was used of budgets by now: sums over responses that can come late, twice, changed, and in any order.

Every response is remembered by its key with what it counted as, so that a change takes the old figures back. A sum is
followed for each budget from the beginning of its window; nothing is counted less because a clock was set back, since a
window has no end here: what is stamped later than now is of the window that now is in.
"""

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from trimtab.budget.periods import OF_EACH
from trimtab.budget.scopes import applies
from trimtab.budget.terms import Budget, Charge, Measure, Span

SLOT_S = 900.0  # chosen
Conversation = tuple[str, str]  # session and agent


class Amounts(NamedTuple):
    """What is counted of one response or of several, in all measures that are added up."""

    billed: int = 0
    output: int = 0
    usd: int = 0


def amount(measure: Measure, charge: Charge) -> int:
    """What a response counts in a measure."""
    if measure is Measure.USD:
        return charge.usd
    if measure is Measure.BILLED:
        return charge.billed
    return charge.output if measure is Measure.OUTPUT else charge.context


def key_in(budget: Budget, charge: Charge) -> str | None:
    """The account that a charge is in, of a budget that has one for each session, prompt or run; else "".

    None where it is not known which one.
    """
    span = budget.period.span
    if span is Span.SESSION:
        return charge.session
    if span is Span.PROMPT:
        return f"{charge.session}/{charge.prompt}" if charge.prompt else None
    return f"{charge.session}/{charge.agent}" if span is Span.RUN else ""


class Sum:
    """What one budget's accounts have, from `since` on."""

    def __init__(self, budget: Budget, since: float) -> None:
        self.budget, self.since = budget, since
        self.totals: dict[str, int] = {}
        self._is_of_each = budget.period.span in OF_EACH
        # Of a rolling window what counts is known by the quarter of an hour, so that it can leave it.
        self._slots: dict[int, dict[str, Charge]] | None = {} if budget.period.span is Span.ROLLING else None

    def add(self, charge: Charge, sign: int = 1) -> None:
        """Counts a charge that the budget applies to, or with -1 takes it back."""
        if not self._is_of_each and charge.at < self.since:
            return
        key = key_in(self.budget, charge)
        if key is None:
            return
        self.totals[key] = self.totals.get(key, 0) + sign * amount(self.budget.measure, charge)
        if self._slots is not None:
            slot = self._slots.setdefault(int(charge.at // SLOT_S), {})
            if sign > 0:
                slot[charge.key] = charge
            else:
                del slot[charge.key]

    def move(self, since: float) -> bool:
        """Goes on to a later beginning; False where it can't, and is to be made anew."""
        if since == self.since or self._is_of_each:
            return True
        if self._slots is None or since < self.since:
            return False
        last = int(since // SLOT_S)
        for number in [number for number in self._slots if number <= last]:
            for charge in [charge for charge in self._slots[number].values() if charge.at < since]:
                self.add(charge, -1)
            if number < last:
                del self._slots[number]
        self.since = since
        return True


class Tally:
    """The charges that are known, and the sums of the budgets that are followed."""

    def __init__(self) -> None:
        self._charges: dict[str, Charge] = {}
        self._sums: dict[int, Sum] = {}
        self._newest: dict[Conversation, Charge] = {}
        self._recent: dict[Conversation, dict[str, Charge]] = {}
        self._recent_since = float("-inf")
        self._which: dict[tuple[str, ...], tuple[Sum, ...]] = {}
        self.least: Mapping[int, int] = {}  # by budget, what is used at least, while not all charges are known

    def __len__(self) -> int:
        return len(self._charges)

    def __contains__(self, key: str) -> bool:
        return key in self._charges

    def known(self, key: str) -> Charge | None:
        """The charge of a key as it counts; None where there is none."""
        return self._charges.get(key)

    def put(self, charge: Charge) -> None:
        """Counts a charge, in the place of what was known by its key."""
        known = self._charges.get(charge.key)
        if known == charge:
            return
        if known is not None:
            self._take(known)
        self._charges[charge.key] = charge
        for each in self._of(charge):
            each.add(charge)
        conversation = charge[1:3]
        newest = self._newest.get(conversation)
        if newest is None or charge.at >= newest.at:
            self._newest[conversation] = charge
        if charge.at >= self._recent_since:
            self._recent.setdefault(conversation, {})[charge.key] = charge

    def drop(self, key: str) -> None:
        """Forgets what was known by a key."""
        known = self._charges.get(key)
        if known is not None:
            self._take(known)

    def _take(self, charge: Charge) -> None:
        del self._charges[charge.key]
        for each in self._of(charge):
            each.add(charge, -1)
        conversation = charge[1:3]
        self._recent.get(conversation, {}).pop(charge.key, None)
        if self._newest.get(conversation) is charge:
            rest = [c for c in self._charges.values() if c[1:3] == conversation]
            if rest:
                self._newest[conversation] = max(rest, key=lambda c: c.at)
            else:
                del self._newest[conversation]

    def _of(self, charge: Charge) -> tuple[Sum, ...]:
        """The sums that a charge is in; its place says so, whatever it counts."""
        place = (*charge[1:5], charge.prompt, charge.task)
        found = self._which.get(place)
        if found is None:
            found = self._which[place] = tuple(s for s in self._sums.values() if applies(s.budget, charge))
        return found

    def follow(self, budgets: Iterable[tuple[Budget, float]]) -> None:
        """The budgets whose sums are kept from now on, each from the beginning of its window."""
        kept: dict[int, Sum] = {}
        made: list[Sum] = []
        for budget, since in budgets:
            if budget.measure is Measure.CONTEXT:
                continue
            known = self._sums.get(budget.id)
            if known is not None and what_of(known.budget) == what_of(budget) and known.move(since):
                known.budget = budget
                kept[budget.id] = known
            else:
                kept[budget.id] = Sum(budget, since)
                made.append(kept[budget.id])
        if made or kept.keys() != self._sums.keys():
            self._sums = kept
            self._which.clear()
        for each in made:
            for charge in self._charges.values():
                if each in self._of(charge):
                    each.add(charge)

    def used(self, budget: Budget, key: str) -> int:
        """What came in of one account of a budget that is followed."""
        found = self._sums.get(budget.id)
        return 0 if found is None else max(found.totals.get(key, 0), self.least.get(budget.id, 0))

    def charges(self, sessions: Container[str]) -> list[Charge]:
        """All that is known of some sessions."""
        return [charge for charge in self._charges.values() if charge.session in sessions]

    def all(self) -> list[Charge]:
        """All that is known."""
        return list(self._charges.values())

    def newest(self, conversation: Conversation) -> Charge | None:
        """The last response of a conversation; None where none is known."""
        return self._newest.get(conversation)

    def conversations(self, since: float) -> list[Charge]:
        """The last response of each conversation that had one from `since` on."""
        return [charge for charge in self._newest.values() if charge.at >= since]

    def came(self, conversation: Conversation, since: float) -> Amounts | None:
        """What a conversation's responses after `since` come to, within what `forget` keeps; None without any."""
        found = [c for c in self._recent.get(conversation, {}).values() if c.at > since]
        if not found:
            return None
        return Amounts(sum(c.billed for c in found), sum(c.output for c in found), sum(c.usd for c in found))

    def forget(self, before: float, recent_since: float, sessions: Iterable[str] = ()) -> None:
        """Drops what came before a time, but not of these sessions; `came` knows what came from `recent_since` on.

        The last response of each conversation stays known.
        """
        self._which.clear()  # places that are not asked for any more
        kept = set(sessions)
        for charge in [c for c in self._charges.values() if c.at < before and c.session not in kept]:
            for each in self._of(charge):
                each.add(charge, -1)
            del self._charges[charge.key]
        self._recent_since = recent_since
        self._recent = {}
        for charge in self._charges.values():
            if charge.at >= recent_since:
                self._recent.setdefault(charge[1:3], {})[charge.key] = charge


def what_of(budget: Budget) -> tuple[object, ...]:
    """What a sum depends on."""
    return budget.scope, budget.measure, budget.period
