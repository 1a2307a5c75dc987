"""The sessions of a page, and how the contexts of the newest filled, request by request."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence

from trimtab.cli.page import filling
from trimtab.cli.page.history import History, Names
from trimtab.cli.page.records import Conversation, Limits, Part, Point, Session
from trimtab.monitor.summary import FactorOf
from trimtab.records import Arrival, Load, Recovery, Request, prompt_tokens
from trimtab.usage import account as accounts

Key = tuple[str, str]  # session and agent


def sessions(
    history: History,
    names: Names,
    factor_of: FactorOf,
    wall: Callable[[float], float],
    apart: set[str],
    limits: Limits,
    since: float,
) -> tuple[Session, ...]:
    """The sessions of `apart`, the newest first; the newest of them with their requests from `since` on."""
    grouped: dict[str, list[Request]] = {}
    for request in history.requests:
        if request.session in apart:
            grouped.setdefault(request.session, []).append(request)
    newest = sorted(grouped, key=lambda name: (-max(request.at for request in grouped[name]), name))
    contexts = Contexts(history, set(newest[: limits.sessions]), factor_of, wall)
    room = limits.requests
    found = []
    for place, name in enumerate(newest):
        conversations: tuple[Conversation, ...] = ()
        if place < limits.sessions and room > 0:
            conversations = told(grouped[name], names, contexts, limits, wall(since))
            points = sum(len(talk.points) for talk in conversations)
            if points > room:
                conversations = ()
            room -= points
        times = [request.at for request in grouped[name] if request.at >= since]
        project = names.project(name)
        found.append(Session(name, project, wall(min(times)), wall(max(times)), len(times), conversations))
    return tuple(found)


def told(
    requests: Iterable[Request], names: Names, contexts: "Contexts", limits: Limits, since: float
) -> tuple[Conversation, ...]:
    """A session's main conversation, then its subagents with the most requests; from wall-clock `since` on.

    What the client counted without writing it down is in no context.
    """
    apart: dict[Key, list[Request]] = {}
    for request in accounts.listed(requests):
        apart.setdefault((request.session, request.agent), []).append(request)
    kept = sorted(apart, key=lambda key: (key[1] != "", -len(apart[key]), key[1]))[: limits.agents + 1]
    found = []
    for key in kept:
        talk = sorted(apart[key], key=lambda request: request.at)
        points = [point for point in contexts.points(key, talk) if point.at >= since]
        kept_points = tuple(thinned(points, limits.points))
        if points:
            found.append(Conversation(key[1], names.agent(*key), len(points), kept_points))
    return tuple(found)


class Contexts:
    """What came into the conversations of some sessions, asked for one conversation at a time."""

    def __init__(self, history: History, names: set[str], factor_of: FactorOf, wall: Callable[[float], float]) -> None:
        self._factor_of = factor_of
        self._wall = wall
        self._calls = filling.known(history.loads, history.recoveries)
        self._arrivals = by_conversation(arrival for arrival in history.arrivals if arrival.session in names)
        self._loads = by_conversation(load for load in history.loads if load.session in names)
        self._parts: dict[Key, list[Part]] | None = None
        if history.parts is not None:
            self._parts = {}
            for part in history.parts:
                if part.session in names:
                    self._parts.setdefault((part.session, part.agent), []).append(part)
        conversation = {load.tool_use_id: (load.session, load.agent) for load in history.loads}
        self._recoveries: dict[Key, list[Recovery]] = {}
        for recovery in history.recoveries:
            if recovery.load in conversation:
                self._recoveries.setdefault(conversation[recovery.load], []).append(recovery)

    def points(self, key: Key, requests: Sequence[Request]) -> list[Point]:
        """A point for each of the conversation's requests, which are given by time."""
        times = [request.at for request in requests]
        cuts = [place > 0 and filling.is_cut(requests[place - 1], requests[place]) for place in range(len(requests))]
        kept_out = self._kept_out(key, requests, cuts)
        fetched = [0] * len(requests)
        calls: set[str] = set()
        for recovery in self._recoveries.get(key, ()):
            place = bisect_right(times, recovery.at)
            if place < len(requests) and recovery.tool_use_id not in calls:
                calls.add(recovery.tool_use_id)
                fetched[place] += 1
        parts = self._parts_of(key, requests)
        tokens = [tuple(parts[request.message_id].items()) for request in requests]
        return [
            Point(
                number=place + 1,
                at=self._wall(request.at),
                model=request.model,
                prompt_tokens=prompt_tokens(request),
                output_tokens=request.output_tokens,
                parts=tokens[place],
                kept_out_tokens=round(kept_out[place]),
                recoveries=fetched[place],
                is_cut=cuts[place],
            )
            for place, request in enumerate(requests)
        ]

    def _parts_of(self, key: Key, requests: Sequence[Request]) -> Mapping[str, dict[str, int]]:
        """By message_id, the request's tokens by kind; given parts are completed to the prompt by UNKNOWN."""
        given: Iterable[Part]
        if self._parts is None:
            given = filling.parts(requests, self._arrivals.get(key, ()), self._calls)
        else:
            given = self._parts.get(key, ())
        found: dict[str, dict[str, int]] = {request.message_id: {} for request in requests}
        for part in given:
            kinds = found.setdefault(part.message_id, {})
            kind = filling.kind_of_label(part.kind)
            kinds[kind] = kinds.get(kind, 0) + part.tokens
        for request in requests:
            kinds = found[request.message_id]
            rest = prompt_tokens(request) - sum(kinds.values())
            if rest > 0:
                kinds[filling.UNKNOWN] = kinds.get(filling.UNKNOWN, 0) + rest
        return found

    def _kept_out(self, key: Key, requests: Sequence[Request], cuts: Sequence[bool]) -> list[float]:
        """By request, what folding kept out since the last cut, in its model's tokens."""
        loads = [load for load in self._loads.get(key, ()) if load.honoured]
        sums: list[float] = []
        held, waiting = 0.0, 0
        for place, request in enumerate(requests):
            held = 0.0 if cuts[place] else held
            while waiting < len(loads) and loads[waiting].at <= request.at:
                load = loads[waiting]
                waiting += 1
                if not cuts[place]:
                    factor = self._factor_of(request.model, load.tool).value
                    held += (load.raw_tokens - load.shown_tokens) * factor
            sums.append(held)
        return sums


def by_conversation(rows: Iterable[Arrival] | Iterable[Load]) -> dict[Key, list]:  # type: ignore[type-arg]
    """Arrivals or loads of each conversation, by time."""
    apart: dict[Key, list[Arrival | Load]] = {}
    for row in rows:
        apart.setdefault((row.session, row.agent), []).append(row)
    for group in apart.values():
        group.sort(key=lambda row: row.at)
    return apart


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """About `most` of the points, evenly; the first, the last and those around a cut are always kept.

    A recovery of a point that goes is counted at the next that stays.
    """
    if len(points) <= most:
        return list(points)
    every = -(-len(points) // most)
    last = len(points) - 1
    kept, recoveries = [], 0
    for place, point in enumerate(points):
        recoveries += point.recoveries
        edge = point.is_cut or (place < last and points[place + 1].is_cut)
        if place % every == 0 or place == last or edge:
            kept.append(point._replace(recoveries=recoveries))
            recoveries = 0
    return kept
