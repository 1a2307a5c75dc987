"""How often a task exceeds what is left of a budget where that was said beforehand, on held-out tasks.

    python -m bench.ahead [FOLDER] [--seed 1]

Tasks, folds and forecasts are those of `bench.needs`: every task is told by those before its session. What is left of a
budget is set to what a quarter, half, three quarters and nine tenths of these needed at most. First what was told and
what came, by the chance that was told; then, for each chance from which on one could say it: of how many it would be
said, how often rightly, and of how many of those that do exceed. The same after 2, 4, 8... responses. Last, at the
start, each of what is left by itself. `handlers.budget_ahead.LIKELY` is chosen by this.
"""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import ways
from bench.needs import by_session, cases_of, folds_of, known_of
from bench.recordings import arguments, read
from bench.ways import Case
from trimtab.budget import forecast
from trimtab.budget.terms import Measure
from trimtab.handlers.budget_ahead import LIKELY

LEFT = (0.25, 0.5, 0.75, 0.9)
FROM = (0.5, 0.6, LIKELY, 0.8, 0.9)
Row = tuple[float, bool]  # the chance that was told, and whether it came so


def told(cases: Sequence[Case], shares: Sequence[float] = LEFT) -> list[Row]:
    rows: list[Row] = []
    for before, own in by_session(cases):
        if len(before) < forecast.LEAST_PAST:
            continue
        needs = sorted(case.past.need for case in before[-forecast.MOST_PAST :])
        tell = ways.shipped(before)
        for share in shares:
            left = math.log(needs[int(share * (len(needs) - 1))])
            rows += [(tell(case).share_over(left), math.log(case.past.need) > left) for case in own]
    return rows


def told_on_the_way(cases: Sequence[Case]) -> list[Row]:
    """The same after 2, 4, 8... responses, of the limits that are not reached by then."""
    rows: list[Row] = []
    for before, own in by_session(cases):
        if len(before) < forecast.LEAST_PAST:
            continue
        needs = sorted(case.past.need for case in before[-forecast.MOST_PAST :])
        tell = ways.STEPS["shipped"](before)
        for case in own:
            for step in case.past.steps:
                limits = [needs[int(share * (len(needs) - 1))] for share in LEFT]
                rest = tell(case, step) if step.requests > 1 else None
                for limit in limits if rest is not None else ():
                    if limit > step.spent and rest is not None:
                        rows.append((rest.share_over(math.log(limit - step.spent)), case.past.need > limit))
    return rows


def show(rows: Sequence[Row]) -> None:
    for tenth in range(10):
        some = [row for row in rows if min(9, int(row[0] * 10)) == tenth]
        if some:
            mean, came = (sum(row[place] for row in some) / len(some) for place in (0, 1))
            print(
                f"  {tenth / 10:.1f} to {(tenth + 1) / 10:.1f}: {len(some):>5} told {mean:.0%} on average, {came:.0%}"
            )
    for chance in FROM:
        print(f"  said from {chance:.0%} on: {said(rows, chance)}")


def said(rows: Sequence[Row], chance: float) -> str:
    """Of how many it would be said, and how rightly."""
    found = [is_over for one, is_over in rows if one >= chance]
    over, right = sum(is_over for _, is_over in rows), sum(found)
    return (
        f"of {len(found):>4} of {len(rows)}, {right / max(1, len(found)):.0%} rightly,"
        f" {right / max(1, over):.0%} of the {over} that exceed"
    )


def main() -> None:
    given = arguments(__doc__)
    with tempfile.TemporaryDirectory() as made:
        for number, fold in enumerate(folds_of(read(given.folder, given.seed))):
            cases = cases_of(known_of(fold, Path(made)).tasks, Measure.BILLED)
            for when, rows in (("at the start", told(cases)), ("on the way", told_on_the_way(cases))):
                print(f"fold {number + 1}, {when}: {len(rows)} tasks and limits")
                show(rows)
            for share in LEFT:
                print(f"  {share:.0%} of the past fit, at the start: {said(told(cases, (share,)), LIKELY)}")


if __name__ == "__main__":
    main()
