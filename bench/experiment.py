"""How good the experiment's and the guard's arithmetic is, on simulated users with known effects. Seeded.

    .venv/bin/python -m bench.experiment                      # about three minutes on one core
    .venv/bin/python -m bench.experiment ../replay/data       # the costs of recorded sessions as well
    .venv/bin/python -m bench.experiment --runs 100           # a quick look

With a folder (or a file) of recorded sessions as the replay evaluator has them, costs are also drawn from those.
"""

import argparse
import json
import lzma
import math
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from trimtab.monitor import anytime, experiment, guard
from trimtab.monitor.guard import Change
from trimtab.records import Assignment, Load, Recovery, Tier

SEED = 20_261
LOOKED, LOOKED_RARE = 600, 2_000  # sessions of an experiment whose coverage is measured; where one arm is rare
PROJECTS = 3
SESSION_SPREAD, PROMPT_SPREAD = 1.06, 0.81  # of ln(cost) within a project, of 179 recorded sessions (see `recorded`)
CARE = experiment.CARE
DAY_S = 86_400.0

Draw = Callable[[random.Random], tuple[str, float]]  # a session's project and ln(cost) without trimming


class Recorded(NamedTuple):
    """A recorded session: its repository, its cost in prices of one uncached input token, and the user's prompts."""

    repo: str
    cost: float
    prompts: int


def normal(spread: float) -> Draw:
    """Lognormal costs, projects that differ by half."""

    def draw(rng: random.Random) -> tuple[str, float]:
        project = rng.randrange(PROJECTS)
        return f"/{project}", 0.5 * project + rng.gauss(0.0, spread)

    return draw


def long_tailed(rng: random.Random) -> tuple[str, float]:
    """One session in ten costs twenty times as much."""
    return "/", rng.gauss(3.0, 0.8) if rng.random() < 0.1 else rng.gauss(0.0, 1.0)


def short_lived(rng: random.Random) -> tuple[str, float]:
    """Many sessions end at once: ln(cost) is skewed downwards."""
    return "/", math.log(rng.expovariate(1.0) + 1e-3)


def pareto(rng: random.Random) -> tuple[str, float]:
    """Costs without a finite variance (Pareto, 1.5); their logarithm is exponential."""
    return "/", rng.expovariate(1.5)


USERS: dict[str, Draw] = {
    "lognormal, spread 1.06": normal(SESSION_SPREAD),
    "one long session in ten": long_tailed,
    "many that end at once": short_lived,
    "Pareto 1.5": pareto,
}


def values(
    draw: Draw, effect: float, share: float, sessions: int, rng: random.Random
) -> list[tuple[Assignment, float]]:
    """Sessions with their arm, and ln(cost); trimming adds `effect`."""
    made: dict[tuple[str, bool], Assignment] = {}
    found = []
    for _ in range(sessions):
        project, y = draw(rng)
        off = rng.random() < share
        key = (project, off)
        if key not in made:
            made[key] = Assignment(0, 1, "", off, share, 0.0, project, "", "")
        found.append((made[key], y if off else y + effect))
    return found


def looks(found: Sequence[tuple[Assignment, float]]) -> Iterator[anytime.Interval]:
    """The interval after every session, from when there are enough."""
    off = 0
    compared = [given for given, _ in found[experiment.TEACHING :]]
    least = max(experiment.least_of_arm(given.share) for given in compared)
    arms = (given.is_off for given in compared)
    off += next(arms)
    for look in anytime.sequence(experiment.scores(found)):
        off += next(arms)
        if look.number >= experiment.LEAST and min(look.number - off, off) >= least:
            yield look


def coverage(users: Mapping[str, Draw], runs: int) -> None:
    print(f"## Coverage: {runs:,} experiments of {LOOKED} sessions ({LOOKED_RARE:,} at 0.05), looked at after each")
    print(
        "| users | share off | misses -10 % at some look | at the last | misses -40 % at some look | ordinary: -10 % |"
    )
    print("|---|---|---|---|---|---|")
    for name, draw in users.items():
        for share in (0.5, 0.2, 0.05):
            some, last, ordinary = missed(draw, share, math.log(0.9), runs, f"{SEED} {name} {share}")
            large = missed(draw, share, math.log(0.6), runs, f"{SEED} {name} {share} large")[0]
            print(f"| {name} | {share} | {some:.1%} | {last:.1%} | {large:.1%} | {ordinary:.1%} |", flush=True)
    error = math.sqrt(0.05 * 0.95 / runs)
    print(f"\nMonte Carlo error of 5 %: ±{error:.1%} (one standard error).\n")


def missed(draw: Draw, share: float, effect: float, runs: int, seed: str) -> tuple[float, float, float]:
    """The share of experiments whose interval misses the effect: at some look, at the last; an ordinary one's."""
    rng = random.Random(seed)
    some = last = ordinary = 0
    for _ in range(runs):
        once = naive = was = False
        for look in looks(values(draw, effect, share, LOOKED_RARE if share < 0.1 else LOOKED, rng)):
            was = not look.low <= effect <= look.high
            once |= was
            naive |= abs(look.mean - effect) > 1.96 * look.spread / math.sqrt(look.number)
        some, last, ordinary = some + once, last + was, ordinary + naive
    return some / runs, last / runs, ordinary / runs


def power(runs: int) -> None:
    print(f"## Sessions until it stops by itself, half of them off; {runs} experiments each")
    print("| measure (spread of ln cost) | true effect | median | four in five within | `needed` says | right answer |")
    print("|---|---|---|---|---|---|")
    for measure, spread in (("session", SESSION_SPREAD), ("prompt", PROMPT_SPREAD)):
        for percent in (10, 20, 30):
            effect = math.log(1 - percent / 100)
            needed = anytime.needed(2 * spread, effect) or 0
            rng = random.Random(f"{SEED} {measure} {percent}")
            ends, right = [], 0
            for _ in range(runs):
                count, verdict = stopped(values(normal(spread), effect, 0.5, 3 * needed, rng))
                ends.append(count)
                right += verdict == experiment.PAYS
            ends.sort()
            print(
                f"| {measure} ({spread}) | -{percent} % | {statistics.median(ends):,.0f} |"
                f" {ends[math.ceil(0.8 * runs) - 1]:,} | {needed:,} | {right / runs:.0%} |",
                flush=True,
            )
    print()


def stopped(found: Sequence[tuple[Assignment, float]]) -> tuple[int, str]:
    """After how many sessions the experiment stops, and with which answer; all of them where it does not."""
    for look in looks(found):
        verdict = experiment.verdict(look, math.log1p(CARE))
        if verdict != experiment.OPEN:
            return look.number + experiment.TEACHING, verdict
    return len(found), experiment.OPEN


def wrong(runs: int) -> None:
    sessions = 2_000
    print(f"## Answers after at most {sessions:,} sessions, looked at after each; {runs} experiments each")
    print("| true effect | pays | costs | no difference | open |")
    print("|---|---|---|---|---|")
    for percent in (-30, -20, 0, 20):
        rng = random.Random(f"{SEED} wrong {percent}")
        effect = math.log(1 + percent / 100)
        said = [stopped(values(normal(SESSION_SPREAD), effect, 0.5, sessions, rng))[1] for _ in range(runs)]
        words = (experiment.PAYS, experiment.COSTS, experiment.SAME, experiment.OPEN)
        print(f"| {percent:+} % | " + " | ".join(f"{said.count(word) / runs:.1%}" for word in words) + " |", flush=True)
    print()


def adjustment(users: Mapping[str, Draw], runs: int) -> None:
    print("## What the project's earlier sessions take off the interval's length (600 sessions, share 0.5)")
    print("| users | length with it, without it 1 |")
    print("|---|---|")
    for name, draw in users.items():
        rng = random.Random(f"{SEED} adjust {name}")
        ratios = []
        for _ in range(runs):
            found = values(draw, 0.0, 0.5, LOOKED, rng)
            plain = [(given._replace(project=""), y) for given, y in found]
            with_it, without = (anytime.interval(experiment.scores(each)) for each in (found, plain))
            assert with_it is not None
            assert without is not None
            ratios.append(with_it.spread / without.spread)
        print(f"| {name} | {statistics.fmean(ratios):.3f} |", flush=True)
    print()


def guarded(runs: int) -> None:
    days, views = 84, 6
    print(
        f"## The guard: a kind with {views} views of 2,000 tokens a day in two sessions, {days} days; {runs} users each"
    )
    print("| true rate / break-even | ever shown whole | days until then (median) | share of days shown whole |")
    print("|---|---|---|---|")
    for ratio in (0.25, 0.5, 0.75, 1.0, 1.5, 2.0):
        rng = random.Random(f"{SEED} guard {ratio}")
        firsts, shares = [], []
        for run in range(runs):
            states = days_of(ratio, days, views, run, rng)
            firsts += [states.index(True)] if any(states) else []
            shares.append(statistics.fmean(states))
        median = f"{statistics.median(firsts):.0f}" if firsts else "-"
        print(f"| {ratio} | {len(firsts) / runs:.0%} | {median} | {statistics.fmean(shares):.0%} |", flush=True)
    print()


def days_of(ratio: float, days: int, views: int, run: int, rng: random.Random) -> list[bool]:
    """Day by day whether the kind is paused; half of the recoveries are of one session in five."""
    loads: list[Load] = []
    recoveries: list[Recovery] = []
    changes: list[Change] = []
    paused, states = False, []
    for day in range(days):
        eager = [rng.random() < 0.2 for _ in range(2)]
        for i in range(views):
            name, at = f"{run} {day} {i}", day * DAY_S + i
            if paused and not guard.is_trial(name):
                continue
            loads.append(
                Load(
                    f"{day} {i % 2}",
                    "",
                    name,
                    at,
                    "Read",
                    "",
                    "python",
                    Tier.STANDARD,
                    "",
                    3_000,
                    1_000,
                    True,
                    (),
                    True,
                )
            )
            rate = ratio * (2.5 if eager[i % 2] else 0.625)  # 0.2 · 2.5 + 0.8 · 0.625 = 1
            for call in range(2):
                if rng.random() < rate / 2:  # the break-even is one recovery for each view
                    recoveries.append(Recovery(name, f"{name} {call}", at + 60, "Read", 9, 500))
        now = day * DAY_S + DAY_S / 2
        for row in guard.rows(loads, recoveries, changes, lambda _: 0.5, now):
            if row.is_change:
                paused = row.state == guard.PAUSED
                changes.append(Change(now, row.tool, row.kind, paused))
        states.append(paused)
    return states


def recorded(place: Path) -> list[Recorded]:
    """The sessions of a folder or a file; cost is input + 1.25 write + 0.1 read + 5 output."""
    files = sorted(place.glob("*.jsonl.xz")) if place.is_dir() else [place]
    found = []
    for file in files:
        with lzma.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                session = json.loads(line)
                used = [event["usage"] for event in session["events"] if event["e"] == "api" and event.get("usage")]
                cost = sum(i + 1.25 * write + 0.1 * read + 5 * out for i, write, read, out in used)
                prompts = sum(event["e"] == "prompt" and not event.get("meta") for event in session["events"])
                if cost > 0:
                    found.append(Recorded(session["repo"], cost, prompts))
    return found


def drawn_from(sessions: Sequence[Recorded], is_prompt: bool) -> Draw:
    def draw(rng: random.Random) -> tuple[str, float]:
        one = rng.choice(sessions)
        return one.repo, math.log(one.cost / max(1, one.prompts) if is_prompt else one.cost)

    return draw


def described(sessions: Sequence[Recorded]) -> None:
    print(f"## Recorded sessions: {len(sessions)}")
    print("| measure | spread of ln cost | within repository |")
    print("|---|---|---|")
    for name, is_prompt in (("session", False), ("prompt", True)):
        logs = [math.log(one.cost / max(1, one.prompts) if is_prompt else one.cost) for one in sessions]
        by_repo: dict[str, list[float]] = {}
        for one, log in zip(sessions, logs, strict=True):
            by_repo.setdefault(one.repo, []).append(log)
        squares = sum((log - statistics.fmean(group)) ** 2 for group in by_repo.values() for log in group)
        within = math.sqrt(squares / (len(logs) - len(by_repo)))
        print(f"| {name} | {statistics.stdev(logs):.2f} | {within:.2f} |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", nargs="?", type=Path, help="recorded sessions: a folder or a .jsonl.xz")
    parser.add_argument("--runs", type=int, default=1_000, help="experiments for each row of the coverage")
    given = parser.parse_args()
    users = dict(USERS)
    if given.place:
        sessions = recorded(given.place)
        described(sessions)
        users["recorded sessions"] = drawn_from(sessions, is_prompt=False)
        users["recorded, by prompt"] = drawn_from(sessions, is_prompt=True)
    coverage(users, given.runs)
    power(max(20, given.runs // 5))
    wrong(max(20, given.runs // 5))
    adjustment({name: users[name] for name in users if "recorded" in name or "lognormal" in name}, 20)
    guarded(max(20, given.runs // 5))


if __name__ == "__main__":
    main()
