"""What the handlers share while the daemon lives: open ledgers, settings, conversations, parsed files.

Everything here can be lost at any time: a new desk reads the ledger and the transcripts again.
"""

import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from trimtab import faults, paths, settings, tiers, tokens
from trimtab.budget.given import is_refusal
from trimtab.content.rules import Rule
from trimtab.errors import BusyError, StoreError
from trimtab.handlers import fetches, letters, outputs, parsed, recovery_guard, trial
from trimtab.handlers.bookkeeping import Bookkeeping
from trimtab.handlers.budget_idle import Shares
from trimtab.handlers.budget_needs import BudgetNeeds
from trimtab.handlers.conversation import Conversation, Held
from trimtab.handlers.events import Event, parse
from trimtab.handlers.layer import Layer
from trimtab.handlers.loads import Loaded
from trimtab.handlers.parsed import Parsed
from trimtab.handlers.projects import Files, Project
from trimtab.handlers.purse import Purse
from trimtab.handlers.trial import Trial
from trimtab.handlers.watch import Watch
from trimtab.monitor import guard
from trimtab.records import Addition, IntegrationMode, Load
from trimtab.relevance import words
from trimtab.store.usage import UsageStore

MOST_CONVERSATIONS = 24
MOST_PARSED_CHARACTERS = 1 << 20  # each takes about ten bytes (measured)
MOST_UNCOUNTED_CHARACTERS = 2 << 20
MOST_AWAITED = 64  # commands that run at a time
BOOK_S = 0.5  # for an event that asks what was used
COUNTING_S = 0.25  # per tick, so that an event never waits longer for its turn


class Uncounted(NamedTuple):
    """The texts of a load whose tokens are still estimates: the client's and our view, if any.

    The client numbers the lines of `text` from `start` on; 0 where it does not.
    """

    text: str
    start: int
    shown: str | None

    def sent(self) -> str:
        """What the client would have sent."""
        return tiers.numbered(self.text, self.start) if self.start else self.text

    def characters(self) -> int:
        return len(self.text) + len(self.shown or "")


class Desk:
    """Answers events. One thread at a time."""

    def __init__(self, clock: Callable[[], float], home: Path, handlers: Mapping[str, "Handler"]) -> None:
        self.clock = clock
        self._handlers = handlers
        self.home = home
        self._user_environment = {"HOME": str(home)}
        self._users = Files([paths.user_folder(self._user_environment) / paths.CONFIG], {})
        self._projects: dict[Path, Project] = {}
        self._conversations: OrderedDict[tuple[str, str], tuple[Conversation, Project]] = OrderedDict()
        self._parsed: OrderedDict[int, tuple[str, str, Parsed]] = OrderedDict()
        self._uncounted: OrderedDict[str, tuple[Project, Uncounted]] = OrderedDict()
        self._uncounted_characters = 0
        self._unsettled: set[tuple[str, str]] = set()
        self._complained: set[str] = set()
        self._awaited: OrderedDict[str, Event] = OrderedDict()
        self._book = Bookkeeping(self._user_environment, lambda fault: self._complain(fault, "usage", "between"))
        self.trial = Trial(self._user_environment, clock, self._complain, self._book)
        self.purse = Purse(self._user_environment, clock, self._book, lambda fault: self._complain(fault, "budget"))
        self.needs = BudgetNeeds(self._book, clock)
        self.shares = Shares(self.purse, self.needs, clock)
        self.watch = Watch(
            paths.user_folder(self._user_environment), clock, self._book, accounts=lambda: self.purse.accounts(None)
        )
        self._ended: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._kept: set[tuple[str, str]] = set()
        self.layer = Layer()
        self._for_user: list[str] = []

    def answer(self, event: bytes, environment: Mapping[str, str]) -> bytes:
        """The reply to one event as the client's JSON (a status line as it is), b"" for no opinion.

        Raises TrimtabError for what it can't do.
        """
        found = self.layer.known(parse(event, environment))
        self._book.heard(found.transcript)
        handler = self._handlers.get(found.name)
        with self.watch.answering(found):
            reply = handler(found, self) if handler else None
        if isinstance(reply, str):
            return reply.encode("utf-8", "replace")
        reply = self.watch.told(found, reply, self._sentences)
        return json.dumps(reply, ensure_ascii=False).encode("utf-8", "replace") if reply else b""

    def await_failure(self, key: str, event: Event) -> None:
        """A command that may fail runs now: `event` is its PreToolUse."""
        self._awaited[key] = event
        while len(self._awaited) > MOST_AWAITED:
            self._awaited.popitem(last=False)

    def awaited(self, key: str) -> Event | None:
        """The PreToolUse of the command that has ended, once; None where it is not known (any more)."""
        return self._awaited.pop(key, None)

    def has_budgets(self) -> bool:
        """Whether any budget is in force. Where that can't be known none is, and the user is told."""
        try:
            return self.purse.is_on()
        except BusyError as exc:  # for a moment
            self.complain(exc)
        except StoreError as exc:
            self.purse.books.doubt(f"your budgets can't be read, and none is in force: {exc}")
        return False

    def complain(self, fault: StoreError, where: str = "budget") -> None:
        """What else the event is for goes on: an error of ours never stops the user's work."""
        self._complain(str(fault), where)

    def end_agent(self, session: str, agent: str, said: str) -> None:
        """A budget has ended an agent; `said` goes before what it hands back."""
        self._ended[session, agent] = said
        while len(self._ended) > MOST_AWAITED:
            self._ended.popitem(last=False)

    def ended_agent(self, session: str, agent: str) -> str:
        """What was said of an agent that a budget has ended, once; "" of any other."""
        return self._ended.pop((session, agent), "")

    def keep_notice(self, session: str, agent: str) -> None:
        """The notice of an agent that a budget has ended goes unanswered: what it found goes with the next prompt."""
        if (session, agent) in self._ended:
            self._kept.add((session, agent))

    def kept_notices(self, session: str) -> list[str]:
        """The agents of the session's kept notices, once."""
        found = {key for key in self._kept if key[0] == session}
        self._kept -= found
        return sorted(agent for _, agent in found)

    def tell_user(self, said: str) -> None:
        """A sentence for the user alone, with this event's reply or the next one's that can have it."""
        self._for_user.append(said)

    def _sentences(self) -> list[str]:
        said, self._for_user = self._for_user, []
        return [*said, *self.purse.doubts()]

    def add(self, event: Event, said: str) -> None:
        """Note that the model gets a text of ours: an addition to its conversation. What can't be noted is said too."""
        added = Addition(event.session, event.agent, self.clock(), event.name, tokens.estimate(said))
        try:
            self.project(event).store.add_addition(added)
        except StoreError as exc:
            self._complain(str(exc), "ledger", event.name)

    def project(self, event: Event) -> Project:
        """The event's project, its ledger open. StoreError where that can't be."""
        found = self._projects.get(event.project)
        if found is not None and not found.store.is_current():  # deleted or put aside under us: start a new one
            found.store.close()
            found.open()
        if found is None:
            found = self._projects[event.project] = Project(event.project, self._user_environment, event.environment)
            self.watch.opened(event.project, found, event.environment)
        return found

    def users_settings(self, event: Event) -> settings.Settings:
        """The settings that a project's file, from whomever, has no say in: budgets stop by them.

        They hold in a project of which nothing can be recorded, too. What its files have of budgets is taken over.
        """
        try:
            self.settings(event)
        except StoreError as exc:
            self.complain(exc)
        return self._users.current(event.environment)

    def settings(self, event: Event) -> settings.Settings:
        """The settings in force for the event; what is wrong with them goes to the log once."""
        project = self.project(event)
        found = project.settings(event.environment)
        for complaint in project.complaints:
            if is_refusal(complaint) and complaint not in self._complained:
                self.tell_user(complaint)
            self._complain(complaint, "settings", event.name)
        if event.name == "SessionStart" or found is not project.told:
            project.told = found
            self._adopt(project, event)
        return found

    def _adopt(self, project: Project, event: Event) -> None:
        """Takes over the budgets of the settings: of files that changed, and of the option where a session begins.

        Sessions may have been started with other options, so between them nothing is changed back and forth.
        """
        for origin, budgets in project.budgets().items():
            is_option = origin == settings.OPTION
            if event.name != "SessionStart" and (is_option or project.adopted.get(origin) == budgets):
                continue
            try:
                self.purse.adopt(origin, budgets)
                project.adopted[origin] = budgets
            except StoreError as exc:
                self._complain(str(exc), "budget", event.name)

    def _complain(self, complaint: str, where: str = "experiment", event: str = "") -> None:
        """Into the log, once."""
        if complaint not in self._complained:
            self._complained.add(complaint)
            faults.note(str(paths.daemon_folder(self._user_environment)), self.clock(), where, event, complaint)

    def held_back(self, event: Event, kind: str) -> str:
        """Why a view of this kind that is worth its tokens is not shown, "" where it is."""
        project, chosen = self.project(event), self.settings(event)
        is_paused = chosen.recovery_guard and (event.tool, kind) in project.paused
        if is_paused and not guard.is_trial(event.tool_use_id):
            return recovery_guard.WHOLE
        self.trial.watch(event.session, chosen)
        if chosen.mode is IntegrationMode.MONITORING_ONLY:
            return "only watching"
        return trial.WHOLE if self.trial.is_off(event.session) else ""

    def conversation(self, event: Event) -> Conversation:
        """The conversation that the event belongs to, caught up with its transcript, the ledger too."""
        key = (event.session, event.agent)
        project = self.project(event)
        found = self._conversations.get(key)
        if found is None:
            path = event.transcript or Path("/nowhere")
            if event.agent:
                path = paths.subagent_transcript(path, event.agent)
            conversation = Conversation(path, event.session, event.agent)
            for load in project.store.loads(session=event.session):
                if load.agent == event.agent and load.folds:
                    place = load.path
                    if load.tool != "Read":
                        folder = paths.outputs_folder(event.project, project.settings(event.environment).data_directory)
                        place = str(outputs.file_for(folder, load.tool_use_id))
                    conversation.hold(Held(load.tool_use_id, place, load.folds, "", 0, load.path))
            parent = self._conversations.get((event.session, ""))
            if event.agent and parent is not None:
                conversation.interest.inherit(parent[0].interest)
            found = self._conversations[key] = (conversation, project)
            while len(self._conversations) > MOST_CONVERSATIONS:
                self._conversations.popitem(last=False)
        if event.session not in project.sessions:
            is_new = not project.store.knows(event.session)
            transcript = str(event.transcript or "")
            project.store.add_session(event.session, self.clock(), "", transcript, str(event.project), "")
            project.sessions.add(event.session)
            self.trial.begin(event, project.settings(event.environment), is_new)
        self._conversations.move_to_end(key)
        self._unsettled.add(key)
        self._catch_up(*found)
        return found[0]

    def settle(self, session: str) -> None:
        """Bring the ledger up to date with every known conversation of `session`."""
        for key, found in self._conversations.items():
            if key[0] == session:
                self._catch_up(*found)

    def _catch_up(self, conversation: Conversation, project: Project) -> None:
        news = conversation.catch_up()
        mail = [letters.load(letter, project.groups) for letter in news.letters]
        views = project.store.loads(session=conversation.session) if news.fetches else []
        recoveries = [*news.recoveries, *fetches.recoveries(news.fetches, conversation.agent, views)]
        project.store.add_news(news.requests, recoveries, news.honoured, loads=mail)
        conversation.recorded()

    def parse(self, found: Loaded, rules: tuple[Rule, ...] = ()) -> Parsed:
        """A load parsed; the same text of the same name is parsed once while it is kept."""
        name = os.path.basename(found.name) if found.is_file else found.name
        key = hash((name, found.text, found.given, rules))
        kept = self._parsed.get(key)
        if kept is not None and kept[0] == name and kept[1] == found.text:
            self._parsed.move_to_end(key)
            return kept[2]
        made = parsed.parse(found, rules)
        self._parsed[key] = (name, found.text, made)
        while len(self._parsed) > 1 and sum(len(t) for _, t, _ in self._parsed.values()) > MOST_PARSED_CHARACTERS:
            self._parsed.popitem(last=False)
        return made

    def record(self, event: Event, load: Load, uncounted: Uncounted) -> None:
        """Write a load into the ledger, now with estimates; exact counts follow when there is time."""
        project = self.project(event)
        project.store.add_load(load)
        before = self._uncounted.pop(load.tool_use_id, None)  # the same again takes its place
        self._uncounted_characters -= before[1].characters() if before else 0
        self._uncounted[load.tool_use_id] = (project, uncounted)
        self._uncounted_characters += uncounted.characters()
        while self._uncounted_characters > MOST_UNCOUNTED_CHARACTERS:  # these keep their estimates
            self._uncounted_characters -= self._uncounted.popitem(last=False)[1][1].characters()

    def warm(self) -> None:
        """Load what takes long and is needed soon; may run beside `answer`."""
        tokens.load()
        words.common()

    def book(self) -> Path:
        """The usage book, which has read what the sessions that are served have, if that is not too much."""
        self._book.catch_up(BOOK_S)
        return paths.usage_path(self._user_environment)

    def usage(self) -> UsageStore:
        """The usage book as it is, for what reads much of it at once. Raises StoreError."""
        return self._book.store()

    def between(self) -> None:
        """What can wait until no event is under way: the usage book, transcripts, exact counts, learned factors.

        And now and then what the experiment says, and which kinds are fetched too often.
        """
        self._book.tick()
        self._step_budgets()
        self.trial.between()
        for project in self._projects.values():
            if project.store.is_current():
                project.review(self.clock())
        if not (self._unsettled or self._uncounted):
            self.watch.step()
            return
        tokens.load()
        for key in list(self._unsettled):
            self._unsettled.discard(key)
            if key in self._conversations:
                conversation, project = self._conversations[key]
                self._catch_up(conversation, project)
                project.store.add_news(factors=conversation.samples())
        ends = time.monotonic() + COUNTING_S
        while self._uncounted and time.monotonic() < ends:
            tool_use_id, (project, uncounted) = self._uncounted.popitem(last=False)
            self._uncounted_characters -= uncounted.characters()
            raw_tokens = tokens.count(uncounted.sent())
            shown_tokens = raw_tokens if uncounted.shown is None else tokens.count(uncounted.shown)
            if raw_tokens is not None and shown_tokens is not None:
                project.store.count_load(tool_use_id, raw_tokens, shown_tokens)

    def _step_budgets(self) -> None:
        if not self.has_budgets():
            return
        try:
            self.purse.step()
            self.shares.step()
        except StoreError as exc:  # what else can wait must not wait for this
            self.complain(exc)

    def close(self) -> None:
        self._book.close()
        self.purse.close()
        self.trial.close()
        self.watch.close()
        for project in self._projects.values():
            project.store.close()


Reply = Mapping[str, object]
Handler = Callable[[Event, Desk], Reply | str | None]
