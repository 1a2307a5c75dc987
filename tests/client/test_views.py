"""One working session per model: a large file arrives as a view, and everything an agent does next goes on working."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.client import project, views
from tests.client.model import Agent, Call, ModelServer, Reply, bash, cached_parts, delegate, edit, read, write
from tests.client.runner import Session, fresh

pytestmark = pytest.mark.client

WANTED = "settle_customs_31"  # the prompt names it
PROMPT = f"Orders come out a cent too high: look at how {WANTED} in settle.py rounds."
MODELS = ("claude-opus-5-5", "claude-sonnet-4-5", "claude-haiku-4-5")  # the last two refuse to edit what was not read


class Told(NamedTuple):
    """One session: what the agent was told, by step, and the file's text before and as the edits make it."""

    session: Session
    replies: dict[str, Reply]
    folder: Path
    before: str
    after: str

    def view(self) -> views.Shown:
        return views.parse(self.replies["view"].text)


class Work:
    """The agent: reads, edits a line it was shown, reads a fold and edits a line of that, and tries what is denied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.big = folder / "settle.py"
        self.before = self.after = self.big.read_text()
        self.replies: dict[str, Reply] = {}

    def play(self) -> Agent:
        told, big, small = self.replies, self.big, self.folder / "rates.py"
        told["view"] = yield read(big)
        view = views.parse(told["view"].text)
        told["edit shown"] = yield self.change(view.lines)
        fold = max(view.folds, key=lambda one: one.last - one.first)
        told["fold"] = yield fold.read(big)
        told["edit folded"] = yield self.change(views.parse(told["fold"].text).lines)
        told["range"] = yield read(big, 5, 60)
        told["small"] = yield read(small)
        told["write denied"] = yield write(self.folder / "copy.py", f"import logging\n{fold.line}\n")
        told["edit denied"] = yield edit(small, "RATE = 0.19", fold.line)
        told["bash"] = yield bash("wc -l settle.py")
        told["delegate"] = yield delegate("Report what refund.py does.")
        told["view again"] = yield read(big)
        yield "The change is made."

    def survey(self) -> Agent:
        self.replies["sub view"] = yield read(self.folder / "refund.py")
        yield "It refunds."

    def change(self, lines: dict[int, str]) -> list[Call]:
        """An edit of one of `lines` that stands only once in the file."""
        old = next(line for line in lines.values() if "adjusted = subtotal" in line and self.after.count(line) == 1)
        new = old.replace("subtotal *", "float(subtotal) *")
        self.after = self.after.replace(old, new)
        return edit(self.big, old, new)


@pytest.fixture(scope="module", params=MODELS)
def told(request: pytest.FixtureRequest, client: Path) -> Iterator[Told]:
    with fresh(client) as runner:
        project.fill(runner.project)
        work = Work(runner.project)
        session = runner.run(PROMPT, ModelServer(work.play(), work.survey), model=request.param).check()
        yield Told(session, work.replies, runner.project, work.before, work.after)


def test_large_file_arrives_as_a_view(told: Told) -> None:
    """The replacement's shape is dropped by the client, or no view is made: the whole file goes over the wire."""
    assert told.view().is_view
    assert len(told.replies["view"].text) < 0.75 * len(told.before)


def test_view_shows_true_lines_under_true_numbers(told: Told) -> None:
    """A line is altered, misnumbered, both shown and folded, or lost between two folds."""
    assert views.what_is_wrong(told.view(), told.before) == []
    assert views.what_is_wrong(views.parse(told.replies["view again"].text), told.after) == []


def test_function_that_the_prompt_names_is_shown(told: Told) -> None:
    """Relevance does not see the prompt in the transcript."""
    assert set(project.body_lines(told.before, WANTED)) <= set(told.view().lines)


def test_folds_name_what_they_hold(told: Told) -> None:
    """A fold that holds functions names none of them, or one that is elsewhere."""
    lines = told.before.split("\n")
    for fold in told.view().folds:
        held = "\n".join(lines[fold.first - 1 : fold.last])
        names = [name for name in fold.names.replace(",", " ").replace("(", " ").split() if name.startswith("settle_")]
        assert all(name in held for name in names), fold.line
        if "\ndef " in held:
            assert names, fold.line


def test_fold_read_shows_exactly_its_lines(told: Told) -> None:
    """The Read that a fold names is trimmed again, or shows other lines."""
    shown = views.parse(told.replies["fold"].text)
    fold = max(told.view().folds, key=lambda one: one.last - one.first)
    assert not shown.is_view
    assert list(shown.lines) == list(range(fold.first, fold.last + 1))


def test_small_file_and_range_arrive_whole(told: Told) -> None:
    """What is small or asked for by range is trimmed."""
    small, part = views.parse(told.replies["small"].text), views.parse(told.replies["range"].text)
    assert not small.is_view
    assert views.what_is_wrong(small, project.SMALL) == []
    assert not part.is_view
    assert list(part.lines) == list(range(5, 65))


def test_edits_land(told: Told) -> None:
    """An edit of a shown line, or of a folded one after reading it, is refused or writes something else."""
    for step in ("edit shown", "edit folded"):
        assert not told.replies[step].is_error, told.replies[step].text
    assert (told.folder / "settle.py").read_text() == told.after
    assert told.after != told.before


def test_fold_lines_are_kept_out_of_files(told: Told) -> None:
    """An agent takes a fold for a line of the file and writes it."""
    for step in ("write denied", "edit denied"):
        assert told.replies[step].is_error
        assert "Read" in told.replies[step].text
        assert "offset=" in told.replies[step].text
    assert not (told.folder / "copy.py").exists()
    assert (told.folder / "rates.py").read_text() == project.SMALL


def test_subagent_gets_views(told: Told) -> None:
    """Events of a subagent are taken for the main conversation's, or not answered."""
    assert views.parse(told.replies["sub view"].text).is_view
    assert told.session.bodies("sub ")
    assert not told.replies["delegate"].is_error


def test_what_was_sent_stays_as_it_was(told: Told) -> None:
    """Something that was already sent changes, which breaks the prompt cache."""
    bodies = [cached_parts(body) for body in told.session.bodies()]
    for earlier, later in pairwise(bodies):
        assert later[: len(earlier)] == earlier
