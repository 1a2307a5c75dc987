"""The next request: read from the cache while it lives, written anew after, grown and answered as before."""

from trimtab.budget.expect import FIRST, Habits, expected, growths_of, habits_of, quantile
from trimtab.records import Request


def asked(at: float, read: int, write: int, output: int, long: int = 0, agent: str = "", kind: str = "") -> Request:
    return Request("s", agent, f"m{at}", at, "claude-opus-5-5", 3, write, long, read, output, "/p", kind)


# Prompts of 1003, 1503 and 2503 tokens: they grew by 500 and 1000.
OWN = [asked(0, 0, 1000, 50), asked(10, 1000, 500, 70), asked(20, 1500, 1000, 60)]


def test_a_prompt_is_read_from_the_cache_while_it_lives() -> None:
    """The 0.8 quantiles of (500, 1000) and of (50, 60, 70) are the greatest; 2,500 of the last prompt are cached."""
    made = expected(OWN, Habits(), "s", "", "main", 319.0)
    assert (made.input_tokens, made.read_tokens, made.write_5m_tokens, made.write_1h_tokens) == (3, 2500, 1000, 0)
    assert made.output_tokens == 70


def test_and_is_written_anew_after() -> None:
    made = expected(OWN, Habits(), "s", "", "main", 320.0)
    assert (made.read_tokens, made.write_5m_tokens) == (0, 3500)


def test_a_conversation_that_asks_for_an_hour_has_one() -> None:
    own = [*OWN[:2], asked(20, 1500, 0, 60, long=1000)]
    made = expected(own, Habits(), "s", "", "main", 3619.0)
    assert (made.read_tokens, made.write_5m_tokens, made.write_1h_tokens) == (2500, 0, 1000)
    assert expected(own, Habits(), "s", "", "main", 3620.0).write_1h_tokens == 3500


def test_a_clock_that_was_set_back_expires_nothing() -> None:
    assert expected(OWN, Habits(), "s", "", "main", -5000.0).read_tokens == 2500


def test_where_nothing_is_cached_all_is_input() -> None:
    own = [asked(0, 0, 0, 50)._replace(input_tokens=1000), asked(5, 0, 0, 50)._replace(input_tokens=1400)]
    made = expected(own, Habits(), "s", "", "main", 10.0)
    assert (made.input_tokens, made.read_tokens, made.write_5m_tokens) == (1800, 0, 0)


def test_little_history_of_its_own_takes_the_user_s() -> None:
    habits = Habits((), (100,) * 3 + (4000,) * 7, (20,) * 3 + (900,) * 7)
    made = expected(OWN[:1], habits, "s", "", "main", 1.0)
    assert (made.write_5m_tokens, made.output_tokens) == (4000, 900)


def test_enough_history_of_its_own_does_not() -> None:
    own = [asked(at, 1000 + 100 * at, 100, 50) for at in range(8)]
    made = expected(own, Habits((), (9000,) * 99, (9000,) * 99), "s", "", "main", 9.0)
    assert (made.write_5m_tokens, made.output_tokens) == (100, 50)


def test_first_requests_are_like_the_user_s_of_the_same_kind() -> None:
    """The middle one by its prompt: of an agent's type, else of any agent; a main one of main ones; else the guess."""
    firsts = [asked(3, 0, size, 10) for size in (500, 100, 900)]
    firsts += [asked(2, 0, 70, 10, agent="a", kind="Plan"), asked(1, 0, 40, 10, agent="b", kind="Explore")]
    habits = habits_of(firsts, [])

    def written(kind: str, agent: str = "x") -> int:
        return expected([], habits, "s", agent, kind, 5.0).write_5m_tokens

    assert (written("main", ""), written("Plan"), written("Explore"), written("Other")) == (500, 70, 40, 70)
    guess = expected([], Habits(), "s9", "", "main", 5.0)
    assert guess == FIRST._replace(session="s9", agent_type="main", at=5.0)


def test_a_compaction_is_no_growth() -> None:
    assert growths_of([asked(0, 0, 9000, 1), asked(1, 0, 500, 1), asked(2, 500, 300, 1)]) == [300]


def test_habits_take_each_conversation_apart() -> None:
    recent = [asked(0, 0, 100, 5), asked(1, 0, 9000, 6, agent="a"), asked(2, 100, 50, 7)]
    assert habits_of([], recent) == Habits((), [50], [5, 6, 7])


def test_quantiles_are_by_rank() -> None:
    assert [quantile(range(size), 99) for size in (0, 1, 5, 10)] == [99, 0, 4, 8]
