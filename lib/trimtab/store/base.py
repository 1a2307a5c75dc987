"""What the ledger and the usage book need of SQLite: opening, migrating, naming faults, setting a damaged file aside.

Nothing here knows what the tables mean.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from trimtab.errors import BusyError, DamagedError, StoreError
from trimtab.schema import RECORD_TABLE, Migration

WAL_TRIES = 50  # chosen: SQLite does not wait by itself while another connection switches a new file to WAL
WAL_PAUSE_S = 0.01

Value = str | int | float | None
Opened = TypeVar("Opened", bound="Database")


class Database:
    """An open file; a context manager that closes it. One connection, guarded by a lock, for all threads."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db
        self._lock = threading.RLock()
        self._file = file_id(path)

    def close(self) -> None:
        """Closes the file; a second time does nothing. Never raises."""
        with self._lock, suppress(sqlite3.Error):
            self._db.close()

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def is_current(self) -> bool:
        """False when the file was deleted or replaced since it was opened: then close this and open it anew."""
        return self._file is not None and file_id(self.path) == self._file

    def check(self) -> list[str]:
        """What SQLite's integrity check finds; empty when all is well. Raises StoreError when it can't be read."""
        found = [str(row[0]) for row in self._rows("pragma integrity_check")]
        return [] if found == ["ok"] else found

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]  # SQL is untyped
        with self._lock, self._faults("read"):
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block is written, or nothing."""
        with self._lock, self._faults("write"):
            self._db.execute("begin immediate")
            try:
                yield self._db
                self._db.execute("commit")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("rollback")
                raise

    @contextmanager
    def _faults(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError) as exc:
            raise fault(self.path, doing, exc) from exc


def connect(path: Path, busy_ms: int, readonly: bool) -> sqlite3.Connection:
    """A connection in autocommit mode; the file is read at its first use. Raises StoreError."""
    try:
        uri = f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}"
        if readonly and not os.access(path.parent, os.W_OK):
            uri += "&immutable=1"  # a reader of a WAL file writes beside it, which can't be here: then nobody else does
        db = sqlite3.connect(uri, uri=True, timeout=busy_ms / 1000, isolation_level=None, check_same_thread=False)
        db.execute("pragma synchronous = normal")
        db.execute("pragma foreign_keys = on")
        return db
    except (sqlite3.Error, ValueError) as exc:
        raise fault(path, "open", exc) from exc


def prepare(db: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Switches the file to WAL and applies what is missing of `migrations`. Raises StoreError."""
    newest = migrations[-1].number
    number = current_number(db, path)
    if number > newest:
        raise StoreError(
            f"the ledger {str(path)!r} was written by a newer Trimtab (its schema is {number}, this one knows {newest})"
            ": update the plugin, or restart the client so that the newer one is used"
        )
    try:
        use_wal(db)
        if number < newest:
            migrate(db, migrations)
    except sqlite3.Error as exc:
        raise fault(path, "prepare", exc) from exc


def use_wal(db: sqlite3.Connection) -> None:
    """Switches the file to WAL; where that can't be (some network disks) the ordinary journal stays."""
    for attempt in range(WAL_TRIES):
        try:
            db.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or attempt == WAL_TRIES - 1:
                raise
            time.sleep(WAL_PAUSE_S)


def migrate(db: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Applies the missing migrations, each in one transaction with its record. Raises sqlite3.Error."""
    for migration in migrations:
        db.execute("begin immediate")
        try:
            db.execute(RECORD_TABLE)
            # Another process may have applied it while this one waited for the lock.
            if not db.execute("select 1 from migrations where number = ?", [migration.number]).fetchone():
                for statement in migration.statements:
                    db.execute(statement)
                db.execute(
                    "insert into migrations values (?, ?, strftime('%s', 'now'))", [migration.number, migration.name]
                )
            db.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                db.execute("rollback")
            raise


def current_number(db: sqlite3.Connection, path: Path) -> int:
    """The newest migration that the file has; 0 for an empty file. Raises StoreError, DamagedError."""
    try:
        if not db.execute("select 1 from sqlite_master where name = 'migrations'").fetchone():
            return 0
        return int(db.execute("select coalesce(max(number), 0) from migrations").fetchone()[0])
    except sqlite3.Error as exc:
        raise fault(path, "read", exc) from exc


def fault(path: Path, doing: str, exc: Exception) -> StoreError:
    """The StoreError that says what could not be done, with which file, why, and what to do next."""
    text, what = str(exc), f"can't {doing} the ledger {str(path)!r}"
    if type(exc) is sqlite3.DatabaseError or "malformed" in text:  # SQLite's CORRUPT and NOTADB have no subclass
        return DamagedError(f"{what}: the file is damaged ({text}); it was left as it is: run `trimtab doctor`")
    if "locked" in text or "busy" in text:
        return BusyError(f"{what}: another program is writing to it ({text}); try again in a moment")
    if "full" in text:
        return StoreError(f"{what}: the disk is full ({text}); free some space, nothing was half written")
    if "readonly" in text or "unable to open" in text:
        return StoreError(f"{what}: {text}; check that its folder exists and may be written to")
    return StoreError(f"{what}: {text}; run `trimtab doctor`")


def set_aside(path: Path, now: float) -> Path:
    """Renames a damaged ledger (and its -wal, -shm) so that the next opening makes a new one; its new name.

    Nothing is deleted. For the doctor, when no daemon has the file open. Raises StoreError.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    target = path.with_name(f"{path.name}.damaged-{stamp}")
    count = 1
    while target.exists():
        count += 1
        target = path.with_name(f"{path.name}.damaged-{stamp}-{count}")
    try:
        path.rename(target)
        for end in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(target.with_name(target.name + end))
    except OSError as exc:
        raise StoreError(f"can't rename the damaged ledger {str(path)!r} to {target.name!r}: {exc}") from exc
    return target


def file_id(path: Path) -> tuple[int, int] | None:
    """What tells the file at `path` from another that takes its place; None when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def clean(value: object) -> object:
    """The value as SQLite takes it: half surrogate pairs, which JSON may hold, become `?`."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def narrowed(table: str, session: str | None, since: float | None, until: float | None) -> tuple[str, list[Value]]:
    """A where clause over `table`'s session and time, and its values; empty when nothing narrows."""
    limits: list[tuple[str, Value]] = [("session =", session), ("at >=", since), ("at <", until)]
    given = [(limit, value) for limit, value in limits if value is not None]
    where = " and ".join(f"{table}.{limit} ?" for limit, _ in given)
    return (f" where {where}" if where else "", [value for _, value in given])


def within(column: str, folder: str) -> tuple[str, list[Value]]:
    """`budget.scopes.is_within` as a condition of SQL, which can use an index, and its values."""
    top = folder.rstrip(os.sep)
    return f"({column} = ? or {column} >= ? and {column} < ?)", [folder, top + os.sep, top + chr(ord(os.sep) + 1)]
