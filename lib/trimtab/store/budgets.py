"""Budgets and what is kept for requests under way, in the user's ledger (`user.db`), over all projects.

What was spent is not here: the usage book has it. A flag file beside the ledger is there while any budget is not
closed, so that a hook of a user without budgets need not ask; it follows from the rows, and is made anew at need.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from trimtab.budget.allocation import CLOSED, Allocation, closed
from trimtab.budget.terms import Budget, Reservation, State
from trimtab.errors import BudgetError, StoreError
from trimtab.schema import MIGRATIONS
from trimtab.store.base import Database, clean, connect, current_number, prepare
from trimtab.store.budget_rows import (
    COLUMNS,
    RESERVED,
    budget_of,
    name_of,
    reservation_of,
    terms_of,
    values_of,
    what_of,
)

BUSY_MS = 10_000  # how long to wait for another writer, as the ledger does
FLAG = "budgets"  # beside the ledger
PROMPTS_S = 40 * 86_400.0  # chosen: a prompt that is worked on for longer has no budget any more
ALLOCATIONS_S = 400 * 86_400.0  # chosen: a year can be looked back on
Say = Callable[[Budget], str]
Decide = Callable[[Sequence[Budget]], Budget]
ALLOCATED = "constraint_id, child, period, allocated, used, available, status, efficiency_score"
BY_AT = "order by at, key"
OPEN = f"from budget_allocations where status <> '{CLOSED}'"


class Author(NamedTuple):
    """Who changes a budget, where ("cli", "/token-budget", "option", a config file) and when."""

    who: str
    place: str
    at: float


class Change(NamedTuple):
    """One change of a budget; `before` and `after` are the budget in words, "" where there was none."""

    id: int
    budget: int
    at: float
    who: str
    place: str
    what: str
    before: str
    after: str


class Sum(NamedTuple):
    """What was used of a budget in the period that ends at `until`, None where it has no end."""

    budget: int
    used: int
    until: float | None


Times = Mapping[str, Sequence[tuple[float, str]]]  # by session, from when on what held


class Known(NamedTuple):
    """What a reader knows of budgets, so that a ledger that is lost can be made again."""

    budgets: Sequence[Budget] = ()
    reservations: Sequence[Reservation] = ()
    prompts: Times = MappingProxyType({})
    tasks: Times = MappingProxyType({})


class Turn:
    """What is done within one transaction of `BudgetStore.turn`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def reservations(self) -> list[Reservation]:
        """All there are, by time."""
        return [reservation_of(row) for row in self._db.execute(f"select {RESERVED} from budget_reservations {BY_AT}")]

    def reserve(self, reservation: Reservation) -> None:
        """Keeps it; it replaces the one of the same key."""
        charge = reservation.charge
        values = (*map(clean, charge[:10]), clean(charge.prompt), clean(charge.task), int(charge.is_priced))
        marks = ", ".join("?" * 15)
        sql = f"insert or replace into budget_reservations ({RESERVED}) values ({marks})"
        self._db.execute(sql, [*values, reservation.pid, int(reservation.is_assumed)])

    def release(self, keys: Iterable[str]) -> None:
        """Drops those of these keys, whichever are there."""
        self._db.executemany("delete from budget_reservations where key = ?", [(clean(key),) for key in keys])

    def add_prompt(self, session: str, prompt: str, at: float) -> None:
        """Notes when a prompt of the user began; the first time stays. Those of PROMPTS_S ago are forgotten."""
        self._db.execute("insert or ignore into budget_prompts values (?, ?, ?)", [clean(session), clean(prompt), at])
        self._db.execute("delete from budget_prompts where at < ?", [at - PROMPTS_S])


class BudgetStore(Database):
    """The open ledger; a context manager that closes it."""

    @classmethod
    def open(cls, path: Path, readonly: bool = False, busy_ms: int = BUSY_MS) -> "BudgetStore":
        """The ledger at `path`, made if missing; with `readonly` a missing one is an error. Raises StoreError."""
        if readonly and not path.is_file():
            raise StoreError(f"no ledger at {str(path)!r}: no budget was set yet; `trimtab budget set` makes one")
        db = connect(path, busy_ms, readonly)
        try:
            if not readonly:
                prepare(db, path, MIGRATIONS)
            elif current_number(db, path) != MIGRATIONS[-1].number:
                cls.open(path, busy_ms=busy_ms).close()
        except BaseException:
            db.close()
            raise
        return cls(path, db)

    @classmethod
    def apart(cls, path: Path, known: "Known") -> "BudgetStore":
        """A ledger in memory that goes on with what is known while the file at `path` can't be used."""
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        prepare(db, path, MIGRATIONS)
        made = cls(path, db)
        made.restore(known)
        return made

    def restore(self, known: "Known") -> bool:
        """Writes what is known of budgets into a ledger that never had any; whether it was such a one."""
        with self._transaction() as db:
            if db.execute("select 1 from budget_constraints limit 1").fetchone():
                return False
            for budget in known.budgets:
                self._insert(db, budget, budget.id)
            for reservation in known.reservations:
                Turn(db).reserve(reservation)
            for table, by_session in (("prompts", known.prompts), ("tasks", known.tasks)):
                rows = [(clean(s), clean(name), at) for s, times in by_session.items() for at, name in times]
                db.executemany(f"insert or ignore into budget_{table} values (?, ?, ?)", rows)
        return True

    def version(self) -> int:
        """A number that changes when another connection has written to the file. Raises StoreError."""
        return int(self._rows("pragma data_version")[0][0])

    # Budgets

    def budgets(self, with_closed: bool = False) -> list[Budget]:
        """Budgets by number; closed ones only if asked for."""
        where = "" if with_closed else "where state <> 'closed'"
        return [budget_of(row) for row in self._rows(f"select {COLUMNS} from budget_constraints {where} order by id")]

    def budget(self, number: int) -> Budget | None:
        """The budget of this number, also a closed one; None where there is none."""
        found = self._rows(f"select {COLUMNS} from budget_constraints where id = ?", [number])
        return budget_of(found[0]) if found else None

    def add(self, budget: Budget, author: Author, say: Say) -> Budget:
        """Records a new budget and that it was made, at the author's time; the budget with its number."""
        return self.put(lambda _: budget._replace(id=0), author, say)[1]

    def put(self, decide: Decide, author: Author, say: Say) -> tuple[Budget | None, Budget]:
        """Records what `decide` makes of the open budgets: a new one, or one of them as it is from now on.

        Nobody else changes any meanwhile. What it was, None of a new one, and what it is. Raises what `decide` raises.
        """
        with self._transaction() as db:
            known = self.budgets()
            after = decide(known)
            before = next((each for each in known if each.id == after.id), None)
            if before is None:
                after = self._insert(db, after._replace(made_at=after.made_at or author.at), None)
                self._note(db, after.id, author, "set", "", say(after))
            else:
                self._change(db, before, after, "set", author, say)
        self.flag()
        return before, after

    def change(self, number: int, what: str, edit: Callable[[Budget], Budget], author: Author, say: Say) -> Budget:
        """As `change_all`, of one."""
        return self.change_all([number], what, edit, author, say)[0]

    def change_all(
        self, numbers: Iterable[int], what: str, edit: Callable[[Budget], Budget], author: Author, say: Say
    ) -> list[Budget]:
        """Puts `edit(budget)` in the place of each open budget as it is now, and records it, if it is another.

        All of them or none: raises BudgetError where there is no such budget (any more), and what `edit` raises.
        """
        made = []
        with self._transaction() as db:
            for number in numbers:
                before = self.budget(number)
                if before is None or before.state is State.CLOSED:
                    raise BudgetError(f"there is no budget {number}: `trimtab budget show` has the numbers")
                made.append(edit(before)._replace(id=number))
                self._change(db, before, made[-1], what, author, say)
        self.flag()
        return made

    def close_unread(self, number: int, author: Author) -> bool:
        """Closes a budget of which this version does not know all words; False where it can be read."""
        try:
            self.budget(number)
            return False
        except StoreError:
            with self._transaction() as db:
                db.execute("update budget_constraints set state = 'closed' where id = ?", [number])
                self._note(db, number, author, "remove", "", "")
        self.flag()
        return True

    def adopt(self, origin: str, given: Sequence[Budget], author: Author, say: Say) -> bool:
        """Makes the open budgets of an origin those that are given; whether that changed anything.

        One that is still given as it was is left as it is, also where the user has raised or paused it since. One that
        is given otherwise in limit, mode, priority or minimum is changed, one that is not given any more is closed.
        """
        changed = False
        with self._transaction() as db:
            sql = f"select {COLUMNS}, tags from budget_constraints where origin = ? and state <> 'closed' order by id"
            known = {what_of(b): (b, t) for *row, t in db.execute(sql, [clean(origin)]) for b in [budget_of(row)]}
            for budget in given:
                mark = json.dumps({"given": terms_of(budget)})
                old, tags = known.pop(what_of(budget), (None, ""))
                if tags == mark:
                    continue
                changed = True
                if old is None:
                    new = self._insert(db, budget._replace(origin=origin, made_at=budget.made_at or author.at), None)
                    self._note(db, new.id, author, "set", "", say(new))
                else:
                    limit, mode, priority, minimum = budget.limit, budget.mode, budget.priority, budget.minimum
                    new = old._replace(limit=limit, mode=mode, priority=priority, minimum=minimum)
                    self._change(db, old, new, "set", author, say)
                db.execute("update budget_constraints set tags = ? where id = ?", [mark, new.id])
            for old, _ in known.values():
                changed = True
                self._update(db, old._replace(state=State.CLOSED))
                self._note(db, old.id, author, "remove", say(old), "")
        self.flag()
        return changed

    def changes(self, number: int | None = None) -> list[Change]:
        """All changes in their order, or those of one budget."""
        where, values = ("", []) if number is None else ("where constraint_id = ?", [number])
        columns = "id, constraint_id, at, who, place, what, before, after"
        return [Change(*row) for row in self._rows(f"select {columns} from budget_changes {where} order by id", values)]

    def flag(self) -> bool:
        """Makes or removes the flag file as the rows say; whether any budget is not closed. Raises StoreError."""
        is_on = bool(self._rows("select 1 from budget_constraints where state <> 'closed' limit 1"))
        file = self.path.with_name(FLAG)
        with suppress(OSError):  # the next change, or the daemon's next look, does it
            if is_on and not file.exists():
                file.touch(mode=0o600)
            elif not is_on:
                file.unlink(missing_ok=True)
        return is_on

    # Requests under way

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """One decision: nobody else decides meanwhile, and all of it is written or nothing. Raises StoreError."""
        with self._transaction() as db:
            yield Turn(db)

    def reservations(self) -> list[Reservation]:
        """All there are, by time."""
        return [reservation_of(row) for row in self._rows(f"select {RESERVED} from budget_reservations {BY_AT}")]

    def release(self, key: str) -> None:
        """Drops one reservation, if it is there."""
        with self.turn() as turn:
            turn.release([key])

    def tell(self, number: int, period: str, whom: str, what: str, at: float, since: float = 0.0) -> bool:
        """Notes that this was said of an account; True the first time since `since`, and since the budget changed."""
        key = [number, clean(period), clean(whom), clean(what)]
        with self._transaction() as db:
            sql = "delete from budget_told where constraint_id = ? and period = ? and whom = ? and what = ? and at < ?"
            db.execute(sql, [*key, since])
            before = db.total_changes
            db.execute("insert or ignore into budget_told values (?, ?, ?, ?, ?)", [*key, at])
            return db.total_changes > before

    # What was used, as it was last added up

    def sums(self) -> list[Sum]:
        """Of every open budget, as `keep_sums` left it; 0 before."""
        sql = "select id, used, period_end from budget_constraints where state <> 'closed' order by id"
        return [Sum(*row) for row in self._rows(sql)]

    def keep_sums(self, sums: Iterable[Sum]) -> None:
        """Notes what was used of budgets by now."""
        with self._transaction() as db:
            sql = "update budget_constraints set used = ?, period_end = ? where id = ?"
            db.executemany(sql, [(each.used, each.until, each.budget) for each in sums])

    # How budgets are shared out

    def allocations(self) -> list[Allocation]:
        """The rows that are not closed, by budget, period and child."""
        return [Allocation._make(row) for row in self._rows(f"select {ALLOCATED} {OPEN} order by 1, 3, 2")]

    def allocate(self, parent: int, rows: Sequence[Allocation], at: float) -> None:
        """Makes these the rows of a budget. Those that are not given any more are of a time that is over: closed.

        What was closed ALLOCATIONS_S ago is forgotten.
        """
        given = {(row.period, row.child) for row in rows}
        with self._transaction() as db:
            known = map(Allocation._make, db.execute(f"select {ALLOCATED} {OPEN} and constraint_id = ?", [parent]))
            over = closed([row for row in known if (row.period, row.child) not in given])
            sql = f"insert or replace into budget_allocations ({ALLOCATED}, at) values ({', '.join('?' * 9)})"
            values = [(row[0], clean(row.child), clean(row.period), *row[3:], at) for row in (*over, *rows)]
            db.executemany(sql, values)
            db.execute(f"delete from budget_allocations where status = '{CLOSED}' and at < ?", [at - ALLOCATIONS_S])

    # Prompts and named runs

    def prompts(self) -> dict[str, list[tuple[float, str]]]:
        """By session, when each prompt of the user began, in order."""
        return self._times("select session, at, prompt from budget_prompts order by session, at, prompt")

    def prompts_state(self) -> tuple[int, float]:
        """What changes with the prompts: how many there are, and when the last one was."""
        count, last = self._rows("select count(*), max(at) from budget_prompts")[0]
        return int(count), float(last or 0.0)

    def join_task(self, session: str, task: str, at: float) -> None:
        """From `at` on the session is of the named run; "" ends that."""
        with self._transaction() as db:
            db.execute("insert or replace into budget_tasks values (?, ?, ?)", [clean(session), clean(task), at])

    def tasks(self) -> dict[str, list[tuple[float, str]]]:
        """By session, from when on it is of which named run, in order."""
        return self._times("select session, at, task from budget_tasks order by session, at")

    def _times(self, sql: str) -> dict[str, list[tuple[float, str]]]:
        found: dict[str, list[tuple[float, str]]] = {}
        for session, at, name in self._rows(sql):
            found.setdefault(str(session), []).append((float(at), str(name)))
        return found

    def _insert(self, db: sqlite3.Connection, budget: Budget, number: int | None) -> Budget:
        names = f"{COLUMNS}, scope"
        sql = f"insert into budget_constraints ({names}) values ({', '.join('?' * 16)})"
        made = db.execute(sql, [number, *values_of(budget), clean(name_of(budget.scope))])
        return budget._replace(id=int(made.lastrowid or 0))

    def _update(self, db: sqlite3.Connection, budget: Budget) -> None:
        names = [name.strip() for name in COLUMNS.split(",")[1:]]
        sql = f"update budget_constraints set {', '.join(f'{name} = ?' for name in names)}, scope = ? where id = ?"
        db.execute(sql, [*values_of(budget), clean(name_of(budget.scope)), budget.id])
        db.execute("delete from budget_told where constraint_id = ?", [budget.id])  # what was said is of another limit

    def _change(
        self, db: sqlite3.Connection, before: Budget, after: Budget, what: str, author: Author, say: Say
    ) -> None:
        if after != before:
            self._update(db, after)
            self._note(db, after.id, author, what, say(before), say(after))

    def _note(self, db: sqlite3.Connection, number: int, author: Author, what: str, before: str, after: str) -> None:
        sql = "insert into budget_changes (constraint_id, at, who, place, what, before, after) values (?,?,?,?,?,?,?)"
        db.execute(sql, [number, author.at, *map(clean, (author.who, author.place, what, before, after))])
