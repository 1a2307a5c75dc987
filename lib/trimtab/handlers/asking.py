"""Who asks whether a request may be sent, and what the answer is."""

from pathlib import Path
from typing import NamedTuple

from trimtab.budget import gate
from trimtab.budget.terms import Account, Charge


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
