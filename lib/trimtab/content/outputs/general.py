"""What holds for any output: errors, their places, and stack traces are kept, redrawn progress and repetition fold."""

import re
from collections.abc import Sequence

from trimtab.content import prose
from trimtab.content.marks import Marks, marks
from trimtab.content.outputs.kind import LONGEST_LINE, keep_of
from trimtab.records import Block

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
BEGINS = re.compile(
    r"\s*(?:\S+: )?(?:fatal|FATAL|[Ee]rror|ERROR|panic|PANIC|CRITICAL|Traceback|Uncaught|Unhandled|SyntaxError|Exception in)\b"
    r"|\s*(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Fault|Panic)\b[:(]"
    r"|\s*(?:[\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9})[:(]\d{1,6}[:,)].{0,40}\b(?:error|Error|FAILED|failed)\b"
    r"|(?:exit|Exit) (?:code|status)\b|make: \*\*\*|[✗✘×] "
)
PHRASES = (
    "FAILED",
    "Segmentation fault",
    "core dumped",
    "command not found",
    "No such file or directory",
    "Permission denied",
    "out of memory",
)
FRAME = re.compile(
    r'\s+File "[^"]+", line \d+|\s+at .+[:(]\d+|\s+at [\w$.<>]+\(|\t/?\S+\.go:\d+|\s+\d+: +\S+::|\s+from \S+:\d+:in |#\d+ +(?:0x|/)|\s+\^[\^~]*$'
)
PROGRESS = re.compile(r"\b\d{1,3}(?:\.\d+)?% ?(?:\||\[|$|complete|done)|[█▏▎▍▌▋▊▉#=]{8,}>?|^\s*[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] ")
PROGRESS_SIGNS = ("%", "########", "========", "█", "▏", "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏")
DULL = re.compile(
    r"\.\.\. ?ok$|\bPASSED\b|^\s*(?:[✓√✔]|PASS\b|ok \d+\b|Passed |--- PASS|=== (?:RUN|PAUSE|CONT|NAME)\b)|^ok\s+\S+\s"
    r"|^\s*(?:Collecting|Downloading|Downloaded|Fetching|Compiling|Checking|Unpacking|Setting up|Selecting|Preparing"
    r"|Requirement already|Using cached|Get:\d+|Hit:\d+)\b"
)
HEADING = re.compile(r"#{1,6} \S")
LEAST_HEADINGS = 2
LEAST_TRACE, LEAST_PROGRESS = 4, 3


def plain(line: str) -> str:
    """A line as a terminal leaves it: without escape codes, the last of what was redrawn."""
    if "\r" in line:
        line = next((part for part in reversed(line.rstrip("\r").split("\r")) if part), "")
    return ANSI.sub("", line) if "\x1b" in line else line


def mark(lines: Sequence[str]) -> Marks:
    found = marks()
    keep_of([number for number, line in enumerate(lines, 1) if is_error(line[:LONGEST_LINE])], lines, found)
    frames = [line[:1] in (" ", "\t", "#") and FRAME.match(line[:LONGEST_LINE]) is not None for line in lines]
    progress = [is_progress(line[:LONGEST_LINE]) for line in lines]
    found.blocks.extend(stretches(frames, "trace", "frames", LEAST_TRACE))
    found.blocks.extend(stretches(progress, "progress", "progress", LEAST_PROGRESS))
    return found


def is_error(line: str) -> bool:
    return BEGINS.match(line) is not None or any(phrase in line for phrase in PHRASES)


def is_progress(line: str) -> bool:
    return any(sign in line for sign in PROGRESS_SIGNS) and PROGRESS.search(line) is not None


def stretches(is_one: Sequence[bool], kind: str, name: str, least: int) -> list[Block]:
    """A block for each run of lines that are one of a kind, or of which every second line is."""
    out: list[Block] = []
    start = last = 0
    for number, hit in enumerate(is_one, 1):
        if hit:
            if not start:
                start = number
            last = number
        elif start and number - last > 1:
            if last - start + 1 >= least:
                out.append(Block(kind, f"{last - start + 1} lines of {name}", start, start, last))
            start = 0
    if start and last - start + 1 >= least:
        out.append(Block(kind, f"{last - start + 1} lines of {name}", start, start, last))
    return out


def shape(lines: Sequence[str]) -> list[Block]:
    """The blocks of a text that nothing is known of: sections where it has headings, else repetition, paragraphs."""
    if sum(HEADING.match(line[:LONGEST_LINE]) is not None for line in lines) >= LEAST_HEADINGS:
        return prose.markdown(tuple(lines))
    return prose.repetitions(lines) + prose.paragraphs(lines)


def dull(lines: Sequence[str]) -> frozenset[int]:
    """The lines that say that something passed or was fetched: of their new words 1 % are taken up later, of others 8 %."""
    return frozenset(number for number, line in enumerate(lines, 1) if DULL.search(line[:LONGEST_LINE]))
