"""Which alerts are to be raised and which cleared: rules with thresholds, and one state machine for all of them.

A rule looks at what was measured and finds of a cause in a period that it is there, that it is gone, or that it can't
be told (too little evidence, or between the two thresholds of its hysteresis). `step` turns findings into changes:

    there, and no alert of this cause and period was ever raised     raise one
    gone, and one stands                                             clear it
    its period is over                                               clear it
    anything else                                                    leave it

So an alert comes once for a cause and period, whatever the value does afterwards; that the user has acknowledged it
changes nothing here. The default thresholds of budget, cache, component and success are the product's (design.md,
section 5); margins and least evidence are chosen, so that a value at the threshold does not flicker.
"""

from collections.abc import Container, Iterable, Sequence
from datetime import timedelta, tzinfo
from typing import NamedTuple

from trimtab.days import day_at, last_day, midnight
from trimtab.records import Alert, Request, prompt_tokens

INFO, WARNING, CRITICAL = "info", "warning", "critical"
SPEND, ANOMALY, BUDGET = "spend", "anomaly", "budget"  # sources
BUDGET_MARGIN = 0.05  # below the threshold by so much it is gone
CACHE_MARGIN, SUCCESS_MARGIN = 0.05, 0.03  # above it by so much
FORECAST_MARGIN = 0.10  # of the limit
CACHE_REQUESTS = 20  # least evidence: requests after the first of their conversation, which is always cold
SUCCESS_VIEWS = 20  # least evidence: views that were looked for in a transcript
FAILURES = 3  # least evidence: of a component that fails
CACHE_WINDOW_S = 3600.0
SUCCESS_WINDOW_S = 86_400.0
MINUTE_S = 60.0


class Thresholds(NamedTuple):
    """The settings of the same names, less `alert_`; `day_usd`, `month_usd` and `anomalies` are off at 0."""

    budget_share: float = 0.80
    cache_hit_rate: float = 0.70
    failing_minutes: float = 5.0
    success_share: float = 0.90
    day_usd: float = 0.0
    month_usd: float = 0.0
    anomalies: float = 0.5
    repeats: int = 8


class Finding(NamedTuple):
    """What a rule says of one cause in one period: `is_on` None where it can't be told. `ends_at`: the period's end."""

    cause: str
    period: str
    is_on: bool | None
    level: str
    source: str
    message: str
    ends_at: float | None


class Changes(NamedTuple):
    """What to do with the ledger's alerts: findings to raise, numbers of alerts to clear."""

    raised: tuple[Finding, ...]
    cleared: tuple[int, ...]


class Period(NamedTuple):
    """A stretch of local time: its name, and when it ends in seconds since the epoch; None where nothing ends it."""

    name: str
    ends_at: float | None


class BudgetUse(NamedTuple):
    """How much of a budget is used in its period, in the budget's own unit; `said` is what the user is told."""

    name: str
    used: float
    limit: float
    period: Period
    said: str


class Component(NamedTuple):
    """A part of Trimtab that fails: since when without a success in between, how often, when last, what that means."""

    name: str
    failing_since: float
    failures: int
    last_failure: float
    effect: str = "what the agent loads is shown whole meanwhile"


class AlertRow(NamedTuple):
    """An alert for a reader; `state` is "stands", "seen" (acknowledged, still there) or "gone"."""

    id: int
    level: str
    state: str
    triggered_at: float
    cleared_at: float | None
    source: str
    message: str


def step(known: Iterable[Alert], findings: Iterable[Finding], now: float) -> Changes:
    """The changes that `findings` ask for, given all alerts that are `known`.

    Of two findings of one cause and period the first counts.
    """
    known = list(known)
    standing = {(a.cause, a.period): a for a in known if a.cause and a.cleared_at is None}
    raised_before = {(a.cause, a.period) for a in known}
    found: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        found.setdefault((finding.cause, finding.period), finding)
    cleared = []
    for key, alert in standing.items():
        if gone_at(alert, now) is not None or (key in found and found[key].is_on is False):
            cleared.append(alert.id)
    raised = [
        finding
        for key, finding in found.items()
        if finding.is_on and key not in raised_before and (finding.ends_at is None or finding.ends_at > now)
    ]
    return Changes(tuple(raised), tuple(cleared))


def dropped(standing: Iterable[Alert], source: str, watched: Container[str]) -> list[Finding]:
    """That those alerts of a source are gone whose cause is not `watched` any more, as after a change of a limit."""
    return [
        Finding(alert.cause, alert.period, False, alert.level, source, alert.message, alert.ends_at)
        for alert in standing
        if alert.source == source and alert.cause not in watched
    ]


def gone_at(alert: Alert, now: float) -> float | None:
    """Since when an alert is gone, None while it stands; its period's end counts where no daemon has cleared it too."""
    is_over = alert.ends_at is not None and alert.ends_at <= now
    return alert.ends_at if alert.cleared_at is None and is_over else alert.cleared_at


def state_of(alert: Alert, now: float) -> str:
    """ "stands", "seen" or "gone", as AlertRow says."""
    return "gone" if gone_at(alert, now) is not None else "seen" if alert.acknowledged else "stands"


def alert_rows(alerts: Iterable[Alert], now: float) -> list[AlertRow]:
    """The alerts for a report: what stands first, then what the user has seen, then what is gone; the newest first."""
    rows = [
        AlertRow(a.id, a.level, state_of(a, now), a.triggered_at, gone_at(a, now), a.source, a.message) for a in alerts
    ]
    order = {"stands": 0, "seen": 1, "gone": 2}
    return sorted(rows, key=lambda row: (order[row.state], -row.triggered_at, -row.id))


def day_of(now: float, zone: tzinfo | None) -> Period:
    """The local day that `now` is in. `zone` None is the system's."""
    today = day_at(now, zone)
    return Period(today.isoformat(), midnight(today + timedelta(1), zone))


def month_of(now: float, zone: tzinfo | None) -> Period:
    """The local month that `now` is in."""
    today = day_at(now, zone)
    return Period(f"{today.year:04}-{today.month:02}", midnight(last_day("month", today) + timedelta(1), zone))


def budget_findings(uses: Iterable[BudgetUse], share: float) -> list[Finding]:
    """Of each budget: that `share` of it is used, or that all of it is. A budget of nothing has no findings."""
    findings = []
    for use in uses:
        if use.limit <= 0:
            continue
        used = use.used / use.limit
        for name, threshold, level in (("most", share, WARNING), ("all", 1.0, CRITICAL)):
            findings.append(
                Finding(
                    f"budget_{name}:{use.name}",
                    use.period.name,
                    None if threshold < 1.0 <= used else hysteresis(used, threshold, threshold - BUDGET_MARGIN),
                    level,
                    BUDGET,
                    use.said,
                    use.period.ends_at,
                )
            )
    return findings


def hysteresis(value: float, on: float, off: float) -> bool | None:
    """True from `on` on, False on `off`'s other side, None in between. `on` above `off` looks for what is high."""
    if on >= off:
        return True if value >= on else False if value < off else None
    return True if value < on else False if value >= off else None


def cache_finding(requests: Sequence[Request], now: float, zone: tzinfo | None, threshold: float) -> Finding:
    """Whether too little of the last hour's prompts came from the cache.

    The first request of a conversation is left out (there is nothing to read yet), and so is every judgement on fewer
    than CACHE_REQUESTS of the rest.
    """
    begun: set[tuple[str, str]] = set()
    judged = []
    for request in requests:
        conversation = (request.session, request.agent)
        if conversation in begun and now - CACHE_WINDOW_S <= request.at <= now:
            judged.append(request)
        begun.add(conversation)
    read, prompt = sum(r.read_tokens for r in judged), sum(map(prompt_tokens, judged))
    rate = read / prompt if prompt else 1.0
    is_on = None
    if len(judged) >= CACHE_REQUESTS and prompt:
        is_on = hysteresis(rate, threshold, min(1.0, threshold + CACHE_MARGIN))
    day = day_of(now, zone)
    said = (
        f"only {rate:.0%} of the last hour's prompts came from the cache (usual is over {threshold:.0%}; "
        f"{len(judged)} requests): pauses over the cache's lifetime, a changed model or changed tools make it cold"
    )
    return Finding("cache_hit_rate", day.name, is_on, WARNING, "usage", said, day.ends_at)


def failing_findings(
    components: Iterable[Component], healthy: Iterable[str], now: float, zone: tzinfo | None, minutes: float
) -> list[Finding]:
    """Of each component: that it has only failed for over `minutes`, or, if it is named in `healthy`, that it works."""
    day = day_of(now, zone)
    findings = []
    for part in components:
        lasted = part.last_failure - part.failing_since
        is_on = True if part.failures >= FAILURES and lasted > minutes * MINUTE_S else None
        said = (
            f"{part.name} has failed for {lasted / MINUTE_S:.0f} minutes ({part.failures} times): "
            f"{part.effect}; `trimtab doctor` says why"
        )
        findings.append(Finding(f"failing:{part.name}", day.name, is_on, CRITICAL, "trimtab", said, day.ends_at))
    return findings + [
        Finding(f"failing:{name}", day.name, False, CRITICAL, "trimtab", "", day.ends_at) for name in healthy
    ]


def success_finding(succeeded: int, failed: int, now: float, zone: tzinfo | None, threshold: float) -> Finding:
    """Whether too few views of the last day succeeded: the transcript shows them, of those that were looked for."""
    tried = succeeded + failed
    share = succeeded / tried if tried else 1.0
    is_on = None
    if tried >= SUCCESS_VIEWS:
        is_on = hysteresis(share, threshold, min(1.0, threshold + SUCCESS_MARGIN))
    day = day_of(now, zone)
    said = (
        f"only {share:.0%} of {tried} views succeeded in the last 24 hours (usual is over {threshold:.0%}): another "
        "plugin's hook may change the same results; `trimtab doctor` says more"
    )
    return Finding("success_share", day.name, is_on, WARNING, "trimtab", said, day.ends_at)


def spend_findings(
    day_usd: float, month_usd: float, forecast_usd: float | None, now: float, zone: tzinfo | None, limits: Thresholds
) -> list[Finding]:
    """Whether the day's or the month's cost is over the user's limit, and whether the month's will be.

    A cause names its limit: who raises it wants to be told again when that one is reached. `forecast_usd` is the middle
    of the forecast for the whole month; None where it can't be told yet.
    """
    day, month = day_of(now, zone), month_of(now, zone)
    findings = []
    if limits.day_usd > 0:
        said = f"today has cost ${day_usd:,.2f}, over the ${limits.day_usd:,.2f} that you set"
        is_on = day_usd > limits.day_usd
        findings.append(Finding(f"day_usd:{limits.day_usd:g}", day.name, is_on, WARNING, SPEND, said, day.ends_at))
    if limits.month_usd > 0:
        said = f"this month has cost ${month_usd:,.2f}, over the ${limits.month_usd:,.2f} that you set"
        is_over = month_usd > limits.month_usd
        cause = f"month_usd:{limits.month_usd:g}"
        findings.append(Finding(cause, month.name, is_over, CRITICAL, SPEND, said, month.ends_at))
        if forecast_usd is not None and not is_over:
            likely = hysteresis(forecast_usd, limits.month_usd, limits.month_usd * (1 - FORECAST_MARGIN))
            said = f"this month will likely cost ${forecast_usd:,.2f}, over the ${limits.month_usd:,.2f} that you set"
            cause = f"month_forecast:{limits.month_usd:g}"
            findings.append(Finding(cause, month.name, likely, WARNING, SPEND, said, month.ends_at))
    return findings
