"""The parts of contexts added up by tool, file, kind, command family, or what they are."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from trimtab.content import commands, kinds
from trimtab.monitor.parts import RESULT, Part

# Programs by family. A program with its first word is looked for before the program alone: `npm test` runs tests, and
# `npm` is a package manager.
FAMILIES: Mapping[str, str] = {
    "tests": """pytest py.test unittest jest vitest mocha ava tap playwright cypress rspec phpunit ctest gotestsum
        nextest tox nox go_test cargo_test npm_test yarn_test pnpm_test bun_test deno_test dotnet_test mvn_test
        gradle_test make_test just_test mise_test swift_test mix_test rake_test zig_test""",
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
RUNS_SCRIPT = re.compile(r"run|run-script|exec")
NO_COMMAND, OTHER = "not a command", "other"
SHELLS = ("Bash", "PowerShell", "BashOutput")


class Row(NamedTuple):
    """What the parts of one name took. `tokens` came in, `prompt_tokens` were sent in all prompts together.

    `times` says how often a token of it was sent, on average. `usd` is of the requests with a known price, None without
    any. `share` is of all parts' USD, and so 0 for what has no price; where nothing has one, it is of all units.
    `measured_share` of its tokens is billed growth with nothing else in it; the rest is estimated.
    """

    name: str
    parts: int
    tokens: int
    prompt_tokens: int
    output_tokens: int
    times: float
    units: float
    share: float
    usd: float | None
    measured_share: float


NameOf = Callable[[Part], str | None]


def rows(parts: Iterable[Part], name_of: NameOf) -> tuple[Row, ...]:
    """One row a name, the dearest first; parts whose name is None are left out, though shares are of all."""
    apart: dict[str, list[Part]] = {}
    every = list(parts)
    for part in every:
        name = name_of(part)
        if name is not None:
            apart.setdefault(name, []).append(part)
    price_of, whole = priced(every)
    found = [row_of(name, group, price_of, whole) for name, group in apart.items()]
    return tuple(sorted(found, key=lambda row: (-row.share, -row.units, row.name)))


def row_of(name: str, parts: list[Part], price_of: Callable[[Part], float], whole: float) -> Row:
    tokens = sum(part.tokens for part in parts)
    sent = sum(part.prompt_tokens for part in parts)
    units = sum(part.units for part in parts)
    known = [part.usd for part in parts if part.usd is not None]
    return Row(
        name=name,
        parts=len(parts),
        tokens=tokens,
        prompt_tokens=sent,
        output_tokens=sum(part.output_tokens for part in parts),
        times=sent / tokens if tokens else 0.0,
        units=units,
        share=sum(map(price_of, parts)) / whole if whole else 0.0,
        usd=sum(known) if known else None,
        measured_share=sum(part.tokens for part in parts if part.is_measured) / tokens if tokens else 0.0,
    )


def priced(every: Sequence[Part]) -> tuple[Callable[[Part], float], float]:
    """What a part is priced at, in USD where any has a price and else in units; and the price of all."""
    has_price = any(part.usd is not None for part in every)

    def price_of(part: Part) -> float:
        return (part.usd or 0.0) if has_price else part.units

    return price_of, sum(map(price_of, every))


def by_part(part: Part) -> str:
    """All of a context: standing prompt, each tool, answers, prompts, notes, summaries, and what is not attributed."""
    return part.label


def by_tool(part: Part) -> str | None:
    return (part.tool or "unknown") if part.what == RESULT else None


def by_kind(part: Part) -> str | None:
    """Of files their kind by name ("go"), of commands "output", of other tools' results the tool."""
    if part.what != RESULT:
        return None
    if part.tool in SHELLS:
        return "output"
    return kinds.language_of(part.target, "") if is_file(part) else part.tool or "unknown"


def by_file(part: Part) -> str | None:
    return part.target if part.what == RESULT and is_file(part) else None


def by_command(part: Part) -> str | None:
    """The family of the command."""
    return family_of(part.target) if part.what == RESULT and part.tool in SHELLS else None


BY: Mapping[str, NameOf] = {"tool": by_tool, "file": by_file, "kind": by_kind, "command": by_command, "part": by_part}


def is_file(part: Part) -> bool:
    """Whether its target is a file that it reads or changes."""
    return part.tool in ("Read", "Edit", "MultiEdit", "Write", "NotebookRead", "NotebookEdit") and bool(part.target)


def family_of(command: str) -> str:
    """The family of the last pipeline that has one, by its first program that prints.

    `cd a && go test ./... | tail` is tests, `git add . && git commit` is git, `./x` is "other", "" is no command. An
    unknown program that is given a known one is taken for what wraps it, as `rtk git diff` is git.
    """
    found = [commands.printers_of(pipeline) for pipeline in commands.pipelines(command)]
    for pipeline in reversed(found):
        for program in pipeline:
            words = [program.name, *(word for word in program.arguments if not word.startswith("-"))]
            family = family_by_words(words) or family_by_words(words[1:])
            if family:
                return family
    return OTHER if any(found) else NO_COMMAND


def family_by_words(words: Sequence[str]) -> str | None:
    """By a program and its first word; `npm run test:unit` is `npm test`."""
    if not words:
        return None
    rest = words[2:] if len(words) > 2 and RUNS_SCRIPT.fullmatch(words[1]) else words[1:]
    two = f"{words[0]}_{rest[0].partition(':')[0]}" if rest else ""
    return FAMILY.get(two) or FAMILY.get(words[0])
