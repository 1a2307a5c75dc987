"""The client's transcripts, read as they grow: prompts, calls, results, usage and compactions of one conversation.

A transcript is a file of JSON lines that the client appends to (client 2.1.328): one assistant line for each content
block, each repeating its response's usage, which grows while the response streams; one user line for each prompt or
tool result. Lines of other types, and `toolUseResult` (a second copy of the result), are skipped without being parsed.
Nothing here raises over what a line holds: a line that is not understood is counted in `Reader.bad`.
"""

from trimtab.transcript.calibration import Calibration, Sample, calibrate
from trimtab.transcript.lines import Call, Compaction, Delivered, Entry, Prompt, Result, Said, Usage
from trimtab.transcript.reader import Reader

__all__ = [
    "Calibration",
    "Call",
    "Compaction",
    "Delivered",
    "Entry",
    "Prompt",
    "Reader",
    "Result",
    "Said",
    "Sample",
    "Usage",
    "calibrate",
]
