"""Prices: against the client's own bill, hand computed figures, and the library that they were taken from."""

import importlib.util
from datetime import datetime, timezone

import pytest

from trimtab import prices
from trimtab.records import Prices, Request

NEW = datetime(2026, 11, 22, tzinfo=timezone.utc).timestamp()
OLD = datetime(2026, 3, 12, tzinfo=timezone.utc).timestamp()


def request(model: str, *classes: int, at: float = NEW) -> Request:
    fresh, write_5m, write_1h, read, output = classes
    return Request("s", "", "m", at, model, fresh, write_5m, write_1h, read, output)


def test_the_clients_own_total() -> None:
    """A session of client 2.1.328 with 110 in, 1,100 written, 11,000 read and 55 out said 0.00924 USD."""
    assert prices.usd(request("claude-opus-5-5", 110, 1100, 0, 11_000, 55)) == pytest.approx(0.00924)


def test_usd_by_hand() -> None:
    """1,000 of each class of sonnet-4-5: 3 + 3.75 + 6 + 0.3 + 15 USD for a million, so 0.02805."""
    assert prices.usd(request("claude-sonnet-4-5-20250929", *[1000] * 5)) == pytest.approx(0.02805)


@pytest.mark.parametrize(
    ("model", "at", "usd"),
    [
        ("claude-sonnet-4-5", NEW, 200_001 * 0.6 / 1e6),
        ("claude-sonnet-4-6", OLD, 200_001 * 0.6 / 1e6),
        ("claude-sonnet-4-6", NEW, 200_001 * 0.3 / 1e6),
        ("claude-opus-4-6", OLD, 200_001 * 1.0 / 1e6),
        ("claude-opus-4-5", NEW, 200_001 * 0.5 / 1e6),
    ],
)
def test_long_prompts(model: str, at: float, usd: float) -> None:
    assert prices.usd(request(model, 0, 0, 0, 200_001, 0, at=at)) == pytest.approx(usd)
    assert prices.usd(request(model, 0, 0, 0, 200_000, 0, at=NEW)) == pytest.approx(
        200_000 * prices.PRICES[model].read / 1e6
    )


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"),
        ("claude-sonnet-4@20250514", "claude-sonnet-4"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-opus-4-0", "claude-opus-4"),
        ("claude-opus-4.6", "claude-opus-4-6"),
        ("Claude-Opus-5-5[1m]", "claude-opus-5-5"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("gpt-5", ""),
        ("", ""),
    ],
)
def test_names(model: str, name: str) -> None:
    assert prices.name_of(model) == name


@pytest.mark.parametrize("model", ["", "<synthetic>", "gpt-5", "claude-opus-9", "claude"])
def test_an_unknown_model_has_no_price(model: str) -> None:
    """None, never zero; the ratios are the usual ones."""
    assert prices.usd(request(model, 1, 1, 1, 1, 1)) is None
    assert prices.input_usd(model) is None
    assert prices.relative(model) == Prices(1.25, 0.1, 5.0)


def test_relative() -> None:
    assert prices.relative("claude-opus-5-5") == pytest.approx((1.25, 0.05, 5.0))
    assert prices.relative("claude-opus-5-5", ttl_1h=True).write == 2.0
    assert prices.relative("claude-haiku-4-5-20251001") == pytest.approx((1.25, 0.1, 5.0))
    assert prices.input_usd("claude-opus-5-5") == 0.000004


@pytest.mark.skipif(importlib.util.find_spec("genai_prices") is None, reason="genai-prices is not installed")
@pytest.mark.parametrize("at", [OLD, NEW])
@pytest.mark.parametrize("name", sorted(prices.PRICES))
def test_equal_to_the_library(name: str, at: float) -> None:
    """Each class of each model, for short and long prompts, at both sides of the change of 2026-03-13."""
    from genai_prices import Usage, calc_price  # type: ignore[import-not-found, unused-ignore]

    for size in (1_000, 250_000):
        for place in range(5):
            classes = [0] * 5
            classes[place] = size
            own = prices.usd(request(name, *classes, at=at))
            usage = Usage(
                input_tokens=sum(classes[:4]),
                cache_write_tokens=classes[1] + classes[2],
                cache_write_1h_tokens=classes[2],
                cache_read_tokens=classes[3],
                output_tokens=classes[4],
            )
            theirs = calc_price(
                usage,
                model_ref=name,
                provider_id="anthropic",
                genai_request_timestamp=datetime.fromtimestamp(at, timezone.utc),
            )
            assert own == pytest.approx(float(theirs.total_price)), (size, place)
