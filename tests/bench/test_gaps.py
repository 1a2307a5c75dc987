"""The benchmark of pauses sees what a transcript says: pauses, lifetimes, what was found cold, what followed."""

import json
from pathlib import Path

import pytest
from bench import gaps, originals

Line = dict[str, object]


def stamp(at: float) -> str:
    minutes, seconds = divmod(at, 60)
    hours, minutes = divmod(minutes, 60)
    return f"2026-01-05T{int(hours):02}:{int(minutes):02}:{int(seconds):02}.000Z"


def prompt(at: float) -> Line:
    return {"type": "user", "timestamp": stamp(at), "message": {"role": "user", "content": "And now?"}}


def answer(at: float, read: int, written: int) -> Line:
    usage: Line = {"cache_read_input_tokens": read, "cache_creation_input_tokens": written, "output_tokens": 0}
    message: Line = {"id": f"m{at}", "role": "assistant", "model": "claude-opus-4-5", "usage": usage}
    message["content"] = [{"type": "text", "text": "Done."}]
    return {"type": "assistant", "timestamp": stamp(at), "requestId": f"r{at}", "message": message}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pause of 10 minutes that left the cache cold, one of 4 that did not, a compaction, and two more requests."""
    lines = [
        prompt(0),
        answer(10, 16_000, 24_000),
        answer(20, 40_000, 60_000),
        prompt(620),
        answer(630, 16_000, 85_000),
    ]
    lines += [
        prompt(870),
        answer(880, 101_000, 500),
        {"type": "system", "subtype": "compact_boundary", "timestamp": stamp(890)},
    ]
    lines += [answer(900, 16_000, 40_000), answer(910, 56_000, 100)]  # fmt: skip
    (tmp_path / "s1.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def test_pauses_are_those_between_requests_of_one_context(folder: Path) -> None:
    """A compaction's new beginning is called a lost cache, or a pause is counted from the wrong end."""
    found = gaps.all_pauses(gaps.read(folder, {}))
    assert [p.age_s for p in found] == [10, 600, 240, 10]
    assert [p.is_due for p in found] == [False, True, False, False]
    assert [p.is_cold for p in found] == [False, True, False, False]
    assert [p.followed for p in found] == [2, 1, 0, 0]
    assert (found[1].predicted, found[1].written) == (84_000, 85_000)


def test_it_says_how_often_the_rule_and_the_choice_were_right(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One request followed, too few for a compaction: going on was right, and the advice was wrong."""
    monkeypatch.setattr("sys.argv", ["gaps", str(folder)])
    gaps.main()
    said = capsys.readouterr().out
    assert "past its lifetime: 1 of 1 found it cold; before: 0 of 3" in said
    assert "right in 0 of 1" in said


def test_originals_are_written_of_recorded_sessions_alone() -> None:
    """Sessions that are kept for judging come with them."""
    mine, other = b'{"sessionId":"a","timestamp":"2"}', b'{"sessionId":"b","timestamp":"1"}'
    noise = b'{"type":"progress","sessionId":"a"}'
    assert list(originals.lines_of(b"\n".join((mine, other, noise)), {"a"})) == [("a", mine)]
