"""The log of our own faults: one JSON object a line in the daemon's folder, kept small, never the user's text.

    {"at": 1764000000.0, "where": "hook", "event": "PostToolUse", "fault": "no answer within 1.5 s"}

On the hook path: imports nothing that the interpreter has not loaded anyway, so it writes JSON by hand.
"""

try:
    import posix as os  # what `os` is made of, see daemon.client
except ImportError:  # Windows
    import os  # type: ignore[no-redef]

LOG = "log.jsonl"
LARGEST_BYTES = 1 << 20  # then the log moves to log.jsonl.old


def quoted(text: str) -> str:
    """`text` as a JSON string in ASCII, cut at 500 characters."""
    out = []
    for character in text[:500]:
        code = ord(character)
        if character in '"\\':
            out.append("\\" + character)
        elif 32 <= code < 127:
            out.append(character)
        else:
            out.append("\\u%04x" % code if code < 0x10000 else "?")
    return '"' + "".join(out) + '"'


def note(folder: str, at: float, where: str, event: str, fault: str) -> None:
    """Append one fault. Never raises: a log that can't be written is no reason to fail."""
    line = '{"at": %.3f, "where": %s, "event": %s, "fault": %s}\n' % (at, quoted(where), quoted(event), quoted(fault))
    path = folder + "/" + LOG
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.fstat(handle).st_size > LARGEST_BYTES:
                os.replace(path, path + ".old")
            os.write(handle, line.encode("ascii"))
        finally:
            os.close(handle)
    except OSError:
        pass
