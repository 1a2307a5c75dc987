"""What is needed of recorded outputs, and what each way of choosing lines makes of it.

    python -m bench.relevance REPLAY_FOLDER [--data FILE] [--by repo|tool] [--reliability] [--groups]

REPLAY_FOLDER has the evaluator's modules and `data/` (see recorded.py). Every labelled output is shown by each arm and
scored by the evaluator's own `score.py`: removed tokens, recall, misses, the net bill. Learned arms (scikit-learn,
where it is installed) are trained on the repositories that they are not judged on: two folds. Seeded.
Arms: head-tail (60 + 60 lines), BM25 against the prompt, a linear and a boosted line scorer, the rules without names,
what perfect foresight would do (foresight.py), Trimtab's levels (rules, and folds that name new words), and what the
four groups of agents would be shown (`--groups`: these alone).
"""

import argparse
import importlib
import lzma
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from bench import foresight, recorded, scorers
from bench.recorded import Example
from trimtab import groups, policy, relevance, tiers, tokens
from trimtab.content import commands
from trimtab.handlers import parsed, post_tool_use
from trimtab.records import OptimizationLevel, Prices

Rates = Callable[[Example], Sequence[float]]
Show = Callable[[Example], str]
KEPT = "\n... whole output: /home/dev/project/.claude-patterns/outputs/01234567.txt"
TOOLS = {
    "Read": ("Read",), "Bash": ("Bash",), "searches": ("Grep", "Glob"), "Bash and searches": ("Bash", "Grep", "Glob"),
    "Agent": ("Agent",),
}  # fmt: skip
BUCKETS = (0.0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0)


class Judge:
    """The evaluator's scoring of what an arm shows."""

    def __init__(self, folder: Path, data: Sequence[Path]) -> None:
        self.evaluator = recorded.evaluator(folder)
        self.score: ModuleType = importlib.import_module("score")
        self.rate_of = importlib.import_module("tokens").claude_rate
        self.sessions: list[list[Example]] = []
        self.bills: dict[str, float] = {}
        for session in self.evaluator.sessions.read_sessions(*map(str, data)):
            self.sessions.append(list(recorded.examples(session, self.evaluator)))
            self.bills[session["session"]] = sum(bill(e["usage"]) for e in session["events"] if e["e"] == "api")

    def examples(self) -> list[Example]:
        return [example for session in self.sessions for example in session]

    def judged(self, show: Show) -> list[dict[str, Any]]:
        """The evaluator's records of what `show` makes of every output."""
        out = []
        for session in self.sessions:
            if session:
                calls = [self.record(example, show(example)) for example in session]
                first = session[0]
                out.append({"repo": first.repo, "bill": self.bills[first.session], "calls": calls, "context": []})
        return out

    def record(self, one: Example, shown: str) -> Mapping[str, Any]:
        name = "mcp__x" if one.subject.tool == "mcp" else one.subject.tool
        event = {"name": name, "is_error": False, "k": one.subject.requests}
        label = self.evaluator.labels.Label(
            one.id, name, one.subject.requests, 0, list(one.lines), set(one.needs.edited), dict(one.needs.words),
            set(one.needs.referenced),
        )  # fmt: skip
        raw = "\n".join(one.lines)
        found: Mapping[str, Any] = self.score.call_record(
            event, label, raw, shown, [], 0, one.requests_left, one.subject.prompt_tokens, one.model
        )
        return found

    def row(self, name: str, sessions: Sequence[Mapping[str, Any]]) -> str:
        calls = [call for session in sessions for call in session["calls"]]
        needed = [call for call in calls if call["hard"] + call["soft"]]
        billed = sum(session["bill"] for session in sessions)
        nets = [self.score.net(session) for session in sessions]
        slow = [self.score.net(session, "again_loose") for session in sessions]
        raw = sum(call["raw"] for call in calls)
        figures = (
            1 - sum(call["shown"] for call in calls) / raw,
            share(needed, "hard_kept", "hard"),
            share(needed, "soft_kept", "soft"),
            sum("again" in call for call in needed) / max(1, len(needed)),
            sum(saved - charged for saved, charged in nets) / billed,
            sum(saved - charged for saved, charged in slow) / billed,
            sum(saved - charged < -1e-9 for saved, charged in nets) / len(sessions),
        )
        cells = " | ".join(f"{figure:.1%}" for figure in figures)
        return f"| {name} | {cells} | {self.score.break_even(sessions):.2f} |"


def bill(usage: Sequence[float]) -> float:
    return usage[0] + 2 * usage[1] + 0.1 * usage[2] + 5 * usage[3]


def share(calls: Iterable[Mapping[str, Any]], kept: str, of: str) -> float:
    found = list(calls)
    total = sum(call[of] for call in found)
    return sum(call[kept] for call in found) / total if total else 1.0


def by_rules(one: Example) -> Sequence[float]:
    if one.subject.tool != "Read":
        return [0.0] * len(one.content.lines)
    return relevance.rate(one.content, one.whole.places, one.evidence)


def view(
    judge: Judge,
    rates: Rates | None = None,
    level: OptimizationLevel = OptimizationLevel.ADAPTIVE,
    names: bool = True,
    pressure: float = 1.0,
    group: groups.Group | None = None,
) -> Show:
    """What Trimtab's policy shows of each output, by its own rates for lines or by these; to an agent of `group`."""

    def show(one: Example) -> str:
        raw = "\n".join(one.lines)
        is_asked = one.subject.is_targeted or commands.wants_everything(one.subject.command)
        if is_asked or one.is_persisted or len(raw) < post_tool_use.SMALLEST:
            return raw
        is_file = one.subject.tool == "Read"
        change = one.evidence.task.change if is_file else 0.0
        if group and post_tool_use.why_whole_for(group, one.whole.plan.content.kind, change):
            return raw
        now = policy.Circumstances(
            Prices(2.0, 0.1, 5.0),
            one.subject.prompt_tokens,
            judge.rate_of(one.model, one.subject.tool),
            level,
            policy.requests_to_come(one.subject.requests, (), one.subject.prompt_tokens),
            pressure=pressure,
        )
        if group:
            now = post_tool_use.by_group(group, now, post_tool_use.is_of(group, one.whole.plan.content.kind, change))
        words = one.words if names else ()
        need = parsed.weighed(one.whole, words, one.evidence if is_file else None, one.subject.tool)
        if rates is not None:
            need = need._replace(lines=rates(one))
        found = policy.choose(one.whole.plan, need, one.start, now, is_file).view
        return raw if found is None else found.text + ("" if is_file else KEPT)

    return show


def head_tail(one: Example) -> str:
    if len(one.lines) <= 130 or one.subject.is_targeted or one.is_persisted:
        return "\n".join(one.lines)
    return "\n".join([*one.lines[:60], f"... {len(one.lines) - 120} lines", *one.lines[-60:]])


def reliability(examples: Sequence[Example]) -> list[str]:
    """How often what is said to be needed with a chance is: pieces of files, by chance."""
    found: dict[int, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for one in examples:
        if one.subject.tool == "Read" and not one.subject.is_targeted:
            rates = by_rules(one)
            for piece in tiers.plan(one.content, 1).pieces:
                chance = relevance.chance(sum(rates[piece.first - 1 : piece.last]))
                row = found[sum(chance >= edge for edge in BUCKETS) - 1]
                row[0] += 1
                row[1] += chance
                row[2] += any(piece.first - 1 <= line < piece.last for line in one.needs.edited)
    rows = ["| chance said | pieces | mean said | edited later |", "|---|---|---|---|"]
    for at, (count, said, true) in sorted(found.items()):
        edges = f"{BUCKETS[at]:.0%} to {BUCKETS[min(at + 1, len(BUCKETS) - 1)]:.0%}"
        rows.append(f"| {edges} | {count:.0f} | {said / count:.1%} | {true / count:.1%} |")
    return rows


def arms(judge: Judge) -> Iterable[tuple[str, Show]]:
    yield "head-tail 60/60", head_tail
    yield "BM25 against the prompt", view(judge, scorers.bm25)
    for name, learned in scorers.learned(judge.examples()):
        yield name, view(judge, learned)
    yield "rules, folds without names", view(judge, names=False)
    yield from foresight.arms()
    for level in OptimizationLevel:
        yield f"Trimtab, {level.value}", view(judge, level=level)
    yield from by_group(judge)


def by_group(judge: Judge) -> Iterable[tuple[str, Show]]:
    """As if every session were an agent's of the group: the recordings hold main conversations alone."""
    for number, group in groups.GROUPS.items():
        yield f"Trimtab, group {number}", view(judge, group=group)


def opened(given: argparse.Namespace) -> Judge:
    """The judge of the sessions that the arguments name (`recorded.add_folder`). Leaves where there is none."""
    data = recorded.files_of(given)
    tokens.load()
    try:
        return Judge(given.folder, data)
    except (OSError, lzma.LZMAError) as exc:
        raise SystemExit(f"the data can't be read: {exc}") from exc


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    recorded.add_folder(parser)
    parser.add_argument("--by", choices=("repo", "tool"))
    parser.add_argument("--reliability", action="store_true")
    parser.add_argument("--groups", action="store_true")
    given = parser.parse_args()
    judge = opened(given)
    print("| arm | removed | edits' lines kept | words kept | missed | NET | pessimistic | worse | break-even |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, show in by_group(judge) if given.groups else arms(judge):
        found = judge.judged(show)
        print(judge.row(name, found), flush=True)
        if given.by == "repo" and name.startswith("Trimtab"):
            for repo in sorted({session["repo"] for session in found}):
                print(judge.row(f"- {repo}", [session for session in found if session["repo"] == repo]))
        if given.by == "tool" and name.startswith("Trimtab"):
            for title, tools in TOOLS.items():
                only = [{**s, "calls": [c for c in s["calls"] if c["tool"] in tools]} for s in found]
                print(judge.row(f"- {title}", [session for session in only if session["calls"]]))
    if given.reliability:
        print("\n" + "\n".join(reliability(judge.examples())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
