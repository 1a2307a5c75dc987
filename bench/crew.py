"""The arena's script that delegates: one agent finds where to change, one makes changes, one reviews them.

The main conversation sends an agent of group 1 (it looks for the places and reports each as path:line), makes every
second file's edits itself and has an agent of group 3 make the others', then has an agent of group 4 read the diff and
judge it. Each acts only on what it was shown (see agent.py): whoever was not shown what its job needs goes looking, and
every such turn is a recovery of its own. Reports have the length of recorded ones (half have over 716 words), and are
the same whatever was shown. In the background the main conversation works on while an agent runs, and waits for the
notification after that.
"""

import re
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from tests.client.model import Agent, Call, Reply, Turn, bash, delegate, read
from tests.client.views import FOLD

from bench.agent import Score, Search, Work
from bench.changes import Change, Edit, Task, apply

MAIN, SCOUT, MAKER, REVIEWER = "main", "group 1", "group 3", "group 4"
AGENTS = {  # of the plugin trimtab-agents, which is there in every arm
    SCOUT: "trimtab-agents:context-scout",
    MAKER: "trimtab-agents:change-maker",
    REVIEWER: "trimtab-agents:change-reviewer",
}
DEFINES = re.compile(r"^\s*(?:async )?(?:def|class|func|fn|struct|function)\s+(\w+)", re.M)
THINKS_S = 0.2  # chosen; a model takes seconds
MOST_DEFINED = 10  # per related file, that a report lists
QUOTED = 3  # places that a report quotes the lines of
KEPT = re.compile(r"^\s*\.\.\. whole output: (.+)$", re.M)
NUMBER = re.compile(r"^ *\d+(?:\t|→)", re.M)  # of a line that a Read shows
NOTIFIED = "<task-notification>"
Told = Generator[Turn, Reply, str]


def thinking(agent: Agent, hear: Callable[[Reply], None] = lambda _: None) -> Agent:
    """The agent, with the time that a model takes at least before each of its turns; `hear` gets what it is told.

    The client writes its transcript meanwhile. Answered at once it had not written the last result on a loaded machine.
    """
    turn = next(agent)
    while True:
        time.sleep(THINKS_S)
        reply = yield turn
        hear(reply)
        try:
            turn = agent.send(reply)
        except StopIteration:
            return


def grep(path: Path, word: str) -> list[Call]:
    """A search by the tool, for an agent that has no shell."""
    return [Call("Grep", {"pattern": re.escape(word), "path": str(path), "output_mode": "content", "-n": True})]


class Scout(Work):
    """An agent that looks and changes nothing; it has no shell."""

    def search(self, path: Path, word: str) -> list[Call]:
        return grep(path, word)

    def play(self) -> Agent:
        """Look up every place that is to change, and two related files; report the places."""
        for term in self.task.terms:
            yield grep(self.root, term)
        for file in (*self.task.changes, *self.task.related[:2]):
            yield from self.look_up(file)
        yield "\n".join(self.report())

    def report(self) -> Iterator[str]:
        places = [(change, place) for change in self.task.changes for place in reversed(change.edits)]
        yield f"The change is in {len(places)} places of {len(self.task.changes)} files; nothing else has to move."
        yield "\n## Places, the most important first\n"
        for number, (change, place) in enumerate(places):
            name, names = enclosing(change.before, place.first), ", ".join(f"`{word}`" for word in telling(place.old))
            yield f"- `{change.path}:{place.first}` in `{name}`: {len(place.lines)} lines change that name {names}."
            if number < QUOTED:
                yield f"\n```python\n{place.old.rstrip()}\n```\n"
        yield "\n## How they hang together\n"
        for file in self.task.related[:2]:
            found = list(DEFINES.finditer(file.before))
            yield f"`{file.path}` uses what changes; it defines {len(found)} names, and needs no change:\n"
            for match in found[:MOST_DEFINED]:
                line = file.before.count("\n", 0, match.start(1)) + 1
                yield f"- `{match[1]}` at {file.path}:{line}, called by name and covered by the tests as they are"
        yield "\n## Not looked at\n\nBuild files, and everything that no search for the names found."


class Maker(Work):
    def play(self) -> Agent:
        for change in self.task.changes:
            yield from self.make(change)
        yield bash("git diff --stat")
        made = [f"- {path}:{one.first}: as asked, {len(one.lines)} lines" for path, one in placed(self.score)]
        yield "\n".join(["Done: every change of the plan is made.", "", *made, "", "`git diff --stat` shows them."])


class Reviewer(Work):
    """It needs every changed line of the diff, and the lines around each change in the files as they are now."""

    def play(self) -> Agent:
        shown = (yield bash("git diff")).text
        for change in self.task.changes:
            yield from self.judge(change.path, shown)
        for change in self.task.changes:
            yield from self.look_up(after(change))
        yield "\n".join(self.report())

    def judge(self, path: str, shown: str) -> Search:
        """Every changed line of one file has to be shown; a fold that may hide one is read."""
        hunks = hunks_of(self.root, path)
        self.score.edits += len(hunks)
        self.score.in_first_view += sum(hunk <= lines_of(shown) for hunk in hunks)
        wanted = frozenset().union(*hunks)
        if not wanted <= lines_of(shown) and not kept_place(shown):  # the client cut it
            self.score.recoveries += 1
            shown += "\n" + (yield bash(f"git diff -- '{path}'")).text
        for fold in filter(None, map(FOLD.match, shown.split("\n"))):
            if not wanted <= lines_of(shown) and kept_place(shown):
                self.score.recoveries += 1
                part = (yield read(kept_place(shown), int(fold[1]), int(fold[2]))).text
                shown += "\n" + NUMBER.sub("", part)
        if not wanted <= lines_of(shown):
            self.score.notes.append(f"not all of the diff was shown: {path}: {sorted(wanted - lines_of(shown))[:2]}")

    def report(self) -> Iterator[str]:
        yield "Verdict: merge after repairs. The change does what it is for; two callers are not covered by tests.\n"
        yield "## Findings, the worst first\n"
        for change in self.task.changes:
            for one in after(change).edits:
                names = ", ".join(f"`{word}`" for word in telling(one.old))
                yield f"- {change.path}:{one.first}: {names or 'the text'}: read with its callers, no defect shown."
        yield "\n## Not checked\n\nThe behaviour under load, and platforms other than this one."


class Crew:
    """One run of `task`, checked out at `root`. `names_places`: what is delegated names places, else files alone."""

    def __init__(self, task: Task, root: Path, in_background: bool = False, names_places: bool = True) -> None:
        mine, theirs = task.changes[1::2], task.changes[0::2]
        self.task, self.in_background, self.names_places = task, in_background, names_places
        self.main = Work(task._replace(changes=mine), root)
        self.works: dict[str, Work] = {
            MAIN: self.main,
            SCOUT: Scout(task, root),
            MAKER: Maker(task._replace(changes=theirs), root),
            REVIEWER: Reviewer(task, root),
        }
        self._next = iter((SCOUT, MAKER, REVIEWER))
        self._notified: list[str] = []

    def play(self) -> Agent:
        """The main conversation; every note on the way is heard."""
        return thinking(self.conversation(), self._hear)

    def sub(self) -> Agent:
        """The next agent that is started: one at a time, in this order."""
        work = self.works[next(self._next)]
        assert isinstance(work, Scout | Maker | Reviewer)
        return thinking(work.play())

    def _hear(self, reply: Reply) -> None:
        self._notified += [note for note in reply.notes if NOTIFIED in note]

    def conversation(self) -> Agent:
        yield bash("git log --oneline -20 && git status && ls -R | head -150")
        found = yield from self.sent(SCOUT, self.asked(), iter(()))
        yield from self.places(found)
        own = iter(self.main.task.changes)
        if not self.in_background:
            for change in own:
                yield from self.main.make(change)
        yield from self.sent(MAKER, self.plan(), own)
        verdict = yield from self.sent(REVIEWER, f"Review the change in the working tree: {self.task.prompt}", iter(()))
        self.main.score.spots += 1
        self.main.score.spots_in_view += "Verdict: merge after repairs." in verdict
        yield bash("git diff --stat")
        yield "The change is made and reviewed."

    def sent(self, role: str, prompt: str, own: Iterator[Change]) -> Told:
        """Send an agent and have its report; in the background its sender makes its `own` changes meanwhile."""
        before = len(self._notified)
        told = (yield delegate(prompt, AGENTS[role], self.in_background)).text
        if not self.in_background:
            return told
        for change in own:
            yield from self.main.make(change)
        while len(self._notified) == before:
            yield "I wait for the agent."
        return self._notified[before]

    def asked(self) -> str:
        return f"Find the places to change, as path:line, and what uses them. {self.task.prompt}"

    def plan(self) -> str:
        """What the maker is asked: the places that were reported, or its files alone."""
        changes = self.works[MAKER].task.changes
        if not self.names_places:
            return f"Make the changes in these files: {', '.join(change.path for change in changes)}"
        places = [
            f"- {change.path}:{one.first} in {enclosing(change.before, one.first)}"
            for change in changes
            for one in reversed(change.edits)
        ]
        return "\n".join(["Make the changes at these places, and run the check:", *places])

    def places(self, report: str) -> Search:
        """Every place has to stand in the report that arrived; where one does not, the whole report is read."""
        score = self.main.score
        wanted = [f"{change.path}:{one.first}" for change in self.task.changes for one in change.edits]
        score.spots += len(wanted)
        score.spots_in_view += sum(place in report for place in wanted)
        if all(place in report for place in wanted):
            return
        path = kept_place(report)
        score.recoveries += 1
        whole = (yield read(path, 1, 2000)).text if path else ""
        score.notes += [f"no such place in the report: {place}" for place in wanted if place not in report + whole]


def after(change: Change) -> Change:
    """The file with its edits made, and the places where they are now."""
    text = apply(change.before, change.edits)
    found = [Edit(text[: text.find(one.new)].count("\n") + 1, one.new, "") for one in change.edits if one.new.strip()]
    return Change(change.path, text, tuple(found))


def hunks_of(root: Path, path: str) -> list[frozenset[str]]:
    """By hunk of a file's diff, the lines that it takes out and puts in, with their signs."""
    diff = subprocess.run(["git", "-C", str(root), "diff", "--", path], capture_output=True, text=True, check=True)
    return [lines_of(hunk.partition("\n")[2]) for hunk in re.split(r"^@@", diff.stdout, flags=re.M)[1:]]


def lines_of(diff: str) -> frozenset[str]:
    """The changed lines in what was shown of a diff, without blanks at their ends."""
    return frozenset(line.rstrip() for line in diff.split("\n") if line[:1] in ("+", "-") and line[1:].strip())


def kept_place(shown: str) -> str:
    """Where the whole of a result is kept, "" where it was shown whole."""
    match = KEPT.search(shown)
    return match[1].strip() if match else ""


def enclosing(text: str, line: int) -> str:
    """The name of the last definition at or above a line."""
    found = DEFINES.findall("\n".join(text.split("\n")[:line]))
    return found[-1] if found else "the module"


def telling(text: str) -> list[str]:
    """Up to three of the longest names in a text."""
    return sorted(set(re.findall(r"[A-Za-z_]\w{5,}", text)), key=lambda word: (-len(word), word))[:3]


def placed(score: Score) -> Iterator[tuple[str, Edit]]:
    for path, edits in score.made.items():
        for one in edits:
            yield path, one
