"""The monitor at work, in the daemon's idle moments: records metrics, raises and clears alerts, tells the user.

Each step is small, as an event may be waiting: one project's record, the user's, or some days of the history that
rates and forecasts need. A project's ledger has its metrics and the alerts of its own usage; the user's ledger
(`~/.claude-patterns/user.db`) has what is of no project: the daemon's answers and faults, unusual rates, repeats, cost.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from trimtab import faults, paths, settings
from trimtab.budget.terms import Account
from trimtab.errors import StoreError
from trimtab.handlers import health
from trimtab.handlers.budget_alerts import BudgetAlerts
from trimtab.handlers.costs import Costs, Spending
from trimtab.handlers.events import Event
from trimtab.handlers.notices import Notices
from trimtab.monitor import alerts, anomalies, forecast, metrics, unusual
from trimtab.prices import Book
from trimtab.records import Arrival, Metric, Request, Totals
from trimtab.store import Store
from trimtab.transcript import responses

DAY_S, HOUR_S = 86_400.0, 3600.0
HISTORY_DAYS = 84  # as the forecast uses
SILENT_S = 7200.0  # chosen: after a pause of two hours a session counts as over
RETRY_S = 60.0
LATE_S = 600.0  # chosen: an arrival is known so long after its time at most
PAST_S = 0.1  # for the history in each idle moment, so that no event waits longer
MOST_UNWRITTEN = 10_000  # metrics of about half a day
LOCKED_MS = 50  # how long the user's ledger is waited for: the next record comes soon
# The client shows these events' messages to the user at once (tests/client). Stop's hook is asynchronous: too late.
TELLING = ("SessionStart", "PostToolUse", "UserPromptSubmit", "PostToolBatch")
Reply = Mapping[str, object]


class Watched(Protocol):
    """What is watched of `projects.Project`."""

    store: Store

    def settings(self, environment: Mapping[str, str]) -> settings.Settings: ...


class Source(Spending, Protocol):
    """The usage book, where all of the user's usage comes from, by time."""

    def arrivals(self, *, since: float, until: float) -> list[Arrival]: ...


class ProjectWatch:
    """One project: its usage, savings, cache hit rate and success."""

    def __init__(
        self,
        project: Watched,
        name: str,
        now: float,
        zone: tzinfo | None,
        note: Callable[[str], None],
        environment: Mapping[str, str],
    ) -> None:
        self.due_at, self.part = now, f"{health.MONITOR} of {name}"
        self.environment, self.heard_at = environment, now  # of its last event
        self._project, self._zone = project, zone
        self.notices = Notices(name, lambda: project.store, note)
        last = project.store.metrics("requests", now - DAY_S)
        self._counted = metrics.Counted(last[-1].timestamp if last else now)
        self._store, self._totals = project.store, project.store.totals()
        self._unwritten: deque[Metric] = deque(maxlen=MOST_UNWRITTEN)  # what the ledger could not take yet
        self.notices.look_up(now)

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
        rows = metrics.usage_metrics(growth, Book(chosen.prices).usd, now)
        rows += metrics.ledger_metrics(self._totals, totals, now)
        self._totals = totals
        self._unwritten += rows
        if self._unwritten:
            store.add_metrics(self._unwritten, now - chosen.metrics_days * DAY_S)
            self._unwritten.clear()
        succeeded, failed = store.looked(now - alerts.SUCCESS_WINDOW_S)
        limits = thresholds(chosen)
        findings = [
            alerts.cache_finding(
                [r for r in recent if not responses.is_aside(r)], now, self._zone, limits.cache_hit_rate
            ),
            alerts.success_finding(succeeded, failed, now, self._zone, limits.success_share),
        ]
        self.notices.update(findings, now, chosen.alert_command)


class UserWatch:
    """What is of the user over all projects: rates, repeats, cost, and whether Trimtab itself works."""

    def __init__(
        self,
        user: Path,
        source: Source,
        now: float,
        zone: tzinfo | None,
        note: Callable[[str], None],
        accounts: Callable[[], list[Account]],
    ) -> None:
        self._budgets = BudgetAlerts(accounts)
        self.health = health.Health(user / "daemon")
        self.due_at, self.part = now, health.MONITOR
        self._user, self._source, self._zone = user, source, zone
        self._store: Store | None = None
        self.notices = Notices("", self._ledger, note)
        self._rates = anomalies.Rates(settings.Settings().alert_anomalies)
        self._repeats = anomalies.Repeats(settings.Settings().alert_repeats)
        self._counted = metrics.Counted(now)
        self._arrived: set[tuple[str, str, str]] | None = None  # what was told of the last LATE_S
        self._costs, self._wants_costs = Costs(source), False
        self._own = settings.load([user / paths.CONFIG], {})[0].prices
        self._past = now - HISTORY_DAYS * DAY_S  # up to where the history is read
        self._begun = now

    def has_past(self) -> bool:
        """Whether all of the history is read."""
        return self._past >= self._begun

    def is_behind(self) -> bool:
        """Whether `read_past` has something to do: at first, and where the usage book has learned much."""
        return not self.has_past() or (self._wants_costs and not self._costs.is_complete)

    def read_past(self, now: float) -> None:
        """Reads more of the history, for PAST_S; nothing of it is an alert."""
        ends = time.monotonic() + PAST_S
        while not self.has_past() and time.monotonic() < ends:
            self._read_day()
        if self._wants_costs and self.has_past():
            self._costs.catch_up(self._own, now, ends - time.monotonic())

    def _read_day(self) -> None:
        since, self._past = self._past, min(self._past + DAY_S, self._begun)
        self._requested(self._source.requests(since=since, until=self._past))
        for arrival in self._source.arrivals(since=since, until=self._past):
            self._rates.arrived(arrival)
        self._rates.end_silent(self._past, SILENT_S)

    def record(self, now: float, environment: Mapping[str, str]) -> None:
        """One record and what it says of alerts; rates and costs wait until the history is read. Raises StoreError."""
        chosen, _ = settings.load([self._user / paths.CONFIG], environment)
        self.due_at = now + chosen.monitoring_interval
        limits = thresholds(chosen)
        self._own, self._wants_costs = chosen.prices, bool(limits.day_usd or limits.month_usd)
        self._rates.false_alarms, self._repeats.least = limits.anomalies, limits.repeats
        self.health.read_log()
        answers_ms, counts = self.health.take()
        rows = metrics.answer_metrics(answers_ms, counts, now)
        if rows:
            self._ledger().add_metrics(rows, now - chosen.metrics_days * DAY_S)
        parts = alerts.failing_findings(*self.health.components(), now, self._zone, limits.failing_minutes)
        self.notices.update(parts, now, chosen.alert_command)  # whatever the usage book says next, or can't say
        self.notices.update(self._repeating(now), now, chosen.alert_command)
        if self.has_past():
            self.notices.update(self._unusual(now), now, chosen.alert_command)
            self.notices.update(self._cost(now, limits), now, chosen.alert_command)
        standing = self._ledger().alerts(standing=True)
        self.notices.update(self._budgets.all(limits.budget_share, standing), now, chosen.alert_command)

    def note_budgets(self, accounts: Sequence[Account], now: float, environment: Mapping[str, str]) -> None:
        """A request showed how much of these budgets is used: who is to be told is told with the reply."""
        chosen, _ = settings.load([self._user / paths.CONFIG], environment)
        found = self._budgets.news(accounts, chosen.alert_budget_share)
        if found:
            self.notices.update(found, now, chosen.alert_command)

    def note_stop(self, account: Account, now: float, environment: Mapping[str, str], is_said: bool) -> None:
        """A budget has stopped something. Where the user hears of that by the answer itself, no alert says it again."""
        chosen, _ = settings.load([self._user / paths.CONFIG], environment)
        self.notices.update(self._budgets.stop(account, chosen.alert_budget_share), now, chosen.alert_command, is_said)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def _ledger(self) -> Store:
        if self._store is None or not self._store.is_current():
            self.close()
            try:
                self._user.mkdir(parents=True, exist_ok=True)
            except OSError as exc:
                raise StoreError(f"can't make the folder {str(self._user)!r} for alerts: {exc}") from exc
            self._store = Store.open(self._user / paths.USER_LEDGER, busy_ms=LOCKED_MS)
        return self._store

    def _unusual(self, now: float) -> list[alerts.Finding]:
        growth = self._counted.news(self._source.requests(since=self._counted.since(now), until=now + 1), now)
        found = self._requested(growth.begun)  # what a known one has more is no request of its own
        self._rates.end_silent(now, SILENT_S)
        over = [unusual.anomaly_finding(each, False, now) for each in self._rates.gone()]
        left = [alert for alert in self._ledger().alerts(standing=True) if not self._is_going_on(alert.period)]
        return [
            *(unusual.anomaly_finding(each, True, now) for each in found),
            *over,
            *alerts.dropped(left, alerts.ANOMALY, ()),
        ]

    def _is_going_on(self, session: str) -> bool:
        return self._rates.knows(session) or self._repeats.knows(session)

    def _requested(self, requests: Iterable[Request]) -> list[anomalies.Anomaly]:
        """Tells the rates of requests; passes beside a response are none that the client made at a pace of its own."""
        usd_of, found = Book(self._own).usd, []
        for request in requests:
            if not responses.is_aside(request):
                found += self._rates.requested(request, usd_of(request))
        return found

    def _repeating(self, now: float) -> list[alerts.Finding]:
        since = max(min(self._begun, now), now - LATE_S)
        came = self._source.arrivals(since=since, until=now + 1)
        found = self._recent_repeats() if self._arrived is None else []
        known, self._arrived = self._arrived or (), {arrival[:3] for arrival in came}
        for arrival in came:
            if arrival[:3] in known:
                continue
            found += [unusual.anomaly_finding(each, True, now) for each in self._rates.arrived(arrival)]
            repeat = self._repeats.arrived(arrival)
            found += [unusual.repeat_finding(repeat, now)] if repeat is not None else []
        self._repeats.end_silent(now, SILENT_S)
        gone = [
            anomalies.Repeat(session, agent, now, tool, "", 0, True) for session, agent, tool in self._repeats.gone()
        ]
        return found + [unusual.repeat_finding(each, now)._replace(is_on=False) for each in gone]

    def _recent_repeats(self) -> list[alerts.Finding]:
        """What a daemon that was replaced in the midst of a session had seen of it, and perhaps not told of."""
        found = []
        for arrival in self._source.arrivals(since=self._begun - SILENT_S, until=self._begun):
            repeat = self._repeats.arrived(arrival)
            if repeat is not None and repeat.at >= self._begun - LATE_S:
                found.append(unusual.repeat_finding(repeat, self._begun))
        return found

    def _cost(self, now: float, limits: alerts.Thresholds) -> list[alerts.Finding]:
        if self._wants_costs and not self._costs.catch_up(self._own, now, PAST_S):
            return []
        found = self._spent(now, limits) if self._wants_costs else []
        watched = {finding.cause for finding in found}
        return [*found, *alerts.dropped(self._ledger().alerts(standing=True), alerts.SPEND, watched)]

    def _spent(self, now: float, limits: alerts.Thresholds) -> list[alerts.Finding]:
        days = forecast.days_of(self._costs.uses(), now, self._zone)
        chance = random.Random(alerts.day_of(now, self._zone).name)
        told = forecast.forecast("month", days, now, self._zone, chance)
        return alerts.spend_findings(days[-1].total, told.so_far, told.middle, now, self._zone, limits)


class Watch:
    """Watches all open projects and the user. One thread at a time."""

    def __init__(
        self,
        user: Path,
        clock: Callable[[], float],
        source: Source,
        zone: tzinfo | None = None,
        accounts: Callable[[], list[Account]] = list,
    ) -> None:
        """Usage over all projects comes from `source`, budgets from `accounts`. `zone` None is the system's."""
        self._clock, self._zone = clock, zone
        self._daemon = str(user / "daemon")
        self.user = UserWatch(user, source, clock(), zone, self._note, accounts)
        self._projects: dict[Path, ProjectWatch] = {}
        self._environment: Mapping[str, str] = {}
        self._stepped_at = clock()
        self._is_late = False  # the last answer: nobody waits for it any more

    def opened(self, folder: Path, project: Watched, environment: Mapping[str, str]) -> None:
        """A project's ledger is open; before anything of its first event is written. Never raises."""
        with suppress(StoreError):  # unwatched is better than unanswered
            now = self._clock()
            self._projects[folder] = ProjectWatch(project, str(folder), now, self._zone, self._note, environment)

    @contextmanager
    def answering(self, event: Event) -> Iterator[None]:
        """Around an answer: how long it took, and whether it came in time."""
        self._environment = event.environment
        known = self._projects.get(event.project)
        if known is not None:
            known.environment, known.heard_at = event.environment, self._clock()
        part, begun = health.hook(event.name), time.monotonic()
        try:
            yield
        except Exception as exc:
            failed = health.LEDGER if isinstance(exc, StoreError) else part
            self.user.health.failed(failed, self._clock())
            raise
        elapsed_s = time.monotonic() - begun
        self.user.health.answered(elapsed_s * 1000)
        self._is_late = elapsed_s >= deadline(event.environment)
        if not self._is_late:
            self.user.health.worked(part)
        if event.name == "PostToolUse":
            self.user.health.worked(health.LEDGER)

    def note_budgets(self, accounts: Sequence[Account], environment: Mapping[str, str]) -> None:
        """See `UserWatch`. Never raises: the decision is made, only the alert may come later."""
        with suppress(StoreError):
            self.user.note_budgets(accounts, self._clock(), environment)

    def note_stop(self, account: Account, environment: Mapping[str, str], is_said: bool) -> None:
        """See `UserWatch`. Never raises, as above."""
        with suppress(StoreError):
            self.user.note_stop(account, self._clock(), environment, is_said)

    def told(self, event: Event, reply: Reply | None, doubts: Callable[[], list[str]] = list) -> Reply | None:
        """The reply with the alerts that the user was not told yet, in the channel that the model never sees.

        `doubts` are sentences that stand for themselves, each given once.
        """
        if event.name not in TELLING or event.agent or self._is_late:
            return reply
        now = self._clock()
        project = self._projects.get(event.project)
        lines = [*(project.notices.tell(now) if project else ()), *self.user.notices.tell(now)]
        lines += [f"Trimtab: {doubt}" for doubt in doubts()]
        if not lines:
            return reply
        return {**(reply or {}), "systemMessage": "\n".join(lines)}

    def step(self) -> None:
        """Does the one thing that is due longest. Raises StoreError; it is due again after RETRY_S."""
        now = self._clock()
        watches = self._all()
        for each in watches:
            each.notices.note_told()
        if now < self._stepped_at:  # the clock was set back
            for each in watches:
                each.due_at = min(each.due_at, now)
        longest = min(watches, key=lambda each: each.due_at)
        self._stepped_at = now
        if now >= longest.due_at:
            longest.due_at = now + RETRY_S  # where it fails before it knows the interval
            self._record(longest, now)
        if self.user.is_behind():
            self.user.read_past(now)
        self.user.health.worked(health.BACKGROUND)

    def _record(self, watch: "ProjectWatch | UserWatch", now: float) -> None:
        """One record of one of them; each is a part that may fail while the others work."""
        try:
            if isinstance(watch, UserWatch):
                watch.record(now, self._users_environment(now))
            else:
                watch.record(now)
        except Exception:
            self.user.health.failed(watch.part, now)
            raise
        self.user.health.worked(watch.part)

    def _users_environment(self, now: float) -> Mapping[str, str]:
        """What the environments of all projects that are worked in agree on: the rest is a project's own."""
        heard = [each.environment for each in self._projects.values() if each.heard_at >= now - SILENT_S]
        first, *others = heard or [self._environment]
        return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}

    def close(self) -> None:
        for each in self._all():
            each.notices.note_told()
        self.user.close()

    def _all(self) -> "list[ProjectWatch | UserWatch]":
        return [self.user, *self._projects.values()]

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
