"""The parts of contexts added up by tool, kind, file, command family, agent, session, project, group or day."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

from trimtab.content import commands, kinds
from trimtab.monitor.parts import EARLIER, RESULT, STANDING, Part

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
NO_COMMAND, OTHER, REST = "not a command", "other", "system, tools, rest"
SHELLS = ("Bash", "PowerShell", "BashOutput")


class Row(NamedTuple):
    """What the parts of one name took. `tokens` came in, `prompt_tokens` were sent in all prompts together.

    `times` says how often a token of it was sent, on average. `share` is of all parts' price, in units where a
    USD price is missing. `usd` is of the requests with a known price, None without any. `measured_share` of its tokens
    is billed growth with nothing else in it; the rest is estimated.
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
    """What a part is priced at, in USD where all of them have a price and else in units; and the price of all."""
    has_price = all(part.usd is not None or not part.units for part in every)

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


def by_agent(part: Part) -> str:
    """The kind of agent; "main" for the conversation with the user."""
    return part.agent_type or ("main" if not part.agent else "agent")


def by_session(part: Part) -> str:
    return part.session


def by_project(part: Part) -> str:
    return part.project or "unknown"


def by_model(part: Part) -> str:
    return part.model or "unknown"


def by_day(part: Part) -> str:
    """The day (UTC) on which it came, whenever it was paid for."""
    return datetime.fromtimestamp(part.at, timezone.utc).date().isoformat()


def by_standing(part: Part) -> str | None:
    """Standing cost: what is sent with every request from the first one on, by project."""
    return by_project(part) if part.what in (STANDING, EARLIER) else None


def standing_rows(parts: Iterable[Part], known_of: Callable[[Part], Mapping[str, float]]) -> tuple[Row, ...]:
    """Standing cost by what it is: texts of known size, such as memory files, and "system, tools, rest".

    `known_of` gives the names and estimated tokens of a standing part's known texts; where they are more than the part
    has, they are scaled down to it. The rows add up to the standing parts' tokens and prices, their parts do not.
    """
    slices: list[Part] = []
    every = list(parts)
    for part in every:
        if part.what != STANDING or not part.tokens:
            continue
        known = known_of(part)
        shares = {name: size / max(sum(known.values()), part.tokens) for name, size in known.items()}
        shares[REST] = 1 - sum(shares.values())
        slices += [slice_of(part, name, share) for name, share in shares.items() if share > 0]
    apart: dict[str, list[Part]] = {}
    for one in slices:
        apart.setdefault(one.target, []).append(one)
    price_of, whole = priced(every)
    found = [row_of(name, group, price_of, whole) for name, group in apart.items()]
    return tuple(sorted(found, key=lambda row: (-row.units, row.name)))


def slice_of(part: Part, name: str, share: float) -> Part:
    """A share of a part under a name of its own; an estimate unless it is all of it."""
    return part._replace(
        target=name,
        tokens=round(part.tokens * share),
        is_measured=part.is_measured and share == 1,
        input_tokens=round(part.input_tokens * share),
        write_5m_tokens=round(part.write_5m_tokens * share),
        write_1h_tokens=round(part.write_1h_tokens * share),
        read_tokens=round(part.read_tokens * share),
        units=part.units * share,
        usd=None if part.usd is None else part.usd * share,
    )


def by_group(groups: Mapping[str, str]) -> NameOf:
    """The group of agents, from agent types to groups."""

    def name_of(part: Part) -> str:
        return groups.get(part.agent_type, "no group")

    return name_of


BY: Mapping[str, NameOf] = {
    "part": by_part,
    "tool": by_tool,
    "kind": by_kind,
    "file": by_file,
    "command": by_command,
    "agent": by_agent,
    "session": by_session,
    "project": by_project,
    "model": by_model,
    "day": by_day,
    "standing": by_standing,
}


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
