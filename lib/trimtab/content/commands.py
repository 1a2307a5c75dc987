"""A shell command -> the programs that it runs, without what wraps them (cd, env, sudo, npx, uv run ...).

No shell: quotes and the operators between commands are understood, substitutions and here-documents are passed over.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST = 10_000  # characters of a command that are looked at
OPERATORS = ("&&", "||", "|&", ";", "|", "&", "\n")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
REDIRECTION = re.compile(r"\d*(?:>>?|<|&>)")
HERE = re.compile(r"<<-?\s*(['\"]?)(\w+)\1[^\n]*\n.*?(?:^\s*\2$|\Z)", re.S | re.M)
# Programs whose last words are a command: how many words of their own to skip, by the words that begin them.
WRAPPERS: tuple[tuple[str, ...], ...] = (
    ("npx",), ("bunx",), ("pnpm", "dlx"), ("pnpm", "exec"), ("yarn", "dlx"), ("uvx",), ("uv", "run"), ("poetry", "run"),
    ("pipenv", "run"), ("hatch", "run"), ("pdm", "run"), ("rye", "run"), ("bundle", "exec"), ("mise", "exec"),
    ("sudo",), ("env",), ("time",), ("timeout",), ("nice",), ("nohup",), ("xargs",), ("stdbuf",), ("command",),
    ("exec",), ("builtin",), ("unbuffer",), ("caffeinate",), ("strace",), ("xvfb-run",), ("cross-env",), ("dotenv",),
    ("doppler", "run"), ("op", "run"), ("direnv", "exec"), ("nix", "develop"), ("conda", "run"), ("micromamba", "run"),
)  # fmt: skip
# Options of theirs that take the next word.
VALUED = frozenset(
    """
    -u -g -k -s -n -I -P -L -e -v -w -p -c -f -C -o --name --user --workdir --env --env-file --volume --profile --file
    --with --project --extra --group --python --package --filter --signal --kill-after --network --namespace --prefix
    """.split()  # noqa: SIM905  (three dozen quoted words are no easier to read)
)
CONTAINERS = (
    ("docker", "exec"),
    ("docker", "run"),
    ("docker", "compose", "exec"),
    ("docker", "compose", "run"),
    ("kubectl", "exec"),
)
SHELLS = ("sh", "bash", "zsh", "dash")
FILTERS = ("grep", "egrep", "rg", "sed", "awk", "sort", "uniq", "tee", "cut", "tr", "wc", "column", "tac", "jq", "fold")
LISTERS = ("find", "ls", "fd", "fdfind", "git", "rg", "grep")  # whose lines another program may take as its arguments
CHOOSES = re.compile(
    r"\b(?:go test|gotestsum|py\.?test|jest|vitest|mocha|playwright|ctest|rspec|mvn|gradlew?|dotnet|phpunit"
    r"|(?:run|npm|yarn|pnpm|bun|make|just|task)\s+test\S*)(?=\s)"
    r"[^|;&]*\s(?:--?run|-k|-t|-g|--grep|--testNamePattern|--filter|--tests|-Dtest|-e|-R)[ =]"
)
COLOURED = re.compile(r"--color-words|--word-diff=color|--color-moved")
INTERPRETERS = ("python", "python3", "node", "ruby", "perl")  # with a script among their arguments
OPENS, PRINTS = re.compile(r"\bopen\(|\bread_text\(|\breadFileSync\("), re.compile(r"\bprint\b|console\.log|\bputs\b")
PRINTERS = ("cat", "bat", "nl", "less", "more", "head", "tail")
RANGE = re.compile(r"^'?(\d+)(?:,(?:\d+|\$))?p'?$")


class Program(NamedTuple):
    """One program of a pipeline: its name without a path, and its arguments. `npx jest -i` is jest with `-i`."""

    name: str
    arguments: tuple[str, ...]


def pipelines(command: str) -> tuple[tuple[Program, ...], ...]:
    """The pipelines of `command` in order, each as its programs in order. Never raises."""
    found: list[tuple[Program, ...]] = []
    pipeline: list[Program] = []
    for operator, part in parts(HERE.sub("", command[:LONGEST])):
        if operator not in ("|", "|&") and pipeline:
            found.append(tuple(pipeline))
            pipeline = []
        for program in programs(part):
            pipeline.append(program)
    if pipeline:
        found.append(tuple(pipeline))
    return tuple(found)


def parts(command: str) -> Iterator[tuple[str, str]]:
    """The commands between operators, each with the operator before it."""
    quote, before, start, at = "", "", 0, 0
    while at < len(command):
        character = command[at]
        if quote:
            if character == "\\" and quote == '"':
                at += 1
            elif character == quote:
                quote = ""
        elif character in "'\"`":
            quote = character
        elif character == "\\":
            at += 1
        else:
            operator = next((o for o in OPERATORS if command.startswith(o, at)), "")
            if operator and not (operator == "&" and (command[at - 1 : at] == ">" or command[at + 1 : at + 2] == ">")):
                yield before, command[start:at]
                before, at = operator, at + len(operator)
                start = at
                continue
        at += 1
    yield before, command[start:]


def words_of(part: str) -> list[str]:
    """The words of one command, without redirections and assignments before it."""
    try:
        words = shlex.split(part, comments=False)
    except ValueError:
        words = part.split()
    out: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif REDIRECTION.match(word):
            skip = REDIRECTION.fullmatch(word) is not None
        elif out or not ASSIGNMENT.match(word):
            out.append(word.strip("(){}") if not out else word)
    return [word for word in out if word]


def programs(part: str) -> Iterator[Program]:
    """What one command runs: usually one program; none for `cd` and the like."""
    words = words_of(part)
    for _ in range(6):
        if not words:
            return
        words = [words[0].rpartition("/")[2], *words[1:]]
        inner = unwrapped(words)
        if inner is None:
            break
        words = inner
    if (words[0] in SHELLS and "-c" in words[1:-1]) or (words[0] in SHELLS and words[1:2] == ["-lc"]):
        script = words[-1]
        if script != part:
            for pipeline in pipelines(script):
                yield from pipeline
        return
    if words and words[0] not in ("cd", "export", "set", "source", ".", "true", "echo", "pushd", "popd"):
        yield Program(words[0], tuple(words[1:]))


def unwrapped(words: list[str]) -> list[str] | None:
    """The command inside of a wrapper's words; None where it is no wrapper."""
    if re.fullmatch(r"python[\d.]*|pypy3?", words[0]) and words[1:2] == ["-m"] and len(words) > 2:
        return words[2:]
    if words[0] == "go" and words[1:2] == ["tool"]:
        return words[2:]
    for wrapper in (*WRAPPERS, *CONTAINERS):
        if tuple(words[: len(wrapper)]) == wrapper:
            rest = words[len(wrapper) :]
            if "--" in rest[:-1]:
                return rest[rest.index("--") + 1 :]
            while rest and (
                rest[0].startswith("-") or ASSIGNMENT.match(rest[0]) or re.fullmatch(r"\d+[smh]?", rest[0])
            ):
                rest = rest[2:] if rest[0] in VALUED else rest[1:]
            return rest[1:] if wrapper in (*CONTAINERS, ("direnv", "exec")) else rest
    return None


def printers_of(pipeline: Sequence[Program]) -> list[Program]:
    """The programs of a pipeline whose lines come out of it: what only filters another's lines prints none of its own.

    `pytest | grep FAILED` is pytest's, `find . | xargs grep x` is grep's.
    """
    out: list[Program] = []
    for program in pipeline:
        is_filter = program.name in (*FILTERS, *PRINTERS)
        if not out or not is_filter:
            out.append(program)
        elif out[-1].name in LISTERS and (
            program.name == "wc" or (program.name in ("grep", "rg", "egrep") and len(program.arguments) > 1)
        ):
            out[-1] = program
    return out


def tells_by_colour(command: str) -> bool:
    """Whether what the command prints says by colours alone what is what."""
    return COLOURED.search(command) is not None


def printed_file(command: str) -> str | None:
    """The one file that the command merely prints, whole or in part: `cat F`, `sed -n 10,80p F`, `head -50 F`."""
    found = pipelines(command)
    if len(found) != 1 or len(found[0]) > 2 or any(p.name not in (*PRINTERS, "sed") for p in found[0]):
        return None
    first = found[0][0]
    if first.name in ("nl", "bat") or (first.name == "cat" and any(a.startswith("-") for a in first.arguments)):
        return None  # they put numbers before the lines
    if first.name == "sed" and not ("-n" in first.arguments and any(RANGE.match(a) for a in first.arguments)):
        return None
    files = [a for a in first.arguments if not a.startswith(("-", "+")) and not a.isdigit() and not RANGE.match(a)]
    return files[0] if len(files) == 1 else None


def chooses_tests(command: str) -> bool:
    """Whether the command runs tests that it names: `go test -run TestShadow -v`, `pytest -k shadow`."""
    return CHOOSES.search(command) is not None


def wants_everything(command: str) -> bool:
    """Whether the command asks for exactly these lines: it prints files, whole or what a script picks of them."""
    found = pipelines(command)
    return bool(found) and all(prints_files(program) for pipeline in found for program in pipeline)


def prints_files(program: Program) -> bool:
    if program.name == "sed":
        return any(re.match(r"-[A-Za-z]*n", argument) for argument in program.arguments)
    is_script = program.name in INTERPRETERS and any(argument in ("-c", "-e") for argument in program.arguments)
    script = "\n".join(program.arguments) if is_script else ""
    return program.name in PRINTERS or (OPENS.search(script) is not None and PRINTS.search(script) is not None)
