"""What a message is worth: how pressing it is, and which of its lines come first where not all are shown."""

import re
from enum import Enum

from trimtab.messages import claims, parts
from trimtab.messages.parts import Role
from trimtab.records import Content


class Priority(Enum):
    """How much it matters that a message is read as it is."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


CARE = {Priority.CRITICAL: 2.5, Priority.HIGH: 1.4, Priority.NORMAL: 1.0, Priority.LOW: 0.7}  # misses count; chosen
GIVEN = re.compile(r"^\W*priority\W{1,6}(critical|high|normal|low)\b", re.I | re.M)
GIVEN_CHARACTERS = 400  # from the top, in which a sender gives the priority
PRESSING = re.compile(
    r"\b(?:critical|blocked|blocker|data loss|exploitable|vulnerab\w*|do not (?:run|merge|deploy|use)|offline)\b|🔴|🚫",
    re.I,
)
BLANK = r"[\s*`]+"  # between words of one clause: blanks and markup; behind any other sign something else is said
BETWEEN = rf"{BLANK}(?:\w[\w/-]*{BLANK}|\w+/){{0,2}}"
NOTHING = rf"nothing(?:{BLANK}else)?{BLANK}is{BLANK}"
UNPRESSING = re.compile(
    rf"\b(?:(?:no|0|zero|not|none|without){BETWEEN}|{NOTHING})(?:critical|blocked|blockers?|vulnerab\w*)\b", re.I
)
UNFAILED = re.compile(
    rf"\b(?:(?:no|0|zero|without){BETWEEN}|{NOTHING})(?:failures?|failed|errors?|bugs?|missing|skipped)\b", re.I
)
JUDGES = ("2", "4")  # the groups that weigh and check: what they call critical is meant for the reader
BASE = 0.0001  # the rate at which a line of a report is needed for no reason we know; chosen: standard shows more by it
# How many of the lines of recorded reports hold a word that is taken up later, as multiples of any line's (measured).
FIRST, EVIDENCE, ROWS, CODE = 1.4, 1.35, 1.8, 0.75
BY_QUARTER = (1.5, 1.1, 0.7, 0.7)  # of the message


def given_priority(text: str) -> Priority | None:
    """What the sender says of it near the top; None where it says nothing."""
    given = GIVEN.search(text[:GIVEN_CHARACTERS])
    return Priority(given[1].lower()) if given else None


def priority(content: Content, group: str = "") -> Priority:
    """How pressing a report is: what its sender says it is; else by what it claims, and for what the sender is there.

    Critical: it is blocked, or one that weighs or checks found something critical. High: a failure or a question. Low:
    nothing is claimed but that something is done.
    """
    given = given_priority("\n".join(content.lines))
    if given:
        return given
    told = [UNPRESSING.sub("", content.lines[number - 1]) for number in sorted(content.keep)]
    pressing = [line for line in told if PRESSING.search(line)]
    if pressing and (group in JUDGES or any("block" in line.lower() for line in pressing)):
        return Priority.CRITICAL
    if pressing or any(claims.FAILURE.search(UNFAILED.sub("", line)) or claims.is_question(line) for line in told):
        return Priority.HIGH
    return Priority.NORMAL if any(map(claims.WARNING.search, told)) or group in JUDGES else Priority.LOW


def is_pressing(content: Content, group: str = "") -> bool:
    """Whether a report should be answered before others are there: it is blocked, or asks, or its sender says so.

    Of 102 recorded reports 82 are at least of high priority, most for a failure that they found: it can wait.
    """
    given = given_priority("\n".join(content.lines))
    if given:
        return given in (Priority.CRITICAL, Priority.HIGH)
    asks = any(claims.is_question(content.lines[number - 1]) for number in content.keep)
    return asks or priority(content, group) is Priority.CRITICAL


def rates(content: Content) -> list[float]:
    """For each line of a report the rate at which it will be needed: by its place, its evidence, what it is."""
    roles = parts.roles(content.lines)
    size = len(roles)
    out = []
    is_first = True
    for number, (line, role) in enumerate(zip(content.lines, roles, strict=True), 1):
        rate = 0.0
        if role is Role.HEADING:
            is_first = True
        elif role not in (Role.BLANK, Role.FENCE, Role.HEADER) and number not in content.dull:
            rate = BASE * BY_QUARTER[4 * (number - 1) // size] * weight(line, role, is_first)
            is_first = False
        out.append(rate)
    return out


def weight(line: str, role: Role, is_first: bool) -> float:
    """A line's rate as a multiple of any line's."""
    if role is Role.CODE:
        return CODE
    return (
        (FIRST if is_first else 1.0)
        * (EVIDENCE if claims.has_evidence(line) else 1.0)
        * (ROWS if role is Role.ROW else 1.0)
    )
