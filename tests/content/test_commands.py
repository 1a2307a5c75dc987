"""What a shell command runs, whatever wraps it; and whether it asks for exactly the lines that it prints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.content import commands


def names(command: str) -> list[list[str]]:
    return [[program.name for program in pipeline] for pipeline in commands.pipelines(command)]


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("pytest -q", [["pytest"]]),
        ("cd a && uv run pytest -q 2>&1 | tail -5", [["pytest", "tail"]]),
        ("FOO=1 BAR=2 npx jest --ci; git log -3", [["jest"], ["git"]]),
        ("bash -lc 'go test ./... 2>&1'", [["go"]]),
        ("python3 -m pytest tests", [["pytest"]]),
        ("docker compose exec -T web pytest", [["pytest"]]),
        ("timeout 60 cargo test > out.txt", [["cargo"]]),
        ("sudo -E env A=1 make -j8", [["make"]]),
        ("echo 'a | b && c' && ls", [["ls"]]),
        ('grep -rn "a|b" src', [["grep"]]),
        ("/usr/local/bin/node_modules/.bin/tsc --noEmit", [["tsc"]]),
        ("cat <<EOF > f\npytest | tail\nEOF\nls", [["cat"], ["ls"]]),
        ("a & b", [["a"], ["b"]]),
        ("make 2>&1", [["make"]]),
        ("git status\nnpm test", [["git"], ["npm"]]),
        ("sudo -u app timeout -k 5 60 pytest -q", [["pytest"]]),
        ("docker run --rm -v $PWD:/app -w /app python:3.12 pytest -q", [["pytest"]]),
        ("kubectl exec -it -n prod web-0 -c app -- pytest", [["pytest"]]),
        ("uv run --with pytest-xdist -m pytest -n4", [["pytest"]]),
        ("poetry run python -m pytest", [["pytest"]]),
        ("xvfb-run -a npx playwright test", [["playwright"]]),
        ("find . -name '*.py' | xargs -n 1 -P 4 grep -l x", [["find", "grep"]]),
        ("cross-env CI=1 jest && doppler run -- npm test", [["jest"], ["npm"]]),
        ("nice -n 10 make -j8", [["make"]]),
        ("", []),
        ("'unclosed", [["unclosed"]]),
    ],
)
def test_programs(command: str, found: list[list[str]]) -> None:
    assert [[name.strip("'") for name in pipeline] for pipeline in names(command)] == found


@pytest.mark.parametrize(
    ("command", "everything"),
    [
        ("cat a.py", True),
        ("cd src && cat a.py", True),
        ("sed -n '10,80p' a.py", True),
        ("head -50 a.py | tail -20", True),
        ("cat a.log | grep error", False),
        ("git log", False),
        ("sed -i s/a/b/ f", False),
        ("cat a.py && pytest", False),
        ("python3 -c \"\nfor line in open('a.ts').readlines()[3:9]:\n    print(repr(line))\"", True),
        ("python3 -c \"import a; print(a.check(open('a.ts')))\" && npm test", False),
        ("python3 build.py", False),
    ],
)
def test_what_only_prints_files_is_wanted_whole(command: str, everything: bool) -> None:
    assert commands.wants_everything(command) == everything


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("cat a/b.py", "a/b.py"),
        ("sed -n 1,20p x.go", "x.go"),
        ("head -n 5 README.md", "README.md"),
        ("ls a", None),
        ("cat -n a.py", None),
        ("cat a.py | head -50", "a.py"),
    ],
)
def test_the_file_that_is_printed(command: str, path: str | None) -> None:
    assert commands.printed_file(command) == path


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["'", '"', "|", "&&", ";", "\\", "(", "a", " ", "\n", "<<E", "$("])).map("".join)
)
def test_any_text(command: str) -> None:
    commands.pipelines(command)
    commands.wants_everything(command)
    commands.printed_file(command)


@pytest.mark.parametrize(
    ("command", "printers"),
    [
        ("pytest -q | grep FAILED | tail -5", ["pytest"]),
        ("cat a.log | grep x", ["cat"]),
        ("grep -rn x . | head", ["grep"]),
        ("find . -name '*.py' | xargs grep -n def", ["grep"]),
        ("git ls-files | xargs wc -l", ["wc"]),
        ("git log | grep fix", ["git"]),
        ("jq . a.json | head", ["jq"]),
    ],
)
def test_whose_lines_come_out_of_a_pipeline(command: str, printers: list[str]) -> None:
    (pipeline,) = commands.pipelines(command)
    assert [program.name for program in commands.printers_of(pipeline)] == printers


@pytest.mark.parametrize(
    ("command", "chooses"),
    [
        ("go test -run TestShadow -v ./...", True),
        ("cd a && pytest -q -k 'shadow or light'", True),
        ("npx jest -t 'adds two'", True),
        ("npm test -- --grep shadow", True),
        ("mvn -q test -Dtest=ShadowTest", True),
        ("./gradlew test --tests ShadowTest", True),
        ("pytest -q tests", False),
        ("go test ./... | grep -e FAIL", False),
        ("pytest; rg -t py shadow", False),
        ("make -k all", False),
    ],
)
def test_whether_tests_are_chosen_by_name(command: str, chooses: bool) -> None:
    """The option has to be the test runner's, not one of another program's after it."""
    assert commands.chooses_tests(command) is chooses
