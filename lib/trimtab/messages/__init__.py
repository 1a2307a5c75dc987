"""Messages between agents: what of a report is shown, what is named, and what its receiver holds already."""

from typing import NamedTuple

from trimtab.messages.copies import files_named
from trimtab.messages.report import KIND, read
from trimtab.messages.worth import CARE, Priority, given_priority, is_pressing, priority, rates

__all__ = [
    "CARE",
    "KIND",
    "Given",
    "Priority",
    "files_named",
    "given_priority",
    "is_pressing",
    "priority",
    "rates",
    "read",
]


class Given(NamedTuple):
    """What is known of a message beside its text: what its receiver holds (its task, earlier reports), who sent it.

    `files` are texts by path, of those that the message speaks of; `group` is the sender's, "" where it is in none.
    """

    held: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    group: str = ""
