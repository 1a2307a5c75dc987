"""Where the tokens of recorded sessions went, how much is not attributed, and how good the estimates are.

    python -m bench.attribution FOLDER [--weights]

FOLDER holds recorded sessions (told.py). The first tables are the ledger of parts and its waste; the next leaves out,
one after the other, what the ingest keeps for it. Then come the errors of a tool result's tokens, held out by session
and by repository; `--weights` fits what sizes.py ships to all of them and prints it.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench import sizing, told
from bench.sizing import Batch
from bench.told import Told
from trimtab import prices
from trimtab.monitor import context, grouping, sizes, waste
from trimtab.monitor.parts import UNKNOWN
from trimtab.records import Arrival, prompt_tokens

KEPT: tuple[tuple[str, Callable[[Arrival], Arrival | None]], ...] = (
    ("weighed texts and answers", lambda arrival: arrival),
    ("characters, answers weighed", lambda a: a if a.what == "answer" else a._replace(tokens=0)),
    ("characters of all", lambda arrival: arrival._replace(tokens=0)),
    ("weighed texts, no answers", lambda a: None if a.what == "answer" else a),
    ("characters, no answers", lambda a: None if a.what == "answer" else a._replace(tokens=0)),
)


def attribute(found: Sequence[Told], keep: Callable[[Arrival], Arrival | None]) -> context.Ledger:
    kept = (keep(arrival) for one in found for arrival in one.arrivals)
    requests = [request for one in found for request in one.requests]
    arrivals = [arrival for arrival in kept if arrival is not None]
    ledger = context.ledger(requests, arrivals, prices.relative, prices.usd)
    assert sum(part.prompt_tokens for part in ledger.parts) == sum(map(prompt_tokens, requests))
    assert sum(part.output_tokens for part in ledger.parts) == sum(request.output_tokens for request in requests)
    return ledger


def print_parts(ledger: context.Ledger, by: str) -> None:
    print(f"\n{'by ' + by:<22}{'parts':>8}{'tokens':>12}{'times':>7}{'price':>8}{'USD':>10}{'measured':>10}")
    name_of = {**grouping.BY, "agent": lambda part: part.agent_type or ("main" if not part.agent else "agent")}[by]
    for row in grouping.grouped(ledger.parts, name_of).rows[:14]:
        usd = "-" if row.usd is None else f"{row.usd:,.2f}"
        figures = (
            f"{row.parts:>8,}{row.tokens:>12,}{row.times:>7.1f}{row.share:>8.1%}{usd:>10}{row.measured_share:>10.0%}"
        )
        print(f"{row.name[-21:]:<22}{figures}")


def print_waste(ledger: context.Ledger, found: Sequence[Told]) -> None:
    """By kind over all projects. The recordings have no times, so no cache is lost to idling here."""
    requests = [request for one in found for request in one.requests]
    apart: dict[str, list[waste.Finding]] = {}
    for one in waste.findings(waste.Given(ledger, requests, prices.relative, prices.usd), least_share=0):
        apart.setdefault(one.kind, []).append(one)
    print(f"\n{'waste':<22}{'times':>8}{'tokens':>12}{'price':>8}{'USD':>10}")
    for kind, group in sorted(apart.items(), key=lambda pair: -sum(one.units for one in pair[1])):
        times, tokens = sum(one.times for one in group), sum(one.tokens for one in group)
        share, usd = sum(one.share for one in group), sum(one.usd or 0.0 for one in group)
        print(f"{kind:<22}{times:>8,}{tokens:>12,}{share:>8.1%}{usd:>10,.2f}")


def unknown_shares(ledger: context.Ledger) -> tuple[float, float, float]:
    """Of what is not attributed: its share of what came in, of what was sent in prompts, and of the price."""
    unknown = [part for part in ledger.parts if part.what == UNKNOWN]
    return (
        sum(part.tokens for part in unknown) / sum(part.tokens for part in ledger.parts),
        sum(part.prompt_tokens for part in unknown) / sum(part.prompt_tokens for part in ledger.parts),
        sum(part.units for part in unknown) / sum(part.units for part in ledger.parts),
    )


def moved(ledger: context.Ledger, found: Sequence[Told]) -> float:
    """How far what results were given is from their estimates, of these: what the growth corrected."""
    given = {part.id: part.tokens for part in ledger.parts if part.what == "result" and part.carried}
    pairs = [
        (sizes.of_arrival(arrival, one.requests[0].model), given[arrival.id])
        for one in found
        for arrival in one.arrivals
        if arrival.id in given
    ]
    return sum(abs(tokens - about) for about, tokens in pairs) / sum(about for about, _ in pairs)


def print_errors(name: str, errors: Iterable[tuple[Batch, float]]) -> None:
    apart: dict[tuple[str, str], list[float]] = {}
    for batch, error in errors:
        for key in ((batch.family, ""), (batch.family, batch.tool), ("all", "")):
            apart.setdefault(key, []).append(abs(error))
    print(f"\n{name:<34}{'batches':>8}{'median':>9}{'p90':>8}")
    for (family, tool), sizes_ in sorted(apart.items(), key=lambda pair: (pair[0][0], pair[0][1] != "", -len(pair[1]))):
        if len(sizes_) >= 4:
            p90 = sorted(sizes_)[min(int(0.9 * len(sizes_)), len(sizes_) - 1)]
            print(f"  {family} {tool or 'all tools':<24}{len(sizes_):>8}{statistics.median(sizes_):>9.1%}{p90:>8.1%}")


def print_weights(found: Sequence[Batch]) -> None:
    weights, factors = sizing.fitted(found, sizing.by_counts)
    print(f"\nweights: {dict(zip([*sizes.WEIGHTS, 'frame'], weights, strict=True))}")
    print(f"factors: {factors}")
    weights, _ = sizing.fitted(found, sizing.by_characters)
    print("characters a token:", {tool: 1 / weight for tool, weight in zip(sizing.TOOLS, weights, strict=False)})


def print_speed(found: Sequence[Told]) -> None:
    texts = [text for one in found for text in one.texts.values()]
    size = sum(len(text.encode()) for text in texts)
    start = time.perf_counter()
    for text in texts:
        sizes.weigh(text)
    spent = time.perf_counter() - start
    print(f"\nweighing: {size / 1e6:.1f} MB of texts at {size / 1e6 / spent:.0f} MB/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", action="store_true", help="fit the shipped weights and print them")
    given = parser.parse_args()
    found = list(told.sessions(given.folder))
    requests = sum(len(one.requests) for one in found)
    start = time.perf_counter()
    ledger = attribute(found, KEPT[0][1])
    print(f"{len(found)} sessions, {requests:,} requests followed in {time.perf_counter() - start:.1f} s")
    for by in ("part", "command", "agent"):
        print_parts(ledger, by)
    print_waste(ledger, found)
    print(f"\nGrowth moved the results' estimates by {moved(ledger, found):.1%} of them.")
    print(f"\n{'not attributed, of':<34}{'came in':>9}{'sent':>9}{'price':>9}")
    for name, keep in KEPT:
        came, sent, price = unknown_shares(attribute(found, keep))
        print(f"  {name:<32}{came:>9.1%}{sent:>9.1%}{price:>9.1%}")
    batches = [batch for one in found for batch in sizing.batches(one)]
    for half_of in (sizing.by_session, sizing.by_repository):
        print_errors(
            f"held out {half_of.__name__.replace('_', ' ')}", sizing.held_out(batches, sizing.by_counts, half_of)
        )
    print_errors("held out by session, characters", sizing.held_out(batches, sizing.by_characters, sizing.by_session))
    results = sum(arrival.what == "result" for one in found for arrival in one.arrivals)
    covered = sum(batch.results for batch in batches)
    tested = sum(batch.results for batch in batches if batch.weighed >= sizing.TEST_LEAST)
    print(f"\ncoverage: {covered:,} of {results:,} results in measurable batches, {tested:,} of them in the test")
    print_speed(found)
    if given.weights:
        print_weights(batches)


if __name__ == "__main__":
    main()
