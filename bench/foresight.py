"""What could be had at most: views by somebody who knows what will be needed, and folds what won't be."""

from collections.abc import Callable, Iterator

from bench.recorded import Example
from trimtab import policy, tiers
from trimtab.handlers import post_tool_use
from trimtab.records import Fold, Prices

AROUND = 2  # lines shown on either side of a needed one
PRICES = Prices(2.0, 0.1, 5.0)
Show = Callable[[Example], str]
Needed = Callable[[Example], set[int]]


def traced(one: Example) -> set[int]:
    """The lines that an edit lies in or that a word was taken up from."""
    return set(one.needs.edited) | set(one.needs.words.values())


def referenced(one: Example) -> set[int]:
    """Every line with a word that is used later in any way, and those that an edit lies in."""
    return set(one.needs.edited) | set(one.needs.referenced)


def worth(one: Example) -> float:
    """What a thousand tokens kept out are expected to save, in extra turns, by what is known at the time."""
    to_come = policy.requests_to_come(one.subject.requests, (), one.subject.prompt_tokens)
    price = PRICES.write + PRICES.read * to_come
    return 1000 * price / (PRICES.read * one.subject.prompt_tokens + PRICES.output * policy.CALL_TOKENS)


def view(needed: Needed, around: int, least_worth: float = 0.0) -> Show:
    """Shows the needed lines with `around` more on either side, where a view is worth `least_worth` turns."""

    def show(one: Example) -> str:
        raw = "\n".join(one.lines)
        is_small = len(raw) < post_tool_use.SMALLEST
        if one.subject.is_targeted or one.is_persisted or is_small or worth(one) < least_worth:
            return raw
        rows = needed(one)
        shown = [any(row + d in rows for d in range(-around, around + 1)) for row in range(len(one.lines))]
        out: list[str] = []
        for is_shown, first, last in tiers.runs(tiers.close_gaps(shown)):
            out += one.lines[first - 1 : last] if is_shown else [tiers.fold_line(Fold(first, last, ()))]
        text = "\n".join(out)
        return text if len(text) < 0.9 * len(raw) else raw

    return show


def arms() -> Iterator[tuple[str, Show]]:
    yield "foresight of what is needed", view(traced, AROUND)
    yield "foresight, where 1,000 tokens are worth 0.8 turns", view(traced, AROUND, 0.8)
    yield "foresight of every line referenced", view(referenced, 0)
