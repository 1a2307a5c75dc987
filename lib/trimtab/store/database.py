"""One SQLite file of ours, open: its migrations, a lock, transactions, and faults in words.

WAL with synchronous NORMAL: a killed process loses at most the transaction in flight. One connection, guarded by a
lock, may be used from several threads. Every write is one transaction. A damaged file is never written to: opening it
raises DamagedError. What the tables mean is the subclass's.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, TypeVar

from trimtab.errors import StoreError
from trimtab.schema import Migration
from trimtab.store.base import connect, current_number, fault, file_id, prepare

BUSY_MS = 10_000  # how long to wait for another writer; 16 at once needed 1.6 s at most (2-core x86_64 Linux, 2026-11)

Self = TypeVar("Self", bound="Database")


class Database:
    """An open file; a context manager that closes it."""

    migrations: ClassVar[Sequence[Migration]]
    absent: ClassVar[str]  # why there may be no file, to follow "no ... at ...: "
    name: ClassVar[str] = "ledger"

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db
        self._lock = threading.RLock()
        self._file = file_id(path)

    @classmethod
    def open(
        cls: type[Self],
        path: Path,
        busy_ms: int = BUSY_MS,
        readonly: bool = False,
        migrations: Sequence[Migration] | None = None,
    ) -> Self:
        """The file at `path`, made if missing, with all migrations applied.

        With `readonly` nothing but a missing migration is written, and a missing file is an error. Raises StoreError.
        """
        wanted = cls.migrations if migrations is None else migrations
        if readonly and not path.is_file():
            raise StoreError(f"no {cls.name} at {str(path)!r}: {cls.absent}")
        db = connect(path, busy_ms, readonly)
        try:
            if not readonly:
                prepare(db, path, wanted)
            elif current_number(db, path) != wanted[-1].number:
                cls.open(path, busy_ms, migrations=wanted).close()
        except BaseException:
            db.close()
            raise
        return cls(path, db)

    def close(self) -> None:
        """Closes the file; a second time does nothing. Never raises."""
        with self._lock, suppress(sqlite3.Error):
            self._db.close()

    def __enter__(self: Self) -> Self:
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
