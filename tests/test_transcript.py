"""The client's transcripts: each rule of reading, with figures added up by hand from tests/sessions."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.records import Request
from trimtab.transcript import (
    Calibration,
    Call,
    Compaction,
    Entry,
    Prompt,
    Reader,
    Result,
    Said,
    Usage,
    calibrate,
)

SESSIONS = Path(__file__).parent / "sessions"
KEYS = st.sampled_from(
    [
        "type",
        "subtype",
        "message",
        "content",
        "usage",
        "id",
        "input",
        "text",
        "thinking",
        "timestamp",
        "tool_use_id",
        "is_error",
        "model",
        "isMeta",
        "isSidechain",
        "user",
        "assistant",
        "system",
        "tool_use",
        "tool_result",
        "compact_boundary",
        "isCompactSummary",
        "2026-11-22T21:00:00Z",
        "toolUseResult",
        "cache_creation",
        "input_tokens",
    ]
)
NINE = 1_795_381_200.0  # 2026-11-22T21:00:00Z


def entries_of(name: str, agent: str = "") -> list[Entry]:
    return Reader(SESSIONS / name, "s", agent).read()


def requests_of(entries: list[Entry]) -> list[Request]:
    return [entry.request for entry in entries if isinstance(entry, Usage)]


def test_a_session_is_read_in_order_and_each_response_once() -> None:
    """Breaks when a repeated line counts twice, or when what the client wrote passes for the user's words."""
    entries = entries_of("main.jsonl")
    assert entries == [
        Prompt("Fix add() in small.py", NINE + 2),
        Usage(Request("s", "", "msg_1", NINE + 3, "claude-opus-5-5", 10, 100, 0, 1000, 40), False),
        Said("Look at add first.", NINE + 3, thinking=True),
        Said("I read it.", NINE + 3.2),
        Call("t1", "Read", {"file_path": "/home/user/project/small.py"}, NINE + 3.4),
        Result("t1", "1\tdef add(a, b):\n", False, NINE + 4),
        Usage(Request("s", "", "msg_2", NINE + 5, "claude-opus-5-5", 2, 50, 0, 1100, 30), False),
        Call("t2", "Bash", {"command": "ls"}, NINE + 5),
        Result("t2", "Exit code 1\nno", True, NINE + 5.1),
        Call("t3", "Read", {"file_path": "/home/user/project/small.py", "offset": 1}, NINE + 5.2),
        Result("t3", "one\ntwo", False, NINE + 5.3, images=1),
        Said("API Error: 500", NINE + 6),
        Compaction(NINE + 7),
        Usage(Request("s", "", "msg_3", NINE + 8, "claude-opus-5-5", 1, 0, 200, 0, 7), True),
        Said("Done.", NINE + 8),
    ]


def test_the_first_line_of_a_subagent_is_its_prompt() -> None:
    entries = entries_of("subagent.jsonl", "a1")
    assert entries[0] == Prompt("Find where add is used.", NINE + 1)
    assert [type(entry) for entry in entries[1:]] == [Usage, Call, Result]
    assert requests_of(entries)[0].agent == "a1"


def test_a_subagent_in_the_main_file_gives_its_usage_and_nothing_else() -> None:
    """Old clients: its prompt and its results are not what the main conversation holds."""
    entries = entries_of("sidechain.jsonl")
    assert [type(entry) for entry in entries] == [Prompt, Usage, Call, Usage, Result]
    assert [(r.agent, r.output_tokens) for r in requests_of(entries)] == [("", 20), ("sidechain", 9)]


def test_lines_without_time_request_id_and_cache_split(tmp_path: Path) -> None:
    """The file's own time stands in; an unsplit cache write is one for five minutes."""
    copy = tmp_path / "t.jsonl"
    copy.write_bytes((SESSIONS / "plain.jsonl").read_bytes())
    os.utime(copy, (5000, 5000))
    assert Reader(copy, "s").read() == [
        Prompt("Fix it", 5000),
        Usage(Request("s", "", "msg_0", 5000, "claude-opus-4-6", 3, 70, 0, 900, 11), False),
        Call("t0", "Bash", {"command": "ls"}, 5000),
        Result("t0", "a", False, 5000),
        Compaction(5000),
    ]


def test_malformed_lines_are_counted_and_never_raise() -> None:
    reader = Reader(SESSIONS / "malformed.jsonl", "s")
    entries = reader.read()
    prompts = [entry.text for entry in entries if isinstance(entry, Prompt)]
    assert prompts == ["First", "[" * 50, "Last"]
    # cut off, no JSON, no object, no message, a list as message, nested too deep
    assert reader.bad == 6
    assert requests_of(entries) == [Request("s", "", "n", requests_of(entries)[0].at, "", 0, 0, 0, 0, 0)]


@pytest.mark.parametrize("name", ["main.jsonl", "plain.jsonl", "malformed.jsonl"])
@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_pieces_give_the_same_as_the_whole(tmp_path: Path, name: str, size: int) -> None:
    """Breaks when a half-written line is taken, or a line is lost or read twice."""
    data = (SESSIONS / name).read_bytes()
    if size == 1:
        data = data[: data.index(b"\n", 700) + 1]  # a few lines are enough
    path = tmp_path / "t.jsonl"
    path.touch()
    reader, pieces = Reader(path, "s"), []
    with open(path, "ab", buffering=0) as file:
        for start in range(0, len(data), size):
            file.write(data[start : start + size])
            pieces += reader.read()
    whole = Reader(path, "s")
    expected = whole.read()
    assert reader.bad == whole.bad
    assert [e for e in untimed(pieces) if not isinstance(e, Usage)] == [
        e for e in untimed(expected) if not isinstance(e, Usage)
    ]
    last = {request.message_id: request for request in requests_of(untimed(pieces))}
    assert list(last.values()) == requests_of(untimed(expected))


def untimed(entries: list[Entry]) -> list[Entry]:
    """Times of lines that have none are the file's: not the same for a file that grows."""
    return [Usage(e.request._replace(at=0), e.ttl_1h) if isinstance(e, Usage) else e._replace(at=0) for e in entries]


def test_usage_comes_again_only_when_it_grew(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    lines = (SESSIONS / "main.jsonl").read_bytes().splitlines(keepends=True)
    reader, outputs = Reader(path, "s"), []
    for number in range(len(lines)):
        path.write_bytes(b"".join(lines[: number + 1]))
        outputs.append([request.output_tokens for request in requests_of(reader.read())])
    assert [o for o in outputs if o] == [[1], [5], [40], [30], [7]]


def prompt(text: str) -> str:
    return json.dumps({"type": "user", "message": {"role": "user", "content": text}}) + "\n"


def prompts_in(reader: Reader) -> list[str]:
    return [entry.text for entry in reader.read() if isinstance(entry, Prompt)]


def test_a_file_that_shrank_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(prompt("one") + prompt("two"))
    reader = Reader(path, "s")
    assert prompts_in(reader) == ["one", "two"]
    path.write_text(prompt("new"))
    assert prompts_in(reader) == ["new"]


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    """By another file of the same name, and by other text of more bytes in the same file."""
    path, other = tmp_path / "t.jsonl", tmp_path / "other"
    path.write_text(prompt("one"))
    reader = Reader(path, "s")
    assert prompts_in(reader) == ["one"]
    other.write_text(prompt("one") + prompt("two"))
    os.replace(other, path)
    assert prompts_in(reader) == ["one", "two"]
    path.write_text(prompt("longer than what was there") + prompt("three") + prompt("four"))
    assert prompts_in(reader) == ["longer than what was there", "three", "four"]


def test_a_missing_file_gives_nothing_until_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    reader = Reader(path, "s")
    assert reader.read() == []
    path.write_text(prompt("one"))
    assert prompts_in(reader) == ["one"]


def test_a_long_file_is_first_read_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    line = len(prompt("00"))
    path.write_text("".join(prompt(f"{number:02}") for number in range(50)))
    reader = Reader(path, "s", tail_bytes=line * 2 + 5)
    assert prompts_in(reader) == ["48", "49"]
    assert reader.bad == 0
    with open(path, "a") as file:
        file.write("".join(prompt(f"{number:02}") for number in range(50, 60)))
    assert prompts_in(reader) == [str(number) for number in range(50, 60)]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=6),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(KEYS, JSON_VALUES | KEYS) | JSON_VALUES, max_size=4), st.binary(max_size=40))
@settings(max_examples=60, deadline=None)
def test_nothing_in_a_line_raises(tmp_path_factory: pytest.TempPathFactory, values: list[object], rest: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "t.jsonl"
    text = "\n".join(json.dumps(value, separators=(",", ":")) for value in values)
    path.write_bytes(text.encode() + b"\n" + rest + b"\n")
    for entry in Reader(path, "s").read():
        assert isinstance(entry.at, float)


def test_the_second_copy_is_skipped_only_at_the_top() -> None:
    """A key of that name inside of a tool's input is text like any other."""
    from trimtab.transcript.lines import parse

    deep = b'{"timestamp":"t","type":"assistant","message":{"content":[{"a":1,"toolUseResult":2}]},"uuid":"u"}'
    assert parse(deep) == json.loads(deep)
    top = b'{"timestamp":"t","type":"user","message":{"content":"x"},"toolUseResult":{"big":[1,2]},"uuid":"u"}'
    assert parse(top) == {"timestamp": "t", "type": "user", "message": {"content": "x"}}


def response(name: str, prompt_tokens: int, output: int, model: str = "claude-opus-4-6") -> Usage:
    return Usage(Request("s", "", name, 1.0, model, 2, 98, 0, prompt_tokens - 100, output), False)


def words(text: str) -> int:
    return len(text.split())


def test_calibration_by_hand() -> None:
    """The prompt grew by 3,000: 200 the model wrote, 2 x 40 are frames, so 2,720 were billed for 2,000 words."""
    entries: list[Entry] = [
        response("a", 10_000, 150),
        Call("t1", "Read", {}, 1.0),
        Result("t1", "w " * 1500, False, 1.0),
        response("a", 10_000, 200),  # the rest of the same response
        Call("t2", "Read", {}, 1.0),
        Result("t2", "w " * 500, False, 1.0),
        response("b", 13_000, 10),
    ]
    (sample,) = calibrate(entries, words)
    assert sample == ("claude-opus-4-6", "Read", 1.36, 1.0, 2000)
    calibration = Calibration(words)
    assert [calibration.feed(entry) for entry in entries] == [[]] * 6 + [[sample]]


@pytest.mark.parametrize(
    ("between", "last"),
    [
        ([Prompt("and then", 1.0)], response("b", 13_000, 10)),
        ([Compaction(1.0)], response("b", 13_000, 10)),
        ([Result("t2", "", False, 1.0, images=1)], response("b", 13_000, 10)),
        ([], response("b", 13_000, 10, "claude-opus-5-5")),
        ([], response("b", 9_000, 10)),
    ],
    ids=["prompt", "compaction", "image", "other model", "smaller prompt"],
)
def test_calibration_leaves_out_what_is_not_only_results(between: list[Entry], last: Usage) -> None:
    entries: list[Entry] = [response("a", 10_000, 200), Result("t1", "w " * 2000, False, 1.0), *between, last]
    assert calibrate(entries, words) == []


def test_calibration_leaves_out_small_batches() -> None:
    entries: list[Entry] = [response("a", 10_000, 200), Result("t1", "w " * 999, False, 1.0), response("b", 11_500, 1)]
    assert calibrate(entries, words) == []


def test_passes_beside_a_response_are_usage_of_their_own(tmp_path: Path) -> None:
    """As the usage book has them: an advisor's, which grows with its response, is there once and by its own model."""
    path = tmp_path / "t.jsonl"
    answer: dict[str, object] = {"type": "assistant", "timestamp": "2026-11-22T21:00:00.000Z", "requestId": "r"}

    def line(output: int, advised: int) -> bytes:
        passes = [
            {"type": "message", "input_tokens": 10, "output_tokens": output},
            {"type": "advisor_message", "model": "claude-fable-5", "input_tokens": 700, "output_tokens": advised},
        ]
        usage = {"input_tokens": 10, "output_tokens": output, "iterations": passes}
        message = {"id": "m", "role": "assistant", "model": "claude-opus-5-5", "content": [], "usage": usage}
        return json.dumps({**answer, "message": message}).encode() + b"\n"

    path.write_bytes(line(20, 5) + line(40, 60))
    reader = Reader(path, "s", "a1")
    first = [(r.agent, r.message_id, r.model, r.input_tokens, r.output_tokens) for r in requests_of(reader.read())]
    assert first == [
        ("a1", "m", "claude-opus-5-5", 10, 40),
        ("a1/advisor", "m/advisor-1", "claude-fable-5", 700, 60),
    ]
    with path.open("ab") as file:
        file.write(line(40, 60) + line(41, 61))
    assert [r.output_tokens for r in requests_of(reader.read())] == [41, 61]
