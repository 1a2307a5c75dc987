"""Listings (ls, find, tree, du, git ls-files, the Glob tool): a block for each folder; every entry's name is a fact."""

import re
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

LONG = re.compile(
    r"^(?: *\d+ +\d+ )?[bcdlps-][rwxsStT-]{9}[.+@]?\s+\d+\s+\S+\s+\S+\s+[\d,.]+[KMGT]?\s+"
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d(?::[\d.]+ [+-]\d{4})?|\S+\s+\S+\s+\S+)\s+(.+?)(?: -> .+)?$"
)
FOLDER = re.compile(r"^(\S.*):$")
TREE = re.compile(r"^[│├└─\s|`+-]*(?:──|--)\s(.+)$")
SIZE = re.compile(r"^[\d.,]+[KMGTB]?\s+(\S.*)$")
PATH = re.compile(r"^\.{0,2}/?\S+$")


def mark(lines: Sequence[str]) -> Marks:
    """Entries of `ls` and `tree` by name, of `find` by their whole path: an agent takes it up as it stands."""
    found = marks()
    facts = found.facts
    runs: list[tuple[str, int]] = []  # folder, first line
    ends: list[int] = []  # the last line of each
    for number, line in enumerate(lines, 1):
        head = line[:400].rstrip()
        if not head:
            continue
        if head[-1] == ":" and FOLDER.match(head):
            runs.append((head[:-1], number))
            ends.append(number)
            facts[number] = (head,)
            continue
        name = name_in(head)
        if not name:
            continue
        where, slash, last = name.rpartition("/")
        facts[number] = (name,)
        if slash and last and (not runs or runs[-1][0] != where):
            runs.append((where, number))
            ends.append(number)
        if runs:
            ends[-1] = number
    found.dull.update(facts)
    for (path, first), last_line in zip(runs, ends, strict=True):
        if last_line - first >= 2:
            name = f"{path}/ ({last_line - first + 1} lines)"[-100:]
            found.blocks.append(Block("folder", name, first, first, last_line))
    return found


def name_in(head: str) -> str:
    """What a line lists, "" where it lists nothing. Most lines are a path alone, without a blank."""
    match = None
    if " " in head or "\t" in head or head.split() != [head]:
        match = LONG.match(head) or TREE.match(head) or SIZE.match(head)
    if match is not None:
        return match[1]
    return head if PATH.match(head) else ""
