"""The user's own rules: what is read, what is refused with a sentence, what one does to a load."""

from pathlib import Path

import pytest

from trimtab import settings
from trimtab.content import output, rules
from trimtab.content.rules import Rule

TEXT = "\n".join(["== build ==", *["DEBUG tick"] * 6, "rollback done", "== push ==", "ERROR disk full", *["ok"] * 5])
TABLE = {
    "name": "deploy",
    "command": r"^deployctl\b",
    "keep": ["^ERROR", "rollback"],
    "fold": ["^DEBUG "],
    "block": "^== (.+) ==$",
}


def rule(**changes: object) -> Rule:
    found, complaints = rules.read([{**TABLE, **changes}], "config.toml")
    assert complaints == []
    return found[0]


def test_a_rule_keeps_folds_and_parts() -> None:
    found = rules.applied(output("deployctl up", TEXT), rule())
    assert {8, 10} <= found.keep
    assert [(b.kind, b.name, b.first, b.last) for b in found.blocks if b.kind == "entry"] == [
        ("entry", "build", 1, 8),
        ("entry", "push", 9, 15),
    ]
    assert [(b.first, b.last) for b in found.blocks if b.kind == "noise"] == [(2, 7)]


def test_what_is_folded_is_not_kept_whatever_it_looks_like() -> None:
    found = rules.applied(
        output("deployctl up", "ERROR: of no interest\n" * 3 + "x"), rule(keep=[], fold=["^ERROR: of"])
    )
    assert not found.keep & {1, 2, 3}


def test_the_first_rule_that_fits_wins() -> None:
    first, second = rule(name="a"), rule(name="b", command="up")
    assert rules.matching([first, second], "deployctl up", is_file=False) is first
    assert rules.matching([first, second], "kubectl up", is_file=False) is second
    assert rules.matching([first], "/p/deployctl", is_file=True) is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("x", "rules in c.toml is no list"),
        ([7], "rule 1 in c.toml: it is no table"),
        ([{}], "it needs a command or a path"),
        ([{"command": "("}], "is no regular expression"),
        ([{"command": "a", "keep": ["(a+)+b"]}], "repeats what repeats"),
        ([{"command": "a", "keep": "b"}], "keep is no list"),
        ([{"command": "a", "keeps": ["b"]}], "keeps is no key of a rule"),
        ([{"command": 7}], "command is no text"),
    ],
)
def test_what_is_wrong_is_said_and_left_out(given: object, sentence: str) -> None:
    found, complaints = rules.read(given, "c.toml")
    assert found == []
    assert len(complaints) == 1
    assert sentence in complaints[0]


def test_the_projects_rules_come_before_the_users(tmp_path: Path) -> None:
    files = []
    for name in ("user", "project"):
        file = tmp_path / f"{name}.toml"
        file.write_text(f'[[rules]]\nname = "{name}"\ncommand = "x"\n', encoding="utf-8")
        files.append(file)
    found, complaints = settings.load(files, {})
    assert complaints == []
    assert [one.name for one in found.rules] == ["project", "user"]
