"""How fast the usage book is filled, and whether its totals are those of another meter.

    .venv/bin/python -m bench.usage --megabytes 1000 --ccusage PATH   # ccusage's executable, 20.0.x of npm

Makes seeded transcripts in the client's format in a temporary folder: the sizes of results by tool as in real sessions
(556 public sessions, 2026: median and p90 by tool), the second copy of each result, a line for each block of an answer
with the response's usage, which grows in a third of them, subagents in files of their own, resumed and forked sessions
that copy history, sessions through a gateway that has no request ids, API errors, attachments, snapshots. Then `trimtab
usage sync` on one core and on all, twice, with its peak memory, and the other meter in the same run. Totals of the four
classes are compared; every response that the two count differently is counted by rule, the first few with their
transcripts' lines. Small cases of each rule go through both as well.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.transcripts import MODELS, Json, make
from trimtab.paths import USAGE_BOOK
from trimtab.records import Request
from trimtab.store.usage import UsageStore

ROOT = Path(__file__).resolve().parents[1]
CLASSES = ("input", "output", "cache write", "cache read")


class Run(NamedTuple):
    """One process: seconds by the clock and of the processor, its greatest memory in MB, and what it printed."""

    seconds: float
    processor_s: float
    peak_mb: float
    output: str


def run(command: Sequence[str], home: Path, cores: set[int]) -> Run:
    """Runs to the end on these cores; the memory is the largest of its processes'."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
    with tempfile.TemporaryFile() as output:
        before = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.sched_setaffinity(0, cores)
            os.dup2(output.fileno(), 1)
            os.execvpe(command[0], list(command), environment)
        _, status, used = os.wait4(child, 0)
        seconds = time.perf_counter() - before
        output.seek(0)
        printed = output.read().decode()
    if status:
        sys.exit(f"{command} ended with {status}: {printed[-500:]}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3, printed)


def trimtab(home: Path, *arguments: str) -> list[str]:
    program = ROOT / "lib" / "trimtab" / "cli" / "__main__.py"
    return [
        sys.executable,
        "-I",
        str(program),
        "usage",
        "sync",
        "--json",
        "--folder",
        str(home / ".claude"),
        *arguments,
    ]


def forget(home: Path) -> None:
    shutil.rmtree(home / ".claude-patterns", ignore_errors=True)


def requests_of(home: Path) -> list[Request]:
    with UsageStore.open(home / ".claude-patterns" / USAGE_BOOK, readonly=True) as store:
        return store.requests()


def classes(requests: Sequence[Request]) -> tuple[int, ...]:
    return (
        sum(r.input_tokens for r in requests),
        sum(r.output_tokens for r in requests),
        sum(r.write_5m_tokens + r.write_1h_tokens for r in requests),
        sum(r.read_tokens for r in requests),
    )


def of_ccusage(printed: str) -> tuple[int, ...]:
    totals = json.loads(printed)["totals"]
    names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
    return tuple(int(totals[name]) for name in names)


def timed(
    title: str, command: Sequence[str], home: Path, cores: set[int], rounds: int, size: float, fresh: bool
) -> Run:
    """The fastest of so many rounds; a first sync starts each time without a book."""
    best: Run | None = None
    for _ in range(rounds):
        if fresh:
            forget(home)
        found = run(command, home, cores)
        best = found if best is None or found.seconds < best.seconds else best
    assert best is not None
    speed = f"{size / best.seconds / 1e6:7.0f} MB/s" if fresh else " " * 12
    print(f"{title:34}{best.seconds:8.3f} s {speed} {best.processor_s:8.3f} s of processor {best.peak_mb:6.0f} MB")
    return best


# Differences


def explain(home: Path, theirs: tuple[int, ...]) -> None:
    """Every class's difference, response by response: what the other meter counts of it, by its own rule, and why."""
    ours = classes(requests_of(home))
    print(f"\n{'tokens':14}" + "".join(f"{name:>18}" for name in CLASSES))
    gap = tuple(b - a for a, b in zip(ours, theirs, strict=True))
    for name, figures in (("trimtab", ours), ("ccusage", theirs), ("difference", gap)):
        print(f"{name:14}" + "".join(f"{figure:18,}" for figure in figures))
    rows = lines_of(home / ".claude" / "projects")
    told = {r.message_id: r for r in requests_of(home)}
    extra, listed, reasons = Counter[str](), 0, Counter[str]()
    for message, lines in rows.items():
        counted = as_ccusage(lines)
        one = told.get(message)
        own = classes([one] if one is not None else [])
        more = tuple(sum(row.figures[n] for row in counted) - own[n] for n in range(4))
        if not any(more):
            continue
        reason = why(lines, counted)
        reasons[reason] += 1
        for name, figure in zip(CLASSES, more, strict=True):
            extra[name] += figure
        if listed < 5:
            listed += 1
            print(f"\n  {message}: {reason}; ccusage counts {len(counted)} of its {len(lines)} lines, trimtab one")
            for row in lines[:1] + [line for line in counted if line is not lines[0]]:
                print(
                    f"    {row.path.name}:{row.line} session {row.session[:8]} request {row.request[-6:]} {row.figures}"
                )
    print("\nexplained, line by line:" + "".join(f"{extra[name]:14,} {name}" for name in CLASSES))
    for reason, count in reasons.most_common():
        print(f"  {count:6,} responses: {reason}")
    left = tuple(b - a - extra[name] for a, b, name in zip(ours, theirs, CLASSES, strict=True))
    print(f"not explained: {left}")


class Row(NamedTuple):
    """An assistant line with usage: where it stands, and what it says."""

    path: Path
    line: int
    session: str
    request: str
    at: str
    is_sidechain: bool
    figures: tuple[int, ...]  # as CLASSES


def lines_of(projects: Path) -> dict[str, list[Row]]:
    """By message id all lines with usage of a model, in the files' order; shares nothing with the library."""
    found: dict[str, list[Row]] = {}
    for path in sorted(projects.rglob("*.jsonl")):
        with path.open("rb") as file:
            for number, text_ in enumerate(file, 1):
                if b'"usage":{' not in text_:
                    continue
                line = json.loads(text_)
                message = line.get("message") or {}
                if line.get("type") != "assistant" or message.get("model") == "<synthetic>":
                    continue
                usage = message["usage"]
                names = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
                name = message.get("id") or line.get("requestId") or line["uuid"]
                figures = tuple(usage.get(key) or 0 for key in names)
                where = (path, number, line["sessionId"], line.get("requestId") or "", line["timestamp"])
                found.setdefault(name, []).append(Row(*where, line.get("isSidechain") is True, figures))
    return found


def as_ccusage(lines: Sequence[Row]) -> list[Row]:
    """The lines of one message that ccusage counts, by the rules of its source (20.0.24, `daily`).

    Lines with the same request id are one, whatever their session; without one those of the same session and time; a
    sidechain's line is the same as another of its session. The main conversation's goes before a sidechain's, then the
    one with more tokens.
    """
    kept: list[Row] = []
    for row in lines:
        for place, known in enumerate(kept):
            within = row.session == known.session
            same = row.request == known.request and (row.request != "" or (within and row.at == known.at))
            if same or (within and (row.is_sidechain or known.is_sidechain)):
                aside, more = row.is_sidechain != known.is_sidechain, sum(row.figures) > sum(known.figures)
                if known.is_sidechain if aside else more:
                    kept[place] = row
                break
        else:
            kept.append(row)
    return kept


def why(lines: Sequence[Row], counted: Sequence[Row]) -> str:
    if any(not row.request for row in counted):
        return "without a request id each line of it is counted"
    if len({row.request for row in counted}) > 1:
        return "a copy with another request id is counted again"
    if len(counted) == 1 and len(lines) > 1:
        return "another of its lines is taken"
    return "one of its lines is not read"


# The small cases of each rule


def line(message: str | None, figures: tuple[int, int, int, int], second: int = 1, **more: object) -> Json:
    """An assistant's line of the session s1 with this usage; what is None in `more` is left out."""
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    said: Json = {
        "role": "assistant",
        "model": MODELS[0],
        "content": [],
        "usage": dict(zip(names, figures, strict=True)),
    }
    said |= {"id": message} if message else {}
    made: Json = {"type": "assistant", "message": said, "requestId": f"r-{message}", "sessionId": "s1"}
    made |= {"uuid": f"{message}{second}", "timestamp": f"2026-11-22T21:00:{second:02d}.000Z", "version": "2.1.328"}
    return {key: value for key, value in (made | more).items() if value is not None}


def cases() -> Iterator[tuple[str, int, dict[str, list[Json]]]]:
    """A name, the tokens that were billed (added up by hand), and the files' lines."""
    one = (10, 100, 1000, 40)  # 1150
    aside: Json = {"isSidechain": True, "agentId": "a1"}
    yield "a line for each block", 1150, {"s1": [line("msg_011111111111111111111111", one, n) for n in (1, 2, 3)]}
    yield (
        "streamed: output 1, 5, 40",
        1150,
        {"s1": [line("msg_011111111111111111111111", (*one[:3], n), s) for s, n in enumerate((1, 5, 40))]},
    )
    yield "no request id", 1150, {"s1": [line("msg_011111111111111111111111", one, n, requestId=None) for n in (1, 2)]}
    yield (
        "request id on one line only",
        1150,
        {
            "s1": [
                line("msg_011111111111111111111111", one, 1),
                line("msg_011111111111111111111111", one, 2, requestId=None),
            ]
        },
    )
    yield "no message id", 1150, {"s1": [line(None, one, n, requestId="req_01aaaaaaaaaaaaaaaaaaaa") for n in (1, 2)]}
    yield (
        "resumed into a new file",
        1150,
        {
            "s1": [line("msg_011111111111111111111111", one)],
            "s2": [line("msg_011111111111111111111111", one, sessionId="s2")],
        },
    )
    replay = [
        line("msg_011111111111111111111111", (9, 50, 60, 40), 1, requestId="new", **aside),
        line("msg_013333333333333333333333", (5, 10, 45, 10), 3, **aside),
    ]
    main = [
        line("msg_011111111111111111111111", (9, 50, 60, 40), 1),
        line("msg_012222222222222222222222", (10, 50, 60, 30), 2),
    ]
    yield "subagent's replay, new request id", 379, {"s1": main, "s1/a1": replay}
    later = [line("msg_011111111111111111111111", (9, 50, 60, 40), 7, requestId="new", **aside), replay[1]]
    yield "the same at a later time", 379, {"s1": main, "s1/a1": later}
    yield (
        "a subagent in the main file",
        1168,
        {
            "s1": [
                line("msg_011111111111111111111111", one),
                line("msg_012222222222222222222222", (5, 4, 0, 9), 2, **aside),
            ]
        },
    )
    yield (
        "<synthetic>",
        1150,
        {
            "s1": [
                line("msg_011111111111111111111111", one),
                synthetic(line("msg_012222222222222222222222", (7, 7, 7, 7), 2)),
            ]
        },
    )


def synthetic(line: Json) -> Json:
    message = line["message"]
    assert isinstance(message, dict)
    return line | {"message": message | {"model": "<synthetic>"}, "isApiErrorMessage": True}


def compare_cases(ccusage: str) -> None:
    print(f"\n{'tokens of a case':36}{'billed':>8}{'trimtab':>9}{'ccusage':>9}")
    cores = os.sched_getaffinity(0)
    for name, billed, files in cases():
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            for file, lines in files.items():
                session, _, agent = file.partition("/")
                path = (
                    home / ".claude" / "projects" / "-p" / (f"{session}/subagents/agent-{agent}" if agent else session)
                )
                path = path.with_name(path.name + ".jsonl")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
            run(trimtab(home), home, cores)
            ours = sum(classes(requests_of(home)))
            theirs = str(sum(of_ccusage(run(other(ccusage), home, cores).output))) if ccusage else "-"
            print(f"{name:36}{billed:8}{ours:9}{theirs:>9}{'' if ours == billed else '  WRONG'}")


def other(ccusage: str) -> list[str]:
    return [ccusage, "daily", "--json", "--offline"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest is stated")
    parser.add_argument("--ccusage", default="", metavar="PATH", help="ccusage's native executable")
    parser.add_argument("--folder", type=Path, help="a home made before, or to keep")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = given.folder or Path(scratch)
        projects = home / ".claude" / "projects"
        if not projects.is_dir():
            make(projects, given.megabytes, given.seed)
        files = list(projects.rglob("*.jsonl"))
        size = sum(path.stat().st_size for path in files)
        lines = sum(path.read_bytes().count(b"\n") for path in files)  # and the files are in the system's cache
        cores = sorted(os.sched_getaffinity(0))
        print(
            f"{size / 1e6:,.0f} MB in {len(files):,} files, {lines:,} lines; {platform.machine()}, {len(cores)} cores,"
        )
        print(f"Python {platform.python_version()}; the fastest of {given.rounds} runs, files in the system's cache\n")
        once = trimtab(home), home
        timed("trimtab, first sync, one core", *once, {cores[0]}, given.rounds, size, True)
        if given.ccusage:
            timed("ccusage daily, one core", other(given.ccusage), home, {cores[0]}, given.rounds, size, True)
            theirs = timed("ccusage daily, all cores", other(given.ccusage), home, set(cores), given.rounds, size, True)
        timed("trimtab, first sync, all cores", *once, set(cores), given.rounds, size, True)
        timed("trimtab, nothing new", *once, set(cores), given.rounds, size, False)
        book = home / ".claude-patterns" / USAGE_BOOK
        print(f"the book has {book.stat().st_size / 1e6:.1f} MB, {len(requests_of(home)):,} responses")
        if given.ccusage:
            explain(home, of_ccusage(theirs.output))
    compare_cases(given.ccusage)


if __name__ == "__main__":
    main()
