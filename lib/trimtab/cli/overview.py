"""What a report says beyond savings: where the tokens went, what could be saved, what the month will come to.

It is of the usage book: all sessions of a project (or of all), with or without Trimtab. To take contexts apart takes
long for long histories, so without another time it is of the last DAYS days.
"""

import os
import random
import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from trimtab.cli import alerts, screen
from trimtab.cli import book as books
from trimtab.cli.spend import differences
from trimtab.monitor import bill, grouping, parts_report, periods, spend_report, waste
from trimtab.monitor.bill import Compared
from trimtab.monitor.forecast import MOST_DAYS, Forecast, Use, forecasts, sentence
from trimtab.monitor.grouping import Grouped
from trimtab.monitor.periods import Period
from trimtab.monitor.report import WIDTH, dollars, fitted, short
from trimtab.monitor.waste import Finding
from trimtab.prices import Book
from trimtab.records import Request
from trimtab.usage import account as accounts
from trimtab.usage.account import Scope

DAYS = 7
ROWS, FINDINGS, ALERTS = 8, 4, 5  # shown
INDENT = 17  # columns of a finding's text
SEED = 2026  # of the forecast's resampling, so that two reports of one moment say the same


class Overview(NamedTuple):
    """`period` is what `parts` and `waste` are of; forecasts are of all that is recorded of the scope."""

    period: Period
    parts: Grouped
    waste: tuple[Finding, ...]
    forecasts: tuple[Forecast, ...]
    compared: tuple[Compared, ...]
    unpriced: tuple[str, str] = ("", "")  # what the costs of the parts, and of the forecasts, leave out
    around: tuple[str, ...] = ()  # the nearest projects, where nothing is known of the one asked for


def look(project: str | None, asked: Period, prices: Book, now: float, folded: waste.Folded | None = None) -> Overview:
    """What the usage book says of a project, or of all. Raises StoreError."""
    period = asked if asked.since is not None or asked.until is not None else periods.period(f"{DAYS}d", now)
    with books.opened() as store:
        scope = Scope(project, None, period.since, period.until)
        requests, ledger = accounts.contexts(store, accounts.active(store, scope), prices, scope)
        recent = accounts.billed(store, Scope(project, None, now - (MOST_DAYS + 2) * screen.DAY_S, now))
        totals = store.session_totals()
        around = accounts.nearest(store, project) if project is not None else []
    of_the_time = [request for request in requests if scope.holds(request.at)]
    given = waste.Given(ledger, accounts.listed(requests), prices.relative, prices.usd, scope.holds)
    return Overview(
        period,
        grouping.grouped(ledger.parts, grouping.BY["part"], scope.holds),
        waste.findings(given, folded),
        tuple(forecasts(uses(recent, prices), now, None, random.Random(SEED))) if recent else (),
        bill.compare(requests, totals, prices.usd),
        (
            spend_report.unpriced(of_the_time, prices.usd),
            spend_report.unpriced(recent, prices.usd),
        ),
        tuple(around),
    )


def uses(requests: Iterable[Request], prices: Book) -> list[Use]:
    """What each priced request cost, at its time."""
    return [Use(request.at, cost) for request in requests if (cost := prices.usd(request)) is not None]


def draw(out: Console, found: Overview) -> None:
    """Three short sections; what is empty is left out."""
    if found.parts.rows:
        title, *lines = parts_report.table(found.parts, "part", ROWS, out.width)
        out.print(Text.assemble(("Where the tokens went", screen.HEADING), f"  {found.period.name}, all sessions"))
        out.print(Text("\n".join([title, *lines])))
        if found.unpriced[0]:
            out.print(Text(found.unpriced[0], style=screen.QUIET))
        out.print()
    if found.waste:
        out.print(Text.assemble(("What could be saved", screen.HEADING), f"  {found.period.name}"))
        for finding in found.waste[:FINDINGS]:
            out.print(Text("\n".join(advice(finding, min(WIDTH, out.width)))))
        out.print()
    if found.forecasts:
        out.print(Text("What it will come to", style=screen.HEADING))
        for told in found.forecasts:
            out.print(Text(sentence(told, dollars)))
        if found.unpriced[1]:
            out.print(Text(found.unpriced[1], style=screen.QUIET))
        out.print()
    for text in spend_report.nearest(found.around):
        out.print(Text(text, style=screen.QUIET))
    for text in differences(found.compared):
        out.print(Text(text, style=screen.QUIET))


def draw_alerts(out: Console, ledger: Path, faults: Sequence[str]) -> None:
    """The alerts that stand, of the project and the user, the newest first; then what could not be read."""
    found, unread = alerts.gather(ledger, os.environ)
    for text in (*unread, *faults):
        out.print(Text(text, style=screen.WARNING))
    standing = [one for one in found if one.row.state == "stands"]
    if not standing:
        return
    out.print(Text.assemble(("Alerts", screen.HEADING), "  trimtab alerts --ack ID marks one as seen"))
    for one in standing[:ALERTS]:
        text = f"{one.name:>4}  {one.row.level}: {screen.safe(one.row.message)}"
        out.print(Text("\n".join(textwrap.wrap(text, min(WIDTH, out.width), subsequent_indent=" " * 6))))
    if len(standing) > ALERTS:
        out.print(Text(f"      and {len(standing) - ALERTS} more", style=screen.QUIET))
    out.print()


def advice(finding: Finding, columns: int = WIDTH) -> list[str]:
    """A finding's number, its dearest case (what, when, in which session), and the one thing to do."""
    cost = "no price" if finding.usd is None else dollars(finding.usd)
    head = f"{cost:>8} {finding.share:>6.1%}  {finding.title}, {finding.times:,}\u00a0x"
    indent, width = " " * INDENT, columns - INDENT
    when = f"{datetime.fromtimestamp(finding.at).astimezone():%Y-%m-%d %H:%M}"
    most = f"{short(finding.most_units)} input tokens" if finding.most_usd is None else dollars(finding.most_usd)
    subject = finding.subject.removeprefix(f"{finding.project}{os.sep}")
    return [
        *textwrap.wrap(head, columns, subsequent_indent=indent),
        *([f"{indent}{fitted(finding.project, width)}"] if finding.project else []),
        *textwrap.wrap(
            f"Most: {most}, session {fitted(finding.session[:8], 8)}, {when}",
            columns,
            initial_indent=indent,
            subsequent_indent=indent,
        ),
        *([f"{indent}{fitted(subject, width)}"] if subject else []),
        *textwrap.wrap(finding.advice, columns, initial_indent=indent, subsequent_indent=indent),
    ]


def as_object(found: Overview) -> dict[str, object]:
    """The part of `--json` that this is."""
    return {
        "since": found.period.since,
        "until": found.period.until,
        "parts": [row._asdict() for row in found.parts.rows],
        "waste": [finding._asdict() for finding in found.waste],
        "forecasts": [{**told._asdict(), "until": told.until.isoformat()} for told in found.forecasts],
        "compared": [{**one._asdict(), "agrees": one.agrees} for one in found.compared],
        "no_price": {"parts": found.unpriced[0], "forecasts": found.unpriced[1]},
    }
