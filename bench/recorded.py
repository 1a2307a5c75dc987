"""Recorded sessions -> what the relevance model learns from: each labelled output with its features and its needs.

Reads a folder as the replay evaluator has it: `load_sessions.py`, `labels.py`, `score.py` and `data/*.jsonl.xz`. The
conversation is told to the same `Interest` that the plugin keeps, in the same order.
"""

import importlib
import sys
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from trimtab.groups import group_of
from trimtab.handlers import parsed
from trimtab.handlers.conversation import MOST_REPORTS, REPORT_CHARACTERS
from trimtab.handlers.loads import Loaded
from trimtab.handlers.parsed import Parsed
from trimtab.messages import Given
from trimtab.records import Content
from trimtab.relevance import Evidence, Interest, Mention, evidence, new_words, words


def add_folder(parser: ArgumentParser) -> None:
    """The arguments that say where the evaluator and its sessions are."""
    parser.add_argument("folder", type=Path, help="the replay evaluator's")
    parser.add_argument("--data", type=Path, action="append", help="sessions other than those of the folder")


def files_of(given: Namespace) -> list[Path]:
    """The files with sessions that the arguments name. Leaves, with 0 and the reason, where there is nothing to do."""
    data = given.data or sorted((given.folder / "data").glob("*.jsonl.xz"))
    if not (given.folder / "labels.py").is_file() or not data:
        print(f"skipped: {given.folder} has no evaluator or no data")
        raise SystemExit(0)
    return data


class Needs(NamedTuple):
    """What was needed of an output: lines by number from 0, words with the line that stands for them."""

    edited: frozenset[int]
    words: Mapping[str, int]
    referenced: frozenset[int]


class Subject(NamedTuple):
    """What brought the load in, and when. An Agent's tool is Agent, an MCP tool's mcp."""

    tool: str
    path: str
    command: str
    is_targeted: bool
    prompt_tokens: int
    requests: int


class Example(NamedTuple):
    """One labelled output. `lines` are as the model saw them, `start` is the number of a file's first line."""

    id: str
    session: str
    repo: str
    subject: Subject
    lines: tuple[str, ...]
    start: int
    whole: Parsed
    evidence: Evidence
    words: list[Mention]
    needs: Needs
    model: str
    requests_left: int
    is_persisted: bool
    known: Given = Given()  # of a report, what its receiver holds and its sender's group
    seen: frozenset[str] = frozenset()  # of a report's words, those that had come up

    @property
    def content(self) -> Content:
        return self.whole.plan.content


class Evaluator(NamedTuple):
    """The replay evaluator's own modules."""

    sessions: ModuleType
    labels: ModuleType


def evaluator(folder: Path) -> Evaluator:
    sys.path.insert(0, str(folder))
    return Evaluator(importlib.import_module("load_sessions"), importlib.import_module("labels"))


def name_of(tool: str) -> str:
    return "mcp" if tool.startswith("mcp__") else "Agent" if tool == "Task" else tool


def examples(session: Mapping[str, Any], judge: Evaluator) -> Iterator[Example]:
    """The labelled, successful outputs of one session, in order."""
    labelled = {label.id: label for label in judge.labels.label_session(session)}
    left, prompts, models = requests(session, judge)
    interest = Interest()
    waiting: list[tuple[str, str, str]] = []  # outputs that the agent has not read yet
    reports: deque[str] = deque(maxlen=MOST_REPORTS)
    for event in session["events"]:
        kind = event["e"]
        if kind in ("api", "prompt"):
            for output in waiting:
                interest.saw(*output)
            waiting.clear()
        if kind == "compact":
            interest.compacted()
            waiting.clear()
            reports.clear()
        elif kind == "prompt" and not event.get("meta"):
            interest.asked(event["text"])
        elif kind in ("say", "think"):
            interest.said(event["text"])
        elif kind == "tool":
            given = event["input"] if isinstance(event["input"], dict) else {}
            interest.called(event["name"], given)
            label = labelled.get(event["id"])
            if label is not None and not event["is_error"]:
                k = event["k"]
                held = (str(given.get("prompt", "")), *reports) if name_of(event["name"]) == "Agent" else ()
                yield example(session, event, label, interest, (left[k], prompts[k], models[k]), judge, held)
            if name_of(event["name"]) == "Agent":
                reports.append((event["output"] or "")[:REPORT_CHARACTERS])
            waiting.append((name_of(event["name"]), event["output"] or "", str(given.get("command", ""))))


def requests(session: Mapping[str, Any], judge: Evaluator) -> tuple[dict[int, int], dict[int, int], dict[int, str]]:
    """By request: how many follow until the end or a compaction, the prompt's tokens, the model."""
    left: dict[int, int] = {}
    prompts: dict[int, int] = {}
    models: dict[int, str] = {}
    for segment in judge.labels.segments_of(session):
        calls = [event for event in segment if event["e"] == "api"]
        for at, call in enumerate(calls):
            left[call["k"]] = len(calls) - 1 - at
            prompts[call["k"]] = sum(call["usage"][:3])
            models[call["k"]] = call["model"]
    return left, prompts, models


def example(
    session: Mapping[str, Any],
    event: Mapping[str, Any],
    label: Any,
    interest: Interest,
    now: tuple[int, int, str],
    judge: Evaluator,
    held: tuple[str, ...] = (),
) -> Example:
    """One labelled output; `held` is what its receiver has of a report: the task that it wrote, earlier reports."""
    given = event["input"] if isinstance(event["input"], dict) else {}
    tool = name_of(event["name"])
    path = str(given.get("file_path", "")) if tool == "Read" else ""
    command = str(given.get("command", "")) if tool == "Bash" else ""
    lines, start = unnumbered(label.lines, judge) if tool == "Read" else (tuple(label.lines), 1)
    sender = str(given.get("subagent_type", "")) if tool == "Agent" else ""
    known = Given(held, group=group_of(sender))
    found = Loaded(tool, path or command, "\n".join(lines), start if path else 0, given=known)
    whole = parsed.parse(found)
    targeted = bool(given.get("offset") or given.get("limit"))
    return Example(
        event["id"],
        session["session"],
        session["repo"],
        Subject(tool, path, command, targeted, now[1], event["k"]),
        tuple(label.lines),
        start,
        whole,
        evidence(interest, path),
        new_words(whole.mentions, interest),
        Needs(frozenset(label.hard), dict(label.soft), frozenset(label.loose)),
        now[2],
        now[0],
        "<persisted-output>" in (event["output"] or "")[:200],
        known,
        frozenset(interest.seen & words.words_in(found.text)) if tool == "Agent" else frozenset(),
    )


def unnumbered(lines: list[str], judge: Evaluator) -> tuple[tuple[str, ...], int]:
    """The lines of a Read without their numbers, and the first number."""
    matches = [judge.labels.NUMBERED.match(line) for line in lines]
    first = next((int(match[1]) for match in matches if match), 1)
    return tuple(match[3] if match else line for match, line in zip(matches, lines, strict=True)), first
