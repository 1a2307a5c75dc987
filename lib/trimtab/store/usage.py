"""The usage book: what the client's transcripts say was used, over all of a user's projects, in one SQLite file.

It can be made anew from the transcripts at any time, but remembers those that the client has deleted since. Everything
is keyed by what it is of, so that a line that is read again, in another order or from a copy, changes nothing:

- an id that the API gave is a response's in all sessions; any other, such as a gateway's count, in its session only;
- of the rows of one response the one with the largest output has its figures (an answer that is being streamed is
  written down as it grows), and the earliest row says when and whose it was. At the same time the main conversation
  goes before a subagent that replays it, then the file that was at rest first: a session that was resumed or forked
  into a new file was written to before its copy was;
- of the rows of one arrival in one context the earliest time and the fullest telling are kept;
- of a session's totals the newest.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from trimtab.errors import DamagedError, StoreError
from trimtab.records import Arrival, Request, SessionTotal
from trimtab.schema import Migration
from trimtab.schema_usage import MIGRATIONS
from trimtab.store.base import Database, Value, clean, connect, current_number, prepare

BUSY_MS = 10_000  # how long to wait for another writer, as the ledger does
CACHE_KB = 32_768  # chosen: what a sync of 1 GB of transcripts writes to again and again
PAGE_BYTES = 8_192  # a first sync takes 7 % less of the processor than with the usual 4,096 (measured 2026-11)
CHECKPOINT_PAGES = 2_000  # 16 MB; the usual 4 MB write the pages of the indexes over and over in a first sync
ASKED = 500  # keys of one query

# Ids as the API and its resellers have given them so far, and a line's own id. Of another form, should there come one,
# only a copy that does not say what it is a copy of is counted again, and only clients of long ago wrote such.
UNIQUE = re.compile(r"(?:msg|req)_(?:bdrk_|vrtx_)?01\w{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class FileRow(NamedTuple):
    """How far a transcript was read; `modified_ns` is -1 where more is to be read than a half-written line."""

    path: str
    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    read_bytes: int
    trace: bytes
    carry: bytes
    claimed: float


class SessionRow(NamedTuple):
    """What a file says of a session; `certainty` is of the project, the greater one wins."""

    session: str
    project: str
    certainty: int
    version: str
    first_at: float
    last_at: float


class News(NamedTuple):
    """What a part of a file gave, and the file's row after it; both are written or neither.

    Texts of rows are such as UTF-8 has: no half surrogate pairs.
    """

    file: FileRow
    is_from_start: bool  # what was noted of the file's lines before is of another file
    requests: Sequence[Request]
    arrivals: Sequence[Arrival]
    totals: Sequence[SessionTotal]
    sessions: Sequence[SessionRow]
    agent_types: Mapping[tuple[str, str], str]
    bad: Sequence[tuple[int, str]]


class Span(NamedTuple):
    """A session: where it ran and from when to when."""

    session: str
    project: str
    first_at: float
    last_at: float


class Claim(NamedTuple):
    """A response as one file tells it."""

    request: Request
    claimed: float

    @property
    def amount(self) -> tuple[object, ...]:
        """What orders the rows of a response by how much of it they tell."""
        r = self.request
        written = r.write_5m_tokens + r.write_1h_tokens
        return r.output_tokens, r.input_tokens + written + r.read_tokens, *r[5:9], *r[12:], r.model

    @property
    def order(self) -> tuple[object, ...]:
        """What orders the rows of a response by whose it is."""
        r = self.request
        return r.at, r.agent != "", self.claimed, r.session, r.agent


def key_of(request: Request) -> tuple[str, str]:
    """What a response is known by: its id, and the session that the id is unique in, "" where it is in all."""
    name = request.message_id
    return name, "" if UNIQUE.match(name) else request.session


def merged(one: Claim, other: Claim) -> Claim:
    """The response that both rows tell of; the same whichever comes first, and with itself itself."""
    if one == other:
        return one
    owner, figures = min(one, other, key=lambda c: c.order), max(one, other, key=lambda c: c.amount).request
    first = owner.request
    made = figures._replace(session=first.session, agent=first.agent, at=first.at, agent_type=first.agent_type)
    return Claim(made, owner.claimed)


def merged_arrival(one: Arrival, other: Arrival) -> Arrival:
    """The arrival that both rows tell of."""
    if one == other:
        return one
    tool, target = max((one.tool, one.target), (other.tool, other.target))
    return one._replace(
        at=min(one.at, other.at),
        what=max(one.what, other.what),
        tool=tool,
        target=target,
        characters=max(one.characters, other.characters),
        is_error=one.is_error or other.is_error,
        images=max(one.images, other.images),
        tokens=max(one.tokens, other.tokens),
    )


class UsageStore(Database):
    """An open usage book; a context manager that closes it."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        super().__init__(path, db)
        self._contexts: dict[tuple[str, str], int] = {}

    @classmethod
    def open(
        cls, path: Path, readonly: bool = False, busy_ms: int = BUSY_MS, migrations: Sequence[Migration] = MIGRATIONS
    ) -> "UsageStore":
        """The usage book at `path`, made if missing. With `readonly` a missing one is an error. Raises StoreError."""
        if readonly and not path.is_file():
            raise StoreError(f"no usage book at {str(path)!r}: `trimtab usage sync` makes it from the transcripts")
        if not readonly:
            with suppress(OSError):  # connecting says what is wrong; it holds commands, so it is its user's alone
                path.touch(mode=0o600)
        with advice():
            db = connect(path, busy_ms, readonly)
            try:
                if not readonly:
                    db.execute(f"pragma page_size = {PAGE_BYTES}")  # of a file that is not there yet
                    prepare(db, path, migrations)
                    db.execute(f"pragma cache_size = -{CACHE_KB}")
                    db.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
                elif current_number(db, path) != migrations[-1].number:
                    cls.open(path, busy_ms=busy_ms, migrations=migrations).close()
            except BaseException:
                db.close()
                raise
        return cls(path, db)

    # What was used

    def requests(
        self,
        session: str | None = None,
        project: str | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Request]:
        """Responses by time, from `since` on, before `until`."""
        where, values = narrowed(session, project, since, until)
        sql = (
            "select c.session, c.agent, t.message_id, t.at, t.model, t.input_tokens, t.write_5m_tokens,"
            " t.write_1h_tokens, t.read_tokens, t.output_tokens, coalesce(s.project, ''), c.agent_type, t.is_fast,"
            f" t.web_searches, t.is_us from requests t {JOINED}{where} order by t.at, t.message_id"
        )
        return [Request._make((*row[:12], bool(row[12]), row[13], bool(row[14]))) for row in self._rows(sql, values)]

    def arrivals(
        self,
        session: str | None = None,
        project: str | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Arrival]:
        """Arrivals by time. What a forked session copied is in the contexts of both."""
        where, values = narrowed(session, project, since, until)
        sql = (
            "select c.session, c.agent, t.id, t.at, t.what, t.tool, t.target, t.characters, t.is_error, t.images"
            f" from arrivals t {JOINED}{where} order by t.at, c.session, c.agent, t.id"
        )
        return [Arrival._make((*row[:8], bool(row[8]), row[9], 0)) for row in self._rows(sql, values)]

    def session_totals(self) -> list[SessionTotal]:
        """The client's own totals by time."""
        sql = "select session, at, usd, is_complete from session_totals order by at, session"
        return [SessionTotal._make((*row[:3], bool(row[3]))) for row in self._rows(sql)]

    def sessions(self) -> list[Span]:
        """Sessions by their first time."""
        return [
            Span(*row)
            for row in self._rows("select session, project, first_at, last_at from sessions order by first_at, session")
        ]

    # Files

    def files(self) -> dict[str, FileRow]:
        """By path, how far each file was read."""
        return {row[0]: FileRow(*row) for row in self._rows("select * from files")}

    def file(self, path: str) -> FileRow | None:
        """How far one file was read; None where it was not."""
        found = self._rows("select * from files where path = ?", [clean(path)])
        return FileRow(*found[0]) if found else None

    def bad_lines(self, limit: int = -1) -> list[tuple[str, int, str]]:
        """Path, line and fault of lines that could not be understood."""
        return [
            (str(path), int(line), str(why))
            for path, line, why in self._rows("select * from bad_lines order by path, line limit ?", [limit])
        ]

    def forget_files(self, paths: Iterable[str]) -> None:
        """Drops what is noted of files that are gone; what they told stays."""
        gone = [(clean(path),) for path in paths]
        with self._transaction() as db:
            db.executemany("delete from files where path = ?", gone)
            db.executemany("delete from bad_lines where path = ?", gone)

    def add(self, news: Sequence[News]) -> int:
        """Records parts of files in one transaction; how many responses were not known before."""
        try:
            with self._transaction() as db:
                new = self._add_requests(db, news)
                self._add_arrivals(db, [arrival for part in news for arrival in part.arrivals])
                self._add_facts(db, news)
                return new
        except BaseException:
            self._contexts.clear()  # those that were new are not in the file
            raise

    def _add_requests(self, db: sqlite3.Connection, news: Sequence[News]) -> int:
        claims: dict[tuple[str, str], Claim] = {}
        for part in news:
            claimed = part.file.claimed
            for request in part.requests:
                key, claim = key_of(request), Claim(request, claimed)
                claims[key] = merged(claims[key], claim) if key in claims else claim
        if not claims:
            return 0
        rows = [self._row(db, key, claim) for key, claim in claims.items()]
        before = db.total_changes
        db.executemany(f"insert or ignore into requests {REQUEST}", rows)
        new = db.total_changes - before
        if new == len(claims):
            return new
        changed = []
        for key, known in self._known(db, {name for name, _ in claims}):
            both = merged(known, claims.get(key, known))
            if both != known:
                changed.append(self._row(db, key, both))
        db.executemany(f"insert or replace into requests {REQUEST}", changed)
        return new

    def _known(self, db: sqlite3.Connection, names: Iterable[str]) -> Iterator[tuple[tuple[str, str], Claim]]:
        """The rows of responses with these ids, in whatever session, each with its key."""
        rest = list(names)
        while rest:
            keys, rest = rest[:ASKED], rest[ASKED:]
            sql = (
                "select t.message_id, t.scope, t.claimed, c.session, c.agent, t.at, t.model, t.input_tokens,"
                " t.write_5m_tokens, t.write_1h_tokens, t.read_tokens, t.output_tokens, t.is_fast, t.web_searches,"
                " t.is_us"
                " from requests t join contexts c on c.id = t.context"
                f" where t.message_id in ({','.join('?' * len(keys))})"
            )
            for name, scope, claimed, session, agent, *row in db.execute(sql, keys).fetchall():
                made = Request._make((session, agent, name, *row[:7], "", "", bool(row[7]), row[8], bool(row[9])))
                yield (name, scope), Claim(made, claimed)

    def _row(self, db: sqlite3.Connection, key: tuple[str, str], claim: Claim) -> tuple[object, ...]:
        request = claim.request
        session, agent = request[:2]
        context = self._contexts.get((session, agent)) or self._context(db, session, agent)
        return *key, context, request.at, claim.claimed, *request[4:10], *request[12:]

    def _context(self, db: sqlite3.Connection, session: str, agent: str) -> int:
        key = (session, agent)
        found = self._contexts.get(key)
        if found is None:
            db.execute("insert or ignore into contexts (session, agent, agent_type) values (?, ?, '')", key)
            row = db.execute("select id from contexts where session = ? and agent = ?", key).fetchone()
            found = self._contexts[key] = int(row[0])
        return found

    def _add_arrivals(self, db: sqlite3.Connection, arrivals: Iterable[Arrival]) -> None:
        told: dict[tuple[int, str], Arrival] = {}
        contexts = self._contexts
        for arrival in arrivals:
            session, agent, name = arrival[:3]
            key = (contexts.get((session, agent)) or self._context(db, session, agent), name)
            told[key] = merged_arrival(told[key], arrival) if key in told else arrival
        before = db.total_changes
        db.executemany(f"insert or ignore into arrivals {ARRIVAL}", [(*key, *told[key][3:10]) for key in told])
        if db.total_changes - before == len(told):
            return
        changed = []
        for key, arrival in told.items():
            row = db.execute("select * from arrivals where context = ? and id = ?", key).fetchone()
            known = Arrival._make((*arrival[:3], *row[2:7], bool(row[7]), row[8], 0))
            both = merged_arrival(known, arrival)
            if both != known:
                changed.append((*key, *both[3:10]))
        db.executemany(f"insert or replace into arrivals {ARRIVAL}", changed)

    def _add_facts(self, db: sqlite3.Connection, news: Sequence[News]) -> None:
        afresh = [(clean(part.file.path),) for part in news if part.is_from_start]
        db.executemany("delete from bad_lines where path = ?", afresh)
        bad = [(clean(part.file.path), line, clean(why)) for part in news for line, why in part.bad]
        db.executemany("insert or replace into bad_lines values (?, ?, ?)", bad)
        db.executemany(ADD_SESSION, [row for part in news for row in part.sessions])
        db.executemany(ADD_TOTAL, [total for part in news for total in part.totals])
        kinds = [(kind, self._context(db, *key)) for part in news for key, kind in part.agent_types.items()]
        db.executemany("update contexts set agent_type = ? where id = ? and agent_type = ''", kinds)
        db.executemany(ADD_FILE, [(clean(part.file.path), *part.file[1:]) for part in news])

    @contextmanager
    def _faults(self, doing: str) -> Iterator[None]:
        with advice(), super()._faults(doing):
            yield


JOINED = "join contexts c on c.id = t.context left join sessions s on s.session = c.session"
REQUEST = (
    "(message_id, scope, context, at, claimed, model, input_tokens, write_5m_tokens, write_1h_tokens, read_tokens,"
    " output_tokens, is_fast, web_searches, is_us) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
ARRIVAL = "values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADD_SESSION = (
    "insert into sessions values (?, ?, ?, ?, ?, ?) on conflict (session) do update set"
    " project = case when excluded.certainty > certainty or excluded.certainty = certainty"
    " and (excluded.first_at, excluded.project) < (first_at, project) then excluded.project else project end,"
    " certainty = max(certainty, excluded.certainty),"
    " version = case when excluded.version != '' and excluded.last_at >= last_at then excluded.version"
    " else version end,"
    " first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)"
)
ADD_TOTAL = (
    "insert into session_totals values (?, ?, ?, ?) on conflict (session) do update set at = excluded.at,"
    " usd = excluded.usd, is_complete = excluded.is_complete"
    " where (excluded.at, excluded.usd) >= (at, usd)"
)
ADD_FILE = (
    "insert into files values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (path) do update set device = excluded.device,"
    " inode = excluded.inode, size_bytes = excluded.size_bytes, modified_ns = excluded.modified_ns,"
    " read_bytes = excluded.read_bytes, trace = excluded.trace, carry = excluded.carry,"
    " claimed = min(claimed, excluded.claimed)"
)


def narrowed(
    session: str | None, project: str | None, since: float | None, until: float | None
) -> tuple[str, list[Value]]:
    """A where clause and its values; empty when nothing narrows."""
    limits: list[tuple[str, Value]] = [
        ("c.session =", session),
        ("s.project =", project),
        ("t.at >=", since),
        ("t.at <", until),
    ]
    given = [(limit, value) for limit, value in limits if value is not None]
    where = " and ".join(f"{limit} ?" for limit, _ in given)
    return (f" where {where}" if where else "", [value for _, value in given])


@contextmanager
def advice() -> Iterator[None]:
    """Says of a damaged usage book what to do with it: unlike a ledger it can be made again."""
    try:
        yield
    except DamagedError as exc:
        why = str(exc).partition(";")[0]
        raise DamagedError(
            f"{why}; move it away, and `trimtab usage sync` makes a new one from the transcripts that are still there"
        ) from exc
