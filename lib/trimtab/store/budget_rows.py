"""Budgets and reservations as rows of the user's ledger, and back."""

import json
from collections.abc import Sequence

from trimtab.budget.terms import Budget, Charge, Level, Measure, Mode, Period, Reservation, Scope, Span, State
from trimtab.errors import StoreError
from trimtab.store.base import clean

COLUMNS = (
    "id, level, selection, measure, token_limit, span, seconds, zone, mode, state, priority, minimum, origin,"
    " period_start, paused_until"
)
RESERVED = (
    "key, session, agent, agent_type, project, at, billed, output, context, usd, prompt, task, is_priced, pid,"
    " is_assumed"
)


def what_of(budget: Budget) -> tuple[object, ...]:
    """What makes a budget of a file the same one, whatever its limit."""
    return budget.level, budget.scope, budget.measure, budget.period


def terms_of(budget: Budget) -> list[object]:
    return [budget.limit, budget.mode.value, budget.priority, budget.minimum]


def name_of(scope: Scope) -> str:
    """What the scope names, for a reader of the table."""
    return " ".join(scope.named().values())


def values_of(budget: Budget) -> list[object]:
    """As COLUMNS has them, from the second on."""
    return [
        *(budget.level.value, clean(json.dumps(budget.scope.named())), budget.measure.value, budget.limit),
        *(budget.period.span.value, budget.period.seconds, clean(budget.period.zone)),
        *(budget.mode.value, budget.state.value, budget.priority, budget.minimum, clean(budget.origin)),
        *(budget.made_at, budget.paused_until),
    ]


def budget_of(row: Sequence[object]) -> Budget:
    """A row of COLUMNS. Raises StoreError where it has words that this version does not know."""
    number, level, selection, measure, limit, span, seconds, zone, mode, state, priority, minimum, *rest = row
    origin, made_at, paused_until = rest
    try:
        return Budget(
            int(str(number)),
            Level(level),
            Scope(**json.loads(str(selection))),
            Measure(measure),
            int(str(limit)),
            Period(Span(span), float(str(seconds)), str(zone)),
            Mode(mode),
            State(state),
            float(str(priority)),
            int(str(minimum)),
            str(origin),
            float(str(made_at)),
            None if paused_until is None else float(str(paused_until)),
        )
    except (ValueError, TypeError) as exc:
        raise StoreError(
            f"budget {number} can't be read ({exc}): remove it with `trimtab budget remove {number}`"
        ) from exc


def reservation_of(row: Sequence[object]) -> Reservation:
    *charge, is_priced, pid, is_assumed = row
    return Reservation(Charge._make((*charge, bool(is_priced))), int(str(pid)), bool(is_assumed))
