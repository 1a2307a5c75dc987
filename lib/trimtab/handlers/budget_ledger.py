"""The user's budgets as the daemon sees them: what the ledger has, also where its file is lost while they are in force.

Rules: a ledger that is deleted while the flag file is still there gets what is known of it again; one that is damaged
is left as it is, and a stand-in in memory goes on until another file is in its place; where nothing is known, nothing
is in force, and the user is told. Without the flag file a missing ledger means that there are no budgets (any more).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from trimtab import paths
from trimtab.budget.terms import Budget, Reservation
from trimtab.errors import DamagedError
from trimtab.store.base import file_id
from trimtab.store.budgets import BudgetStore, Known, Times

LOCKED_MS = 300  # how long a decision waits for another's
Result = TypeVar("Result")


class BudgetLedger:
    """One thread at a time. All methods raise StoreError where the ledger can't be used and nothing is known of it."""

    def __init__(self, environment: Mapping[str, str], doubt: Callable[[str], None]) -> None:
        self._environment, self._doubt = environment, doubt
        self._path = paths.user_folder(environment) / paths.USER_LEDGER
        self._flag = paths.budgets_flag(environment)
        self._store: BudgetStore | None = None
        self._damaged: tuple[int, int] | None = None  # the file that a stand-in is for
        self._version = -1
        self._prompts_state: tuple[int, float] | None = None
        self.budgets: Sequence[Budget] = ()
        self.reservations: Sequence[Reservation] = ()  # as of the last decision
        self.prompts: Times = {}
        self.tasks: Times = {}

    def refresh(self) -> bool:
        """Takes in what anybody has changed; whether there was anything. One that can't be read at first has none."""
        try:
            store = self._opened()
        except DamagedError as exc:
            if self._flag.exists():
                self._doubt(f"your budgets can't be read, and none is in force: {exc}")
            return False
        if store is None:
            changed = bool(self.budgets)
            self.budgets, self.reservations, self.prompts, self.tasks, self._version = (), (), {}, {}, -1
            return changed
        return self._use(self.look)

    def use(self, do: Callable[[BudgetStore], Result]) -> Result:
        """What `do` does with the ledger, which is made if it is missing; `refresh` sees it."""
        self._version = -1
        if self._opened() is None:
            paths.ensure_user_folder(self._environment)
            self._store = BudgetStore.open(self._path, busy_ms=LOCKED_MS)
        return self._use(do)

    def decide(self, do: Callable[[BudgetStore], Result]) -> Result:
        """As `use`, of what `refresh` need not see."""
        return self._use(do) if self._store is not None else self.use(do)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store, self._damaged, self._version, self._prompts_state = None, None, -1, None

    def _use(self, do: Callable[[BudgetStore], Result]) -> Result:
        assert self._store is not None, "it was opened just now"
        try:
            return do(self._store)
        except DamagedError as exc:
            if self._damaged is not None or not self.budgets:
                raise
            return do(self._stand_in(exc))

    def look(self, store: BudgetStore) -> bool:
        """As `refresh`, also within a transaction on the store."""
        version = store.version()
        if version == self._version:
            if self.budgets and self._damaged is None and not self._flag.exists():
                store.flag()  # the hooks of all sessions go by it
            return False
        budgets, tasks, state = store.budgets(), store.tasks(), store.prompts_state()
        if state != self._prompts_state:
            self.prompts, self._prompts_state = store.prompts(), state
        if self._damaged is None:
            store.flag()
        self.budgets, self.tasks, self._version = budgets, tasks, version
        return True

    def _opened(self) -> BudgetStore | None:
        is_here = file_id(self._path)
        if self._damaged is not None:
            if is_here == self._damaged:
                return self._store
            self.close()
        elif self._store is not None and not self._store.is_current():
            self.close()
        if self._store is None and (is_here or self._is_lost()):
            try:
                store = self._store = BudgetStore.open(self._path, busy_ms=LOCKED_MS)
                if self._is_lost() and store.restore(self._known()):
                    self._doubt(
                        f"the file of your budgets {str(self._path)!r} was replaced by an empty one: the budgets are"
                        " in force as they were, what had been said of them and their history is lost"
                    )
            except DamagedError as exc:
                if not self.budgets:
                    raise
                return self._stand_in(exc)
        return self._store

    def _is_lost(self) -> bool:
        """Whether there should be budgets: they are known, and nobody has taken the flag away."""
        return bool(self.budgets) and self._flag.exists()

    def _known(self) -> Known:
        return Known(self.budgets, self.reservations, self.prompts, self.tasks)

    def _stand_in(self, exc: DamagedError) -> BudgetStore:
        known = self._known()
        self.close()
        self._damaged = file_id(self._path)
        self._store = BudgetStore.apart(self._path, known)
        self._doubt(f"your budgets stay in force as they were last read, until Trimtab is started anew: {exc}")
        return self._store
