"""StatusLine: what the client draws under its prompt, where the user's settings name `trimtab statusline`."""

from math import inf

from trimtab import monitor, prices
from trimtab.budget import gate
from trimtab.budget.terms import Account
from trimtab.errors import StoreError
from trimtab.handlers import budget_gate, cold_cache
from trimtab.handlers.desk import Desk
from trimtab.handlers.events import Event, mapping, number
from trimtab.history import words

GLANCE_S = 0.05  # chosen: a hook that waits longer than 0.3 s would take the daemon for dead, and start another


def handle(event: Event, desk: Desk) -> str:
    """The session's context, cost and net saving in one line; the cost is the client's own where it says one."""
    desk.conversation(event)
    desk.settle(event.session)
    store = desk.project(event).store
    book = prices.Book(desk.settings(event).prices)
    summary = monitor.summarise(
        store.loads(session=event.session, with_folds=False),
        store.recoveries(session=event.session),
        store.requests(session=event.session),
        book.relative,
        store.factor_of,
        desk.clock(),
        additions=store.additions(session=event.session),
        usd_of=book.usd,
        input_usd_of=book.input_usd,
    )
    said = cost_of(mapping(event.data, "cost").get("total_cost_usd"))
    usd = summary.spent_usd if said is None else said
    window = max(number(mapping(event.data, "context_window"), "context_window_size") or 0, 0)
    line = monitor.status_line(summary, monitor.newest_prompt(store.requests(session=event.session)), window, usd)
    tight = tightest(event, desk)
    known = cold_cache.known(event, desk)
    parts = [line, words.glance(known.warmth, known.history, desk.clock(), known.money)]
    parts += [] if tight is None else [f"{tight.share:.0%} of budget {tight.budget.id}"]
    return " · ".join(filter(None, parts))


def tightest(event: Event, desk: Desk) -> Account | None:
    """The budget of which the most is used; the line is drawn without it where that can't be known."""
    if not desk.has_budgets():
        return None
    try:
        return gate.tightest(desk.purse.accounts(budget_gate.who(event), GLANCE_S))
    except StoreError as exc:
        desk.complain(exc)
        return None


def cost_of(said: object) -> float | None:
    """What the client says that the session cost; None for what is no cost."""
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not 0 <= said < inf:
        return None
    return float(said)
