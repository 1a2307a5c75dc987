"""The frames between hook and daemon: what one side packs the other unpacks, and nothing else passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.daemon import wire

NAMES = st.text(st.characters(blacklist_characters="\0=", blacklist_categories=["Cs"]), min_size=1, max_size=20)
VALUES = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=50)


def test_a_request_by_hand() -> None:
    frame = wire.request({"ROOT": "/p", "TRIMTAB_LEVEL": "standard"}, b"{}")
    assert frame == b"TT1 0000001e 00000002\nROOT=/p\0TRIMTAB_LEVEL=standard{}"
    assert wire.request_sizes(frame[: wire.REQUEST_LINE]) == (30, 2)


def test_a_reply_by_hand() -> None:
    assert wire.reply(b"") == b"TT1 00000000\n"
    assert wire.reply(b"x" * 17) == b"TT1 00000011\n" + b"x" * 17
    assert wire.reply_size(b"TT1 00000011\n") == 17


@given(st.dictionaries(NAMES, VALUES, max_size=8), st.binary(max_size=200))
def test_what_is_packed_comes_out(header: dict[str, str], body: bytes) -> None:
    frame = wire.request(header, body)
    sizes = wire.request_sizes(frame[: wire.REQUEST_LINE])
    assert len(frame) == wire.REQUEST_LINE + sum(sizes)
    assert wire.unpack_header(frame[wire.REQUEST_LINE :][: sizes[0]]) == header
    assert frame[len(frame) - sizes[1] :] == body


def test_a_value_that_is_no_text_survives() -> None:
    """A folder's name on Linux is bytes; Python has them as half surrogates."""
    frame = wire.request({"CLAUDE_PROJECT_DIR": "/p/\udcff"}, b"")
    sizes = wire.request_sizes(frame[: wire.REQUEST_LINE])
    assert wire.unpack_header(frame[wire.REQUEST_LINE :][: sizes[0]]) == {"CLAUDE_PROJECT_DIR": "/p/\udcff"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"TT1 00000001 00000001",
        b"TT2 00000001 00000001\n",
        b"TT1 0000000g 00000001\n",
        b"TT1 00010001 00000001\n",  # a header over 64 KiB
        b"TT1 00000001 04000001\n",  # a body over 64 MiB
    ],
)
def test_what_is_no_request(line: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.request_sizes(line)


@pytest.mark.parametrize("line", [b"", b"HTTP/1.1 200\n", b"TT1 0000000x\n", b"TT1 ffffffff\n", b"TT1 00000001 "])
def test_what_is_no_reply(line: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.reply_size(line)
