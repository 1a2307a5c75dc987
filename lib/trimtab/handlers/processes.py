"""Whether a process of this machine is still there."""

import os


def is_alive(pid: int) -> bool | None:
    """Whether a process is there; None where that can't be known."""
    if pid <= 0 or os.name != "posix":  # on Windows signal 0 is no question
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return None
    return True
