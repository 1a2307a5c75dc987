"""What the user is told of a conversation's cache and history: sentences of plain text.

Money is left out where the model's price is not known. Tokens are rounded to thousands: they are expectations.
"""

from typing import NamedTuple

from trimtab.history.compacting import History, Outlook, outlook
from trimtab.history.warmth import Warmth

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
SOON_S = 120.0  # chosen: from here on the status line counts down


class Money(NamedTuple):
    """What a token costs: USD for one uncached input token; None where the model's price is not known."""

    input_usd: float | None

    def of(self, units: float) -> str:
        """ "about $0.12" for so many prices of an uncached input token; "" without a price."""
        return "" if self.input_usd is None else f"about {cents(units * self.input_usd)}"

    def aside(self, units: float) -> str:
        """The same in brackets, after a blank."""
        return f" ({self.of(units)})" if self.of(units) else ""


def cents(usd: float) -> str:
    """$1.24, $0.07, "under $0.01"."""
    return f"${usd:,.2f}" if usd >= 0.01 else "under $0.01"


def about(tokens: float) -> str:
    """In thousands: 118,400 is "118k"."""
    return f"{max(round(tokens / 1_000), 1):,}k"


def lasting(seconds: float) -> str:
    """In one unit: "4 minutes", "1 hour", "3 days"."""
    for unit_s, name in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if seconds >= 2 * unit_s or name == "minute" or seconds == unit_s:
            count = max(round(seconds / unit_s), 1)
            return f"{count} {name}" + ("s" if count > 1 else "")
    raise AssertionError


def cold(warmth: Warmth, history: History, now: float, requests: float, money: Money) -> str:
    """Of a prompt that finds the cache cold: what it writes anew, and what compacting costs and saves instead."""
    idle, lives = lasting(now - warmth.used_at), lasting(warmth.lives_s)
    fresh = max(history.standing - warmth.shared, 0)
    return (
        f"Idle for {idle}, and the prompt cache lives {lives}: the next request writes about {about(warmth.lost)}"
        f" tokens anew{money.aside(history.prices.write * warmth.lost)}."
        f" {compacting(history, outlook(history, requests), requests, money)}"
        f" For a new task: /clear, which writes about {about(fresh)}{money.aside(history.prices.write * fresh)}."
    )


def finished(history: History, seen: Outlook, requests: float, money: Money) -> str:
    """Of a task that is finished: what a compaction would come to."""
    return (
        f"You committed, and much of the {about(history.context)} tokens of context may not be needed any more."
        f" {compacting(history, seen, requests, money)} Said once until then."
    )


def compacting(history: History, seen: Outlook, requests: float, money: Money) -> str:
    """Whether /compact pays, from how many requests on, and what it likely comes to."""
    if seen.pays_from is None:
        return "/compact would save nothing here: there is too little to sum up."
    costs = " ".join(filter(None, ("/compact first costs", money.of(seen.at_once), "more at once")))
    if seen.net <= 0:
        usual = f"only from {seen.pays_from} requests on, and likely are {requests:.0f}"
    elif money.input_usd is None:
        usual = f"from {seen.pays_from} requests on ({requests:.0f} are usual)"
    else:
        usual = f"from {seen.pays_from} requests on (by {money.of(seen.net)} with {requests:.0f}, as is usual)"
    return f"{costs} and leaves about {about(history.after)}: cheaper {usual}."


def glance(warmth: Warmth, history: History, now: float, money: Money) -> str:
    """For the status line: "" while the cache is warm for SOON_S and more."""
    left_s = warmth.cold_in_s(now)
    if not warmth.used_at or left_s > SOON_S:
        return ""
    if left_s > 0:
        return f"cache cold in {int(left_s) // 60}:{int(left_s) % 60:02}"
    return f"cache cold: {about(warmth.lost)} tokens anew{money.aside(history.prices.write * warmth.lost)}"
