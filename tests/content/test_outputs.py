"""Outputs of commands: their kind by what ran and by how they look, what is kept, what a fold has to name."""

import pytest
from tests.needles.harness import FAMILIES, family

from trimtab.content import output
from trimtab.content.outputs import KINDS
from trimtab.records import Content

FAILING = """\
============================= test session starts ==============================
collected 2 items

tests/test_a.py F.                                                       [100%]

=================================== FAILURES ===================================
_________________________________ test_one _____________________________________

    def test_one():
>       assert 1 == 2
E       assert 1 == 2

tests/test_a.py:2: AssertionError
=========================== short test summary info ============================
FAILED tests/test_a.py::test_one - assert 1 == 2
========================= 1 failed, 1 passed in 0.02s =========================="""
TRACE = "\n".join(
    ["starting", "Traceback (most recent call last):"]
    + [f'  File "/p/lib/part_{i}.py", line {i}, in run\n    next_{i}()' for i in range(1, 12)]
    + ["ValueError: no colon in header", "done"]
)


def kept(content: Content) -> list[str]:
    return [content.lines[number - 1] for number in sorted(content.keep)]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("pytest", "pytest"),
        ("make test 2>&1 | tail -80", "pytest"),  # make ran it: it looks like what it is
        ("cd api && uv run pytest -x", "pytest"),
        ("", "pytest"),
    ],
)
def test_a_failing_run_by_any_command(command: str, kind: str) -> None:
    found = output(command, FAILING)
    assert found.kind == kind
    assert "FAILED tests/test_a.py::test_one - assert 1 == 2" in kept(found)
    assert "E       assert 1 == 2" in kept(found)
    assert "tests/test_a.py:2: AssertionError" in kept(found)
    assert any("1 failed, 1 passed" in line for line in kept(found))


def test_two_programs_in_one_command_are_both_known() -> None:
    found = output("git status && pytest", "On branch main\nYour branch is up to date.\n\n" + FAILING)
    assert {"On branch main", "FAILED tests/test_a.py::test_one - assert 1 == 2"} <= set(kept(found))


def test_a_stack_trace_is_a_block_and_its_error_is_kept() -> None:
    found = output("./run.sh", TRACE)
    assert "ValueError: no colon in header" in kept(found)
    assert "Traceback (most recent call last):" in kept(found)
    assert any(block.kind == "trace" for block in found.blocks)


def test_colours_and_redrawn_lines_hinder_nothing() -> None:
    coloured = "\n".join(f"\x1b[31m{line}\x1b[0m" for line in FAILING.split("\n"))
    assert output("pytest", coloured).keep == output("pytest", FAILING).keep
    redrawn = "10%\r50%\r100%\r\x1b[1mERROR: disk full\x1b[0m"
    assert output("fetch", redrawn).keep == {1}


def test_of_many_errors_alike_the_first_is_kept_and_the_places_are_facts() -> None:
    lines = [f"src/a{n % 7}.ts({n},5): error TS2322: Type 'string' is not assignable." for n in range(1, 301)]
    found = output("npx tsc", "\n".join(lines))
    assert 1 <= len(found.keep) <= 40
    named = {word for words in found.facts.values() for word in words} | set(kept(found))
    assert all(any(f"src/a{n % 7}.ts({n},5)" in word for word in named) for n in range(1, 301))


def test_a_diff_names_its_files_with_their_counts() -> None:
    text = "diff --git a/x.py b/x.py\nindex 1..2\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@ def f():\n a\n-b\n+c\n+d"
    found = output("git diff", text)
    assert found.facts == {1: ("x.py +2-1",)}
    assert [(block.kind, block.name, block.first, block.last) for block in found.blocks] == [
        ("file", "x.py", 1, 9),
        ("hunk", "def f():", 5, 9),
    ]


def test_hits_are_counted_by_file() -> None:
    found = output("grep -rn x .", "a.py:1:x\na.py:5:x\na.py-6-y\nb.py:2:x")
    assert found.facts == {1: ("a.py (2)",), 4: ("b.py (1)",)}


def test_every_row_of_the_table_has_a_name_of_its_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("name", FAMILIES)
def test_marks_are_within_the_text(name: str) -> None:
    found = output(family(name).command, family(name).text)
    lines = range(1, len(found.lines) + 1)
    assert all(number in lines for number in found.keep)
    assert all(number in lines for number in found.facts)
    assert len(found.keep) < 0.7 * len(found.lines) or len(found.lines) < 120


def test_what_passed_is_dull_and_what_failed_is_not() -> None:
    lines = [
        "test_a (m.T.test_a) ... ok",
        "test_b (m.T.test_b) ... FAIL",
        "Collecting x==2.0",
        "ok  \tpkg/a\t0.1s",
        "x",
    ]
    assert output("python -m unittest -v", "\n".join(lines)).dull == {1, 3, 4}
