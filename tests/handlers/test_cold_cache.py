"""A prompt after a pause: the user is told of a cold cache when it is cold, once, and asked where that is set."""

import pytest
from tests.handlers.client import MODEL, Client


def answered(client: Client, read: int, written: int, *, hour: bool = False, agent: str = "") -> None:
    """The model answers; its usage is in the transcript, as the client writes it."""
    client.responses += 1
    split = {"ephemeral_5m_input_tokens": written * (not hour), "ephemeral_1h_input_tokens": written * hour}
    usage: dict[str, object] = {
        "input_tokens": 3,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
    }
    usage |= {"cache_creation": split, "output_tokens": 100}
    message: dict[str, object] = {"id": f"m{client.responses}", "role": "assistant", "model": MODEL, "usage": usage}
    message["content"] = [{"type": "text", "text": "Done."}]
    where = client.transcript.with_suffix("") / "subagents" / f"agent-{agent}.jsonl" if agent else None
    client.write({"type": "assistant", "requestId": f"r{client.responses}", "message": message}, where)


def begun(client: Client, *, hour: bool = False, settings: str = "") -> None:
    """A session with 120,000 tokens in its context."""
    folder = client.project / ".claude-patterns"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(settings)
    client.prompt("Go.")
    answered(client, 16_000, 24_000, hour=hour)
    answered(client, 40_000, 80_000, hour=hour)


def prompted(client: Client, text: str = "And now?") -> str:
    """What the user is told before a prompt."""
    reply = client.send("UserPromptSubmit", prompt=text) or {}
    assert set(reply) <= {"systemMessage"}
    return str(reply.get("systemMessage", ""))


def test_a_cold_cache_is_told_of_once(client: Client) -> None:
    """Not told, told with every prompt, or told again by a new daemon."""
    begun(client)
    client.now += 301
    assert "Idle for 5 minutes, and the prompt cache lives 5 minutes" in prompted(client)
    assert prompted(client) == ""
    client.desk.close()
    client.desk = client.new_desk()
    assert prompted(client) == ""


def test_the_next_pause_is_told_of_again(client: Client) -> None:
    begun(client)
    client.now += 400
    assert prompted(client)
    answered(client, 0, 121_000)
    assert prompted(client) == ""
    client.now += 400
    assert "writes about 105k tokens anew" in prompted(client)


@pytest.mark.parametrize(("hour", "age_s"), [(False, 299), (True, 3_599)])
def test_a_warm_cache_is_no_matter(client: Client, hour: bool, age_s: float) -> None:
    """A false alarm while the cache is warm."""
    begun(client, hour=hour)
    client.now += age_s
    assert prompted(client) == ""


def test_an_hours_cache_is_cold_after_an_hour(client: Client) -> None:
    begun(client, hour=True)
    client.now += 3_600
    assert "the prompt cache lives 1 hour" in prompted(client)


def test_what_is_under_the_threshold_is_no_matter(client: Client) -> None:
    """104,103 tokens are lost: 120,003 and 100 written, less the 16,000 that the first request found."""
    begun(client, settings="cold_cache_tokens = 104_104\n")
    client.now += 400
    assert prompted(client) == ""


def test_switched_off_nothing_is_said(client: Client) -> None:
    begun(client, settings='cold_cache = "off"\n')
    client.now += 400
    assert prompted(client) == ""


@pytest.mark.parametrize("prompt", ["/token-report", "<task-notification>\n<task-id>a1</task-id>"])
def test_our_commands_and_notices_are_no_prompts(client: Client, prompt: str) -> None:
    """The pause is used up before the user types."""
    begun(client)
    client.now += 400
    assert prompted(client, prompt) == ""
    assert prompted(client)


def test_after_a_compaction_there_is_nothing_to_lose(client: Client) -> None:
    begun(client)
    client.write({"type": "system", "subtype": "compact_boundary"})
    client.now += 400
    assert prompted(client) == ""


def test_a_subagents_pause_is_its_own(client: Client) -> None:
    """A large context of an agent's taken for the main conversation's."""
    client.prompt("Go.")
    answered(client, 0, 30_000)
    answered(client, 0, 300_000, agent="a1")
    client.now += 400
    assert prompted(client) == ""


def test_a_resumed_session_is_told_of_at_its_start_and_not_again(client: Client) -> None:
    begun(client)
    client.now += 4_000
    reply = client.send("SessionStart", source="resume") or {}
    assert "Idle for 67 minutes" in str(reply["systemMessage"])
    assert prompted(client) == ""


def test_where_it_is_set_the_first_prompt_is_held_back_and_the_second_passes(client: Client) -> None:
    """The prompt is lost, held for ever, or sent unasked."""
    begun(client, settings='cold_cache = "ask"\n')
    client.now += 400
    reply = client.send("UserPromptSubmit", prompt="And now?") or {}
    assert reply["decision"] == "block"
    assert "104k tokens anew" in str(reply["reason"])
    assert "Send the prompt again" in str(reply["reason"])
    assert client.send("UserPromptSubmit", prompt="And now?") is None


@pytest.mark.parametrize(
    ("mode", "entry"), [("monitoring_only", "cli"), ("full_optimization", "sdk-cli"), ("full_optimization", "sdk-py")]
)
def test_where_nobody_types_or_nothing_may_be_changed_it_tells_instead(client: Client, mode: str, entry: str) -> None:
    """A script's prompt is held back, and nobody sends it again."""
    begun(client, settings=f'cold_cache = "ask"\nmode = "{mode}"\n')
    client.environment["CLAUDE_CODE_ENTRYPOINT"] = entry
    client.now += 400
    assert "104k tokens anew" in prompted(client)


def test_a_ledger_that_cant_be_written_to_holds_no_prompt_back(client: Client) -> None:
    """A prompt that could not be noted as told would be held back for ever."""
    begun(client, settings='cold_cache = "ask"\n')
    ledger = client.project / ".claude-patterns" / "trimtab.db"
    client.send("Stop")
    client.desk.close()
    client.desk = client.new_desk()
    ledger.write_bytes(b"no database" * 1_000)
    ledger.chmod(0o400)
    ledger.parent.chmod(0o500)
    client.now += 400
    try:
        reply = client.send("UserPromptSubmit", prompt="And now?") or {}
    finally:
        ledger.parent.chmod(0o700)
        ledger.unlink(missing_ok=True)
    assert "decision" not in reply
