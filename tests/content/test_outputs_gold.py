"""Outputs of every kind of command, real and small: which lines every view shows, which are blocks, what a fold names.

`x.txt` has the command in its first line, after `$ `, and then what it printed; `x.marks` is what is expected of that,
as the outlines beside test_gold are. Line 1 is the first that was printed. Each was checked by eye.
"""

from pathlib import Path

import pytest
from tests.content.test_gold import outline

from trimtab.content import output
from trimtab.content.outputs import KINDS, general

GOLD = Path(__file__).parents[1] / "gold" / "outputs"
OUTPUTS = sorted(path.stem for path in GOLD.glob("*.txt"))
# They look like nothing, or like another kind: only the command tells.
TOLD_BY_COMMAND = {"gh-run", "git-oneline", "git-show", "git-status-short", "kubectl-describe"}


def command_and_text(name: str) -> tuple[str, str]:
    command, _, text = (GOLD / f"{name}.txt").read_text(encoding="utf-8").partition("\n")
    return command.removeprefix("$ "), text.removesuffix("\n")


@pytest.mark.parametrize("name", OUTPUTS)
def test_marks(name: str) -> None:
    made = outline(output(*command_and_text(name)))
    gold = GOLD / f"{name}.marks"
    expected = gold.read_text(encoding="utf-8") if gold.exists() else ""
    if made != expected:
        actual = GOLD / "actual"
        actual.mkdir(exist_ok=True)
        (actual / f"{name}.marks").write_text(made, encoding="utf-8")
    assert made == expected


@pytest.mark.parametrize(
    "runner", ["./ci.sh", "npm ci && npm test", "make -j2 all", "ls && ssh host ./ci", "grep -q x f && tox"]
)
@pytest.mark.parametrize("name", sorted({*OUTPUTS} - TOLD_BY_COMMAND))
def test_whatever_runs_it_the_same_is_kept_or_named(name: str, runner: str) -> None:
    """`./ci.sh` says nothing of what it runs."""
    command, text = command_and_text(name)
    found = output(command, text)
    if any(of.name == found.kind and of.looks is not None for of in KINDS):
        other = output(runner, text)
        assert found.keep - other.keep <= other.facts.keys()
        assert runner != "./ci.sh" or other.kind == found.kind


def test_there_is_gold_for_every_kind() -> None:
    kinds = {(GOLD / f"{name}.marks").read_text(encoding="utf-8").partition(",")[0] for name in OUTPUTS}
    assert sorted({kind.name for kind in KINDS} - kinds) == []


def test_a_sign_is_in_each_line_that_its_kind_keeps() -> None:
    """A missing one would leave lines out that only the pattern knows."""
    lines = {line for name in OUTPUTS for line in command_and_text(name)[1].split("\n")}
    for kind in KINDS:
        found = [line for line in lines if kind.signs and kind.keep and kind.keep.search(line)]
        assert [line for line in found if not any(sign in line for sign in kind.signs)] == []
    for line in filter(general.BEGINS.match, lines):
        assert any(sign in line for sign in (*general.SIGNS, *general.PHRASES))
