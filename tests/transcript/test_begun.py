"""The first request in a transcript, as client 2.1.328 writes it down."""

import json
from pathlib import Path

import pytest
from tests.prompt import bodies

from trimtab.transcript.begun import first_request

Record = dict[str, object]
BODY = bodies.newer()
SHAPE: Record = {
    "type": "api-request-shape",
    "shapeHash": "s",
    "shape": {"system": BODY["system"], "tools": BODY["tools"]},
}
BLOBS: list[Record] = [
    {"type": "api-request-blob", "hash": f"m{at}", "message": one} for at, one in enumerate(BODY["messages"])
]
ASKED: Record = {
    "type": "api-request", "sessionId": "s1", "timestamp": "2026-11-22T21:00:01.000Z", "version": "2.1.328",
    "querySource": "repl_main_thread:outputStyle:custom", "shapeHash": "s", "keep": 0, "tail": ["m0", "m1"],
    "params": {"model": "claude-opus-5-5", "max_tokens": 64_000},
}  # fmt: skip
PROMPT: Record = {"type": "user", "message": {"role": "user", "content": "Say hello."}}
ANSWER: Record = {  # the client writes a line's type after its message
    "parentUuid": "p", "isSidechain": False,
    "message": {"model": "m", "id": "msg_1", "type": "message", "role": "assistant", "content": ["x" * 900]},
    "type": "assistant",
}  # fmt: skip


def written(folder: Path, *records: Record) -> Path:
    file = folder / "s1.jsonl"
    file.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records))
    return file


def test_the_body_is_put_together(tmp_path: Path) -> None:
    """A piece is missing or in another order."""
    found = first_request(written(tmp_path, PROMPT, SHAPE, *BLOBS, ASKED, ANSWER))
    assert found is not None
    assert found.body == {name: BODY[name] for name in ("model", "system", "tools", "messages")}
    assert (found.at, found.client, found.is_terminal) == (1_795_381_201.0, "2.1.328", True)


def test_not_what_is_beside_it(tmp_path: Path) -> None:
    """A title's request, a subagent's or a later one is taken for the first."""
    title = {**ASKED, "shapeHash": "t", "tail": ["m0"], "querySource": "generate_title"}
    shapes: tuple[Record, ...] = SHAPE, {**SHAPE, "shapeHash": "t", "shape": {"system": "A title."}}
    aside = {**ASKED, "agentId": "a1", "tail": ["m0"]}
    found = first_request(written(tmp_path, *shapes, *BLOBS, title, aside, {**ASKED, "querySource": "sdk"}, ANSWER))
    assert found is not None
    assert len(found.body["messages"]) == 2  # type: ignore[arg-type]
    assert not found.is_terminal


@pytest.mark.parametrize(
    "records",
    [
        (),
        (PROMPT, ANSWER),  # an older client
        (PROMPT, ANSWER, SHAPE, *BLOBS, ASKED),  # goes on with a copied conversation
        (SHAPE, *BLOBS, {**ASKED, "base": "r0"}),
        (SHAPE, *BLOBS, {**ASKED, "cut": {"kind": "x"}}),  # the client left something out
        (SHAPE, BLOBS[0], ASKED),
        (BLOBS[0], BLOBS[1], ASKED),
        (SHAPE, *BLOBS, {**ASKED, "tail": None}),
        (SHAPE, *BLOBS, {**ASKED, "tail": [{}]}),
        ({"type": "api-request-shape"}, {"type": "api-request"}),
    ],
)
def test_none_where_it_is_not_told(records: tuple[Record, ...], tmp_path: Path) -> None:
    """Something else is taken for it, or an odd record is an error."""
    assert first_request(written(tmp_path, *records)) is None


def test_what_can_not_be_read(tmp_path: Path) -> None:
    """A damaged line or a missing file is an error."""
    assert first_request(tmp_path / "none") is None
    file = written(tmp_path, SHAPE)
    file.write_bytes(file.read_bytes()[:-9] + b'\n{"type":"api-request-blob",')
    assert first_request(file) is None
