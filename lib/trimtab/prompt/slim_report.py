"""Proposals of `slim`, and what it has switched off, as plain lines."""

import datetime
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from trimtab.monitor.report import WIDTH, number, percent, printable
from trimtab.prompt.asked import UNDO
from trimtab.prompt.audit import Audit
from trimtab.prompt.bill import Cost, total
from trimtab.prompt.report import money
from trimtab.prompt.slim import FEW_SESSIONS, Plan, Proposal

TOKENS, MONEY = 14, 16  # columns
INDENT = "    "
WEEK_S, DAY_S = 7 * 86_400.0, 86_400.0
NOTHING_KNOWN = (
    "No request of this project is recorded in that time, so nothing is known to be unused and nothing is proposed."
    " Work here for some days, or look further back with --weeks."
)
NOTHING_UNUSED = "Nothing that can be switched off went unused: there is nothing to propose."


def proposed(plan: Plan, found: Audit, width: int = WIDTH) -> list[str]:
    """All proposals with number, gain and what stops working; then what stays, and what the figures are."""
    if not found.requests or not plan.proposals:
        said = NOTHING_UNUSED if found.requests else NOTHING_KNOWN
        return [*textwrap.wrap(said, width), *kept(plan, width)]
    days = (found.until - found.since) / DAY_S
    head = (
        f"Never used in {number(found.sessions, 'session')} of the last {days:.0f} days, and can be switched off for"
        " this project alone. What each takes from every request (estimates), and what it cost a week:"
    )
    lines = [*textwrap.wrap(head, width), ""]
    for index, one in enumerate(plan.proposals, 1):
        lines += item(f"{index:>3}", one, weekly(one.cost, found), width)
    whole = weekly(total(one.cost for one in plan.proposals), found)
    share = percent(plan.tokens, found.tokens)
    foot = [
        f"Together {plan.tokens:,} of {found.tokens:,} tokens of a first request ({share}), {money(whole)} a week, with"
        f" {number(len(plan.proposals), 'setting')} in .claude/settings.local.json. Subagents' requests get smaller"
        " too; that is not counted."
    ]
    if found.sessions < FEW_SESSIONS:
        foot.append(
            f"Careful: {number(found.sessions, 'session')} is little to go by. What you need now and then may be among"
            " these; --weeks looks further back."
        )
    for text in foot:
        lines += ["", *textwrap.wrap(text, width)]
    return [*lines, *kept(plan, width)]


def item(mark: str, one: Proposal, cost: Cost, width: int) -> Iterator[str]:
    """Two lines or more of one setting."""
    least = "at least " if one.is_least else ""
    figures = f"{f'{least}{one.tokens:,} tokens':>{TOKENS}}{f'{money(cost)} a week':>{MONEY}}"
    name = textwrap.shorten(printable(one.id), max(20, width - len(mark) - 2 - len(figures)), placeholder="...")
    yield f"{mark} {name:<{width - len(mark) - 1 - len(figures)}}{figures}"
    stays = f"; goes on: {one.stays}" if one.stays else ""
    yield from textwrap.wrap(
        printable(f"stops: {one.loses}{stays}"), width, initial_indent=INDENT, subsequent_indent=INDENT
    )


def weekly(cost: Cost, found: Audit) -> Cost:
    """A cost of the audit's time as that of one week."""
    weeks = (found.until - found.since) / WEEK_S
    return Cost(cost.units / weeks, None if cost.usd is None else cost.usd / weeks)


def kept(plan: Plan, width: int) -> Iterator[str]:
    if plan.kept:
        yield ""
        yield "Never used, and left on:"
        for one in plan.kept:
            text = printable(f"{one.name} ({one.tokens:,}): {one.why}")
            yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent=INDENT)


def switched_off(
    items: Sequence[Proposal], at: float, asked: Mapping[str, int], is_changed: bool, width: int = WIDTH
) -> list[str]:
    """What is switched off now; `asked` is in how many sessions of late each was asked for, by id."""
    day = datetime.datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")
    tokens = sum(one.tokens for one in items)
    head = f"Switched off in this project since {day}: {number(len(items), 'setting')}, {tokens:,} tokens of a request."
    lines = [*textwrap.wrap(head, width), ""]
    for one in items:
        times = asked.get(one.id, 0)
        said = f"   asked for since, in {number(times, 'session')}" if times else ""
        lines.append(printable(f"  {one.id:<36}{one.tokens:>8,}{said}"))
    lines += ["", f"`{UNDO}` brings all back, `{UNDO} NAME` one."]
    if is_changed:
        lines += textwrap.wrap(
            "The file was changed by others since: undo asks, or takes --keep-changes, and then keeps their changes.",
            width,
        )
    return lines


def measured(before: int, after: int, taken: int, is_least: bool, width: int = WIDTH) -> list[str]:
    """What a second recording shows beside what was said."""
    gain = before - after
    what = f"{gain:,} fewer" if gain >= 0 else f"{-gain:,} more"
    text = (
        f"Measured with a new recording: a first request had {before:,} tokens and has {after:,}, {what}"
        f" ({'at least ' if is_least else ''}{taken:,} were expected)."
    )
    if gain < taken / 2:
        text += f" That is not what was expected: `{UNDO}` puts all back."
    return textwrap.wrap(text, width)


def names(items: Iterable[Proposal]) -> str:
    return ", ".join(printable(one.id) for one in items)
