"""What tokens cost: each model's prices in USD for a million tokens, and relative to one uncached input token.

PRICES holds the Claude models of genai-prices 0.2.3 (MIT; a test compares every figure where it is installed) and
agrees with what the client itself charged for opus-5-5 (client 2.1.328). The library is not imported when running:
it needs Python 3.11, pydantic and an HTTP client, 0.2 s and 27 MB. It knows no fast mode and no region: FAST and US are
the client's own (read in client 2.1.328's code). A user's own prices (`[[prices]]` in config.toml) come before these.
"""

import datetime
import re
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from trimtab.records import UNLISTED, Prices, Request

MILLION = 1_000_000
DAY_0 = datetime.date(1970, 1, 1)


class Price(NamedTuple):
    """USD for a million tokens of each class."""

    input: float
    write_5m: float
    write_1h: float
    read: float
    output: float


class Long(NamedTuple):
    """Other prices for a response whose prompt is over `tokens`, before the time `until` (None: for good)."""

    tokens: int
    price: Price
    until: float | None


PRICES = {
    "claude-3-haiku": Price(0.25, 0.3, 0.5, 0.03, 1.25),
    "claude-3-5-haiku": Price(0.8, 1.0, 1.6, 0.08, 4.0),
    "claude-3-sonnet": Price(3.0, 3.75, 6.0, 0.3, 15.0),
    "claude-3-5-sonnet": Price(3.0, 3.75, 6.0, 0.3, 15.0),
    "claude-3-7-sonnet": Price(3.0, 3.75, 6.0, 0.3, 15.0),
    "claude-3-opus": Price(15.0, 18.75, 30.0, 1.5, 75.0),
    "claude-haiku-4-5": Price(1.0, 1.25, 2.0, 0.1, 5.0),
    "claude-sonnet-4": Price(3.0, 3.75, 6.0, 0.3, 15.0),
    "claude-sonnet-4-5": Price(3.0, 3.75, 6.0, 0.3, 15.0),
    "claude-sonnet-4-6": Price(3.0, 3.75, 6.0, 0.3, 15.0),
    "claude-opus-4": Price(15.0, 18.75, 30.0, 1.5, 75.0),
    "claude-opus-4-1": Price(15.0, 18.75, 30.0, 1.5, 75.0),
    "claude-opus-4-5": Price(5.0, 6.25, 10.0, 0.5, 25.0),
    "claude-opus-4-6": Price(5.0, 6.25, 10.0, 0.5, 25.0),
    "claude-opus-4-7": Price(5.0, 6.25, 10.0, 0.5, 25.0),
    "claude-opus-4-8": Price(5.0, 6.25, 10.0, 0.5, 25.0),
    "claude-haiku-5-5": Price(0.1, 0.125, 0.2, 0.01, 0.5),
    "claude-sonnet-5": Price(2.0, 2.5, 4.0, 0.2, 10.0),
    "claude-sonnet-5-5": Price(2.0, 2.5, 4.0, 0.1, 10.0),
    "claude-opus-5": Price(5.0, 6.25, 10.0, 0.5, 25.0),
    "claude-opus-5-5": Price(4.0, 5.0, 8.0, 0.2, 20.0),
    "claude-fable-5": Price(10.0, 12.5, 20.0, 1.0, 50.0),
    "claude-fable-5-1": Price(10.0, 12.5, 20.0, 0.25, 50.0),
    "claude-fable-5-2": Price(8.0, 10.0, 16.0, 0.2, 40.0),
    "claude-mythos-5-2": Price(8.0, 10.0, 16.0, 0.2, 40.0),
}
MARCH_13 = 1_773_360_000.0  # 2026-03-13T00:00Z, when the 4.6 models' long prompts came to cost the same
LONG = {
    "claude-sonnet-4-5": Long(200_000, Price(6.0, 7.5, 12.0, 0.6, 22.5), None),
    "claude-sonnet-4-6": Long(200_000, Price(6.0, 7.5, 12.0, 0.6, 22.5), MARCH_13),
    "claude-opus-4-6": Long(200_000, Price(10.0, 12.5, 20.0, 1.0, 37.5), MARCH_13),
    "claude-haiku-5-5": Long(100_000, Price(0.5, 0.625, 1.0, 0.05, 2.5), None),
}
FAST = {  # answered in fast mode; other models have none
    "claude-opus-4-6": Price(30.0, 37.5, 60.0, 3.0, 150.0),
    "claude-opus-4-7": Price(30.0, 37.5, 60.0, 3.0, 150.0),
    "claude-opus-4-8": Price(10.0, 12.5, 20.0, 1.0, 50.0),
    "claude-opus-5": Price(10.0, 12.5, 20.0, 1.0, 50.0),
    "claude-opus-5-5": Price(8.0, 10.0, 16.0, 0.4, 40.0),
    "claude-fable-5-2": Price(16.0, 20.0, 32.0, 0.4, 80.0),
    "claude-mythos-5-2": Price(16.0, 20.0, 32.0, 0.4, 80.0),
}
US = 1.1  # times the price of tokens where the request asked to be answered in the US
SEARCH_USD = 0.01  # for a web search, with any model
USUAL = Price(1.0, 1.25, 2.0, 0.1, 5.0)  # the ratios of most models above, for one that is not there

NAME = re.compile(r"claude-[a-z0-9.-]+")  # inside of names such as us.anthropic.claude-opus-4-5-20251101-v1:0
ENDING = re.compile(r"-(?:latest|v\d+|0|\d{8})$")


@lru_cache(maxsize=256)
def name_of(model: str) -> str:
    """The model's name in PRICES: without provider, date, version or context suffix; "" when it is no Claude model.

    "us.anthropic.claude-opus-4-5-20251101-v1:0" is "claude-opus-4-5".
    """
    found = NAME.search(model.lower())
    if found is None:
        return ""
    name = found[0].replace(".", "-")
    while (shorter := ENDING.sub("", name)) != name:
        name = shorter
    return name


def newest(family: str) -> str:
    """The model of a family that has the highest version in PRICES; of "haiku" claude-haiku-5-5. "" for none."""
    versions = {
        name: tuple(map(int, re.findall(r"\d+", name)))
        for name in PRICES
        if re.fullmatch(rf"claude-{re.escape(family)}-[\d-]+", name)
    }
    return max(versions, key=lambda name: versions[name], default="")


def plain(model: str) -> str:
    """The model as users may write it, too: small letters, dashes for dots, without the size of its context."""
    return model.lower().partition("[")[0].replace(".", "-")


class Own(NamedTuple):
    """A price of the user's own, for responses of `model` from the time `since` on."""

    model: str
    price: Price
    since: float = 0.0


class Costs(NamedTuple):
    """USD of one response or of several, by class."""

    input: float
    write_5m: float
    write_1h: float
    read: float
    output: float
    searches: float


class Book:
    """The prices in force: a user's own, then the table's."""

    def __init__(self, own: Sequence[Own] = ()) -> None:
        self._own: dict[str, list[Own]] = {}
        for one in sorted(own, key=lambda one: -one.since):  # stable: of one date the first
            self._own.setdefault(plain(one.model), []).append(one)

    def price(self, model: str, at: float, is_fast: bool = False, prompt_tokens: int = 0) -> Price | None:
        """USD for a million tokens of each class; None when it is not known."""
        name = name_of(model)
        known: list[Own] = [*self._own.get(plain(model), ()), *self._own.get(name, ())]
        for own in known:
            if at >= own.since:
                return own.price
        if is_fast:
            return FAST.get(name)
        long = LONG.get(name)
        if long is not None and prompt_tokens > long.tokens and (long.until is None or at < long.until):
            return long.price
        return PRICES.get(name)

    def costs(self, request: Request) -> Costs | None:
        """What the response cost, by class; None when the model's price is not known."""
        price = self.price_of(request)
        return None if price is None else costs_by(price, request)

    def price_of(self, request: Request) -> Price | None:
        """USD for a million tokens of each class of the response; None when it is not known."""
        writes = request.write_5m_tokens + request.write_1h_tokens
        prompt = request.input_tokens + writes + request.read_tokens
        if request.agent == UNLISTED:
            prompt = 0  # the sum of many is no long prompt
        return self.price(request.model, request.at, request.is_fast, prompt)

    def dearest_usd(self, request: Request) -> float:
        """What the response costs at most, by whatever price is known: for a model that has none."""
        known = [*PRICES.values(), *(own.price for group in self._own.values() for own in group)]
        known += FAST.values() if request.is_fast else ()
        return max(sum(costs_by(price, request)) for price in known)

    def usd(self, request: Request) -> float | None:
        """What the response cost; None when the model's price is not known."""
        costs = self.costs(request)
        return None if costs is None else sum(costs)

    def input_usd(self, model: str, at: float | None = None) -> float | None:
        """USD for one uncached input token of an ordinary prompt, now or at a time; None when it is not known."""
        price = self.price(model, time.time() if at is None else at)
        return None if price is None else price.input / MILLION

    def relative(self, model: str, ttl_1h: bool = False, at: float | None = None) -> Prices:
        """The prices now, or at a time, relative to one uncached input token; the usual ratios where none is known."""
        price = self.price(model, time.time() if at is None else at) or USUAL
        price = price if price.input else USUAL
        write = price.write_1h if ttl_1h else price.write_5m
        return Prices(write / price.input, price.read / price.input, price.output / price.input)


def costs_by(price: Price, request: Request) -> Costs:
    """What the response costs by this price, by class."""
    each = (US if request.is_us else 1.0) / MILLION
    return Costs(
        request.input_tokens * price.input * each,
        request.write_5m_tokens * price.write_5m * each,
        request.write_1h_tokens * price.write_1h * each,
        request.read_tokens * price.read * each,
        request.output_tokens * price.output * each,
        request.web_searches * SEARCH_USD,
    )


LISTED = Book()
relative, input_usd, usd = LISTED.relative, LISTED.input_usd, LISTED.usd
CLASSES = {"write_5m": USUAL.write_5m, "write_1h": USUAL.write_1h, "read": USUAL.read}  # of input, where not given
KEYS = ("model", "input", "output", *CLASSES, "since")


def read(value: object, place: str) -> tuple[list[Own], list[str]]:
    """The prices in `[[prices]]` tables of a config file, and a sentence for each that is left out."""
    if not isinstance(value, list):
        return [], [f"prices in {place}: write [[prices]] before each model's table; none is used"]
    found: list[Own] = []
    complaints: list[str] = []
    for number, table in enumerate(value, 1):
        wrong = fault(table)
        if wrong or not isinstance(table, Mapping):
            complaints.append(f"prices, table {number}, in {place}: {wrong}; it is left out")
        else:
            found.append(own(table))
    return found, complaints


def fault(table: object) -> str:
    """What is wrong with one table, "" when nothing is."""
    if not isinstance(table, Mapping):
        return "it is no table"
    unknown = [key for key in table if key not in KEYS]
    if unknown:
        return f"{unknown[0]} is not a key: known are {', '.join(KEYS)}"
    if not isinstance(table.get("model"), str) or not table["model"].strip():
        return 'model is missing (such as model = "claude-opus-5-5")'
    for key in ("input", "output", *CLASSES):
        figure = table.get(key, None if key in ("input", "output") else 0.0)
        if isinstance(figure, bool) or not isinstance(figure, (int, float)) or not 0 <= figure < MILLION:
            return f"{key} has to be USD for a million tokens, 0 or more"
    if not isinstance(table.get("since", DAY_0), datetime.date):
        return "since has to be a date such as 2026-11-01, or a time such as 2026-11-01T09:00:00Z"
    return ""


def own(table: Mapping[str, object]) -> Own:
    """A table without faults. The classes that it does not name cost what they usually do, by its input price."""
    each = {key: float(str(table[key])) for key in ("input", "output", *CLASSES) if key in table}
    rest = {key: each.get(key, share * each["input"]) for key, share in CLASSES.items()}
    since = table.get("since", DAY_0)
    assert isinstance(since, datetime.date)
    if not isinstance(since, datetime.datetime):
        since = datetime.datetime.combine(since, datetime.time())
    begins = (since if since.tzinfo else since.replace(tzinfo=datetime.timezone.utc)).timestamp()
    price = Price(each["input"], rest["write_5m"], rest["write_1h"], rest["read"], each["output"])
    return Own(str(table["model"]).strip(), price, begins)
