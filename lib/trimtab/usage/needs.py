"""What the user's tasks, sessions and agents needed, from the usage book: what budgets' forecasts are learned from.

A task is one prompt of the user and all responses until the next one, by an agent that it started too, however long
that ran. A slash command of the user's is none (its text is the client's): what it needs is the prompt's before. What
came before a session's first prompt is of no task.
"""

import time
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trimtab.budget import efficiency, forecast
from trimtab.budget.forecast import Past, Run, Start, Step
from trimtab.budget.terms import Charge, Measure
from trimtab.prices import Book
from trimtab.records import UNLISTED, Arrival, Request, prompt_tokens
from trimtab.store.usage import Span, UsageStore
from trimtab.transcript import responses
from trimtab.usage.charging import charge_of

MOST_SESSIONS = 300  # the newest; as many tasks are learned from (forecast.MOST_PAST)
MOST_CHANGED = 5_000  # responses that are looked at one by one; above, all sessions are read anew
QUIET_S = 3_600.0  # chosen: so long after its last line a session's last task is over
QUARTER_S = 900.0  # all zones' days begin with a quarter of an hour


class Amount(NamedTuple):
    """What responses came to, as `charging.charge_of` counts them; USD are millionths."""

    billed: int = 0
    output: int = 0
    usd: int = 0
    is_priced: bool = True

    def plus(self, request: Request, book: Book) -> "Amount":
        """With one response more."""
        charge = charge_of(request, book)
        return Amount(
            self.billed + charge.billed,
            self.output + charge.output,
            self.usd + charge.usd,
            self.is_priced and charge.is_priced,
        )


class Reached(NamedTuple):
    """How far a task was after so many responses."""

    requests: int
    spent: Amount
    context: int


class Task(NamedTuple):
    """A task, or a session as a whole. `model` is of its first response in the main conversation.

    `before` is what the task before it in the session came to, of a session the one that began before it; None without.
    `agent_types` are of the agents that it started, in order; "" where the type is not known.
    """

    session: str
    project: str
    model: str
    at: float
    characters: int
    is_first: bool
    context: int
    before: Amount | None
    before_model: str
    need: Amount
    requests: int
    edits: int
    steps: tuple[Reached, ...]
    agent_types: tuple[str, ...]


class AgentRun(NamedTuple):
    """What one agent needed."""

    session: str
    agent: str
    agent_type: str
    model: str
    at: float
    need: Amount
    requests: int


class Worked(NamedTuple):
    """What is known of one session. `last_at` is its last line's time.

    `uses` are its responses as budgets count them, those of one agent type in one quarter of an hour as one.
    """

    last_at: float
    whole: Task | None
    tasks: tuple[Task, ...]
    runs: tuple[AgentRun, ...]
    uses: tuple[Charge, ...]


class Needs:
    """The newest sessions' needs, kept up to date with the book; used by one thread."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[str, Worked] = {}
        self._newest = -1
        self._unread: dict[str, Span] = {}
        self.is_complete = False  # whether all was read, at some time

    def refresh(self, store: UsageStore, most_s: float = float("inf")) -> int:
        """Reads what is new, the newest first, for about so long at most; how many sessions were read.

        What is left is read by the next calls. Raises StoreError.
        """
        ends, newest = time.monotonic() + most_s, store.newest()
        spans = sorted(store.sessions(), key=lambda span: (span.last_at, span.session))[-MOST_SESSIONS:]
        names = {span.session for span in spans}
        left = [span for span in spans if span.session in self._unread]
        self._unread = {span.session: span for span in (*left, *self._stale(store, spans))}
        self._known = {name: known for name, known in self._known.items() if name in names}
        self._newest = newest
        read = 0
        for span in sorted(self._unread.values(), key=lambda span: -span.last_at):
            made = worked(span, store.requests(span.session), store.arrivals(span.session), self._book)
            self._known[span.session] = made
            del self._unread[span.session]
            read += 1
            if time.monotonic() >= ends:
                break
        self.is_complete |= not self._unread
        return read

    @property
    def is_behind(self) -> bool:
        """Whether the last call has left something."""
        return bool(self._unread)

    def _stale(self, store: UsageStore, spans: Sequence[Span]) -> list[Span]:
        """Sessions with a line, or with a response that came or changed, since the last look."""
        if self._newest < 0:
            return list(spans)
        changed = store.changed(self._newest, MOST_CHANGED)
        if len(changed) == MOST_CHANGED:
            return list(spans)
        times = sorted(at for _, at in changed)
        found = []
        for span in spans:
            known = self._known.get(span.session)
            touched = bisect_right(times, span.last_at) > bisect_right(times, span.first_at - 1e-6)
            if known is None or known.last_at != span.last_at or touched:
                found.append(span)
        return found

    def tasks(self, now: float) -> list[Task]:
        """Those that are over, by time."""
        found: list[Task] = []
        for worked in self._known.values():
            is_over = worked.last_at < now - QUIET_S
            found += worked.tasks if is_over else worked.tasks[:-1]
        return sorted(found, key=lambda task: (task.at, task.session))

    def sessions(self, now: float) -> list[Task]:
        """Sessions that are over, by their first response."""
        found = [w.whole for w in self._known.values() if w.whole is not None and w.last_at < now - QUIET_S]
        found.sort(key=lambda task: (task.at, task.session))
        return [follow(task, found[n - 1] if n else None) for n, task in enumerate(found)]

    def uses(self) -> list[Charge]:
        """All that was used, in quarters of an hour, by time; also what is under way."""
        return sorted((use for worked in self._known.values() for use in worked.uses), key=lambda use: use.at)

    def newest(self, session: str) -> Task | None:
        """The session's newest task, which may be under way; None where it has none."""
        known = self._known.get(session)
        return known.tasks[-1] if known and known.tasks else None

    def runs(self, now: float) -> list[AgentRun]:
        """Agents of tasks that are over, by time."""
        found: list[AgentRun] = []
        for worked in self._known.values():
            is_over = worked.last_at < now - QUIET_S
            last = worked.tasks[-1].at if worked.tasks else 0.0
            found += [run for run in worked.runs if is_over or run.at < last]
        return sorted(found, key=lambda run: (run.at, run.session, run.agent))


def follow(task: Task, before: Task | None) -> Task:
    return task if before is None else task._replace(before=before.need, before_model=before.model)


def worked(span: Span, requests: Sequence[Request], arrivals: Sequence[Arrival], book: Book) -> Worked:
    """What one session's rows, by time, tell."""
    prompts = [a for a in arrivals if a.what == "prompt" and not a.agent]
    compacted = [a.at for a in arrivals if a.what == "summary" and not a.agent]
    times = [prompt.at for prompt in prompts]
    began: dict[str, int] = {}  # each agent's task, by its first response
    for request in requests:
        if request.agent and not is_aside(request):
            began.setdefault(request.agent, bisect_right(times, request.at) - 1)
    groups: list[list[Request]] = [[] for _ in prompts]
    results: list[list[Arrival]] = [[] for _ in prompts]
    for request in requests:
        place = began.get(request.agent, bisect_right(times, request.at) - 1)
        if place >= 0:
            groups[place].append(request)
    for arrival in arrivals:
        place = began.get(arrival.agent, bisect_right(times, arrival.at) - 1)
        if place >= 0:
            results[place].append(arrival)
    tasks: list[Task] = []
    whole = None
    for prompt, group, came in zip(prompts, groups, results, strict=True):
        if any(not request.agent for request in group):
            if whole is None:
                whole = task_of(prompt, requests, arrivals, 0, True, book)
            context = context_at(requests, compacted, prompt.at)
            made = task_of(prompt, group, came, context, not tasks, book)
            tasks.append(follow(made, tasks[-1] if tasks else None))
    return Worked(span.last_at, whole, tuple(tasks), tuple(runs_of(requests, book)), tuple(uses_of(requests, book)))


def uses_of(requests: Iterable[Request], book: Book) -> list[Charge]:
    """The responses of one session by agent type and quarter of an hour; keys, prompts and contexts are lost."""
    found: dict[tuple[str, bool, float], Charge] = {}
    for request in requests:
        charge = charge_of(request, book)
        at = charge.at // QUARTER_S * QUARTER_S
        key = (charge.agent_type, bool(charge.agent), at)
        known = found.get(key)
        if known is None:
            found[key] = charge._replace(key="", at=at, context=0)
            continue
        found[key] = known._replace(
            billed=known.billed + charge.billed,
            output=known.output + charge.output,
            usd=known.usd + charge.usd,
            is_priced=known.is_priced and charge.is_priced,
        )
    return list(found.values())


def is_aside(request: Request) -> bool:
    """Whether it is of no agent but what the client did beside the conversation: summaries, advice."""
    return request.agent == UNLISTED or responses.is_aside(request)


def context_at(requests: Sequence[Request], compacted: Sequence[float], at: float) -> int:
    """The main conversation's newest prompt before `at`; 0 where there is none, or none since a compaction."""
    since = max((time for time in compacted if time <= at), default=0.0)
    newest = next((r for r in reversed(requests) if not r.agent and r.at < at and prompt_tokens(r)), None)
    return prompt_tokens(newest) if newest is not None and newest.at >= since else 0


def task_of(
    prompt: Arrival,
    group: Sequence[Request],
    came: Iterable[Arrival],
    context: int,
    is_first: bool,
    book: Book,
) -> Task:
    """The task of a prompt whose responses are `group`, one of the main conversation among them."""
    total, steps, now = Amount(), [], context
    for number, request in enumerate(group, 1):
        total = total.plus(request, book)
        if not request.agent:
            now = prompt_tokens(request) or now
        if forecast.is_kept(number) and number < len(group):
            steps.append(Reached(number, total, now))
    agents = {r.agent: r.agent_type for r in group if r.agent and not is_aside(r)}
    main = next(request for request in group if not request.agent)
    return Task(
        main.session,
        main.project,
        main.model,
        prompt.at,
        prompt.characters,
        is_first,
        context,
        None,
        "",
        total,
        len(group),
        efficiency.landed(came),
        tuple(steps),
        tuple(agents.values()),
    )


def runs_of(requests: Iterable[Request], book: Book) -> list[AgentRun]:
    apart: dict[str, list[Request]] = {}
    for request in requests:
        if request.agent and not is_aside(request):
            apart.setdefault(request.agent, []).append(request)
    found = []
    for agent, group in apart.items():
        total = Amount()
        for request in group:
            total = total.plus(request, book)
        first = group[0]
        found.append(AgentRun(first.session, agent, first.agent_type, first.model, first.at, total, len(group)))
    return found


def figure(amount: Amount, measure: Measure) -> int:
    """The amount in a budget's unit: millionths of a USD, weighted tokens, or tokens that the model wrote."""
    if measure is Measure.USD:
        return amount.usd
    return amount.billed if measure is Measure.BILLED else amount.output


def past(tasks: Iterable[Task], measure: Measure, model: str, now: float, book: Book) -> list[Past]:
    """The tasks as forecasts learn from them, as if they had been done with `model` at its price.

    In USD those that have a response without a price are left out. Of `context` nothing is added up: use the others.
    """
    found = []
    for task in tasks:
        if measure is Measure.USD and not task.need.is_priced:
            continue
        rate = scale(task.model, measure, model, now, book)
        need = figure(task.need, measure) * rate
        steps = tuple(Step(s.requests, figure(s.spent, measure) * rate, s.context) for s in task.steps)
        found.append(Past(start_of(task, measure, model, now, book), need, steps))
    return found


def start_of(task: Task, measure: Measure, model: str, now: float, book: Book) -> Start:
    """What was known as it began."""
    before = 0.0
    if task.before is not None:
        before = figure(task.before, measure) * scale(task.before_model, measure, model, now, book)
    return Start(task.characters, task.is_first, task.context, before)


def scale(before: str, measure: Measure, model: str, now: float, book: Book) -> float:
    """What an amount of model `before` is multiplied by to be one of `model`; 1 for tokens, and without prices."""
    if measure is not Measure.USD or before == model:
        return 1.0
    old, new = book.input_usd(before, now), book.input_usd(model, now)
    return new / old if old and new else 1.0


def agent_runs(runs: Iterable[AgentRun], measure: Measure) -> list[Run]:
    """The runs as forecasts learn from them; in USD those that have a price."""
    return [
        Run(run.agent_type, figure(run.need, measure))
        for run in runs
        if measure is not Measure.USD or run.need.is_priced
    ]


def score(tasks: Iterable[Task], usual: Sequence[Task], measure: Measure) -> float | None:
    """The `efficiency_score` of tasks by what is usual in others; None where those are too few, or without an edit."""
    if len(usual) < forecast.LEAST_PAST:
        return None
    scored = list(tasks)
    return efficiency.score(
        sum(task.edits for task in scored),
        sum(figure(task.need, measure) for task in scored),
        sum(task.edits for task in usual),
        sum(figure(task.need, measure) for task in usual),
    )
