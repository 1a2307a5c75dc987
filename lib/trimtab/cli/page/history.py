"""A history as a page is made of it, and what it calls its sessions, agents and times."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import NamedTuple

from trimtab.cli.page.records import Budget, FullPrice, Part
from trimtab.groups import Members
from trimtab.monitor.summary import InputUsdOf, PricesOf, UsdOf
from trimtab.prompt.audit import Audit
from trimtab.records import SUBAGENT, Addition, Alert, Arrival, Load, Recovery, Request

DAY_S = 86_400
QUARTER_S = 900


class Pricing(NamedTuple):
    """What tokens cost, as `monitor.summarise` takes it; each is None, or says None, where no price is known."""

    prices_of: PricesOf
    usd_of: UsdOf
    input_usd_of: InputUsdOf


class History(NamedTuple):
    """The records that a page is made of, in any order. `projects` are those of the sessions, where requests don't say.

    `alerts` come with the project whose ledger had them, "" for the user's own. What another module knows better than
    this package: `parts` of the contexts (None: as well as `filling` can tell), and `full_prices` of tools' results, by
    session, agent and tool_use_id. `groups` are the user's, of agents. `audits` are the
    projects' newest, of what sessions begin with.
    """

    requests: Sequence[Request]
    arrivals: Sequence[Arrival] = ()
    loads: Sequence[Load] = ()
    recoveries: Sequence[Recovery] = ()
    additions: Sequence[Addition] = ()
    alerts: Sequence[tuple[str, Alert]] = ()
    budgets: Sequence[Budget] = ()
    projects: Mapping[str, str] = {}
    parts: Sequence[Part] | None = None
    full_prices: Mapping[tuple[str, str, str], FullPrice] = {}
    groups: Members = ()
    audits: Sequence[Audit] = ()


class Names(NamedTuple):
    """What sessions and agents are called: a session's project, and what each of its agents is."""

    projects: dict[str, str]
    agents: dict[tuple[str, str], str]

    def project(self, session: str) -> str:
        return self.projects.get(session, "")

    def agent(self, session: str, agent: str) -> str:
        return self.agents.get((session, agent), SUBAGENT) if agent else ""


def wall_clock(zone: tzinfo | None) -> Callable[[float], float]:
    """Wall-clock seconds in the zone of a time since the epoch."""

    @cache
    def offset(quarter: int) -> float:
        """Of a quarter of an hour: no zone changes its offset within one."""
        try:
            local = datetime.fromtimestamp(quarter * QUARTER_S, zone or timezone.utc).astimezone(zone)
        except (ValueError, OverflowError, OSError):  # a time that no clock can show
            return 0.0
        return (local.utcoffset() or timedelta()).total_seconds()

    return lambda at: at + offset(int(at // QUARTER_S))


def zone_name(now: float, zone: tzinfo | None) -> str:
    """The zone as a reader knows it, with its offset: "CET (UTC+01:00)"."""
    local = datetime.fromtimestamp(now, zone) if zone else datetime.fromtimestamp(now).astimezone()
    offset = f"UTC{local:%z}"
    offset = "UTC" if offset == "UTC+0000" else f"{offset[:6]}:{offset[6:]}"
    name = getattr(zone, "key", None) or local.tzname() or ""
    return offset if not name or name.startswith("UTC") else f"{name} ({offset})"


def names_of(history: History) -> Names:
    """A session's project is its last request's, or what the history says of it."""
    names = Names(dict(history.projects), {})
    for request in sorted(history.requests, key=lambda request: request.at):
        if request.project:
            names.projects[request.session] = request.project
        if request.agent and request.agent_type:
            names.agents[request.session, request.agent] = request.agent_type
    return names
