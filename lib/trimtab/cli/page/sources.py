"""Where a page's history comes from: the projects' ledgers, and the user's usage book where there is one."""

import os
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple

from trimtab import paths, prices, tokens
from trimtab.budget.terms import MICRO, Account, Measure
from trimtab.budget.words import say
from trimtab.cli import book as books
from trimtab.cli import screen, standing
from trimtab.cli.page import filling
from trimtab.cli.page.document import build
from trimtab.cli.page.history import DAY_S, History, Pricing, wall_clock
from trimtab.cli.page.records import Budget, FullPrice, Limits, Part
from trimtab.cli.page.render import write
from trimtab.handlers import budget_report
from trimtab.handlers.budget_outlook import which
from trimtab.monitor.forecast import Forecast
from trimtab.monitor.parts import RESULT
from trimtab.monitor.periods import Period
from trimtab.records import Alert, Factor
from trimtab.store import Store
from trimtab.usage import account as accounts
from trimtab.usage import audits
from trimtab.usage.account import Scope

LEDGER_ONLY = "No transcript of these sessions was found, so requests are only those that Trimtab's hooks have seen."


class Asked(NamedTuple):
    """What a page is asked to be of, in words and as limits; None does not narrow."""

    scope: str
    project: Path | None
    session: str | None
    period: Period


def make(
    file: Path,
    history: History,
    factors: Mapping[tuple[str, str], Factor],
    ledgers: Sequence[Path],
    asked: Asked,
    now: float,
    book: prices.Book = prices.LISTED,
) -> str:
    """Writes the page of `history`, completed by ledgers and usage book, to `file`; what to tell the user of it.

    Raises TrimtabError, StoreError.
    """
    history, notes = with_usage(with_ledgers(history, ledgers), asked, book)
    found, outlook = standing.current()
    budgets = [budget_of(account, outlook.periods.get(which(account)), None) for account in found]
    history = history._replace(budgets=budgets)
    data = build(
        history,
        Pricing(book.relative, book.usd, book.input_usd),
        lambda model, tool: factor_of(factors, model, tool),
        now,
        since=asked.period.since or 0.0,
        scope=asked.scope,
        notes=notes,
    )
    size = write(file, data)
    requests = screen.counted(sum(row.requests for row in data.spend), "request")
    sessions = screen.counted(len({row.session for row in data.spend}), "session")
    return f"Wrote {file} ({screen.size(size)}): {requests} of {sessions}. Open it in a browser."


def with_audits(history: History, ledgers: Sequence[Path]) -> History:
    """The history with the newest audit that is kept beside each ledger, be it there or not. Never raises."""
    return history._replace(audits=[found for ledger in ledgers if (found := audits.kept(ledger.parent)) is not None])


def factor_of(factors: Mapping[tuple[str, str], Factor], model: str, tool: str) -> Factor:
    """The ledgers' factor where they have learned one, else the initial one."""
    known = factors.get((model, tool)) or factors.get((model, ""))
    initial = tokens.FACTORS[tokens.family(model)]
    return known or Factor(initial.get(tool, initial[""]), False)


def with_ledgers(history: History, ledgers: Sequence[Path]) -> History:
    """The history with its sessions' projects and the projects' alerts. Raises StoreError."""
    projects: dict[str, str] = {}
    alerts: list[tuple[str, Alert]] = []
    for ledger in ledgers:
        with Store.open(ledger, readonly=True) as store:
            sessions = store.sessions()
            projects.update({session.session: session.project for session in sessions})
            own = sessions[-1].project if sessions else ""
            alerts += [(own, alert) for alert in store.alerts()]
    ours = paths.user_folder(os.environ) / paths.USER_LEDGER
    if ours.is_file():  # what is of no single project
        with Store.open(ours, readonly=True) as store:
            alerts += [("", alert) for alert in store.alerts()]
    return history._replace(projects=projects, alerts=alerts)


def budget_of(account: Account, told: Forecast | None, zone: tzinfo | None) -> Budget:
    """An account for the page; of a budget that has one for each session, prompt or run, with which one it is.

    `told` is its forecast, which is shown by its middle.
    """
    budget = account.budget
    is_money = budget.measure is Measure.USD
    scale = MICRO if is_money else 1
    wall, began_at = wall_clock(zone), account.began_at if account.began_at > 0 else budget.made_at
    last = None if account.ends_at is None else int((wall(account.ends_at) - 1) // DAY_S)
    name = f"{say(budget)}{budget_report.which(account)}"
    limit, used = budget.limit / scale, account.used / scale
    unit = "USD" if is_money else "tokens"
    likely = None if told is None or told.middle is None else told.middle / scale
    return Budget(name, budget.scope.project, unit, limit, used, int(wall(began_at) // DAY_S), last, likely)


def with_usage(history: History, asked: Asked, book: prices.Book) -> tuple[History, list[str]]:
    """The history with the usage book's requests, and what the newest sessions' contexts were made of.

    Where the book can't be read a note says so. Raises StoreError for one that is damaged.
    """
    project = None if asked.project is None or asked.session else str(asked.project)
    with books.opened() as store:
        requests = accounts.billed(store, Scope(project, asked.session, None, asked.period.until))
        if not requests:
            return history, [LEDGER_ONLY] if history.requests else []
        arrivals = [a for a in store.arrivals(asked.session, project, None, asked.period.until) if a.what != "answer"]
        scope = Scope(project, asked.session, asked.period.since, asked.period.until)
        newest = accounts.active(store, scope)[-Limits().sessions :]
        _, ledger = accounts.contexts(
            store, newest, book, Scope(until=scope.until), filling.named(history.loads, history.recoveries)
        )
    parts = [Part(m.session, m.agent, m.message_id, kind, tokens) for m in ledger.moments for kind, tokens in m.tokens]
    full = {
        (part.session, part.agent, part.id): FullPrice(part.tokens, part.carried, part.usd)
        for part in ledger.parts
        if part.what == RESULT
    }
    return history._replace(requests=requests, arrivals=arrivals, parts=parts, full_prices=full), []
