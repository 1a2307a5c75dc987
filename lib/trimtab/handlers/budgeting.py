"""What a user can do with budgets, for the command line and for `/token-budget`.

Each order is one function, its answer a sentence or two. Refusals are BudgetErrors that name the next step.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from getpass import getuser
from typing import NamedTuple

from trimtab.budget import amounts, gate, words
from trimtab.budget.allocation import check_all
from trimtab.budget.amounts import AMOUNT, exactly
from trimtab.budget.phrases import checked
from trimtab.budget.scopes import is_same_account, with_members
from trimtab.budget.terms import Account, Budget, Measure, Mode, Period, Span, State
from trimtab.budget.words import Place, read, say
from trimtab.errors import BudgetError, StoreError
from trimtab.groups import Members
from trimtab.store.budgets import Author, BudgetStore, Change

CLI, SLASH = "cli", "/token-budget"
TASK = "TRIMTAB_TASK"  # a variable: the task of the sessions that are started with it
BY_HAND = (CLI, SLASH)  # origins of budgets that a command made
NUMBER = re.compile(r"(?:budget\s+)?#?(\d{1,9})", re.I)
RAISE = re.compile(rf"(?P<which>.*?)\s*(?P<amount>(?:\+|\bby\b|\bto\b|(?<!\S))\s*{AMOUNT}(?:\s+more)?)", re.I | re.S)
FOR = re.compile(r"(?P<which>.*?)\s*\bfor\s+(?P<length>[\d.]+[\s-]*[a-z]+)", re.I | re.S)
MOST_LISTED = 8  # chosen
COUNTED = {
    Measure.BILLED: "Tokens are weighted by price: one read from the cache counts a tenth or less, one that the model"
    " writes about five.",
    Measure.USD: "",
    Measure.OUTPUT: "Only what the models write counts.",
    Measure.CONTEXT: "A prompt that is longer is not sent.",
}


class Counter(NamedTuple):
    """Where orders are taken: the store, who says it where and when, and what is used of each budget by now.

    `is_users` is False where a model may give the order: then nothing that makes a budget stop less is done. `members`
    are the user's own agents of groups.
    """

    store: BudgetStore
    place: Place
    author: Author
    accounts: Callable[[], Sequence[Account]]
    is_users: bool = True
    members: Members = ()

    def must_be_users(self, order: str) -> None:
        """BudgetError where a model may give an order that lets more be spent."""
        if not self.is_users:
            raise BudgetError(
                "in a session a model can run this command, so it does not loosen a budget here: write"
                f" `{SLASH} {order}` yourself, or run it in a terminal outside of the session"
            )

    @property
    def command(self) -> str:
        """How an order begins where this one came from."""
        return SLASH if self.place.origin == SLASH else "trimtab budget"

    @property
    def how_to_begin(self) -> str:
        """A sentence for one who has no budget yet."""
        first, more = ("$20 a day", "help") if self.place.origin == SLASH else ("'$20 a day'", "--help")
        return f"`{self.command} set {first}` sets one for this project; `{self.command} {more}` says more."

    def standing(self) -> Sequence[Account]:
        """The accounts; none where they can't be known just now, for what was asked is done without."""
        try:
            return self.accounts()
        except StoreError:
            return ()


def author(origin: str, now: float) -> Author:
    """The user of this machine."""
    who = ""
    with suppress(OSError, KeyError, ImportError):
        who = getuser()
    return Author(who or "unknown", origin, now)


def place_of(project: str, session: str, origin: str, store: BudgetStore | None) -> Place:
    """Where an order is given. A session's named run is the one that it joined last."""
    joined = store.tasks().get(session, []) if store is not None and session else []
    return Place(os.path.realpath(project) if project else "", session, joined[-1][1] if joined else "", "", origin)


# Orders


def set_budget(counter: Counter, text: str) -> str:
    """Makes the budget that a text means, or changes the one that counts the same."""
    budget, here = read(text, counter.place), counter.place
    same: list[Budget] = []

    def decide(known: Sequence[Budget]) -> Budget:
        same[:] = [each for each in known if is_same_account(each, budget)]
        own = next((each for each in same if each.origin in BY_HAND), None)
        changed = budget if own is None else set_anew(own, budget)
        all_of_them = [*(each for each in known if each is not own), changed]
        check_all(with_members(all_of_them, counter.members), changed.id)
        if own is not None and is_looser(changed, own):
            counter.must_be_users(f"set {text}")
        return changed

    before, made = counter.store.put(decide, counter.author, say)
    if before is None:
        told = f"Budget {made.id} is set: {say(made, here)}."
    elif made == before:
        told = f"Budget {made.id} is that already: {say(made, here)}."
    else:
        told = f"Budget {made.id} counted the same, so it is changed: {say(made, here)} (it was {say(before, here)})."
    others = [f"budget {each.id} of {each.origin} counts the same, and the smaller limit stops first" for each in same
              if each.origin not in BY_HAND]  # fmt: skip
    return " ".join(filter(None, [told, *(f"But {other}." for other in others), meaning(counter, made)]))


def is_looser(new: Budget, old: Budget) -> bool:
    """Whether the new terms let more be spent, or keep less for the budget."""
    is_warn = (old.mode, new.mode) == (Mode.STOP, Mode.WARN)
    return new.limit > old.limit or new.minimum < old.minimum or is_warn


def set_anew(old: Budget, new: Budget) -> Budget:
    """The budget with the new one's terms, and not paused."""
    return old._replace(
        limit=new.limit,
        mode=new.mode,
        priority=new.priority,
        minimum=new.minimum,
        state=State.ACTIVE,
        paused_until=None,
    )


def meaning(counter: Counter, budget: Budget) -> str:
    """What a budget does from now on, and where it stands."""
    begins = {
        Span.ONCE: "It counts from when it was set, and ends when you remove it.",
        Span.ROLLING: "It counts back from each moment.",
    }.get(budget.period.span, "" if budget.measure is Measure.CONTEXT else began(budget.period))
    if budget.measure is Measure.CONTEXT:
        begins = ""
    stops = "It only tells you; nothing is stopped." if budget.mode is Mode.WARN else (
        f"At the limit nothing more is sent; `{counter.command} raise {budget.id} AMOUNT` goes on."
    )  # fmt: skip
    found = [account for account in counter.standing() if account.budget.id == budget.id]
    stands = ""
    if found and budget.measure is not Measure.CONTEXT:
        most = max(found, key=lambda account: account.share)
        if most.used:
            stands = f"By now {words.amount(budget.measure, most.used)} of it ({most.share:.0%}) are used."
    return " ".join(filter(None, [begins, COUNTED[budget.measure], stops, stands]))


def began(period: Period) -> str:
    zone = f" in {period.zone}" if period.zone else ""
    return {
        Span.DAY: f"It begins anew at midnight{zone}, and counts all of today.",
        Span.WEEK: f"It begins anew on Monday at midnight{zone}, and counts all of this week.",
        Span.MONTH: f"It begins anew on the first at midnight{zone}, and counts all of this month.",
        Span.SESSION: "Each session has one of its own.",
        Span.PROMPT: "Each prompt has one of its own, with all that agents do for it.",
        Span.RUN: "Each agent has one of its own.",
    }.get(period.span, "")


def raise_budget(counter: Counter, text: str) -> str:
    """`raise 3 $30`, `raise +$5`, `raise task auth by 100k`: the budget that is named, or the one that stops now."""
    found = RAISE.fullmatch(text.strip())
    if found is None:
        what = repr(text[:200]) if text.strip() else "`raise` alone"
        raise BudgetError(
            f"{what} names no amount: write `{counter.command} raise 3 $30`, `raise 3 +$5` or `raise by 100k`"
        )
    counter.must_be_users(f"raise {text}")
    budget = named(counter, found["which"], "raise")
    before = budget

    def edit(old: Budget) -> Budget:
        nonlocal before
        before = old  # somebody else may have raised it just now
        return old._replace(limit=words.raised(old, found["amount"]))

    made = counter.store.change(budget.id, "raise", edit, counter.author, say)
    told = f"Budget {made.id} is raised from {exactly(before.measure, before.limit)}: {say(made, counter.place)}."
    stays = f" A change in {made.origin} counts again." if made.origin not in BY_HAND else ""
    paused = f" It is paused: `{counter.command} resume {made.id}` makes it count again." if is_paused(made) else ""
    return told + stays + paused + left(counter, made)


def left(counter: Counter, budget: Budget) -> str:
    """Whether it still stops something."""
    full = [a for a in counter.standing() if a.budget.id == budget.id and a.left <= 0]
    if not full or budget.measure is Measure.CONTEXT or budget.mode is Mode.WARN:
        return ""
    over = max(a.used for a in full)
    return f" That is not enough yet: {words.amount(budget.measure, over)} are used."


def pause_budget(counter: Counter, text: str) -> str:
    """`pause 3`, `pause all for 2h`, `pause`: it counts on and stops nothing, for a while or until `resume`."""
    counter.must_be_users(f"pause {text}".strip())
    found = FOR.fullmatch(text.strip())
    until = counter.author.at + amounts.read_seconds(found["length"]) if found else None
    budgets = several(counter, found["which"] if found else text, "pause")
    changed(counter, budgets, "pause", lambda old: old._replace(state=State.PAUSED, paused_until=until))
    it, counts = ("them", "they count on, and stop") if len(budgets) > 1 else ("it", "it counts on, and stops")
    how = f"for {amounts.length(round(until - counter.author.at))}" if until is not None else f"until you resume {it}"
    return f"{those(budgets)} paused {how}: {counts} nothing."


def resume_budget(counter: Counter, text: str) -> str:
    """`resume 3`, `resume all`, `resume`: a paused budget stops again."""
    budgets = several(counter, text, "resume", lambda budget: budget.state is State.PAUSED)
    changed(counter, budgets, "resume", lambda old: old._replace(state=State.ACTIVE, paused_until=None))
    return f"{those(budgets)} in force again."


def remove_budget(counter: Counter, text: str) -> str:
    """`remove 3`, `remove all`: it is closed, its history stays."""
    counter.must_be_users(f"remove {text}".strip())
    try:
        budgets = several(counter, text, "remove", lambda budget: budget.origin in BY_HAND)
    except StoreError:
        number = NUMBER.fullmatch(text.strip())
        if number is None or not counter.store.close_unread(int(number[1]), counter.author):
            raise
        return f"Budget {number[1]}, which could not be read, is removed."
    changed(counter, budgets, "remove", lambda old: old._replace(state=State.CLOSED))
    return f"{those(budgets)} removed."


def changed(counter: Counter, budgets: Sequence[Budget], what: str, edit: Callable[[Budget], Budget]) -> None:
    """Changes all of the budgets, or none, and records it."""
    counter.store.change_all([budget.id for budget in budgets], what, edit, counter.author, said_with_state)


def join_task(counter: Counter, text: str) -> str:
    """`task NAME`: this session is of that named run from now on; `task none` ends that, `task` says which it is."""
    here, name = counter.place, text.strip().strip('"')
    if not here.session:
        raise BudgetError(
            "a task is a run of sessions, and this is in none: write `/token-budget task NAME` in one, or start the"
            " client with TRIMTAB_TASK=NAME"
        )
    if not name:
        return f"This session is of the task {words.quoted(here.task)}." if here.task else "This session is of no task."
    if here.task:
        counter.must_be_users(f"task {text.strip()}")
    is_end = name.lower() in ("none", "off")
    counter.store.join_task(here.session, "" if is_end else checked(name), counter.author.at)
    if is_end:
        return "This session is of no task from now on."
    known = words.quoted(name)
    ours = [each for each in counter.store.budgets() if each.scope.task == name]
    told = " ".join(f"Budget {each.id}: {say(each)}." for each in ours)
    return f"This session is of the task {known} from now on. " + (
        told or f"`{counter.command} set $15 for task {known}` sets it a budget."
    )


def history(counter: Counter, text: str) -> list[Change]:
    """All changes, the newest last, or those of the budget that is named, also of a closed one."""
    if not text.strip():
        return counter.store.changes()
    found = NUMBER.fullmatch(text.strip())
    number = int(found[1]) if found else named(counter, text, "history").id
    changes = counter.store.changes(number)
    if not changes:
        raise BudgetError(f"there is no budget {number}: `{counter.command} history` lists the changes of all")
    return changes


def join_by_variable(store: BudgetStore, session: str, environment: Mapping[str, str], now: float) -> bool:
    """Makes a session join the run that TRIMTAB_TASK names, if it is not of it already; whether it did."""
    name = environment.get(TASK, "").strip()
    joined = store.tasks().get(session, [])
    if not name or not name.isprintable() or (joined and joined[-1][1] == name):
        return False
    store.join_task(session, name, now)
    return True


# Which budget is meant


def named(counter: Counter, text: str, what: str) -> Budget:
    """The budget of a number or of words; without any the only one, or the only one that stops now."""
    known = counter.store.budgets()
    if not known:
        raise BudgetError(f"there is no budget yet: {counter.how_to_begin}")
    wanted = text.strip()
    if not wanted:
        return only(counter, known, what)
    number = NUMBER.fullmatch(wanted)
    if number:
        found = [each for each in known if each.id == int(number[1])]
    else:
        found = by_words(counter, known, wanted)
    if len(found) == 1:
        return found[0]
    why = "more than one budget is" if found else "no budget is"
    raise BudgetError(f"{why} {wanted[:80]!r}; there is {listed(counter, found or known)}. {ask(counter, what)}")


def by_words(counter: Counter, known: Sequence[Budget], wanted: str) -> list[Budget]:
    """The budgets that count what the words mean, else those whose own words have them."""
    with suppress(BudgetError):
        meant = read(wanted, counter.place)
        found = [each for each in known if is_same_account(each, meant)]
        if found:
            exact = [each for each in found if each.limit == meant.limit]
            return exact or found
    part = " ".join(wanted.casefold().split())
    return [each for each in known if part in say(each).casefold() or part in say(each, counter.place).casefold()]


def only(counter: Counter, known: Sequence[Budget], what: str) -> Budget:
    """The budget that stops now, if it is one; else the only one."""
    now = counter.author.at
    full = {a.budget.id for a in counter.standing() if a.left <= 0 and gate.is_stopping(a.budget, now)}
    stopping = [each for each in known if each.id in full and each.measure is not Measure.CONTEXT]
    found = stopping or list(known)
    if len(found) == 1:
        return found[0]
    raise BudgetError(f"which budget? {listed(counter, found)}. {ask(counter, what)}")


def several(counter: Counter, text: str, what: str, fits: Callable[[Budget], bool] | None = None) -> list[Budget]:
    """The budget that is named, or all that fit; BudgetError where that is none."""
    fitting = [each for each in counter.store.budgets() if fits is None or fits(each)]
    if text.strip().lower() in ("all", "everything"):
        found = fitting
    else:
        found = fitting if not text.strip() and len(fitting) == 1 else [named(counter, text, what)]
    if found and all(each in fitting for each in found):
        return found
    if not found:
        raise BudgetError(f"there is no budget to {what}: `{counter.command} show` lists them")
    if what == "remove":
        raise BudgetError(
            f"budget {found[0].id} is set in {found[0].origin}: take it out there;"
            f" `{counter.command} pause {found[0].id}` makes it stop nothing meanwhile"
        )
    raise BudgetError(f"budget {found[0].id} is not paused: {say(found[0], counter.place)}")


def ask(counter: Counter, what: str) -> str:
    amount = " +$5" if what == "raise" else ""
    return f"Name one by its number, as in `{counter.command} {what} NUMBER{amount}`"


def listed(counter: Counter, budgets: Sequence[Budget]) -> str:
    shown = "; ".join(f"{each.id}: {say(each, counter.place)}" for each in budgets[:MOST_LISTED])
    return shown + (f"; and {len(budgets) - MOST_LISTED} more" if len(budgets) > MOST_LISTED else "")


def those(budgets: Sequence[Budget]) -> str:
    if len(budgets) == 1:
        return f"Budget {budgets[0].id} is"
    numbers = [str(each.id) for each in budgets]
    return f"Budgets {', '.join(numbers[:-1])} and {numbers[-1]} are"


def is_paused(budget: Budget) -> bool:
    return budget.state is State.PAUSED


def said_with_state(budget: Budget) -> str:
    """The budget in words for the record of a change of its state, "" of one that is closed."""
    if budget.state is State.CLOSED:
        return ""
    return f"{say(budget)}, paused" if is_paused(budget) else say(budget)
