"""`trimtab budget`: sets budgets, shows where they stand, raises, pauses and removes them."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from rich.text import Text

from trimtab import paths, settings
from trimtab.budget.given import is_refusal
from trimtab.budget.phrases import EXAMPLES
from trimtab.budget.terms import Account, Budget
from trimtab.budget.words import quoted, say
from trimtab.cli import book as books
from trimtab.cli import place as places
from trimtab.cli import screen, standing
from trimtab.errors import StoreError, TrimtabError
from trimtab.handlers import budget_report, budgeting
from trimtab.handlers.budget_outlook import Outlook, which
from trimtab.handlers.budget_report import Line
from trimtab.handlers.budgeting import CLI, Counter
from trimtab.store.budgets import BudgetStore
from trimtab.usage import account as accounts_of_usage

FORMAT = 1
MODELS = "CLAUDECODE"  # the client sets it for every command that it runs, its model's among them
NAMED_AFTER = ("task", "project", "session", "type", "id", "agent")  # words that a name follows, maybe of several words
ORDER = {"ignore_unknown_options": True}  # so that -5 is an amount, which is refused with a reason


class Orders(click.Group):
    """What is no order begins a budget: `trimtab budget 400k` sets one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("--"):
            args = ["set", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=Orders, invoke_without_command=True, context_settings=ORDER)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Set budgets that stop spending, and see where they stand.

    A budget is said in words: '$20 a day', '400k per session', '60k for each Explore agent', '$300 a month for all my
    work'. Without an order it shows them; docs/budgets.md says all that can be said. In a shell a $ needs quotes.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, wants_json=False)


@command.command("set", context_settings=ORDER)
@click.argument("words", nargs=-1, required=True)
@click.option("--project", type=click.Path(path_type=Path), help="Of this folder, and of all that runs in it.")
@click.option("--global", "is_global", is_flag=True, help="Of all your work.")
@click.option("--task", help="Of the sessions that have joined this task.")
@click.option("--session", help="Of this session; the first letters of its id are enough.")
@click.option("--agent", help="Of agents of this type, such as Explore; 'main' is the main conversation.")
@click.option(
    "--mode", type=click.Choice(["stop", "warn"]), help="Whether it stops (if you say nothing) or only tells."
)
@click.option("--priority", help="What it counts beside others when money is shared out; 1 is usual.")
@click.option("--minimum", metavar="AMOUNT", help="So much is kept for it of the budgets that it is in.")
def set_(words: tuple[str, ...], **options: object) -> None:
    """Set a budget, or change the one that counts the same.

    An amount alone is for one session: this one where you say it in a session, else each. With a period it is for this
    project, unless you say of what it is.
    """
    text = " ".join([joined(words), *phrases(options)])
    order(lambda counter: budgeting.set_budget(counter, text))


@command.command("show")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object instead of bars.")
def show(wants_json: bool) -> None:
    """Show each budget, what is used of it and what it comes to.

    With how it is shared out among those inside of it.
    """
    with taken() as counter:
        budgets, now = counter.store.budgets(), counter.author.at
        try:
            (found, outlook), missing = standing.ahead(counter.store), ""
        except StoreError as exc:
            found, outlook, missing = [], budget_report.NOTHING, f"what is used can't be told: {exc}"
        if wants_json:
            print(json.dumps(document(budgets, found, now, outlook), indent=2))
        else:
            rows = budget_report.rows(budgets, found, counter.place, now, None, outlook)
            draw(budget_report.told(rows, counter.how_to_begin, min(budget_report.WIDTH, screen.console().width)))
        refused = filter(is_refusal, places.find(None, Path.cwd(), os.environ).complaints)
        for said in filter(None, (missing, *refused)):
            print(f"trimtab: {said}", file=sys.stderr)


@command.command("raise", context_settings=ORDER)
@click.argument("words", nargs=-1, required=True)
def raise_(words: tuple[str, ...]) -> None:
    """Raise a limit: '3 $30', '3 +$5', 'by 100k'.

    The budget is named by its number or its words; without a name it is the one that stops now, if it is only one.
    """
    order(lambda counter: budgeting.raise_budget(counter, joined(words)))


@command.command("pause")
@click.argument("words", nargs=-1)
def pause(words: tuple[str, ...]) -> None:
    """Let a budget stop nothing: '3', '3 for 2h', 'all'.

    It counts on, until you resume it or the time is over.
    """
    order(lambda counter: budgeting.pause_budget(counter, joined(words)))


@command.command("resume")
@click.argument("words", nargs=-1)
def resume(words: tuple[str, ...]) -> None:
    """Put a paused budget in force again: '3', 'all'."""
    order(lambda counter: budgeting.resume_budget(counter, joined(words)))


@command.command("remove")
@click.argument("words", nargs=-1)
def remove(words: tuple[str, ...]) -> None:
    """End a budget: '3', 'all'. Its history stays."""
    order(lambda counter: budgeting.remove_budget(counter, joined(words)))


@command.command("task")
@click.argument("words", nargs=-1)
def task(words: tuple[str, ...]) -> None:
    """Say of which task this session is: NAME, or 'none'.

    A task is a run of sessions that you name; in a terminal start the client with TRIMTAB_TASK=NAME.
    """
    order(lambda counter: budgeting.join_task(counter, " ".join(words)))


@command.command("history")
@click.argument("words", nargs=-1)
@click.option("--all", "wants_all", is_flag=True, help=f"All changes, not only the last {budget_report.MOST_CHANGES}.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object with all changes.")
def history(words: tuple[str, ...], wants_all: bool, wants_json: bool) -> None:
    """Show who changed which budget, when and where: of all, or of '3'."""
    with taken() as counter:
        changes = budgeting.history(counter, joined(words))
    if wants_json:
        print(json.dumps({"format": FORMAT, "changes": [change._asdict() for change in changes]}, indent=2))
        return
    out = screen.console()
    shown = changes if wants_all else changes[-budget_report.MOST_CHANGES :]
    for change in shown:
        out.print(Text(screen.safe(budget_report.change_line(change))), overflow="fold")
    if not changes:
        out.print("No budget was ever set.")
    elif len(shown) < len(changes):
        out.print(Text(f"{len(changes) - len(shown)} earlier ones with --all", style=screen.QUIET))


def order(do: Callable[[Counter], str]) -> None:
    """Gives an order and prints the answer. Raises TrimtabError with the reason of a refusal."""
    with taken() as counter:
        answer = do(counter)
    screen.console().print(Text(screen.safe(answer)), overflow="fold")


@contextmanager
def taken(environment: Mapping[str, str] = os.environ) -> Iterator[Counter]:
    """Where orders are taken: the user's ledger, and the project and session that the command was given in."""
    project = places.find(None, Path.cwd(), environment).project
    with BudgetStore.open(paths.ensure_user_folder(environment) / paths.USER_LEDGER) as store:
        place = budgeting.place_of(str(project), environment.get("CLAUDE_CODE_SESSION_ID", ""), CLI, store)
        is_users = not environment.get(MODELS)
        author = budgeting.author(CLI, time.time())
        members = settings.load([paths.user_folder(environment) / paths.CONFIG], {})[0].groups
        yield Counter(store, place, author, lambda: standing.accounts(store, environment), is_users, members)


def joined(words: Sequence[str]) -> str:
    """The arguments as one text; a name of several words, which the shell took out of its quotes, in quotes again."""
    for word in words:
        if word.startswith("--"):
            raise click.UsageError(f"No such option: {word}. A budget is words and options, such as {EXAMPLES}")
    parts = []
    for number, word in enumerate(words):
        follows = number > 0 and words[number - 1].lower() in NAMED_AFTER
        parts.append(quoted(word) if follows and " " in word else word)
    return " ".join(parts)


def phrases(options: Mapping[str, object]) -> list[str]:
    """What options say, in a budget's words, so that one reader understands both and finds what contradicts."""
    project, session = options["project"], options["session"]
    return [
        *([f"for project {quoted(os.path.realpath(str(project)))}"] if project else []),
        *(["for all my work"] if options["is_global"] else []),
        *([f"for task {quoted(str(options['task']))}"] if options["task"] else []),
        *([f"for session {quoted(session_of(str(session)))}"] if session else []),
        *([agents(str(options["agent"]))] if options["agent"] else []),
        *(["warn only"] if options["mode"] == "warn" else ["stop"] if options["mode"] else []),
        *([f"priority {options['priority']}"] if options["priority"] else []),
        *([f"at least {options['minimum']}"] if options["minimum"] else []),
    ]


def agents(agent_type: str) -> str:
    return "for the main conversation" if agent_type == "main" else f"for {quoted(agent_type)} agents"


def session_of(letters: str) -> str:
    """The session that begins with these letters, if the usage book knows one; else what was given."""
    with suppress(TrimtabError), books.opened(wants_news=False) as store:
        return accounts_of_usage.session_of(store, letters)
    return letters


def draw(lines: Sequence[Line]) -> None:
    """The lines for a terminal: a bar in colour, what is only remarked quietly."""
    out = screen.console()
    for line in lines:
        text = Text(screen.safe(line.text))
        if line.kind in ("bar", "full"):
            text.stylize("bold red" if line.kind == "full" else screen.SAVED, 0, budget_report.BAR_ENDS)
        elif line.kind == "remark":
            text.stylize(screen.QUIET)
        out.print(text, overflow="fold")


def document(budgets: Sequence[Budget], found: Sequence[Account], now: float, outlook: Outlook) -> dict[str, object]:
    """The object that `show --json` prints."""
    return {
        "format": FORMAT,
        "at": now,
        "budgets": [
            {
                **budget._asdict(),
                "words": say(budget),
                "scope": budget.scope.named(),
                "period": budget.period._asdict(),
                "accounts": [
                    {
                        **account._asdict(),
                        "budget": budget.id,
                        "left": account.left,
                        "share": account.share,
                        "forecast": forecast_of(account, outlook),
                        "shared": shared_of(account, outlook),
                    }
                    for account in found
                    if account.budget.id == budget.id
                ],
            }
            for budget in budgets
        ],
    }


def forecast_of(account: Account, outlook: Outlook) -> dict[str, float | None] | None:
    """What will be used by the period's end; None where that is not told."""
    told = outlook.periods.get(which(account))
    return None if told is None else {"low": told.low, "middle": told.middle, "high": told.high}


def shared_of(account: Account, outlook: Outlook) -> list[dict[str, object]]:
    """How the account is shared out; empty where no budget is inside of it."""
    found = [shared.rows for shared in outlook.shared if which(shared.account) == which(account)]
    names = ("child", "allocated", "used", "available", "status", "efficiency_score")
    return [{name: getattr(row, name) for name in names} for rows in found for row in rows]
