"""The user's experiments: when each ran, which session was in which arm, and what each did. One file for all projects.

It is a file of its own, not a part of a project's ledger (an experiment is over all projects) nor of the usage book (an
event that assigns a session must never wait for a long sync). An outcome is kept because the client deletes transcripts
after a while, and a result must not change with that.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from trimtab.errors import DamagedError, StoreError
from trimtab.records import Assignment, Experiment, Outcome
from trimtab.schema import EXPERIMENT_MIGRATIONS
from trimtab.store.base import Database, clean, connect, current_number, prepare

BUSY_MS = 10_000  # how long to wait for another writer, as the ledger does
MOST_SEED = 2**63 - 1  # what SQLite's integers hold


class ExperimentStore(Database):
    """The open file; a context manager that closes it. At most one experiment runs at a time."""

    @classmethod
    def open(cls, path: Path, busy_ms: int = BUSY_MS, readonly: bool = False) -> "ExperimentStore":
        """The file at `path`, made if missing; with `readonly` a missing file is an error. Raises StoreError."""
        if readonly and not path.is_file():
            raise StoreError(f"no file of experiments at {str(path)!r}: `trimtab experiment on` begins one")
        try:
            return cls(path, ready(path, busy_ms, readonly))
        except DamagedError as exc:
            raise DamagedError(
                f"the file of experiments {str(path)!r} is damaged ({exc.__cause__}): move it away, and"
                " `trimtab experiment on` begins a new one"
            ) from exc

    def begin(self, seed: int, share: float, measure: str, care: float, at: float) -> Experiment:
        """Begins an experiment. Raises StoreError while one runs."""
        with self._transaction() as db:
            running = db.execute("select id from experiments where ended_at is null").fetchone()
            if running:
                raise StoreError(f"experiment {running[0]} runs already: `trimtab experiment off` ends it")
            done = db.execute(
                "insert into experiments (seed, share, measure, care, started_at) values (?, ?, ?, ?, ?)",
                [seed, share, clean(measure), care, at],
            )
            return Experiment(int(done.lastrowid or 0), seed, share, measure, care, at)

    def end(self, experiment: int, at: float, why: str) -> None:
        """Ends an experiment; one that has ended stays as it is."""
        with self._transaction() as db:
            sql = "update experiments set ended_at = ?, why = ? where id = ? and ended_at is null"
            db.execute(sql, [at, clean(why), experiment])

    def set_share(self, experiment: int, share: float) -> None:
        """Changes the share of sessions to come; those that are assigned keep theirs."""
        with self._transaction() as db:
            db.execute("update experiments set share = ? where id = ?", [share, experiment])

    def experiments(self) -> list[Experiment]:
        """All experiments, the newest last."""
        sql = "select id, seed, share, measure, care, started_at, ended_at, why from experiments order by id"
        return [Experiment(*row) for row in self._rows(sql)]

    def running(self) -> Experiment | None:
        """The experiment that runs, if one does."""
        return next((found for found in reversed(self.experiments()) if found.ended_at is None), None)

    def assign(self, given: Assignment) -> Assignment:
        """Records a session's arm, once: the assignment that is in force, with its number."""
        with self._transaction() as db:
            db.execute(
                "insert into assignments (experiment, session, is_off, share, at, project, transcript_path, level)"
                " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (session) do nothing",
                [
                    *(given.experiment, clean(given.session), int(given.is_off), given.share, given.at),
                    *map(clean, (given.project, given.transcript_path, given.level)),
                ],
            )
        found = self.assignment(given.session)
        assert found is not None, "it was written just now"
        return found

    def assignment(self, session: str) -> Assignment | None:
        """A session's arm; None where it has none."""
        return next(iter(self._assignments("where session = ?", [clean(session)])), None)

    def assignments(self, experiment: int) -> list[Assignment]:
        """All sessions of an experiment in the order of assignment."""
        return self._assignments("where experiment = ?", [experiment])

    def touch(self, session: str, at: float) -> None:
        """Notes when there was first something to fold in a session; again changes nothing."""
        with self._transaction() as db:
            sql = "update assignments set touched_at = ? where session = ? and touched_at is null"
            db.execute(sql, [at, clean(session)])

    def note_by_hand(self, session: str, what: str) -> None:
        """Notes that the user has changed what is compared; the first change stays."""
        with self._transaction() as db:
            sql = "update assignments set by_hand = ? where session = ? and by_hand = ''"
            db.execute(sql, [clean(what), clean(session)])

    def add_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Records what sessions did; a session's first outcome stays."""
        rows = [[clean(value) for value in outcome] for outcome in outcomes]
        if not rows:
            return
        with self._transaction() as db:
            db.executemany("insert or ignore into outcomes values (?, ?, ?, ?, ?, ?, ?)", rows)

    def outcomes(self, experiment: int) -> dict[str, Outcome]:
        """What an experiment's sessions did, by session."""
        sql = "select o.* from outcomes o join assignments a on a.session = o.session where a.experiment = ?"
        return {row[0]: Outcome(*row) for row in self._rows(sql, [experiment])}

    def _assignments(self, where: str, values: list[object]) -> list[Assignment]:
        sql = (
            "select number, experiment, session, is_off, share, at, project, transcript_path, level, touched_at,"
            f" by_hand from assignments {where} order by number"
        )
        return [Assignment(*row)._replace(is_off=bool(row[3])) for row in self._rows(sql, values)]


def ready(path: Path, busy_ms: int, readonly: bool) -> sqlite3.Connection:
    """A connection to the file with all migrations applied. Raises StoreError."""
    db = connect(path, busy_ms, readonly)
    try:
        if not readonly:
            prepare(db, path, EXPERIMENT_MIGRATIONS)
        elif current_number(db, path) != EXPERIMENT_MIGRATIONS[-1].number:
            ready(path, busy_ms, readonly=False).close()
    except BaseException:
        db.close()
        raise
    return db
