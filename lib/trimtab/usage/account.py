"""The usage book asked for one account: the requests of some sessions or time, and what their contexts were made of."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from trimtab.budget.scopes import is_within
from trimtab.errors import TrimtabError
from trimtab.monitor import calibration, context, grouping, periods, spend
from trimtab.monitor.context import Ledger
from trimtab.prices import Book
from trimtab.records import UNLISTED, Arrival, Request
from trimtab.store.usage import UsageStore

PARTS = tuple(grouping.BY)  # by what contexts are taken apart
BY = (*spend.BY, *PARTS)  # by what usage is told
MOST_NAMED = 3  # projects that are named where none is found


class Scope(NamedTuple):
    """Which requests are meant; None does not narrow. Times are seconds since the epoch, `until` is not included.

    `project` is a folder; what ran in a folder of it is meant too.
    """

    project: str | None = None
    session: str | None = None
    since: float | None = None
    until: float | None = None

    def holds(self, at: float) -> bool:
        """Whether it is of the scope's time."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


class Account(NamedTuple):
    """What a scope holds. `requests` are by time; `before` are those of the time that it is compared with.

    See `periods.before`; it is empty where the book has not all of that time.
    """

    requests: list[Request]
    before: list[Request]


def account(store: UsageStore, scope: Scope, now: float) -> Account:
    """The scope's requests, and where it has a beginning those of as long a time before. Raises StoreError."""
    requests = billed(store, scope)
    if scope.since is None or scope.session is not None:
        return Account(requests, [])
    since, until = periods.before(scope.since, now if scope.until is None else min(now, scope.until))
    first_at = min((span.first_at for span in store.sessions()), default=now)
    return Account(requests, billed(store, Scope(scope.project, None, since, until)) if first_at <= since else [])


def billed(store: UsageStore, scope: Scope) -> list[Request]:
    """Everything of the scope that was billed, by time: responses, and what the client counted beyond them."""
    rest = [
        request
        for request in store.unlisted()
        if (scope.session is None or request.session == scope.session)
        and (scope.project is None or is_within(request.project, scope.project))
        and scope.holds(request.at)
    ]
    listed = store.requests(scope.session, scope.project, scope.since, scope.until)
    return sorted([*listed, *rest], key=lambda request: request.at) if rest else listed


def active(store: UsageStore, scope: Scope) -> list[str]:
    """The sessions with a request in the scope, the one that was answered last at the end. Raises StoreError."""
    last: dict[str, float] = {}
    for request in billed(store, scope):
        last[request.session] = max(request.at, last.get(request.session, request.at))
    return sorted(last, key=lambda session: (last[session], session))


def contexts(
    store: UsageStore, sessions: Iterable[str], book: Book, paid: Scope, named: Mapping[str, str] | None = None
) -> tuple[list[Request], Ledger]:
    """All that was billed of the sessions, and what it was for: their contexts' parts, and what is in no context.

    A context is followed from its beginning, but its parts have paid only for the requests of the time of `paid`: they
    add up to what was billed in it. Sizes are estimated as these requests teach. Moments are there where results are
    `named` by their ids (some of them). Raises StoreError.
    """
    requests: list[Request] = []
    arrivals: list[Arrival] = []
    names = set(sessions)
    for session in sorted(names):
        requests += store.requests(session)
        arrivals += store.arrivals(session)
    came = list(joined(arrivals))
    factor_of = calibration.learned_factors(calibration.batches(requests, came))
    with_moments = named is not None
    ledger = context.ledger(requests, came, book.relative, book.usd, factor_of, with_moments, paid.holds, named)
    rest = [request for request in store.unlisted() if request.session in names]
    parts = [context.apart(request, book.relative, book.usd) for request in rest if paid.holds(request.at)]
    return [*requests, *rest], ledger._replace(parts=(*ledger.parts, *parts))


def listed(requests: Iterable[Request]) -> list[Request]:
    """Those of which the client wrote a line, and that so are in a context."""
    return [request for request in requests if request.agent != UNLISTED]


def joined(arrivals: Iterable[Arrival]) -> Iterable[Arrival]:
    """The arrivals with the lines of each answer as one, named by the response that they are of."""
    answers: dict[tuple[str, str, str], Arrival] = {}
    for arrival in arrivals:
        if arrival.what != "answer":
            yield arrival
            continue
        key = (arrival.session, arrival.agent, arrival.target)
        known = answers.get(key)
        answers[key] = arrival._replace(
            id=arrival.target,
            target="",
            at=arrival.at if known is None else min(known.at, arrival.at),
            characters=arrival.characters + (0 if known is None else known.characters),
        )
    yield from answers.values()


def nearest(store: UsageStore, folder: str) -> list[str]:
    """Where nothing ran in `folder`: the projects that are nearest to it in the tree, at most MOST_NAMED of them."""
    known = {span.project for span in store.sessions() if span.project}
    if any(is_within(project, folder) for project in known):
        return []
    asked = Path(folder).parts

    def distance(project: str) -> int:
        parts = Path(project).parts
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(parts, asked, strict=False)))
        return len(parts) + len(asked) - 2 * common

    return sorted(known, key=lambda project: (distance(project), project))[:MOST_NAMED]


def session_of(store: UsageStore, start: str, besides: Sequence[str] = ()) -> str:
    """The one session whose id begins so. Raises TrimtabError where there is none or more than one, StoreError.

    `besides` are sessions that are known elsewhere, the newest at the end: they are named where there is none.
    """
    known = [one.session for one in store.sessions()]
    found = [name for name in known if name.startswith(start)]
    if start in found:
        return start
    if len(found) == 1:
        return found[0]
    if found:
        raise TrimtabError(f"{start!r} begins {len(found)} sessions: {', '.join(found[:5])}; say more of it.")
    newest = ", ".join([*known, *besides][-3:][::-1])
    raise TrimtabError(f"no session {start!r} is recorded" + (f"; the newest are {newest}." if newest else "."))
