"""The parts of a conversation's context, and the prompt that they make up, request by request.

A prompt is its parts in the order in which they came; a cache is a prefix of it. So the tokens that a request read from
the cache are of its first parts, then come those that it wrote (for 1 hour, then for 5 minutes), and those that it paid
as plain input are of the last ones. All token figures are whole numbers that add up to the recorded usage.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from trimtab.monitor.summary import PricesOf, UsdOf
from trimtab.records import Request, prompt_tokens

STANDING, PROMPT, RESULT, NOTE, SUMMARY, ANSWER = "standing", "prompt", "result", "note", "summary", "answer"
EARLIER, UNKNOWN = "earlier", "not attributed"

IsMeant = Callable[[float], bool]  # of a time


def always(_: float) -> bool:
    """All times are meant."""
    return True


class Part(NamedTuple):
    """One part of a context and its full price.

    `what` is STANDING (what the first request held beside the first arrivals: system prompt, tools, memory files, MCP
    tools, plugins' texts), EARLIER (an earlier conversation that it goes on with), an Arrival's `what`, ANSWER (what
    the model wrote) or UNKNOWN. `tokens` is its size when it
    came in, 0 if no request carried it; `is_measured` says whether that is billed growth with nothing else in it, or
    an estimate fitted to billed growth. `carried` requests held it. The classes' tokens are the sums over these;
    `output_tokens` is what an answer was billed when it was written. `units` are prices of one uncached input token,
    `usd` is of the requests whose price is known, None without any. `left_at` is the time of the first request that
    held nothing of it any more, None when it stayed to the end. `characters` are an arrival's, by its transcript.
    """

    session: str
    agent: str
    agent_type: str
    project: str
    model: str
    what: str
    tool: str
    target: str
    id: str
    at: float
    tokens: int
    is_measured: bool
    is_error: bool
    carried: int
    input_tokens: int
    write_5m_tokens: int
    write_1h_tokens: int
    read_tokens: int
    output_tokens: int
    units: float
    usd: float | None
    left_at: float | None
    characters: int = 0

    @property
    def prompt_tokens(self) -> int:
        """What it took of all prompts together."""
        return self.input_tokens + self.write_5m_tokens + self.write_1h_tokens + self.read_tokens

    @property
    def label(self) -> str:
        """What a chart calls it: a result's tool, or what it is."""
        return label(self.what, self.tool)


class Moment(NamedTuple):
    """What was in a context at one request: tokens by what a chart calls them, which add up to the prompt."""

    session: str
    agent: str
    at: float
    message_id: str
    tokens: tuple[tuple[str, int], ...]


class Rates(NamedTuple):
    """The price of one token of each class of a prompt."""

    input: float
    write_5m: float
    write_1h: float
    read: float


class Account:
    """A part while its conversation is followed; `live` are its tokens in the prompt now."""

    __slots__ = (
        "at", "carried", "characters", "id", "is_error", "is_measured", "left_at", "live", "model", "output", "paid",
        "priced", "target", "tokens", "tool", "units", "usd", "what",
    )  # fmt: skip

    def __init__(self, what: str, at: float, model: str, name: str = "", tool: str = "", target: str = "") -> None:
        self.what, self.at, self.model, self.id, self.tool, self.target = what, at, model, name, tool, target
        self.is_error = self.is_measured = False
        self.characters = 0
        self.tokens = self.live = self.carried = self.output = self.priced = 0
        self.paid = [0, 0, 0, 0]  # tokens by class, in the order of Rates
        self.units = self.usd = 0.0
        self.left_at: float | None = None

    def take(self, tokens: int, is_measured: bool) -> None:
        """Comes into the prompt with so many tokens."""
        self.tokens = self.live = tokens
        self.is_measured = is_measured

    def part(self, request: Request) -> Part:
        """As a record; `request` is any of its conversation."""
        uncached, write_5m, write_1h, read = self.paid
        return Part(
            session=request.session, agent=request.agent, agent_type=request.agent_type, project=request.project,
            model=self.model, what=self.what, tool=self.tool, target=self.target, id=self.id, at=self.at,
            tokens=self.tokens, is_measured=self.is_measured, is_error=self.is_error, carried=self.carried,
            input_tokens=uncached, write_5m_tokens=write_5m, write_1h_tokens=write_1h, read_tokens=read,
            output_tokens=self.output, units=self.units, usd=self.usd if self.priced else None, left_at=self.left_at,
            characters=self.characters,
        )  # fmt: skip


class Prompt:
    """The live parts of one conversation, which pay for each request.

    What a request read from the cache is booked for all its first parts at once: `_whole[n]` says what the first n
    parts paid for whole (requests, units a token, USD a token, requests with a USD price) since the sizes last changed.
    `labels` are tokens by what a chart calls them: by the part's id in `named`, else by `label`.
    """

    def __init__(self, named: Mapping[str, str] | None = None) -> None:
        self._named = named or {}
        self.live: list[Account] = []
        self.labels: Counter[str] = Counter()
        self._ends: list[int] = []
        self._whole: dict[int, tuple[int, float, float, int]] = {}

    @property
    def tokens(self) -> int:
        return self._ends[-1] if self._ends else 0

    def add(self, account: Account) -> None:
        """At the end; nothing happens for a part without tokens."""
        if account.live:
            self.live.append(account)
            self._ends.append(self.tokens + account.live)
            self._label(account)

    def resize(self, sizes: dict[int, int], at: float) -> None:
        """New sizes for parts by their place; those with 0 leave."""
        self.settle()
        for place, size in sizes.items():
            account = self.live[place]
            account.live = size
            if not size:
                account.left_at = at
        self.live = [account for account in self.live if account.live]
        self._ends = list(accumulate(account.live for account in self.live))
        self.labels = Counter()
        for account in self.live:
            self._label(account)

    def _label(self, account: Account) -> None:
        self.labels[self._named.get(account.id) or label(account.what, account.tool)] += account.live

    def pay(self, request: Request, units: Rates, usd: Rates | None) -> None:
        """Books the request's prompt, which has as many tokens as the parts."""
        assert prompt_tokens(request) == self.tokens
        first = bisect_right(self._ends, request.read_tokens)
        requests, paid, dollars, priced = self._whole.get(first, (0, 0.0, 0.0, 0))
        dollars += usd.read if usd else 0.0
        self._whole[first] = (requests + 1, paid + units.read, dollars, priced + (usd is not None))
        left = [
            [3, request.read_tokens - (self._ends[first - 1] if first else 0)],
            [2, request.write_1h_tokens],
            [1, request.write_5m_tokens],
            [0, request.input_tokens],
        ]
        step = 0
        for account in self.live[first:]:
            account.carried += 1
            account.priced += usd is not None
            wanted = account.live
            while wanted:
                kind, rest = left[step]
                share = min(wanted, rest)
                account.paid[kind] += share
                account.units += share * units[kind]
                account.usd += share * usd[kind] if usd else 0.0
                left[step][1] -= share
                wanted -= share
                step += not left[step][1] and step < len(left) - 1

    def settle(self) -> None:
        """Books what the first parts paid whole to each of them."""
        requests, units, usd, priced = 0, 0.0, 0.0, 0
        for place in range(len(self.live), 0, -1):
            if place in self._whole:
                whole = self._whole[place]
                requests, units = requests + whole[0], units + whole[1]
                usd, priced = usd + whole[2], priced + whole[3]
            account = self.live[place - 1]
            account.carried += requests
            account.paid[3] += requests * account.live
            account.units += units * account.live
            account.usd += usd * account.live
            account.priced += priced
        self._whole.clear()


def label(what: str, tool: str) -> str:
    return tool or what if what == RESULT else what


def relative_rates(request: Request, prices_of: PricesOf) -> Rates:
    """In prices of one uncached input token."""
    short, hour = prices_of(request.model, False), prices_of(request.model, True)
    return Rates(1.0, short.write, hour.write, short.read)


def usd_rates(request: Request, usd_of: UsdOf) -> Rates | None:
    """USD a token of each class at the price of this request; None when that is not known.

    Asks what the request would have cost if its whole prompt had been of one class: the prompt stays as long, so
    prices for long prompts apply where they did.
    """
    size = prompt_tokens(request)
    plain = request._replace(output_tokens=0, web_searches=0, input_tokens=0, write_5m_tokens=0, write_1h_tokens=0)
    plain = plain._replace(read_tokens=0)
    if not size:
        return None
    costs = [
        usd_of(plain._replace(input_tokens=size)),
        usd_of(plain._replace(write_5m_tokens=size)),
        usd_of(plain._replace(write_1h_tokens=size)),
        usd_of(plain._replace(read_tokens=size)),
    ]
    known = [cost / size for cost in costs if cost is not None]
    return Rates(*known) if len(known) == len(costs) else None


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """`total` in whole numbers in proportion to the weights, which add up to more than 0; they sum to it exactly."""
    whole = sum(weights)
    ends = [round(total * end / whole) for end in accumulate(weights)]
    ends[-1:] = [total] * bool(ends)
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def oldest_first(accounts: Iterable[tuple[int, Account]], amount: int) -> dict[int, int]:
    """New sizes of parts that together lose up to `amount`, the first ones all that they have."""
    sizes: dict[int, int] = {}
    for place, account in accounts:
        if amount <= 0:
            break
        sizes[place] = max(account.live - amount, 0)
        amount -= account.live - sizes[place]
    return sizes
