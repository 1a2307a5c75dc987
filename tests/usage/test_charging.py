"""What a response counts in each measure, by hand."""

from trimtab.prices import Book, Own, Price
from trimtab.records import Request
from trimtab.usage.charging import charge_of

# claude-opus-5-5: 4 in, 5 write, 8 write for an hour, 0.2 read, 20 out, in USD for a million tokens.
SPENT = Request("s", "", "msg_01" + "x" * 16, 5.0, "claude-opus-5-5", 100, 200, 10, 4000, 30, "/p")


def test_a_response_in_all_measures() -> None:
    """100 + 200 * 1.25 + 10 * 2 + 4000 * 0.05 + 30 * 5 = 720 tokens at 4 USD a million are 2,880 millionths."""
    charge = charge_of(SPENT, Book(), "p1", "t1")
    assert (charge.billed, charge.usd, charge.output, charge.context) == (720, 2880, 30, 4310)
    assert (charge.key, charge.agent_type, charge.prompt, charge.task) == (SPENT.message_id, "main", "p1", "t1")
    assert charge.is_priced


def test_a_web_search_is_money_and_no_token() -> None:
    charge = charge_of(SPENT._replace(web_searches=2), Book())
    assert (charge.billed, charge.usd) == (720, 22_880)


def test_an_id_that_is_not_unique_is_its_session_s() -> None:
    assert charge_of(SPENT._replace(message_id="7"), Book()).key == "s/7"


def test_a_model_without_a_price_counts_by_the_dearest() -> None:
    """By claude-3-opus: 15 in, 18.75, 30, 1.5, 75; its tokens by the usual ratios: 100 + 250 + 20 + 400 + 150."""
    charge = charge_of(SPENT._replace(model="gpt-9"), Book())
    assert (charge.usd, charge.billed, charge.is_priced) == (1500 + 3750 + 300 + 6000 + 2250, 920, False)


def test_the_user_s_own_price_can_be_the_dearest() -> None:
    own = Own("house", Price(100.0, 100.0, 100.0, 100.0, 100.0))
    assert charge_of(SPENT._replace(model="gpt-9"), Book([own])).usd == 434_000
    assert charge_of(SPENT._replace(model="house"), Book([own]))[9:] == (434_000, "", "", True)


def test_a_model_that_costs_nothing_has_tokens_all_the_same() -> None:
    charge = charge_of(SPENT._replace(model="mine"), Book([Own("mine", Price(0.0, 0.0, 0.0, 0.0, 0.0))]))
    assert (charge.usd, charge.billed, charge.is_priced) == (0, 920, True)
