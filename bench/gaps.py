"""How often pauses leave the prompt cache cold, what the prompts after them cost, and whether compacting was cheaper.

    python -m bench.gaps TRANSCRIPTS [--recordings FOLDER] [--least TOKENS]

TRANSCRIPTS holds sessions in the client's format, `SESSION.jsonl` at any depth (such as ~/.claude/projects; subagents
are left out). Recordings in the evaluator's format hold no times: `bench.originals` fetches the transcripts that they
were made of. With the recordings' FOLDER sessions are split by repository, else by project folder.

1. The rule of `history.warmth` against what each request really found: cold where less than half of what the request
   before had in the cache was read, and COLD_TOKENS or more were lost.
2. Prompts of the user after a pause that let the cache run out, of contexts of LEAST tokens or more: what would be
   written anew by `Warmth.lost`, and what was.
3. Compacting first or going on: what `history.compacting` and `policy.requests_to_come` say at that prompt, judged with
   the requests that really followed. How much would have been read again nobody knows of a compaction that was not
   made: it is the model's, and 0.5, 2 and 3 times that. Sessions of one repository tell how long they may be only to
   later ones of the same.
"""

import argparse
import json
import lzma
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from trimtab import policy, prices, transcript
from trimtab.history import compacting
from trimtab.history.warmth import Warmth
from trimtab.records import Request, prompt_tokens

COLD_TOKENS = 5_000
REREADS = (1.0, 0.5, 2.0, 3.0)
EDGES_S = (0, 60, 240, 300, 360, 600, 1_800, 3_600, 4_200, 7_200, float("inf"))


class Pause(NamedTuple):
    """From a response to the next request of the conversation. `age_s` until the prompt or result that asked for it."""

    repo: str
    session: str
    age_s: float
    lives_s: float
    has_prompt: bool
    predicted: int  # to be written anew, were it cold
    history: compacting.History
    expected: float  # requests to come
    request: Request
    cached: int
    followed: int  # requests after this one, until a compaction or the end

    @property
    def is_due(self) -> bool:
        return self.age_s >= self.lives_s

    @property
    def is_cold(self) -> bool:
        lost = min(self.cached, prompt_tokens(self.request)) - self.request.read_tokens
        return lost >= COLD_TOKENS and self.request.read_tokens < self.cached / 2

    @property
    def written(self) -> int:
        return self.request.write_5m_tokens + self.request.write_1h_tokens


class Session(NamedTuple):
    name: str
    repo: str
    started: float
    entries: list[transcript.Entry]


def read(folder: Path, repos: dict[str, str]) -> list[Session]:
    """All sessions with a response, oldest first."""
    found = []
    for file in sorted(folder.rglob("*.jsonl")):
        if "subagents" in file.parts:
            continue
        reader = transcript.Reader(file, file.stem, tail_bytes=1 << 40)
        entries = [e for e in reader.read() if not (isinstance(e, transcript.Usage) and e.request.agent)]
        if any(isinstance(entry, transcript.Usage) for entry in entries):
            found.append(Session(file.stem, repos.get(file.stem, file.parent.name), entries[0].at, entries))
    return sorted(found, key=lambda session: session.started)


def repositories(folder: Path) -> dict[str, str]:
    """Each recorded session's repository."""
    found = {}
    for file in sorted(folder.rglob("*.jsonl.xz")):
        with lzma.open(file, "rt", encoding="utf-8") as lines:
            found.update({(said := json.loads(line))["session"]: said["repo"] for line in lines})
    return found


def pauses(session: Session, lengths: Sequence[int]) -> list[Pause]:
    """All pauses of one session; `lengths` are of sessions before it."""
    segments = requests_by_segment(session.entries)
    warmth, found = Warmth(), []
    asked_at, has_prompt, so_far, segment, place = 0.0, False, 0, 0, 0
    before: Request | None = None
    for entry in session.entries:
        if isinstance(entry, transcript.Compaction):
            warmth.compacted(entry.at)
            before, segment, place = None, segment + bool(place), 0
        elif isinstance(entry, (transcript.Prompt, transcript.Result)):
            asked_at = entry.at
            has_prompt |= isinstance(entry, transcript.Prompt)
        elif isinstance(entry, transcript.Usage):
            request = entry.request
            if not prompt_tokens(request) or (before and request.message_id == before.message_id):
                continue
            place += 1
            if before is not None and warmth.used_at:
                cached = before.read_tokens + before.write_5m_tokens + before.write_1h_tokens
                relative = prices.relative(request.model, warmth.is_1h, request.at)
                history = compacting.History(warmth.context, warmth.standing, relative)
                expected = policy.requests_to_come(so_far, lengths, warmth.context)
                age_s = (asked_at or request.at) - warmth.used_at
                left = segments[segment] - place
                found.append(
                    Pause(session.repo, session.name, age_s, warmth.lives_s, has_prompt, warmth.lost, history,
                          expected, request, cached, left)
                )  # fmt: skip
            so_far += 1
            warmth.used(request, entry.ttl_1h)
            before, asked_at, has_prompt = request, 0.0, False
        else:
            warmth.answered(entry.at)
    return found


def requests_by_segment(entries: Iterable[transcript.Entry]) -> list[int]:
    counts, seen = [0], set()
    for entry in entries:
        if isinstance(entry, transcript.Compaction) and counts[-1]:
            counts.append(0)
        elif isinstance(entry, transcript.Usage) and prompt_tokens(entry.request):
            counts[-1] += entry.request.message_id not in seen
            seen.add(entry.request.message_id)
    return counts


def all_pauses(sessions: Sequence[Session]) -> list[Pause]:
    lengths: dict[str, list[int]] = defaultdict(list)
    found = []
    for session in sessions:
        found += pauses(session, lengths[session.repo])
        lengths[session.repo].append(sum(requests_by_segment(session.entries)))
    return found


def show_rule(found: Sequence[Pause]) -> None:
    print("age of the cache at a request      5 minutes: warm  cold    1 hour: warm  cold")
    for low, high in pairwise(EDGES_S):
        counts = []
        for lives_s in (300.0, 3_600.0):
            of = [p for p in found if p.lives_s == lives_s and low <= max(p.age_s, 0.0) < high]
            counts += [sum(not p.is_cold for p in of), sum(p.is_cold for p in of)]
        name = f"{low / 60:g} to {high / 60:g} minutes"
        print(f"{name:<35}{counts[0]:>15,}{counts[1]:>6,}{counts[2]:>16,}{counts[3]:>6,}")
    due, early = [p for p in found if p.is_due], [p for p in found if not p.is_due]
    print(f"past its lifetime: {sum(p.is_cold for p in due):,} of {len(due):,} found it cold;", end=" ")
    print(f"before: {sum(p.is_cold for p in early):,} of {len(early):,}")


def usd(pause: Pause, tokens: float) -> float:
    """Of tokens written with the pause's model at its time."""
    price = prices.input_usd(pause.request.model, pause.request.at) or 0.0
    return price * pause.history.prices.write * tokens


def show_written(gaps: Sequence[Pause], spent: float) -> None:
    off = [abs(p.predicted / p.written - 1) for p in gaps if p.written]
    told, paid = sum(usd(p, p.predicted) for p in gaps), sum(usd(p, p.written) for p in gaps)
    print(f"said to be written anew ${told:,.2f}, written ${paid:,.2f} ({paid / spent:.1%} of ${spent:,.2f}), ", end="")
    if off:
        print(f"off by {statistics.median(off):.1%} (median), {quantile(off, 0.9):.1%} (90 of 100)")


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def net_usd(pause: Pause, requests: float, times: float) -> float:
    """What compacting first would have saved with so many requests to follow, `times` the model's reading again."""
    seen = compacting.outlook(pause.history, requests)
    price = prices.input_usd(pause.request.model, pause.request.at) or 0.0
    return price * (seen.saves - seen.at_once - times * seen.later)


def show_choice(gaps: Sequence[Pause]) -> None:
    says = {id(p): net_usd(p, p.expected, 1.0) > 0 for p in gaps}
    for times in REREADS:
        real = [(says[id(p)], net_usd(p, p.followed, times)) for p in gaps]
        right = sum(said == (net > 0) for said, net in real)
        won = sum(net for said, net in real if said)
        always, best = sum(net for _, net in real), sum(max(net, 0.0) for _, net in real)
        lost = sum(min(net, 0.0) for said, net in real if said)
        print(
            f"  read again x {times:g}: right in {right} of {len(gaps)} ({right / len(gaps):.0%});"
            f" its choices ${won:,.2f} (of it lost ${-lost:,.2f}), always ${always:,.2f}, never $0, best ${best:,.2f}"
        )
    print(f"  it says compact in {sum(says.values())} of {len(gaps)};", end=" ")
    print(f"requests that followed: median {statistics.median(p.followed for p in gaps):g}", end=", ")
    print(f"expected {statistics.median(p.expected for p in gaps):g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transcripts", type=Path)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--least", type=int, default=50_000)
    given = parser.parse_args()
    sessions = read(given.transcripts, repositories(given.recordings) if given.recordings else {})
    if not sessions:
        raise SystemExit(f"no transcripts with a response in {given.transcripts}")
    found = all_pauses(sessions)
    print(f"{len(sessions):,} sessions, {len(found):,} pauses between two requests of a conversation\n")
    show_rule(found)
    requests = [e.request for s in sessions for e in s.entries if isinstance(e, transcript.Usage)]
    newest = {(request.session, request.message_id): request for request in requests}
    spent = sum(prices.usd(request) or 0.0 for request in newest.values())
    due = [p for p in found if p.is_due and p.has_prompt and p.predicted >= given.least]
    cold = [p for p in due if p.is_cold]
    print(f"\nprompts after it had run out, of {given.least:,} tokens or more: {len(due)}, {len(cold)} found it cold")
    if not due:
        return
    show_written(due, spent)
    apart: dict[str, list[Pause]] = defaultdict(list)
    for pause in due:
        apart[pause.repo].append(pause)
    print("\ncompacting first or going on, USD saved against going on:")
    for repo, gaps in [("all", due), *sorted(apart.items())]:
        print(f"{repo}: {len(gaps)} prompts")
        show_choice(gaps)


if __name__ == "__main__":
    main()
