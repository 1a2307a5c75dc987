"""What a fold has to name of data: its outermost keys, like entries, and what only one of them has."""

import json

import pytest

from trimtab.content import entries


def facts_of(text: str) -> set[str]:
    return {word for words in entries.mark(text.split("\n")).facts.values() for word in words}


def test_the_outermost_keys_are_named_and_what_the_whole_is_called() -> None:
    text = "name: shop\nport: 80\ncache:\n  size: 1\n  age: 2\nlogs:\n  - a\n  - b\n"
    assert facts_of(text) == {"shop", "cache", "logs"}
    assert facts_of(json.dumps({"title": "shop", "cache": {"size": 1}, "port": 80}, indent=2)) == {"shop", "cache"}


def test_like_entries_are_named_by_their_keys() -> None:
    jobs = {name: {"runs": "linux", "steps": ["a"]} for name in ("test", "lint", "docs")}
    assert {"test", "lint", "docs"} <= facts_of(json.dumps({"jobs": jobs}, indent=2))


@pytest.mark.parametrize("key", ["name", "groupName"])
def test_like_entries_are_named_by_the_value_that_differs_in_all(key: str) -> None:
    rules = [{"order": n, "kind": "rule", key: word, "on": True} for n, word in enumerate(("one", "two", "three"))]
    assert facts_of(json.dumps({"rules": rules}, indent=2)) == {"rules", "one", "two", "three"}


def test_bare_numbers_are_no_names() -> None:
    rows = [{"id": n, "size": n * n, "kind": "row"} for n in range(40)]
    assert facts_of(json.dumps({"rows": rows}, indent=2)) == {"rows"}


def api(times: int = 6) -> dict[str, dict[str, dict[str, object]]]:
    """By turns a path with one or two operations of others: no series."""
    one = {"id": "x", "tags": ["t"], "answers": {"200": {"text": "ok"}}}
    return {
        f"/{n}{end}": {key: dict(one) for key in keys}
        for n in range(times)
        for end, keys in (("", ("get", "put")), ("/x", ("delete",)))
    }


def test_what_only_one_of_distant_like_entries_has_is_named() -> None:
    paths = api()
    paths["/3"]["put"]["deprecated"] = True
    paths["/4"]["get"]["answers"] = {"200": {"text": "ok"}, "409": {"text": "no"}}
    assert {"deprecated: true", "409"} <= facts_of(json.dumps({"paths": paths}, indent=2))


def test_what_only_one_has_is_not_named_part_by_part() -> None:
    paths = api()
    paths["/3"]["put"]["extra"] = {"a": {"b": 1}}
    assert not {"a", "b: 1"} & facts_of(json.dumps({"paths": paths}, indent=2))


def test_a_value_where_all_others_have_another_is_named() -> None:
    docs = [f"kind: Job\nspec:\n  copies: {9 if n == 2 else 3}\n  port: {n}" for n in range(5)]
    assert "copies: 9" in facts_of("\n---\n".join(docs))


def test_what_two_have_is_not_lone() -> None:
    paths = api()
    paths["/3"]["put"]["deprecated"] = paths["/4"]["put"]["deprecated"] = True
    assert "deprecated: true" not in facts_of(json.dumps({"paths": paths}, indent=2))


@pytest.mark.parametrize("text", ["", "\n", "---", "{", "}", "[\n{", "a:\n b:\n\tc:", "- - a: 1\n- b"])
def test_odd_texts_are_looked_through(text: str) -> None:
    entries.mark(text.split("\n"))
