"""The bytes between a hook and the daemon: one request and one reply, each a line of sizes and then the parts.

    request  b"TT1 HHHHHHHH BBBBBBBB\\n" header body      sizes in bytes, eight hexadecimal digits each
    reply    b"TT1 BBBBBBBB\\n" body                       an empty body is "no opinion"

The header is NUL-separated NAME=VALUE pairs: what the daemon has to know of the hook's environment (`PASSED`),
`ROOT`, the plugin's folder, `DEADLINE`, the seconds that the hook waits, `EVENT` where the body does not name it, and
where sockets are open to every user of the machine `SECRET`. On the hook path: imports nothing.
"""

MAGIC = b"TT1 "
REQUEST_LINE = len(MAGIC) + 8 + 1 + 8 + 1
REPLY_LINE = len(MAGIC) + 8 + 1
LARGEST_BODY = 64 << 20  # bytes, chosen: the client keeps outputs over 30,000 characters in files of their own
LARGEST_HEADER = 1 << 16
PASSED = (
    "TRIMTAB_",
    "CLAUDE_PLUGIN_OPTION_",
    "CLAUDE_PROJECT_DIR",
    "CLAUDE_CONFIG_DIR",
    "CLAUDE_PID",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SUBAGENT_",  # the user's own choice of a model and an effort
)


class WireError(Exception):
    """The other side sent something else than a frame."""


class GoneError(WireError):
    """The other side left in the middle of a frame."""


def request(header: "dict[str, str]", body: bytes) -> bytes:
    """The frame that asks for an answer to the event `body`."""
    packed = "\0".join([name + "=" + value for name, value in header.items()]).encode("utf-8", "surrogateescape")
    return b"%s%08x %08x\n%s%s" % (MAGIC, len(packed), len(body), packed, body)


def request_sizes(line: bytes) -> "tuple[int, int]":
    """The sizes of header and body that a request's first line announces; WireError if it is none or too large."""
    if len(line) != REQUEST_LINE or line[:4] != MAGIC or line[-1:] != b"\n":
        raise WireError(f"not a request: {line[:40]!r}")
    sizes = number(line[4:12]), number(line[13:21])
    if sizes[0] > LARGEST_HEADER or sizes[1] > LARGEST_BODY:
        raise WireError(
            f"a request of {sizes[0]} and {sizes[1]} bytes is over the limit of {LARGEST_HEADER} and {LARGEST_BODY}"
        )
    return sizes


def unpack_header(packed: bytes) -> "dict[str, str]":
    pairs = packed.decode("utf-8", "surrogateescape").split("\0")
    return dict([(name, value) for name, _, value in [pair.partition("=") for pair in pairs] if name])


def reply(body: bytes) -> bytes:
    return b"%s%08x\n%s" % (MAGIC, len(body), body)


def reply_size(line: bytes) -> int:
    """The size of the reply's body; WireError if `line` is not a reply's first line."""
    if len(line) != REPLY_LINE or line[:4] != MAGIC or line[-1:] != b"\n":
        raise WireError(f"not a reply: {line[:40]!r}")
    size = number(line[4:12])
    if size > LARGEST_BODY:
        raise WireError(f"a reply of {size} bytes is over the limit of {LARGEST_BODY}")
    return size


def number(digits: bytes) -> int:
    try:
        return int(digits, 16)
    except ValueError:
        raise WireError(f"not a size: {digits!r}") from None
