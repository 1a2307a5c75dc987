"""The usage book: what the client's transcripts say was used, over all of a user's projects, in one SQLite file.

It can be made anew from the transcripts at any time, but remembers those that the client has deleted since. Everything
is keyed by what it is of, so that a line that is read again, in another order or from a copy, changes nothing.
`merging` has the rules by which rows of one response become one; of a session's totals the newest counts.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from math import inf
from pathlib import Path
from typing import NamedTuple

from msgspec import MsgspecError, msgpack

from trimtab.errors import DamagedError, StoreError
from trimtab.records import UNLISTED, Arrival, Request, SessionTotal
from trimtab.schema import Migration
from trimtab.schema_usage import MIGRATIONS, OWN
from trimtab.store.base import Value, clean, connect, current_number, prepare, within
from trimtab.store.merging import Claim, key_of, merged, merged_arrival
from trimtab.store.spent import REQUESTS, Spent, request_of

BUSY_MS = 10_000  # how long to wait for another writer, as the ledger does
CACHE_KB = 32_768  # chosen: what a sync of 1 GB of transcripts writes to again and again
PAGE_BYTES = 8_192  # a first sync takes 7 % less of the processor than with the usual 4,096 (measured 2026-11)
CHECKPOINT_PAGES = 2_000  # 16 MB; the usual 4 MB write the pages of the indexes over and over in a first sync
ASKED = 500  # keys of one query
LATE_S = 1.0  # chosen: how much later than a total a response in it may be stamped; a resumed one takes longer
PACK = list[tuple[str, float, str, str, str, int, bool, int, int]]  # arrivals' fields from the id on
pack, unpack = msgpack.Encoder().encode, msgpack.Decoder(PACK).decode


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
    totals: Sequence[tuple[SessionTotal, float, Sequence[Request]]]  # since when, and the usage by model
    sessions: Sequence[SessionRow]
    agent_types: Mapping[tuple[str, str], str]
    bad: Sequence[tuple[int, str]]


class Span(NamedTuple):
    """A session: where it ran and from when to when."""

    session: str
    project: str
    first_at: float
    last_at: float


class UsageStore(Spent):
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
        sql = f"{REQUESTS}{where} order by t.at, t.message_id"
        return [request_of(row) for row in self._rows(sql, values)]

    def arrivals(
        self,
        session: str | None = None,
        project: str | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Arrival]:
        """Arrivals by time, as `requests`. What a forked session copied is in the contexts of both."""
        where, values = narrowed(session, project, since, until, ("t.last_at >=", "t.first_at <"))
        found: dict[tuple[str, str, str], Arrival] = {}
        sql = f"select c.session, c.agent, t.rows from arrivals t {JOINED}{where}"
        for its_session, agent, rows in self._rows(sql, values):
            for row in self._unpacked(rows):
                made = Arrival(its_session, agent, *row)
                key = made[:3]
                found[key] = merged_arrival(found[key], made) if key in found else made
        low, high = -inf if since is None else since, inf if until is None else until
        return sorted((a for a in found.values() if low <= a.at < high), key=lambda a: (a.at, a[:3]))

    def _unpacked(self, rows: bytes) -> list[tuple[str, float, str, str, str, int, bool, int, int]]:
        try:
            return unpack(rows)
        except MsgspecError as exc:
            raise DamagedError(f"the usage book {str(self.path)!r} is damaged ({exc}): run `trimtab doctor`") from exc

    def session_totals(self) -> list[SessionTotal]:
        """The client's own totals by time, of sessions that it has added up from their first request on.

        Of a forked session it goes on from what the other had cost: such a total is no session's.
        """
        sql = (
            "select t.session, t.at, t.usd, t.is_complete from session_totals t left join sessions s"
            f" on s.session = t.session where {OWN} order by t.at, t.session"
        )
        return [SessionTotal._make((*row[:3], bool(row[3]))) for row in self._rows(sql)]

    def unlisted(self) -> list[Request]:
        """What the client counted for a session beyond the responses that it wrote down: compactions, titles.

        One for each model, at the time of the session's total, of the agent UNLISTED: the total less the responses up
        to it, so that what comes later takes nothing back. A model with a larger context is the same model. Nothing of
        a session whose total is another's too, or where the two counts don't fit together.
        """
        names = ", ".join(FIGURES)
        sums = ", ".join(f"sum({name})" for name in FIGURES)
        told = self._rows(
            f"select session, min(model) m, at, project, {sums} from (select u.*, coalesce(s.project, '') project"
            " from session_usage u join session_totals t on t.session = u.session left join sessions s"
            f" on s.session = u.session where {OWN} and u.at = t.at) group by session, {PLAIN} order by at, session, m"
        )
        listed: dict[str, dict[str, tuple[int, ...]]] = {}
        sql = (
            f"select session, model, {sums} from (select c.session, r.model, {names} from session_totals t"
            " join contexts c on c.session = t.session join requests r on r.context = c.id where r.at <= t.at + ?)"
            " group by session, model"
        )
        for session, model, *row in self._rows(sql, [LATE_S]):
            listed.setdefault(session, {})[model] = tuple(row)
        found: dict[str, list[Request]] = {}
        wrong = set()
        for session, model, at, project, *summed in told:
            known = listed.get(session, {}).pop(model.partition("[")[0], (0,) * len(FIGURES))
            more = [theirs - ours for theirs, ours in zip(summed, known, strict=True)]
            if min(more) < 0:
                wrong.add(session)
            elif any(more):
                name = f"{session}/{UNLISTED}/{model}"
                figures = (*more[:5], project, UNLISTED, False, more[5], False)
                made = Request._make((session, UNLISTED, name, at, model, *figures))
                found.setdefault(session, []).append(made)
        wrong |= {session for session, models in listed.items() if models}
        return [request for session, requests in found.items() if session not in wrong for request in requests]

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
        """Packs those of each context; rows of one arrival are merged when they are read."""
        told: dict[tuple[str, str], list[Arrival]] = {}
        for arrival in arrivals:
            told.setdefault(arrival[:2], []).append(arrival)
        packs = []
        for key, found in told.items():
            rows = pack([arrival[2:] for arrival in found])
            times = [arrival.at for arrival in found]
            packs.append((self._context(db, *key), blake2b(rows, digest_size=8).digest(), min(times), max(times), rows))
        db.executemany("insert or ignore into arrivals values (?, ?, ?, ?, ?)", packs)

    def _add_facts(self, db: sqlite3.Connection, news: Sequence[News]) -> None:
        afresh = [(clean(part.file.path),) for part in news if part.is_from_start]
        db.executemany("delete from bad_lines where path = ?", afresh)
        bad = [(clean(part.file.path), line, clean(why)) for part in news for line, why in part.bad]
        db.executemany("insert or replace into bad_lines values (?, ?, ?)", bad)
        db.executemany(ADD_SESSION, [row for part in news for row in part.sessions])
        db.executemany(ADD_TOTAL, [(*total, since) for part in news for total, since, _ in part.totals])
        told = [model for part in news for _, _, models in part.totals for model in models]
        db.executemany(ADD_USAGE, [(r.session, r.model, r.at, *r[5:10], r.web_searches) for r in told])
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
    "insert into session_totals values (?, ?, ?, ?, ?) on conflict (session) do update set at = excluded.at,"
    " usd = excluded.usd, is_complete = excluded.is_complete, since = excluded.since"
    " where (excluded.at, excluded.usd) >= (at, usd)"
)
PLAIN = "substr(model, 1, instr(model || '[', '[') - 1)"  # without the size of its context, as in claude-opus-5-5[1m]
FIGURES = ("input_tokens", "write_5m_tokens", "write_1h_tokens", "read_tokens", "output_tokens", "web_searches")
ADD_USAGE = (
    "insert into session_usage values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (session, model) do update set"
    f" at = excluded.at, {', '.join(f'{name} = excluded.{name}' for name in FIGURES)}"
    " where (excluded.at, excluded.output_tokens) >= (at, output_tokens)"
)
ADD_FILE = (
    "insert into files values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (path) do update set device = excluded.device,"
    " inode = excluded.inode, size_bytes = excluded.size_bytes, modified_ns = excluded.modified_ns,"
    " read_bytes = excluded.read_bytes, trace = excluded.trace, carry = excluded.carry,"
    " claimed = min(claimed, excluded.claimed)"
)


def narrowed(
    session: str | None,
    project: str | None,
    since: float | None,
    until: float | None,
    times: tuple[str, str] = ("t.at >=", "t.at <"),
) -> tuple[str, list[Value]]:
    """A where clause and its values; empty when nothing narrows. What ran in a folder of the project is of it too."""
    limits: list[tuple[str, list[Value]]] = [
        (f"{name} ?", [value])
        for name, value in (("c.session =", session), (times[0], since), (times[1], until))
        if value is not None
    ]
    if project is not None:
        limits.append(within("s.project", str(clean(project))))
    where = " and ".join(limit for limit, _ in limits)
    return (f" where {where}" if where else "", [value for _, values in limits for value in values])


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
