"""`trimtab watch`: the running session live, from the ledger and the usage book that the daemon keeps."""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from trimtab import monitor, paths, prices
from trimtab.budget.scopes import MAIN
from trimtab.budget.terms import Account
from trimtab.budget.words import Place, amount, say
from trimtab.cli import place as places
from trimtab.cli import report, screen, standing
from trimtab.days import midnight
from trimtab.errors import StoreError
from trimtab.handlers.asking import Who
from trimtab.handlers.purse import Purse
from trimtab.monitor import report as plain
from trimtab.records import Load, Request, Session, Tier
from trimtab.settings import Settings
from trimtab.store import Store
from trimtab.store.usage import UsageStore
from trimtab.usage import account as accounts
from trimtab.usage.account import Scope

EVERY_S = 1.0
LIMITS_EVERY_S = 30.0  # chosen: a month's requests take a tenth of a second to add up
RECENT_S = 600.0  # of the spend rate
LOADS = 10
BUDGETS, BAR = 3, 12  # that are drawn, chosen; columns
WINDOW_TOKENS = 200_000  # of the models; a prompt over it has a window of a million
LARGE_WINDOW_TOKENS = 1_000_000
STYLES = {Tier.COMPLETE: screen.QUIET, Tier.COMPREHENSIVE: "", Tier.STANDARD: screen.FOLDED, Tier.ESSENTIAL: "green"}


class Seen(NamedTuple):
    """A session at one moment. `requests` and `loads` are by time, of all its agents."""

    session: Session
    requests: Sequence[Request]
    loads: Sequence[Load]
    summary: monitor.Summary


@click.command()
@click.option("--session", metavar="ID", help="Only this session; the first letters of its id are enough.")
@click.option("--once", is_flag=True, help="Print it once instead of following it; so it is into a pipe.")
@click.option(
    "--project", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Of this folder, not the current."
)
def command(session: str | None, once: bool, project: Path | None) -> None:
    """Follow the running session.

    Shows its context, what it spends, what is used of your budgets and of the limits that you set (alert_day_usd and
    alert_month_usd), what was saved and the last loads with their tiers, anew every second. It reads what the daemon
    has written; Ctrl-C ends it.
    """
    place = places.find(project, Path.cwd(), os.environ)
    book = prices.Book(place.settings.prices)
    out = screen.console()
    used, looked_at = limits(place.settings, book, time.time()), time.monotonic()

    def drawn(purse: Purse | None) -> RenderableType:
        seen = look(place.ledger, session, book)
        return frame(seen, time.time(), out.width, book, used, tightest(purse, seen))

    with budgeted(os.environ) as purse:
        if once or not sys.stdout.isatty():
            out.print(drawn(purse))
            return
        with Live(console=out, screen=True, auto_refresh=False) as live:
            while True:
                if time.monotonic() >= looked_at + LIMITS_EVERY_S:
                    used, looked_at = limits(place.settings, book, time.time()), time.monotonic()
                live.update(drawn(purse), refresh=True)
                time.sleep(EVERY_S)


@contextmanager
def budgeted(environment: Mapping[str, str]) -> Iterator[Purse | None]:
    """What knows the user's budgets; None without any."""
    if not paths.budgets_flag(environment).exists():
        yield None
        return
    with standing.opened(environment) as purse:
        yield purse


def tightest(purse: Purse | None, seen: Seen | str) -> list[Account]:
    """The accounts of budgets that the session counts in, those with the greatest share used first."""
    if purse is None or isinstance(seen, str):
        return []
    session = seen.session
    who = Who(session.session, "", MAIN, session.project, "", None, 0)
    try:
        purse.step()
        own = [account for account in purse.accounts(None) if account.key.startswith(f"{session.session}/")]
        found = {(each.budget.id, each.key): each for each in (*purse.accounts(who), *own)}
    except StoreError:  # it is drawn again in a moment
        return []
    return sorted(found.values(), key=lambda account: -account.share)[:BUDGETS]


def limits(chosen: Settings, book: prices.Book, now: float) -> str:
    """What this day and month cost of what the user has set for them, over all projects; "" where nothing is set."""
    today = datetime.fromtimestamp(now).astimezone().date()
    set_usd = (("today", today, chosen.alert_day_usd), ("this month", today.replace(day=1), chosen.alert_month_usd))
    asked = [(name, midnight(first, None), usd) for name, first, usd in set_usd if usd > 0]
    path = paths.usage_path(os.environ)
    if not asked or not path.is_file():
        return ""
    try:
        with UsageStore.open(path, readonly=True) as store:
            billed = accounts.billed(store, Scope(since=min(since for _, since, _ in asked)))
    except StoreError as exc:
        return f"not known: {screen.safe(str(exc))}"
    costs = [(request.at, book.usd(request) or 0.0) for request in billed]
    parts = []
    for name, since, usd in asked:
        cost = sum(cost for at, cost in costs if at >= since)
        parts.append(f"{name} {plain.dollars(cost)} of {plain.dollars(usd)} ({cost / usd:.0%})")
    return f"{', '.join(parts)}, all projects"


def look(ledger: Path, wanted: str | None, book: prices.Book) -> Seen | str:
    """The session that was active last (or the one wanted), or a sentence why there is none."""
    if not ledger.is_file():
        return "Nothing is recorded in this folder yet: start the client here, with the plugin."
    try:
        with Store.open(ledger, readonly=True) as store:
            found = newest(store, wanted)
            if found is None:
                return f"No session {wanted!r} is recorded here." if wanted else "No session is recorded here yet."
            name = found.session
            loads, requests = store.loads(name, with_folds=False), store.requests(name)
            summary = monitor.summarise(
                loads,
                store.recoveries(name),
                requests,
                book.relative,
                store.factor_of,
                time.time(),
                additions=store.additions(name),
                usd_of=book.usd,
                input_usd_of=book.input_usd,
            )
    except StoreError as exc:
        return str(exc)
    return Seen(found, requests, loads, summary)


def newest(store: Store, wanted: str | None) -> Session | None:
    sessions = [one for one in store.sessions() if wanted is None or one.session.startswith(wanted)]
    last = store.last_active()
    return max(sessions, key=lambda one: last.get(one.session, one.at), default=None)


def frame(
    seen: Seen | str, now: float, width: int, book: prices.Book, told: str = "", tight: Sequence[Account] = ()
) -> RenderableType:
    """What is drawn: a few figures, then the last loads. `told` is what `limits` says, `tight` are of budgets."""
    if isinstance(seen, str):
        return Text(seen)
    session, requests, summary = seen.session, seen.requests, seen.summary
    used = monitor.newest_prompt(requests)
    window = WINDOW_TOKENS if used <= WINDOW_TOKENS else LARGE_WINDOW_TOKENS
    last = max([request.at for request in requests] + [load.at for load in seen.loads], default=session.at)
    agents = len({request.agent for request in requests if request.agent})
    who = screen.counted(len(requests), "request") + (f", {screen.counted(agents, 'subagent')}" if agents else "")
    rows: list[tuple[str, RenderableType]] = [
        ("context", Text.assemble(f"{screen.number(used)} tokens  ", screen.bar(used, window, max(10, width - 40)))),
        ("spent", spent(seen, now, book)),
        *([("limits", Text(told))] if told else []),
        *((f"budget {account.budget.id}", budget_line(account, session, width)) for account in tight),
        ("saved", Text(plain.price_effect(summary) if summary.total.loads else "nothing yet")),
        ("requests", Text(f"{who}, the last {screen.duration(now - last)} ago")),
    ]
    title = Text.assemble(
        (f"Session {session.session[: report.SESSION_LETTERS]}", screen.HEADING),
        (f"  {session.model or 'no model yet'}", screen.QUIET),
    )
    return Group(title, screen.pairs(rows), Text(), loads_table(seen.loads, Path(session.project), now, width))


def budget_line(account: Account, session: Session, width: int) -> Text:
    """How much of a budget is used, as a bar and in words."""
    budget = account.budget
    words = say(budget, Place(os.path.realpath(session.project), session.session, "", "", ""))
    figures = f"{amount(budget.measure, account.used)} of {words}"
    text = Text.assemble(screen.bar(account.used, budget.limit, BAR), f"  {plain.printable(figures)}")
    text.truncate(max(BAR + 20, width - 14), overflow="ellipsis")  # its end tells less than its beginning
    return text


def spent(seen: Seen, now: float, book: prices.Book) -> Text:
    """What the session cost so far, and at which rate of late."""
    recent = [book.usd(request) or 0.0 for request in seen.requests if request.at >= now - RECENT_S]
    total = seen.summary.spent_usd
    if total is None:
        return Text("no price is known for its model" if seen.requests else "nothing yet")
    hourly = sum(recent) * screen.HOUR_S / RECENT_S
    rate = f"  {plain.dollars(hourly)} an hour, by the last {RECENT_S / screen.MINUTE_S:.0f} minutes" if recent else ""
    return Text.assemble((plain.dollars(total), screen.HEADING), rate)


def loads_table(loads: Sequence[Load], project: Path, now: float, width: int) -> Table:
    """The last loads, the newest first."""
    names = max(8, width - 49)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=screen.HEADING)
    for name, columns in (("ago", 7), ("tool", 6)):
        table.add_column(name, no_wrap=True, width=columns)
    table.add_column("load", no_wrap=True, width=names)
    for name, columns in (("tokens", 6), ("shown", 6)):
        table.add_column(name, justify="right", no_wrap=True, width=columns)
    table.add_column("tier", no_wrap=True, width=13)
    for load in loads[: -LOADS - 1 : -1]:
        path = load.path.removeprefix(f"{project}{os.sep}")
        table.add_row(
            screen.duration(now - load.at),
            plain.fitted(load.tool, 6),
            plain.fitted(path, names),
            plain.short(load.raw_tokens),
            plain.short(load.shown_tokens),
            Text(load.tier.value, style=STYLES[load.tier]),
        )
    return table
