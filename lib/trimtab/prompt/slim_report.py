"""Proposals of `slim`, and what it has switched off, as plain lines."""

import datetime
import itertools
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from trimtab.monitor.report import WIDTH, fitted, number, padded, percent, printable
from trimtab.prompt.asked import UNDO
from trimtab.prompt.audit import Audit
from trimtab.prompt.bill import Cost, total
from trimtab.prompt.parts import TOOL
from trimtab.prompt.report import money
from trimtab.prompt.scoped import Move
from trimtab.prompt.slim import (
    AGENT,
    FEW_SESSIONS,
    GIT,
    NOTES,
    PLUGIN,
    SERVER,
    SKILL,
    Plan,
    Proposal,
)

NAME, TOKENS, MONEY = 26, 7, 10  # columns
HEADINGS = {  # by kind, and what stops for all of it
    PLUGIN: "Plugins, off in this project:",
    TOOL: "Tools that the model can't call any more:",
    SERVER: "MCP servers whose tools it can't call:",
    SKILL: "Skills that it does not start by itself; typed as /name they still start:",
    AGENT: "Agents that it does not start:",
    NOTES: "Its own notes on the project:",
    GIT: "How to commit:",
}
SAID = (SKILL, AGENT)  # kinds of which the heading says it all
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
        " this project alone. The tokens of each request that each takes (estimates), and what they cost a week:"
    )
    lines = [*textwrap.wrap(head, width), ""]
    numbered = enumerate(plan.proposals, 1)
    for kind, members in itertools.groupby(numbered, lambda pair: pair[1].kind):
        lines += [HEADINGS[kind], *(row for index, one in members for row in item(index, one, found, width)), ""]
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
        lines += [*textwrap.wrap(text, width), ""]
    return [*lines[:-1], *kept(plan, width)]


def item(index: int, one: Proposal, found: Audit, width: int) -> Iterator[str]:
    """A setting's number, name, tokens, cost a week, and what stops; of a skill the heading says that."""
    least = ">" if one.is_least else ""
    cost = money(weekly(one.cost, found))
    name = fitted(printable(one.name or one.kind), NAME)
    head = f"{index:>3} {padded(name, NAME)}{f'{least}{one.tokens:,}':>{TOKENS}}{cost:>{MONEY}}"
    text = "" if one.kind in SAID else printable(one.loses)
    rows = textwrap.wrap(text, width - len(head) - 2) or [""]
    yield f"{head}  {rows[0]}".rstrip()
    for row in rows[1:]:
        yield f"{' ' * len(head)}  {row}"


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


def movable(found: Sequence[Move], width: int) -> Iterator[str]:
    """Sections of memory files that could wait behind a path."""
    if not found:
        return
    yield "Sections of memory files that a rule for their folder could bring when needed:"
    for move in found:
        rare = f"{move.folder}/ was worked on in {move.sessions} of {number(move.of_sessions, 'session')}"
        text = printable(f"{move.file}, {move.heading}: {move.tokens:,} tokens; {rare}")
        yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent=INDENT)
    yield from textwrap.wrap(
        f"That is {sum(move.saved for move in found):,} tokens of each request on average. No memory file is written by"
        " Trimtab: `trimtab slim patch` prints the change, `trimtab slim patch | git apply` makes it.",
        width,
    )


def switched_off(
    items: Sequence[Proposal],
    gone: Sequence[Proposal],
    at: float,
    asked: Mapping[str, int],
    is_changed: bool,
    width: int = WIDTH,
) -> list[str]:
    """What is switched off now, and what is not any more, as others took it out (`gone`); `asked` is in how many
    sessions of late each was asked for, by id.
    """
    day = datetime.datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")
    tokens = sum(one.tokens for one in items)
    head = f"Switched off in this project since {day}: {number(len(items), 'setting')}, {tokens:,} tokens of a request."
    lines = [*textwrap.wrap(head, width), ""]
    for one in items:
        times = asked.get(one.id, 0)
        said = f"   asked for since, in {number(times, 'session')}" if times else ""
        lines.append(printable(f"  {one.id:<36}{one.tokens:>8,}{said}"))
    if gone:
        lines += textwrap.wrap(f"Not in the file any more, and so not switched off: {names(gone)}.", width)
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
