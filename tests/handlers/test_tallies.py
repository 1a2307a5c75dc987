"""What the usage book has, however it came in and however it was read, is what is counted: once, where it belongs."""

import tempfile
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.budget.terms import EVERYTHING, Budget, Level, Measure, Period, Scope, Span
from trimtab.handlers import tallies
from trimtab.handlers.tallies import Tallies
from trimtab.records import Request
from trimtab.store.base import file_id
from trimtab.store.usage import FileRow, News, SessionRow, UsageStore

SINCE, MODEL = 50.0, "claude-opus-5-5"
ALL = Budget(1, Level.GLOBAL, EVERYTHING, Measure.OUTPUT, 1000, Period(Span.ONCE))
PROMPTS = Budget(2, Level.TASK, EVERYTHING, Measure.OUTPUT, 1000, Period(Span.PROMPT))
NAMED = Budget(3, Level.TASK, Scope(task="t"), Measure.OUTPUT, 1000, Period(Span.ONCE))
PLACED = Budget(4, Level.PROJECT, Scope(project="/p"), Measure.OUTPUT, 1000, Period(Span.ONCE))
EXPLORE = Budget(5, Level.AGENT, Scope(agent_type="Explore"), Measure.OUTPUT, 1000, Period(Span.SESSION))


class Source:
    """A usage book of its own."""

    def __init__(self, folder: Path) -> None:
        self.store = UsageStore.open(folder / "usage.db")
        self.after, self.before, self.newest = self.store.after, self.store.before, self.store.newest
        self.last, self.firsts, self.requests = self.store.last, self.store.firsts, self.store.requests
        self.unlisted, self.session_totals = self.store.unlisted, self.store.session_totals
        self.totals_state, self.places = self.store.totals_state, self.store.places
        self._count = 0

    def file(self) -> tuple[int, int] | None:
        return file_id(self.store.path)

    def add(self, requests: Sequence[Request], places: Mapping[str, str], kinds: Mapping[tuple[str, str], str]) -> None:
        self._count += 1
        row = FileRow(f"/f{self._count}", 1, 1, 1, 1, 1, b"", b"", 0.0)
        sessions = [SessionRow(session, place, self._count, "2", 0.0, 99.0) for session, place in places.items()]
        self.store.add([News(row, True, requests, [], [], sessions, kinds, [])])


sessions, agents = st.sampled_from(("s1", "s2")), st.sampled_from(("", "a1", "a2"))
times = st.integers(0, 100).map(float)
# One of few ids, each the API's: a copy of it is the same response, wherever and whenever it is said to be.
responses = st.builds(
    lambda number, session, agent, at, output: Request(
        session, agent, f"msg_01{number:022}", at, MODEL, 0, 0, 0, 0, output
    ),
    st.integers(0, 9),
    sessions,
    agents,
    times,
    st.integers(1, 99),
)
news = st.tuples(
    st.just("add"),
    st.lists(responses, min_size=1, max_size=4),
    st.dictionaries(sessions, st.sampled_from(("/p", "/q")), max_size=1),
    st.dictionaries(st.tuples(sessions, st.sampled_from(("a1", "a2"))), st.just("Explore"), max_size=1),
)
by_session = st.dictionaries(
    sessions, st.lists(st.tuples(times, st.sampled_from(("t", "u", ""))), max_size=3).map(sorted), max_size=2
)
steps = st.lists(
    st.one_of(
        news,
        st.tuples(st.just("read")),
        st.tuples(st.just("whole"), sessions),
        st.tuples(st.just("place"), by_session, by_session),
    ),
    max_size=14,
)


def held(times: Sequence[tuple[float, str]], at: float) -> str:
    number = bisect_right([since for since, _ in times], at)
    return times[number - 1][1] if number else ""


@settings(max_examples=60)
@given(steps, st.booleans())
def test_whatever_is_read_when_the_sums_are_a_recount(
    done: list[tuple[str, object, object, object]], is_whole: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(tallies, "PAGE", 2)
        source = Source(Path(folder))
        found = Tallies(source)
        found.tally.follow([(ALL, SINCE), (PROMPTS, 0.0), (NAMED, SINCE), (PLACED, SINCE), (EXPLORE, 0.0)])
        prompts: Mapping[str, list[tuple[float, str]]] = {}
        tasks: Mapping[str, list[tuple[float, str]]] = {}
        for step, *more in done:
            if step == "add":
                source.add(*more)  # type: ignore[arg-type]  # as `news` makes them
            elif step == "read":
                found.catch_up(SINCE, (), float("-inf"))
            elif step == "whole":
                found.whole(str(more[0]))
            else:
                prompts, tasks = more  # type: ignore[assignment]
                found.place(prompts, tasks)
        if is_whole:
            source.add([Request("s1", "a1", "msg_01" + "9" * 22, 99.0, MODEL, 0, 0, 0, 0, 5)], {}, {})
        while not found.catch_up(SINCE, (), float("-inf")):
            pass
        for session in ("s1", "s2"):
            found.whole(session)
        found.look_at_places()
        check(source.store.requests(), found, prompts, tasks)
        source.store.close()


def check(
    requests: list[Request],
    found: Tallies,
    prompts: Mapping[str, list[tuple[float, str]]],
    tasks: Mapping[str, list[tuple[float, str]]],
) -> None:
    """By the book as it is in the end."""
    sums: dict[tuple[int, str], int] = {}
    began = {key: min(r.at for r in requests if r[:2] == key) for key in {r[:2] for r in requests}}

    def count(budget: Budget, key: str, request: Request) -> None:
        sums[budget.id, key] = sums.get((budget.id, key), 0) + request.output_tokens

    for request in requests:
        session = request.session
        prompt = held(prompts.get(session, ()), began[request[:2]] if request.agent else request.at)
        if prompt:
            count(PROMPTS, f"{session}/{prompt}", request)
        if request.agent and request.agent_type == "Explore":
            count(EXPLORE, session, request)
        if request.at >= SINCE:
            count(ALL, "", request)
            if held(tasks.get(session, ()), request.at) == "t":
                count(NAMED, "", request)
            if request.project == "/p":
                count(PLACED, "", request)
    keys = {(b.id, "") for b in (ALL, NAMED, PLACED)} | {(EXPLORE.id, s) for s in ("s1", "s2")}
    keys |= {(PROMPTS.id, f"{session}/{prompt}") for session in ("s1", "s2") for prompt in ("t", "u")}
    budgets = {b.id: b for b in (ALL, PROMPTS, NAMED, PLACED, EXPLORE)}
    assert {key: found.tally.used(budgets[key[0]], key[1]) for key in keys} == {key: sums.get(key, 0) for key in keys}


def test_habits_of_a_new_user_are_looked_at_again_soon(tmp_path: Path) -> None:
    """For ten minutes an agent is expected to need what nobody has measured, while its like have run all along."""
    source = Source(tmp_path)
    tallies_of = Tallies(source)
    assert tallies_of.habits(1000.0).firsts == ()
    source.add([Request("s1", "a1", "msg_1", 10.0, MODEL, 3, 5_000, 0, 0, 9)], {}, {("s1", "a1"): "Explore"})
    assert [first.write_5m_tokens for first in tallies_of.habits(1001.0).firsts] == [5_000]
