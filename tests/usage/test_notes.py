"""What the client's own lines tell of: commands, interruptions, cleared results, another version of the client."""

import pytest
from tests.usage.written import Home, answer, usage, user

from trimtab.transcript.lines import told_of


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<command-message>review</command-message>\n<command-name>/review</command-name>", "/review"),
        ("<command-name>/exit</command-name>\n  <command-args></command-args>", "/exit"),
        ("[Request interrupted by user for tool use]", "interrupted"),
        ("<task-notification>done</task-notification>", ""),
        ("x" * 700 + "<command-name>/exit</command-name>", ""),
    ],
)
def test_a_text_of_the_clients_tells_what_was_typed(text: str, told: str) -> None:
    assert told_of(text) == told


def notes(home: Home) -> list[str]:
    home.sync()
    with home.store() as store:
        return [arrival.target for arrival in store.arrivals() if arrival.what == "note"]


def test_what_may_have_broken_a_cache_is_kept(home: Home) -> None:
    """A lost cache has no cause, as the book does not know what came before it."""
    home.write(
        "s1",
        user(1, "Go."),
        answer(2, "m1", usage(1, 1, 1, 1)),
        user(3, "<command-name>/exit</command-name>"),
        user(4, "[Request interrupted by user]"),
        user(5, "") | {"type": "system", "subtype": "microcompact_boundary"},
    )
    assert notes(home) == ["/exit", "interrupted", "cleared"]


def test_a_new_version_is_noted_also_where_the_file_is_read_in_pieces(home: Home) -> None:
    """The client was updated between two runs of one session."""
    first = [{**user(1, "Go."), "version": "2.1.300"}, {**answer(2, "m1", usage(1, 1, 1, 1)), "version": "2.1.300"}]
    home.write("s1", *first)
    assert notes(home) == []
    home.write("s1", *first, {**user(9, "On."), "version": "2.1.328"})
    assert notes(home) == ["client 2.1.328"]
