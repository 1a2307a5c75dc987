"""Logs (access logs, application logs, syslog): lines alike but for their values fold; errors are kept or named.

Lines are alike when they are equal with times, numbers, identifiers and quoted values masked. drain3 would find more
general templates, but has no wheel, and the plugin's environment is made of wheels alone. The lines of a template that
has few are kept too: what differs from the rest is what one looks for.
"""

import re
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.content.outputs.kind import LONGEST_LINE, MOST_KEPT, add_fact
from trimtab.records import Block

STAMP = r"(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\w{3} [ \d]\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d[.,]\d{3})"
ACCESS = re.compile(r"^(\S+) \S+ \S+ \[[^\]]{5,40}\] \"(\w+ )?(\S*)[^\"]*\" (\d{3}) ")
LOOKS = rf"\A(?:.*\n){{0,3}}(?:{STAMP}.*\n){{3}}|\A(?:\S+ \S+ \S+ \[[^\]\n]{{5,40}}\] \".*\n){{2}}"
BAD = re.compile(r"\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|Exception|Traceback|panic|fatal|error|failed|failure)\b")
WARNING = re.compile(r"\b(?:WARN|WARNING)\b")
STAMPED = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s*|^\w{3} [ \d]\d \d\d:\d\d:\d\d ")
MASK = re.compile(
    r"\"[^\"]{0,200}\"|'[^']{0,200}'|\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\b|\d+(?:[.,:]\d+)*"
)
LEAST_RUN = 3
MOST_MINED = 6_000  # lines; the rest of a longer log is only searched for errors
RARE, MOST_RARE = 2, 15  # lines of a template that is rare, and how many such templates are kept


def mark(lines: Sequence[str]) -> Marks:
    """Error lines and 5xx answers are kept: all, or of many alike the first; the others and warnings are facts."""
    found = marks()
    alike: list[str] = []
    bad: list[tuple[int, str, str]] = []  # line, what it is like, what a fold names of it
    mined: list[int] = []
    for number, line in enumerate(lines, 1):
        head = line[:LONGEST_LINE]
        access = ACCESS.match(head)
        if access is not None:
            status, path = access[4], access[3]
            alike.append(f"{access[2] or ''}{MASK.sub('#', path.partition('?')[0])} {status[0]}xx")
            if status[0] == "5":
                bad.append((number, f"{status} {path}", f"{status} {path}"))
            continue
        alike.append("")
        mined.append(number)
        if BAD.search(head):
            bad.append((number, MASK.sub("#", head).strip(), head.strip()))
        elif WARNING.search(head):
            add_fact(found, number, STAMPED.sub("", head).strip())
    keep_bad(bad, found)
    keep_rare(templates(lines, mined[:MOST_MINED]), alike, found)
    found.blocks.extend(runs(alike))
    return found


def templates(lines: Sequence[str], numbers: Sequence[int]) -> dict[str, list[int]]:
    """The lines of each template, by its text."""
    found: dict[str, list[int]] = {}
    for number in numbers:
        text = MASK.sub("#", STAMPED.sub("", lines[number - 1][:LONGEST_LINE])).strip()
        if text:
            found.setdefault(text, []).append(number)
    return found


def keep_rare(found: dict[str, list[int]], alike: list[str], into: Marks) -> None:
    """Say of each line what it is like, and keep the lines of the rare templates."""
    for template, numbers in found.items():
        for number in numbers:
            alike[number - 1] = template
    rare = [numbers for numbers in found.values() if len(numbers) <= RARE]
    if len(rare) <= MOST_RARE and len(found) > len(rare):
        into.keep.update(number for numbers in rare for number in numbers)


def keep_bad(bad: Sequence[tuple[int, str, str]], found: Marks) -> None:
    seen: set[str] = set()
    for number, like, fact in bad:
        if len(bad) <= MOST_KEPT or (like not in seen and len(seen) < MOST_KEPT):
            found.keep.add(number)
            seen.add(like)
        else:
            add_fact(found, number, fact)


def runs(alike: Sequence[str]) -> list[Block]:
    """A block for each run of lines that are alike, or of a stretch in which few patterns take turns."""
    out: list[Block] = []
    start = 0
    for at in range(1, len(alike) + 1):
        if at == len(alike) or alike[at] != alike[start]:
            if at - start >= LEAST_RUN and alike[start]:
                out.append(Block("repetition", f"{at - start} x {alike[start]}"[:100], start + 1, start + 1, at))
            start = at
    return out
