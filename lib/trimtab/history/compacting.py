"""What compacting a conversation now costs and saves, against going on as it is.

    saved = read · N · (context - after)                      each later request carries less
          - output · SUMMARY - INSTRUCTION                    the request that sums up,
          - read · standing - write · (after - standing)      the request that then begins anew,
          - reread(N)                                         and what the agent loads again

in prices of one uncached input token; `after` is what is left: the standing prompt and KEPT tokens, N the requests to
come until the session ends or is compacted otherwise. The request that sums up reads the whole context: where the cache
is cold it pays for writing it as going on would, where it is warm for reading it as going on would, so both are left
out, and the sum is the same. What a summary forgets beside what was read is left out: nobody has measured it.

Measured on 34 compactions in 189 recorded sessions (contexts of 150,000 to 178,000 tokens; 32 of one repository): a
summary of 10,900 characters, with its analysis, which are about 3,000 tokens; a first prompt after it 11,400 tokens
above the session's first one (medians). After it files that were known before were read again more often than in as
long stretches without a compaction: REREAD (`bench.gaps`).
"""

from itertools import pairwise
from typing import NamedTuple

from trimtab.records import Prices

SUMMARY_TOKENS = 3_000  # written, about 1 % of a context's history each side of it
INSTRUCTION_TOKENS = 1_600  # what the client asks for a summary with (2.1.328: 6,400 characters), not cached
KEPT_TOKENS = 11_400  # summary, files and notes that the client puts back
LOST_TOKENS = 103_000  # what the recorded compactions took out (median): what must be read again is in proportion
# By requests since the compaction: tokens read again and calls made for it, above what is read again anyway.
REREAD = ((0, 0, 0.0), (3, 4_700, 0.4), (10, 6_900, 0.9), (20, 8_000, 1.9), (40, 10_100, 3.2), (60, 11_700, 4.3))
CALL_TOKENS = 120  # written for one more call: as in policy
LEAST_LOST_TOKENS = 10_000  # below it there is nothing to compact; chosen


class History(NamedTuple):
    """A conversation as it stands: its prompt with the newest answer, its standing prompt, its model's prices."""

    context: int
    standing: int
    prices: Prices

    @property
    def after(self) -> int:
        """The prompt that a compaction leaves."""
        return min(self.standing + KEPT_TOKENS, self.context)

    @property
    def lost(self) -> int:
        return self.context - self.after


class Outlook(NamedTuple):
    """In prices of one uncached input token: what compacting costs at once and later, and saves, until N requests on.

    `pays_from` is the number of requests from which on it is cheaper, None where it never is.
    """

    at_once: float
    later: float
    saves: float
    pays_from: int | None

    @property
    def net(self) -> float:
        return self.saves - self.at_once - self.later


def reread(requests: float) -> tuple[float, float]:
    """Tokens read again and calls made for it within so many requests, of LOST_TOKENS; straight between the points.

    Beyond the last point it goes on as between the last two: 100 requests take 14,900 tokens and 6.5 calls.
    """
    stretches = list(pairwise(REREAD))
    begin, end = next((pair for pair in stretches if requests <= pair[1][0]), stretches[-1])
    (first, low, few), (last, high, many) = begin, end
    share = (requests - first) / (last - first)
    return low + share * (high - low), few + share * (many - few)


def at_once(history: History) -> float:
    """What compacting costs above going on before the agent does anything."""
    prices = history.prices
    begun = prices.read * history.standing + prices.write * (history.after - history.standing)
    return prices.output * SUMMARY_TOKENS + INSTRUCTION_TOKENS + begun


def later(history: History, requests: float) -> float:
    """What the agent loads again, each token carried for half of the requests, and the calls for it."""
    prices = history.prices
    tokens, calls = reread(requests)
    share = history.lost / LOST_TOKENS
    carried = tokens * (prices.write + prices.read * requests / 2)
    return share * (carried + calls * (prices.read * history.after + prices.output * CALL_TOKENS))


def outlook(history: History, requests: float) -> Outlook:
    """What compacting now comes to where `requests` more follow."""
    saves = history.prices.read * requests * history.lost
    return Outlook(at_once(history), later(history, requests), saves, pays_from(history))


def pays_from(history: History, most: int = 400) -> int | None:
    """The smallest number of requests to come with which compacting is the cheaper; None below `most`."""
    if history.lost < LEAST_LOST_TOKENS:
        return None
    start = at_once(history)
    for requests in range(1, most):
        if history.prices.read * requests * history.lost >= start + later(history, requests):
            return requests
    return None
