"""Listings (ls, find, tree, du, git ls-files, the Glob tool): a block for each folder; every entry's name is a fact."""

import re
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

LONG = re.compile(
    r"^(?: *\d+ +\d+ )?[bcdlps-][rwxsStT-]{9}[.+@]?\s+\d+\s+\S+\s+\S+\s+[\d,.]+[KMGT]?\s+\S+\s+\S+\s+\S+\s+(.+?)(?: -> .+)?$"
)
FOLDER = re.compile(r"^(\S.*):$")
TREE = re.compile(r"^[│├└─\s|`+-]*(?:──|--)\s(.+)$")
SIZE = re.compile(r"^[\d.,]+[KMGTB]?\s+(\S.*)$")
PATH = re.compile(r"^\.{0,2}/?\S+$")


def mark(lines: Sequence[str]) -> Marks:
    """Entries of `ls` and `tree` by name, of `find` by their whole path: an agent takes it up as it stands."""
    found = marks()
    runs: list[tuple[str, int, int]] = []
    for number, line in enumerate(lines, 1):
        head = line[:400].rstrip()
        if not head:
            continue
        folder = FOLDER.match(head)
        if folder is not None:
            runs.append((folder[1], number, number))
            found.facts[number] = (head,)
            continue
        match = LONG.match(head) or TREE.match(head) or SIZE.match(head)
        name = match[1] if match else head if PATH.match(head) else ""
        if not name:
            continue
        where, slash, last = name.rpartition("/")
        found.facts[number] = (name,)
        if slash and last and (not runs or runs[-1][0] != where):
            runs.append((where, number, number))
        if runs:
            runs[-1] = (*runs[-1][:2], number)
    found.dull.update(found.facts)
    for path, first, last in runs:
        if last - first >= 2:
            found.blocks.append(Block("folder", f"{path}/ ({last - first + 1} lines)"[-100:], first, first, last))
    return found
