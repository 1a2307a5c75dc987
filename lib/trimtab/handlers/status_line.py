"""StatusLine: what the client draws under its prompt, where the user's settings name `trimtab statusline`."""

from trimtab import monitor, prices
from trimtab.handlers.desk import Desk
from trimtab.handlers.events import Event, mapping, number


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
    said = mapping(event.data, "cost").get("total_cost_usd")
    usd = float(said) if isinstance(said, (int, float)) and not isinstance(said, bool) else summary.spent_usd
    window = number(mapping(event.data, "context_window"), "context_window_size")
    return monitor.status_line(summary, monitor.newest_prompt(store.requests(session=event.session)), window, usd)
