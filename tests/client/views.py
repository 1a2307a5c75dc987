"""Reads a view as it went over the wire: which lines of the file it shows, what it folds, what else it says."""

import re
from typing import NamedTuple

from tests.client.model import Call

CELL = re.compile(r'^<cell id="[^"]*">(.*)</cell id="[^"]*">$', re.DOTALL)
NUMBERED = re.compile(r"^ *(\d+)(?:\t(.*))?$", re.DOTALL)  # no tab: the last, empty line where a reminder follows
FOLD = re.compile(r"^\.\.\. Read offset=(\d+) limit=(\d+)(.*)$")
REMINDER = "\n\n<system-reminder>"  # what some models' results get appended by the client


class Fold(NamedTuple):
    """A fold's line: the range, the names in it, and the Read that it gives."""

    first: int
    last: int
    names: str
    line: str

    def read(self, path: object) -> list[Call]:
        """The turn that makes the Read which the fold's line names."""
        match = FOLD.match(self.line)
        assert match
        return [Call("Read", {"file_path": str(path), "offset": int(match[1]), "limit": int(match[2])})]


class Shown(NamedTuple):
    """A Read's result. `lines` are those with a number; `rest` is what is neither a numbered line nor a fold."""

    is_view: bool
    lines: dict[int, str]
    folds: tuple[Fold, ...]
    rest: tuple[str, ...]


def parse(result: str) -> Shown:
    """The result of a Read: a view, or the file as the client shows it."""
    text = result.partition(REMINDER)[0]
    cell = CELL.match(text)
    lines: dict[int, str] = {}
    folds, rest = [], []
    for line in (cell[1] if cell else text).split("\n"):
        if cell and (fold := FOLD.match(line)):
            first, size = int(fold[1]), int(fold[2])
            folds.append(Fold(first, first + size - 1, fold[3], line))
        elif numbered := NUMBERED.match(line):
            lines[int(numbered[1])] = numbered[2] or ""
        else:
            rest.append(line)
    return Shown(bool(cell), lines, tuple(folds), tuple(rest))


def what_is_wrong(shown: Shown, text: str) -> list[str]:
    """Every way in which `shown` is not a true showing of a file that holds `text`; lines end at a newline only."""
    want = dict(enumerate(text.split("\n"), 1))
    wrong = [
        f"line {n} is {line!r}, the file has {want.get(n)!r}" for n, line in shown.lines.items() if want.get(n) != line
    ]
    for fold in shown.folds:
        wrong += [f"line {n} is shown and folded" for n in range(fold.first, fold.last + 1) if n in shown.lines]
    held = set(shown.lines).union(*(range(fold.first, fold.last + 1) for fold in shown.folds))
    missing = sorted(set(want) - held - ({len(want)} if not want[len(want)] else set()))
    if missing:
        wrong.append(f"neither shown nor folded: {missing[:10]}")
    return wrong + [f"a line of neither kind: {line!r}" for line in shown.rest]
