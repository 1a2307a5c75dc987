"""What Trimtab learns from recorded sessions: the common words, and the figures that the rules take from them.

    python -m bench.train_relevance REPLAY_FOLDER [--data FILE] [--write]

REPLAY_FOLDER as in relevance.py. Its common.txt has the words that are in 4 % of its sessions (plain ones: in 2 %) and
in those of two owners of repositories or more; to them come names of Python's builtins and a few words of other
languages. `--write` puts both into lib/trimtab/relevance/common.txt. The figures are printed for all repositories
and for those of each owner: whether files are changed that the prompt names (relevance/task.py), and how many of the
words that are new are taken up later (relevance/need.py). No chance is in it: the same data give the same.
"""

import argparse
import builtins
import sys
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import recorded
from bench.recorded import Example
from trimtab.relevance import words

COMMON = Path(__file__).parents[1] / "lib" / "trimtab" / "relevance" / "common.txt"
OTHERS = """
    ArrayList HashMap __future__ __init__ __main__ assertEqual assertRaises assertTrue clearTimeout crate endif endswith
    fixture ifdef impl instanceof keyof kwargs malloc monkeypatch nullptr numpy parametrize println readonly setdefault
    sizeof startswith typedef unsigned unwrap upper usize virtual
""".split()  # noqa: SIM905


def common_words(folder: Path) -> list[str]:
    """The evaluator's list and the names that every program in a language may use, sorted."""
    known = {*dir(builtins), *typing.__all__, *OTHERS}
    listed = (folder / COMMON.name).read_text(encoding="utf-8").split()
    return sorted({*OTHERS, *(word for word in known if len(word) >= words.SHORTEST and word[0] != "_"), *listed})


def figures(examples: Sequence[Example]) -> Iterator[str]:
    """Rows of a table: for whole files read, how many were changed later; and of new words, how many were taken up."""
    yield "| repositories of | read, named | changed | read, other | changed | new words | taken up |"
    yield "|---|---|---|---|---|---|---|"
    owners = sorted({one.repo.partition("/")[0] for one in examples})
    for owner in ["all", *owners]:
        chosen = [one for one in examples if owner in ("all", one.repo.partition("/")[0])]
        reads = [one for one in chosen if one.subject.tool == "Read" and not one.subject.is_targeted]
        cells = []
        for is_named in (True, False):
            those = [one for one in reads if (one.evidence.task.care > 1) is is_named]
            changed = sum(bool(one.needs.edited) for one in those)
            cells += [str(len(those)), f"{changed / max(1, len(those)):.0%}"]
        new = sum(len(one.words) for one in chosen)
        used = sum(mention.word in one.needs.words for one in chosen for mention in one.words)
        yield f"| {owner} | {' | '.join(cells)} | {new:,} | {used / max(1, new):.1%} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    recorded.add_folder(parser)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    data = recorded.files_of(given)
    judge = recorded.evaluator(given.folder)
    sessions = list(judge.sessions.read_sessions(*map(str, data)))
    found = common_words(given.folder)
    now = words.common()
    print(f"{len(found)} common words, {len(now ^ set(found))} of them other than in {COMMON.name} now\n")
    if given.write:
        COMMON.write_text("\n".join(found) + "\n", encoding="utf-8")
    print("\n".join(figures([one for session in sessions for one in recorded.examples(session, judge)])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
