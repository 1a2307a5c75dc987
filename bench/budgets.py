"""Recorded sessions under budgets that are too small for them: how far each gets, and by how much a limit is passed.

    python -m bench.budgets REPLAY_FOLDER [--data FILE] [--level LEVEL] [--measure billed|usd] [--by-fold] [--curve]

REPLAY_FOLDER has the evaluator's modules and `data/` (see recorded.py). Each session gets a budget of 50, 75 and 90 %
of what it used, and its requests are played in order: `expect` says what the next one will take, `gate` whether it
fits, `charging` what it took. Three arms: nothing is trimmed; views as without a budget; views with soft pressure.
What a user's other sessions show (`Habits`) is learned in the other fold: entireio/cli, and the other repositories.

A view takes its tokens from what the next request writes and from what later ones read until a compaction. An output
that hides what was needed costs one more request right away, as the evaluator charges it: it reads the prompt again,
writes 120 tokens, and brings in the hidden lines with ten on either side. The recordings have no times: where
a request after a prompt of the user found its cache gone, the user is taken to have been away, which `expect` then
knows; a cache that is gone within a turn comes unforeseen. Nor do they say for how long it was written: writes cost
what they do for an hour. What frozen recordings can't say: what a model does with a smaller view, beside fetching what
is hidden. --curve: instead, what each pressure makes of all outputs, by which budget.pressure was chosen.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import relevance
from bench.recorded import Example, add_folder, files_of
from trimtab import policy
from trimtab.budget import expect, gate, pressure
from trimtab.budget.scopes import MAIN
from trimtab.budget.tally import amount
from trimtab.budget.terms import EVERYTHING, Account, Budget, Level, Measure, Period, Span
from trimtab.prices import Book
from trimtab.records import OptimizationLevel, Request, prompt_tokens
from trimtab.usage.charging import charge_of

SHARES = (0.5, 0.75, 0.9)
PRESSURES = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
AT, STEP_S, PAUSE_S = 1_800_000_000.0, 10.0, 2 * expect.LONG_S  # chosen: between requests; while the user is away
COLD = 0.5  # chosen: with less of the prompt before it read, a request found its cache gone
FOLD = "entireio/cli"
BOOK = Book()
Press = Callable[[float], float]
NONE: Press | None = None
ARMS: tuple[tuple[str, Press | None], ...] = (
    ("no trimming", NONE),
    ("trimming", lambda _: 1.0),
    ("trimming, soft pressure", pressure.pressure),
)


class Session(NamedTuple):
    """One recorded session: its requests in order, which segment between compactions each is in, outputs by request."""

    name: str
    repo: str
    requests: tuple[Request, ...]
    segments: tuple[int, ...]
    outputs: Mapping[int, Sequence[Example]]


class Run(NamedTuple):
    """What became of one session: `sent` are its own requests, `fetched` those for hidden lines."""

    sent: int
    fetched: int
    used: int
    last: int  # what the last request took
    lacked: int  # by how much the last request took more than was expected


def sessions(judge: relevance.Judge, data: Sequence[Path]) -> list[Session]:
    outputs: dict[str, dict[int, list[Example]]] = {}
    for one in judge.examples():
        outputs.setdefault(one.session, {}).setdefault(one.subject.requests, []).append(one)
    found = []
    for session in judge.evaluator.sessions.read_sessions(*map(str, data)):
        name, segment = session["session"], 0
        requests: list[Request] = []
        segments: list[int] = []
        at, is_after_prompt = AT, False
        for event in session["events"]:
            if event["e"] == "compact":
                segment += 1
            elif event["e"] == "prompt" and not event["meta"]:
                is_after_prompt = True
            elif event["e"] == "api":
                fresh, write, read, output = event["usage"]
                is_cold = bool(requests) and read < COLD * (requests[-1].write_1h_tokens + requests[-1].read_tokens)
                at += PAUSE_S if is_cold and is_after_prompt else STEP_S
                is_after_prompt = False
                requests.append(
                    Request(name, "", str(event["k"]), at, event["model"] or "", fresh, 0, write, read, output)
                )
                segments.append(segment)
        if requests:
            found.append(Session(name, session["repo"], tuple(requests), tuple(segments), outputs.get(name, {})))
    return found


class Context:
    """What a run's context lacks of the recorded one: tokens that the next request won't write, and won't read."""

    def __init__(self) -> None:
        self.unwritten, self.unread = 0.0, 0.0

    def request(self, recorded: Request) -> Request:
        """The recorded request as it is in this run; what was written before is read from here on."""
        write = recorded.write_1h_tokens - self.unwritten
        read = recorded.read_tokens - self.unread + min(0.0, write)
        self.unread += self.unwritten
        self.unwritten = 0.0
        return recorded._replace(write_1h_tokens=max(0, round(write)), read_tokens=max(0, round(read)))


class Player:
    """Plays sessions under budgets. `habits` are by repository fold."""

    def __init__(self, judge: relevance.Judge, level: OptimizationLevel, habits: Mapping[bool, expect.Habits]) -> None:
        self.judge, self.level, self.habits = judge, level, habits
        self._shown: dict[tuple[str, str, int, float], tuple[float, bool]] = {}

    def play(self, session: Session, budget: Budget, press: Press | None, is_stopping: bool = True) -> Run:
        habits = self.habits[session.repo == FOLD]
        own: list[Request] = []
        context, used, fetched, last, lacked = Context(), 0, 0, 0, 0

        def send(request: Request) -> bool:
            nonlocal used, last, lacked
            expected = charge_of(expect.expected(own, habits, session.name, "", MAIN, request.at), BOOK)
            if is_stopping and not gate.fits(Account(budget, "", used), expected):
                return False
            own.append(request)
            last = amount(budget.measure, charge_of(request, BOOK))
            lacked = last - amount(budget.measure, expected)
            used += last
            return True

        for k, recorded in enumerate(session.requests):
            if k and session.segments[k] != session.segments[k - 1]:
                context = Context()
            request = context.request(recorded)
            if not send(request):
                return Run(k, fetched, used, last, lacked)
            for one in session.outputs.get(int(recorded.message_id), ()) if press else ():
                assert press is not None
                missed = self.show(one, prompt_tokens(request), press(used / budget.limit), context)
                again = request._replace(
                    at=own[-1].at + 1.0,
                    input_tokens=0,
                    write_1h_tokens=0,
                    read_tokens=prompt_tokens(request),
                    output_tokens=policy.CALL_TOKENS,
                )
                if missed and not send(again):
                    return Run(k + 1, fetched, used, last, lacked)
                fetched += missed
        return Run(len(session.requests), fetched, used, last, lacked)

    def show(self, one: Example, prompt_tokens: int, pressed: float, context: Context) -> bool:
        """Shows an output in this context; whether its view hides what was needed, which then came in after all."""
        if one.requests_left <= 0:
            return False  # nothing reads it
        key = (one.session, one.id, prompt_tokens, pressed)
        if key not in self._shown:  # runs are alike up to where a budget gets tight
            self._shown[key] = self.removed(one, prompt_tokens, pressed)
        removed, missed = self._shown[key]
        context.unwritten += removed
        return missed

    def removed(self, one: Example, prompt_tokens: int, pressed: float) -> tuple[float, bool]:
        """The model's tokens that an output's view leaves out, less what comes in after all, and whether any did."""
        now = one._replace(subject=one.subject._replace(prompt_tokens=prompt_tokens))
        shown = relevance.view(self.judge, level=self.level, pressure=pressed)(now)
        if shown == "\n".join(one.lines):
            return 0.0, False
        record = self.judge.record(one, shown)
        return (record["raw"] - record["shown"] - record.get("again", 0)) * record["rate"], "again" in record


def habits(found: Iterable[Session]) -> expect.Habits:
    all_requests = [session.requests for session in found]
    return expect.habits_of((each[0] for each in all_requests), (request for each in all_requests for request in each))


def budget_of(session: Session, measure: Measure, share: float) -> Budget:
    used = sum(amount(measure, charge_of(request, BOOK)) for request in session.requests)
    return Budget(1, Level.TASK, EVERYTHING, measure, round(share * used), Period(Span.ONCE))


def quantile(values: Sequence[float], of: float) -> float:
    return sorted(values)[min(len(values) - 1, int(of * len(values)))] if values else 0.0


def row(title: str, found: Sequence[tuple[Session, Budget, Run, Run]]) -> str:
    """One line of the table; of each session its run with the stop, and one that nothing stops."""
    ran = [(session, budget, run) for session, budget, run, _ in found]
    finished = sum(run.sent == len(session.requests) for session, _, run in ran)
    over = [run.used - budget.limit for _, budget, run in ran if run.used > budget.limit]
    way = [run.sent / len(session.requests) for session, _, run in ran]
    parts = [max(0, run.used - budget.limit) / budget.limit for _, budget, run in ran]
    more = [max(0, run.used - budget.limit) / max(1, run.last) for _, budget, run in ran]
    within = sum(free.used <= budget.limit for _, budget, _, free in found)
    cells = [
        f"{within / len(ran):.1%}",
        f"{finished / len(ran):.1%}",
        f"{sum(way) / len(way):.1%}",
        *(f"{quantile(way, of):.0%}" for of in (0.1, 0.25, 0.5, 0.75, 0.9)),
        str(sum(run.fetched for _, _, run in ran)),
        f"{len(over)} of {len(ran)}",
        *(f"{quantile(parts, of):.1%}" for of in (0.9, 1.0)),
        f"{max(more):.2f}",
        f"{quantile(over, 0.5):,.0f} / {max(over, default=0):,.0f}",
    ]
    assert all(run.used - budget.limit <= max(0, run.lacked) for _, budget, run in ran), "only the one in flight"
    return f"| {title} | {' | '.join(cells)} |"


def table(player: Player, found: Sequence[Session], measure: Measure, by_fold: bool) -> None:
    requests = sum(len(session.requests) for session in found)
    print(f"\n{measure.value}: {len(found)} sessions, {requests} requests, {player.level.value}\n")
    print("| budget, arm | would fit | finished | mean way | 10 % | 25 % | 50 % | 75 % | 90 % | fetches | overshot"
          " | by of the limit, 90 % | most | most requests | by, median / most |")  # fmt: skip
    print("|" + "---|" * 15)
    for share in SHARES:
        for name, press in ARMS:
            runs = []
            for session in found:
                budget = budget_of(session, measure, share)
                both = (player.play(session, budget, press), player.play(session, budget, press, is_stopping=False))
                runs.append((session, budget, *both))
            print(row(f"{share:.0%}, {name}", runs), flush=True)
            for title, is_first in ((FOLD, True), ("others", False)) if by_fold else ():
                print(row(f"- {title}", [run for run in runs if (run[0].repo == FOLD) == is_first]), flush=True)


def curve(judge: relevance.Judge) -> None:
    """What each pressure makes of all outputs. The last figure is NET with UNTRACED charged for every view too."""
    print("| pressure | removed | edits' lines kept | words kept | missed | NET | pessimistic | worse | break-even"
          " | NET less untraced |")  # fmt: skip
    print("|" + "---|" * 10)
    for level in OptimizationLevel:
        for pressed in PRESSURES:
            found = judge.judged(relevance.view(judge, level=level, pressure=pressed))
            for title, is_in in (("all", (True, False)), (FOLD, (True,)), ("others", (False,))):
                part = [session for session in found if (session["repo"] == FOLD) in is_in]
                print(
                    f"{judge.row(f'{level.value} {pressed:g}, {title}', part)} {traceless(judge, part):.2%} |",
                    flush=True,
                )


def traceless(judge: relevance.Judge, found: Sequence[Mapping[str, Any]]) -> float:
    gain = 0.0
    for session in found:
        saved, charged = judge.score.net(session)
        gain += float(saved - charged)
        for call in session["calls"]:
            if call["shown"] < call["raw"]:
                each = policy.UNTRACED if call["tool"] == "Read" else policy.UNTRACED_OUTPUT
                kept = policy.RECOVERED_TOKENS * call["rate"] * judge.score.kept_price(call["left"])
                gain -= each * float(judge.score.READ * call["prompt"] + judge.score.OUTPUT * policy.CALL_TOKENS + kept)
    return gain / sum(float(session["bill"]) for session in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_folder(parser)
    parser.add_argument("--level", type=OptimizationLevel, default=OptimizationLevel.ADAPTIVE)
    parser.add_argument("--measure", type=Measure, choices=(Measure.BILLED, Measure.USD), action="append")
    parser.add_argument("--by-fold", action="store_true")
    parser.add_argument("--curve", action="store_true")
    given = parser.parse_args()
    judge = relevance.opened(given)
    if given.curve:
        curve(judge)
        return 0
    found = sessions(judge, files_of(given))
    known = {is_first: habits(s for s in found if (s.repo == FOLD) != is_first) for is_first in (True, False)}
    player = Player(judge, given.level, known)
    for measure in given.measure or (Measure.BILLED, Measure.USD):
        table(player, found, measure, given.by_fold)
    return 0


if __name__ == "__main__":
    sys.exit(main())
