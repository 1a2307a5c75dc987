"""A project as the daemon has it: its ledger, open, and the settings in force there."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from trimtab import local_settings, paths, settings
from trimtab.budget.terms import Budget
from trimtab.errors import StoreError
from trimtab.groups import Members
from trimtab.handlers import recovery_guard
from trimtab.local_settings import Slimmed
from trimtab.store import Store

LOCKED_MS = 300  # how long an event waits for a ledger that another process holds


class Files:
    """The settings of some files, read again when a file or a variable of them changed."""

    def __init__(self, files: Sequence[Path], environment: Mapping[str, str]) -> None:
        self.files = files
        self._seen: tuple[object, ...] = ()
        self.settings, self.complaints = settings.load(files, environment)

    def current(self, environment: Mapping[str, str]) -> settings.Settings:
        ours = sorted((k, v) for k, v in environment.items() if k.startswith(("TRIMTAB_", "CLAUDE_PLUGIN_OPTION_")))
        seen = (*ours, *(modified(file) for file in self.files))
        if seen != self._seen:
            self.settings, self.complaints = settings.load(self.files, environment)
            self._seen = seen
        return self.settings


class Project:
    """A project's ledger and settings."""

    def __init__(self, project: Path, user_environment: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._project, self._user = project, paths.user_folder(user_environment)
        self._files = Files(paths.config_files(project, user_environment), environment)
        self.told: settings.Settings | None = None  # what an event was last answered by
        self.open()
        self.lengths = self.store.session_lengths()
        self.adopted: dict[str, Sequence[Budget]] = {}  # budgets of the files, as they were last taken over
        self._reviewed: float | None = None
        self._slimmed_seen: tuple[object, ...] = ()
        self._slimmed: Slimmed | None = None
        paths.remember_project(paths.user_folder(user_environment), self.store.path.parent)

    def open(self) -> None:
        """Open the ledger, a new one where there is none. StoreError where that can't be, or the project is gone."""
        if not self._project.is_dir():  # to record it would bring its folder back
            raise StoreError(f"the project {str(self._project)!r} is no folder any more: nothing is recorded of it")
        folder = paths.ensure_project_folder(self._project, self._files.settings.data_directory)
        self.store = Store.open(folder / paths.LEDGER, busy_ms=LOCKED_MS)
        self.sessions: set[str] = set()  # those that the ledger has been told of
        self.paused = recovery_guard.paused(self.store)  # kinds that are shown whole: fetched too often

    def review(self, now: float) -> None:
        """Now and then: which kinds are fetched too often. StoreError where the ledger can't be used."""
        if self._reviewed is None or abs(now - self._reviewed) >= recovery_guard.REVIEW_S:
            self._reviewed = now
            self.paused = recovery_guard.review(self.store, self._files.settings, now)

    def slimmed(self) -> Slimmed | None:
        """What slim has switched off here, with the items that are in the client's settings still; None for nothing.

        Raises SettingsError, once for each state of what was written of it and of these.
        """
        place = local_settings.Place(self._project, self.store.path.parent, self._user)
        seen = modified(place.data / local_settings.RECORD), modified(place.file)
        if seen != self._slimmed_seen:
            self._slimmed_seen, self._slimmed = seen, None
            found = local_settings.slimmed(place)
            if found is not None:
                there = local_settings.still_in(local_settings.current(place), found.items)
                self._slimmed = found._replace(items=tuple(there))
        return self._slimmed

    def budgets(self) -> dict[str, list[Budget]]:
        """What the settings, as they were last read, give of budgets: see `settings.budgets_by_origin`."""
        return settings.budgets_by_origin(self._files.settings, self._files.files)

    def settings(self, environment: Mapping[str, str]) -> settings.Settings:
        return self._files.current(environment)

    @property
    def groups(self) -> Members:
        """The user's groups of agents, as the settings were last read."""
        return self._files.settings.groups

    @property
    def complaints(self) -> list[str]:
        return self._files.complaints


def modified(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
