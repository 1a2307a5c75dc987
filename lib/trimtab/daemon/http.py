"""One HTTP request and its answer, on the daemon's own socket: how the client's hook modules ask.

A module can open no socket; the client posts for it (`$.http.fetch`), also over a unix socket. Such a request is told
from a hook's by its first bytes. Its body is an event as JSON; HEADERS become what a hook says in its header. Answered
are only POSTs of one body with a length, and each connection once. The socket is its user's alone; where it is open to
all (TCP), the request must have the daemon's secret, as a hook's must.
"""

from collections.abc import Callable

from trimtab.daemon import wire

START = b"POST "
END = b"\r\n\r\n"
LARGEST_HEAD = 1 << 14
HEADERS = {b"x-trimtab-deadline": "DEADLINE", b"x-trimtab-secret": "SECRET"}
LENGTH = b"content-length"
CHUNK = 1 << 16
Receive = Callable[[int], bytes]  # the next bytes of the connection, at most so many; none where it has ended


def is_request(first: bytes) -> bool:
    """Whether a connection that begins with `first` speaks HTTP; a hook's frame begins with wire.MAGIC."""
    return first.startswith(START)


def read(first: bytes, receive: Receive) -> tuple[dict[str, str], bytes]:
    """The header, as of a hook's frame, and the body of the request that begins with `first`. WireError for others."""
    head = first
    while END not in head:
        if len(head) >= LARGEST_HEAD:
            raise wire.WireError(f"an HTTP request of more than {LARGEST_HEAD} bytes before its body")
        head += more(receive, CHUNK)
    head, _, begun = head.partition(END)
    given = dict(split(line) for line in head.split(b"\r\n")[1:])
    try:
        size = int(given.get(LENGTH, b""))
    except ValueError:
        raise wire.WireError("an HTTP request that does not say how long its body is") from None
    if not len(begun) <= size <= wire.LARGEST_BODY:
        raise wire.WireError(f"an HTTP request of {size} bytes, of which {len(begun)} came: not from 0 to the limit")
    header = {name: given[key].decode("latin-1") for key, name in HEADERS.items() if key in given}
    parts, missing = [begun], size - len(begun)
    while missing:
        parts.append(more(receive, min(missing, CHUNK)))
        missing -= len(parts[-1])
    return header, b"".join(parts)


def more(receive: Receive, size: int) -> bytes:
    part = receive(size)
    if not part:
        raise wire.GoneError("an HTTP request broke off")
    return part


def split(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def answer(body: bytes) -> bytes:
    """The whole answer; an empty body is "no opinion", as of a hook."""
    head = ("HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close")
    return "\r\n".join(head).encode() + END + body
