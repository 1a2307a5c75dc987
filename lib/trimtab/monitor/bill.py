"""Whether our cost of a session agrees with the client's own.

When a session ends the client writes what it cost by its own prices (client 2.1.328). Ours is the sum over the
session's responses, subagents included. Only sessions are compared in which nothing was answered after that line and
every model has a price, on both sides: else the two are of different things.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from trimtab.records import Request, SessionTotal

DIFFERENCE = 0.01  # the share from which a difference is shown
LATE_S = 5.0  # chosen: how much later than the total a response of before may be stamped


class Compared(NamedTuple):
    """A session's cost in USD as we count it and as the client says."""

    session: str
    ours: float
    clients: float

    @property
    def difference(self) -> float:
        """Our surplus, as a share of the client's figure."""
        return self.ours / self.clients - 1 if self.clients else 0.0

    @property
    def agrees(self) -> bool:
        return abs(self.ours - self.clients) <= DIFFERENCE * max(self.ours, self.clients)


def compare(
    requests: Iterable[Request], totals: Iterable[SessionTotal], usd_of: Callable[[Request], float | None]
) -> tuple[Compared, ...]:
    """Every session that can be compared, the largest difference in USD first."""
    newest = {total.session: total for total in sorted(totals, key=lambda total: total.at)}
    ours: dict[str, float | None] = {}
    for request in requests:
        total = newest.get(request.session)
        if total is None or not total.is_complete:
            continue
        cost = usd_of(request)
        before = ours.get(request.session, 0.0)
        is_known = cost is not None and before is not None and request.at <= total.at + LATE_S
        ours[request.session] = before + cost if is_known and cost is not None and before is not None else None
    known = [Compared(name, sum_, newest[name].usd) for name, sum_ in ours.items() if sum_ is not None]
    return tuple(sorted(known, key=lambda one: (-abs(one.ours - one.clients), one.session)))
