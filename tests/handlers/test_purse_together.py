"""Eight sessions with agents under one budget, in any order, with crashes: the limit holds, and the books balance.

The bound, at any moment: what the transcripts have + what is reserved <= the limit + the sum, over the requests that
were under way when the last one was allowed, of what each used beyond its reservation. One that went out while the
daemon was killed, so that nobody allowed it, counts whole.
"""

import os
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.handlers.spending import World, budget

from trimtab.errors import BusyError
from trimtab.handlers import purse as purse_module
from trimtab.handlers.asking import Verdict, Who
from trimtab.handlers.budget_ledger import BudgetLedger
from trimtab.handlers.purse import Purse
from trimtab.store.budgets import Turn
from trimtab.store.spent import Spent

RUNS = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 60
STEPS = 90
LIMIT = 20_000


class Killed(BaseException):
    """The daemon's process ended here."""


class Fuse:
    """Kills the daemon at the n-th of the places where it reads or writes; 0: never."""

    def __init__(self) -> None:
        self.left = 0

    def burn(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                raise Killed

    def around(self, function: Callable[..., object]) -> Callable[..., object]:
        def burning(*args: object, **more: object) -> object:
            self.burn()
            found = function(*args, **more)
            self.burn()
            return found

        return burning


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the budget and empty books, to be copied."""
    world = World(tmp_path_factory.mktemp("ready"))
    world.add(budget(LIMIT))
    world.book().close()
    return world.home


@pytest.fixture
def fuse(monkeypatch: pytest.MonkeyPatch) -> Fuse:
    made = Fuse()
    for owner, name in ((Turn, "reservations"), (Turn, "reserve"), (Turn, "release"), (Turn, "add_prompt")):
        monkeypatch.setattr(owner, name, made.around(getattr(owner, name)))
    monkeypatch.setattr(Spent, "after", made.around(Spent.after))
    monkeypatch.setattr(BudgetLedger, "decide", made.around(BudgetLedger.decide))
    monkeypatch.setattr(purse_module, "WAIT_S", 0.0)
    return made


class Sent:
    """A request that went out: what it will use, what was reserved for it, and its key once it is written down."""

    def __init__(self, actual: int, reserved: int, was_asked: bool = True) -> None:
        self.actual, self.reserved, self.was_asked, self.key = actual, reserved, was_asked, ""

    @property
    def beyond(self) -> int:
        """By how much it can go over a limit: all of it where it went out while nobody answered."""
        return max(0, self.actual - self.reserved) if self.was_asked else max(self.actual, self.reserved)


class Talk:
    """One conversation. What came of it may not be written down yet."""

    def __init__(self, who: Who) -> None:
        self.who = who
        self.state = "idle"  # idle, sent, came (answered, its tools run), over
        self.sent = Sent(0, 0)
        self.came_at: float | None = None


class Play:
    """A random run of eight sessions against two daemons that overlap."""

    def __init__(self, world: World, chance: random.Random, fuse: Fuse) -> None:
        self.world, self.chance, self.fuse = world, chance, fuse
        self.purses = [world.purse(), world.purse()]
        self.book, self.ledger = world.book(), world.ledger()
        self.talks = [Talk(world.who(f"s{n}", pid=100 + n)) for n in range(8)]
        self.written: list[Sent] = []
        self.base: list[Sent] = []  # what the book did not have when the last request was allowed
        self.agents = self.worst = self.bound = self.grants = self.refusals = self.kills = 0

    def call(self, do: Callable[[Purse], object]) -> object:
        """A daemon answers, or is killed while it does; None then."""
        number = self.chance.randrange(2)
        self.fuse.left = self.chance.randrange(1, 30) if self.chance.random() < 0.05 else 0
        try:
            return do(self.purses[number])
        except Killed:
            self.kills += 1
            self.purses[number].close()
            self.purses[number] = self.world.purse()
            return None
        finally:
            self.fuse.left = 0

    def step(self) -> None:
        self.world.later(self.chance.choice((0.01, 0.5, 3.0, 20.0)))
        alive = [talk for talk in self.talks if talk.state != "over"]
        talk = self.chance.choice(alive)
        if self.chance.random() < 0.015:
            self.die(talk)
        elif talk.state == "idle":
            self.prompt(talk)
        elif talk.state == "sent":
            self.under_way(talk)
        else:
            self.boundary(talk)
        self.check()

    def prompt(self, talk: Talk) -> None:
        self.write(talk)
        talk.who = talk.who._replace(prompt=f"p{self.chance.random()}")
        self.call(lambda purse: purse.prompted(talk.who))
        self.ask(talk)

    def under_way(self, talk: Talk) -> None:
        chance = self.chance.random()
        if chance < 0.05 and not talk.who.agent:  # Esc: it is not answered
            talk.state = "idle"
        elif chance < 0.1 and not talk.who.agent:  # a prompt is typed meanwhile: it goes out with the next request
            sent = talk.sent
            self.prompt(talk)
            sent.reserved = self.reserved(talk)
            self.base = [one for one in self.base if one not in (sent, talk.sent)] + [sent]
            talk.state, talk.sent = "sent", sent
        else:
            talk.state, talk.came_at = "came", self.world.now
            if self.chance.random() < 0.8:
                self.write(talk)

    def boundary(self, talk: Talk) -> None:
        chance = self.chance.random()
        if chance < 0.7:
            self.ask(talk)
        elif chance < 0.85 and not talk.who.agent and self.agents < 12:
            self.spawn(talk)
        else:
            self.call(lambda purse: purse.ended(talk.who))
            self.write(talk)
            talk.state = "over" if talk.who.agent else "idle"

    def ask(self, talk: Talk) -> None:
        came, at = talk.sent, talk.came_at
        self.answered(talk, self.call(lambda purse: purse.ask(talk.who)))
        if at is not None:  # the client writes it too late
            self.write_down(talk, came, at)
            talk.came_at = None

    def spawn(self, talk: Talk) -> None:
        self.agents += 1
        call, kind = f"t{self.agents}", self.chance.choice(("Explore", "Plan"))
        agent = Talk(talk.who._replace(agent=f"a{self.agents}", agent_type=kind))
        self.answered(
            agent, self.call(lambda purse: purse.ask(talk.who, call, kind)), f"{talk.who.session}/call:{call}"
        )
        if agent.state == "sent" and self.chance.random() < 0.9:  # else the user does not let it run
            self.call(lambda purse: purse.started(agent.who))
            agent.sent.reserved = self.reserved(agent)
            self.talks.append(agent)
        else:
            self.base = [sent for sent in self.base if sent is not agent.sent]

    def answered(self, talk: Talk, verdict: object, key: str = "") -> None:
        """A request goes out where it was allowed, and where nobody answered."""
        assert verdict is None or isinstance(verdict, Verdict)
        if verdict is not None and not verdict.is_allowed:
            self.refusals += 1
            talk.state = "over" if talk.who.agent else "idle"
            return
        actual = max(1, int(self.chance.lognormvariate(6.5, 0.8)))
        sent = Sent(actual, 0 if verdict is None else self.reserved(talk, key), verdict is not None)
        if verdict is not None:
            self.grants += 1
            known = {request.message_id for request in self.book.requests()}
            open_ones = [t.sent for t in self.talks if t is not talk and (t.state == "sent" or t.came_at is not None)]
            late = [talk.sent] if talk.came_at is not None else []
            self.base = [*open_ones, *late, *(one for one in self.written if one.key not in known)]
        self.base.append(sent)
        talk.state, talk.sent, talk.came_at = "sent", sent, None

    def reserved(self, talk: Talk, key: str = "") -> int:
        return next((r.charge.output for r in self.ledger.reservations() if r.charge.key == (key or talk.who.key)), 0)

    def write(self, talk: Talk) -> None:
        if talk.came_at is not None:
            self.write_down(talk, talk.sent, talk.came_at)
            talk.came_at = None

    def write_down(self, talk: Talk, sent: Sent, at: float) -> None:
        who = talk.who
        kind = who.agent_type if who.agent else ""
        sent.key = self.world.respond(sent.actual, who.session, who.agent, at=at, kind=kind)
        self.written.append(sent)

    def die(self, talk: Talk) -> None:
        """The client of a session is gone, with what it had under way; it is started again as another process."""
        session, pid = talk.who.session, talk.who.pid
        self.world.dead.add(pid)
        for each in self.talks:
            if each.who.session == session:
                self.write(each)
                each.state = "over" if each.who.agent else "idle"
                each.who = each.who._replace(pid=pid + 1000)

    def check(self) -> None:
        """The bound, by what either daemon knows."""
        bound = sum(sent.beyond for sent in self.base)
        for purse in self.purses:
            (account,) = purse.accounts(None)
            over = account.used + account.reserved - LIMIT
            assert over <= bound
            self.worst = max(self.worst, over)
        self.bound = max(self.bound, bound)

    def end(self) -> int:
        """All end; nothing is left behind, and what was spent is exactly what was written down. That sum."""
        for talk in self.talks:
            self.write(talk)
        fresh = self.world.purse()
        for session in range(8):
            self.purses[session % 2].session_ended(f"s{session}")
            fresh.check(self.world.who(f"s{session}", pid=1))  # reads its transcripts
        fresh.check(self.world.who("another", pid=1))
        assert self.world.reservations() == []
        total = sum(sent.actual for sent in self.written)
        for purse in (fresh, *self.purses):
            (account,) = purse.accounts(None)
            assert (account.used, account.reserved) == (total, 0)
            purse.close()
        self.book.close()
        self.ledger.close()
        return total


@pytest.fixture
def copies(ready: Path, tmp_path: Path) -> Callable[[int], World]:
    def copy(number: int) -> World:
        home = tmp_path / f"run{number}"
        shutil.copytree(ready, home)
        return World(home)

    return copy


def test_the_limit_holds_in_any_order_and_whoever_is_killed(copies: Callable[[int], World], fuse: Fuse) -> None:
    worst = bound = most = kills = grants = refusals = 0
    for number in range(RUNS):
        world = copies(number)
        play = Play(world, random.Random(number), fuse)
        for _ in range(STEPS):
            play.step()
        most = max(most, play.end())
        worst, bound = max(worst, play.worst), max(bound, play.bound)
        kills, grants, refusals = kills + play.kills, grants + play.grants, refusals + play.refusals
        shutil.rmtree(world.home)
    print(
        f"{RUNS} runs, {grants} requests allowed, {refusals} refused, {kills} daemons killed: at most {worst} over the"
    )
    print(f"limit of {LIMIT}, where the bound was {bound} at most; {most} spent at most")
    assert min(kills, grants, refusals, worst) > 0  # the runs have what they are about


def test_two_daemons_at_the_same_time_spend_a_limit_and_no_more(copies: Callable[[int], World]) -> None:
    """Each asks for four sessions as fast as it can; all use just what was reserved, so nothing may be over."""
    world, lock, spent = copies(0), threading.Lock(), [0, 0]
    both = threading.Barrier(2, timeout=60)

    def run(number: int) -> None:
        asked = world.purse()
        talks = [world.who(f"s{number}{session}") for session in range(4)]
        while talks:
            who = talks.pop(0)
            try:
                verdict = asked.ask(who)
            except BusyError:  # the other one has held the ledger for long, as on a busy machine
                talks.append(who)
                continue
            if verdict.is_allowed:
                if not spent[number]:
                    both.wait()  # neither is done before the other begins
                with lock:
                    world.later(1)
                    world.respond(verdict.expected.output, who.session)
                    world.later(1)
                spent[number] += verdict.expected.output
                talks.append(who)
        asked.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(spent) > 0
    assert LIMIT - 1000 < sum(spent) <= LIMIT  # the first request is guessed to answer 1,000
