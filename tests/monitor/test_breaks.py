"""Why a cache was not found: each cause by what came between two requests, and not known where nothing tells."""

import pytest

from trimtab.monitor.breaks import CAUSES, Break, breaks
from trimtab.monitor.parts import Part, always
from trimtab.monitor.waste import WORDS
from trimtab.records import Request

from .parts import part

MODEL = "claude-opus-4-5"


def request(at: float, read: int, written: int, model: str = MODEL) -> Request:
    return Request("s", "", f"m{at}", at, model, 3, written, 0, read, 50)


def found(second: Request, *between: Part, first: Request | None = None) -> Break:
    (one,) = breaks([first or request(0, 40_000, 200), second], between, always)
    return one


NEW = request(60, 16_000, 25_000)


@pytest.mark.parametrize(
    ("between", "cause", "subject"),
    [
        (part("note", target="/exit"), "resumed", MODEL),
        (part("note", target="client 2.1.400"), "updated", "client 2.1.400"),
        (part("note", target="cleared"), "shrunk", MODEL),
        (part("result", tool="ToolSearch", target="select:WebFetch"), "tools", "select:WebFetch"),
        (part("result", tool="Skill", target="review"), "skill", "review"),
        (part("note", target="/write-plan"), "skill", "/write-plan"),
        (part("note", target="interrupted"), "interrupted", MODEL),
        (part("summary"), "compacted", MODEL),
        (part("result", tool="Edit", target="/p/CLAUDE.md"), "not known", "all behind the first 16,000 tokens"),
        (part("note", target="task_reminder"), "not known", "all behind the first 16,000 tokens"),
    ],
)
def test_what_came_between_is_the_cause(between: Part, cause: str, subject: str) -> None:
    """A wrong cause is named: an edit of a memory file went with no loss in 14 recorded cases."""
    one = found(NEW, between._replace(at=30.0))
    assert (one.cause, one.subject, one.lost) == (cause, subject, 24_200)


@pytest.mark.parametrize("at", [0.0, 61.0])
def test_what_came_before_or_after_is_none(at: float) -> None:
    assert found(NEW, part("note", target="/exit", at=at)).cause == "not known"


def test_another_conversations_events_are_none() -> None:
    assert found(NEW, part("note", target="/exit", at=30.0, agent="a1")).cause == "not known"


def test_the_order_is_that_of_the_causes() -> None:
    """A session that was left, and gone on with by another model after two hours."""
    left = part("note", target="/exit", at=30.0)
    assert found(NEW._replace(model="claude-opus-4-6"), left).cause == "switched"
    assert found(NEW._replace(at=7_200.0), left).cause == "idle"
    assert found(NEW, left, part("result", tool="Skill", target="x", at=31.0)).cause == "resumed"
    assert found(NEW._replace(write_5m_tokens=20_000), left).cause == "resumed"  # a shorter prompt, for that reason


def test_where_nothing_is_left_the_tools_have_changed() -> None:
    assert found(request(60, 0, 41_000)).cause == "tools"


def test_a_loss_of_what_was_just_written_is_that() -> None:
    """Read again up to where the request before had read: only its own 18,677 tokens are missing."""
    one = found(request(3, 16_496, 19_897), first=request(0, 16_496, 18_677))
    assert (one.cause, one.lost) == ("unwritten", 18_677)


def test_small_losses_and_warm_caches_are_none() -> None:
    assert not list(breaks([request(0, 40_000, 200), request(9, 35_300, 6_000)], (), always))


def test_every_cause_has_its_words() -> None:
    assert set(CAUSES) <= set(WORDS)
