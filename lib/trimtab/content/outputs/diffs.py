"""Diffs and logs (git diff, git show, git log -p): a block for each file and each hunk, whose header is a fact.

Of a commit its subject is kept, or named where there are many commits.
"""

import re
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.content.outputs import listings
from trimtab.records import Block

FILE = re.compile(r"^diff --(?:git a/(.+?) b/.+|cc (.+)|combined (.+))$")
HUNK = re.compile(r"^@@+ -\d+(?:,\d+)? (?:-\d+(?:,\d+)? )?\+(\d+)(?:,\d+)? @@+ ?(.*)$")
STAT = re.compile(r"^ (\S.*?)\s+\|\s+(\d+|Bin)\b")
TOTAL = re.compile(r"^ \d+ files? changed")
COMMIT = re.compile(r"^[*|\\/ ]*commit [0-9a-f]{7,}")
SUBJECT = re.compile(r"^[*|\\/ ]*    (\S.*)$")
PATH = re.compile(r"\S+$")
FEW_COMMITS = 3  # whose headers and subjects every view shows
FACT_CHARACTERS = 80


def mark(lines: Sequence[str]) -> Marks:
    """A file's facts are its path and how many lines it gains and loses."""
    found = marks()
    at_file: tuple[int, str] | None = None
    at_hunk: tuple[int, str] | None = None
    added = removed = 0

    def end_hunk(last: int) -> None:
        nonlocal at_hunk
        if at_hunk is not None:
            found.blocks.append(Block("hunk", at_hunk[1], at_hunk[0], at_hunk[0], last))
        at_hunk = None

    def end_file(last: int) -> None:
        nonlocal at_file, added, removed
        end_hunk(last)
        if at_file is not None:
            first, path = at_file
            found.blocks.append(Block("file", path, first, first, last))
            found.facts[first] = (f"{path} +{added}-{removed}",)
        at_file, added, removed = None, 0, 0

    for number, line in enumerate(lines, 1):
        if line.startswith("diff --"):
            end_file(number - 1)
            match = FILE.match(line[:1000])
            if match:
                at_file = (number, match[1] or match[2] or match[3])
        elif line.startswith("@@"):
            end_hunk(number - 1)
            match = HUNK.match(line[:1000])
            if match:
                at_hunk = (number, line.strip()[:FACT_CHARACTERS])
                found.facts[number] = (at_hunk[1],)
        elif line.startswith("commit ") and (at_file or at_hunk):
            end_file(number - 1)
        elif line.startswith(("--- ", "+++ ", "index ", "similarity index ", "new file mode")) and at_hunk is None:
            if "/dev/null" not in line:  # says that the file is new, or gone
                found.dull.add(number)
        elif at_hunk is not None:
            added += line[:1] == "+"
            removed += line[:1] == "-"
            if line[:1] in ("+", "-") and len(line) > 1:
                found.point.add(number)
        elif STAT.match(line[:400]):
            stat = STAT.match(line[:400])
            assert stat is not None
            found.facts[number] = (stat[1],)
            found.dull.add(number)
        elif TOTAL.match(line[:200]):
            found.keep.add(number)
    end_file(len(lines))
    mark_subjects(lines, found)
    if not found.blocks and not found.facts and all(PATH.match(line[:400]) for line in lines if line):
        return listings.mark(lines)  # git diff --name-only
    return found


def mark_subjects(lines: Sequence[str], found: Marks) -> None:
    """The subject of each commit: the first line of its message."""
    begins: list[int] = []
    subjects: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if "commit " in line[:60] and COMMIT.match(line[:400]):
            begins.append(number)
        elif begins and len(subjects) < len(begins) and (match := SUBJECT.match(line[:400])):
            subjects += [(number, match[1].strip())] * (len(begins) - len(subjects))
    if len(begins) <= FEW_COMMITS:
        found.keep.update([*begins, *(number for number, _ in subjects)])
    for number, subject in subjects:
        found.facts[number] = (subject[:FACT_CHARACTERS],)
