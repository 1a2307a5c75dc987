"""`trimtab report`: what was loaded, what the views saved net, and what the requests cost.

`gather` reads ledgers, `draw` writes a summary to a terminal, `as_document` is the shape of `--json`, which
docs/commands.md describes; its `format` goes up when a field changes its meaning or leaves.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trimtab import monitor, paths, prices
from trimtab.cli import agents, experiment, mail, overview, page, screen, spend
from trimtab.cli import book as books
from trimtab.cli import place as places
from trimtab.cli.page.sources import factor_of
from trimtab.errors import StoreError, TrimtabError
from trimtab.monitor import pairs, pairs_report, periods
from trimtab.monitor import report as plain
from trimtab.monitor.periods import Period
from trimtab.records import Addition, Factor, Load, Recovery, Request
from trimtab.settings import Settings
from trimtab.store import Store
from trimtab.usage import account as accounts
from trimtab.usage.account import Scope

FORMAT = 1
FILES, KINDS, SESSIONS, MODELS = 8, 6, 5, 6  # rows of each table; chosen: the report fits a tall terminal
SESSION_LETTERS = 20
FIGURES = (("loads", 6), ("loaded", 8), ("shown", 8), ("fetched", 8), ("net saved", 9))  # with their columns
MOST_HOURS = 1_000_000  # chosen: a century; more is no time that a clock can show
WIDE, BARS = 110, 20  # columns from which a table has bars, and theirs
ROOM, LEAST_NAME = 2, 10  # columns between those of a table, and of a name at least
BY = (*accounts.BY, pairs.BY)
MODEL, CLASS = 22, 7  # columns of a model's name, and of the tokens of a class


@click.command()
@click.option("--by", type=click.Choice(BY), metavar="WHAT", help=f"What was used and cost by {', '.join(BY)}.")
@click.option("--since", metavar="TIME", help=f"From when on: {periods.EXAMPLES}.")
@click.option("--until", metavar="TIME", help=f"To when: {periods.ENDS}.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--csv", "wants_csv", is_flag=True, help="With --by: print all rows as comma-separated values.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write one page for a browser to FILE, complete in itself.",
)
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), help="Only the last so many hours.")
@click.option("--session", metavar="ID", help="Only this session; the first letters of its id are enough.")
@click.option("--all", "everywhere", is_flag=True, help="All projects that Trimtab has recorded, not only one.")
@click.option(
    "--project", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Of this folder, not the current."
)
def command(
    by: str | None,
    since: str | None,
    until: str | None,
    wants_json: bool,
    wants_csv: bool,
    html_file: Path | None,
    hours: float | None,
    session: str | None,
    everywhere: bool,
    project: Path | None,
) -> None:
    """Report what was loaded, saved and spent.

    Savings come from the project's ledger and are net: what was fetched later after all and what Trimtab added are
    subtracted, and only views that the client's transcript shows are counted. With --by it is the usage of all
    sessions, with or without Trimtab, as the client's transcripts tell it: every response once. By messages it is what
    agents wrote to each other, from the ledger again.
    """
    check({"--all": everywhere, "--project": project is not None})
    check({"--json": wants_json, "--csv": wants_csv, "--html": html_file is not None})
    check({"--hours": hours is not None, "--since or --until": since is not None or until is not None})
    if wants_csv and by is None:
        raise click.UsageError("--csv needs --by")
    if hours is not None and not hours <= MOST_HOURS:
        raise click.UsageError(f"--hours takes at most {MOST_HOURS:,}")
    now = time.time()
    period = asked_period(hours, since, until, now)
    place = places.find(project, Path.cwd(), os.environ)
    book = prices.Book(place.settings.prices)
    for complaint in dict.fromkeys(place.complaints):  # of a price that is left out, too: then the costs are others
        print(f"trimtab: {screen.safe(complaint)}", file=sys.stderr)
    if everywhere:
        ledgers = [folder / paths.LEDGER for folder in paths.known_projects(paths.user_folder(os.environ))]
        scope = screen.counted(len(ledgers), "project")
        root, is_guarded = None, True
    else:
        ledgers, scope, root = [place.ledger], str(place.project), place.project
        is_guarded = place.settings.recovery_guard
    there = [ledger for ledger in ledgers if ledger.is_file()]
    if by is not None:
        form = "json" if wants_json else "csv" if wants_csv else ""
        whose = str(root) if root else None
        show_by(spend.Asked(by, whose, session, period, form), there, book, now, place.settings)
        return
    if html_file is not None:
        found = gather(there, session, Period(None, period.until, ""))  # earlier loads tell what contexts held by then
        rows = page.History(found.requests, (), *found[1:3], found.additions, groups=place.settings.groups)
        history = page.with_audits(rows, ledgers)
        words = about("all projects" if everywhere else scope, found.session, period)
        asked = page.Asked(", ".join(words), root, found.session, period)
        print(page.make(html_file, history, found.factors, there, asked, now, book))
        return
    found = gather(there, session, period)
    summary = summarise(found, now, book)
    mailed = mail.sent(*found[1:], book)
    more, fault = (None, "") if session else look(None if everywhere else str(place.project), period, book, now)
    if wants_json:
        document = as_document(summary, mailed, ledgers, hours, found.session)
        print(json.dumps({**document, "usage": None if more is None else overview.as_object(more)}, indent=2))
        return
    out = screen.console()
    draw(out, summary, ", ".join(about(scope, found.session, period)), root)
    if told := pairs_report.told(mailed):
        out.print(Text(f"{told}\n"))
    if more is not None:
        overview.draw(out, more)
    overview.draw_alerts(out, place.ledger, [fault] if fault else [])
    for text in experiment.told(os.environ, filter(Path.is_file, ledgers if is_guarded else []), now):
        out.print(Text(text, style=screen.QUIET))


def show_by(asked: spend.Asked, ledgers: Sequence[Path], book: prices.Book, now: float, chosen: Settings) -> None:
    """The report by something: of the usage book, but messages between agents are in the ledgers alone."""
    if asked.by == pairs.BY:
        found = gather(ledgers, asked.session, asked.period)
        mail.show(asked._replace(session=found.session), mail.sent(*found[1:], book), chosen.groups)
        return
    spend.show(asked, book, now, chosen.groups)
    if asked.by == "agent" and not asked.form and asked.session is None and chosen.agent_models == "suggest":
        suggested = agents.estimated(chosen, Scope(asked.project, None, asked.period.since, asked.period.until))
        screen.console().print(Text(f"{agents.sentence(suggested)} `trimtab agents` has more."))


def look(project: str | None, period: Period, book: prices.Book, now: float) -> tuple[overview.Overview | None, str]:
    """What the usage book says, or why that can't be told: savings are of another file, and are told all the same."""
    try:
        return overview.look(project, period, book, now), ""
    except StoreError as exc:
        return None, f"What sessions used is left out: {exc}"


def check(exclusive: Mapping[str, bool]) -> None:
    """Raises click.UsageError where more than one of the options that exclude each other is given."""
    given = [name for name, is_given in exclusive.items() if is_given]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")


def asked_period(hours: float | None, since: str | None, until: str | None, now: float) -> Period:
    """The time that the options name. Raises PeriodError."""
    if hours is not None:
        return Period(now - hours * screen.HOUR_S, None, f"last {hours:g} h")
    return periods.between(since, until, now)


def about(scope: str, session: str | None, period: Period) -> list[str]:
    """What the report is of, in words."""
    is_all = period.since is None and period.until is None
    return [scope, *([f"session {session}"] if session else []), *([] if is_all else [period.name])]


class Found(NamedTuple):
    """What was asked for of one or several ledgers; `session` is the full id where one was asked for."""

    session: str | None
    loads: list[Load]
    recoveries: list[Recovery]
    requests: list[Request]
    additions: list[Addition]
    factors: dict[tuple[str, str], Factor]


def gather(ledgers: Sequence[Path], session: str | None, period: Period) -> Found:
    """Read the ledgers, or the usage book for a session that is in none of them.

    Raises TrimtabError for one that is in neither, StoreError for a bad ledger.
    """
    found = Found(None, [], [], [], [], {})
    since, until = period.since, period.until
    known: list[str] = []
    for ledger in ledgers:
        with Store.open(ledger, readonly=True) as store:
            wanted = None
            if session is not None:
                here = [row.session for row in store.sessions()]
                known += here
                matches = [name for name in here if name.startswith(session)]
                if not matches:
                    continue
                if len(matches) > 1 and session not in matches:
                    raise TrimtabError(
                        f"{session!r} begins {len(matches)} sessions: {', '.join(matches[:5])}; say more of it."
                    )
                wanted = session if session in matches else matches[0]
                found = found._replace(session=wanted)
            found.loads.extend(store.loads(wanted, since, until))
            found.recoveries.extend(store.recoveries(wanted, since, until))
            found.requests.extend(store.requests(wanted, since, until))
            found.additions.extend(store.additions(wanted, since, until))
            learn(found, store)
    return of_book(session, period, known) if session is not None and found.session is None else found


def of_book(session: str, period: Period, known: Sequence[str]) -> Found:
    """What the usage book has of a session that is in no ledger, which have those that are `known`.

    Raises TrimtabError where it has none either, StoreError.
    """
    with books.opened() as store:
        name = accounts.session_of(store, session, known)
        requests = accounts.billed(store, Scope(None, name, period.since, period.until))
    models = {"", *(request.model for request in requests)}
    return Found(name, [], [], requests, [], {(model, ""): factor_of({}, model, "") for model in models})


def learn(found: Found, store: Store) -> None:
    """The store's factors for the models and tools that were found; a learned one is kept over an initial one."""
    tools = {"", *(load.tool for load in found.loads), *(recovery.tool for recovery in found.recoveries)}
    for model in {"", *(request.model for request in found.requests)}:
        for tool in tools:
            known = found.factors.get((model, tool))
            if known is None or not known.learned:
                found.factors[model, tool] = store.factor_of(model, tool)


def summarise(found: Found, now: float, book: prices.Book = prices.LISTED) -> monitor.Summary:
    return monitor.summarise(
        found.loads,
        found.recoveries,
        found.requests,
        book.relative,
        lambda model, tool: found.factors[model, tool],
        now,
        additions=found.additions,
        usd_of=book.usd,
        input_usd_of=book.input_usd,
    )


def as_document(
    summary: monitor.Summary,
    mailed: Sequence[pairs.Sent],
    ledgers: Iterable[Path],
    hours: float | None,
    session: str | None,
) -> dict[str, object]:
    """The object that `--json` prints."""
    return {
        "format": FORMAT,
        "ledgers": [str(ledger) for ledger in ledgers],
        "hours": hours,
        "session": session,
        "summary": monitor.as_json(summary),
        "messages": pairs.as_object(pairs.pair_of("all", "all", mailed)),
    }


def draw(out: Console, summary: monitor.Summary, scope: str, root: Path | None) -> None:
    """The report for a terminal. `root` is the project, whose files are named from there."""
    if not summary.total.loads and not summary.usage:
        out.print(Text.assemble(("Trimtab report", screen.HEADING), f"  {scope}\n"))
        out.print(Text("\n".join(plain.NOTHING)))
        return
    out.print(Text.assemble(("Trimtab report", screen.HEADING), f"  {scope}"), overflow="fold")
    out.print(Text(plain.heading(summary)[0].removeprefix("Trimtab: "), style=screen.QUIET))
    out.print()
    if summary.total.loads:
        out.print(flow(summary, out.width))
        out.print()
        if summary.usage:
            out.print(Text(plain.price_effect(summary)))
            out.print()
        out.print(rows_table("Tier", [row for row in summary.by_tier if row.loads], len(summary.by_tier), out.width))
        kinds = summary.by_kind
        if len(kinds) > 1:
            out.print(rows_table("Kind", kinds, KINDS, out.width))
        out.print(rows_table("File", [named(row, root) for row in summary.by_path], FILES, out.width))
        if len(summary.by_session) > 1:
            out.print(rows_table("Session", [begun(row, out.width) for row in summary.by_session], SESSIONS, out.width))
    if summary.usage:
        out.print(usage_table(summary, out.width))
    for note in notes(summary):
        out.print(Text(note, style=screen.QUIET))


def named(row: monitor.Row, root: Path | None) -> monitor.Row:
    """The row with its path from the project's folder on, where it lies in there."""
    if root is None:
        return row
    return row._replace(name=row.name.removeprefix(f"{root}{os.sep}"))


def begun(row: monitor.Row, width: int) -> monitor.Row:
    """The row with the beginning of its session's id, which is what --session takes."""
    return row._replace(name=row.name[: SESSION_LETTERS if width >= plain.WIDTH else LEAST_NAME])


def flow(summary: monitor.Summary, width: int) -> Table:
    """From what was loaded to what was saved net, as bars of one scale."""
    total = summary.total
    raw = total.raw_tokens
    fetched = screen.counted(total.recoveries, "recovery", "recoveries")
    rows = [
        ("Loaded", raw, "tokens", screen.QUIET),
        ("Shown", total.shown_tokens, screen.percent(total.shown_tokens, raw), screen.FOLDED),
        ("Fetched later", total.recovered_tokens, fetched, screen.WARNING),
        ("Added by Trimtab", total.added_tokens, screen.percent(total.added_tokens, raw), screen.WARNING),
        ("Net saved", total.net_tokens, screen.percent(total.net_tokens, raw), screen.SAVED),
    ]  # fmt: skip
    table = Table.grid(padding=(0, 2))
    for name, tokens, remark, style in rows:
        last = name == "Net saved"
        table.add_row(
            Text(name, style=screen.HEADING if last else ""),
            Text(screen.number(tokens), style=screen.HEADING if last else "", justify="right"),
            screen.bar(tokens, raw, max(10, width - 55), style),
            Text(remark, style=screen.QUIET),
        )
    return table


def rows_table(title: str, rows: Sequence[monitor.Row], most: int, width: int) -> Table:
    """One row for each name: what it loaded and what that saved, in a wide terminal with a bar of the net saving."""
    bars = BARS if width >= WIDE else 0
    room = ROOM if width >= plain.WIDTH else 1
    names = max(LEAST_NAME, width - sum(columns + room for _, columns in FIGURES) - (bars + room if bars else 0))
    table = Table(box=None, padding=(0, room, 0, 0), pad_edge=False, header_style=screen.HEADING)
    table.add_column(title, no_wrap=True, width=names)
    for name, columns in FIGURES:
        table.add_column(name, justify="right", no_wrap=True, width=columns)
    if bars:
        table.add_column("", no_wrap=True, width=bars)
    largest = max((abs(row.net_tokens) for row in rows), default=0)
    for row in rows[:most]:
        figures = (row.loads, row.raw_tokens, row.shown_tokens, row.recovered_tokens)
        cells = [Text(plain.fitted(row.name, names)), *(Text(plain.short(figure)) for figure in figures)]
        cells.append(Text(plain.short(row.net_tokens), style=sign_style(row.net_tokens)))
        if bars:
            cells.append(screen.bar(row.net_tokens, largest, bars) if row.net_tokens > 0 else Text())
        table.add_row(*cells)
    if len(rows) > most:
        table.add_row(Text(f"and {len(rows) - most} more", style=screen.QUIET))
    table.add_row()
    return table


def sign_style(net_tokens: int) -> str:
    return screen.SAVED if net_tokens > 0 else screen.WARNING if net_tokens else ""


def usage_table(summary: monitor.Summary, width: int) -> Table:
    """What the requests used, by model and class, in the model's own tokens."""
    room = ROOM if width >= plain.WIDTH else 1
    columns = {"requests": 8, "input": CLASS, "write": CLASS, "read": CLASS, "output": CLASS, "cost": 8}
    names = min(MODEL, max(LEAST_NAME, width - sum(columns.values()) - room * len(columns)))
    table = Table(box=None, padding=(0, room, 0, 0), pad_edge=False, header_style=screen.HEADING)
    table.add_column("Usage as billed" if names > len("Usage as billed") else "Usage", no_wrap=True, max_width=names)
    for name, most in columns.items():
        table.add_column(name, justify="right", no_wrap=True, max_width=most)
    for row in summary.usage[:MODELS]:
        write = row.write_5m_tokens + row.write_1h_tokens
        figures = (row.requests, row.input_tokens, write, row.read_tokens, row.output_tokens)
        cost = "no price" if row.usd is None else plain.dollars(row.usd)
        table.add_row(plain.fitted(row.model or "unknown", names), *map(plain.short, figures), cost)
    if len(summary.usage) > MODELS:
        table.add_row(Text(f"and {len(summary.usage) - MODELS} more", style=screen.QUIET))
    table.add_row()
    return table


def notes(summary: monitor.Summary) -> list[str]:
    """How sure the figures are, a paragraph each."""
    text: list[str] = []
    for line in plain.notes(summary):
        if line.startswith("  ") and text:
            text[-1] += " " + line.strip()
        else:
            text.append(line)
    return text
