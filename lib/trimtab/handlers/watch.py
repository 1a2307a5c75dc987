"""The monitor at work, in the daemon's idle moments: records metrics, raises and clears alerts, tells the user.

Each step is small, as an event may be waiting: one project's record, the user's, or some days of the history that
rates and forecasts need. A project's ledger has its metrics and the alerts of its own usage; the user's ledger
(`~/.claude-patterns/user.db`) has what is of no project: the daemon's answers and faults, unusual rates, repeats, cost.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from trimtab import faults, paths, prices, settings
from trimtab.errors import StoreError
from trimtab.handlers import health
from trimtab.handlers.events import Event
from trimtab.handlers.notices import Notices
from trimtab.monitor import alerts, anomalies, forecast, metrics
from trimtab.records import Arrival, Request, Totals
from trimtab.store import Store

DAY_S, HOUR_S = 86_400.0, 3600.0
HISTORY_DAYS = 84  # as the forecast uses
MONTH_DAYS = 31
SILENT_S = 7200.0  # chosen: after a pause of two hours a session counts as over
RETRY_S = 60.0
LATE_S = 600.0  # chosen: an arrival is known so long after its time at most
PAST_S = 0.1  # for the history in each idle moment, so that no event waits longer
BUCKET_S = 900.0  # costs are kept by the quarter of an hour: all zones' days begin with one
# The client shows these events' messages to the user at once (tests/client). Stop's hook is asynchronous: too late.
TELLING = ("SessionStart", "PostToolUse")
LOCKED_MS = 50  # how long an idle step waits for a ledger of the user's that another process holds
Reply = Mapping[str, object]


class Watched(Protocol):
    """What is watched of `desk.Project`."""

    store: Store

    def settings(self, environment: Mapping[str, str]) -> settings.Settings: ...


class Source(Protocol):
    """Where all of the user's usage comes from, by time."""

    def requests(self, *, since: float, until: float) -> list[Request]: ...
    def arrivals(self, *, since: float, until: float) -> list[Arrival]: ...


class Ledgers:
    """Usage as the known projects' ledgers have it, the open ones through their own connection."""

    def __init__(self, user: Path, open_stores: Callable[[], list[Store]]) -> None:
        self._user, self._open_stores = user, open_stores

    def requests(self, *, since: float, until: float) -> list[Request]:
        found = [r for store in self._stores() for r in store.requests(since=since, until=until)]
        return sorted(found, key=lambda request: request.at)

    def arrivals(self, *, since: float, until: float) -> list[Arrival]:
        """The loads: what a hook has seen of all arrivals, their size in tokens."""
        found = [
            Arrival(
                load.session, load.agent, load.tool_use_id, load.at, "result", load.tool, load.path, load.raw_tokens
            )
            for store in self._stores()
            for load in store.loads(since=since, until=until, with_folds=False)
        ]
        return sorted(found, key=lambda arrival: arrival.at)

    def _stores(self) -> Iterator[Store]:
        ours = self._open_stores()
        yield from ours
        known = {store.path for store in ours}
        for folder in paths.known_projects(self._user):
            if folder / paths.LEDGER not in known:
                with suppress(StoreError), Store.open(folder / paths.LEDGER, readonly=True) as store:
                    yield store


class ProjectWatch:
    """One project: its usage, savings, cache hit rate and success."""

    def __init__(
        self, project: Watched, name: str, now: float, zone: tzinfo | None, note: Callable[[str], None]
    ) -> None:
        self.due_at = now
        self._project, self._zone = project, zone
        self.environment: Mapping[str, str] = {}  # of its newest event
        self.notices = Notices(name, lambda: project.store, note)
        last = project.store.metrics("requests", now - DAY_S)
        self._counted = metrics.Counted(last[-1].timestamp if last else now)
        self._store, self._totals = project.store, project.store.totals()
        self.notices.look_up()

    def record(self, now: float) -> None:
        """One record and what it says of alerts. Raises StoreError."""
        chosen, store = self._project.settings(self.environment), self._project.store
        self.due_at = now + chosen.monitoring_interval
        if not store.is_current():  # deleted, perhaps with its project: the next event begins a new one
            return
        recent = store.requests(since=now - HOUR_S)
        growth = self._counted.news(recent, now)
        if store is not self._store:  # the ledger was deleted or put aside: a new one began
            self._store, self._totals = store, Totals(0, 0, 0, 0, 0, 0)
        totals = store.totals()
        book = prices.Book(chosen.prices)
        rows = metrics.usage_metrics(growth, book.usd, now) + metrics.ledger_metrics(self._totals, totals, now)
        self._totals = totals
        if rows:
            store.add_metrics(rows, now - chosen.metrics_days * DAY_S)
        succeeded, failed = store.looked(now - alerts.SUCCESS_WINDOW_S)
        limits = thresholds(chosen)
        findings = [
            alerts.cache_finding(recent, now, self._zone, limits.cache_hit_rate),
            alerts.success_finding(succeeded, failed, now, self._zone, limits.success_share),
            *alerts.budget_findings((), limits.budget_share),  # budgets are given here once there are some
        ]
        self.notices.update(findings, now, chosen.alert_command)


class UserWatch:
    """What is of the user over all projects: rates, repeats, cost, and whether Trimtab itself works."""

    def __init__(
        self, user: Path, source: Source, now: float, zone: tzinfo | None, note: Callable[[str], None]
    ) -> None:
        self.health = health.Health(user / "daemon")
        self.due_at = now
        self._user, self._source, self._zone = user, source, zone
        self._store: Store | None = None
        self.notices = Notices("", self._ledger, note)
        self._rates = anomalies.Rates(settings.Settings().alert_anomalies)
        self._repeats = anomalies.Repeats(settings.Settings().alert_repeats)
        self._counted = metrics.Counted(now)
        self._arrived: set[tuple[str, str, str]] = set()  # what was told of the last LATE_S
        self._costs: dict[float, float] = {}  # USD by quarter of an hour
        self._again = 0  # days ago: of the month before today one is read anew at each record
        self._book = prices.LISTED  # until a record has read the settings
        self._past = now - HISTORY_DAYS * DAY_S  # up to where the history is read
        self._begun = now
        self.environment: Mapping[str, str] = {}  # of the newest event of any project

    def has_past(self) -> bool:
        """Whether all of the history is read."""
        return self._past >= self._begun

    def read_past(self) -> None:
        """Reads more days of the history, for PAST_S; nothing of it is an alert."""
        ends = time.monotonic() + PAST_S
        while not self.has_past() and time.monotonic() < ends:
            self._read_day()

    def _read_day(self) -> None:
        since, self._past = self._past, min(self._past + DAY_S, self._begun)
        for request in self._source.requests(since=since, until=self._past):
            self._spent(request)
            self._rates.requested(request, self._book.usd(request))
        for arrival in self._source.arrivals(since=since, until=self._past):
            self._rates.arrived(arrival)
        self._rates.end_silent(self._past, SILENT_S)

    def record(self, now: float) -> None:
        """One record and what it says of alerts; rates and costs wait until the history is read. Raises StoreError."""
        chosen, _ = settings.load([self._user / paths.CONFIG], self.environment)
        self.due_at = now + chosen.monitoring_interval
        limits, self._book = thresholds(chosen), prices.Book(chosen.prices)
        self._rates.false_alarms, self._repeats.least = limits.anomalies, limits.repeats
        self.health.read_log()
        answers_ms, counts = self.health.take()
        rows = metrics.answer_metrics(answers_ms, counts, now)
        if rows:
            self._ledger().add_metrics(rows, now - chosen.metrics_days * DAY_S)
        findings = self._repeating(now)
        if self.has_past():
            findings += self._unusual(now) + self._cost(now, limits)
        findings += alerts.failing_findings(*self.health.components(), now, self._zone, limits.failing_minutes)
        self.notices.update(findings, now, chosen.alert_command)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def _ledger(self) -> Store:
        if self._store is None or not self._store.is_current():
            self.close()
            self._user.mkdir(parents=True, exist_ok=True)
            self._store = Store.open(self._user / paths.USER_LEDGER, busy_ms=LOCKED_MS)
        return self._store

    def _spent(self, request: Request) -> None:
        bucket = request.at - request.at % BUCKET_S
        self._costs[bucket] = self._costs.get(bucket, 0.0) + (self._book.usd(request) or 0.0)

    def _cost_of(self, since: float, until: float) -> None:
        """Reads what a day cost anew: the usage book may have learned of it late, as from a first sync."""
        self._costs = {at: usd for at, usd in self._costs.items() if not since <= at < until}
        for request in self._source.requests(since=since, until=until):
            self._spent(request)

    def _unusual(self, now: float) -> list[alerts.Finding]:
        growth = self._counted.news(self._source.requests(since=self._counted.since(now), until=now + 1), now)
        found = []
        for request in growth.begun:  # what a known one has more is no request of its own
            found += self._rates.requested(request, self._book.usd(request))
        self._rates.end_silent(now, SILENT_S)
        return [anomaly_finding(each, True, now) for each in found] + [
            anomaly_finding(each, False, now) for each in self._rates.gone()
        ]

    def _repeating(self, now: float) -> list[alerts.Finding]:
        since = max(min(self._begun, now), now - LATE_S)
        known, self._arrived = self._arrived, set()
        found = []
        for arrival in self._source.arrivals(since=since, until=now + 1):
            key = (arrival.session, arrival.agent, arrival.id)
            self._arrived.add(key)
            if key in known:
                continue
            found += [anomaly_finding(each, True, now) for each in self._rates.arrived(arrival)]
            repeat = self._repeats.arrived(arrival)
            found += [repeat_finding(repeat, now)] if repeat is not None else []
        self._repeats.end_silent(now, SILENT_S)
        gone = [
            anomalies.Repeat(session, agent, now, tool, "", 0, True) for session, agent, tool in self._repeats.gone()
        ]
        return found + [repeat_finding(each, now)._replace(is_on=False) for each in gone]

    def _cost(self, now: float, limits: alerts.Thresholds) -> list[alerts.Finding]:
        if not (limits.day_usd or limits.month_usd):
            return []
        today = now - now % DAY_S
        self._cost_of(today, now + 1)
        self._again = self._again % MONTH_DAYS + 1
        self._cost_of(today - self._again * DAY_S, today - (self._again - 1) * DAY_S)
        self._costs = {at: usd for at, usd in self._costs.items() if at > now - (HISTORY_DAYS + 1) * DAY_S}
        uses = [forecast.Use(at, usd) for at, usd in sorted(self._costs.items())]
        days = forecast.days_of(uses, now, self._zone)
        chance = random.Random(alerts.day_of(now, self._zone).name)
        told = forecast.forecast("month", days, now, self._zone, chance)
        return alerts.spend_findings(days[-1].total, told.so_far, told.middle, now, self._zone, limits)


class Watch:
    """Watches all open projects and the user. One thread at a time."""

    def __init__(
        self,
        user: Path,
        clock: Callable[[], float],
        open_stores: Callable[[], list[Store]],
        zone: tzinfo | None = None,
        source: Source | None = None,
    ) -> None:
        """Usage over all projects comes from `source`, else from the ledgers. `zone` None is the system's."""
        self._clock, self._zone = clock, zone
        self._daemon = str(user / "daemon")
        self.user = UserWatch(user, source or Ledgers(user, open_stores), clock(), zone, self._note)
        self._projects: dict[Path, ProjectWatch] = {}
        self._stepped_at = clock()

    def opened(self, folder: Path, project: Watched) -> None:
        """A project's ledger is open; before anything of its first event is written. Never raises."""
        with suppress(StoreError):  # unwatched is better than unanswered
            self._projects[folder] = ProjectWatch(project, str(folder), self._clock(), self._zone, self._note)

    @contextmanager
    def answering(self, event: Event) -> Iterator[None]:
        """Around an answer: how long it took, and whether it came in time."""
        part, begun = health.hook(event.name), time.monotonic()
        try:
            yield
            self.user.environment = event.environment
            if event.project in self._projects:
                self._projects[event.project].environment = event.environment
        except Exception as exc:
            failed = health.LEDGER if isinstance(exc, StoreError) else part
            self.user.health.failed(failed, self._clock())
            raise
        elapsed_s = time.monotonic() - begun
        self.user.health.answered(elapsed_s * 1000)
        if elapsed_s < deadline(event.environment):
            self.user.health.worked(part)
        if event.name == "PostToolUse":
            self.user.health.worked(health.LEDGER)

    def told(self, event: Event, reply: Reply | None) -> Reply | None:
        """The reply with the alerts that the user was not told yet, in the channel that the model never sees."""
        if event.name not in TELLING or event.agent:
            return reply
        now = self._clock()
        project = self._projects.get(event.project)
        lines = [*(project.notices.tell(now) if project else ()), *self.user.notices.tell(now)]
        if not lines:
            return reply
        return {**(reply or {}), "systemMessage": "\n".join(lines)}

    def step(self) -> None:
        """Does the one thing that is due longest. Raises StoreError; it is due again after RETRY_S."""
        now = self._clock()
        watches: list[ProjectWatch | UserWatch] = [self.user, *self._projects.values()]
        if now < self._stepped_at:  # the clock was set back
            for each in watches:
                each.due_at = min(each.due_at, now)
        longest = min(watches, key=lambda each: each.due_at)
        self._stepped_at = now
        for each in watches:
            each.notices.note_told()
        if now >= longest.due_at:
            longest.due_at = now + RETRY_S  # where it fails before it knows the interval
            longest.record(now)
        if not self.user.has_past():
            self.user.read_past()
        self.user.health.worked(health.BACKGROUND)

    def close(self) -> None:
        for notices in (self.user.notices, *(each.notices for each in self._projects.values())):
            notices.note_told()
        self.user.close()

    def _note(self, text: str) -> None:
        faults.note(self._daemon, self._clock(), "alert", "alert_command", text)


def deadline(environment: Mapping[str, str]) -> float:
    """For how many seconds the hook waits; for ever where it does not say."""
    try:
        return float(environment.get("DEADLINE", "inf"))
    except ValueError:
        return float("inf")


def thresholds(chosen: settings.Settings) -> alerts.Thresholds:
    return alerts.Thresholds(*(getattr(chosen, f"alert_{name}") for name in alerts.Thresholds._fields))


def anomaly_finding(anomaly: anomalies.Anomaly, is_on: bool, now: float) -> alerts.Finding:
    """An unusual rate as a finding: once for a session, for a day at most."""
    subject = anomaly.subject
    what = {"session": "this session", "agent": f"the agent {subject.name}", "tool": f"the tool {subject.name}"}
    rate = (
        f"${anomaly.value:.2f} a request" if subject.rate == anomalies.COST else f"{anomaly.value:,.0f} {subject.rate}"
    )
    said = (
        f"{what[subject.kind]} runs at {rate}, {anomaly.value / anomaly.usual:.1f} times the usual peak of "
        f"{anomaly.sessions} sessions (session {anomaly.session[:8]}): look what it is doing, Esc stops it"
    )
    cause = f"rate:{subject.kind}:{subject.name}:{subject.rate}"
    return alerts.Finding(cause, anomaly.session, is_on, alerts.WARNING, "anomaly", said, now + DAY_S)


def repeat_finding(repeat: anomalies.Repeat, now: float) -> alerts.Finding:
    """A repeated call as a finding."""
    result = "with the same result " if repeat.is_same else ""
    said = (
        f"{repeat.tool} {repeat.target[:60]!r} came {repeat.times} times in {anomalies.REPEAT_SPAN} calls {result}"
        f"(session {repeat.session[:8]}): the agent may go in circles"
    )
    cause = f"repeat:{repeat.agent}:{repeat.tool}"
    return alerts.Finding(cause, repeat.session, True, alerts.WARNING, "anomaly", said, now + DAY_S)
