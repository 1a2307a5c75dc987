"""What holds for any output: errors, their places, and stack traces are kept, redrawn progress and repetition fold."""

import re
from collections.abc import Sequence

from trimtab.content import prose
from trimtab.content.marks import Marks, marks
from trimtab.content.outputs import traces
from trimtab.content.outputs.kind import LONGEST_LINE, keep, keep_of
from trimtab.records import Block

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
BEGINS = re.compile(
    r"\s*(?:\S+: )?(?:fatal|FATAL|[Ee]rror|ERROR|panic|PANIC|CRITICAL|Traceback|Uncaught|Unhandled|SyntaxError|Exception in|Caused by)\b"
    r"|\s*(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Fault|Panic)\b[:(]"
    r"|\s*(?:[\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9})[:(]\d{1,6}[:,)].{0,40}\b(?:error|Error|FAILED|failed)\b"
    r"|(?:exit|Exit) (?:code|status)\b|make: \*\*\*|[✗✘×] "
    r"|\s*(?:[Ww]arning|WARNING):|\s*(?:Found )?\d+ (?:errors?|warnings?|failures?|problems?|vulnerabilities|incidents?)\b"
)
COMPLAINS = re.compile(
    r"^(?:fatal|error|warning): |^[\w./-]{1,40}: .*(?:No such file|[Pp]ermission denied|cannot |can't )"
)
PANIC = re.compile(r"panicked at .*:$")  # what it says is on the next line
PHRASES = (
    "panicked at",
    "FAILED",
    "Segmentation fault",
    "core dumped",
    "command not found",
    "No such file or directory",
    "Permission denied",
    "out of memory",
)
# One of these or of PHRASES is in each line that BEGINS matches. To look for them first takes a third of the time where
# lines are indented, and half as long again where they are not (measured).
SIGNS = (
    "rror", "RROR", "atal", "FATAL", "anic", "PANIC", "CRITICAL", "Traceback", "Uncaught", "Unhandled", "xception", "Fault",
    "Caused by", "failed", "xit code", "xit status", "make: ***", "✗", "✘", "×", "arning", "WARNING", "failure", "problem",
    "vulnerabilit", "incident",
)  # fmt: skip
PROGRESS = re.compile(r"\b\d{1,3}(?:\.\d+)?% ?(?:\||\[|$|complete|done)|[█▏▎▍▌▋▊▉#=]{8,}>?|^\s*[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] ")
PROGRESS_SIGNS = ("%", "########", "========", "█", "▏", "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏")
DULL = re.compile(
    r"\s*(?:[✓√✔]|PASS\b|ok \d+\b|Passed |--- PASS|=== (?:RUN|PAUSE|CONT|NAME)\b"
    r"|(?:Collecting|Downloading|Downloaded|Fetching|Compiling|Checking|Unpacking|Setting up|Selecting|Preparing"
    r"|Requirement already|Using cached|Get:\d+|Hit:\d+)\b)|ok\s+\S+\s"
)
PASSED = re.compile(r"\bPASSED\b")
ENDS_OK = ("... ok", "...ok")
HEADING = re.compile(r"#{1,6} \S")
LEAST_HEADINGS = 2
LEAST_PROGRESS = 3


def plain(line: str) -> str:
    """A line as a terminal leaves it: without escape codes, the last of what was redrawn."""
    if "\r" in line:
        line = next((part for part in reversed(line.rstrip("\r").split("\r")) if part), "")
    return ANSI.sub("", line) if "\x1b" in line else line


def mark(lines: Sequence[str], is_quoted: bool = False) -> Marks:
    """Errors, traces and progress; of what is quoted from files only what the program itself complains of."""
    found = marks()
    if is_quoted:
        keep(COMPLAINS, lines, found)
        return found
    text = "\n".join(lines)
    phrases = [phrase for phrase in PHRASES if phrase in text]
    signs = [*phrases, *(sign for sign in SIGNS if sign in text)]
    hits = [
        number
        for number, line in enumerate(lines, 1)
        if line
        and (not line[0].isspace() or any(map(line.__contains__, signs)))
        and (BEGINS.match(line, 0, LONGEST_LINE) or any(map(line.__contains__, phrases)))
    ]
    keep_of(hits, lines, found)
    after_panic = {number + 1 for number in hits if PANIC.search(lines[number - 1][:LONGEST_LINE])}
    found.keep.update(number for number in after_panic if number <= len(lines))
    found.add(traces.mark(lines))
    for first, last in progress(lines, text):
        if last - first + 1 >= LEAST_PROGRESS:
            found.blocks.append(
                Block("progress", f"{last - first + 1} lines of progress", first + 1, first + 1, last + 1)
            )
            found.dull.update(range(first + 1, last + 2))
    return found


def progress(lines: Sequence[str], text: str) -> list[tuple[int, int]]:
    """(first row, last row) of each stretch of redrawn progress."""
    signs = [sign for sign in PROGRESS_SIGNS if sign in text]
    if not signs:
        return []
    return traces.stretches(
        [any(sign in line for sign in signs) and PROGRESS.search(line, 0, LONGEST_LINE) is not None for line in lines]
    )


def shape(lines: Sequence[str]) -> list[Block]:
    """The blocks of a text that nothing is known of: sections where it has headings, else repetition, paragraphs."""
    if sum(HEADING.match(line[:LONGEST_LINE]) is not None for line in lines) >= LEAST_HEADINGS:
        return prose.markdown(tuple(lines))
    return prose.repetitions(lines) + prose.paragraphs(lines)


def dull(lines: Sequence[str]) -> set[int]:
    """The lines that say that something passed or was fetched: of their new words 1 % are taken up later, of others 8 %."""
    heads = [line[:LONGEST_LINE] for line in lines]
    return {
        number
        for number, head in enumerate(heads, 1)
        if head and (DULL.match(head) or head.endswith(ENDS_OK) or ("PASSED" in head and PASSED.search(head)))
    }
