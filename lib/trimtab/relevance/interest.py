"""What an agent has shown interest in, from its conversation in order: what it was asked, searched, ran, edited.

Pure: the same conversation gives the same interest.
"""

import itertools
import re
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from trimtab.relevance import words

NAME = re.compile(r"[A-Za-z_]\w{2,}")
PLACE = re.compile(r"([\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9}|[Mm]akefile|Dockerfile):(\d{1,6})\b")
FRAME = re.compile(r'File "([^"\n]+)", line (\d{1,6})')
FAILED = re.compile(
    r"(?:FAILED|FAIL:?|ERROR|✗|×|not ok|\[err\]:|<<< FAILURE!)[ \t]+(\S[^\n]{0,200})"
    r"|^(\S+)(?: \.\.\. FAILED|.*<<< FAILURE!)$",
    re.M,
)
# Words of shells, prompts and languages that say nothing about which lines matter.
COMMON = frozenset(
    """
    about add after all also and any are argument arguments assert async await because been before being bool
    boolean break but bytes can case catch change check class code const continue could data def default del
    description does done each echo elif else error except export extends false file files final finally find fix
    float for from func function get git given global grep has have head help here how import include instead int
    interface into its json lambda let like line lines list log long look main make match method more name need
    new nil none nonlocal not null number object off one only open option options out package param params pass
    path please print private property public pub raise read result return run self set should show sort src
    static str string struct super switch system tail tests test text than that the their them then there these
    they this throw true try tuple type types undefined update use used using value values var version void was
    what when where which while will with work would write xargs yield you your sed awk cat usr bin env
    """.split()  # noqa: SIM905  (a list of 150 quoted words is no easier to read)
)
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
# Fitted by hand to recorded sessions and to release pairs and commits played by script (docs/relevance.md).
# The chance that a line will be changed or looked up which has the load's only mention of a name that ...
SEARCHED = 0.06  # was searched for
STEM = 0.08  # is a file's that was asked about, without its ending
FOUND = 0.02  # is a file's that a search or a trace pointed into, beside few others
ASKED = 0.008  # the prompt has
SENT = 0.008  # the prompt of a subagent has
CHANGED = 0.005  # an edit put in or took out
FAILED_TEST = 0.005  # is a failed test's
SAID = RAN = EDITED = 0.0005  # the agent wrote, stands in a command, stands beside an edit's change
# ... and of a line that
HIT = 0.03  # a search found
TRACED = 0.11  # a trace, a test, a diagnostic or somebody pointed at
FILE = re.compile(
    r"(?<![\w@.+-])(?:[\w@.+~-]*/)*([A-Za-z_][\w-]{2,})\."
    r"(?:py|pyi|pyx|[cm]?[jt]sx?|vue|svelte|go|rs|java|kt|kts|scala|swift|c|cc|cpp|cxx|h|hh|hpp|cs|rb|php|sh|sql|lua|ex|exs"
    r"|md|rst|toml|ya?ml|json|html|s?css)(?![\w/(])"
)
COMMON_STEMS = frozenset(
    """
    __init__ changelog config conftest index init lib main mod package readme setup test tests types util utils
    """.split()  # noqa: SIM905
)
SEARCHES = re.compile(r"\b(?:grep|rg|ag)\b")
BARE = re.compile(r"^(\d{1,6}):", re.M)
MOST_FOUND = 12  # chosen: a search that hits more files says little of each
MOST_EVIDENCE = 240  # pieces of evidence kept; older ones have faded by then
INHERITED = 0.8  # of a name's strength that is left for a subagent
FADE = 0.98  # per piece of evidence that came after; half is left after 34


class Clue(NamedTuple):
    """One piece of evidence: names, and lines of files, each with the chance that a line is needed for it."""

    names: Mapping[str, float]
    places: Mapping[str, Mapping[int, float]]  # by the end of a path, then by line


class Interest:
    """What a conversation has shown interest in so far."""

    def __init__(self) -> None:
        self._clues: deque[Clue] = deque(maxlen=MOST_EVIDENCE)
        self.task = ""  # the newest prompt
        self.seen: set[str] = set()  # every word that came up since the start or the last compaction
        self.edited: set[str] = set()  # paths

    def asked(self, prompt: str) -> None:
        self.task = prompt
        self.seen |= words.words_in(prompt)
        self._add({**weigh(prompt, ASKED), **stems_in(prompt)}, places_in(prompt, TRACED))

    def said(self, text: str) -> None:
        self.seen |= words.words_in(text)
        self._add(weigh(text, SAID), places_in(text, HIT))

    def called(self, tool: str, arguments: Mapping[str, object]) -> None:
        """A tool call: what it searches for or edits is of interest, what it merely writes is not."""
        self.seen |= words.words_in(strings_in(arguments))
        if tool == "Grep":
            self._add(searched(text_of(arguments, "pattern")), {})
        elif tool == "Bash":
            command = text_of(arguments, "command")
            sought = searched(" ".join(QUOTED.findall(command))) if SEARCHES.search(command) else {}
            self._add({**weigh(command, RAN), **stems_in(command), **sought}, places_in(command, TRACED))
        elif tool in ("Edit", "MultiEdit"):
            self.edited.add(text_of(arguments, "file_path"))
            edits = arguments.get("edits")
            parts = [e for e in edits if isinstance(e, dict)] if isinstance(edits, list) else [arguments]
            for part in parts:
                old, new = text_of(part, "old_string"), text_of(part, "new_string")
                before, after = NAME.findall(old), NAME.findall(new)
                changed = [n for n in before if n not in after] + [n for n in after if n not in before]
                self._add({**weigh(old, EDITED), **{name: CHANGED for name in changed if is_telling(name)}}, {})
        elif tool in ("Agent", "Task"):
            sent = text_of(arguments, "prompt")
            self._add({**weigh(sent, SENT), **stems_in(sent)}, {})

    def saw(self, tool: str, text: str, command: str = "") -> None:
        """A result: the places it names (searches, stack traces) and the tests that failed.

        A search in one file prints bare line numbers: they belong to the file that `command` names.
        """
        self.seen |= words.words_in(text)
        if tool == "Read":
            return
        places = places_in(text, HIT if tool in ("Grep", "Glob") or SEARCHES.search(command) else TRACED)
        if SEARCHES.search(command) and not places:
            files = [word for word in re.split(r"[\s'\"|;&()<>=]+", command) if re.search(r"\.\w{1,8}$", word)]
            hits = [int(number) for number in BARE.findall(text[:100_000])[:400]]
            places = {file: dict.fromkeys(hits, HIT) for file in files[-1:]}
        names: dict[str, float] = {}
        for match in FAILED.finditer(text[:200_000]):
            names.update(weigh(match[1] or match[2], FAILED_TEST))
        if len(places) <= MOST_FOUND:
            for stem in itertools.chain.from_iterable(map(stems_in, places)):
                names.setdefault(stem, FOUND)
        self._add(names, places)

    def compacted(self) -> None:
        """After a compaction the task and the newest clues still stand, the rest is history."""
        kept = list(self._clues)[-20:]
        self._clues.clear()
        self._clues.extend(kept)
        self.seen.clear()

    def inherit(self, other: "Interest") -> None:
        """Take over what another agent is after, for one that it has sent; what it has seen this one has not."""
        self._clues.extend(Clue({n: INHERITED * s for n, s in c.names.items()}, c.places) for c in other._clues)

    def names(self) -> dict[str, float]:
        """How much each name is of interest now, as a chance: that of the strongest evidence, faded since."""
        total: dict[str, float] = {}
        weight = 1.0
        for clue in reversed(self._clues):
            for name, strength in clue.names.items():
                total[name] = max(total.get(name, 0.0), strength * weight)
            weight *= FADE
        return total

    def lines(self, path: str) -> dict[int, float]:
        """How much each line of the file at `path` was pointed at, as a chance."""
        total: dict[int, float] = {}
        is_here: dict[str, bool] = {}
        weight = 1.0
        for clue in reversed(self._clues):
            for named, lines in clue.places.items():
                if named not in is_here:
                    is_here[named] = same_file(path, named)
                if is_here[named]:
                    for line, strength in lines.items():
                        total[line] = max(total.get(line, 0.0), strength * weight)
            weight *= FADE
        return total

    def _add(self, names: Mapping[str, float], places: Mapping[str, Mapping[int, float]]) -> None:
        if names or places:
            self._clues.append(Clue(names, places))


def strings_in(value: object) -> str:
    """All strings inside a JSON value, joined by line ends."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "\n".join(strings_in(part) for part in value.values())
    return "\n".join(strings_in(part) for part in value) if isinstance(value, list) else ""


def text_of(arguments: Mapping[str, object], key: str) -> str:
    value = arguments.get(key)
    return value if isinstance(value, str) else ""


def searched(pattern: str) -> dict[str, float]:
    """The names in a search's pattern: whatever the agent looked for counts as SEARCHED, common or not."""
    return dict.fromkeys(NAME.findall(pattern[:2000]), SEARCHED)


def stems_in(text: str) -> dict[str, float]:
    """The names of the files that `text` speaks of, without folders and endings: what imports and uses them say."""
    found = {match[1]: STEM for match in FILE.finditer(text[:20_000])}
    return {stem: strength for stem, strength in found.items() if stem.lower() not in COMMON_STEMS}


def is_telling(name: str) -> bool:
    return len(name) >= 3 and name.lower() not in COMMON


def weigh(text: str, strength: float) -> dict[str, float]:
    """The names in `text`; compound ones (`a_b`, `aB`, with digits) say more than plain words, `strength` is theirs."""
    found: dict[str, float] = {}
    for name in NAME.findall(text[:20_000]):
        if is_telling(name):
            is_compound = (
                "_" in name.strip("_")
                or any(c.isdigit() for c in name)
                or (name != name.lower() and name[1:] != name[1:].lower())
            )
            found[name] = strength if is_compound or len(name) > 9 else strength * 0.5
    return found


def places_in(text: str, strength: float) -> dict[str, dict[int, float]]:
    """The first 400 `path:line` references and stack frames in `text`."""
    found: dict[str, dict[int, float]] = {}
    for pattern in (PLACE, FRAME):
        for match in itertools.islice(pattern.finditer(text[:400_000]), 400):
            found.setdefault(match[1], {})[int(match[2])] = strength
    return found


def same_file(path: str, named: str) -> bool:
    """Whether `named`, as a search or trace printed it, can be `path`: equal from the end, whole names only."""
    named = named.removeprefix("./").replace("\\", "/")
    return (
        path == named
        or path.endswith("/" + named.lstrip("/"))
        or (len(path) < len(named) and named.endswith("/" + path.lstrip("/")))
    )
