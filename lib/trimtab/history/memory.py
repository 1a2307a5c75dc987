"""What a conversation was working on, kept so that it can be told again after a compaction: paths, lines, failures.

Files in work are those that were edited or read by range, with these lines where they are now; a file that was only
read whole leaves its name. A command is failing while its newest run failed. What the user chose when asked is a
decision. The client itself puts back whole the five files that were read or edited last, each up to 5,000 tokens, of a
larger one a line that it was read (client 2.1.328, read in its code and tried); no hook changes which.
Measured on 34 recorded compactions: docs/cold-cache.md.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

MOST_FILES, MOST_COMMANDS, MOST_ANSWERS = 60, 40, 8  # kept; chosen
MOST_OTHERS = 12  # names of files that were only read whole; chosen
RANGES, EDITS = 3, 3  # of a file, kept and told
MARGIN = 8  # lines between two ranges that are told as one; chosen
LONGEST = 160  # characters of a command, an error, an answer
SHORTEST_EDIT, LONGEST_EDIT = 12, 4_000  # characters; a shorter text may be in many places, of a longer its begin
NUMBERED = re.compile(r"^[ ]*(\d+)(?:\t|→)", re.M)
ANSWERED = re.compile(r'"([^"\n]{3,400})"="([^"\n]{1,400})"')
NOT_RUN = re.compile(  # of a command that did not run, or that the user stopped (client 2.1.328 and recordings)
    r"\A\s*(?:The user doesn't want to |Permission to use |<tool_use_error>(?:Sibling tool call|Cancelled|Blocked))"
    r"|^\[Request interrupted by user[^\]\n]*\]\s*\Z",
    re.M,
)
NO_HIT = "Exit code 1"  # and nothing else: a search that found nothing, a test that was not so
ERROR = re.compile(r"error|fail|exception|assert|panic|not found|denied", re.I)

Lines = tuple[int, int]


class Work(NamedTuple):
    """One file: the lines that were read by range, newest last, and the texts that edits put in."""

    ranges: tuple[Lines, ...] = ()
    edits: tuple[str, ...] = ()


class Memory:
    """Follows a conversation's calls and results, over compactions too: the newest use of each counts."""

    def __init__(self) -> None:
        self.files: OrderedDict[str, Work] = OrderedDict()  # oldest use first
        self.failing: OrderedDict[str, str] = OrderedDict()  # by command, what it said
        self.answers: OrderedDict[str, str] = OrderedDict()

    def result(self, tool: str, given: dict[str, object], text: str, is_error: bool) -> None:
        """What a call came to."""
        path, command = words(given, "file_path"), words(given, "command")
        if tool == "Bash" and command:
            self._ran(command, text, is_error)
        elif tool == "AskUserQuestion":
            for question, answer in ANSWERED.findall(text):
                keep(self.answers, question, answer, MOST_ANSWERS)
        elif path and not is_error:
            before = self.files.get(path, Work())
            if tool == "Read" and (given.get("offset") or given.get("limit")):
                numbers = [int(number) for number in NUMBERED.findall(text)]
                seen = (numbers[0], numbers[-1]) if numbers else None
                before = before._replace(ranges=(*before.ranges, *([seen] if seen else []))[-RANGES:])
            elif tool in ("Edit", "MultiEdit", "Write", "NotebookEdit"):
                before = before._replace(edits=(*before.edits, *edited(given))[-EDITS:])
            elif tool != "Read":
                return
            keep(self.files, path, before, MOST_FILES)

    def _ran(self, command: str, text: str, is_error: bool) -> None:
        if is_error and NOT_RUN.search(text):
            return
        name = " ".join(command.split())[:LONGEST]
        self.failing.pop(name, None)
        if is_error and text.strip() != NO_HIT:
            keep(self.failing, name, first_error(text), MOST_COMMANDS)


def keep(places: "OrderedDict[str, Work] | OrderedDict[str, str]", name: str, value: object, most: int) -> None:
    """Puts `name` last, and drops the oldest beyond `most`."""
    places.pop(name, None)
    places[name] = value  # type: ignore[assignment]
    while len(places) > most:
        places.popitem(last=False)


def words(given: dict[str, object], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""


def edited(given: dict[str, object]) -> list[str]:
    """The texts that an edit put in; of a whole file none: every line would be in work."""
    edits = given.get("edits")
    each = [edit for edit in edits if isinstance(edit, dict)] if isinstance(edits, list) else [given]
    texts = (words(edit, "new_string")[:LONGEST_EDIT] for edit in each)
    return [text for text in texts if len(text) >= SHORTEST_EDIT]


def first_error(text: str) -> str:
    """The first line that speaks of an error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = next((line for line in lines if ERROR.search(line) and not line.startswith("Exit code")), "")
    return (telling or (lines[-1] if lines else ""))[:LONGEST]


def in_work(work: Work, text: str | None) -> tuple[Lines, ...]:
    """The lines to be told: those of edits where they are now, then those read; near ones as one, in order."""
    found = [place for edit in work.edits if text is not None and (place := place_of(edit, text))]
    last = text.count("\n") + 1 if text is not None else 0
    read = [(first, min(end, last)) for first, end in work.ranges if first <= last]
    joined: list[Lines] = []
    for first, end in sorted([*found, *read]):
        if joined and first <= joined[-1][1] + MARGIN:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((first, end))
    return tuple(joined)


def place_of(edit: str, text: str) -> Lines | None:
    """The lines of `edit` in the file; None where it is not there any more, or not just once."""
    start = text.find(edit)
    if start < 0 or text.find(edit, start + 1) >= 0:
        return None
    first = text.count("\n", 0, start) + 1
    return first, first + edit.rstrip("\n").count("\n")


def told(
    memory: Memory, text_of: Callable[[str], str | None], root: str, size_of: Callable[[str], int], most_tokens: int
) -> str:
    """What the model gets after a compaction, at most `most_tokens` by `size_of`; "" where there is nothing.

    `text_of` is a file's text as it is now, None where it is gone or no text. Paths below `root` are told from there.
    Failures come first, then what the user chose, then files, those used last first; what does not fit is left out.
    """
    lines = ["Trimtab, from before the summary:"]
    lines += [f"Fails: `{command}` ({error})" for command, error in list(memory.failing.items())[-3:]]
    lines += [f"User chose: {cut(question)} {cut(answer)}" for question, answer in list(memory.answers.items())[-3:]]
    lines += file_lines(memory, text_of, root)
    if len(lines) == 1:
        return ""
    while len(lines) > 1 and size_of("\n".join(lines)) > most_tokens:
        lines.pop()
    return "\n".join(lines) if len(lines) > 1 else ""


def file_lines(memory: Memory, text_of: Callable[[str], str | None], root: str) -> list[str]:
    """A line for each file that was edited or read by range, used last first; the others' names in one line after."""
    said: list[str] = []
    others: list[str] = []
    for path, work in reversed(memory.files.items()):
        text = text_of(path)
        name = path[len(root) + 1 :] if path.startswith(root.rstrip("/") + "/") else path
        places = in_work(work, text)
        if places or work.edits:
            where = ", ".join(f"{first}-{last}" if first != last else f"{first}" for first, last in places)
            said.append(f"- {name}: {'edited' if work.edits else 'read'}" + (f", lines {where}" if where else ""))
        elif len(others) < MOST_OTHERS:
            others.append(name)
    return [*said, f"Also read: {', '.join(others)}"] if others else said


def cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
