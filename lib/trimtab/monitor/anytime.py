"""An interval for a mean that stays valid however often one looks: an asymptotic confidence sequence.

Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
2021, arXiv 2103.06476: the Gaussian-mixture sequence, which its Lyapunov form extends to scores that depend on the ones
before. With n scores, their standard deviation s and a > 0:

    mean ± s · sqrt( 2 (n a + 1) / (n² a) · ln( sqrt(n a + 1) / alpha ) )        a = rho² of the paper

An ordinary 95 % interval holds for one look at a number of sessions that was fixed before; who looks after each session
and stops when it excludes 0 is wrong far more often (bench/experiment.py shows how often). "Asymptotic" means that it
holds as the scores become many, as an ordinary interval does; how well it holds from LEAST on is measured there too.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

ALPHA = 0.05  # chosen, as everybody does
TIGHTEST = 300  # chosen: the number of scores at which the interval is tightest; at 100 and 1,000 it is 4 % wider
POWER_Z = 0.8416  # of 80 %: the normal quantile, for the chance that an interval has become short enough
MOST = 10_000_000  # scores; more are called never


class Interval(NamedTuple):
    """A mean, its bounds, and what they are made of: `number` scores with standard deviation `spread`."""

    mean: float
    low: float
    high: float
    number: int
    spread: float


def tightest_at(count: float, alpha: float = ALPHA) -> float:
    """The `a` for which the interval is tightest at `count` scores (the paper's choice of rho)."""
    twice = -2 * math.log(alpha)
    return (twice + math.log(twice) + 1) / count


def radius(count: int, spread: float, alpha: float = ALPHA) -> float:
    """Half the interval's length after `count` scores; infinite for none.

    300 scores with standard deviation 1: a = (5.991 + 1.790 + 1) / 300 = 0.02927; n a + 1 = 9.782;
    sqrt(2 · 9.782 / 2634.5 · ln(3.1276 / 0.05)) = 0.1753; an ordinary interval has 0.1132.
    """
    if count < 1:
        return math.inf
    a = tightest_at(TIGHTEST, alpha)
    grown = count * a + 1
    return spread * math.sqrt(2 * grown / (count * count * a) * math.log(math.sqrt(grown) / alpha))


def sequence(scores: Iterable[float], alpha: float = ALPHA) -> Iterator[Interval]:
    """The interval after each score from the second on: all of them hold the true mean at once, with 1 - alpha."""
    mean, squares = 0.0, 0.0
    for number, score in enumerate(scores, 1):
        change = score - mean
        mean += change / number
        squares += change * (score - mean)
        if number > 1:
            spread = math.sqrt(squares / (number - 1))
            half = radius(number, spread, alpha)
            yield Interval(mean, mean - half, mean + half, number, spread)


def interval(scores: Iterable[float], alpha: float = ALPHA) -> Interval | None:
    """The interval after all of the scores; None for fewer than two."""
    last = None
    for last in sequence(scores, alpha):  # noqa: B007 - the last one is what is wanted
        pass
    return last


def needed(spread: float, difference: float, alpha: float = ALPHA) -> int | None:
    """With how many scores a difference from 0 is told, four times in five; None beyond MOST, or for a difference of 0.

    It is told when the interval excludes 0, so when the radius and what the mean strays (POWER_Z standard errors) take
    no more than the difference.
    """

    def tells(count: int) -> bool:
        return radius(count, spread, alpha) + POWER_Z * spread / math.sqrt(count) <= abs(difference)

    high = 2
    while not tells(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tells(middle) else (middle, high)
    return high
