"""An audit as plain lines of at most 80 columns: the largest first, by group and by whose it is."""

import datetime
import os
import statistics
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trimtab.monitor.report import WIDTH, dollars, number, padded, printable, short
from trimtab.prompt import texts
from trimtab.prompt.audit import GROUPS, PROJECTS, YOURS, Audit, Line, never_used
from trimtab.prompt.bill import Cost, total
from trimtab.prompt.parts import MCP_TOOL
from trimtab.prompt.used import CALLABLE, Use, joined

TOKENS, MONEY, USED = 8, 10, 19  # columns
ROWS, LEAST_TOKENS = 6, 20  # of a list without --all, and from which size on an entry has a row; chosen
DAY_S = 86_400.0
OWNED = ("MCP servers", "Skills", "Agents", "Memory files")  # groups that are told by owner
NAMED = 5  # never used parts that are named at the end
NO_HISTORY = "No request of this project is recorded in that time: what it cost and whether it was used is not known."


class Screen(NamedTuple):
    """How an audit is shown: whether all entries have a row, the folders that names leave out, the time, how wide."""

    wants_all: bool = False
    home: str = ""
    project: str = ""
    now: float = 0.0
    width: int = WIDTH

    @property
    def name(self) -> int:
        """Columns of a name."""
        return self.width - TOKENS - MONEY - USED


class Row(NamedTuple):
    """A row of the table; `use` is None where a word on it would say nothing. `had` sessions began with it."""

    depth: int
    name: str
    tokens: int
    cost: Cost
    use: Use | None
    had: int


def report(found: Audit, screen: Screen) -> list[str]:
    """The whole of it: the request, the table by group, what its sums leave out, what was never used."""
    has_history = found.requests > 0
    lines = [*head(found, screen), ""]
    lines.append(f"{'Part':<{screen.name}}{'tokens':>{TOKENS}}" + (f"{'cost':>{MONEY}}   used" if has_history else ""))
    for title, members in groups(found):
        if any(line.part.tokens for line in members):
            lines += [drawn(row, screen, has_history) for row in rows_of(title, members, screen)]
    lines.append(
        drawn(Row(0, "All", found.tokens, total(line.cost for line in found.lines), None, 0), screen, has_history)
    )
    return [*lines, "", *foot(found, screen)]


def head(found: Audit, screen: Screen) -> Iterator[str]:
    """What is audited, what real sessions began with, and what that cost."""
    yield from wrapped(f"{request(found, screen)} {others(found)}".strip(), screen.width)
    yield ""
    if not found.requests:
        yield from wrapped(NO_HISTORY, screen.width)
        return
    text = (
        f"In the {(found.until - found.since) / DAY_S:.0f} days before, {number(found.requests, 'request')} of"
        f" {number(found.sessions, 'session')} carried what each session began with: {money(found.whole)}, each at its"
        f" model's price and its class of the cache. {known(found)}"
    )
    yield from wrapped(text.strip(), screen.width)


def request(found: Audit, screen: Screen) -> str:
    """Which request it is, and how its size is known."""
    sent, project = found.sent, shortened(found.project, screen.home, "")
    place = "in a terminal" if sent.is_terminal else "by claude -p"
    day = datetime.datetime.fromtimestamp(sent.at).astimezone().strftime("%Y-%m-%d %H:%M")
    client = f"client {sent.client} {place}" if sent.client else f"a client {place}"
    model = printable(sent.model)
    if sent.session:
        return (
            f"Session {printable(sent.session[:8])} of {day} ({client}) in {project} began with {found.tokens:,} tokens"
            f" of {model}, billed; how they divide is an estimate."
        )
    how = f"an estimate, set by {number(sent.checked, 'session')} that were billed" if sent.checked else "an estimate"
    return (
        f"A first request in {project} has about {found.tokens:,} tokens of {model} ({how}; recorded {day}, {client})."
    )


def others(found: Audit) -> str:
    """What the first requests of the time were billed, beside this one."""
    if not found.firsts:
        return ""
    middle = statistics.median(found.firsts)
    least, most = short(min(found.firsts)), short(max(found.firsts))
    sessions = number(len(found.firsts), "session")
    text = f"{sessions} began with {least} to {most} tokens of this model (median {short(middle)})"
    off = found.tokens / middle - 1
    if found.sent.billed is not None or found.sent.checked:
        return f"{text}."
    return f"{text}, billed: the estimate is {abs(off):.0%} {'above' if off > 0 else 'below'} that median."


def known(found: Audit) -> str:
    """Of how many sessions it is known what they began with."""
    if found.known == found.sessions:
        return "Of each the client wrote down what that was."
    if not found.known:
        return "It is taken that all of them began with this."
    rest = found.sessions - found.known
    return (
        f"Of {found.known:,} the client wrote down what that was; the other {rest:,} are taken to have begun with this."
    )


def wrapped(text: str, width: int) -> list[str]:
    """In lines that break between words: a model's name stays whole."""
    return textwrap.wrap(text, width, break_on_hyphens=False)


def groups(found: Audit) -> list[tuple[str, list[Line]]]:
    """The groups with their lines, the largest first."""
    apart: dict[str, list[Line]] = {title: [] for title, _ in GROUPS}
    for line in found.lines:
        if line.group:
            apart[line.group].append(line)
    return sorted(apart.items(), key=lambda group: -sum(line.part.tokens for line in group[1]))


def rows_of(title: str, members: Sequence[Line], screen: Screen) -> Iterator[Row]:
    """A group's sum, then its entries, by owner where it has any."""
    yield summed(0, title, members)
    if title not in OWNED:
        yield from entries(1, members, screen)
        return
    apart: dict[str, list[Line]] = {}
    for line in members:
        apart.setdefault(line.part.server if title == "MCP servers" else line.owner, []).append(line)
    for owner, lines in sorted(apart.items(), key=lambda pair: -sum(line.part.tokens for line in pair[1])):
        yield summed(1, called(title, owner, lines, screen), lines)
        if title != "MCP servers" or screen.wants_all:
            yield from entries(2, lines, screen)


def summed(depth: int, name: str, lines: Sequence[Line]) -> Row:
    """One row of several parts: used as often as all of them."""
    use = joined(line.use for line in lines if line.part.kind in CALLABLE and line.part.kind != texts.INSTRUCTIONS)
    tokens = sum(line.part.tokens for line in lines)
    return Row(depth, name, tokens, total(line.cost for line in lines), use, max(line.had for line in lines))


def called(title: str, owner: str, lines: Sequence[Line], screen: Screen) -> str:
    """What an owner's row is called; of an MCP server how many tools it has, and whether their schemas are sent."""
    if title == "MCP servers":
        tools = [line for line in lines if line.part.kind == MCP_TOOL]
        late = sum(line.part.is_deferred for line in tools)
        how = "" if not late else ", by name only" if late == len(tools) else f", {late} by name only"
        how = how if tools else ", still starting"
        plugin = lines[0].part.plugin
        server = f"{owner.removeprefix(f'plugin_{plugin}_')} of {plugin}" if plugin else owner
        return f"{server} ({number(len(tools), 'tool')}{how})"
    if title == "Memory files":
        return shortened(owner, screen.home, screen.project)
    return {YOURS: "yours", PROJECTS: "the project's"}.get(owner, owner)


def entries(depth: int, lines: Sequence[Line], screen: Screen) -> Iterator[Row]:
    """A row for each part, the largest first; without --all the small ones as one."""
    ranked = sorted(lines, key=lambda line: -line.part.tokens)
    shown = [line for line in ranked if line.part.tokens >= LEAST_TOKENS][:ROWS] if not screen.wants_all else ranked
    if len(lines) - len(shown) == 1 or (not shown and len(lines) > 1 and len(lines) <= ROWS):
        shown = ranked
    for line in shown:
        use = line.use if line.part.kind in CALLABLE or line.part.kind in ASKED else None
        yield Row(depth, name_of(line), line.part.tokens, line.cost, use, line.had)
    rest = ranked[len(shown) :]
    if rest:
        yield summed(depth, f"{len(rest)} more", rest)


ASKED = (texts.MEMORY, texts.STYLE, texts.HOOK)  # of which one would like to know whether they were of use


def name_of(line: Line) -> str:
    """A part's own name; of a tool whose schema is not sent it says so."""
    part = line.part
    name = part.name or ("before its first heading" if part.kind == texts.MEMORY else part.kind)
    if part.kind == MCP_TOOL:
        name = part.name.removeprefix(f"mcp__{part.server}__")
    return f"{name} (name only)" if part.is_deferred else name


def drawn(row: Row, screen: Screen, has_history: bool) -> str:
    """A row as text: name, tokens, cost, use."""
    name = padded(printable("  " * row.depth + row.name), screen.name)
    text = f"{name}{row.tokens:>{TOKENS},}"
    if has_history:
        text += f"{money(row.cost):>{MONEY}}   {words_of(row.use, row.had, screen.now)}"
    return text.rstrip()


def words_of(use: Use | None, had: int, now: float) -> str:
    """How a part was used, in at most 16 columns."""
    if use is None:
        return ""
    if not use.is_known:
        return "not known"
    if not use.times or use.last is None:
        return f"never in {had:,}" if had else "new"
    return f"{use.times:,}x, {ago(now - use.last)}"


def ago(seconds: float) -> str:
    return "today" if seconds < DAY_S else f"{seconds // DAY_S:.0f} d ago"


def foot(found: Audit, screen: Screen) -> Iterator[str]:
    """What the table's sum is not, and what was never used."""
    notes = []
    late = [line.part.name for line in found.lines if line.part.kind == texts.CONNECTING]
    if late:
        more = "--record waits for them" if found.sent.session else "--wait gives them longer"
        notes.append(f"Still starting, and so without tools in this request: {printable(', '.join(late))}; {more}.")
    if found.requests:
        if found.gone.units >= 1:
            notes.append(f"Not in the table: {money(found.gone)} for what sessions began with that this one has not.")
        if found.rest.units >= 1:
            notes.append(
                f"Not in the table: {money(found.rest)} that first prompts of sessions of which it is not known held"
                " beyond this request (their own prompts, resumed conversations, what has been switched off since)."
            )
        if found.agent_runs:
            notes.append(
                f"Also not: {money(found.agents)} for the first prompts of {number(found.agent_runs, 'subagent')},"
                " which are others."
            )
        if found.unpriced:
            notes.append(f"{number(found.unpriced, 'request')} of models without a price are in no sum of money.")
        notes.append(
            '"used" is what was called in these sessions; of texts that are only read ("not known") no transcript can'
            ' say whether they were of use. "never in 12" are the sessions that began with it, "new" had none.'
        )
    notes += unused(found) if found.requests else []
    for note in notes:
        yield from wrapped(note, screen.width)


def unused(found: Audit) -> Iterator[str]:
    """The sum of what was never called, and the largest by name."""
    never = never_used(found.lines)
    if not never:
        return
    tokens = sum(line.part.tokens for line in never)
    largest = ", ".join(f"{printable(name_of(line))} {line.part.tokens:,}" for line in never[:NAMED])
    yield (
        f"Never used in {number(found.sessions, 'session')}: {tokens:,} tokens of each request,"
        f" {money(total(line.cost for line in never))}. The largest: {largest}."
    )


def money(cost: Cost) -> str:
    """In USD, or where no price is known in prices of an input token."""
    return dollars(cost.usd) if cost.usd is not None else f"{short(cost.units)} units" if cost.units else "$0.00"


def shortened(path: str, home: str, project: str) -> str:
    """A path in the project without its folder, another with ~ for the user's."""
    if project and path.startswith(project + os.sep):
        return path[len(project) + 1 :]
    return f"~{path[len(home) :]}" if home and path.startswith(home + os.sep) else path
