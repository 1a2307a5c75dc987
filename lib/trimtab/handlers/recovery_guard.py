"""The guard between experiments, over one project's ledger: which kinds are fetched too often, and what follows.

Changes of a kind's state are metrics of the ledger (1.0: shown whole from here on, 0.0: folded again), so that a new
daemon knows them and a report can tell when and why. The ledger deletes none of them with other metrics.
"""

import statistics
from collections.abc import Sequence

from trimtab import policy
from trimtab.monitor import guard
from trimtab.monitor.guard import Change, GuardRow
from trimtab.prices import Book
from trimtab.records import Metric, Request, prompt_tokens
from trimtab.settings import Settings
from trimtab.store import Store
from trimtab.store.notices import DECIDED

REVIEW_S = 3600.0  # chosen: evidence grows slowly
WHOLE = "this kind's folds are fetched too often"


def changes(store: Store) -> list[Change]:
    """All changes so far, in order. Raises StoreError."""
    return [
        Change(metric.timestamp, tags.get("tool", ""), tags.get("kind", ""), metric.value > 0)
        for metric in store.metrics(DECIDED)
        for tags in [dict(metric.tags)]
    ]


def paused(store: Store) -> frozenset[guard.Key]:
    """The kinds that are shown whole by what was decided last. Raises StoreError."""
    last = {(change.tool, change.kind): change.is_paused for change in changes(store)}
    return frozenset(key for key, is_paused in last.items() if is_paused)


def rows(store: Store, settings: Settings, now: float) -> tuple[GuardRow, ...]:
    """What is known of every kind, for a report too. Raises StoreError."""
    made = changes(store)
    last = {(change.tool, change.kind): change for change in made}.values()
    earliest = min([now - guard.WEEKS_S, *(change.at for change in last if change.is_paused)])
    requests = [request for request in store.requests(since=now - guard.WEEKS_S) if not request.agent]
    circumstances = typical(requests, store.session_lengths(), settings)
    model = requests[-1].model if requests else ""

    def break_even_of(tool: str) -> float:
        here = circumstances._replace(factor=store.factor_of(model, tool).value)
        return guard.break_even(here.factor * policy.price(here), policy.miss(here))

    loads = store.loads(since=earliest, with_folds=False)
    return guard.rows(loads, store.recoveries(since=earliest), made, break_even_of, now)


def typical(requests: Sequence[Request], lengths: Sequence[int], settings: Settings) -> policy.Circumstances:
    """The cost formula's circumstances as they mostly are in a project with these requests and lengths of sessions.

    Half of the median session is behind, the model's factor is 1, and prices are those of the last request.
    """
    model, at = (requests[-1].model, requests[-1].at) if requests else ("", None)
    lasts_hour = any(request.write_1h_tokens for request in requests)
    prompts = [prompt_tokens(request) for request in requests]
    usual_tokens = round(statistics.median(prompts)) if prompts else policy.PROMPT_TOKENS
    so_far = round(statistics.median(lengths) / 2) if lengths else 0
    return policy.Circumstances(
        Book(settings.prices).relative(model, lasts_hour, at),
        usual_tokens,
        1.0,
        settings.level,
        policy.requests_to_come(so_far, lengths, usual_tokens),
        objectives=policy.Objectives(settings.cost_weight, settings.recall_weight, settings.delay_weight),
    )


def review(store: Store, settings: Settings, now: float) -> frozenset[guard.Key]:
    """Looks at every kind anew and records what changes; the kinds that are shown whole. Raises StoreError."""
    if not settings.recovery_guard:
        return frozenset()
    found = rows(store, settings, now)
    for row in found:
        if row.is_change:
            store.add_metric(recorded(row, now))
    return guard.paused(found)


def recorded(row: GuardRow, now: float) -> Metric:
    """The metric that says what became of a kind."""
    return Metric(
        now,
        DECIDED,
        float(row.state == guard.PAUSED),
        "handlers.recovery_guard",
        (("tool", row.tool), ("kind", row.kind)),
        f"{row.recoveries} recoveries in {row.folded_tokens} folded tokens of {row.views} views,"
        f" break-even {row.break_even:.2f} per 1,000",
    )
