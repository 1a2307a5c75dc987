"""Where budgets stand, for the command line and for `/token-budget`: a row for each budget, a bar for each account."""

import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime, time, tzinfo
from typing import NamedTuple

from trimtab.budget import amounts, gate
from trimtab.budget.allocation import ELSE, EXHAUSTED, Allocation
from trimtab.budget.sentences import rough
from trimtab.budget.terms import Account, Budget, Measure, Mode, Span, State
from trimtab.budget.words import Place, amount, say
from trimtab.handlers.budget_outlook import Outlook
from trimtab.handlers.budget_outlook import which as which_of
from trimtab.handlers.budgeting import BY_HAND
from trimtab.settings import OPTION
from trimtab.store.budgets import Change

WIDTH, NARROWEST = 80, 48  # columns; chosen
MOST_CHANGES = 20  # the last ones, chosen
BAR = 16  # columns
MOST_BARS = 5  # of one budget: sessions, prompts or runs
INDENT = "     "
BAR_ENDS = len(INDENT) + BAR
NOTHING = Outlook()


class Bar(NamedTuple):
    """One account: `share` of the limit is used, `text` says how much that is and when it begins anew.

    `ahead` are lines of what it will come to, and of how it is shared out.
    """

    share: float
    text: str
    is_full: bool
    ahead: tuple[str, ...] = ()


class Row(NamedTuple):
    """One budget in words; `remarks` say what is special about it."""

    id: int
    words: str
    remarks: tuple[str, ...]
    bars: tuple[Bar, ...]
    more: int  # accounts that are not shown


class Line(NamedTuple):
    """`kind` is "words", "bar", "full" (a bar that stops now) or "remark"."""

    kind: str
    text: str


def rows(
    budgets: Iterable[Budget],
    accounts: Sequence[Account],
    here: Place,
    now: float,
    zone: tzinfo | None = None,
    outlook: Outlook = NOTHING,
) -> list[Row]:
    """Budgets in their order, each with its accounts, the fullest first."""
    found = []
    for budget in budgets:
        own = sorted((a for a in accounts if a.budget.id == budget.id), key=lambda a: (-a.share, a.key))
        bars = tuple(bar(account, now, zone)._replace(ahead=ahead(account, outlook)) for account in own[:MOST_BARS])
        found.append(Row(budget.id, say(budget, here), remarks(budget, now, zone), bars, len(own) - len(bars)))
    return found


def remarks(budget: Budget, now: float, zone: tzinfo | None) -> tuple[str, ...]:
    """That it is paused, and where it was set if not by a command."""
    told = []
    if budget.state is State.PAUSED and not gate.is_active(budget, now):
        until = f" until {clock(budget.paused_until, now, zone)}" if budget.paused_until is not None else ""
        told.append(f"paused{until}: it counts, and stops nothing")
    if budget.origin not in BY_HAND:
        told.append("set in the plugin's options" if budget.origin == OPTION else f"set in {budget.origin}")
    return tuple(told)


def bar(account: Account, now: float, zone: tzinfo | None) -> Bar:
    budget, measure = account.budget, account.budget.measure
    limit = amount(measure, budget.limit)
    if measure is Measure.CONTEXT:
        return Bar(account.share, f"the newest prompt has {amount(measure, account.used)} of {limit}", False)
    parts = [f"{amount(measure, account.used)} of {limit}"]
    parts.append(
        f"{amount(measure, account.left)} left" if account.left >= 0 else f"{amount(measure, -account.left)} over"
    )
    parts += [f"{amount(measure, account.reserved)} under way"] if account.reserved else []
    parts += [f"{amount(measure, account.kept)} kept for others"] if account.kept else []
    parts += [ends(account, now, zone)]
    is_full = account.left <= 0 and gate.is_stopping(budget, now)
    told = ", ".join(filter(None, parts)) + which(account)
    if is_full:
        told += ": stops now"
    elif account.left <= 0 and budget.mode is Mode.WARN:
        told += ": only told"
    return Bar(account.share, told, is_full)


def ahead(account: Account, outlook: Outlook) -> tuple[str, ...]:
    """What the account will come to by the end of its period, and each part of it, where they are known."""
    measure, told = account.budget.measure, outlook.periods.get(which_of(account))
    lines = []
    if told is not None:
        low, middle, high = (amount(measure, rough(each or 0.0)) for each in (told.low, told.middle, told.high))
        until = "tonight" if told.period == "day" else f"{told.until:%a} {told.until.day} {told.until:%b}"
        lines.append(f"likely {middle} by {until} ({low} to {high} in four of five cases)")
    for shared in outlook.shared:
        if which_of(shared.account) == which_of(account):
            lines += [part(row, measure) for row in telling(shared.rows)]
    return tuple(lines)


def telling(rows: Sequence[Allocation]) -> list[Allocation]:
    """The parts that say something: where no need is known a part of nothing more would look like a limit."""
    found = [row for row in rows if row.child == ELSE or row.available or row.status == EXHAUSTED]
    return found if any(row.child != ELSE for row in found) else []


def part(row: Allocation, measure: Measure) -> str:
    """How much of a budget one child has."""
    who = row.child if row.child == ELSE else f"budget {row.child}"
    used, available = amount(measure, row.used), amount(measure, row.available)
    over = ": full" if row.status == EXHAUSTED else ""
    return f"{who} has {amount(measure, row.allocated)} of it: {used} used, {available} available{over}"


def ends(account: Account, now: float, zone: tzinfo | None) -> str:
    if account.ends_at is not None:
        return f"anew {clock(account.ends_at, now, zone)}"
    period = account.budget.period
    return f"of the last {amounts.length(period.seconds)}" if period.span is Span.ROLLING else ""


def which(account: Account) -> str:
    """Which session, prompt or run it is, by the first letters of its id."""
    session, _, rest = account.key.partition("/")
    span = account.budget.period.span
    if span is Span.SESSION:
        return f" (session {session[:8]})"
    if span is Span.PROMPT:
        return f" (prompt {rest[:8]} of session {session[:8]})"
    return f" (agent {rest[:8] or 'main'} of session {session[:8]})" if span is Span.RUN else ""


def clock(at: float, now: float, zone: tzinfo | None) -> str:
    """A time to come: "14:30" today, "Mon 14:30" within a week, else with the date; midnight is its day."""
    then, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    days = (then.date() - today.date()).days
    if not days:
        return f"{then:%H:%M}"
    if 0 < days < 7:
        return f"{then:%a %H:%M}"
    return f"{then:%Y-%m-%d}" if then.time() == time(0) else f"{then:%Y-%m-%d %H:%M}"


def percent(share: float) -> str:
    """All is never said of what is not all, nor nothing of what is something."""
    if 0 < share < 0.01:
        return "<1 %"
    return "99 %" if 0.99 <= share < 1 else f"{share:.0%}".replace("%", " %")


def filled(share: float) -> int:
    """Columns of the bar, at least one where something is used, not all where not all is."""
    cells = round(BAR * min(1.0, max(0.0, share)))
    return max(1, min(cells, BAR - 1)) if 0 < share < 1 else cells


def told(found: Sequence[Row], how_to_begin: str, width: int = WIDTH) -> list[Line]:
    """The rows as lines of at most `width` columns, where that is not fewer than NARROWEST."""
    width = max(NARROWEST, width)
    if not found:
        return [Line("remark", part) for part in textwrap.wrap(f"No budget is set. {how_to_begin}", width)]
    lines: list[Line] = []

    def wrapped(kind: str, text: str, indent: str) -> list[Line]:
        parts = textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)
        return [Line(kind if not number or kind == "words" else "remark", part) for number, part in enumerate(parts)]

    for row in found:
        lines += wrapped("words", f"{row.id:>3}  {row.words}", INDENT)
        for each in row.bars:
            cells = filled(each.share)
            head = f"{INDENT}{'█' * cells}{'░' * (BAR - cells)} {percent(each.share):>5}  "
            lines += wrapped("full" if each.is_full else "bar", head + each.text, " " * len(head))
            for line in each.ahead:
                lines += wrapped("remark", INDENT + line, INDENT + INDENT)
        more = [f"and {row.more} more"] if row.more else [] if row.bars else ["nothing is used of it yet"]
        for remark in (*more, *row.remarks):
            lines += wrapped("remark", INDENT + remark, INDENT)
    return lines


def change_line(change: Change, zone: tzinfo | None = None) -> str:
    """What was changed, when, by whom and where."""
    at = f"{datetime.fromtimestamp(change.at, zone):%Y-%m-%d %H:%M}"
    is_other = change.before and change.after and change.what not in ("pause", "resume")
    what = f"{change.before} → {change.after}" if is_other else change.after or change.before
    return f"{at}  {change.what} {change.budget}: {what} ({change.who}, {change.place})"
