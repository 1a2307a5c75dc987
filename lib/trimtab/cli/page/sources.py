"""Where a page's history comes from: the projects' ledgers, and the user's usage book where there is one."""

import importlib
import importlib.util
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from trimtab import paths, prices, tokens
from trimtab.cli import screen
from trimtab.cli.page.document import build
from trimtab.cli.page.history import History, Pricing
from trimtab.cli.page.render import write
from trimtab.records import Alert, Factor
from trimtab.store import Store

BOOK, BOOK_FILE = "trimtab.store.usage", "usage.db"  # by name: without it a page is of the ledgers alone
LEDGER_ONLY = (
    "There is no usage book, so requests are only those of sessions with Trimtab's hooks, and what a context was made"
    " of is not known."
)


class Asked(NamedTuple):
    """What a page is asked to be of, in words and as limits; None does not narrow."""

    scope: str
    project: Path | None
    session: str | None
    since: float | None


def make(
    file: Path,
    history: History,
    factors: Mapping[tuple[str, str], Factor],
    ledgers: Sequence[Path],
    asked: Asked,
    now: float,
) -> str:
    """Writes the page of `history`, completed by ledgers and usage book, to `file`; what to tell the user of it.

    Raises TrimtabError, StoreError.
    """
    history, notes = with_usage(with_ledgers(history, ledgers), os.environ, asked)
    data = build(
        history,
        Pricing(prices.relative, prices.usd, prices.input_usd),
        lambda model, tool: factor_of(factors, model, tool),
        now,
        since=asked.since or 0.0,
        scope=asked.scope,
        notes=notes,
    )
    size = write(file, data)
    requests = screen.counted(sum(row.requests for row in data.spend), "request")
    sessions = screen.counted(len({row.session for row in data.spend}), "session")
    return f"Wrote {file} ({screen.size(size)}): {requests} of {sessions}. Open it in a browser."


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
    return history._replace(projects=projects, alerts=alerts)


def with_usage(history: History, environment: Mapping[str, str], asked: Asked) -> tuple[History, list[str]]:
    """The history with the usage book's requests and arrivals, if it has any; and a note if it has none."""
    book = paths.user_folder(environment) / BOOK_FILE
    if importlib.util.find_spec(BOOK) is not None and book.is_file():
        with importlib.import_module(BOOK).UsageStore.open(book, readonly=True) as store:
            narrowed = {"session": asked.session, "project": None if asked.project is None else str(asked.project)}
            requests = store.requests(**narrowed)
            if requests:
                return history._replace(requests=requests, arrivals=store.arrivals(**narrowed)), []
    return history, [LEDGER_ONLY] if history.requests else []
