"""What the delegating arena computes: what a reviewer was shown of a diff, where edits are afterwards, sums by role."""

import subprocess
from pathlib import Path

from bench.bill import Bill
from bench.changes import Change, Edit, Task
from bench.crew import MAIN, MAKER, REVIEWER, SCOUT, Crew, after, hunks_of, kept_place, lines_of
from bench.delegating import Part, row, summed
from tests.client.model import Agent, Reply, Turn

DIFF = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n a\n-b\n+B  \n c\n"


def test_changed_lines_are_those_with_a_sign_less_blanks_at_their_ends() -> None:
    """A line that a view folded counts as seen, or one that the client stripped as never shown."""
    assert lines_of(DIFF.partition("@@\n")[2]) == {"-b", "+B"}
    assert lines_of("... Read offset=2 limit=9: B\n+ \n-\n") == frozenset()


def test_the_hunks_are_those_of_the_real_diff(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@localhost"]
    text = "".join(f"line {n}\n" for n in range(40))
    (tmp_path / "a.py").write_text(text)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    (tmp_path / "a.py").write_text(text.replace("line 3\n", "line three\n").replace("line 30\n", ""))
    assert hunks_of(tmp_path, "a.py") == [{"-line 3", "+line three"}, {"-line 30"}]


def test_edits_are_found_where_they_are_afterwards() -> None:
    change = Change("a.py", "a\nb\nc\nd\n", (Edit(4, "d\n", "D\n"), Edit(1, "a\n", "x\na\n")))
    assert after(change) == Change("a.py", "x\na\nb\nc\nD\n", (Edit(5, "D\n", ""), Edit(1, "x\na\n", "")))


def test_the_kept_file_is_found_in_an_indented_report() -> None:
    assert kept_place("  ... Read offset=1 limit=9\n  ... whole output: /p/.claude-patterns/outputs/a.txt") == (
        "/p/.claude-patterns/outputs/a.txt"
    )
    assert kept_place("all of it") == ""


def crew(root: Path) -> Crew:
    change = Change("a.py", "a = 1\nb = 2\n", (Edit(2, "b = 2\n", "b = 3\n"),))
    other = Change("c.py", "c = 1\n", (Edit(1, "c = 1\n", "c = 2\n"),))
    return Crew(Task("t", "Do it: a.py, c.py", root, (change, other), (), ()), root)


def sent(agent: Agent, *texts: str) -> Turn:
    """The turn that an agent takes after these results."""
    turn = next(agent)
    for text in texts:
        turn = agent.send(Reply((text,), (False,), ()))
    return turn


def test_a_place_that_the_report_lost_is_looked_up_and_counts(tmp_path: Path) -> None:
    """A report that lost its places looks as good as one that has them."""
    whole = crew(tmp_path)
    sent(whole.play(), "", "a.py:2 and c.py:1")
    assert (whole.main.score.spots, whole.main.score.spots_in_view, whole.main.score.recoveries) == (2, 2, 0)
    lost = crew(tmp_path)
    turn = sent(lost.play(), "", "a.py:2 and more\n... whole output: /kept.txt")
    assert (lost.main.score.spots_in_view, lost.main.score.recoveries) == (1, 1)
    assert isinstance(turn, list)
    assert turn[0].input["file_path"] == "/kept.txt"


def test_the_roles_share_the_edits() -> None:
    works = crew(Path("/p")).works
    assert [change.path for change in works[MAKER].task.changes] == ["a.py"]
    assert [change.path for change in works[MAIN].task.changes] == ["c.py"]
    assert [len(works[role].task.changes) for role in (SCOUT, REVIEWER)] == [2, 2]


def test_sums_are_by_role_and_hunks_are_no_edits() -> None:
    """A hunk that is judged raises the number of edits, or a role's figures go to another."""
    run = {
        MAIN: Part(2, 2, 1, 5, 4, 1, Bill(10, 100, 1, 2, 3)),
        REVIEWER: Part(7, 0, 7, 1, 1, 2, Bill(20, 200, 1, 2, 3)),
    }
    found = summed([run, run])
    assert found[REVIEWER][:6] == (14, 0, 14, 2, 2, 4)
    assert found["all"] == Part(4, 4, 2, 12, 10, 6, Bill(60, 600, 4, 8, 12))
    base = Part(2, 2, 2, 0, 0, 0, Bill(8, 50, 1, 2, 6))
    assert row("x", run[MAIN], base) == "| x | 2/2 | 1/2 | 4/5 | 1 | 1.250 | 2.000 | 0.534 |"  # cost 17.2 of 32.2
