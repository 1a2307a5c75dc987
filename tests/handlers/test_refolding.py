"""A request's past at a cold prompt, as the second layer's module asks of it."""

import json
from pathlib import Path

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client

from trimtab import tiers
from trimtab.handlers import compact_hint

COUNT = 9
OLDER = "claude-sonnet-4-5"
HOUR = 3_600


def conversation(client: Client, changed: str = "") -> list[dict[str, object]]:
    """The messages of a session that read nine files, as in its transcript; `changed` was edited since."""
    folder = client.project / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text("cold_cache_tokens = 10\n")
    messages: list[dict[str, object]] = []
    client.prompt("What does step_2_4 do?")
    for number in range(COUNT):
        path, text = client.project / f"f{number}.py", source(number).removesuffix("\n")
        path.write_text(text + "\n")
        call = client.called("Read", {"file_path": str(path)})
        shown = tiers.numbered(text, 1)
        client.result(call, shown)
        block = {"type": "tool_use", "id": call, "name": "Read", "input": {"file_path": str(path)}}
        messages.append({"role": "assistant", "content": [block]})
        messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": shown}]})
    if changed:
        (client.project / changed).write_text("another = 1\n")
    return messages


def asked(client: Client, messages: list[dict[str, object]], model: str = "claude-opus-5-5") -> list[str] | None:
    """The results of the request as it will be sent; None where it stays as it is."""
    if client.send("ModCold") != {"fold": True}:
        return None
    body = json.dumps({"model": model, "max_tokens": 9, "messages": messages})
    reply = client.send("ModRequest", body=body)
    if reply in (None, {"is_other": True}):
        return None
    assert reply is not None
    made = json.loads(str(reply["text"]))
    assert {key: made[key] for key in ("model", "max_tokens")} == {"model": model, "max_tokens": 9}
    blocks = [message["content"][0] for message in made["messages"] if message["role"] == "user"]
    return [block["content"] for block in blocks if block["type"] == "tool_result"]


def thought(messages: list[dict[str, object]]) -> list[dict[str, object]]:
    """The messages, the model's last one with a thought in it."""
    block = {"type": "thinking", "thinking": "hm", "signature": "s"}
    return [*messages, {"role": "assistant", "content": [block]}]


def test_old_results_are_folded_once_the_cache_is_cold(client: Client) -> None:
    """Folds in a warm cache; folds that are others for the next request, or for a new daemon."""
    messages = conversation(client)
    client.now += 60
    assert asked(client, messages) is None
    client.now += 2 * HOUR
    first = asked(client, messages)
    assert first is not None
    assert [tiers.has_folds(text) for text in first] == [True] * 3 + [False] * 6
    assert client.send("ModFolded") == {"is_kept": True}
    client.now += 60
    assert asked(client, messages) == first
    client.desk.close()
    client.desk = client.new_desk()
    assert asked(client, messages) == first


def test_folds_that_the_module_did_not_send_are_not_kept(client: Client) -> None:
    """A cache that the next request breaks, for this one went out as it was."""
    messages = conversation(client)
    client.now += 2 * HOUR
    assert asked(client, messages) is not None
    assert client.send("ModCold") == {"fold": False}  # decided for this pause, and nothing is kept
    with client.ledger() as ledger:
        assert ledger.refolded("s1", "") == {}


def test_a_request_that_went_out_whole_ends_the_folds(client: Client) -> None:
    """A cache that is written anew twice; folds that were taken down too late, before a thought that read the whole."""
    messages = conversation(client)
    client.now += 2 * HOUR
    assert asked(client, messages) is not None
    assert client.send("ModFolded") == {"is_kept": True}
    client.now += 60
    assert client.send("ModCold", is_whole=False) == {"fold": True}
    assert client.send("ModCold", is_whole=True) == {"fold": False}
    assert asked(client, messages) is None


def test_folds_of_a_request_that_was_not_sent_are_not_kept_with_the_next(client: Client) -> None:
    """An answer that came too late, and whose folds the next request's word takes down."""
    messages = conversation(client)
    client.now += 2 * HOUR
    assert asked(client, messages) is not None
    assert client.send("ModRequest", body=json.dumps({"messages": messages})) == {"is_other": True}
    client.send("ModFolded")
    with client.ledger() as ledger:
        assert ledger.refolded("s1", "") == {}


def test_a_newer_models_thought_binds_also_in_a_request_to_an_older_one(client: Client) -> None:
    """A thought whose past was changed while another model had the word; the API refuses it when its own is back."""
    messages = conversation(client)  # of a newer model
    client.now += 2 * HOUR
    assert asked(client, thought(messages), OLDER) is None
    assert asked(client, messages, OLDER) is not None


def test_where_all_models_were_older_thoughts_are_free_until_a_newer_one_comes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folds before thoughts that a model that checks them gets, or that end once its own have read them."""
    monkeypatch.setattr("tests.handlers.client.MODEL", OLDER)
    messages = conversation(client)
    client.now += 2 * HOUR
    past = [*messages[:2], *thought([]), *messages[2:]]
    first = asked(client, past, OLDER)
    assert first is not None
    assert [tiers.has_folds(text) for text in first] == [True] * 3 + [False] * 6
    client.send("ModFolded")
    newer = asked(client, past)
    assert newer is not None
    assert [tiers.has_folds(text) for text in newer] == [False] + [True] * 2 + [False] * 6
    monkeypatch.setattr("tests.handlers.client.MODEL", "claude-opus-5-5")
    client.ran("date", "today")
    for _ in range(2):
        assert asked(client, thought(past)) == newer
        client.desk.close()
        client.desk = client.new_desk()


def test_the_first_request_that_has_something_to_fold_decides(client: Client) -> None:
    """A session's title that is asked for first, and uses the pause up."""
    messages = conversation(client)
    client.now += 2 * HOUR
    assert asked(client, [{"role": "user", "content": "A title for it?"}]) is None
    assert asked(client, messages) is not None


def test_a_compactions_request_stays_whole(client: Client) -> None:
    """A summary of what the model was not shown."""
    messages = conversation(client)
    client.now += 2 * HOUR
    text = "Sum up. Do NOT call any tools."
    assert asked(client, [*messages, {"role": "user", "content": [{"type": "text", "text": text}]}]) is None


def test_a_large_file_is_not_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of gigabytes that was small when the model read it, while everybody waits for the daemon."""
    messages = conversation(client)
    (client.project / "f1.py").write_bytes(b"x" * (compact_hint.LARGEST_BYTES + 1))
    read: list[str] = []
    whole = Path.read_text

    def noted(path: Path, encoding: str | None = None, errors: str | None = None) -> str:
        read.append(path.name)
        return whole(path, encoding, errors)

    monkeypatch.setattr(Path, "read_text", noted)
    client.now += 2 * HOUR
    assert asked(client, messages) is not None
    assert "f0.py" in read
    assert "f1.py" not in read


def test_a_file_that_changed_since_is_folded_as_it_was_read(client: Client) -> None:
    """A fold that names lines of a file that has others by now."""
    messages = conversation(client, changed="f1.py")
    client.now += 2 * HOUR
    found = asked(client, messages)
    assert found is not None
    assert "... whole output: " not in found[0]
    place = Path(found[1].rpartition("... whole output: ")[2])
    content = messages[3]["content"]
    assert isinstance(content, list)
    assert place.read_text() == content[0]["content"]


def test_what_the_conversation_is_about_stays_in_sight(client: Client) -> None:
    """A function that the prompt names, folded away."""
    messages = conversation(client)
    client.now += 2 * HOUR
    found = asked(client, messages)
    assert found is not None
    assert "def step_2_4(" in found[2]
    assert len(found[2]) < len(tiers.numbered(source(2), 1)) / 2


def test_a_view_is_not_cut_again(client: Client) -> None:
    """Folds of folds, whose lines nobody finds any more."""
    messages = conversation(client)
    content = messages[1]["content"]
    assert isinstance(content, list)
    content[0]["content"] = "... Read offset=3 limit=40: a view\n" + content[0]["content"]
    client.now += 2 * HOUR
    found = asked(client, messages)
    assert found is not None
    assert found[0] == content[0]["content"]


def test_whoever_only_watches_folds_nothing(client: Client) -> None:
    messages = conversation(client)
    with (client.project / ".claude-patterns" / "config.toml").open("a") as file:
        file.write('mode = "monitoring_only"\n')
    client.now += 2 * HOUR
    assert asked(client, messages) is None


def test_what_is_no_request_stays(client: Client) -> None:
    conversation(client)
    client.now += 2 * HOUR
    for body in ("", "no JSON", "[]", "{}", '{"messages": 7}', None, 7):
        assert client.send("ModRequest", body=body) is None
    assert client.send("ModRequest", body='{"messages": [null]}') == {"is_other": True}
