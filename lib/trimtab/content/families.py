"""What kind of work a shell command does: its family, and whether it runs tests."""

import re
from collections.abc import Iterator, Mapping, Sequence

from trimtab.content import commands

# Programs by family. A program with its first word is looked for before the program alone: `npm test` runs tests, and
# `npm` is a package manager.
FAMILIES: Mapping[str, str] = {
    "tests": """pytest py.test unittest jest vitest mocha ava tap playwright cypress rspec phpunit ctest gotestsum
        nextest tox nox go_test cargo_test cargo_nextest npm_test yarn_test pnpm_test bun_test deno_test dotnet_test
        mvn_test gradle_test gradlew_test make_test just_test task_test mise_test swift_test mix_test rake_test
        zig_test""",
    "git": "git",
    "gh": "gh glab hub",
    "packages": """npm yarn pnpm bun pip pip3 uv poetry pipenv conda brew apt apt-get gem bundle composer go_get
        go_mod""",
    "linters": """eslint prettier ruff flake8 pylint black mypy pyright tsc golangci-lint gofmt go_vet go_fmt
        cargo_clippy""",
    "builds": """make just cmake ninja go cargo mvn gradle gradlew dotnet webpack vite esbuild turbo nx bazel mise task
        rake""",
    "search": "grep egrep rg ag ack find fd fdfind locate",
    "listing": "ls tree du df stat file wc",
    "files": "cat bat head tail less more nl sed awk cut sort uniq diff jq yq xxd column od",
    "changes": "rm mv cp mkdir touch chmod chown ln tee tar unzip zip patch rsync",
    "containers": "docker docker-compose podman kubectl helm terraform",
    "network": "curl wget ssh scp ping dig nc http",
    "processes": "ps kill pkill pgrep lsof top sleep jobs wait",
    "scripts": "python python3 node ruby perl php deno ts-node tsx bash sh zsh",
}
FAMILY = {program: family for family, programs in FAMILIES.items() for program in programs.split()}
TESTS = "tests"
RUNS_SCRIPT = re.compile(r"run|run-script|exec")
GOALS = frozenset(
    ["make", "just", "task", "rake", "mvn", "gradle", "gradlew", "mise"]
)  # programs that are told several goals
TEST_GOAL = re.compile(r"(?:.*[:_-])?tests?(?:[:_.-].*)?")
# A sign that a command may run tests; what has none is not taken apart, which takes up to a millisecond.
MAY_TEST = re.compile(r"test|spec|jest|mocha|playwright|cypress|phpunit|\b(?:tox|nox|ava|tap)\b")
WRAPS = 2  # words of an unknown program that may stand before a known one: `rtk test bun run test`
NO_COMMAND, OTHER = "not a command", "other"
CUT = "\n…\n"  # in a command that is kept in short, between its start and the tests that the rest runs


def family_of(command: str) -> str:
    """The family of the last pipeline that has one, by its first program that prints.

    `cd a && go test ./... | tail` is tests, `git add . && git commit` is git, `./x` is "other", "" is no command. An
    unknown program that is given a known one is taken for what wraps it, as `rtk git diff` is git.
    """
    found = [commands.printers_of(pipeline) for part in command.split(CUT) for pipeline in commands.pipelines(part)]
    for pipeline in reversed(found):
        for program in pipeline:
            family = next(families(program), None)
            if family:
                return family
    return OTHER if any(found) else NO_COMMAND


def runs_tests(command: str) -> bool:
    """Whether one of the programs that the command runs is tests: what it only says, as in a message, is none."""
    return any(tests_of(command))


def tests_of(command: str) -> Iterator[commands.Program]:
    """The programs of the command that are tests, in order."""
    for part in command.split(CUT):
        if MAY_TEST.search(part):
            for pipeline in commands.pipelines(part):
                yield from (program for program in pipeline if TESTS in families(program))


def in_short(command: str, most: int) -> str:
    """The command in at most `most` characters: its start, then the first test that only the rest of it runs."""
    if len(command) <= most:
        return command
    start = command[:most]
    if not MAY_TEST.search(command, most - len("playwright")) or runs_tests(start):
        return start
    found = next(tests_of(command), None)
    if found is None:
        return start
    test = " ".join([found.name, *found.arguments])[: most // 2]
    return start[: most - len(CUT) - len(test)] + CUT + test


def families(program: commands.Program) -> Iterator[str]:
    """The program's family: of its first words that are one; and tests where they are a later goal of it."""
    words = [program.name, *(word for word in program.arguments if not word.startswith("-"))]
    for start in range(min(WRAPS + 1, len(words))):
        family = family_by_words(words[start:])
        if family:
            yield family
            if words[start] in GOALS and any(map(TEST_GOAL.fullmatch, words[start + 1 :])):
                yield TESTS
            return


def family_by_words(words: Sequence[str]) -> str | None:
    """By a program and its first word; `npm run test:unit` is `npm test`."""
    if not words:
        return None
    rest = words[2:] if len(words) > 2 and RUNS_SCRIPT.fullmatch(words[1]) else words[1:]
    first = "test" if rest and TEST_GOAL.fullmatch(rest[0]) else "".join(rest[:1]).partition(":")[0]
    return FAMILY.get(f"{words[0]}_{first}") or FAMILY.get(words[0])
