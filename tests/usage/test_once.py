"""One API response counts once: a gold session for each rule, its totals added up by hand.

Totals are responses, and their input, written, read and output tokens.
"""

import os

import pytest
from tests.usage.written import AT, CWD, MODEL, Home, Line, answer, called, named, result, stamp, totals, usage, user

from trimtab.content.families import runs_tests
from trimtab.records import Request


def test_a_line_for_each_block_of_one_response(home: Home) -> None:
    """Two responses of 3 and 2 lines: (10+1, 100+50, 1000+1100, 40+30), not three and two times as much."""
    one, two = usage(10, 100, 1000, 40), usage(1, 50, 1100, 30)
    home.write("s1", *(answer(n, "msg_1", one) for n in (1, 2, 3)), *(answer(n, "msg_2", two) for n in (5, 6)))
    home.sync()
    assert home.totals() == (2, 11, 150, 2100, 70)
    assert [r.at for r in home.requests()] == [AT + 1, AT + 5]  # of the first line


def test_rows_of_a_response_that_is_being_streamed(home: Home) -> None:
    """Output 1, 5, 40 of one response is 40; the largest counts even where a smaller one is repeated after it."""
    rows = (1, 5, 40, 40, 5)
    home.write("s1", *(answer(n, "msg_1", usage(10, 100, 1000, output)) for n, output in enumerate(rows)))
    home.sync()
    assert home.totals() == (1, 10, 100, 1000, 40)


def test_a_streamed_row_without_its_prompt(home: Home) -> None:
    """Of rows with the same output the one that tells more of the prompt counts."""
    home.write("s1", answer(1, "msg_1", usage(10, 0, 0, 3)), answer(2, "msg_1", usage(10, 100, 1000, 3)))
    home.sync()
    assert home.totals() == (1, 10, 100, 1000, 3)


def test_rows_without_a_request_id(home: Home) -> None:
    """Gateways leave it out of all lines or of some: the message id tells (counted by both ids, 3 responses)."""
    spent = usage(10, 100, 1000, 40)
    home.write("s1", answer(1, "msg_1", spent, request=None), answer(2, "msg_1", spent), answer(3, "msg_2", spent))
    home.sync()
    assert home.totals() == (2, 20, 200, 2000, 80)


def test_rows_without_a_message_id(home: Home) -> None:
    """The request id tells; without both each line is a response of its own, by its uuid, once."""
    spent = usage(10, 100, 1000, 40)
    lines = [answer(n, None, spent, request="req_1") for n in (1, 2)]
    lines += [answer(n, None, spent, request=None, uuid=f"u{n}") for n in (3, 4)]
    home.write("s1", *lines, lines[2])
    home.sync()
    assert home.totals() == (3, 30, 300, 3000, 120)
    assert [r.message_id for r in home.requests()] == ["req_1", "u3", "u4"]


def test_a_response_that_nothing_names_is_a_bad_line(home: Home) -> None:
    path = home.write("s1", user(1, "Hello"), answer(2, None, usage(10, 0, 0, 4), request=None, uuid=""))
    done = home.sync()
    assert home.totals() == (0, 0, 0, 0, 0)
    assert [(bad.path, bad.line) for bad in done.bad] == [(str(path), 2)]
    assert "not counted" in done.bad[0].why


@pytest.mark.parametrize("first", ["s1", "s2"])
def test_a_resumed_session_that_copied_its_history(home: Home, first: str) -> None:
    """Old clients began a new file with the whole history under the new session's id.

    s1 had 2 responses (20, 200, 2000, 80); s2 repeats them and has one more (5, 50, 500, 5). Whichever file's name
    comes first, those of s1, whose file was at rest first, stay those of s1.
    """
    old, new = ("s1", "s2") if first == "s1" else ("s2", "s1")
    history = [answer(n, named(n), usage(10, 100, 1000, 40), session=old) for n in (1, 2)]
    path = home.write(old, *history)
    os.utime(path, (AT + 2, AT + 2))
    copies = [line | {"sessionId": new} for line in history]
    os.utime(home.write(new, *copies, answer(9, named(9), usage(5, 50, 500, 5), session=new)), (AT + 9, AT + 9))
    home.sync()
    assert home.totals() == (3, 25, 250, 2500, 85)
    assert totals(r for r in home.requests() if r.session == old) == (2, 20, 200, 2000, 80)
    assert totals(r for r in home.requests() if r.session == new) == (1, 5, 50, 500, 5)


def test_a_forked_session_names_where_its_copies_come_from(home: Home) -> None:
    """`/branch` says forkedFrom, `--fork-session` requestSessionId: neither the file's age nor its name matters.

    The fork's file is the older one here, and comes first: still msg_1 (10, 100, 1000, 40) is s2's.
    """
    spent = usage(10, 100, 1000, 40)
    fork = {"sessionId": "s1", "forkedFrom": {"sessionId": "s2", "messageUuid": "x"}}
    copied = answer(1, named(1), spent) | fork
    other = answer(2, named(2), spent) | {"sessionId": "s1", "requestSessionId": "s2"}
    os.utime(home.write("s1", copied, other, answer(9, named(9), usage(1, 2, 3, 4), session="s1")), (AT, AT))
    home.sync()
    assert {r.message_id: r.session for r in home.requests()} == {named(1): "s2", named(2): "s2", named(9): "s1"}
    home.write("s2", answer(1, named(1), spent, session="s2"), answer(2, named(2), spent, session="s2"))
    home.sync()
    assert home.totals() == (3, 21, 202, 2003, 84)
    assert totals(r for r in home.requests() if r.session == "s2") == (2, 20, 200, 2000, 80)


def test_a_gateways_ids_are_its_sessions_own(home: Home) -> None:
    """A gateway that counts its messages from 1 gives each session's first the same id: two responses, not one.

    Within a session it is one, and in a fork that says what it copied.
    """
    spent, other = usage(10, 100, 1000, 40), usage(1, 2, 3, 4)
    home.write("s1", answer(1, "msg_1", spent), answer(2, "msg_1", spent))
    home.write("s2", answer(5, "msg_1", other, session="s2"))
    home.write("s3", answer(1, "msg_1", spent, session="s3", requestSessionId="s1"))
    home.sync()
    assert home.totals() == (2, 11, 102, 1003, 44)
    home.write("s2", answer(6, "msg_1", other, session="s2"))
    home.sync()
    assert home.totals() == (2, 11, 102, 1003, 44)


def test_subagents_count_in_their_own_files(home: Home) -> None:
    """Main (10, 100, 1000, 40) and a1 (1, 20, 0, 7), whose kind its .meta.json says."""
    home.write("s1", answer(1, "msg_1", usage(10, 100, 1000, 40)))
    aside = answer(2, "msg_2", usage(1, 20, 0, 7), isSidechain=True, agentId="a1", cwd="/elsewhere")
    path = home.write("s1/a1", aside)
    path.with_name("agent-a1.meta.json").write_text('{"agentType": "Explore"}', encoding="utf-8")
    home.sync()
    assert home.totals() == (2, 11, 120, 1000, 47)
    assert [(r.agent, r.agent_type, r.project) for r in home.requests()] == [("", "", CWD), ("a1", "Explore", CWD)]


def test_a_subagent_that_replays_its_parents_messages(home: Home) -> None:
    """538 or 379: other meters count a message again when its copy has a new request id (facts of peers, section 7).

    Main: 159 + 150 = 309 tokens in two responses. The subagent's file repeats the first with a new request id, then
    adds its own 70: 379 in all, 538 with the copy.
    """
    first, second = usage(9, 50, 60, 40), usage(10, 50, 60, 30)
    home.write("s1", answer(1, "msg_1", first), answer(2, "msg_2", second))
    copy = answer(1, "msg_1", first, request="req-new", isSidechain=True, agentId="a1")
    home.write("s1/a1", copy, answer(3, "msg_3", usage(5, 10, 45, 10), isSidechain=True, agentId="a1"))
    home.sync()
    assert sum(home.totals()[1:]) == 379
    assert {r.message_id: r.agent for r in home.requests()} == {"msg_1": "", "msg_2": "", "msg_3": "a1"}


def test_a_replay_that_was_written_and_read_before_its_parents_line(home: Home) -> None:
    """The main conversation goes before the subagent, in either order of reading."""
    spent = usage(9, 50, 60, 40)
    home.write("s1/a1", answer(1, "msg_1", spent, isSidechain=True, agentId="a1"))
    home.sync()
    assert [r.agent for r in home.requests()] == ["a1"]
    home.write("s1", answer(1, "msg_1", spent))
    home.sync()
    assert [(r.agent, r.output_tokens) for r in home.requests()] == [("", 40)]


def test_old_clients_subagents_in_the_main_file(home: Home) -> None:
    """isSidechain lines are of another agent: with its id where there is one."""
    lines = [answer(1, "msg_1", usage(10, 100, 0, 20)), answer(2, "msg_2", usage(5, 50, 0, 9), isSidechain=True)]
    home.write("s1", *lines, answer(3, "msg_3", usage(1, 2, 3, 4), isSidechain=True, agentId="a7"))
    home.sync()
    assert [(r.agent, r.output_tokens) for r in home.requests()] == [("", 20), ("sidechain", 9), ("a7", 4)]
    assert home.totals() == (3, 16, 152, 3, 33)


def test_old_clients_subagents_beside_the_main_file(home: Home) -> None:
    """Clients 2.0 wrote agent-<id>.jsonl beside the sessions; the lines say whose it is."""
    aside = answer(2, "msg_2", usage(1, 20, 0, 7), isSidechain=True, agentId="b7", session="s9")
    home.write("agent-b7", aside)
    home.sync()
    assert [(r.session, r.agent) for r in home.requests()] == [("s9", "b7")]


def test_a_subagents_progress_in_the_main_file(home: Home) -> None:
    """Clients 2.1 repeated a subagent's lines in the main file: the same response (1, 20, 0, 7), or the only trace."""
    inner = answer(2, "msg_2", usage(1, 20, 0, 3), agentId="a1")
    progress = {"type": "progress", "sessionId": "s1", "timestamp": stamp(2), "uuid": "p1"}
    told = {"type": "agent_progress", "agentId": "a1", "message": inner}
    odd: Line = progress | {"data": {"type": "waiting", "message": [1]}}
    home.write("s1", answer(1, "msg_1", usage(10, 100, 1000, 40)), progress | {"data": told}, odd)
    home.sync()
    assert home.totals() == (2, 11, 120, 1000, 43)
    home.write("s1/a1", answer(2, "msg_2", usage(1, 20, 0, 7), isSidechain=True, agentId="a1"))
    home.sync()
    assert home.totals() == (2, 11, 120, 1000, 47)
    assert [r.agent for r in home.requests()] == ["", "a1"]


def test_compaction(home: Home) -> None:
    """The client compacts in a subagent that copies the conversation; what it adds is its own summary's response.

    Main: (10, 100, 1000, 40). The compaction's file repeats it, then has (2, 0, 1100, 300): 2 responses.
    """
    first = answer(1, "msg_1", usage(10, 100, 1000, 40))
    summary = user(5, "This session is being continued.", isCompactSummary=True, parentUuid="b")
    boundary: Line = {
        "type": "system",
        "subtype": "compact_boundary",
        "uuid": "b",
        "timestamp": stamp(4),
        "sessionId": "s1",
    }
    home.write("s1", first, boundary, summary)
    aside = {"isSidechain": True, "agentId": "acompact-1"}
    made = answer(4, "msg_2", usage(2, 0, 1100, 300), isSidechain=True, agentId="acompact-1")
    home.write("s1/acompact-1", first | aside, made)
    home.sync()
    assert home.totals() == (2, 12, 100, 2100, 340)
    with home.store() as store:
        (arrival,) = [a for a in store.arrivals() if a.what == "summary"]
    assert (arrival.id, arrival.characters) == ("b", 32)  # the boundary and its summary are one


def test_passes_that_the_usage_leaves_out(home: Home) -> None:
    """An advisor's (of another model) and a compaction at the API are billed beside the usage; a message's is in it."""
    passes = [
        {"type": "message", "input_tokens": 10, "output_tokens": 40},
        {"type": "advisor_message", "model": "claude-fable-5", "input_tokens": 700, "output_tokens": 60},
        {"type": "compaction", "input_tokens": 9000, "output_tokens": 500},
    ]
    spent = usage(10, 100, 1000, 40, iterations=passes)
    home.write("s1", answer(1, "msg_1", spent), answer(2, "msg_1", spent))
    home.sync()
    assert home.totals() == (3, 9710, 100, 1000, 600)
    assert [(r.agent, r.model, r.output_tokens) for r in home.requests()] == [
        ("", "claude-opus-5-5", 40),
        ("advisor", "claude-fable-5", 60),
        ("compaction", "claude-opus-5-5", 500),
    ]


def test_what_the_client_itself_wrote_is_no_response(home: Home) -> None:
    error = answer(2, "msg_e", usage(7, 7, 7, 7), model="<synthetic>", isApiErrorMessage=True)
    home.write("s1", answer(1, "msg_1", usage(10, 100, 1000, 40)), error)
    home.sync()
    assert home.totals() == (1, 10, 100, 1000, 40)


def test_each_class_of_tokens_and_what_has_prices_of_its_own(home: Home) -> None:
    """The split of cache writes; what it leaves out has the lifetime that was asked for. Fast mode; web searches."""
    split = {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 50}
    home.write(
        "s1",
        answer(1, "m1", usage(1, 80, 2, 3, cache_creation=split)),
        answer(2, "m2", usage(1, 80, 2, 3, cache_creation=None), promptCacheRequested="1h"),
        answer(3, "m3", usage(1, 80, 2, 3, cache_creation=None), promptCacheRequested="5m"),
        answer(4, "m4", usage(1, 100, 2, 3, cache_creation=split), promptCacheRequested="1h"),
        answer(5, "m5", usage(1, 0, 2, 3, speed="fast", server_tool_use={"web_search_requests": 2})),
    )
    home.sync()
    found = home.requests()
    assert [(r.write_5m_tokens, r.write_1h_tokens) for r in found] == [(30, 50), (0, 80), (80, 0), (30, 70), (0, 0)]
    assert found[4] == Request("s1", "", "m5", AT + 5, "claude-opus-5-5", 1, 0, 0, 2, 3, CWD, "", True, 2)


def test_results_know_their_calls(home: Home) -> None:
    """Of a result: the tool, what it was about, the characters that the model saw, images, errors."""
    home.write(
        "s1",
        user(1, "Fix it <system-reminder>be brief</system-reminder>"),
        answer(2, "m1", usage(1, 1, 1, 1), content=[called("Read", "t1", file_path="/p/ä.py")]),
        answer(2, "m1", usage(1, 1, 1, 1), content=[called("Bash", "t2", command="ls " + "x" * 400)]),
        user(3, [result("t1", "1\tä = 1\n2\tb")], toolUseResult={"file": {"content": "ä = 1\nb" * 50}}),
        user(4, [result("t2", [{"type": "text", "text": "ab"}, {"type": "text", "text": "c"}, {"type": "image"}])]),
        user(5, [result("t3", "Exit code 1", is_error=True)]),
        user(6, "<task-notification>done</task-notification>"),
    )
    home.sync()
    with home.store() as store:
        found = [a[4:10] for a in store.arrivals() if a.what != "answer"]
    assert found == [
        ("prompt", "", "", 6, False, 0),
        ("note", "", "", 44, False, 0),
        ("result", "Read", "/p/ä.py", 11, False, 0),
        ("result", "Bash", ("ls " + "x" * 400)[:300], 4, False, 1),
        ("result", "", "", 11, True, 0),
        ("note", "", "", 43, False, 0),
    ]


def test_tests_that_a_long_command_runs_at_its_end_are_kept(home: Home) -> None:
    """An experiment counts them as finished work; of 300 kept characters they would not be."""
    command = f"cat > a.py <<'EOF'\n{'x = 1' * 100}\nEOF\nmise run test:ci 2>&1 | tail -5"
    home.write(
        "s1",
        answer(1, "m1", usage(1, 1, 1, 1), content=[called("Bash", "t1", command=command)]),
        user(2, [result("t1", "ok")]),
    )
    home.sync()
    with home.store() as store:
        (target,) = [arrival.target for arrival in store.arrivals() if arrival.tool == "Bash"]
    assert len(target) == 300
    assert target.startswith(command[:250])
    assert runs_tests(target)


def test_what_the_model_wrote_is_told_line_by_line(home: Home) -> None:
    """Text, thinking, and a call's input as JSON; the lines of one response name it, and a copied line is one."""
    thought = {"type": "thinking", "thinking": "Let me see"}
    first = answer(1, "m1", usage(1, 1, 1, 1), content=[thought, {"type": "text", "text": "Hi"}])
    call = answer(2, "m1", usage(1, 1, 1, 9), content=[called("Read", "t1", file_path="/a")])
    home.write("s1", first, call, first, answer(3, "m2", usage(1, 1, 1, 1)))
    home.sync()
    with home.store() as store:
        found = [(a.what, a.target, a.characters) for a in store.arrivals()]
    assert found == [("answer", "m1", 12), ("answer", "m1", len('{"file_path":"/a"}'))]


def test_the_clients_own_total_is_its_newest(home: Home) -> None:
    def total(usd: float, **more: object) -> dict[str, object]:
        return {"type": "cost-state", "sessionId": "s1", "totalCostUSD": usd, **more}

    spent = usage(1, 1, 1, 1)
    home.write("s1", answer(1, "m1", spent), total(0.5), answer(7, "m2", spent), total(0.75, hasUnknownModelCost=True))
    home.sync()
    with home.store() as store:
        assert store.session_totals() == [("s1", AT + 7, 0.75, False)]
        assert store.sessions() == [("s1", CWD, AT + 1, AT + 7)]


def test_what_the_client_counted_and_did_not_list(home: Home) -> None:
    """A compaction's request (3, 30, 0, 7) has no line: it is what the client's own sum has more than the responses.

    Listed: 2 responses and a subagent's: (21, 220, 2000, 87). The client's sum: (24, 250, 2000, 94) of that model. Of
    another model, which wrote a title, nothing is listed.
    """

    def summed(**more: object) -> Line:
        told = {"inputTokens": 24, "outputTokens": 94, "cacheReadInputTokens": 2000, "cacheCreationInputTokens": 250}
        title = {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0}
        return {"type": "cost-state", "sessionId": "s1", "totalCostUSD": 0.5, "startTime": (AT + 0.5) * 1000} | {
            "modelUsage": {f"{MODEL}[1m]": told, "claude-haiku-5-5": title}
        } | more  # fmt: skip

    spent = usage(10, 100, 1000, 40)
    home.write("s1/a1", answer(3, named(3), usage(1, 20, 0, 7), isSidechain=True, agentId="a1"))
    home.write("s1", answer(1, named(1), spent), answer(4, named(2), spent), summed())
    home.sync()
    with home.store() as store:
        assert [(r.model, *r[5:10], r.agent) for r in store.unlisted()] == [
            ("claude-haiku-5-5", 5, 0, 0, 0, 2, "unlisted"),
            ("claude-opus-5-5[1m]", 3, 30, 0, 0, 7, "unlisted"),
        ]
        assert [total.usd for total in store.session_totals()] == [0.5]
    home.write("s1", answer(6, named(6), usage(1, 0, 0, 1)))  # resumed: newer than the sum, which keeps what it told
    home.sync()
    with home.store() as store:
        assert [tuple(r[5:10]) for r in store.unlisted()] == [(5, 0, 0, 0, 2), (3, 30, 0, 0, 7)]
    title = {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0}
    more = {"inputTokens": 29, "outputTokens": 96, "cacheReadInputTokens": 2000, "cacheCreationInputTokens": 250}
    home.write("s1", summed(timestamp=stamp(7), modelUsage={f"{MODEL}[1m]": more, "claude-haiku-5-5": title}))
    home.sync()
    with home.store() as store:
        assert [tuple(r[5:10]) for r in store.unlisted()] == [(5, 0, 0, 0, 2), (7, 30, 0, 0, 8)]


def test_a_model_that_was_used_with_two_sizes_of_context(home: Home) -> None:
    """The client sums up both apart, (10, 0, 0, 40) and (20, 0, 7, 90); its lines say one model: (25, 0, 0, 100)."""
    one = {"inputTokens": 10, "outputTokens": 40, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0}
    two = {"inputTokens": 20, "outputTokens": 90, "cacheReadInputTokens": 7, "cacheCreationInputTokens": 0}
    summed: Line = {"type": "cost-state", "sessionId": "s1", "totalCostUSD": 0.5, "startTime": (AT + 0.5) * 1000}
    home.write("s1", answer(1, named(1), usage(25, 0, 0, 100)))
    home.write("s1", summed | {"modelUsage": {MODEL: one, f"{MODEL}[1m]": two}})
    home.sync()
    with home.store() as store:
        assert [(r.model, *r[5:10]) for r in store.unlisted()] == [(MODEL, 5, 0, 0, 7, 30)]


def test_a_total_that_goes_on_from_another_sessions(home: Home) -> None:
    """A fork's: the client adds on to what the other session had cost, since that one's beginning."""
    total: Line = {"type": "cost-state", "totalCostUSD": 0.5, "startTime": (AT + 1) * 1000, "modelUsage": {}}
    home.write("s1", answer(1, named(1), usage(1, 2, 3, 4)), total | {"sessionId": "s1"})
    copy = answer(1, named(1), usage(1, 2, 3, 4), session="s2", requestSessionId="s1")
    own = answer(9, named(2), usage(1, 2, 3, 4), session="s2")
    home.write("s2", copy, own, total | {"sessionId": "s2", "totalCostUSD": 0.75})
    home.sync()
    with home.store() as store:
        assert [(t.session, t.usd) for t in store.session_totals()] == [("s1", 0.5)]


def test_a_sessions_project_is_the_folder_that_its_file_is_named_after(home: Home) -> None:
    """Not the one that a command went to, even where that comes first."""
    home.write("s1", user(1, "Hi", cwd="/tmp"), user(2, "Hi", cwd=CWD), user(3, "Hi", cwd="/home/user/project/lib"))
    home.write("s2", user(1, "Hi", session="s2", cwd="/b"), user(2, "Hi", session="s2", cwd="/a"), folder="-moved")
    home.sync()
    with home.store() as store:
        assert {span.session: span.project for span in store.sessions()} == {"s1": CWD, "s2": "/b"}


@pytest.mark.parametrize("odd", ["0001-01-01T00:00:00.000Z", "1971-05-05T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_a_time_that_can_not_be_is_none(home: Home, odd: str) -> None:
    """The line gets the time of the one before, or without one that of the file; its usage is counted."""
    spent = usage(10, 100, 1000, 40)
    path = home.write("s1", answer(1, named(1), spent, timestamp=odd), answer(2, named(2), spent))
    home.write("s1", answer(3, named(3), spent, timestamp=odd), user(3, "Why?", timestamp=odd))
    os.utime(path, (AT + 60, AT + 60))
    home.sync()
    assert [(r.message_id, r.at) for r in home.requests()] == [
        (named(2), AT + 2),
        (named(3), AT + 2),
        (named(1), AT + 60),
    ]
    with home.store() as store:
        assert store.sessions() == [("s1", CWD, AT + 2, AT + 2)]
        assert [arrival.at for arrival in store.arrivals()] == [AT + 2]


def test_a_project_is_its_folder_with_what_is_in_it(home: Home) -> None:
    spent = usage(10, 100, 1000, 40)
    for name, cwd in (("s1", "/p/a"), ("s2", "/p/a/src"), ("s3", "/p/ab"), ("s4", "/p")):
        home.write(name, answer(1, named(int(name[1])), spent, session=name, cwd=cwd), folder=cwd.replace("/", "-"))
    home.sync()
    with home.store() as store:
        assert {r.session for r in store.requests(project="/p/a")} == {"s1", "s2"}
        assert {r.session for r in store.requests(project="/p")} == {"s1", "s2", "s3", "s4"}
        assert store.requests(project="/p/a/src/x") == []
