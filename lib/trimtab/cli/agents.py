"""`trimtab agents`: which model and effort the table of groups names for subagents, and what that would have saved."""

import json
import os
import sys
import time
from pathlib import Path

import click
from rich.text import Text

from trimtab import prices
from trimtab.cli import book as books
from trimtab.cli import place as places
from trimtab.cli import screen
from trimtab.monitor import agent_models, periods
from trimtab.monitor.agent_models import Estimate
from trimtab.monitor.report import dollars
from trimtab.settings import Settings
from trimtab.usage import account as accounts
from trimtab.usage.account import Scope

FORMAT = 1
STATES = {
    "off": 'off: agents run with what they would run with anyway; "on" in your config.toml changes that',
    "suggest": 'suggest: nothing is changed, `trimtab report --by agent` says what "on" would have saved',
    "on": "on: an agent gets these where nobody has chosen otherwise, and never a dearer one",
}
AS_IT_IS = "no change"
METHOD = (
    "An estimate: the same responses at the other model's prices, their tokens times what its tokenizer makes of the"
    " same text. More turns, worse work and what a lower effort writes less are not in it."
)


@click.command()
@click.option("--since", metavar="TIME", help=f"From when on: {periods.EXAMPLES}.")
@click.option("--until", metavar="TIME", help=f"To when: {periods.ENDS}.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--all", "everywhere", is_flag=True, help="The agents of all projects, not only of one.")
@click.option(
    "--project", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Of this folder, not the current."
)
def command(since: str | None, until: str | None, wants_json: bool, everywhere: bool, project: Path | None) -> None:
    """Show which models subagents get, and what that would have saved.

    The table of groups names a model and an effort for small and for large tasks. What past agents would have cost with
    them is estimated from the client's transcripts.
    """
    if everywhere and project is not None:
        raise click.UsageError("--all and --project exclude each other")
    now = time.time()
    period = periods.between(since, until, now)
    place = places.find(project, Path.cwd(), os.environ)
    for complaint in dict.fromkeys(place.complaints):
        print(f"trimtab: {screen.safe(complaint)}", file=sys.stderr)
    whose = None if everywhere else str(place.project)
    found = estimated(place.settings, Scope(whose, None, period.since, period.until))
    if wants_json:
        print(json.dumps(document(place.settings, found, whose), indent=2))
        return
    out = screen.console()
    out.print(Text(f"agent_models is {STATES[place.settings.agent_models]}."))
    out.print(Text("\n".join(["", *chosen(place.settings), ""])))
    title = f"{screen.safe(whose or 'all projects')}, {period.name}"
    out.print(Text("\n".join(told(found, title))))
    if found.rows:
        out.print(Text(METHOD, style=screen.QUIET))


def estimated(chosen: Settings, scope: Scope) -> Estimate:
    """What the scope's agents would have cost by the table in force. Raises StoreError."""
    book = prices.Book(chosen.prices)
    with books.opened() as store:
        requests = accounts.listed(accounts.billed(store, scope))
        sessions = sorted({request.session for request in requests if request.agent})
        arrivals = [arrival for session in sessions for arrival in store.arrivals(session)]
    runs = agent_models.runs(requests, arrivals)
    return agent_models.estimate(runs, chosen.group_table, chosen.groups, book.usd, prices.newest)


def chosen(settings: Settings) -> list[str]:
    """The table in force: by group what small and large tasks get."""
    rows = [("Group", "small task", "large task")]
    for number, group in sorted(settings.group_table.items()):
        rows.append((f"{number} {group.name}", group.small or AS_IT_IS, group.large or AS_IT_IS))
    return ["".join(f"{cell:<{width}}" for cell, width in zip(row, (24, 16, 16), strict=True)).rstrip() for row in rows]


def told(found: Estimate, title: str) -> list[str]:
    """What it would have saved, a line for each group and size, and what is left as it is."""
    lines = [f"{title}:"]
    if found.rows:
        lines.append(f"{'Group':<24}{'task':<7}{'runs as':<14}{'runs':>6}{'cost':>10}{'would be':>10}")
    lines += [
        f"{row.group:<24}{row.size:<7}{row.choice:<14}{row.runs:>6,}{dollars(row.usd):>10}{dollars(row.would_usd):>10}"
        for row in found.rows
    ]
    lines.append(sentence(found))
    if found.left:
        counts = ", ".join(f"{count:,} ({why})" for why, count in sorted(found.left.items()))
        lines.append(f"Left as they were: {counts}.")
    return lines


def sentence(found: Estimate) -> str:
    """The whole in one line."""
    if not found.rows:
        return "No past agent would have run with another model."
    runs, usd = sum(row.runs for row in found.rows), sum(row.usd for row in found.rows)
    return (
        f"By the table of models {screen.counted(runs, 'agent')} would have cost about {dollars(usd - found.saved_usd)}"
        f" instead of {dollars(usd)}: an estimate."
    )


def document(settings: Settings, found: Estimate, project: str | None) -> dict[str, object]:
    """The object that `--json` prints."""
    table = {number: {"small": group.small, "large": group.large} for number, group in settings.group_table.items()}
    return {
        "format": FORMAT,
        "agent_models": settings.agent_models,
        "project": project,
        "table": table,
        "rows": [row._asdict() for row in found.rows],
        "left": dict(found.left),
        "saved_usd": found.saved_usd,
    }
