"""What changed in the usage book since a look, and what is asked of it for the next request."""

import pytest
from tests.usage.written import AT, CWD, Home, Line, answer, named, usage

from trimtab.store.usage import UsageStore


def spoke(second: int, session: str = "s1", output: int = 4, message: int = 0, **more: object) -> Line:
    """A response of 1, 2, 3 and `output` tokens."""
    return answer(second, named(message or second), usage(1, 2, 3, output), session=session) | more


@pytest.fixture
def store(home: Home) -> UsageStore:
    """Two sessions and an agent; the second response of the first was written as it grew, in two syncs."""
    home.write("s1", spoke(1), spoke(2))
    home.sync()
    home.write("s1", spoke(2, output=40), spoke(3))
    home.write("s1/a1", spoke(5, isSidechain=True, agentId="a1"), spoke(7, isSidechain=True, agentId="a1"))
    home.write("s2", spoke(4, "s2"), spoke(6, "s2"))
    home.sync()
    return home.store()


def test_rows_after_and_before_a_number_have_each_response_once(store: UsageStore) -> None:
    """The one that grew came last of the first sync's, with a number of the second's."""
    with store:
        rows = store.after(0, 99)
        assert [number for number, _ in rows] == sorted(number for number, _ in rows)
        assert {(r.message_id, r.output_tokens) for _, r in rows} == {
            (named(n), 4 if n != 2 else 40) for n in range(1, 8)
        }
        middle = rows[2][0]
        assert store.after(middle, 99) == rows[3:]
        assert store.after(middle, 2) == rows[3:5]
        assert store.before(middle, 99) == rows[:2][::-1]
        assert store.before(store.newest() + 1, 3) == rows[:-4:-1]
        late = [(number, r) for number, r in rows if r.at >= AT + 4]
        assert store.after(0, 99, AT + 4) == late
        assert store.before(99, 99, AT + 4) == late[::-1]
        assert all(r.project == CWD for _, r in rows)


def test_the_last_of_a_conversation_and_the_first_of_each(store: UsageStore) -> None:
    with store:
        assert [r.at - AT for r in store.last("s1", "", 2)] == [3, 2]
        assert [r.at - AT for r in store.last("s1", "a1", 9)] == [7, 5]
        assert store.last("s3", "", 9) == []
        assert sorted((r.session, r.agent, r.at - AT) for r in store.firsts(9)) == [
            ("s1", "", 1),
            ("s1", "a1", 5),
            ("s2", "", 4),
        ]
        assert len(store.firsts(2)) == 2


def test_where_a_session_is(home: Home, store: UsageStore) -> None:
    with store:
        assert store.transcript("s2") == str(home.path("s2"))
        assert store.transcript("2") == store.transcript("s3") == store.transcript("%") == ""
        assert sorted(store.places()) == [("s1", "", "", CWD), ("s1", "a1", "", CWD), ("s2", "", "", CWD)]
