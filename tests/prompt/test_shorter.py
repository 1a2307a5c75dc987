"""Shorter descriptions: what a valid call hangs on stays, whole and in its order."""

import pytest

from trimtab.prompt import shorter

WHOLE = """Runs a query against the store. It is fast and pleasant to use, and people like it.

Queries are a fine way to learn about data, which is why there are so many of them.

- `table` is the table's name, e.g. `orders`. Names are nice.
- Reads up to 500 rows by default.
- Only ask for columns that you need.
- Results come quickly.

## Examples
<example>
user: how many orders?
</example>

## Limits
Never run two queries at once. This section is here because people did.

```
query(table="orders")
```
"""
SHORT = """Runs a query against the store.

- `table` is the table's name, e.g. `orders`.
- Reads up to 500 rows by default.
- Only ask for columns that you need.

## Limits
Never run two queries at once."""


def test_rules_limits_defaults_and_parameters_stay() -> None:
    """A description that loses what makes a call valid, or keeps what does not."""
    assert shorter.shortened(WHOLE) == SHORT


@pytest.mark.parametrize(
    "sentence",
    [
        "You must read the file first.",
        "The call fails if the text is not unique.",
        '`isolation: "worktree"` gives it a tree of its own.',
        "Paths are absolute, as in file_path.",
        "It takes at most 20 pages.",
        "Do NOT read it again.",
        "Don’t race.",
        "`timeout` is in milliseconds.",
    ],
)
def test_what_binds_a_call_is_kept_in_prose(sentence: str) -> None:
    """A kind of rule that the patterns miss: the sentence would be gone."""
    assert sentence in shorter.shortened(f"Does a thing.\n\nThis is why it is good. {sentence} And so on it goes.")
    assert "And so on" not in shorter.shortened(f"Does a thing.\n\nThis is why. {sentence} And so on it goes.")


def test_a_permission_that_a_list_narrows_is_kept() -> None:
    """Commits that nobody asked for: such rules say only "only"."""
    kept = shorter.shortened("Runs commands.\n\n# Git\n- Commit only when the user asks. It is polite.\n- Git is nice.")
    assert kept == "Runs commands.\n\n# Git\n- Commit only when the user asks."


def test_sentences_end_where_they_do() -> None:
    """A rule that is cut in its midst by an abbreviation, a path or code."""
    text = "Reads. Never use e.g. `a. B` or v1.2 for it, i.e. Don't. Fine."
    assert list(shorter.split(text)) == ["Reads. ", "Never use e.g. `a. B` or v1.2 for it, i.e. Don't. ", "Fine."]


def test_shortening_again_changes_nothing_and_nothing_grows() -> None:
    once = shorter.shortened(WHOLE)
    assert shorter.shortened(once) == once
    for text in ("", "x", "One line without an end", "# Heading only", "\n\n", WHOLE * 3):
        assert len(shorter.shortened(text)) <= len(text)


def test_little_is_not_worth_it() -> None:
    """A text that is shown shorter for less than the line that says so is worth."""
    assert not shorter.is_worth(100, 61)  # 39 tokens
    assert shorter.is_worth(100, 60)
    assert not shorter.is_worth(1_000, 901)  # 9.9 %
