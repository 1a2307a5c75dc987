"""Whatever order, repetition, cut and interleaving lines come in, however they are read: the totals are the same."""

import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.usage.written import Home, Line, answer, as_bytes, called, named, result, usage, user

from trimtab.records import Arrival, Request
from trimtab.store.merging import Claim, merged, merged_arrival
from trimtab.store.usage import UsageStore
from trimtab.transcript import Reader, Result, Usage, scan
from trimtab.transcript.folders import File
from trimtab.transcript.rows import Rows
from trimtab.transcript.shape import DECODER, lenient
from trimtab.transcript.shape import Line as Line_
from trimtab.usage import sync as syncing

SESSIONS = Path(__file__).parents[1] / "sessions"
FEW = st.integers(0, 3)


@st.composite
def histories(draw: st.DrawFn) -> list[Line]:
    """Lines of a session: responses of one to three lines whose output grows, prompts, results, all out of order."""
    lines: list[Line] = []
    for number in range(draw(st.integers(1, 6))):
        output = 0
        for row in range(draw(st.integers(1, 3))):
            output += draw(FEW)
            spent = usage(number, 2 * number, 3 * number, output)
            request = draw(st.sampled_from(["auto", None, f"r{row}"]))
            aside = draw(st.booleans())
            more: Line = {"isSidechain": True, "agentId": "a1"} if aside else {}
            calls = [called("Read", f"t{number}", file_path="/a")]
            lines.append(answer(number, named(number), spent, request=request, content=calls) | more)
        lines.append(user(number, [result(f"t{number}", "x" * draw(FEW))]))
        lines.append(user(number, "A prompt", uuid=f"p{number}"))
    return lines


def expected(lines: list[Line]) -> dict[str, tuple[int, ...]]:
    """By message id the figures of the row with the largest output: plain counting, as the facts state it."""
    found: dict[str, tuple[int, ...]] = {}
    for line in lines:
        message = line["message"]
        assert isinstance(message, dict)
        if "usage" in message:
            spent = message["usage"]
            keys = ("output_tokens", "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
            row = tuple(spent[key] for key in keys)
            found[message["id"]] = max(found.get(message["id"], row), row)
    return found


def figures(requests: list[Request]) -> dict[str, tuple[int, ...]]:
    return {
        r.message_id: (r.output_tokens, r.input_tokens, r.write_5m_tokens + r.write_1h_tokens, r.read_tokens)
        for r in requests
    }


@contextmanager
def a_home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield Home(folder)
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
@settings(max_examples=100)  # each syncs real files several times
@given(histories(), st.randoms(use_true_random=False), st.data())
def test_order_repetition_interleaving_and_cuts(lines: list[Line], chance: random.Random, data: st.DataObject) -> None:
    """The lines in any order, some again, spread over files of several sessions and agents, between cut-off lines."""
    copies = lines + chance.sample(lines, k=len(lines) // 2)
    chance.shuffle(copies)
    names = ["s1", "s2", "s1/a1", "s3/a9"]
    with a_home() as home:
        for line in copies:
            text = as_bytes([line])
            if chance.random() < 0.2:  # a crash, after which the client begins a new line
                home.write(chance.choice(names), text[: chance.randrange(1, len(text) - 1)] + b"\n")
            home.write(chance.choice(names), text)
            if chance.random() < 0.1:
                home.sync()
        home.sync()
        assert figures(home.requests()) == expected(lines)
        whole = home.requests()
        home.book.unlink()
        home.sync()
        assert figures(home.requests()) == figures(whole)


@pytest.mark.slow
@settings(max_examples=100)  # each syncs real files several times
@given(histories(), st.lists(st.integers(0, 40_000), max_size=6), st.integers(100, 3_000))
def test_any_split_into_reads_is_one_read(lines: list[Line], cuts: list[int], block: int) -> None:
    """Cut at any byte, read in blocks of any size: every row, owner and time is that of one read."""
    text = as_bytes(lines)
    with a_home() as home, a_home() as other, pytest.MonkeyPatch.context() as patch:
        path = home.write("s1", text)
        os.utime(path, (1, 1))
        home.sync()
        patch.setattr(scan, "BLOCK_BYTES", block)
        patch.setattr(syncing, "PIECE_BYTES", block)
        places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
        for start, end in pairwise(places):
            os.utime(other.write("s1", text[start:end]), (1, 1 + end))
            other.sync()
        assert other.requests() == home.requests()
        with home.store() as one, other.store() as two:
            assert two.arrivals() == one.arrivals()
            assert two.sessions() == one.sessions()


@pytest.mark.slow
@settings(max_examples=100)  # each syncs real files several times
@given(histories(), st.integers(0, 12), st.randoms(use_true_random=False))
def test_any_crash_between_reading_and_committing(lines: list[Line], at: int, chance: random.Random) -> None:
    """The process is killed at any statement of any commit, then starts again."""
    with a_home() as home, pytest.MonkeyPatch.context() as patch:
        for line in lines:
            home.write(chance.choice(["s1", "s2"]), line)
        honest, left = UsageStore._context, [at]

        def stopped(self: UsageStore, db: object, session: str, agent: str) -> int:
            left[0] -= 1
            if left[0] < 0:
                raise SystemExit
            return honest(self, db, session, agent)  # type: ignore[arg-type]  # it is the connection

        patch.setattr(UsageStore, "_context", stopped)
        patch.setattr(scan, "BLOCK_BYTES", 700)
        patch.setattr(syncing, "PIECE_BYTES", 700)
        patch.setattr(syncing, "BATCH_ROWS", 3)
        try:
            home.sync()
        except SystemExit:
            patch.setattr(UsageStore, "_context", honest)
            home.sync()
        assert figures(home.requests()) == expected(lines)


REQUESTS = st.builds(
    Request,
    st.sampled_from(["s1", "s2"]),
    st.sampled_from(["", "a1"]),
    st.just(named(1)),
    st.sampled_from([1.0, 2.0]),
    st.sampled_from(["x", "y"]),
    *[FEW] * 5,
    project=st.just(""),
    agent_type=st.just(""),
    is_fast=st.booleans(),
    web_searches=FEW,
)
CLAIMS = st.builds(Claim, REQUESTS, st.sampled_from([1.0, 2.0]))
ARRIVALS = st.builds(
    Arrival,
    st.just("s1"),
    st.just(""),
    st.just("t1"),
    st.sampled_from([1.0, 2.0]),
    st.just("result"),
    st.sampled_from(["", "Read"]),
    st.sampled_from(["", "/a"]),
    FEW,
    st.booleans(),
    FEW,
)


@given(CLAIMS, CLAIMS, CLAIMS)
def test_merging_has_no_order(one: Claim, two: Claim, three: Claim) -> None:
    assert merged(one, two) == merged(two, one)
    assert merged(merged(one, two), three) == merged(one, merged(two, three))
    assert merged(one, one) == one
    assert merged(one, merged(one, two)) == merged(one, two)


@given(ARRIVALS, ARRIVALS)
def test_merging_arrivals_has_no_order(one: Arrival, two: Arrival) -> None:
    assert merged_arrival(one, two) == merged_arrival(two, one)
    assert merged_arrival(one, merged_arrival(one, two)) == merged_arrival(one, two)


def rows_of(lines: list[Line_]) -> tuple[object, ...]:
    """What lines give, in order."""
    rows = Rows(File("", "s", "", "", 0, 0, 0, 0), b"")
    faults = [rows.take(line) for line in lines]
    return faults, rows.requests, rows.arrivals, rows.totals, rows.facts(), rows.carry()


def alike(texts: list[bytes]) -> None:
    assert rows_of([lenient(text) for text in texts]) == rows_of([DECODER.decode(text) for text in texts])


@given(histories())
def test_lines_read_leniently_give_the_same(lines: list[Line]) -> None:
    alike([as_bytes([line]) for line in lines])


@pytest.mark.parametrize("name", ["main", "plain", "sidechain", "subagent"])
def test_recorded_lines_are_read_alike(name: str, tmp_path: Path) -> None:
    """Typed, leniently, and by the reader that the hooks follow a conversation with: responses, results' sizes."""
    text = (SESSIONS / f"{name}.jsonl").read_bytes()
    alike([as_bytes([json.loads(line)]) for line in text.splitlines()])  # a call's input counts as it is written
    home, agent = Home(tmp_path), "a1" if name == "subagent" else ""
    path = home.write(f"{name}/a1" if agent else name, text)
    os.utime(path, (1.8e9, 1.8e9))
    entries = Reader(path, "s", agent).read()
    assert home.sync().bad == []
    with home.store() as store:
        told = {r.message_id: (r.agent, *r[3:10]) for r in store.requests()}
        arrived = {a.id: (a.characters, a.is_error, a.images) for a in store.arrivals() if a.what == "result"}
    live = [entry.request for entry in entries if isinstance(entry, Usage)]
    assert told == {r.message_id: (r.agent, *r[3:10]) for r in live}
    results = {e.id: (len(e.text), e.is_error, e.images) for e in entries if isinstance(e, Result)}
    assert {key: value for key, value in arrived.items() if key in results} == results


FIELDS = (  # that mean something, so that odd values stand in them
    "type subtype message content usage id input text timestamp tool_use_id is_error model isMeta isSidechain agentId"
    " isCompactSummary requestId sessionId uuid cwd version attachment rendered data modelUsage totalCostUSD iterations"
    " cache_creation input_tokens output_tokens ephemeral_1h_input_tokens forkedFrom requestSessionId startTime"
)
KINDS = ("assistant", "user", "system", "attachment", "progress", "cost-state", "tool_use", "tool_result")
MEANT = ("compact_boundary", "advisor_message", "2026-11-22T21:00:00.000Z", "2026-11-22", "<system-reminder>")
NUMBERS = st.booleans() | st.integers(-1, 2**60) | st.floats()
LEAVES = st.none() | NUMBERS | st.sampled_from(KINDS + MEANT) | st.text(max_size=3)
NAMES = st.sampled_from(FIELDS.split())
ODD = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, ODD, max_size=8)
ANSWERS = st.builds(lambda odd: answer(1, named(1), usage(1, 2, 3, 4)) | odd, OBJECTS)


@settings(max_examples=500)
@given(st.lists(st.one_of(OBJECTS, ANSWERS), max_size=4), st.lists(st.binary(max_size=40), max_size=2))
def test_whatever_a_line_holds_nothing_is_raised(objects: list[Line], noise: list[bytes]) -> None:
    """And what can be read both ways is read alike."""
    rows = Rows(File("", "s", "", "", 0, 0, 0, 0), b"")
    for made in objects:
        text = json.dumps(made).encode()
        told = lenient(text)
        rows.take(told)
        try:
            typed = DECODER.decode(text)
        except ValueError:
            continue
        assert rows_of([told]) == rows_of([typed])
    with a_home() as home:
        home.write("s1", *objects, *(line + b"\n" for line in noise), answer(9, named(9), usage(1, 2, 3, 4)))
        home.sync()
        assert named(9) in {r.message_id for r in home.requests()}
