"""What counts as a claim, a question, a greeting, and which facts a sentence has."""

import pytest

from trimtab.messages import claims


@pytest.mark.parametrize(
    "sentence",
    [
        "**Verdict:** request changes.",
        "All 93 tests passed in 12 s.",
        "2 of 40 runs failed.",
        "`a` drops the last byte.",
        "Warning: the lock file is old.",
        "I recommend the first.",
        "Fix: close the body.",
        "There is no rollback.",
        "It works only if the flag is set.",
        "| high | index |",
        "❌ item 7",
    ],
)
def test_claims(sentence: str) -> None:
    assert claims.is_claim(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["The parser has three stations.", "`fail_fast` is a flag.", "Error handling is in `a.go`.", "- Node v22.4.1"],
)
def test_what_only_describes_is_no_claim(sentence: str) -> None:
    assert not claims.is_claim(sentence)


def test_an_offer_is_no_question_to_the_receiver() -> None:
    assert claims.is_question("May it move to 02:00?")
    assert claims.is_question("Is it so? The purpose does not say.")
    assert not claims.is_question("Is there anything else that you would like me to look at?")
    assert not claims.is_question("The pattern `a?` matches.")


def test_a_greeting_tells_nothing() -> None:
    assert claims.is_greeting("Perfect! Now I have everything. Let me write it up.")
    assert not claims.is_greeting("I've read it: `a.py:12` is wrong.")
    assert not claims.is_greeting("I have finished: the verdict is no.")


def test_facts_are_places_numbers_and_names_that_no_word_tells() -> None:
    sentence = (
        "`pkg/a.go:12-14` (line 245) took 4.5 s and 1,204 rows since 9f3c2e7 in v1.2.0; see `SHAPES` and `Uvarint`."
    )
    assert claims.facts_of(sentence) == (
        "pkg/a.go:12-14",
        "line 245",
        "4.5 s",
        "1,204 rows",
        "9f3c2e7",
        "v1.2.0",
        "SHAPES",
    )
