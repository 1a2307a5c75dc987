"""`trimtab report --by ...`: what sessions used and cost, by day, project, session, model or agent, and where it went.

By tool, file, kind, command or part it is the contexts that are taken apart: see `monitor.context`.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from trimtab.cli import book as books
from trimtab.cli import screen
from trimtab.monitor import bill, grouping, parts_report, spend, spend_report
from trimtab.monitor.bill import Compared
from trimtab.monitor.periods import Period
from trimtab.monitor.report import dollars
from trimtab.monitor.spend import Spent
from trimtab.prices import Book
from trimtab.records import Request
from trimtab.usage import account as accounts
from trimtab.usage.account import Scope

FORMAT = 1
PARTS = ("tool", "file", "kind", "command", "part")
BY = (*spend.BY, *PARTS)
SHOWN_DIFFERENCES = 5


class Asked(NamedTuple):
    """What a report by something is of; `project` None is all of them, `form` "" (a table), "json" or "csv"."""

    by: str
    project: str | None
    session: str | None
    period: Period
    form: str


def show(asked: Asked, prices: Book, now: float) -> None:
    """Print the report. Raises TrimtabError, StoreError."""
    with books.opened() as store:
        session = None if asked.session is None else accounts.session_of(store, asked.session)
        scope = Scope(None if session else asked.project, session, asked.period.since, asked.period.until)
        if asked.by in PARTS:
            _, ledger = accounts.contexts(store, accounts.active(store, scope), prices)
            show_parts(asked, grouping.rows(ledger.parts, grouping.BY[asked.by]))
            return
        account = accounts.account(store, scope, now)
        totals = store.session_totals()
        whole = accounts.billed(store, Scope(scope.project, session)) if totals else []  # a total is of a whole session
    rows = spend.spend(account.requests, asked.by, prices.usd)
    compared = bill.compare(whole, totals, prices.usd)
    total = spend.add("all", account.requests, prices.usd)
    if asked.form == "csv":
        print(spend_report.as_csv(rows, asked.by), end="")
    elif asked.form == "json":
        print(json.dumps(document(asked, rows, total, compared), indent=2))
    else:
        before = spend.add("before", account.before, prices.usd) if account.before else None
        draw(asked, rows, total, before, notes(account.requests, total, compared, prices))


def show_parts(asked: Asked, rows: Sequence[grouping.Row]) -> None:
    """Where the tokens of contexts went."""
    if asked.form == "csv":
        print(parts_report.as_csv(rows, asked.by), end="")
    elif asked.form == "json":
        found = [row._asdict() for row in rows]
        print(json.dumps({**head(asked), "rows": found}, indent=2))
    elif not rows:
        print(nothing(asked))
    else:
        out = screen.console()
        title, *lines = parts_report.table(rows, asked.by)
        out.print(Text(heading(asked), style=screen.QUIET))
        out.print(Text(title, style=screen.HEADING))
        out.print(Text("\n".join(lines)))
        out.print(Text(parts_report.METHOD, style=screen.QUIET))


def draw(asked: Asked, rows: Sequence[Spent], total: Spent, before: Spent | None, remarks: Sequence[str]) -> None:
    """The table, how it compares with the time before, and what to know of it."""
    if not rows:
        print(nothing(asked))
        return
    out = screen.console()
    title, *lines = spend_report.table(rows, total, asked.by)
    out.print(Text(heading(asked), style=screen.QUIET))
    out.print(Text(title, style=screen.HEADING))
    out.print(Text("\n".join(lines)))
    trend = spend_report.trend(total, before, asked.period.name)
    for text in [*([trend] if trend else []), *remarks]:
        out.print(Text(text, style=screen.QUIET))


def heading(asked: Asked) -> str:
    """What the report is of."""
    whose = f"session {asked.session}" if asked.session else asked.project or "all projects"
    return f"{screen.safe(whose)}, {asked.period.name}; tokens as billed, every response once"


def nothing(asked: Asked) -> str:
    return f"No usage is recorded for {heading(asked).partition(';')[0]}."


def notes(requests: Sequence[Request], total: Spent, compared: Sequence[Compared], prices: Book) -> list[str]:
    """What the cost leaves out, and where it does not agree with the client's own total."""
    models = sorted({request.model for request in requests if prices.usd(request) is None})
    unpriced = spend_report.unpriced(total, models)
    return [*([unpriced] if unpriced else []), *differences(compared)]


def differences(compared: Sequence[Compared]) -> list[str]:
    """A sentence for each session whose cost is more than 1 % off the client's own figure, the largest first."""
    off = [one for one in compared if not one.agrees]
    text = [
        f"Session {screen.safe(one.session)[:20]}: {dollars(one.ours)} by our count,"
        f" {dollars(one.clients)} by the client's ({one.difference:+.0%})."
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
