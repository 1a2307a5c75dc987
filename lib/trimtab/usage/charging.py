"""What a response counts in budgets: its tokens weighted by their prices, its money, its words, its prompt."""

from sys import intern

from trimtab.budget.scopes import MAIN
from trimtab.budget.terms import MICRO, Charge
from trimtab.prices import USUAL, Book, Price, costs_by
from trimtab.records import Request, prompt_tokens
from trimtab.store.merging import key_of


def charge_of(request: Request, book: Book, prompt: str = "", task: str = "") -> Charge:
    """A response, or an expected one, as budgets count it.

    Tokens are weighted by the prices of its own model, by the usual ratios where that has none; its money is then by
    the dearest price that is known, and `is_priced` False.
    """
    price = book.price_of(request)
    usd = sum(costs_by(price, request)) if price is not None else book.dearest_usd(request)
    name, scope = key_of(request)
    return Charge(
        f"{scope}/{name}" if scope else name,
        intern(request.session),
        intern(request.agent),
        intern(request.agent_type if request.agent else MAIN),
        intern(request.project),
        request.at,
        billed(request, price),
        request.output_tokens,
        prompt_tokens(request),
        round(usd * MICRO),
        intern(prompt),
        intern(task),
        price is not None,
    )


def billed(request: Request, price: Price | None) -> int:
    """Its tokens in prices of one uncached input token of its model."""
    by = price if price is not None and price.input else USUAL
    weighted = (
        request.input_tokens * by.input
        + request.write_5m_tokens * by.write_5m
        + request.write_1h_tokens * by.write_1h
        + request.read_tokens * by.read
        + request.output_tokens * by.output
    )
    return round(weighted / by.input)
