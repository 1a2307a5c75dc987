"""How long a file takes to become blocks, and what the grammars and the tokenizer hold in memory.

    python bench/outline.py [FILE ...] [--runs 30]

Without FILEs: 2,000 lines of Python from the standard library, and 2,000 lines of each other language made by repeating
its source in tests/gold/content. Figures in milliseconds, parsers warm: the syntax tree alone, and all of `parse`
(median, 95th percentile). Memory is the process's own resident size in MB after each step, from a fresh process.
"""

import argparse
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "lib"))

from trimtab.content import code, kinds, parse, queries  # noqa: E402  (the path has to be set before)

LINES = 2000
GOLD = ROOT / "tests" / "gold" / "content"
NAMES = ("server.js", "queue.ts", "view.tsx", "store.go", "shape.rs", "Ledger.java", "ring.c", "grid.cpp", "guide.md")
STEPS = """
import glob, sys, time
sys.path.insert(0, {lib!r})
def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096 / 1e6
def row(what, since):
    print(f"{{what:<44}}{{resident():8.1f}} MB{{(time.perf_counter() - since) * 1000:9.0f}} ms")
start = time.perf_counter()
row("bare interpreter", start)
from trimtab import content, tokens
row("trimtab.content and trimtab.tokens imported", start)
start = time.perf_counter()
for kind in content.code.GRAMMARS:
    content.code.grammar(kind)
row("all nine grammars with their queries", start)
start = time.perf_counter()
for path in glob.glob({gold!r} + "/*.gold"):
    content.parse(path[:-5], open(path, encoding="utf-8").read() * 25)
row("a file of each language parsed", start)
start = time.perf_counter()
tokens.load()
row("o200k_base loaded, what that needed given back", start)
"""


def inputs(files: list[Path]) -> Iterator[tuple[str, str]]:
    """(path, text) of each file to measure."""
    if files:
        for file in files:
            yield str(file), file.read_text(encoding="utf-8", errors="replace")
        return
    library = Path(sysconfig.get_paths()["stdlib"])
    lines: list[str] = []
    for module in ("argparse.py", "typing.py"):
        lines += (library / module).read_text(encoding="utf-8").split("\n")
    yield "stdlib.py", "\n".join(lines[:LINES])
    for name in NAMES:
        part = (GOLD / f"{name}.gold").read_text(encoding="utf-8").split("\n")
        yield name, "\n".join((part * (LINES // len(part) + 1))[:LINES])


def timed(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """(median, 95th percentile) of `work` in milliseconds, after one run that doesn't count."""
    work()
    took = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took), sorted(took)[int(0.95 * (runs - 1))]


def tree_ms(kind: str, text: str, runs: int) -> str:
    if kind not in queries.GRAMMARS:
        return "-"
    parser, data = code.grammar(kind).parser, text.encode()
    return f"{timed(lambda: code.tree_of(parser, data), runs)[0]:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="time and memory of content.parse")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=30)
    asked = parser.parse_args()
    print(f"{'file':<28}{'kind':<12}{'lines':>6}{'KB':>6}{'blocks':>8}{'tree':>8}{'all':>8}{'p95':>8}")
    for path, text in inputs(asked.files):
        content = parse(path, text)
        median, high = timed(lambda path=path, text=text: parse(path, text), asked.runs)  # type: ignore[misc]
        tree = tree_ms(kinds.language_of(path, text), text, asked.runs)
        size = f"{len(content.lines):>6}{len(text) // 1000:>6}{len(content.blocks):>8}"
        print(f"{path[-27:]:<28}{content.kind:<12}{size}{tree:>8}{median:>8.1f}{high:>8.1f}")
    if sys.platform == "linux":
        print(flush=True)
        subprocess.run([sys.executable, "-c", STEPS.format(lib=str(ROOT / "lib"), gold=str(GOLD))], check=True)


if __name__ == "__main__":
    main()
