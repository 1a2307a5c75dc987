"""The user is told before a prompt that finds a large context's cache cold, once for each pause.

At a resumed session's start, else with the prompt; where the setting says "ask" the prompt is held back once instead,
and the same one sent again passes. Whatever goes wrong here, the prompt goes on.
"""

from typing import NamedTuple

from trimtab import policy, prices
from trimtab.budget import sentences
from trimtab.errors import StoreError
from trimtab.handlers import budget_gate
from trimtab.handlers.desk import Desk, Reply
from trimtab.handlers.events import Event, text
from trimtab.history import words
from trimtab.history.compacting import History
from trimtab.history.warmth import Warmth
from trimtab.records import IntegrationMode, Metric

TELL, ASK, OFF = "tell", "ask", "off"
METRIC = "cold_prompt"  # tokens to be written anew; in the ledger, as a daemon may leave in a pause
AGAIN = 'Send the prompt again to go on as it is (cold_cache = "tell" in config.toml ends this question).'


class Known(NamedTuple):
    """A conversation's cache and history, what is likely to come, and what a token costs."""

    warmth: Warmth
    history: History
    requests: float
    money: words.Money


def known(event: Event, desk: Desk) -> Known:
    """Raises StoreError where the project's ledger can't be used."""
    conversation = desk.conversation(event)
    warmth = conversation.warmth
    book = prices.Book(desk.settings(event).prices)
    now = desk.clock()
    history = History(warmth.context, warmth.standing, book.relative(warmth.model, warmth.is_1h, now))
    price = book.price(warmth.model, now, prompt_tokens=warmth.context)
    lengths = desk.project(event).lengths
    requests = policy.requests_to_come(conversation.requests, lengths, warmth.context)
    return Known(warmth, history, requests, words.Money(price.input / prices.MILLION if price else None))


def due(event: Event, desk: Desk) -> str:
    """What is to be said of the cache at this event, "" where nothing or where it was said of this pause."""
    if event.agent or text(event.data, "prompt").lstrip().startswith((*sentences.OURS, budget_gate.NOTICE)):
        return ""
    chosen = desk.settings(event)
    if chosen.cold_cache == OFF:
        return ""
    found, now = known(event, desk), desk.clock()
    warmth = found.warmth
    if warmth.lost < chosen.cold_cache_tokens or not warmth.is_cold(now):
        return ""
    store, tags = desk.project(event).store, (("session", event.session), ("since", f"{warmth.used_at:.3f}"))
    if any(told.tags == tags for told in store.metrics(METRIC, since=warmth.used_at)):
        return ""
    store.add_metric(Metric(now, METRIC, warmth.lost, "cold_cache", tags))
    return words.cold(warmth, found.history, now, found.requests, found.money)


def is_attended(event: Event) -> bool:
    """Whether somebody types the prompts: in client 2.1.328 it is "cli" in a terminal, "sdk-cli" with `-p`."""
    return not event.environment.get("CLAUDE_CODE_ENTRYPOINT", "").startswith("sdk")


def hold(event: Event, desk: Desk) -> Reply | None:
    """The reply that holds a prompt back, where the user wants to be asked and it is due; else the user is told."""
    try:
        said = due(event, desk)
        chosen = desk.settings(event)
    except StoreError as exc:
        desk.complain(exc, "cold cache")
        return None
    if not said:
        return None
    may_hold = chosen.cold_cache == ASK and chosen.mode is not IntegrationMode.MONITORING_ONLY
    if may_hold and event.name == "UserPromptSubmit" and is_attended(event):
        return {"decision": "block", "reason": f"Trimtab: {said} {AGAIN}"}
    desk.tell_user(said)
    return None
