"""Why caches were lost in recorded sessions, and how often each thing that is blamed went with no loss.

    python -m bench.breaks TRANSCRIPTS [--recordings FOLDER]

TRANSCRIPTS holds sessions in the client's format (see bench.gaps). They are read into a usage book in a temporary
folder, as `trimtab usage sync` does. The first table has each cause's losses, by repository where the recordings are
given; the second has, for each thing that may come between two requests of a conversation within the cache's
lifetime, in how many of its cases the cache was lost: the more above that of prompts and results, the surer the cause.
"""

import argparse
import tempfile
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from bench.gaps import repositories
from trimtab import prices
from trimtab.history.warmth import lifetime_s
from trimtab.monitor import breaks, context
from trimtab.monitor.parts import NOTE, PROMPT, RESULT, Part, always, relative_rates
from trimtab.records import EDITORS, Request, prompt_tokens
from trimtab.store.usage import UsageStore
from trimtab.usage import sync

MEMORIES = ("CLAUDE.md", "CLAUDE.local.md", "AGENTS.md", "MEMORY.md")


def book(folder: Path) -> tuple[list[Request], tuple[Part, ...]]:
    """The main conversations' requests, and what came into them."""
    with tempfile.TemporaryDirectory() as scratch, UsageStore.open(Path(scratch) / "usage.db") as store:
        sync.sync(store, [folder])
        requests = [request for request in store.requests() if not request.agent]
        ledger = context.ledger(requests, store.arrivals(), prices.relative, prices.usd)
    return requests, ledger.parts


def above(found: breaks.Break) -> float:
    """USD of what was written again, above reading it."""
    request = found.after
    rates = relative_rates(request, prices.relative)
    write = rates.write_1h if request.write_1h_tokens else rates.write_5m
    return (prices.input_usd(request.model, request.at) or 0.0) * found.lost * (write - rates.read)


def show_causes(found: Sequence[breaks.Break], repos: dict[str, str]) -> None:
    names = sorted({repos.get(one.after.session, "all") for one in found})
    print(f"{'cause':<14}{'losses':>8}{'tokens':>13}{'USD':>9}" + "".join(f"{name[-20:]:>22}" for name in names))
    for cause in breaks.CAUSES:
        of = [one for one in found if one.cause == cause]
        if of:
            by = Counter(repos.get(one.after.session, "all") for one in of)
            row = f"{cause:<14}{len(of):>8}{sum(one.lost for one in of):>13,}{sum(map(above, of)):>9.2f}"
            print(row + "".join(f"{by[name]:>22}" for name in names))


def summed(found: Sequence[breaks.Break]) -> str:
    return f"{len(found)}, {sum(one.lost for one in found):,} tokens, ${sum(map(above, found)):.2f}"


def things(between: Sequence[Part]) -> Iterator[str]:
    for part in between:
        if part.what == NOTE and part.target:
            yield "a command" if part.target[0] == "/" and part.target not in breaks.LEAVING else part.target
        elif part.what == RESULT and part.tool in (breaks.BRINGS_TOOLS, breaks.BRINGS_SKILLS):
            yield part.tool
        elif part.what == RESULT and part.tool in EDITORS and part.target.rpartition("/")[2] in MEMORIES:
            yield "a memory file edited"
        elif part.what in (PROMPT, RESULT):
            yield part.what


def show_things(requests: Sequence[Request], parts: Sequence[Part], lost: set[str]) -> None:
    apart: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        if prompt_tokens(request):
            apart[request.session].append(request)
    came: dict[str, list[Part]] = defaultdict(list)
    for part in sorted(parts, key=lambda part: part.at):
        if not part.agent:
            came[part.session].append(part)
    cases, losses = Counter[str](), Counter[str]()
    for session, group in apart.items():
        times = [part.at for part in came[session]]
        for before, after in pairwise(sorted(group, key=lambda request: request.at)):
            between = came[session][bisect_right(times, before.at) : bisect_right(times, after.at)]
            is_early = after.at - before.at <= lifetime_s(before.write_1h_tokens > 0)
            if is_early and not any(part.what == "summary" for part in between):
                seen = set(things(between))
                cases.update(seen)
                losses.update(seen if after.message_id in lost else ())
    print(f"\n{'between two requests':<28}{'cases':>8}{'lost':>7}{'share':>8}")
    for thing, count in cases.most_common():
        print(f"{thing[:27]:<28}{count:>8,}{losses[thing]:>7}{losses[thing] / count:>8.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transcripts", type=Path)
    parser.add_argument("--recordings", type=Path)
    given = parser.parse_args()
    requests, parts = book(given.transcripts)
    if not requests:
        raise SystemExit(f"no transcripts with a response in {given.transcripts}")
    found = list(breaks.breaks(requests, parts, always))
    show_causes(found, repositories(given.recordings) if given.recordings else {})
    broken = [one for one in found if one.cause not in (breaks.IDLE, breaks.COMPACTED)]
    known = [one for one in broken if one.cause != breaks.NOT_KNOWN]
    print(f"\nbroken while warm: {summed(broken)}; explained {summed(known)}")
    show_things(requests, parts, {one.after.message_id for one in found})


if __name__ == "__main__":
    main()
