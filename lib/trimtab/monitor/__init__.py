"""What the ledger's rows add up to, and the plain report of it; pure: prices, factors and the clock are arguments."""

from trimtab.monitor.alerts import AlertRow, alert_rows
from trimtab.monitor.report import lines
from trimtab.monitor.summary import Row, Summary, UsageRow, as_json, summarise

__all__ = ["AlertRow", "Row", "Summary", "UsageRow", "alert_rows", "as_json", "lines", "summarise"]
