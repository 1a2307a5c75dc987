"""What tokens cost: each model's prices in USD for a million tokens, and relative to one uncached input token.

PRICES holds the Claude models of genai-prices 0.2.3 (MIT; a test compares every figure where it is installed) and
agrees with what the client itself charged for opus-5-5 (client 2.1.328). The library is not imported when running:
it needs Python 3.11, pydantic and an HTTP client, 0.2 s and 27 MB. Fast mode and web searches are left out.
"""

import re
from typing import NamedTuple

from trimtab.records import Prices, Request

MILLION = 1_000_000


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
USUAL = Price(1.0, 1.25, 2.0, 0.1, 5.0)  # the ratios of most models above, for one that is not there

NAME = re.compile(r"claude-[a-z0-9.-]+")  # inside of names such as us.anthropic.claude-opus-4-5-20251101-v1:0
ENDING = re.compile(r"-(?:latest|v\d+|0|\d{8})$")


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


def relative(model: str, ttl_1h: bool = False) -> Prices:
    """The model's prices relative to one uncached input token; the usual ratios for an unknown model."""
    price = PRICES.get(name_of(model), USUAL)
    write = price.write_1h if ttl_1h else price.write_5m
    return Prices(write / price.input, price.read / price.input, price.output / price.input)


def input_usd(model: str) -> float | None:
    """USD for one uncached input token of an ordinary prompt; None when the model's price is not known."""
    price = PRICES.get(name_of(model))
    return None if price is None else price.input / MILLION


def usd(request: Request) -> float | None:
    """What the response cost; None when the model's price is not known."""
    name = name_of(request.model)
    price = PRICES.get(name)
    if price is None:
        return None
    writes = request.write_5m_tokens + request.write_1h_tokens
    long = LONG.get(name)
    if long is not None and request.input_tokens + writes + request.read_tokens > long.tokens:
        price = long.price if long.until is None or request.at < long.until else price
    return (
        request.input_tokens * price.input
        + request.write_5m_tokens * price.write_5m
        + request.write_1h_tokens * price.write_1h
        + request.read_tokens * price.read
        + request.output_tokens * price.output
    ) / MILLION
