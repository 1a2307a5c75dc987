"""Audits by the book: which request is taken, how its tokens are set, and what is kept of it."""

import json
import os
from pathlib import Path

import pytest
from tests.prompt.audits import AUDIT, NEVER, SENT, line
from tests.transcript.test_begun import ASKED, BLOBS, SHAPE
from tests.usage.written import AT, CWD, Home, answer, stamp, usage, user

from trimtab.errors import StoreError
from trimtab.prompt.parts import Part
from trimtab.usage import audits
from trimtab.usage.audits import Taken, corrected

SPENT = usage(100, 900, 0, 40)


def begun(home: Home, session: str, second: int, answered: int, servers: str = "slow:one") -> None:
    """A session whose client wrote its first request down, while these `servers` were starting."""
    text = json.dumps([SHAPE, *BLOBS, ASKED]).replace("slow:one", servers)
    records = [{**record, "sessionId": session} for record in json.loads(text)]
    records[-1]["timestamp"] = stamp(second)
    reply = answer(answered, f"m-{session}", SPENT, session=session)
    home.write(session, user(second, "Hello.", session=session), *records, reply)


def history(home: Home, since: float = AT, until: float = AT + 3_000) -> audits.History:
    home.sync()
    with home.store() as store:
        return audits.history(store, CWD, (since, until), {"HOME": "/nowhere", "CLAUDE_CONFIG_DIR": str(home.client)})


def test_the_newest_session_that_has_its_request(home: Home) -> None:
    """An older one is taken, one whose answer is another request's, or one before the time."""
    begun(home, "s1", 10, 12)
    begun(home, "s2", 30, 33)
    begun(home, "s3", 40, 40 + 700)  # whose answer came later than any does: it is of another request
    home.write("s4", user(50, "Hello.", session="s4"), answer(51, "m-s4", SPENT, session="s4"))  # an older client's
    found = history(home)
    assert list(found.openings) == ["s1", "s2"]
    taken = audits.newest(found)
    assert taken is not None
    assert taken.sent == (AT + 30, "2.1.328", "claude-opus-5-5", True, "s2", 1_000, 0)
    assert {part.kind for part in taken.parts} >= {"tool", "memory", "skill", "prompt"}
    assert list(history(home, until=AT + 20).openings) == ["s1"]
    assert audits.newest(history(home, since=AT + 900)) is None


def test_a_session_that_began_with_its_servers(home: Home) -> None:
    """The newest session began before its servers had started, and its audit has none of their tools."""
    begun(home, "s1", 10, 12, servers="")
    begun(home, "s2", 30, 33)
    taken = audits.newest(history(home))
    assert taken is not None
    assert taken.sent.session == "s1"
    assert "mcp connecting" not in {one.kind for one in taken.parts}


def part(tokens: int) -> Part:
    return Part("tool", str(tokens), "", "", "", tokens, 9, False)


def test_tokens_add_up_to_the_bill() -> None:
    """Parts of 10, 20 and 70 estimated: of a session billed for 150 by halves more, of a recording by the median."""
    parts = (part(10), part(20), part(70))
    sent, made = corrected(Taken(SENT._replace(session="s", billed=150), parts), [9.0])
    assert ([one.tokens for one in made], sent.checked) == ([15, 30, 105], 0)
    sent, made = corrected(Taken(SENT, parts), [1.1, 1.2, 9.0])
    assert ([one.tokens for one in made], sent.checked) == ([12, 24, 84], 3)
    sent, made = corrected(Taken(SENT, parts), [])
    assert (tuple(made), sent) == (parts, SENT)
    assert corrected(Taken(SENT._replace(billed=5), ()), [])[1] == []


def test_what_is_kept(tmp_path: Path) -> None:
    """A name that no file can hold is an error, or an audit is lost when it can't be written."""
    folder = tmp_path / "data"
    folder.mkdir()
    odd = AUDIT._replace(lines=(line("memory", "half \ud800 a pair", 10, "", NEVER),))
    audits.keep(odd, folder)
    assert audits.kept(folder) == odd
    assert os.listdir(folder) == ["audit.json"]
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be kept"):
        audits.keep(AUDIT, tmp_path / "file")
    (folder / "audit.json").write_text("{")
    assert audits.kept(folder) is None
