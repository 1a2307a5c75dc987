"""What a message is made of: roles of lines, sentences, fenced blocks."""

from trimtab.messages import parts
from trimtab.messages.parts import Fenced, Role

MESSAGE = """## Found

**Where it is**
It is `a.b. C`.

- one
  1. two

| a | b |
|---|---|
| 1 | 2 |
---
```go
# no heading
```
"""


def test_each_line_has_its_role() -> None:
    roles = parts.roles(MESSAGE.split("\n"))
    assert roles == [
        Role.HEADING, Role.BLANK, Role.HEADING, Role.PROSE, Role.BLANK, Role.ITEM, Role.ITEM, Role.BLANK,
        Role.HEADER, Role.HEADER, Role.ROW, Role.BLANK, Role.FENCE, Role.CODE, Role.FENCE, Role.BLANK,
    ]  # fmt: skip


def test_a_bold_sentence_is_no_heading() -> None:
    assert parts.roles(["**Do not run this.**"]) == [Role.PROSE]


def test_sentences_are_whole() -> None:
    line = "See e.g. The docs. `A. B` is 1.5 s! Is it (really)? **Yes.** No. 3 fail."
    assert parts.sentences(line) == [
        "See e.g. The docs.",
        "`A. B` is 1.5 s!",
        "Is it (really)?",
        "**Yes.**",
        "No. 3 fail.",
    ]


def test_only_long_prose_is_parted_and_nothing_of_it_is_lost() -> None:
    long = "It is so. " * 40 + "End."
    text = f"Short. It is.\n{long}\n| {long} | x |\n```\n{long}\n```"
    lines = parts.laid_out(text)
    assert lines[:3] == ["Short. It is.", "It is so.", "It is so."]
    assert lines[-4:] == [f"| {long} | x |", "```", long, "```"]
    assert " ".join(lines).split() == text.split()


def test_a_fence_that_is_never_closed_ends_with_the_message() -> None:
    assert list(parts.fences(["a", "~~~Go x", "```", "b"])) == [Fenced(2, 4, "go")]
