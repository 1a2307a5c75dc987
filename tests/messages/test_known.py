"""What the receiver holds already, and what only looks like it."""

from trimtab.messages import known, parts

TASK = "Rename the package `util` to `sizes`. Move only `FormatSize` and its tests. Keep `go vet` clean."


def held(message: str, *texts: str) -> list[int]:
    lines = message.split("\n")
    return sorted(known.held(lines, parts.roles(lines), texts))


def test_a_restated_task_is_held() -> None:
    restated = "I was asked to rename the package `util` to `sizes`, and to move only `FormatSize` and its tests."
    assert held(f"{restated}\nDone in 3 s.", TASK) == [1]


def test_the_opposite_of_what_was_asked_is_not_held() -> None:
    assert held("I did not move `FormatSize` and its tests.", TASK) == []
    assert held("Keep `go vet` clean: it fails.", TASK) == []


def test_a_number_that_is_new_is_not_held() -> None:
    assert held("Rename the package `util` to `sizes`: 14 files moved, tests kept clean.", TASK) == []


def test_a_finding_said_twice_is_held_the_second_time() -> None:
    finding = "`measure` in `a.ts:44` repeats `advance` and forgets the kerning."
    assert held(f"## One\n{finding}\n\n## Again\nAs said, {finding}\n- {finding}") == [6]


def test_few_words_are_found_anywhere_and_are_not_held() -> None:
    assert held("Keep it clean.", TASK) == []


def test_code_and_tables_are_not_held() -> None:
    assert held(f"```\n{TASK}\n```\n| a | b |\n|---|---|\n| {TASK} | x |", TASK) == []
