"""Tables: what differs is kept, the other rows are dull, and named where a column has names."""

from trimtab.content import output, tables


def test_rows_that_differ_are_kept() -> None:
    rows = ["id,name,status", *[f"{n},row {n},paid" for n in range(60)]]
    rows[20] = "19,row 19,refused"
    rows[40] = "broken"
    rows[50] = "49,row 49,"
    delimiter = tables.delimiter_of(rows)
    assert delimiter == ","
    found = tables.mark(rows, delimiter)
    assert found.keep == {1, 2, 21, 41, 51}  # the first row is the example
    assert found.facts == {}  # row 1, row 2 ... is a series
    assert found.dull >= {3, 4, 60}


def test_rows_are_named_where_a_column_has_names() -> None:
    words = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath"]
    found = tables.mark(["id|name|n", *[f"{n}|{word}|{n}" for n, word in enumerate(words)]], "|")
    assert found.facts == {number: (word,) for number, word in enumerate(words[1:], 3)}


def test_boxes_are_tables() -> None:
    rows = [f"│ {n:3} │ item {n:3} │ {'broken' if n == 77 else 'ok    '} │" for n in range(100)]
    found = output(
        "sqlite3 -box a.db q", "\n".join(["┌─────┬────┬──┐", "│ id  │ name │ state │", "├─────┼────┼──┤", *rows])
    )
    assert found.kind == "table"
    assert [found.lines[number - 1] for number in sorted(found.keep)] == ["│ id  │ name │ state │", rows[0], rows[77]]


def test_records_keep_the_first_and_the_fields_that_differ() -> None:
    text = "\n".join(f"-[ RECORD {n} ]---\nid   | {n}\nkind | {'odd' if n == 9 else 'even'}" for n in range(1, 31))
    found = output("psql -x", text + "\n(30 rows)")
    kept = [found.lines[number - 1] for number in sorted(found.keep)]
    assert kept == ["-[ RECORD 1 ]---", "id   | 1", "kind | even", "-[ RECORD 9 ]---", "kind | odd", "(30 rows)"]


def test_prose_is_no_table() -> None:
    assert tables.delimiter_of(["One, two.", "Three", "Four, five, six.", "Seven.", "Eight, nine."]) is None
