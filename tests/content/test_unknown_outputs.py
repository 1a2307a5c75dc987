"""Outputs that nothing is known of: what a command was run for stands at their ends, and is never folded."""

from itertools import cycle

import pytest
from tests.needles.harness import Family, view_of

from trimtab.content import commands, output
from trimtab.content.data import documents
from trimtab.records import OptimizationLevel
from trimtab.relevance import mentions

OUTPUTS = {
    "python eval.py": [f"0.{i % 90 + 10} 0.95 0.06" for i in range(300)] + ["F1 0.91 ok"],
    "python train.py": [f"epoch {i} loss {1 / (i + 1):.3f} acc {i / 200:.3f}" for i in range(199)]
    + ["best acc 0.99 at 181", ""],
    "./bench": [f"run {i}: {i % 60} ms" for i in range(150)] + ["", "mean 42 ms, p95 91 ms"],
}


@pytest.mark.parametrize("command", OUTPUTS)
@pytest.mark.parametrize("level", [OptimizationLevel.AGGRESSIVE, OptimizationLevel.ADAPTIVE])
def test_the_result_at_the_end_is_shown(command: str, level: OptimizationLevel) -> None:
    lines = OUTPUTS[command]
    shown = view_of(Family(command, "\n".join(lines), (), (), False), level).split("\n")
    assert lines[0] in shown
    assert [line for line in lines if line][-1] in shown


def test_a_number_within_a_name_is_no_place_of_a_hit() -> None:
    """`order-20231-eu` reads like a line beside a hit of a file `order`; only a search's are."""
    line = "order-20231-eu shipped zzyzx"
    assert {"order-20231-eu", "zzyzx"} <= {mention.word for mention in mentions([line])}
    assert "order-20231-eu" not in {mention.word for mention in mentions([line], is_search=True)}


def test_what_only_begins_like_json_is_given_up() -> None:
    """Each such line may be looked through to the end: 6,000 of them took two seconds."""
    lines = ["[", "x"] * 3_000 + ["{", ' "a": 1,', ' "b": 2', "}"]
    assert documents(lines) == []
    assert documents(lines[-4:]) == [(0, 3)]


@pytest.mark.parametrize(
    ("errors", "forms", "left"),
    [(601, "abcdefghij", ["91 more like these"]), (601, "a", ["100 more like these"]), (501, "a", [])],
)
def test_how_many_more_errors_there_are_is_right(errors: int, forms: str, left: list[str]) -> None:
    """Of each form one is kept, 500 are named: 601 - 10 - 500 are left, 601 - 1 - 500, and none."""
    lines = (f"src/{form}.c:{i + 1}:3: error: bad {form}" for i, form in zip(range(errors), cycle(forms), strict=False))
    found = output("make", "\n".join(lines))
    said = [fact for facts in found.facts.values() for fact in facts]
    assert [fact for fact in said if fact.endswith("more like these")] == left


def test_a_range_by_any_spelling_is_asked_for() -> None:
    assert commands.wants_everything("sed -ne '1,9p' a.py")
    assert not commands.wants_everything("python tool.py --opts 'open(x)' 'print'")
