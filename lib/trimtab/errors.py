"""Everything that Trimtab raises on purpose; a message says what, which, why and what to do next."""


class TrimtabError(Exception):
    """The base of all; the command line prints it without a traceback."""


class SettingsError(TrimtabError):
    """A setting has a value that is not allowed."""


class ChangedError(SettingsError):
    """A settings file is not what was written last: somebody else has changed it."""


class BudgetError(TrimtabError):
    """What is asked of a budget can't be done, or is no budget."""


class StoreError(TrimtabError):
    """The ledger can't be opened, read or written."""


class BusyError(StoreError):
    """Another program is writing to the file; in a moment it can be done."""


class EventError(TrimtabError):
    """An event, or the frame that carries it, is not what the client sends."""


class SetupError(TrimtabError):
    """The Python environment can't be made or used."""


class DamagedError(StoreError):
    """The ledger's file is not a database any more; `store.set_aside` makes room for a new one."""


class RecordingError(TrimtabError):
    """The client's first request could not be recorded, or recording it would not have been safe."""
