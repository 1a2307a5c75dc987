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
    assert found.facts == {1: ("x.py +2-1",), 5: ("@@ -1,2 +1,3 @@ def f():",)}
    assert [(block.kind, block.name, block.first, block.last) for block in found.blocks] == [
        ("file", "x.py", 1, 9),
        ("hunk", "@@ -1,2 +1,3 @@ def f():", 5, 9),
    ]


def test_a_commit_is_named_by_its_subject_and_shown_where_there_are_few() -> None:
    log = "\n".join(f"commit {n:040x}\nAuthor: A <a@b>\nDate: x\n\n    Subject {n}\n\n    Body {n}\n" for n in range(9))
    found = output("git log", log)
    assert [words[-1] for words in found.facts.values() if words[-1].startswith("Subject")] == [
        f"Subject {n}" for n in range(9)
    ]
    assert kept(output("git show", log.partition("\n\n    Body")[0])) == [f"commit {0:040x}", "    Subject 0"]


def test_hits_are_counted_by_file() -> None:
    found = output("grep -rn x .", "a.py:1:x\na.py:5:x\na.py-6-y\nb.py:2:x")
    assert found.facts == {1: ("a.py (2)", "1: x"), 4: ("b.py (1)", "2: x")}


def test_the_best_hit_of_a_file_defines_something() -> None:
    found = output("rg -n run", "a.py:1:    run()\na.py:5:def run():\na.py:9:  run()\nb.py:2:run(x)")
    assert found.facts == {1: ("a.py (3)",), 2: ("5: def run():",), 4: ("b.py (1)", "2: run(x)")}


def test_hits_in_one_file_are_named_by_their_numbers() -> None:
    found = output("grep -n def a.py", "3:def one():\n9:    def two():\n12:x = undefined")
    assert found.facts == {1: ("3: def one():",), 2: ("9: def two():",)}


@pytest.mark.parametrize(
    "command",
    [
        "npm ci && npm test",
        "make ci",
        "docker compose exec app ./ci.sh",
        "git pull && just test",
        "pip install -e . && tox",
    ],
)
def test_what_a_runner_runs_is_known_by_its_looks(command: str) -> None:
    before = "added 812 packages in 3s\n" if command.startswith("npm") else "Already up to date.\n"
    found = output(command, before + FAILING)
    assert "tests/test_a.py:2: AssertionError" in kept(found)


def test_what_stands_at_the_end_of_a_long_output_is_looked_at() -> None:
    found = output("./ci.sh", "\n".join(f"copy {n} {'x' * 90}" for n in range(2_000)) + "\n" + FAILING)
    assert found.kind == "pytest"


def test_colours_are_left_out_but_where_they_tell_something() -> None:
    assert output("pytest", "\x1b[31mred\x1b[0m\r\x1b[32mgreen\x1b[0m").lines == ("green",)
    assert output("git diff --color-words", "\x1b[31mred\x1b[0m").lines == ("\x1b[31mred\x1b[0m",)


def test_lines_alike_have_words_each() -> None:
    """Their numbers are taken up as they stand. Only what says that it passed or was fetched is dull."""
    moved = [f"moved block {n} of shard {n * 7}" for n in range(9)]
    found = output("./run", "\n".join(["Downloading shards", *moved, "test_shards PASSED"]))
    assert found.dull == {1, 11}


def test_tests_that_the_command_chose_are_not_dull() -> None:
    lines = "\n".join(f"tests/test_a.py::test_part_{n} PASSED" for n in range(9))
    assert output("pytest -v", lines).dull == frozenset(range(1, 10))
    assert output("pytest -v -k part", lines).dull == frozenset()


def test_a_line_that_is_all_fact_has_no_other_words() -> None:
    """One that says more than its fact has: of a compiler's error the message, beside its place."""
    found = output("find src -type f", "\n".join(f"src/part_{n}.py" for n in range(9)))
    assert found.dull == frozenset(range(1, 10))
    errors = output("make", "\n".join(f"src/m{n}.c:{n}:5: warning: unused variable ‘spare{n}’" for n in range(1, 30)))
    assert 20 in errors.facts
    assert 20 not in errors.dull


def test_that_a_file_is_new_is_not_dull() -> None:
    head = "diff --git a/x.py b/x.py\nnew file mode 100644\nindex 0000000..1111111\n"
    new = f"{head}--- /dev/null\n+++ b/x.py\n@@ -0,0 +1 @@\n+x"
    found = output("git diff", new)
    assert {3, 5} <= found.dull
    assert 4 not in found.dull


def test_json_among_other_lines_is_json_and_the_others_are_what_they_are() -> None:
    rows = ",\n".join(f'  {{\n    "code": "F401",\n    "row": {n}\n  }}' for n in range(30))
    found = output("ruff check --output-format json .", f"warning: rule is old\n[\n{rows}\n]\nFound 30 errors.")
    assert found.kind == "json"
    assert {"warning: rule is old", "Found 30 errors."} <= set(kept(found)) | {
        word for words in found.facts.values() for word in words
    }
    assert any(block.name.startswith("29 more like line 3: code, row") for block in found.blocks)


def test_errors_alike_are_named_by_place_and_by_what_differs() -> None:
    lines = [f"src/m{n}.c:{n}:5: warning: unused variable ‘spare{n}’" for n in range(1, 30)]
    facts = output("make", "\n".join(lines)).facts
    assert facts[20] == ("src/m20.c:20:5 spare20’",)


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
    lines = ["test_a (m.T.a) ... ok", "test_b (m.T.b) ... FAIL", "Collecting requests==2.0", "ok  \tpkg/a\t0.1s", "x"]
    assert output("python -m unittest -v", "\n".join(lines)).dull == {1, 3, 4}


def test_what_a_passing_go_test_says_is_dull() -> None:
    lines = ["=== RUN   TestA", "    a_test.go:3: checked 1", "--- PASS: TestA (0.00s)", "=== RUN   TestB"]
    lines += [
        "    a_test.go:9: got 3, want 4",
        "--- FAIL: TestB (0.00s)",
        "=== RUN   TestC",
        "--- PASS: TestC (0.00s)",
        "FAIL",
    ]
    found = output("go test -v ./...", "\n".join(lines))
    assert kept(found) == ["    a_test.go:9: got 3, want 4", "--- FAIL: TestB (0.00s)", "FAIL"]
    assert 2 in found.dull
    assert [(b.name, b.first, b.last) for b in found.blocks] == [("FAIL: TestB", 6, 6)]


def test_errors_that_a_diff_or_a_search_quotes_are_none_of_its_own() -> None:
    diff = [
        "diff --git a/x.py b/x.py",
        "--- a/x.py",
        "+++ b/x.py",
        "@@ -1,2 +1,2 @@",
        "-Error: old",
        "+raise ValueError()",
    ]
    assert kept(output("git diff", "\n".join([*diff, " error: not one", " FAILED"]))) == []
    hits = ["a.py:3: raise ValueError('x')", "a.py:9: Error: y", "grep: b: No such file or directory"]
    assert kept(output("grep -rn Error .", "\n".join(hits))) == [hits[2]]


def test_yaml_that_a_command_prints_folds_to_what_differs() -> None:
    phases = {7: "Failed"}
    pods = [
        f"---\nkind: Pod\nmetadata:\n  name: web-{n}\n  app: shop\nstatus:\n  phase: {phases.get(n, 'Running')}\n"
        for n in range(30)
    ]
    found = output("helm template shop .", "".join(pods))
    assert {"  name: web-7", "  phase: Failed"} <= set(kept(found))
    assert "  name: web-9" not in kept(found)
    assert any("web-9" in words for words in found.facts.values())


def test_a_snapshot_of_a_page_keeps_what_is_there_once() -> None:
    rows = ["- generic [ref=e1]:"]
    for n in range(30):
        rows += [f"  - listitem [ref=e{n}0]:", f'    - link "Item {n}" [ref=e{n}1]:', f"      - /url: /p/{n}"]
        rows += [f"    - generic [ref=e{n}2]: {n} EUR"] + (['    - alert [ref=e9]: "Card declined"'] if n == 20 else [])
    assert '    - alert [ref=e9]: "Card declined"' in kept(output("", "\n".join(rows)))


def test_what_stopped_a_container_is_kept() -> None:
    state = [
        '    "State": {',
        '      "Status": "exited",',
        '      "OOMKilled": true,',
        '      "ExitCode": 137',
        "    }",
    ]
    found = output("docker inspect web", "\n".join(["[", "  {", '    "Id": "ab12",', *state, "  }", "]"]))
    assert set(state[1:4]) <= set(kept(found))


def test_every_path_is_named_in_full() -> None:
    """An agent takes it up as it stands."""
    paths = [f"src/{folder}/part_{n}.py" for folder in ("a", "b") for n in range(5)]
    named = {1: ("src/a/part_0.py",), 2: ("src/a/part_1.py",), 6: ("src/b/part_0.py",), 7: ("src/b/part_1.py",)}
    for command, lines in (
        ("find src -type f", paths),
        ("git diff --name-only", paths),
        ("find src -ls", [f"   1234      4 -rw-r--r--   1 ann  dev   371 Nov 24 14:51 {path}" for path in paths]),
    ):
        facts = output(command, "\n".join(lines)).facts
        assert {number: facts[number] for number in named} == named
