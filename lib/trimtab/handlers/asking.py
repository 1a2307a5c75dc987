"""Who asks whether a request may be sent, and what the answer is."""

import os
from pathlib import Path
from typing import NamedTuple

from trimtab.budget import gate
from trimtab.budget.terms import Account, Charge, Reservation


class Who(NamedTuple):
    """Which conversation asks. `agent` is "" and `agent_type` "main" in the main one; `pid` 0 where it is not known."""

    session: str
    agent: str
    agent_type: str
    project: str
    prompt: str
    transcript: Path | None
    pid: int

    @property
    def key(self) -> str:
        return gate.conversation_key(self.session, self.agent)


class Verdict(NamedTuple):
    """Whether a request may be sent: `account` is the one that refuses it, else the tightest by share.

    `accounts` are those that it counts in, with what was reserved for it where it was.
    """

    is_allowed: bool
    account: Account | None
    accounts: tuple[Account, ...]
    expected: Charge


def is_call(reservation: Reservation, session: str) -> bool:
    """Whether a reservation is for an agent of the session that has not begun."""
    return reservation.charge.session == session and reservation.charge.agent.startswith(gate.CALL)


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
