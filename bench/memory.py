"""What is told after a compaction (history.memory) against what recorded sessions loaded again after theirs.

    python -m bench.memory FOLDER [--within REQUESTS] [--most TOKENS]

FOLDER holds recorded sessions (`*.jsonl.xz`). For every recorded compaction: what would have been told, its tokens, and
of the files that were known before and read again within so many requests how many the reminder names, or the client
puts back; of the lines that were read again by range how many lie in lines that it names; and what it would save: a
file that is read whole again is read by the named lines instead, and MARGIN about them. It costs its tokens always,
written once and read by each request until the next compaction; it saves where the agent heeds it, so the last line
says in how much of the cases it must. By repository.
"""

import argparse
import json
import lzma
import re
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from trimtab import tokens
from trimtab.history import memory
from trimtab.history.memory import Memory

WRITE, READ = 2.0, 0.1
RESTORED, RESTORED_TOKENS = 5, 5_000  # what the client puts back: the files used last, each up to so many tokens
CHARACTERS = 3.4  # of a token
MARGIN = 20  # lines about a named range that an agent reads with it
Json = dict[str, Any]


class Case(NamedTuple):
    """One compaction: the reminder, its tokens, and what was read again after it."""

    repo: str
    tokens: int
    requests: int
    files: int
    named: int
    restored: int
    ranges: int
    in_ranges: int
    spared: float  # tokens of whole reads above the named lines


class Files:
    """The files of one session as far as its calls tell them."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def result(self, event: Json) -> None:
        given = event["input"] if isinstance(event["input"], dict) else {}
        path = str(given.get("file_path") or "")
        if not path or event["is_error"]:
            return
        if event["name"] == "Read" and not (given.get("offset") or given.get("limit")):
            rows = re.findall(r"^[ ]*\d+(?:\t|→)(.*)$", event["output"], re.M)
            self.texts[path] = "\n".join(rows)
        elif event["name"] == "Write":
            self.texts[path] = str(given.get("content") or "")
        elif event["name"] == "Edit" and path in self.texts:
            old, new = str(given.get("old_string")), str(given.get("new_string"))
            self.texts[path] = self.texts[path].replace(old, new, 1)


def size(text: str) -> int:
    counted = tokens.count(text)
    return tokens.estimate(text) if counted is None else counted


def cases(session: Json, within: int, most: int) -> list[Case]:
    kept, files, found = Memory(), Files(), []
    events = session["events"]
    for place, event in enumerate(events):
        if event["e"] == "tool":
            given = event["input"] if isinstance(event["input"], dict) else {}
            kept.result(event["name"], given, event["output"], bool(event["is_error"]))
            files.result(event)
        elif event["e"] == "compact":
            said = memory.told(kept, files.texts.get, session["cwd"], size, most)
            found.append(case(session, kept, files, said, events[place + 1 :], within))
    return found


def case(session: Json, kept: Memory, files: Files, said: str, after: list[Json], within: int) -> Case:
    root = session["cwd"].rstrip("/") + "/"
    back = restored(kept, files)
    lines = {path: memory.in_work(work, files.texts.get(path)) for path, work in kept.files.items()}
    told = {
        path for path in kept.files if re.search(rf"(?:- |, |: ){re.escape(path.removeprefix(root))}(?=[:,\n]|$)", said)
    }
    seen: set[str] = set()
    requests = ranges = in_ranges = 0
    spared = 0.0
    for event in after:
        if event["e"] == "compact":
            break
        requests += event["e"] == "api"
        given = event.get("input") if event["e"] == "tool" and isinstance(event.get("input"), dict) else {}
        path = str((given or {}).get("file_path") or "")
        if event["e"] != "tool" or event["name"] != "Read" or event["is_error"] or path not in kept.files:
            continue
        if requests > within:
            continue
        seen.add(path)
        numbers = [int(number) for number in memory.NUMBERED.findall(event["output"])]
        if given and (given.get("offset") or given.get("limit")):
            ranges += 1
            in_ranges += path in told and any(overlap(numbers, place) for place in lines[path])
        elif path in told and lines[path] and numbers:
            share = sum(last - first + 1 + 2 * MARGIN for first, last in lines[path]) / len(numbers)
            spared += size(event["output"]) * max(1 - share, 0.0)
    return Case(
        session["repo"], size(said) if said else 0, requests, len(seen), len(seen & told), len(seen & back - told),
        ranges, in_ranges, spared,
    )  # fmt: skip


def overlap(numbers: list[int], place: tuple[int, int]) -> bool:
    return bool(numbers) and numbers[0] <= place[1] and numbers[-1] >= place[0]


def restored(kept: Memory, files: Files) -> set[str]:
    """The files that the client puts back."""
    newest = [path for path in reversed(kept.files) if path in files.texts][:RESTORED]
    return {path for path in newest if len(files.texts[path]) / CHARACTERS <= RESTORED_TOKENS}


def show(name: str, found: list[Case]) -> None:
    files, ranges = sum(c.files for c in found), sum(c.ranges for c in found)
    named, back = sum(c.named for c in found), sum(c.restored for c in found)
    cost = sum(c.tokens * (WRITE + READ * c.requests) for c in found)
    gain = sum(c.spared * (WRITE + READ * c.requests / 2) for c in found)
    print(f"{name}: {len(found)} compactions, {sum(c.tokens for c in found) / len(found):.0f} tokens each")
    print(f"  files read again {files}: named {named}, put back by the client {back}", end="; ")
    print(f"by range {ranges}, of these in named lines {sum(c.in_ranges for c in found)}")
    print(
        f"  costs {cost:,.0f} units; spares {sum(c.spared for c in found):,.0f} tokens, {gain:,.0f} units, if", end=" "
    )
    print(f"always heeded: pays from {cost / gain:.0%} on" if gain else "always heeded: never pays")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--within", type=int, default=40)
    parser.add_argument("--most", type=int, default=600)
    given = parser.parse_args()
    apart: dict[str, list[Case]] = defaultdict(list)
    tokens.load()
    for file in sorted(given.folder.rglob("*.jsonl.xz")):
        with lzma.open(file, "rt", encoding="utf-8") as rows:
            for row in rows:
                session = json.loads(row)
                apart[session["repo"]] += cases(session, given.within, given.most)
    found = [case for of in apart.values() for case in of]
    if not found:
        raise SystemExit(f"no recorded compactions in {given.folder}")
    show("all", found)
    for repo, of in sorted(apart.items()):
        if of:
            show(repo, of)


if __name__ == "__main__":
    main()
