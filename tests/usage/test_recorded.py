"""Recorded sessions, written as the client writes them: the book's totals are those of a count that shares nothing.

Needs the recordings of the replay evaluator (TRIMTAB_REPLAY, or ../shared/replay/data beside this repository).
"""

import json
import lzma
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.usage.written import Home

GIVEN = os.environ.get("TRIMTAB_REPLAY")  # read before the fixtures take our variables away
DATA = Path(GIVEN) if GIVEN else Path(__file__).parents[3] / "shared" / "replay" / "data"
FILES = sorted(DATA.glob("*.jsonl.xz"))
Totals = Counter[tuple[str, str]]  # by session or model, and class


def recorded() -> Iterator[dict]:  # type: ignore[type-arg]  # whatever was recorded
    for path in FILES:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)


def transcript(session: dict) -> Iterator[dict]:  # type: ignore[type-arg]
    """The session's lines as the client writes them: one for each block, each with the response's usage so far."""
    name, used, number = session["session"], {}, 0
    common = {"sessionId": name, "cwd": session["cwd"], "version": session["version"], "isSidechain": False}
    for event in session["events"]:
        number += 1
        at = f"2026-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000Z"
        line = {**common, "uuid": f"{name}-{number}", "timestamp": at}
        if event["e"] == "api":
            used[event["k"]] = (event["model"], dict(zip(("i", "w", "r", "o"), event["usage"], strict=True)))
            blocks = [{"type": "text", "text": ""}]
        elif event["e"] in ("say", "think"):
            blocks = [{"type": "text", "text": event["text"]}]
        elif event["e"] == "tool":
            blocks = [{"type": "tool_use", "id": event["id"], "name": event["name"], "input": event["input"]}]
        else:
            if event["e"] == "compact":
                yield {**line, "type": "system", "subtype": "compact_boundary"}
            else:
                message = {"role": "user", "content": event["text"]}
                yield {**line, "type": "user", "message": message, "isMeta": bool(event["meta"])}
            continue
        model, tokens = used[event["k"]]
        usage = {"input_tokens": tokens["i"], "cache_creation_input_tokens": tokens["w"]}
        usage |= {"cache_read_input_tokens": tokens["r"]}
        usage |= {"output_tokens": min(1, tokens["o"]) if event["e"] == "api" else tokens["o"]}
        message = {"id": f"msg_{name}_{event['k']}", "role": "assistant", "model": model, "content": blocks}
        yield {**line, "type": "assistant", "requestId": f"r{event['k']}", "message": {**message, "usage": usage}}
        if event["e"] == "tool":
            content = [{"type": "tool_result", "tool_use_id": event["id"], "content": event["output"]}]
            second = {"toolUseResult": event["resp"], "uuid": f"{name}-{number}-r"}
            yield {**line, "type": "user", "message": {"role": "user", "content": content}, **second}


def recount(path: Path) -> dict[str, list[int]]:
    """By message id its [input, written, read, output]: of a file's lines the greatest of each."""
    found: dict[str, list[int]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        message = json.loads(text).get("message") or {}
        if "usage" in message:
            usage = message["usage"]
            row = [usage["input_tokens"], usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]]
            row.append(usage["output_tokens"])
            known = found.setdefault(message["id"], row)
            found[message["id"]] = [max(pair) for pair in zip(known, row, strict=True)]
    return found


@pytest.mark.skipif(not FILES, reason=f"no recorded sessions in {DATA}")
@pytest.mark.slow
def test_all_recorded_sessions(home: Home) -> None:
    recounted: dict[str, list[int]] = {}
    sizes: dict[str, int] = {}
    sessions = 0
    for session in recorded():
        path = home.path(session["session"])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", errors="replace") as file:
            for line in transcript(session):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        by_session = recount(path)
        recounted |= by_session
        sessions += bool(by_session)
        calls = [event for event in session["events"] if event["e"] == "tool"]
        sizes[session["session"]] = sum({event["id"]: len(event["output"]) for event in calls}.values())
    done = home.sync()
    assert done.bad == []
    found = home.requests()
    told = {r.message_id: [r.input_tokens, r.write_5m_tokens + r.write_1h_tokens, r.read_tokens] for r in found}
    assert {r.message_id: [*told[r.message_id], r.output_tokens] for r in found} == recounted
    assert sum(map(sum, recounted.values())) > 1_000_000
    with home.store() as store:
        arrived = Counter[str]()
        for arrival in store.arrivals():
            if arrival.what == "result":
                arrived[arrival.session] += arrival.characters
        assert {name: size for name, size in sizes.items() if size} == {n: s for n, s in arrived.items() if s}
        assert len({r.session for r in found}) == sessions
    whole = [sum(row[n] for row in recounted.values()) for n in range(4)]
    print(f"{sessions} sessions, {len(recounted)} responses, input, written, read, output: {whole}")
