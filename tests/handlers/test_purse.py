"""What the daemon answers about budgets, by real files: what counts when, and what holds when something is wrong."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.handlers.spending import ME, NOON, PROJECT, World, budget, words

from trimtab import paths
from trimtab.budget.terms import Account, Measure, Mode, Period, Scope, Span, State
from trimtab.errors import BusyError
from trimtab.handlers import budget_books, purse, tallies
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.purse import Purse
from trimtab.store.usage import FileRow, News


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(purse, "WAIT_S", 0.0)
    return World(tmp_path)


def standing(asked: Purse) -> tuple[int, int]:
    """What is used and reserved of the one account there is."""
    (account,) = asked.accounts(None)
    return account.used, account.reserved


def turn(world: World, asked: Purse, *outputs: int) -> bool:
    """Requests and their responses, as far as they are allowed; whether all were."""
    for output in outputs:
        if not asked.ask(world.who()).is_allowed:
            return False
        world.later(5)
        world.respond(output)
        world.later(1)
    return True


def files(world: World) -> tuple[Path, Path]:
    """The user's ledger and the usage book."""
    folder = paths.user_folder(world.environment)
    return folder / paths.USER_LEDGER, paths.usage_path(world.environment)


def delete(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def damage(path: Path) -> None:
    """Another file is in its place, which is no database."""
    delete(path)
    path.write_bytes(b"no database" * 1000)


# Counting


def test_without_a_budget_there_is_nothing_and_nothing_is_made(world: World) -> None:
    asked = world.purse()
    assert not asked.is_on()
    assert asked.accounts(None) == []
    assert asked.pressure_share(world.who()) == 0.0
    assert asked.step()
    asked.prompted(world.who())
    asked.ended(world.who())
    assert not paths.user_folder(world.environment).exists()


def test_requests_are_reserved_answered_and_refused_at_the_limit(world: World) -> None:
    """1,000 are guessed at first; then the greatest output so far is reserved: 2,200 and 1,200 don't fit into 3,000."""
    world.add(budget(3000))
    asked = world.purse()
    asked.prompted(world.who())
    first = asked.ask(world.who())
    assert (first.is_allowed, first.expected.output, standing(asked)) == (True, 1000, (0, 1000))
    world.later(5)
    world.respond(1000)
    assert asked.check(world.who()).is_allowed
    assert standing(asked) == (1000, 0)
    second = asked.ask(world.who())
    assert [(a.used, a.reserved) for a in second.accounts] == [(1000, 1000)]
    world.later(5)
    world.respond(1200)
    third = asked.ask(world.who())
    assert not third.is_allowed
    assert third.account == Account(third.accounts[0].budget, "", 2200, 0, 0, NOON - 3600)
    assert world.reservations() == []


def test_a_day_counts_from_its_beginning_and_once_from_when_it_was_made(world: World) -> None:
    for hour in (-13, -11, -2, 0):  # yesterday, this morning, before one of the budgets was made, now
        world.respond(100, at=NOON + hour * 3600)
    world.add(budget(1000, span=Span.DAY), budget(1000), budget(1000, span=Span.ROLLING))
    asked = world.purse()
    asked.check(world.who())
    assert [(a.key, a.used) for a in asked.accounts(None)] == [("2026-11-30", 300), ("", 100), ("", 200)]
    world.later(13 * 3600)
    assert [(a.key, a.used) for a in asked.accounts(None)] == [("2026-12-01", 0), ("", 100), ("", 0)]


def test_a_response_that_grows_counts_as_it_is_at_the_end(world: World) -> None:
    world.add(budget(10_000))
    asked = world.purse()
    key = world.respond(10)
    asked.check(world.who())
    assert standing(asked)[0] == 10
    world.respond(700, key=key)
    world.respond(700, key=key)
    asked.check(world.who())
    assert standing(asked)[0] == 700


def test_what_comes_late_counts_where_it_belongs(world: World) -> None:
    world.add(budget(10_000, span=Span.DAY))
    asked = world.purse()
    asked.check(world.who())
    world.respond(100, "s2", at=NOON - 3600)
    world.respond(100, "s2", at=NOON - 86_400)
    assert standing(asked)[0] == 0
    asked.check(world.who("s2"))
    assert standing(asked)[0] == 100


def test_a_session_s_budget_counts_all_of_it_also_from_long_ago(world: World) -> None:
    world.respond(100, at=NOON - 30 * 86_400)
    world.respond(100)
    world.respond(100, "s2")
    world.add(budget(10_000, span=Span.SESSION), budget(10_000, span=Span.DAY))
    asked = world.purse()
    verdict = asked.check(world.who())
    assert [(a.key, a.used) for a in verdict.accounts] == [("s1", 200), ("2026-11-30", 100)]
    asked.check(world.who("s2"))
    assert {(a.key, a.used) for a in asked.accounts(None)} == {("s1", 200), ("s2", 100), ("2026-11-30", 200)}


def test_a_prompt_s_budget_counts_what_its_agents_do(world: World) -> None:
    """Also what an agent of the first prompt does when the second has begun; what came before any prompt is of none."""
    world.respond(5)
    world.later(1)
    world.add(budget(10_000, span=Span.PROMPT))
    asked = world.purse()
    asked.prompted(world.who(prompt="p1"))
    world.later(1)
    world.respond(100)
    world.respond(30, agent="a1", kind="Explore")
    world.later(1)
    asked.prompted(world.who(prompt="p2"))
    world.later(1)
    world.respond(200)
    world.respond(40, agent="a1", kind="Explore")
    mine = asked.check(world.who(prompt="p2"))
    its = asked.check(world.who(agent="a1", kind="Explore", prompt="p2"))
    assert [(a.key, a.used) for a in (*mine.accounts, *its.accounts)] == [("s1/p2", 200), ("s1/p1", 170)]


def test_a_session_joins_a_named_run_also_for_what_it_did_before(world: World) -> None:
    world.add(budget(10_000, scope=Scope(task="release")))
    asked = world.purse()
    world.respond(100)
    world.later(10)
    world.respond(200)
    asked.check(world.who())
    assert standing(asked)[0] == 0
    with world.ledger() as store:
        store.join_task("s1", "release", NOON + 5)
    assert standing(asked)[0] == 200
    with world.ledger() as store:
        store.join_task("s1", "release", NOON - 5)
    assert standing(asked)[0] == 300


def test_an_agent_s_budget_and_its_account(world: World) -> None:
    explore = Scope(agent_type="Explore")
    world.add(budget(1500, span=Span.RUN, scope=explore))
    asked = world.purse()
    assert asked.ask(world.who(), call="t1", agent_type="Explore").accounts[0].key == "s1/call:t1"
    asked.started(world.who(agent="a1", kind="Explore"))
    ask = world.who(agent="a1", kind="Explore")
    world.later(1)
    world.respond(1400, agent="a1", kind="Explore")
    verdict = asked.ask(ask)
    assert (verdict.is_allowed, verdict.accounts[0].key, verdict.accounts[0].used) == (False, "s1/a1", 1400)
    assert asked.ask(world.who(), call="t2", agent_type="Explore").is_allowed  # another run has its own


def test_a_group_s_budget_counts_the_user_s_own_agents_from_the_moment_they_are_named(world: World) -> None:
    """An agent of the user's own is in no budget of its group, or one that the user moved counts where it was."""
    world.add(budget(1050, scope=Scope(group="4")))
    asked = world.purse()
    world.respond(100, agent="a1", kind="shop:Security-Auditor")
    world.respond(30, agent="a2", kind="gap-hunter")
    world.respond(7)
    asked.check(world.who())
    assert standing(asked)[0] == 30
    assert asked.ask(world.who(), call="t1", agent_type="security-auditor").accounts == ()
    config = paths.user_folder(world.environment) / paths.CONFIG
    config.write_text('[groups]\n"security-auditor" = 4\n"gap-hunter" = 1\n', encoding="utf-8")
    assert standing(asked) == (100, 100)  # t1 is one of the group now: as the greatest agent's first answer was
    assert asked.pressure_share(world.who(agent="a3", kind="security-auditor")) == 100 / 1050
    world.respond(900, agent="a1", kind="shop:Security-Auditor")
    assert not asked.ask(world.who(), call="t2", agent_type="security-auditor").is_allowed
    assert asked.ask(world.who(), call="t3", agent_type="gap-hunter").is_allowed


def test_what_the_client_counted_beyond_its_responses_counts_once(world: World) -> None:
    """A compaction of 500 is in the session's total of 700 alone; one response of it comes later, from its agent."""
    world.add(budget(10_000))
    asked = world.purse()
    world.respond(150, prompt=0)
    world.total("s1", 700)
    asked.check(world.who())
    assert standing(asked)[0] == 150
    assert asked.step()
    assert standing(asked)[0] == 700
    world.respond(50, agent="a1", at=NOON - 1, prompt=0)
    asked.check(world.who())
    world.later(budget_books.BEYOND_S)
    assert asked.step()
    assert standing(asked)[0] == 700
    assert asked.step()
    world.respond(1)
    asked.check(world.who())
    assert standing(asked)[0] == 701
    fresh = world.purse()
    assert fresh.step()
    assert standing(fresh)[0] == 701


def test_two_daemons_see_each_other_s_reservations(world: World) -> None:
    world.add(budget(1500))
    one, other = world.purse(), world.purse()
    assert one.ask(world.who("s1")).is_allowed
    assert not other.ask(world.who("s2")).is_allowed
    one.session_ended("s1")
    assert other.ask(world.who("s2")).is_allowed


def test_a_minimum_is_kept_for_the_agents_that_it_is_for(world: World) -> None:
    world.add(budget(2500), budget(2500, scope=Scope(agent_type="Explore"), minimum=1600))
    asked = world.purse()
    refused = asked.ask(world.who())
    assert not refused.is_allowed
    assert refused.account is not None
    assert (refused.account.kept, refused.account.left) == (1600, 900)
    assert asked.ask(world.who(), call="t1", agent_type="Explore").is_allowed


# Others change budgets


def changed(world: World, **fields: object) -> None:
    with world.ledger() as store:
        store.change(1, "change", lambda b: b._replace(**fields), ME, words)  # type: ignore[arg-type]


def test_what_the_command_line_changes_holds_at_once(world: World) -> None:
    world.add(budget(500))
    asked = world.purse()

    def allowed() -> bool:
        verdict = asked.ask(world.who("new"))
        asked.session_ended("new")
        return verdict.is_allowed

    assert not allowed()
    changed(world, limit=1500)
    assert allowed()
    changed(world, limit=500)
    assert not allowed()
    changed(world, state=State.PAUSED, paused_until=NOON + 60)
    assert allowed()
    world.later(60)
    assert not allowed()
    changed(world, mode=Mode.WARN)
    assert allowed()
    changed(world, mode=Mode.STOP, state=State.PAUSED, paused_until=None)
    assert allowed()
    changed(world, state=State.CLOSED)
    assert not asked.is_on()


def test_a_budget_that_is_made_while_the_daemon_runs_counts_what_was_before(world: World) -> None:
    world.add(budget(10_000))
    asked = world.purse()
    world.respond(300, at=NOON - 20 * 86_400)
    world.respond(400)
    asked.check(world.who())
    world.add(budget(10_000, span=Span.MONTH))
    assert [a.used for a in asked.accounts(None)] == [400, 700]


def test_a_file_s_budgets_are_taken_and_given_back(world: World) -> None:
    asked = world.purse()
    asked.adopt("/c.toml", [])
    assert not paths.user_folder(world.environment).exists()
    asked.adopt("/c.toml", [budget(7)])
    assert asked.is_on()
    assert paths.budgets_flag(world.environment).exists()
    asked.adopt("/c.toml", [])
    assert not asked.is_on()
    assert not paths.budgets_flag(world.environment).exists()


def test_a_thing_is_told_once_of_each_account(world: World) -> None:
    world.add(budget(10, span=Span.DAY), budget(10, span=Span.ROLLING))
    asked = world.purse()
    day, rolling = asked.accounts(None)
    assert [asked.tell(a, "user", "most") for a in (day, day, rolling, rolling)] == [True, False, True, False]
    world.later(18_000)
    assert [asked.tell(a, "user", "most") for a in (day, rolling)] == [False, False]
    world.later(1)
    assert [asked.tell(a, "user", "most") for a in (day, rolling)] == [False, True]


def test_pressure_is_the_greatest_share_of_what_stops(world: World) -> None:
    world.respond(100)
    world.add(budget(1000), budget(400), budget(110, mode=Mode.WARN), budget(100, scope=Scope(project="/other")))
    asked = world.purse()
    asked.check(world.who())
    assert asked.pressure_share(world.who()) == 0.25


# Requests that were not answered


def test_esc_and_another_prompt_replace_what_was_reserved(world: World) -> None:
    world.add(budget(10_000))
    asked = world.purse()
    asked.prompted(world.who(prompt="p1"))
    asked.ask(world.who(prompt="p1"))
    world.later(5)
    asked.prompted(world.who(prompt="p2"))
    asked.ask(world.who(prompt="p2"))
    assert standing(asked) == (0, 1000)
    assert asked.doubts() == []


def test_a_prompt_that_is_refused_while_a_request_is_under_way_leaves_its_reservation(world: World) -> None:
    world.add(budget(1500))
    asked = world.purse()
    asked.prompted(world.who(prompt="p1"))
    asked.ask(world.who(prompt="p1"))
    changed(world, limit=900)
    world.later(5)
    asked.prompted(world.who(prompt="p2"))
    assert not asked.ask(world.who(prompt="p2")).is_allowed
    assert standing(asked) == (0, 1000)


def test_a_prompt_that_is_refused_in_a_turn_is_no_end_of_its_request(world: World) -> None:
    """The turn's events have the refused prompt's id from then on: its response came, whether it can be read or not."""
    world.add(budget(1500))
    asked = world.purse()
    asked.prompted(world.who(prompt="p1"))
    asked.ask(world.who(prompt="p1"))
    changed(world, limit=900)
    world.later(5)
    asked.prompted(world.who(prompt="p2"))
    assert not asked.ask(world.who(prompt="p2")).is_allowed
    changed(world, limit=10_000)
    assert asked.ask(world.who(prompt="p2")).is_allowed  # after the tools
    assert standing(asked) == (1000, 1000)


def test_a_notice_of_an_agent_between_two_requests_is_no_boundary(world: World) -> None:
    """It has a prompt id of its own and was not announced; the request that is about to be sent was not answered."""
    world.add(budget(10_000))
    asked = world.purse()
    asked.prompted(world.who(prompt="p1"))
    asked.ask(world.who(prompt="p1"))
    asked.ask(world.who(prompt="notice"))
    assert standing(asked) == (0, 1000)
    world.later(5)
    world.respond(300)
    asked.ask(world.who(prompt="notice"))
    assert standing(asked)[0] == 300


def test_a_client_that_is_gone_gives_back_what_it_did_not_use(world: World) -> None:
    """Also where it wrote its response last and the daemon, a new one, never read its session."""
    world.add(budget(10_000))
    world.purse().ask(world.who("gone", pid=9))
    world.purse().ask(world.who("lives", pid=8))
    world.dead.add(9)
    world.later(1)
    world.respond(250, "gone")
    asked = world.purse()
    asked.check(world.who("other"))
    assert [r.charge.key for r in world.reservations()] == ["lives/"]
    assert standing(asked) == (250, 1000)


def test_many_clients_that_are_gone_hold_up_no_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash of the machine each one's long history is read for READ_S: the event's hook gives up before."""
    world.add(budget(10_000))
    asked = world.purse()
    for pid in range(1, 9):
        asked.ask(world.who(f"s{pid}", pid=pid))
        world.respond(10, f"s{pid}")
    world.dead |= set(range(1, 9))
    clock = [0.0]

    def read(book: Bookkeeping, path: Path) -> bool:
        clock[0] += 0.01
        return False

    monkeypatch.setattr(Bookkeeping, "read", read)
    monkeypatch.setattr("trimtab.handlers.budget_books.time.monotonic", lambda: clock[0])
    asked.check(world.who("new"))
    assert clock[0] < 2 * budget_books.READ_S + 8 * 0.02
    assert len(world.reservations()) == 8  # none is given back before what its client wrote is read


def test_a_client_that_is_started_again_goes_on_with_its_session(world: World) -> None:
    world.add(budget(10_000))
    asked = world.purse()
    asked.ask(world.who(pid=9))
    asked.ask(world.who(pid=9), call="t1", agent_type="Plan")
    world.dead.add(9)
    world.later(30)
    asked.prompted(world.who(prompt="p2", pid=10))
    assert asked.ask(world.who(prompt="p2", pid=10)).is_allowed
    assert [(r.charge.key, r.pid) for r in world.reservations()] == [("s1/", 10)]


@pytest.mark.parametrize(("pid", "most_s"), [(0, 900.0), (7, 3600.0)])
def test_no_reservation_is_kept_for_ever(world: World, pid: int, most_s: float) -> None:
    world.add(budget(10_000))
    asked = world.purse()
    asked.ask(world.who(pid=pid))
    world.later(most_s)
    asked.check(world.who("other"))
    assert len(world.reservations()) == 1
    world.later(1)
    asked.check(world.who("other"))
    assert world.reservations() == []


@pytest.mark.parametrize(("limit", "pauses"), [(1500, 3), (3000, 0)])
def test_a_response_is_waited_for_where_a_refusal_depends_on_it(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int, pauses: int
) -> None:
    """The client writes it up to a tenth of a second after the event; a user far from the limit never waits."""
    monkeypatch.setattr(purse, "WAIT_S", 60.0)
    world.add(budget(limit))
    asked = world.purse()
    asked.ask(world.who())
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            world.respond(300, at=NOON + 4)

    monkeypatch.setattr("trimtab.handlers.purse.time.sleep", sleep)
    world.later(5)
    assert asked.ask(world.who()).is_allowed
    assert (len(slept), asked.doubts()) == (pauses, [])


def test_what_will_not_come_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal holds up all sessions: so many that some are not answered in time, and send what does not fit."""
    slept: list[float] = []
    monkeypatch.setattr("trimtab.handlers.purse.time.sleep", slept.append)
    monkeypatch.setattr(purse, "WAIT_S", 0.05)
    world.add(budget(1500))
    asked = world.purse()
    asked.prompted(world.who(prompt="p1"))
    asked.ask(world.who(prompt="p1"))
    changed(world, limit=900)
    world.later(5)
    asked.prompted(world.who(prompt="p2"))  # after Esc
    assert not asked.ask(world.who(prompt="p2")).is_allowed
    changed(world, limit=2500)
    assert asked.ask(world.who(prompt="p2")).is_allowed  # the client wrote nothing of the last one
    assert not asked.ask(world.who(prompt="p2")).is_allowed
    assert slept == []


def test_a_compaction_counts_until_the_client_tells_its_total(world: World) -> None:
    """The client writes no line of its request, so it would be missing until the session's end."""
    world.add(budget(10_000))
    asked = world.purse()
    asked.ask(world.who())
    world.later(5)
    world.respond(300)
    world.later(5)
    assert asked.compacting(world.who()).is_allowed
    world.later(5)
    asked.ask(world.who())
    assert standing(asked)[0] == 300 + 4_000
    world.later(5)
    world.respond(50)
    world.later(5)
    asked.ask(world.who())
    assert standing(asked)[0] == 350 + 4_000


def test_a_client_that_stops_writing_has_spent_what_was_expected(world: World) -> None:
    """Told once; more boundaries add to it. The next response that is written puts an end to it."""
    world.add(budget(3500))
    asked = world.purse()
    for _ in range(3):
        assert asked.ask(world.who()).is_allowed
        world.later(5)
    assert standing(asked) == (2000, 1000)
    assert not asked.ask(world.who()).is_allowed
    assert standing(asked) == (3000, 0)
    (doubt,) = asked.doubts()
    assert "writes no usage of session s1" in doubt
    assert asked.doubts() == []
    world.respond(40)
    assert asked.ask(world.who()).is_allowed
    assert standing(asked) == (40, 40)


def test_agents_that_ask_at_once_are_no_client_that_stopped_writing(world: World) -> None:
    """Each one's last response comes a moment after it asked: three of them are no delay of one."""
    world.add(budget(100_000))
    asked = world.purse()
    agents = [world.who(agent=f"a{number}", kind="Explore") for number in range(4)]
    for agent in agents:
        asked.started(agent)
    world.later(5)
    for agent in agents:
        assert asked.ask(agent).is_allowed
    assert asked.doubts() == []


def test_the_client_s_total_puts_an_end_to_what_was_assumed(world: World) -> None:
    world.add(budget(10_000))
    asked = world.purse()
    world.respond(10, prompt=0)
    world.later(5)
    asked.ask(world.who())
    world.later(5)
    asked.ended(world.who())
    assert standing(asked) == (10 + 10, 0)
    world.later(5)
    world.total("s1", 90)
    asked.check(world.who())
    assert asked.step()
    asked.check(world.who())
    assert standing(asked) == (90, 0)
    assert world.reservations() == []


def test_a_history_that_is_too_long_to_be_read_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not read yet is not guessed away: what was expected of the last request counts until it is."""
    world.add(budget(10_000))
    asked = world.purse()
    for _ in range(20):
        world.respond(10)
    world.later(1)
    asked.ask(world.who())
    for _ in range(20):
        world.respond(10)
    world.later(5)
    world.respond(30)
    with monkeypatch.context() as patched:
        patched.setattr("trimtab.handlers.bookkeeping.STEP_BYTES", 1)
        patched.setattr("trimtab.transcript.scan.BLOCK_BYTES", 400)
        patched.setattr(budget_books, "READ_S", 0.0)
        asked.ended(world.who())
        (doubt,) = asked.doubts()
        assert "more history than can be read" in doubt
        used, reserved = standing(asked)
        assert (200 < used < 410, reserved) == (True, 0)
    asked.check(world.who())
    assert standing(asked) == (430, 0)


def test_an_agent_that_was_not_let_run_leaves_nothing(world: World) -> None:
    world.add(budget(10_000))
    asked = world.purse()
    asked.ask(world.who(), call="t1", agent_type="Plan")
    asked.ask(world.who(), call="t2", agent_type="Explore")
    asked.started(world.who(agent="a2", kind="Explore"))
    world.later(1)
    asked.ask(world.who())
    assert [r.charge.key for r in world.reservations()] == ["s1/a2", "s1/"]


def test_the_first_agents_of_a_user_are_what_the_next_are_expected_by(world: World) -> None:
    """What was looked at before there were any holds for ten minutes: a guess refuses agents that would fit."""
    world.add(budget(10_000))
    asked = world.purse()
    call = asked.ask(world.who(), call="t1", agent_type="Explore")
    assert call.expected.output == 1000  # a guess
    asked.started(world.who(agent="a1", kind="Explore"))
    world.later(5)
    world.respond(70, agent="a1", kind="Explore")
    asked.ended(world.who(agent="a1", kind="Explore"))
    assert asked.ask(world.who(), call="t2", agent_type="Explore").expected.output == 70


def test_an_agent_s_calls_end_with_its_own_next_request(world: World) -> None:
    """What an agent is about to start is given away by a notice to the main conversation; or kept for an hour."""
    world.add(budget(10_000))
    asked = world.purse()
    asked.started(world.who(agent="a1", kind="Plan"))
    asked.ask(world.who(agent="a1", kind="Plan"), call="t1", agent_type="Explore")
    asked.ask(world.who(prompt="notice"))
    assert {r.charge.agent for r in world.reservations()} == {"a1", "call:t1 of a1", ""}
    world.later(5)
    world.respond(100, agent="a1")
    asked.ask(world.who(agent="a1", kind="Plan"))
    assert {r.charge.agent for r in world.reservations()} == {"a1", ""}
    asked.ask(world.who(agent="a1", kind="Plan"), call="t2", agent_type="Explore")
    asked.withdraw(world.who(agent="a1", kind="Plan"), "t2")
    assert {r.charge.agent for r in world.reservations()} == {"a1", ""}


def test_an_agent_that_nobody_asked_for_is_reserved_all_the_same(world: World) -> None:
    world.add(budget(10_000))
    asked = world.purse()
    asked.started(world.who(agent="a1", kind="Plan"))
    asked.started(world.who(agent="a1", kind="Plan"))
    assert standing(asked) == (0, 1000)


# What is wrong


def test_a_model_without_a_price_is_told(world: World) -> None:
    """1,000 written at 18.75 and 100 at 75 USD a million, the dearest: 26,250 millionths."""
    world.add(budget(10**6, Measure.USD))
    asked = world.purse()
    world.respond(100, model="gpt-9")
    asked.check(world.who())
    assert standing(asked)[0] == 26_250
    assert "no price is known of gpt-9" in "".join(asked.doubts())


def test_the_user_s_own_prices_count_from_the_moment_they_are_written(world: World) -> None:
    world.add(budget(10**6, Measure.USD))
    asked = world.purse()
    world.respond(100, model="house")
    asked.check(world.who())
    config = paths.user_folder(world.environment) / paths.CONFIG
    config.write_text('[[prices]]\nmodel = "house"\ninput = 1.0\noutput = 10.0\n', encoding="utf-8")
    assert standing(asked)[0] == 1250 + 1000


def test_the_usage_book_is_deleted_under_the_daemon(world: World) -> None:
    """What was spent stays spent, and counts once when the transcripts are read again; that is told."""
    world.add(budget(10_000))
    asked = world.purse()
    assert turn(world, asked, 300, 400)
    asked.ended(world.who())
    world.respond(50, "s2")
    asked.check(world.who("s2"))
    delete(files(world)[1])
    world.transcript("s2").unlink()
    asked.check(world.who())
    assert standing(asked)[0] == 750
    world.respond(20)
    asked.check(world.who())
    assert standing(asked)[0] == 770
    assert "the usage book was replaced" in "".join(asked.doubts())


def test_the_usage_book_is_damaged_under_the_daemon(world: World) -> None:
    """The limit holds by what was known, and by what requests were expected to use."""
    world.add(budget(3000))
    asked = world.purse()
    assert turn(world, asked, 900, 900)
    asked.ended(world.who())
    damage(files(world)[1])
    assert turn(world, asked, 900)
    assert not asked.ask(world.who()).is_allowed
    assert standing(asked)[0] == 2700 + 100
    assert "the usage book can't be" in "".join(asked.doubts())


def test_the_ledger_is_deleted_under_the_daemon(world: World) -> None:
    """While the flag is there the budgets are, and what was reserved is; without it the user wanted them gone."""
    world.add(budget(1500))
    asked = world.purse()
    asked.prompted(world.who())
    assert asked.ask(world.who()).is_allowed
    delete(files(world)[0])
    assert not asked.ask(world.who("s2")).is_allowed
    assert [b.limit for b in world.ledger().budgets()] == [1500]
    assert "was replaced by an empty one" in "".join(asked.doubts())
    delete(files(world)[0])
    paths.budgets_flag(world.environment).unlink()
    assert not asked.is_on()


def test_a_flag_that_somebody_took_away_is_there_again(world: World) -> None:
    """Without it the hooks that stop requests do not even start Python: whoever deletes one file lifts all budgets."""
    world.add(budget(1500))
    asked = world.purse()
    assert asked.is_on()
    paths.budgets_flag(world.environment).unlink()
    assert asked.is_on()
    assert paths.budgets_flag(world.environment).exists()


def test_the_ledger_is_put_aside_and_another_made_by_somebody_else(world: World) -> None:
    world.add(budget(1500))
    asked = world.purse()
    asked.ask(world.who())
    delete(files(world)[0])
    world.ledger().close()  # empty: as the monitor makes one
    assert not asked.ask(world.who("s2")).is_allowed
    delete(files(world)[0])
    (made,) = world.add(budget(9000))  # a backup: it has budgets of its own
    assert [a.budget for a in asked.accounts(None)] == [made]


def test_the_ledger_is_damaged_under_the_daemon(world: World) -> None:
    world.add(budget(1500))
    asked = world.purse()
    assert asked.ask(world.who()).is_allowed
    damage(files(world)[0])
    assert asked.is_on()
    assert not asked.ask(world.who("s2")).is_allowed
    asked.session_ended("s1")
    assert asked.ask(world.who("s2")).is_allowed
    (doubt,) = asked.doubts()
    assert "stay in force as they were last read" in doubt
    assert files(world)[0].read_bytes().startswith(b"no database")
    delete(files(world)[0])
    world.add(budget(200))
    assert not asked.ask(world.who("s3")).is_allowed


def test_a_ledger_that_nobody_has_read_has_no_budgets_and_that_is_told(world: World) -> None:
    """But not to a user who never set one."""
    world.add(budget(1500))
    damage(files(world)[0])
    asked = world.purse()
    assert not asked.is_on()
    assert asked.step()
    assert "none is in force" in "".join(asked.doubts())
    paths.budgets_flag(world.environment).unlink()
    other = world.purse()
    assert not other.is_on()
    assert other.doubts() == []


def test_a_ledger_that_another_holds_is_waited_for_and_then_there_is_no_opinion(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.handlers.budget_ledger.LOCKED_MS", 20)
    world.add(budget(1500))
    asked = world.purse()
    assert asked.is_on()
    with closing(sqlite3.connect(files(world)[0], isolation_level=None)) as db:
        db.execute("begin immediate")
        with pytest.raises(BusyError):
            asked.ask(world.who())
    assert asked.ask(world.who()).is_allowed


def test_a_clock_that_is_set_back_counts_what_was_there(world: World) -> None:
    """A day back: yesterday's budget has today's spending too. What was reserved is answered by the new time."""
    world.add(budget(5000, span=Span.DAY))
    asked = world.purse()
    assert turn(world, asked, 300)
    asked.ask(world.who())
    world.now -= 86_400
    assert [(a.key, a.used) for a in asked.accounts(None)] == [("2026-11-29", 300)]
    asked.check(world.who("other"))
    world.later(5)
    world.respond(400)
    asked.ask(world.who())
    assert standing(asked)[0] == 700
    assert "the clock was set back by 24.0 hours" in "".join(asked.doubts())


def test_a_clock_that_is_set_forward_is_told_and_a_machine_that_slept_is_not(world: World) -> None:
    world.add(budget(5000))
    asked = world.purse()
    asked.accounts(None)
    world.later(30 * 3600)
    asked.accounts(None)
    world.now += 3599
    asked.accounts(None)
    assert asked.doubts() == []
    world.now += 3600
    asked.accounts(None)
    assert "forward by 1.0 hours" in "".join(asked.doubts())


def test_a_zone_that_this_machine_does_not_know_is_told(world: World) -> None:
    world.add(budget(5000, period=Period(Span.DAY, 0.0, "Mars/Olympus")), budget(100))
    asked = world.purse()
    assert [a.budget.limit for a in asked.accounts(None)] == [100]
    assert "Mars/Olympus" in "".join(asked.doubts())


def slice_finely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look takes in ten responses."""
    monkeypatch.setattr(tallies, "PAGE", 10)
    for name in ("LOAD_S", "LOCKED_S", "STEP_S"):
        monkeypatch.setattr(budget_books, name, -1.0)
    monkeypatch.setattr(purse, "LOAD_S", -1.0)
    monkeypatch.setattr(purse, "LOCKED_S", -1.0)


def test_a_long_history_is_added_up_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event meanwhile goes by what was read until then, and the user is told; afterwards all of it counts."""
    slice_finely(monkeypatch)
    for _ in range(95):
        world.respond(10)
    world.add(budget(900))
    world.purse().check(world.who())
    asked = world.purse()
    verdict = asked.check(world.who())
    assert verdict.is_allowed
    assert 0 < verdict.accounts[0].used < 950
    assert "still being added up" in "".join(asked.doubts())
    assert [asked.step() for _ in range(12)].count(False) > 3
    assert standing(asked)[0] == 950
    assert not asked.check(world.who()).is_allowed


def used_before_and_after(world: World, asked: Purse) -> tuple[int, int]:
    """What a new daemon knows as used with the first event, and when all of the history was read."""
    first = asked.check(world.who()).accounts[0].used
    while not asked.step():
        pass
    return first, asked.check(world.who()).accounts[0].used


@pytest.mark.parametrize(
    ("span", "is_known"), [(Span.MONTH, True), (Span.DAY, True), (Span.ONCE, True), (Span.ROLLING, False)]
)
def test_a_new_daemon_holds_a_limit_before_it_has_read_the_history(
    world: World, monkeypatch: pytest.MonkeyPatch, span: Span, is_known: bool
) -> None:
    """In the first seconds after a start a limit is passed that was reached long ago."""
    slice_finely(monkeypatch)
    for number in range(95):
        world.respond(10, at=NOON - 90 + number / 10)
    world.add(budget(900, span=span))
    assert used_before_and_after(world, world.purse())[1] == 950
    asked = world.purse()
    assert asked.check(world.who()).is_allowed is not is_known
    assert bool(asked.doubts()) is not is_known  # the user is told where it may pass


def test_what_was_written_down_holds_for_its_period_until_the_history_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sum of last month stops this one, or one that is too large (prices were changed) stops for good."""
    slice_finely(monkeypatch)
    for number in range(95):
        world.respond(10, at=NOON - 90 + number / 10)
    world.add(budget(9_000, span=Span.MONTH))
    assert used_before_and_after(world, world.purse())[1] == 950
    with world.ledger() as store:
        (kept,) = store.sums()
        assert (kept.used, kept.until) == (950, NOON + 12 * 3600)  # the month ends at midnight
        store.keep_sums([kept._replace(used=8_500)])
    asked = world.purse()
    assert used_before_and_after(world, asked) == (8_500, 950)
    with world.ledger() as store:
        store.keep_sums([kept._replace(used=8_500, until=NOON - 1)])
    first, last = used_before_and_after(world, world.purse())
    assert first < last == 950


def test_the_place_that_a_budget_is_about_is_the_book_s(world: World) -> None:
    """The client was started in a folder of the project: what it asks for and what came are in one account."""
    world.add(budget(5000, scope=Scope(project=PROJECT)), budget(5000, scope=Scope(project="/elsewhere")))
    asked = world.purse()
    world.respond(300)
    verdict = asked.ask(world.who()._replace(project="/elsewhere"))
    assert [(a.budget.scope.project, a.used) for a in verdict.accounts] == [(PROJECT, 300)]


def test_a_new_daemon_knows_all_of_the_sessions_that_are_current(world: World) -> None:
    """Two days long; a session that was silent for more than five hours has no account any more."""
    for at in (NOON - 2 * 86_400, NOON - 4 * 3600):
        world.respond(100, at=at)
    world.respond(70, "s2", at=NOON - 5 * 3600 - 1)
    world.add(budget(10_000, span=Span.SESSION))
    first = world.purse()
    first.check(world.who("s1"))
    first.check(world.who("s2"))
    assert [(a.key, a.used) for a in world.purse().accounts(None)] == [("s1", 200)]


def test_an_agent_is_what_its_events_say_where_the_book_does_not_know(world: World) -> None:
    """And what the book learns later holds then: here that it is a Plan agent."""
    explore, plan = Scope(agent_type="Explore"), Scope(agent_type="Plan")
    world.add(budget(10_000, scope=explore), budget(10_000, scope=plan))
    asked = world.purse()
    world.respond(100, agent="a1")
    asked.check(world.who(agent="a1", kind="Explore"))
    assert [a.used for a in asked.accounts(None)] == [100, 0]
    world.later(1)
    with world.book() as book:
        row = FileRow("/f", 1, 1, 1, 1, 1, b"", b"", 0.0)
        book.add([News(row, True, [], [], [], [], {("s1", "a1"): "Plan"}, [])])
    assert asked.step()
    assert [a.used for a in asked.accounts(None)] == [0, 100]
