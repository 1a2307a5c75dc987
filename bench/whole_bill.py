"""The whole bill of recorded sessions: today's, with each lever of Trimtab alone, and with all of them.

    python -m bench.whole_bill REPLAY_FOLDER [--data FILE] [--standing SHARE] [--without LEVER] [--by-fold]

REPLAY_FOLDER has the evaluator's modules and `data/` (see recorded.py). The requests of every session are played in
order, with what each read from the cache and wrote to it. A lever takes tokens out of prompts: off what was read
where the cache held them, off what was written where it did not. So what is taken from a history is worth more where
a request found the cache gone. What a lever hides and was needed later costs one more request: it reads the prompt,
writes 120 tokens, and brings in the hidden lines with ten on either side.

The levers, and what each assumes:
  loads     every result at the view that the policy chooses. A need is a line that a later edit replaces, or a new
            word that the agent says later (the evaluator's labels).
  standing  the first prompt, without the user's words, is smaller by what hook modules take from one in a small
            project (`bench.standing`), or by SHARE of it; nothing that was left out is missed.
  compact   where a prompt of the user finds the cache gone and `history.compacting` says that it pays with as many
            requests to come as are usual, the user compacts first; what that costs is the model's of that module.
  cold      where a prompt of the user finds the cache gone, results that are still whole become views before they
            are written again: all but the newest, and for newer models none before a thought (history.refold); what
            the view hides and was needed after that prompt is missed.
That a cache is gone is taken as known: the recordings hold no times.
Not in it: subagents and their models (the recordings hold main conversations
alone), shorter answers, a cache that goes cold within a turn.

Prices are of one fresh input token: write 2, read 0.1, output 5. A recording is frozen: an agent that misses
something may do more than fetch it.
"""

import argparse
import statistics
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import recorded, relevance
from bench.bill import OUTPUT, READ, WRITE
from bench.budgets import COLD, FOLD
from bench.recorded import Example
from trimtab import policy, tokens
from trimtab.history import compacting, refold
from trimtab.records import Prices

LESS = {
    "newer": 5_597,
    "older": 9_961,
}  # o200k tokens, by model: bench.standing with claude-opus-5-5, claude-sonnet-4-5
PRICES = Prices(WRITE, READ, OUTPUT)
Event = Mapping[str, Any]


class Step(NamedTuple):
    """One request: its usage, and the segment between compactions that it is in."""

    fresh: int
    write: int
    read: int
    output: int
    segment: int
    is_cold: bool  # a prompt of the user found the cache gone
    is_bound: bool = False  # its answer has a thought that is bound to all that came before

    @property
    def prompt(self) -> int:
        return self.fresh + self.write + self.read


class Load(NamedTuple):
    """One result in the model's tokens: whole, as its view, and what of the hidden was needed.

    `last_use` is the last request that needed something of it, -1 for none.
    """

    request: int
    whole: float
    shown: float
    again: float
    last_use: int = -1


class Session(NamedTuple):
    name: str
    repo: str
    standing: float
    less: float  # what of the standing prompt the lever takes
    steps: tuple[Step, ...]
    loads: tuple[Load, ...]


class Levers(NamedTuple):
    """Which levers are on."""

    loads: bool = False
    standing: bool = False
    cold: bool = False
    compact: bool = False


class Bill(NamedTuple):
    """What a session costs; `fetches` are requests for what was hidden, `folded` results that were folded late."""

    cost: float
    fetches: int = 0
    folded: int = 0
    compacted: int = 0


class Uses:
    """Which requests of one segment used what."""

    def __init__(self, events: Sequence[Event], judge: relevance.Judge) -> None:
        self.labels = judge.evaluator.labels
        self.anywhere: dict[str, list[int]] = defaultdict(list)
        self.code: dict[str, list[int]] = defaultdict(list)
        self.edits: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.reads: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for event in events:
            if event["e"] == "tool":
                self._called(event)
            elif event["e"] in ("say", "think"):
                self._said(event)

    def _called(self, event: Event) -> None:
        for word in self.labels.words_of(self.labels.strings_in(event["input"])):
            self.anywhere[word].append(event["k"])
            self.code[word].append(event["k"])
        given = event["input"] if isinstance(event["input"], dict) else {}
        path = str(given.get("file_path", ""))
        if event["is_error"] or not path:
            return
        if event["name"] == "Read":
            self.reads[path].append((event["k"], event["output"] or ""))
        elif event["name"] in ("Edit", "MultiEdit"):
            for one in given.get("edits") or [given]:
                self.edits[path].append((event["k"], str(one.get("old_string") or "")))

    def _said(self, event: Event) -> None:
        for word in self.labels.words_of(event["text"]):
            self.anywhere[word].append(event["k"])
        for word in self.labels.words_of("\n".join(self.labels.CODE_SPAN.findall(event["text"]))):
            self.code[word].append(event["k"])

    def last_of(self, one: Example) -> int:
        """The last request that edited lines of a result, or was the first to say a word of it; -1 for none."""
        found: list[int] = [-1]
        for word in one.needs.words:
            said = sorted((self.code if self.labels.plain(word) else self.anywhere)[word])
            found += said[bisect_right(said, one.subject.requests) :][:1]
        found += self._edited(one) if one.subject.tool == "Read" else ()
        return max(found)

    def _edited(self, one: Example) -> Iterator[int]:
        """The edits of what this Read was the last to show."""
        body = [self.labels.content_of(line) for line in one.lines]
        text = "\n".join(body)
        for k, old in self.edits[one.subject.path]:
            at = text.find(old) if old.strip() and k > one.subject.requests else -1
            if at < 0 or text.find(old, at + 1) >= 0 or self._was_read_again(one, k, old):
                continue
            yield k

    def _was_read_again(self, one: Example, k: int, old: str) -> bool:
        first = old.split("\n")[0]
        return any(one.subject.requests < at < k and first in output for at, output in self.reads[one.subject.path])


def sessions(judge: relevance.Judge, data: Sequence[Path]) -> list[Session]:
    outputs: dict[str, list[Example]] = defaultdict(list)
    for one in judge.examples():
        outputs[one.session].append(one)
    found = []
    for session in judge.evaluator.sessions.read_sessions(*map(str, data)):
        calls = steps(session)
        if calls:
            uses = [Uses(events, judge) for events in judge.evaluator.labels.segments_of(session)]
            own = outputs[session["session"]]
            loads = tuple(load(one, judge, uses[calls[one.subject.requests].segment]) for one in own)
            model = next(event["model"] or "" for event in session["events"] if event["e"] == "api")
            rate = judge.rate_of(model, "")
            standing = max(0.0, calls[0].prompt - rate * words_before(session))
            less = min(standing, rate * LESS[tokens.family(model)])
            found.append(Session(session["session"], session["repo"], standing, less, calls, loads))
    return found


def words_before(session: Mapping[str, Any]) -> int:
    """Tokens (o200k_base) of what the user wrote before the first request."""
    count = 0
    for event in session["events"]:
        if event["e"] == "api":
            break
        count += tokens.count(event["text"]) or 0 if event["e"] == "prompt" else 0
    return count


def steps(session: Mapping[str, Any]) -> tuple[Step, ...]:
    found: list[Step] = []
    segment, model, is_after_prompt = 0, "", False
    for event in session["events"]:
        if event["e"] == "compact":
            segment += 1
        elif event["e"] == "prompt" and not event["meta"]:
            is_after_prompt = True
        elif event["e"] == "api":
            model = event["model"] or ""
            fresh, write, read, output = event["usage"]
            is_gone = bool(found) and found[-1].segment == segment and read < COLD * (found[-1].write + found[-1].read)
            found.append(Step(fresh, write, read, output, segment, is_gone and is_after_prompt))
            is_after_prompt = False
        elif event["e"] == "think" and found:
            found[-1] = found[-1]._replace(is_bound=tokens.family(model) != "older")
    return tuple(found)


def load(one: Example, judge: relevance.Judge, uses: Uses) -> Load:
    record = judge.record(one, relevance.view(judge)(one))
    rate, again = record["rate"], record.get("again", 0) * record["rate"]
    last = uses.last_of(one) if again else -1
    return Load(one.subject.requests, record["raw"] * rate, record["shown"] * rate, again, last)


class Context:
    """What the prompts of a run lack of the recorded ones, in tokens, from one compaction to the next."""

    def __init__(self, standing: float, lacks: float) -> None:
        self.standing, self.lacks = standing, lacks
        self.held = self.new = 0.0

    def cost(self, step: Step) -> float:
        """Of a request. What is new since the one before is written; of the rest the cache is taken to hold first
        what is lacking, where the lever is worth less."""
        known = min(1.0, step.read / max(1.0, self.standing))
        cached = min(self.held, max(0.0, step.read - self.standing))
        unread = self.lacks * known + cached
        unwritten = self.lacks * (1 - known) + (self.held - cached) + self.new
        self.held, self.new = self.held + self.new, 0.0
        written, read = max(0.0, step.write - unwritten), max(0.0, step.read - unread)
        return step.fresh + WRITE * written + READ * read + OUTPUT * step.output


class Run:
    """One session with some levers, request by request."""

    def __init__(self, session: Session, levers: Levers) -> None:
        self.session, self.levers = session, levers
        self.by_request: dict[int, list[Load]] = defaultdict(list)
        for one in session.loads:
            self.by_request[one.request].append(one)
        self.cost = 0.0
        self.fetches = self.folded = self.compacted = self.before = 0
        self.begin()

    def begin(self) -> None:
        """A session or what follows a compaction: nothing was loaded yet."""
        self.context = Context(self.session.standing, self.session.less if self.levers.standing else 0.0)
        self.shown: dict[Load, float] = {}

    def bill(self) -> Bill:
        for k, step in enumerate(self.session.steps):
            if k and step.segment != self.session.steps[k - 1].segment:
                self.begin()
            lost = self.compacts(k) if step.is_cold and self.levers.compact else 0.0
            if step.is_cold and self.levers.cold and not lost:
                self.fold(k)
            self.cost += self.context.cost(step)
            self.context.held += lost
            self.before = step.prompt + step.output
            for one in self.by_request[k]:
                self.load(one, k)
        return Bill(self.cost, self.fetches, self.folded, self.compacted)

    def load(self, one: Load, k: int) -> None:
        self.shown[one] = one.shown if self.levers.loads else one.whole
        if self.levers.loads:
            self.context.new += one.whole - one.shown
            if one.again:
                self.fetch(k, one.again)

    def fold(self, k: int) -> None:
        """Results that are still whole become views, before they are written again."""
        thought = max((at for at, step in enumerate(self.session.steps[:k]) if step.is_bound), default=-1)
        for one in list(self.shown)[: -refold.RECENT]:
            saved = self.shown[one] - one.shown
            if saved > 0 and one.request >= thought:
                self.shown[one] = one.shown
                self.context.held += saved
                self.folded += 1
                if one.last_use >= k:
                    self.fetch(one.last_use, one.again)

    def compacts(self, k: int) -> float:
        """Tokens that a compaction before this request takes out of those after it; 0 where none is proposed."""
        standing = round(self.session.standing - self.context.lacks)
        context = round(self.before - self.context.lacks - self.context.held)
        history = compacting.History(context, standing, PRICES)
        seen = compacting.outlook(history, policy.requests_to_come(k, (), context))
        if seen.pays_from is None or seen.net <= 0:
            return 0.0
        left = self.left(k)
        self.cost += compacting.at_once(history) + compacting.later(history, left)
        self.compacted += 1
        self.shown.clear()
        return float(history.lost)

    def fetch(self, k: int, again: float) -> None:
        """One more request at the `k`th, that brings in so many tokens for the requests after it."""
        left = self.left(k)
        kept = WRITE + READ * left if left else 0.0
        self.cost += READ * self.session.steps[k].prompt + OUTPUT * policy.CALL_TOKENS + again * kept
        self.fetches += 1

    def left(self, k: int) -> int:
        """How many requests follow the `k`th until the end or a compaction."""
        segment = self.session.steps[k].segment
        return sum(step.segment == segment for step in self.session.steps[k + 1 :])


def play(session: Session, levers: Levers) -> Bill:
    return Run(session, levers).bill()


NAMES = ("loads", "standing", "cold", "compact")


def arms(without: Sequence[str] = ()) -> Iterator[tuple[str, Levers]]:
    """The table's rows; with `without`, one of all other levers."""
    if without:
        everything = Levers(True, True, True, True)
        left = everything._replace(**{name: type(getattr(everything, name))() for name in without})
        yield f"all without {', '.join(without)}", left
        return
    yield "loads", Levers(loads=True)
    yield "standing", Levers(standing=True)
    yield "cold", Levers(cold=True)
    yield "compact", Levers(compact=True)
    yield "loads and standing", Levers(loads=True, standing=True)
    yield "loads, standing, compact", Levers(loads=True, standing=True, compact=True)
    yield "loads, standing, cold", Levers(loads=True, standing=True, cold=True)
    yield "all", Levers(True, True, True, True)


def row(name: str, found: Sequence[Session], levers: Levers) -> str:
    plain = [play(one, Levers()).cost for one in found]
    bills = [play(one, levers) for one in found]
    shares = sorted(1 - bill.cost / whole for bill, whole in zip(bills, plain, strict=True))
    worse = sum(share < -1e-9 for share in shares)
    cells = (
        f"{1 - sum(bill.cost for bill in bills) / sum(plain):.1%}",
        f"{shares[len(shares) // 2]:.1%}",
        f"{shares[len(shares) // 10]:.1%}",
        f"{worse} of {len(shares)}",
        str(sum(bill.fetches for bill in bills)),
        str(sum(bill.folded for bill in bills)),
        str(sum(bill.compacted for bill in bills)),
    )
    return f"| {name} | {' | '.join(cells)} |"


def composition(found: Iterable[Session]) -> list[str]:
    """Where the recorded bill is, in shares of it."""
    parts: dict[str, float] = defaultdict(float)
    for session in found:
        before, segment = 0, 0
        for k, step in enumerate(session.steps):
            parts["all"] += step.fresh + WRITE * step.write + READ * step.read + OUTPUT * step.output
            known = min(session.standing, step.read)
            parts["standing prompt"] += READ * known + WRITE * (session.standing - known)
            if k and step.segment == segment and step.is_cold:
                parts["written again at cold prompts"] += WRITE * max(0, before - step.read)
            parts["output"] += OUTPUT * step.output
            before, segment = step.prompt, step.segment
    return [f"{name}: {part / parts['all']:.1%} of the bill" for name, part in parts.items() if name != "all"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    recorded.add_folder(parser)
    parser.add_argument("--standing", type=float)
    parser.add_argument("--without", choices=NAMES, action="append", default=[])
    parser.add_argument("--by-fold", action="store_true")
    given = parser.parse_args()
    found = sessions(relevance.opened(given), recorded.files_of(given))
    if given.standing is not None:
        found = [one._replace(less=given.standing * one.standing) for one in found]
    print("\n".join(composition(found)))
    less = statistics.fmean(one.less / max(1.0, one.standing) for one in found)
    print(f"the lever takes {less:.0%} of the standing prompt (mean of sessions)")
    print("\n| levers | bill lower by | median session | tenth worst | worse | fetches | folded late | compacted |")
    print("|---" * 8 + "|")
    for name, levers in arms(given.without):
        print(row(name, found, levers), flush=True)
        for title, is_first in ((FOLD, True), ("others", False)) if given.by_fold else ():
            print(row(f"- {title}", [one for one in found if (one.repo == FOLD) == is_first], levers), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
