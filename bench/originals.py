"""Writes the transcripts that recordings were made of, for what the recordings left out: their times.

    python -m bench.originals RECORDINGS OUT REPOSITORY=GIT_FOLDER ...

RECORDINGS is the folder of recorded sessions (`*.jsonl.xz`, each with its `repo`), GIT_FOLDER a clone of that public
repository with its branch `entire/checkpoints/v1`, to which the users of Entire.io's command line push transcripts
(`git clone --bare https://github.com/REPOSITORY`). Only sessions that are in the recordings are written, one file each
in OUT: a repository may hold others that are kept for judging.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.gaps import repositories

BRANCH = "entire/checkpoints/v1"
NAMED = b'"sessionId":"'
NOISE = (b'"type":"progress"', b'"type":"file-history-snapshot"')


def blobs(git: Path) -> Iterator[bytes]:
    """All versions of all transcripts on the branch that the clone holds."""
    listed = subprocess.run(
        ["git", "-C", git, "ls-tree", "-r", BRANCH], capture_output=True, text=True, check=True
    ).stdout
    names = dict.fromkeys(line.split()[2] for line in listed.splitlines() if "full.jsonl" in line)
    asked = "".join(f"{name}\n" for name in names).encode()
    given = subprocess.run(["git", "-C", git, "cat-file", "--batch"], input=asked, capture_output=True, check=True)
    place = 0
    while place < len(given.stdout):
        end = given.stdout.index(b"\n", place)
        head = given.stdout[place:end].split()
        size = 0 if head[-1] == b"missing" else int(head[2])
        yield given.stdout[end + 1 : end + 1 + size]
        place = end + 1 + (size + 1 if head[-1] != b"missing" else 0)


def lines_of(data: bytes, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    for line in data.split(b"\n"):
        start = line.find(NAMED) + len(NAMED)
        session = line[start : line.find(b'"', start)].decode("utf-8", "replace")
        if session in wanted and not any(noise in line[:900] for noise in NOISE):
            yield session, line


def time_of(line: bytes) -> str:
    try:
        return str(json.loads(line).get("timestamp") or "")
    except ValueError:
        return ""


def main(recordings: Path, out: Path, clones: list[str]) -> None:
    known = repositories(recordings)
    found: dict[str, dict[bytes, None]] = {}
    for clone in clones:
        repo, _, git = clone.partition("=")
        wanted = {session for session, of in known.items() if of == repo}
        for data in blobs(Path(git)):
            for session, line in lines_of(data, wanted):
                found.setdefault(session, {})[line] = None
    out.mkdir(parents=True, exist_ok=True)
    for session, lines in found.items():
        ordered = sorted(lines, key=time_of)  # stable: lines without a time come first, as summaries do
        (out / f"{session}.jsonl").write_bytes(b"\n".join(ordered) + b"\n")
    print(f"{len(found)} of {len(known)} recorded sessions written to {out}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
