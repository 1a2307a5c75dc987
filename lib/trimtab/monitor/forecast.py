"""What will be used by the end of the day, the week and the month, with an interval.

The future is drawn from the past, DRAWS times: each day to come repeats a past day of a weekday like it (a working day
or a day off, as this user has them), multiplied by the two weekdays' factors; the rest of today repeats what such a day
used after this time of the clock, a day that was begun by then if today is. Recent weeks are likelier (half as likely
every HALF_LIFE_WEEKS), and in each draw every week has a random weight (a Bayesian bootstrap), the same for all its
days: so busy weeks stay together. Then the draws are moved and widened as the user's own past says that such forecasts
err, and widened for little history. The forecast is their median, the interval their middle four fifths.

`bench/forecast.py` compares it with the mean of the same weekdays and others on held-out days.

A day is a local date, from its midnight to the next, 23 to 25 hours long where clocks change.
"""

import math
import random
import statistics
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import accumulate
from typing import NamedTuple

from trimtab.days import day_at, first_day, last_day

DRAWS = 300  # chosen: the interval's ends move by about 2 % from seed to seed
LOW, HIGH = 0.1, 0.9  # the interval
MOST_DAYS = 84  # chosen: twelve weeks; what was earlier says little
HALF_LIFE_WEEKS = 3.0  # chosen, as is SHRINK; the next three are fitted on simulated users so that 80 % are covered
SHRINK = 3.0  # days that draw a weekday's factor to 1
DRIFT = 0.25  # how much the level changes in a week beyond what the past shows (standard deviation of the logarithm)
DOUBT = 3.0  # independent forecasts of the past that count as much as the draws' own variance
FEW = 6.0  # so many days of history double the variance
PAST = 12  # forecasts of the past that are tried
SMALL = 0.05  # of a mean day, for each day told; so that nothing used has a logarithm
DAYS_NEEDED = {"day": 5, "week": 7, "month": 14}  # complete days, chosen: for fewer there is no forecast


class Use(NamedTuple):
    """An amount (tokens, USD) that was used at a time, in seconds since the epoch."""

    at: float
    amount: float


class Day(NamedTuple):
    """A local day: when within it (seconds of the clock since midnight, rising) how much was used up to then."""

    date: date
    seconds: tuple[float, ...]
    sums: tuple[float, ...]

    @property
    def total(self) -> float:
        return self.sums[-1] if self.sums else 0.0

    def until(self, second: float) -> float:
        """What was used up to that time of the clock."""
        place = bisect_right(self.seconds, second)
        return self.sums[place - 1] if place else 0.0


class Forecast(NamedTuple):
    """What a period comes to. `until` is its last day. `low` to `high` holds it in four of five cases.

    The three are None where there is too little history: `days` complete ones, where `days_needed` are.
    """

    period: str
    until: date
    so_far: float
    low: float | None
    middle: float | None
    high: float | None
    days: int
    days_needed: int


def days_of(uses: Iterable[Use], now: float, zone: tzinfo | None) -> list[Day]:
    """The local days from the first use to today, also those without any. Uses after `now` are left out."""
    parts: dict[date, list[tuple[float, float]]] = {}
    for use in uses:
        if use.at <= now:
            local = datetime.fromtimestamp(use.at, zone)
            parts.setdefault(local.date(), []).append((clock_seconds(local), use.amount))
    today = day_at(now, zone)
    first = min(parts, default=today)
    days = []
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        row = sorted(parts.get(day, ()))
        days.append(Day(day, tuple(at for at, _ in row), tuple(accumulate(amount for _, amount in row))))
    return days


def clock_seconds(local: datetime) -> float:
    """The time on the clock; an hour that comes twice has the same times twice."""
    return local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6


def forecast(period: str, days: Sequence[Day], now: float, zone: tzinfo | None, chance: random.Random) -> Forecast:
    """The forecast of a "day", "week" or "month" from `days_of` the same `now` and `zone`."""
    local = datetime.fromtimestamp(now, zone)
    today = local.date()
    until, start = last_day(period, today), first_day(period, today)
    so_far = sum(day.total for day in days if day.date >= start)
    history = [day for day in days if day.date < today]
    needed = DAYS_NEEDED[period]
    known = Forecast(period, until, so_far, None, None, None, len(history), needed)
    if len(history) < needed:
        return known
    is_begun = any(day.total > 0 for day in days if day.date == today)
    found = draws(history, today, until, clock_seconds(local), is_begun, chance)
    rest = sorted(calibrated(found, history, (until - today).days + 1))
    low, middle, high = (so_far + rest[int(share * (len(rest) - 1))] for share in (LOW, 0.5, HIGH))
    return known._replace(low=low, middle=middle, high=high)


class Pattern(NamedTuple):
    """What days to come are drawn from: past days, what each weekday's are multiplied by, which weekdays are alike.

    `weeks` says how many weeks ago each day was. Two weekdays are alike if on both, or on neither, most days had a use.
    """

    history: Sequence[Day]
    weeks: Sequence[int]
    factors: Sequence[float]
    alike: Sequence[bool]

    def like(self, weekday: int) -> list[int]:
        """The numbers of the days that stand for `weekday`; all where there is none."""
        own = [n for n, day in enumerate(self.history) if self.alike[day.date.weekday()] == self.alike[weekday]]
        return own or list(range(len(self.history)))

    def scale(self, number: int, weekday: int) -> float:
        """What the day of that number is multiplied by to stand for `weekday`."""
        return self.factors[weekday] / self.factors[self.history[number].date.weekday()]


def pattern_of(history: Sequence[Day], today: date) -> Pattern:
    """Each weekday's factor is its mean relative to that of the weekdays that are alike, drawn to 1 by SHRINK days."""
    history = history[-MOST_DAYS:]
    by_weekday = [[day.total for day in history if day.date.weekday() == weekday] for weekday in range(7)]
    alike = [sum(total > 0 for total in own) * 2 >= len(own) for own in by_weekday]
    factors = []
    for weekday, own in enumerate(by_weekday):
        group = [total for other in range(7) if alike[other] == alike[weekday] for total in by_weekday[other]]
        mean = sum(group) / len(group) if group else 0.0
        factors.append((sum(own) + SHRINK * mean) / (len(own) + SHRINK) / mean if mean else 1.0)
    weeks = [(today - day.date).days // 7 for day in history]
    return Pattern(history, weeks, factors, alike)


def forecasts(
    uses: Iterable[Use], now: float, zone: tzinfo | None, chance: random.Random
) -> tuple[Forecast, Forecast, Forecast]:
    """The forecasts of the day, the week and the month. `uses` are best of the last MOST_DAYS and today."""
    days = days_of(uses, now, zone)
    day, week, month = (forecast(period, days, now, zone, chance) for period in DAYS_NEEDED)
    return day, week, month


def sentence(told: Forecast, text_of: Callable[[float], str]) -> str:
    """A forecast in one line; `text_of` writes an amount with its unit.

    "This week: $12.00 so far, likely $31.00 by Sunday 29 November ($25.00 to $40.00 in four of five cases)."
    """
    name = "Today" if told.period == "day" else f"This {told.period}"
    if told.low is None or told.middle is None or told.high is None:
        days = f"{told.days} complete day{'s' if told.days != 1 else ''}"
        few = f"too little to tell more from {days}, {told.days_needed} are needed"
        return f"{name}: {text_of(told.so_far)} so far; {few}."
    until = "tonight" if told.period == "day" else f"{told.until:%A} {told.until.day} {told.until:%B}"
    return (
        f"{name}: {text_of(told.so_far)} so far, likely {text_of(told.middle)} by {until}"
        f" ({text_of(told.low)} to {text_of(told.high)} in four of five cases)."
    )


def draws(
    history: Sequence[Day], today: date, until: date, second: float, is_begun: bool, chance: random.Random
) -> list[float]:
    """DRAWS totals of what is used from `second` of `today` to the end of `until`, repeated from `history`."""
    pattern = pattern_of(history, today)
    days, weekday = pattern.history, today.weekday()
    begun = [n for n in pattern.like(weekday) if (days[n].until(second) > 0) == is_begun]
    if len(begun) < DAYS_NEEDED["day"]:
        begun = pattern.like(weekday)
    rests = [(days[n].total - days[n].until(second)) * pattern.scale(n, weekday) for n in begun]
    coming = [(today + timedelta(days=n)).weekday() for n in range(1, (until - today).days + 1)]
    like = {day: pattern.like(day) for day in set(coming)}
    totals = {day: [days[n].total * pattern.scale(n, day) for n in numbers] for day, numbers in like.items()}
    found = []
    for _ in range(DRAWS):
        weights = [chance.expovariate(1.0) * 0.5 ** (week / HALF_LIFE_WEEKS) for week in range(pattern.weeks[0] + 1)]
        total = chance.choices(rests, [weights[pattern.weeks[n]] for n in begun])[0]
        sums = {day: list(accumulate(weights[pattern.weeks[n]] for n in numbers)) for day, numbers in like.items()}
        for day in coming:
            total += chance.choices(totals[day], cum_weights=sums[day])[0]
        found.append(total)
    return found


def calibrated(found: Sequence[float], history: Sequence[Day], ahead: int) -> list[float]:
    """`found` as the past says that such forecasts err: moved and widened on the logarithmic scale, never narrowed.

    From days in the past the same number of whole days `ahead` (today is the first) is forecast from what was before.
    Their mean error moves the draws as far as it is `believed`, the mean square of the rest widens them. A forecast of
    today alone is only widened for little history.
    """
    mean = sum(day.total for day in history) / len(history)
    if mean <= 0:
        return list(found)
    small = SMALL * mean * ahead
    errors = []
    last = len(history) - ahead
    first = max(DAYS_NEEDED["week"], last - MOST_DAYS // 2)
    for place in range(first, last + 1, max(1, (last - first) // PAST)) if ahead > 1 else ():
        guess = expected(history[:place], history[place - 1].date, ahead)
        truth = sum(day.total for day in history[place : place + ahead])
        errors.append(math.log((truth + small) / (guess + small)))
    logs = [math.log(max(0.0, total) + small) for total in found]
    middle, own = statistics.median(logs), statistics.pvariance(logs)
    independent = max(0.0, (last - first) / ahead + 1) if errors else 0.0
    move = believed(errors, independent)
    seen = statistics.mean((error - move) ** 2 for error in errors) if errors else own
    trust = independent / (independent + DOUBT)
    unknown = DRIFT * DRIFT * ahead / 7 if ahead > 1 else 0.0
    variance = max(own, (1 - trust) * own + trust * seen) * (1 + FEW / len(history)) + unknown
    wider = math.sqrt(variance / own) if own > 0 else 1.0
    return [max(0.0, math.exp(middle + move + (log - middle) * wider) - small) for log in logs]


def believed(errors: Sequence[float], independent: float) -> float:
    """The mean error, drawn to none by how unsure it is (a positive-part James-Stein estimate).

    `independent` of the errors are of times that don't overlap: with under two of them nothing is believed.
    """
    if independent < 2:
        return 0.0
    mean = statistics.mean(errors)
    unsure = statistics.pvariance(errors) / (independent - 1)
    return mean * max(0.0, 1 - unsure / (mean * mean)) if mean else 0.0


def expected(history: Sequence[Day], today: date, ahead: int) -> float:
    """The mean of what `draws` would tell for the `ahead` days after `today`."""
    pattern = pattern_of(history, today)
    weights = [0.5 ** (week / HALF_LIFE_WEEKS) for week in pattern.weeks]
    by_weekday: dict[int, float] = {}
    total = 0.0
    for number in range(1, ahead + 1):
        weekday = (today + timedelta(days=number)).weekday()
        if weekday not in by_weekday:
            like = pattern.like(weekday)
            weight = sum(weights[n] for n in like)
            by_weekday[weekday] = (
                sum(weights[n] * pattern.history[n].total * pattern.scale(n, weekday) for n in like) / weight
            )
        total += by_weekday[weekday]
    return total
