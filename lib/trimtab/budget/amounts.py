"""Amounts of tokens and money, and lengths of time, as people write them: read and said without rounding.

`400k`, `1.5M`, `400,000`, `400 thousand tokens`; `$20`, `20 USD`, `$1.5k`, `50 cents`; `5h`, `90 minutes`, `2 weeks`.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from trimtab.budget.terms import MICRO, Measure
from trimtab.errors import BudgetError

MOST = 10**15  # units: a billion USD, or as many tokens as nobody has; SQLite's integers hold 9,000 times that
LEAST_BARE = 1_000  # chosen: a bare number below it is more likely meant as money, or with a k that was forgotten
LONGEST_S = 10 * 366 * 86_400.0  # chosen
THOUSAND, MILLION, BILLION = 1_000, 1_000_000, 1_000_000_000
SCALES = {"": 1, "k": THOUSAND, "m": MILLION, "b": BILLION}
SCALES |= {"thousand": THOUSAND, "million": MILLION, "billion": BILLION}
SHELL = " (in a shell, $20 needs quotes: '$20/day', or write 20usd)"  # it takes $2 for a variable, which leaves a 0
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

AMOUNT = (  # the end is not inside of a word or a number: not 3m of "3months", not 1 of "1e9"
    r"(?P<before>us\$|usd|\$)?\s*"
    r"(?P<number>\d{1,3}(?:[,_]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)\s*"
    r"(?P<scale>thousand|million|billion|[kmb])?\s*"
    r"(?P<unit>us\$|usd|\$|(?:us\s+)?dollars?|cents?|¢|tokens?)?"
    r"(?![\w$%€£¢]|[.,_]\d)"
)
COUNTED = (
    r"(?P<count>\d+(?:\.\d+)?)[\s-]*"
    r"(?P<each>seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|wks?|w)(?![\w-])"
)
WHOLE_AMOUNT, WHOLE_COUNTED = re.compile(AMOUNT, re.I), re.compile(COUNTED, re.I)


class Amount(NamedTuple):
    """Tokens, or millionths of a USD."""

    is_money: bool
    units: int


def amount_of(found: "re.Match[str]") -> Amount:
    """What a match of AMOUNT says. BudgetError for what is no limit."""
    written = found[0].strip()
    scale, unit = (found["scale"] or "").lower(), (found["unit"] or "").lower()
    is_money = bool(found["before"]) or (unit != "" and not unit.startswith("token"))
    is_cents = unit.startswith(("cent", "¢"))
    if found["before"] and (is_cents or unit.startswith("token")):
        raise BudgetError(f"{written!r} is money and something else: write $20, 50 cents or 400k")
    value = Decimal(found["number"].replace(",", "").replace("_", "")) * SCALES[scale]
    if not (is_money or scale or unit) and 0 < value < LEAST_BARE:
        raise BudgetError(
            f"{written} of what? Write ${written} for money, or {written}k or {written} tokens: for example '${written}"
            " a day'"
        )
    if is_money:
        value *= MICRO // 100 if is_cents else MICRO
    if value == 0:
        raise BudgetError(f"{written!r} is nothing: a limit is more than 0, for example $0.50 or 400k{SHELL}")
    if value > MOST:
        raise BudgetError(f"{written!r} is more than any budget holds: at most a billion USD, or 1,000,000B tokens")
    if value != value.to_integral_value():
        smallest = "a millionth of a dollar" if is_money else "a token"
        raise BudgetError(f"{written!r} has a part of {smallest}, which can't be counted: for example $0.50 or 1.5k")
    return Amount(is_money, int(value))


def read_amount(text: str) -> Amount:
    """An amount that stands alone. BudgetError where it is none."""
    found = WHOLE_AMOUNT.fullmatch(text.strip())
    if found is None:
        raise BudgetError(f"{text.strip()[:80]!r} is no amount: write for example $5, 50 cents, 400k or 1.5M")
    return amount_of(found)


def seconds_of(found: "re.Match[str]") -> float:
    """What a match of COUNTED says, in whole seconds. BudgetError for what is too short or too long."""
    seconds = float(round(Decimal(found["count"]) * SECONDS[found["each"][0].lower()]))
    if not 60 <= seconds <= LONGEST_S:
        raise BudgetError(f"{found[0].strip()!r} is no length for it: from one minute to ten years, such as 5 hours")
    return seconds


def read_seconds(text: str) -> float:
    """A length of time that stands alone. BudgetError where it is none."""
    found = WHOLE_COUNTED.fullmatch(text.strip())
    if found is None:
        raise BudgetError(f"{text.strip()[:80]!r} is no length of time: write for example 30 minutes, 2h or 1 day")
    return seconds_of(found)


def exactly(measure: Measure, units: int) -> str:
    """The amount without rounding, so that it can be read again: "$20", "$0.50", "400k", "412,345 tokens"."""
    if measure is Measure.USD:
        whole, part = divmod(units, MICRO)
        digits = f"{part:06}".rstrip("0")
        return f"${whole}.{digits:0<2}" if part else f"${whole}"
    for suffix, scale, step in (("B", BILLION, 10**8), ("M", MILLION, 10**5), ("k", THOUSAND, 10**3)):
        if units >= scale and units % step == 0:
            return f"{Decimal(units) / scale:f}{suffix}"
    return f"{units:,} tokens"


def amount(measure: Measure, units: float) -> str:
    """The amount for people, rounded: "$4.20", "$0.0042", "412k", "1.5M", "950"."""
    if measure is Measure.USD:
        usd = abs(units) / MICRO
        text = f"${usd:,.2f}" if usd >= 0.01 or not usd else f"${usd:.2g}" if usd >= 0.0001 else "$0.0001"
    else:
        count = abs(units)
        if count < 999.5:
            text = f"{count:.0f}"
        elif count < 999_500:
            text = f"{count / THOUSAND:.0f}k" if count >= 9_950 else f"{count / THOUSAND:.1f}k".replace(".0k", "k")
        else:
            text = f"{count / MILLION:,.1f}M".replace(".0M", "M")
    return f"-{text}" if units < 0 and text.strip("$0.kM") else text


def length(seconds: float) -> str:
    """The length of time without rounding: "5 hours", "90 minutes", "7 days"."""
    for name, each, least in (("day", 86_400, 2), ("hour", 3600, 1), ("minute", 60, 1)):
        count, rest = divmod(seconds, each)
        if not rest and count >= least:
            return f"{count:.0f} {name}{'s' if count != 1 else ''}"
    return f"{seconds:.0f} seconds"
