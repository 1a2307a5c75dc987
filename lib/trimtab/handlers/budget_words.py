"""`/token-budget …`: the orders of `budgeting` and the report, without a request to the model."""

from collections.abc import Callable

from trimtab import paths
from trimtab.errors import BudgetError, StoreError
from trimtab.handlers import budget_report, budgeting
from trimtab.handlers.budgeting import SLASH, Counter
from trimtab.handlers.desk import Desk
from trimtab.handlers.events import Event, text
from trimtab.store.budgets import BudgetStore

COMMAND = "token-budget"
COLUMNS = 70  # what the client leaves of 80 before it wraps a line (seen in 2.1.328)
LOCKED_MS = 2_000  # the user waits for the answer, and the client 10 s; chosen
ORDERS: dict[str, Callable[[Counter, str], str]] = {
    "set": budgeting.set_budget,
    "raise": budgeting.raise_budget,
    "pause": budgeting.pause_budget,
    "resume": budgeting.resume_budget,
    "remove": budgeting.remove_budget,
    "task": budgeting.join_task,
}
HELP = """\
/token-budget                          where the budgets stand
/token-budget 400k                     this session, from now on
/token-budget $20 a day                this project, each day
/token-budget $300 a month for all my work
/token-budget 60k for each Explore agent
/token-budget raise 3 +$5              without a number the one that stops now
/token-budget pause 3 for 2h           it stops nothing meanwhile
/token-budget resume 3, remove 3
/token-budget task NAME                this session is of it: $15 for task NAME
/token-budget history                  who changed what, and when"""


def answer(event: Event, desk: Desk) -> list[str]:
    """The answer's lines. Never fails: an error here would send the command on to the model."""
    try:
        desk.users_settings(event)  # what is set there counts from now on
        with opened(desk) as store:
            return ordered(event, desk, store)
    except (BudgetError, StoreError) as exc:
        return [str(exc)]


def join(event: Event, desk: Desk) -> None:
    """Makes the session join the task that TRIMTAB_TASK names, if it does. Raises StoreError."""
    if event.environment.get(budgeting.TASK):
        with opened(desk) as store:
            budgeting.join_by_variable(store, event.session, event.environment, desk.clock())


def opened(desk: Desk) -> BudgetStore:
    path = paths.ensure_user_folder({"HOME": str(desk.home)}) / paths.USER_LEDGER
    return BudgetStore.open(path, busy_ms=LOCKED_MS)


def ordered(event: Event, desk: Desk, store: BudgetStore) -> list[str]:
    """What the words ask for. A word that is no order begins a budget: `/token-budget 400k`."""
    given = text(event.data, "command_args").strip()
    order, _, rest = given.partition(" ")
    order = order.lower()
    place = budgeting.place_of(str(event.project), event.session, SLASH, store)
    author, members = budgeting.author(SLASH, desk.clock()), desk.users_settings(event).groups
    counter = Counter(store, place, author, lambda: desk.purse.accounts(None), members=members)
    if order in ("", "show"):
        accounts = counter.standing()
        outlook = desk.shares.outlook(accounts)
        found = budget_report.rows(store.budgets(), accounts, place, desk.clock(), None, outlook)
        return ["", *(line.text for line in budget_report.told(found, counter.how_to_begin, COLUMNS))]
    if order in ("help", "--help", "-h", "?"):
        return ["", *HELP.splitlines()]
    if order == "history":
        changes = budgeting.history(counter, rest)[-budget_report.MOST_CHANGES :]
        return ["", *(budget_report.change_line(change) for change in changes)] if changes else ["Nothing was changed."]
    if order in ORDERS:
        return [ORDERS[order](counter, rest.strip())]
    return [budgeting.set_budget(counter, given)]
