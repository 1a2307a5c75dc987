"""The table of models by job: how a choice is written, and what is a small task."""

import pytest

from trimtab import jobs, prices
from trimtab.jobs import Choice


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("haiku low", Choice("haiku", "low")),
        ("low haiku", Choice("haiku", "low")),
        ("sonnet", Choice("sonnet")),
        ("max", Choice(effort="max")),
        ("", Choice()),
        ("haiku sonnet", None),
        ("low high", None),
        ("gpt", None),
        (3, None),
    ],
)
def test_a_choice_is_a_model_an_effort_both_or_neither(text: object, choice: Choice | None) -> None:
    """A misspelt model is passed on to the client, which refuses the call."""
    assert jobs.read(text) == choice


def test_a_task_is_large_from_a_thousand_characters_on() -> None:
    assert [jobs.size_of(characters) for characters in (0, 999, 1_000)] == ["small", "small", "large"]


def test_what_is_cheaper_is_told_only_of_what_is_known() -> None:
    assert jobs.is_cheaper("haiku", "opus", jobs.MODELS)
    assert not jobs.is_cheaper("opus", "opus", jobs.MODELS)
    assert not jobs.is_cheaper("opus", "haiku", jobs.MODELS)
    assert not jobs.is_cheaper("haiku", "", jobs.MODELS)  # a model of no known family
    assert not jobs.is_cheaper("gpt", "opus", jobs.MODELS)
    assert [jobs.family_of(name) for name in ("claude-haiku-5-5", "gpt-5", "")] == ["haiku", "", ""]


def test_each_family_that_the_table_names_has_a_newest_model_with_a_price() -> None:
    """What the client calls haiku is priced as a model that is two versions old."""
    names = [prices.newest(family) for family in jobs.MODELS]
    assert names == ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-2"]
    assert prices.newest("none") == ""
