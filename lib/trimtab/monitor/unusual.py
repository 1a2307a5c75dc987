"""Unusual rates and repeated calls as findings for the alerts."""

from trimtab.monitor import alerts, anomalies

DAY_S = 86_400.0


def anomaly_finding(anomaly: anomalies.Anomaly, is_on: bool, now: float) -> alerts.Finding:
    """An unusual rate as a finding: once for a session, for a day at most."""
    subject = anomaly.subject
    where = f"session {anomaly.session[:8]}"  # whoever is told may be in another
    what = {"session": where, "agent": f"the agent {subject.name} of {where}", "tool": f"{subject.name} in {where}"}
    usd = f"${anomaly.value:.2f}" if anomaly.value >= 1 else f"${anomaly.value:.3f}"
    rate = f"{usd} a request" if subject.rate == anomalies.COST else f"{anomaly.value:,.0f} {subject.rate}"
    said = (
        f"{what[subject.kind]} runs at {rate}, {anomaly.value / anomaly.usual:.1f} times the usual peak of "
        f"{anomaly.sessions} sessions: look what it is doing, Esc in there stops it"
    )
    cause = f"rate:{subject.kind}:{subject.name}:{subject.rate}"
    return alerts.Finding(cause, anomaly.session, is_on, alerts.WARNING, alerts.ANOMALY, said, now + DAY_S)


def repeat_finding(repeat: anomalies.Repeat, now: float) -> alerts.Finding:
    """A repeated call as a finding."""
    result = "with the same result " if repeat.is_same else ""
    said = (
        f"{repeat.tool} {repeat.target[:60]!r} came {repeat.times} times in {anomalies.REPEAT_SPAN} calls {result}"
        f"(session {repeat.session[:8]}): the agent may go in circles"
    )
    cause = f"repeat:{repeat.agent}:{repeat.tool}"
    return alerts.Finding(cause, repeat.session, True, alerts.WARNING, alerts.ANOMALY, said, now + DAY_S)
