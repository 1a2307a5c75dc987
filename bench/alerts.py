"""False alarms and detected runaways of the anomaly rules, on recorded sessions played in real time.

    python -m bench.alerts FOLDER [--seeds 3]

Plays all sessions in order at several paces (sessions a workday), prints the alarms a week with examples, then puts
runaways into sessions after the first 60: everything costs 5 or 10 times as much from a third of the session on
(as with a cache that is never hit), or comes 5 or 10 times as fast (as with agents beside each other), or one to three
calls go round and round with the same results, or with results that differ. Of each: how many of them are noticed,
after how long. `recordings` says which clock is assumed.
"""

import argparse
import random
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timezone
from pathlib import Path
from typing import NamedTuple

from bench.recordings import Event, Recording, read, started, weeks
from trimtab import prices
from trimtab.monitor import alerts
from trimtab.monitor.anomalies import Anomaly, Rates, Repeat, Repeats
from trimtab.records import Arrival, Request

FALSE_ALARMS, REPEATS, SILENT_S = 0.5, 8, 7200.0  # the settings' defaults, and the daemon's
SETTLED = 60  # sessions before the first runaway


class Played(NamedTuple):
    """What was raised: when, in which session, of what."""

    anomalies: list[Anomaly]
    repeats: list[Repeat]


def play(sessions: Iterable[tuple[float, Recording]], false_alarms: float = FALSE_ALARMS) -> Played:
    """Plays the events of all sessions in the order of time."""
    rates, repeats = Rates(false_alarms), Repeats(REPEATS)
    events = sorted(((start + at, event) for start, each in sessions for at, event in each.events), key=lambda e: e[0])
    found = Played([], [])
    swept = 0.0
    for now, event in events:
        if now > swept + 600:
            rates.end_silent(now, SILENT_S)
            swept = now
        if isinstance(event, Request):
            found.anomalies.extend(rates.requested(event._replace(at=now), prices.usd(event)))
        else:
            found.anomalies.extend(rates.arrived(event._replace(at=now)))
            repeat = repeats.arrived(event._replace(at=now))
            found.repeats.extend([repeat] if repeat else [])
    return found


def faster(session: Recording, times: float) -> Recording:
    """From a third on everything comes `times` as fast, from several agents: as many times the events."""
    cut = third(session)
    before = session.events[:cut]
    begin = before[-1][0]
    rest = [(begin + (at - begin) / times, event) for at, event in session.events[cut:]]
    return session._replace(events=(*before, *rest))


def dearer(session: Recording, times: int) -> Recording:
    """From a third on every token comes `times`, and every result is as many times as long."""
    cut = third(session)
    rest = [(at, multiplied(event, times)) for at, event in session.events[cut:]]
    return session._replace(events=(*session.events[:cut], *rest))


def multiplied(event: Event, times: int) -> Event:
    if isinstance(event, Request):
        return event._replace(**{name: value * times for name, value in event._asdict().items() if "_tokens" in name})
    return event._replace(characters=event.characters * times)


def looping(session: Recording, calls: int, differs: bool) -> Recording:
    """From a third on: the last `calls` calls again and again, 60 times each, with their requests."""
    cut = third(session)
    before = session.events[:cut]
    tools = ("Bash",) if differs else ("Bash", "Read")
    known = [event for _, event in before if isinstance(event, Arrival) and event.tool in tools and event.target]
    request = next(event for _, event in reversed(before) if isinstance(event, Request))
    targets = {event.target: event for event in known}
    turn = list(targets.values())[-calls:] or [Arrival(session.session, "", "x", 0.0, "result", "Bash", "make", 900)]
    events, now = list(before), before[-1][0]
    for number in range(60 * len(turn)):
        now += 6.0
        events.append((now, request))
        each = turn[number % len(turn)]
        events.append((now + 1, each._replace(characters=each.characters + (number if differs else 0))))
    return session._replace(events=tuple(events))


def third(session: Recording) -> int:
    return max(2, len(session.events) // 3)


def false_alarms(folder: Path, seeds: int) -> None:
    print("order      sessions/day  weeks  alarms a week: all  rates  repeats  worst seed  examples")
    recordings = [read(folder, seed) for seed in range(seeds)]
    for order in ("recorded", "shuffled"):
        for pace in (5, 10, 20):
            span = weeks(len(recordings[0]), pace)
            totals, rates, repeats, shown = [], 0, 0, Counter[str]()
            for seed in range(seeds):
                sessions = list(recordings[seed])
                if order == "shuffled":
                    random.Random(seed).shuffle(sessions)
                played = play(started(sessions, pace))
                rates, repeats = rates + len(played.anomalies), repeats + len(played.repeats)
                totals.append((len(played.anomalies) + len(played.repeats)) / span)
                shown.update(map(told, played.anomalies))
                shown.update(f"{each.tool} {each.times} times" for each in played.repeats)
            print(
                f"{order:<10} {pace:>12}  {span:>5.1f}  {statistics.mean(totals):>18.2f}  {rates / seeds / span:>5.2f}"
                f"  {repeats / seeds / span:>7.2f}  {max(totals):>10.2f}  "
                + "; ".join(name for name, _ in shown.most_common(3))
            )


def cold_caches(folder: Path) -> None:
    """On how many days the cache's rule would alert, looked at every five minutes."""
    print("\nsessions/day  days  with a cache alert")
    for pace in (5, 10, 20):
        recordings = read(folder, 0)
        played = [(start + at, event) for start, each in started(recordings, pace) for at, event in each.events]
        requests = [
            event._replace(at=at) for at, event in sorted(played, key=lambda row: row[0]) if isinstance(event, Request)
        ]
        times = [request.at for request in requests]
        days, now = set(), times[0]
        while now < times[-1]:
            hour = requests[bisect_left(times, now - alerts.CACHE_WINDOW_S) : bisect_right(times, now)]
            found = alerts.cache_finding(hour, now, timezone.utc, alerts.Thresholds().cache_hit_rate)
            days |= {found.period} if found.is_on else set()
            now += 300
        print(f"{pace:>12}  {len(recordings) / pace:>4.0f}  {len(days):>18}")


def told(anomaly: Anomaly) -> str:
    what = f"{anomaly.subject.kind} {anomaly.subject.name}".strip()
    return f"{what}, {anomaly.subject.rate}: {anomaly.value / anomaly.usual:.1f} times the usual"


def detection(folder: Path, seed: int, pace: int, most: int) -> None:
    recordings = read(folder, seed)
    chosen = [n for n, each in enumerate(recordings) if n >= SETTLED and each.requests >= 30]
    chosen = chosen[:: max(1, len(chosen) // most)][:most]
    print(f"\nrunaways in {len(chosen)} sessions of 30 or more requests, {pace} sessions a day")
    print("runaway                       noticed   median delay          cost until then (median)")
    kinds: dict[str, Callable[[Recording], Recording]] = {
        "costs x5": lambda s: dearer(s, 5),
        "costs x10": lambda s: dearer(s, 10),
        "5 times as fast": lambda s: faster(s, 5),
        "10 times as fast": lambda s: faster(s, 10),
        "loop of 1 call": lambda s: looping(s, 1, False),
        "loop of 2 calls": lambda s: looping(s, 2, False),
        "loop of 3 calls": lambda s: looping(s, 3, False),
        "loop, results differ": lambda s: looping(s, 1, True),
    }
    for name, change in kinds.items():
        print(f"{name:<28} {figures([one(recordings, n, change(recordings[n]), pace) for n in chosen])}")


class Noticed(NamedTuple):
    minutes: float
    requests: int
    usd: float


def one(recordings: Sequence[Recording], number: int, changed: Recording, pace: int) -> Noticed | None:
    """What was noticed of one runaway, with the sessions before it as they were."""
    sessions = [*recordings[:number], changed]
    timed = list(started(sessions, pace))
    start = timed[-1][0]
    played = play(timed)
    begin = start + changed.events[third(recordings[number])][0]
    times = [each.at for each in played.anomalies if each.session == changed.session and each.at >= begin]
    times += [each.at for each in played.repeats if each.session == changed.session and each.at >= begin]
    if not times:
        return None
    first = min(times)
    spent = [e for at, e in changed.events if isinstance(e, Request) and begin <= start + at <= first]
    return Noticed((first - begin) / 60, len(spent), sum(prices.usd(e) or 0.0 for e in spent))


def figures(found: Sequence[Noticed | None]) -> str:
    seen = [each for each in found if each is not None]
    if not seen:
        return f"{0:>6.0%}"
    minutes, requests, usd = (statistics.median(column) for column in zip(*seen, strict=True))
    return f"{len(seen) / len(found):>6.0%}   {minutes:>5.1f} min, {requests:>3.0f} requests   ${usd:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with the recorded sessions, *.jsonl.xz")
    parser.add_argument("--seeds", type=int, default=3, help="clocks that are tried")
    parser.add_argument("--runaways", type=int, default=25, help="sessions that get a runaway")
    arguments = parser.parse_args()
    false_alarms(arguments.folder, arguments.seeds)
    cold_caches(arguments.folder)
    detection(arguments.folder, 0, 10, arguments.runaways)


if __name__ == "__main__":
    main()
