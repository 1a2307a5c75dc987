"""Recorded sessions as the usage book would hold them: Requests and Arrivals, and the texts that these stand for.

Reads `*.jsonl.xz` of a folder, or of its `data`, as the replay evaluator writes them: a session a line. The recordings
have no times: events are a second apart, and what follows a request comes after it.
"""

import json
import lzma
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from trimtab.monitor import sizes
from trimtab.records import Arrival, Request

CALL_TOKENS, CALL_SHARE, THOUGHT_SHARE = 37, 0.85, 1.1  # fitted: around a call, of its input's JSON, of thinking


class Told(NamedTuple):
    """One session; `texts` holds each arrival's text by its id."""

    session: str
    repo: str
    requests: list[Request]
    arrivals: list[Arrival]
    texts: dict[str, str]


def sessions(folder: Path) -> Iterator[Told]:
    """Raises FileNotFoundError where there are none."""
    files = sorted([*folder.glob("*.jsonl.xz"), *folder.glob("data/*.jsonl.xz")])
    if not files:
        raise FileNotFoundError(f"no *.jsonl.xz is in {str(folder)!r} or in its data folder")
    for file in files:
        with lzma.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield told(json.loads(line))


def told(session: Mapping[str, Any]) -> Told:
    name = session["session"]
    found = Told(name, session["repo"], [], [], {})
    answers: dict[int, dict[str, list[str]]] = {}
    compacted = False
    for at, event in enumerate(session["events"]):
        kind = event["e"]
        if kind == "api":
            found.requests.append(request(name, session["cwd"], event, float(at)))
            answers[event["k"]] = {"say": [], "think": [], "call": []}
        elif kind in ("say", "think"):
            answers[event["k"]][kind].append(event["text"])
        elif kind == "compact":
            compacted = True
        elif kind == "prompt":
            what = "summary" if compacted and event["meta"] else "note" if event["meta"] else "prompt"
            compacted = compacted and what != "summary"
            arrive(found, Arrival(name, "", f"p{at}", float(at), what, "", "", 0), event["text"])
        elif kind == "tool":
            answers[event["k"]]["call"].append(json.dumps(event["input"], ensure_ascii=False))
            arrive(found, result(name, event, float(at)), event["output"] or "")
    for index, wrote in answers.items():
        asked = found.requests[index]
        arrival = Arrival(name, "", asked.message_id, asked.at, "answer", "", "", 0)
        tokens = weigh_answer(wrote["say"], wrote["think"], wrote["call"])
        arrive(found, arrival, "\n".join([*wrote["say"], *wrote["think"], *wrote["call"]]), tokens)
    found.arrivals.sort(key=lambda arrival: arrival.at)
    return found


def arrive(found: Told, arrival: Arrival, text: str, tokens: int | None = None) -> None:
    found.arrivals.append(
        arrival._replace(characters=len(text), tokens=sizes.weigh(text) if tokens is None else tokens)
    )
    found.texts[arrival.id] = text


def request(session: str, project: str, event: Mapping[str, Any], at: float) -> Request:
    """The recordings give one figure of cache writes; the client's lifetime was five minutes unless it says more."""
    uncached, written, read, output = event["usage"]
    name = f"{session}-{event['k']}"
    return Request(session, "", name, at, event["model"], uncached, written, 0, read, output, project)


def result(session: str, event: Mapping[str, Any], at: float) -> Arrival:
    given = event["input"] if isinstance(event["input"], dict) else {}
    target = next((str(given[key]) for key in ("file_path", "command", "pattern", "url") if given.get(key)), "")
    tool = "Agent" if event["name"] == "Task" else event["name"]
    return Arrival(
        session, "", event["id"], at, "result", tool, target, 0, bool(event["is_error"]), int(bool(event["image"]))
    )


def weigh_answer(said: Iterable[str], thought: Iterable[str], calls: Iterable[str]) -> int:
    """About what a response's output is billed by such a model: its texts, thinking, and its calls' inputs as JSON."""
    inputs = [sizes.weigh(given) for given in calls]
    about = sum(map(sizes.weigh, said)) + THOUGHT_SHARE * sum(map(sizes.weigh, thought))
    return round(about + CALL_SHARE * sum(inputs) + CALL_TOKENS * len(inputs))
