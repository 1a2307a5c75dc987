"""Thirty reports whose must-keep facts were marked before there was anything to shorten them: no tier loses one."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from trimtab import messages, relevance, tiers, tokens
from trimtab.records import Tier, View
from trimtab.relevance import Need
from trimtab.tiers import Cut

GOLD = Path(__file__).parents[1] / "gold" / "messages"
REPORTS = sorted(GOLD.glob("*-*.md"))
MISS_TOKENS = 1_500.0  # what a miss counts for in a session of middling length


class Marked(NamedTuple):
    """A report, its task, and its marks."""

    text: str
    prompt: str
    facts: tuple[str, ...]
    shown: tuple[str, ...]


def marked(report: Path) -> Marked:
    found = json.loads(report.with_suffix(".json").read_text("utf-8"))
    text = report.read_text("utf-8")
    return Marked(text, found["prompt"], tuple(found["facts"]), tuple(found["shown"]))


def made(of: Marked) -> Cut:
    content = messages.read(of.text, (of.prompt,))
    plan = tiers.plan(content, tokens.estimate(of.text), 0)
    words = relevance.mentions(content.lines, content.dull)
    return tiers.cut(plan, Need(messages.rates(content), words, relevance.used("Agent")), MISS_TOKENS)


def lost(of: Marked, view: View) -> list[str]:
    """The marks that the view does not have: facts anywhere, what must be shown in a line that is no fold."""
    everything = " ".join(view.text.split())
    lines = " ".join(" ".join(line for line in view.text.split("\n") if not tiers.FOLD_LINE.match(line)).split())
    facts = [fact for fact in of.facts if " ".join(fact.split()) not in everything]
    return facts + [mark for mark in of.shown if " ".join(mark.split()) not in lines]


def test_there_are_thirty_reports_and_their_marks_are_in_them() -> None:
    assert len(REPORTS) == 30
    for report in REPORTS:
        of = marked(report)
        assert of.facts or of.shown
        assert all(mark in of.text for mark in (*of.facts, *of.shown)), report.name


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.stem)
def test_no_tier_loses_a_marked_fact(report: Path) -> None:
    of = marked(report)
    cut = made(of)
    for tier in (Tier.ESSENTIAL, Tier.STANDARD, Tier.COMPREHENSIVE):
        assert not lost(of, tiers.render(cut, tiers.shape(cut, tier), 1, is_numbered=False)), tier
    assert not lost(of, tiers.render(cut, tiers.cheapest(cut), 1, is_numbered=False))


def test_the_cheapest_views_of_all_take_less_than_six_tenths() -> None:
    """Without which to lose nothing is no art: 0.49 when this was written."""
    whole = shown = 0
    for report in REPORTS:
        cut = made(marked(report))
        whole += cut.plan.sums[-1]
        shown += min(cut.plan.sums[-1], tiers.render(cut, tiers.cheapest(cut), 1, is_numbered=False).tokens)
    assert shown < 0.6 * whole
