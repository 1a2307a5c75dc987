"""Recorded sessions on a clock: what a monitor would have seen of them, had they been played in real time.

Reads a folder of `.jsonl.xz` files, one session a line: {"session", "repo", "version", "events": [...]}, where an event
is {"e": "api", "model", "usage": [input, cache writes, cache reads, output]}, {"e": "tool", "name", "input", "output",
"resp"}, {"e": "prompt", "meta", "text"} or {"e": "compact"}. They hold no times, so a clock is made, seeded: a response
takes 2 s and a second for 60 tokens of output; a tool as long as it was recorded to, else a second or two (log-normal,
commands with a long tail); the user a minute before a prompt (log-normal). The order is the client versions'. These are
assumptions: they carry over to the figures in minutes and a week, not to those in sessions or calls.
"""

import json
import lzma
import os
import random
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from trimtab.records import Arrival, Request
from trimtab.transcript.lines import own_words

START = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)  # a Monday
DAY_S = 8 * 3600.0  # a day's sessions begin within so many seconds
WORKDAYS = 5
TARGETS = ("file_path", "command", "pattern", "url", "query", "path")
Event = Request | Arrival


def arguments(description: str | None) -> Namespace:
    """The folder and the clock's seed, of the command line. Leaves, with the reason, where there are no sessions.

    The folder is TRIMTAB_REPLAY's or `shared/replay` beside the project where none is named; the sessions are in it or
    in its folder `data`.
    """
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    default = Path(os.environ.get("TRIMTAB_REPLAY") or Path(__file__).parents[2] / "shared" / "replay")
    parser.add_argument("folder", type=Path, nargs="?", default=default, help="with recorded sessions, *.jsonl.xz")
    parser.add_argument("--seed", type=int, default=1, help="of the clock")
    given = parser.parse_args()
    if (given.folder / "data").is_dir():
        given.folder /= "data"
    if not list(given.folder.glob("*.jsonl.xz")):
        print(f"skipped: no *.jsonl.xz with recorded sessions in {given.folder}")
        raise SystemExit(0)
    return given


class Recording(NamedTuple):
    """One session's events, in order, each with its seconds since the session's start.

    `said` are the user's prompts and the compactions, in the same way.
    """

    session: str
    repo: str
    version: tuple[int, ...]
    events: tuple[tuple[float, Event], ...]
    said: tuple[tuple[float, Arrival], ...] = ()

    @property
    def requests(self) -> int:
        return sum(isinstance(event, Request) for _, event in self.events)


def read(folder: Path, seed: int) -> list[Recording]:
    """All sessions of the folder in the order of their versions; ties in the order of the files."""
    found = []
    for file in sorted(folder.glob("*.jsonl.xz")):
        with lzma.open(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                found.append(recording(json.loads(line), random.Random(f"{seed} {file.name} {number}")))
    if not found:
        raise SystemExit(f"no *.jsonl.xz with recorded sessions in {folder}")
    return sorted(found, key=lambda each: each.version)


def recording(session: dict[str, Any], random_: random.Random) -> Recording:
    name, now = str(session["session"]), 0.0
    events: list[tuple[float, Event]] = []
    said: list[tuple[float, Arrival]] = []
    for event in session["events"]:
        kind = event["e"]
        if kind == "prompt" and not event["meta"] and events:
            now += random_.lognormvariate(4.1, 1.2)  # median a minute
        if kind == "compact":
            said.append((now, Arrival(name, "", f"{name} {len(said)}", now, "summary", "", "", 0)))
        elif kind == "prompt":
            own = "" if event["meta"] else own_words(event["text"])
            if own:
                said.append((now, Arrival(name, "", f"{name} {len(said)}", now, "prompt", "", "", len(own))))
        elif kind == "api":
            fresh, write, read_tokens, output = event["usage"]
            now += 2.0 + output / 60
            key = f"{name} {event['k']}"
            request = Request(name, "", key, now, event["model"] or "", fresh, write, 0, read_tokens, output)
            events.append((now, request))
        elif kind == "tool":
            now += tool_seconds(event, random_)
            given = event["input"] if isinstance(event["input"], dict) else {}
            target = next((str(given[key]) for key in TARGETS if given.get(key)), "")
            size, has_failed = len(event["output"]), bool(event.get("is_error"))
            arrival = Arrival(name, "", event["id"], now, "result", event["name"], target, size, has_failed)
            events.append((now, arrival))
    version = tuple(int(part) for part in str(session["version"] or "0").split(".") if part.isdigit())
    return Recording(name, str(session["repo"]), version, tuple(events), tuple(said))


def tool_seconds(event: dict[str, Any], random_: random.Random) -> float:
    resp = event["resp"] if isinstance(event["resp"], dict) else {}
    for key in ("totalDurationMs", "durationMs"):
        if isinstance(resp.get(key), (int, float)):
            return min(float(resp[key]) / 1000, 3600.0)
    return random_.lognormvariate(0.7, 1.5) if event["name"] == "Bash" else random_.lognormvariate(-1.0, 0.5)


def started(recordings: list[Recording], sessions_a_day: int) -> Iterator[tuple[float, Recording]]:
    """Each session with its start, so many on each workday, evenly over DAY_S."""
    for number, each in enumerate(recordings):
        day, place = divmod(number, sessions_a_day)
        weeks, weekday = divmod(day, WORKDAYS)
        at = START + timedelta(days=7 * weeks + weekday, seconds=DAY_S * place / sessions_a_day)
        yield at.timestamp(), each


def weeks(recordings: int, sessions_a_day: int) -> float:
    return recordings / sessions_a_day / WORKDAYS
