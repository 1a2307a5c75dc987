"""Recorded sessions in a usage book, one after the other on the clock of `recordings`, so that no two overlap."""

from collections.abc import Iterable
from pathlib import Path

from bench.recordings import Recording, started
from trimtab.records import Arrival, Request
from trimtab.store.usage import FileRow, News, SessionRow, UsageStore


def write(path: Path, recordings: list[Recording], sessions_a_day: int = 1) -> None:
    with UsageStore.open(path) as store:
        store.add([news(each, start) for start, each in started(recordings, sessions_a_day)])


def news(recording: Recording, start: float) -> News:
    """The session as its transcript's rows; its project is a folder named after the repository."""
    name = recording.session
    requests = [event._replace(at=start + at) for at, event in recording.events if isinstance(event, Request)]
    results = [event._replace(at=start + at) for at, event in recording.events if isinstance(event, Arrival)]
    said = [event._replace(at=start + at) for at, event in recording.said]
    last = start + max((at for at, _ in (*recording.events, *recording.said)), default=0.0)
    row = FileRow(f"/{name}.jsonl", 0, 0, 0, 0, 0, b"", b"", start)
    session = SessionRow(name, f"/{recording.repo}", 2, "", start, last)
    return News(row, True, requests, [*results, *said], [], [session], {}, [])


def repeated(recordings: Iterable[Recording], count: int) -> list[Recording]:
    """`count` sessions: the recorded ones over and over under other names."""
    known, found = list(recordings), []
    for number in range(count):
        each = known[number % len(known)]
        found.append(renamed(each, f"{each.session} {number // len(known)}"))
    return found


def renamed(recording: Recording, name: str) -> Recording:
    events = tuple(
        (
            at,
            event._replace(session=name, message_id=f"{name} {event.message_id}")
            if isinstance(event, Request)
            else event._replace(session=name),
        )
        for at, event in recording.events
    )
    said = tuple((at, event._replace(session=name)) for at, event in recording.said)
    return recording._replace(session=name, events=events, said=said)
