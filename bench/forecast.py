"""How good the forecasts are on held-out days: the shipped one against the baseline and others.

    python -m bench.forecast [FOLDER] [--users 6] [--seed 1]

Simulated users of different habits (seeded), and the recorded sessions of FOLDER on the clock of `recordings`, eight
sessions a workday. Every third day, at 11 and 16 o'clock, each model says from the days before what the day, the week
and the month will come to; the rest of the period is then played. Error is the mean absolute error of the rest's
forecast (what was used before is known to all), relative to the baseline's: under 1.00 is better. Coverage is how often
the true value lies in the interval, which is meant to hold 80 %; width is the interval's, relative to the mean of what
was to be told. `needs` are forecasts that a model refuses, for too little history.
"""

import argparse
import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from bench.recordings import read, started
from trimtab import prices
from trimtab.days import last_day
from trimtab.monitor import forecast
from trimtab.monitor.forecast import Day, Use
from trimtab.records import Request

BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)  # a Monday
DAYS = 98
PACE = 8


class Question(NamedTuple):
    """What is asked: the complete days before `today`, the time, what was used today; `truth` is what came after."""

    history: Sequence[Day]
    today: date
    until: date
    second: float
    is_begun: bool
    truth: float


class Told(NamedTuple):
    middle: float
    low: float
    high: float


Model = Callable[[Question, random.Random], Told]


def of_draws(found: Sequence[float], middle: float | None = None) -> Told:
    rest = sorted(found)
    low, median, high = (rest[int(share * (len(rest) - 1))] for share in (forecast.LOW, 0.5, forecast.HIGH))
    return Told(median if middle is None else middle, low, high)


def shipped(q: Question, chance: random.Random) -> Told:
    found = forecast.draws(q.history, q.today, q.until, q.second, q.is_begun, chance)
    return of_draws(forecast.calibrated(found, q.history, (q.until - q.today).days + 1))


def uncalibrated(q: Question, chance: random.Random) -> Told:
    """The shipped one without what its own past says of it."""
    return of_draws(forecast.draws(q.history, q.today, q.until, q.second, q.is_begun, chance))


def baseline(q: Question, chance: random.Random) -> Told:
    """The same weekday's mean; its interval from days of that weekday, drawn apart from each other."""
    found = []
    for _ in range(forecast.DRAWS):
        total = 0.0
        for number, day in enumerate(coming(q)):
            alike = [each for each in q.history if each.date.weekday() == day.weekday()] or q.history
            each = chance.choice(alike)
            total += each.total - (each.until(q.second) if number == 0 else 0.0)
        found.append(total)
    return of_draws(found, weekday_mean(q.history, q.today, q.until, q.second))


def weekday_mean(history: Sequence[Day], today: date, until: date, second: float) -> float:
    """The baseline for the same: the mean of the same weekdays, of all days where there is none."""
    total = 0.0
    for number in range((until - today).days + 1):
        weekday = (today + timedelta(days=number)).weekday()
        alike = [day for day in history if day.date.weekday() == weekday] or list(history)
        used = (day.total - (day.until(second) if number == 0 else 0.0) for day in alike)
        total += sum(used) / len(alike) if alike else 0.0
    return total


def smoothed(q: Question, _chance: random.Random) -> Told:
    """Damped exponential smoothing of the daily sums with weekday factors; the rest of today by the mean profile.

    Level and trend by Holt with damping 0.9, smoothing 0.3 and 0.05; errors grow with the root of the days.
    """
    totals = [day.total for day in q.history]
    mean = statistics.mean(totals) or 1.0
    factors = []
    for weekday in range(7):
        own = [day.total for day in q.history if day.date.weekday() == weekday]
        factors.append((sum(own) + mean) / (len(own) + 1) / mean)
    level, trend, errors = mean, 0.0, []
    for day in q.history:
        factor = max(factors[day.date.weekday()], 0.05)
        guess = level + 0.9 * trend
        errors.append(day.total - guess * factor)
        change = 0.3 * (day.total / factor - guess)
        level, trend = guess + change, 0.9 * trend + 0.05 * change / 0.3
    rest = [1 - day.until(q.second) / day.total for day in q.history if day.total > 0]
    middle, factor = 0.0, statistics.mean(rest) if rest else 1.0
    for number, each in enumerate(coming(q)):
        damped = sum(0.9**k for k in range(1, number + 2))
        middle += max(0.0, level + damped * trend) * factors[each.weekday()] * (factor if number == 0 else 1.0)
    spread = statistics.pstdev(errors) * math.sqrt(len(list(coming(q)))) * 1.2816
    return Told(middle, max(0.0, middle - spread), middle + spread)


def recent_mean(q: Question, chance: random.Random) -> Told:
    """The mean of the last 28 days for each day, whatever its weekday."""
    days = q.history[-28:]
    own = [day.total for day in days]
    found = []
    for _ in range(forecast.DRAWS):
        each = chance.choice(days)
        rest = each.total - each.until(q.second)
        found.append(rest + sum(chance.choice(own) for _ in range((q.until - q.today).days)))
    return of_draws(found, statistics.mean(found))


MODELS: dict[str, Model] = {
    "baseline": baseline,
    "shipped": shipped,
    "smoothing": smoothed,
    "28 days": recent_mean,
    "raw": uncalibrated,
}


def coming(q: Question) -> Iterator[date]:
    for number in range((q.until - q.today).days + 1):
        yield q.today + timedelta(days=number)


def habits(chance: random.Random) -> dict[str, Callable[[int], float]]:
    """What a user of each habit uses on a day, by the day's number; a lognormal amount where they work at all."""

    def work(spread: float) -> float:
        return chance.lognormvariate(1.5, spread)

    busy = [chance.lognormvariate(0, 0.9) for _ in range(DAYS // 7 + 1)]
    return {
        "steady": lambda _: work(0.5),
        "weekdays": lambda n: work(0.6) if n % 7 < 5 else 0.0,
        "bursty": lambda n: busy[n // 7] * work(1.1) if chance.random() < 0.45 else 0.0,
        "growing": lambda n: work(0.5) * 1.02**n * (0.3 if n % 7 >= 5 else 1.0),
        "changed": lambda n: work(0.6) * (3.0 if n >= DAYS // 2 else 1.0) * (n % 7 < 5),
        "away": lambda n: 0.0 if 49 <= n < 63 or n % 7 >= 5 else work(0.6),
    }


def simulated(habit: str, seed: str, days: int = DAYS) -> list[Use]:
    """A user's uses: a day's amount in up to six sessions, from about nine o'clock on."""
    chance = random.Random(seed)
    of_day = habits(chance)[habit]
    uses = []
    for number in range(days):
        amount = of_day(number)
        parts = [chance.expovariate(1.0) for _ in range(chance.randint(1, 6))]
        for part in parts if amount else ():
            second = min(86_399.0, max(0.0, chance.gauss(14.5, 3.0) * 3600))
            uses.append(Use((BEGIN + timedelta(days=number)).timestamp() + second, amount * part / sum(parts)))
    return sorted(uses)


def recorded(folder: Path) -> list[Use]:
    return [
        Use(start + at, prices.usd(event) or 0.0)
        for start, each in started(read(folder, 0), PACE)
        for at, event in each.events
        if isinstance(event, Request)
    ]


def questions(uses: Sequence[Use], period: str, most_history: int | None = None) -> Iterator[Question]:
    """Every third day at two times, as far as the period's end is in the data."""
    end = max(use.at for use in uses)
    days = forecast.days_of(uses, end, timezone.utc)
    for place in range(1, len(days), 3 if most_history is None else 1):
        today = days[place].date
        until = last_day(period, today)
        if until >= days[-1].date or (most_history is not None and place > most_history):
            return
        for hour in (11, 16):
            second = hour * 3600.0
            after = [day.total for day in days[place + 1 :] if day.date <= until]
            truth = days[place].total - days[place].until(second) + sum(after)
            begun = days[place].until(second) > 0
            yield Question(days[:place], today, until, second, begun, truth)


class Row(NamedTuple):
    error: float
    coverage: float
    width: float


def rows(asked: Sequence[Question], seed: str) -> dict[str, Row]:
    chance = random.Random(seed)
    scale = statistics.mean(q.truth for q in asked) or 1.0
    found = {}
    for name, model in MODELS.items():
        told = [model(q, chance) for q in asked]
        pairs = list(zip(told, asked, strict=True))
        found[name] = Row(
            statistics.mean(abs(t.middle - q.truth) for t, q in pairs),
            statistics.mean(t.low - 1e-9 <= q.truth <= t.high + 1e-9 for t, q in pairs),
            statistics.mean(t.high - t.low for t in told) / scale,
        )
    return found


def show(name: str, period: str, asked: Sequence[Question], refused: int, seed: str) -> dict[str, float]:
    if not asked:
        print(f"{name:<10} {period:<6} {0:>5} {refused:>5}")
        return {}
    found = rows(asked, seed)
    base = found["baseline"].error or 1.0
    cells = "  ".join(f"{row.error / base:>5.2f} {row.coverage:>4.0%} {row.width:>5.2f}" for row in found.values())
    print(f"{name:<10} {period:<6} {len(asked):>5} {refused:>5}  {cells}")
    return {model: row.error / base for model, row in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="with recorded sessions, *.jsonl.xz")
    parser.add_argument("--users", type=int, default=6, help="of each habit")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"{'user':<10} {'until':<6} {'asked':>5} {'needs':>5}  " + "  ".join(f"{name:^16}" for name in MODELS))
    print(f"{'':<29}" + "  ".join("error cover width" for _ in MODELS))
    seeds = [f"{arguments.seed} {number}" for number in range(arguments.users)]
    ratios: list[dict[str, float]] = []
    users = {habit: [simulated(habit, f"{habit} {seed}") for seed in seeds] for habit in habits(random.Random(0))}
    users["new"] = [simulated(habit, f"new {habit} {seed}", 70) for seed in seeds for habit in ("steady", "weekdays")]
    if arguments.folder:
        users["recorded"] = [recorded(arguments.folder)]
    for name, group in users.items():
        for period, needed in forecast.DAYS_NEEDED.items():
            most = needed + 4 if name == "new" else None
            every = [q for uses in group for q in questions(uses, period, most)]
            asked = [q for q in every if len(q.history) >= needed]
            ratios.append(show(name, period, asked, len(every) - len(asked), f"{arguments.seed}"))
    known = [row for row in ratios if row]
    means = {model: math.exp(statistics.mean(math.log(row[model]) for row in known)) for model in MODELS}
    print(f"\n{'geometric mean of the errors':<29}" + "  ".join(f"{mean:>5.2f}{'':<11}" for mean in means.values()))


if __name__ == "__main__":
    main()
