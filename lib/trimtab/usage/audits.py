"""Makes an audit of a first request by the usage book, and keeps each project's newest one.

A first request is one that a session's client has written down, or a recording. Kept are names and figures, in
`audit.json` of the project's data folder; of a text without a name its first words, never more.
"""

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from trimtab import paths
from trimtab.errors import StoreError
from trimtab.monitor import calibration, sizes
from trimtab.monitor.parts import apportion
from trimtab.prices import Book
from trimtab.prompt import audit, bill, texts
from trimtab.prompt.audit import Audit, Sent
from trimtab.prompt.bill import Composition
from trimtab.prompt.parts import Part, parts
from trimtab.prompt.used import uses
from trimtab.records import Request, prompt_tokens
from trimtab.store.usage import UsageStore
from trimtab.transcript import begun, folders
from trimtab.transcript.begun import Begun
from trimtab.usage import calls, sources
from trimtab.usage.account import Scope, joined

FILE = "audit.json"
NEWEST = 5  # chosen: a setting that was changed before them is seldom older
LATE_S = 600.0  # chosen: until a first request is answered


class Opening(NamedTuple):
    """What a session began with, and what that was billed."""

    first: Begun
    billed: int


class History(NamedTuple):
    """What a project's sessions were: their requests, and of some of them what they began with, the oldest first."""

    requests: list[Request]
    openings: dict[str, Opening]
    factor_of: sizes.FactorOf


class Taken(NamedTuple):
    """A first request taken apart, its parts in estimated tokens of its model."""

    sent: Sent
    parts: tuple[Part, ...]


def history(store: UsageStore, project: str, time: tuple[float, float], environment: Mapping[str, str]) -> History:
    """What is known of a project's sessions of the time. Raises StoreError."""
    requests = store.requests(project=project)
    came = list(joined(store.arrivals(project=project)))
    asked = {request.session for request in requests if time[0] <= request.at < time[1] and not request.agent}
    firsts: dict[str, Request] = {}
    for request in requests:
        if request.session in asked and not request.agent:
            firsts.setdefault(request.session, request)
    found = []
    for file in folders.find(places(environment)).files:
        answer = firsts.get(file.session) if not file.agent else None
        first = begun.first_request(Path(file.path)) if answer is not None else None
        if answer is not None and first is not None and first.at - 1 <= answer.at <= first.at + LATE_S:
            found.append((file.session, Opening(first, prompt_tokens(answer))))
    openings = dict(sorted(found, key=lambda pair: pair[1].first.at))
    return History(requests, openings, calibration.learned_factors(calibration.batches(requests, came)))


def places(environment: Mapping[str, str]) -> list[Path]:
    return folders.client_folders(environment, paths.home_folder(environment))


def newest(found: History) -> Taken | None:
    """The first request of the session that began last, of those whose first requests are known.

    One that began before its MCP servers had started has their tools in a later message: then of the NEWEST the one
    that began last with all of them.
    """
    taken = [opening(session, one, found) for session, one in list(found.openings.items())[-NEWEST:]]
    whole = [one for one in taken if all(part.kind != texts.CONNECTING for part in one.parts)]
    best = whole or taken
    return best[-1] if best else None


def opening(session: str, one: Opening, found: History) -> Taken:
    first, billed = one
    model = str(first.body.get("model") or "")
    sent = Sent(first.at, first.client, model, first.is_terminal, session, billed or None, 0)
    return taken_apart(sent, first.body, found)


def taken_apart(sent: Sent, body: Mapping[str, object], found: History) -> Taken:
    return Taken(sent, tuple(weighed(body, found.factor_of(sent.model, ""))))


def weighed(body: Mapping[str, object], factor: float) -> list[Part]:
    """A body's parts in estimated tokens of the model that has this factor."""
    return parts(body, lambda text: round(sizes.weigh(text) * factor))


def composition(found: Sequence[Part]) -> Composition:
    return [(part.key, float(part.tokens)) for part in found]


def make(
    store: UsageStore,
    taken: Taken,
    found: History,
    project: Path,
    time: tuple[float, float],
    environment: Mapping[str, str],
    book: Book,
) -> Audit:
    """What the parts cost and how they were used in the project between the two times. Raises StoreError."""
    factor = found.factor_of(taken.sent.model, "")
    known = {session: composition(weighed(one.first.body, factor)) for session, one in found.openings.items()}
    called = calls.called(store, Scope(str(project), None, *time), places(environment))
    cost = bill.bill(
        composition(taken.parts),
        taken.sent.model,
        known,
        found.requests,
        time,
        lambda model: found.factor_of(model, "") / factor,
        book.relative,
        book.usd,
    )
    billed = bill.measured(known, found.requests).get(taken.sent.model, [])
    owners = sources.owners(project, paths.client_folder(environment))
    sent, made = corrected(taken, billed)
    return audit.audit(str(project), sent, made, owners, uses(made, called), cost, time)


def corrected(taken: Taken, billed: Sequence[float]) -> tuple[Sent, list[Part]]:
    """The parts with tokens that add up to what the request was billed; of a recording to what an estimate comes to
    that first requests of the model correct, each of which was `billed` so many tokens for an estimated one.
    """
    estimated = [part.tokens for part in taken.parts]
    sent, whole = taken.sent, sum(estimated)
    if not whole:
        return sent, list(taken.parts)
    if sent.billed is None and billed:
        sent = sent._replace(checked=len(billed))
    size = sent.billed or round(whole * (statistics.median(billed) if billed else 1.0))
    shares = apportion(size, estimated)
    return sent, [part._replace(tokens=share) for part, share in zip(taken.parts, shares, strict=True)]


def keep(found: Audit, folder: Path) -> None:
    """Writes it into a project's data folder in place of the one before. Raises StoreError."""
    file, new = folder / FILE, folder / f"{FILE}.{os.getpid()}"
    try:
        new.write_text(json.dumps(audit.as_document(found), indent=1), encoding="utf-8")
        os.replace(new, file)
    except OSError as exc:
        with suppress(OSError):
            new.unlink()
        raise StoreError(f"the audit can't be kept in {str(file)!r}: {exc}; check that it may be written to") from exc


def kept(folder: Path) -> Audit | None:
    """The newest audit of a project's data folder; None where there is none that can be read. Never raises."""
    try:
        return audit.of_document(json.loads((folder / FILE).read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None


def taken_of(found: Audit) -> Taken:
    """What a kept audit was made of."""
    return Taken(found.sent, tuple(line.part for line in found.lines))
