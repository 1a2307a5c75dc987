"""Blocks of text that is no code, by its shape alone: headings, fences, paragraphs, repetition, indentation."""

import pytest

from trimtab.content import parse


def blocks(path: str, text: str) -> list[tuple[str, str, int, int, int]]:
    return [(b.kind, b.name, b.first, b.head, b.last) for b in parse(path, text).blocks]


def test_sections_nest_by_level() -> None:
    text = "# A\n\ntext\n\n### C\n\nx\n\n## B\ny\n\n# D\n"
    assert blocks("a.md", text) == [
        ("section", "A", 1, 1, 10),
        ("section", "C", 5, 5, 7),
        ("section", "B", 9, 9, 10),
        ("section", "D", 12, 12, 12),
    ]


def test_a_fold_has_to_name_each_heading_and_each_tests_title() -> None:
    assert parse("a.md", "# A\n\ntext\n\n## Of one thing, and of another\n\ntext\n").facts == {
        1: ("A",),
        5: ("Of one thing, and of another",),
    }
    history = "".join(f"# {n}.0\n\n## Fixed\n\ntext\n\n" for n in range(9))
    assert parse("a.md", history).facts == {3: ("Fixed",)}
    words = [f"{a}{b}" for a in "abcdefghi" for b in "abcdefghi"]
    book = "# A\n\n" + "".join(f"## Of {word}\n\ntext\n\n" for word in words)
    assert parse("a.md", book).facts == {1: ("A",)}
    test = 'describe("A", () => {\n  it("does it", () => {\n    run();\n  });\n});\n'
    assert parse("a.test.js", test).facts == {1: ("A",), 2: ("does it",)}


@pytest.mark.parametrize("fence", ["```", "~~~", "````python", "- ```", "   ```"])
def test_no_heading_in_a_fence(fence: str) -> None:
    mark = fence.strip("- python")
    assert blocks("a.md", f"# A\n{fence}\n# no\n{mark}\n# B\n") == [
        ("section", "A", 1, 1, 4),
        ("section", "B", 5, 5, 5),
    ]


def test_an_open_fence_runs_to_the_end() -> None:
    assert blocks("a.md", "# A\n```\n# no\n") == [("section", "A", 1, 1, 3)]


def test_a_shorter_fence_does_not_close() -> None:
    assert blocks("a.md", "````\n```\n# no\n````\n# B\n") == [("section", "B", 5, 5, 5)]


def test_setext_headings_are_no_rules_and_no_front_matter() -> None:
    assert blocks("a.md", "A\n=\n\nB\n---\n\n---\n\n- c\n---\n") == [
        ("section", "A", 1, 2, 10),
        ("section", "B", 4, 5, 10),
    ]
    assert blocks("a.md", "---\na: 1\n---\n# B\n") == [("front matter", "", 1, 1, 3), ("section", "B", 4, 4, 4)]


def test_a_long_fenced_block_is_a_block() -> None:
    text = "```py title=x\n" + "code\n" * 8 + "```\n"
    assert blocks("a.md", text) == [("code", "py", 1, 1, 10)]


def test_repetition_is_named_by_what_is_shared() -> None:
    text = "".join(f"12:00:{n:02} took {n} ms at 0x{n:04x}\n" for n in range(6))
    assert blocks("a.log", text) == [("repetition", "# took # ms at #", 1, 1, 6)]


def test_four_lines_alike_are_no_repetition() -> None:
    assert blocks("a.log", "x 1\nx 2\nx 3\nx 4\n\ny\n") == [("paragraph", "x 1", 1, 1, 4)]


def test_indentation_of_data_and_of_unknown_languages() -> None:
    data = '{\n  "a": {\n    "x": 1,\n    "y": 2\n  },\n  "b": [\n    1,\n    2\n  ]\n}\n'
    assert blocks("a.json", data) == [("entry", "a", 2, 2, 5), ("entry", "b", 6, 6, 9)]
    ruby = "def a\n  if x\n    1\n  else\n    2\n  end\nend\n\ndef b\n  1\n  2\nend\n"
    assert blocks("a.unknown", ruby) == [("entry", "def a", 1, 1, 7), ("entry", "def b", 9, 9, 12)]


def test_text_without_headings_has_paragraphs() -> None:
    assert blocks("a.txt", "one\ntwo\n\nthree\n\n  four\nfive\n") == [
        ("paragraph", "one", 1, 1, 2),
        ("paragraph", "four", 6, 6, 7),
    ]


def test_a_table_is_no_heading() -> None:
    assert blocks("a.rst", "==== ====\na    b\n==== ====\nc    d\n==== ====\n") == [("paragraph", "==== ====", 1, 1, 5)]
