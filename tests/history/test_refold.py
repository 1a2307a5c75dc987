"""What may be folded of a request's past, and that nothing else in it changes."""

import copy
import json

import pytest

from trimtab.history import refold

LONG = "a line of some result or other\n" * 60


def call(key: str, name: str = "Bash", **given: object) -> dict[str, object]:
    return {"role": "assistant", "content": [{"type": "tool_use", "id": key, "name": name, "input": given}]}


def result(key: str, content: object = LONG, **more: object) -> dict[str, object]:
    block = {"type": "tool_result", "tool_use_id": key, "content": content, **more}
    return {"role": "user", "content": [block]}


def past(count: int, start: int = 0) -> list[object]:
    return [each for n in range(start, start + count) for each in (call(f"t{n}"), result(f"t{n}"))]


def found(messages: list[object], is_free: bool = False) -> list[str]:
    return [old.tool_use_id for old in refold.foldable(messages, is_free)]


def test_all_but_the_newest_may_be_folded() -> None:
    """What is being worked on, folded; or nothing ever."""
    assert found(past(refold.RECENT)) == []
    assert found([{"role": "user", "content": "hi"}, *past(refold.RECENT + 2)]) == ["t0", "t1"]


@pytest.mark.parametrize("thought", refold.THOUGHTS)
def test_nothing_before_a_bound_thought_is_touched(thought: str) -> None:
    """A request that the API refuses: a thought is bound to all that was read before it."""
    thinking = {"role": "assistant", "content": [{"type": thought, "thinking": "hm", "signature": "s"}]}
    messages = [*past(3), thinking, *past(refold.RECENT + 1, start=3)]
    assert found(messages) == ["t3"]
    assert found(messages, is_free=True) == ["t0", "t1", "t2", "t3"]
    assert found([*past(9), thinking]) == []
    assert refold.before_thoughts(messages) == {"t0", "t1", "t2"}


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ((), False),  # nothing is known of it
        (("",), False),
        (("claude-sonnet-4-5",), True),
        (("claude-sonnet-4-5", "claude-opus-4-6"), True),
        (("claude-sonnet-4-5", "claude-opus-5-5"), False),
    ],
)
def test_thoughts_are_free_where_all_models_are_older(models: tuple[str, ...], expected: bool) -> None:
    """A newer model's thought in a conversation that goes on with an older one."""
    assert refold.is_unbound(models) is expected


def test_a_compactions_request_is_known_by_its_last_words() -> None:
    """A summary of folds."""
    asks = "Sum up. REMINDER: Do NOT call any tools. Respond with plain text only."
    assert refold.is_compaction([*past(1), {"role": "user", "content": asks}])
    assert refold.is_compaction([{"role": "user", "content": [{"type": "text", "text": asks}]}])
    assert not refold.is_compaction([{"role": "user", "content": asks}, *past(1)])
    assert not refold.is_compaction([])


@pytest.mark.parametrize(
    "content",
    [
        "short",
        [{"type": "text", "text": LONG}, {"type": "text", "text": LONG}],
        [{"type": "image", "source": {}}],
        [],
        None,
        7,
    ],
)
def test_what_is_no_long_text_stays(content: object) -> None:
    assert found([call("t99"), result("t99", content), *past(refold.RECENT)]) == []


def test_errors_and_results_without_a_call_stay() -> None:
    assert found([call("t99"), result("t99", is_error=True), *past(refold.RECENT)]) == []
    assert found([result("t99"), *past(refold.RECENT)]) == []


def test_a_fold_takes_the_texts_place_and_nothing_else_changes() -> None:
    """A cache marker, an id or another result that gets lost."""
    marked: dict[str, object] = {"cache_control": {"type": "ephemeral"}}
    messages = [call("t1"), result("t1", [{"type": "text", "text": LONG}], **marked), *past(1)]
    before = copy.deepcopy(messages)
    assert refold.put(messages, {"t1": "a view", "gone": "x"}) == 1
    assert messages[1] == result("t1", "a view", **marked)
    assert messages[0] == before[0]
    assert messages[2:] == before[2:]


def test_the_same_folds_give_the_same_bytes() -> None:
    made = []
    for _ in range(2):
        messages = past(3)
        refold.put(messages, {"t0": "a", "t2": "b"})
        made.append(json.dumps(messages))
    assert made[0] == made[1]


@pytest.mark.parametrize("messages", [[None], [7], [{"content": None}], [{"content": [None, 7]}], [{}]])
def test_whatever_a_request_holds_is_no_error(messages: list[object]) -> None:
    assert refold.foldable(messages, True) == []
    assert refold.before_thoughts(messages) == set()
    assert not refold.is_compaction(messages)
    assert refold.put(messages, {"t": "x"}) == 0
