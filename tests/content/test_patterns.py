"""What no outline by hand shows: braces that don't close, text in strings and comments, one-line definitions."""

from time import process_time

import pytest

from trimtab.content import parse, patterns


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


def test_a_long_line_takes_no_time_squared() -> None:
    started = process_time()
    patterns.spans("swift", "#" * 60_000, ["#" * 60_000])
    assert process_time() - started < 1  # 0.02 s; where each sign looks through those after it, 3.6 s


@pytest.mark.parametrize(
    ("path", "text", "block"),
    [
        ("a.kt", "fun a(\n    b: X = {},\n    c: Y\n): Z {\n    d\n}\n", ("a", 1, 4, 6)),
        ("a.kt", "fun a(b: X = { c }) =\n    d {\n        e\n    }\n", ("a", 1, 2, 4)),
        ("a.kt", 'class A : Spec({\n    test("b") {\n        c\n    }\n})\n', ("A", 1, 1, 5)),
        ("a.swift", "func a(b: X,\n       c: Y = { d }) {\n    e\n}\n", ("a", 1, 2, 4)),
    ],
)
def test_a_brace_within_the_parentheses_of_a_signature_is_not_its_body(
    path: str, text: str, block: tuple[str, int, int, int]
) -> None:
    assert parse(path, text).blocks[0][1:] == block


@pytest.mark.parametrize(
    ("path", "text", "last"),
    [
        ("a.kt", "fun a(\n    b: X\n): Y {\n    c\n}\n", 5),
        ("a.cs", "public void A(\n    int b)\n{\n    c;\n}\n", 5),
        ("a.swift", "func a(\n    b: X) {\n    c\n}\n", 4),
    ],
)
def test_where_braces_do_not_close_a_signature_of_several_lines_has_a_body(path: str, text: str, last: int) -> None:
    assert names(path, text + "{\n")[0][1:] == (1, last)


def test_a_signature_without_a_body_is_its_own_head() -> None:
    text = "protocol A {\n    func b(\n        c: X\n    )\n    func d()\n}\n"
    assert parse("a.swift", text).blocks[1] == ("function", "b", 2, 4, 4)
    text = "abstract class A\n{\n    public abstract int B(\n        int c);\n    public int D()\n    {\n    }\n}\n"
    assert parse("a.cs", text).blocks[1] == ("function", "B", 3, 4, 4)


def test_a_shell_function_may_open_on_the_next_line() -> None:
    assert names("a.sh", "a()\n{\n  b\n}\nfunction c\n{\n  d\n}\n") == [("a", 1, 4), ("c", 5, 8)]


def test_files_that_a_shell_script_reads_are_imports() -> None:
    assert names("a.sh", ". ./a.sh\nsource b.sh\na\n") == [("imports", 1, 2)]


@pytest.mark.parametrize("begin", ["<<X", "<<-X", "<<'X'", "<< X"])
def test_a_heredoc_of_a_shell_script_is_text(begin: str) -> None:
    assert names("a.sh", f"a() {{\n  b {begin}\nno() {{\n  c\n}}\nX\n  d\n}}\n") == [("a", 1, 8)]


@pytest.mark.parametrize("begin", ["<<X", "<<-X", "<<~X", "<<~'X'"])
def test_a_heredoc_of_ruby_is_text(begin: str) -> None:
    assert names("a.rb", f"def a\n  b({begin})\ndef no\n  c\nend\nX\n  d\nend\n") == [("a", 1, 8)]


def test_what_only_looks_like_a_heredoc_hides_nothing() -> None:
    assert names("a.rb", "class <<self\n  def a\n    self\n  end\nend\n")[-1] == ("a", 2, 4)
    assert names("a.sh", "a <<< b\nc() {\n  d\n}\nb\n") == [("c", 2, 4)]
    assert names("a.sh", "# a <<X\n\nb() {\n  c\n}\nX\n")[-1] == ("b", 3, 5)


def test_a_ruby_method_goes_on_after_its_parameters() -> None:
    text = "def a(\n  b\n)\n  c\nrescue E\n  d\nend\n\ndef e(\n  f\n)\nend\n"
    assert names("a.rb", text) == [("a", 1, 7), ("e", 9, 12)]
    assert names("a.rb", "def a = b(\n  1\n)\n\ndef c\n  d\nend\n") == [("a", 1, 3), ("c", 5, 7)]
    assert names("a.rb", "def a(\n  b\n) = c\n\ndef d\n  e\nend\n") == [("a", 1, 3), ("d", 5, 7)]


@pytest.mark.parametrize("page", ["don't {\n<?php\n", "<?php\n?>\ndon't {\n<?php\n", "<?php // a ?>\ndon't {\n<?php\n"])
def test_the_page_around_php_is_text(page: str) -> None:
    first = page.count("\n") + 1
    assert names("a.php", f"{page}function a() {{\n    b();\n}}\n") == [("a", first, first + 2)]


def test_a_routine_of_sql_ends_at_its_end() -> None:
    text = "CREATE TRIGGER a AFTER INSERT ON b\nBEGIN\n  IF c THEN\n    d;\n  END IF;\nEND;\n\nSELECT e\nFROM f;\n"
    assert names("a.sql", text) == [("CREATE TRIGGER a AFTER INSERT ON b", 1, 6), ("SELECT e", 8, 9)]
    text = "CREATE FUNCTION a() RETURNS int RETURN\n1;\n\nCREATE PROCEDURE b()\nBEGIN\n  c;\nEND;\n"
    assert names("a.sql", text) == [("CREATE FUNCTION a", 1, 2), ("CREATE PROCEDURE b", 4, 7)]


def test_a_statement_of_sql_has_no_statements_within_it() -> None:
    assert names("a.sql", "WITH a AS (\n  SELECT 1\n  FROM b\n)\nSELECT *\nFROM a;\n") == [("WITH a", 1, 6)]
    assert names("a.sql", "UPDATE a\nSET b = 1\nGO\nUPDATE c\nSET d = 1\nGO\n") == [
        ("UPDATE a", 1, 3),
        ("UPDATE c", 4, 6),
    ]


def test_headings_of_html_begin_sections() -> None:
    text = "<div>\n<h1>A <b>c</b></h1>\n1\n<h2>B</h2>\n2\n3\n4\n<h2>C</h2>\n5\n<h1>D</h1>\n6\n7\n8\n</div>\n9\n"
    assert names("a.html", text) == [("A c", 2, 9), ("B", 4, 7), ("D", 10, 13)]


def test_long_scripts_and_styles_have_the_blocks_of_their_language() -> None:
    body, gap = "function a() {\n  return b;\n}\n", "\n" * 20
    assert names("a.html", f"<script>\n{body}{gap}</script>\n") == [("script", 1, 25), ("a", 2, 4)]
    assert names("a.html", f"<script>\n{body}</script>\n") == [("script", 1, 5)]
    assert names("a.html", f"<script type='text/x-template'>\n{body}{gap}</script>\n") == [("script", 1, 25)]
    assert names("a.vue", f"<script lang='ts'>\ninterface A {{\n  b: C;\n}}\n{gap}</script>\n")[1:] == [("A", 2, 4)]
    assert names("a.html", f"<p></p>\n<style>\n.a {{\n  b: c;\n}}\n{gap}</style>\n")[1:] == [(".a", 3, 5)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.cs", '[A]\n[B(\n    C = "d")]\npublic class E\n{\n}\n'),
        ("a.swift", "@A\n@available(iOS 13,\n    *)\nclass E {\n    f\n}\n"),
        ("a.kt", "@A\n@B(\n    c)\nclass E {\n    f\n}\n"),
        ("a.php", "<?php\n#[A(\n    b)]\nclass E {\n}\n"),
    ],
)
def test_an_attribute_of_several_lines_goes_with_its_definition(path: str, text: str) -> None:
    assert names(path, text) == [("E", 1 + text.startswith("<?"), text.count("\n"))]


def test_a_class_variable_of_swift_is_no_class() -> None:
    assert parse("a.swift", "class var a: B {\n    c\n}\n").blocks == (("property", "a", 1, 1, 3),)


def test_a_package_object_of_scala_is_found() -> None:
    assert names("a.scala", "package object a {\n  b\n}\n") == [("a", 1, 3)]


def test_a_rule_of_css_is_named_by_all_its_selectors() -> None:
    assert names("a.scss", ".a,\n.b {\n  c: url(data:d;{);\n}\n.e {\n  f: g;\n}\n") == [(".a, .b", 1, 4), (".e", 5, 7)]
