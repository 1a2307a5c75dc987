"""What the transcript tells: recoveries, honoured views, what an agent holds."""

import sqlite3
from contextlib import closing

import pytest
from tests.daemon.harness import source
from tests.handlers.client import Client, first_fold, is_view

from trimtab import tiers
from trimtab.errors import StoreError
from trimtab.records import Request
from trimtab.store.usage import UsageStore


def test_an_unchanged_file_that_is_asked_for_again_is_shown_whole(client: Client) -> None:
    assert is_view(client.read("/p/a.py", source(1)))
    assert not is_view(client.read("/p/a.py", source(1)))
    assert is_view(client.read("/p/a.py", source(1) + "changed = 1\n"))
    assert is_view(client.read("/p/b.py", source(1)))


def test_two_fetches_of_folded_lines_show_the_file_whole_until_it_is_edited(client: Client) -> None:
    path, text = "/p/a.py", source(1)
    for _ in range(2):
        first, last = first_fold(client.read(path, text + f"# {_}\n"))
        client.read(path, text, offset=first, limit=last - first + 1)
    assert not is_view(client.read(path, text + "# more\n"))
    edit = client.called("Edit", {"file_path": path, "old_string": "# more", "new_string": "# less"})
    client.result(edit, "The file has been updated.")
    assert is_view(client.read(path, text + "# less\n"))


def test_each_fetch_is_one_recovery_of_the_view_that_folded_it(client: Client) -> None:
    path, text = str(client.project / "a.py"), source(1)
    first, last = first_fold(client.read(path, text))
    client.read(path, text, offset=first, limit=last - first + 1)
    call = client.called("Bash", {"command": f"sed -n '{first},{last}p' a.py"})
    client.result(call, "\n".join(text.split("\n")[first - 1 : last]))
    call = client.called("Bash", {"command": "git status"})
    client.result(call, "nothing to commit")
    for _ in range(2):
        client.send("Stop")
    with client.ledger() as store:
        found = store.recoveries()
    assert [(r.load, r.tool_use_id, r.tool) for r in found] == [("t1", "t2", "Read"), ("t1", "t3", "Bash")]
    assert found[0].lines == last - first + 1


def test_a_view_counts_only_where_the_transcript_shows_it(client: Client) -> None:
    client.read("/p/a.py", source(1))
    call = client.called("Read", {"file_path": "/p/b.py"})
    file = {"filePath": "/p/b.py", "content": source(2), "numLines": 1, "startLine": 1, "totalLines": 1}
    response = {"type": "text", "file": file}
    arguments = {"file_path": "/p/b.py"}
    client.send("PostToolUse", tool_name="Read", tool_use_id=call, tool_input=arguments, tool_response=response)
    client.result(call, tiers.numbered(source(2), 1))  # the client did not take the view
    client.send("Stop")
    assert [load.honoured for load in client.loads()] == [True, False]


def test_a_subagent_has_a_transcript_and_a_memory_of_its_own(client: Client) -> None:
    assert is_view(client.read("/p/a.py", source(1)))
    assert is_view(client.read("/p/a.py", source(1), agent="a7"))
    assert not is_view(client.read("/p/a.py", source(1), agent="a7"))
    client.send("Stop")
    assert [(load.agent, load.honoured) for load in client.loads()] == [("", True), ("a7", True), ("a7", None)]


def test_a_new_daemon_knows_what_the_old_one_knew(client: Client) -> None:
    path, text = "/p/a.py", source(1)
    first, last = first_fold(client.read(path, text))
    client.desk.close()
    client.desk = client.new_desk()
    client.read(path, text, offset=first, limit=last - first + 1)
    client.send("Stop")
    with client.ledger() as store:
        assert [r.load for r in store.recoveries()] == ["t1"]
        assert len(store.requests()) == 2


def test_what_was_read_before_a_view_is_no_recovery_of_it(client: Client) -> None:
    """A new daemon reads the whole transcript; the views it knows of from the ledger were not there from the start."""
    path, text = "/p/a.py", source(1)
    client.read(path, text, offset=100, limit=150)
    client.read(path, text)
    client.desk.close()
    client.desk = client.new_desk()
    client.send("Stop")
    with client.ledger() as store:
        assert store.recoveries() == []


def test_a_search_that_prints_folded_lines_is_a_recovery(client: Client) -> None:
    """`grep -n` puts the line's number before it; a search in another file is none."""
    path, text = str(client.project / "a.py"), source(1)
    first, last = first_fold(client.read(path, text))
    lines = text.split("\n")
    wanted = next(n for n in range(first, last + 1) if "one of many" in lines[n - 1])
    client.ran("grep -n total_ a.py | head -1", f"{wanted}:{lines[wanted - 1]}")
    client.ran("grep -n total_ b.py | head -1", f"{wanted}:{lines[wanted - 1]}")
    client.ran("python a.py", lines[wanted - 1])
    client.send("Stop")
    with client.ledger() as store:
        assert [(r.load, r.tool_use_id, r.lines) for r in store.recoveries()] == [("t1", "t2", 1)]


def test_a_read_of_what_was_shown_is_no_recovery(client: Client) -> None:
    path, text = "/p/a.py", source(1)
    seen = client.read(path, text).split("\n")
    number = int(next(line for line in seen if "\tdef " in line).partition("\t")[0].rpartition(">")[2])
    client.read(path, text, offset=number, limit=1)
    client.send("Stop")
    with client.ledger() as store:
        assert store.recoveries() == []


def test_a_new_daemon_finds_no_recovery_twice(client: Client) -> None:
    path, text = str(client.project / "a.py"), source(1)
    first, last = first_fold(client.read(path, text))
    client.read(path, text, offset=first, limit=last - first + 1)
    client.ran(f"sed -n {first},{last}p a.py", "\n".join(text.split("\n")[first - 1 : last]))
    client.send("Stop")
    client.desk.close()
    client.desk = client.new_desk()
    client.send("Stop")
    client.send("SessionEnd")
    with client.ledger() as store:
        assert [r.tool_use_id for r in store.recoveries()] == ["t2", "t3"]
        assert len(store.requests()) == 3
        assert [load.honoured for load in store.loads()] == [True, None]  # a targeted read is not ours to honour


def test_after_a_compaction_a_view_is_shown_again(client: Client) -> None:
    """The compaction took the first view out of the context."""
    assert is_view(client.read("/p/a.py", source(1)))
    client.write({"type": "system", "subtype": "compact_boundary", "compactMetadata": {"trigger": "auto"}})
    assert is_view(client.read("/p/a.py", source(1)))


def test_one_session_knows_nothing_of_anothers_views(client: Client) -> None:
    assert is_view(client.read("/p/a.py", source(1)))
    client.session, client.transcript = "s2", client.transcript.with_name("s2.jsonl")
    assert is_view(client.read("/p/a.py", source(1)))


def test_a_transcript_that_is_missing_or_damaged_is_no_reason_to_fail(client: Client) -> None:
    client.transcript.write_bytes(b"\xff\xfe{{{\nnull\n[]\n" + b'{"type": "user", "message": 7}\n' * 3)
    assert is_view(client.read("/p/a.py", source(1)))
    client.transcript.unlink()
    assert client.send("Stop") is None


def test_what_a_locked_ledger_did_not_take_comes_later(client: Client) -> None:
    """The transcript is read once: what could not be written then must not be lost."""
    client.read("/p/a.py", source(1))
    with closing(sqlite3.connect(client.project / ".claude-patterns" / "trimtab.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreError, match="another program"):
            client.send("Stop")
        other.execute("rollback")
    client.send("Stop")
    with client.ledger() as store:
        assert [load.honoured for load in store.loads()] == [True]
        assert [request.message_id for request in store.requests()] == ["m1"]


def test_an_advisors_pass_is_in_the_ledger_as_in_the_usage_book(client: Client) -> None:
    """It is billed, but its prompt is not this conversation's: what a view is worth goes by the latter."""
    passes = [{"type": "advisor_message", "model": "claude-fable-5", "input_tokens": 700, "output_tokens": 60}]
    usage = {"input_tokens": 5, "cache_read_input_tokens": 50_000, "output_tokens": 50, "iterations": passes}
    message = {"id": "m9", "role": "assistant", "model": "claude-opus-5-5", "content": [], "usage": usage}
    client.write({"type": "assistant", "requestId": "r9", "message": message})
    client.send("Stop")
    for _ in range(3):
        client.desk.between()
    told = [("", "claude-opus-5-5", 50_005, 50), ("advisor", "claude-fable-5", 700, 60)]

    def figures(requests: list[Request]) -> list[tuple[str, str, int, int]]:
        return [(r.agent, r.model, r.input_tokens + r.read_tokens, r.output_tokens) for r in requests]

    with client.ledger() as store:
        assert figures(store.requests()) == told
    with UsageStore.open(client.home / ".claude-patterns" / "usage.db", readonly=True) as book:
        assert figures(book.requests()) == told
    conversation = client.desk._conversations["s1", ""][0]
    assert (conversation.prompt_tokens, conversation.model, conversation.requests) == (50_005, "claude-opus-5-5", 1)
