"""Prices: against the client's own bill, hand computed figures, and the library that they were taken from."""

import importlib.util
from datetime import date, datetime, timedelta, timezone

import pytest

from trimtab import prices
from trimtab.records import UNLISTED, Prices, Request

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


def test_fast_mode_by_hand() -> None:
    """The client's own table: opus-5-5 in fast mode is 8 in, 40 out, 10 and 16 written, 0.4 read."""
    fast = request("claude-opus-5-5", *[1000] * 5)._replace(is_fast=True)
    assert prices.usd(fast) == pytest.approx((8 + 10 + 16 + 0.4 + 40) / 1000)
    assert prices.usd(request("claude-haiku-4-5", *[1000] * 5)._replace(is_fast=True)) is None


def test_us_and_searches_by_hand() -> None:
    """A tenth more for the tokens, none for the searches: 1.1 * 4 USD for a million and 3 cents."""
    american = request("claude-opus-5-5", 1_000_000, 0, 0, 0, 0)._replace(is_us=True, web_searches=3)
    assert prices.usd(american) == pytest.approx(4.43)


def test_the_classes_add_up() -> None:
    whole = request("claude-sonnet-4-5", 1, 20, 300, 4000, 50_000)._replace(web_searches=2)
    costs = prices.LISTED.costs(whole)
    assert costs is not None
    assert costs == pytest.approx((3e-6, 75e-6, 1.8e-3, 1.2e-3, 0.75, 0.02))
    assert prices.usd(whole) == pytest.approx(sum(costs))


TABLES = [
    {"model": "my-model", "input": 2, "output": 8},
    {"model": "claude-opus-5-5", "input": 3, "output": 12.0, "read": 0.1, "since": date(2026, 11, 1)},
]


def test_own_prices() -> None:
    """By name, from a date on; classes that are not given cost what they usually do."""
    own, complaints = prices.read(TABLES, "config.toml")
    assert complaints == []
    book = prices.Book(own)
    assert book.usd(request("my-model", *[1_000_000] * 5)) == pytest.approx(2 + 2.5 + 4 + 0.2 + 8)
    assert book.usd(request("claude-opus-5-5-20261001", 0, 0, 0, 1_000_000, 0)) == pytest.approx(0.1)
    october = datetime(2026, 10, 31, 23, tzinfo=timezone.utc).timestamp()
    assert book.usd(request("claude-opus-5-5", 0, 0, 0, 1_000_000, 0, at=october)) == pytest.approx(0.2)
    assert book.relative("my-model", ttl_1h=True) == pytest.approx((2.0, 0.1, 4.0))
    assert book.input_usd("claude-opus-5-5") == pytest.approx(3e-6)


@pytest.mark.parametrize("written", ["claude-opus-5.5", "Claude-Opus-5-5", "claude-opus-5-5[1m]"])
def test_a_model_may_be_written_as_it_is_shown(written: str) -> None:
    own, _ = prices.read([{"model": written, "input": 1, "output": 1}], "config.toml")
    assert prices.Book(own).usd(request("claude-opus-5-5-20261001", 1_000_000, 0, 0, 0, 0)) == 1.0
    assert prices.Book(own).usd(request("claude-opus-5-5[1m]", 1_000_000, 0, 0, 0, 0)) == 1.0


def test_own_prices_begin_with_a_day_in_utc_or_at_a_time() -> None:
    """2026-11-01 begins at midnight UTC; 01:30+02:00 of that day is half an hour before. The moment itself is in it."""
    midnight = datetime(2026, 11, 1, tzinfo=timezone.utc)
    east = timezone(timedelta(hours=2))
    for since, begins in (
        (date(2026, 11, 1), midnight.timestamp()),
        (datetime(2026, 11, 1, 1, 30, tzinfo=east), midnight.timestamp() - 1800),
        (datetime(2026, 11, 1, 9, 0), midnight.timestamp() + 9 * 3600),  # noqa: DTZ001 - TOML has such
    ):
        own, _ = prices.read([{"model": "m", "input": 1, "output": 1, "since": since}], "config.toml")
        book = prices.Book(own)
        assert book.usd(request("m", 1_000_000, 0, 0, 0, 0, at=begins - 0.001)) is None
        assert book.usd(request("m", 1_000_000, 0, 0, 0, 0, at=begins)) == 1.0


def test_the_sum_of_many_short_prompts_is_no_long_one() -> None:
    """150,000 tokens that the client wrote no lines for: 0.1 USD for a million, not the 0.5 of prompts over 100,000."""
    summed = request("claude-haiku-5-5", 150_000, 0, 0, 0, 0)
    assert prices.usd(summed) == pytest.approx(0.075)
    assert prices.usd(summed._replace(agent=UNLISTED)) == pytest.approx(0.015)


def test_a_price_from_a_later_date_is_not_todays() -> None:
    tables = [{"model": "claude-opus-5-5", "input": 8, "output": 40, "since": date(2999, 1, 1)}]
    book = prices.Book(prices.read(tables, "config.toml")[0])
    assert book.input_usd("claude-opus-5-5") == pytest.approx(4e-6)
    assert book.relative("claude-opus-5-5") == prices.relative("claude-opus-5-5")


def test_a_free_model_costs_nothing() -> None:
    """Zero is a price where the user says so; relative prices stay the usual ones."""
    book = prices.Book(prices.read([{"model": "local", "input": 0, "output": 0}], "")[0])
    assert book.usd(request("local", *[1000] * 5)) == 0.0
    assert book.relative("local") == Prices(1.25, 0.1, 5.0)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"input": 1, "output": 2}, "model is missing"),
        ({"model": "m", "output": 2}, "input has to be USD"),
        ({"model": "m", "input": -1, "output": 2}, "input has to be USD"),
        ({"model": "m", "input": True, "output": 2}, "input has to be USD"),
        ({"model": "m", "input": 1, "output": float("nan")}, "output has to be USD"),
        ({"model": "m", "input": 1, "output": 2, "red": 1}, "red is not a key"),
        ({"model": "m", "input": 1, "output": 2, "since": "2026"}, "since has to be a date"),
        ("m", "it is no table"),
    ],
)
def test_wrong_prices_are_named_and_left_out(table: object, said: str) -> None:
    own, (complaint,) = prices.read([table, TABLES[0]], "config.toml")
    assert said in complaint
    assert "table 1, in config.toml" in complaint
    assert [one.model for one in own] == ["my-model"]
    assert prices.read({"model": "m"}, "config.toml")[0] == []
