"""Makes an audit of a recorded first request by the usage book, and keeps each project's newest one.

Kept are names and figures, in `audit.json` of the project's data folder; never a text of the request.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from trimtab import paths
from trimtab.errors import StoreError
from trimtab.monitor import calibration, sizes
from trimtab.prices import Book
from trimtab.prompt import audit, bill
from trimtab.prompt.audit import Audit
from trimtab.prompt.parts import Part, parts
from trimtab.prompt.used import uses
from trimtab.store.usage import UsageStore
from trimtab.transcript.folders import client_folders
from trimtab.usage import calls, sources
from trimtab.usage.account import Scope, joined

FILE = "audit.json"


class Recorded(NamedTuple):
    """A recorded first request, taken apart: when, by which client and model, whether as in a terminal."""

    at: float
    client: str
    model: str
    is_terminal: bool
    parts: tuple[Part, ...]


def factors(store: UsageStore, project: str) -> sizes.FactorOf:
    """What the estimates of sizes are multiplied by, as the project's own requests teach. Raises StoreError."""
    came = list(joined(store.arrivals(project=project)))
    return calibration.learned_factors(calibration.batches(store.requests(project=project), came))


def taken_apart(
    body: Mapping[str, object], at: float, client: str, is_terminal: bool, factor_of: sizes.FactorOf
) -> Recorded:
    """A request's body as a record, its parts in the tokens of its model."""
    model = str(body.get("model") or "")
    factor = factor_of(model, "")
    return Recorded(at, client, model, is_terminal, tuple(parts(body, lambda text: round(sizes.weigh(text) * factor))))


def make(
    store: UsageStore,
    found: Recorded,
    project: Path,
    time: tuple[float, float],
    environment: Mapping[str, str],
    book: Book,
    factor_of: sizes.FactorOf,
) -> Audit:
    """What the parts cost and how they were used in the project between the two times. Raises StoreError."""
    places = client_folders(environment, paths.home_folder(environment))
    scope = Scope(str(project), None, *time)
    called = calls.called(store, scope, places)
    cost = bill.bill(
        [part.tokens for part in found.parts],
        found.model,
        store.requests(project=str(project)),
        time,
        lambda model: factor_of(model, ""),
        book.relative,
        book.usd,
    )
    owners = sources.owners(project, paths.client_folder(environment))
    return audit.audit(str(project), found[:4], found.parts, owners, uses(found.parts, called), cost, time)


def keep(found: Audit, folder: Path) -> None:
    """Writes it into a project's data folder in place of the one before. Raises StoreError."""
    file, new = folder / FILE, folder / f"{FILE}.{os.getpid()}"
    try:
        new.write_text(json.dumps(audit.as_document(found), ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(new, file)
    except OSError as exc:
        new.unlink(missing_ok=True)
        raise StoreError(f"the audit can't be kept in {str(file)!r}: {exc}; check that it may be written to") from exc


def kept(folder: Path) -> Audit | None:
    """The newest audit of a project's data folder; None where there is none that can be read. Never raises."""
    try:
        return audit.of_document(json.loads((folder / FILE).read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None


def recorded_of(found: Audit) -> Recorded:
    """What a kept audit was made of."""
    return Recorded(*found[1:5], tuple(line.part for line in found.lines))
