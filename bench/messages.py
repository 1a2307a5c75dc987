"""What is shown of the reports of subagents in recorded sessions, and what of it was needed.

    python -m bench.messages REPLAY_FOLDER [--data FILE] [--level adaptive]

REPLAY_FOLDER has the evaluator's modules and `data/` (see recorded.py); without them it says so and does nothing. Each
report of a subagent is shown by each arm and scored by the evaluator: removed tokens, words that were used later,
misses, the net bill. Two columns are of this bench: the `path:line` that stand somewhere in what is shown, and the
lines of verdicts (JUDGED, outside of code, that do not repeat what the receiver holds) that are shown as they are.
Arms: as any text (no line is known to be a claim), as a report, the same without one of its parts, and a selector of
sentences that fills a fixed share and names nothing. What code is copied from files can't be seen here: the recordings
have no files.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bench.recorded import Example, add_folder
from bench.relevance import KEPT, Judge, Show, opened
from trimtab import policy, relevance, tiers
from trimtab.handlers import parsed, post_tool_use
from trimtab.handlers.loads import Loaded
from trimtab.handlers.parsed import Parsed
from trimtab.messages import claims, parts
from trimtab.records import OptimizationLevel, Prices, Tier
from trimtab.relevance import Need

PLACE = re.compile(r"[\w@.+~/\\-]*[\w+-]\.[A-Za-z]\w{0,9}:\d{1,6}(?:-\d{1,6})?")
JUDGED = re.compile(
    r"\b(?:verdict|conclusion|recommend(?:ation|ed|s)?|approved?|request changes|rejected|blocked|blockers?"
    r"|fail(?:s|ed|ures?|ing)?|lgtm|root cause|spec compliant|ready to merge|bottom line|critical)\b"
    r"|\bpass(?:es|ed)?(?=$|[.,;:)])|\b\d+ passed\b|❌|🔴",
    re.I,
)
OTHERS = "others"
OUTSIDE = (parts.Role.PROSE, parts.Role.ITEM, parts.Role.ROW)
Choose = Callable[[Example, policy.Circumstances], str | None]


class Kept(NamedTuple):
    """How many there are, and how many are still there."""

    places: int
    places_kept: int
    verdicts: int
    verdicts_kept: int


def circumstances(judge: Judge, one: Example, level: OptimizationLevel) -> policy.Circumstances:
    """As in bench.relevance: cache writes for an hour, which is what the evaluator bills."""
    coming = policy.requests_to_come(one.subject.requests, (), one.subject.prompt_tokens)
    rate = judge.rate_of(one.model, one.subject.tool)
    return policy.Circumstances(Prices(2.0, 0.1, 5.0), one.subject.prompt_tokens, rate, level, coming)


def as_text(one: Example) -> Parsed:
    """A report parsed as any output of which nothing is known."""
    return parsed.parse(Loaded("WebFetch", "", "\n".join(one.lines)))


def as_report(one: Example, held: bool = True) -> Parsed:
    known = one.known if held else one.known._replace(held=())
    return parsed.parse(Loaded("Agent", "", "\n".join(one.lines), given=known))


def need_of(one: Example, whole: Parsed) -> Need:
    words = [mention for mention in whole.mentions if mention.word not in one.seen]
    return parsed.weighed(whole, words, None, "Agent")


def by_formula(parse: Callable[[Example], Parsed], names: bool = True, ranked: bool = True) -> Choose:
    def choose(one: Example, now: policy.Circumstances) -> str | None:
        whole = parse(one)
        need = need_of(one, whole)
        if not names:
            need = need._replace(words=())
        if not ranked:
            need = need._replace(lines=relevance.rate_output(whole.plan.content), care=1.0)
        view = policy.choose(whole.plan, need, 1, now, is_numbered=False).view
        return view.text if view else None

    return choose


def filled(one: Example, now: policy.Circumstances) -> str | None:
    """The Standard tier, whatever it costs, by the ranks of sentences alone."""
    whole = as_report(one)
    need = need_of(one, whole)._replace(words=())
    made = tiers.cut(whole.plan, need, policy.miss_tokens(need, now))
    return tiers.render(made, tiers.shape(made, Tier.STANDARD), 1, is_numbered=False).text


def show(judge: Judge, choose: Choose, level: OptimizationLevel) -> Show:
    def shown(one: Example) -> str:
        raw = "\n".join(one.lines)
        if len(raw) < post_tool_use.SMALLEST:
            return raw
        view = choose(one, circumstances(judge, one, level))
        return raw if view is None else view + KEPT

    return shown


def verdict_lines(one: Example) -> Iterator[str]:
    """The lines that judge, outside of code; each once, and none that the receiver holds."""
    roles = parts.roles(one.lines)
    seen = {" ".join(line.split()) for text in one.known.held for line in text.split("\n")}
    for line, role in zip(one.lines, roles, strict=True):
        text = " ".join(line.split())
        is_told = text in seen or claims.is_offer(line)
        if role in OUTSIDE and not is_told and JUDGED.search(claims.SPAN.sub("`x`", line)):
            yield text
        seen.add(text)


def kept(examples: Sequence[Example], shown: Show) -> Kept:
    total = [0, 0, 0, 0]
    for one in examples:
        text = shown(one)
        flat = " ".join(text.split())  # a long line is a line for each sentence
        places = set(PLACE.findall("\n".join(one.lines)))
        verdicts = list(verdict_lines(one))
        here = (len(places), sum(p in text for p in places), len(verdicts), sum(v in flat for v in verdicts))
        total = [a + b for a, b in zip(total, here, strict=True)]
    return Kept(*total)


def arms() -> Iterator[tuple[str, Choose]]:
    yield "as any text", by_formula(as_text)
    yield "as a report", by_formula(as_report)
    yield "- without what is held", by_formula(lambda one: as_report(one, held=False))
    yield "- without ranks and priority", by_formula(as_report, ranked=False)
    yield "- without words in folds", by_formula(as_report, names=False)
    yield "sentences that fill 40 %", filled


def rows(judge: Judge, name: str, shown: Show) -> Iterator[str]:
    """The arm's row, and one for each fold: the repository that has most reports, and the others."""
    found = judge.judged(shown)
    most = "entireio/cli"
    for title, is_in in ((name, None), (f"{name}, {most}", True), (f"{name}, {OTHERS}", False)):
        some = [s for s in found if is_in is None or (s["repo"] == most) is is_in]
        examples = [one for one in judge.examples() if is_in is None or (one.repo == most) is is_in]
        if some:
            here = kept(examples, shown)
            yield (
                f"{judge.row(title, some)} {here.places_kept} of {here.places} |"
                f" {here.verdicts_kept} of {here.verdicts} |"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_folder(parser)
    parser.add_argument("--level", choices=[level.value for level in OptimizationLevel], default="adaptive")
    given = parser.parse_args()
    judge = opened(given)
    reports = [[one for one in session if one.subject.tool == "Agent"] for session in judge.sessions]
    judge.sessions = [session for session in reports if session]
    many = sum(len("\n".join(one.lines)) >= post_tool_use.SMALLEST for one in judge.examples())
    print(f"{len(judge.examples())} reports of {len(judge.sessions)} sessions, {many} long enough to be weighed\n")
    billed = ("removed", "edits", "words", "missed", "NET", "pessimistic", "worse", "break-even")
    columns = (*billed, "path:line", "verdicts")
    print(f"| arm | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, choose in arms():
        for row in rows(judge, name, show(judge, choose, OptimizationLevel(given.level))):
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
