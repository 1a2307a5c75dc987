"""What the ledger's rows add up to, and the plain report of it; pure: prices, factors and the clock are arguments."""

from trimtab.monitor import anytime, experiment, guard
from trimtab.monitor.alerts import AlertRow, alert_rows
from trimtab.monitor.line import newest_prompt, status_line
from trimtab.monitor.report import lines
from trimtab.monitor.summary import Row, Summary, UsageRow, as_json, summarise

__all__ = [
    "AlertRow",
    "Row",
    "Summary",
    "UsageRow",
    "alert_rows",
    "anytime",
    "as_json",
    "experiment",
    "guard",
    "lines",
    "newest_prompt",
    "status_line",
    "summarise",
]
