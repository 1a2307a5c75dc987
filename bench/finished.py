"""When a compaction would have been proposed at the prompt after a commit, and what accepting it would have saved.

    python -m bench.finished TRANSCRIPTS [--recordings FOLDER] [--least USD]

TRANSCRIPTS and FOLDER as in bench.gaps. The first proposal of each stretch between two compactions is judged with the
requests that really followed in it, by `history.compacting` with what is read again as the model says, and twice and
three times that. Sessions tell how long they may be only to later ones of the same repository.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.gaps import Session, read, repositories, requests_by_segment
from trimtab import policy, prices, transcript
from trimtab.history import compacting, finished
from trimtab.history.warmth import Warmth
from trimtab.records import prompt_tokens


class Proposal(NamedTuple):
    """The first prompt of a stretch that followed a commit and where compacting was likely to save enough."""

    repo: str
    history: compacting.History
    input_usd: float
    expected: float
    followed: int

    def net_usd(self, times: float) -> float:
        seen = compacting.outlook(self.history, self.followed)
        return self.input_usd * (seen.saves - seen.at_once - times * seen.later)


def proposals(session: Session, lengths: Sequence[int], least_usd: float) -> tuple[list[Proposal], int]:
    """Those of one session, and how many prompts followed a commit."""
    segments = requests_by_segment(session.entries)
    warmth, calls, found = Warmth(), dict[str, transcript.Call](), list[Proposal]()
    place = segment = so_far = prompts = 0
    last, is_due, is_told = "", False, False
    for entry in session.entries:
        if isinstance(entry, transcript.Compaction):
            warmth.compacted(entry.at)
            segment, place, is_due, is_told = segment + bool(place), 0, False, False
        elif isinstance(entry, transcript.Usage) and prompt_tokens(entry.request):
            is_new = entry.request.message_id != last
            place, so_far, last = place + is_new, so_far + is_new, entry.request.message_id
            warmth.used(entry.request, entry.ttl_1h)
        elif isinstance(entry, transcript.Call):
            calls[entry.id] = entry
        elif isinstance(entry, transcript.Result) and entry.id in calls:
            call = calls[entry.id]
            command = str(call.input.get("command") or "")
            is_due |= finished.is_commit(call.name, command, entry.text, entry.is_error)
        elif isinstance(entry, transcript.Prompt) and is_due:
            prompts, is_due = prompts + 1, False
            history = compacting.History(
                warmth.context, warmth.standing, prices.relative(warmth.model, warmth.is_1h, entry.at)
            )
            expected = policy.requests_to_come(so_far, lengths, warmth.context)
            usd = prices.input_usd(warmth.model, entry.at) or 0.0
            seen = compacting.outlook(history, expected)
            if not is_told and seen.pays_from is not None and seen.net * usd >= least_usd:
                is_told = True
                found.append(Proposal(session.repo, history, usd, expected, segments[segment] - place))
    return found, prompts


def show(name: str, found: Sequence[Proposal]) -> None:
    print(f"{name}: {len(found)} proposals")
    for times in (1.0, 2.0, 3.0):
        nets = [one.net_usd(times) for one in found]
        lost = -sum(min(net, 0.0) for net in nets)
        print(
            f"  read again x {times:g}: right in {sum(net > 0 for net in nets)},"
            f" saved ${sum(nets):,.2f} (of it lost ${lost:,.2f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transcripts", type=Path)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--least", type=float, default=0.25)
    given = parser.parse_args()
    lengths, found, prompts = defaultdict[str, list[int]](list), list[Proposal](), 0
    for session in read(given.transcripts, repositories(given.recordings) if given.recordings else {}):
        more, count = proposals(session, lengths[session.repo], given.least)
        found, prompts = [*found, *more], prompts + count
        lengths[session.repo].append(sum(requests_by_segment(session.entries)))
    print(f"{prompts} prompts followed a commit")
    show("all", found)
    for repo in sorted({one.repo for one in found}):
        show(repo, [one for one in found if one.repo == repo])


if __name__ == "__main__":
    main()
