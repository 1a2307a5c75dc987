"""Does it pay? Sessions that are shown everything whole, by chance, against those that are not; pure arithmetic.

A session's arm is a fraction made of seed and session id, which anybody can work out anew: `fraction`. Subagents follow
their session. Compared are sessions in which there was something to fold (until then both arms are the same, so this
choice favours none), each by what it did in its first 24 hours: whoever is younger than that is still running, so no
session counts sooner because it was short. What the user switches by hand later takes none out: whoever switches
trimming off where it goes badly would leave the good ones. What a session's cost says of the difference is its score,

    on:  (y - m) / (1 - share)      off:  -(y - m) / share          y = ln(cost), m = what was to be expected of it

whose mean is exactly E[y on] - E[y off] whatever m is, as long as the session's own coin has no part in m; here m is
the mean of the project's earlier sessions, drawn to the mean of all (known as inverse probability weighting with an
adjustment). A good m takes noise away, and a share that is changed midway does no harm. Costs are compared as
logarithms because they are heavy-tailed: one long session would drown all others. So the ratio is that of typical
sessions (geometric means), not of sums.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from trimtab.monitor import anytime
from trimtab.monitor.anytime import Interval
from trimtab.records import Arrival, Assignment, Experiment, Outcome, Request

WINDOW_S = 86_400.0  # chosen: a working day; who comes back to a session a week later does other work
TEACHING = 5  # the first sessions only tell what is to be expected
LEAST, LEAST_OF_ARM = 20, 8  # compared sessions before anything is said (bench/experiment.py: coverage from there on)
# Where one arm is rare its skewed costs take longer to average out: with 8 of them and a share of 0.05 the interval
# missed an effect of -40 % in 17.6 % of the experiments (Pareto 1.5), from 40 on in 4.0 %.
EVEN, LEAST_OF_RARE = 0.3, 40
DRAWN = 3.0  # chosen: sessions of its own that a project needs to weigh as much as all the others
SMALLEST_SHARE, LARGEST_SHARE = 0.05, 0.95  # beyond, single sessions would weigh too much
CARE = 0.05  # chosen: a smaller difference is none
PAYS, COSTS, SAME, OPEN = "pays", "costs", "no difference", "open"
MEASURES = ("session", "prompt")
EDITS = {"Edit", "MultiEdit", "Write", "NotebookEdit"}

UsdOf = Callable[[Request], float | None]
UnitsOf = Callable[[Request], float]


class Arm(NamedTuple):
    """The means of one arm's compared sessions. `cost` is in USD or in units, as the study says."""

    sessions: int
    cost: float
    requests: float
    prompts: float
    edits: float
    tests: float


class Contrast(NamedTuple):
    """A figure with trimming for one without: 0.8 says that it is a fifth less. None until there is enough."""

    name: str
    ratio: float | None
    low: float | None
    high: float | None


class Study(NamedTuple):
    """What an experiment has found so far.

    `left_out` counts sessions by the reason why they are not compared, `by_hand` those that are although the user has
    changed on the way what is compared. `to_go` is how many more compared sessions it
    takes, four times in five, to tell a difference as large as the one seen (None where that is smaller than what
    matters), and `to_go_least` one of `care`; `per_day` is how many came a day so far.
    """

    experiment: Experiment
    assigned: int
    left_out: tuple[tuple[str, int], ...]
    is_usd: bool
    on: Arm
    off: Arm
    contrasts: tuple[Contrast, ...]
    verdict: str
    compared: int
    to_go: int | None
    to_go_least: int | None
    per_day: float
    by_hand: int


def fraction(seed: int, session: str) -> float:
    """From 0 to 1, by chance and yet always the same: sha256("SEED SESSION"), its first 13 hexadecimal digits / 16^13.

    `printf '%s' '7 abc' | sha256sum` begins with 82b036e5, so this session's fraction is 0x82b036e5 / 16^8 = 0.5105.
    """
    digest = hashlib.sha256(f"{seed} {session}".encode("utf-8", "replace")).hexdigest()
    return int(digest[:13], 16) / 16**13


def is_off(seed: int, session: str, share: float) -> bool:
    """Whether the session is shown everything whole."""
    return fraction(seed, session) < share


def outcome(
    given: Assignment, requests: Sequence[Request], arrivals: Sequence[Arrival], usd_of: UsdOf, units_of: UnitsOf
) -> Outcome:
    """What the session, its subagents included, did in its window, of all that is known of it."""
    from trimtab.content.families import runs_tests  # takes 40 ms, which a sync with nothing new does not have

    ends = given.at + WINDOW_S
    asked = {request.message_id: request for request in requests if given.at <= request.at < ends}
    came = [arrival for arrival in arrivals if given.at <= arrival.at < ends]
    usd = [usd_of(request) for request in asked.values()]
    known = [figure for figure in usd if figure is not None]
    done = [arrival for arrival in came if arrival.what == "result" and not arrival.is_error]
    return Outcome(
        session=given.session,
        usd=sum(known) if len(known) == len(usd) else None,
        units=sum(units_of(request) for request in asked.values()),
        requests=len(asked),
        prompts=sum(arrival.what == "prompt" and not arrival.agent for arrival in came),
        edits=sum(arrival.tool in EDITS for arrival in done),
        tests=sum(arrival.tool == "Bash" and runs_tests(arrival.target) for arrival in done),
    )


def is_over(given: Assignment, now: float) -> bool:
    """Whether nothing more of the session counts. A clock that went back only makes it later."""
    return now >= given.at + WINDOW_S


def why_left_out(experiment: Experiment, given: Assignment, found: Outcome | None, now: float) -> str:
    """Why a session is not compared, "" where it is."""
    if given.by_hand and given.touched_at is None:  # until then no arm had a part in it
        return given.by_hand
    if experiment.ended_at is not None and not is_over(given, experiment.ended_at):
        return "the experiment ended in its first 24 hours"
    if not is_over(given, now):
        return "still in its first 24 hours"
    if given.touched_at is None:
        return "nothing to fold came up"
    if found is None:
        return "its transcript is not read yet"
    return "" if found.requests and found.units > 0 else "no request in its transcript"


def study(experiment: Experiment, assignments: Sequence[Assignment], outcomes: dict[str, Outcome], now: float) -> Study:
    """What the experiment says now; `assignments` in their order."""
    left_out: dict[str, int] = {}
    pairs: list[tuple[Assignment, Outcome]] = []
    for given in assignments:
        found = outcomes.get(given.session)
        why = why_left_out(experiment, given, found, now)
        if why:
            left_out[why] = left_out.get(why, 0) + 1
        elif found is not None:
            pairs.append((given, found))
    is_usd = all(found.usd for _, found in pairs)

    def cost(found: Outcome) -> float:
        return found.usd if is_usd and found.usd else found.units

    figures: dict[str, Callable[[Outcome], float]] = {
        "session": cost,
        "prompt": lambda found: cost(found) / max(1, found.prompts),
        "requests": lambda found: found.requests,
        "prompts": lambda found: max(1, found.prompts),
        "work": lambda found: 1 + found.edits + found.tests,  # 1 more: some sessions finish none
    }
    between = {name: difference(pairs, figure) for name, figure in figures.items()}
    main = between[experiment.measure]
    margin = math.log1p(experiment.care)
    compared = max(0, len(pairs) - TEACHING)
    days = (now if experiment.ended_at is None else experiment.ended_at) - experiment.started_at - WINDOW_S
    return Study(
        experiment=experiment,
        assigned=len(assignments),
        left_out=tuple(sorted(left_out.items())),
        is_usd=is_usd and bool(pairs),
        on=arm([found for given, found in pairs if not given.is_off], cost),
        off=arm([found for given, found in pairs if given.is_off], cost),
        contrasts=tuple(contrast(name, found) for name, found in between.items()),
        verdict=verdict(main, margin),
        compared=compared,
        to_go=to_go(main, abs(main.mean)) if main and abs(main.mean) >= margin else None,
        to_go_least=to_go(main, margin) if main else None,
        per_day=len(pairs) / max(1.0, days / 86_400),
        by_hand=sum(bool(given.by_hand) for given, _ in pairs),
    )


def scores(values: Sequence[tuple[Assignment, float]]) -> list[float]:
    """What each session says of E[y on] - E[y off], the teaching ones left out; `values` are its y in their order."""
    found = []
    total, count = 0.0, 0
    by_project: dict[str, tuple[float, int]] = {}
    for given, y in values:
        own_total, own_count = by_project.get(given.project, (0.0, 0))
        if count >= TEACHING:
            expected = (own_total + DRAWN * total / count) / (own_count + DRAWN)
            found.append(-(y - expected) / given.share if given.is_off else (y - expected) / (1 - given.share))
        total, count = total + y, count + 1
        by_project[given.project] = (own_total + y, own_count + 1)
    return found


def difference(pairs: Sequence[tuple[Assignment, Outcome]], figure: Callable[[Outcome], float]) -> Interval | None:
    """Of the logarithms of a figure, with trimming less without; None until there are enough sessions of both arms."""
    if not is_enough([given for given, _ in pairs[TEACHING:]]):
        return None
    return anytime.interval(scores([(given, math.log(figure(found))) for given, found in pairs]))


def is_enough(compared: Sequence[Assignment]) -> bool:
    """Whether there are enough compared sessions, and enough of each arm, for an interval."""
    off = sum(given.is_off for given in compared)
    least = max((least_of_arm(given.share) for given in compared), default=0)
    return len(compared) >= LEAST and min(off, len(compared) - off) >= least


def least_of_arm(share: float) -> int:
    """How many compared sessions each arm must have at this share."""
    return LEAST_OF_ARM if EVEN <= share <= 1 - EVEN else LEAST_OF_RARE


def verdict(found: Interval | None, margin: float) -> str:
    """What the interval says: PAYS, COSTS, SAME (all of it within `margin`), or OPEN."""
    if found is None:
        return OPEN
    if -margin <= found.low and found.high <= margin:
        return SAME
    if found.high < 0:
        return PAYS
    return COSTS if found.low > 0 else OPEN


def to_go(found: Interval, of: float) -> int | None:
    """How many more sessions it takes to tell a difference `of` so much; None where nobody lives so long."""
    needed = anytime.needed(found.spread, of)
    return None if needed is None else max(0, needed - found.number)


def contrast(name: str, found: Interval | None) -> Contrast:
    if found is None:
        return Contrast(name, None, None, None)
    return Contrast(name, math.exp(found.mean), math.exp(found.low), math.exp(found.high))


def arm(outcomes: Sequence[Outcome], cost: Callable[[Outcome], float]) -> Arm:
    """Plain means; zeros for an empty arm."""
    count = len(outcomes)
    if not count:
        return Arm(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Arm(
        sessions=count,
        cost=sum(map(cost, outcomes)) / count,
        requests=sum(found.requests for found in outcomes) / count,
        prompts=sum(found.prompts for found in outcomes) / count,
        edits=sum(found.edits for found in outcomes) / count,
        tests=sum(found.tests for found in outcomes) / count,
    )


def conclusion(found: Study) -> str:
    """The verdict as a sentence, for the reader and for why an experiment ended."""
    main = next(contrast for contrast in found.contrasts if contrast.name == found.experiment.measure)
    if main.ratio is None or main.low is None or main.high is None:
        return "too few sessions to say anything yet"
    of = f"a {found.experiment.measure} costs {change(main.ratio)} ({change(main.low)} to {change(main.high)})"
    if found.verdict == PAYS:
        return f"it pays: with trimming {of}"
    if found.verdict == COSTS:
        return f"it costs: with trimming {of}"
    if found.verdict == SAME:
        return f"no difference that matters: with trimming {of}, within {share(found.experiment.care)} either way"
    return f"not clear yet: with trimming {of}"


def line(found: Study) -> str:
    """Everything in one line, for where there is no room for more."""
    state = "on" if found.experiment.ended_at is None else "over"
    sessions = f"{found.compared:,} session{'' if found.compared == 1 else 's'} compared"
    return f"experiment {found.experiment.id} is {state}, {sessions}; {conclusion(found)}"


def share(figure: float) -> str:
    return f"{100 * figure:.0f} %"


def change(ratio: float) -> str:
    """ "12 % less", "3 % more", "the same"."""
    share = round(100 * abs(ratio - 1))
    return "the same" if not share else f"{share} % {'more' if ratio > 1 else 'less'}"
