"""Search results (grep, rg, ag, the Grep tool): a block for each file with how many hits it has; no file is lost."""

import re
from collections.abc import Sequence

from trimtab.content.marks import Marks, marks
from trimtab.records import Block

HIT = re.compile(r"^((?:[A-Za-z]:)?[^\s:][^:\n]{0,300}?)(?::|-)(\d+)(?::|-)")
NAMED = re.compile(r"^([\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9}):(?!\d)")  # without line numbers
COUNT = re.compile(r"^([^\s:][^:\n]{0,300}):(\d+)$")
BARE = re.compile(r"^[\w@.+~/\\-]+$")


def mark(lines: Sequence[str]) -> Marks:
    """The file is a fact of its first hit: `path (12)`. A list of files, or of counts, has each as a fact."""
    found = marks()
    runs: list[tuple[str, int, int, int]] = []  # path, first line, last line, hits
    for number, line in enumerate(lines, 1):
        head = line[:400]
        counted = COUNT.match(head)
        if counted is not None:
            found.facts[number] = (head.strip(),)
            continue
        match = HIT.match(head) or NAMED.match(head)
        if match is None:
            if BARE.match(head) and ("/" in head or "." in head):
                found.facts[number] = (head,)
            continue
        is_hit = not head[match.end(1) :].startswith("-")
        if runs and runs[-1][0] == match[1]:
            path, first, _, hits = runs[-1]
            runs[-1] = (path, first, number, hits + is_hit)
        else:
            runs.append((match[1], number, number, int(is_hit)))
    for path, first, last, hits in runs:
        found.blocks.append(Block("file", f"{path} ({hits})"[-100:], first, first, last))
        found.facts[first] = (f"{path} ({hits})",)
    return found
