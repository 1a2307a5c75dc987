"""What an `efficiency_score` could mean, and what each meaning tells beforehand: part of `bench.needs`.

Of every session the first 8, 16 or 32 responses are scored, and the later ones looked at: what one of them
costs, what it costs relative to one of the first, and what all of them come to relative to what was forecast then. Rank
correlations with their 90 % intervals (sessions drawn anew 400 times): a score that is worth its name is below 0 in
both folds. The point is a fixed one: at half of a session, which only its end shows, the rest is as long by definition.
"""

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from bench import usage_book
from bench.recordings import Recording, started
from bench.ways import spearman
from trimtab.budget import efficiency, forecast
from trimtab.budget.forecast import Step
from trimtab.budget.terms import Measure
from trimtab.prices import Book
from trimtab.records import EDITORS, Arrival, Request, prompt_tokens
from trimtab.store.usage import Span
from trimtab.usage import needs
from trimtab.usage.charging import charge_of
from trimtab.usage.needs import Task

SCORED = (8, 16, 32)  # responses of a session; as many that come later, at least a quarter
DRAWN = 400
LOST_TOKENS, DROP = 5_000, 0.8  # as in monitor.waste and monitor.summary
EVER = 4e9


class Begun(NamedTuple):
    """A session's first responses, and the results that came between them."""

    requests: Sequence[Request]
    results: Sequence[Arrival]
    spent: float


Meaning = Callable[[Begun], float]


def new_share(begun: Begun) -> float:
    """What did not pay for what the conversation held already: reading it again, writing it again."""
    return uncarried(begun) + kept_cache(begun) - 1


def uncarried(begun: Begun) -> float:
    return 1 - sum(r.read_tokens * BOOK.relative(r.model).read for r in begun.requests) / begun.spent


def kept_cache(begun: Begun) -> float:
    """Without what was written again though the response before had it in the cache, compactions aside."""
    lost = 0.0
    for before, request in pairwise(begun.requests):
        cached = prompt_tokens(before) - before.input_tokens
        gone = min(cached, prompt_tokens(request)) - request.read_tokens
        if gone >= LOST_TOKENS and prompt_tokens(request) >= DROP * prompt_tokens(before):
            lost += gone * BOOK.relative(request.model).write
    return 1 - lost / begun.spent


def written(begun: Begun) -> float:
    return sum(r.output_tokens * BOOK.relative(r.model).output for r in begun.requests) / begun.spent


def succeeded(begun: Begun) -> float:
    return 1 - sum(result.is_error for result in begun.results) / max(1, len(begun.results))


def not_repeated(begun: Begun) -> float:
    """Of calls: a repeat has the tool and target of an earlier one, no edit of the target between them."""
    seen: set[tuple[str, str]] = set()
    repeats = 0
    for result in begun.results:
        if result.tool in EDITORS:
            seen = {key for key in seen if key[1] != result.target and key[0] != "Bash"}
        elif result.target:
            repeats += (result.tool, result.target) in seen
            seen.add((result.tool, result.target))
    return 1 - repeats / max(1, len(begun.results))


def edits(begun: Begun) -> float:
    """The shipped score; what is usual multiplies it by nearly the same in all sessions, so that a constant stands."""
    return efficiency.score(efficiency.landed(begun.results), begun.spent, 1, USUAL) or 0.0


def cheapness(begun: Begun) -> float:
    return -begun.spent / len(begun.requests)


BOOK = Book()
USUAL = 60_000.0  # billed tokens for an edit in the recordings
MEANINGS: dict[str, Meaning] = {
    "cost of a response so far": cheapness,
    "paid for something new": new_share,
    "not read from the cache": uncarried,
    "no cache lost": kept_cache,
    "the model's own words": written,
    "calls that succeeded": succeeded,
    "calls not repeated": not_repeated,
    "edits for the spend (shipped)": edits,
}


class Seen(NamedTuple):
    """One session: each meaning's score of its beginning, and what came later, as logarithms."""

    scores: dict[str, float]
    response: float
    growth: float
    beyond: float | None


def seen(fold: Sequence[Recording], scored: int) -> list[Seen]:
    past: list[Task] = []
    found = []
    for start, each in started(list(fold), 1):
        made = usage_book.news(each, start)
        requests, facts = made.requests, made.sessions[0]
        span = Span(facts.session, facts.project, facts.first_at, facts.last_at)
        whole = needs.worked(span, requests, sorted(made.arrivals, key=lambda a: a.at), BOOK).whole
        if whole is not None:
            whole = needs.follow(whole, past[-1] if past else None)
            if len(requests) >= scored * 1.25:
                found.append(of_session(whole, requests, made.arrivals, past, scored))
            past.append(whole)
    return found


def of_session(
    whole: Task, requests: Sequence[Request], arrivals: Sequence[Arrival], past: Sequence[Task], scored: int
) -> Seen:
    until = requests[scored].at
    results = [a for a in arrivals if a.what == "result" and a.at < until]
    costs = [charge_of(request, BOOK).billed for request in requests]
    spent, rest = math.fsum(costs[:scored]), math.fsum(costs[scored:])
    begun = Begun(requests[:scored], results, spent)
    known = forecast.learned_steps(needs.past(past, Measure.BILLED, "", EVER, BOOK))
    beyond = None
    if known is not None:
        step = Step(scored, spent, prompt_tokens(requests[scored - 1]))
        start = needs.start_of(whole, Measure.BILLED, "", EVER, BOOK)
        beyond = math.log(rest) - forecast.under_way(known, start, step).logs.middle()
    scores = {name: meaning(begun) for name, meaning in MEANINGS.items()}
    one, other = rest / len(costs[scored:]), spent / scored
    return Seen(scores, math.log(one), math.log(one / other), beyond)


def correlation(pairs: Sequence[tuple[float, float]]) -> str:
    chance, drawn = random.Random(1), []
    for _ in range(DRAWN):
        some = chance.choices(pairs, k=len(pairs))
        drawn.append(spearman([score for score, _ in some], [came for _, came in some]))
    drawn.sort()
    middle = spearman([score for score, _ in pairs], [came for _, came in pairs])
    return f"{middle:>+5.2f} ({drawn[DRAWN // 20]:>+5.2f} to {drawn[-DRAWN // 20]:>+5.2f})"


CAME: dict[str, Callable[[Seen], float | None]] = {
    "what a later response costs": lambda one: one.response,
    "what a later response costs, relative to one of the first": lambda one: one.growth,
    "what all later responses cost, relative to their forecast": lambda one: one.beyond,
}


def tables(folds: Sequence[Sequence[Recording]]) -> None:
    for scored in SCORED:
        known = [seen(fold, scored) for fold in folds]
        for title, value_of in CAME.items():
            print(f"\nA score of the first {scored} responses and {title}: rank correlation")
            for name in MEANINGS:
                cells = []
                for fold in known:
                    pairs = [(one.scores[name], value) for one in fold if (value := value_of(one)) is not None]
                    cells.append(f"fold of {len(pairs):>3}: {correlation(pairs)}")
                print(f"  {name:<30}" + "   ".join(cells))
