"""A compaction is proposed at the prompt after a commit where it likely saves; after one the model gets its notes."""

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client
from tests.handlers.test_cold_cache import answered, begun, prompted

COMMITTED = "[main 1a2b3c4] Say why\n 1 file changed"


def committed(client: Client) -> None:
    """A commit in a session of 120,000 tokens."""
    client.ran("git commit -m 'Say why'", COMMITTED)
    answered(client, 120_000, 800)


def test_it_is_proposed_at_the_next_prompt_once(client: Client) -> None:
    """Nothing is said, or with every prompt, or after every commit."""
    begun(client)
    committed(client)
    said = prompted(client)
    assert "You committed, and much of the 121k tokens of context may not be needed any more." in said
    assert "leaves about 51k" in said
    assert prompted(client) == ""
    client.prompt("And now?")
    committed(client)
    client.desk.close()
    client.desk = client.new_desk()
    assert prompted(client) == ""


def test_after_a_compaction_it_may_be_proposed_again(client: Client) -> None:
    begun(client)
    committed(client)
    assert prompted(client)
    client.now += 60
    client.write({"type": "system", "subtype": "compact_boundary"})
    answered(client, 40_000, 80_000)
    committed(client)
    assert "You committed" in prompted(client)


def test_a_prompt_that_follows_no_commit_has_none(client: Client) -> None:
    begun(client)
    committed(client)
    client.prompt("One more thing.")
    answered(client, 120_900, 100)
    assert prompted(client) == ""


@pytest.mark.parametrize("settings", ["compacting_usd = 0\n", "compacting_usd = 50\n"])
def test_what_is_not_worth_it_is_not_proposed(client: Client, settings: str) -> None:
    begun(client, settings=settings)
    committed(client)
    assert prompted(client) == ""


def test_a_cold_cache_says_it_already(client: Client) -> None:
    """The user is told of compacting twice in one line."""
    begun(client)
    committed(client)
    client.now += 400
    said = prompted(client)
    assert "prompt cache" in said
    assert "You committed" not in said


def notes(client: Client, source_: str = "compact") -> str:
    reply = client.send("SessionStart", source=source_) or {}
    output = reply.get("hookSpecificOutput", {})
    assert isinstance(output, dict)
    return str(output.get("additionalContext", ""))


def test_after_a_compaction_the_model_gets_what_was_in_work(client: Client) -> None:
    path = client.project / "a.py"
    path.write_text(source(1))
    client.read(str(path), source(1), offset=30, limit=10)
    call = client.called("Edit", {"file_path": str(path), "new_string": source(1).split("\n")[0]})
    client.result(call, "The file has been updated.")
    said = notes(client)
    assert said.split("\n") == ["Trimtab, from before the summary:", "- a.py: edited, lines 1, 30-39"]
    with client.ledger() as store:
        (added,) = store.additions()
    assert (added.event, 0 < added.tokens < 40) == ("SessionStart", True)


@pytest.mark.parametrize("source_", ["startup", "resume", "clear"])
def test_only_after_a_compaction(client: Client, source_: str) -> None:
    client.read(str(client.project / "a.py"), source(1), offset=30, limit=10)
    assert notes(client, source_) == ""


@pytest.mark.parametrize("settings", ["compaction_notes = false\n", 'mode = "monitoring_only"\n'])
def test_where_nothing_may_be_added_nothing_is(client: Client, settings: str) -> None:
    folder = client.project / ".claude-patterns"
    folder.mkdir()
    (folder / "config.toml").write_text(settings)
    client.read(str(client.project / "a.py"), source(1), offset=30, limit=10)
    assert notes(client) == ""


def test_the_notes_keep_to_600_of_the_models_tokens(client: Client) -> None:
    """A long session's notes cost more than what they spare; the factor of this model is 1.6."""
    for number in range(40):
        path = client.project / f"a_module_with_a_long_name_{number}.py"
        path.write_text(source(number))
        for first in (1, 100, 200):
            client.read(str(path), source(number), offset=first, limit=10)
    with client.ledger() as store:
        assert store.factor_of("claude-opus-5-5", "").value > 1.4
    said = notes(client)
    assert "a_module_with_a_long_name_39.py" in said
    assert len(said) / 3 < 600
