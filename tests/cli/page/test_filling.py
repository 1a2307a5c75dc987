"""How a context divides, by hand: 2.9 characters are a token, what grew is shared among what arrived."""

from trimtab.cli.page.filling import Known, parts, whole
from trimtab.records import Arrival, Request

NOTHING = Known(frozenset(), frozenset())


def request(at: float, prompt: int, output: int = 0, model: str = "m") -> Request:
    return Request("s", "", f"m{at}", at, model, 0, 0, 0, prompt, output)


def arrival(at: float, tokens: int, what: str = "result", tool: str = "Read", name: str = "") -> Arrival:
    return Arrival("s", "", name or f"t{at}", at, what, tool, "", round(tokens * 2.9))


def divided(requests: list[Request], arrivals: list[Arrival], calls: Known = NOTHING) -> list[dict[str, int]]:
    found: list[dict[str, int]] = [{} for _ in requests]
    order = [request.message_id for request in requests]
    for part in parts(requests, arrivals, calls):
        found[order.index(part.message_id)][part.kind] = part.tokens
    return found


def test_what_was_there_at_first_is_standing() -> None:
    assert divided([request(1, 10_000)], [arrival(0, 400, "prompt", "")]) == [{"standing": 9_600, "prompt": 400}]


def test_growth_is_shared_by_size() -> None:
    found = divided([request(1, 10_000, 300), request(3, 11_000)], [arrival(2, 500), arrival(2.5, 200, tool="Bash")])
    assert found[1] == {"standing": 10_000, "answer": 300, "file": 500, "command": 200}


def test_growth_beyond_the_estimates_is_not_attributed() -> None:
    found = divided([request(1, 10_000), request(3, 13_000)], [arrival(2, 1_000)])
    assert found[1] == {"standing": 10_000, "file": 1_500, "not attributed": 1_500}  # at most one and a half times


def test_less_growth_than_estimated_scales_all() -> None:
    found = divided([request(1, 10_000, 600), request(3, 10_600)], [arrival(2, 600)])
    assert found[1] == {"standing": 10_000, "answer": 300, "file": 300}


def test_a_compaction_leaves_what_stands_and_a_summary() -> None:
    asked = [request(1, 10_000), request(3, 40_000), request(5, 14_000), request(7, 14_100)]
    found = divided(asked, [arrival(2, 30_000), arrival(6, 100, "note")])
    assert found[2] == {"standing": 10_000, "summary": 4_000}
    assert found[3] == {"standing": 10_000, "summary": 4_000, "note": 100}


def test_a_smaller_prompt_shrinks_what_is_loose() -> None:
    found = divided([request(1, 10_000), request(3, 12_000), request(5, 11_000)], [arrival(2, 2_000)])
    assert found[2] == {"standing": 10_000, "file": 1_000}


def test_folded_and_recovered_results_have_kinds_of_their_own() -> None:
    calls = Known(frozenset({"v"}), frozenset({"r"}))
    arrivals = [
        arrival(2, 300, name="v"),
        arrival(2.5, 200, name="r"),
        arrival(2.6, 100, tool="mcp__x__y"),
        arrival(2.7, 50, tool="New"),
    ]
    found = divided([request(1, 1_000), request(3, 1_650)], arrivals, calls)
    assert found[1] == {"standing": 1_000, "view": 300, "recovered": 200, "mcp": 100, "result": 50}


def test_rounding_keeps_the_sum() -> None:
    assert whole({"a": 1.5, "b": 1.5}, 3) == {"a": 2, "b": 1}
    assert whole({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, 1_000) == {"a": 334, "b": 333, "c": 333}
    assert whole({}, 7) == {"not attributed": 7}
    assert whole({"a": 0.0}, 0) == {"not attributed": 0}
