"""Go's tests: what a test printed is of interest where the test failed, and dull where it passed."""

import re
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.content.outputs.kind import LONGEST_LINE, keep_of
from trimtab.records import Block

BEGINS = re.compile(r"=== (?:RUN|NAME|CONT)\s+(\S+)")
ENDS = re.compile(r"\s*--- (PASS|FAIL|SKIP): (\S+)")
SAID = re.compile(r"\s+\S+_test\.go:\d+[: ]|\s+\S+\.go:\d+: ")
OTHERS = ("=== ", "FAIL", "PASS", "ok ", "?", "coverage:")  # what begins a line that is of no test
AFTER = re.compile(r"\bError:\s+\S.*:\s*$")  # testify says on the next line what was expected


def mark(lines: Sequence[str]) -> Marks:
    """Keep what failing tests said, before their `--- FAIL` (go test -v) or below it."""
    found = marks()
    said: dict[str, list[int]] = {}  # by test, the lines that are not known to be of a failing one yet
    test, is_below = "", ""
    hits: list[int] = []
    is_next = False
    for number, line in enumerate(lines, 1):
        if is_next and line.strip():
            hits.append(number)
            is_next = False
        begins = BEGINS.match(line) if line.startswith("===") else None
        ends = ENDS.match(line) if "--- " in line[:40] else None
        if begins is not None:
            test, is_below = begins[1], ""
        elif ends is not None:
            before = said.pop(ends[2], [])
            if ends[1] == "FAIL":
                hits += before
            else:
                found.dull.update(before)
            is_below = ends[1]
        elif line[:1] in (" ", "\t") and SAID.match(line):
            if is_below == "PASS":
                found.dull.add(number)
            elif is_below == "FAIL" or not test:
                hits.append(number)
            else:
                said.setdefault(test, []).append(number)
        elif "Error:" in line:
            is_next = AFTER.search(line, 0, LONGEST_LINE) is not None
    hits += [number for numbers in said.values() for number in numbers]
    keep_of(sorted(set(hits)), lines, found)
    found.blocks.extend(failures(lines))
    return found


def failures(lines: Sequence[str]) -> list[Block]:
    """A block for each failing test: its `--- FAIL` and what it says below."""
    out: list[Block] = []
    is_open = False
    for number, line in enumerate(lines, 1):
        ends = ENDS.match(line) if "--- " in line[:40] else None
        if ends is not None and ends[1] == "FAIL":
            out.append(Block("failure", f"FAIL: {ends[2]}", number, number, number))
            is_open = True
        elif ends is not None or line.startswith(OTHERS):
            is_open = False
        elif is_open:
            out[-1] = out[-1]._replace(last=number)
    return out
