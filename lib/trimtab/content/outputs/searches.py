"""Search results (grep, rg, ag, the Grep tool): a block for each file; a fold names every file with its hits and best.

The best hit of a file is one that defines something, else its first. Hits in one file that is named nowhere (`grep -n x
a.py`) are named by their numbers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

HIT = re.compile(r"^((?:[A-Za-z]:)?[^\s:][^:\n]{0,300}?)(?::|-)(\d+)(?::|-)")
NAMED = re.compile(r"^([\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9}):(?!\d)")  # without line numbers
COUNT = re.compile(r"^([^\s:][^:\n]{0,300}):(\d+)$")
NUMBERED = re.compile(r"^(\d{1,7})([:-])(.*)$")
BARE = re.compile(r"^[\w@.+~/\\-]+$")
DEFINES = re.compile(
    r"\s*(?:export |pub(?:\(\w+\))? |public |private |protected |static |final |abstract |async |default |@\w+ )*"
    r"(?:def|class|function|func|fn|struct|interface|type|enum|trait|impl|module|const|let|var|macro_rules!|#define)\b|[A-Z_]{3,} *[:=]|#{1,6} "
)
HIT_CHARACTERS = 50  # of a hit that a fold names
MOST_BEST = 5  # hits that define something, of one file, that are named
MOST_BARE = 60  # of them where one file was searched: their numbers are what one asked for


@dataclass(slots=True)
class Run:
    """The hits of one file, one after the other."""

    path: str
    first: int
    last: int
    hits: int = 0
    best: tuple[tuple[int, str], ...] = ()  # line, and what a fold says of it
    is_first: bool = True  # whether the best is only the first


def mark(lines: Sequence[str]) -> Marks:
    """Each file is a fact of its first line: `path (12)`. A list of files, or of counts, has each as a fact."""
    found = marks()
    runs: list[Run] = []
    heading = ""
    for number, line in enumerate(lines, 1):
        head = line[:400]
        bare = NUMBERED.match(head)
        if bare is not None:
            if not runs or runs[-1].last != number - 1 or runs[-1].path != heading:
                runs.append(Run(heading, number - 1 if heading else number, number - 1 if heading else number))
            add_hit(runs[-1], number, bare[1], bare[3], bare[2] == ":")
            continue
        counted = COUNT.match(head)
        if counted is not None:
            found.facts[number] = (head.strip(),)
            found.dull.add(number)
            continue
        match = HIT.match(head) or NAMED.match(head)
        if match is None:
            heading = head if BARE.match(head) and ("/" in head or "." in head) else ""
            if heading:
                found.facts[number] = (head,)
            continue
        if not runs or runs[-1].path != match[1]:
            runs.append(Run(match[1], number, number))
        place = match[2] if match.re is HIT else ""
        add_hit(runs[-1], number, place, head[match.end() :], not head[match.end(1) :].startswith("-"))
    for run in runs:
        add_facts(run, found)
    return found


def add_hit(run: Run, number: int, place: str, text: str, is_hit: bool) -> None:
    """Count a hit; lines around hits are none."""
    run.last = number
    if not is_hit:
        return
    run.hits += 1
    said = f"{place}: {text.strip()}"[:HIT_CHARACTERS] if place else text.strip()[:HIT_CHARACTERS]
    most = MOST_BEST if run.path else MOST_BARE
    if DEFINES.match(text):
        run.best = ((number, said),) if run.is_first else (*run.best, (number, said))[:most]
        run.is_first = False
    elif not run.best:
        run.best = ((number, said),)


def add_facts(run: Run, found: Marks) -> None:
    """What a fold names of one file's hits."""
    if run.path:
        named = f"{run.path} ({run.hits})"
        found.blocks.append(Block("file", named[-100:], run.first, run.first, run.last))
        found.facts[run.first] = (named,)
    for number, said in run.best if run.hits > 1 or run.path else ():
        if said:
            found.facts[number] = (*found.facts.get(number, ()), said)
