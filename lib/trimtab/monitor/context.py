"""The context of each conversation as a ledger of parts: what came, how large, and what it cost until it left.

What came between two requests is worth the growth of the prompt, which is billed and so known. It is shared out by the
estimates of its pieces: the answer before (its output as logged, unless the log has only a part of it) and the
arrivals. Three things can be:

- the growth is the estimates' sum, give or take TOLERANCE of it and SLACK_TOKENS a piece: the pieces take all of it;
- it is more: the pieces get their estimates, the rest is a part of its own, UNKNOWN (reminders and other texts that the
  client adds without a trace);
- it is less than LEAST_SHARE of the estimates, or the prompt shrank: the pieces get their estimates, and older parts
  leave: UNKNOWN first, then the oldest results (context editing) before answers, or after a new prompt answers
  (their thinking) before results, then notes, prompts and the summary, and STANDING last.

A result of ToolSearch takes all of the growth: the definitions of the tools that it found come with it unseen. A
"summary" arrival ends all that came before it but STANDING, also where that was copied from a conversation that was
resumed. Between models of different tokenizers every part is scaled to the new prompt.
The first request's prompt, less what came before it, is STANDING; where that is more than EARLIER_SHARE times the usual
one (the median of the project's conversations of that kind of agent, or of all), the rest is an EARLIER conversation.
"""

import statistics
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import mul
from typing import NamedTuple

from trimtab import tokens
from trimtab.monitor import sizes
from trimtab.monitor.parts import (
    ANSWER,
    EARLIER,
    NOTE,
    PROMPT,
    RESULT,
    STANDING,
    SUMMARY,
    UNKNOWN,
    Account,
    IsMeant,
    Moment,
    Part,
    Prompt,
    always,
    apportion,
    oldest_first,
    relative_rates,
    usd_rates,
)
from trimtab.monitor.summary import PricesOf, UsdOf
from trimtab.records import Arrival, Request, prompt_tokens

TOLERANCE = (
    0.12  # of estimates: the 90th percentile of a result's error held out is 0.09 to 0.11 (bench/attribution.py)
)
SLACK_TOKENS = 60  # a piece; chosen: twice what frames it
LEAST_SHARE = 0.5  # chosen: estimates are hardly ever twice too high
COMPLETE_SHARE = (
    0.8  # of what an answer weighs, above which its logged output is taken for whole; partial ones are tiny
)
SURE_SHARE = 0.05  # of a first prompt, that may be estimates while STANDING is still called measured

EARLIER_SHARE = 1.5  # chosen: in the recorded sessions the usual ones are within 0.7 and 1.4 of the median of all
ENOUGH = 3  # conversations for a median of their own; chosen
BRINGS_TOOLS = "ToolSearch"
UNLISTED = "unlisted"  # a part's `what`: compactions, titles

TO_LEAVE = (UNKNOWN, EARLIER, RESULT, ANSWER, NOTE, PROMPT, SUMMARY, STANDING)
TO_LEAVE_AFTER_PROMPT = (UNKNOWN, EARLIER, ANSWER, RESULT, NOTE, PROMPT, SUMMARY, STANDING)

UsualOf = Callable[[Request], float]


class Ledger(NamedTuple):
    """All parts, by conversation and then in the order in which they came, and what each request's prompt held.

    `moments` are empty unless they were asked for: a conversation of 1,000 requests has 1 MB of them.
    """

    parts: tuple[Part, ...]
    moments: tuple[Moment, ...]


class Piece(NamedTuple):
    """Something that came: its account, its estimated tokens, and whether that is what was billed."""

    account: Account
    size: int
    is_sure: bool


def ledger(
    requests: Iterable[Request],
    arrivals: Iterable[Arrival],
    prices_of: PricesOf,
    usd_of: UsdOf | None = None,
    factor_of: sizes.FactorOf = sizes.factor,
    with_moments: bool = False,
    is_meant: IsMeant = always,
    named: Mapping[str, str] | None = None,
) -> Ledger:
    """Follows every conversation. `requests` and `arrivals` are all of them, in any order; never raises.

    The parts' tokens of each class, output included, and their USD add up to those of the requests at times that are
    meant: for the others nothing is paid, though they fill the contexts. Arrivals of conversations without a request
    are left out. Moments call a part what `named` says of its id, else as its label. Takes 0.2 ms and 1 kB a request.
    """
    asked: dict[tuple[str, str], list[Request]] = {}
    for request in requests:
        asked.setdefault((request.session, request.agent), []).append(request)
    came: dict[tuple[str, str], list[Arrival]] = {}
    for arrival in arrivals:
        came.setdefault((arrival.session, arrival.agent), []).append(arrival)
    parts: list[Part] = []
    moments: list[Moment] = []
    usual_of = usual_standing(asked.values())
    for key, group in asked.items():
        following = Following(prices_of, usd_of, factor_of, usual_of, is_meant, named)
        held = following.follow(group, came.get(key, ()))
        moments += [moment for moment in held if with_moments]
        parts += [account.part(group[0]) for account in following.accounts]
    return Ledger(tuple(parts), tuple(moments))


def apart(request: Request, prices_of: PricesOf, usd_of: UsdOf) -> Part:
    """A request that is in no context, of what the client sums up without a line of its own, as a part: UNLISTED."""
    account = Account(UNLISTED, request.at, request.model, request.message_id)
    account.take(prompt_tokens(request), True)
    account.carried, account.output = 1, request.output_tokens
    rates = relative_rates(request, prices_of)
    used = (request.input_tokens, request.write_5m_tokens, request.write_1h_tokens, request.read_tokens)
    account.paid = list(used)
    output = prices_of(request.model, False).output * request.output_tokens
    account.units = sum(map(mul, rates, used)) + output
    usd = usd_of(request)
    if usd is not None:
        account.usd, account.priced = usd, 1
    return account.part(request)


def usual_standing(conversations: Iterable[Sequence[Request]]) -> UsualOf:
    """What a first request like the given one usually reads: the median of its kind, as `ledger` says."""
    firsts: dict[tuple[str, ...], list[int]] = {}
    for group in conversations:
        first = min(group, key=lambda request: request.at)
        for key in keys_of(first):
            firsts.setdefault(key, []).append(prompt_tokens(first))

    def usual(request: Request) -> float:
        for key in keys_of(request):
            found = firsts.get(key, ())
            if len(found) >= ENOUGH:
                return statistics.median(found)
        return float("inf")

    return cache(usual)


def keys_of(request: Request) -> tuple[tuple[str, ...], ...]:
    """Its kind, the narrowest first."""
    kind = (request.agent_type, "agent" if request.agent else "main", tokens.family(request.model))
    return ((request.project, *kind), kind)


class Following:
    """One conversation while it is followed; `accounts` are all of its parts so far."""

    def __init__(
        self,
        prices_of: PricesOf,
        usd_of: UsdOf | None,
        factor_of: sizes.FactorOf,
        usual_of: UsualOf,
        is_meant: IsMeant,
        named: Mapping[str, str] | None,
    ) -> None:
        self.accounts: list[Account] = []
        self._prices_of, self._usd_of, self._factor_of, self._usual_of = prices_of, usd_of, factor_of, usual_of
        self._is_meant = is_meant
        self._prompt = Prompt(named)
        self._weighed: dict[str, float] = {}

    def follow(self, requests: Iterable[Request], arrivals: Iterable[Arrival]) -> Iterator[Moment]:
        """What each request's prompt held. What came at the same time as a request comes after it."""
        asked = sorted(requests, key=lambda request: request.at)
        times = [request.at for request in asked]
        between: list[list[Arrival]] = [[] for _ in range(len(asked) + 1)]
        for arrival in sorted(arrivals, key=lambda arrival: arrival.at):
            if arrival.what == ANSWER:
                self._weighed[arrival.id] = sizes.weighed(arrival)
            else:
                between[bisect_right(times, arrival.at)].append(arrival)
        waiting: list[Piece] = []
        before: Request | None = None
        for request, came in zip(asked, between, strict=False):
            waiting += self._pieces(came, request)
            if prompt_tokens(request):  # what failed before it was read has none
                self._grow(waiting, before, request)
                before, waiting = request, []
            account = Account(ANSWER, request.at, request.model, request.message_id)
            if self._is_meant(request.at):
                self._pay(request, account)
            waiting = self._leave_answer(account, request, waiting)
            held = tuple((name, size) for name, size in self._prompt.labels.items() if size)
            yield Moment(request.session, request.agent, request.at, request.message_id, held)
        self._prompt.settle()
        model = asked[-1].model if asked else ""
        self.accounts += [account_of(arrival, model) for arrival in between[-1]]

    def _pieces(self, came: Sequence[Arrival], request: Request) -> list[Piece]:
        """What came, as parts that have no place yet."""
        pieces = []
        for arrival in came:
            account = account_of(arrival, request.model)
            self.accounts.append(account)
            pieces.append(Piece(account, sizes.of_arrival(arrival, request.model, self._factor_of), False))
        return pieces

    def _leave_answer(self, account: Account, request: Request, waiting: list[Piece]) -> list[Piece]:
        """The response's own words come into the next prompt, before what came after them."""
        self.accounts.append(account)
        weighed = self._weighed.get(request.message_id, 0) * self._factor_of(request.model, "")
        is_complete = request.output_tokens >= COMPLETE_SHARE * weighed
        return [*waiting, Piece(account, request.output_tokens if is_complete else round(weighed), is_complete)]

    def _pay(self, request: Request, answer: Account) -> None:
        """The parts pay for the prompt, the answer for what it was billed itself."""
        usd, prompt_usd = usd_rates(request, self._usd_of) if self._usd_of else None, 0.0
        if prompt_tokens(request):
            self._prompt.pay(request, relative_rates(request, self._prices_of), usd)
            if usd is not None:
                used = (request.input_tokens, request.write_5m_tokens, request.write_1h_tokens, request.read_tokens)
                prompt_usd = sum(rate * size for rate, size in zip(usd, used, strict=True))
        answer.output = request.output_tokens
        answer.units = self._prices_of(request.model, False).output * request.output_tokens
        whole = self._usd_of(request) if self._usd_of else None
        if whole is not None:
            answer.usd, answer.priced = whole - prompt_usd, 1

    def _grow(self, pieces: list[Piece], before: Request | None, request: Request) -> None:
        """Gives the pieces their tokens, so that the prompt is as long as the request's."""
        last = max((at for at, piece in enumerate(pieces) if piece.account.what == SUMMARY), default=None)
        if before is None:
            self._start(pieces[last or 0 :], request)
        elif last is not None:
            gone = {place: 0 for place, part in enumerate(self._prompt.live) if part.what != STANDING}
            self._prompt.resize(gone, request.at)
            self._share(pieces[last:], request)
        elif tokens.family(before.model) != tokens.family(request.model):
            self._rescale(pieces, request)
        else:
            self._share(pieces, request)

    def _start(self, pieces: list[Piece], request: Request) -> None:
        """The first prompt: what was not said before it is STANDING, which comes first."""
        size, estimated = prompt_tokens(request), sum(piece.size for piece in pieces)
        rest, usual = max(size - estimated, 0), self._usual_of(request)
        earlier = rest - round(usual) if rest > EARLIER_SHARE * usual else 0
        for what, share in ((STANDING, rest - earlier), (EARLIER, earlier)):
            if share or what == STANDING:
                account = Account(what, request.at, request.model)
                account.take(share, not earlier and estimated <= SURE_SHARE * size)
                self.accounts.insert(self._prompt.tokens > 0, account)
                self._prompt.add(account)
        self._place(pieces, size - rest)

    def _rescale(self, pieces: list[Piece], request: Request) -> None:
        """Another tokenizer: all that is there is worth what the new prompt has beside the pieces."""
        size, estimated = prompt_tokens(request), sum(piece.size for piece in pieces)
        live = [account.live for account in self._prompt.live]
        old = max(size - estimated, size // 2)
        if live:
            self._prompt.resize(dict(enumerate(apportion(old, live))), request.at)
        self._share(pieces, request)

    def _share(self, pieces: list[Piece], request: Request) -> None:
        """Shares out the growth, as the module says."""
        estimated = sum(piece.size for piece in pieces)
        unsure = sum(piece.size for piece in pieces if not piece.is_sure)
        slack = TOLERANCE * unsure + SLACK_TOKENS * max(len(pieces), 1)
        growth = prompt_tokens(request) - self._prompt.tokens
        if growth < max(LEAST_SHARE * estimated - slack, 0):
            self._shrink(estimated - growth, any(piece.account.what == PROMPT for piece in pieces), request.at)
            growth = prompt_tokens(request) - self._prompt.tokens
        brings_tools = any(piece.account.tool == BRINGS_TOOLS for piece in pieces)
        if (growth > estimated + slack and not brings_tools) or (growth > 0 and not estimated):
            unknown = Account(UNKNOWN, request.at, request.model)
            unknown.take(growth - estimated, False)
            self.accounts.append(unknown)
            self._place(pieces, estimated)
            self._prompt.add(unknown)
        else:
            self._place(pieces, growth)

    def _shrink(self, amount: int, is_new_turn: bool, at: float) -> None:
        """Older parts lose `amount` tokens, or all that they have."""
        order = TO_LEAVE_AFTER_PROMPT if is_new_turn else TO_LEAVE
        queue = sorted(enumerate(self._prompt.live), key=lambda entry: order.index(entry[1].what))
        self._prompt.resize(oldest_first(queue, amount), at)

    def _place(self, pieces: Sequence[Piece], growth: int) -> None:
        """The pieces come into the prompt with `growth` tokens together: what is sure first, the rest in proportion."""
        sure = sum(piece.size for piece in pieces if piece.is_sure)
        unsure = [piece.size for piece in pieces if not piece.is_sure]
        rest = growth - sure
        if rest < 0 or (rest and not sum(unsure)):  # the sure ones are not: the answer's thinking is not sent again
            shares = apportion(growth, [piece.size for piece in pieces]) if sure + sum(unsure) else [0] * len(pieces)
            is_fitted = False
        else:
            estimates = iter(apportion(rest, unsure) if rest else [0] * len(unsure))
            shares = [piece.size if piece.is_sure else next(estimates) for piece in pieces]
            is_fitted = True
        for piece, share in zip(pieces, shares, strict=True):
            piece.account.take(share, is_fitted and (piece.is_sure or len(unsure) == 1))
            self._prompt.add(piece.account)


def account_of(arrival: Arrival, model: str) -> Account:
    what = arrival.what if arrival.what in (RESULT, PROMPT, NOTE, SUMMARY) else NOTE
    account = Account(what, arrival.at, model, arrival.id, arrival.tool, arrival.target)
    account.is_error, account.characters = arrival.is_error, arrival.characters
    return account
