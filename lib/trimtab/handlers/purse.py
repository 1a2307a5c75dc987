"""May the next request be sent? The daemon's answer, by what was spent and what is kept for requests under way.

Each decision is one transaction on the user's ledger, so that all sessions, and all daemons, take turns: it brings the
tallies up to date, ends reservations that are over, and reserves the next request or refuses it.

A conversation has one reservation at most. It ends when its response is in the usage book and the conversation is at a
boundary (its tools have run, it has stopped) or some seconds have passed; until then what came of it is spent and the
rest stays reserved. Where the response must have come and the book has none, what was reserved counts as spent
(`gate.assumed`) until a later response of the conversation, or the client's total of the session, is known. At a prompt
of the user nobody can tell whether the last request was aborted (Esc) or is still under way: the next one's reservation
takes the place of its own; if that is refused, it stays. A reservation is returned where the client's process is gone
and what it wrote has been read, at the session's end, and after `gate.MOST_S` in any case. Two clients that go on with
one session at the same time are one conversation here.

While the tallies are first read (a month takes seconds, in slices: LOAD_S of an event, more between events by `step`),
an event is answered by what was read until then, the newest first, and by what was written down as used of the period
if that is more. Where nothing was (a new budget, a window that rolls) it may pass a limit, and the user is told.
`doubts` has what the user must be told; whoever holds the purse calls both.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from trimtab.budget import gate
from trimtab.budget.expect import expected
from trimtab.budget.periods import OF_EACH
from trimtab.budget.scopes import MAIN, applies
from trimtab.budget.tally import key_in
from trimtab.budget.terms import Account, Budget, Charge, Reservation, Span
from trimtab.budget.words import say
from trimtab.handlers.asking import Verdict, Who
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.budget_books import LIVE_S, LOAD_S, LOCKED_S, READ_S, Books, steady_s
from trimtab.handlers.budgeting import author as author_of
from trimtab.handlers.processes import is_alive
from trimtab.store.budgets import BudgetStore, Turn
from trimtab.usage.charging import charge_of

WAIT_S, PAUSE_S = 0.15, 0.01  # the longest that a response came after the event was 0.09 s (client 2.1.328)
SUMMARY_TOKENS = 4_000  # chosen: what a compaction's answer is at least


class Purse:
    """All budgets of the user. One thread at a time; every method may raise StoreError: then there is no opinion."""

    def __init__(
        self,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        book: Bookkeeping,
        note: Callable[[str], None],
        alive: Callable[[int], bool | None] = is_alive,
        steady: Callable[[], float] = steady_s,
    ) -> None:
        self._books = Books(environment, clock, book, note, steady)
        self._ledger, self._tallies, self._alive = self._books.ledger, self._books.tallies, alive
        self._gone: set[str] = set()  # sessions whose client is gone, and all that it wrote is in the book
        self._asked: dict[str, str] = {}  # by main conversation, the client's id of the prompt that it last asked for

    # Budgets

    def is_on(self) -> bool:
        """Whether there is any budget that is not closed."""
        self._ledger.refresh()
        return bool(self._ledger.budgets)

    def adopt(self, origin: str, budgets: Sequence[Budget]) -> None:
        """A config file's or the option's budgets replace those of the same origin, as `BudgetStore.adopt` says."""
        if not self.is_on() and not budgets:
            return
        author = author_of(origin, self._books.now())
        self._ledger.use(lambda store: store.adopt(origin, budgets, author, say))
        self._ledger.refresh()

    # Requests

    def prompted(self, who: Who) -> None:
        """A prompt of the user began: whatever the main conversation had under way may have been aborted."""
        if not self.is_on():
            return
        now = self._books.now()

        def do(store: BudgetStore) -> None:
            with store.turn() as turn:
                turn.add_prompt(who.session, who.prompt, now)

        if who.prompt:
            self._ledger.use(do)
            self._ledger.refresh()

    def check(self, who: Who) -> Verdict:
        """A tool is about to run: is any budget used up? Nothing is reserved.

        The response that calls the tool may still be under way: what was reserved for it counts on. Whether the next
        request fits is told by `ask`, when it is known what this one took; here it is only said.
        """
        self._read(who)
        expected = self._expected(who)
        charge = self._place(who, self._books.now())

        def do(store: BudgetStore) -> Verdict:
            with store.turn() as turn:
                return self._verdict(self._current(store, turn, who), charge)._replace(expected=expected)

        return self._ledger.decide(do)

    def ask(self, who: Who, call: str = "", agent_type: str = "") -> Verdict:
        """The conversation's next request, or the first one of an agent that the tool call `call` starts.

        It is reserved if it fits. At the conversation's own next request the last one has been answered: its
        reservation ends, or counts as spent. Before a refusal its response is waited for, WAIT_S at most.
        """
        asker = who._replace(agent=gate.called(call, who.agent), agent_type=agent_type) if call else who
        verdict = self._asked_once(who, asker, self._read(who), is_last=bool(call))
        verdict = verdict or self._asked_once(who, asker, self._read_answer(who), is_last=True)
        assert verdict is not None, "the last time it is answered"
        if not asker.agent:
            self._asked[who.key] = who.prompt
        return verdict

    def _asked_once(self, who: Who, asker: Who, is_read: bool, is_last: bool) -> Verdict | None:
        """The answer; None where it would be no and may be yes when the last response is there."""
        charge = self._expected(asker)

        def do(store: BudgetStore) -> Verdict | None:
            with store.turn() as turn:
                known = self._current(store, turn, who)
                if not is_last and self._is_awaited(who, known) and not self._verdict(known, charge).is_allowed:
                    return None
                before = known if asker != who else self._before(turn, who, known, is_read)
                verdict = self._verdict(before, charge)
                if not verdict.is_allowed:
                    return verdict
                made = Reservation(charge._replace(at=self._books.now()), who.pid)
                turn.reserve(made)
                accounts = self._accounts([*before, made], charge)
                return verdict._replace(account=gate.tightest(accounts), accounts=accounts)

        return self._ledger.decide(do)

    def compacting(self, who: Who) -> Verdict:
        """The conversation is about to be summed up, by a request of which the client writes no line.

        If it fits it counts as spent, as expected, until the client's total of the session has it. A budget of the
        prompt's size refuses none: it is what makes it smaller.
        """
        self._read(who)
        charge = self._expected(who, SUMMARY_TOKENS)._replace(context=0)

        def do(store: BudgetStore) -> Verdict:
            with store.turn() as turn:
                verdict = self._verdict(self._current(store, turn, who), charge)
                if verdict.is_allowed:
                    at = self._books.now()
                    own = f"compaction of {who.agent}"  # no response is of it
                    spent = charge._replace(key=f"{who.session}/{own}{gate.MISSED}{at}", agent=own, at=at)
                    turn.reserve(Reservation(spent, who.pid, True))
                return verdict

        return self._ledger.decide(do)

    def _is_awaited(self, who: Who, known: Sequence[Reservation]) -> bool:
        """Whether the conversation's last request was answered, and its response may be readable in a moment.

        Not where the one before never was: others wait meanwhile, and a client that writes nothing would cost each of
        them WAIT_S.
        """
        own = next((r for r in known if r.charge.key == who.key), None)
        if own is None or self._is_new(who, own) or self._books.missing.get(who[:2]):
            return False
        return self._tallies.tally.came(who[:2], own.charge.at) is None

    def started(self, who: Who) -> None:
        """An agent began: the oldest reservation of a call for its type becomes its own; without one it gets one."""
        if not self.is_on():
            return
        charge = self._expected(who)

        def do(store: BudgetStore) -> None:
            with store.turn() as turn:
                known = turn.reservations()
                if any(r.charge.key == who.key for r in known):
                    return
                for r in known:
                    if gate.is_call(r, who.session) and r.charge.agent_type == who.agent_type:
                        turn.release([r.charge.key])
                        turn.reserve(r._replace(charge=r.charge._replace(key=who.key, agent=who.agent)))
                        return
                turn.reserve(Reservation(charge, who.pid))

        self._ledger.decide(do)

    def ended(self, who: Who) -> None:
        """A conversation has stopped: what it had under way came, and is settled."""
        if not self.is_on():
            return
        is_read = self._read(who)

        def do(store: BudgetStore) -> None:
            with store.turn() as turn:
                self._answered(turn, who, self._current(store, turn, who), is_read)

        self._ledger.decide(do)

    def session_ended(self, session: str) -> None:
        """Nothing of a session is under way any more."""
        self._asked.pop(gate.conversation_key(session, ""), None)
        if not self.is_on():
            return
        self._books.read_session(session)

        def do(store: BudgetStore) -> None:
            with store.turn() as turn:
                found = [r for r in turn.reservations() if r.charge.session == session and not r.is_assumed]
                turn.release([r.charge.key for r in found])

        self._ledger.decide(do)

    def withdraw(self, who: Who, call: str) -> None:
        """The agent that the call was to start is not: nothing is kept for it."""
        key = gate.conversation_key(who.session, gate.called(call, who.agent))
        self._ledger.decide(lambda store: store.release(key))

    # What stands where

    def accounts(self, who: Who | None, most_s: float = LOAD_S) -> list[Account]:
        """The accounts that the conversation's requests count in, or all that are current; `most_s` for what is new."""
        if not self.is_on():
            return []
        self._books.catch_up([who.session] if who else (), most_s)
        known = self._ledger.reservations = self._ledger.decide(lambda store: store.reservations())
        now = self._books.now()
        if who is not None:
            return list(self._accounts(known, self._place(who, now)))
        tally, found = self._tallies.tally, []
        live = [*tally.conversations(now - LIVE_S), *(r.charge for r in known)]
        self._books.catch_up({charge.session for charge in live}, LOAD_S)
        holds = [gate.held(tally, r) for r in known]
        for current in self._books.currents(now):
            keys = [""]
            if current.budget.period.span in OF_EACH:
                inside = [key_in(current.budget, charge) for charge in live if applies(current.budget, charge)]
                keys = list(dict.fromkeys(key for key in inside if key is not None))
            found += [gate.account(tally, current, holds, key) for key in keys]
        return found

    def pressure_share(self, who: Who) -> float:
        """The greatest share that is used of the budgets that stop and that the conversation's requests count in.

        By the book as it is: no transcript is read for it. 0.0 without any.
        """
        if not self.is_on():
            return 0.0
        self._books.catch_up([who.session], LOAD_S)
        now = self._books.now()
        accounts = self._accounts(self._ledger.reservations, self._place(who, now))
        return max((a.share for a in accounts if gate.is_stopping(a.budget, now)), default=0.0)

    @property
    def books(self) -> Books:
        """What decisions go by, for what decides nothing."""
        return self._books

    def tell(self, account: Account, whom: str, what: str) -> bool:
        """Whether this was not said of the account yet, since its budget changed; of a rolling one in one window."""
        now, period = self._books.now(), account.budget.period
        since = now - period.seconds if period.span is Span.ROLLING else 0.0
        return self._ledger.decide(lambda store: store.tell(account.budget.id, account.key, whom, what, now, since))

    def doubts(self) -> list[str]:
        """What the user should know about how sure all this is, each sentence once; the caller shows them."""
        return self._books.doubts()

    def step(self) -> bool:
        """A little of what can wait, for an idle moment; whether that was all."""
        return self._books.step() if self.is_on() else True

    def close(self) -> None:
        self._ledger.close()

    # How

    def _read(self, who: Who) -> bool:
        """Reads what the asking session has written, and what those have whose client is gone; whether all of it is.

        The second so that nothing of a reservation that is returned was spent.
        """
        self._books.transcripts[who.session] = who.transcript
        known = self._ledger.decide(lambda store: store.reservations())
        gone = {r.charge.session for r in known if self._alive(r.pid) is False}
        ends = time.monotonic() + READ_S  # however many they are, an event waits
        self._gone = {session for session in gone if self._books.read_session(session, ends)}
        return self._books.read_session(who.session)

    def _read_answer(self, who: Who) -> bool:
        """Reads the session's transcripts until the conversation's last request is answered there, for a moment.

        The client writes a response within a tenth of a second of its end, which can be after the event. Whether all
        that there is was read.
        """
        known = self._ledger.decide(lambda store: store.reservations())
        own = next((r for r in known if r.charge.key == who.key), None)
        conversation, ends = (who.session, who.agent), time.monotonic() + WAIT_S
        while True:
            is_read = self._read(who)
            if own is None or not is_read or time.monotonic() >= ends:
                return is_read
            self._books.catch_up([who.session], LOCKED_S)
            if self._tallies.tally.came(conversation, own.charge.at) is not None:
                return True
            time.sleep(PAUSE_S)

    def _current(self, store: BudgetStore, turn: Turn, who: Who) -> list[Reservation]:
        """The reservations that are not over, the tallies brought up to date before: nobody else decides meanwhile."""
        self._ledger.look(store)
        self._books.catch_up([who.session], LOCKED_S)
        tally, now = self._tallies.tally, self._books.now()
        kept = []
        for r in turn.reservations():
            if r.charge.at > now:  # the clock was set back: its response will be stamped so, too
                r = r._replace(charge=r.charge._replace(at=now))
                turn.reserve(r)
            session, is_alive = r.charge.session, self._alive(r.pid)
            if is_alive is False and session not in self._gone:
                is_alive = True  # what it wrote comes first
            if gate.is_over(tally, r, now, is_alive, self._tallies.total_at(session)):
                turn.release([r.charge.key])
                if r.is_assumed:
                    self._books.missing.pop(gate.conversation_of(r), None)
            else:
                kept.append(r)
        return kept

    def _is_new(self, who: Who, own: Reservation) -> bool:
        """Whether a main conversation asks for a new prompt, so that nobody knows what became of its reservation.

        The client gives each prompt, and each notice of an agent that has finished, an id of its own.
        """
        if who.agent or self._asked.get(who.key) == who.prompt:
            return False
        times = {prompt: at for at, prompt in self._ledger.prompts.get(who.session, ())}
        return who.prompt not in times or own.charge.at < times[who.prompt]

    def _before(self, turn: Turn, who: Who, known: list[Reservation], is_read: bool) -> list[Reservation]:
        """The reservations that a conversation's next one is added to: its own is over, or replaced."""
        new = [r for r in known if r.charge.key == who.key and self._is_new(who, r)]
        return self._answered(turn, who, [r for r in known if r not in new], is_read)

    def _answered(self, turn: Turn, who: Who, known: list[Reservation], is_read: bool) -> list[Reservation]:
        """Those that are left where the conversation's own was answered; its calls that started no agent end, too."""
        kept = []
        for r in known:
            is_own = r.charge.key == who.key
            if not is_own and not gate.is_call_of(r, who.session, who.agent):
                kept.append(r)
                continue
            turn.release([r.charge.key])
            if is_own and self._tallies.tally.came((who.session, who.agent), r.charge.at) is None:
                missed = gate.assumed(r, known)
                turn.reserve(missed)
                kept.append(missed)
                self._books.doubt_missing(gate.conversation_of(r), who.transcript, is_read)
            elif is_own:
                self._books.missing.pop(gate.conversation_of(r), None)
        # What was assumed of an hour may have been there before.
        return list({r.charge.key: r for r in sorted(kept, key=lambda r: r.charge.at)}.values())

    def _verdict(self, known: Sequence[Reservation], charge: Charge) -> Verdict:
        accounts = self._accounts(known, charge)
        refusing = gate.refusing(accounts, charge, self._books.now())
        return Verdict(refusing is None, refusing or gate.tightest(accounts), accounts, charge)

    def _accounts(self, known: Sequence[Reservation], charge: Charge) -> tuple[Account, ...]:
        self._ledger.reservations = known
        tally = self._tallies.tally
        holds = [gate.held(tally, r) for r in known]
        return gate.accounts_of(tally, self._books.currents(self._books.now()), holds, charge)

    def _place(self, who: Who, now: float) -> Charge:
        """A request of the conversation, of no size yet."""
        tallies, agent = self._tallies, who.agent
        kind = tallies.type_of(who.session, agent, who.agent_type) if agent else MAIN
        project = tallies.project_of(who.session) or who.project
        prompt = tallies.prompt_of(who.session, agent, now) or who.prompt
        task = tallies.task_of(who.session, now)
        return Charge(who.key, who.session, agent, kind, project, now, 0, 0, 0, 0, prompt, task)

    def _expected(self, who: Who, least_output: int = 0) -> Charge:
        """The conversation's next request, with the tallies up to date as far as an event can wait."""
        self._ledger.refresh()
        self._books.catch_up([who.session], LOAD_S)
        now = self._books.now()
        place, tallies = self._place(who, now), self._tallies
        own, habits = self._books.history(who.session, who.agent, now)
        next_one = expected(own, habits, who.session, who.agent, place.agent_type, now)
        next_one = next_one._replace(output_tokens=max(least_output, next_one.output_tokens))
        made = charge_of(next_one, tallies.book)
        return place._replace(
            billed=made.billed, output=made.output, context=made.context, usd=made.usd, is_priced=made.is_priced
        )
