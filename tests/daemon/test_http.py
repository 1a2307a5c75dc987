"""What the client posts for a hook module: read to its end, refused where it is something else, answered once."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon.harness import Home, a_home

from trimtab.daemon import http as asked
from trimtab.daemon import wire


def pieces(*parts: bytes) -> "asked.Receive":
    """A connection that hands out these bytes, and then has ended."""
    left = list(parts)

    def receive(size: int) -> bytes:
        if not left:
            return b""
        part, left[0] = left[0][:size], left[0][size:]
        if not left[0]:
            left.pop(0)
        return part

    return receive


def test_a_request_is_read_however_it_comes_in_pieces() -> None:
    """A body that is cut where a packet ends, or that begins in the packet of the head."""
    first = b"POST / HTTP/1.1\r\nHost"
    rest = b": trimtab\r\nContent-LENGTH: 7\r\nX-Trimtab-Deadline: 1.5\r\nx-trimtab-secret: abc\r\nAccept: */*\r\n\r\n"
    told = {"DEADLINE": "1.5", "SECRET": "abc"}
    assert asked.read(first, pieces(rest + b'{"a":1}')) == (told, b'{"a":1}')
    assert asked.read(first, pieces(rest, b'{"a"', b":1}")) == (told, b'{"a":1}')
    every = [bytes([byte]) for byte in rest + b'{"a":1}']
    assert asked.read(first, pieces(*every)) == (told, b'{"a":1}')


@pytest.mark.parametrize(
    "head",
    [
        b"Host: x\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999\r\n\r\n",
        b"Content-Length: 1\r\n\r\n12",
        b"X: " + b"x" * (asked.LARGEST_HEAD + 1),
    ],
)
def test_what_is_no_such_request_is_refused(head: bytes) -> None:
    """A daemon that waits for, or takes in, whatever it is sent."""
    with pytest.raises(wire.WireError):
        asked.read(b"POST / HTTP/1.1\r\n", pieces(head))


def test_a_request_that_breaks_off_is_gone() -> None:
    for sent in ([], [b"Content-Length: 5\r\n\r\nab"]):
        with pytest.raises(wire.GoneError):
            asked.read(b"POST / HTTP/1.1\r\n", pieces(*sent))


def test_a_hooks_frame_is_no_http() -> None:
    assert not asked.is_request(wire.request({}, b""))
    assert asked.is_request(b"POST / HTTP/1.1\r\n")
    assert not asked.is_request(b"GET / HTTP/1.1\r\n\r\n")


def test_an_answer_says_how_long_it_is() -> None:
    head, _, body = asked.answer("{ä}".encode()).partition(b"\r\n\r\n")
    assert body == "{ä}".encode()
    assert b"Content-Length: 4" in head.split(b"\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")


class Unix(http.client.HTTPConnection):
    """A connection over a unix socket, as another HTTP client makes it."""

    def __init__(self, path: Path) -> None:
        super().__init__("trimtab", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def start(home: Home) -> bytes:
    return home.event("ModStart", source="startup", parts=["results"], tools=[])


@pytest.fixture
def home() -> Iterator[Home]:
    with a_home() as found:
        found.start()
        yield found


def test_the_daemon_answers_an_ordinary_http_client_over_its_socket(home: Home) -> None:
    """A dialect that only our own parser speaks."""
    connection = Unix(home.folder / "socket")
    connection.request("POST", "/", body=start(home), headers={"x-trimtab-deadline": "10"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert json.loads(answer.read()) == {"parts": ["results"], "wait": []}
    assert home.hook().view  # and a hook's frame as before
    assert not home.faults()


def test_over_a_port_the_secret_is_asked_for() -> None:
    """Anybody on the machine, or a page in a browser, that asks the daemon."""
    with a_home(more={"TRIMTAB_TCP": "1"}) as open_to_all:
        open_to_all.start()
        port, secret = (open_to_all.folder / "port").read_text().split()
        for said, expected in ((secret, True), ("0" * 32, False), ("", False)):
            connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
            try:
                headers = {"x-trimtab-deadline": "10", "x-trimtab-secret": said}
                connection.request("POST", "/", body=start(open_to_all), headers=headers)
                found = json.loads(connection.getresponse().read())
            except (OSError, http.client.HTTPException):
                found = None
            assert (found == {"parts": ["results"], "wait": []}) is expected
