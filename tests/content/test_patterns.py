"""What no outline by hand shows: braces that don't close, text in strings and comments, one-line definitions."""

import pytest

from trimtab.content import parse


def names(path: str, text: str) -> list[tuple[str, int, int]]:
    return [(block.name, block.first, block.last) for block in parse(path, text).blocks]


def test_where_braces_do_not_close_indentation_ends_a_body() -> None:
    text = "class A {\n    fun one() {\n        if (x) {\n    }\n\n    fun two() {\n        y\n    }\n}\n"
    assert names("a.kt", text) == [("A", 1, 9), ("one", 2, 4), ("two", 6, 8)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.cs", '/*\npublic class No {\n}\n*/\nvar a = @"\npublic class No {\n}\n";\n'),
        ("a.kt", 'val a = """\nclass No {\n}\n"""\n'),
        ("a.php", "<?php\n$a = <<<TEXT\nclass No {\n}\nTEXT;\n"),
        ("a.sql", "/*\nCREATE TABLE no (\na int\n);\n*/\n"),
        ("a.html", "<!--\n<form id='no'>\n\n\n</form>\n-->\n"),
    ],
)
def test_what_strings_and_comments_hold_is_no_definition(path: str, text: str) -> None:
    assert not any("no" in name.lower() for name, _, _ in names(path, text))


def test_one_line_definitions_are_no_blocks() -> None:
    assert names("a.rb", "class A\n  def b = 1\n  def c; 2; end\nend\n") == [("A", 1, 4)]
    assert names("a.cs", "public interface IA\n{\n    int B();\n    int C();\n}\n") == [("IA", 1, 5)]


def test_a_function_of_a_shell_script_ends_at_its_brace_whatever_stands_further_out() -> None:
    assert names("a.sh", "a() {\n  cat <<X\n}x\ntext\nX\n}\nb() {\n  c\n}\n")[-1] == ("b", 7, 9)


def test_an_element_of_html_that_is_not_closed_takes_no_other() -> None:
    text = "<div id='a'>\n<p>\n<section>\n1\n2\n</section>\n</div>\n<table>\n1\n2\n</table>\n"
    assert names("a.html", text) == [("div#a", 1, 7), ("section", 3, 6), ("table", 8, 11)]
