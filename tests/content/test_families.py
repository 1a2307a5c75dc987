"""What kind of work a command does; whether it runs tests, also where only its start is kept."""

import pytest

from trimtab.content.families import CUT, family_of, in_short, runs_tests


@pytest.mark.parametrize(
    ("command", "family"),
    [
        ("cd a && go test ./... 2>&1 | tail -5", "tests"),
        ("go build ./...", "builds"),
        ("npm run test:unit", "tests"),
        ("npm install", "packages"),
        ("npx vitest run", "tests"),
        ("uv run pytest -q", "tests"),
        ("git add . && git commit -m 'npm test'", "git"),
        ("gh pr view 3", "gh"),
        ("rtk git diff", "git"),
        ("grep -rn x . | head", "search"),
        ("cat a | grep b", "files"),
        ("sudo docker ps", "containers"),
        ("./run-me", "other"),
        ("", "not a command"),
    ],
)
def test_command_families(command: str, family: str) -> None:
    assert family_of(command) == family


@pytest.mark.parametrize(
    "command",
    [
        "mise run test:ci 2>&1 | tail -20",
        "mise run fmt && mise run lint && mise run test",
        "go test ./... && golangci-lint run | head -30",
        "bun run test | tail -5 && bun run lint",
        "rtk test bun run test 2>&1",
        "if ! go test ./...; then git stash; fi",
        "./gradlew clean :app:test",
        "mvn -q clean test",
        "make lint test-unit",
        "cargo nextest run",
        "yarn test-unit",
        "python -m unittest -v",
        "FORCE_COLOR=0 npx jest src",
    ],
)
def test_a_test_run_is_one_wherever_it_stands(command: str) -> None:
    assert runs_tests(command)


@pytest.mark.parametrize(
    "command",
    [
        "gh pr create --body 'Test plan: go test ./... passes'",
        "cat > plan.md <<'EOF'\npytest -q\nEOF",
        "grep -rn pytest .",
        "git commit -m 'run npm test'",
        "npm install jest",
        "cat tests/test_a.py",
        "make build",
        "ls tests",
        "",
    ],
)
def test_what_only_names_tests_runs_none(command: str) -> None:
    assert not runs_tests(command)


def test_a_command_in_short_still_runs_its_tests() -> None:
    """Of 1,000 characters 300 are kept; the tests come after them."""
    command = f"cat > a.py <<'EOF'\n{'x = 1' * 200}\nEOF\ngo vet ./... && go test ./pkg/... -run TestA | tail -5"
    short = in_short(command, 300)
    assert len(short) == 300
    assert short.startswith("cat > a.py <<'EOF'\nx = 1x = 1")
    assert short.endswith(f"{CUT}go test ./pkg/... -run TestA")
    assert runs_tests(short)
    assert family_of(short) == "tests"


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q " + "a" * 400 + " && go test",  # its start runs them already
        "gh pr create --body '" + "a" * 400 + " go test ./... passes'",
        "ls " + "a" * 400,
    ],
)
def test_of_other_long_commands_the_start_is_kept(command: str) -> None:
    assert in_short(command, 300) == command[:300]


def test_a_short_command_is_kept_whole() -> None:
    assert in_short("go test", 7) == "go test"


def test_a_long_test_run_leaves_half_to_the_start() -> None:
    command = "echo " + "a" * 300 + "; pytest " + "b" * 300
    assert in_short(command, 100) == "echo " + "a" * 42 + CUT + "pytest " + "b" * 43
