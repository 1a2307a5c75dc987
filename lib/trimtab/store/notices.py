"""The part of a ledger that watches: metrics, alerts, and the totals that the metrics are differences of."""

import json
from collections.abc import Iterable, Mapping, Sequence

from trimtab.records import Alert, Metric, Totals
from trimtab.store.base import Database, clean

ALERT_COLUMNS = "id, level, message, source, triggered_at, acknowledged, cause, period, ends_at, cleared_at, told_at"
DECIDED = "guard"  # the metric_type of what is no measurement but in force: see handlers.recovery_guard


class Notices(Database):
    """What `Store` can do with metrics and alerts; the connection is Store's."""

    def add_metric(self, metric: Metric) -> None:
        """Records one measured value."""
        self.add_metrics([metric])

    def add_metrics(self, metrics: Iterable[Metric], keep_since: float | None = None) -> None:
        """Records values in one transaction, in which those from before `keep_since` go; not what is DECIDED."""
        rows = [
            [
                *map(clean, (metric.timestamp, metric.metric_type, metric.value, metric.source)),
                json.dumps(dict(metric.tags)),
                clean(metric.context),
            ]
            for metric in metrics
        ]
        with self._transaction() as db:
            db.executemany(
                "insert into token_metrics (timestamp, metric_type, value, source, tags, context)"
                " values (?, ?, ?, ?, ?, ?)",
                rows,
            )
            if keep_since is not None:
                db.execute("delete from token_metrics where timestamp < ? and metric_type <> ?", [keep_since, DECIDED])

    def metrics(self, metric_type: str | None = None, since: float | None = None) -> list[Metric]:
        """Metrics by time."""
        sql = (
            "select timestamp, metric_type, value, source, tags, context from token_metrics"
            " where (?1 is null or metric_type = ?1) and (?2 is null or timestamp >= ?2) order by timestamp, id"
        )
        return [
            Metric(row[0], row[1], row[2], row[3], tuple(json.loads(row[4]).items()), row[5])
            for row in self._rows(sql, [metric_type, since])
        ]

    def add_alert(
        self,
        level: str,
        message: str,
        source: str,
        triggered_at: float,
        cause: str = "",
        period: str = "",
        ends_at: float | None = None,
    ) -> int:
        """Records an alert; its number, or 0 where one of the same cause and period is recorded already."""
        with self._transaction() as db:
            done = db.execute(
                "insert or ignore into alerts (level, message, source, triggered_at, cause, period, ends_at)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                [clean(v) for v in (level, message, source, triggered_at, cause, period, ends_at)],
            )
            return int(done.lastrowid or 0) if done.rowcount > 0 else 0

    def alerts(self, acknowledged: bool | None = None, standing: bool = False) -> list[Alert]:
        """Alerts by time, of one state or of both; with `standing` only those that are not cleared."""
        sql = (
            f"select {ALERT_COLUMNS} from alerts where (?1 is null or acknowledged = ?1)"
            " and (?2 = 0 or cleared_at is null) order by triggered_at, id"
        )
        state = None if acknowledged is None else int(acknowledged)
        rows = self._rows(sql, [state, int(standing)])
        return [Alert._make((*row[:5], bool(row[5]), *row[6:])) for row in rows]

    def acknowledge(self, alert: int) -> None:
        """Marks an alert as seen."""
        self._mark("acknowledged = 1 where id = ?", [(alert,)])

    def clear(self, alerts: Iterable[int], at: float) -> None:
        """Marks alerts as cleared; one that was cleared before keeps its time."""
        self._mark("cleared_at = ? where id = ? and cleared_at is null", [(at, alert) for alert in alerts])

    def mark_told(self, told: Mapping[int, float]) -> None:
        """Marks alerts as shown to the user, each at its time."""
        self._mark("told_at = ? where id = ? and told_at is null", [(at, alert) for alert, at in told.items()])

    def _mark(self, change: str, rows: Sequence[tuple[float, ...]]) -> None:
        if rows:
            with self._transaction() as db:
                db.executemany(f"update alerts set {change}", rows)

    def looked(self, since: float) -> tuple[int, int]:
        """Of the views from `since` on: how many a transcript shows, and how many were looked for and are not there."""
        sql = "select coalesce(sum(honoured), 0), count(honoured) from loads where at >= ? and tier <> 'complete'"
        shown, looked = self._rows(sql, [since])[0]
        return shown, looked - shown

    def totals(self) -> Totals:
        """What the ledger's loads, recoveries and additions come to."""
        saved, honoured, refused = self._rows(
            "select coalesce(sum(case when honoured = 1 then raw_tokens - shown_tokens end), 0),"
            " coalesce(sum(honoured = 1), 0), coalesce(sum(honoured = 0), 0) from loads where tier <> 'complete'"
        )[0]
        # One call that showed the folds of several views is one recovery.
        calls = "select max(tokens) as tokens from recoveries group by tool_use_id"
        recoveries, recovered = self._rows(f"select count(*), coalesce(sum(tokens), 0) from ({calls})")[0]
        added = self._rows("select coalesce(sum(tokens), 0) from additions")[0][0]
        return Totals(saved, honoured, refused, recoveries, recovered, added)
