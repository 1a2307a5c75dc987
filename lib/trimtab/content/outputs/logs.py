"""Logs (access logs, application logs, syslog): lines of a template fold to an example and their count.

Errors are kept or named. The lines of a template that has few are kept too: what differs from the rest is what one
looks for.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from trimtab.content.marks import Marks, marks
from trimtab.content.outputs import templates
from trimtab.content.outputs.kind import LONGEST_LINE, MOST_KEPT, add_fact
from trimtab.records import Block

STAMP = r"(?:[\w.-]{1,40} +\| +)?(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\w{3} [ \d]\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d[.,]\d{3}|[IWEF]\d{4} \d\d:\d\d:\d\d)"
ACCESS = re.compile(r"^(\S+) \S+ \S+ \[[^\]]{5,40}\] \"(\w+ )?(\S*)[^\"]*\" (\d{3}) ")
LOOKS = rf"\A(?:.*\n){{0,3}}(?:{STAMP}.*\n){{3}}|\A(?:\S+ \S+ \S+ \[[^\]\n]{{5,40}}\] \".*\n){{2}}"
BAD = re.compile(
    r"^[EF]\d{4} \d\d:|\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|Exception|Traceback|panic|fatal|error|failed|failure)\b|\bOut of memory\b|\bexited with code [1-9]|[a-z]Exception\b|\bE(?:CONN|NOENT|ACCES|ADDR|TIMEDOUT|PIPE|PERM|HOST)"
)
# One of which is in every line that BAD finds. To look for them first takes a fifth off a log's parse (measured).
SIGNS = (
    "ERROR", "FATAL", "CRITICAL", "SEVERE", "PANIC", "Exception", "Traceback", "panic", "fatal", "error", "fail", "memory",
    "exited", "ECONN", "ENOENT", "EACCES", "EADDR", "ETIMEDOUT", "EPIPE", "EPERM", "EHOST",
)  # fmt: skip
WARNING = re.compile(r"\b(?:WARN|WARNING)\b")
STAMPED = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s*|^\w{3} [ \d]\d \d\d:\d\d:\d\d ")
MASK = re.compile(
    r"\"[^\"]{0,200}\"|'[^']{0,200}'|\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\b|\d+(?:[.,:]\d+)*"
)
LEAST_RUN, LEAST_STRETCH = 3, 8  # lines of one template in a row, and of common ones, that are a block
VALUE = re.compile(  # each begins with a hexadecimal digit, which is looked for first
    r"[\da-fA-F](?:(?<=\b0)x[0-9a-fA-F]+\b|(?:(?<=\b[0-9])|(?<=\b[a-fA-F])(?=[a-fA-F]*\d))[0-9a-fA-F]{7,}(?:-[0-9a-fA-F]{4,})*\b|(?<=\d)\d*(?:[.,:]\d+)*)"
)
MOST_MINED = 20_000  # lines, about two megabytes; the rest of a longer log is only searched for errors
RARE, MOST_RARE = 2, 15  # lines of a template that is rare, and how many such templates are kept
LEAST_ALIKE = 5  # lines of a template that fold to an example
MOST_EXAMPLES = 12  # templates of which every view shows the first line
TEMPLATE_CHARACTERS = 70  # of a template that a fold names
LOGGED = re.compile(r'"(?:level|severity|lvl|log\.level|levelname|Action)"\s*:')  # go test -json has actions
BETWEEN = re.compile(r'(?<=[:,])(?=["\d\[{tfn-])')


def mark(lines: Sequence[str]) -> Marks:
    """Error lines and 5xx answers are kept: all, or of many alike the first; the others and warnings are facts."""
    found = marks()
    alike, mined = bad_of(lines, found)
    add_templates([(number, lines[number - 1]) for number in mined], alike, found)
    found.blocks.extend(runs(alike))
    return found


def mark_bad(lines: Sequence[str]) -> Marks:
    """The errors of lines that are too many to be told by what they are like."""
    found = marks()
    bad_of(lines, found)
    return found


def bad_of(lines: Sequence[str], found: Marks) -> tuple[list[str], list[int]]:
    """Mark what is bad; what the lines of an access log are like, and the numbers of the lines that templates are for.

    The others are those of an access log, and what belongs to the line above.
    """
    alike: list[str] = []
    bad: list[tuple[int, str, str]] = []  # line, what it is like, what a fold names of it
    mined: list[int] = []
    text = "\n".join(lines)
    signs = [sign for sign in SIGNS if sign in text]
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
        if head[:1] not in (" ", "\t"):  # what belongs to the line above, a trace often
            mined.append(number)
        may_be_bad = head[:1] in ("E", "F") or any(sign in head for sign in signs)
        if may_be_bad and BAD.search(head):
            bad.append((number, MASK.sub("#", head).strip(), head.strip()))
        elif "WARN" in head and WARNING.search(head):
            add_fact(found, number, STAMPED.sub("", head).strip())
    keep_bad(bad, found)
    return alike, mined


def mark_objects(lines: Sequence[str]) -> Marks:
    """A log of JSON lines: those of a template are dull."""
    found = marks()
    if sum(LOGGED.search(line[:LONGEST_LINE]) is not None for line in lines) > len(lines) / 2:
        spaced = [BETWEEN.sub(" ", line[:LONGEST_LINE]) for line in lines]
        add_templates(list(enumerate(spaced, 1)), [""] * len(lines), found)
    return found


def add_templates(numbered: Sequence[tuple[int, str]], alike: list[str], found: Marks) -> None:
    """Say of each line what it is like. Of a template the first line is kept, and a fold says how many more there are;
    lines of rare templates are kept whole.
    """
    looked_at = numbered[:MOST_MINED]
    over = "over " if len(numbered) > MOST_MINED else ""
    masked = [(number, VALUE.sub("#", STAMPED.sub("", line[:LONGEST_LINE])).strip()) for number, line in looked_at]
    every = templates.mine([(number, text) for number, text in masked if text])
    for template in every:
        for number in template.rows:
            alike[number - 1] = template.text()
    common = sorted((one for one in every if len(one.rows) >= LEAST_ALIKE), key=lambda one: -len(one.rows))
    texts = dict(masked)
    for rank, template in enumerate(common):
        first, *others = template.rows
        found.keep.update(templates.odd(template, texts)[:MOST_RARE])
        if rank < MOST_EXAMPLES:
            found.keep.add(first)
            said = f"{over}{len(others)} more like line {first}: {template.text()[:TEMPLATE_CHARACTERS]}"
            at = hidden(others, found)
            found.facts[at] = (*found.facts.get(at, ()), said)
        found.dull.update(others)
    rare = [template.rows for template in every if len(template.rows) <= RARE]
    if len(rare) <= MOST_RARE and len(every) > len(rare):
        found.keep.update(number for rows in rare for number in rows)


def hidden(numbers: Sequence[int], found: Marks) -> int:
    """The first of these lines around which nothing is kept: it will be in a fold."""
    return next((n for n in numbers if not any(at in found.keep for at in range(n - 4, n + 5))), numbers[-1])


def keep_bad(bad: Sequence[tuple[int, str, str]], found: Marks) -> None:
    seen: set[str] = set()
    for number, like, fact in bad:
        if len(bad) <= MOST_KEPT or (like not in seen and len(seen) < MOST_KEPT):
            found.keep.add(number)
            seen.add(like)
        else:
            add_fact(found, number, fact)


def runs(alike: Sequence[str]) -> list[Block]:
    """A block for each stretch of lines of common templates, and elsewhere for each run of lines that are alike."""
    counts = Counter(alike)
    out: list[Block] = []
    start = 0
    for is_common, group in groupby(alike, key=lambda like: like != "" and counts[like] >= LEAST_ALIKE):
        lines = list(group)
        if is_common and len(lines) >= LEAST_STRETCH and len(set(lines)) > 1:
            name = f"{len(lines)} lines of {len(set(lines))} templates"
            out.append(Block("repetition", name, start + 1, start + 1, start + len(lines)))
        else:
            at = start
            for like, same in groupby(lines):
                size = len(list(same))
                if size >= LEAST_RUN and like:
                    out.append(Block("repetition", f"{size} x {like}"[:100], at + 1, at + 1, at + size))
                at += size
        start += len(lines)
    return out
