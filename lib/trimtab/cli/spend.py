"""`trimtab report --by ...`: what sessions used and cost, by day, project, agent and the like, and where it went.

By tool, file, kind, command or part it is the contexts that are taken apart: see `monitor.context`.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from trimtab import groups
from trimtab.cli import book as books
from trimtab.cli import screen
from trimtab.monitor import bill, grouping, parts_report, spend, spend_report
from trimtab.monitor.bill import Compared
from trimtab.monitor.grouping import Grouped
from trimtab.monitor.periods import Period
from trimtab.monitor.report import as_csv, dollars
from trimtab.monitor.spend import Spent
from trimtab.prices import Book
from trimtab.usage import account as accounts
from trimtab.usage.account import PARTS, Scope

FORMAT = 1
SHOWN_DIFFERENCES = 5


class Asked(NamedTuple):
    """What a report by something is of; `project` None is all of them, `form` "" (a table), "json" or "csv"."""

    by: str
    project: str | None
    session: str | None
    period: Period
    form: str


def show(asked: Asked, prices: Book, now: float, own: groups.Members = ()) -> None:
    """Print the report; `own` are the user's groups of agents. Raises TrimtabError, StoreError."""
    with books.opened() as store:
        session = None if asked.session is None else accounts.session_of(store, asked.session)
        scope = Scope(None if session else asked.project, session, asked.period.since, asked.period.until)
        around = accounts.nearest(store, scope.project) if scope.project else []
        if asked.by in PARTS:
            requests, ledger = accounts.contexts(store, accounts.active(store, scope), prices, scope)
            parts = grouping.grouped(ledger.parts, grouping.BY[asked.by], scope.holds)
            why = parts_report.nothing(asked.by, title_of(asked)) if requests else nothing(asked, around)
            no_price = spend_report.unpriced([one for one in requests if scope.holds(one.at)], prices.usd)
            show_parts(asked, parts, no_price, why)
            return
        account = accounts.account(store, scope, now)
        meant = {request.session for request in account.requests}
        totals = [total for total in store.session_totals() if total.session in meant]
        whole = accounts.billed(store, Scope(scope.project, session)) if totals else []  # a total is of a whole session
    rows = spend.spend(account.requests, asked.by, prices.usd, own=own)
    compared = bill.compare(whole, totals, prices.usd)
    total = spend.add("all", account.requests, prices.usd)
    no_price = spend_report.unpriced(account.requests, prices.usd)
    if asked.form == "csv":
        print(as_csv([asked.by, *spend_report.FIELDS[1:]], rows), end="")
    elif asked.form == "json":
        print(json.dumps({**document(asked, rows, total, compared), "no_price": no_price}, indent=2))
    elif not rows:
        screen.console().print(Text(nothing(asked, around)))
    else:
        before = spend.add("before", account.before, prices.usd) if account.before else None
        draw(asked, rows, total, before, [*([no_price] if no_price else []), *differences(compared)])


def show_parts(asked: Asked, found: Grouped, no_price: str, why: str) -> None:
    """Where the tokens of contexts went, and what the cost leaves out; without rows why there are none."""
    if asked.form == "csv":
        print(as_csv([asked.by, *grouping.Row._fields[1:]], (*found.rows, *found.rest)), end="")
    elif asked.form == "json":
        rows, rest = ([row._asdict() for row in each] for each in (found.rows, found.rest))
        told = {"rows": rows, "rest": rest, "total": found.total._asdict(), "no_price": no_price}
        print(json.dumps({**head(asked), **told}, indent=2))
    elif not found.rows:
        screen.console().print(Text(why))
    else:
        out = screen.console()
        title, *lines = parts_report.table(parts_report.within(found, asked.project), asked.by, width=out.width)
        out.print(Text(heading(asked), style=screen.QUIET))
        out.print(Text(title, style=screen.HEADING))
        out.print(Text("\n".join(lines)))
        for text in (no_price, parts_report.METHOD):
            if text:
                out.print(Text(text, style=screen.QUIET))


def draw(asked: Asked, rows: Sequence[Spent], total: Spent, before: Spent | None, remarks: Sequence[str]) -> None:
    """The table, how it compares with the time before, and what to know of it."""
    out = screen.console()
    title, *lines = spend_report.table(rows, total, asked.by, width=out.width)
    out.print(Text(heading(asked), style=screen.QUIET))
    out.print(Text(title, style=screen.HEADING))
    out.print(Text("\n".join(lines)))
    trend = spend_report.trend(total, before, asked.period.name)
    for text in [*([trend] if trend else []), *remarks]:
        out.print(Text(text, style=screen.QUIET))


def heading(asked: Asked) -> str:
    """What the report is of, and how it counts."""
    return f"{title_of(asked)}; tokens as billed, every response once"


def title_of(asked: Asked) -> str:
    """What the report is of."""
    whose = f"session {asked.session}" if asked.session else asked.project or "all projects"
    return f"{screen.safe(whose)}, {asked.period.name}"


def nothing(asked: Asked, around: Sequence[str]) -> str:
    """That nothing is recorded, and which projects near to the one that was asked for are."""
    return " ".join([f"No usage is recorded for {title_of(asked)}.", *spend_report.nearest(around)])


def differences(compared: Sequence[Compared]) -> list[str]:
    """A sentence for each session whose cost is more than 1 % off the client's own figure, the largest first."""
    off = [one for one in compared if not one.agrees]
    text = [
        f"Session {screen.safe(one.session)[:20]}: {dollars(one.ours)} by our count,"
        f" {dollars(one.clients)} by the client's" + (f" ({one.difference:+.0%})." if one.clients else ".")
        for one in off[:SHOWN_DIFFERENCES]
    ]
    return text + ([f"and {len(off) - SHOWN_DIFFERENCES:,} more sessions"] if len(off) > SHOWN_DIFFERENCES else [])


def head(asked: Asked) -> dict[str, object]:
    return {
        "format": FORMAT,
        "by": asked.by,
        "project": asked.project,
        "session": asked.session,
        "since": asked.period.since,
        "until": asked.period.until,
    }


def document(asked: Asked, rows: Sequence[Spent], total: Spent, compared: Sequence[Compared]) -> dict[str, object]:
    """The object that `--json` prints."""
    return {
        **head(asked),
        "rows": [row._asdict() for row in rows],
        "total": total._asdict(),
        "compared": [{**one._asdict(), "agrees": one.agrees} for one in compared],
    }
