"""Blocks of code where it is easy to get them wrong: shared lines, broken files, what has no name."""

import threading
from pathlib import Path

import pytest

from trimtab.content import code, parse, queries
from trimtab.records import Block

GOLD = Path(__file__).parents[1] / "gold" / "content"


def named(path: str, text: str) -> dict[str, Block]:
    return {block.name: block for block in parse(path, text).blocks}


def test_a_signature_ends_where_the_body_begins() -> None:
    text = "int\nmain(int argc,\n     char **argv)\n{\n  return 0;\n}\n"
    assert parse("a.c", text).blocks == (Block("function", "main", 1, 3, 6),)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ('    """Says it."""\n    pass\n', 2),
        ('    r"""\n    Says it.\n    """\n', 3),
        ("    'Says it.'\n    pass\n", 2),
        ("    x = 1\n    'no docstring'\n", 1),
        ("\n    '''Below a blank line.'''\n", 1),
        ("    # a comment\n    return 'x'\n", 1),
    ],
)
def test_the_docstrings_first_line_is_in_the_head(body: str, head: int) -> None:
    assert parse("a.py", f"def f(a: str):\n{body}").blocks[0].head == head


def test_a_long_comment_above_is_a_block_of_its_own() -> None:
    lines = "\n".join(f"// line {n}" for n in range(5))
    assert parse("a.go", f"package a\n\n{lines}\nfunc F() {{\n}}\n").blocks == (
        Block("doc", "F", 3, 3, 7),
        Block("function", "F", 8, 8, 9),
    )


def test_a_comment_of_the_block_before_stays_there() -> None:
    text = "def a():\n    x = 1\n    # about x\ndef b():\n    pass\n"
    assert [b[2:] for b in parse("a.py", text).blocks] == [(1, 1, 3), (4, 4, 5)]


def test_imports_part_at_code_only() -> None:
    text = "import a\n\n# more\nfrom b import (\n    c,\n)\nx = 1\nimport d\n"
    assert parse("a.py", text).blocks == (Block("imports", "imports", 1, 1, 6),)


def test_one_line_of_imports_is_no_block() -> None:
    assert parse("a.py", "import a\n").blocks == ()


def test_an_import_in_a_function_is_no_run() -> None:
    assert [b.kind for b in parse("a.py", "def f():\n    import a\n    import b\n").blocks] == ["function"]


def test_a_table_is_a_block_and_a_number_is_none() -> None:
    table = "TABLE = {\n" + "    'a': 1,\n" * 4 + "}\n"
    assert parse("a.py", f"LIMIT = 1\n{table}").blocks == (Block("constant", "TABLE", 2, 2, 7),)


def test_typedef_names_its_struct() -> None:
    for text in (
        "typedef struct a {\n  int x;\n} b;\n",
        "struct z {\n  int y;\n};\ntypedef struct a {\n  int x;\n} b;\n",
    ):
        assert parse("a.c", text).blocks[-1].name == "b"


def test_a_broken_file_keeps_the_rest() -> None:
    whole = GOLD.joinpath("shape.rs.gold").read_text(encoding="utf-8")
    found = named("shape.rs", whole.replace("write!(out,", "write!(out, {", 1))
    assert {"Shape", "Square", "Unit", "Kind", "square", "NAMES"} <= set(found)


def test_a_file_cut_off_keeps_what_is_whole() -> None:
    whole = GOLD.joinpath("Ledger.java.gold").read_text(encoding="utf-8")
    found = named("Ledger.java", "\n".join(whole.split("\n")[:60]))
    assert {"iterator", "group", "RATES"} <= set(found) | {"group"}
    assert "Kind" not in found


def test_half_of_an_emoji_does_not_move_lines() -> None:
    assert parse("a.py", "x = '\ud83d'\ndef f():\n    pass\n").blocks == (Block("function", "f", 2, 2, 3),)


def test_no_wheel_means_indentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(queries.GRAMMARS, "go", ("tree_sitter_that_is_not_there", "language"))
    code.grammar.cache_clear()
    try:
        content = parse("a.go", "package a\n\nfunc F() {\n\tx()\n\ty()\n}\n")
    finally:
        code.grammar.cache_clear()
    assert content == parse("a.go", "package a\n\nfunc F() {\n\tx()\n\ty()\n}\n")._replace(
        blocks=(Block("entry", "func F", 3, 3, 6),)
    )


def test_the_parser_gives_up_on_garbage_and_works_again() -> None:
    garbage = "".join("(){}[];=<>abc \n\"'"[n * n % 17] for n in range(60_000))
    for ext in ("tsx", "py", "cpp"):
        parse(f"a.{ext}", garbage)
        assert len(parse(f"a.{ext}", "class A {\n};\n" if ext != "py" else "class A:\n  x = 1\n").blocks) == 1


def test_nesting_as_deep_as_it_gets() -> None:
    deep = "".join(" " * depth + f"def f{depth}():\n" for depth in range(1500))
    for path, text in (
        ("a.py", deep),
        ("a.js", "a(() => {\n" * 4000),
        ("a.c", "{" * 200_000),
        ("a.json", "[" * 100_000),
    ):
        assert len(parse(path, text).lines) == text.count("\n") + 1


def test_several_threads_share_a_parser() -> None:
    text = GOLD.joinpath("queue.ts.gold").read_text(encoding="utf-8")
    expected = parse("queue.ts", text)
    wrong: list[int] = []

    def work() -> None:
        wrong.extend(n for n in range(30) if parse("queue.ts", text) != expected)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
