"""The replay under budgets: what a view takes from later requests, and that only a request in flight overshoots."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from bench import budgets, relevance
from bench.recorded import Example

from trimtab.budget.expect import Habits
from trimtab.budget.terms import Measure
from trimtab.records import OptimizationLevel, Request


def request(number: int, write: int, read: int) -> Request:
    return Request("s", "", str(number), budgets.AT + 10 * number, "claude-opus-5", 0, 0, write, read, 0)


def session(*requests: Request, outputs: dict[int, list[Any]] | None = None) -> budgets.Session:
    return budgets.Session("s", "r", requests, (0,) * len(requests), cast(Any, outputs or {}))


def player() -> budgets.Player:
    judge = cast(relevance.Judge, SimpleNamespace())
    return budgets.Player(judge, OptimizationLevel.ADAPTIVE, {False: Habits((request(0, 1_000, 0),), (), ())})


def test_what_a_view_leaves_out_is_not_written_once_and_not_read_ever_after() -> None:
    context = budgets.Context()
    context.unwritten += 300
    made = [context.request(request(n, 1_000, 5_000)) for n in range(3)]
    assert [(one.write_1h_tokens, one.read_tokens) for one in made] == [(700, 5_000), (1_000, 4_700), (1_000, 4_700)]


def test_what_is_more_than_a_request_writes_is_taken_from_what_it_reads() -> None:
    """1,500 left out of 1,000 that are written: the other 500 were read; then all 1,500 are."""
    context = budgets.Context()
    context.unwritten += 1_500
    made = [context.request(request(n, 1_000, 5_000)) for n in range(2)]
    assert [(one.write_1h_tokens, one.read_tokens) for one in made] == [(0, 4_500), (1_000, 3_500)]


def test_a_session_stops_before_the_request_that_is_expected_not_to_fit() -> None:
    """1,000 tokens written for an hour are 2,000 billed; the second, 500 and 1,000 read, is 1,100: 3,100 in all.

    Half is 1,550: not even the first fits, which is expected to be like the user's others.
    """
    two = session(request(0, 1_000, 0), request(1, 500, 1_000))
    none = player().play(two, budgets.budget_of(two, Measure.BILLED, 0.5), None)
    assert (none.sent, none.used) == (0, 0)
    free = player().play(two, budgets.budget_of(two, Measure.BILLED, 0.5), None, is_stopping=False)
    assert (free.sent, free.used) == (2, 3_100)


def test_a_limit_is_passed_by_no_more_than_the_last_request_was_expected_to_take_less() -> None:
    """The first is expected to write 1,000 and writes 4,000: of 4,800 (60 % of 8,000) 8,000 are used."""
    one = session(request(0, 4_000, 0))
    run = player().play(one, budgets.budget_of(one, Measure.BILLED, 0.6), None)
    assert (run.sent, run.used, run.lacked) == (1, 8_000, 6_000)


@pytest.mark.parametrize(("used", "expected"), [(0.69, 1.0), (0.85, 2.0), (1.0, 3.0)])
def test_an_output_is_shown_with_the_pressure_of_what_is_used_by_then(
    monkeypatch: pytest.MonkeyPatch, used: float, expected: float
) -> None:
    seen = []

    def show(self: object, one: Example, prompt_tokens: int, pressed: float, context: budgets.Context) -> bool:
        seen.append(pressed)
        return False

    monkeypatch.setattr(budgets.Player, "show", show)
    one = session(request(0, 1_000, 0), outputs={0: [object()]})
    budget = budgets.budget_of(one, Measure.BILLED, 1 / used)
    player().play(one, budget, budgets.ARMS[2][1])
    assert seen == pytest.approx([expected], abs=1e-2)
