"""The arena's scripted agent: it searches, delegates, reads, makes a task's edits, and looks at what it did.

It acts only on what it was shown. Before an edit it looks for the lines to replace in the results it was sent, whole
and in order; where a view folded them it goes looking without knowing where they are, and every such turn counts as a
recovery. A model would do more than that: think, err, read twice. So a good figure here is necessary, not sufficient.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from tests.client.model import Agent, Call, Reply, bash, delegate, edit, read
from tests.client.views import parse

from bench.changes import Change, Edit, Task

PAGE = 120  # lines that are read at once when something is looked for; also the widest gap that is read whole
Search = Generator[list[Call], Reply, None]


@dataclass
class Score:
    """What happened in one run."""

    edits: int = 0  # wanted
    in_first_view: int = 0  # of them, the lines to replace were in the first Read of their file
    spots: int = 0  # places to look up in related files
    spots_in_view: int = 0
    recoveries: int = 0
    notes: list[str] = field(default_factory=list)
    made: dict[str, list[Edit]] = field(default_factory=dict)  # per file, the edits that the client says it made


class Seen:
    """The numbered lines of one file that the agent was shown, by what they were in the file when it was first read."""

    def __init__(self, file: Change) -> None:
        self.file = file
        self.numbers: set[int] = set()
        self.runs: list[list[str]] = []

    def take(self, reply: Reply) -> None:
        shown = parse(reply.text)
        self.numbers |= set(shown.lines)
        run: list[str] = []
        previous = 0
        for number, line in sorted(shown.lines.items()):
            if number != previous + 1:
                self.runs.append(run)
                run = []
            run.append(line.rstrip())
            previous = number
        self.runs += [run, [line.rstrip() for line in shown.rest]]

    def holds(self, place: Edit) -> bool:
        """Whether the place's lines were shown together, verbatim but for blanks at their ends."""
        want = [line.rstrip() for line in place.lines]
        return any(
            run[start : start + len(want)] == want for run in self.runs for start in range(len(run) - len(want) + 1)
        )


class Work:
    """One run of `task`, checked out at `root`."""

    def __init__(self, task: Task, root: Path) -> None:
        self.task, self.root = task, root
        self.score = Score()

    def play(self) -> Agent:
        """The main conversation."""
        changes, related = self.task.changes, self.task.related
        yield bash("git log --oneline -20 && git status && ls -R | head -150")
        for term in self.task.terms:
            yield bash(f"grep -rnI --exclude-dir=.git -e '{term}' . | head -40")
        if related[2:]:
            yield delegate("Read these files and report what they define: " + ", ".join(c.path for c in related[2:]))
        for file in related[:2]:
            yield from self.look_up(file)
        for change in changes:
            yield from self.make(change)
        yield read(self.root / max(changes, key=lambda change: len(change.edits)).path)
        yield bash("git diff")
        yield bash("git diff --stat")
        yield "The change is made."

    def survey(self) -> Agent:
        """A subagent: the same report, whatever it was shown."""
        report = []
        for file in self.task.related[2:]:
            yield from self.look_up(file)
            found = re.findall(r"^\s*(?:def|class|func|fn|struct|function)\b.*", file.before, re.MULTILINE)
            report += [f"## {file.path}", *(f"- `{line.strip()[:140]}`" for line in found[:25])]
        yield "\n".join(report)

    def look_up(self, file: Change) -> Search:
        """Read a related file, and go after the places of interest that the result doesn't show."""
        seen = Seen(file)
        seen.take((yield read(self.root / file.path)))
        for place in file.edits:
            self.score.spots += 1
            self.score.spots_in_view += seen.holds(place)
            yield from self.find(seen, place)

    def make(self, change: Change) -> Search:
        """Read a file and make its edits, from the last line to the first."""
        path, seen = self.root / change.path, Seen(change)
        made = self.score.made.setdefault(change.path, [])
        seen.take((yield read(path)))
        self.score.edits += len(change.edits)
        self.score.in_first_view += sum(map(seen.holds, change.edits))
        for wanted in change.edits:
            yield from self.find(seen, wanted)
            if not seen.holds(wanted):
                self.score.notes.append(f"never shown: {change.path}:{wanted.first}")
                continue
            done = yield edit(path, wanted.old, wanted.new)
            if done.is_error:
                self.score.notes.append(f"refused: {change.path}:{wanted.first}: {done.text[:120]}")
            else:
                made.append(wanted)

    def search(self, path: Path, word: str) -> list[Call]:
        """Look for a word in a file."""
        return bash(f"grep -n -e '{word}' '{path}' | head -40")

    def find(self, seen: Seen, place: Edit) -> Search:
        """Get at a place that was not shown: the gap that it must be in where that is small, else by searching."""
        if seen.holds(place):
            return
        path, before = self.root / seen.file.path, seen.file.before
        last = place.first + len(place.lines) - 1
        start = max((number for number in seen.numbers if number <= place.first), default=1)
        end = min((number for number in seen.numbers if number >= last), default=before.count("\n") + 1)
        around = read(path, max(1, place.first - PAGE // 2), last - place.first + PAGE)
        words = {word: before.count(word) for word in re.findall(r"\w{4,}", place.old)}
        if end - start <= PAGE:
            attempts = [read(path, start, end - start + 1)]
        elif words:
            rarest = min(words, key=lambda word: (words[word], word))
            attempts = [self.search(path, rarest), around]
        else:
            attempts = [around]
        for attempt in [*attempts, read(path, max(1, place.first - PAGE), last - place.first + 2 * PAGE)]:
            self.score.recoveries += 1
            seen.take((yield attempt))
            if seen.holds(place):
                return
