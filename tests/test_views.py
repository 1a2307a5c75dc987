"""What holds for the view of anything: real outputs and sources, cut, mixed and damaged, at every level."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.needles.harness import FAMILIES, family

from trimtab import policy, tiers, tokens
from trimtab.handlers import loads, parsed
from trimtab.handlers.parsed import Parsed
from trimtab.records import OptimizationLevel, Prices, View
from trimtab.relevance import Interest

GOLD = Path(__file__).parent / "gold" / "content"
SOURCES = {f"/p/{path.name.removesuffix('.gold')}": path.read_text(encoding="utf-8") for path in GOLD.glob("*.gold")}
OUTPUTS = {family(name).command: family(name).text for name in FAMILIES}
TEXTS = sorted({**SOURCES, **OUTPUTS}.items())
SCRAPS = st.sampled_from(
    ("\n", "\r\n", "\0", "\ud800", "\x1b[31m", "é", "x" * 5_000, "{", '"', "... 1-2 (2 lines)", "\t")
)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """A name (a path or a command) and a text: a stretch of one or two real ones, with scraps put in."""
    name, text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, max(0, len(text) - 200)))
    text = text[start : start + draw(st.integers(200, 40_000))]
    if draw(st.booleans()):
        text += "\n" + draw(st.sampled_from(TEXTS))[1][:5_000]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(SCRAPS) + text[at:]
    return name, text


def view_of(name: str, text: str, level: OptimizationLevel) -> tuple[Parsed, View | None]:
    is_file = name.startswith("/")
    found = loads.Loaded("Read" if is_file else "Bash", name, text, start=1 if is_file else 0)
    whole = parsed.parse(found)
    now = policy.Circumstances(Prices(2.0, 0.1, 5.0), 20_000, 1.2, level, 40.0)
    need = parsed.need_of(whole, Interest(), name if is_file else "")
    return whole, policy.choose(whole.plan, need, 1, now, is_file).view


@settings(deadline=None)
@given(texts(), st.sampled_from(list(OptimizationLevel)))
def test_a_view_is_smaller_verbatim_and_complete(given_text: tuple[str, str], level: OptimizationLevel) -> None:
    name, text = given_text
    whole, view = view_of(name, text, level)
    if view is None:
        return
    lines = whole.plan.content.lines
    rows = view.text.split("\n")
    folds = list(view.folds)
    at = 1  # the next line of the load
    for row in rows:
        if folds and row == tiers.fold_line(folds[0]) and folds[0].first == at:
            at = folds.pop(0).last + 1
            continue
        shown = f"{at}\t{lines[at - 1]}" if name.startswith("/") else lines[at - 1]
        assert row == shown
        at += 1
    assert at == len(lines) + 1
    assert not folds
    assert tokens.estimate(view.text) < tokens.estimate(text) or "\0" in text
    assert all(fold.last - fold.first + 1 >= tiers.LEAST_FOLD for fold in view.folds)


@settings(deadline=None)
@given(texts())
def test_the_same_text_gives_the_same_view_and_keeps_what_must_be_kept(given_text: tuple[str, str]) -> None:
    name, text = given_text
    whole, view = view_of(name, text, OptimizationLevel.AGGRESSIVE)
    assert view_of(name, text, OptimizationLevel.AGGRESSIVE)[1] == view
    if view is not None:
        hidden = {line for fold in view.folds for line in range(fold.first, fold.last + 1)}
        assert not hidden & whole.plan.content.keep
        for line, facts in whole.plan.content.facts.items():
            if line in hidden:
                fold = next(fold for fold in view.folds if fold.first <= line <= fold.last)
                assert all(any(fact in named for named in fold.names) for fact in facts)


@settings(deadline=None)
@given(st.binary(max_size=3_000), st.sampled_from([name for name, _ in TEXTS]))
def test_random_bytes(body: bytes, name: str) -> None:
    view_of(name, body.decode("latin-1"), OptimizationLevel.AGGRESSIVE)


def test_a_view_of_a_view_is_not_made() -> None:
    """Its folds' lines make it a text that is left alone."""
    command, text = "docker logs app", OUTPUTS["docker logs app"]
    view = view_of(command, text, OptimizationLevel.ADAPTIVE)[1]
    assert view is not None
    assert tiers.FOLD_LINE.search(view.text)
    assert re.search(tiers.FOLD_LINE, view.text) is not None
