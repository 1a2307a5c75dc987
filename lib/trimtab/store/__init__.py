"""The ledger of one project: loads, views, recoveries, usage, metrics and alerts, in one SQLite file.

WAL with synchronous NORMAL: a killed process loses at most the transaction in flight. One connection, guarded by a
lock, may be used from several threads. Every write is one transaction. A damaged file is never written to: opening it
raises DamagedError, and `set_aside` is for whoever decides to go on with a new one.
"""

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from trimtab import tokens
from trimtab.errors import StoreError
from trimtab.records import TASK, Addition, Factor, Fold, Load, Message, Recovery, Request, Session, Tier
from trimtab.schema import MIGRATIONS, Migration
from trimtab.store.base import clean, connect, current_number, narrowed, prepare, set_aside
from trimtab.store.layers import Layers
from trimtab.store.notices import Notices

BUSY_MS = 10_000  # how long to wait for another writer; 16 at once needed 1.6 s at most (2-core x86_64 Linux, 2026-11)
FACTOR_SAMPLES = 50  # chosen: about one long session; the median moves on when the model changes
FACTOR_LEAST = 3  # chosen: the median of three withstands one wild sample

__all__ = ["Store", "set_aside"]

ADD_REQUEST = (
    "insert into requests values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (message_id) do update set"
    " at = min(at, excluded.at), model = excluded.model, input_tokens = excluded.input_tokens,"
    " write_5m_tokens = excluded.write_5m_tokens, write_1h_tokens = excluded.write_1h_tokens,"
    " read_tokens = excluded.read_tokens, output_tokens = excluded.output_tokens, is_fast = excluded.is_fast,"
    " web_searches = excluded.web_searches, is_us = excluded.is_us"
    " where excluded.output_tokens >= output_tokens"
)


ADD_LOAD = "insert into loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
LOAD_AGAIN = (
    "session = excluded.session, agent = excluded.agent, at = excluded.at, tool = excluded.tool, path = excluded.path,"
    " kind = excluded.kind, tier = excluded.tier, reason = excluded.reason, raw_tokens = excluded.raw_tokens,"
    " shown_tokens = excluded.shown_tokens, counted = excluded.counted, honoured = excluded.honoured,"
    " sender = excluded.sender, receiver = excluded.receiver, priority = excluded.priority"
)


class Store(Notices, Layers):
    """An open ledger; a context manager that closes it."""

    @classmethod
    def open(
        cls, path: Path, busy_ms: int = BUSY_MS, readonly: bool = False, migrations: Sequence[Migration] = MIGRATIONS
    ) -> "Store":
        """The ledger at `path`, made if missing, with all migrations applied.

        With `readonly` nothing but a missing migration is written, and a missing file is an error. Raises StoreError.
        """
        if readonly and not path.is_file():
            raise StoreError(f"no ledger at {str(path)!r}: nothing was recorded for this project yet")
        db = connect(path, busy_ms, readonly)
        try:
            if not readonly:
                prepare(db, path, migrations)
            elif current_number(db, path) != migrations[-1].number:
                cls.open(path, busy_ms, migrations=migrations).close()
        except BaseException:
            db.close()
            raise
        return cls(path, db)

    # Loads and what became of them

    def add_load(self, load: Load) -> None:
        """Records a load and its folds; the same tool_use_id again replaces the first."""
        with self._transaction() as db:
            db.execute(f"{ADD_LOAD} on conflict (tool_use_id) do update set {LOAD_AGAIN}", load_row(load))
            db.execute("delete from folds where load = ?", [clean(load.tool_use_id)])
            db.executemany(
                "insert or replace into folds values (?, ?, ?, ?)",
                [(clean(load.tool_use_id), f.first, f.last, json.dumps(f.names)) for f in load.folds],
            )

    def count_load(self, tool_use_id: str, raw_tokens: int, shown_tokens: int) -> None:
        """Puts counts in the place of a load's estimates; an unknown load is left out."""
        with self._transaction() as db:
            db.execute(
                "update loads set raw_tokens = ?, shown_tokens = ?, counted = 1 where tool_use_id = ?",
                [raw_tokens, shown_tokens, clean(tool_use_id)],
            )

    def add_news(
        self,
        requests: Iterable[Request] = (),
        recoveries: Iterable[Recovery] = (),
        honoured: Iterable[tuple[str, bool]] = (),
        factors: Iterable[tuple[str, str, float, float, int]] = (),
        loads: Iterable[Load] = (),
    ) -> None:
        """Records what a transcript told, in one transaction; what was told before changes nothing.

        `honoured` are pairs of a load's tool_use_id and whether its view was shown; `factors` are (model, tool, factor,
        at, tokens), as transcript.Sample. `loads` are shown whole; of those that were recorded the first row stays.
        """
        asked = [
            [clean(v) for v in (r.message_id, r.session, r.agent, r.at, r.model, *r[5:10], *r[12:])] for r in requests
        ]
        fetched = [[clean(v) for v in recovery] for recovery in recoveries]
        marks = [(int(shown), clean(tool_use_id)) for tool_use_id, shown in honoured]
        samples = [[*map(clean, (m, tokens.family(m), tool)), *rest] for m, tool, *rest in factors]
        came = [load_row(load) for load in loads]
        if not (asked or fetched or marks or samples or came):
            return
        with self._transaction() as db:
            db.executemany(ADD_REQUEST, asked)
            db.executemany(f"{ADD_LOAD} on conflict (tool_use_id) do nothing", came)
            db.executemany("insert or replace into recoveries values (?, ?, ?, ?, ?, ?, ?)", fetched)
            db.executemany("update loads set honoured = ? where tool_use_id = ?", marks)
            db.executemany(
                "insert or ignore into factors (model, family, tool, factor, at, tokens) values (?, ?, ?, ?, ?, ?)",
                samples,
            )

    def loads(
        self,
        session: str | None = None,
        since: float | None = None,
        until: float | None = None,
        with_folds: bool = True,
    ) -> list[Load]:
        """Loads by time; of one session, from `since` on, before `until`. A report does not need their folds."""
        where, values = narrowed("l", session, since, until)
        folds: dict[str, list[Fold]] = {}
        sql = f"select f.* from folds f join loads l on l.tool_use_id = f.load{where} order by f.load, f.first"
        for load, first, last, names in self._rows(sql, values) if with_folds else ():
            folds.setdefault(str(load), []).append(Fold(int(first), int(last), tuple(json.loads(names))))
        return [
            Load(
                session=row[1],
                agent=row[2],
                tool_use_id=row[0],
                at=row[3],
                tool=row[4],
                path=row[5],
                kind=row[6],
                tier=Tier(row[7]),
                reason=row[8],
                raw_tokens=row[9],
                shown_tokens=row[10],
                counted=bool(row[11]),
                folds=tuple(folds.get(row[0], ())),
                honoured=None if row[12] is None else bool(row[12]),
                message=None if row[13] is None else Message(*row[13:16]),
            )
            for row in self._rows(f"select l.* from loads l{where} order by l.at, l.rowid", values)
        ]

    def task_of(self, session: str, agent: str) -> Message | None:
        """Who gave an agent its task, and what it is; None where that is not recorded (yet)."""
        sql = "select sender, receiver, priority from loads where session = ? and agent = ? and kind = ? order by at"
        found = self._rows(f"{sql} limit 1", [clean(session), clean(agent), TASK])
        return Message(*found[0]) if found else None

    def recoveries(
        self, session: str | None = None, since: float | None = None, until: float | None = None
    ) -> list[Recovery]:
        """Recoveries by time; `session`, `since` and `until` are of the load whose folded lines were fetched."""
        where, values = narrowed("l", session, since, until)
        sql = f"select r.* from recoveries r join loads l on l.tool_use_id = r.load{where} order by r.at"
        return [Recovery(*row) for row in self._rows(sql, values)]

    # Sessions and their usage

    def add_session(
        self, session: str, at: float, model: str, transcript_path: str, project: str, version: str = ""
    ) -> None:
        """Records a session; again: keeps the first time, takes what is new and not empty."""
        with self._transaction() as db:
            db.execute(
                "insert into sessions values (?, ?, ?, ?, ?, ?) on conflict (session) do update set"
                " at = min(at, excluded.at), model = coalesce(nullif(excluded.model, ''), model),"
                " transcript_path = coalesce(nullif(excluded.transcript_path, ''), transcript_path),"
                " project = coalesce(nullif(excluded.project, ''), project),"
                " version = coalesce(nullif(excluded.version, ''), version)",
                [clean(v) for v in (session, at, model, transcript_path, project, version)],
            )

    def knows(self, session: str) -> bool:
        """Whether the session was recorded."""
        return bool(self._rows("select 1 from sessions where session = ?", [clean(session)]))

    def sessions(self, since: float | None = None) -> list[Session]:
        """All sessions by time, from `since` on; one without a model has the last one of its requests."""
        where, values = narrowed("s", None, since, None)
        last = "select q.model from requests q where q.session = s.session and q.agent = '' order by q.at desc limit 1"
        sql = (
            f"select s.session, s.at, coalesce(nullif(s.model, ''), ({last}), ''), s.transcript_path, s.project,"
            f" s.version from sessions s{where} order by s.at"
        )
        return [Session(*row) for row in self._rows(sql, values)]

    def requests(
        self, session: str | None = None, since: float | None = None, until: float | None = None
    ) -> list[Request]:
        """Responses by time."""
        where, values = narrowed("q", session, since, until)
        sql = (
            "select session, agent, message_id, at, model, input_tokens, write_5m_tokens, write_1h_tokens, read_tokens,"
            f" output_tokens, is_fast, web_searches, is_us from requests q{where} order by at, rowid"
        )
        found = self._rows(sql, values)
        return [Request._make((*row[:10], "", "", bool(row[10]), row[11], bool(row[12]))) for row in found]

    def last_active(self) -> dict[str, float]:
        """By session, when it last loaded something or was answered."""
        sql = "select session, max(at) from (select session, at from loads union all select session, at from requests)"
        return {str(name): float(at) for name, at in self._rows(f"{sql} group by session")}

    def session_lengths(self, limit: int = 50) -> list[int]:
        """Requests of the main conversation of the last `limit` sessions that have any, the newest first."""
        sql = "select count(*) from requests where agent = '' group by session order by min(at) desc, session limit ?"
        return [int(row[0]) for row in self._rows(sql, [limit])]

    def add_addition(self, addition: Addition) -> None:
        """Records text that Trimtab itself put into a conversation."""
        with self._transaction() as db:
            db.execute(
                "insert into additions (session, agent, at, event, tokens) values (?, ?, ?, ?, ?)",
                [clean(v) for v in addition],
            )

    def additions(
        self, session: str | None = None, since: float | None = None, until: float | None = None
    ) -> list[Addition]:
        """Additions by time."""
        where, values = narrowed("a", session, since, until)
        sql = f"select session, agent, at, event, tokens from additions a{where} order by at, id"
        return [Addition(*row) for row in self._rows(sql, values)]

    # Factors

    def factor(self, family_or_model: str, tool: str | None = None, least: int = FACTOR_LEAST) -> float | None:
        """The median of the last 50 samples of a model or a family (of one tool); None when fewer than `least`."""
        sql = "select factor from factors where (model = ?1 or family = ?1) and (?2 is null or tool = ?2)"
        found = self._rows(f"{sql} order by id desc limit ?3", [clean(family_or_model), tool, FACTOR_SAMPLES])
        return statistics.median(float(row[0]) for row in found) if len(found) >= max(least, 1) else None

    def factor_of(self, model: str, tool: str) -> Factor:
        """Billed tokens for one o200k token of the tool's results: learned (model, family), else initial."""
        family = tokens.family(model)
        for name in (model, family):
            for narrow in (tool, None):
                learned = self.factor(name, narrow)
                if learned is not None:
                    return Factor(learned, True)
        initial = tokens.FACTORS[family]
        return Factor(initial.get(tool, initial[""]), False)


def load_row(load: Load) -> list[object]:
    """The load as a row of its table."""
    return [
        *map(clean, (load.tool_use_id, load.session, load.agent, load.at, load.tool, load.path, load.kind)),
        *map(clean, (load.tier.value, load.reason, load.raw_tokens, load.shown_tokens)),
        int(load.counted),
        None if load.honoured is None else int(load.honoured),
        *((None, None, None) if load.message is None else map(clean, load.message)),
    ]
