"""How long a view takes, by the kind of the load: about 1 MB of each, parsed, weighed and cut.

    .venv/bin/python bench/views.py [--runs 3] [--only NAME,...] [--bytes 1000000] [--profile NAME] [--json]

The texts are made (tests/texts.py): functions in each language, data, prose, logs, diffs, searches, listings, what test
runners print, and what nobody makes sense of (one line, blanks, random bytes). Columns: median milliseconds of the
processor's time, as others may be at work, for parse (kind, blocks, pieces, words), need and choose for an agent with
some interests; their sum for a MB; and `double`, the sum for half as much text times two by this one: 1.0 is linear,
under it grows faster than the text.
`--profile NAME` prints where the time of one kind goes.
"""

import argparse
import cProfile
import json
import pstats
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "lib")]

from tests.texts import FILES, OUTPUTS, WORDS, text_of  # noqa: E402  (the path has to be set before)

from trimtab import policy  # noqa: E402
from trimtab.handlers import loads, parsed  # noqa: E402
from trimtab.records import OptimizationLevel, Prices  # noqa: E402
from trimtab.relevance import Interest  # noqa: E402


def interest() -> Interest:
    found = Interest()
    found.asked("Make ledger_margin12 in a.py tolerate a missing invoice_quota7, see src/a.py:120")
    for i in range(40):
        found.called("Bash", {"command": f"grep -rn '{WORDS[i]}_{WORDS[-i]}{i}' src"})
        found.saw("Bash", f"src/a.py:{i * 9}:def {WORDS[i]}_{WORDS[-i]}{i}():", "grep -rn x")
    return found


def timed(title: str, text: str) -> tuple[float, float, float]:
    """Milliseconds for parse, need and choose."""
    is_file = title in FILES
    load = loads.Loaded("Read", f"/p/{title}", text, 1) if is_file else loads.Loaded("Bash", title, text)
    found = interest()
    at = [time.process_time()]
    whole = parsed.parse(load)
    at.append(time.process_time())
    need = parsed.need_of(whole, found, load.tool, load.path)
    at.append(time.process_time())
    now = policy.Circumstances(Prices(2.0, 0.1, 5.0), 60_000, 1.6, OptimizationLevel.ADAPTIVE, 40.0)
    policy.choose(whole.plan, need, 1, now, is_file)
    at.append(time.process_time())
    return (at[1] - at[0]) * 1e3, (at[2] - at[1]) * 1e3, (at[3] - at[2]) * 1e3


def measured(title: str, size: int, runs: int) -> dict[str, float]:
    medians = []
    for part in (size, size // 2):
        text = text_of(title, part)
        found = [timed(title, text) for _ in range(runs)]
        medians.append([statistics.median(column) for column in zip(*found, strict=True)])
    whole, half = sum(medians[0]), sum(medians[1])
    parse, need, choose = medians[0]
    per_mb = whole * 1e6 / size
    return {"parse": parse, "need": need, "choose": choose, "ms per MB": per_mb, "double": 2 * half / whole}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", metavar="NAME,...", help="these kinds")
    parser.add_argument("--bytes", type=int, default=1_000_000)
    parser.add_argument("--profile", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.profile:
        text = text_of(given.profile, given.bytes)
        profile = cProfile.Profile()
        profile.runcall(timed, given.profile, text)
        pstats.Stats(profile).sort_stats("tottime").print_stats(18)
        return 0
    titles = given.only.split(",") if given.only else [*FILES, *OUTPUTS]
    timed("a.py", "x = 1\n" * 2_000)  # what is loaded once is no part of the figures
    rows = {title: measured(title, given.bytes, given.runs) for title in titles}
    if given.json:
        print(json.dumps(rows))
        return 0
    print("| kind | parse | need | choose | ms per MB | double |\n|---|---|---|---|---|---|")
    for title, row in rows.items():
        figures = [f"{value:.0f}" for value in list(row.values())[:4]]
        print(f"| {title} | {' | '.join(figures)} | {row['double']:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
