"""What of budgets becomes an alert: each cause once, a stop before the limit too, agents of a session once."""

from trimtab.budget.terms import EVERYTHING, Account, Budget, Level, Measure, Period, Span
from trimtab.handlers.budget_alerts import BudgetAlerts
from trimtab.monitor.alerts import Finding
from trimtab.records import Alert

SHARE = 0.8


def account(used: int, key: str = "", span: Span = Span.ONCE, limit: int = 100) -> Account:
    budget = Budget(1, Level.GLOBAL, EVERYTHING, Measure.OUTPUT, limit, Period(span))
    return Account(budget, key, used, 0, 0, 0.0, None)


def on(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.cause.partition(":")[0], one.period) for one in findings if one.is_on]


def test_agents_that_have_a_budget_each_are_told_of_once_a_session() -> None:
    """A user with twenty agents reads the same line twenty times."""
    alerts = BudgetAlerts(list)
    agents = [account(85, f"s1/a{number}", Span.RUN) for number in range(20)]
    told = [on(alerts.news([agent], SHARE)) for agent in agents]
    assert told == [[("budget_most", "s1")], *([[]] * 19)]
    assert on(alerts.news([account(85, "s2/b1", Span.RUN)], SHARE)) == [("budget_most", "s2")]


def test_one_agent_that_is_tight_stays_told_while_another_is_not() -> None:
    alerts = BudgetAlerts(lambda: [account(85, "s1/a1", Span.RUN), account(5, "s1/a2", Span.RUN)])
    assert on(alerts.all(SHARE)) == [("budget_most", "s1")]


def test_a_stop_before_the_limit_stands_until_it_is_raised_or_a_request_fits() -> None:
    """An unattended run stops at 91 % and nobody hears of it; or the alert is cleared while it stops."""
    known = [account(91)]
    alerts = BudgetAlerts(lambda: known)
    (stopped,) = [one for one in alerts.stop(known[0], SHARE) if one.is_on]
    assert stopped.cause.startswith("budget_all")
    assert "stops now, 91 of 100 is used" in stopped.message
    assert ("budget_all", "budget 1") in on(alerts.all(SHARE))
    known[0] = account(91, limit=200)
    assert on(alerts.all(SHARE)) == []

    known[0] = account(91)
    alerts.stop(known[0], SHARE)
    alerts.news(known, SHARE)  # a request of another size was sent
    assert on(alerts.all(SHARE)) == [("budget_most", "budget 1")]


def test_an_alert_of_a_limit_that_was_raised_is_gone() -> None:
    """ "Stops now" stands in `trimtab alerts` for good, of a budget that was raised long ago; also by a new daemon."""
    (raised,) = [one for one in BudgetAlerts(list).stop(account(91), SHARE) if one.is_on]
    alert = Alert(1, raised.level, raised.message, "budget", 1.0, False, raised.cause, raised.period)
    found = BudgetAlerts(lambda: [account(91, limit=200)]).all(SHARE, [alert])
    assert [one.is_on for one in found if one.cause == raised.cause] == [False]
