"""A report's content: what every view shows, what a fold names, which lines belong together."""

import pytest

from trimtab import messages, tiers, tokens
from trimtab.records import Content, Tier
from trimtab.relevance import Need


def shown_lines(content: Content) -> list[str]:
    return [content.lines[number - 1] for number in sorted(content.keep)]


def essential(content: Content) -> str:
    whole = tiers.plan(content, tokens.estimate("\n".join(content.lines)), 0)
    made = tiers.cut(whole, Need(messages.rates(content)), 1_500.0)
    return tiers.render(made, tiers.shape(made, Tier.ESSENTIAL), 1, is_numbered=False).text


def test_a_place_is_a_fact_once_where_it_is_first_told() -> None:
    content = messages.read("It begins at `a/b.go:12`.\n\nAgain `a/b.go:12`, and `a/b.go:90`.")
    assert content.facts == {1: ("a/b.go:12",), 3: ("a/b.go:90",)}


def test_what_prints_is_read_as_output_and_what_is_code_is_not() -> None:
    printed = "```\nok 1\nE   AssertionError: 3 != 4\nFAILED tests/test_a.py::test_one\n```"
    assert "FAILED tests/test_a.py::test_one" in shown_lines(messages.read(printed))
    code = '```go\nreturn errors.New("failed: not found")\n```'
    assert shown_lines(messages.read(code)) == []


def test_the_choices_of_a_question_are_shown_with_it() -> None:
    content = messages.read("Which shall it be?\n\n- fork it\n- wait\n\nThe rest is plain.")
    assert shown_lines(content) == ["Which shall it be?", "- fork it", "- wait"]


def test_below_a_heading_of_claims_the_first_sentence_is_shown() -> None:
    content = messages.read(
        "## Decision\n\nChild processes over a socket.\nThey live long.\n\n## Layout\n\nTwo folders."
    )
    assert shown_lines(content) == ["Child processes over a socket."]


def test_a_row_is_shown_with_its_tables_head() -> None:
    rows = "\n".join(
        f"| case {i} of the long list of cases | it was looked at as all the others were |" for i in range(12)
    )
    view = essential(messages.read(f"| case | result |\n|---|---|\n{rows}\n| case 12 | FAIL |\n"))
    assert view.startswith("| case | result |\n|---|---|\n... Read offset=3 limit=12")
    assert "| case 12 | FAIL |" in view


def test_a_copy_is_named_by_its_place_and_by_nothing_else() -> None:
    source = "\n".join(f"    value_{i} = compute_{i}(argument_{i})" for i in range(30))
    content = messages.read(
        f"See a.py.\n\n```python\n{source}\n```\n\nThat is all of it.", files={"a.py": f"x = 1\n{source}\n"}
    )
    assert content.facts[4] == ("a.py:2-31",)
    assert set(range(3, 35)) <= content.dull
    assert "```python\n... Read offset=4 limit=30: a.py:2-31\n```" in essential(content)


def test_what_the_receiver_holds_is_not_shown_though_it_claims() -> None:
    task = "Do not touch the public interface. All of the old tests must pass."
    content = messages.read(f"{task}\n\nOne test fails.", (task,))
    assert shown_lines(content) == ["One test fails."]


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (
            "Is it safe to merge the change in the parser? Say approved or rejected.",
            "The change in the parser is rejected.",
        ),
        (
            "Check whether the migration loses rows when the worker restarts.",
            "The migration loses rows when the worker restarts.",
        ),
        (
            "Does the retry loop leak connections after a timeout?",
            "Yes, the retry loop does leak connections after a timeout.",
        ),
        ("Make sure that the cache is invalidated after each write.", "The cache is invalidated after each write."),
    ],
)
def test_an_answer_in_the_words_of_the_question_is_no_repetition_of_it(task: str, answer: str) -> None:
    assert not messages.read(f"# Result\n\n{answer}\n\nThe rest is as it was.", (task,)).dull


def test_what_says_that_it_tells_the_task_again_is_held() -> None:
    task = "Check whether the migration loses rows when the worker restarts."
    text = "You asked me to check whether the migration loses rows when a worker restarts.\n\nIt does."
    assert messages.read(text, (task,)).dull == {1}


@pytest.mark.parametrize(
    "line",
    [
        "I reviewed it; the change is wrong and must not be merged.",
        "I finished, but two tests fail.",
        "I've read the code and the cache is never invalidated.",
        "Let me be clear: do not merge this.",
        "The migration is blocked; do not deploy anything else.",
        "FAIL: retries reach out to the dead host.",
        "Want me to drop the index or keep it?",
        "Would you like the fix in v2 only, or backported to v1 too?",
    ],
)
def test_an_opener_or_an_offer_that_tells_something_is_shown(line: str) -> None:
    content = messages.read(f"# Result\n\n{line}\n\nThe rest is as it was.", ())
    assert 3 in content.keep
    assert not content.dull


@pytest.mark.parametrize(
    "text",
    [
        "```\n",
        "~~~x\n```",
        "|---|",
        "# ",
        "- \n  -\n    - a",
        "**",
        "?" * 3_000,
        "1," * 3_000,
        "a. B " * 900,
        "\t\r\n\u2028x",
    ],
)
def test_odd_messages_keep_their_words_and_their_blocks_nest(text: str) -> None:
    content = messages.read(text, (text,), {"a.py": text})
    assert " ".join(content.lines).split() == text.split()
    assert all(1 <= b.first <= b.head <= b.last <= len(content.lines) for b in content.blocks)
    assert len(messages.rates(content)) == len(content.lines)


def test_an_empty_message_has_nothing() -> None:
    assert messages.read("").lines == ("",)


def cheapest(text: str) -> list[str]:
    """The lines that the cheapest view shows where nothing is needed."""
    tokens.load()
    content = messages.read(text)
    made = tiers.cut(tiers.plan(content, tokens.estimate(text), 0), Need([0.0] * len(content.lines)), 1_500.0)
    return [line for line, shown in zip(content.lines, tiers.cheapest(made).shown, strict=True) if shown]


CAUSE, TEST = "The cause is the reader: it fails on an empty file.", "The test fails, too."
LONG = (
    "It went through the modules of the reader one by one and wrote down what each of them is for, at length and with "
    "care, in the order of the folders.",
    "Then the notes were sorted by the hour of the day in which they had come up, which took most of the morning and a "
    "good part of the afternoon as well.",
)


def test_two_long_sentences_between_claims_are_folded() -> None:
    """They are shown because they are fewer lines than a fold of code is worth."""
    assert cheapest("\n".join([CAUSE, " ".join(LONG), TEST])) == [CAUSE, TEST]
    assert cheapest("\n".join([CAUSE, "It was read.", TEST])) == [CAUSE, "It was read.", TEST]


def test_no_blank_line_stands_before_a_fold() -> None:
    """No edit spans it, and it is paid for in every report."""
    assert cheapest("\n".join([CAUSE, "", "", " ".join([*LONG, *LONG[:1]]), TEST])) == [CAUSE, TEST]
