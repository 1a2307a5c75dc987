"""Alerts: once per cause and period whatever happens, cleared in the end, and rules at their thresholds."""

import time
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import settings
from trimtab.monitor import alerts
from trimtab.monitor.alerts import BudgetUse, Component, Finding, Period, Thresholds, step
from trimtab.records import Alert, Request

UTC = timezone.utc
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC).timestamp()
DAY = Period("2026-11-24", datetime(2026, 11, 25, tzinfo=UTC).timestamp())


def finding(cause: str = "c", period: str = "p", is_on: bool | None = True, ends_at: float | None = None) -> Finding:
    return Finding(cause, period, is_on, "warning", "test", f"{cause} in {period}", ends_at)


class Ledger:
    """What `step` needs of a ledger: alerts that are raised and cleared as it says."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.raised = 0

    def apply(self, findings: list[Finding], now: float) -> None:
        changes = step(self.alerts, findings, now)
        self.raised += len(changes.raised)
        self.alerts = [a._replace(cleared_at=now) if a.id in changes.cleared else a for a in self.alerts]
        for one in changes.raised:
            number = len(self.alerts) + 1
            self.alerts.append(
                Alert(number, one.level, one.message, one.source, now, False, one.cause, one.period, one.ends_at)
            )

    def standing(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.cleared_at is None]


FINDINGS = st.builds(
    finding,
    cause=st.sampled_from("abc"),
    period=st.sampled_from(["monday", "tuesday"]),
    is_on=st.sampled_from([True, False, None]),
    ends_at=st.sampled_from([None, 50.0, 100.0]),
)
STEPS = st.lists(st.tuples(st.lists(FINDINGS, max_size=4), st.floats(0, 120)), max_size=25)


@given(STEPS)
def test_an_alert_comes_once_for_its_cause_and_period(steps: list[tuple[list[Finding], float]]) -> None:
    """In any order of findings, with a clock that jumps; also while it stands, and after it was cleared."""
    ledger = Ledger()
    for findings, now in steps:
        ledger.apply(findings, now)
    keys = [(alert.cause, alert.period) for alert in ledger.alerts]
    assert len(keys) == len(set(keys))


@given(STEPS)
def test_every_alert_is_cleared_when_its_cause_is_gone_or_its_period_over(
    steps: list[tuple[list[Finding], float]],
) -> None:
    ledger = Ledger()
    for findings, now in steps:
        ledger.apply(findings, now)
    ledger.apply([], 101.0)
    assert all(alert.ends_at is None for alert in ledger.standing())
    ledger.apply([finding(alert.cause, alert.period, False) for alert in ledger.standing()], 102.0)
    assert ledger.standing() == []


@given(STEPS)
def test_a_step_again_changes_nothing(steps: list[tuple[list[Finding], float]]) -> None:
    ledger = Ledger()
    for findings, now in steps:
        ledger.apply(findings, now)
        before = list(ledger.alerts)
        ledger.apply(findings, now)
        raised = len(before)
        assert len(ledger.alerts) == raised


def test_the_life_of_an_alert() -> None:
    ledger = Ledger()
    ledger.apply([finding(is_on=None)], 1)
    assert ledger.alerts == []  # it can't be told yet
    ledger.apply([finding()], 2)
    ledger.apply([finding(is_on=None)], 3)
    assert [alert.triggered_at for alert in ledger.standing()] == [2]
    ledger.apply([finding(is_on=False)], 4)
    ledger.apply([finding()], 5)  # it flickers: once is enough
    assert (ledger.raised, ledger.standing()) == (1, [])
    ledger.apply([finding(period="next")], 6)
    assert (ledger.raised, [alert.period for alert in ledger.standing()]) == (2, ["next"])


def test_what_the_user_has_seen_is_not_raised_again_and_still_cleared() -> None:
    ledger = Ledger()
    ledger.apply([finding()], 1)
    ledger.alerts = [alert._replace(acknowledged=True) for alert in ledger.alerts]
    ledger.apply([finding()], 2)
    assert ledger.raised == 1
    ledger.apply([finding(is_on=False)], 3)
    assert ledger.standing() == []


def test_alerts_from_before_causes_are_left_alone() -> None:
    old = Alert(1, "warning", "80 %", "budget", 1.0, False)
    assert step([old], [finding(cause="", is_on=False)], 5.0) == ((), ())


def test_rows_for_a_reader() -> None:
    made = [
        Alert(1, "warning", "a", "s", 1.0, False, "a", "p", None, 9.0),
        Alert(2, "warning", "b", "s", 2.0, True, "b", "p"),
        Alert(3, "critical", "c", "s", 3.0, False, "c", "p"),
        Alert(4, "critical", "d", "s", 4.0, False, "d", "p", 20.0),
    ]
    assert [(row.id, row.state) for row in alerts.alert_rows(made, 19.0)] == [
        (4, "stands"), (3, "stands"), (2, "seen"), (1, "gone")
    ]  # fmt: skip


def test_an_alert_is_gone_with_its_period_whether_a_daemon_runs_or_not() -> None:
    made = [Alert(1, "warning", "a", "s", 1.0, False, "a", "p", 20.0)]
    assert [(row.state, row.cleared_at) for row in alerts.alert_rows(made, 20.0)] == [("gone", 20.0)]


# Rules


def request(number: int, read: int, fresh: int, agent: str = "", at: float = NOW) -> Request:
    return Request("s", agent, f"m{number}{agent}", at, "claude-opus-5-5", fresh, 0, 0, read, 10)


@pytest.mark.parametrize(
    ("read", "count", "is_on"),
    [
        (699, 21, True),
        (700, 21, None),  # at the threshold, not under it: and not clear of it
        (749, 21, None),
        (750, 21, False),
        (100, 20, None),  # 19 after the first: too few to tell
    ],
)
def test_the_cache_hit_rate(read: int, count: int, is_on: bool | None) -> None:
    """Of 1,000 tokens each; the first request of a conversation is cold and does not count."""
    first = request(0, 0, 1_000_000, at=NOW - 60)
    found = alerts.cache_finding([first, *(request(n, read, 1000 - read) for n in range(1, count))], NOW, UTC, 0.70)
    assert found.is_on is is_on
    assert (found.period, found.ends_at) == DAY


def test_the_cache_of_the_hour_before_does_not_count() -> None:
    old = [request(n, 0, 1000, at=NOW - 3601) for n in range(40)]
    assert alerts.cache_finding(old, NOW, UTC, 0.70).is_on is None


@pytest.mark.parametrize(
    ("used", "most", "everything"),
    [
        (79, None, False),
        (80, True, False),
        (74.9, False, False),
        (95, True, None),
        (100, None, True),  # told once
        (250, None, True),
    ],
)
def test_budgets(used: float, most: bool, everything: bool) -> None:
    found = alerts.budget_findings([BudgetUse("week", used, 100, DAY, "so"), BudgetUse("none", 5, 0, DAY, "so")], 0.80)
    assert [(each.cause, each.is_on, each.level) for each in found] == [
        ("budget_most:week", most, "warning"), ("budget_all:week", everything, "critical")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("failures", "lasted_s", "is_on"), [(3, 301, True), (3, 300, None), (2, 900, None), (90, 5, None)]
)
def test_a_component_that_fails(failures: int, lasted_s: float, is_on: bool | None) -> None:
    part = Component("the ledger", NOW - lasted_s, failures, NOW)
    fails, works = alerts.failing_findings([part], ["the Stop hook"], NOW, UTC, 5.0)
    assert (fails.cause, fails.is_on, fails.level) == ("failing:the ledger", is_on, "critical")
    assert (works.cause, works.is_on) == ("failing:the Stop hook", False)


@pytest.mark.parametrize(
    ("succeeded", "failed", "is_on"), [(17, 3, True), (18, 2, None), (93, 7, False), (92, 8, None), (0, 19, None)]
)
def test_views_that_succeed(succeeded: int, failed: int, is_on: bool | None) -> None:
    assert alerts.success_finding(succeeded, failed, NOW, UTC, 0.90).is_on is is_on


def spent(day: float, month: float, forecast: float | None) -> dict[str, bool | None]:
    limits = Thresholds(day_usd=20, month_usd=300)
    return {each.cause: each.is_on for each in alerts.spend_findings(day, month, forecast, NOW, UTC, limits)}


def test_the_cost_of_a_day_and_a_month() -> None:
    assert spent(20, 300, None) == {"day_usd:20": False, "month_usd:300": False}
    assert spent(20.5, 100, 301) == {
        "day_usd:20": True, "month_usd:300": False, "month_forecast:300": True
    }  # fmt: skip
    assert spent(1, 100, 280)["month_forecast:300"] is None
    assert spent(1, 100, 269)["month_forecast:300"] is False
    assert spent(1, 301, 500) == {"day_usd:20": False, "month_usd:300": True}  # over is over: no forecast of it
    assert alerts.spend_findings(99, 999, 999, NOW, UTC, Thresholds()) == []


def test_a_messages_figures() -> None:
    (found,) = alerts.budget_findings([BudgetUse("week", 81, 100, DAY, "81 of 100")], 0.80)[:1]
    assert found.message == "81 of 100"


def test_days_and_months_are_local() -> None:
    """24 November 23:30 in Berlin is 22:30 in UTC; clocks changed on 25 October 2026, a day of 25 hours."""
    berlin = ZoneInfo("Europe/Berlin")
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC).timestamp()
    assert alerts.day_of(late, berlin).name == "2026-11-25"
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()  # midnight in Berlin
    assert alerts.day_of(begin, berlin) == ("2026-10-25", begin + 25 * 3600)
    assert alerts.month_of(datetime(2026, 12, 31, 23, 30, tzinfo=UTC).timestamp(), berlin).name == "2027-01"
    assert alerts.month_of(NOW, UTC) == ("2026-11", datetime(2026, 12, 1, tzinfo=UTC).timestamp())


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system's zone can't be set")
def test_a_day_ends_where_the_clock_skips_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Havana, 9 March 2025: 00:00 became 01:00, which is 05:00 UTC. An hour early, the last hour would have no day."""
    monkeypatch.setenv("TZ", "America/Havana")
    time.tzset()
    try:
        eve = datetime(2025, 3, 9, 4, 30, tzinfo=UTC).timestamp()  # 23:30
        assert alerts.day_of(eve, None) == ("2025-03-08", eve + 1800)
        assert alerts.day_of(eve + 1800, None).name == "2025-03-09"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_thresholds_are_the_settings_defaults() -> None:
    """And the product's own four (design.md, section 5)."""
    chosen = settings.Settings()
    assert Thresholds() == tuple(getattr(chosen, f"alert_{name}") for name in Thresholds._fields)
    assert Thresholds()[:4] == (0.80, 0.70, 5.0, 0.90)
